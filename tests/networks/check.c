// What is compared: predictions, the loss, and all weights, moving averages and slots after a step,
// with the reference (the first step, or the second one for odd seeds); the bits of all of them for
// 1 to 4 threads, and as many as NNC_THREADS says, each time in memory that the run before left;
// the bits of the first samples of a whole batch and of a part of it, and of one sample; or its
// numbers, where batches multiply in bfloat16.
#include "check.h"

#include "../common/check.h"
#include "reference.h"

#include <stdio.h>

enum { FIRST_EVALUATIONS = 2, MORE_EVALUATIONS = 200, FIRST_ROUNDINGS = 20 };

static Verdict failing(Outcome outcome, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static Verdict failing(Outcome outcome, const char *format, ...) {
    Verdict verdict = {.outcome = outcome};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(verdict.what, sizeof verdict.what, format, arguments);
    va_end(arguments);
    return verdict;
}

// ---- Bits.

// Everything that a run with so many threads gives.
typedef struct Outputs {
    EvalTensor evaluated, trained, predicted, first_rows, one;
    double evaluate_loss, train_loss;
    float *weights, *slots;           // without padding
    float *left_weights, *left_slots; // as they lie in memory
} Outputs;

static float *copy_floats(Arena *arena, const float *values, int64_t count) {
    float *copy = ARENA_ARRAY(arena, float, count + 1);
    return memcpy(copy, values, (size_t)count * sizeof *values);
}

static Outputs run_all(Loaded *loaded, int64_t rows, int threads) {
    const nnrt_program *program = loaded->program;
    const nnrt_training *training = loaded->training;
    Outputs outputs = {0};
    loaded_reset(loaded);
    loaded_run(loaded, &loaded->model->predict, training->batch, threads);
    outputs.predicted = loaded_output(loaded, &loaded->model->predict, 0, training->batch);
    loaded_run(loaded, &loaded->model->predict, rows, threads);
    outputs.first_rows = loaded_output(loaded, &loaded->model->predict, 0, rows);
    loaded_run(loaded, &loaded->model->predict_one, 1, threads);
    outputs.one = loaded_output(loaded, &loaded->model->predict_one, 0, 1);
    loaded_run(loaded, &loaded->step->evaluate, rows, threads);
    outputs.evaluate_loss = loaded->loss;
    if (loaded->step->evaluate.output_count)
        outputs.evaluated = loaded_output(loaded, &loaded->step->evaluate, 0, rows);
    loaded_run(loaded, &loaded->step->train, rows, threads);
    outputs.train_loss = loaded->loss;
    // Without metrics, which alone read them, they are not stored.
    if (loaded->step->train.output_count && loaded->step->train.outputs[0].stride)
        outputs.trained = loaded_output(loaded, &loaded->step->train, 0, rows);
    outputs.left_weights = copy_floats(loaded->arena, loaded->weights, program->weights_size);
    outputs.left_slots = copy_floats(loaded->arena, loaded->slots, loaded->step->slots_size);
    loaded_clear_padding(loaded);
    outputs.weights = copy_floats(loaded->arena, loaded->weights, program->weights_size);
    outputs.slots = copy_floats(loaded->arena, loaded->slots, loaded->step->slots_size);
    return outputs;
}

static bool same_bits(const EvalTensor *a, const EvalTensor *b, int64_t count) {
    return count == 0 || memcmp(a->data, b->data, (size_t)count * sizeof(double)) == 0;
}

static const char *different(const Loaded *loaded, const Outputs *a, const Outputs *b) {
    const EvalTensor *x = &a->predicted;
    if (!same_bits(x, &b->predicted, x->rows * x->size)) return "predictions";
    if (!same_bits(&a->one, &b->one, x->size)) return "the prediction of one sample";
    if (!same_bits(&a->evaluated, &b->evaluated, a->evaluated.rows * a->evaluated.size))
        return "what evaluation predicts";
    if (!same_bits(&a->trained, &b->trained, a->trained.rows * a->trained.size))
        return "what training predicts";
    if (memcmp(&a->evaluate_loss, &b->evaluate_loss, sizeof(double)) != 0) return "the loss";
    if (memcmp(&a->train_loss, &b->train_loss, sizeof(double)) != 0) return "the training loss";
    if (memcmp(a->weights, b->weights, (size_t)loaded->program->weights_size * sizeof(float)) != 0)
        return "weights";
    if (memcmp(a->slots, b->slots, (size_t)loaded->step->slots_size * sizeof(float)) != 0)
        return "slots";
    return NULL;
}

static Verdict compare_threads(Loaded *loaded, int64_t rows, const Outputs *first, int threads) {
    Outputs other = run_all(loaded, rows, threads);
    const char *what = different(loaded, first, &other);
    if (what) return failing(THREADS_DIFFER, "%s with %d threads", what, threads);
    return (Verdict){.outcome = PASSED};
}

static Verdict compare_bits(Loaded *loaded, int64_t rows, const Outputs *first, bool in_bfloat16) {
    int most = loaded_most_threads();
    for (int threads = 2; threads <= most; threads++) {
        if (threads > LOADED_THREADS) threads = most;
        Verdict verdict = compare_threads(loaded, rows, first, threads);
        if (verdict.outcome != PASSED) return verdict;
    }
    int64_t size = first->predicted.size;
    if (!same_bits(&first->predicted, &first->first_rows, rows * size))
        return failing(ONE_DIFFERS, "%d rows of a batch predict other bits", (int)rows);
    if (!in_bfloat16 && !same_bits(&first->predicted, &first->one, size))
        return failing(ONE_DIFFERS, "one sample predicts other bits");
    return (Verdict){.outcome = PASSED};
}

// A second step from the weights of the first one, with what it left between them and without.
static Verdict compare_padding(Loaded *loaded, int64_t rows, const Outputs *first) {
    const nnrt_function *train = &loaded->step->train;
    size_t weights = (size_t)loaded->program->weights_size * sizeof(float);
    size_t slots = (size_t)loaded->step->slots_size * sizeof(float);
    double losses[2];
    float *after[2][2];
    for (int clears = 0; clears < 2; clears++) {
        memcpy(loaded->weights, first->left_weights, weights);
        memcpy(loaded->slots, first->left_slots, slots);
        if (clears) loaded_clear_padding(loaded);
        loaded_run(loaded, train, rows, 1);
        loaded_clear_padding(loaded);
        losses[clears] = loaded->loss;
        after[clears][0] =
            copy_floats(loaded->arena, loaded->weights, loaded->program->weights_size);
        after[clears][1] = copy_floats(loaded->arena, loaded->slots, loaded->step->slots_size);
    }
    if (memcmp(&losses[0], &losses[1], sizeof(double)) != 0)
        return failing(PADDING_MATTERS, "loss %g, not %g", losses[0], losses[1]);
    if (memcmp(after[0][0], after[1][0], weights) != 0 ||
        memcmp(after[0][1], after[1][1], slots) != 0)
        return failing(PADDING_MATTERS, "other weights or slots");
    return (Verdict){.outcome = PASSED};
}

// ---- Numbers.

// A function of the program, and the samples that it is made for; 0: one.
typedef struct Function {
    GraphMode mode;
    int64_t batch;
} Function;

static EvalTensor computed_value(const Loaded *loaded, const Reference *reference, int index,
                                 const Function *function, const Outputs *outputs) {
    const ReferenceValue *value = &reference->values[index];
    bool trains = function->mode == GRAPH_TRAIN, is_output = index < reference->output_count;
    if (value->parameter) return loaded_parameter(loaded, value->parameter->index);
    if (value->slot) return loaded_slot(loaded, value->slot->index);
    if (index > 0 && index < reference->output_count) return (EvalTensor){0}; // states
    if (is_output && trains) return outputs->trained;
    if (is_output && function->mode == GRAPH_EVALUATE && reference->rounded)
        return outputs->evaluated;
    if (is_output) return function->batch ? outputs->first_rows : outputs->one;
    if (function->mode == GRAPH_PREDICT) return (EvalTensor){0};
    EvalTensor loss = {ARENA_NEW(loaded->arena, double), 1, 1};
    *loss.data = trains ? outputs->train_loss : outputs->evaluate_loss;
    return loss;
}

static Verdict compare_values(const Reference *reference, GraphMode mode) {
    bool too_large = false;
    for (int i = 0; i < reference->count; i++) {
        const ReferenceValue *value = &reference->values[i];
        if (!value->computed.data) continue; // a step that keeps no outputs
        int64_t at = reference_compare(value, &too_large);
        if (too_large) return failing(TOO_LARGE, "%s", value->name);
        if (at >= 0)
            return failing(WRONG, "%s: %s [%d]: %.9g, not %.9g (%.9g to %.9g)",
                           graph_mode_name(mode), value->name, (int)at, value->computed.data[at],
                           value->nearest.data[at], value->low.data[at], value->high.data[at]);
    }
    return (Verdict){.outcome = PASSED};
}

// With more evaluations, first such as round otherwise.
static Verdict compare_again(Reference *reference, GraphMode mode) {
    if (reference_round(reference, FIRST_ROUNDINGS)) {
        Verdict verdict = compare_values(reference, mode);
        if (verdict.outcome != WRONG) return verdict;
    }
    reference_round(reference, MORE_EVALUATIONS);
    reference_move(reference, MORE_EVALUATIONS);
    return compare_values(reference, mode);
}

static Verdict compare_function(const Checked *checked, const Function *function,
                                const Loaded *loaded, const Setup *setup, const SetupData *data,
                                const Outputs *outputs) {
    GraphMode mode = function->mode;
    Reference reference = reference_create(checked->front.arena, checked->program, mode,
                                           function->batch, loaded, setup, data);
    for (int i = 0; i < reference.count; i++)
        reference.values[i].computed = computed_value(loaded, &reference, i, function, outputs);
    reference_move(&reference, FIRST_EVALUATIONS);
    if (reference.overflows) return failing(TOO_LARGE, "a number on the way");
    Verdict verdict = compare_values(&reference, mode);
    if (verdict.outcome == WRONG) {
        verdict = compare_again(&reference, mode);
        verdict.near_kink = verdict.outcome == PASSED;
    }
    verdict.rounds = reference.rounded > 0;
    return verdict;
}

// ---- The whole.

static Verdict check_loaded(const Checked *checked, const Setup *setup, const SetupData *data,
                            Loaded *loaded) {
    enum { FUNCTIONS = 4 };
    int64_t batch = loaded->training->batch;
    const Function functions[FUNCTIONS] = {{GRAPH_EVALUATE, batch},
                                           {GRAPH_TRAIN, batch},
                                           {GRAPH_PREDICT, loaded->model->predict_batch},
                                           {GRAPH_PREDICT, 0}};
    int64_t rows = setup->rows;
    if (rows > batch) return failing(REFUSED, "more rows than a batch has");
    if (setup->seed % 2) loaded_advance(loaded);
    Outputs first = run_all(loaded, rows, 1);
    Verdict all = {.outcome = PASSED};
    for (int i = 0; i < FUNCTIONS; i++) {
        if (functions[i].mode == GRAPH_PREDICT && !all.rounds) continue; // as in an evaluation
        Verdict verdict = compare_function(checked, &functions[i], loaded, setup, data, &first);
        all.near_kink |= verdict.near_kink;
        all.rounds |= verdict.rounds;
        if (verdict.outcome != PASSED) return verdict;
    }
    Verdict bits = compare_bits(loaded, rows, &first, all.rounds);
    if (bits.outcome == PASSED) bits = compare_padding(loaded, rows, &first);
    bits.near_kink = all.near_kink;
    bits.rounds = all.rounds;
    return bits;
}

Verdict check_program(const char *text, const Setup *setup) {
    Arena *arena = arena_create();
    SetupData data = setup_data(arena, setup);
    if (!setup_write(setup, &data)) return failing(REFUSED, "x.npy cannot be written");
    Checked checked = check(text);
    if (checked.errors) return failing(REFUSED, "%s", checked.messages);
    if (!checked.program->trainings.count)
        return failing(REFUSED, "it has no `train` block, so there is no step to compare");
    Loaded *loaded = loaded_create(arena, checked.program, setup, &data, checked.front.sink);
    if (!loaded) return failing(REFUSED, "%s", front_diagnostics(&checked.front, DIAG_TEXT, false));
    return check_loaded(&checked, setup, &data, loaded);
}
