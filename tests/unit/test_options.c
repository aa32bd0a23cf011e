// The command line: commands, options before and after the file, and what belongs to the program.
#include "../../compiler/command/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static Arena *arena;

static int set_up(void **state) {
    (void)state;
    arena = arena_create();
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    arena_destroy(arena);
    return 0;
}

enum { MAX_WORDS = 12 };

static bool parse(Options *options, const char *const *words) {
    char **argv = ARENA_ARRAY(arena, char *, MAX_WORDS + 2);
    int count = 0;
    argv[count++] = "nnc";
    while (words[count - 1]) {
        argv[count] = arena_strdup(arena, words[count - 1]);
        count++;
    }
    return options_parse(options, arena, count, argv);
}

#define PARSE(options, ...) parse((options), (const char *const[MAX_WORDS]){__VA_ARGS__})

static void test_options_around_the_file(void **state) {
    (void)state;
    Options options;
    assert_true(
        PARSE(&options, "build", "--cpu=x86-64-v3", "net.nn", "-o", "net", "--verify-each"));
    assert_string_equal(options.command->name, "build");
    assert_string_equal(options.operand, "net.nn");
    assert_string_equal(options.output, "net");
    assert_string_equal(options.gen.cpu, "x86-64-v3");
    assert_true(options.gen.verify_each);
}

static void test_values_in_the_next_word(void **state) {
    (void)state;
    Options options;
    assert_true(PARSE(&options, "--emit", "ast", "net.nn"));
    assert_string_equal(options.command->name, "build");
    assert_string_equal(options.emit, "ast");
    assert_true(PARSE(&options, "build", "net.nn", "-oother", "--contraction", "blas"));
    assert_string_equal(options.output, "other");
    assert_int_equal(options.gen.contraction, CONTRACTION_BLAS);
}

static void test_definitions(void **state) {
    (void)state;
    Options options;
    assert_true(PARSE(&options, "check", "-Dunits=256", "net.nn", "-D", "rate=0.1"));
    assert_int_equal(options.definitions.count, 2);
    assert_string_equal(options.definitions.items[0].name, "units");
    assert_string_equal(options.definitions.items[0].value, "256");
    assert_string_equal(options.definitions.items[1].value, "0.1");
    assert_false(PARSE(&options, "check", "net.nn", "-D", "units"));
    assert_false(PARSE(&options, "check", "net.nn", "-D", "=3"));
}

static void test_arguments_of_the_program(void **state) {
    (void)state;
    Options options;
    assert_true(
        PARSE(&options, "run", "net.nn", "--cpu=native", "fit", "--epochs", "3", "-D", "x"));
    assert_string_equal(options.gen.cpu, "native");
    assert_string_equal(options.arguments[0], "fit");
    assert_string_equal(options.arguments[3], "-D");
    assert_true(PARSE(&options, "run", "net.nn", "--epochs", "3"));
    assert_string_equal(options.arguments[0], "--epochs");
    assert_true(PARSE(&options, "run", "net.nn", "--", "--cpu=native"));
    assert_null(options.gen.cpu);
    assert_string_equal(options.arguments[0], "--cpu=native");
    assert_true(PARSE(&options, "run", "net.nn", "--help"));
    assert_false(options.help);
    assert_string_equal(options.arguments[0], "--help");
    assert_true(PARSE(&options, "run", "net.nn"));
    assert_null(options.arguments[0]);
}

static void test_wrong_usage(void **state) {
    (void)state;
    Options options;
    assert_false(PARSE(&options, "frobnicate", "net.nn"));
    assert_false(PARSE(&options, "net.nn"));
    assert_false(PARSE(&options, "check"));
    assert_true(PARSE(&options, "check", "net.nn", "other.nn"));
    assert_int_equal(options.operands.count, 2);
    assert_false(PARSE(&options, "build", "net.nn", "other.nn"));
    assert_false(PARSE(&options, "check", "net.nn", "-o", "net"));
    assert_false(PARSE(&options, "check", "net.nn", "--diagnostics=xml"));
    assert_false(PARSE(&options, "build", "net.nn", "--emit=nonsense"));
    assert_false(PARSE(&options, "build", "net.nn", "--after=expand"));
    assert_false(PARSE(&options, "build", "net.nn", "-o"));
    assert_false(PARSE(&options, "build", "net.nn", "--verify-each=yes"));
    assert_false(PARSE(&options, "version", "net.nn"));
}

static void test_help_names_everything(void **state) {
    (void)state;
    Text text = text_create(arena);
    options_help(&text, NULL);
    for (const Command *row = command_rows; row->name; row++) {
        assert_non_null(strstr(text.data, row->name));
        assert_non_null(strstr(text.data, row->doc));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_options_around_the_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_values_in_the_next_word, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_definitions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_arguments_of_the_program, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_wrong_usage, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_help_names_everything, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
