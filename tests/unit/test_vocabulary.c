// Every word of every family has what the language needs to know of it, and what it was found by
// leads back to it.
#include "../common/graphs.h"

#include "../../compiler/op/vocabulary.h"
#include "../../runtime/metrics/row.h"
#include "../../runtime/session/callback.h"
#include "../../runtime/session/schedules/schedule.h"
#include "../../runtime/session/weights/initialize.h"

#include <ctype.h>

static bool is_word(const char *name) {
    if (!islower((unsigned char)*name)) return false;
    return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name);
}

static bool is_phrase(const char *doc) {
    return doc && *doc && !isupper((unsigned char)*doc) && doc[strlen(doc) - 1] != '.';
}

// What the word lacks; NULL: nothing.
static const char *missing_part(const Schema *word) {
    if (!is_word(word->name)) return "a name of lower-case letters";
    if (!is_phrase(word->doc)) return "a line of documentation";
    for (const ArgDef *def = word->args; def && def->name; def++) {
        if (!is_word(def->name)) return "an argument's name of lower-case letters";
        if (!is_phrase(def->doc)) return "an argument's documentation";
        if (def->type == ARG_WORD && !def->choices) return "an argument's choices";
        if (schema_arg_index(word, def->name) != def - word->args) return "arguments that differ";
    }
    return NULL;
}

static void test_words_are_complete(void **state) {
    (void)state;
    for (int i = 0; i < FAMILY_COUNT; i++) {
        const Schema *word;
        int count = 0;
        for (Words words = {.family = &vocabulary[i]}; (word = words_next(&words)); count++) {
            const char *missing = missing_part(word);
            if (missing) fail_msg("%s `%s` lacks %s", vocabulary[i].noun, word->name, missing);
        }
        assert_true(count > 1);
    }
}

// Rows of the runtime have their functions, and an option where the row says that one is.
static void test_rows_have_functions(void **state) {
    (void)state;
    for (int i = 0; nnrt_metric_tables[i]; i++)
        for (const nnrt_metric_row *row = nnrt_metric_tables[i]; row->schema.name; row++)
            assert_true(row->update && row->value && (row->open || !row->schema.args));
    for (const nnrt_initializer_row *row = nnrt_initializer_rows; row->schema.name; row++)
        assert_non_null(row->run);
    for (int i = 0; nnrt_schedule_tables[i]; i++)
        for (const nnrt_schedule_row *row = nnrt_schedule_tables[i]; row->schema.name; row++)
            assert_true((row->rate || row->leads) && (row->is_number || row->open));
    for (int i = 0; nnrt_callback_tables[i]; i++)
        for (const nnrt_callback_row *row = nnrt_callback_tables[i]; row->schema.name; row++) {
            const ArgDef *args = row->schema.args;
            assert_true(row->open && row->epoch);
            if (row->writes) assert_string_equal(args[0].name, "path");
            if (row->monitors) assert_string_equal(args[row->monitor].name, "monitor");
            if (row->best_only) assert_int_equal(args[row->best_only].type, ARG_BOOL);
        }
}

// The test sees what it looks for.
static void test_missing_parts_are_seen(void **state) {
    static const ArgDef undocumented[] = {{.name = "k", .type = ARG_INT}, {0}};
    static const ArgDef twice[] = {
        {.name = "k", .doc = "one"}, {.name = "k", .doc = "another"}, {0}};
    static const ArgDef open[] = {{.name = "k", .type = ARG_WORD, .doc = "a word"}, {0}};
    (void)state;
    assert_non_null(missing_part(&(Schema){"Dense", "does it", NULL, NULL}));
    assert_non_null(missing_part(&(Schema){"dense", "Does it.", NULL, NULL}));
    assert_non_null(missing_part(&(Schema){"dense", "does it", undocumented, NULL}));
    assert_non_null(missing_part(&(Schema){"dense", "does it", twice, NULL}));
    assert_non_null(missing_part(&(Schema){"dense", "does it", open, NULL}));
    assert_null(missing_part(&(Schema){"dense", "does it", NULL, NULL}));
}

// A name means one word in a family; a default that cannot be read ends this program.
static void test_words_are_found(void **state) {
    Arena *arena = arena_create();
    (void)state;
    for (int i = 0; i < FAMILY_COUNT; i++) {
        const Schema *word;
        for (Words words = {.family = &vocabulary[i]}; (word = words_next(&words));) {
            assert_ptr_equal(family_word(&vocabulary[i], word->name), word);
            assert_int_equal(args_default(arena, word)->count, schema_arg_count(word));
        }
        assert_null(family_word(&vocabulary[i], "frobnicate"));
    }
    assert_ptr_equal(family_of_argument(ARG_INITIALIZER), &vocabulary[FAMILY_INITIALIZERS]);
    assert_null(family_of_argument(ARG_INT));
    arena_destroy(arena);
}

// A row's number counts all rows of its family's tables.
static void test_rows_are_numbered(void **state) {
    static const Schema stranger = {"stranger", "is in no table", NULL, NULL};
    (void)state;
    for (int i = FAMILY_OPTIMIZERS; i < FAMILY_COUNT; i++) {
        const Schema *word;
        int last = -1;
        for (Words words = {.family = &vocabulary[i]}; (word = words_next(&words));) {
            assert_true(vocabulary_row(word) > last);
            last = vocabulary_row(word);
        }
    }
    assert_int_equal(vocabulary_row(&stranger), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_are_complete),     cmocka_unit_test(test_rows_have_functions),
        cmocka_unit_test(test_missing_parts_are_seen), cmocka_unit_test(test_words_are_found),
        cmocka_unit_test(test_rows_are_numbered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
