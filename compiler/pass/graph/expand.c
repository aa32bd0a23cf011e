// Pass expand: layers, activations and losses become primitive operators.
//
// A loss looks at what made its prediction (softmax or sigmoid), so the order is: everything but
// activations and losses first, which uncovers the activation inside a layer; then the losses; then
// the rest.
//
// A gradient within the expressions needs the primitive nodes between its two inputs: it is made
// when the rest is expanded. What it is made with respect to stands behind a `point` meanwhile, so
// that it stays one value, which no loss looks behind.
#include "../../graph/scan.h"
#include "../pass.h"

typedef bool Selection(const Node *node);

static bool is_plain(const Node *node) {
    return !node->op->is_activation && !node->op->is_loss;
}

static bool is_loss(const Node *node) {
    return node->op->is_loss;
}

static bool is_any(const Node *node) {
    (void)node;
    return true;
}

// What the node becomes, or NULL.
static Node *expansion(Graph *graph, Node *node) {
    if (graph->mode != GRAPH_TRAIN && node->op->inference) return node->op->inference(graph, node);
    return node->op->expand ? node->op->expand(graph, node) : NULL;
}

// One round; true if something was expanded, so that another is needed.
static bool expand_once(Graph *graph, Selection *selected) {
    bool any = false;
    int count = graph->nodes.count;
    for (int i = 0; i < count; i++) {
        Node *node = graph->nodes.items[i];
        if (!selected(node)) continue;
        graph->current_layer = node->layer;
        graph->current_span = node->span;
        Node *result = expansion(graph, node);
        if (!result) continue;
        // A value that was passed on unchanged may still be uint8, or narrower.
        node->replacement = graph_broadcast(graph, result, node->type);
        any = true;
    }
    graph->current_layer = NULL;
    if (any) graph_apply_replacements(graph);
    return any;
}

static void expand_all(Graph *graph) {
    static Selection *const order[] = {is_plain, is_loss, is_any};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        while (expand_once(graph, order[i])) continue;
}

// ---- Gradients within expressions.

static void add_points(Graph *graph) {
    int count = graph->nodes.count;
    for (int i = 0; i < count; i++) {
        const Node *node = graph->nodes.items[i];
        if (!node->op->is_derivative || node->inputs[1]->op->is_point) continue;
        Node *x = node->inputs[1];
        graph_replace(graph, x, graph_unary(graph, "point", x));
    }
    if (graph->nodes.count > count) graph_sort(graph);
}

static void remove_points(Graph *graph) {
    bool any = false;
    for (int i = graph->nodes.count - 1; i >= 0; i--) {
        Node *node = graph->nodes.items[i];
        if (!node->op->is_point) continue;
        node->replacement = graph_broadcast(graph, node->inputs[0], node->type);
        any = true;
    }
    if (any) graph_apply_replacements(graph);
}

static Node *first_derivative(const Graph *graph) {
    for (int i = 0; i < graph->nodes.count; i++)
        if (graph->nodes.items[i]->op->is_derivative) return graph->nodes.items[i];
    return NULL;
}

// Inner ones stand before those that are made of them.
static void expand_derivatives(Graph *graph) {
    Node *node;
    while ((node = first_derivative(graph))) {
        node->replacement = pass_gradient_at(graph, node);
        graph_apply_replacements(graph);
        expand_all(graph);
    }
}

static void expand_bodies(Graph *graph) {
    for (int i = 0; i < graph->nodes.count; i++) {
        const Scan *scan = graph->nodes.items[i]->scan;
        if (!scan) continue;
        scan->body->mode = graph->mode;
        pass_expand(scan->body);
    }
}

// Layers that read masks have them among their inputs.
static void forget_masks(Graph *graph) {
    for (int i = 0; i < graph->nodes.count; i++) graph->nodes.items[i]->mask = NULL;
}

void pass_expand(Graph *graph) {
    forget_masks(graph);
    add_points(graph);
    expand_all(graph);
    expand_derivatives(graph);
    remove_points(graph);
    graph_remove_dead(graph);
    expand_bodies(graph);
}
