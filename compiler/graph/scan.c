#include "scan.h"

#include "../op/op.h"

Type scan_step_type(const Type *sequence) {
    return type_make(sequence->dtype, sequence->batched, sequence->rank - 1, sequence->dims + 1);
}

Type scan_sequence_type(const Type *step, int64_t steps) {
    Type type = *step;
    type.rank = step->rank + 1;
    type.dims[0] = steps;
    for (int i = 0; i < step->rank; i++) type.dims[i + 1] = step->dims[i];
    return type;
}

// ---- Making one.

ScanBuilder scan_open(Graph *graph, int64_t steps, bool is_reversed) {
    Scan *scan = ARENA_NEW(graph->arena, Scan);
    scan->body = graph_create(graph->weights, graph->name, graph->mode, graph->sink);
    scan->body->arena = graph->arena;
    scan->body->frozen = graph->frozen;
    scan->body->updated = graph->updated;
    scan->body->current_layer = graph->current_layer;
    scan->body->current_span = graph->current_span;
    scan->steps = steps;
    scan->is_reversed = is_reversed;
    return (ScanBuilder){.graph = graph, .scan = scan};
}

static Node *add_input(ScanBuilder *builder, const char *name, Type type, Node *outside,
                       NodeList *outer, NodeList *inner) {
    Arena *arena = builder->graph->arena;
    Node *node = graph_input(builder->scan->body, name, type);
    vec_push(arena, outer, outside);
    vec_push(arena, inner, node);
    return node;
}

// As float32: a step is no whole number of words in memory else.
static Node *as_floats(Graph *graph, Node *value) {
    return value->type.dtype == DTYPE_F32 ? value : graph_load(graph, value);
}

Node *scan_carry(ScanBuilder *builder, Node *initial) {
    Arena *arena = builder->graph->arena;
    initial = as_floats(builder->graph, initial);
    Node *node =
        add_input(builder, "carried", initial->type, initial, &builder->initial, &builder->carried);
    vec_push(arena, &builder->next, node); // until scan_carry_on
    return node;
}

Node *scan_sequence(ScanBuilder *builder, Node *sequence) {
    sequence = as_floats(builder->graph, sequence);
    return add_input(builder, "step", scan_step_type(&sequence->type), sequence,
                     &builder->sequences, &builder->steps);
}

Node *scan_capture(ScanBuilder *builder, Node *value) {
    value = as_floats(builder->graph, value);
    return add_input(builder, "captured", value->type, value, &builder->captured, &builder->same);
}

static Node *find_captured(const ScanBuilder *builder, const Node *value) {
    for (int i = 0; i < builder->captured.count; i++)
        if (builder->captured.items[i] == value) return builder->same.items[i];
    return NULL;
}

Node *scan_inside(ScanBuilder *builder, Node *value) {
    const NodeList *around = &builder->graph->nodes;
    bool is_around = value->id < around->count && around->items[value->id] == value;
    if (!is_around) return value;
    if (value->parameter) return graph_parameter_node(builder->scan->body, value->parameter);
    Node *known = find_captured(builder, value);
    if (known) return known;
    Node *inside = scan_capture(builder, value);
    if (value->mask) inside->mask = scan_inside(builder, value->mask);
    return inside;
}

void scan_carry_on(ScanBuilder *builder, int index, Node *value) {
    builder->next.items[index] =
        graph_broadcast(builder->scan->body, value, builder->carried.items[index]->type);
}

int scan_stack(ScanBuilder *builder, Node *value) {
    vec_push(builder->graph->arena, &builder->stacked, value);
    return builder->stacked.count - 1;
}

static void append(Arena *arena, NodeList *list, const NodeList *other) {
    for (int i = 0; i < other->count; i++) vec_push(arena, list, other->items[i]);
}

Node *scan_close_as(ScanBuilder *builder, const char *op, const Args *args) {
    Graph *graph = builder->graph, *body = builder->scan->body;
    Scan *scan = builder->scan;
    NodeList inputs = {0};
    scan->carried = builder->carried.count;
    scan->sequences = builder->steps.count;
    scan->captured = builder->same.count;
    append(graph->arena, &inputs, &builder->initial);
    append(graph->arena, &inputs, &builder->sequences);
    append(graph->arena, &inputs, &builder->captured);
    append(graph->arena, &body->inputs, &builder->carried);
    append(graph->arena, &body->inputs, &builder->steps);
    append(graph->arena, &body->inputs, &builder->same);
    append(graph->arena, &body->outputs, &builder->next);
    append(graph->arena, &body->outputs, &builder->stacked);
    Layer *layer = graph->current_layer;
    graph->current_layer = NULL; // parameters are of their own layers
    for (int i = 0; i < body->parameter_nodes.count; i++)
        if (body->parameter_nodes.items[i])
            vec_push(graph->arena, &inputs,
                     graph_parameter_node(graph, body->parameter_nodes.items[i]->parameter));
    graph->current_layer = layer;
    return graph_loop(graph, op, inputs.items, inputs.count, args, scan);
}

Node *scan_close(ScanBuilder *builder) {
    return scan_close_as(builder, "scan", NULL);
}

// ---- Its results.

static Node *result_node(Graph *graph, Node *scan, int index) {
    Args *args = graph_args(graph, "scan_result");
    args_set_number(args, "index", index);
    return graph_call(graph, "scan_result", &scan, 1, args);
}

Node *scan_final(Graph *graph, Node *scan, int carried) {
    return result_node(graph, scan, carried);
}

Node *scan_stacked(Graph *graph, Node *scan, int number) {
    return result_node(graph, scan, scan->scan->carried + number);
}

int scan_add_stacked(const Node *scan, Node *value) {
    Graph *body = scan->scan->body;
    vec_push(body->arena, &body->outputs, value);
    return body->outputs.count - 1 - scan->scan->carried;
}

static void insert(Arena *arena, NodeList *list, int at, Node *node) {
    vec_push(arena, list, node);
    for (int i = list->count - 1; i > at; i--) list->items[i] = list->items[i - 1];
    list->items[at] = node;
}

static Node *insert_input(Graph *graph, Node *node, int at, Node *value, const char *name,
                          Type inner) {
    Scan *scan = node->scan;
    Node *step = graph_input(scan->body, name, inner);
    NodeList outside = {0};
    for (int i = 0; i < node->input_count; i++) vec_push(graph->arena, &outside, node->inputs[i]);
    insert(graph->arena, &outside, at, value);
    insert(graph->arena, &scan->body->inputs, at, step);
    node->inputs = outside.items;
    node->input_count = outside.count;
    return step;
}

Node *scan_add_carried(Graph *graph, Node *node, Node *initial) {
    int at = node->scan->carried++;
    initial = as_floats(graph, initial);
    Node *inside = insert_input(graph, node, at, initial, "carried", initial->type);
    insert(graph->arena, &node->scan->body->outputs, at, inside);
    return inside;
}

void scan_set_carried(const Node *scan, int index, Node *value) {
    scan->scan->body->outputs.items[index] = value;
}

Node *scan_add_sequence(Graph *graph, Node *node, const char *name, Node *sequence) {
    int at = node->scan->carried + node->scan->sequences++;
    sequence = as_floats(graph, sequence);
    return insert_input(graph, node, at, sequence, name, scan_step_type(&sequence->type));
}

Node *scan_add_captured(Graph *graph, Node *node, Node *value) {
    int at = node->scan->carried + node->scan->sequences + node->scan->captured++;
    value = as_floats(graph, value);
    return insert_input(graph, node, at, value, "captured", value->type);
}

int scan_result_index(const Node *result) {
    return (int)args_int(result->args, "index");
}

// ---- What nothing reads.

static bool is_read(const Graph *body, const Node *input) {
    for (int i = 0; i < body->nodes.count; i++)
        for (int k = 0; k < body->nodes.items[i]->input_count; k++)
            if (body->nodes.items[i]->inputs[k] == input) return true;
    for (int i = 0; i < body->outputs.count; i++)
        if (body->outputs.items[i] == input) return true;
    return false;
}

static void drop_results(Graph *graph, const Node *node) {
    Graph *body = node->scan->body;
    int *place = ARENA_ARRAY(graph->arena, int, body->outputs.count + 1), kept = 0;
    for (int i = 0; i < body->outputs.count; i++) place[i] = i < node->scan->carried ? 0 : -1;
    for (int i = 0; i < graph->nodes.count; i++) {
        const Node *result = graph->nodes.items[i];
        if (result->op->fuse == FUSE_RESULT && result->inputs[0] == node)
            place[scan_result_index(result)] = 0;
    }
    for (int i = 0; i < body->outputs.count; i++) {
        if (place[i] < 0) continue;
        place[i] = kept;
        body->outputs.items[kept++] = body->outputs.items[i];
    }
    if (kept == body->outputs.count) return;
    body->outputs.count = kept;
    for (int i = 0; i < graph->nodes.count; i++) {
        Node *result = graph->nodes.items[i];
        if (result->op->fuse != FUSE_RESULT || result->inputs[0] != node) continue;
        Args *args = graph_args(graph, "scan_result");
        args_set_number(args, "index", place[scan_result_index(result)]);
        result->args = args;
    }
}

// Sequences and captured values; parameters follow what the body has left.
static void drop_inputs(Node *node) {
    Scan *scan = node->scan;
    Graph *body = scan->body;
    int kept = scan->carried, sequences = scan->sequences, count = body->inputs.count;
    for (int i = scan->carried; i < count; i++) {
        bool is_sequence = i < scan->carried + sequences;
        if (is_read(body, body->inputs.items[i])) {
            body->inputs.items[kept] = body->inputs.items[i];
            node->inputs[kept++] = node->inputs[i];
            continue;
        }
        scan->sequences -= is_sequence;
        scan->captured -= !is_sequence;
    }
    body->inputs.count = kept;
    for (int i = count; i < node->input_count; i++) {
        const Node *own = body->parameter_nodes.items[node->inputs[i]->parameter->index];
        if (own) node->inputs[kept++] = node->inputs[i];
    }
    node->input_count = kept;
}

void scan_prune(Graph *graph) {
    for (int i = 0; i < graph->nodes.count; i++) {
        Node *node = graph->nodes.items[i];
        if (!node->scan) continue;
        drop_results(graph, node);
        graph_remove_dead(node->scan->body);
        drop_inputs(node);
        graph_remove_dead(node->scan->body);
    }
    graph_remove_dead(graph);
}
