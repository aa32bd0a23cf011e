// Every diagnostic code has a page, and the examples on it are what they claim: the first program
// shows the code, the second one is accepted.
#include "../../compiler/command/language/explain.h"

#include "../../compiler/check/check_program.h"
#include "../../compiler/front/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_every_code_has_a_page(void **state) {
    (void)state;
    for (int i = 0; i < DIAG_CODE_COUNT; i++) {
        const char *code = diag_code_name((DiagCode)i), *page = explain_page((DiagCode)i);
        if (!page) fail_msg("docs/errors/%s.md is missing", code);
        char head[256];
        snprintf(head, sizeof head, "# %s: %s\n", code, diag_code_title((DiagCode)i));
        if (strncmp(page, head, strlen(head)))
            fail_msg("docs/errors/%s.md does not begin with its title: %s", code, head);
    }
}

static void test_every_page_has_a_code(void **state) {
    (void)state;
    for (const ErrorPage *page = error_pages; page->code; page++)
        if (diag_code_find(page->code) < 0)
            fail_msg("docs/errors/%s.md explains no code of diag.def", page->code);
}

// The program in the next ```nn block, or NULL; *at moves behind it.
static char *next_program(Arena *arena, const char **at) {
    static const char begin[] = "```nn\n", end[] = "```\n";
    const char *start = strstr(*at, begin);
    if (!start) return NULL;
    start += strlen(begin);
    const char *stop = strstr(start, end);
    assert_non_null(stop);
    *at = stop + strlen(end);
    return arena_copy(arena, start, (size_t)(stop - start));
}

// The diagnostics of a program as JSON. Only E0401 insists on data.
static char *check_program(Arena *arena, const char *text, DiagCode code) {
    SourceSet *sources = sources_create(arena);
    DiagSink *sink = diag_create(arena, sources);
    uint32_t file = (uint32_t)sources_add(sources, "page.nn", text, strlen(text));
    Ast *ast = parse_file(arena, sources, file, sink);
    CheckOptions options = {.need_data = code == DIAG_E0401};
    Program *program = program_check(arena, sources, file, ast, &options, sink);
    if (code == DIAG_E0306 && program && !program->main)
        diag_report(sink, DIAG_E0306, SPAN_NONE, "no model"); // by the commands that need one
    if (code == DIAG_W0306 && !ast->items.count)
        diag_report(sink, DIAG_W0306, SPAN_NONE, "no model"); // by `check`
    char *json = NULL;
    size_t size;
    FILE *out = open_memstream(&json, &size);
    diag_print(sink, out, DIAG_JSON, false);
    fclose(out);
    char *copy = arena_copy(arena, json, size);
    free(json);
    return copy;
}

// Whether all the diagnostics are about data that is not installed here.
static bool says_nothing(const char *json) {
    for (const char *line = json; *line; line = strchr(line, '\n') + 1)
        if (!strstr(line, "\"W0401\"") || strstr(line, "\"W0401\"") > strchr(line, '\n'))
            return false;
    return true;
}

// How many of the examples are not what they claim.
static int check_page(DiagCode code) {
    Arena *arena = arena_create();
    const char *name = diag_code_name(code), *at = explain_page(code);
    char *wrong = next_program(arena, &at), *right = wrong ? next_program(arena, &at) : NULL;
    int failures = 0;
    char *found = wrong ? check_program(arena, wrong, code) : NULL;
    if (wrong && !strstr(found, name)) {
        print_error("the first program of %s shows: %s\n", name, found);
        failures++;
    }
    found = right ? check_program(arena, right, code) : NULL;
    if (right && !says_nothing(found)) {
        print_error("the second program of %s shows: %s\n", name, found);
        failures++;
    }
    arena_destroy(arena);
    return failures;
}

static void test_examples(void **state) {
    (void)state;
    setenv("NNC_DATA", NNC_SOURCE_DIR "/tests/data", 1);
    int failures = 0;
    for (int i = 0; i < DIAG_CODE_COUNT; i++) failures += check_page((DiagCode)i);
    assert_int_equal(failures, 0);
}

// Some pages show mistakes that only data show.
static int set_up(void **state) {
    (void)state;
    return setenv("NNC_DATA", NNC_SOURCE_DIR "/tests/data", 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_code_has_a_page),
        cmocka_unit_test(test_every_page_has_a_code),
        cmocka_unit_test(test_examples),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
