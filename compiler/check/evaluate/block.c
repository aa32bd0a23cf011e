// Blocks: what their parameters stand for, and their bodies unfolded where they are used.
#include "block.h"

static Span name_span(const Ast *ast) {
    return ast->kind == AST_CALL ? ast->name_span : ast->span;
}

int block_parameter(const Ast *declaration, const char *name) {
    for (int i = 0; i < declaration->parameters.count; i++)
        if (strcmp(declaration->parameters.items[i]->text, name) == 0) return i;
    return -1;
}

static void report_block_argument(Checker *c, const Ast *declaration, const Ast *argument) {
    NameList names = {0};
    for (int i = 0; i < declaration->parameters.count; i++)
        vec_push(c->arena, &names, declaration->parameters.items[i]->text);
    const char *near = names_nearest(c, &names, argument->text);
    Diag *diag = diag_report(c->sink, DIAG_E0103, argument->name_span, "`%s` has no parameter `%s`",
                             declaration->text, argument->text);
    diag_label(diag, "unknown argument");
    diag_secondary(diag, declaration->name_span, "`%s` is declared here", declaration->text);
    if (near) diag_help(diag, "did you mean `%s`?", near);
}

static bool bind_block_argument(Checker *c, Scope *scope, const Ast *declaration, const Ast *ast,
                                const Value **values, int *next) {
    bool is_named = ast->kind == AST_ASSIGN;
    int row = is_named ? block_parameter(declaration, ast->text) : (*next)++;
    const Value *value = expression_evaluate(c, scope, is_named ? ast->left : ast);
    if (row < 0) {
        report_block_argument(c, declaration, ast);
        return false;
    }
    if (row >= declaration->parameters.count) {
        Diag *diag =
            diag_report(c->sink, DIAG_E0106, ast->span, "`%s` takes no more than %d values",
                        declaration->text, declaration->parameters.count);
        diag_label(diag, "one too many");
        diag_secondary(diag, declaration->name_span, "`%s` is declared here", declaration->text);
        return false;
    }
    if (values[row]) {
        Diag *diag = diag_report(c->sink, DIAG_E0104, ast->span, "`%s` of `%s` is given twice",
                                 declaration->parameters.items[row]->text, declaration->text);
        diag_label(diag, "the second value");
        diag_secondary(diag, values[row]->span, "the first value");
        return false;
    }
    values[row] = value;
    return true;
}

static bool bind_parameter(Checker *c, Scope *inner, const Ast *declaration, int row,
                           const Value *value, const Ast *call) {
    const Ast *parameter = declaration->parameters.items[row];
    if (!value && parameter->left) value = expression_evaluate(c, inner, parameter->left);
    if (value) {
        scope_bind(c->arena, inner, parameter->text, value);
        return true;
    }
    if (map_get(&inner->names, parameter->text)) return false; // declared twice: reported
    Diag *diag = diag_report(c->sink, DIAG_E0105, call->span, "`%s` needs `%s`", declaration->text,
                             parameter->text);
    diag_label(diag, "without `%s`", parameter->text);
    diag_secondary(diag, parameter->span, "it has no default");
    return false;
}

bool block_bind(Checker *c, Scope *scope, const Ast *declaration, const AstList *arguments,
                int first, int next, const Value **values) {
    bool ok = true;
    for (int i = first; i < arguments->count; i++)
        ok = bind_block_argument(c, scope, declaration, arguments->items[i], values, &next) && ok;
    return ok;
}

const Value *block_unfold(Checker *c, const Ast *declaration, const Value *const *values,
                          const Ast *call) {
    Scope *inner = scope_create(c->arena, import_globals(c, declaration->span));
    bool ok = true;
    for (int i = 0; i < declaration->parameters.count && ok; i++)
        ok = bind_parameter(c, inner, declaration, i, values[i], call);
    if (!ok || c->is_dry) return expression_error(c, call->span);
    leftover_reached(c, declaration);
    map_set(&c->active, declaration, (void *)declaration);
    const char *what = arena_format(c->arena, "the block `%s`", declaration->text);
    const Value *value = expression_body(c, inner, declaration->body, what);
    map_set(&c->active, declaration, NULL);
    return value;
}

bool block_is_usable(Checker *c, const Ast *declaration, const Ast *call) {
    if (map_get(&c->active, declaration)) {
        elaborate_recursion(c, "the block", declaration->text, name_span(call),
                            declaration->name_span);
        return false;
    }
    return !model_is_broken(declaration);
}

const Value *block_apply(Checker *c, Scope *scope, const Ast *declaration,
                         const Application *call) {
    int count = declaration->parameters.count;
    const Value **values = ARENA_ARRAY(c->arena, const Value *, count + 1);
    if (!block_is_usable(c, declaration, call->ast)) return expression_error(c, call->ast->span);
    for (int i = 0; i < call->count && i < count; i++) values[i] = call->inputs[i];
    if (call->count > count) {
        Diag *diag = diag_report(c->sink, DIAG_E0106, call->ast->span, "`%s` takes no input",
                                 declaration->text);
        diag_secondary(diag, declaration->name_span, "`%s` is declared here", declaration->text);
        return expression_error(c, call->ast->span);
    }
    AstList none = {0};
    bool ok =
        block_bind(c, scope, declaration, call->ast->kind == AST_CALL ? &call->ast->items : &none,
                   call->first, call->count, values);
    if (!ok || call->is_doubtful) return expression_error(c, call->ast->span);
    const Value *value = block_unfold(c, declaration, values, call->ast);
    bool has_several = value->kind == VALUE_LIST; // which are told of where they are used
    return has_several ? value_at(c->arena, value, call->ast->span) : value;
}
