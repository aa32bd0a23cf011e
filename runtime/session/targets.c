#include "targets.h"

#include "../base/text/number.h"
#include "../formats/array.h"
#include "weights/weights.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- What belongs together.

typedef struct pair {
    const nnrt_loss *loss; // NULL: there is none, and no target
    const nnrt_output *output;
    const nnrt_target_info *target; // NULL: what it is compared with is no target of the data
} pair;

static pair pair_of(const nnrt_session *session, const nnrt_training *training, int64_t number) {
    const nnrt_function *function = &training->steps[0].train;
    const nnrt_data_info *info = &session->data.info;
    pair found = {0};
    if (number >= training->loss_count) return found;
    found.loss = &training->losses[number];
    if (found.loss->output >= function->output_count) return (pair){0};
    found.output = &function->outputs[found.loss->output];
    if (found.loss->target < function->input_count) return found; // an input of the data
    const nnrt_column *column = &function->columns[found.loss->target];
    int64_t target = nnrt_session_source(session, column) - info->input_count;
    if (target >= 0) found.target = &info->targets[target];
    return found;
}

// "target", or "target `digit`" of several.
static const char *target_text(const nnrt_session *session, const pair *p, char text[300]) {
    int is_only = session->data.info.target_count == 1;
    snprintf(text, 300, is_only ? "target" : "target `%s`", p->target->column.name);
    return text;
}

// ---- Classes.

// How many classes the output tells apart where the target is a label; 0: it is not used as one.
static int64_t compiled_classes(const pair *p) {
    int64_t units = p->output->rank ? p->output->shape[p->output->rank - 1] : 1;
    return units > 1 ? units : p->loss->unit_classes;
}

// Has the output a vector for each number of the target? Then the numbers are labels of places.
static int has_labels_of_places(const pair *p) {
    return p->target->column.size > 1 && p->output->size > p->target->column.size;
}

static int64_t label_classes(const pair *p) {
    if (has_labels_of_places(p)) return p->target->place_classes;
    return p->target->one_hot ? 0 : p->target->classes;
}

int64_t nnrt_targets_classes(const nnrt_session *session, const nnrt_training *training,
                             int64_t output) {
    pair p = pair_of(session, training, output);
    int64_t compiled = p.target ? compiled_classes(&p) : 0;
    if (!compiled) return 0;
    if (p.target->classes) return p.target->classes;
    if (has_labels_of_places(&p)) return p.target->place_classes;
    int are_decisions = p.output->size == p.target->column.size && p.target->decisions;
    return compiled == 2 && are_decisions ? 2 : 0;
}

// Without data what the weights file says is what was trained on; one that says nothing, of another
// program, leaves the units as they are.
static nnrt_status read_units(const nnrt_session *session, const char *target, nnrt_units *units) {
    const nnrt_dataset *dataset = nnrt_session_dataset(session);
    char place[PATH_MAX], *learnt = NULL;
    const char *weights = nnrt_session_weights_read(session, place) ? place : NULL;
    if (!dataset || !target) return NNRT_OK;
    nnrt_status status = nnrt_weights_learnt(weights, dataset, &learnt);
    if (!status && learnt)
        status = nnrt_learnt_units(learnt, target, &units->mean, &units->deviation);
    free(learnt);
    return status;
}

nnrt_units nnrt_targets_units(const nnrt_session *session, const nnrt_function *function,
                              const nnrt_loss *loss) {
    const nnrt_data_info *info = &session->data.info;
    nnrt_units units = {loss->target_mean, loss->target_deviation};
    if (units.deviation == 0 || loss->target < function->input_count) return units;
    if (!session->has_data) {
        read_units(session, function->columns[loss->target].source, &units); // checked before
        return units;
    }
    int64_t target =
        nnrt_session_source(session, &function->columns[loss->target]) - info->input_count;
    if (target < 0 || info->targets[target].deviation == 0) return units;
    return (nnrt_units){info->targets[target].mean, info->targets[target].deviation};
}

// ---- Checks.

static nnrt_status check_labels(const nnrt_session *session, const pair *p) {
    char text[300];
    int64_t classes = compiled_classes(p), found = label_classes(p);
    if (!classes) return NNRT_OK;
    if (!found && has_labels_of_places(p))
        return nnrt_fail(NNRT_ERROR,
                         "the %s of the data set `%s` has no labels any more (%s); correct it, or "
                         "compile again with `nnc build`",
                         target_text(session, p, text), nnrt_session_dataset(session)->name,
                         *p->target->not_labels ? p->target->not_labels : "they are whole numbers");
    if (found <= classes) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR,
                     "the data set `%s` has labels up to %" PRId64 ", but `%s` was compiled for "
                     "%" PRId64 " classes, 0 to %" PRId64 "; correct the labels, or compile again "
                     "with `nnc build`",
                     nnrt_session_dataset(session)->name, found - 1, session->program->source_path,
                     classes, classes - 1);
}

static nnrt_status check_numbers(const nnrt_session *session, const pair *p) {
    char text[300];
    const nnrt_target_value *value = NULL;
    if (p->loss->target_low == 0 && p->loss->target_high == 0) return NNRT_OK;
    if (p->target->lowest.value < p->loss->target_low) value = &p->target->lowest;
    if (p->target->highest.value > p->loss->target_high) value = &p->target->highest;
    if (!value) return NNRT_OK;
    return nnrt_fail(
        NNRT_ERROR,
        "the %s of the data set `%s` has %.9g in row %" PRId64
        " (counted from 0)%s, but `%s` takes numbers from %.9g to %.9g; correct it, or "
        "choose another loss in `%s`",
        target_text(session, p, text), nnrt_session_dataset(session)->name, value->value,
        value->row, value->is_test ? " of its test part" : "", p->loss->name, p->loss->target_low,
        p->loss->target_high, session->program->source_path);
}

// Predictions are told by the names that the program was compiled with.
static nnrt_status check_names(const nnrt_session *session, const pair *p) {
    const char *const *found = p->target->class_names;
    int64_t count = p->loss->class_count;
    if (count > p->target->classes) count = p->target->classes;
    for (int64_t i = 0; found && i < count; i++)
        if (strcmp(found[i], p->loss->classes[i]) != 0)
            return nnrt_fail(NNRT_ERROR,
                             "class %" PRId64 " of `%s` is called `%s` by the data set `%s` or the "
                             "weights, but `%s` when `%s` was compiled; compile again with "
                             "`nnc build`, and train with that",
                             i, p->target->column.name, found[i],
                             nnrt_session_dataset(session)->name, p->loss->classes[i],
                             session->program->source_path);
    return NNRT_OK;
}

static nnrt_status check_each(const nnrt_session *session,
                              nnrt_status (*check)(const nnrt_session *, const pair *)) {
    const nnrt_program *program = session->program;
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < program->training_count && !status; i++)
        for (int64_t k = 0; k < program->trainings[i].loss_count && !status; k++) {
            pair p = pair_of(session, &program->trainings[i], k);
            int is_other = program->trainings[i].dataset != session->dataset;
            if (is_other || !p.target) continue;
            status = check(session, &p);
        }
    return status;
}

nnrt_status nnrt_targets_check_units(const nnrt_session *session) {
    const nnrt_model *model = nnrt_session_model(session);
    if (session->has_data || model->training < 0) return NNRT_OK;
    const nnrt_training *training = &session->program->trainings[model->training];
    const nnrt_function *function = &training->steps[0].train;
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < training->loss_count && !status; i++) {
        const nnrt_loss *loss = &training->losses[i];
        nnrt_units units = {0};
        if (loss->target_deviation == 0 || loss->target < function->input_count) continue;
        status = read_units(session, function->columns[loss->target].source, &units);
    }
    return status;
}

nnrt_status nnrt_targets_check_names(const nnrt_session *session) {
    return check_each(session, check_names);
}

nnrt_status nnrt_targets_check(const nnrt_session *session) {
    nnrt_status status = check_each(session, check_labels);
    if (!status) status = check_each(session, check_names);
    return status ? status : check_each(session, check_numbers);
}

// ---- Tokens.

static void lower_limits(const nnrt_session *session, const nnrt_function *function,
                         int64_t *limits) {
    for (int64_t i = 0; i < function->input_count; i++) {
        int source = nnrt_session_source(session, &function->columns[i]);
        int64_t limit = function->columns[i].limit;
        if (source < 0 || !limit) continue;
        if (!limits[source] || limit < limits[source]) limits[source] = limit;
    }
}

// By column of the data: what its numbers must be below for all that reads them; 0: anything.
static void find_limits(const nnrt_session *session, int64_t *limits) {
    const nnrt_program *program = session->program;
    for (int64_t i = 0; i < program->training_count; i++) {
        const nnrt_training *training = &program->trainings[i];
        for (int64_t k = 0; k < training->step_count; k++)
            if (training->dataset == session->dataset)
                lower_limits(session, &training->steps[k].train, limits);
        if (training->dataset == session->dataset && training->samples.run)
            lower_limits(session, &training->samples, limits);
    }
    for (int64_t i = 0; i < program->model_count; i++)
        if (program->models[i].dataset == session->dataset)
            lower_limits(session, &program->models[i].predict, limits);
}

static double element_of(const nnrt_column *column, const void *values, int64_t i) {
    if (column->dtype == NNRT_U8) return ((const uint8_t *)values)[i];
    return column->dtype == NNRT_I32 ? ((const int32_t *)values)[i]
                                     : (double)((const float *)values)[i];
}

static nnrt_status check_row(const nnrt_session *session, int64_t number, uint32_t row,
                             int64_t limit, const void *values) {
    const nnrt_column *column = nnrt_data_column(&session->data.info, number);
    char place[PATH_MAX + 128];
    for (int64_t i = 0; i < column->size; i++) {
        double value = element_of(column, values, i);
        if (nnrt_number_is_below(value, limit)) continue;
        nnrt_data_place(&session->data, number, row, i, place, sizeof place);
        return nnrt_fail(NNRT_ERROR,
                         "%s: `%s` is %.9g, but its embedding in `%s` has rows for whole numbers "
                         "from 0 to %" PRId64 "; correct the data, or give the embedding more rows",
                         place, column->name, value, session->program->source_path, limit - 1);
    }
    return NNRT_OK;
}

static nnrt_status check_tokens(const nnrt_session *session, int64_t number, int64_t limit) {
    const nnrt_data *data = &session->data;
    const nnrt_part *parts[] = {&data->train, &data->validation, &data->test};
    const nnrt_column *column = nnrt_data_column(&data->info, number);
    void *values = nnrt_array_allocate(column->dtype, column->size);
    nnrt_status status = values ? NNRT_OK : NNRT_ERROR;
    for (int k = 0; k < 3; k++)
        for (int64_t i = 0; i < parts[k]->count && !status; i++) {
            status = nnrt_data_sample(data, number, parts[k]->rows[i], values);
            if (!status) status = check_row(session, number, parts[k]->rows[i], limit, values);
        }
    free(values);
    return status;
}

nnrt_status nnrt_tokens_check(const nnrt_session *session) {
    const nnrt_data_info *info = &session->data.info;
    int64_t limits[NNRT_MAX_COLUMNS] = {0};
    nnrt_status status = NNRT_OK;
    find_limits(session, limits);
    for (int64_t i = 0; i < info->input_count && !status; i++) {
        int is_known = info->input_categories[i] && info->input_categories[i] <= limits[i];
        if (limits[i] && !is_known) status = check_tokens(session, i, limits[i]);
    }
    return status;
}
