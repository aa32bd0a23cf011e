// Names of nodes, and the printed tree: every operator in parentheses, so that its precedence
// shows; one declaration or statement a line.
#include "ast.h"

#include <string.h>

static const char *const kind_names[] = {
    [AST_NUMBER] = "number",
    [AST_STRING] = "string",
    [AST_NAME] = "name",
    [AST_LIST] = "list",
    [AST_CALL] = "call",
    [AST_ARROW] = "arrow",
    [AST_BINARY] = "binary",
    [AST_NEGATE] = "negate",
    [AST_NOT] = "not",
    [AST_MEMBER] = "member",
    [AST_INDEX] = "index",
    [AST_RANGE] = "range",
    [AST_ELLIPSIS] = "ellipsis",
    [AST_FOR] = "for",
    [AST_IF] = "if",
    [AST_BLOCK] = "body",
    [AST_ERROR] = "error",
    [AST_ASSIGN] = "assign",
    [AST_UNPACK] = "unpack",
    [AST_LAYER] = "layer",
    [AST_RETURN] = "return",
    [AST_IMPORT] = "import",
    [AST_PARAM] = "param",
    [AST_DATASET] = "dataset",
    [AST_MODEL] = "model",
    [AST_BLOCK_DECLARATION] = "block",
    [AST_TRAIN] = "train",
    [AST_STEP] = "step",
    [AST_MINIMIZE] = "minimize",
    [AST_REPORT] = "report",
    [AST_PARAMETER] = "parameter",
    [AST_TYPE] = "type",
    [AST_FILE] = "file",
};

static const char *const operator_texts[] = {
    [AST_ADD] = "+",         [AST_SUBTRACT] = "-", [AST_MULTIPLY] = "*",       [AST_DIVIDE] = "/",
    [AST_POWER] = "^",       [AST_EQUAL] = "==",   [AST_NOT_EQUAL] = "!=",     [AST_LESS] = "<",
    [AST_LESS_EQUAL] = "<=", [AST_GREATER] = ">",  [AST_GREATER_EQUAL] = ">=", [AST_AND] = "and",
    [AST_OR] = "or",
};

const char *ast_kind_name(AstKind kind) {
    return kind_names[kind];
}

const char *ast_operator_text(AstOperator operator) {
    return operator_texts[operator];
}

static bool continues_chain(const Ast *ast) {
    return ast->kind == AST_ARROW && !ast->is_grouped;
}

AstList ast_stages(Arena *arena, const Ast *ast) {
    int count = 1;
    const Ast *first = ast;
    if (ast->kind == AST_ARROW)
        for (first = ast->left, count = 2; continues_chain(first); first = first->left) count++;
    AstList stages = {ARENA_ARRAY(arena, Ast *, count), count, count};
    for (int i = count - 1; i > 0; i--, ast = ast->left) stages.items[i] = ast->right;
    stages.items[0] = (Ast *)ast;
    return stages;
}

// ---- Printing

static void print_node(Text *out, const Ast *ast, int indent);

static void print_lines(Text *out, const AstList *items, int indent) {
    for (int i = 0; i < items->count; i++) {
        text_format(out, "\n%*s", indent * 4, "");
        print_node(out, items->items[i], indent);
    }
}

static void print_list(Text *out, const AstList *items, const char *open, const char *close,
                       int indent) {
    text_put(out, open);
    for (int i = 0; i < items->count; i++) {
        if (i) text_put(out, ", ");
        print_node(out, items->items[i], indent);
    }
    text_put(out, close);
}

static void print_body(Text *out, const Ast *body, int indent) {
    text_put(out, " {");
    print_lines(out, &body->items, indent + 1);
    if (body->items.count) text_format(out, "\n%*s", indent * 4, "");
    text_put(out, "}");
}

static void print_number(Text *out, const Ast *ast) {
    size_t start = out->length;
    text_number(out, ast->number);
    if (!ast->is_integer && !strpbrk(out->data + start, ".e")) text_put(out, ".0");
}

// A chain prints flat: (image -> flatten -> dense(10)).
static void print_arrow(Text *out, const Ast *ast, int indent) {
    AstList stages = ast_stages(out->arena, ast);
    print_list(out, &(AstList){stages.items, 1, 1}, "(", "", indent);
    for (int i = 1; i < stages.count; i++) {
        text_put(out, " -> ");
        print_node(out, stages.items[i], indent);
    }
    text_put(out, ")");
}

static void print_binary(Text *out, const Ast *ast, int indent) {
    text_put(out, "(");
    print_node(out, ast->left, indent);
    text_format(out, " %s ", ast_operator_text(ast->operator));
    print_node(out, ast->right, indent);
    text_put(out, ")");
}

static void print_named(Text *out, const char *word, const Ast *ast, int indent) {
    text_format(out, "%s%s = ", word, ast->text);
    print_node(out, ast->left, indent);
}

static void print_expression(Text *out, const Ast *ast, int indent) {
    switch (ast->kind) {
    case AST_NUMBER: print_number(out, ast); break;
    case AST_STRING: text_json_string(out, ast->text); break;
    case AST_NAME: text_put(out, ast->text); break;
    case AST_LIST: print_list(out, &ast->items, "[", "]", indent); break;
    case AST_CALL:
        text_put(out, ast->text);
        print_list(out, &ast->items, "(", ")", indent);
        break;
    case AST_ARROW: print_arrow(out, ast, indent); break;
    case AST_BINARY: print_binary(out, ast, indent); break;
    case AST_NEGATE:
        text_put(out, "(-");
        print_node(out, ast->left, indent);
        text_put(out, ")");
        break;
    case AST_NOT:
        text_put(out, "(not ");
        print_node(out, ast->left, indent);
        text_put(out, ")");
        break;
    case AST_INDEX:
        print_node(out, ast->left, indent);
        print_list(out, &ast->items, "[", "]", indent);
        break;
    case AST_RANGE:
        if (ast->left) print_node(out, ast->left, indent);
        text_put(out, ":");
        if (ast->right) print_node(out, ast->right, indent);
        if (ast->otherwise) text_put(out, ":");
        if (ast->otherwise) print_node(out, ast->otherwise, indent);
        break;
    case AST_ELLIPSIS: text_put(out, "..."); break;
    case AST_FOR:
        text_put(out, "(");
        print_node(out, ast->left, indent);
        text_format(out, " for %s in ", ast->text);
        print_node(out, ast->right, indent);
        text_put(out, ")");
        break;
    case AST_MEMBER:
        print_node(out, ast->left, indent);
        text_format(out, ".%s", ast->text);
        break;
    case AST_IF:
        text_put(out, "if ");
        print_node(out, ast->left, indent);
        print_body(out, ast->body, indent);
        text_put(out, " else");
        if (ast->otherwise->kind == AST_IF) {
            text_put(out, " ");
            print_node(out, ast->otherwise, indent);
        } else {
            print_body(out, ast->otherwise, indent);
        }
        break;
    default: text_put(out, "<error>");
    }
}

static void print_parameter(Text *out, const Ast *ast, int indent) {
    text_put(out, ast->text);
    if (ast->right) {
        text_format(out, ": %s", ast->right->text ? ast->right->text : "");
        print_list(out, &ast->right->items, "[", "]", indent);
    }
    if (!ast->left) return;
    text_put(out, " = ");
    print_node(out, ast->left, indent);
}

static void print_model(Text *out, const Ast *ast, int indent) {
    text_format(out, "%s %s", ast_kind_name(ast->kind), ast->text);
    print_list(out, &ast->parameters, "(", ")", indent);
    print_body(out, ast->body, indent);
}

static void print_train(Text *out, const Ast *ast, int indent) {
    print_list(out, &ast->items, "train ", " on ", indent);
    print_node(out, ast->right, indent);
    print_body(out, ast->body, indent);
}

static void print_step(Text *out, const Ast *ast, int indent) {
    text_format(out, "step %s", ast->text);
    print_list(out, &ast->items, " updates ", " with ", indent);
    print_node(out, ast->right, indent);
    print_body(out, ast->body, indent);
}

static void print_node(Text *out, const Ast *ast, int indent) {
    switch (ast->kind) {
    case AST_ASSIGN: print_named(out, "", ast, indent); break;
    case AST_UNPACK:
        print_list(out, &ast->items, "", " = ", indent);
        print_node(out, ast->left, indent);
        break;
    case AST_LAYER: print_named(out, "layer ", ast, indent); break;
    case AST_PARAM: print_named(out, "param ", ast, indent); break;
    case AST_DATASET: print_named(out, "dataset ", ast, indent); break;
    case AST_RETURN: print_list(out, &ast->items, "return ", "", indent); break;
    case AST_IMPORT:
        text_put(out, "import ");
        text_json_string(out, ast->text);
        break;
    case AST_MODEL:
    case AST_BLOCK_DECLARATION: print_model(out, ast, indent); break;
    case AST_TRAIN: print_train(out, ast, indent); break;
    case AST_STEP: print_step(out, ast, indent); break;
    case AST_MINIMIZE:
        text_put(out, "minimize ");
        print_node(out, ast->left, indent);
        break;
    case AST_REPORT: print_list(out, &ast->items, "report ", "", indent); break;
    case AST_PARAMETER: print_parameter(out, ast, indent); break;
    case AST_BLOCK: print_body(out, ast, indent); break;
    default: print_expression(out, ast, indent);
    }
}

void ast_print(Text *out, const Ast *ast) {
    if (ast->kind != AST_FILE) {
        print_node(out, ast, 0);
        return;
    }
    for (int i = 0; i < ast->items.count; i++) {
        print_node(out, ast->items.items[i], 0);
        text_put(out, "\n");
    }
}
