// Weights files: layouts, round trips, files of other models, and broken files of all sorts, which
// must be refused with a message, never crash or load.
#include "program.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "../../runtime/formats/weights/safetensors.h"
#include "../../runtime/session/weights/weights.h"

static float weights[WEIGHTS];

static void save(const char *path) {
    nnrt_weights_info info = {.seed = 5, .epoch = 2, .step = 40, .has_statistics = 1};
    assert_int_equal(nnrt_weights_initialize(&program, 5, weights), NNRT_OK);
    if (nnrt_weights_save(path, &program, weights, &info)) fail_msg("%s", nnrt_error());
}

static void layouts_are_mapped(void **state) {
    static const float kernel[] = {1, 2, 3, 4, 5, 6}; // [2, 3]
    static const float wanted[] = {1, 2, 3, 0, 0, 0, 0, 0, 4, 5, 6, 0, 0, 0, 0, 0};
    nnrt_parameter wide = {
        .name = "k",
        .rank = 2,
        .shape = {INPUTS, CLASSES},
        .columns = CLASSES,
        .storage = {
            .offset = 1, .panel = 2, .panel_stride = 8, .row_stride = 2, .column_stride = 1}};
    float stored[WEIGHTS] = {0}, back[6];
    (void)state;
    nnrt_weights_put(&program_parameters[0], stored, kernel);
    assert_memory_equal(stored, wanted, sizeof wanted);
    nnrt_weights_get(&program_parameters[0], stored, back);
    assert_memory_equal(back, kernel, sizeof kernel);
    memset(stored, 0, sizeof stored);
    nnrt_weights_put(&wide, stored, kernel);
    static const float panels[] = {0, 1, 2, 4, 5, 0, 0, 0, 0, 3, 0, 6};
    assert_memory_equal(stored, panels, sizeof panels);
    nnrt_weights_get(&wide, stored, back);
    assert_memory_equal(back, kernel, sizeof kernel);
}

static void round_trip(void **state) {
    float loaded[WEIGHTS] = {0};
    nnrt_weights_info info;
    (void)state;
    save("w");
    assert_int_equal(nnrt_weights_load("w", &program, NULL, loaded, &info), NNRT_OK);
    assert_memory_equal(loaded, weights, sizeof weights);
    assert_true(info.seed == 5 && info.epoch == 2 && info.step == 40 && info.has_statistics);

    nnrt_safetensors file;
    assert_int_equal(nnrt_safetensors_open(&file, "w"), NNRT_OK);
    assert_int_equal(file.count, 2);
    assert_int_equal(file.data_start % 8, 0);
    assert_string_equal(nnrt_safetensors_metadata(&file, "model"), "net");
    assert_string_equal(nnrt_safetensors_metadata(&file, "program"), "blobs.nn");
    const nnrt_tensor *kernel = nnrt_safetensors_find(&file, "dense/kernel");
    assert_non_null(kernel);
    assert_true(kernel->rank == 2 && kernel->shape[0] == INPUTS && kernel->shape[1] == CLASSES);
    nnrt_safetensors_close(&file);
}

// ---- Files of other models.

static void load_variant(const nnrt_program *other, const char *word) {
    float loaded[64];
    nnrt_weights_info info;
    assert_int_equal(nnrt_weights_load("w", other, NULL, loaded, &info), NNRT_ERROR);
    if (!strstr(nnrt_error(), word)) fail_msg("no `%s` in: %s", word, nnrt_error());
    assert_non_null(strstr(nnrt_error(), "`w`"));
}

static void other_models_are_refused(void **state) {
    nnrt_parameter parameters[3] = {program_parameters[0], program_parameters[1],
                                    program_parameters[1]};
    nnrt_program other = program;
    (void)state;
    save("w");
    other.parameters = parameters;
    parameters[0].shape[0] = 4;
    load_variant(&other, "`dense/kernel` is [2, 3] in the file and [4, 3] in the model");
    assert_non_null(strstr(nnrt_error(), "saved by model `net` of `blobs.nn`"));
    parameters[0] = program_parameters[0];
    parameters[2].name = "dense_1/bias";
    other.parameter_count = 3;
    load_variant(&other, "`dense_1/bias` [3] is missing");
    other.parameter_count = 1;
    load_variant(&other, "`dense/bias` [3] has no place");
    parameters[2].name = "standardize/mean"; // statistics may be missing
    other.parameter_count = 3;
    nnrt_weights_info info;
    float loaded[64];
    assert_int_equal(nnrt_weights_load("w", &other, NULL, loaded, &info), NNRT_OK);
    assert_false(info.has_statistics);
}

// ---- Broken files.

static void put(const char *path, const void *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void refuse(const char *why) {
    float loaded[WEIGHTS];
    nnrt_weights_info info;
    nnrt_fail(NNRT_OK, "no message");
    if (nnrt_weights_load("broken", &program, NULL, loaded, &info) != NNRT_ERROR)
        fail_msg("was loaded: %s", why);
    if (!strstr(nnrt_error(), "`broken`")) fail_msg("%s: %s", why, nnrt_error());
}

// A file with this header and 36 bytes of data.
static void refuse_header(const char *header) {
    char bytes[4096] = {0};
    uint64_t length = strlen(header);
    memcpy(bytes, &length, sizeof length);
    memcpy(bytes + 8, header, length);
    put("broken", bytes, 8 + length + 36);
    refuse(header);
}

static void truncated_files_are_refused(void **state) {
    char bytes[8192];
    (void)state;
    save("w");
    FILE *file = fopen("w", "rb");
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    for (size_t length = 0; length < size; length++) {
        put("broken", bytes, length);
        refuse("truncated");
    }
    put("broken", bytes, size + 1);
    refuse("longer");
}

static void changed_bytes_do_no_harm(void **state) {
    char bytes[8192];
    float loaded[WEIGHTS];
    nnrt_weights_info info;
    (void)state;
    save("w");
    FILE *file = fopen("w", "rb");
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    for (size_t place = 0; place < size - 36; place++)
        for (int bit = 0; bit < 8; bit++) {
            bytes[place] ^= (char)(1 << bit);
            put("broken", bytes, size);
            nnrt_weights_load("broken", &program, NULL, loaded, &info);
            bytes[place] ^= (char)(1 << bit);
        }
}

#define KERNEL_ENTRY "\"dense/kernel\": {\"dtype\": \"F32\", \"shape\": [2, 3], "
#define BIAS_ENTRY "\"dense/bias\": {\"dtype\": \"F32\", \"shape\": [3], "

static void wrong_headers_are_refused(void **state) {
    static const char *const headers[] = {
        "",
        "[]",
        "null",
        "{",
        "{} x",
        "{}",
        "{" KERNEL_ENTRY "\"data_offsets\": [0, 24]}}",
        "{" KERNEL_ENTRY "\"data_offsets\": [0, 24]}, " BIAS_ENTRY "\"data_offsets\": [20, 32]}}",
        "{" KERNEL_ENTRY "\"data_offsets\": [0, 24]}, " BIAS_ENTRY "\"data_offsets\": [25, 37]}}",
        "{" KERNEL_ENTRY "\"data_offsets\": [0, 24]}, " BIAS_ENTRY "\"data_offsets\": [36, 24]}}",
        "{" KERNEL_ENTRY "\"data_offsets\": [-24, 0]}, " BIAS_ENTRY "\"data_offsets\": [0, 12]}}",
        "{" KERNEL_ENTRY "\"data_offsets\": [0, 20]}, " BIAS_ENTRY "\"data_offsets\": [20, 32]}}",
        "{" KERNEL_ENTRY "\"data_offsets\": [0]}, " BIAS_ENTRY "\"data_offsets\": [24, 36]}}",
        "{" KERNEL_ENTRY "\"data_offsets\": [0, 24]}, " KERNEL_ENTRY
        "\"data_offsets\": [0, 24]}, " BIAS_ENTRY "\"data_offsets\": [24, 36]}}",
        "{\"dense/kernel\": 5, " BIAS_ENTRY "\"data_offsets\": [0, 12]}}",
        "{\"dense/kernel\": {\"dtype\": \"F31\", \"shape\": [9], \"data_offsets\": [0, 36]}}",
        "{\"dense/kernel\": {\"dtype\": 32, \"shape\": [9], \"data_offsets\": [0, 36]}}",
        "{\"dense/kernel\": {\"dtype\": \"F32\", \"shape\": 9, \"data_offsets\": [0, 36]}}",
        "{\"dense/kernel\": {\"dtype\": \"F32\", \"shape\": [9.0], \"data_offsets\": [0, 36]}}",
        "{\"dense/kernel\": {\"dtype\": \"F32\", \"shape\": [4294967296, 4294967296, 4294967296], "
        "\"data_offsets\": [0, 36]}}",
        "{\"dense/kernel\": {\"dtype\": \"F32\", \"shape\": [4611686018427387904], "
        "\"data_offsets\": [0, 0]}}",
        "{\"dense/kernel\": {\"dtype\": \"F32\", \"shape\": [1,1,1,1,1,1,1,1,9], "
        "\"data_offsets\": [0, 36]}}",
        "{\"dense/kernel\": {\"dtype\": \"F32\", \"shape\": [99999999999999999999], "
        "\"data_offsets\": [0, 36]}}",
        "{\"dense/kernel\": {\"dtype\": \"F16\", \"shape\": [2, 3], \"data_offsets\": [0, 12]}, "
        "\"dense/bias\": {\"dtype\": \"F64\", \"shape\": [3], \"data_offsets\": [12, 36]}}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) refuse_header(headers[i]);
}

// Counters that would overflow where training goes on.
static void wrong_counters_are_refused(void **state) {
    static const char *const counters[] = {"\"epoch\": \"9223372036854775807\"",
                                           "\"epoch\": \"9007199254740992\"",
                                           "\"step\": \"99999999999999999999\"",
                                           "\"epoch\": \"-1\"",
                                           "\"step\": \"1e3\"",
                                           "\"seed\": \"18446744073709551616\"",
                                           "\"epoch\": \"\""};
    char header[1024];
    (void)state;
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
        snprintf(header, sizeof header,
                 "{\"__metadata__\": {%s}, " KERNEL_ENTRY "\"data_offsets\": [0, 24]}, " BIAS_ENTRY
                 "\"data_offsets\": [24, 36]}}",
                 counters[i]);
        refuse_header(header);
        assert_non_null(strstr(nnrt_error(), "are damaged"));
    }
}

// Small files whose parsed form would be gigabytes.
static void large_headers_are_refused(void **state) {
    static const char *const parts[] = {"\"%07d\":0,", "\"%07d\":[],", "\"%07d\":{},"};
    enum { ENTRIES = 2000000 };
    size_t capacity = (size_t)ENTRIES * 16 + 64;
    char *bytes = malloc(capacity);
    (void)state;
    assert_non_null(bytes);
    for (int kind = 0; kind < 3; kind++) {
        size_t size = 9;
        bytes[8] = '{';
        for (int i = 0; i < ENTRIES; i++)
            size += (size_t)snprintf(bytes + size, capacity - size, parts[kind], i);
        memcpy(bytes + size, "\"x\":0}", 6);
        uint64_t length = size + 6 - 8;
        memcpy(bytes, &length, sizeof length);
        put("broken", bytes, size + 6);
        refuse("too many values");
        assert_non_null(strstr(nnrt_error(), "more values than"));
    }
    free(bytes);
}

static void wrong_lengths_are_refused(void **state) {
    static const uint64_t lengths[] = {100000001, UINT64_MAX, INT64_MAX, 1000};
    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        char bytes[100] = {0};
        memcpy(bytes, &lengths[i], sizeof lengths[i]);
        put("broken", bytes, sizeof bytes);
        refuse("length");
    }
}

static void nested_headers_are_refused(void **state) {
    enum { DEPTH = 1000000 };
    char *bytes = malloc(DEPTH + 8);
    uint64_t length = DEPTH;
    (void)state;
    assert_non_null(bytes);
    memset(bytes + 8, '[', DEPTH);
    memcpy(bytes, &length, sizeof length);
    put("broken", bytes, DEPTH + 8);
    free(bytes);
    refuse("nested");
}

static void what_is_no_file_is_refused(void **state) {
    (void)state;
    unlink("broken");
    refuse("missing");
    assert_int_equal(mkdir("broken", 0700), 0);
    refuse("folder");
    assert_int_equal(rmdir("broken"), 0);
    assert_int_equal(mkfifo("broken", 0600), 0);
    refuse("pipe");
    assert_int_equal(unlink("broken"), 0);
}

// ---- Saving.

static void saving_replaces_whole_files(void **state) {
    struct stat status;
    (void)state;
    mode_t mask = umask(027);
    put("target", "old", 3);
    save("target");
    umask(mask);
    assert_int_equal(stat("target", &status), 0);
    assert_int_equal(status.st_mode & 0777, 0640);
    save("w");
    assert_int_equal(system("cmp -s target w"), 0);
    assert_int_equal(system("test -z \"$(ls -A | grep '^[.]')\""), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layouts_are_mapped),         cmocka_unit_test(round_trip),
        cmocka_unit_test(other_models_are_refused),   cmocka_unit_test(truncated_files_are_refused),
        cmocka_unit_test(changed_bytes_do_no_harm),   cmocka_unit_test(wrong_headers_are_refused),
        cmocka_unit_test(wrong_counters_are_refused), cmocka_unit_test(large_headers_are_refused),
        cmocka_unit_test(wrong_lengths_are_refused),  cmocka_unit_test(nested_headers_are_refused),
        cmocka_unit_test(what_is_no_file_is_refused), cmocka_unit_test(saving_replaces_whole_files),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
