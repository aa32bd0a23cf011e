// Every diagnostic code has a page, and the examples on it are what they claim: the first program
// shows the code, the second one is accepted.
#include "../../compiler/explain.h"

#include "../../compiler/check/program.h"
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

// The diagnostics of a program as JSON, and how many errors there are. Only E0401 insists on data.
static char *check_program(Arena *arena, const char *text, DiagCode code, int *errors) {
    SourceSet *sources = sources_create(arena);
    DiagSink *sink = diag_create(arena, sources);
    uint32_t file = (uint32_t)sources_add(sources, "page.nn", text, strlen(text));
    Ast *ast = parse_file(arena, sources, file, sink);
    CheckOptions options = {.need_data = code == DIAG_E0401};
    Program *program = program_check(arena, sources, file, ast, &options, sink);
    if (code == DIAG_E0306 && program && !program->main)
        diag_report(sink, DIAG_E0306, SPAN_NONE, "no model"); // by the commands that need one
    *errors = diag_error_count(sink);
    char *json = NULL;
    size_t size;
    FILE *out = open_memstream(&json, &size);
    diag_print(sink, out, DIAG_JSON, false);
    fclose(out);
    char *copy = arena_copy(arena, json, size);
    free(json);
    return copy;
}

static void check_page(DiagCode code) {
    Arena *arena = arena_create();
    const char *name = diag_code_name(code), *at = explain_page(code);
    char *wrong = next_program(arena, &at), *right = wrong ? next_program(arena, &at) : NULL;
    int errors;
    if (wrong) {
        char *found = check_program(arena, wrong, code, &errors);
        if (!strstr(found, name)) fail_msg("the first program of %s shows: %s", name, found);
    }
    if (right) {
        char *found = check_program(arena, right, code, &errors);
        if (errors || strstr(found, name))
            fail_msg("the second program of %s shows: %s", name, found);
    }
    arena_destroy(arena);
}

static void test_examples(void **state) {
    (void)state;
    for (int i = 0; i < DIAG_CODE_COUNT; i++) check_page((DiagCode)i);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_code_has_a_page),
        cmocka_unit_test(test_every_page_has_a_code),
        cmocka_unit_test(test_examples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
