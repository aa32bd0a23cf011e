// `nnc fmt`: the standard layout; comments, line breaks and meaning stay; a second time changes
// nothing.
#include "../../compiler/front/format.h"
#include "../common/front.h"

#include <dirent.h>

static const char *formatted(Front *front, const char *source) {
    int file = sources_add(front->sources, "net.nn", source, strlen(source));
    Text out = text_create(front->arena);
    assert_true(format_print(&out, front->arena, front->sources, (uint32_t)file, front->sink));
    return out.data;
}

static const char *tree(Front *front, const char *source) {
    Text out = text_create(front->arena);
    ast_print(&out, front_parse(front, source));
    return out.data;
}

static int count_of(const char *text, char character) {
    int count = 0;
    for (; *text; text++) count += *text == character;
    return count;
}

static void assert_stable(Front *front, const char *source) {
    const char *once = formatted(front, source);
    assert_string_equal(formatted(front, once), once);
    assert_string_equal(tree(front, once), tree(front, source));
    assert_int_equal(count_of(once, '#'), count_of(source, '#'));
    assert_null(strstr(once, " \n"));
    assert_null(strstr(once, "\n\n\n"));
    assert_int_equal(diag_error_count(front->sink), 0);
}

static void assert_formatted(const char *source, const char *expected) {
    Front front = front_create();
    assert_string_equal(formatted(&front, source), expected);
    assert_stable(&front, source);
    front_destroy(&front);
}

static void test_blanks(void **state) {
    (void)state;
    assert_formatted("param   a=1+2*-3", "param a = 1 + 2 * -3\n");
    assert_formatted("param a = 1 / 255 + x/2", "param a = 1/255 + x / 2\n");
    assert_formatted("param a = f ( 1,b=[ 2,3 ] ) . c", "param a = f(1, b = [2, 3]).c\n");
    assert_formatted("model m(t:int [ 2 ],x : [3]){}", "model m(t: int[2], x: [3]) {}\n");
    assert_formatted("model m(x){return(x)}", "model m(x) { return (x) }\n");
    assert_formatted("param a = 1 .x", "param a = 1 .x\n");
    assert_formatted("param a = - - (b)", "param a = --(b)\n");
    assert_formatted("param a=if b{c}else{d}", "param a = if b { c } else { d }\n");
}

static void test_indentation(void **state) {
    (void)state;
    assert_formatted("model m(x) {\nx -> f\n-> g\n      -> h\n}",
                     "model m(x) {\n    x -> f\n      -> g\n      -> h\n}\n");
    assert_formatted("dataset d = csv(\"f\")\n-> take(1)",
                     "dataset d = csv(\"f\")\n          -> take(1)\n");
    assert_formatted("model m(x) { x -> f\n-> g }", "model m(x) { x -> f\n    -> g }\n");
    assert_formatted(
        "model m(x) {\ny = if a {\nb\n} else {\nc\n}\ny }",
        "model m(x) {\n    y = if a {\n        b\n    } else {\n        c\n    }\n    y }\n");
    assert_formatted("train m on d {\nstep s updates m with a {\nminimize f(1)\n+ 2\n}\n}",
                     "train m on d {\n    step s updates m with a {\n        minimize f(1)\n"
                     "               + 2\n    }\n}\n");
    assert_formatted(
        "train m on d {\ncalls = [f(1),\ng(2)]\nmore = f(\n1,\n2\n)\n}",
        "train m on d {\n    calls = [f(1),\n             g(2)]\n    more = f(\n        1,\n"
        "        2\n    )\n}\n");
    assert_formatted("param a =\nf(1) +\n2", "param a =\n    f(1) +\n    2\n");
}

static void test_alignment(void **state) {
    (void)state;
    assert_formatted(
        "train m on d {\nloss = a\noptimizer = b\n\nepochs = 1\nb = 2\n}",
        "train m on d {\n    loss      = a\n    optimizer = b\n\n    epochs = 1\n    b      = 2\n}\n");
    assert_formatted("param a = f(x,\n    bb = 1,\n    c = 2)",
                     "param a = f(x,\n            bb = 1,\n            c = 2)\n");
    assert_formatted("param a = 1 # one\nparam bbb = 2# two\n\nparam c = 3 # three",
                     "param a = 1    # one\nparam bbb = 2  # two\n\nparam c = 3  # three\n");
}

static void test_comments(void **state) {
    (void)state;
    assert_formatted("", "");
    assert_formatted("# only", "# only\n");
    assert_formatted("\n\n# head \t\r\n\n\n\nparam a = 1\n\n\n", "# head\n\nparam a = 1\n");
    assert_formatted(
        "model m(x) { # why\n# of y\ny = x\n   # of the chain\n-> f\n# the end\n}",
        "model m(x) {  # why\n    # of y\n    y = x\n      # of the chain\n      -> f\n"
        "    # the end\n}\n");
    assert_formatted("param a = f(1, # one\n  # two\n2)",
                     "param a = f(1,  # one\n            # two\n            2)\n");
}

// What the line breaks mean must not change.
static void test_line_rule(void **state) {
    (void)state;
    assert_formatted("model m(x) {\ny = x\n(x) -> f\n}",
                     "model m(x) {\n    y = x\n    (x) -> f\n}\n");
    assert_formatted("model m(x) {\ny = x\n- x\n}", "model m(x) {\n    y = x\n    -x\n}\n");
    assert_formatted("\xEF\xBB\xBFparam a = 1\r\nparam b = 2\r\n", "param a = 1\nparam b = 2\n");
}

static void test_refused(void **state) {
    (void)state;
    Front front = front_create();
    int file = sources_add(front.sources, "net.nn", "param a = ", 10);
    Text out = text_create(front.arena);
    assert_false(format_print(&out, front.arena, front.sources, (uint32_t)file, front.sink));
    assert_int_equal(diag_error_count(front.sink), 1);
    assert_string_equal(out.data, "");
    // Comments are tokens here: beyond the limit nothing is printed, rather than a part.
    char *comments = front_repeat(&front, "", "#\n", PARSE_MAX_TOKENS + 1, "");
    file = sources_add(front.sources, "net.nn", comments, strlen(comments));
    assert_false(format_print(&out, front.arena, front.sources, (uint32_t)file, front.sink));
    assert_int_equal(diag_error_count(front.sink), 2);
    assert_string_equal(out.data, "");
    front_destroy(&front);
}

static const char *load(Front *front, const char *name) {
    const char *error;
    int file = sources_load(
        front->sources, arena_format(front->arena, NNC_SOURCE_DIR "/examples/%s", name), &error);
    assert_true(file >= 0);
    return sources_get(front->sources, (uint32_t)file)->text;
}

// The examples are in standard layout, and come back to it from any indentation and spacing.
static void test_examples(void **state) {
    (void)state;
    DIR *folder = opendir(NNC_SOURCE_DIR "/examples");
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (!strstr(entry->d_name, ".nn")) continue;
        Front front = front_create();
        const char *text = load(&front, entry->d_name);
        assert_string_equal(formatted(&front, text), text);
        Text shaken = text_create(front.arena);
        bool in_comment = false, in_string = false;
        for (const char *at = text; *at; at++) {
            in_comment = *at != '\n' && (in_comment || (*at == '#' && !in_string));
            if (*at == '"' && !in_comment) in_string = !in_string;
            bool is_blank = *at == ' ' && !in_comment && !in_string;
            if (!is_blank)
                text_put_bytes(&shaken, at, 1);
            else if (at[-1] != ' ')
                text_put(&shaken, "\t  ");
        }
        assert_string_equal(formatted(&front, shaken.data), text);
        assert_stable(&front, text);
        front_destroy(&front);
    }
    closedir(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blanks),    cmocka_unit_test(test_indentation),
        cmocka_unit_test(test_alignment), cmocka_unit_test(test_comments),
        cmocka_unit_test(test_line_rule), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_examples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
