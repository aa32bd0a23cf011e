// One change at a time, those that take away most first, as long as any of them keeps the failure:
// a step goes (who read it reads what it read), a piece becomes one of its layers, an argument goes
// or becomes smaller, then what surrounds the model.
#include "shrink.h"

#include "grow.h"
#include "trial.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

typedef struct Shrinker {
    Arena *arena;
    Network *best;
    Verdict verdict;
    int trials; // left
} Shrinker;

// The types follow from the steps, the target from the last one.
static bool retype(Shrinker *shrinker, Network *network) {
    Random random = {1};
    Grower grower = {&random, shrinker->arena, network, INT64_MAX, 0, 0};
    int count = network->step_count;
    network->step_count = 0;
    for (int i = 0; i < count; i++)
        if (!grow_again(&grower, network->steps[i])) return false;
    if (!count) return false;
    setup_target(&network->setup, *network_type(network, count));
    return true;
}

// Keeps the change if the failure is the same.
static bool try_change(Shrinker *shrinker, Network changed) {
    if (shrinker->trials <= 0 || !retype(shrinker, &changed)) return false;
    if (!grow_accepted(&changed)) return false;
    shrinker->trials--;
    Verdict verdict = trial_run(network_text(shrinker->arena, &changed), &changed.setup);
    if (!verdict_equal(&verdict, &shrinker->verdict)) return false;
    *shrinker->best = changed;
    shrinker->verdict = verdict;
    return true;
}

// ---- Steps.

static Network without_step(const Network *network, int index, int instead) {
    Network changed = *network;
    for (int i = index + 1; i < network->step_count; i++) {
        Step *step = &changed.steps[i - 1];
        *step = network->steps[i];
        for (int k = 0; k < step->operand_count; k++) {
            int *operand = &step->operands[k];
            if (*operand == index + 1)
                *operand = instead;
            else if (*operand > index + 1)
                --*operand;
        }
    }
    changed.step_count--;
    return changed;
}

static bool shrink_steps(Shrinker *shrinker) {
    bool any = false;
    for (int i = shrinker->best->step_count - 1; i >= 0; i--) {
        const Network *network = shrinker->best;
        if (i >= network->step_count) continue;
        const Step *step = &network->steps[i];
        bool done = false;
        for (int k = 0; k < step->operand_count && !done; k++)
            done = try_change(shrinker, without_step(network, i, step->operands[k]));
        if (!done) done = try_change(shrinker, without_step(network, i, 0));
        any = any || done;
    }
    return any;
}

// Fewer operands, a sign instead of a call, one layer instead of a piece.
static bool shrink_forms(Shrinker *shrinker) {
    bool any = false;
    for (int i = 0; i < shrinker->best->step_count; i++) {
        Network changed = *shrinker->best;
        Step *step = &changed.steps[i];
        if (step->form == FORM_PIECE) {
            const Piece piece = changed.pieces[step->piece];
            for (int k = 0; k < piece.count; k++) {
                step->form = FORM_ARROW;
                step->call = piece.calls[k];
                any = try_change(shrinker, changed) || any;
                if (shrinker->best->steps[i].form != FORM_PIECE) break;
            }
        } else if (step->operand_count > 2) {
            step->operand_count--;
            any = try_change(shrinker, changed) || any;
        }
    }
    return any;
}

static bool shrink_pieces(Shrinker *shrinker) {
    for (int i = shrinker->best->piece_count - 1; i >= 0; i--) {
        Network changed = *shrinker->best;
        bool used = false;
        for (int k = 0; k < changed.step_count; k++)
            used = used || (changed.steps[k].form == FORM_PIECE && changed.steps[k].piece == i);
        if (!used && i == changed.piece_count - 1) {
            changed.piece_count--;
            if (try_change(shrinker, changed)) return true;
        }
        for (int k = 0; used && changed.pieces[i].count > 1 && k < changed.pieces[i].count; k++) {
            changed = *shrinker->best;
            Piece *piece = &changed.pieces[i];
            for (int m = k + 1; m < piece->count; m++) piece->calls[m - 1] = piece->calls[m];
            piece->count--;
            if (try_change(shrinker, changed)) return true;
        }
    }
    return false;
}

// ---- Arguments.

static const char *smaller(Shrinker *shrinker, const char *text) {
    const char *number = strrchr(text, ' ');
    number = number ? number + 1 : text;
    char *end;
    long value = strtol(number, &end, 10);
    if (*end || value < 2) return NULL;
    return arena_format(shrinker->arena, "%.*s%ld", (int)(number - text), text,
                        value > 4 ? value / 2 : value - 1);
}

// `call` is a member of `changed`, of which a change is tried.
static bool shrink_call(Shrinker *shrinker, Network *changed, Words *call) {
    const Words before = *call;
    for (int i = before.count - 1; i >= before.required; i--) {
        *call = before;
        call->count--;
        for (int k = i; k < call->count; k++) call->arguments[k] = call->arguments[k + 1];
        if (try_change(shrinker, *changed)) return true;
    }
    for (int i = 0; i < before.count; i++) {
        const char *less = smaller(shrinker, before.arguments[i]);
        *call = before;
        if (!less) continue;
        call->arguments[i] = less;
        if (try_change(shrinker, *changed)) return true;
    }
    *call = before;
    return false;
}

static bool shrink_calls(Shrinker *shrinker) {
    Network changed = *shrinker->best;
    for (int i = 0; i < changed.step_count; i++)
        if (changed.steps[i].form <= FORM_SLOPE &&
            shrink_call(shrinker, &changed, &changed.steps[i].call))
            return true;
    for (int i = 0; i < changed.piece_count; i++)
        for (int k = 0; k < changed.pieces[i].count; k++)
            if (shrink_call(shrinker, &changed, &changed.pieces[i].calls[k])) return true;
    return shrink_call(shrinker, &changed, &changed.optimizer) ||
           shrink_call(shrinker, &changed, &changed.loss);
}

// ---- What surrounds the model.

static bool shrink_training(Shrinker *shrinker) {
    Network changed = *shrinker->best;
    if (changed.in_bfloat16) {
        changed.in_bfloat16 = false;
        if (try_change(shrinker, changed)) return true;
    }
    changed = *shrinker->best;
    if (changed.metric) {
        changed.metric = NULL;
        if (try_change(shrinker, changed)) return true;
    }
    changed = *shrinker->best;
    if (changed.regularizer.name) {
        changed.regularizer = (Words){0};
        if (try_change(shrinker, changed)) return true;
    }
    changed = *shrinker->best;
    if (strcmp(changed.optimizer.name, "sgd") != 0) {
        changed.optimizer = (Words){.name = "sgd"};
        if (try_change(shrinker, changed)) return true;
    }
    changed = *shrinker->best;
    if (strcmp(changed.loss.name, "mse") != 0) {
        changed.loss = (Words){.name = "mse"};
        changed.setup.targets = TARGETS_REAL;
        if (try_change(shrinker, changed)) return true;
    }
    changed = *shrinker->best;
    if (changed.setup.rows < changed.batch) {
        changed.setup.rows = changed.batch;
        if (try_change(shrinker, changed)) return true;
    }
    changed = *shrinker->best;
    if (changed.batch > 1) {
        changed.batch /= 2;
        if (changed.setup.rows > changed.batch) changed.setup.rows = changed.batch;
        if (try_change(shrinker, changed)) return true;
    }
    return false;
}

static bool shrink_setup(Shrinker *shrinker) {
    Network changed = *shrinker->best;
    if (changed.setup.input.dtype == DTYPE_U8) {
        changed.setup.input.dtype = DTYPE_F32;
        changed.is_scaled = false;
        if (try_change(shrinker, changed)) return true;
    }
    for (int i = 0; i < changed.setup.input.rank; i++) {
        int64_t size = shrinker->best->setup.input.dims[i];
        for (int64_t less = 1;
             less<size; less = less * 2> size - 1 && less < size - 1 ? size - 1 : less * 2) {
            changed = *shrinker->best;
            changed.setup.input.dims[i] = less;
            if (try_change(shrinker, changed)) return true;
        }
    }
    changed = *shrinker->best;
    if (strcmp(changed.setup.cpu, "x86-64") == 0) return false;
    changed.setup.cpu = "x86-64";
    return try_change(shrinker, changed);
}

Verdict shrink(Arena *arena, Network *network, const Verdict *verdict, int trials) {
    Shrinker shrinker = {arena, network, *verdict, trials};
    bool any = true;
    while (any && shrinker.trials > 0) {
        any = shrink_steps(&shrinker);
        any = shrink_forms(&shrinker) || any;
        any = shrink_pieces(&shrinker) || any;
        any = shrink_training(&shrinker) || any;
        any = shrink_calls(&shrinker) || any;
        any = shrink_setup(&shrinker) || any;
    }
    return shrinker.verdict;
}
