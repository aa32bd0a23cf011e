// `info`: what the program is, what it takes, and where its data are looked for.
#include "../command.h"

#include "../../base/call.h"
#include "../../base/text/json.h"
#include "../../files/paths/locate.h"
#include "../../files/paths/reads.h"
#include "../../formats/array.h"
#include "../../formats/weights/carried.h"
#include "../../formats/weights/safetensors.h"
#include "../../report/pictures/sample_files.h"
#include "../../session/callback.h"
#include "../../session/models.h"
#include "../../session/schedules/schedule.h"
#include "../../session/weights/initialize.h"
#include "../../session/weights/ranges.h"
#include "../inputs/input.h"
#include "info_checkpoint.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { PLACES_SIZE = 4096 };

typedef struct facts {
    const nnrt_session *session;
    const nnrt_model *model;
    const nnrt_training *training; // NULL: none
    int64_t parameters, trainable;
    nnrt_status data_status; // of looking at the data set; OK without one
    nnrt_data_info data;
    char places[PLACES_SIZE]; // one a line
} facts;

static void collect(facts *f, const nnrt_session *session) {
    const nnrt_program *program = session->program;
    f->session = session;
    f->training = nnrt_session_training(session);
    f->model = nnrt_session_model(session);
    f->parameters = nnrt_model_parameters(f->model);
    f->trainable = f->model->trainable;
    const nnrt_dataset *dataset = nnrt_session_dataset(session);
    nnrt_locate_places(dataset ? dataset->folder : program->source_folder, f->places, PLACES_SIZE);
    if (dataset)
        f->data_status =
            nnrt_data_inspect(dataset->stages, dataset->stage_count, dataset->folder, &f->data);
}

static const char *data_state(const facts *f) {
    return f->data_status == NNRT_OK             ? "found"
           : f->data_status == NNRT_DATA_MISSING ? "missing"
                                                 : "unusable";
}

// ---- Files: what was opened for the data, what `fit` would write.

typedef void put_file(void *state, const char *path);

static void each_write(const facts *f, put_file *put, void *state) {
    const nnrt_program *program = f->session->program;
    char folder[NNRT_SAMPLE_FOLDER];
    if (f->training) put(state, f->session->weights_path);
    if (nnrt_sample_files_any(program) && !nnrt_sample_files_folder(f->session, folder))
        put(state, folder);
    for (int64_t i = 0; i < program->training_count; i++)
        for (int64_t k = 0; k < program->trainings[i].callback_count; k++) {
            const char *path = nnrt_callback_path(&program->trainings[i].callbacks[k]);
            if (path) put(state, path);
        }
}

static void put_json_file(void *json, const char *path) {
    nnrt_json_string(json, NULL, path);
}

static void put_text_file(void *word, const char *path) {
    printf("%-10s %s\n", (const char *)word, path);
}

static void put_files(nnrt_json *json, const facts *f) {
    nnrt_json_open(json, "reads", '[');
    for (int64_t i = 0; i < nnrt_reads_count(); i++) put_json_file(json, nnrt_reads_path(i));
    nnrt_json_close(json, ']');
    nnrt_json_open(json, "writes", '[');
    each_write(f, put_json_file, json);
    nnrt_json_close(json, ']');
}

static void print_files(const facts *f) {
    char reads[] = "reads", writes[] = "writes";
    for (int64_t i = 0; i < nnrt_reads_count(); i++) put_text_file(reads, nnrt_reads_path(i));
    each_write(f, put_text_file, writes);
}

// ---- JSON.

static void put_strings(nnrt_json *json, const char *key, const char *const *list) {
    nnrt_json_open(json, key, '[');
    for (; list && *list; list++) nnrt_json_string(json, NULL, *list);
    nnrt_json_close(json, ']');
}

static void put_places(nnrt_json *json, const char *places) {
    nnrt_json_open(json, "searched", '[');
    while (*places) {
        char line[PLACES_SIZE];
        size_t length = strcspn(places, "\n");
        snprintf(line, sizeof line, "%.*s", (int)length, places);
        nnrt_json_string(json, NULL, line);
        places += length + (places[length] == '\n');
    }
    nnrt_json_close(json, ']');
}

static void put_dataset(nnrt_json *json, const facts *f) {
    const nnrt_dataset *dataset = nnrt_session_dataset(f->session);
    if (!dataset) return;
    nnrt_json_open(json, "dataset", '{');
    nnrt_json_string(json, "name", dataset->name);
    nnrt_json_string(json, "source", dataset->stages[0].name);
    nnrt_json_string(json, "state", data_state(f));
    if (f->data_status) nnrt_json_string(json, "problem", nnrt_error());
    put_places(json, f->places);
    nnrt_json_close(json, '}');
}

// The call's name, and its options by name.
static void put_call(nnrt_json *json, const char *key, const nnrt_call *call) {
    nnrt_json_open(json, key, '{');
    nnrt_json_string(json, "name", call->name);
    for (int64_t i = 0; i < call->option_count; i++) {
        const nnrt_option *option = &call->options[i];
        if (option->call) put_call(json, option->name, option->call);
        if (option->text && !option->call) nnrt_json_string(json, option->name, option->text);
        if (!isnan(option->number)) nnrt_json_number(json, option->name, option->number);
        if (!option->numbers) continue;
        nnrt_json_open(json, option->name, '[');
        for (int64_t k = 0; k < option->count; k++)
            nnrt_json_number(json, NULL, option->numbers[k]);
        nnrt_json_close(json, ']');
    }
    nnrt_json_close(json, '}');
}

static void put_learning_rate(nnrt_json *json, const nnrt_call *call) {
    if (nnrt_schedule_row_of(call)->is_number)
        nnrt_json_number(json, "learning_rate", nnrt_call_number_at(call, 0));
    else
        put_call(json, "learning_rate", call);
}

static void put_step(nnrt_json *json, const nnrt_train_step *step) {
    nnrt_json_string(json, "optimizer", step->optimizer.name);
    put_learning_rate(json, &step->learning_rate);
}

static void put_step_sizes(nnrt_json *json, const nnrt_train_step *step) {
    nnrt_json_integer(json, "trainable", step->trainable);
    nnrt_json_number(json, "flops_per_sample", step->train.flops);
}

static void put_steps(nnrt_json *json, const nnrt_training *training) {
    nnrt_json_open(json, "steps", '[');
    for (int64_t i = 0; i < training->step_count; i++) {
        const nnrt_train_step *step = &training->steps[i];
        nnrt_json_open(json, NULL, '{');
        nnrt_json_string(json, "name", step->name);
        put_step(json, step);
        nnrt_json_integer(json, "repeat", step->repeat);
        put_step_sizes(json, step);
        nnrt_json_close(json, '}');
    }
    nnrt_json_close(json, ']');
}

// What one step has stands in the training itself.
static void put_training(nnrt_json *json, const char *key, const nnrt_training *training) {
    const nnrt_loss *loss = nnrt_training_loss(training);
    nnrt_json_open(json, key, '{');
    nnrt_json_string(json, "loss", loss ? loss->name : NULL);
    if (training->step_count == 1)
        put_step(json, training->steps);
    else
        put_steps(json, training);
    nnrt_json_open(json, "metrics", '[');
    for (int64_t i = 0; i < training->loss_count; i++)
        for (int64_t k = 0; k < training->losses[i].metric_count; k++)
            nnrt_json_string(json, NULL, training->losses[i].metrics[k].name);
    nnrt_json_close(json, ']');
    nnrt_json_open(json, "callbacks", '[');
    for (int64_t i = 0; i < training->callback_count; i++)
        put_call(json, NULL, &training->callbacks[i]);
    nnrt_json_close(json, ']');
    if (training->samples.run) nnrt_json_integer(json, "samples", training->sample_count);
    nnrt_json_integer(json, "epochs", training->epochs);
    nnrt_json_integer(json, "batch", training->batch);
    nnrt_json_string(json, "precision", training->precision);
    if (training->step_count == 1) put_step_sizes(json, training->steps);
    nnrt_json_close(json, '}');
}

static void put_value(nnrt_json *json, const char *name, int64_t rank, const int64_t *shape) {
    nnrt_json_open(json, NULL, '{');
    nnrt_json_string(json, "name", name);
    nnrt_json_open(json, "shape", '[');
    for (int64_t i = 0; i < rank; i++) nnrt_json_integer(json, NULL, shape[i]);
    nnrt_json_close(json, ']');
    nnrt_json_close(json, '}');
}

static void put_inputs(nnrt_json *json, const nnrt_function *function) {
    nnrt_json_open(json, "inputs", '[');
    for (int64_t i = 0; i < function->input_count; i++) {
        const nnrt_column *column = &function->columns[i];
        put_value(json, column->name, column->rank, column->shape);
    }
    nnrt_json_close(json, ']');
}

static void put_outputs(nnrt_json *json, const nnrt_function *function) {
    nnrt_json_open(json, "outputs", '[');
    for (int64_t i = 0; i < function->output_count; i++) {
        const nnrt_output *output = &function->outputs[i];
        put_value(json, output->name, output->rank, output->shape);
    }
    nnrt_json_close(json, ']');
}

// Where there are several.
static void put_models(nnrt_json *json, const nnrt_program *program) {
    if (program->model_count == 1) return;
    nnrt_json_string(json, "main_model", program->models[program->main_model].name);
    nnrt_json_open(json, "models", '[');
    for (int64_t i = 0; i < program->model_count; i++) {
        const nnrt_model *model = &program->models[i];
        nnrt_json_open(json, NULL, '{');
        nnrt_json_string(json, "name", model->name);
        nnrt_json_integer(json, "params", nnrt_model_parameters(model));
        nnrt_json_integer(json, "trainable", model->trainable);
        put_inputs(json, &model->predict);
        put_outputs(json, &model->predict);
        nnrt_json_close(json, '}');
    }
    nnrt_json_close(json, ']');
}

// Of predictions in int8: by parameter, what it is multiplied by, as far as the weights say it.
static void put_ranges(nnrt_json *json, const facts *f) {
    const nnrt_program *program = f->session->program;
    nnrt_json_string(json, "predict", f->model->range_count ? "int8" : "float32");
    if (!f->model->range_count) return;
    nnrt_json_open(json, "ranges", '{');
    for (int64_t i = 0; i < f->model->range_count && f->session->has_ranges; i++) {
        int64_t parameter = f->model->ranges[i].parameter;
        const float *range = nnrt_ranges_of(f->session, parameter);
        nnrt_json_open(json, program->parameters[parameter].name, '[');
        nnrt_json_float(json, NULL, range[0]);
        nnrt_json_float(json, NULL, range[1]);
        nnrt_json_close(json, ']');
    }
    nnrt_json_close(json, '}');
}

static void print_ranges(const facts *f) {
    const nnrt_program *program = f->session->program;
    if (!f->model->range_count) return;
    printf("predicts   in int8, %" PRId64 " products%s\n", f->model->range_count,
           f->session->has_ranges ? "" : "; the weights have no ranges yet");
    for (int64_t i = 0; i < f->model->range_count && f->session->has_ranges; i++) {
        int64_t parameter = f->model->ranges[i].parameter;
        const float *range = nnrt_ranges_of(f->session, parameter);
        printf("           %s is multiplied by %g to %g\n", program->parameters[parameter].name,
               (double)range[0], (double)range[1]);
    }
}

static void put_carried(nnrt_json *json) {
    nnrt_carried carried = nnrt_carried_weights();
    if (!carried.bytes) return;
    nnrt_json_open(json, "carried", '{');
    nnrt_json_string(json, "file", carried.name);
    nnrt_json_integer(json, "bytes", carried.size);
    nnrt_json_close(json, '}');
}

static void print_json(const facts *f) {
    const nnrt_program *program = f->session->program;
    nnrt_json json = {0};
    nnrt_json_open(&json, NULL, '{');
    nnrt_json_string(&json, "program", program->source_path);
    nnrt_json_string(&json, "model", f->model->name);
    nnrt_json_string(&json, "compiler", program->compiler_version);
    nnrt_json_string(&json, "cpu", program->target_cpu);
    put_strings(&json, "cpu_features", program->cpu_features);
    nnrt_json_integer(&json, "params", f->parameters);
    nnrt_json_integer(&json, "trainable", f->trainable);
    nnrt_json_integer(&json, "weight_bytes", f->model->weight_bytes);
    nnrt_json_integer(&json, "gradient_bytes", f->model->gradient_bytes);
    nnrt_json_integer(&json, "optimizer_bytes", f->model->optimizer_bytes);
    nnrt_json_integer(&json, "activation_bytes", f->model->activation_bytes);
    put_inputs(&json, &f->model->predict);
    if (f->model->predict.output_count > 1) put_outputs(&json, &f->model->predict);
    put_models(&json, program);
    nnrt_json_string(&json, "weights", f->session->weights_path);
    put_carried(&json);
    put_ranges(&json, f);
    if (f->training) put_training(&json, "training", f->training); // the last one
    nnrt_json_open(&json, "trainings", '[');
    for (int64_t i = 0; i < program->training_count; i++)
        put_training(&json, NULL, &program->trainings[i]);
    nnrt_json_close(&json, ']');
    put_dataset(&json, f);
    put_files(&json, f);
    nnrt_json_close(&json, '}');
    nnrt_json_print(&json);
}

// ---- Text.

static void print_dataset(const facts *f) {
    const nnrt_dataset *dataset = nnrt_session_dataset(f->session);
    if (!dataset) return;
    printf("data       %s: %s (%s)\n", dataset->name, dataset->stages[0].name, data_state(f));
    if (f->data_status) printf("           %s\n", nnrt_error());
    printf("searched   ");
    for (const char *c = f->places; *c; c++) {
        putchar(*c);
        if (*c == '\n' && c[1]) printf("           ");
    }
    if (f->places[0] && f->places[strlen(f->places) - 1] != '\n') putchar('\n');
}

// "cosine(initial = 0.1, epochs = 90)": what is given.
static void print_call(const nnrt_call *call) {
    const char *separator = "(";
    printf("%s", call->name);
    for (int64_t i = 0; i < call->option_count; i++) {
        const nnrt_option *option = &call->options[i];
        if (!option->text && isnan(option->number) && !option->numbers) continue;
        printf("%s%s = ", separator, option->name);
        if (option->call) print_call(option->call);
        if (option->text && !option->call) printf("%s", option->text);
        if (!option->text && !option->numbers) printf("%g", option->number);
        for (int64_t k = 0; option->numbers && k < option->count; k++)
            printf("%s%g", k ? ", " : "[", option->numbers[k]);
        if (option->numbers) putchar(']');
        separator = ", ";
    }
    if (*separator == ',') putchar(')');
}

static void print_rate(const nnrt_call *rate) {
    if (nnrt_schedule_row_of(rate)->is_number)
        printf("%g", nnrt_call_number_at(rate, 0));
    else
        print_call(rate);
}

// "step judge" where there are several, or of one's own.
static void print_step(const nnrt_training *training, const nnrt_train_step *step) {
    const nnrt_loss *loss = nnrt_training_loss(training);
    if (loss)
        printf("training   %s", loss->name);
    else
        printf("training   step %s", step->name);
    printf(" with %s, learning rate ", step->optimizer.name);
    print_rate(&step->learning_rate);
    printf(", %" PRId64 " epochs, batch %" PRId64 ", %s, %" PRId64 " parameters\n",
           training->epochs, training->batch, training->precision, step->trainable);
}

static void print_training(const nnrt_training *training) {
    for (int64_t i = 0; i < training->step_count; i++) print_step(training, &training->steps[i]);
    if (training->samples.run)
        printf("           samples, %" PRId64 " pictures an epoch\n", training->sample_count);
    for (int64_t i = 0; i < training->callback_count; i++) {
        printf("           ");
        print_call(&training->callbacks[i]);
        putchar('\n');
    }
}

static void print_weights(const facts *f) {
    nnrt_carried carried = nnrt_carried_weights();
    if (carried.bytes)
        printf("weights    carried, from `%s`, %" PRId64 " bytes (unless told otherwise)\n",
               carried.name, carried.size);
    printf("%s %s (unless told otherwise)\n", carried.bytes ? "fit saves " : "weights   ",
           f->session->weights_path);
}

// "same [1]", with what stands between it and the one before.
static void print_value(const char *before, const char *name, int64_t rank, const int64_t *shape) {
    char text[NNRT_SHAPE_TEXT];
    nnrt_shape_text(text, rank, shape);
    printf("%s%s %s", before, name, text);
}

// Where there are several: which they are, and which is meant.
static void print_models(const nnrt_program *program) {
    if (program->model_count == 1) return;
    for (int64_t i = 0; i < program->model_count; i++) {
        const nnrt_model *model = &program->models[i];
        const nnrt_function *function = &model->predict;
        printf("%-10s %s: ", i ? "" : "models", model->name);
        for (int64_t k = 0; k < function->input_count; k++)
            print_value(k ? ", " : "", function->columns[k].name, function->columns[k].rank,
                        function->columns[k].shape);
        for (int64_t k = 0; k < function->output_count; k++)
            print_value(k ? ", " : " -> ", function->outputs[k].name, function->outputs[k].rank,
                        function->outputs[k].shape);
        printf(", %" PRId64 " parameters (%" PRId64 " trainable)\n", nnrt_model_parameters(model),
               model->trainable);
    }
    printf("           without `--model` it is %s\n", program->models[program->main_model].name);
}

static void print_outputs(const nnrt_function *function) {
    for (int64_t i = 0; i < function->output_count && function->output_count > 1; i++) {
        const nnrt_output *output = &function->outputs[i];
        print_value("output     ", output->name, output->rank, output->shape);
        putchar('\n');
    }
}

static void print_text(const facts *f) {
    const nnrt_program *program = f->session->program;
    printf("program    %s, model %s\n", program->source_path, f->model->name);
    print_models(program);
    printf("compiler   nnc %s for the CPU %s", program->compiler_version, program->target_cpu);
    for (const char *const *name = program->cpu_features; name && *name; name++)
        printf("%s%s", name == program->cpu_features ? ": " : " ", *name);
    printf("\nparameters %" PRId64 " (%" PRId64 " trainable)\n", f->parameters, f->trainable);
    printf("memory     weights %" PRId64 ", gradients %" PRId64 ", optimizer %" PRId64
           ", activations %" PRId64 " bytes\n",
           f->model->weight_bytes, f->model->gradient_bytes, f->model->optimizer_bytes,
           f->model->activation_bytes);
    for (int64_t i = 0; i < f->model->predict.input_count; i++) {
        char text[NNRT_INPUT_TEXT];
        nnrt_input_describe(&f->model->predict.columns[i], text);
        printf("input      %s\n", text);
    }
    print_outputs(&f->model->predict);
    print_weights(f);
    print_ranges(f);
    for (int64_t i = 0; i < program->training_count; i++) print_training(&program->trainings[i]);
    print_dataset(f);
    print_files(f);
}

// Of the weights that `predict` would read, if they are there.
static nnrt_status read_ranges(nnrt_session *session) {
    char path[PATH_MAX];
    if (!nnrt_ranges_are_used(session->program)) return NNRT_OK;
    if (nnrt_session_weights_read(session, path)) return nnrt_ranges_read(session, path);
    return nnrt_carried_weights().bytes ? nnrt_ranges_read(session, NULL) : NNRT_OK;
}

nnrt_status nnrt_command_info(nnrt_session *session) {
    facts f = {0};
    const nnrt_options *options = session->options;
    if (options->checkpoint)
        return nnrt_info_checkpoint(options->checkpoint, options->called, options->json != 0);
    nnrt_status status = read_ranges(session);
    if (status) return status;
    collect(&f, session);
    if (session->options->json)
        print_json(&f);
    else
        print_text(&f);
    return NNRT_OK;
}
