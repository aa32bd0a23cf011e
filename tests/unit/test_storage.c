// Values in memory and on the disk: what counts as memory, that a column is the same wherever it
// lies, and the order in which rows on the disk are trained.
#include "../../runtime/data/locality.h"
#include "../../runtime/data/table/storage.h"
#include "../../runtime/formats/array.h"
#include "../common/calls.h"
#include "data_files.h"

#include <sys/resource.h>

static const nnrt_option none[] = {{0}};

// ---- Accounts.

static void test_memory_is_counted(void **state) {
    (void)state;
    nnrt_value_storage storage = {.rule = NNRT_MEMORY_ALL};
    double *values = nnrt_storage_reserve(&storage, NNRT_F64, 1 << 20);
    assert_int_equal(storage.resident, 0);
    nnrt_storage_fill(values, 4 << 20);
    assert_int_equal(storage.resident, 4 << 20);
    void *other = nnrt_storage_allocate(&storage, NNRT_F32, 1 << 20);
    assert_int_equal(storage.peak, 8 << 20);
    nnrt_storage_discard(values, 3 << 20);
    assert_int_equal(storage.resident, 5 << 20);
    nnrt_storage_free(values);
    nnrt_storage_free(other);
    assert_int_equal(storage.resident, 0);
    assert_int_equal(storage.peak, 8 << 20);
    nnrt_storage_free(malloc(1));                               // of nobody: as free()
    values = nnrt_storage_allocate(&storage, NNRT_F64, 400000); // the second large page is whole
    assert_int_equal(storage.resident, 4 << 20);
    nnrt_storage_discard(values, 1 << 20);
    assert_in_range(storage.resident, 3 << 20, (3 << 20) + 4096);
    nnrt_storage_free(values);
    assert_int_equal(storage.resident, 0);
}

static void fill_numbers(double *values, int64_t count) {
    for (int64_t i = 0; i < count; i++) values[i] = (double)i;
}

static void assert_numbers(const double *values, int64_t count) {
    for (int64_t i = 0; i < count; i++) assert_true(values[i] == (double)i);
}

// What was let go comes back; growing keeps what is there, in memory and on the disk.
static void test_values_stay(void **state) {
    (void)state;
    for (int rule = NNRT_MEMORY_ALL; rule <= NNRT_MEMORY_NONE; rule++) {
        nnrt_value_storage storage = {.rule = (nnrt_memory_rule)rule};
        double *values = nnrt_storage_resize(&storage, NULL, 0, NNRT_F64, 1000);
        assert_int_equal(nnrt_storage_is_on_disk(values), rule == NNRT_MEMORY_NONE);
        fill_numbers(values, 1000);
        nnrt_storage_fill(values, 8000);
        values = nnrt_storage_resize(&storage, values, 8000, NNRT_F64, 1 << 20);
        assert_numbers(values, 1000);
        fill_numbers(values, 1 << 20);
        nnrt_storage_let_go(values);
        nnrt_storage_expect(values, 0, 1 << 20);
        assert_numbers(values, 1 << 20);
        assert_int_equal(storage.on_disk > 0, rule == NNRT_MEMORY_NONE);
        nnrt_storage_free(values);
        assert_int_equal(storage.on_disk, 0);
        assert_int_equal(storage.resident, 0);
    }
}

static void test_no_room(void **state) {
    (void)state;
    nnrt_value_storage storage = {.rule = NNRT_MEMORY_NONE};
    setenv("TMPDIR", "/nowhere/at/all", 1);
    assert_null(nnrt_storage_reserve(&storage, NNRT_F32, 100));
    assert_non_null(strstr(nnrt_error(), "cannot be put into `/nowhere/at/all`: No such file"));
    unsetenv("TMPDIR");
    assert_int_equal(storage.resident, 0);
    assert_int_equal(storage.on_disk, 0);
}

// ---- Data sets.

enum { ROWS = 3000 };

static void put_table(void) {
    char *text = malloc(ROWS * 64), *at = text + sprintf(text, "a,b,kind,y\n");
    nnrt_random random = nnrt_random_make(1, NNRT_RANDOM_DATA, 0);
    for (int i = 0; i < ROWS; i++)
        at += sprintf(at, "%.5f,%d,%c,%d\n", nnrt_random_normal(&random), i, 'a' + i % 5, i % 3);
    put_file("table.csv", text, (size_t)(at - text));
    free(text);
}

static void load_table(nnrt_data *data, const char *memory) {
    const nnrt_option source[] = {
        TEXT("file", "table.csv"), TEXT("target", "y"), TEXT("memory", memory), {0}};
    const nnrt_option split[] = {NUMBER("test", 0.2), NUMBER("seed", 1), {0}};
    const nnrt_call stages[] = {call_make(FAMILY_SOURCES, "csv", source, 3),
                                call_make(FAMILY_TRANSFORMS, "one_hot", none, 0),
                                call_make(FAMILY_TRANSFORMS, "normalize", none, 0),
                                call_make(FAMILY_TRANSFORMS, "split", split, 2)};
    assert_int_equal(nnrt_data_load(stages, 4, scratch_folder(), data), NNRT_OK);
}

static int is_in(const nnrt_part *part, uint32_t row) {
    for (int64_t i = 0; i < part->count; i++)
        if (part->rows[i] == row) return 1;
    return 0;
}

// The same values and the same rows in each part, these in the order of the disk.
static void test_same_table(void **state) {
    (void)state;
    static nnrt_data all, disk;
    load_table(&all, "all");
    load_table(&disk, "none");
    assert_false(all.is_on_disk);
    assert_true(disk.is_on_disk);
    assert_true(disk.info.disk_bytes >= ROWS * 7 * 4);
    assert_int_equal(disk.info.held_bytes, ROWS * 4); // the lists of rows
    assert_int_equal(all.info.held_bytes, ROWS * (7 * 4 + 4 + 4));
    assert_int_equal(disk.row_count, ROWS);
    assert_memory_equal(disk.columns[0], all.columns[0], ROWS * 7 * 4);
    assert_memory_equal(disk.columns[1], all.columns[1], ROWS * 4);
    assert_int_equal(disk.test.count, all.test.count);
    for (int64_t i = 0; i < disk.test.count; i++) {
        assert_true(is_in(&all.test, disk.test.rows[i]));
        assert_true(!i || disk.test.rows[i] > disk.test.rows[i - 1]);
    }
    nnrt_data_free(&all);
    nnrt_data_free(&disk);
}

// ---- The order.

// Of 32 MB a window would be all of it: samples of 1 MB are many windows of four batches.
static void test_order(void **state) {
    (void)state;
    enum { COUNT = 1000, BATCH = 30, WINDOW = 120, BLOCK = 2 };
    static nnrt_data data;
    static uint32_t rows[COUNT], again[COUNT], order[COUNT], all[COUNT];
    nnrt_part part = {all, COUNT};
    const int64_t size = 1 << 18;
    data.info.inputs[0] = nnrt_column_make("x", NNRT_F32, 1, &size);
    data.info.input_count = 1;
    data.is_on_disk = 1;
    for (uint32_t i = 0; i < COUNT; i++) all[i] = 5 * i;
    assert_int_equal(nnrt_locality_blocks(&data, &part), COUNT / BLOCK);
    nnrt_random random = nnrt_random_make(3, NNRT_RANDOM_SHUFFLE, 0);
    nnrt_locality_shuffle(&data, &part, BATCH, &random, rows, order);
    uint8_t is_there[COUNT] = {0};
    for (int i = 0; i < COUNT; i++) is_there[rows[i] / 5] = 1;
    for (int i = 0; i < COUNT; i++) assert_true(is_there[i]);
    for (int first = 0; first < COUNT; first += WINDOW) { // a window has few blocks
        uint8_t is_touched[COUNT / BLOCK] = {0};
        int touched = 0, end = first + WINDOW < COUNT ? first + WINDOW : COUNT;
        for (int i = first; i < end; i++) touched += !is_touched[rows[i] / 5 / BLOCK]++;
        assert_true(touched <= WINDOW / BLOCK + 1);
    }
    random = nnrt_random_make(3, NNRT_RANDOM_SHUFFLE, 1); // another epoch, another order
    nnrt_locality_shuffle(&data, &part, BATCH, &random, again, order);
    assert_memory_not_equal(rows, again, sizeof rows);
    assert_int_equal(nnrt_locality_left(&data, BATCH, 0), WINDOW);
    assert_int_equal(nnrt_locality_left(&data, BATCH, WINDOW + BATCH), WINDOW - BATCH);
    data.is_on_disk = 0;
    assert_int_equal(nnrt_locality_left(&data, BATCH, 0), INT64_MAX);
}

static long faults_of(const char *values, int64_t bytes) {
    struct rusage before, after;
    volatile char sink = 0;
    getrusage(RUSAGE_SELF, &before);
    for (int64_t i = 0; i < bytes; i += 4096) sink = (char)(sink + values[i]);
    getrusage(RUSAGE_SELF, &after);
    return after.ru_minflt + after.ru_majflt - before.ru_minflt - before.ru_majflt;
}

// Rows of a single window stay for the next epoch; of several, those before the next one leave.
static void test_one_window_stays(void **state) {
    (void)state;
    enum { COUNT = 64, BATCH = 8 };
    static nnrt_data data;
    static uint32_t rows[COUNT];
    const int64_t size = 1 << 16, bytes = COUNT * size * 4; // 16 MB
    nnrt_value_storage storage = {.rule = NNRT_MEMORY_NONE};
    char *values = nnrt_storage_reserve(&storage, NNRT_F32, COUNT * size);
    memset(values, 1, (size_t)bytes);
    data.info.inputs[0] = nnrt_column_make("x", NNRT_F32, 1, &size);
    data.info.input_count = 1;
    data.columns[0] = values;
    data.is_on_disk = 1;
    data.row_count = COUNT;
    for (uint32_t i = 0; i < COUNT; i++) rows[i] = i;
    nnrt_locality_advance(&data, BATCH, rows, COUNT, 0);
    assert_true(faults_of(values, bytes) < 20);
    data.row_count = 1000; // more than 128 MB
    nnrt_locality_advance(&data, BATCH, rows, COUNT, 0);
    assert_true(faults_of(values, bytes) > 100); // of 64 KB each at most
    nnrt_storage_free(values);
}

static int set_up(void **state) {
    (void)state;
    put_table();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_is_counted),
        cmocka_unit_test(test_values_stay),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_same_table),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_one_window_stays),
    };
    return cmocka_run_group_tests_name("storage", tests, set_up, scratch_remove);
}
