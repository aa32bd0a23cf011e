// Formulas over columns: from the syntax to texts in postfix order, which
// runtime/data/formula/formula.h binds to the columns that there are. A bare word is a column,
// unless the program gives it a value.
#include "../../../runtime/data/formula/formula.h"
#include "../check.h"

typedef VEC(const char *) TextList;

typedef struct FormulaText {
    Checker *c;
    Scope *scope;
    TextList texts;
} FormulaText;

static bool put_formula(FormulaText *f, const Ast *ast);

static void put(FormulaText *f, char mark, const char *text) {
    vec_push(f->c->arena, &f->texts, arena_format(f->c->arena, "%c%s", mark, text));
}

static bool report_no_formula(const FormulaText *f, const Ast *ast) {
    if (ast->kind == AST_ERROR) return false;
    Diag *diag = diag_report(f->c->sink, DIAG_E0201, ast->span,
                             "a formula over columns has numbers, columns, words in quotes, "
                             "operators and functions");
    diag_label(diag, "none of them");
    return false;
}

static bool put_value(FormulaText *f, const Ast *ast, const Value *value) {
    const char *name = ast->kind == AST_NAME ? ast->text : NULL;
    const char *number = arena_format(f->c->arena, "%.17g", value->number);
    switch (value->kind) {
    case VALUE_ERROR: return false;
    case VALUE_NUMBER:
    case VALUE_BOOL:
        if (name)
            put(f, NNRT_FORMULA_VALUE, arena_format(f->c->arena, "%s %s", number, name));
        else
            put(f, NNRT_FORMULA_NUMBER, number);
        return true;
    case VALUE_WORD:
    case VALUE_STRING: put(f, NNRT_FORMULA_TEXT, value->text); return true;
    default: break;
    }
    if (!name) return report_no_formula(f, ast);
    put(f, NNRT_FORMULA_COLUMN, name);
    return true;
}

static bool put_name(FormulaText *f, const Ast *ast) {
    const Value *value = scope_find(f->scope, ast->text);
    if (value) return put_value(f, ast, value);
    bool is_true = strcmp(ast->text, "true") == 0, is_false = strcmp(ast->text, "false") == 0;
    if (is_true || is_false)
        put(f, NNRT_FORMULA_NUMBER, is_true ? "1" : "0");
    else
        put(f, NNRT_FORMULA_COLUMN, ast->text);
    return true;
}

// ---- Functions.

static bool report_function(const FormulaText *f, const Ast *ast) {
    NameList names = {0};
    for (const nnrt_formula_operator *row = nnrt_formula_operators; row->name; row++)
        if (row->is_function) vec_push(f->c->arena, &names, row->name);
    const char *near = names_nearest(f->c, &names, ast->text);
    Diag *diag = diag_report(f->c->sink, DIAG_E0101, ast->name_span,
                             "there is no function `%s` of columns", ast->text);
    diag_label(diag, "unknown function");
    if (near)
        diag_help(diag, "did you mean `%s`?", near);
    else
        diag_help(diag, "there are %s", names_join(f->c->arena, &names, "and"));
    return false;
}

static bool report_operands(const FormulaText *f, const Ast *ast, int count) {
    int given = ast->items.count;
    Diag *diag = diag_report(f->c->sink, given > count ? DIAG_E0106 : DIAG_E0105, ast->span,
                             "`%s` takes %d value%s, and %d %s given", ast->text, count,
                             count == 1 ? "" : "s", given, given == 1 ? "is" : "are");
    diag_label(diag, "%d value%s", given, given == 1 ? "" : "s");
    return false;
}

static bool put_call(FormulaText *f, const Ast *ast) {
    int number = nnrt_formula_find(ast->text);
    const nnrt_formula_operator *row = number < 0 ? NULL : &nnrt_formula_operators[number];
    if (!row || !row->is_function) return report_function(f, ast);
    if (ast->items.count != row->operand_count) return report_operands(f, ast, row->operand_count);
    bool ok = true;
    for (int i = 0; i < ast->items.count; i++) ok = put_formula(f, ast->items.items[i]) && ok;
    vec_push(f->c->arena, &f->texts, row->name);
    return ok;
}

// ---- Expressions.

static bool put_operation(FormulaText *f, const Ast *ast) {
    bool ok = put_formula(f, ast->left);
    if (ast->kind == AST_BINARY) ok = put_formula(f, ast->right) && ok;
    const char *name = ast->kind == AST_NOT      ? "not"
                       : ast->kind == AST_NEGATE ? "negate"
                                                 : ast_operator_text(ast->operator);
    vec_push(f->c->arena, &f->texts, name);
    return ok;
}

static bool put_formula(FormulaText *f, const Ast *ast) {
    switch (ast->kind) {
    case AST_NUMBER:
        put(f, NNRT_FORMULA_NUMBER, arena_format(f->c->arena, "%.17g", ast->number));
        return true;
    case AST_STRING: put(f, NNRT_FORMULA_TEXT, ast->text); return true;
    case AST_NAME: return put_name(f, ast);
    case AST_CALL: return put_call(f, ast);
    case AST_BINARY:
    case AST_NOT:
    case AST_NEGATE: return put_operation(f, ast);
    case AST_MEMBER: return put_value(f, ast, expression_evaluate(f->c, f->scope, ast));
    default: return report_no_formula(f, ast);
    }
}

static void take_texts(FormulaText *f, ArgValue *value) {
    value->texts = f->texts.items;
    value->count = f->texts.count;
}

bool formula_convert(Checker *c, Scope *scope, const Ast *ast, ArgValue *value) {
    FormulaText f = {.c = c, .scope = scope};
    bool ok = put_formula(&f, ast);
    take_texts(&f, value);
    return ok;
}

bool formula_convert_named(Checker *c, Scope *scope, const Ast *list, ArgValue *value) {
    FormulaText f = {.c = c, .scope = scope};
    bool ok = true;
    for (int i = 0; i < list->items.count; i++) {
        put(&f, NNRT_FORMULA_RESULT, list->items.items[i]->text);
        ok = put_formula(&f, list->items.items[i]->left) && ok;
    }
    take_texts(&f, value);
    return ok;
}
