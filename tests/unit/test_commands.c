// The commands of a compiled program, from the command line to files and exit statuses.
#include "program.h"

#include <jansson.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "../../runtime/formats/npy.h"

static json_t *last_json(void) {
    json_error_t error;
    char *line = program_out + strlen(program_out);
    while (line > program_out && (line[-1] != '\n' || !line[0])) line--;
    json_t *json = json_loads(line, 0, &error);
    if (!json) fail_msg("no JSON: %s\n%s", error.text, program_out);
    return json;
}

static double number(const json_t *json, const char *name) {
    const json_t *value = json_object_get(json, name);
    if (!json_is_number(value)) fail_msg("no number `%s`", name);
    return json_number_value(value);
}

static int exists(const char *path) {
    return access(path, F_OK) == 0;
}

static int same_files(const char *a, const char *b) {
    static char first[1 << 16], second[1 << 16];
    memset(first, 0, sizeof first); // behind the shorter files of before
    memset(second, 0, sizeof second);
    read_text(a, first, sizeof first);
    read_text(b, second, sizeof second);
    return memcmp(first, second, sizeof first) == 0;
}

static void fits_and_evaluates(void **state) {
    (void)state;
    run_program(0, "fit --seed 1 --json");
    json_t *json = last_json();
    assert_int_equal(json_array_size(json_object_get(json, "losses")), 5);
    assert_true(number(json_object_get(json, "metrics"), "accuracy") > 0.9);
    assert_true(number(json_object_get(json, "metrics"), "val_loss") < 0.5);
    assert_true(number(json_object_get(json, "test"), "accuracy") > 0.9);
    assert_true(number(json, "samples_per_second") > 0);
    assert_true(number(json, "seconds") > 0);
    json_decref(json);
    assert_true(exists("blobs.safetensors"));

    run_program(0, "evaluate --json");
    json = last_json();
    assert_true(number(json, "accuracy") > 0.9);
    assert_int_equal(json_array_size(json_object_get(json, "confusion")), CLASSES);
    const json_t *classes = json_object_get(json, "per_class");
    assert_true(number(json_array_get(classes, 2), "recall") > 0.8);
    double samples = 0;
    for (size_t i = 0; i < CLASSES; i++) samples += number(json_array_get(classes, i), "samples");
    assert_int_equal((int)samples, (int)number(json, "samples"));
    json_decref(json);
    run_program(0, "evaluate");
    says("right, above");
}

static void shows_progress(void **state) {
    (void)state;
    run_program(0, "--epochs 2 --save w");
    says("Epoch 2/2 - ");
    says("s - loss: ");
    says(" - val_accuracy: ");
    says("test - loss: ");
    says("weights saved to w");
    run_program(0, "fit --epochs 2 --save w --progress=bar");
    says("Epoch 1/2\n");
    says("10/10 [==============================] - 0s");
    says("/step - loss: ");
    run_program(0, "fit --epochs 2 --save w --progress=json");
    says("{\"epoch\": 1, \"epochs\": 2, ");
    run_program(0, "fit --epochs 2 --save w --progress=none");
    assert_string_equal(program_out, "");
}

static void says_what_it_takes(void **state) {
    (void)state;
    run_program(0, "predict --help");
    says("x: [2], or several samples: [n, 2]");
    run_program(0, "info");
    says("input      x: [2]");
    run_program(0, "info --json");
    says("\"inputs\": [{\"name\": \"x\", \"shape\": [2]}]");
}

static void writes_logs(void **state) {
    char text[4096];
    (void)state;
    run_program(0, "fit --epochs 2 --steps 12 --save w --step-log steps --history history");
    read_text("steps", text, sizeof text);
    assert_memory_equal(text, "step,loss\n1,", 12);
    assert_non_null(strstr(text, "\n12,"));
    assert_null(strstr(text, "\n13,"));
    read_text("history", text, sizeof text);
    const char *head = "epoch,accuracy,loss,val_accuracy,val_loss\n1,";
    assert_memory_equal(text, head, strlen(head));
    assert_non_null(strstr(text, "\n2,"));
}

static void threads_change_no_bit(void **state) {
    (void)state;
    run_program(0, "fit --seed 7 --threads 1 --save one --step-log log1");
    run_program(0, "fit --seed 7 --threads 2 --save two --step-log log2");
    run_program(0, "fit --seed 7 --threads 4 --save four --step-log log4");
    assert_true(same_files("one", "two"));
    assert_true(same_files("one", "four"));
    assert_true(same_files("log1", "log2"));
    assert_true(same_files("log1", "log4"));
    run_program(0, "fit --seed 8 --save two");
    assert_false(same_files("one", "two"));
    run_program(0, "fit --seed 7 --no-shuffle --save two");
    assert_false(same_files("one", "two"));
}

static void goes_on_from_weights(void **state) {
    (void)state;
    run_program(0, "init --seed 3 --save start");
    run_program(0, "fit --seed 3 --epochs 1 --save direct");
    run_program(0, "fit --seed 3 --epochs 1 --weights start --save from");
    assert_true(same_files("direct", "from"));
    run_program(0, "fit --weights from --batch 7 --learning-rate 0.001 --save more");
    run_program(2, "fit --batch 33 --save other");
    says("--batch 33");
    run_program(1, "evaluate --weights missing");
    says("missing");
    run_program(1, "fit --weights missing");
    assert_false(exists("other"));
}

static void stops_when_not_finite(void **state) {
    char text[4096];
    (void)state;
    run_program(0, "init --save kept");
    run_program(0, "init --save before");
    run_program(4, "fit --learning-rate 1e30 --save kept --step-log steps");
    says("--learning-rate");
    says("epoch 1, step");
    assert_true(same_files("kept", "before"));
    read_text("steps", text, sizeof text);
    assert_true(strstr(text, ",nan\n") || strstr(text, ",inf\n"));
}

static void saves_when_interrupted(void **state) {
    static const int signals[] = {SIGINT, SIGTERM};
    (void)state;
    for (int i = 0; i < 2; i++) {
        unlink("stopped");
        pid_t child = start_program(&program, "fit --epochs 1000000000 --progress=none --save "
                                              "stopped --history history");
        usleep(200000);
        assert_int_equal(kill(child, signals[i]), 0);
        assert_int_equal(end_program(child), 3);
        says("interrupted after step");
        run_program(0, "evaluate --weights stopped --json");
        json_t *json = last_json();
        assert_true(number(json, "accuracy") > 0.9);
        json_decref(json);
    }
}

static void refuses_unwritable_output(void **state) {
    (void)state;
    run_program(1, "fit --save missing/folder/w");
    says("missing/folder/w");
    run_program(1, "fit --save w2 --step-log /dev/full");
    says("/dev/full");
    assert_false(exists("w2"));
    run_program(1, "fit --save /dev/full");
    says("/dev/full");
    run_program(1, "fit --save .");
    run_program(1, "init --save /dev/full");
}

static void leaves_links_and_devices(void **state) {
    struct stat status;
    char text[4096];
    (void)state;
    assert_int_equal(symlink("real", "link"), 0);
    run_program(0, "init --save real");
    run_program(0, "init --seed 2 --save link");
    assert_int_equal(lstat("link", &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    run_program(0, "init --seed 2 --save other");
    assert_true(same_files("real", "other"));

    assert_int_equal(lstat("/dev/stdout", &status), 0);
    mode_t before = status.st_mode;
    run_program(0, "fit --steps 2 --progress=none --save w --step-log /dev/stdout");
    assert_int_equal(lstat("/dev/stdout", &status), 0);
    assert_int_equal(status.st_mode, before);
    assert_memory_equal(read_text("out", text, sizeof text), "step,loss\n1,", 12);
}

static void keeps_old_weights_on_a_full_disk(void **state) {
    struct rlimit old, small;
    (void)state;
    run_program(0, "init --save kept");
    run_program(0, "init --save before");
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 300; // room for the message, not for the weights
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    int status = end_program(start_program(&program, "fit --progress=none --save kept"));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(status, 1);
    says("`kept`");
    assert_true(same_files("kept", "before"));
    assert_int_equal(system("test -z \"$(ls -A | grep '^[.]')\""), 0);
}

static void predicts_rows_in_order(void **state) {
    static const float points[] = {-7, 3, 5, -2, 1, 0};
    static const int64_t many[] = {3, INPUTS}, one[] = {INPUTS}, wrong[] = {2, 3};
    char text[4096];
    (void)state;
    assert_int_equal(nnrt_npy_write("three.npy", 2, many, points), 0);
    assert_int_equal(nnrt_npy_write("one.npy", 1, one, points), 0);
    assert_int_equal(nnrt_npy_write("wrong.npy", 2, wrong, points), 0);
    run_program(0, "fit --seed 1 --progress=none --save w");
    run_program(0, "predict --weights w three.npy one.npy");
    says("three.npy[0]: ");
    says("one.npy: ");
    run_program(0, "predict --weights w --json one.npy");
    json_t *json = last_json();
    assert_int_equal(json_array_size(json_object_get(json, "outputs")), CLASSES);
    assert_true(number(json, "probability") > 1.0 / 3);
    assert_true(number(json, "index") < CLASSES);
    json_decref(json);
    run_program(0, "predict --weights w --csv three.npy one.npy");
    says("input,row,class,probability,left,\"right, above\",right below\n");
    says("three.npy,2,");
    run_program(0, "predict --weights w --npy out.npy three.npy one.npy");
    assert_non_null(strstr(read_text("out.npy", text, sizeof text) + 10, "(4, 3)"));
    run_program(1, "predict --weights w three.npy wrong.npy");
    says("wrong.npy");
    says("[2, 3]");
    says("three.npy[2]: "); // the others are predicted
    run_program(1, "predict --weights w missing.npy");
    run_program(1, "predict --weights none three.npy");
}

static void measures(void **state) {
    (void)state;
    run_program(0, "bench --seconds 0.2 --json --threads 2");
    json_t *json = last_json();
    assert_true(number(json, "train_samples_per_second") > 1000);
    const json_t *predict = json_object_get(json, "predict1_us");
    assert_true(number(predict, "median") > 0);
    assert_true(number(predict, "p99") >= number(predict, "median"));
    json_decref(json);
    run_program(0, "bench --seconds 0.1");
    says("samples/s");
}

// Shares of the rows, of waiting and of what is between steps add up to the whole.
static void check_profile(const json_t *profile, const char *function, size_t groups) {
    const json_t *rows = json_object_get(profile, "groups");
    double whole = number(profile, "seconds"), sum = number(profile, "waiting_seconds");
    assert_string_equal(json_string_value(json_object_get(profile, "function")), function);
    assert_int_equal(json_array_size(rows), groups);
    sum += number(profile, "between_seconds");
    for (size_t i = 0; i < groups; i++) {
        const json_t *row = json_array_get(rows, i);
        assert_true(number(row, "flops") >= number(profile, "samples"));
        assert_true(fabs(number(row, "share") - number(row, "seconds") / whole) < 1e-9);
        sum += number(row, "seconds");
    }
    assert_true(whole > 0 && fabs(sum - whole) < 1e-6 * whole);
}

static void profiles(void **state) {
    (void)state;
    run_program(0, "bench --profile --seconds 0.3 --json --threads 2");
    json_t *json = last_json();
    const json_t *both = json_object_get(json, "profile");
    assert_int_equal(json_array_size(both), 2);
    check_profile(json_array_get(both, 0), "train", 3);
    check_profile(json_array_get(both, 1), "predict_one", 1);
    json_decref(json);
    run_program(0, "fit --profile --json --epochs 2 --save w");
    json = last_json();
    const json_t *training = json_array_get(json_object_get(json, "profile"), 0);
    check_profile(training, "train", 3);
    assert_true(number(training, "steps") == number(json, "steps"));
    assert_true(number(training, "samples") == number(json, "samples"));
    json_decref(json);
    run_program(0, "fit --profile --epochs 1 --save w");
    says("profile of training: ");
    says("dense: matmul + \"softmax\"");
    says("waiting at barriers");
    run_program(2, "evaluate --profile");
    says("`--profile` is an option of `fit`");
}

static void measures_without_data(void **state) {
    static const nnrt_option files[] = {{.name = "x", .text = "nowhere.npy", .number = NAN},
                                        {.name = "target", .text = "y.npy", .number = NAN}};
    nnrt_call source = call_make(FAMILY_SOURCES, "npy", files, 2);
    nnrt_dataset dataset = program_dataset;
    nnrt_program other = program;
    (void)state;
    dataset.stages = &source;
    dataset.stage_count = 1;
    other.datasets = &dataset;
    run_variant(&other, 0, "bench --seconds 0.1");
    says("made-up data");
    run_variant(&other, 1, "fit");
    says("nowhere.npy");
    run_variant(&other, 0, "info");
    says("missing");
}

static void tells_about_itself(void **state) {
    (void)state;
    run_program(0, "info --json");
    json_t *json = last_json();
    assert_int_equal((int)number(json, "params"), 9);
    assert_string_equal(json_string_value(json_object_get(json, "model")), "net");
    json_decref(json);
    run_program(0, "info");
    says("blobs.nn");
    run_program(0, "--help");
    says("predict INPUT...");
    run_program(0, "help fit");
    says("--learning-rate X");
}

static void checks_program_and_cpu(void **state) {
    static const char *const features[] = {"sse3", "xop", "tbm", "fma4", "unheard-of", NULL};
    nnrt_program other = program;
    (void)state;
    other.cpu_features = features;
    run_variant(&other, 1, "init --save w"); // no CPU has AMD's old features and is recent
    says("xop");
    other = program;
    other.abi = NNRT_ABI + 1;
    run_variant(&other, 70, "init --save w");
    nnrt_dataset dataset = program_dataset;
    dataset.class_count = 4;
    other = program;
    other.datasets = &dataset;
    run_variant(&other, 1, "fit --save w");
    says("has changed");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fits_and_evaluates),
        cmocka_unit_test(shows_progress),
        cmocka_unit_test(says_what_it_takes),
        cmocka_unit_test(writes_logs),
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(goes_on_from_weights),
        cmocka_unit_test(stops_when_not_finite),
        cmocka_unit_test(saves_when_interrupted),
        cmocka_unit_test(refuses_unwritable_output),
        cmocka_unit_test(leaves_links_and_devices),
        cmocka_unit_test(keeps_old_weights_on_a_full_disk),
        cmocka_unit_test(predicts_rows_in_order),
        cmocka_unit_test(measures),
        cmocka_unit_test(profiles),
        cmocka_unit_test(measures_without_data),
        cmocka_unit_test(tells_about_itself),
        cmocka_unit_test(checks_program_and_cpu),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
