// Formulas over columns, from their text to the rows that `filter` keeps and the numbers that
// `compute` makes, against what pandas makes of them (tests/fixtures/make_formulas.py).
#include "../../compiler/program/program.h"
#include "../../runtime/data/formula/formula.h"
#include "../../runtime/data/stage.h"
#include "../../runtime/data/table/table.h"
#include "../common/check.h"

#include <math.h>
#include <stdio.h>

#define FIXTURES NNC_SOURCE_DIR "/tests/fixtures/tables"

enum { MOST_CELLS = 4096 };

typedef struct Case {
    Checked checked;
    nnrt_table *table;
} Case;

static Case run_stage(const char *stage) {
    Front front = front_create();
    Text source = text_create(front.arena);
    text_format(&source,
                "dataset _d = csv(\"" FIXTURES "/formulas.csv\", target = y) -> %s"
                " -> drop(country, home, day) -> fill_missing(0)\n",
                stage);
    Case c = {.checked = check(source.data)};
    if (c.checked.errors) fail_msg("%s", c.checked.messages);
    const CallList *stages = &c.checked.program->datasets.items[0]->stages;
    c.table = nnrt_table_create(".");
    // Without the last two, which make a data set of it.
    nnrt_call *calls = program_calls(c.checked.front.arena, stages);
    if (nnrt_table_run(c.table, calls, stages->count - 2)) fail_msg("%s", nnrt_error());
    front_destroy(&front);
    return c;
}

static void end(Case *c) {
    nnrt_table_free(c->table);
    check_end(&c->checked);
}

static int read_cells(char *text, double *cells) {
    int count = 0;
    for (char *cell = strtok(text, " \n"); cell; cell = strtok(NULL, " \n"))
        cells[count++] = *cell == '-' && !cell[1] ? NAN : strtod(cell, NULL);
    return count;
}

static void compare_rows(const char *stage, const nnrt_part *part, const double *rows, int count) {
    if (part->count != count)
        fail_msg("%s: %lld rows, not %d", stage, (long long)part->count, count);
    for (int i = 0; i < count; i++)
        if (part->rows[i] + 1 != (uint32_t)rows[i])
            fail_msg("%s: row %u, not %g", stage, part->rows[i] + 1, rows[i]);
}

static void compare_values(const char *stage, const nnrt_table *table, const double *cells,
                           int count) {
    const nnrt_field *field = nnrt_table_find(table, "v");
    assert_non_null(field);
    assert_int_equal(table->row_count, count);
    for (int i = 0; i < count; i++) {
        double value = nnrt_field_number(field, i, 0);
        int is_same =
            isnan(cells[i]) ? isnan(value) : fabs(value - cells[i]) <= 1e-14 * (1 + fabs(cells[i]));
        if (!is_same) fail_msg("%s: row %d is %.17g, not %.17g", stage, i + 1, value, cells[i]);
    }
}

static void test_as_pandas(void **state) {
    static char line[1 << 16];
    static double cells[MOST_CELLS];
    FILE *file = fopen(FIXTURES "/formulas.txt", "r");
    int cases = 0;
    (void)state;
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        char *values = strchr(line, '\t');
        *values++ = 0;
        int count = read_cells(values, cells);
        Case c = run_stage(line);
        if (strncmp(line, "filter", 6) == 0)
            compare_rows(line, &c.table->train, cells, count);
        else
            compare_values(line, c.table, cells, count);
        end(&c);
        cases++;
    }
    fclose(file);
    assert_int_equal(cases, 25);
}

// What rows have that were left out before is no fault; a later formula reads an earlier one.
static void test_in_order(void **state) {
    (void)state;
    Case c = run_stage("filter(\"pm2.5\" != 0) -> compute(a = 1 / \"pm2.5\", v = a * 2)");
    const nnrt_field *v = nnrt_table_find(c.table, "v"), *pm = nnrt_table_find(c.table, "pm2.5");
    assert_in_range(c.table->train.count, 1, c.table->row_count - 1);
    for (int64_t i = 0; i < c.table->train.count; i++) {
        uint32_t row = c.table->train.rows[i];
        assert_true(nnrt_field_number(v, row, 0) == 2 * (1 / nnrt_field_number(pm, row, 0)));
    }
    end(&c);
    check_fails("dataset _d = csv(\"" FIXTURES "/formulas.csv\", target = y)"
                " -> compute(a = 1 / \"pm2.5\")\n",
                1, "a number is divided by zero");
}

// Of dates of all centuries, leap years too, and what one of them does not have.
static void test_parts_of_dates(void **state) {
    static const struct {
        const char *date;
        double weekday, hour, minute;
    } cases[] = {{"1900-02-28 00:00", 2, 0, 0},      {"1900-03-01T23:59", 3, 23, 59},
                 {"2000-02-29 12:30:15", 1, 12, 30}, {"2024-12-31 07:08", 1, 7, 8},
                 {"0001-01-01 01:01", 0, 1, 1},      {"1969-12-31 10:10", 2, 10, 10}};
    static const char *const names[] = {"weekday", "hour", "minute"};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const double wanted[] = {cases[i].weekday, cases[i].hour, cases[i].minute};
        for (int k = 0; k < 3; k++) {
            const nnrt_formula_operator *row = &nnrt_formula_operators[nnrt_formula_find(names[k])];
            if (row->of_date(cases[i].date) != wanted[k])
                fail_msg("%s of %s is %g", names[k], cases[i].date, row->of_date(cases[i].date));
        }
    }
    const nnrt_formula_operator *month = &nnrt_formula_operators[nnrt_formula_find("month")];
    assert_true(isnan(month->of_date("2010-13-01")));
    check_fails("dataset _d = csv(\"" FIXTURES "/formulas.csv\", target = y)"
                " -> compute(a = hour(day))\n",
                1, "has no hour");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_pandas),
        cmocka_unit_test(test_in_order),
        cmocka_unit_test(test_parts_of_dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
