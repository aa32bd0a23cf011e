// Random data sets: every source, of odd and even sizes, few and single rows, grey and coloured,
// with transforms in any order, against a plain reading of the same values. Fails when a sample,
// label or part is not what the stages say, or, under the sanitizers, when a size of the file is
// taken for one after the transforms.
#include "random_data.h"

#include "../../runtime/command/inputs/input.h"
#include "../../runtime/data/loader.h"

enum { SETS = 250 };

static int current = -1; // the seed of the set at work

// ---- What the samples should be.

// As tf.image.resize: bilinear between the centres of pixels.
static double resized(int64_t row, int64_t y, int64_t x, int64_t channel) {
    int64_t channels = plain.rank == 3 ? plain.shape[2] : 1, near[2][2];
    const int64_t place[2] = {y, x}, to[2] = {plain.height, plain.width};
    double share[2];
    for (int d = 0; d < 2; d++) {
        double at = ((double)place[d] + 0.5) * (double)plain.shape[d] / (double)to[d] - 0.5;
        at = fmax(0, fmin(at, (double)plain.shape[d] - 1));
        near[d][0] = (int64_t)at;
        near[d][1] = near[d][0] + 1 < plain.shape[d] ? near[d][0] + 1 : near[d][0];
        share[d] = at - (double)near[d][0];
    }
    double sum = 0;
    for (int i = 0; i < 4; i++) {
        int64_t pixel = near[0][i / 2] * plain.shape[1] + near[1][i % 2];
        sum += (i / 2 ? share[0] : 1 - share[0]) * (i % 2 ? share[1] : 1 - share[1]) *
               plain.values[row * plain.size + pixel * channels + channel];
    }
    return sum;
}

static void check_value(double got, double expected, int64_t row, int64_t place) {
    double allowed = plain.height ? plain.is_byte ? 0.501 : 1e-3 : 0;
    if (!(fabs(got - expected) <= allowed))
        fail_msg("row %lld, value %lld: %g instead of %g", (long long)row, (long long)place, got,
                 expected);
}

static double value_of(const void *values, int64_t i) {
    return data.info.inputs[0].dtype == NNRT_U8 ? ((const uint8_t *)values)[i]
                                                : (double)((const float *)values)[i];
}

static void check_sample(const void *values, int64_t row) {
    int64_t channels = plain.rank == 3 ? plain.shape[2] : 1, width = plain.width;
    int64_t size = plain.height ? plain.height * width * channels : plain.size;
    assert_int_equal(data.info.inputs[0].size, size);
    for (int64_t i = 0; i < size; i++)
        check_value(value_of(values, i),
                    plain.height
                        ? resized(row, i / channels / width, i / channels % width, i % channels)
                        : plain.values[row * plain.size + i],
                    row, i);
}

// The column becomes the different values of the training part, ascending.
static void check_expanded(const void *values, int64_t row) {
    char is_there[128] = {0};
    int64_t place = 0;
    for (int64_t i = 0; i < data.train.count; i++)
        is_there[(int)plain.values[data.train.rows[i] * plain.size + plain.column]] = 1;
    for (int64_t i = 0; i < plain.size; i++) {
        double value = plain.values[row * plain.size + i];
        if (i != plain.column) check_value(value_of(values, place++), value, row, i);
        for (int c = 0; c < 128 && i == plain.column; c++)
            if (is_there[c]) check_value(value_of(values, place++), c == (int)value, row, i);
    }
    assert_int_equal(place, data.info.inputs[0].size);
}

static const void *first_target(void) {
    return data.columns[data.info.input_count];
}

static void check_target(int64_t row) {
    int64_t classes = plain.classes;
    if (!plain.values) return;
    if (!plain.is_one_hot) {
        assert_int_equal(((int32_t *)first_target())[row], plain.labels[row]);
        return;
    }
    for (int64_t i = 0; i < classes; i++)
        assert_true(((float *)first_target())[row * classes + i] == (i == plain.labels[row]));
}

// What the column of `data` has; pictures that were resized are not looked at.
static void check_further(const Further *column, int64_t number, int64_t row) {
    const nnrt_column *found = nnrt_data_column(&data.info, number);
    const void *values = data.columns[number];
    int is_input = number < data.info.input_count;
    char name[NAME_SIZE];
    snprintf(name, sizeof name, "more%d", column->number);
    assert_string_equal(found->name, name);
    if (is_input && plain.height && nnrt_data_is_picture(found)) {
        assert_int_equal(found->shape[0], plain.height);
        return;
    }
    assert_int_equal(found->size, column->size);
    for (int64_t i = row * column->size; i < (row + 1) * column->size; i++) {
        double value = found->dtype == NNRT_U8    ? ((const uint8_t *)values)[i]
                       : found->dtype == NNRT_I32 ? ((const int32_t *)values)[i]
                                                  : (double)((const float *)values)[i];
        assert_true(value == further_value(column, row, i % column->size));
    }
}

static void check_all_further(int64_t row) {
    int64_t first = data.info.input_count + 1;
    for (int64_t i = 0; i < plain.input_count; i++) check_further(&plain.inputs[i], i + 1, row);
    for (int64_t i = 0; i < plain.target_count; i++)
        check_further(&plain.targets[i], first + i, row);
}

// ---- Checks of a whole set.

static void count_rows(const nnrt_part *part, char *seen) {
    for (int64_t i = 0; i < part->count; i++) {
        assert_true(part->rows[i] < plain.rows);
        assert_int_equal(seen[part->rows[i]]++, 0);
    }
}

static void check_parts(void) {
    char seen[MAX_ROWS + 1] = {0};
    assert_int_equal(data.row_count, plain.rows);
    assert_int_equal(data.train.count, plain.train);
    assert_int_equal(data.validation.count, plain.validation);
    assert_int_equal(data.test.count, plain.test);
    count_rows(&data.train, seen);
    count_rows(&data.validation, seen);
    count_rows(&data.test, seen);
    for (int64_t i = 0; i < plain.own_test; i++) assert_int_equal(seen[plain.rows - 1 - i], 1);
}

static void check_samples(void) {
    void *sample = malloc((size_t)data.info.inputs[0].size * 4);
    for (int64_t row = 0; row < plain.rows; row++) {
        if (nnrt_data_sample(&data, 0, (uint32_t)row, sample)) fail_msg("%s", nnrt_error());
        if (plain.values && plain.column < 0) check_sample(sample, row);
        if (plain.values && plain.column >= 0) check_expanded(sample, row);
        check_target(row);
        check_all_further(row);
    }
    free(sample);
}

static void check_statistics(void) {
    const nnrt_column *input = &data.info.inputs[0];
    void *sample = malloc((size_t)input->size * 4);
    double *sums = calloc((size_t)input->size, sizeof *sums);
    for (int64_t i = 0; i < data.train.count; i++) {
        assert_int_equal(nnrt_data_sample(&data, 0, data.train.rows[i], sample), NNRT_OK);
        for (int64_t j = 0; j < input->size; j++) sums[j] += value_of(sample, j);
    }
    for (int64_t j = 0; j < input->size && plain.column < 0; j++) {
        double mean = sums[j] / (double)data.train.count * plain.scale + plain.offset;
        assert_true(fabs((double)data.mean[0][j] - mean) < 1e-3);
        assert_true(data.deviation[0][j] > 0);
    }
    free(sums);
    free(sample);
}

// All batches of a pass are made; the targets are those of the rows.
static void check_loader(void) {
    int64_t batch = roll(1, 7), count = data.train.count, steps = (count + batch - 1) / batch;
    nnrt_loader *loader = nnrt_loader_create(&data, NNRT_FOR_TRAINING, batch, 1, (int)roll(0, 2));
    assert_non_null(loader);
    nnrt_loader_start(loader, data.train.rows, count, batch, 0, steps, 1, 1);
    for (int64_t step = 0; step < steps; step++) {
        nnrt_batch made = nnrt_loader_take(loader, step, 0);
        for (int64_t i = 0; i < batch && step * batch + i < count && !plain.is_one_hot; i++)
            assert_int_equal(((const int32_t *)made.columns[data.info.input_count])[i],
                             ((int32_t *)first_target())[data.train.rows[step * batch + i]]);
    }
    if (nnrt_loader_status(loader)) fail_msg("%s", nnrt_error());
    nnrt_loader_stop(loader);
    nnrt_loader_free(loader);
}

// `predict` reads the same array as the same samples.
static void check_predict(void) {
    nnrt_input input;
    if (!plain.is_file || plain.own_test || plain.column >= 0) return;
    if (stages.calls[0].name[0] != 'n') return;
    const char *path = plain.path;
    nnrt_input_reader reader = {.column = &data.info.inputs[0], .may_resize = plain.height > 0};
    if (nnrt_input_read(&input, &reader, path)) fail_msg("%s", nnrt_error());
    int64_t bytes_of_all =
        data.row_count * data.info.inputs[0].size * (data.info.inputs[0].dtype == NNRT_U8 ? 1 : 4);
    if (!input.is_single) assert_int_equal(input.rows, data.row_count);
    if (input.rows == data.row_count)
        assert_memory_equal(input.values, data.columns[0], (size_t)bytes_of_all);
    nnrt_input_free(&input);
}

static void print_stages(void) {
    for (int64_t i = 0; i < stages.count; i++) {
        print_message("%s%s(", i ? " -> " : "", stages.calls[i].name);
        for (int64_t j = 0; j < stages.calls[i].option_count; j++) {
            const nnrt_option *option = &stages.calls[i].options[j];
            print_message("%s%s = ", j ? ", " : "", option->name);
            for (int64_t k = 0; k < option->count; k++) {
                print_message("%s", k ? ", " : "[");
                if (option->texts) print_message("\"%s\"", option->texts[k]);
                if (option->numbers) print_message("%g", option->numbers[k]);
            }
            if (option->count) print_message("]");
            if (option->text) print_message("\"%s\"", option->text);
            if (!option->count && !option->text) print_message("%g", option->number);
        }
        print_message(")");
    }
    print_message("\n");
}

static void check_set(void) {
    nnrt_data_info info;
    nnrt_data_free(&data);
    if (nnrt_data_inspect(stages.calls, stages.count, ".", &info) ||
        nnrt_data_load(stages.calls, stages.count, ".", &data))
        fail_msg("%s", nnrt_error());
    assert_int_equal(info.inputs[0].size, data.info.inputs[0].size);
    assert_int_equal(data.info.inputs[0].dtype, plain.is_byte ? NNRT_U8 : NNRT_F32);
    assert_true(fabs(data.info.scale - plain.scale) < 1e-9);
    assert_true(fabs(data.info.offset - plain.offset) < 1e-9);
    assert_int_equal(data.info.input_count, plain.input_count + 1);
    assert_int_equal(data.info.target_count, plain.target_count + 1);
    check_parts();
    check_samples();
    if (plain.is_standardized) check_statistics();
    if (nnrt_loader_is_needed(&data, NNRT_FOR_TRAINING)) check_loader();
    check_predict();
}

static void make_folders(void) {
    static const char *const names[] = {"mnist", "cifar10", "cifar100"};
    for (int i = 0; i < 3; i++) mkdir(scratch(names[i]), 0700);
}

static void test_sets(void **state) {
    const char *seed = getenv("NNC_SEED"), *sets = getenv("NNC_SETS");
    int first = seed ? atoi(seed) : 0, count = sets ? atoi(sets) : SETS;
    (void)state;
    setenv("NNC_DATA", scratch_folder(), 1);
    setenv("XDG_CACHE_HOME", "/no/cache", 1);
    for (int i = first; i < first + count; i++) {
        make_folders();
        dice = nnrt_random_make((uint64_t)i, NNRT_RANDOM_BENCH, 1);
        roll_set();
        current = i;
        check_set();
    }
    current = -1;
}

// Names the set that failed.
static int tear_down(void **state) {
    (void)state;
    nnrt_data_free(&data);
    if (current >= 0) print_message("NNC_SEED=%d NNC_SETS=1: ", current);
    if (current >= 0) print_stages();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test_teardown(test_sets, tear_down)};
    return cmocka_run_group_tests_name("random data sets", tests, NULL, scratch_remove);
}
