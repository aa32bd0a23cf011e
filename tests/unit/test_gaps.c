// Transforms of tables with words and missing values, sample by sample, against what pandas and
// scikit-learn compute (tests/fixtures/make_gaps.py). A statistic that sees test rows, an unseen
// category, or a window that is off by a row would differ.
#include "../../runtime/data/data.h"
#include "../common/calls.h"
#include "data_files.h"

enum { MAX_SIZE = 64 };
#define FIXTURES NNC_SOURCE_DIR "/tests/fixtures/gaps"

static nnrt_call make(const char *name, const nnrt_option *options) {
    int64_t count = 0;
    while (options[count].name) count++;
    return call_make(FAMILY_TRANSFORMS, name, options, count);
}

#define STAGE(name, ...) make(name, (const nnrt_option[]){__VA_ARGS__, {0}})

// The next sample of the parts, training first; its part, -1: there is none.
static int next_sample(const nnrt_data *data, int64_t place, float *values) {
    const nnrt_part *parts[] = {&data->train, &data->validation, &data->test};
    for (int part = 0; part < 3; place -= parts[part++]->count) {
        if (place >= parts[part]->count) continue;
        assert_int_equal(nnrt_data_sample(data, 0, parts[part]->rows[place], values), NNRT_OK);
        return part;
    }
    return -1;
}

static void assert_line(const char *name, int64_t place, const char *line, const nnrt_data *data) {
    float values[MAX_SIZE];
    int64_t size = data->info.inputs[0].size;
    char *at;
    int part = next_sample(data, place, values);
    assert_true(size <= MAX_SIZE);
    if (part != strtol(line, &at, 10))
        fail_msg("%s, sample %lld is of part %d", name, (long long)place, part);
    for (int64_t i = 0; i < size; i++) {
        double wanted = strtod(at, &at);
        if (!(fabs((double)values[i] - wanted) <= 1e-6 * fmax(1, fabs(wanted))))
            fail_msg("%s, sample %lld, element %lld: %g, not %g", name, (long long)place,
                     (long long)i, (double)values[i], wanted);
    }
    if (at[strspn(at, " \n")]) fail_msg("%s: more elements are wanted: %s", name, at);
}

static void assert_stages(const char *name, const nnrt_call *transforms, int64_t count) {
    char path[512], line[1024];
    nnrt_data data;
    nnrt_call stages[8] = {
        call_make(FAMILY_SOURCES, "csv",
                  (const nnrt_option[]){TEXT("file", "table.csv"), TEXT("target", "y")}, 2)};
    memcpy(stages + 1, transforms, (size_t)count * sizeof *stages);
    if (nnrt_data_load(stages, count + 1, FIXTURES, &data)) fail_msg("%s: %s", name, nnrt_error());
    snprintf(path, sizeof path, "%s/%s.txt", FIXTURES, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    int64_t place = 0;
    while (fgets(line, sizeof line, file)) assert_line(name, place++, line, &data);
    assert_int_equal(next_sample(&data, place, (float[MAX_SIZE]){0}), -1);
    fclose(file);
    nnrt_data_free(&data);
}

#define GIVES(name, ...)                                                                           \
    assert_stages(name, (const nnrt_call[]){__VA_ARGS__},                                          \
                  (int64_t)(sizeof((const nnrt_call[]){__VA_ARGS__}) / sizeof(nnrt_call)))

// SimpleImputer of the training part; pandas' ffill and fillna.
static void test_fill_missing(void **state) {
    (void)state;
    const nnrt_call drop = STAGE("drop", TEXT("columns", "w"));
    const nnrt_call split = STAGE("split", NUMBER("test", 0.25));
    GIVES("fill-mean", drop, STAGE("fill_missing", TEXT("with", "mean")), split);
    GIVES("fill-median", drop, split, STAGE("fill_missing", TEXT("with", "median")));
    GIVES("fill-most_frequent", drop, STAGE("fill_missing", TEXT("with", "most_frequent")), split);
    GIVES("fill-value", drop, STAGE("fill_missing", NUMBER("with", -1.5)), split);
    GIVES("fill-previous", drop, STAGE("fill_missing", TEXT("with", "previous")), split);
}

// A word that the column lacks takes its place in the order of bytes: classes and categories have
// that of all others.
static void test_fill_word(void **state) {
    nnrt_data data;
    (void)state;
    static const char text[] = "c,y\nb,d\n,\nf,f\nb,\n";
    put_file("words.csv", text, sizeof text - 1);
    const nnrt_call stages[] = {
        call_make(FAMILY_SOURCES, "csv",
                  (const nnrt_option[]){TEXT("file", "words.csv"), TEXT("target", "y")}, 2),
        STAGE("fill_missing", TEXT("with", "e"), TEXTS("columns", "c", "y")),
        STAGE("one_hot", TEXT("columns", "c"))};
    if (nnrt_data_load(stages, 3, scratch_folder(), &data)) fail_msg("%s", nnrt_error());
    static const float inputs[4][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {1, 0, 0}};
    static const int32_t labels[4] = {0, 1, 2, 1};
    assert_memory_equal(data.columns[0], inputs, sizeof inputs);
    assert_memory_equal(data.columns[1], labels, sizeof labels);
    assert_string_equal(data.info.targets[0].class_names[1], "e");
    nnrt_data_free(&data);
    scratch_remove(NULL);
}

// OneHotEncoder(handle_unknown="ignore") of the training part.
static void test_one_hot(void **state) {
    (void)state;
    GIVES("one-hot", STAGE("drop", TEXTS("columns", "a", "b")),
          STAGE("fill_missing", TEXT("with", "most_frequent")),
          STAGE("one_hot", TEXT("columns", "w")), STAGE("split", NUMBER("test", 0.25)));
}

static void test_rows(void **state) {
    (void)state;
    GIVES("drop", STAGE("split", NUMBER("test", 0.25)), STAGE("drop_missing", {0}),
          STAGE("drop", TEXT("columns", "w")));
    GIVES("split-tail", STAGE("keep", TEXT("columns", "n")), STAGE("split", NUMBER("test", 0.3)));
}

// numpy.lib.stride_tricks.sliding_window_view, with the target's past.
static void test_windows(void **state) {
    (void)state;
    GIVES("windows", STAGE("keep", TEXT("columns", "n")), STAGE("windows", NUMBER("n", 4)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fill_missing), cmocka_unit_test(test_fill_word),
        cmocka_unit_test(test_one_hot),      cmocka_unit_test(test_rows),
        cmocka_unit_test(test_windows),
    };
    return cmocka_run_group_tests_name("gaps", tests, NULL, NULL);
}
