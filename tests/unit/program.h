// A program as the compiler would make it, written by hand, for tests of the runtime without the
// compiler: softmax regression of three blobs in the plane, with momentum. Its kernel lies in
// panels of eight columns. Also: ways to run its commands and look at what they print. Each test
// program includes it once.
#ifndef NNC_TESTS_PROGRAM_H
#define NNC_TESTS_PROGRAM_H

#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../runtime/command/command.h"
#include "../common/calls.h"

enum {
    INPUTS = 2,
    CLASSES = 3,
    PANEL = 8,
    BATCH = 32,
    KERNEL = 0,            // place in the weights
    BIAS = INPUTS * PANEL, // likewise
    WEIGHTS = BIAS + PANEL,
    LOSSES = BATCH * PANEL // place in the arena, after the outputs
};

// Worker's share of `count` things.
static inline void share(const nnrt_context *c, int64_t count, int64_t *first, int64_t *end) {
    *first = count * c->thread / c->threads;
    *end = count * (c->thread + 1) / c->threads;
}

static inline const float *sample_of(const nnrt_context *c, int64_t row) {
    return (const float *)c->columns[0] + (int64_t)c->index[row] * INPUTS;
}

static inline int32_t label_of(const nnrt_context *c, int64_t row) {
    return ((const int32_t *)c->columns[1])[c->index[row]];
}

static inline void softmax(float *values) {
    float sum = 0, largest = fmaxf(values[0], fmaxf(values[1], values[2]));
    for (int k = 0; k < CLASSES; k++) sum += values[k] = expf(values[k] - largest);
    for (int k = 0; k < CLASSES; k++) values[k] /= sum;
}

static inline void program_forward(const nnrt_context *c) {
    int64_t first, end;
    share(c, c->rows, &first, &end);
    for (int64_t row = first; row < end; row++) {
        float *output = c->arena + row * PANEL;
        for (int k = 0; k < CLASSES; k++) {
            output[k] = c->weights[BIAS + k];
            for (int i = 0; i < INPUTS; i++)
                output[k] += sample_of(c, row)[i] * c->weights[KERNEL + i * PANEL + k];
        }
        softmax(output);
    }
    nnrt_barrier(c);
}

static inline void program_loss(const nnrt_context *c) {
    double sum = 0;
    if (c->thread) return;
    for (int64_t row = 0; row < c->rows; row++)
        sum -= log((double)c->arena[row * PANEL + label_of(c, row)]);
    *c->loss = sum / (double)c->rows;
}

static inline void program_update(const nnrt_context *c, int64_t place, float gradient) {
    float *velocity = &c->slots[place];
    *velocity = 0.9f * *velocity - (float)c->learning_rate * gradient / (float)c->rows;
    c->weights[place] += *velocity;
}

static inline void program_learn(const nnrt_context *c) {
    int64_t first, end;
    share(c, CLASSES, &first, &end);
    for (int64_t k = first; k < end; k++) {
        float gradients[INPUTS + 1] = {0};
        for (int64_t row = 0; row < c->rows; row++) {
            float error = c->arena[row * PANEL + k] - (label_of(c, row) == k);
            for (int i = 0; i < INPUTS; i++) gradients[i] += error * sample_of(c, row)[i];
            gradients[INPUTS] += error;
        }
        for (int i = 0; i < INPUTS; i++) program_update(c, KERNEL + i * PANEL + k, gradients[i]);
        program_update(c, BIAS + k, gradients[INPUTS]);
    }
}

static inline void program_train(const nnrt_context *c) {
    program_forward(c);
    program_loss(c);
    program_learn(c);
    nnrt_barrier(c);
}

static inline void program_train_profiled(const nnrt_context *c) {
    program_forward(c);
    nnrt_profile_mark(c, 0);
    program_loss(c);
    nnrt_profile_mark(c, 2);
    program_learn(c);
    nnrt_profile_mark(c, 4);
    nnrt_barrier(c);
    nnrt_profile_mark(c, 5);
}

static inline void program_forward_profiled(const nnrt_context *c) {
    program_forward(c);
    nnrt_profile_mark(c, 0);
}

static inline void program_evaluate(const nnrt_context *c) {
    program_forward(c);
    program_loss(c);
    nnrt_barrier(c);
}

// ---- The descriptor.

static const nnrt_option program_points[] = {
    {.name = "n", .number = 500}, {.name = "noise", .number = 0.6}, {.name = "seed", .number = 1}};
static const nnrt_option program_parts[] = {
    {.name = "test", .number = 0.2}, {.name = "validation", .number = 0.2}, {.name = "seed"}};
static nnrt_call program_stages[2]; // enter_folder makes them
static const char *const program_classes[] = {"left", "right, above", "right below"};
static const nnrt_dataset program_dataset = {.name = "points",
                                             .stages = program_stages,
                                             .stage_count = 2,
                                             .fingerprint = "",
                                             .classes = program_classes,
                                             .class_count = CLASSES};

static nnrt_parameter program_parameters[] = { // enter_folder sets their initializers
    {.name = "dense/kernel",
     .rank = 2,
     .shape = {INPUTS, CLASSES},
     .columns = CLASSES,
     .storage = {KERNEL, INPUTS *PANEL, PANEL, INPUTS *PANEL, PANEL, 1},
     .trainable = 1},
    {.name = "dense/bias",
     .rank = 1,
     .shape = {CLASSES},
     .columns = CLASSES,
     .storage = {BIAS, PANEL, PANEL, 0, PANEL, 1},
     .trainable = 1}};
static const nnrt_slot program_slots[] = {{"dense/kernel/momentum", 0, KERNEL, INPUTS *PANEL, 0, 0},
                                          {"dense/bias/momentum", 1, BIAS, PANEL, 0, 0}};
static const nnrt_output program_output = {"dense", 1, {CLASSES}, CLASSES, 0, PANEL, 0};
static const nnrt_layer program_layers[] = {{"dense", "dense", "(None, 3)", 9, 1, 0}};
static const nnrt_column program_columns[] = {{"x", "x", NNRT_F32, 1, {INPUTS}, INPUTS, 0},
                                              {"label", "label", NNRT_I32, 0, {0}, 1, 0}};
static const nnrt_option program_rate = {.name = "value", .number = 0.05};
static const nnrt_measure program_metrics[] = {{"accuracy", {"accuracy", 0, NULL, 0}, 0}};

static const nnrt_group program_groups[] = {
    {"dense: matmul + \"softmax\"",
     "contraction",
     "dense",
     1,
     0,
     0,
     18,
     0,
     20,
     36,
     {.full_lanes = 1}},
    {"log", "scalar", NULL, 2, 0, 0, 1, 0, 12, 4, {.full_lanes = 1}},
    {"dense: matmul_weights -> kernel",
     "contraction",
     "dense",
     1,
     0,
     0,
     18,
     36,
     20,
     72,
     {.full_lanes = 1}}};

#define PROGRAM_FUNCTION(function, profiled, group_number, column_number)                          \
    {.name = #function,                                                                            \
     .run = (function),                                                                            \
     .run_profiled = (profiled),                                                                   \
     .columns = program_columns,                                                                   \
     .column_count = (column_number),                                                              \
     .input_count = 1,                                                                             \
     .groups = program_groups,                                                                     \
     .group_count = (group_number),                                                                \
     .arena_size = LOSSES,                                                                         \
     .threads = 4,                                                                                 \
     .outputs = &program_output,                                                                   \
     .output_count = 1,                                                                            \
     .flops = 18}

static const nnrt_train_step program_step = {
    .name = "loss",
    .train = PROGRAM_FUNCTION(program_train, program_train_profiled, 3, 2),
    .evaluate = PROGRAM_FUNCTION(program_evaluate, NULL, 0, 2),
    .repeat = 1,
    .learning_rate = {"constant", 0, &program_rate, 1},
    .optimizer = {"sgd", 0, NULL, 0},
    .slots = program_slots,
    .slot_count = 2,
    .slots_size = WEIGHTS};
static const nnrt_loss program_losses[] = {{.name = "sparse_categorical_crossentropy",
                                            .target = 1,
                                            .is_classifier = 1,
                                            .classes = program_classes,
                                            .class_count = CLASSES,
                                            .mask = -1,
                                            .weight = -1,
                                            .metrics = program_metrics,
                                            .metric_count = 1}};

static const nnrt_training program_training = {.steps = &program_step,
                                               .step_count = 1,
                                               .losses = program_losses,
                                               .loss_count = 1,
                                               .epochs = 5,
                                               .batch = BATCH,
                                               .precision = "float32"};

static const nnrt_model program_model = {
    .training = 0,
    .name = "net",
    .layers = program_layers,
    .layer_count = 1,
    .predict = PROGRAM_FUNCTION(program_forward, NULL, 0, 1),
    .predict_one = PROGRAM_FUNCTION(program_forward, program_forward_profiled, 1, 1),
    .predict_batch = BATCH};

static const nnrt_program program = {.abi = NNRT_ABI,
                                     .compiler_version = "0",
                                     .source_path = "blobs.nn",
                                     .source_folder = ".",
                                     .source_text = "",
                                     .expanded_text = "dataset points = blobs(500)\n",
                                     .target_cpu = "x86-64",
                                     .models = &program_model,
                                     .model_count = 1,
                                     .parameters = program_parameters,
                                     .parameter_count = 2,
                                     .weights_size = WEIGHTS,
                                     .datasets = &program_dataset,
                                     .dataset_count = 1,
                                     .trainings = &program_training,
                                     .training_count = 1};

// ---- Running commands in a folder of this process's own.

static char program_out[1 << 16], program_err[1 << 16]; // of the last command

static inline int enter_folder(void **state) {
    program_parameters[0].initializer = call_make(FAMILY_INITIALIZERS, "glorot_uniform", NULL, 0);
    program_parameters[1].initializer = call_make(FAMILY_INITIALIZERS, "zeros", NULL, 0);
    program_stages[0] = call_make(FAMILY_SOURCES, "blobs", program_points, 3);
    program_stages[1] = call_make(FAMILY_TRANSFORMS, "split", program_parts, 3);
    static char folder[] = "/tmp/nnc-program-XXXXXX";
    (void)state;
    return !mkdtemp(folder) || chdir(folder) != 0;
}

static inline int leave_folder(void **state) {
    char folder[256], command[300];
    (void)state;
    if (!getcwd(folder, sizeof folder) || chdir("/") != 0) return 1;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static inline char *read_text(const char *path, char *text, size_t size) {
    FILE *file = fopen(path, "rb");
    size_t length = file ? fread(text, 1, size - 1, file) : 0;
    text[length] = 0;
    if (file) fclose(file);
    return text;
}

// Starts `blobs ARGUMENT...`, the arguments in one string, separated by blanks.
static inline pid_t start_program(const nnrt_program *which, const char *arguments) {
    static char words[1024];
    char *argv[32] = {(char *)"./blobs"};
    int argc = 1;
    snprintf(words, sizeof words, "%s", arguments);
    for (char *word = strtok(words, " "); word && argc < 31; word = strtok(NULL, " "))
        argv[argc++] = word;
    fflush(NULL);
    pid_t child = fork();
    if (child) return child;
    if (!freopen("out", "w", stdout) || !freopen("err", "w", stderr)) _exit(99);
    int status = nnrt_main(which, argc, argv);
    fflush(NULL);
    _exit(status);
}

static inline int end_program(pid_t child) {
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    read_text("out", program_out, sizeof program_out);
    read_text("err", program_err, sizeof program_err);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

// Fails the test with what the program said if its status is not the wanted one.
static inline void run_variant(const nnrt_program *which, int wanted, const char *arguments) {
    int status = end_program(start_program(which, arguments));
    if (status != wanted)
        fail_msg("`%s`: status %d, not %d\n%s%s", arguments, status, wanted, program_out,
                 program_err);
}

static inline void run_program(int wanted, const char *arguments) {
    run_variant(&program, wanted, arguments);
}

static inline void says(const char *text) {
    if (!strstr(program_out, text) && !strstr(program_err, text))
        fail_msg("does not say `%s`:\n%s%s", text, program_out, program_err);
}

#endif
