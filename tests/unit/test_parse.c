// The grammar: what programs mean as trees, what is reported, where parsing goes on, limits.
#include "../common/front.h"

#include <dirent.h>

static const char *printed(Front *front, const Ast *ast) {
    Text out = text_create(front->arena);
    ast_print(&out, ast);
    return out.data;
}

// Parses without errors to this tree.
static void assert_tree(const char *source, const char *expected) {
    Front front = front_create();
    const Ast *ast = front_parse(&front, source);
    assert_string_equal(front_diagnostics(&front, DIAG_TEXT, false), "");
    assert_string_equal(printed(&front, ast), expected);
    front_destroy(&front);
}

// The value of `param a = ...`.
static void assert_value(const char *expression, const char *expected) {
    Front front = front_create();
    const Ast *ast = front_parse(&front, arena_format(front.arena, "param a = %s", expression));
    assert_string_equal(front_diagnostics(&front, DIAG_TEXT, false), "");
    assert_string_equal(printed(&front, ast),
                        arena_format(front.arena, "param a = %s\n", expected));
    front_destroy(&front);
}

// ---- Trees

static void test_precedence(void **state) {
    (void)state;
    assert_value("1 + 2 * 3 - 4 / 5", "((1 + (2 * 3)) - (4 / 5))");
    assert_value("(1 + 2) * 3", "((1 + 2) * 3)");
    assert_value("-a.b * -f(1)", "((-a.b) * (-f(1)))");
    assert_value("- - 1", "(-(-1))");
    assert_value("1 + 2 == 3 * 4", "((1 + 2) == (3 * 4))");
    assert_value("x -> f * 3 -> g", "(x -> (f * 3) -> g)");
    assert_value("x -> (f -> g) * 2 -> h", "(x -> ((f -> g) * 2) -> h)");
    assert_value("(x -> f) -> g", "((x -> f) -> g)");
    assert_value("a + b -> f", "((a + b) -> f)");
    assert_value("a <= b -> f", "((a <= b) -> f)");
    assert_value("f(a -> b, c = d -> e)", "f((a -> b), c = (d -> e))");
    assert_value("[1, -2, [x], []]", "[1, (-2), [x], []]");
    assert_value("if a > 1 { b } else { c } -> d",
                 "(if (a > 1) {\n    b\n} else {\n    c\n} -> d)");
}

static void test_numbers(void **state) {
    (void)state;
    assert_value("5", "5");
    assert_value("5.0", "5.0");
    assert_value("1.", "1.0");
    assert_value(".5", "0.5");
    assert_value("2e-5", "2e-05");
    assert_value("1E3", "1000.0");
    assert_value("9007199254740992", "9007199254740992");
    assert_value("1/255", "(1 / 255)");
}

static void test_strings(void **state) {
    (void)state;
    assert_value("\"a\\\"b\\\\c\\n\\t\"", "\"a\\\"b\\\\c\\n\\t\"");
    assert_value("\"\xc3\xa9 # no comment\" # \xff\xfe", "\"\xc3\xa9 # no comment\"");
    assert_value("\"\"", "\"\"");
}

// `(`, `[` and `-` at the beginning of a line begin something new.
static void test_line_rule(void **state) {
    (void)state;
    assert_tree("model m(x) {\n y = x\n (x) -> f\n}", "model m(x) {\n    y = x\n    (x -> f)\n}\n");
    assert_tree("model m(x) {\n y = x\n -x\n}", "model m(x) {\n    y = x\n    (-x)\n}\n");
    assert_tree("model m(x) {\n y = x\n [x, y]\n}", "model m(x) {\n    y = x\n    [x, y]\n}\n");
    assert_tree("model m(x) { y = x (1) y - x }", "model m(x) {\n    y = x(1)\n    (y - x)\n}\n");
    assert_tree("model m(x) {\n y =\n x +\n - x\n y }",
                "model m(x) {\n    y = (x + (-x))\n    y\n}\n");
    assert_tree("model m(x) {\n x\n -> f\n * 2 }", "model m(x) {\n    (x -> (f * 2))\n}\n");
}

// Words that mean something in one place are names in all others.
static void test_words_as_names(void **state) {
    (void)state;
    assert_tree(
        "model m(layer, step) {\n layer = layer -> step\n layer layer = on\n with }",
        "model m(layer, step) {\n    layer = (layer -> step)\n    layer layer = on\n    with\n}\n");
    assert_tree(
        "train on, with on on {\n step = 1\n minimize = 2\n step step updates updates with with "
        "{ minimize minimize } }",
        "train on, with on on {\n    step = 1\n    minimize = 2\n    step step updates updates "
        "with with {\n        minimize minimize\n    }\n}\n");
    assert_value("split(train = 0.8, model = block).model",
                 "split(train = 0.8, model = block).model");
    assert_value("layer - 1", "(layer - 1)");
    assert_tree("train a on b {\n step s updates a with c { minimize -1 } }",
                "train a on b {\n    step s updates a with c {\n        minimize (-1)\n    }\n}\n");
}

static void test_last_commas(void **state) {
    (void)state;
    assert_value("f(a, b = 1,)", "f(a, b = 1)");
    assert_value("[1, 2,]", "[1, 2]");
    assert_tree("block b(x, n,) { x }", "block b(x, n) {\n    x\n}\n");
    assert_tree("model m(x: [2, 3,]) { x }", "model m(x: [2, 3]) {\n    x\n}\n");
}

static void test_declarations(void **state) {
    (void)state;
    assert_tree("", "");
    assert_tree("# only a comment", "");
    assert_tree("import \"nn/vgg16.nn\"", "import \"nn/vgg16.nn\"\n");
    assert_tree("model m() {}", "model m() {}\n");
    assert_tree("model m(x: [9], t: int[2, n], u: [], v = 1, w: [3] = 2) = x -> f",
                "model m(x: [9], t: int[2, n], u: [], v = 1, w: [3] = 2) {\n    (x -> f)\n}\n");
    assert_tree("block b(x) { return x, -x }", "block b(x) {\n    return x, (-x)\n}\n");
    assert_tree("train a, b on c -> take(5) { loss = mse }",
                "train a, b on (c -> take(5)) {\n    loss = mse\n}\n");
    assert_tree("param a = 1 param b = 2 dataset c = d",
                "param a = 1\nparam b = 2\ndataset c = d\n");
}

static void test_spans(void **state) {
    (void)state;
    Front front = front_create();
    const char *source = "param a = (x -> f(1, b = 2)) + -c.d";
    const Ast *sum = front_parse(&front, source)->items.items[0]->left;
    const struct {
        const Ast *ast;
        const char *text;
    } cases[] = {{sum, "(x -> f(1, b = 2)) + -c.d"},
                 {sum->left, "(x -> f(1, b = 2))"},
                 {sum->left->left, "x"},
                 {sum->left->right, "f(1, b = 2)"},
                 {sum->left->right->items.items[1], "b = 2"},
                 {sum->right, "-c.d"},
                 {sum->right->left, "c.d"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Span span = cases[i].ast->span;
        assert_int_equal(span.hi - span.lo, strlen(cases[i].text));
        assert_memory_equal(source + span.lo, cases[i].text, span.hi - span.lo);
    }
    assert_true(sum->left->is_grouped);
    assert_false(sum->is_grouped);
    Span name = sum->right->left->name_span;
    assert_memory_equal(source + name.lo, "d", name.hi - name.lo);
    front_destroy(&front);
}

static void test_stages(void **state) {
    (void)state;
    Front front = front_create();
    const Ast *chain = front_parse(&front, "param a = (x -> f) -> g -> h")->items.items[0]->left;
    AstList stages = ast_stages(front.arena, chain);
    assert_int_equal(stages.count, 3);
    assert_string_equal(printed(&front, stages.items[0]), "(x -> f)");
    assert_string_equal(stages.items[2]->text, "h");
    stages = ast_stages(front.arena, stages.items[2]);
    assert_int_equal(stages.count, 1);
    assert_string_equal(stages.items[0]->text, "h");
    front_destroy(&front);
}

// Windows and Unix text give the same tree, with and without a byte-order mark.
static void test_line_ends(void **state) {
    (void)state;
    assert_tree("\xEF\xBB\xBFparam a = 1\r\n# c\r\nmodel m(x) {\r\n  y = x\r\n  (x)\r\n}\r\n",
                "param a = 1\nmodel m(x) {\n    y = x\n    x\n}\n");
}

static void test_examples(void **state) {
    (void)state;
    DIR *folder = opendir(NNC_SOURCE_DIR "/examples");
    assert_non_null(folder);
    int count = 0;
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (!strstr(entry->d_name, ".nn")) continue;
        Front front = front_create();
        const char *error,
            *path = arena_format(front.arena, NNC_SOURCE_DIR "/examples/%s", entry->d_name);
        int file = sources_load(front.sources, path, &error);
        assert_int_equal(file, 0);
        assert_true(parse_file(front.arena, front.sources, 0, front.sink)->items.count > 0);
        assert_string_equal(front_diagnostics(&front, DIAG_TEXT, false), "");
        front_destroy(&front);
        count++;
    }
    closedir(folder);
    assert_true(count >= 4);
}

// ---- Mistakes

// The messages as "line:column code message\n", read back from the JSON form; 0:0 without a place.
static char *messages(Front *front) {
    Text out = text_create(front->arena);
    for (char *line = strtok(front_diagnostics(front, DIAG_JSON, false), "\n"); line;
         line = strtok(NULL, "\n")) {
        char code[8] = "";
        int row = 0, column = 0;
        const char *message = strstr(line, "\"message\":\"") + 11,
                   *end = strstr(message, "\",\"file\"");
        assert_int_equal(sscanf(strstr(line, "\"code\""), "\"code\":\"%5s", code), 1);
        int read = sscanf(strstr(line, "\"line\""), "\"line\":%d,\"column\":%d", &row, &column);
        assert_true(read == 2 || strstr(line, "\"line\":null"));
        text_format(&out, "%d:%d %s %.*s\n", row, column, code, (int)(end - message), message);
    }
    return out.data;
}

static void assert_mistakes(const char *source, const char *expected) {
    Front front = front_create();
    front_parse(&front, source);
    assert_string_equal(messages(&front), expected);
    front_destroy(&front);
}

static void test_messages(void **state) {
    (void)state;
    assert_mistakes(
        "model m(x) {\n x -> dense(10 20)\n}",
        "2:16 E0004 expected `,`, `)`, `->` or an operator in the arguments of `dense`, but "
        "found `20`\n");
    assert_mistakes("param = 3", "1:7 E0004 expected a name, but found `=`\n");
}

static void test_words(void **state) {
    (void)state;
    assert_mistakes("modle m(x) { x }", "1:1 E0004 expected a declaration, but found `modle`\n");
    assert_mistakes("train a no b {}",
                    "1:9 E0004 expected `,` or `on` in train `a`, but found `no`\n");
    assert_mistakes("dataset model = x", "1:9 E0004 expected a name, but found `model`\n");
    assert_mistakes("param a =", "1:10 E0004 expected an expression after `=`\n");
}

static void test_mended(void **state) {
    (void)state;
    assert_mistakes("param a = 1\nmodels -> x",
                    "2:1 E0004 expected `->`, an operator, a declaration "
                    "or the end of the file in param `a`, but found `models`\n");
    assert_mistakes("model m(x)\n x -> f }", "1:11 E0004 expected `{` or `=` after the inputs of "
                                             "model `m`\n");
    assert_mistakes("model m(x)\n x -> f", "1:11 E0004 expected `{` or `=` after the inputs of "
                                           "model `m`\n");
    assert_mistakes("train a on b\n batch = 1 }",
                    "1:13 E0004 expected `{` after the dataset of train `a`\n");
    assert_mistakes("model m(x) {\n y =\n z = x\n y }",
                    "2:5 E0004 expected an expression after `=`\n");
    assert_mistakes("train a on b { batch = 1, epochs = 2, }",
                    "1:25 E0004 entries are not separated by `,`\n"
                    "1:37 E0004 entries are not separated by `,`\n");
    assert_mistakes("train a on b { batch: 1 }", "1:21 E0004 expected `=`, but found `:`\n");
    assert_mistakes("param a = f(b: 1, 2)", "1:14 E0004 expected `=`, but found `:`\n");
    assert_mistakes("param a = f(1)(2)",
                    "1:15 E0004 an input does not stand behind the arguments\n");
    assert_mistakes("param a = b.c(1)", "1:11 E0004 `b.c` cannot be called\n");
}

static void test_brackets(void **state) {
    (void)state;
    assert_mistakes("param a = f(1", "1:14 E0004 `(` is not closed before the file ends\n");
    assert_mistakes("model m(x) {\n x -> f(1\n}\nparam b = 1",
                    "3:1 E0004 `(` is not closed before `}`\n");
    assert_mistakes("model m(x) {\n x\nmodel n(x) { x }",
                    "3:1 E0004 `{` is not closed before `model`\n");
    assert_mistakes("param a = f(1]\nparam b = 1", "1:14 E0004 `(` is closed by `]`\n");
    assert_mistakes("param a = f(1])", "1:14 E0004 `]` closes nothing\n");
    assert_mistakes("param a = f(1))\n}",
                    "1:15 E0004 `)` closes nothing\n2:1 E0004 `}` closes nothing\n");
    assert_mistakes("train a on b {\n  loss = f(1\n  batch = 2\n}",
                    "3:3 E0004 `(` is not closed before `batch`\n");
}

// Each line has a mistake; each is reported, and nothing else is.
static void test_all_in_one_run(void **state) {
    (void)state;
    assert_mistakes(
        "dataset d = mnist -> -> take(1)\n"
        "model m(x: [2 3]) {\n"
        "    y = x $ 2\n"
        "    z = if x = 1 { x } else { y }\n"
        "    layer = 1 < 2 < 3\n"
        "    v = 3x + \"a\\q\"\n"
        "    x y\n"
        "}\n"
        "train m on d {\n"
        "    step s update m with f {\n"
        "        minimize 1\n"
        "    }\n"
        "    step t updates m with f {\n"
        "        minimize *\n"
        "        a = ,\n"
        "    }\n"
        "    batch 3\n"
        "}\n"
        "param p = 'x'\n",
        "1:22 E0004 expected an expression in dataset `d`, but found `->`\n"
        "2:15 E0004 expected `,`, `]`, `->` or an operator in the shape, but found `3`\n"
        "3:11 E0001 `$` is not part of the language\n"
        "4:14 E0004 expected `{`, `->` or an operator in the body of model `m`, but found `=`\n"
        "5:19 E0004 expected an expression, `}`, `->` or an operator in the body of "
        "model `m`, but found `<`\n"
        "6:9 E0003 `3x` is no number\n"
        "6:16 E0001 an unknown escape in a string\n"
        "7:7 E0004 `y` stands behind a value without an arrow\n"
        "10:12 E0004 expected `updates` in the body of train `m`, but found `update`\n"
        "14:18 E0004 expected an expression, `,` or `=` in the body of step `t`, but found `*`\n"
        "15:13 E0004 expected an expression in the body of step `t`, but found `,`\n"
        "17:11 E0004 expected `=` in the body of train `m`, but found `3`\n"
        "19:11 E0001 `'` does not begin a string\n");
}

// What stands after a mistake is in the tree.
static void test_recovery(void **state) {
    (void)state;
    Front front = front_create();
    const Ast *ast =
        front_parse(&front, "dataset d = 3 4\nmodel m(x) {\n a = * 2\n b = f(1 2)\n b -> g\n}\n"
                            "train m on {\n}\nparam p = 1");
    assert_int_equal(diag_error_count(front.sink), 4);
    assert_string_equal(printed(&front, ast),
                        "<error>\nmodel m(x) {\n    <error>\n    b = f(<error>)\n"
                        "    (b -> g)\n}\n<error>\nparam p = 1\n");
    front_destroy(&front);
}

static void test_bytes(void **state) {
    (void)state;
    assert_mistakes("param a = 1 \xff", "1:13 E0001 byte 0xFF is not UTF-8\n");
    assert_mistakes("param gr\xc3\xb6\xc3\x9f"
                    "e = 1",
                    "1:9 E0001 `\xc3\xb6` is not part of the language\n");
    assert_mistakes("param a = \"\xff\"", "1:12 E0001 a string that is not UTF-8\n");
    assert_mistakes("param a = \"x", "1:11 E0002 a string that does not end on its line\n");
    assert_mistakes("param a = f(\"x)\nparam b = 1;",
                    "1:13 E0002 a string that does not end on its line\n"
                    "2:12 E0001 `;` is not part of the language\n");
    assert_mistakes("param a = 1 \x02", "1:13 E0001 control character 0x02\n");
    Front front = front_create();
    front_parse_bytes(&front, "param a\0b = \"x\0y\" # \0", 21);
    assert_string_equal(messages(&front),
                        "1:8 E0001 a NUL byte\n1:15 E0001 a NUL byte in a string\n");
    front_destroy(&front);
}

static void test_encodings(void **state) {
    (void)state;
    static const struct {
        const char bytes[9], *name;
    } rows[] = {{"\xFF\xFEm\0o\0d\0", "UTF-16"},
                {"\xFE\xFF\0m\0o\0d", "UTF-16"},
                {"\xFF\xFE\0\0m\0\0\0", "UTF-32"},
                {"\0\0\xFE\xFF\0\0\0m", "UTF-32"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Front front = front_create();
        front_parse_bytes(&front, rows[i].bytes, 8);
        const char *expected = arena_format(front.arena, "0:0 E0001 `%s` is written in %s\n",
                                            sources_get(front.sources, 0)->path, rows[i].name);
        assert_string_equal(messages(&front), expected);
        front_destroy(&front);
    }
}

static void test_numbers_out_of_range(void **state) {
    (void)state;
    assert_mistakes("param a = 1e999", "1:11 E0003 a number too large to be held\n");
    assert_mistakes("param a = 1e-999", "1:11 E0003 a number too small to be held\n");
    assert_mistakes("param a = 9007199254740993",
                    "1:11 E0003 a whole number too large to be exact\n");
    assert_tree("param a = 0e-999", "param a = 0.0\n");
}

// ---- Limits

// `count` times `open`, then a value, then `count` times `close`.
static char *nested(Front *front, const char *open, const char *close, int count) {
    char *inner = front_repeat(front, "param a = ", open, count, "1");
    return front_repeat(front, inner, close, count, "\n");
}

static bool parses(char *(*build)(Front *, int), int count, const char *code) {
    Front front = front_create();
    const Ast *ast = front_parse(&front, build(&front, count));
    const char *found = front_diagnostics(&front, DIAG_TEXT, false);
    bool clean = diag_error_count(front.sink) == 0;
    if (clean) printed(&front, ast); // must not overflow the stack
    if (!clean) {
        assert_int_equal(diag_error_count(front.sink), 1);
        assert_non_null(strstr(found, code));
    }
    front_destroy(&front);
    return clean;
}

static char *groups(Front *front, int count) {
    return nested(front, "(", ")", count);
}

static char *lists(Front *front, int count) {
    return nested(front, "[", "]", count);
}

static char *calls(Front *front, int count) {
    return nested(front, "f(", ")", count);
}

static char *signs(Front *front, int count) {
    return nested(front, "- ", "", count);
}

static char *mixed(Front *front, int count) {
    return nested(front, count % 2 ? "(" : "-(", ")", count % 2 ? count : count / 2);
}

static char *branches(Front *front, int count) {
    return nested(front, "if c {", "} else { 2 }", count);
}

static char *conditions(Front *front, int count) {
    return nested(front, "if ", " { 1 } else { 2 }", count);
}

static char *lines(Front *front, int count) {
    return nested(front, "if c\n{", "}\nelse\n{ 2 }", count);
}

static void test_nesting(void **state) {
    (void)state;
    char *(*const builders[])(Front *, int) = {groups,   lists,      calls, signs,
                                               branches, conditions, lines};
    for (size_t i = 0; i < sizeof builders / sizeof *builders; i++) {
        assert_true(parses(builders[i], 255, ""));
        assert_true(parses(builders[i], 256, ""));
        assert_false(parses(builders[i], 257, "E0006"));
        assert_false(parses(builders[i], 500000, "E0006"));
    }
    assert_false(parses(groups, 1000000, "E0006"));
    assert_true(parses(mixed, 256, ""));
    assert_false(parses(mixed, 258, "E0006"));
}

static char *arrows(Front *front, int count) {
    return front_repeat(front, "param a = x", " -> f", count, "\n");
}

static char *sums(Front *front, int count) {
    return front_repeat(front, "param a = 1", " + 1", count, "\n");
}

static char *members(Front *front, int count) {
    return front_repeat(front, "param a = x", ".y", count, "\n");
}

// The declaration is one level, so is each operator.
static void test_depth(void **state) {
    (void)state;
    char *(*const builders[])(Front *, int) = {arrows, sums, members};
    for (size_t i = 0; i < sizeof builders / sizeof *builders; i++) {
        assert_true(parses(builders[i], PARSE_MAX_DEPTH - 1, ""));
        assert_false(parses(builders[i], PARSE_MAX_DEPTH, "E0006"));
        assert_false(parses(builders[i], 100000, "E0006"));
    }
}

static char *name_of(Front *front, int count) {
    return front_repeat(front, "param ", "a", count, " = 1");
}

static char *items(Front *front, int count) {
    return front_repeat(front, "param a = [1", ",1", count, "]");
}

static char *comment(Front *front, int count) {
    return front_repeat(front, "#", "x", count, "");
}

static char *statements(Front *front, int count) {
    return front_repeat(front, "model m(x) {\n", "y = x -> f(1)\n", count, "}");
}

static void test_sizes(void **state) {
    (void)state;
    assert_true(parses(name_of, 255, ""));
    assert_false(parses(name_of, 256, "E0005"));
    assert_false(parses(name_of, 65536, "E0005"));
    assert_true(parses(items, 400000, ""));
    assert_false(parses(items, 5000000, "E0005")); // one line of 10 MB
    assert_true(parses(comment, PARSE_MAX_SOURCE - 1, ""));
    assert_false(parses(comment, PARSE_MAX_SOURCE, "E0005"));
    assert_true(parses(statements, 50000, ""));
}

// Millions of mistakes and of NUL bytes take no more than linear time.
static void test_floods(void **state) {
    (void)state;
    static const char *const pieces[] = {"$ ",
                                         "f(",
                                         ")",
                                         "}\n",
                                         "{\n",
                                         "\"",
                                         "\x01",
                                         "a b\n",
                                         "if ",
                                         "(]",
                                         "model m(x) {\n",
                                         "x = (\n",
                                         "'",
                                         "x 1\n",
                                         "a.b(1)(2)\n",
                                         "datset d = 1\n",
                                         "train a on b\n c: 1,\n d =\n"};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        Front front = front_create();
        front_parse(&front, front_repeat(&front, "", pieces[i], 300000, ""));
        assert_true(diag_error_count(front.sink) > 0);
        front_diagnostics(&front, DIAG_JSON, false);
        front_destroy(&front);
    }
    Front front = front_create();
    char *zeros = arena_alloc(front.arena, 4 << 20);
    front_parse_bytes(&front, zeros, 4 << 20);
    assert_int_equal(diag_error_count(front.sink), 1); // it is no text
    zeros[0] = '#';
    front_parse_bytes(&front, zeros, 4 << 20);
    assert_int_equal(diag_error_count(front.sink), 2);
    front_destroy(&front);
}

// ---- Tokens

static void test_tokens(void **state) {
    (void)state;
    Front front = front_create();
    int file = sources_add(front.sources, "a.nn", "param a = f(1) # c\n\"s\" ?", 24);
    Text out = text_create(front.arena);
    parse_print_tokens(&out, front.arena, front.sources, (uint32_t)file, front.sink);
    assert_string_equal(out.data,
                        "1:1 word param\n1:7 name a\n1:9 sign =\n1:11 name f\n1:12 sign (\n"
                        "1:13 number 1\n1:14 sign )\n1:16 comment # c\n2:1 string \"s\"\n"
                        "2:5 error ?\n");
    assert_int_equal(diag_error_count(front.sink), 1);
    front_destroy(&front);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_precedence),     cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_strings),        cmocka_unit_test(test_line_rule),
        cmocka_unit_test(test_words_as_names), cmocka_unit_test(test_last_commas),
        cmocka_unit_test(test_declarations),   cmocka_unit_test(test_spans),
        cmocka_unit_test(test_stages),         cmocka_unit_test(test_line_ends),
        cmocka_unit_test(test_examples),       cmocka_unit_test(test_messages),
        cmocka_unit_test(test_words),          cmocka_unit_test(test_mended),
        cmocka_unit_test(test_brackets),       cmocka_unit_test(test_all_in_one_run),
        cmocka_unit_test(test_recovery),       cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_encodings),      cmocka_unit_test(test_numbers_out_of_range),
        cmocka_unit_test(test_nesting),        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_sizes),          cmocka_unit_test(test_floods),
        cmocka_unit_test(test_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
