// The gradient of a scan: the reverse scan. Its body is that of the forward scan, differentiated by
// the same walk as any graph. Forward values that it needs are computed again from what it has, or,
// where that would cost more than a load, kept as stacked results of the forward scan.
#include "reverse.h"

typedef struct ScanGradient {
    Graph *graph;        // of the scan
    const Node *forward; // the scan
    ScanBuilder builder; // of the reverse scan
    Graph *body;         // of the reverse scan
    Node **copies;       // the forward body's nodes within it, by their ids there
    int forward_count;   // nodes of the body that are copies, and its first ones
    const Node **origin; // by node id within it: the forward body's node; NULL: none
    Reverse reverse;
    Node **gradients; // by input of the scan: within the body; NULL: it gets none
    Node **lifted;    // by node id within the finished body: the same outside; NULL: not made
    Node *scan;       // the reverse scan
} ScanGradient;

// ---- Its body.

static const Scan *scan_of(const ScanGradient *g) {
    return g->forward->scan;
}

static void copy_body(ScanGradient *g) {
    g->builder = scan_open(g->graph, scan_of(g)->steps, !scan_of(g)->is_reversed);
    g->body = g->builder.scan->body;
    g->copies = graph_copy_nodes(scan_of(g)->body, g->body);
    g->reverse = reverse_begin(g->body);
    g->forward_count = g->body->nodes.count;
    g->origin = ARENA_ARRAY(g->graph->arena, const Node *, g->forward_count + 1);
    for (int i = 0; i < scan_of(g)->body->nodes.count; i++)
        g->origin[g->copies[i]->id] = scan_of(g)->body->nodes.items[i];
}

static Node *output_copy(const ScanGradient *g, int index) {
    return g->copies[scan_of(g)->body->outputs.items[index]->id];
}

static Node *input_copy(const ScanGradient *g, int index) {
    return g->copies[scan_of(g)->body->inputs.items[index]->id];
}

static void mark_ends(ScanGradient *g, Node *const *dresults, const bool *wanted) {
    const Graph *body = scan_of(g)->body;
    for (int i = 0; i < body->outputs.count; i++)
        if (i < scan_of(g)->carried || dresults[i])
            g->reverse.is_start[output_copy(g, i)->id] = true;
    for (int i = 0; i < body->inputs.count; i++)
        if (i < scan_of(g)->carried || wanted[i]) g->reverse.is_end[input_copy(g, i)->id] = true;
    reverse_end_at_parameters(&g->reverse);
    reverse_mark(&g->reverse);
}

// What arrives from the step before, in the direction of the reverse scan, and from outside.
static void bring_gradients(ScanGradient *g, Node *const *dresults) {
    const Graph *body = scan_of(g)->body;
    for (int i = 0; i < body->outputs.count; i++) {
        bool is_carried = i < scan_of(g)->carried;
        if (!is_carried && !dresults[i]) continue;
        Node *initial =
            dresults[i] ? dresults[i] : graph_filled(g->graph, body->outputs.items[i]->type, 0);
        Node *own =
            is_carried ? scan_carry(&g->builder, initial) : scan_sequence(&g->builder, initial);
        reverse_arrive(&g->reverse, output_copy(g, i), own);
    }
}

// NULL: nothing did.
static Node *arrived(const ScanGradient *g, const Node *copy) {
    Node *gradient = g->reverse.gradients[copy->id];
    return gradient ? graph_broadcast(g->body, gradient, copy->type) : NULL;
}

// ---- Sums over the samples leave the body: what they are made of is stacked, and they sum over
// the steps, too.

static bool is_leaf(const Node *node) {
    return node->op->fuse == FUSE_LEAF;
}

static int stacked_number(const ScanGradient *g, const Node *node) {
    for (int i = 0; i < g->builder.stacked.count; i++)
        if (g->builder.stacked.items[i] == node) return i;
    return -1;
}

static void stack_operands(ScanGradient *g, Node *node) {
    if (node->type.batched) {
        if (stacked_number(g, node) < 0) scan_stack(&g->builder, node);
        return;
    }
    for (int i = 0; i < node->input_count; i++) stack_operands(g, node->inputs[i]);
}

static Node *lift(ScanGradient *g, Node *node);

static Node *lift_leaf(ScanGradient *g, const Node *node) {
    double value;
    if (node->parameter) return graph_parameter_node(g->graph, node->parameter);
    if (node_is_constant(node, &value)) return graph_constant(g->graph, value);
    if (node->op->leaf != LEAF_COLUMN) return graph_scalar(g->graph, node->name);
    for (int i = 0; i < g->builder.same.count; i++)
        if (g->builder.same.items[i] == node) return g->builder.captured.items[i];
    graph_bug(g->body, node, "it is not known outside the scan");
}

static Node *lift_computed(ScanGradient *g, const Node *node) {
    Node **inputs = ARENA_ARRAY(g->graph->arena, Node *, node->input_count + 1);
    for (int i = 0; i < node->input_count; i++) inputs[i] = lift(g, node->inputs[i]);
    if (node->op->over_steps) return node->op->over_steps(g->graph, node, inputs);
    if (node->op->shape == op_shape_given && node->input_count == 1)
        return graph_broadcast(g->graph, inputs[0], node->type);
    return graph_node(g->graph, node->op, inputs, node->input_count, node->args);
}

// Steps that the reverse scan only reads are outside already.
static Node *lift_steps(ScanGradient *g, const Node *node) {
    for (int i = 0; i < g->builder.steps.count; i++)
        if (g->builder.steps.items[i] == node) return g->builder.sequences.items[i];
    return scan_stacked(g->graph, g->scan, stacked_number(g, node));
}

static Node *lift(ScanGradient *g, Node *node) {
    Node **known = &g->lifted[node->id];
    if (*known) return *known;
    if (node->type.batched)
        *known = lift_steps(g, node);
    else
        *known = is_leaf(node) ? lift_leaf(g, node) : lift_computed(g, node);
    return *known;
}

// ---- Forward values.

// Whether computing it again is as cheap as a load. Its operands may have to be kept instead.
static bool is_recomputed(const Node *node) {
    if (!node->type.batched) return true;
    return (node->op->fuse == FUSE_ELEMENTWISE && !node->op->is_slow) ||
           node->op->fuse == FUSE_MOVEMENT;
}

// What the forward scan reads, or has kept, as a value of the reverse body.
static Node *provide(ScanGradient *g, Node *copy) {
    const Node *node = g->origin[copy->id];
    const Scan *scan = scan_of(g);
    for (int i = scan->carried; i < scan->body->inputs.count; i++) {
        if (scan->body->inputs.items[i] != node) continue;
        Node *outside = g->forward->inputs[i];
        return i < scan->carried + scan->sequences ? scan_sequence(&g->builder, outside)
                                                   : scan_capture(&g->builder, outside);
    }
    int number = -1;
    for (int i = scan->carried; i < scan->body->outputs.count; i++)
        if (scan->body->outputs.items[i] == node) number = i - scan->carried;
    if (number < 0) number = scan_add_stacked(g->forward, scan->body->nodes.items[node->id]);
    return scan_sequence(&g->builder,
                         scan_stacked(g->graph, (Node *)(uintptr_t)g->forward, number));
}

// Walks from the results of the body to the forward values that they need.
static void provide_from(ScanGradient *g, Node *node, bool *seen) {
    if (seen[node->id]) return;
    seen[node->id] = true;
    bool is_copy = node->id < g->forward_count && g->origin[node->id];
    bool is_bound = is_leaf(node) && node->op->leaf != LEAF_COLUMN;
    if (is_copy && !is_bound && !(is_recomputed(node) && !is_leaf(node))) {
        node->replacement = provide(g, node);
        return;
    }
    for (int i = 0; i < node->input_count; i++) provide_from(g, node->inputs[i], seen);
}

static void provide_forward_values(ScanGradient *g) {
    bool *seen = ARENA_ARRAY(g->graph->arena, bool, g->body->nodes.count + 1);
    const NodeList *lists[] = {&g->builder.next, &g->builder.stacked};
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < lists[k]->count; i++) provide_from(g, lists[k]->items[i], seen);
}

// Lists of the builder, which no graph knows yet.
static void resolve(NodeList *list) {
    for (int i = 0; i < list->count; i++) list->items[i] = graph_resolve(list->items[i]);
}

// ---- The results.

// What an input of the scan is within the body.
static const Node *end_of(const ScanGradient *g, int index) {
    if (index < scan_of(g)->body->inputs.count) return input_copy(g, index);
    return g->body->parameter_nodes.items[g->forward->inputs[index]->parameter->index];
}

// Gradients of what is carried go on, all others are made of what is stacked.
static void name_results(ScanGradient *g, const bool *wanted) {
    const Scan *scan = scan_of(g);
    g->gradients = ARENA_ARRAY(g->graph->arena, Node *, g->forward->input_count + 1);
    for (int i = 0; i < g->forward->input_count; i++) {
        const Node *end = end_of(g, i);
        Node *gradient = arrived(g, end);
        if (i < scan->carried)
            scan_carry_on(&g->builder, i,
                          gradient ? gradient : graph_filled(g->body, end->type, 0));
        else if (wanted[i] && gradient)
            stack_operands(g, g->gradients[i] = gradient);
    }
}

// The steps' sum: of a value that is the same in all of them.
static Node *sum_steps(Graph *graph, Node *stacked, const Type *type) {
    Node *sum = op_reduce_axis(graph, stacked, 0, REDUCE_SUM);
    return graph_reshape(graph, sum, type->rank, type->dims);
}

static void take_results(ScanGradient *g, const bool *wanted, Node **dinputs) {
    const Scan *scan = scan_of(g);
    for (int i = 0; i < g->forward->input_count; i++) {
        Node *gradient = g->gradients[i];
        bool is_captured = i >= scan->carried + scan->sequences && i < scan->body->inputs.count;
        if (i < scan->carried && wanted[i]) dinputs[i] = scan_final(g->graph, g->scan, i);
        if (!gradient) continue;
        dinputs[i] = lift(g, gradient);
        if (is_captured && gradient->type.batched)
            dinputs[i] = sum_steps(g->graph, dinputs[i], &gradient->type);
    }
}

static bool any_arrives(Node *const *dresults, int count) {
    for (int i = 0; i < count; i++)
        if (dresults[i]) return true;
    return false;
}

void scan_gradients(Graph *graph, Node *scan, Node *const *dresults, const bool *wanted,
                    Node **dinputs) {
    ScanGradient g = {.graph = graph, .forward = scan};
    if (!any_arrives(dresults, scan->scan->body->outputs.count)) return;
    graph_sort(scan->scan->body);
    copy_body(&g);
    mark_ends(&g, dresults, wanted);
    bring_gradients(&g, dresults);
    reverse_walk(&g.reverse);
    g.body->has_gradients = true;
    name_results(&g, wanted);
    provide_forward_values(&g);
    resolve(&g.builder.next);
    resolve(&g.builder.stacked);
    for (int i = 0; i < scan->input_count; i++)
        if (g.gradients[i]) g.gradients[i] = graph_resolve(g.gradients[i]);
    graph_apply_replacements(g.body);
    g.scan = scan_close(&g.builder);
    g.lifted = ARENA_ARRAY(graph->arena, Node *, g.body->nodes.count + 1);
    take_results(&g, wanted, dinputs);
}
