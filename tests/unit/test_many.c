// A column of words or numbers with another value in each row: as a target it is told to be an id
// or a number, and its categories are not made where they do not fit, before anything is. What goes
// over all categories, or all columns, for each of them would take minutes here.
#include "../common/calls.h"
#include "../common/check.h"
#include "data_files.h"

enum { ROWS = 300000, BYTES = 32 * ROWS, COLUMNS = 6000 };

static char path[PATH_MAX];

static int set_up(void **state) {
    char *text = malloc(BYTES), *at = text;
    (void)state;
    assert_non_null(text);
    at += sprintf(at, "size,id,word,y\n");
    for (int row = 0; row < ROWS; row++)
        at += sprintf(at, "%d.5,%d,w%d,%d\n", row % 7, row, row, row % 2);
    snprintf(path, sizeof path, "%s", put_file("many.csv", text, (size_t)(at - text)));
    free(text);
    return 0;
}

static void assert_told(const char *target, const char *drop, int units, int errors,
                        const char *words) {
    Front front = front_create();
    Text source = text_create(front.arena);
    text_format(&source,
                "dataset _d = csv(\"%s\", target = %s) -> drop(%s, y)\n"
                "model m(x) { x -> dense(%d) }\n"
                "train m on _d { loss = crossentropy  optimizer = sgd }\n",
                path, target, drop, units);
    check_fails(source.data, errors, words);
    front_destroy(&front);
}

static void test_target(void **state) {
    (void)state;
    assert_told("word", "id", 2, 1, "if `word` is an id or a name");
    assert_told("id", "word", 2, 1, "if `id` is a number to be predicted, write `loss = mse`");
}

// With units for each of them it is legal.
static void test_units_for_all(void **state) {
    (void)state;
    Front front = front_create();
    Text source = text_create(front.arena);
    text_format(&source,
                "dataset _d = csv(\"%s\", target = word) -> drop(id, y)\n"
                "model m(x) { x -> dense(%d) }\n"
                "train m on _d { loss = crossentropy  optimizer = sgd }\n",
                path, ROWS);
    Checked checked = check(source.data);
    assert_int_equal(checked.errors, 0);
    assert_non_null(
        strstr(checked.messages, "the target has 300000 classes, and there are 300000"));
    check_end(&checked);
    front_destroy(&front);
}

static void test_categories(void **state) {
    (void)state;
    Front front = front_create();
    Text source = text_create(front.arena);
    text_format(&source, "dataset _d = csv(\"%s\", target = y) -> drop(id) -> one_hot\n", path);
    check_fails(source.data, 1, "300000 categories of 300000 rows, 5 bytes each, are 450 GB");
    front_destroy(&front);
}

static void test_embed_index(void **state) {
    (void)state;
    Front front = front_create();
    Text source = text_create(front.arena);
    text_format(&source,
                "dataset _d = csv(\"%s\", target = y) -> drop(id) -> embed_index(word)\n"
                "model m(word, rest) { rest -> dense(_d.categories - %d) }\n"
                "train m on _d { loss = crossentropy  optimizer = sgd }\n",
                path, ROWS - 1);
    Checked checked = check(source.data);
    assert_int_equal(checked.errors, 0);
    check_end(&checked);
    front_destroy(&front);
}

// Of many columns every second one goes.
static void test_columns(void **state) {
    (void)state;
    Front front = front_create();
    Text table = text_create(front.arena), source = text_create(front.arena);
    for (int i = 0; i < COLUMNS; i++) text_format(&table, "c%d,", i);
    text_format(&table, "y\n");
    for (int i = 0; i < COLUMNS; i++) text_format(&table, "%d,", i);
    text_format(&table, "0.5\n");
    const char *file = put_file("wide.csv", table.data, strlen(table.data));
    text_format(&source, "dataset _d = csv(\"%s\", target = y) -> drop(c0", file);
    for (int i = 2; i < COLUMNS; i += 2) text_format(&source, ", c%d", i);
    text_format(&source, ")\nmodel m(x: [%d]) { x -> dense(1) }\n", COLUMNS / 2);
    text_format(&source, "train m on _d { loss = mse  optimizer = sgd }\n");
    Checked checked = check(source.data);
    assert_int_equal(checked.errors, 0);
    check_end(&checked);
    front_destroy(&front);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_target), cmocka_unit_test(test_units_for_all),
        cmocka_unit_test(test_categories), cmocka_unit_test(test_embed_index),
        cmocka_unit_test(test_columns)};
    return cmocka_run_group_tests_name("many", tests, set_up, scratch_remove);
}
