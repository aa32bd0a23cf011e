// `predict`: one row an input sample, in order. All inputs are read and computed before anything is
// printed; those that cannot be read are named first and have no row.
#include "../data/data.h"
#include "../files/file.h"
#include "../formats/npy.h"
#include "../report/outputs.h"
#include "../session/steps.h"
#include "../session/targets.h"
#include "command.h"
#include "inputs/input.h"
#include "inputs/operands.h"
#include "inputs/table_input.h"
#include "predictions/answer.h"
#include "predictions/predicted_pictures.h"
#include "predictions/predicted_rows.h"
#include "predictions/predicted_table.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double chunk_seconds = 0.1;
typedef struct prediction {
    nnrt_session *session;
    nnrt_answer *answers; // of the model's outputs
    int64_t answer_count;
    int64_t size;       // of a row: floats of all outputs
    nnrt_input *inputs; // of a model with several: one for each of its inputs, and `count` is 1
    const char *paths[NNRT_MAX_COLUMNS]; // of such a model
    const nnrt_function *function;       // of the input that is being computed
    int64_t count;                       // of inputs
    int64_t asked, unreadable;           // inputs, each line of standard input by itself
    int64_t rows;                        // of all of them
    int are_numbers;                     // the operands are the numbers of one sample
    int is_table;                        // the operand is a table like that of the data set
    int64_t room;                        // inputs that there is memory for
    nnrt_pace pace;                      // of inputs of one sample each
    float *outputs;                      // [rows, size]
    int64_t done;                        // rows of the inputs before this one
} prediction;

// ---- Computing.

static void after_step(void *argument, const nnrt_context *context) {
    const prediction *p = argument;
    int64_t first, end;
    nnrt_own_samples(p->function, context, &first, &end);
    for (int64_t sample = first; sample < end; sample++) {
        float *row = p->outputs + (p->done + context->index[sample]) * p->size;
        for (int64_t i = 0; i < p->answer_count; i++) {
            const nnrt_output *output = &p->function->outputs[i];
            nnrt_answer_put(&p->answers[i],
                            context->arena + output->offset + sample * output->stride,
                            row + p->answers[i].first);
        }
    }
}

// The first of single samples are not worth waking anybody: how many workers are best is measured
// from sample to sample.
static void start_pace(prediction *p, int64_t workers) {
    nnrt_pace_start(&p->pace, workers < 1 ? 1 : (int)workers);
    if (p->function == &nnrt_session_model(p->session)->predict_one)
        p->pace.best = p->pace.choices - 1;
}

static nnrt_status run_input(prediction *p, const nnrt_input *input) {
    const nnrt_model *model = nnrt_session_model(p->session);
    int64_t steps = nnrt_step_count(input->rows, model->predict_batch);
    uint32_t *rows = malloc((size_t)input->rows * sizeof *rows);
    double *losses = calloc((size_t)steps, sizeof *losses);
    const nnrt_function *before = p->function;
    nnrt_turn turn;
    int64_t workers = nnrt_team_size(p->session->team);
    p->function = input->rows == 1 ? &model->predict_one : &model->predict;
    if (workers > p->function->threads) workers = p->function->threads;
    if (p->function != before || input->rows > 1) start_pace(p, workers);
    nnrt_pass pass = {.team = p->session->team,
                      .pace = &p->pace,
                      .rows = rows,
                      .count = input->rows,
                      .batch = model->predict_batch,
                      .losses = losses,
                      .steps = steps,
                      .steps_before = p->done, // the panels of weights take turns
                      .after = after_step,
                      .argument = p};
    nnrt_status status = nnrt_turn_open(&turn, p->session, p->function, 0);
    for (int64_t i = 0; i < model->predict.input_count; i++)
        turn.context.columns[i] = input[i].values;
    nnrt_pass_add(&pass, &turn);
    for (int64_t i = 0; rows && i < input->rows; i++) rows[i] = (uint32_t)i;
    if (!status && (!rows || !losses))
        status = nnrt_fail_memory("the rows of an input", (size_t)input->rows * sizeof *rows);
    while (!status && nnrt_pass_advance(&pass, chunk_seconds)) continue;
    p->done += input->rows;
    free(rows);
    free(losses);
    return status;
}

// Does the data set resize its pictures?
static int does_resize(const nnrt_dataset *dataset) {
    for (int64_t i = 1; dataset && i < dataset->stage_count; i++)
        if (nnrt_transform_does(&dataset->stages[i]) == NNRT_RESIZES) return 1;
    return 0;
}

static void say_unreadable(void *argument) {
    const prediction *p = argument;
    const char *program = p->session->options->program, *slash = strrchr(program, '/');
    fprintf(stderr, "%s: error: %s\n", slash ? slash + 1 : program, nnrt_error());
}

static void add_input(prediction *p, nnrt_input *input) {
    input->first = p->asked;
    p->count++;
    p->rows += input->rows;
    p->asked += input->samples;
    p->unreadable += input->samples - input->rows;
}

// One of several that cannot be read does not keep the others from being predicted; what memory is
// missing for, is missing for them, too.
static nnrt_status read_input(prediction *p, const nnrt_input_reader *reader, const char *path) {
    nnrt_input *input = &p->inputs[p->count];
    nnrt_status status = nnrt_input_read(input, reader, path);
    if (!status) add_input(p, input);
    if (!status || p->session->options->input_count == 1 || nnrt_memory_failure()) return status;
    say_unreadable(p);
    p->asked++;
    p->unreadable++;
    return NNRT_OK;
}

static nnrt_status read_each(prediction *p) {
    const nnrt_options *options = p->session->options;
    const nnrt_function *function = &nnrt_session_model(p->session)->predict;
    nnrt_input_reader reader = {.column = function->columns,
                                .may_resize = does_resize(nnrt_session_dataset(p->session)),
                                .bad_line = say_unreadable,
                                .argument = p};
    nnrt_status status = NNRT_OK;
    if (p->is_table) {
        status = nnrt_table_input_read(p->session, function, p->inputs);
        if (!status) add_input(p, p->inputs);
        return status;
    }
    if (p->are_numbers || function->input_count > 1) {
        status = p->are_numbers ? nnrt_input_numbers(p->inputs, function->columns, options->inputs)
                                : nnrt_operands_read(function, &reader, p->paths, p->inputs);
        if (!status) add_input(p, p->inputs);
        return status;
    }
    for (int64_t i = 0; i < options->input_count && !status; i++)
        status = read_input(p, &reader, options->inputs[i]);
    return status;
}

static nnrt_status read_inputs(prediction *p) {
    const nnrt_options *options = p->session->options;
    p->room = options->input_count > NNRT_MAX_COLUMNS ? options->input_count : NNRT_MAX_COLUMNS;
    p->inputs = calloc((size_t)p->room, sizeof *p->inputs);
    if (!p->inputs) return nnrt_fail_memory("the inputs", (size_t)p->room * sizeof *p->inputs);
    nnrt_status status = read_each(p);
    if (status) return status;
    return p->count ? NNRT_OK : nnrt_fail(NNRT_ERROR, "none of the inputs can be read");
}

static nnrt_status make_room(prediction *p) {
    size_t bytes;
    if (__builtin_mul_overflow((size_t)p->rows, (size_t)p->size * sizeof(float), &bytes) ||
        !(p->outputs = malloc(bytes)))
        return nnrt_fail_memory("the predictions", bytes);
    return NNRT_OK;
}

// ---- Arrays.

// The row of every sample stands where the sample does among those that were asked for; what cannot
// be read has a row of nan, so that the others do not move.
static void spread_rows(const prediction *p, const nnrt_answer *answer, float *values) {
    const float *row = p->outputs + answer->first;
    int64_t size = answer->output->size;
    if (p->unreadable)
        for (int64_t i = 0; i < p->asked * size; i++) values[i] = NAN;
    for (int64_t i = 0; i < p->count; i++)
        for (int64_t k = 0; k < p->inputs[i].rows; k++, row += p->size) {
            int64_t number = p->inputs[i].first + nnrt_input_number(&p->inputs[i], k);
            memcpy(values + number * size, row, (size_t)size * sizeof *values);
        }
}

static nnrt_status write_array(const prediction *p, const nnrt_answer *answer, const char *path) {
    const nnrt_output *output = answer->output;
    int64_t shape[NNRT_MAX_RANK + 1] = {p->asked}, count;
    for (int64_t i = 0; i < output->rank; i++) shape[i + 1] = output->shape[i];
    if (p->answer_count == 1 && !p->unreadable)
        return nnrt_npy_write(path, output->rank + 1, shape, p->outputs);
    size_t bytes = SIZE_MAX;
    float *values = NULL;
    if (!__builtin_mul_overflow(p->asked, output->size, &count) &&
        !__builtin_mul_overflow((size_t)count, sizeof *values, &bytes))
        values = malloc(bytes);
    if (!values) return nnrt_fail_memory("the predictions", bytes);
    spread_rows(p, answer, values);
    nnrt_status status = nnrt_npy_write(path, output->rank + 1, shape, values);
    free(values);
    return status;
}

// Of several outputs "predicted-largest.npy" for "predicted.npy". 0: it does not fit.
static int array_path(const prediction *p, const nnrt_answer *answer, char path[PATH_MAX]) {
    const char *given = p->session->options->npy, *slash = strrchr(given, '/');
    const char *dot = strrchr(slash ? slash : given, '.');
    if (p->answer_count == 1) return snprintf(path, PATH_MAX, "%s", given) < PATH_MAX;
    int length = dot ? (int)(dot - given) : (int)strlen(given);
    return snprintf(path, PATH_MAX, "%.*s-%s%s", length, given, answer->output->name,
                    dot ? dot : "") < PATH_MAX;
}

static nnrt_status check_arrays(const prediction *p) {
    char path[PATH_MAX], *paths[] = {path};
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; p->session->options->npy && i < p->answer_count && !status; i++) {
        status = array_path(p, &p->answers[i], path)
                     ? nnrt_outputs_check_files(p->session, "--npy", paths, 1)
                     : nnrt_fail(NNRT_USAGE, "`%s` is too long", p->session->options->npy);
        if (!status) status = nnrt_file_probe(path);
    }
    return status;
}

static nnrt_status write_arrays(const prediction *p) {
    char path[PATH_MAX];
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < p->answer_count && !status; i++) {
        array_path(p, &p->answers[i], path);
        status = write_array(p, &p->answers[i], path);
    }
    return status;
}

// ---- What is shown.

static nnrt_predicted pictures_of(const prediction *p) {
    return (nnrt_predicted){p->session, p->answers, p->answer_count, p->size, p->inputs, p->count};
}

static nnrt_status check_files(const prediction *p) {
    const char *folder = p->session->options->png;
    nnrt_predicted predicted = pictures_of(p);
    nnrt_status status = check_arrays(p);
    return status || !folder ? status : nnrt_predicted_check(&predicted, folder);
}

static nnrt_status report(const prediction *p) {
    const nnrt_options *options = p->session->options;
    nnrt_predicted predicted = pictures_of(p);
    if (options->png) return nnrt_predicted_write(&predicted, options->png, p->outputs);
    if (options->npy) return write_arrays(p);
    nnrt_print_row *print = options->json  ? nnrt_print_row_json
                            : options->csv ? nnrt_print_row_csv
                                           : nnrt_print_row_text;
    nnrt_row row = {.answers = p->answers, .count = p->answer_count, .outputs = p->outputs};
    row.input = p->inputs;
    if (p->is_table && p->session->data.new_rows.columns)
        return nnrt_predicted_table_print(&p->session->data.new_rows, options, row, p->size);
    if (options->csv) nnrt_print_head_csv(&row);
    for (int64_t i = 0; i < p->count; i++)
        for (int64_t k = 0; k < p->inputs[i].rows; k++, row.outputs += p->size) {
            row.input = &p->inputs[i];
            row.number = nnrt_input_number(&p->inputs[i], k);
            print(&row);
        }
    return NNRT_OK;
}

// Which row of a table is the first without a prediction, and how many there are.
static void say_left_out(const prediction *p) {
    const nnrt_input *input = p->inputs;
    int64_t first = 0;
    while (first < input->rows && nnrt_input_number(input, first) == first) first++;
    fprintf(
        stderr,
        "note: `%s`: %" PRId64 " of %" PRId64 " rows have no prediction, the first is row %" PRId64
        ": the stages of the data set `%s` leave them out\n",
        input->path, p->unreadable, p->asked, first + 1, nnrt_session_dataset(p->session)->name);
}

// ---- The command.

static nnrt_status open_answers(prediction *p, const nnrt_function *function) {
    size_t bytes = (size_t)function->output_count * sizeof *p->answers;
    if (!function->output_count) return nnrt_fail(NNRT_BUG, "the model has no output");
    p->answers = calloc((size_t)function->output_count, sizeof *p->answers);
    if (!p->answers) return nnrt_fail_memory("the outputs", bytes);
    for (int64_t i = 0; i < function->output_count; i++) {
        p->answers[i] = nnrt_answer_of(p->session, &function->outputs[i], i);
        p->answers[i].first = p->size;
        p->size += function->outputs[i].size;
    }
    p->answer_count = function->output_count;
    return NNRT_OK;
}

static nnrt_status check_operands(prediction *p, const nnrt_function *function) {
    const nnrt_options *options = p->session->options;
    nnrt_status status = nnrt_table_input_find(p->session, function, &p->is_table);
    if (status || p->is_table) return status;
    if (function->input_count > 1)
        return nnrt_operands_find(function, options->inputs, options->input_count, p->paths);
    return nnrt_input_check(function->columns, options->inputs, options->input_count,
                            &p->are_numbers);
}

nnrt_status nnrt_command_predict(nnrt_session *session) {
    const nnrt_function *function = &nnrt_session_model(session)->predict;
    prediction p = {.session = session};
    nnrt_status status = check_operands(&p, function);
    if (!status) status = nnrt_session_load_trained(session, nnrt_session_model(session));
    if (!status) status = read_inputs(&p);
    if (!status) status = nnrt_targets_check_units(session);
    if (!status) status = open_answers(&p, function); // their units came with the rows
    if (!status) status = make_room(&p);
    if (!status) status = check_files(&p);
    for (int64_t i = 0; i < p.count && !status; i++) status = run_input(&p, &p.inputs[i]);
    if (!status) status = report(&p);
    if (!status && p.unreadable && p.is_table)
        say_left_out(&p);
    else if (!status && p.unreadable)
        status =
            nnrt_fail(NNRT_ERROR,
                      "%" PRId64 " of %" PRId64 " inputs cannot be read; the others are predicted",
                      p.unreadable, p.asked);
    for (int64_t i = 0; i < p.room && p.inputs; i++) nnrt_input_free(&p.inputs[i]);
    free(p.inputs);
    free(p.outputs);
    free(p.answers);
    return status;
}
