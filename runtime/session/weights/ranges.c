#include "ranges.h"

#include "../../formats/text/json_text.h"
#include "../steps.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FEWEST_SAMPLES = 32 };

static const double chunk_seconds = 0.05;

int nnrt_ranges_are_used(const nnrt_program *program) {
    for (int64_t i = 0; i < program->model_count; i++)
        if (program->models[i].range_count) return 1;
    return 0;
}

const float *nnrt_ranges_of(const nnrt_session *session, int64_t parameter) {
    return session->has_ranges ? session->ranges + 2 * parameter : NULL;
}

void nnrt_ranges_forget(nnrt_session *session) {
    free(session->ranges_text);
    session->ranges_text = NULL;
    session->info.ranges = NULL;
    session->has_ranges = 0;
    for (nnrt_arena *arena = session->arenas; arena; arena = arena->next) arena->is_prepared = 0;
}

// Each parameter whose range is wanted, once.
static int is_first(const nnrt_program *program, int64_t model, int64_t number) {
    int64_t parameter = program->models[model].ranges[number].parameter;
    for (int64_t i = 0; i <= model; i++)
        for (int64_t k = 0; k < (i < model ? program->models[i].range_count : number); k++)
            if (program->models[i].ranges[k].parameter == parameter) return 0;
    return 1;
}

static nnrt_status tell(nnrt_session *session) {
    const nnrt_program *program = session->program;
    nnrt_json json = {0};
    nnrt_json_open(&json, NULL, '{');
    for (int64_t i = 0; i < program->model_count; i++)
        for (int64_t k = 0; k < program->models[i].range_count; k++) {
            int64_t parameter = program->models[i].ranges[k].parameter;
            if (!is_first(program, i, k)) continue;
            nnrt_json_open(&json, program->parameters[parameter].name, '[');
            nnrt_json_float(&json, NULL, session->ranges[2 * parameter]);
            nnrt_json_float(&json, NULL, session->ranges[2 * parameter + 1]);
            nnrt_json_close(&json, ']');
        }
    nnrt_json_close(&json, '}');
    if (!nnrt_json_text(&json)) return nnrt_fail_memory("the ranges", 0);
    session->ranges_text = json.text;
    session->info.ranges = session->ranges_text;
    session->has_ranges = 1;
    return NNRT_OK;
}

// ---- Reading.

static int read_range(const json_t *value, float *range) {
    if (json_array_size(value) != 2) return 0;
    for (size_t i = 0; i < 2; i++) {
        const json_t *number = json_array_get(value, i);
        range[i] = json_is_number(number) ? (float)json_number_value(number) : NAN;
        if (!isfinite(range[i])) return 0;
    }
    return range[0] <= range[1];
}

// *are_all: each that is wanted is there.
static nnrt_status read_ranges(nnrt_session *session, const json_t *all, const char *name,
                               int *are_all) {
    const nnrt_program *program = session->program;
    *are_all = 1;
    for (int64_t i = 0; i < program->model_count; i++)
        for (int64_t k = 0; k < program->models[i].range_count; k++) {
            int64_t number = program->models[i].ranges[k].parameter;
            const char *parameter = program->parameters[number].name;
            const json_t *value = json_object_get(all, parameter);
            *are_all &= value != NULL;
            if (value && !read_range(value, session->ranges + 2 * number))
                return nnrt_fail(NNRT_ERROR,
                                 "the weights in `%s` are damaged: the range of what `%.200s` is "
                                 "multiplied by is no two numbers, the lower one first",
                                 name, parameter);
        }
    return NNRT_OK;
}

static nnrt_status read_text(nnrt_session *session, const char *text, const char *name,
                             int *are_all) {
    json_t *all = nnrt_json_load(name, text, strlen(text), NULL, NULL);
    nnrt_status status = NNRT_OK;
    if (json_is_object(all))
        status = read_ranges(session, all, name, are_all);
    else
        status = nnrt_fail(NNRT_ERROR, "the weights in `%s` are damaged: their ranges are no JSON",
                           name);
    json_decref(all);
    return status;
}

nnrt_status nnrt_ranges_read(nnrt_session *session, const char *path) {
    char *text;
    int are_all = 0;
    nnrt_ranges_forget(session);
    if (!nnrt_ranges_are_used(session->program)) return NNRT_OK;
    nnrt_status status = nnrt_weights_ranges(path, &text);
    if (!status && text) status = read_text(session, text, path ? path : "the program", &are_all);
    free(text);
    return status || !are_all ? status : tell(session);
}

// ---- Measuring: each worker has ranges of its own, which are joined at the end.

typedef struct extreme {
    float low, high;
    int64_t bad; // of the first sample that has a number which is not finite; -1: none
} extreme;

typedef struct measuring {
    nnrt_session *session;
    const nnrt_model *model;
    extreme *extremes; // by worker and range
    nnrt_pass pass;
    nnrt_pace pace;
    uint32_t *rows;
    nnrt_loader *loader;
} measuring;

static void look(extreme *e, const float *values, int64_t count, int64_t sample) {
    float low = e->low, high = e->high, wrong = 0;
    for (int64_t i = 0; i < count; i++) {
        float value = values[i];
        low = value < low ? value : low;
        high = value > high ? value : high;
        wrong += value - value; // 0 of a number, else NaN
    }
    e->low = low;
    e->high = high;
    if (wrong != 0 && (e->bad < 0 || sample < e->bad)) e->bad = sample;
}

static void after_step(void *argument, const nnrt_context *context) {
    measuring *m = argument;
    const nnrt_function *function = &m->model->measure;
    int64_t first, end, before = ((int64_t)context->step - 1) * NNRT_MEASURE_BATCH;
    nnrt_own_samples(function, context, &first, &end);
    for (int64_t i = 0; i < m->model->range_count; i++) {
        const nnrt_output *output = &function->outputs[m->model->ranges[i].output];
        extreme *e = &m->extremes[context->thread * m->model->range_count + i];
        for (int64_t sample = first; sample < end; sample++)
            look(e, context->arena + output->offset + sample * output->stride, output->size,
                 before + sample);
    }
}

// Of large networks fewer, so that a training's end does not wait for long.
static int64_t samples_of(const nnrt_model *model, int64_t there) {
    static const double most_flops = 1e12;
    double affordable = most_flops / (model->measure.flops + 1);
    int64_t count = NNRT_MEASURED_SAMPLES;
    if (affordable < (double)count) count = (int64_t)affordable;
    if (count < FEWEST_SAMPLES) count = FEWEST_SAMPLES;
    return there < count ? there : count;
}

static nnrt_status choose_rows(measuring *m) {
    const nnrt_part *part = &m->session->data.train;
    int64_t count = samples_of(m->model, part->count);
    int64_t extremes = nnrt_team_size(m->session->team) * m->model->range_count;
    m->rows = malloc((size_t)(count + 1) * sizeof *m->rows);
    m->pass.losses = calloc((size_t)count + 1, sizeof *m->pass.losses);
    m->extremes = malloc((size_t)extremes * sizeof *m->extremes);
    if (!m->rows || !m->pass.losses || !m->extremes)
        return nnrt_fail_memory("the ranges", (size_t)extremes * sizeof *m->extremes);
    if (!count)
        return nnrt_fail(NNRT_ERROR, "the training part of the data set `%s` is empty",
                         nnrt_session_dataset(m->session)->name);
    for (int64_t i = 0; i < count; i++) m->rows[i] = part->rows[i * part->count / count];
    for (int64_t i = 0; i < extremes; i++) m->extremes[i] = (extreme){0, 0, -1};
    m->pass.rows = m->rows;
    m->pass.count = count;
    m->pass.steps = nnrt_step_count(count, NNRT_MEASURE_BATCH);
    return NNRT_OK;
}

static nnrt_status open_loader(measuring *m) {
    const nnrt_data *data = &m->session->data;
    if (!nnrt_loader_is_needed(data, NNRT_FOR_EVALUATION)) return NNRT_OK;
    int64_t batch = m->pass.count < NNRT_MEASURE_BATCH ? m->pass.count : NNRT_MEASURE_BATCH;
    m->loader =
        nnrt_loader_create(data, NNRT_FOR_EVALUATION, batch, nnrt_team_size(m->session->team), -1);
    return m->loader ? NNRT_OK : NNRT_ERROR;
}

static nnrt_status run(measuring *m) {
    nnrt_session *session = m->session;
    nnrt_turn turn;
    nnrt_status status = choose_rows(m);
    if (!status) status = open_loader(m);
    if (!status) status = nnrt_turn_open(&turn, session, &m->model->measure, 0);
    if (status) return status;
    int workers = nnrt_team_size(session->team);
    if (workers > m->model->measure.threads) workers = (int)m->model->measure.threads;
    nnrt_pace_start(&m->pace, workers < 1 ? 1 : workers);
    m->pass.team = session->team;
    m->pass.pace = &m->pace;
    m->pass.data = &session->data;
    m->pass.batch = NNRT_MEASURE_BATCH;
    m->pass.after = after_step;
    m->pass.argument = m;
    nnrt_pass_add(&m->pass, &turn);
    nnrt_pass_forget(&m->pass);
    nnrt_pass_load(&m->pass, m->loader);
    while (nnrt_pass_advance(&m->pass, chunk_seconds)) continue;
    return m->loader ? nnrt_loader_status(m->loader) : NNRT_OK;
}

static nnrt_status join(const measuring *m) {
    const nnrt_program *program = m->session->program;
    int64_t count = m->model->range_count;
    for (int64_t i = 0; i < nnrt_team_size(m->session->team) * count; i++) {
        const extreme *e = &m->extremes[i];
        int64_t parameter = m->model->ranges[i % count].parameter;
        float *range = m->session->ranges + 2 * parameter;
        if (e->bad >= 0)
            return nnrt_fail(NNRT_ERROR,
                             "what `%s` is multiplied by is not finite for sample %" PRIu32
                             " of the training data, so that it has no range for int8; look at the "
                             "data with `nnc data`, and train again",
                             program->parameters[parameter].name, m->rows[e->bad]);
        range[0] = fminf(range[0], e->low);
        range[1] = fmaxf(range[1], e->high);
    }
    return NNRT_OK;
}

static nnrt_status measure_model(nnrt_session *session, const nnrt_model *model) {
    measuring m = {.session = session, .model = model};
    nnrt_status status = run(&m);
    if (!status) status = join(&m);
    nnrt_loader_free(m.loader);
    nnrt_session_drop_arena(session, &model->measure);
    free(m.rows);
    free(m.pass.losses);
    free(m.extremes);
    return status;
}

static nnrt_status use_data(nnrt_session *session, const nnrt_model *model) {
    if (session->dataset == model->dataset && session->data.train.rows) return NNRT_OK;
    if (session->has_data) nnrt_data_free(&session->data);
    session->has_data = 0;
    session->dataset = model->dataset;
    return nnrt_session_load_data(session);
}

// The data that were there before, or none.
static nnrt_status restore_data(nnrt_session *session, int had_data, int64_t dataset) {
    if (had_data == session->has_data && session->dataset == dataset) return NNRT_OK;
    if (session->has_data) nnrt_data_free(&session->data);
    session->has_data = 0;
    session->dataset = dataset;
    return had_data ? nnrt_session_load_data(session) : NNRT_OK;
}

nnrt_status nnrt_ranges_measure(nnrt_session *session) {
    const nnrt_program *program = session->program;
    nnrt_status status = NNRT_OK;
    int had_data = session->has_data;
    int64_t dataset = session->dataset;
    nnrt_ranges_forget(session);
    memset(session->ranges, 0, (size_t)program->parameter_count * 2 * sizeof *session->ranges);
    for (int64_t i = 0; i < program->model_count && !status; i++) {
        const nnrt_model *model = &program->models[i];
        if (!model->range_count) continue;
        status = use_data(session, model);
        if (!status) status = measure_model(session, model);
    }
    if (!status) status = restore_data(session, had_data, dataset);
    return status ? status : tell(session);
}

// ---- Where they are missing.

static nnrt_status fail_unknown(const nnrt_session *session, const char *path) {
    char reason[NNRT_MESSAGE];
    snprintf(reason, sizeof reason, "%s", nnrt_error());
    return nnrt_fail(NNRT_ERROR,
                     "the weights%s%s%s have no ranges, which predictions in int8 need, and they "
                     "cannot be measured here: %.*s\nwhere the training data are, `%s calibrate "
                     "--weights FILE --save FILE` puts them into the file",
                     path ? " in `" : " that the program carries", path ? path : "",
                     path ? "`" : "", (int)strcspn(reason, "\n"), reason, session->options->called);
}

nnrt_status nnrt_ranges_need(nnrt_session *session, const char *path) {
    if (session->has_ranges || !nnrt_ranges_are_used(session->program)) return NNRT_OK;
    nnrt_status status = nnrt_ranges_measure(session);
    if (status) return fail_unknown(session, path);
    fprintf(stderr,
            "note: the weights%s%s%s have no ranges for int8; they are measured on %d samples of "
            "the training part at most (`%s calibrate` keeps them)\n",
            path ? " in `" : " that the program carries", path ? path : "", path ? "`" : "",
            NNRT_MEASURED_SAMPLES, session->options->called);
    return NNRT_OK;
}
