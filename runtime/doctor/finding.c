#include "finding.h"

#include "../workers/watch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct look { // at one function
    const nnrt_program *program;
    const nnrt_function *function;
    nnrt_finding *finding; // of all
    nnrt_batch_copy *copy; // NULL: it is not wanted
    nnrt_range *before;    // by value: of weights and optimizer state, before the run
    nnrt_account *account;
    int64_t turn, next, run; // next: the group that comes
    int has_failed;          // no memory
} look;

// ---- The batch.

static int is_copied(const nnrt_batch_copy *copy, const nnrt_column *column) {
    for (int64_t i = 0; i < copy->column_count; i++)
        if (strcmp(copy->columns[i].name, column->source) == 0) return 1;
    return 0;
}

static int64_t bytes_of(const nnrt_column *column) {
    return column->size * (column->dtype == NNRT_U8 ? 1 : 4);
}

static void copy_column(look *l, const nnrt_context *context, int64_t number) {
    const nnrt_column *column = &l->function->columns[number];
    nnrt_batch_copy *copy = l->copy;
    const unsigned char *from = context->columns[number];
    int64_t bytes = bytes_of(column);
    if (!column->source || !from || is_copied(copy, column)) return;
    unsigned char *values = malloc((size_t)(bytes * context->rows) + 1);
    if (!values) {
        l->has_failed = 1;
        return;
    }
    for (int64_t row = 0; row < context->rows; row++)
        memcpy(values + row * bytes, from + (int64_t)context->index[row] * bytes, (size_t)bytes);
    copy->columns[copy->column_count].name = column->source;
    copy->columns[copy->column_count].bytes = bytes;
    copy->columns[copy->column_count++].values = values;
}

static void copy_batch(look *l, const nnrt_context *context) {
    l->copy->rows = context->rows;
    for (int64_t i = 0; i < l->function->column_count; i++) copy_column(l, context, i);
}

void nnrt_batch_copy_free(nnrt_batch_copy *copy) {
    for (int64_t i = 0; i < copy->column_count; i++) free(copy->columns[i].values);
    *copy = (nnrt_batch_copy){0};
}

// ---- What a group leaves.

static int is_kept(const nnrt_value *value) {
    return value->place == NNRT_IN_WEIGHTS || value->place == NNRT_IN_SLOTS;
}

static nnrt_sight sight_of(const look *l, const nnrt_context *context) {
    return (nnrt_sight){l->program, l->function, context};
}

static void list_samples(nnrt_finding *finding, const nnrt_sight *sight) {
    for (int64_t row = 0; row < sight->context->rows && !finding->value->rows; row++) {
        nnrt_range range = nnrt_range_of_row(sight, finding->value, row);
        if (range.bad && finding->sample_count < NNRT_FINDING_SAMPLES)
            finding->samples[finding->sample_count++] = (uint32_t)row;
    }
}

static void list_reads(const look *l, const nnrt_context *context, int64_t group) {
    nnrt_sight sight = sight_of(l, context);
    nnrt_finding *finding = l->finding;
    for (int64_t i = 0; i < l->function->read_count && group >= 0; i++) {
        const nnrt_read *read = &l->function->reads[i];
        const nnrt_value *value = &l->function->values[read->value];
        int is_itself = value == finding->value && !is_kept(value);
        if (read->group != group || is_itself || finding->read_count == NNRT_FINDING_READS)
            continue;
        finding->reads[finding->read_count++] = (nnrt_finding_read){
            value, is_kept(value) ? l->before[read->value] : nnrt_range_of(&sight, value)};
    }
}

static void found(look *l, const nnrt_context *context, int64_t number, int64_t group) {
    nnrt_sight sight = sight_of(l, context);
    nnrt_finding *finding = l->finding;
    const nnrt_value *value = &l->function->values[number];
    *finding = (nnrt_finding){.function = l->function,
                              .turn = l->turn,
                              .run = l->run,
                              .group = group < 0 ? NULL : &l->function->groups[group],
                              .value = value,
                              .range = group < 0 && is_kept(value) ? l->before[number]
                                                                   : nnrt_range_of(&sight, value)};
    list_samples(finding, &sight);
    list_reads(l, context, group);
}

// Columns and weights are looked at when the first group is done, which changes none of them.
static void look_before(look *l, const nnrt_context *context) {
    nnrt_sight sight = sight_of(l, context);
    if (l->copy) copy_batch(l, context);
    for (int64_t i = 0; i < l->function->value_count; i++) {
        const nnrt_value *value = &l->function->values[i];
        if (is_kept(value)) l->before[i] = nnrt_range_of(&sight, value);
    }
    for (int64_t i = 0; i < l->function->value_count && !l->finding->function; i++) {
        const nnrt_value *value = &l->function->values[i];
        int is_bad = is_kept(value)                   ? l->before[i].bad > 0
                     : value->place == NNRT_IN_COLUMN ? !nnrt_value_is_finite(&sight, value)
                                                      : 0;
        if (is_bad) found(l, context, i, -1);
    }
}

static void look_at_group(look *l, const nnrt_context *context, int64_t group) {
    nnrt_sight sight = sight_of(l, context);
    for (int64_t i = 0; i < l->function->value_count; i++) {
        const nnrt_value *value = &l->function->values[i];
        if (value->group != group || nnrt_value_is_finite(&sight, value)) continue;
        found(l, context, i, group);
        return;
    }
}

// Tables that are updated row by row are brought up to date before all groups: out of turn.
static void group_done(void *owner, const nnrt_context *context, int64_t group) {
    look *l = owner;
    if (group != l->next) return;
    if (group == 0) look_before(l, context);
    if (!l->finding->function) look_at_group(l, context, group);
    if (++l->next < l->function->group_count) return;
    l->next = 0;
    l->run++;
}

// ---- All functions of a step.

static nnrt_status open_look(look *l, nnrt_turn *turn, int64_t number, nnrt_finding *finding,
                             nnrt_batch_copy *copy, const nnrt_program *program) {
    size_t size = (size_t)turn->function->value_count + 1;
    *l = (look){.program = program,
                .function = turn->function,
                .finding = finding,
                .copy = copy,
                .turn = number};
    l->before = calloc(size, sizeof *l->before);
    l->account = nnrt_account_watch(group_done, l);
    if (!l->before || !l->account)
        return nnrt_fail_memory("the watch of a step", size * sizeof *l->before);
    turn->watch = l->account;
    return NNRT_OK;
}

// The update of several batches at once is a function of its own, after which weights are looked
// at.
static void look_after(const nnrt_session *session, nnrt_finding *finding) {
    for (int64_t i = 0; i < session->program->parameter_count && !finding->function; i++) {
        const nnrt_parameter *parameter = &session->program->parameters[i];
        finding->range =
            nnrt_range_of_parameter(parameter, session->weights.values + parameter->storage.offset);
        if (!finding->range.bad) continue;
        finding->weights = parameter->name;
        return;
    }
}

nnrt_status nnrt_finding_search(nnrt_trainer *trainer, nnrt_finding *finding,
                                nnrt_batch_copy *copy) {
    nnrt_pass *pass = &trainer->pass;
    look *looks = calloc(NNRT_MAX_TURNS, sizeof *looks);
    nnrt_status status = looks ? NNRT_OK : nnrt_fail_memory("the watch of a step", sizeof *looks);
    int has_failed = 0;
    *finding = (nnrt_finding){0};
    for (int64_t i = 0; i < pass->turn_count && !status; i++)
        if (pass->turns[i].function->run_profiled)
            status =
                open_look(&looks[i], &pass->turns[i], i, finding, copy, trainer->session->program);
    if (!status) nnrt_pass_advance_alone(pass);
    if (!status) look_after(trainer->session, finding);
    for (int64_t i = 0; i < pass->turn_count && looks; i++) {
        pass->turns[i].watch = NULL;
        has_failed |= looks[i].has_failed;
        nnrt_account_free(looks[i].account);
        free(looks[i].before);
    }
    free(looks);
    return !status && has_failed ? nnrt_fail_memory("a copy of a batch", 0) : status;
}
