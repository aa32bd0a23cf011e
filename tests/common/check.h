// Helpers for tests of the checker: a source in, the program and its diagnostics out.
#ifndef NNC_TESTS_CHECK_H
#define NNC_TESTS_CHECK_H

#include "../../compiler/check/check_program.h"
#include "front.h"

typedef struct Checked {
    Front front;
    Program *program;
    const char *messages; // as printed
    int errors;
} Checked;

static inline Checked check_with(const char *source, const Definition *definitions, int count) {
    Checked checked = {.front = front_create()};
    Front *front = &checked.front;
    CheckOptions options = {.definitions = definitions, .definition_count = count};
    Ast *ast = front_parse(front, source);
    checked.program = program_check(front->arena, front->sources, 0, ast, &options, front->sink);
    checked.errors = diag_error_count(front->sink);
    checked.messages = front_diagnostics(front, DIAG_TEXT, false);
    return checked;
}

static inline Checked check(const char *source) {
    return check_with(source, NULL, 0);
}

static inline void check_end(Checked *checked) {
    front_destroy(&checked->front);
}

// The source is right, without warnings.
static inline Checked check_clean(const char *source) {
    Checked checked = check(source);
    assert_string_equal(checked.messages, "");
    assert_int_equal(checked.errors, 0);
    return checked;
}

// The source has `errors` errors, and what is printed holds `expected` (NULL: anything).
static inline void check_fails(const char *source, int errors, const char *expected) {
    Checked checked = check(source);
    if (checked.errors != errors || (expected && !strstr(checked.messages, expected)))
        print_error("%s\nexpected %d errors and: %s\n%s\n", source, errors,
                    expected ? expected : "", checked.messages);
    assert_int_equal(checked.errors, errors);
    if (expected) assert_non_null(strstr(checked.messages, expected));
    check_end(&checked);
}

static inline const char *check_graph(Checked *checked) {
    Text out = text_create(checked->front.arena);
    graph_print(&out, checked->program->main->forward);
    return out.data;
}

static inline const char *check_expand(Checked *checked) {
    Text out = text_create(checked->front.arena);
    program_expand(&out, checked->program);
    return out.data;
}

// The parameters of the main model: elements of all of them.
static inline int64_t check_parameter_count(const Checked *checked) {
    const Graph *graph = checked->program->main->forward;
    int64_t count = 0;
    for (int i = 0; i < graph->weights->parameters.count; i++)
        count += type_elements(&graph->weights->parameters.items[i]->type);
    return count;
}

#endif
