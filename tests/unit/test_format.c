// `nnc fmt`: one layout for one program, however it was written; comments and meaning stay, and
// a second time changes nothing.
#include "../../compiler/front/format.h"
#include "../common/front.h"

#include <dirent.h>

static const char *formatted(Front *front, const char *source) {
    int file = sources_add(front->sources, "net.nn", source, strlen(source));
    Text out = text_create(front->arena);
    bool ok = format_print(&out, front->arena, front->sources, (uint32_t)file, front->sink);
    if (!ok) print_error("%s\n%s\n", source, front_diagnostics(front, DIAG_TEXT, false));
    assert_true(ok);
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
    assert_formatted("param a = f ( 1,b=[ 2,3 ,] ,) . c", "param a = f(1, b = [2, 3]).c\n");
    assert_formatted("model m(t:int [ 2 ],x : [3]){}", "model m(t: int[2], x: [3]) {}\n");
    assert_formatted("model m(x){return(x)}", "model m(x) {\n    return (x)\n}\n");
    assert_formatted("param a = 1 .x", "param a = 1 .x\n");
    assert_formatted("param a = - - (b)", "param a = --(b)\n");
    assert_formatted("param a=if b{c}else{d}", "param a = if b { c } else { d }\n");
    assert_formatted("param a =\nf(1) +\n2", "param a = f(1) + 2\n");
}

// Two arrows stand on a line, three do not.
static void test_chains(void **state) {
    (void)state;
    assert_formatted("model m(x) {\nx -> f\n-> g\n}", "model m(x) {\n    x -> f -> g\n}\n");
    assert_formatted("model m(x) { x -> f -> g -> h }",
                     "model m(x) {\n    x -> f\n      -> g\n      -> h\n}\n");
    assert_formatted("model m(x) = x -> f -> g -> h", "model m(x) = x -> f -> g -> h\n");
    assert_formatted("dataset d = npy(\"f\")\n-> take(1)", "dataset d = npy(\"f\") -> take(1)\n");
    assert_formatted("dataset d = npy(\"f\") -> take(1) -> take(2) -> take(3)",
                     "dataset d = npy(\"f\")\n          -> take(1)\n          -> take(2)\n"
                     "          -> take(3)\n");
}

static void test_statements(void **state) {
    (void)state;
    assert_formatted("model m(x) {\ny = if a {\nb\n} else {\nc\n}\ny }",
                     "model m(x) {\n    y = if a { b } else { c }\n    y\n}\n");
    assert_formatted("model m(x) { y = if a { b = x b } else { c } y }",
                     "model m(x) {\n    y = if a {\n        b = x\n        b\n    } else {\n"
                     "        c\n    }\n    y\n}\n");
    assert_formatted("train m on d {\nstep s updates m with a {\nminimize f(1)\n+ 2\n}\n}",
                     "train m on d {\n    step s updates m with a {\n        minimize f(1) + 2\n"
                     "    }\n}\n");
    assert_formatted("param a = 1\n\n\nparam b = 2 dataset d = mnist\nmodel m(x) = x -> f",
                     "param a = 1\nparam b = 2\n\ndataset d = mnist\n\nmodel m(x) = x -> f\n");
    assert_formatted("train m on d { loss = a optimizer = b\n\nepochs = 1 }",
                     "train m on d {\n    loss      = a\n    optimizer = b\n"
                     "    epochs    = 1\n}\n");
}

// What is wider than 100 columns is broken at its outermost signs, at all of them.
static void test_width(void **state) {
    (void)state;
#define LONG "abcdefghijklmnopqrstuvwxyz0123456789"
    assert_formatted("param a = f(" LONG ", [" LONG ", b], c)",
                     "param a = f(" LONG ", [" LONG ", b], c)\n");
    assert_formatted("param a = f(" LONG ", " LONG ", " LONG ")",
                     "param a = f(" LONG ",\n            " LONG ",\n            " LONG ")\n");
    assert_formatted("model m(x) { y = if a { " LONG "(x) } else { " LONG "(x, " LONG ") } y }",
                     "model m(x) {\n    y = if a {\n        " LONG
                     "(x)\n    } else {\n        " LONG "(x, " LONG ")\n    }\n    y\n}\n");
    assert_formatted("model m(x) = x -> " LONG " -> " LONG " -> " LONG,
                     "model m(x) = x -> " LONG "\n               -> " LONG
                     "\n               -> " LONG "\n");
    assert_formatted("param a = (" LONG " -> " LONG " -> " LONG ") * 2",
                     "param a = (" LONG " -> " LONG "\n           -> " LONG ") * 2\n");
    assert_formatted("param a = f(g(" LONG ", " LONG "), [" LONG ", 1])",
                     "param a = f(g(" LONG ", " LONG "),\n            [" LONG ", 1])\n");
    assert_formatted("param a = f(g(" LONG ", " LONG ", [" LONG ", 1]), 1)",
                     "param a = f(g(" LONG ",\n              " LONG ",\n              [" LONG
                     ", 1]),\n            1)\n");
    assert_formatted("param a = " LONG " + " LONG " + " LONG,
                     "param a = " LONG "\n        + " LONG "\n        + " LONG "\n");
}

static void test_comments(void **state) {
    (void)state;
    assert_formatted("", "");
    assert_formatted("# only", "# only\n");
    assert_formatted("\n\n# head \t\r\n\n\n\nparam a = 1\n\n\n", "# head\nparam a = 1\n");
    assert_formatted(
        "model m(x) { # why\n# of y\ny = x\n   # of the chain\n-> f\n# the end\n}",
        "model m(x) {  # why\n    # of y\n    y = x\n      # of the chain\n      -> f\n"
        "    # the end\n}\n");
    assert_formatted("param a = f(1, # one\n  # two\n2)",
                     "param a = f(1,  # one\n            # two\n            2)\n");
    assert_formatted("param a = 1 # one\nparam bbb = 2# two\n# three\nparam c = 3",
                     "param a = 1    # one\nparam bbb = 2  # two\n\n# three\nparam c = 3\n");
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

// ---- Any layout of a program becomes the one.

static uint32_t random_state = 1;

static uint32_t draw(uint32_t count) {
    random_state = random_state * 1664525 + 1013904223;
    return (random_state >> 8) % count;
}

static bool token_is(const char *source, const Token *token, const char *text) {
    size_t length = token->span.hi - token->span.lo;
    return length == strlen(text) && memcmp(source + token->span.lo, text, length) == 0;
}

// Blanks and line breaks between two tokens that leave the meaning alone: a comment ends its line;
// `(`, `[`, `-` and `for` begin a line where they did, and nowhere else; a value of the file begins
// one.
static void put_gap(Text *out, const char *source, const Token *before, const Token *token,
                    bool is_outside) {
    static const char *const breaks[] = {"\n", "\n\n  ", " \n\t", "\n        "};
    static const char *const blanks[] = {" ", "  ", "\t", "   "};
    bool is_comment = token->kind == TOKEN_COMMENT;
    bool is_bound = token_is(source, token, "(") || token_is(source, token, "[") ||
                    token_is(source, token, "-") || token_is(source, token, "for");
    bool is_value = is_outside && token->kind == TOKEN_NAME && token_is(source, token + 1, "=");
    bool has_gap = before->span.hi < token->span.lo;
    bool must_break =
        before->kind == TOKEN_COMMENT || ((is_comment || is_bound || is_value) && token->is_first);
    bool may_break = !is_comment && !is_bound;
    if (must_break || (may_break && has_gap && draw(3) == 0))
        text_put(out, breaks[draw(4)]);
    else if (has_gap)
        text_put(out, blanks[draw(4)]);
}

// A comma behind the last item of a list says nothing.
static bool may_add_comma(const char *source, const TokenList *tokens, int index) {
    const Token *token = &tokens->items[index], *before = token - 1;
    for (int i = index; i > 0 && !token_is(source, &tokens->items[i], "["); i--)
        if (token_is(source, &tokens->items[i], "for")) return false;
    return index > 0 && token_is(source, token, "]") && !token_is(source, before, "[") &&
           !token_is(source, before, ",") && before->kind != TOKEN_COMMENT && draw(2) == 0;
}

static const char *shaken(Front *front, const char *source) {
    int file = sources_add(front->sources, "net.nn", source, strlen(source));
    TokenList tokens = parse_tokens(front->arena, front->sources, (uint32_t)file, front->sink);
    const char *text = sources_get(front->sources, (uint32_t)file)->text;
    Text out = text_create(front->arena);
    int depth = 0;
    for (int i = 0; i < tokens.count; i++) {
        const Token *token = &tokens.items[i];
        if (may_add_comma(text, &tokens, i)) text_put(&out, ",");
        if (i > 0) put_gap(&out, text, token - 1, token, depth == 0 && i + 1 < tokens.count);
        depth +=
            token_is(text, token, "(") + token_is(text, token, "[") + token_is(text, token, "{");
        depth -=
            token_is(text, token, ")") + token_is(text, token, "]") + token_is(text, token, "}");
        text_put_bytes(&out, text + token->span.lo, token->span.hi - token->span.lo);
    }
    return out.data;
}

static bool is_program(const char *text) {
    Front front = front_create();
    front_parse(&front, text);
    bool is_right = diag_error_count(front.sink) == 0;
    front_destroy(&front);
    return is_right;
}

static int lines_beyond(const char *text, size_t width) {
    int count = 0;
    for (; *text; text += strcspn(text, "\n") + 1) {
        size_t length = strcspn(text, "\n");
        bool has_comment = memchr(text, '#', length) != NULL;
        count += length > width && !has_comment;
        if (!text[length]) break;
    }
    return count;
}

static void assert_canonical(const char *text) {
    enum { LAYOUTS = 8 };
    Front front = front_create();
    const char *one = formatted(&front, text);
    assert_stable(&front, text);
    assert_int_equal(lines_beyond(one, 100), 0);
    for (int i = 0; i < LAYOUTS; i++) {
        const char *other = shaken(&front, text);
        assert_string_equal(formatted(&front, other), one);
    }
    front_destroy(&front);
}

static int visit(const char *path, void test(const char *text)) {
    Front front = front_create();
    const char *error;
    int count = 0, file = sources_load(front.sources, path, &error);
    assert_true(file >= 0);
    const Source *source = sources_get(front.sources, (uint32_t)file);
    if (memchr(source->text, 0, source->size) == NULL && is_program(source->text)) {
        test(source->text);
        count++;
    }
    front_destroy(&front);
    return count;
}

static int visit_folder(const char *folder, void test(const char *text)) {
    struct dirent **entries;
    int count = 0, found = scandir(folder, &entries, NULL, alphasort);
    assert_true(found > 0);
    for (int i = 0; i < found; i++) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        size_t length = strlen(path);
        if (length > 3 && strcmp(path + length - 3, ".nn") == 0) count += visit(path, test);
        free(entries[i]);
    }
    free(entries);
    return count;
}

static void test_any_layout(void **state) {
    static const char *const folders[] = {"ast",   "check", "expand", "fmt",
                                          "graph", "grad",  "shapes", "summary"};
    int count = visit_folder(NNC_SOURCE_DIR "/examples", assert_canonical);
    (void)state;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        char path[1024];
        snprintf(path, sizeof path, NNC_SOURCE_DIR "/tests/golden/%s", folders[i]);
        count += visit_folder(path, assert_canonical);
    }
    assert_true(count > 100);
}

static void assert_is_formatted(const char *text) {
    Front front = front_create();
    assert_string_equal(formatted(&front, text), text);
    front_destroy(&front);
}

static void test_examples(void **state) {
    (void)state;
    assert_true(visit_folder(NNC_SOURCE_DIR "/examples", assert_is_formatted) > 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blanks),     cmocka_unit_test(test_chains),
        cmocka_unit_test(test_statements), cmocka_unit_test(test_width),
        cmocka_unit_test(test_comments),   cmocka_unit_test(test_line_rule),
        cmocka_unit_test(test_refused),    cmocka_unit_test(test_any_layout),
        cmocka_unit_test(test_examples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
