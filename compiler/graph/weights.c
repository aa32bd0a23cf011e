// Layers and parameters; see weights.h.
#include "weights.h"

#include <string.h>

Weights *weights_create(Arena *arena) {
    Weights *weights = ARENA_NEW(arena, Weights);
    weights->arena = arena;
    return weights;
}

static bool layer_exists(const Weights *weights, const char *name) {
    for (int i = 0; i < weights->layers.count; i++)
        if (strcmp(weights->layers.items[i]->name, name) == 0) return true;
    return false;
}

// Behind the last number that a layer of the type got: those below are taken.
static int next_number(const Weights *weights, const char *type_name) {
    for (int i = weights->layers.count - 1; i >= 0; i--) {
        const Layer *layer = weights->layers.items[i];
        if (layer->is_numbered && strcmp(layer->type_name, type_name) == 0)
            return layer->number + 1;
    }
    return 0;
}

// dense, dense_1, dense_2: the first free one.
static void number_layer(Weights *weights, Layer *layer) {
    layer->is_numbered = true;
    layer->number = next_number(weights, layer->type_name);
    layer->name = layer->type_name;
    if (layer->number == 0 && layer_exists(weights, layer->name)) layer->number++;
    while (layer->number) {
        layer->name = arena_format(weights->arena, "%s_%d", layer->type_name, layer->number);
        if (!layer_exists(weights, layer->name)) return;
        layer->number++;
    }
}

Layer *weights_layer(Weights *weights, const char *type_name, const char *user_name, Span span) {
    Layer *layer = ARENA_NEW(weights->arena, Layer);
    layer->index = weights->layers.count;
    layer->type_name = type_name;
    layer->name = user_name;
    if (!user_name) number_layer(weights, layer);
    layer->span = span;
    layer->trainable = true;
    vec_push(weights->arena, &weights->layers, layer);
    return layer;
}

Parameter *weights_find(const Weights *weights, const char *name) {
    for (int i = 0; i < weights->parameters.count; i++)
        if (strcmp(weights->parameters.items[i]->name, name) == 0)
            return weights->parameters.items[i];
    return NULL;
}

const char *weights_join(Arena *arena, const char *owner, const char *name) {
    return owner ? arena_format(arena, "%s/%s", owner, name) : name;
}

const char *weights_layer_name(Arena *arena, const Layer *layer, const char *model) {
    bool is_own = !layer->model || strcmp(layer->model, model) == 0;
    return weights_join(arena, is_own ? NULL : layer->model, layer->name);
}

static const char *parameter_name(Arena *arena, const Layer *layer, const char *role) {
    if (!layer) return role;
    return weights_join(arena, weights_join(arena, layer->prefix, layer->name), role);
}

Parameter *weights_parameter(Weights *weights, Layer *layer, const char *role, Type type,
                             const ArgValue *initializer, const ArgValue *regularizer,
                             bool trainable) {
    Parameter *parameter = ARENA_NEW(weights->arena, Parameter);
    parameter->index = weights->parameters.count;
    parameter->name = parameter_name(weights->arena, layer, role);
    parameter->role = role;
    parameter->type = parameter->shape = type;
    parameter->layer = layer;
    parameter->initializer = initializer->callee;
    parameter->initializer_args = initializer->args;
    if (regularizer && regularizer->is_set) {
        parameter->regularizer = regularizer->callee;
        parameter->regularizer_args = regularizer->args;
    }
    parameter->trainable = trainable;
    vec_push(weights->arena, &weights->parameters, parameter);
    if (layer) vec_push(weights->arena, &layer->parameters, parameter);
    return parameter;
}
