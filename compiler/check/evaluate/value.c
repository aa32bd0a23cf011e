#include "value.h"

Value *value_new(Arena *arena, ValueKind kind, Span span) {
    Value *value = ARENA_NEW(arena, Value);
    value->kind = kind;
    value->span = span;
    return value;
}

const Value *value_number(Arena *arena, double number, bool is_integer, Span span) {
    Value *value = value_new(arena, VALUE_NUMBER, span);
    value->number = number;
    value->is_integer = is_integer;
    return value;
}

const Value *value_bool(Arena *arena, bool truth, Span span) {
    Value *value = value_new(arena, VALUE_BOOL, span);
    value->number = truth;
    return value;
}

const Value *value_declared(Arena *arena, const Value *value, const Ast *written) {
    if (value->kind == VALUE_ERROR) return value;
    Value *copy = ARENA_NEW(arena, Value);
    *copy = *value;
    if (!copy->written) copy->written = written;
    return copy;
}

const Value *value_at(Arena *arena, const Value *value, Span span) {
    Value *copy = ARENA_NEW(arena, Value);
    *copy = *value;
    copy->span = span;
    return copy;
}

const Value *value_text(Arena *arena, ValueKind kind, const char *text, Span span) {
    Value *value = value_new(arena, kind, span);
    value->text = text;
    return value;
}

const Value *value_tensor(Arena *arena, Node *node, Span span) {
    Value *value = value_new(arena, VALUE_TENSOR, span);
    value->node = node;
    return value;
}

const Value *value_recipe(Arena *arena, const Ast *ast, Scope *scope) {
    Value *value = value_new(arena, VALUE_RECIPE, ast->span);
    value->recipe = ARENA_NEW(arena, Recipe);
    value->recipe->ast = ast;
    value->recipe->scope = scope;
    return value;
}

bool value_is_layer(const Value *value) {
    return value->kind == VALUE_RECIPE || value->kind == VALUE_SHARED ||
           value->kind == VALUE_BLOCK || value->kind == VALUE_MODEL;
}

const char *value_describe(Arena *arena, const Value *value) {
    switch (value->kind) {
    case VALUE_ERROR: return "an error";
    case VALUE_NUMBER:
        return arena_format(arena, "the number %s", text_of_number(arena, value->number));
    case VALUE_BOOL: return value->number != 0 ? "`true`" : "`false`";
    case VALUE_STRING: return arena_format(arena, "the text \"%s\"", value->text);
    case VALUE_WORD: return arena_format(arena, "the word `%s`", value->text);
    case VALUE_LIST:
        if (!value->count || value->items[0]->kind != VALUE_TENSOR)
            return value->is_shape ? "a shape" : "a list";
        return arena_format(arena, "%d tensors", value->count);
    case VALUE_TENSOR:
        return arena_format(arena, "a tensor %s", type_text(arena, &value->node->type));
    case VALUE_RECIPE:
        if (value->recipe->ast->kind != AST_NAME) return "layers without an input";
        return arena_format(arena, "the layer `%s`", value->recipe->ast->text);
    case VALUE_SHARED: return "shared layers";
    case VALUE_BLOCK: return arena_format(arena, "the block `%s`", value->declaration->text);
    case VALUE_MODEL: return arena_format(arena, "the model `%s`", value->model->declaration->text);
    case VALUE_DATASET: return arena_format(arena, "the dataset `%s`", value->dataset->name);
    }
    return "a value";
}

Scope *scope_create(Arena *arena, Scope *parent) {
    Scope *scope = ARENA_NEW(arena, Scope);
    scope->parent = parent;
    map_create(&scope->names, arena, false);
    return scope;
}

void scope_bind(Arena *arena, Scope *scope, const char *name, const Value *value) {
    map_set(&scope->names, name, (void *)value);
    vec_push(arena, &scope->order, name);
}

const Value *scope_find(const Scope *scope, const char *name) {
    for (; scope; scope = scope->parent) {
        const Value *value = map_get(&scope->names, name);
        if (value) return value;
    }
    return NULL;
}
