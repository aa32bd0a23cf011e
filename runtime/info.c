// `info`: what the program is, what it takes, and where its data are looked for.
#include "command.h"

#include "initialize.h"
#include "json.h"
#include "locate.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PLACES_SIZE = 4096 };

typedef struct facts {
    const nnrt_session *session;
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
    for (int64_t i = 0; i < program->layer_count; i++) {
        f->parameters += program->layers[i].params;
        f->trainable += program->layers[i].trainable_params;
    }
    nnrt_locate_places(program->source_folder, f->places, PLACES_SIZE);
    if (program->dataset)
        f->data_status = nnrt_data_inspect(program->dataset->stages, program->dataset->stage_count,
                                           program->source_folder, &f->data);
}

static const char *data_state(const facts *f) {
    return f->data_status == NNRT_OK             ? "found"
           : f->data_status == NNRT_DATA_MISSING ? "missing"
                                                 : "unusable";
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
    const nnrt_dataset *dataset = f->session->program->dataset;
    if (!dataset) return;
    nnrt_json_open(json, "dataset", '{');
    nnrt_json_string(json, "name", dataset->name);
    nnrt_json_string(json, "source", dataset->stages[0].name);
    nnrt_json_string(json, "state", data_state(f));
    if (f->data_status) nnrt_json_string(json, "problem", nnrt_error());
    put_places(json, f->places);
    nnrt_json_close(json, '}');
}

static void put_training(nnrt_json *json, const nnrt_training *training) {
    if (!training) return;
    nnrt_json_open(json, "training", '{');
    nnrt_json_string(json, "loss", training->loss_name);
    nnrt_json_string(json, "optimizer", training->optimizer.name);
    nnrt_json_open(json, "metrics", '[');
    for (int64_t i = 0; i < training->metric_count; i++)
        nnrt_json_string(json, NULL, training->metrics[i].name);
    nnrt_json_close(json, ']');
    nnrt_json_integer(json, "epochs", training->epochs);
    nnrt_json_integer(json, "batch", training->batch);
    nnrt_json_number(json, "flops_per_sample", training->train.flops);
    nnrt_json_close(json, '}');
}

static void print_json(const facts *f) {
    const nnrt_program *program = f->session->program;
    nnrt_json json = {0};
    nnrt_json_open(&json, NULL, '{');
    nnrt_json_string(&json, "program", program->source_path);
    nnrt_json_string(&json, "model", program->model);
    nnrt_json_string(&json, "compiler", program->compiler_version);
    nnrt_json_string(&json, "cpu", program->target_cpu);
    put_strings(&json, "cpu_features", program->cpu_features);
    nnrt_json_integer(&json, "params", f->parameters);
    nnrt_json_integer(&json, "trainable", f->trainable);
    nnrt_json_integer(&json, "weight_bytes", program->weight_bytes);
    nnrt_json_integer(&json, "gradient_bytes", program->gradient_bytes);
    nnrt_json_integer(&json, "optimizer_bytes", program->optimizer_bytes);
    nnrt_json_integer(&json, "activation_bytes", program->activation_bytes);
    nnrt_json_string(&json, "weights", f->session->weights_path);
    put_training(&json, f->training);
    put_dataset(&json, f);
    nnrt_json_close(&json, '}');
    nnrt_json_print(&json);
}

// ---- Text.

static void print_dataset(const facts *f) {
    const nnrt_dataset *dataset = f->session->program->dataset;
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

static void print_text(const facts *f) {
    const nnrt_program *program = f->session->program;
    printf("program    %s, model %s\n", program->source_path, program->model);
    printf("compiler   nnc %s for the CPU %s", program->compiler_version, program->target_cpu);
    for (const char *const *name = program->cpu_features; name && *name; name++)
        printf("%s%s", name == program->cpu_features ? ": " : " ", *name);
    printf("\nparameters %" PRId64 " (%" PRId64 " trainable)\n", f->parameters, f->trainable);
    printf("memory     weights %" PRId64 ", gradients %" PRId64 ", optimizer %" PRId64
           ", activations %" PRId64 " bytes\n",
           program->weight_bytes, program->gradient_bytes, program->optimizer_bytes,
           program->activation_bytes);
    printf("weights    %s (unless told otherwise)\n", f->session->weights_path);
    if (f->training)
        printf("training   %s with %s, %" PRId64 " epochs, batch %" PRId64 "\n",
               f->training->loss_name, f->training->optimizer.name, f->training->epochs,
               f->training->batch);
    print_dataset(f);
}

nnrt_status nnrt_command_info(nnrt_session *session) {
    facts f = {0};
    collect(&f, session);
    if (session->options->json)
        print_json(&f);
    else
        print_text(&f);
    return NNRT_OK;
}
