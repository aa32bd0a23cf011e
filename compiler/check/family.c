// The words of a family (op/vocabulary.h) as they are written: ours, or other libraries'.
#include "check.h"

const Schema *family_keras(const Family *family, const char *name) {
    const Schema *word;
    for (Words words = {.family = family}; family && (word = words_next(&words));)
        if (names_match_keras(word->keras_name, word->name, name)) return word;
    return NULL;
}

void family_add_words(Checker *c, NameList *names, const Family *family) {
    const Schema *word;
    for (Words words = {.family = family}; family && (word = words_next(&words));)
        vec_push(c->arena, names, word->name);
    vec_push(c->arena, names, NULL);
    names->count--;
}

static Span name_span(const Ast *ast) {
    return ast->kind == AST_CALL ? ast->name_span : ast->span;
}

// Understood without its quotes, so that checking goes on.
static const char *report_quoted(Checker *c, const Ast *ast, const Family *family) {
    NameList names = {0};
    const Schema *schema = family_word(family, ast->text);
    if (!schema) schema = family_keras(family, ast->text);
    family_add_words(c, &names, family);
    const char *name = schema ? schema->name : names_nearest(c, &names, ast->text);
    Diag *diag = diag_report(c->sink, DIAG_E0201, ast->span, "this is not %s", family->example);
    diag_label(diag, "expected the name of %s", family->example);
    diag_help(diag, "names stand without quotes: `%s`", name ? name : ast->text);
    return name;
}

// The name that was written. NULL: reported.
static const char *written_name(Checker *c, const Ast *ast, const Family *family) {
    if (ast->kind == AST_ERROR) return NULL;
    if (ast->kind == AST_STRING) return report_quoted(c, ast, family);
    bool is_none = habits_is_none(c->globals, ast);
    if ((ast->kind == AST_NAME || ast->kind == AST_CALL) && !is_none) {
        const Value *value = scope_find(c->globals, ast->text);
        if (!value || family_word(family, ast->text)) return ast->text;
        if (value->kind == VALUE_ERROR) return NULL;
    }
    Diag *diag = diag_report(c->sink, DIAG_E0201, ast->span, "this is not %s", family->example);
    diag_label(diag, "expected the name of %s", family->example);
    if (is_none && family->entry)
        diag_help(diag, "leave `%s` out, or write `%s = []`", family->entry, family->entry);
    return NULL;
}

static void report_habit(Checker *c, const Ast *ast, const Family *family, const char *name,
                         const char *help) {
    Diag *diag =
        diag_report(c->sink, DIAG_E0101, name_span(ast), "there is no %s `%s`", family->noun, name);
    diag_label(diag, "unknown name");
    diag_help(diag, "%s", help);
}

static void report_unknown(Checker *c, const Ast *ast, const Family *family, const char *name) {
    NameList names = {0};
    const char *habit = habits_help(c, family->noun, name, NULL);
    family_add_words(c, &names, family);
    if (habit)
        report_habit(c, ast, family, name, habit);
    else
        names_unknown(c, NULL, family->noun, name, name_span(ast), names.items);
}

const Schema *family_find(Checker *c, const Ast **written, const Family *family) {
    const Ast *ast = *written;
    bool is_own = ast->kind == AST_NAME && family_word(family, ast->text);
    if (!is_own) ast = expression_chosen(c, c->globals, ast);
    if (!ast) return NULL;
    *written = ast;
    const char *name = written_name(c, ast, family);
    const Schema *schema = name ? family_word(family, name) : NULL;
    if (!name || schema) return schema;
    schema = habits_help(c, family->noun, name, NULL) ? NULL : family_keras(family, name);
    if (!schema) {
        report_unknown(c, ast, family, name);
        return NULL;
    }
    Diag *diag = diag_report(c->sink, DIAG_E0107, name_span(ast), "`%s` is called `%s` here", name,
                             schema->name);
    diag_label(diag, "Keras's name");
    diag_help(diag, "write `%s`", schema->name);
    return names_is_sure(schema->name, ast) ? schema : NULL;
}
