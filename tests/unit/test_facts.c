// What is doubtful about columns of tables, and what only looks so: a column is told if all rows of
// the training part agree, and one row that differs is enough to say nothing.
#include "../../runtime/data/data.h"

#include "../common/calls.h"
#include "data_files.h"

enum { ROWS = 200 };

static nnrt_data_info info;

// `cell` writes the column `a` of a row; `b` is like nothing else, `y` the target.
typedef void Cell(char *text, int row);

static int target_of(int row) {
    return row * row % 7 + row % 3;
}

static void look(Cell *cell) {
    static const char *const target[] = {"y"};
    static char text[ROWS * 64];
    char *at = text + sprintf(text, "a,b,y\n");
    for (int row = 0; row < ROWS; row++) {
        cell(at, row);
        at += strlen(at);
        at += sprintf(at, ",%d,%d.5\n", row * 37 % 11, target_of(row));
    }
    const char *const files[] = {put_file("facts.csv", text, (size_t)(at - text))};
    const nnrt_option given[] = {{.name = "file", .texts = files, .number = NAN, .count = 1},
                                 {.name = "target", .texts = target, .number = NAN, .count = 1}};
    const nnrt_call call = call_make(FAMILY_SOURCES, "csv", given, 2);
    if (nnrt_data_inspect(&call, 1, "/", &info)) fail_msg("%s", nnrt_error());
}

static void tells(Cell *cell, nnrt_fact_kind kind) {
    look(cell);
    assert_int_equal(info.fact_count, 1);
    assert_int_equal(info.facts[0].kind, kind);
    assert_string_equal(info.facts[0].column, "a");
}

static void tells_nothing(Cell *cell) {
    look(cell);
    assert_int_equal(info.fact_count, 0);
}

static void one_value(char *text, int row) {
    (void)row;
    sprintf(text, "3");
}

static void one_other_value(char *text, int row) {
    sprintf(text, row == ROWS - 1 ? "4" : "3");
}

static void ids(char *text, int row) {
    sprintf(text, "%d", 4 + row);
}

static void ids_with_a_gap(char *text, int row) {
    sprintf(text, "%d", 4 + row - 2 * (row == ROWS - 1));
}

static void target_in_cents(char *text, int row) {
    sprintf(text, "%d", 3 * target_of(row) - 7);
}

static void target_but_for_one(char *text, int row) {
    sprintf(text, "%d", 3 * target_of(row) - 7 + (row == ROWS - 1));
}

static void large(char *text, int row) {
    sprintf(text, "%d", 1000 + row * 31 % 17);
}

static void test_columns(void **state) {
    (void)state;
    tells(one_value, NNRT_FACT_ONE_VALUE);
    tells_nothing(one_other_value);
    tells(ids, NNRT_FACT_ID);
    tells(target_in_cents, NNRT_FACT_TELLS_TARGET);
    tells_nothing(target_but_for_one);
    tells(large, NNRT_FACT_LARGE);
    look(ids_with_a_gap); // large numbers, but no ids
    assert_int_equal(info.fact_count, 1);
    assert_int_equal(info.facts[0].kind, NNRT_FACT_LARGE);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_columns)};
    return cmocka_run_group_tests_name("facts", tests, NULL, scratch_remove);
}
