// Callbacks and schedules of a compiled program, beside what tests/run/callbacks.sh shows of them.
#include "program.h"

#include "../common/calls.h"

#include <jansson.h>
#include <sys/stat.h>

#define OPTION_COUNT(options) (sizeof(options) / sizeof *(options))

// The program with other callbacks and another learning rate.
typedef struct Variant {
    nnrt_train_step step;
    nnrt_training training;
    nnrt_program program;
} Variant;

static Variant variant_of(const nnrt_call *callback) {
    Variant variant = {program_step, program_training, program};
    variant.training.callbacks = callback;
    variant.training.callback_count = callback != NULL;
    return variant;
}

static void run_training(Variant *variant, int wanted, const char *arguments) {
    variant->training.steps = &variant->step;
    variant->program.trainings = &variant->training;
    run_variant(&variant->program, wanted, arguments);
}

static const nnrt_option stopping_options[] = {{.name = "monitor", .text = "val_loss"},
                                               {.name = "mode", .text = "min"},
                                               {.name = "restore_best_weights", .number = 1}};

static nnrt_call stopping(void) {
    return call_make(FAMILY_CALLBACKS, "early_stopping", stopping_options,
                     OPTION_COUNT(stopping_options));
}

// The data may have lost their validation part since the program was compiled.
static void needs_what_it_monitors(void **state) {
    (void)state;
    nnrt_call callback = stopping();
    Variant variant = variant_of(&callback);
    nnrt_dataset dataset = program_dataset;
    dataset.stage_count = 1;
    variant.program.datasets = &dataset;
    run_training(&variant, 1, "fit --save w");
    says("no validation part");
    assert_int_equal(access("w", F_OK), -1);
}

static void stops_early(void **state) {
    (void)state;
    nnrt_call callback = stopping();
    Variant variant = variant_of(&callback);
    run_training(&variant, 0, "fit --epochs 1000 --learning-rate 0.2 --save w");
    says(": early stopping\nRestoring model weights from the end of the best epoch: ");
    run_training(&variant, 0, "fit --epochs 1 --save w --json");
    says("\"stopped_early\": false, \"restored_epoch\": 1");
}

static void appends_to_logs(void **state) {
    static const nnrt_option options[] = {{.name = "path", .text = "log.csv"},
                                          {.name = "append", .number = 1}};
    nnrt_call callback = call_make(FAMILY_CALLBACKS, "csv_log", options, OPTION_COUNT(options));
    const char *head = "epoch,accuracy,loss,val_accuracy,val_loss\r\n1,";
    char text[4096];
    (void)state;
    Variant variant = variant_of(&callback);
    run_training(&variant, 0, "fit --epochs 2 --save w");
    run_training(&variant, 0, "fit --epochs 1 --save w");
    read_text("log.csv", text, sizeof text);
    assert_memory_equal(text, head, strlen(head));
    assert_null(strstr(text + 1, "epoch"));
    int lines = 0;
    for (const char *at = text; (at = strstr(at, "\r\n")); at++) lines++;
    assert_int_equal(lines, 4);
    run_training(&variant, 2, "fit --save log.csv");
    says("--save and csv_log name the same file");
}

// An object a line, as the epochs end; a file that is not appended to begins anew.
static void logs_objects(void **state) {
    static const nnrt_option options[] = {{.name = "path", .text = "log.jsonl"},
                                          {.name = "append", .number = 0}};
    nnrt_call callback = call_make(FAMILY_CALLBACKS, "json_log", options, OPTION_COUNT(options));
    char text[4096];
    (void)state;
    Variant variant = variant_of(&callback);
    for (int run = 0; run < 2; run++) run_training(&variant, 0, "fit --epochs 2 --save w");
    read_text("log.jsonl", text, sizeof text);
    char *second = strchr(text, '\n') + 1;
    for (int epoch = 1; epoch <= 2; epoch++) {
        json_t *json = json_loads(epoch == 1 ? text : second, JSON_DISABLE_EOF_CHECK, NULL);
        assert_int_equal(json_integer_value(json_object_get(json, "epoch")), epoch);
        assert_true(json_is_real(json_object_get(json, "val_accuracy")));
        assert_int_equal(json_object_size(json), 5);
        json_decref(json);
    }
    assert_string_equal(strchr(second, '\n'), "\n");
}

// Lists of all epochs, whole at any moment, also where the training ends early or fails.
static void keeps_a_history(void **state) {
    static const nnrt_option options[] = {{.name = "path", .text = "history.json"}};
    nnrt_call callback = call_make(FAMILY_CALLBACKS, "history", options, OPTION_COUNT(options));
    (void)state;
    Variant variant = variant_of(&callback);
    run_training(&variant, 0, "fit --epochs 400 --save w --history history.csv");
    json_t *json = json_load_file("history.json", 0, NULL);
    assert_int_equal(json_object_size(json), 5);
    assert_int_equal(json_array_size(json_object_get(json, "epoch")), 400);
    const json_t *losses = json_object_get(json, "val_loss");
    assert_int_equal(json_array_size(losses), 400);
    assert_true(json_number_value(json_array_get(losses, 399)) <
                json_number_value(json_array_get(losses, 0)));
    json_decref(json);
    run_training(&variant, 4, "fit --learning-rate 1e30 --save w");
    assert_int_equal(access("history.json", F_OK), 0);
    run_training(&variant, 2, "fit --save history.json");
    says("--save and history name the same file");
    assert_int_equal(unlink("history.json") | mkdir("history.json", 0777), 0);
    run_training(&variant, 1, "fit --epochs 1 --save w2");
    says("history.json");
    assert_int_equal(access("w2", F_OK), -1); // said before the training
    assert_int_equal(rmdir("history.json"), 0);
}

// The rate falls by a factor at a time, down to the lowest one.
static void lowers_the_rate(void **state) {
    static const nnrt_option options[] = {{.name = "monitor", .text = "loss"},
                                          {.name = "mode", .text = "max"},
                                          {.name = "factor", .number = 0.5},
                                          {.name = "patience", .number = 1},
                                          {.name = "min_learning_rate", .number = 0.02}};
    nnrt_call callback =
        call_make(FAMILY_CALLBACKS, "reduce_on_plateau", options, OPTION_COUNT(options));
    (void)state;
    Variant variant = variant_of(&callback);
    run_training(&variant, 0, "fit --epochs 5 --save w");
    says(" - learning_rate: 0.0500\n");
    says("Epoch 2: reduce_on_plateau reducing learning rate to 0.025.");
    says("Epoch 3: reduce_on_plateau reducing learning rate to 0.02.");
    assert_null(strstr(program_out, "Epoch 4: reduce"));
    says(" - learning_rate: 0.0200\n");
}

static void schedules_give_the_same_bits(void **state) {
    static const nnrt_option options[] = {{.name = "initial", .number = 0.1},
                                          {.name = "epochs", .number = 5},
                                          {.name = "steps", .number = NAN}};
    char one[1 << 14], four[1 << 14], constant[1 << 14];
    (void)state;
    Variant variant = variant_of(NULL);
    variant.step.learning_rate = call_make(FAMILY_SCHEDULES, "cosine", options, 3);
    run_training(&variant, 0, "fit --threads 1 --save w --step-log one");
    run_training(&variant, 0, "fit --threads 4 --save w --step-log four");
    run_program(0, "fit --learning-rate 0.1 --save w --step-log constant");
    assert_string_equal(read_text("one", one, sizeof one), read_text("four", four, sizeof four));
    read_text("constant", constant, sizeof constant);
    const char *end = strstr(constant, "\n3,"); // the first step has the first rate
    assert_non_null(end);
    assert_memory_equal(one, constant, end - constant);
    assert_string_not_equal(one, constant);
    run_training(&variant, 0, "info");
    says("learning rate cosine(initial = 0.1, epochs = 5, alpha = 0), 5 epochs");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(needs_what_it_monitors),
        cmocka_unit_test(stops_early),
        cmocka_unit_test(appends_to_logs),
        cmocka_unit_test(logs_objects),
        cmocka_unit_test(keeps_a_history),
        cmocka_unit_test(lowers_the_rate),
        cmocka_unit_test(schedules_give_the_same_bits),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
