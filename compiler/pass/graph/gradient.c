// Pass gradient: reverse-mode differentiation as graph nodes. It walks from one value, the loss, to
// others, the parameters, adds what arrives at a node from its users, and asks each operator's row
// for the gradients of its inputs. Values that no parameter reaches which the function updates get
// none.
#include "reverse.h"

// By node id: what the differentiated values are made of.
static bool *mark_used(const Reverse *reverse) {
    bool *used = ARENA_ARRAY(reverse->graph->arena, bool, reverse->count);
    for (int i = reverse->count - 1; i >= 0; i--) {
        const Node *node = reverse->graph->nodes.items[i];
        used[i] = used[i] || reverse->is_start[i];
        for (int k = 0; used[i] && k < node->input_count; k++) used[node->inputs[k]->id] = true;
    }
    return used;
}

// What is not constant almost everywhere must not be taken for it.
static void check_differentiable(const Reverse *reverse, const Node *node) {
    if (node->op->gradient || node->op->is_statistic || node->op->is_constant) return;
    bool has_results = node->op->fuse == FUSE_SCAN || node->op->fuse == FUSE_RESULT;
    if (node->op->fuse != FUSE_ELEMENTWISE && node->op->fuse != FUSE_LEAF && !has_results)
        graph_bug(reverse->graph, node, "no gradient: %s",
                  node->op->no_gradient ? node->op->no_gradient : "it was not expanded");
}

static bool passes_gradient(const Node *node) {
    return node->op->gradient || node->op->fuse == FUSE_SCAN || node->op->fuse == FUSE_RESULT;
}

void reverse_mark(Reverse *reverse) {
    const bool *used = mark_used(reverse);
    for (int i = 0; i < reverse->count; i++) {
        const Node *node = reverse->graph->nodes.items[i];
        if (!used[i]) continue;
        bool reached = reverse->is_end[i];
        for (int k = 0; k < node->input_count; k++)
            reached = reached || reverse->wanted[node->inputs[k]->id];
        if (reached) check_differentiable(reverse, node);
        reverse->wanted[i] = reverse->is_end[i] || (reached && passes_gradient(node));
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

void reverse_arrive(Reverse *reverse, const Node *node, Node *gradient) {
    Node **slot = &reverse->gradients[node->id];
    *slot = *slot ? graph_add(reverse->graph, *slot, gradient) : gradient;
}

// What the results of a scan have got so far; NULL where that is nothing.
static Node **results_gradients(const Reverse *reverse, const Node *scan) {
    Graph *graph = reverse->graph;
    Node **dresults = ARENA_ARRAY(graph->arena, Node *, scan->scan->body->outputs.count + 1);
    for (int i = scan->id + 1; i < reverse->count; i++) {
        const Node *result = graph->nodes.items[i];
        if (result->op->fuse != FUSE_RESULT || result->inputs[0] != scan) continue;
        Node *dy = reverse->gradients[i];
        if (!dy) continue;
        Node **slot = &dresults[scan_result_index(result)];
        dy = graph_broadcast(graph, dy, result->type);
        *slot = *slot ? graph_add(graph, *slot, dy) : dy;
    }
    return dresults;
}

static void step_back(Reverse *reverse, Node *node) {
    Graph *graph = reverse->graph;
    Node **dinputs = ARENA_ARRAY(graph->arena, Node *, node->input_count);
    if (node->scan) {
        bool *wanted = ARENA_ARRAY(graph->arena, bool, node->input_count + 1);
        for (int i = 0; i < node->input_count; i++)
            wanted[i] = reverse->wanted[node->inputs[i]->id];
        scan_gradients(graph, node, results_gradients(reverse, node), wanted, dinputs);
    } else {
        Node *dy = graph_broadcast(graph, reverse->gradients[node->id], node->type);
        node->op->gradient(graph, node, dy, dinputs);
    }
    for (int i = 0; i < node->input_count; i++) {
        const Node *input = node->inputs[i];
        if (!dinputs[i] || !reverse->wanted[input->id]) continue;
        // A rule may give less than the whole: one number for all elements, say.
        bool repeats = node->op->fuse == FUSE_ELEMENTWISE;
        Node *whole = graph_broadcast(graph, dinputs[i], repeats ? node->type : input->type);
        reverse_arrive(reverse, input, sum_repeats(graph, whole, &input->type));
    }
}

Reverse reverse_begin(Graph *graph) {
    graph_sort(graph);
    int count = graph->nodes.count;
    return (Reverse){.graph = graph,
                     .is_start = ARENA_ARRAY(graph->arena, bool, count + 1),
                     .is_end = ARENA_ARRAY(graph->arena, bool, count + 1),
                     .wanted = ARENA_ARRAY(graph->arena, bool, count + 1),
                     .gradients = ARENA_ARRAY(graph->arena, Node *, count + 1),
                     .count = count};
}

// A scan's turn comes when all its results have had theirs.
static bool is_reached(const Reverse *reverse, const Node *node) {
    if (node->scan) return true;
    return reverse->gradients[node->id] && node->op->gradient;
}

void reverse_walk(Reverse *reverse) {
    Graph *graph = reverse->graph;
    for (int i = reverse->count - 1; i >= 0; i--) {
        Node *node = graph->nodes.items[i];
        if (!reverse->wanted[i] || !is_reached(reverse, node)) continue;
        if (reverse->is_end[i] && node->op->leaf != LEAF_PARAMETER) continue;
        graph->current_layer = node->layer;
        graph->current_span = node->span;
        step_back(reverse, node);
    }
    graph->current_layer = NULL;
}

void reverse_end_at_parameters(Reverse *reverse) {
    const NodeList *nodes = &reverse->graph->parameter_nodes;
    for (int i = 0; i < nodes->count; i++)
        if (nodes->items[i] && graph_updates(reverse->graph, nodes->items[i]->parameter))
            reverse->is_end[nodes->items[i]->id] = true;
}

static Reverse reverse_of(Graph *graph, Node *from, const Node *to) {
    Reverse reverse = reverse_begin(graph);
    reverse.is_start[from->id] = true;
    if (to)
        reverse.is_end[to->id] = true;
    else
        reverse_end_at_parameters(&reverse);
    reverse_mark(&reverse);
    return reverse;
}

static void walk_from(Reverse *reverse, const Node *from) {
    reverse->gradients[from->id] = graph_constant(reverse->graph, 1);
    reverse_walk(reverse);
}

Node **pass_gradients(Graph *graph) {
    Reverse reverse = reverse_of(graph, graph->loss, NULL);
    walk_from(&reverse, graph->loss);
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
    Reverse reverse = reverse_of(graph, y, x);
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
    Reverse reverse = reverse_of(graph, y, x);
    walk_from(&reverse, y);
    graph->current_layer = node->layer;
    graph->current_span = node->span;
    Node *gradient = reverse.wanted[y->id] ? reverse.gradients[x->id] : NULL;
    return graph_broadcast(graph, gradient ? gradient : graph_constant(graph, 0), node->type);
}
