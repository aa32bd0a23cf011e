#include "actions.h"

// ---- Nodes know the height of the tree below them, so that a limit holds for whatever recurses.

static int height_of(const Ast *node) {
    return node ? node->height : 0;
}

static int largest(int a, int b) {
    return a > b ? a : b;
}

static int height_of_list(const AstList *list) {
    int height = 0;
    for (int i = 0; i < list->count; i++) height = largest(height, list->items[i]->height);
    return height;
}

static Ast *node_create(Parse *parse, AstKind kind, Span span) {
    Ast *node = ARENA_NEW(parse->arena, Ast);
    node->kind = kind;
    node->span = span;
    return node;
}

// Every node with children passes here when it is complete.
static Ast *node_finish(Parse *parse, Ast *node) {
    int height = largest(height_of(node->left), height_of(node->right));
    height = largest(height, largest(height_of(node->body), height_of(node->otherwise)));
    height = largest(height, height_of_list(&node->items));
    node->height = 1 + largest(height, height_of_list(&node->parameters));
    if (node->height <= PARSE_MAX_DEPTH) return node;
    const char *message =
        arena_format(parse->arena, "more than %d operators upon each other", PARSE_MAX_DEPTH);
    balance_stop(parse, DIAG_E0006, node->name_span.hi ? node->name_span : node->span, message,
                 "give a part of it a name: `part = a -> b`, or repeat with `* n`");
    return action_error(parse, node->span);
}

// ---- Lists

AstList action_none(void) {
    return (AstList){NULL, 0, 0};
}

AstList action_append(Parse *parse, AstList list, Ast *item) {
    vec_push(parse->arena, &list, item);
    return list;
}

AstList action_first(Parse *parse, Ast *item) {
    return action_append(parse, action_none(), item);
}

// ---- Expressions

Ast *action_error(Parse *parse, Span span) {
    return node_create(parse, AST_ERROR, span);
}

Ast *action_skipped(Parse *parse, Span from, Span until) {
    return action_error(parse, (Span){from.file, from.lo, until.lo});
}

Ast *action_number(Parse *parse, Span span, double number, bool is_integer) {
    Ast *node = node_create(parse, AST_NUMBER, span);
    node->number = number;
    node->is_integer = is_integer;
    return node;
}

static Ast *text_create_node(Parse *parse, AstKind kind, Span span, const char *text,
                             Span text_span) {
    Ast *node = node_create(parse, kind, span);
    node->text = text;
    node->name_span = text_span;
    return node;
}

Ast *action_string(Parse *parse, Span span, const char *text) {
    return text_create_node(parse, AST_STRING, span, text, span);
}

Ast *action_name(Parse *parse, const char *text, Span span) {
    return text_create_node(parse, AST_NAME, span, text, span);
}

Ast *action_call(Parse *parse, Span span, const char *callee, Span callee_span, AstList arguments) {
    Ast *node = text_create_node(parse, AST_CALL, span, callee, callee_span);
    node->items = arguments;
    return node_finish(parse, node);
}

static Ast *pair_create(Parse *parse, AstKind kind, Span span, Ast *left, Ast *right) {
    Ast *node = node_create(parse, kind, span);
    node->left = left;
    node->right = right;
    return node;
}

Ast *action_arrow(Parse *parse, Span span, Ast *left, Ast *right) {
    return node_finish(parse, pair_create(parse, AST_ARROW, span, left, right));
}

Ast *action_binary(Parse *parse, Span span, AstOperator operator, Ast * left, Ast *right) {
    Ast *node = pair_create(parse, AST_BINARY, span, left, right);
    node->operator= operator;
    return node_finish(parse, node);
}

Ast *action_member(Parse *parse, Span span, Ast *left, const char *name, Span name_span) {
    Ast *node = text_create_node(parse, AST_MEMBER, span, name, name_span);
    node->left = left;
    return node_finish(parse, node);
}

Ast *action_index(Parse *parse, Span span, Ast *left, AstList indices) {
    Ast *node = node_create(parse, AST_INDEX, span);
    node->left = left;
    node->items = indices;
    return node_finish(parse, node);
}

Ast *action_range(Parse *parse, Span span, Ast *first, Ast *end, Ast *step) {
    Ast *node = pair_create(parse, AST_RANGE, span, first, end);
    node->otherwise = step;
    return node_finish(parse, node);
}

Ast *action_ellipsis(Parse *parse, Span span) {
    return node_create(parse, AST_ELLIPSIS, span);
}

Ast *action_for(Parse *parse, Span span, Ast *value, const char *name, Span name_span, Ast *list) {
    Ast *node = text_create_node(parse, AST_FOR, span, name, name_span);
    node->left = value;
    node->right = list;
    return node_finish(parse, node);
}

// The parentheses belong to the place of what is between them.
Ast *action_group(Span span, Ast *expression) {
    expression->is_grouped = true;
    expression->span = span;
    return expression;
}

Ast *action_if(Parse *parse, Span span, Ast *condition, Ast *then, Ast *otherwise) {
    Ast *node = node_create(parse, AST_IF, span);
    node->left = condition;
    node->body = then;
    node->otherwise = otherwise;
    return node_finish(parse, node);
}

Ast *action_left(Parse *parse, AstKind kind, Span span, Ast *left) {
    return node_finish(parse, pair_create(parse, kind, span, left, NULL));
}

Ast *action_items(Parse *parse, AstKind kind, Span span, AstList items) {
    Ast *node = node_create(parse, kind, span);
    node->items = items;
    return node_finish(parse, node);
}

Ast *action_named(Parse *parse, AstKind kind, Span span, const char *name, Span name_span,
                  Ast *value) {
    Ast *node = text_create_node(parse, kind, span, name, name_span);
    node->left = value;
    return node_finish(parse, node);
}

Ast *action_block(Parse *parse, Span span, AstList statements, Ast *value) {
    if (value) statements = action_append(parse, statements, value);
    return action_items(parse, AST_BLOCK, span, statements);
}

Ast *action_parameter(Parse *parse, Span span, const char *name, Span name_span, Ast *type,
                      Ast *value) {
    Ast *node = text_create_node(parse, AST_PARAMETER, span, name, name_span);
    node->right = type;
    node->left = value;
    return node_finish(parse, node);
}

Ast *action_type(Parse *parse, Span span, const char *name, Span name_span, AstList dimensions) {
    Ast *node = text_create_node(parse, AST_TYPE, span, name, name_span);
    node->items = dimensions;
    return node_finish(parse, node);
}

// ---- Declarations

Ast *action_import(Parse *parse, Span span, const Ast *path) {
    if (path->kind == AST_ERROR) return NULL;
    return text_create_node(parse, AST_IMPORT, span, path->text, path->span);
}

Ast *action_model(Parse *parse, AstKind kind, Span span, const char *name, Span name_span,
                  AstList parameters, Ast *body) {
    Ast *node = text_create_node(parse, kind, span, name, name_span);
    node->parameters = parameters;
    node->body = body;
    return node_finish(parse, node);
}

Ast *action_short_model(Parse *parse, Span span, const char *name, Span name_span,
                        AstList parameters, Ast *value) {
    Ast *body = action_block(parse, value->span, action_none(), value);
    return action_model(parse, AST_MODEL, span, name, name_span, parameters, body);
}

Ast *action_train(Parse *parse, Span span, AstList models, Ast *data, Span open, AstList entries,
                  Span end) {
    Ast *node = action_items(parse, AST_TRAIN, span, models);
    node->right = data;
    node->body = action_block(parse, span_join(open, end), entries, NULL);
    return node_finish(parse, node);
}

Ast *action_step(Parse *parse, Span span, const char *name, Span name_span, AstList models,
                 Ast *optimizer, Span open, AstList moves, Span end) {
    Ast *node = text_create_node(parse, AST_STEP, span, name, name_span);
    node->items = models;
    node->right = optimizer;
    node->body = action_block(parse, span_join(open, end), moves, NULL);
    return node_finish(parse, node);
}

Ast *action_unpack(Parse *parse, Span span, Ast *first, AstList rest, Ast *value) {
    Ast *node = pair_create(parse, AST_UNPACK, span, value, NULL);
    vec_push(parse->arena, &node->items, first);
    for (int i = 0; i < rest.count; i++) vec_push(parse->arena, &node->items, rest.items[i]);
    return node_finish(parse, node);
}

void action_declare(Parse *parse, Ast *declaration) {
    if (declaration) vec_push(parse->arena, &parse->declarations, declaration);
}
