// Expressions, but for calls.
#include "expander.h"

// ---- Expressions.

static bool is_short(const Expander *e, const Ast *ast) {
    const Bound *bound = map_get(e->program->written->bound, ast);
    return ast->kind == AST_NAME && (!bound || bound->args->count == 0);
}

// One step a line, unless all are plain names.
static void put_arrow(Expander *e, const Ast *ast) {
    VEC(const Ast *) steps = {0};
    bool is_line = true;
    for (; ast->kind == AST_ARROW && (!steps.count || !ast->is_grouped); ast = ast->left) {
        vec_push(e->arena, &steps, ast->right);
        is_line = is_line && is_short(e, ast->right);
    }
    expander_put_expression(e, ast);
    e->indent++;
    for (int i = steps.count - 1; i >= 0; i--) {
        if (is_line)
            text_put(e->out, " ");
        else
            expander_new_line(e);
        text_put(e->out, "-> ");
        expander_put_expression(e, steps.items[i]);
    }
    e->indent--;
}

static void put_binary(Expander *e, const Ast *ast) {
    VEC(const Ast *) spine = {0};
    for (; ast->kind == AST_BINARY && (!spine.count || !ast->is_grouped); ast = ast->left)
        vec_push(e->arena, &spine, ast);
    expander_put_expression(e, ast);
    for (int i = spine.count - 1; i >= 0; i--) {
        text_format(e->out, " %s ", ast_operator_text(spine.items[i]->operator));
        expander_put_expression(e, spine.items[i]->right);
    }
}

void expander_put_item(Expander *e, const Ast *item) {
    if (item->kind == AST_ASSIGN) text_format(e->out, "%s = ", item->text);
    expander_put_expression(e, item->kind == AST_ASSIGN ? item->left : item);
}

// One item a line where they are calls with arguments.
static void put_list(Expander *e, const Ast *ast) {
    bool is_line = true;
    for (int i = 0; i < ast->items.count; i++) {
        const Ast *item = ast->items.items[i];
        if (item->kind == AST_ASSIGN) item = item->left;
        const Bound *bound = map_get(e->program->written->bound, item);
        is_line = is_line && (!bound || bound->args->count == 0);
    }
    text_put(e->out, "[");
    e->indent++;
    for (int i = 0; i < ast->items.count; i++) {
        if (i) text_put(e->out, is_line ? ", " : ",");
        if (!is_line) expander_new_line(e);
        expander_put_item(e, ast->items.items[i]);
    }
    e->indent--;
    text_put(e->out, "]");
}

static void put_if(Expander *e, const Ast *ast) {
    text_put(e->out, "if ");
    expander_put_expression(e, ast->left);
    text_put(e->out, " ");
    expander_put_body(e, ast->body);
    if (!ast->otherwise) return;
    text_put(e->out, " else ");
    expander_put_expression(e, ast->otherwise);
}

static void put_ungrouped(Expander *e, const Ast *ast) {
    switch (ast->kind) {
    case AST_NAME:
    case AST_CALL: expander_put_call(e, ast); break;
    case AST_ARROW: put_arrow(e, ast); break;
    case AST_BINARY: put_binary(e, ast); break;
    case AST_LIST: put_list(e, ast); break;
    case AST_IF: put_if(e, ast); break;
    case AST_BLOCK: expander_put_body(e, ast); break;
    case AST_NEGATE:
        text_put(e->out, "-");
        expander_put_expression(e, ast->left);
        break;
    case AST_NOT:
        text_put(e->out, "not ");
        expander_put_expression(e, ast->left);
        break;
    case AST_INDEX:
        expander_put_expression(e, ast->left);
        put_list(e, ast);
        break;
    case AST_RANGE:
        if (ast->left) expander_put_expression(e, ast->left);
        text_put(e->out, ":");
        if (ast->right) expander_put_expression(e, ast->right);
        if (ast->otherwise) text_put(e->out, ":");
        if (ast->otherwise) expander_put_expression(e, ast->otherwise);
        break;
    case AST_ELLIPSIS: text_put(e->out, "..."); break;
    case AST_FOR:
        expander_put_expression(e, ast->left);
        text_format(e->out, " for %s in ", ast->text);
        expander_put_expression(e, ast->right);
        break;
    case AST_MEMBER:
        expander_put_expression(e, ast->left);
        text_format(e->out, ".%s", ast->text);
        break;
    default: expander_put_source(e, ast); break;
    }
}

void expander_put_expression(Expander *e, const Ast *ast) {
    bool is_source = ast->kind == AST_NUMBER || ast->kind == AST_STRING;
    bool is_grouped = ast->is_grouped && !is_source;
    if (is_grouped) text_put(e->out, "(");
    put_ungrouped(e, ast);
    if (is_grouped) text_put(e->out, ")");
}
