// Pass gradient: reverse-mode differentiation as graph nodes. It walks from one value, the loss, to
// others, the parameters, adds what arrives at a node from its users, and asks each operator's row
// for the gradients of its inputs. Values that no parameter reaches which the function updates get
// none.
#include "../pass.h"

typedef struct Reverse {
    Graph *graph;
    Node *from;       // what is differentiated
    const Node *to;   // with respect to this; NULL: to the parameters that are updated
    bool *wanted;     // by node id: such a one reaches it, with a gradient all the way
    Node **gradients; // by node id: what has arrived so far; NULL: nothing
    int count;        // nodes of the forward graph
} Reverse;

static bool is_end(const Reverse *reverse, const Node *node) {
    return reverse->to ? node == reverse->to : node->op->leaf == LEAF_PARAMETER;
}

static bool passes_gradient(const Graph *graph, const Node *node) {
    if (node->op->leaf == LEAF_PARAMETER) return graph_updates(graph, node->parameter);
    return node->op->gradient != NULL;
}

// By node id: what the differentiated value is made of.
static bool *mark_used(const Reverse *reverse) {
    bool *used = ARENA_ARRAY(reverse->graph->arena, bool, reverse->count);
    used[reverse->from->id] = true;
    for (int i = reverse->from->id; i >= 0; i--) {
        const Node *node = reverse->graph->nodes.items[i];
        for (int k = 0; used[i] && k < node->input_count; k++) used[node->inputs[k]->id] = true;
    }
    return used;
}

// What is not constant almost everywhere must not be taken for it.
static void check_differentiable(const Reverse *reverse, const Node *node) {
    if (node->op->gradient || node->op->is_statistic || node->op->is_constant) return;
    if (node->op->fuse != FUSE_ELEMENTWISE && node->op->fuse != FUSE_LEAF)
        graph_bug(reverse->graph, node, "no gradient: %s",
                  node->op->no_gradient ? node->op->no_gradient : "it was not expanded");
}

static void mark_wanted(Reverse *reverse) {
    const bool *used = mark_used(reverse);
    for (int i = 0; i < reverse->count; i++) {
        const Node *node = reverse->graph->nodes.items[i];
        if (!used[i]) continue;
        bool reached = is_end(reverse, node);
        for (int k = 0; k < node->input_count; k++)
            reached = reached || reverse->wanted[node->inputs[k]->id];
        if (reached) check_differentiable(reverse, node);
        reverse->wanted[i] = reached && passes_gradient(reverse->graph, node);
    }
}

// ---- Undoing broadcasts: the gradient of a value that was repeated is the sum over its repeats.

// The dimension of `type` at `place` of a value of rank `rank`, 1 where it has none there.
static int64_t dim_at(const Type *type, int rank, int place) {
    int own = place - (rank - type->rank);
    return own < 0 ? 1 : type->dims[own];
}

// How many dimensions of `dy`, from the first, the input does not have (or has as 1).
static int missing_leading(const Type *dy, const Type *input) {
    int count = 0;
    while (count < dy->rank && dim_at(input, dy->rank, count) == 1) count++;
    return count;
}

static Node *sum_repeats(Graph *graph, Node *dy, const Type *input) {
    if (!dy->type.batched && type_elements(input) == 1 && type_elements(&dy->type) > 1)
        dy = graph_unary(graph, "reduce_all_sum", dy);
    bool over_samples = dy->type.batched && !input->batched;
    int leading = over_samples ? missing_leading(&dy->type, input) : 0;
    for (int place = leading; place < dy->type.rank; place++)
        if (dy->type.dims[place] != 1 && dim_at(input, dy->type.rank, place) == 1)
            dy = op_reduce_axis(graph, dy, place, REDUCE_SUM);
    // Last, and with the leading dimensions: sums over a part are made sample by sample.
    if (over_samples) dy = graph_batch_sum(graph, dy, dy->type.rank - leading);
    Type wanted = *input;
    wanted.dtype = DTYPE_F32;
    if (type_equal(&dy->type, &wanted)) return dy;
    return graph_reshape(graph, dy, wanted.rank, wanted.dims);
}

// ---- The walk.

static void arrive(Reverse *reverse, const Node *node, Node *gradient) {
    Node **slot = &reverse->gradients[node->id];
    *slot = *slot ? graph_add(reverse->graph, *slot, gradient) : gradient;
}

static void step_back(Reverse *reverse, Node *node) {
    Graph *graph = reverse->graph;
    Node **dinputs = ARENA_ARRAY(graph->arena, Node *, node->input_count);
    Node *dy = graph_broadcast(graph, reverse->gradients[node->id], node->type);
    node->op->gradient(graph, node, dy, dinputs);
    for (int i = 0; i < node->input_count; i++) {
        const Node *input = node->inputs[i];
        if (!dinputs[i] || !reverse->wanted[input->id]) continue;
        // A rule may give less than the whole: one number for all elements, say.
        bool repeats = node->op->fuse == FUSE_ELEMENTWISE;
        Node *whole = graph_broadcast(graph, dinputs[i], repeats ? node->type : input->type);
        arrive(reverse, input, sum_repeats(graph, whole, &input->type));
    }
}

static Reverse reverse_to(Graph *graph, Node *from, const Node *to) {
    graph_sort(graph);
    int count = graph->nodes.count;
    Reverse reverse = {.graph = graph,
                       .from = from,
                       .to = to,
                       .wanted = ARENA_ARRAY(graph->arena, bool, count),
                       .gradients = ARENA_ARRAY(graph->arena, Node *, count),
                       .count = count};
    mark_wanted(&reverse);
    return reverse;
}

static void walk_back(Reverse *reverse) {
    Graph *graph = reverse->graph;
    reverse->gradients[reverse->from->id] = graph_constant(graph, 1);
    for (int i = reverse->from->id; i >= 0; i--) {
        Node *node = graph->nodes.items[i];
        if (!reverse->wanted[i] || !reverse->gradients[i] || !node->op->gradient) continue;
        if (node == reverse->to) break;
        graph->current_layer = node->layer;
        graph->current_span = node->span;
        step_back(reverse, node);
    }
    graph->current_layer = NULL;
}

Node **pass_gradients(Graph *graph) {
    Reverse reverse = reverse_to(graph, graph->loss, NULL);
    walk_back(&reverse);
    graph->has_gradients = true;
    Node **results = ARENA_ARRAY(graph->arena, Node *, graph->weights->parameters.count);
    for (int i = 0; i < graph->weights->parameters.count; i++) {
        const Parameter *parameter = graph->weights->parameters.items[i];
        const Node *node =
            i < graph->parameter_nodes.count ? graph->parameter_nodes.items[i] : NULL;
        if (node && graph_updates(graph, parameter)) results[i] = reverse.gradients[node->id];
    }
    return results;
}

// ---- Gradients within expressions.

// Normalizations by the batch on the way, whose gradient is right once, but has none itself.
static void unfold_moments(Graph *graph, Node *y, const Node *x) {
    Reverse reverse = reverse_to(graph, y, x);
    for (int i = 0; i < reverse.count; i++) {
        Node *node = graph->nodes.items[i];
        if (!reverse.wanted[i] || !node->op->unfold) continue;
        graph->current_layer = node->layer;
        graph->current_span = node->span;
        node->op->unfold(graph, node);
    }
    graph->current_layer = NULL;
}

Node *pass_gradient_at(Graph *graph, Node *node) {
    unfold_moments(graph, node->inputs[0], node->inputs[1]);
    Node *y = node->inputs[0], *x = node->inputs[1];
    Reverse reverse = reverse_to(graph, y, x);
    walk_back(&reverse);
    graph->current_layer = node->layer;
    graph->current_span = node->span;
    Node *gradient = reverse.wanted[y->id] ? reverse.gradients[x->id] : NULL;
    return graph_broadcast(graph, gradient ? gradient : graph_constant(graph, 0), node->type);
}
