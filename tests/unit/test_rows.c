// Which rows come into which part: groups that stay together, classes that are made equal.
#include "../../compiler/program/program.h"
#include "../../runtime/data/stage.h"
#include "../../runtime/data/table/table.h"
#include "../common/check.h"

#include <math.h>

#define SOURCE                                                                                     \
    "dataset _d = csv(\"" NNC_SOURCE_DIR "/tests/fixtures/tables/formulas.csv\", target = y)"
#define TAIL " -> drop(country, home, day) -> fill_missing(0)"

enum { ROWS = 1100, PARTS = 3, MOST_VALUES = 64 };

typedef struct Case {
    Checked checked;
    nnrt_table *table;
    const nnrt_part *parts[PARTS];
} Case;

static Case run(const char *stages) {
    Front front = front_create();
    Text source = text_create(front.arena);
    text_format(&source, SOURCE TAIL " -> %s\n", stages);
    Case c = {.checked = check(source.data), .table = nnrt_table_create(".")};
    if (c.checked.errors) fail_msg("%s", c.checked.messages);
    const CallList *list = &c.checked.program->datasets.items[0]->stages;
    const nnrt_call *calls = program_calls(c.checked.front.arena, list);
    if (nnrt_table_run(c.table, calls, list->count)) fail_msg("%s", nnrt_error());
    c.parts[0] = &c.table->train;
    c.parts[1] = &c.table->validation;
    c.parts[2] = &c.table->test;
    front_destroy(&front);
    return c;
}

static void end(Case *c) {
    nnrt_table_free(c->table);
    check_end(&c->checked);
}

static void count_rows(const nnrt_part *part, int *counts) {
    memset(counts, 0, ROWS * sizeof *counts);
    for (int64_t i = 0; i < part->count; i++) counts[part->rows[i]]++;
}

// ---- split(group = ..)

static void assert_apart(const Case *c, const nnrt_field *kept) {
    int owner[MOST_VALUES] = {0};
    int64_t rows = 0;
    for (int p = 0; p < PARTS; p++)
        for (int64_t i = 0; i < c->parts[p]->count; i++) {
            int value = (int)nnrt_field_number(kept, c->parts[p]->rows[i], 0);
            if (owner[value] && owner[value] != p + 1) fail_msg("%d is in two parts", value);
            owner[value] = p + 1;
            rows++;
        }
    assert_int_equal(rows, ROWS);
}

// A copy of the column says what was in it.
static void assert_groups(const char *split) {
    Front front = front_create();
    Case c = run(arena_format(front.arena, "compute(copy = \"pm2.5\") -> %s", split));
    assert_int_equal(nnrt_table_find(c.table, "pm2.5")->role, NNRT_GROUP);
    assert_int_equal(c.checked.program->datasets.items[0]->info.inputs[0].size, 3);
    assert_apart(&c, nnrt_table_find(c.table, "copy"));
    assert_in_range(c.parts[2]->count, 220 - 20, 220 + 20); // groups have about 28 rows
    assert_in_range(c.parts[1]->count, 110 - 20, 110 + 20);
    end(&c);
    front_destroy(&front);
}

static void test_groups(void **state) {
    (void)state;
    assert_groups("split(test = 0.2, validation = 0.1, group = \"pm2.5\")");
    assert_groups("split(test = 0.2, validation = 0.1, seed = 3, group = \"pm2.5\")");
}

static void test_what_groups_cannot_be(void **state) {
    (void)state;
    check_fails(SOURCE " -> split(test = 0.2, group = patient)\n", 1,
                "there is no column `patient`");
    check_fails(SOURCE " -> split(test = 0.2, group = y)\n", 1, "it is the target");
    check_fails(SOURCE " -> split(test = 0.2, group = age)\n", 1, "has no value there");
    check_fails(SOURCE " -> split(test = 0.2, group = size, stratify = true)\n", 1,
                "leave one of them out");
    check_fails(SOURCE " -> filter(\"pm2.5\" == 3) -> split(test = 0.2, group = \"pm2.5\")\n", 1,
                "have the same value");
    check_fails(SOURCE TAIL " -> windows(5) -> split(test = 0.2, group = \"pm2.5\")\n", 1,
                "write it before `windows`");
}

// ---- balance

// What each class has, and that a class's rows are there equally often but for one.
static void assert_balanced(const Case *c, int64_t size) {
    const nnrt_field *y = nnrt_table_find(c->table, "y");
    int counts[ROWS], others[ROWS];
    int64_t classes[2] = {0};
    int least[2] = {ROWS, ROWS}, most[2] = {0};
    count_rows(c->parts[0], counts);
    count_rows(c->parts[2], others);
    for (int row = 0; row < ROWS; row++) {
        int class = (int)nnrt_field_number(y, row, 0);
        if (counts[row] && others[row]) fail_msg("row %d is in two parts", row);
        if (!counts[row]) continue;
        classes[class] += counts[row];
        if (counts[row] < least[class]) least[class] = counts[row];
        if (counts[row] > most[class]) most[class] = counts[row];
        assert_true(others[row] <= 1);
    }
    for (int class = 0; class < 2; class ++) {
        assert_int_equal(classes[class], size);
        assert_in_range(most[class] - least[class], 0, 1);
    }
}

static void count_classes(const nnrt_table *table, int64_t classes[2]) {
    const nnrt_field *y = nnrt_table_find(table, "y");
    classes[0] = classes[1] = 0;
    for (int64_t i = 0; i < table->train.count; i++)
        classes[(int)nnrt_field_number(y, table->train.rows[i], 0)]++;
}

#define UNEVEN "filter(y == 1 or \"pm2.5\" < 7)"

// It takes and repeats rows of training alone, behind the split wherever it stands.
static void test_balance(void **state) {
    (void)state;
    int64_t classes[2];
    Case plain = run(UNEVEN " -> split(test = 0.3, seed = 1)");
    count_classes(plain.table, classes);
    assert_true(classes[0] * 3 < classes[1]);
    static const char *const stages[] = {
        UNEVEN " -> split(test = 0.3, seed = 1) -> balance(over, seed = 4)",
        UNEVEN " -> balance(over, seed = 4) -> split(test = 0.3, seed = 1)",
        UNEVEN " -> split(test = 0.3, seed = 1) -> balance(under)",
        UNEVEN " -> balance(under) -> split(test = 0.3, seed = 1)"};
    for (int i = 0; i < 4; i++) {
        Case c = run(stages[i]);
        assert_balanced(&c, classes[i < 2]);
        assert_int_equal(c.parts[2]->count, plain.parts[2]->count);
        assert_memory_equal(c.parts[2]->rows, plain.parts[2]->rows,
                            (size_t)plain.parts[2]->count * sizeof(uint32_t));
        end(&c);
    }
    end(&plain);
}

static void test_what_cannot_be_balanced(void **state) {
    (void)state;
    check_fails(SOURCE TAIL " -> windows(5) -> balance(over)\n", 1, "does not go with windows");
    check_fails("dataset _d = csv(\"" NNC_SOURCE_DIR
                "/tests/fixtures/tables/formulas.csv\", target = size)"
                " -> balance(over)\n",
                1, "the target is not a class");
}

// ---- Columns that models name

// They are inputs of their own, [1], and the others one vector, whatever the model calls it; a data
// set that goes on from this one has its own.
static void test_named_columns(void **state) {
    (void)state;
    Checked checked =
        check(SOURCE TAIL
              "\ndataset _more = _d -> take(10)\n"
              "model net(age, \n rest) { concat(age -> dense(3), rest) -> dense(2, softmax) }\n"
              "model other(x) = x -> dense(2, softmax)\n"
              "train net on _d { loss = crossentropy  optimizer = sgd }\n"
              "train other on _more { loss = crossentropy  optimizer = sgd }\n");
    if (checked.errors) fail_msg("%s", checked.messages);
    const Dataset *set = checked.program->datasets.items[0];
    assert_int_equal(set->info.input_count, 2);
    assert_int_equal(checked.program->datasets.items[1]->info.inputs[0].size, 3);
    nnrt_data data;
    const nnrt_call *calls = program_calls(checked.front.arena, &set->stages);
    assert_int_equal(nnrt_data_load(calls, set->stages.count, ".", &data), NNRT_OK);
    int64_t age = nnrt_data_find_column(&data.info, "age"),
            x = nnrt_data_find_column(&data.info, "x");
    assert_int_equal(data.info.inputs[age].rank, 1);
    assert_int_equal(data.info.inputs[age].size, 1);
    assert_int_equal(data.info.inputs[x].size, 2);
    assert_true(((const float *)data.columns[age])[1] == 85);
    assert_true(((const float *)data.columns[x])[2] == -0.719F);
    nnrt_data_free(&data);
    check_end(&checked);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_groups),        cmocka_unit_test(test_what_groups_cannot_be),
        cmocka_unit_test(test_balance),       cmocka_unit_test(test_what_cannot_be_balanced),
        cmocka_unit_test(test_named_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
