// Making graphs: nodes, layers, parameters and slots. Order, dead nodes, replacement and cloning
// are in order.c and clone.c.
#include "graph.h"

#include "scan.h"

#include "../op/op.h"

#include <stdarg.h>
#include <string.h>

Graph *graph_create(Weights *weights, const char *name, GraphMode mode, DiagSink *sink) {
    Graph *graph = ARENA_NEW(weights->arena, Graph);
    graph->arena = weights->arena;
    graph->weights = weights;
    graph->name = name;
    graph->mode = mode;
    graph->sink = sink;
    return graph;
}

const char *graph_mode_name(GraphMode mode) {
    static const char *const names[] = {"train", "evaluate", "predict", "update"};
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
    for (int i = 0; i < count; i++)
        node->inputs[i] = graph->around ? scan_inside(graph->around, inputs[i]) : inputs[i];
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

static void note_first_use(const Graph *graph, const Node *node) {
    Layer *layer = node->layer;
    layer->op = node->op;
    layer->output = node->type;
    layer->inputs = ARENA_ARRAY(graph->weights->arena, Type, node->input_count + 1);
    layer->input_count = node->input_count;
    for (int i = 0; i < node->input_count; i++) layer->inputs[i] = node->inputs[i]->type;
}

// A layer's first use makes its weights; the later ones, here or in another graph, take the same.
static void add_weights(Graph *graph, Node *node) {
    const Layer *layer = node->layer;
    if (!layer || layer->op != node->op || !layer->parameters.count) {
        node->op->parameters(graph, node);
        return;
    }
    for (int i = 0; i < layer->parameters.count; i++)
        op_append_input(graph, node, graph_parameter_node(graph, layer->parameters.items[i]));
}

// What makes a mask belongs to no layer.
static void add_mask(Graph *graph, Node *node) {
    const OpDef *op = node->op;
    bool has_mask = false;
    for (int i = 0; i < node->input_count; i++) has_mask = has_mask || node->inputs[i]->mask;
    Layer *layer = graph->current_layer;
    graph->current_layer = NULL;
    if (op->mask)
        node->mask = op->mask(graph, node);
    else if (has_mask && (op->fuse == FUSE_ELEMENTWISE || op->is_activation))
        node->mask = op_mask_elementwise(graph, node);
    graph->current_layer = layer;
}

// Infers the type, makes the weights and appends the node. It goes behind the parameter nodes that
// its weights bring.
static Node *finish_node(Graph *graph, Node *node) {
    const OpDef *op = node->op;
    if (node->input_count < op->min_inputs ||
        (op->max_inputs >= 0 && node->input_count > op->max_inputs))
        graph_bug(graph, node, "%d inputs", node->input_count);
    node->poisoned = has_poisoned_input(node) || !op->shape(graph, node);
    if (!node->poisoned && node->args && op->fuse == FUSE_COMPOSITE)
        node->poisoned = !op_check_activations(graph, node, &node->type);
    if (node->layer && !node->layer->op) note_first_use(graph, node);
    if (!node->poisoned && op->parameters) add_weights(graph, node);
    if (!node->poisoned) add_mask(graph, node);
    node->id = graph->nodes.count;
    vec_push(graph->arena, &graph->nodes, node);
    return node;
}

Node *graph_node(Graph *graph, const OpDef *op, Node *const *inputs, int count, const Args *args) {
    return finish_node(graph, allocate_node(graph, op, inputs, count, args));
}

Node *graph_inner_node(Graph *graph, const OpDef *op, Node *const *inputs, int count,
                       const Args *args) {
    Node *node = allocate_node(graph, op, inputs, count, args);
    node->poisoned = !op->shape(graph, node);
    vec_push(graph->arena, &graph->nodes, node);
    return node;
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

Node *graph_loop(Graph *graph, const char *op, Node *const *inputs, int count, const Args *args,
                 Scan *scan) {
    Node *node = allocate_node(graph, find_op(graph, op), inputs, count, args);
    node->scan = scan;
    node->type = type_make(DTYPE_F32, true, 0, NULL);
    return finish_node(graph, node);
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

Node *graph_in_period(Graph *graph, int64_t period, int64_t count) {
    Args *args = graph_args(graph, "in_period");
    args_set_number(args, "period", (double)period);
    args_set_number(args, "count", (double)count);
    return graph_generate(graph, "in_period", type_scalar(), args);
}

Node *graph_input(Graph *graph, const char *name, Type type) {
    Node *node = graph_generate(graph, "input", type, NULL);
    node->name = name;
    return node;
}

Node *graph_kept(Graph *graph, Type type) {
    return graph_input(graph, "kept", type);
}

void graph_keep(Graph *graph, Node *kept, Node *value) {
    vec_push(graph->arena, &graph->outputs, value);
    kept->kept = graph->outputs.count;
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

Node *graph_filled(Graph *graph, Type type, double value) {
    return graph_broadcast(graph, graph_constant(graph, value), type);
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

Node *graph_load(Graph *graph, Node *x) {
    return graph_unary(graph, "load", x);
}

void graph_set_results(Graph *graph, Node *node, Node *const *results, int count) {
    node->results = ARENA_ARRAY(graph->arena, Node *, count + 1);
    node->result_count = count;
    for (int i = 0; i < count; i++) node->results[i] = results[i];
}

// ---- Parameters and slots as values.

Node *graph_parameter_node(Graph *graph, Parameter *parameter) {
    NodeList *nodes = &graph->parameter_nodes;
    while (nodes->count <= parameter->index) vec_push(graph->arena, nodes, NULL);
    Node **node = &nodes->items[parameter->index];
    if (*node) return *node;
    *node = graph_generate(graph, "parameter", parameter->type, NULL);
    (*node)->parameter = parameter;
    (*node)->layer = parameter->layer;
    return *node;
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

Node *graph_told(const Graph *graph, int index) {
    if (!graph->loss || index == 0) return graph->loss;
    return index <= graph->reports.count ? graph->reports.items[index - 1] : NULL;
}

// ---- Weights of a function.

bool graph_is_frozen(const Graph *graph, const Layer *layer) {
    if (!layer) return false;
    return graph->frozen ? graph->frozen[layer->index] : !layer->trainable;
}

bool graph_updates(const Graph *graph, const Parameter *parameter) {
    if (!parameter->trainable || graph_is_frozen(graph, parameter->layer)) return false;
    return !graph->updated || graph->updated[parameter->index];
}

Slot *graph_slot(Graph *graph, Parameter *parameter, const char *name, double initial) {
    Slot *slot = ARENA_NEW(graph->arena, Slot);
    slot->index = graph->slots.count;
    slot->name = weights_join(graph->arena, parameter ? parameter->name : NULL, name);
    slot->role = name;
    slot->parameter = parameter;
    slot->type = parameter ? parameter->type : type_scalar();
    slot->initial = initial;
    vec_push(graph->arena, &graph->slots, slot);
    return slot;
}

Slot *graph_find_slot(const Graph *graph, const Parameter *parameter, SlotKind kind) {
    for (int i = 0; i < graph->slots.count; i++) {
        Slot *slot = graph->slots.items[i];
        if (slot->parameter == parameter && slot->kind == kind) return slot;
    }
    return NULL;
}

static void find_first_uses(const Graph *graph, Node **uses) {
    for (int i = 0; i < graph->nodes.count; i++) {
        Node *node = graph->nodes.items[i];
        bool is_first = node->layer && !node->parameter && !uses[node->layer->index];
        if (is_first) uses[node->layer->index] = node;
        if (node->scan) find_first_uses(node->scan->body, uses);
    }
}

Node **graph_first_uses(const Graph *graph, Arena *arena) {
    Node **uses = ARENA_ARRAY(arena, Node *, graph->weights->layers.count + 1);
    find_first_uses(graph, uses);
    return uses;
}
