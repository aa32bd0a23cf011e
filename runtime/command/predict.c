// `predict`: one row an input sample, in order. All inputs are read and computed before anything is
// printed; those that cannot be read are named first and have no row.
#include "../base/call.h"
#include "../formats/npy.h"
#include "../session/confusion.h"
#include "../session/steps.h"
#include "answer.h"
#include "command.h"
#include "input.h"
#include "operands.h"
#include "predicted_pictures.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double chunk_seconds = 0.1;
enum { RUNNERS_UP = 2 };

// How the outputs of a sample are read.
typedef enum reading {
    READ_NUMBERS,
    READ_CLASS,  // one of several
    READ_LABELS, // each of several by itself: yes or no
    READ_PLACES  // a class at each place
} reading;

typedef struct prediction {
    nnrt_session *session;
    const nnrt_output *output;
    nnrt_input *inputs; // of a model with several: one for each of its inputs, and `count` is 1
    const char *paths[NNRT_MAX_COLUMNS]; // of such a model
    const nnrt_function *function;       // of the input that is being computed
    int64_t count;                       // of inputs
    int64_t asked, unreadable;           // inputs, each line of standard input by itself
    int64_t rows;                        // of all of them
    int are_numbers;                     // the operands are the numbers of one sample
    reading reading;
    float *outputs; // [rows, output->size]
    int64_t done;   // rows of the inputs before this one
} prediction;

// ---- Computing.

static void after_step(void *argument, const nnrt_context *context) {
    const prediction *p = argument;
    const nnrt_output *output = p->function->outputs;
    size_t bytes = (size_t)p->output->size * sizeof(float);
    int64_t first, end;
    nnrt_own_samples(p->function, context, &first, &end);
    for (int64_t sample = first; sample < end; sample++)
        memcpy(p->outputs + (p->done + context->index[sample]) * p->output->size,
               context->arena + output->offset + sample * output->stride, bytes);
}

static nnrt_status run_input(prediction *p, const nnrt_input *input) {
    const nnrt_model *model = nnrt_session_model(p->session);
    int64_t steps = nnrt_step_count(input->rows, model->predict_batch);
    uint32_t *rows = malloc((size_t)input->rows * sizeof *rows);
    double *losses = calloc((size_t)steps, sizeof *losses);
    nnrt_pace pace;
    nnrt_turn turn;
    int workers = nnrt_team_size(p->session->team);
    p->function = input->rows == 1 ? &model->predict_one : &model->predict;
    if (workers > p->function->threads) workers = (int)p->function->threads;
    nnrt_pace_start(&pace, workers < 1 ? 1 : workers);
    nnrt_pass pass = {.team = p->session->team,
                      .pace = &pace,
                      .rows = rows,
                      .count = input->rows,
                      .batch = model->predict_batch,
                      .losses = losses,
                      .steps = steps,
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
    for (int64_t i = 0; dataset && i < dataset->stage_count; i++)
        if (nnrt_call_is(&dataset->stages[i], "resize")) return 1;
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
    p->inputs = calloc((size_t)options->input_count, sizeof *p->inputs);
    if (!p->inputs)
        return nnrt_fail_memory("the inputs", (size_t)options->input_count * sizeof *p->inputs);
    nnrt_status status = read_each(p);
    if (status) return status;
    if (!p->count) return nnrt_fail(NNRT_ERROR, "none of the inputs can be read");
    size_t bytes;
    if (__builtin_mul_overflow((size_t)p->rows, (size_t)p->output->size * sizeof(float), &bytes) ||
        !(p->outputs = malloc(bytes)))
        return nnrt_fail_memory("the predictions", bytes);
    return NNRT_OK;
}

// ---- Reading the outputs.

static int64_t best_class(const prediction *p, const float *outputs) {
    return p->output->size == 1 ? outputs[0] > 0.5f : nnrt_view_argmax(outputs, p->output->size);
}

// The output that stands for a class; that of "no" is what a single unit leaves over.
static float class_value(const prediction *p, const float *outputs, int64_t class_index) {
    if (p->output->size > 1) return outputs[class_index];
    return class_index ? outputs[0] : 1 - outputs[0];
}

static const char *class_name(const prediction *p, int64_t index, char number[32]) {
    const nnrt_dataset *dataset = nnrt_session_dataset(p->session);
    int is_named = dataset && index < dataset->class_count;
    return nnrt_class_name(is_named ? dataset->classes : NULL, index, number);
}

// ---- Printing.

typedef void print_row(const prediction *p, const nnrt_input *input, int64_t row,
                       const float *outputs);

static void print_runners_up(const prediction *p, const float *outputs, int64_t best) {
    int64_t taken[RUNNERS_UP + 1] = {best};
    int count = p->output->size - 1 < RUNNERS_UP ? (int)p->output->size - 1 : RUNNERS_UP;
    char number[32];
    for (int i = 1; i <= count; i++) {
        int64_t next = -1;
        for (int64_t c = 0; c < p->output->size; c++) {
            int used = 0;
            for (int j = 0; j < i; j++) used |= taken[j] == c;
            if (!used && (next < 0 || outputs[c] > outputs[next])) next = c;
        }
        taken[i] = next;
        printf("%s%s %.4f", i == 1 ? "  (" : ", ", class_name(p, next, number),
               (double)outputs[next]);
    }
    if (count > 0) putchar(')');
}

static void print_class(const prediction *p, const float *outputs) {
    char number[32];
    int64_t best = best_class(p, outputs);
    printf(" %s %.4f", class_name(p, best, number), (double)class_value(p, outputs, best));
    print_runners_up(p, outputs, best);
}

static int is_label(const float *outputs, int64_t label) {
    return outputs[label] > 0.5f;
}

// Those that are there, then the others.
static void print_labels(const prediction *p, const float *outputs) {
    char number[32];
    int64_t yes = 0, no = 0;
    for (int64_t i = 0; i < p->output->size; i++)
        if (is_label(outputs, i))
            printf("%s %s %.4f", yes++ ? "," : "", class_name(p, i, number), (double)outputs[i]);
    if (!yes) printf(" none");
    for (int64_t i = 0; i < p->output->size; i++)
        if (!is_label(outputs, i))
            printf("%s%s %.4f", no++ ? ", " : "  (", class_name(p, i, number), (double)outputs[i]);
    if (no) putchar(')');
}

// The share of the places that each class has; those without any are left out.
static void print_places(const prediction *p, const float *outputs) {
    char number[32];
    int64_t classes = nnrt_answer_classes(p->output), places = nnrt_answer_places(p->output);
    for (int64_t c = 0, seen = 0; c < classes; c++) {
        int64_t count = nnrt_answer_count(p->output, outputs, c);
        if (count == 0) continue;
        printf("%s %s %.4f", seen++ ? "," : "", class_name(p, c, number),
               (double)count / (double)places);
    }
}

static void print_text(const prediction *p, const nnrt_input *input, int64_t row,
                       const float *outputs) {
    char number[NNRT_JSON_NUMBER];
    printf(input->is_single ? "%s:" : "%s[%" PRId64 "]:", input->path, row);
    switch (p->reading) {
    case READ_CLASS: print_class(p, outputs); break;
    case READ_LABELS: print_labels(p, outputs); break;
    case READ_PLACES: print_places(p, outputs); break;
    case READ_NUMBERS:
        for (int64_t i = 0; i < p->output->size; i++) {
            nnrt_float_text(number, outputs[i]);
            printf(" %s", number);
        }
    }
    putchar('\n');
}

static void json_labels(const prediction *p, nnrt_json *json, const float *outputs) {
    char number[32];
    nnrt_json_open(json, "classes", '[');
    for (int64_t i = 0; i < p->output->size; i++) {
        if (!is_label(outputs, i)) continue;
        nnrt_json_open(json, NULL, '{');
        nnrt_json_string(json, "class", class_name(p, i, number));
        nnrt_json_integer(json, "index", i);
        nnrt_json_float(json, "probability", outputs[i]);
        nnrt_json_close(json, '}');
    }
    nnrt_json_close(json, ']');
}

// Lists of lists, as deep as there are dimensions of places.
static void json_map(const nnrt_output *output, nnrt_json *json, int64_t dimension, int64_t first,
                     int64_t count, const float *outputs) {
    int64_t extent = output->shape[dimension];
    nnrt_json_open(json, dimension ? NULL : "classes", '[');
    for (int64_t i = 0; i < extent; i++) {
        int64_t place = first + i * (count / extent);
        if (dimension + 2 < output->rank)
            json_map(output, json, dimension + 1, place, count / extent, outputs);
        else
            nnrt_json_integer(json, NULL, nnrt_answer_class(output, outputs, place));
    }
    nnrt_json_close(json, ']');
}

static void json_class(const prediction *p, nnrt_json *json, const float *outputs) {
    char number[32];
    int64_t best = best_class(p, outputs);
    nnrt_json_string(json, "class", class_name(p, best, number));
    nnrt_json_integer(json, "index", best);
    nnrt_json_float(json, "probability", class_value(p, outputs, best));
}

static void print_json(const prediction *p, const nnrt_input *input, int64_t row,
                       const float *outputs) {
    nnrt_json json = {0};
    nnrt_json_open(&json, NULL, '{');
    nnrt_json_string(&json, "input", input->path);
    nnrt_json_integer(&json, "row", row);
    if (p->reading == READ_CLASS) json_class(p, &json, outputs);
    if (p->reading == READ_LABELS) json_labels(p, &json, outputs);
    if (p->reading == READ_PLACES) {
        json_map(p->output, &json, 0, 0, nnrt_answer_places(p->output), outputs);
    } else {
        nnrt_json_open(&json, "outputs", '[');
        for (int64_t i = 0; i < p->output->size; i++) nnrt_json_float(&json, NULL, outputs[i]);
        nnrt_json_close(&json, ']');
    }
    nnrt_json_close(&json, '}');
    nnrt_json_print(&json);
}

// RFC 4180: quoted where needed.
static int needs_quotes(const char *text) {
    return strpbrk(text, ",\"\r\n") != NULL;
}

static void print_quoted(const char *text) {
    for (; *text; text++) {
        if (*text == '"') putchar('"');
        putchar(*text);
    }
}

static void print_field(const char *text) {
    const char *quote = needs_quotes(text) ? "\"" : "";
    fputs(quote, stdout);
    print_quoted(text);
    fputs(quote, stdout);
}

// The columns of numbers: outputs, or the shares of classes among places.
static int64_t csv_columns(const prediction *p) {
    return p->reading == READ_PLACES ? nnrt_answer_classes(p->output) : p->output->size;
}

static void print_csv_header(const prediction *p) {
    static const char *const heads[] = {[READ_NUMBERS] = "input,row",
                                        [READ_CLASS] = "input,row,class,probability",
                                        [READ_LABELS] = "input,row,classes",
                                        [READ_PLACES] = "input,row"};
    char number[32];
    fputs(heads[p->reading], stdout);
    int is_named = p->reading != READ_NUMBERS && csv_columns(p) > 1;
    for (int64_t i = 0; i < csv_columns(p); i++) {
        putchar(',');
        if (is_named)
            print_field(class_name(p, i, number));
        else
            printf("output_%" PRId64, i);
    }
    putchar('\n');
}

static void csv_class(const prediction *p, const float *outputs) {
    char number[NNRT_JSON_NUMBER];
    int64_t best = best_class(p, outputs);
    putchar(',');
    print_field(class_name(p, best, number));
    nnrt_float_text(number, class_value(p, outputs, best));
    printf(",%s", number);
}

// "red;round"
static void csv_labels(const prediction *p, const float *outputs) {
    char number[32];
    const char *quote = "", *separator = "";
    for (int64_t i = 0; i < p->output->size; i++)
        if (is_label(outputs, i) && needs_quotes(class_name(p, i, number))) quote = "\"";
    printf(",%s", quote);
    for (int64_t i = 0; i < p->output->size; i++) {
        if (!is_label(outputs, i)) continue;
        fputs(separator, stdout);
        print_quoted(class_name(p, i, number));
        separator = ";";
    }
    fputs(quote, stdout);
}

static void print_csv(const prediction *p, const nnrt_input *input, int64_t row,
                      const float *outputs) {
    char number[NNRT_JSON_NUMBER];
    print_field(input->path);
    printf(",%" PRId64, row);
    if (p->reading == READ_CLASS) csv_class(p, outputs);
    if (p->reading == READ_LABELS) csv_labels(p, outputs);
    for (int64_t i = 0; i < csv_columns(p); i++) {
        float value = p->reading == READ_PLACES
                          ? (float)((double)nnrt_answer_count(p->output, outputs, i) /
                                    (double)nnrt_answer_places(p->output))
                          : outputs[i];
        nnrt_float_text(number, value);
        printf(",%s", number);
    }
    putchar('\n');
}

static nnrt_status write_array(const prediction *p, const char *path, int64_t rows,
                               const float *values) {
    int64_t shape[NNRT_MAX_RANK + 1] = {rows}, rank = p->output->rank;
    for (int64_t i = 0; i < rank; i++) shape[i + 1] = p->output->shape[i];
    return nnrt_npy_write(path, rank + 1, shape, values);
}

// Every row where its sample stands among those that were asked for.
static void spread_rows(const prediction *p, float *values) {
    const float *outputs = p->outputs;
    size_t bytes = (size_t)p->output->size * sizeof *values;
    for (int64_t i = 0; i < p->count; i++)
        for (int64_t row = 0; row < p->inputs[i].rows; row++, outputs += p->output->size) {
            int64_t number = p->inputs[i].first + nnrt_input_number(&p->inputs[i], row);
            memcpy(values + number * p->output->size, outputs, bytes);
        }
}

// What cannot be read has a row of nan, so that the others do not move.
static nnrt_status write_npy(const prediction *p, const char *path) {
    if (!p->unreadable) return write_array(p, path, p->rows, p->outputs);
    int64_t count;
    size_t bytes = SIZE_MAX;
    float *values = NULL;
    if (!__builtin_mul_overflow(p->asked, p->output->size, &count) &&
        !__builtin_mul_overflow((size_t)count, sizeof *values, &bytes))
        values = malloc(bytes);
    if (!values) return nnrt_fail_memory("the predictions", bytes);
    for (int64_t i = 0; i < count; i++) values[i] = NAN;
    spread_rows(p, values);
    nnrt_status status = write_array(p, path, p->asked, values);
    free(values);
    return status;
}

static nnrt_predicted pictures_of(const prediction *p) {
    return (nnrt_predicted){p->session, p->output, p->inputs, p->count, p->reading == READ_PLACES};
}

static nnrt_status check_pictures(const prediction *p) {
    const char *folder = p->session->options->png;
    nnrt_predicted predicted = pictures_of(p);
    return folder ? nnrt_predicted_check(&predicted, folder) : NNRT_OK;
}

static nnrt_status report(const prediction *p) {
    const nnrt_options *options = p->session->options;
    nnrt_predicted predicted = pictures_of(p);
    if (options->png) return nnrt_predicted_write(&predicted, options->png, p->outputs);
    if (options->npy) return write_npy(p, options->npy);
    print_row *print = options->json ? print_json : options->csv ? print_csv : print_text;
    if (options->csv) print_csv_header(p);
    const float *outputs = p->outputs;
    for (int64_t i = 0; i < p->count; i++)
        for (int64_t row = 0; row < p->inputs[i].rows; row++, outputs += p->output->size)
            print(p, &p->inputs[i], nnrt_input_number(&p->inputs[i], row), outputs);
    return NNRT_OK;
}

// ---- The command.

// The loss that the model was trained with last; NULL: none, or steps of its own.
static const nnrt_loss *own_loss(const nnrt_session *session) {
    const nnrt_program *program = session->program;
    for (int64_t i = program->training_count - 1; i >= 0; i--)
        if (program->trainings[i].model == session->model)
            return nnrt_training_loss(&program->trainings[i]);
    return NULL;
}

// Units that a loss compares with yes and no each are labels by themselves.
static reading choose_reading(const nnrt_session *session, const nnrt_output *output) {
    const nnrt_loss *loss = own_loss(session);
    int has_names =
        loss && nnrt_session_dataset(session) && nnrt_session_dataset(session)->class_count >= 2;
    int is_classifier = loss && loss->is_classifier;
    int is_binary = is_classifier && loss->unit_classes == 2;
    int is_single = nnrt_answer_places(output) == 1,
        is_unit = nnrt_answer_classes(output) == 2 && output->size == nnrt_answer_places(output);
    if (!is_single) return is_classifier && is_unit == is_binary ? READ_PLACES : READ_NUMBERS;
    if (!has_names && !is_classifier) return READ_NUMBERS;
    return is_binary && !is_unit ? READ_LABELS : READ_CLASS;
}

static nnrt_status check_operands(prediction *p, const nnrt_function *function) {
    const nnrt_options *options = p->session->options;
    if (function->input_count > 1)
        return nnrt_operands_find(function, options->inputs, options->input_count, p->paths);
    return nnrt_input_check(function->columns, options->inputs, options->input_count,
                            &p->are_numbers);
}

nnrt_status nnrt_command_predict(nnrt_session *session) {
    const nnrt_function *function = &nnrt_session_model(session)->predict;
    if (!function->output_count) return nnrt_fail(NNRT_BUG, "the model has no output");
    prediction p = {.session = session, .output = function->outputs};
    p.reading = choose_reading(session, p.output);
    nnrt_status status = check_operands(&p, function);
    if (!status) status = nnrt_session_load_trained(session, nnrt_session_model(session));
    if (!status) status = read_inputs(&p);
    if (!status) status = check_pictures(&p);
    for (int64_t i = 0; i < p.count && !status; i++) status = run_input(&p, &p.inputs[i]);
    if (!status) status = report(&p);
    if (!status && p.unreadable)
        status =
            nnrt_fail(NNRT_ERROR,
                      "%" PRId64 " of %" PRId64 " inputs cannot be read; the others are predicted",
                      p.unreadable, p.asked);
    for (int64_t i = 0; i < session->options->input_count && p.inputs; i++)
        nnrt_input_free(&p.inputs[i]);
    free(p.inputs);
    free(p.outputs);
    return status;
}
