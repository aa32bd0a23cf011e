#include "../base/clock.h"
#include "../workers/watch.h"
#include "vitals.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double times_apart = 25; // as long as a look takes
enum { FIRST_LOOKS = 8, WINDOW = 8, FIRST_STEPS = 10 };

// ---- Memory.

static nnrt_status open_turn(nnrt_turn_signs *signs, const nnrt_function *function) {
    signs->function = function;
    signs->values = calloc((size_t)function->value_count + 1, sizeof *signs->values);
    int has_all = signs->values != NULL;
    for (int64_t i = 0; i < function->value_count && has_all; i++) {
        const nnrt_value *value = &function->values[i];
        nnrt_value_signs *own = &signs->values[i];
        if (value->place != NNRT_IN_ARENA || value->rows || value->is_backward) continue;
        own->now.is_alive = calloc((size_t)value->units + 1, 1);
        own->before.is_alive = calloc((size_t)value->units + 1, 1);
        has_all = own->now.is_alive && own->before.is_alive;
    }
    return has_all ? NNRT_OK : nnrt_fail_memory("--doctor", 0);
}

nnrt_checkup *nnrt_checkup_create(nnrt_trainer *trainer) {
    const nnrt_program *program = trainer->session->program;
    nnrt_checkup *checkup = calloc(1, sizeof *checkup);
    nnrt_status status = checkup ? NNRT_OK : nnrt_fail_memory("--doctor", sizeof *checkup);
    if (status) return NULL;
    checkup->trainer = trainer;
    checkup->weights = malloc((size_t)program->weights_size * sizeof(float) + 1);
    checkup->updates = calloc((size_t)program->parameter_count + 1, sizeof(double));
    checkup->early = calloc((size_t)program->parameter_count + 1, sizeof(double));
    if (!checkup->weights || !checkup->updates || !checkup->early)
        status = nnrt_fail_memory("--doctor", 0);
    for (int64_t i = 0; i < trainer->pass.turn_count && !status; i++)
        status = open_turn(&checkup->turns[i], trainer->pass.turns[i].function);
    if (!status) return checkup;
    nnrt_checkup_free(checkup);
    return NULL;
}

void nnrt_checkup_free(nnrt_checkup *checkup) {
    if (!checkup) return;
    for (int64_t i = 0; i < NNRT_MAX_TURNS; i++) {
        nnrt_turn_signs *signs = &checkup->turns[i];
        for (int64_t k = 0; signs->values && k < signs->function->value_count; k++) {
            free(signs->values[k].now.is_alive);
            free(signs->values[k].before.is_alive);
        }
        free(signs->values);
        nnrt_account_free(signs->account);
    }
    free(checkup->weights);
    free(checkup->updates);
    free(checkup->early);
    free(checkup);
}

// ---- Looking at a value.

static double root_mean_square(const nnrt_range *range) {
    int64_t count = range->count - range->bad;
    return count ? sqrt(range->squares / (double)count) : 0;
}

static void look_at_units(nnrt_value_signs *signs, const nnrt_context *context,
                          const nnrt_value *value) {
    for (int64_t row = 0; row < context->rows; row++) {
        const float *values = nnrt_value_row(context, value, row);
        for (int64_t i = 0; i < value->size; i++)
            signs->now.is_alive[i % value->units] |= values[i] != 0;
    }
    signs->now.samples += context->rows;
}

static double saturated_share(const nnrt_context *context, const nnrt_value *value) {
    double range = value->flat_high - value->flat_low;
    float low = (float)value->flat_low, scale = 2 / (float)range;
    int64_t count = 0;
    if (!(range > 0)) return 0;
    for (int64_t row = 0; row < context->rows; row++) {
        const float *values = nnrt_value_row(context, value, row);
        for (int64_t i = 0; i < value->size; i++) {
            float x = (values[i] - low) * scale - 1; // -1 to 1
            count += fabsf(x) > 0.99f;
        }
    }
    return (double)count / (double)(context->rows * value->size);
}

static void look_at(nnrt_checkup *checkup, nnrt_turn_signs *turn, int64_t number,
                    const nnrt_context *context) {
    const nnrt_sight sight = {checkup->trainer->session->program, turn->function, context};
    const nnrt_value *value = &turn->function->values[number];
    nnrt_value_signs *signs = &turn->values[number];
    nnrt_range range = nnrt_range_of(&sight, value);
    signs->last = root_mean_square(&range);
    if (!signs->steps++) {
        signs->first = signs->last;
        signs->low = range.low;
        signs->high = range.high;
    }
    if (signs->last > signs->largest) signs->largest = signs->last;
    if (!signs->now.is_alive) return;
    look_at_units(signs, context, value);
    signs->saturated = saturated_share(context, value);
}

// Columns in the first step alone: they are what they are.
static void group_done(void *owner, const nnrt_context *context, int64_t group) {
    nnrt_checkup *checkup = owner;
    nnrt_turn_signs *turn = NULL;
    for (int64_t i = 0; i < checkup->trainer->pass.turn_count; i++)
        if (checkup->turns[i].account == context->account) turn = &checkup->turns[i];
    if (!turn || group != turn->next) return;
    for (int64_t i = 0; i < turn->function->value_count; i++) {
        const nnrt_value *value = &turn->function->values[i];
        int is_column = value->place == NNRT_IN_COLUMN && group == 0 && !checkup->looked;
        if (is_column || (value->place == NNRT_IN_ARENA && value->group == group))
            look_at(checkup, turn, i, context);
    }
    turn->next = (group + 1) % turn->function->group_count;
}

// ---- Looking at a step.

static void measure_updates(nnrt_checkup *checkup) {
    const nnrt_session *session = checkup->trainer->session;
    for (int64_t i = 0; i < session->program->parameter_count; i++) {
        const nnrt_parameter *parameter = &session->program->parameters[i];
        const float *after = session->weights.values + parameter->storage.offset;
        const float *before = checkup->weights + parameter->storage.offset;
        double weights = 0, changes = 0;
        for (int64_t k = 0; k < parameter->storage.size; k++) {
            double change = (double)after[k] - (double)before[k];
            weights += (double)before[k] * (double)before[k];
            changes += change * change;
        }
        double size = weights > 0 ? sqrt(changes / weights) : 0;
        checkup->updates[i] = checkup->looked ? 0.7 * checkup->updates[i] + 0.3 * size : size;
        if (checkup->looked < FIRST_LOOKS) checkup->early[i] = checkup->updates[i];
    }
}

static void turn_windows(nnrt_checkup *checkup) {
    if (checkup->looked % WINDOW) return;
    for (int64_t t = 0; t < checkup->trainer->pass.turn_count; t++) {
        nnrt_turn_signs *turn = &checkup->turns[t];
        for (int64_t i = 0; i < turn->function->value_count; i++) {
            nnrt_value_signs *signs = &turn->values[i];
            nnrt_unit_signs before = signs->before;
            if (!signs->now.is_alive) continue;
            signs->before = signs->now;
            signs->now = before;
            memset(before.is_alive, 0, (size_t)turn->function->values[i].units);
            signs->now.samples = 0;
        }
    }
}

int nnrt_checkup_is_due(const nnrt_checkup *checkup) {
    const nnrt_pass *pass = &checkup->trainer->pass;
    if (pass->step >= pass->steps) return 0;
    return checkup->looked < FIRST_LOOKS ||
           nnrt_seconds() - checkup->time > times_apart * checkup->cost;
}

void nnrt_checkup_step(nnrt_checkup *checkup) {
    nnrt_pass *pass = &checkup->trainer->pass;
    const nnrt_session *session = checkup->trainer->session;
    double start = nnrt_seconds();
    for (int64_t i = 0; i < pass->turn_count; i++) {
        nnrt_turn_signs *turn = &checkup->turns[i];
        if (!turn->account) turn->account = nnrt_account_watch(group_done, checkup);
        if (turn->function->run_profiled) pass->turns[i].watch = turn->account;
        turn->next = 0;
    }
    memcpy(checkup->weights, session->weights.values,
           (size_t)session->program->weights_size * sizeof(float));
    nnrt_pass_advance_alone(pass);
    for (int64_t i = 0; i < pass->turn_count; i++) pass->turns[i].watch = NULL;
    measure_updates(checkup);
    checkup->looked++;
    turn_windows(checkup);
    checkup->time = nnrt_seconds();
    checkup->cost = checkup->time - start;
}

void nnrt_checkup_epoch(nnrt_checkup *checkup) {
    const nnrt_pass *pass = &checkup->trainer->pass;
    if (!pass->step) return;
    checkup->last_loss = nnrt_pass_loss(pass);
    if (!checkup->epochs++) {
        int64_t first = pass->step < FIRST_STEPS ? 1 : FIRST_STEPS;
        double sum = 0;
        for (int64_t i = 0; i < first; i++) sum += nnrt_pass_step_loss(pass, i);
        checkup->first_loss = sum / (double)first;
        checkup->first_epoch = checkup->last_loss;
        if (pass->step > 2 * first) { // of a single epoch its last third
            sum = 0;
            for (int64_t i = pass->step - pass->step / 3; i < pass->step; i++)
                sum += nnrt_pass_step_loss(pass, i);
            checkup->last_loss = sum / (double)(pass->step / 3);
        }
    }
    checkup->steps += pass->step;
}

int64_t nnrt_checkup_count(const nnrt_checkup *checkup) {
    return checkup->count;
}

const nnrt_complaint *nnrt_checkup_complaint(const nnrt_checkup *checkup, int64_t i) {
    return &checkup->complaints[i];
}

void nnrt_checkup_text(const nnrt_checkup *checkup, char *text, size_t size) {
    snprintf(text, size, "looked at %" PRId64 " of %" PRId64 " steps", checkup->looked,
             checkup->steps);
}
