// The names that entries of a `train` block take: losses, optimizers, metrics, callbacks.
#include "check.h"

static const Schema *loss_at(int index) {
    for (int i = 0; op_at(i); i++)
        if (op_at(i)->is_loss && index-- == 0) return &op_at(i)->schema;
    return NULL;
}

static const Schema *optimizer_at(int index) {
    const Schema *schema = &optimizer_rows[index].schema;
    return schema->name ? schema : NULL;
}

static const Schema *metric_at(int index) {
    const Schema *schema = &metric_rows[index].schema;
    return schema->name ? schema : NULL;
}

static const Schema *callback_at(int index) {
    const Schema *schema = &callback_rows[index];
    return schema->name ? schema : NULL;
}

const NameFamily family_losses = {"loss", "a loss", loss_at};
const NameFamily family_optimizers = {"optimizer", "an optimizer", optimizer_at};
const NameFamily family_metrics = {"metric", "a metric", metric_at};
const NameFamily family_callbacks = {"callback", "a callback", callback_at};

static const Schema *find_exact(const NameFamily *family, const char *name) {
    for (int i = 0; family->at(i); i++)
        if (strcmp(family->at(i)->name, name) == 0) return family->at(i);
    return NULL;
}

static const NameFamily *const all_families[] = {&family_losses, &family_optimizers,
                                                 &family_metrics, &family_callbacks};
enum { FAMILIES = sizeof all_families / sizeof *all_families };

bool family_has(const char *name) {
    for (int i = 0; i < FAMILIES; i++)
        if (find_exact(all_families[i], name)) return true;
    return false;
}

static const Schema *find_keras(const NameFamily *family, const char *name) {
    for (int i = 0; family->at(i); i++)
        if (names_match_keras(family->at(i)->keras_name, family->at(i)->name, name))
            return family->at(i);
    return NULL;
}

static void add_names(Checker *c, NameList *names, const NameFamily *family) {
    for (int i = 0; family->at(i); i++) vec_push(c->arena, names, family->at(i)->name);
    vec_push(c->arena, names, NULL);
    names->count--;
}

void family_add_names(Checker *c, NameList *names) {
    for (int i = 0; i < FAMILIES; i++) add_names(c, names, all_families[i]);
}

static Span name_span(const Ast *ast) {
    return ast->kind == AST_CALL ? ast->name_span : ast->span;
}

// Understood without its quotes, so that checking goes on.
static const char *report_quoted(Checker *c, const Ast *ast, const NameFamily *family) {
    NameList names = {0};
    const Schema *schema = find_exact(family, ast->text);
    if (!schema) schema = find_keras(family, ast->text);
    add_names(c, &names, family);
    const char *name = schema ? schema->name : names_nearest(c, &names, ast->text);
    Diag *diag = diag_report(c->sink, DIAG_E0201, ast->span, "this is not %s", family->example);
    diag_label(diag, "expected the name of %s", family->example);
    diag_help(diag, "names stand without quotes: `%s`", name ? name : ast->text);
    return name;
}

// The name that was written. NULL: reported.
static const char *written_name(Checker *c, const Ast *ast, const NameFamily *family) {
    if (ast->kind == AST_ERROR) return NULL;
    if (ast->kind == AST_STRING) return report_quoted(c, ast, family);
    bool is_none = habits_is_none(c->globals, ast);
    if ((ast->kind == AST_NAME || ast->kind == AST_CALL) && !is_none) {
        const Value *value = scope_find(c->globals, ast->text);
        if (!value || find_exact(family, ast->text)) return ast->text;
        if (value->kind == VALUE_ERROR) return NULL;
    }
    Diag *diag = diag_report(c->sink, DIAG_E0201, ast->span, "this is not %s", family->example);
    diag_label(diag, "expected the name of %s", family->example);
    const char *entry = family == &family_metrics     ? "metrics"
                        : family == &family_callbacks ? "callbacks"
                                                      : NULL;
    if (is_none && entry) diag_help(diag, "leave `%s` out, or write `%s = []`", entry, entry);
    return NULL;
}

static void report_habit(Checker *c, const Ast *ast, const NameFamily *family, const char *name,
                         const char *help) {
    Diag *diag =
        diag_report(c->sink, DIAG_E0101, name_span(ast), "there is no %s `%s`", family->noun, name);
    diag_label(diag, "unknown name");
    diag_help(diag, "%s", help);
}

static void report_unknown(Checker *c, const Ast *ast, const NameFamily *family, const char *name) {
    NameList names = {0};
    const char *habit = habits_help(c, family->noun, name, NULL);
    add_names(c, &names, family);
    if (habit)
        report_habit(c, ast, family, name, habit);
    else
        names_unknown(c, NULL, family->noun, name, name_span(ast), names.items);
}

const Schema *family_find(Checker *c, const Ast **written, const NameFamily *family) {
    const Ast *ast = *written;
    bool is_own = ast->kind == AST_NAME && find_exact(family, ast->text);
    if (!is_own) ast = expression_chosen(c, c->globals, ast);
    if (!ast) return NULL;
    *written = ast;
    const char *name = written_name(c, ast, family);
    const Schema *schema = name ? find_exact(family, name) : NULL;
    if (!name || schema) return schema;
    schema = habits_help(c, family->noun, name, NULL) ? NULL : find_keras(family, name);
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
