// Recomputation: values of the forward part that gradients read are computed a second time for
// them, instead of being kept until then (T. Chen, B. Xu, C. Zhang, C. Guestrin: Training Deep Nets
// with Sublinear Memory Cost, 2016). The forward part is cut into segments, at places where few
// bytes cross; what crosses is kept, the rest is copied for its gradients. A copy has the operator,
// arguments and random stream of its original, so its bits, too.
#include "../pass.h"

typedef struct Recompute {
    Graph *graph;
    Economy economy;
    int count;        // of nodes, before there are copies
    bool *is_forward; // by node id: the loss, an output or a report depends on it
    bool *is_kept;    // by node id: not computed again
    bool *is_again;   // by node id: a gradient reads a copy
    int *last_use; // by node id: the last of its forward users, through views; itself: it has none
    double *crossing; // by node id: bytes of a sample that are made here or before, and read behind
    int last_cut;     // the last place before the last cut; -1: there is none
    Node **copies;    // by node id; NULL: none
} Recompute;

static bool is_view(const Node *node) {
    return node->op->fuse == FUSE_MOVEMENT || node->op->fuse == FUSE_LEAF;
}

static double bytes_of(const Node *node) {
    return node->type.batched && !is_view(node) ? (double)type_elements(&node->type) : 0;
}

// What has a value of its own for each sample. Those of scans would cost all steps again.
static bool can_be_again(const Node *node) {
    FuseClass fuse = node->op->fuse;
    return node->type.batched && fuse != FUSE_LEAF && fuse != FUSE_SCAN && fuse != FUSE_RESULT &&
           fuse != FUSE_EFFECT;
}

// ---- What is forward.

static void find_forward(Recompute *r) {
    const Graph *graph = r->graph;
    if (graph->loss) r->is_forward[graph->loss->id] = true;
    for (int i = 0; i < graph->outputs.count; i++)
        r->is_forward[graph->outputs.items[i]->id] = true;
    for (int i = 0; i < graph->reports.count; i++)
        r->is_forward[graph->reports.items[i]->id] = true;
    for (int i = r->count - 1; i >= 0; i--) {
        const Node *node = graph->nodes.items[i];
        for (int k = 0; r->is_forward[i] && k < node->input_count; k++)
            r->is_forward[node->inputs[k]->id] = true;
    }
}

static void find_uses(Recompute *r) {
    for (int i = 0; i < r->count; i++) r->last_use[i] = i;
    for (int i = r->count - 1; i >= 0; i--) {
        const Node *node = r->graph->nodes.items[i];
        int use = is_view(node) ? r->last_use[i] : i;
        for (int k = 0; r->is_forward[i] && k < node->input_count; k++) {
            int *last = &r->last_use[node->inputs[k]->id];
            if (*last < use) *last = use;
        }
    }
    for (int i = 0; i < r->count; i++) {
        double bytes = r->is_forward[i] ? bytes_of(r->graph->nodes.items[i]) : 0;
        r->crossing[i] += bytes;
        r->crossing[r->last_use[i]] -= bytes;
    }
    for (int i = 1; i < r->count; i++) r->crossing[i] += r->crossing[i - 1];
}

// ---- Segments.

static void keep_crossing(Recompute *r, int at) {
    for (int i = 0; i <= at; i++)
        if (r->last_use[i] > at) r->is_kept[i] = true;
}

static double forward_bytes(const Recompute *r) {
    double bytes = 0;
    for (int i = 0; i < r->count; i++)
        if (r->is_forward[i]) bytes += bytes_of(r->graph->nodes.items[i]);
    return bytes;
}

// Cuts the order where the least crosses, at about every `length` bytes.
static void cut(Recompute *r, double length) {
    double passed = 0;
    int best = -1;
    r->last_cut = -1;
    for (int i = 0; i < r->count; i++) {
        double bytes = r->is_forward[i] ? bytes_of(r->graph->nodes.items[i]) : 0;
        passed += bytes;
        if (bytes == 0 || passed < length / 2) continue;
        if (best < 0 || r->crossing[i] <= r->crossing[best]) best = i;
        if (passed < length * 3 / 2) continue;
        keep_crossing(r, best);
        r->last_cut = i = best;
        best = -1;
        passed = 0;
    }
}

// What is behind the last cut is read soon; outputs are read after the step.
static void choose_kept(Recompute *r) {
    const Graph *graph = r->graph;
    cut(r, forward_bytes(r) / r->economy.segments);
    for (int i = 0; i < r->count; i++) {
        const Node *node = graph->nodes.items[i];
        bool is_product = node->op->fuse == FUSE_CONTRACTION;
        r->is_kept[i] |= i > r->last_cut || !r->is_forward[i] || !can_be_again(node) ||
                         (is_product && r->economy.keeps_products);
    }
    for (int i = 0; i < graph->outputs.count; i++) {
        const Node *node = graph->outputs.items[i];
        for (; node->op->fuse == FUSE_MOVEMENT; node = node->inputs[0]) r->is_kept[node->id] = true;
        r->is_kept[node->id] = true;
    }
}

// ---- Copies.

// What gradients read of what is not kept, and what that is made of.
static void find_again(Recompute *r) {
    for (int i = r->count - 1; i >= 0; i--) {
        const Node *node = r->graph->nodes.items[i];
        for (int k = 0; k < node->input_count; k++) {
            int input = node->inputs[k]->id;
            if ((!r->is_forward[i] || r->is_again[i]) && !r->is_kept[input])
                r->is_again[input] = true;
        }
    }
}

static void read_copies(const Recompute *r, Node *node) {
    for (int i = 0; i < node->input_count; i++) {
        Node *copy = r->copies[node->inputs[i]->id];
        if (copy) node->inputs[i] = copy;
    }
}

static void copy_node(Recompute *r, const Node *node) {
    Arena *arena = r->graph->arena;
    Node *copy = ARENA_NEW(arena, Node);
    *copy = *node;
    copy->again = node->id + 1;
    copy->inputs = ARENA_ARRAY(arena, Node *, node->input_count + 1);
    for (int i = 0; i < node->input_count; i++) copy->inputs[i] = node->inputs[i];
    read_copies(r, copy);
    r->copies[node->id] = copy;
    vec_push(arena, &r->graph->nodes, copy);
}

// What gradients make of forward values alone waits, too, until it is used: it is of the last of
// those. All else depends on what is behind the last cut.
static void delay(const Recompute *r) {
    int *reach = ARENA_ARRAY(r->graph->arena, int, r->count + 1);
    for (int i = 0; i < r->count; i++) {
        Node *node = r->graph->nodes.items[i];
        reach[i] = r->is_forward[i] ? i : 0;
        for (int k = 0; !r->is_forward[i] && k < node->input_count; k++)
            if (reach[node->inputs[k]->id] > reach[i]) reach[i] = reach[node->inputs[k]->id];
        bool is_early = !r->is_forward[i] && node->type.batched && reach[i] <= r->last_cut;
        if (is_early && node->op->fuse != FUSE_LEAF) node->again = reach[i] + 1;
    }
}

void pass_recompute(Graph *graph, Economy economy) {
    int count = graph->nodes.count;
    for (int i = 0; i < count; i++) graph->nodes.items[i]->number = i + 1;
    if (!economy.segments || !graph->has_gradients) return;
    Recompute r = {.graph = graph, .economy = economy, .count = count};
    r.is_forward = ARENA_ARRAY(graph->arena, bool, count + 1);
    r.is_kept = ARENA_ARRAY(graph->arena, bool, count + 1);
    r.is_again = ARENA_ARRAY(graph->arena, bool, count + 1);
    r.last_use = ARENA_ARRAY(graph->arena, int, count + 1);
    r.crossing = ARENA_ARRAY(graph->arena, double, count + 1);
    r.copies = ARENA_ARRAY(graph->arena, Node *, count + 1);
    find_forward(&r);
    find_uses(&r);
    choose_kept(&r);
    find_again(&r);
    delay(&r);
    for (int i = 0; i < count; i++)
        if (r.is_again[i]) copy_node(&r, graph->nodes.items[i]);
    for (int i = 0; i < count; i++)
        if (!r.is_forward[i]) read_copies(&r, graph->nodes.items[i]);
    graph_sort(graph);
}
