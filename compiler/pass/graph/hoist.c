// Pass hoist: what does not depend on carried values leaves the bodies of scans. A product of a
// step's input with weights becomes one product for all steps, whose rows are more; what is the
// same in all steps is computed once. Values without samples must leave, since the workers, each in
// a step of its own, would have to wait for them; random numbers must, since they would repeat.
#include "../../graph/scan.h"
#include "../../op/primitive/generator.h"
#include "../pass.h"

typedef enum Dependence { IS_SAME, OF_STEP, OF_CARRIED } Dependence;

typedef struct Hoist {
    Graph *graph; // of the scan
    Node *node;   // the scan
    const Scan *scan;
    Dependence *dependence; // by node id within the body
    bool *leaves;           // can be computed outside
    bool *pays;             // and should be
    Node **outside;         // the same there; NULL: not made
} Hoist;

// ---- What can leave.

// Of random numbers: others without inputs are the same in all steps.
static bool is_generator(const Node *node) {
    return node->input_count == 0 && node->op->fuse == FUSE_ELEMENTWISE && node->type.batched &&
           node->args && schema_arg_index(node->args->schema, "stream") >= 0;
}

static Dependence input_dependence(const Hoist *h, const Node *node) {
    const NodeList *inputs = &h->scan->body->inputs;
    for (int i = 0; i < inputs->count; i++)
        if (inputs->items[i] == node)
            return i < h->scan->carried                        ? OF_CARRIED
                   : i < h->scan->carried + h->scan->sequences ? OF_STEP
                                                               : IS_SAME;
    return IS_SAME;
}

static Dependence find_dependence(const Hoist *h, const Node *node) {
    if (node->op->leaf == LEAF_COLUMN) return input_dependence(h, node);
    Dependence found = is_generator(node) ? OF_STEP : IS_SAME;
    for (int i = 0; i < node->input_count; i++) {
        Dependence of_input = h->dependence[node->inputs[i]->id];
        if (of_input > found) found = of_input;
    }
    return found;
}

// Operands that differ from step to step get a dimension for the steps in front, under which the
// dimensions of the others must stay where they are.
static bool keeps_places(const Hoist *h, const Node *node) {
    for (int i = 0; i < node->input_count; i++) {
        const Node *input = node->inputs[i];
        bool gets_steps = h->dependence[input->id] == OF_STEP;
        if (gets_steps && input->type.rank != node->type.rank) return false;
    }
    return node->type.rank > 0 && node->type.rank < SHAPE_MAX_RANK;
}

// Does what the operator computes stay the same under a dimension more?
static bool takes_steps(const Hoist *h, const Node *node) {
    switch (node->op->fuse) {
    case FUSE_ELEMENTWISE: return is_generator(node) || keeps_places(h, node);
    case FUSE_REDUCTION: return keeps_places(h, node);
    case FUSE_CONTRACTION:
        return op_is_matrix_product(node) && op_multiplies_weights(node) && keeps_places(h, node);
    case FUSE_MOVEMENT: return node->input_count == 1 && node->type.rank < SHAPE_MAX_RANK;
    default: return false;
    }
}

static bool can_leave(const Hoist *h, const Node *node) {
    Dependence own = h->dependence[node->id];
    if (own == OF_CARRIED || node->scan || node->op->fuse == FUSE_RESULT) return false;
    if (node->op->fuse == FUSE_LEAF) return true;
    for (int i = 0; i < node->input_count; i++)
        if (!h->leaves[node->inputs[i]->id]) return false;
    return own == IS_SAME || (node->type.batched && takes_steps(h, node));
}

// ---- What should.

// Convolutions read a kernel where it lies: one in another shape, as that of a sequence, is no
// value of its own, which every worker would have to have.
static bool is_kernel(const Hoist *h, const Node *node) {
    const NodeList *nodes = &h->scan->body->nodes;
    const Node *source = node;
    while (source->op->fuse == FUSE_MOVEMENT) source = source->inputs[0];
    if (!source->parameter) return false;
    for (int i = 0; i < nodes->count; i++) {
        const Node *user = nodes->items[i];
        for (int k = 0; k < user->input_count; k++)
            if (user->inputs[k] == node && !(op_is_convolution(user) && k == 1)) return false;
    }
    return true;
}

static bool is_alone_worth_it(const Hoist *h, const Node *node) {
    bool is_same = h->dependence[node->id] == IS_SAME;
    if (node->op->fuse == FUSE_LEAF) return false;
    if (is_same && !node->type.batched && node->type.rank > 0) return !is_kernel(h, node);
    if (is_generator(node) || node->op->fuse == FUSE_CONTRACTION) return true;
    bool is_plain = node->op->fuse == FUSE_ELEMENTWISE || node->op->fuse == FUSE_MOVEMENT;
    return is_same && node->type.batched && (!is_plain || node->op->is_slow);
}

static bool should_leave(const Hoist *h, const Node *node) {
    bool pays = is_alone_worth_it(h, node);
    for (int i = 0; i < node->input_count; i++) pays = pays || h->pays[node->inputs[i]->id];
    return pays && h->leaves[node->id];
}

static void classify(Hoist *h) {
    const NodeList *nodes = &h->scan->body->nodes;
    int count = nodes->count + 1;
    h->dependence = ARENA_ARRAY(h->graph->arena, Dependence, count);
    h->leaves = ARENA_ARRAY(h->graph->arena, bool, count);
    h->pays = ARENA_ARRAY(h->graph->arena, bool, count);
    h->outside = ARENA_ARRAY(h->graph->arena, Node *, count);
    for (int i = 0; i < nodes->count; i++) {
        const Node *node = nodes->items[i];
        h->dependence[i] = find_dependence(h, node);
        h->leaves[i] = can_leave(h, node);
        h->pays[i] = should_leave(h, node);
    }
}

// ---- The same outside.

static Node *leave(Hoist *h, const Node *node);

static Node *leaf_outside(const Hoist *h, const Node *node) {
    const NodeList *inputs = &h->scan->body->inputs;
    double value;
    if (node->parameter) return graph_parameter_node(h->graph, node->parameter);
    if (node_is_constant(node, &value)) return graph_constant(h->graph, value);
    if (node->op->leaf != LEAF_COLUMN) return graph_scalar(h->graph, node->name);
    for (int i = 0; i < inputs->count; i++)
        if (inputs->items[i] == node) return h->node->inputs[i];
    graph_bug(h->scan->body, node, "it is no input of the scan");
}

static Type outside_type(const Hoist *h, const Node *node) {
    return h->dependence[node->id] == OF_STEP ? scan_sequence_type(&node->type, h->scan->steps)
                                              : node->type;
}

// With random numbers that differ from step to step, and from all others outside.
static Node *drawn_outside(const Hoist *h, const Node *node) {
    Args *args = generator_args(h->graph, node->op->schema.name);
    double stream = args_number(args, "stream");
    args_copy_common(args, node->args);
    args_set_number(args, "stream", stream);
    return graph_generate(h->graph, node->op->schema.name, outside_type(h, node), args);
}

static Node *computed_outside(Hoist *h, const Node *node) {
    Type type = outside_type(h, node);
    Node **inputs = ARENA_ARRAY(h->graph->arena, Node *, node->input_count + 1);
    for (int i = 0; i < node->input_count; i++) inputs[i] = leave(h, node->inputs[i]);
    h->graph->current_layer = node->layer;
    h->graph->current_span = node->span;
    if (is_generator(node)) return drawn_outside(h, node);
    if (!node->input_count)
        return graph_generate(h->graph, node->op->schema.name, type, node->args);
    if (node->op->shape == op_shape_given) return graph_broadcast(h->graph, inputs[0], type);
    if (node->op->fuse == FUSE_MOVEMENT)
        return graph_reshape(h->graph, inputs[0], type.rank, type.dims);
    Node *same = graph_node(h->graph, node->op, inputs, node->input_count, node->args);
    return graph_broadcast(h->graph, same, type);
}

static Node *leave(Hoist *h, const Node *node) {
    Node **known = &h->outside[node->id];
    if (!*known)
        *known = node->op->fuse == FUSE_LEAF ? leaf_outside(h, node) : computed_outside(h, node);
    return *known;
}

// ---- The pass.

// Those that others of the body, which stay, read.
static bool *find_read(const Hoist *h) {
    const Graph *body = h->scan->body;
    bool *read = ARENA_ARRAY(h->graph->arena, bool, body->nodes.count + 1);
    for (int i = 0; i < body->nodes.count; i++)
        for (int k = 0; k < body->nodes.items[i]->input_count && !h->pays[i]; k++)
            read[body->nodes.items[i]->inputs[k]->id] = true;
    for (int i = 0; i < body->outputs.count; i++) read[body->outputs.items[i]->id] = true;
    return read;
}

static bool hoist_from(Graph *graph, Node *node) {
    Hoist h = {.graph = graph, .node = node, .scan = node->scan};
    Graph *body = node->scan->body;
    bool any = false;
    classify(&h);
    const bool *read = find_read(&h);
    for (int i = 0, count = body->nodes.count; i < count; i++) {
        Node *inner = body->nodes.items[i];
        if (!h.pays[i] || !read[i]) continue;
        Node *value = leave(&h, inner);
        inner->replacement = h.dependence[i] == OF_STEP
                                 ? scan_add_sequence(graph, node, "hoisted", value)
                                 : scan_add_captured(graph, node, value);
        any = true;
    }
    if (any) graph_apply_replacements(body);
    return any;
}

void pass_hoist(Graph *graph) {
    bool any = false;
    int count = graph->nodes.count;
    for (int i = 0; i < count; i++) {
        Node *node = graph->nodes.items[i];
        if (node->op->fuse != FUSE_SCAN) continue;
        pass_hoist(node->scan->body);
        any = hoist_from(graph, node) || any;
    }
    graph->current_layer = NULL;
    if (any) graph_sort(graph);
    if (any) scan_prune(graph);
}
