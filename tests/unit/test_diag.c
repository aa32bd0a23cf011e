// The sink and its renderers: layout, order, repetition, limits, JSON.
#include "../common/front.h"

static const char net[] = "model cnn(image: [28, 28]) {\n"
                          "    image -> conv2d(32, kernel = 5, activation = relu)\n"
                          "          -> dense(10, softmax)\n"
                          "\n"
                          "    # \xc3\xa9nd\n"
                          "\tx -> y\n"
                          "}\n";

// The place of `words` in the first source.
static Span place(const Front *front, const char *words) {
    const char *text = sources_get(front->sources, 0)->text, *found = strstr(text, words);
    assert_non_null(found);
    return (Span){0, (uint32_t)(found - text), (uint32_t)(found - text + (long)strlen(words))};
}

static Front with_net(void) {
    Front front = front_create();
    sources_add(front.sources, "cnn.nn", net, sizeof net - 1);
    return front;
}

static void test_layout(void **state) {
    (void)state;
    Front front = with_net();
    Diag *diag = diag_report(front.sink, DIAG_E0203, place(&front, "dense(10, softmax)"),
                             "dense expects a vector, but this value is %s", "24x24x32");
    diag_label(diag, "needs [n]");
    diag_secondary(diag, place(&front, "conv2d(32, kernel = 5, activation = relu)"),
                   "produces [24, 24, 32] here");
    diag_help(diag, "put `-> flatten` before it: [24, 24, 32] becomes [18432]");
    assert_int_equal(diag_error_count(front.sink), 1);
    assert_string_equal(
        front_diagnostics(&front, DIAG_TEXT, false),
        "error[E0203]: dense expects a vector, but this value is 24x24x32\n"
        "  --> cnn.nn:3:14\n"
        "   |\n"
        " 2 |     image -> conv2d(32, kernel = 5, activation = relu)\n"
        "   |              ----------------------------------------- produces [24, 24, 32] here\n"
        " 3 |           -> dense(10, softmax)\n"
        "   |              ^^^^^^^^^^^^^^^^^^ needs [n]\n"
        "   |\n"
        "   = help: put `-> flatten` before it: [24, 24, 32] becomes [18432]\n"
        "   = note: `nnc explain E0203` tells more\n"
        "\n"
        "error: 1 error\n");
    front_destroy(&front);
}

static void test_same_line(void **state) {
    (void)state;
    Front front = with_net();
    Diag *diag = diag_report(front.sink, DIAG_E0103, place(&front, "activation"), "message");
    diag_label(diag, "unknown");
    diag_secondary(diag, place(&front, "conv2d"), "of this");
    diag_secondary(diag, place(&front, "kernel"), "beside this");
    diag_secondary(diag, place(&front, "32"), "%s", "");
    assert_string_equal(front_diagnostics(&front, DIAG_TEXT, false),
                        "error[E0103]: message\n"
                        "  --> cnn.nn:2:37\n"
                        "   |\n"
                        " 2 |     image -> conv2d(32, kernel = 5, activation = relu)\n"
                        "   |              ------ --  ------      ^^^^^^^^^^ unknown\n"
                        "   |              |          |\n"
                        "   |              |          beside this\n"
                        "   |              of this\n"
                        "   |\n"
                        "   = note: `nnc explain E0103` tells more\n"
                        "\n"
                        "error: 1 error\n");
    front_destroy(&front);
}

static void test_gaps_and_spans_of_lines(void **state) {
    (void)state;
    Front front = with_net();
    Span body = span_join(place(&front, "{"), place(&front, "}"));
    Diag *diag = diag_report(front.sink, DIAG_W0101, body, "a long one");
    diag_label(diag, "ends here");
    diag = diag_report(front.sink, DIAG_W0101, place(&front, "dense"), "with a gap of one");
    diag_secondary(diag, place(&front, "nd"), "there");
    assert_string_equal(front_diagnostics(&front, DIAG_TEXT, false),
                        "warning[W0101]: a long one\n"
                        "  --> cnn.nn:1:28\n"
                        "   |\n"
                        " 1 | model cnn(image: [28, 28]) {\n"
                        "   |                            ^\n"
                        "...\n"
                        " 7 | }\n"
                        "   | ^ ends here\n"
                        "   |\n"
                        "   = note: `nnc explain W0101` tells more\n"
                        "\n"
                        "warning[W0101]: with a gap of one\n"
                        "  --> cnn.nn:3:14\n"
                        "   |\n"
                        " 3 |           -> dense(10, softmax)\n"
                        "   |              ^^^^^\n"
                        " 4 |\n"
                        " 5 |     # \xc3\xa9nd\n"
                        "   |        -- there\n"
                        "\n"
                        "warning: 2 warnings\n");
    front_destroy(&front);
}

// Tabs are expanded above and below; bytes that are no character do not reach the terminal.
static void test_tabs_and_bytes(void **state) {
    (void)state;
    Front front = front_create();
    sources_add(front.sources, "a.nn", "\ta\x1b[31m\xff\tb", 10);
    diag_report(front.sink, DIAG_E0001, (Span){0, 9, 10}, "message");
    assert_string_equal(front_diagnostics(&front, DIAG_TEXT, false),
                        "error[E0001]: message\n"
                        "  --> a.nn:1:10\n"
                        "   |\n"
                        " 1 |     a\xEF\xBF\xBD[31m\xEF\xBF\xBD    b\n"
                        "   |                ^\n"
                        "   |\n"
                        "   = note: `nnc explain E0001` tells more\n"
                        "\n"
                        "error: 1 error\n");
    front_destroy(&front);
}

// Of a line of a megabyte, what is around the mistake is shown.
static void test_long_line(void **state) {
    (void)state;
    enum { LENGTH = 1 << 20 };
    Front front = front_create();
    char *line = arena_alloc(front.arena, LENGTH);
    memset(line, 'x', LENGTH);
    line[LENGTH / 2] = '$';
    sources_add(front.sources, "a.nn", line, LENGTH);
    diag_report(front.sink, DIAG_E0001, (Span){0, LENGTH / 2, LENGTH / 2 + 1}, "message");
    const char *text = front_diagnostics(&front, DIAG_TEXT, false);
    assert_true(strlen(text) < 1000);
    const char *shown = strchr(text, '$'), *caret = strchr(text, '^');
    assert_non_null(shown);
    const char *shown_line = shown, *caret_line = caret;
    while (shown_line[-1] != '\n') shown_line--;
    while (caret_line[-1] != '\n') caret_line--;
    assert_int_equal(shown - shown_line, caret - caret_line);
    assert_non_null(strstr(text, "a.nn:1:524289"));
    front_destroy(&front);
}

// A message with places in two files shows both.
static void test_other_file(void **state) {
    (void)state;
    Front front = with_net();
    sources_add(front.sources, "other.nn", "model cnn(x) { x }", 18);
    Diag *diag = diag_report(front.sink, DIAG_E0102, (Span){1, 6, 9}, "declared twice");
    diag_secondary(diag, place(&front, "cnn"), "first here");
    const char *text = front_diagnostics(&front, DIAG_TEXT, false);
    assert_non_null(strstr(text, "  --> other.nn:1:7\n"));
    assert_non_null(strstr(text, "  ::: cnn.nn:1:7\n"));
    assert_non_null(strstr(text, "   |       --- first here\n"));
    front_destroy(&front);
}

static void test_without_place(void **state) {
    (void)state;
    Front front = front_create();
    Diag *diag = diag_report(front.sink, DIAG_E0007, SPAN_NONE, "cannot read `x.nn`: no such file");
    diag_help(diag, "first line\nsecond line");
    assert_non_null(diag_report(front.sink, DIAG_E0007, SPAN_NONE, "another"));
    assert_null(diag_report(front.sink, DIAG_E0007, SPAN_NONE, "another"));
    const char *text = front_diagnostics(&front, DIAG_TEXT, false);
    assert_string_equal(text, "error[E0007]: cannot read `x.nn`: no such file\n"
                              "   = help: first line\n"
                              "           second line\n"
                              "   = note: `nnc explain E0007` tells more\n"
                              "\n"
                              "error[E0007]: another\n"
                              "\n"
                              "error: 2 errors\n");
    front_destroy(&front);
}

static void test_sorted_and_once(void **state) {
    (void)state;
    Front front = with_net();
    assert_non_null(diag_report(front.sink, DIAG_W0101, place(&front, "softmax"), "third"));
    assert_non_null(diag_report(front.sink, DIAG_E0101, place(&front, "conv2d"), "second"));
    assert_null(diag_report(front.sink, DIAG_E0103, place(&front, "conv2d"), "same place"));
    assert_null(diag_report(front.sink, DIAG_W0101, place(&front, "conv2d"), "same place"));
    assert_non_null(diag_report(front.sink, DIAG_E0101, place(&front, "cnn"), "first"));
    assert_non_null(diag_report(front.sink, DIAG_E0101, place(&front, "softmax"), "fourth"));
    diag_label(NULL, "lost");
    diag_help(NULL, "lost");
    diag_note(NULL, "lost");
    diag_secondary(NULL, SPAN_NONE, "lost");
    assert_int_equal(diag_error_count(front.sink), 3);
    const char *text = front_diagnostics(&front, DIAG_TEXT, false);
    const char *at = text;
    static const char *const order[] = {"first", "second", "third", "fourth",
                                        "3 errors, 1 warning"};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        assert_non_null(at = strstr(at, order[i]));
    assert_null(strstr(text, "lost"));
    front_destroy(&front);
}

static int count_of(const char *text, const char *words) {
    int count = 0;
    for (; (text = strstr(text, words)); text++) count++;
    return count;
}

static void test_capped(void **state) {
    (void)state;
    Front front = with_net();
    for (uint32_t i = 0; i < 30; i++)
        diag_report(front.sink, i < 12 ? DIAG_W0101 : DIAG_E0101, (Span){0, i, i + 1}, "message");
    const char *text = front_diagnostics(&front, DIAG_TEXT, false);
    assert_int_equal(count_of(text, "error["), 18);
    assert_int_equal(count_of(text, "warning["), 2);
    assert_non_null(strstr(text, "\nerror: 18 errors, 12 warnings (10 more not shown)\n"));
    assert_int_equal(count_of(text, "tells more"), 2); // once a code
    front_destroy(&front);
}

// Millions of mistakes are counted, not kept.
static void test_flood(void **state) {
    (void)state;
    Front front = with_net();
    for (uint32_t i = 0; i < 2000000; i++)
        diag_report(front.sink, DIAG_E0101, (Span){0, i, i + 1}, "message");
    assert_int_equal(diag_error_count(front.sink), 2000000);
    const char *text = front_diagnostics(&front, DIAG_TEXT, false);
    assert_non_null(strstr(text, "error: 2000000 errors (1999980 more not shown)\n"));
    front_destroy(&front);
}

static void test_json(void **state) {
    (void)state;
    Front front = with_net();
    Diag *diag = diag_report(front.sink, DIAG_E0101, place(&front, "nd\n\tx"), "a \"name\"");
    diag_label(diag, "label");
    diag_secondary(diag, place(&front, "cnn"), "see");
    diag_note(diag, "one");
    diag_help(diag, "two");
    diag_help(diag, "three");
    diag_report(front.sink, DIAG_W0401, SPAN_NONE, "no place");
    assert_string_equal(
        front_diagnostics(&front, DIAG_JSON, true),
        "{\"severity\":\"warning\",\"code\":\"W0401\",\"message\":\"no place\",\"file\":null,"
        "\"line\":null,\"column\":null,\"end_line\":null,\"end_column\":null,\"label\":null,"
        "\"labels\":[],\"notes\":[],\"helps\":[]}\n"
        "{\"severity\":\"error\",\"code\":\"E0101\",\"message\":\"a \\\"name\\\"\",\"file\":\"cnn.nn\","
        "\"line\":5,\"column\":8,\"end_line\":6,\"end_column\":3,\"label\":\"label\",\"labels\":["
        "{\"file\":\"cnn.nn\",\"line\":1,\"column\":7,\"end_line\":1,\"end_column\":10,"
        "\"label\":\"see\"}],\"notes\":[\"one\"],\"helps\":[\"two\",\"three\"]}\n");
    front_destroy(&front);
}

static void test_color(void **state) {
    (void)state;
    Front front = with_net();
    Diag *diag = diag_report(front.sink, DIAG_E0101, place(&front, "conv2d"), "message");
    diag_secondary(diag, place(&front, "image -> c"), "overlaps");
    assert_null(strchr(front_diagnostics(&front, DIAG_TEXT, false), '\033'));
    const char *text = front_diagnostics(&front, DIAG_TEXT, true);
    assert_non_null(strstr(text, "\033[1;31merror[E0101]\033[0m"));
    assert_non_null(strstr(text, "\033[1;31m^^^^^^\033[0m"));
    front_destroy(&front);
}

static void test_nothing(void **state) {
    (void)state;
    Front front = with_net();
    assert_string_equal(front_diagnostics(&front, DIAG_TEXT, true), "");
    assert_string_equal(front_diagnostics(&front, DIAG_JSON, false), "");
    front_destroy(&front);
}

static void test_codes(void **state) {
    (void)state;
    for (int code = 0; code < DIAG_CODE_COUNT; code++) {
        const char *name = diag_code_name((DiagCode)code);
        assert_int_equal(strlen(name), 5);
        assert_int_equal(diag_code_find(name), code);
        assert_true(strlen(diag_code_title((DiagCode)code)) > 10);
    }
    assert_int_equal(diag_code_find("e0203"), DIAG_E0203);
    assert_int_equal(diag_code_find("E9999"), -1);
    assert_int_equal(diag_code_find(""), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_same_line),
        cmocka_unit_test(test_gaps_and_spans_of_lines),
        cmocka_unit_test(test_tabs_and_bytes),
        cmocka_unit_test(test_long_line),
        cmocka_unit_test(test_other_file),
        cmocka_unit_test(test_without_place),
        cmocka_unit_test(test_sorted_and_once),
        cmocka_unit_test(test_capped),
        cmocka_unit_test(test_flood),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_color),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
