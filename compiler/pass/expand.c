// Pass expand: layers, activations and losses become primitive operators.
//
// A loss looks at what made its prediction (softmax or sigmoid), so the order is: everything but
// activations and losses first, which uncovers the activation inside a layer; then the losses; then
// the rest.
#include "pass.h"

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

void pass_expand(Graph *graph) {
    static Selection *const order[] = {is_plain, is_loss, is_any};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        while (expand_once(graph, order[i])) continue;
    graph_remove_dead(graph);
}
