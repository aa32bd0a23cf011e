// Making graphs: nodes, layers, parameters and slots. Order, dead nodes, replacement and cloning
// are in order.c and clone.c.
#include "graph.h"

#include "../op/op.h"

#include <stdarg.h>
#include <string.h>

Graph *graph_create(Arena *arena, const char *name, GraphMode mode, DiagSink *sink) {
    Graph *graph = ARENA_NEW(arena, Graph);
    graph->arena = arena;
    graph->name = name;
    graph->mode = mode;
    graph->sink = sink;
    return graph;
}

const char *graph_mode_name(GraphMode mode) {
    static const char *const names[] = {"train", "evaluate", "predict"};
    return names[mode];
}

bool node_is(const Node *node, const char *op) {
    return strcmp(node->op->schema.name, op) == 0;
}

bool node_is_constant(const Node *node, double *value) {
    if (!node_is(node, "constant")) return false;
    *value = args_number(node->args, "value");
    return true;
}

bool node_is_scalar(const Node *node) {
    return !node->type.batched && node->type.rank == 0;
}

void graph_bug(const Graph *graph, const Node *node, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *message = arena_vformat(graph->arena, format, arguments);
    va_end(arguments);
    Text text = text_create(graph->arena);
    graph_print(&text, graph);
    fputs(text.data, stderr);
    if (node) nn_ice("graph", "%s at %%%d, %s", message, node->id, node->op->schema.name);
    nn_ice("graph", "%s", message);
}

// ---- Nodes.

static Node *allocate_node(Graph *graph, const OpDef *op, Node *const *inputs, int count,
                           const Args *args) {
    Node *node = ARENA_NEW(graph->arena, Node);
    node->op = op;
    node->input_count = count;
    node->inputs = ARENA_ARRAY(graph->arena, Node *, count);
    for (int i = 0; i < count; i++) node->inputs[i] = inputs[i];
    if (op->schema.args) node->args = args ? args : args_default(graph->arena, &op->schema);
    node->layer = graph->current_layer;
    node->span = graph->current_span;
    node->id = graph->nodes.count;
    return node;
}

static bool has_poisoned_input(const Node *node) {
    for (int i = 0; i < node->input_count; i++)
        if (node->inputs[i]->poisoned) return true;
    return false;
}

// A layer's first node makes its weights; the later ones of a shared layer take the same.
static void add_weights(Graph *graph, Node *node) {
    const Node *first = node->layer ? node->layer->node : NULL;
    if (!first || first == node || first->op != node->op) {
        node->op->parameters(graph, node);
        return;
    }
    for (int i = node->input_count; i < first->input_count; i++)
        op_append_input(graph, node, first->inputs[i]);
}

// Infers the type, makes the weights and appends the node. It goes behind the parameter nodes that
// its weights bring.
static Node *finish_node(Graph *graph, Node *node) {
    const OpDef *op = node->op;
    if (node->input_count < op->min_inputs ||
        (op->max_inputs >= 0 && node->input_count > op->max_inputs))
        graph_bug(graph, node, "%d inputs", node->input_count);
    node->poisoned = has_poisoned_input(node) || !op->shape(graph, node);
    if (node->layer && !node->layer->has_output) {
        node->layer->has_output = true;
        node->layer->node = node;
        node->layer->output = node->type;
    }
    if (!node->poisoned && op->parameters) add_weights(graph, node);
    node->id = graph->nodes.count;
    vec_push(graph->arena, &graph->nodes, node);
    return node;
}

Node *graph_node(Graph *graph, const OpDef *op, Node *const *inputs, int count, const Args *args) {
    return finish_node(graph, allocate_node(graph, op, inputs, count, args));
}

static const OpDef *find_op(const Graph *graph, const char *name) {
    const OpDef *op = op_find(name);
    if (!op) graph_bug(graph, NULL, "there is no operator `%s`", name);
    return op;
}

Node *graph_call(Graph *graph, const char *op, Node *const *inputs, int count, const Args *args) {
    return graph_node(graph, find_op(graph, op), inputs, count, args);
}

Node *graph_unary(Graph *graph, const char *op, Node *x) {
    return graph_call(graph, op, &x, 1, NULL);
}

Node *graph_binary(Graph *graph, const char *op, Node *x, Node *y) {
    return graph_call(graph, op, (Node *[]){x, y}, 2, NULL);
}

Args *graph_args(Graph *graph, const char *op) {
    return args_default(graph->arena, &find_op(graph, op)->schema);
}

Node *graph_constant(Graph *graph, double value) {
    Args *args = graph_args(graph, "constant");
    args_set_number(args, "value", value);
    return graph_generate(graph, "constant", type_scalar(), args);
}

Node *graph_generate(Graph *graph, const char *op, Type type, const Args *args) {
    Node *node = allocate_node(graph, find_op(graph, op), NULL, 0, args);
    node->type = type;
    return finish_node(graph, node);
}

Node *graph_scalar(Graph *graph, const char *name) {
    const OpDef *op = find_op(graph, "scalar");
    for (int i = 0; i < graph->scalars.count; i++) { // made before, and still there
        Node *node = graph->scalars.items[i];
        bool is_listed = node->id < graph->nodes.count && graph->nodes.items[node->id] == node;
        if (is_listed && strcmp(node->name, name) == 0) return node;
    }
    for (int i = 0; i < graph->nodes.count; i++) {
        Node *node = graph->nodes.items[i];
        if (node->op != op || strcmp(node->name, name) != 0) continue;
        vec_push(graph->arena, &graph->scalars, node);
        return node;
    }
    Node *node = graph_generate(graph, "scalar", type_scalar(), NULL);
    node->name = name;
    node->layer = NULL;
    vec_push(graph->arena, &graph->scalars, node);
    return node;
}

Node *graph_input(Graph *graph, const char *name, Type type) {
    Node *node = graph_generate(graph, "input", type, NULL);
    node->name = name;
    return node;
}

Node *graph_reshape(Graph *graph, Node *x, int rank, const int64_t *dims) {
    double numbers[SHAPE_MAX_RANK];
    for (int i = 0; i < rank; i++) numbers[i] = (double)dims[i];
    Args *args = graph_args(graph, "reshape");
    args_set_numbers(args, graph->arena, "shape", numbers, rank);
    return graph_call(graph, "reshape", &x, 1, args);
}

Node *graph_broadcast(Graph *graph, Node *x, Type type) {
    type.dtype = DTYPE_F32;
    if (type_equal(&x->type, &type)) return x;
    Node *node = allocate_node(graph, find_op(graph, "broadcast"), &x, 1, NULL);
    node->type = type;
    return finish_node(graph, node);
}

Node *graph_one_hot(Graph *graph, Node *label, int64_t classes) {
    Args *args = graph_args(graph, "one_hot");
    args_set_number(args, "classes", (double)classes);
    return graph_call(graph, "one_hot", &label, 1, args);
}

Node *graph_batch_sum(Graph *graph, Node *x, int keep) {
    Args *args = graph_args(graph, "batch_sum");
    args_set_number(args, "keep", keep);
    return graph_call(graph, "batch_sum", &x, 1, args);
}

Node *graph_matmul(Graph *graph, Node *x, Node *w, bool transpose) {
    Args *args = graph_args(graph, "matmul");
    args_set_number(args, "transpose", transpose);
    return graph_call(graph, "matmul", (Node *[]){x, w}, 2, args);
}

// ---- Parameters and slots as values.

Node *graph_parameter_node(Graph *graph, Parameter *parameter) {
    if (!parameter->node) {
        parameter->node = graph_generate(graph, "parameter", parameter->type, NULL);
        parameter->node->parameter = parameter;
        parameter->node->layer = parameter->layer;
    }
    return parameter->node;
}

Node *graph_slot_node(Graph *graph, Slot *slot) {
    if (!slot->node) {
        slot->node = graph_generate(graph, "slot", slot->type, NULL);
        slot->node->slot = slot;
    }
    return slot->node;
}

static Node *assign(Graph *graph, const Type *target, Node *value) {
    Node *whole = graph_broadcast(graph, value, *target);
    Node *node = graph_unary(graph, "assign", whole);
    vec_push(graph->arena, &graph->assigns, node);
    return node;
}

Node *graph_assign_parameter(Graph *graph, Parameter *parameter, Node *value) {
    Node *node = assign(graph, &parameter->type, value);
    node->parameter = parameter;
    return node;
}

Node *graph_assign_slot(Graph *graph, Slot *slot, Node *value) {
    Node *node = assign(graph, &slot->type, value);
    node->slot = slot;
    return node;
}

// ---- Layers and their weights.

static bool layer_exists(const Graph *graph, const char *name) {
    for (int i = 0; i < graph->layers.count; i++)
        if (strcmp(graph->layers.items[i]->name, name) == 0) return true;
    return false;
}

// Behind the last number that a layer of the type got: those below are taken.
static int next_number(const Graph *graph, const char *type_name) {
    for (int i = graph->layers.count - 1; i >= 0; i--) {
        const Layer *layer = graph->layers.items[i];
        if (layer->is_numbered && strcmp(layer->type_name, type_name) == 0)
            return layer->number + 1;
    }
    return 0;
}

// dense, dense_1, dense_2: the first free one.
static void number_layer(Graph *graph, Layer *layer) {
    layer->is_numbered = true;
    layer->number = next_number(graph, layer->type_name);
    layer->name = layer->type_name;
    if (layer->number == 0 && layer_exists(graph, layer->name)) layer->number++;
    while (layer->number) {
        layer->name = arena_format(graph->arena, "%s_%d", layer->type_name, layer->number);
        if (!layer_exists(graph, layer->name)) return;
        layer->number++;
    }
}

Layer *graph_layer(Graph *graph, const char *type_name, const char *user_name, Span span) {
    Layer *layer = ARENA_NEW(graph->arena, Layer);
    layer->index = graph->layers.count;
    layer->type_name = type_name;
    layer->name = user_name;
    if (!user_name) number_layer(graph, layer);
    layer->span = span;
    layer->trainable = true;
    vec_push(graph->arena, &graph->layers, layer);
    return layer;
}

static const char *join_name(Arena *arena, const char *owner, const char *name) {
    return owner ? arena_format(arena, "%s/%s", owner, name) : name;
}

Parameter *graph_parameter(Graph *graph, Layer *layer, const char *role, Type type,
                           const ArgValue *initializer, const ArgValue *regularizer,
                           bool trainable) {
    Parameter *parameter = ARENA_NEW(graph->arena, Parameter);
    parameter->index = graph->parameters.count;
    parameter->name = join_name(graph->arena, layer ? layer->name : NULL, role);
    parameter->role = role;
    parameter->type = type;
    parameter->layer = layer;
    parameter->initializer = initializer->callee;
    parameter->initializer_args = initializer->args;
    if (regularizer && regularizer->is_set) {
        parameter->regularizer = regularizer->callee;
        parameter->regularizer_args = regularizer->args;
    }
    parameter->trainable = trainable;
    vec_push(graph->arena, &graph->parameters, parameter);
    if (layer) vec_push(graph->arena, &layer->parameters, parameter);
    return parameter;
}

Slot *graph_slot(Graph *graph, Parameter *parameter, const char *name, double initial) {
    Slot *slot = ARENA_NEW(graph->arena, Slot);
    slot->index = graph->slots.count;
    slot->name = join_name(graph->arena, parameter ? parameter->name : NULL, name);
    slot->parameter = parameter;
    slot->type = parameter ? parameter->type : type_scalar();
    slot->initial = initial;
    vec_push(graph->arena, &graph->slots, slot);
    return slot;
}
