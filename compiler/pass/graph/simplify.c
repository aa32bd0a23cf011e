// Pass simplify: local rules, tried on every node until none applies, with equal nodes merged on
// the way (value numbering). A rule gives a node of the same type and, up to rounding, the same
// value, or NULL. Products with zero stay: zero times infinity is not zero.
#include "../../graph/scan.h"
#include "../pass.h"

#include <math.h>

typedef Node *Rule(Graph *graph, Node *node);

enum { MAX_ROUNDS = 64 };

static bool same_type(const Node *a, const Node *b) {
    return type_equal(&a->type, &b->type);
}

static bool is_number(const Node *node, double number) {
    double value;
    return node_is_constant(node, &value) && value == number;
}

static bool is_any_constant(const Node *node) {
    double value;
    return node_is_constant(node, &value);
}

// ---- Constants.

static Node *fold_constants(Graph *graph, Node *node) {
    enum { MAX_INPUTS = 8 };
    double values[MAX_INPUTS];
    EvalPoint at = {0};
    if (node->op->fuse != FUSE_ELEMENTWISE || !node_is_scalar(node)) return NULL;
    if (node->input_count < 1 || node->input_count > MAX_INPUTS) return NULL;
    for (int i = 0; i < node->input_count; i++)
        if (!node_is_constant(node->inputs[i], &values[i])) return NULL;
    double result = node->op->evaluate_element(node, values, &at);
    return isfinite(result) ? graph_constant(graph, result) : NULL;
}

static Node *drop_neutral(Graph *graph, Node *node) {
    if (node->input_count != 2) return NULL;
    Node *x = node->inputs[0], *y = node->inputs[1];
    bool adds = node_is(node, "add"), multiplies = node_is(node, "multiply");
    if ((adds && is_number(x, 0)) || (multiplies && is_number(x, 1)))
        return same_type(node, y) ? y : NULL;
    if (((adds || node_is(node, "subtract")) && is_number(y, 0)) ||
        ((multiplies || node_is(node, "divide")) && is_number(y, 1)))
        return same_type(node, x) ? x : NULL;
    if (node_is(node, "subtract") && is_number(x, 0)) return graph_unary(graph, "negate", y);
    return NULL;
}

// Signs go into the operator that follows.
static Node *merge_signs(Graph *graph, Node *node) {
    bool adds = node_is(node, "add");
    if (node_is(node, "negate") && node_is(node->inputs[0], "negate")) {
        Node *x = node->inputs[0]->inputs[0];
        return same_type(node, x) ? x : NULL;
    }
    if (!adds && !node_is(node, "subtract")) return NULL;
    Node *x = node->inputs[0], *y = node->inputs[1];
    if (node_is(y, "negate"))
        return graph_binary(graph, adds ? "subtract" : "add", x, y->inputs[0]);
    return adds && node_is(x, "negate") ? graph_subtract(graph, y, x->inputs[0]) : NULL;
}

// ---- Factors that are one number for the whole batch.

// Divisions by such a number become products with its reciprocal, which is computed once.
static Node *divide_once(Graph *graph, Node *node) {
    double value;
    if (!node_is(node, "divide")) return NULL;
    Node *x = node->inputs[0], *y = node->inputs[1];
    if (node_is_constant(y, &value))
        return isnormal((float)(1 / value)) ? graph_scale(graph, x, 1 / value) : NULL;
    if (!node_is_scalar(y) || node_is_scalar(x)) return NULL;
    return graph_multiply(graph, x, graph_divide(graph, graph_constant(graph, 1), y));
}

// Splits x * factor; the factor is a constant, or a single number where x is not.
static bool split_factor(const Node *node, Node **x, Node **factor) {
    if (!node_is(node, "multiply")) return false;
    for (int i = 0; i < 2; i++) {
        *factor = node->inputs[i];
        *x = node->inputs[1 - i];
        if (is_any_constant(*factor) || (node_is_scalar(*factor) && !node_is_scalar(*x)))
            return true;
    }
    return false;
}

// (x * s) * t = x * (s * t): one product for each element instead of two. Constants come together.
static Node *gather_factors(Graph *graph, Node *node) {
    Node *inner, *x, *s, *t;
    if (!split_factor(node, &inner, &t) || !split_factor(inner, &x, &s)) return NULL;
    if (node_is_scalar(x) && !(is_any_constant(s) && is_any_constant(t))) return NULL;
    return graph_multiply(graph, x, graph_multiply(graph, s, t));
}

// Splits a * b into the operand with more elements and the other one.
static bool split_sizes(const Node *node, Node **larger, Node **smaller) {
    if (!node_is(node, "multiply")) return false;
    int64_t elements[] = {type_elements(&node->inputs[0]->type),
                          type_elements(&node->inputs[1]->type)};
    if (elements[0] == elements[1]) return false;
    *larger = node->inputs[elements[0] < elements[1]];
    *smaller = node->inputs[elements[0] > elements[1]];
    return true;
}

// (x c) r = x (r c), with fewer products, and without a value x c beside x, where r is one for many
// elements of x: what norms subtract, and the gradients of their variances.
static Node *move_constant_to_fewer(Graph *graph, Node *node) {
    Node *inner, *r, *x, *c;
    if (!split_sizes(node, &inner, &r) || node_is_scalar(r)) return NULL;
    if (!split_factor(inner, &x, &c) || !is_any_constant(c)) return NULL;
    return graph_multiply(graph, x, graph_multiply(graph, r, c));
}

static bool split_constant(const Node *node, Node **x, Node **factor) {
    return split_factor(node, x, factor) && is_any_constant(*factor);
}

// (x c) w = (x w) c, and likewise for the gradient of w: scaling data costs nothing then, because
// the factor is applied to the product's few results or merges with other factors there.
static Node *move_factor_out(Graph *graph, Node *node) {
    Node *x, *factor;
    if (!op_is_matrix_product(node) || op_product_kind(node) == PRODUCT_PAIRS) return NULL;
    int sides = op_product_kind(node) == PRODUCT_WEIGHTS ? 2 : 1;
    for (int i = 0; i < sides; i++) {
        if (!split_constant(node->inputs[i], &x, &factor)) continue;
        Node *inputs[] = {node->inputs[0], node->inputs[1]};
        inputs[i] = x;
        Node *product = graph_node(graph, node->op, inputs, 2, node->args);
        return graph_multiply(graph, product, factor);
    }
    return NULL;
}

// x w[:, part] = (x w)[.., part]: weights are multiplied as they are kept, which is whole.
static Node *take_part_behind(Graph *graph, Node *node) {
    if (!node_is(node, "matmul") || !node_is(node->inputs[1], "slice")) return NULL;
    const Node *part = node->inputs[1];
    int results = args_bool(node->args, "transpose") ? 0 : 1; // where w has the result's columns
    if (!part->inputs[0]->parameter || args_int(part->args, "axis") != results) return NULL;
    Node *inputs[] = {node->inputs[0], part->inputs[0]};
    Node *whole = graph_node(graph, node->op, inputs, 2, node->args);
    Args *args = args_default(graph->arena, part->args->schema);
    for (int i = 0; i < args->count; i++) args->values[i] = part->args->values[i];
    args_set_number(args, "axis", whole->type.rank - 1);
    return graph_call(graph, "slice", &whole, 1, args);
}

// ---- Parts of a value that were taken apart, and whose gradients come back: zeros around each are
// added up to a whole.

enum { MOST_PARTS = 16 };

typedef struct Parts {
    const Node *items[MOST_PARTS];
    int count;
} Parts;

static bool collect_parts(const Node *node, Parts *parts) {
    if (node_is(node, "add"))
        return collect_parts(node->inputs[0], parts) && collect_parts(node->inputs[1], parts);
    if (!node_is(node, "unslice") || args_int(node->args, "step") != 1) return false;
    if (parts->count == MOST_PARTS) return false;
    int at = parts->count++; // in the order of their beginnings
    for (; at > 0; at--) {
        const Node *before = parts->items[at - 1];
        if (args_int(before->args, "begin") <= args_int(node->args, "begin")) break;
        parts->items[at] = before;
    }
    parts->items[at] = node;
    return true;
}

static Node *join_parts(Graph *graph, Node *node) {
    Parts parts = {.count = 0};
    Node *inputs[MOST_PARTS];
    if (!node_is(node, "add") || !collect_parts(node, &parts)) return NULL;
    int64_t axis = args_int(parts.items[0]->args, "axis"), end = 0;
    for (int i = 0; i < parts.count; i++) {
        const Node *part = parts.items[i];
        bool follows = args_int(part->args, "axis") == axis && same_type(part, node) &&
                       args_int(part->args, "begin") == end;
        if (!follows) return NULL;
        inputs[i] = part->inputs[0];
        end += inputs[i]->type.dims[axis];
    }
    if (end != node->type.dims[axis]) return NULL;
    Args *args = graph_args(graph, "concat");
    args_set_number(args, "axis", (double)axis + 1);
    return graph_call(graph, "concat", inputs, parts.count, args);
}

// ---- What a gradient is multiplied with comes together: g a + g b = g (a + b). The sum is known
// before the gradient is, and is one value to keep instead of two.

enum { MOST_FACTORS = 8 };

typedef struct Factors {
    Node *items[MOST_FACTORS];
    int count;
} Factors;

static bool collect_factors(Node *node, Factors *factors) {
    if (node_is(node, "multiply"))
        return collect_factors(node->inputs[0], factors) &&
               collect_factors(node->inputs[1], factors);
    if (factors->count == MOST_FACTORS) return false;
    factors->items[factors->count++] = node;
    return true;
}

static int factor_place(const Factors *factors, const Node *factor) {
    for (int i = 0; i < factors->count; i++)
        if (factors->items[i] == factor) return i;
    return -1;
}

// The product of all but one.
static Node *product_without(Graph *graph, const Factors *factors, int left_out) {
    Node *product = NULL;
    for (int i = 0; i < factors->count; i++) {
        if (i == left_out) continue;
        product = product ? graph_multiply(graph, product, factors->items[i]) : factors->items[i];
    }
    return product;
}

// A gradient that a product or a reduction gave, of every sample.
static bool is_arriving(const Node *node, const Node *sum) {
    bool is_made = node->op->fuse != FUSE_ELEMENTWISE && node->op->fuse != FUSE_LEAF;
    return is_made && node->type.batched && same_type(node, sum);
}

static Node *gather_gradients(Graph *graph, Node *node) {
    Factors x = {.count = 0}, y = {.count = 0};
    if (!graph->has_gradients || !node_is(node, "add")) return NULL;
    if (!collect_factors(node->inputs[0], &x) || !collect_factors(node->inputs[1], &y)) return NULL;
    for (int i = 0; i < x.count && x.count > 1 && y.count > 1; i++) {
        int other = factor_place(&y, x.items[i]);
        if (other < 0 || !is_arriving(x.items[i], node)) continue;
        Node *sum =
            graph_add(graph, product_without(graph, &x, i), product_without(graph, &y, other));
        return graph_multiply(graph, x.items[i], sum);
    }
    return NULL;
}

// ---- The gradient of softmax, y = e / s where s sums e up: e (dy / s - sum(y dy / s)) is
// y (dy - sum(y dy)). Nothing is divided, and e need not be kept.

static bool is_reduced_as(const Node *node, const Node *other, const Node *input) {
    return node->op == other->op && args_equal(node->args, other->args) && node->inputs[0] == input;
}

// y = e / s, if `total` is -sum(y share).
static Node *find_normalized(const Node *total, const Node *share, const Node *e, const Node *s) {
    if (!node_is(total->inputs[0], "negate")) return NULL;
    const Node *product = total->inputs[0]->inputs[0];
    if (!node_is(product, "multiply")) return NULL;
    for (int i = 0; i < 2; i++) {
        Node *y = product->inputs[i];
        bool is_normalized = node_is(y, "divide") && y->inputs[0] == e && y->inputs[1] == s;
        if (is_normalized && product->inputs[1 - i] == share) return y;
    }
    return NULL;
}

static Node *normalize_gradient(Graph *graph, const Node *e, const Node *sum) {
    const Node *share = sum->inputs[0], *total = sum->inputs[1];
    if (!node_is(share, "divide") || total->input_count != 1) return NULL;
    Node *dy = share->inputs[0], *s = share->inputs[1];
    if (s->input_count != 1 || !is_reduced_as(s, total, e)) return NULL;
    Node *y = find_normalized(total, share, e, s);
    if (!y) return NULL;
    Node *weighted = graph_multiply(graph, y, dy);
    Node *mean = graph_node(graph, s->op, &weighted, 1, s->args);
    return graph_multiply(graph, y, graph_subtract(graph, dy, mean));
}

static Node *gather_normalized(Graph *graph, Node *node) {
    if (!graph->has_gradients || !node_is(node, "multiply")) return NULL;
    Node *better = NULL;
    for (int i = 0; i < 2 && !better; i++)
        if (node_is(node->inputs[1 - i], "add"))
            better = normalize_gradient(graph, node->inputs[i], node->inputs[1 - i]);
    return better;
}

// ---- Shapes.

// A factor comes out; uint8 data stays uint8 under its new shape.
static Node *simplify_reshape(Graph *graph, Node *node) {
    Node *x, *factor;
    if (!node_is(node, "reshape")) return NULL;
    Node *input = node->inputs[0];
    if (same_type(node, input)) return input;
    if (node_is(input, "reshape"))
        return graph_reshape(graph, input->inputs[0], node->type.rank, node->type.dims);
    if (node_is(input, "broadcast") && node_is_scalar(input->inputs[0]))
        return graph_broadcast(graph, input->inputs[0], node->type);
    if (!split_factor(input, &x, &factor)) return NULL;
    Node *reshaped = graph_reshape(graph, x, node->type.rank, node->type.dims);
    return graph_multiply(graph, reshaped, factor);
}

static Node *drop_unit_reduction(Graph *graph, Node *node) {
    (void)graph;
    bool keeps_rank = node->op->fuse == FUSE_REDUCTION || node->op->fuse == FUSE_REDUCE_AXIS;
    return keeps_rank && same_type(node, node->inputs[0]) ? node->inputs[0] : NULL;
}

// Elementwise operators repeat their inputs anyway: op(broadcast(x), y) = op(x, y), repeated once
// more only if y is no larger.
static Node *drop_broadcast(Graph *graph, Node *node) {
    bool repeats = node->op->shape == op_shape_broadcast || node->op->shape == op_shape_same;
    bool any = false;
    if (node->op->fuse != FUSE_ELEMENTWISE || !repeats) return NULL;
    Node **inputs = ARENA_ARRAY(graph->arena, Node *, node->input_count);
    for (int i = 0; i < node->input_count; i++) {
        bool drops = node_is(node->inputs[i], "broadcast");
        inputs[i] = drops ? node->inputs[i]->inputs[0] : node->inputs[i];
        any = any || drops;
    }
    if (!any) return NULL;
    Node *narrow = graph_node(graph, node->op, inputs, node->input_count, node->args);
    return graph_broadcast(graph, narrow, node->type);
}

static Node *merge_broadcasts(Graph *graph, Node *node) {
    if (!node_is(node, "broadcast")) return NULL;
    Node *input = node->inputs[0];
    if (same_type(node, input)) return input;
    return node_is(input, "broadcast") ? graph_broadcast(graph, input->inputs[0], node->type)
                                       : NULL;
}

// ---- The largest of rectified numbers is the largest of them, rectified: fewer are rectified, and
// their gradient is masked where it is small. Not with a maximum, which makes numbers equal.

static Node *rectify_after_pooling(Graph *graph, Node *node) {
    if (!node_is(node, "pool_max") || !node_is(node->inputs[0], "relu")) return NULL;
    const Node *relu = node->inputs[0];
    bool is_ordered = !args_get(relu->args, "max_value")->is_set &&
                      args_number(relu->args, "threshold") == 0 &&
                      args_number(relu->args, "negative_slope") >= 0;
    if (!is_ordered || !same_type(relu, relu->inputs[0])) return NULL;
    Node *pooled = graph_call(graph, "pool_max", &relu->inputs[0], 1, node->args);
    return graph_call(graph, "relu", &pooled, 1, relu->args);
}

// ---- stop_gradient has done its work where the gradients exist already, or never will.

static Node *drop_stop(Graph *graph, Node *node) {
    bool is_done = graph->mode != GRAPH_TRAIN || graph->has_gradients;
    if (!is_done || !node_is(node, "stop_gradient")) return NULL;
    return same_type(node, node->inputs[0]) ? node->inputs[0] : NULL;
}

static Rule *const rules[] = {
    fold_constants,         drop_neutral,     merge_signs,      divide_once,
    gather_factors,         move_factor_out,  simplify_reshape, drop_unit_reduction,
    drop_broadcast,         merge_broadcasts, join_parts,       drop_stop,
    rectify_after_pooling,  take_part_behind, gather_gradients, gather_normalized,
    move_constant_to_fewer,
};

static Node *apply_rules(Graph *graph, Node *node) {
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        Node *better = rules[i](graph, node);
        if (better) return better;
    }
    return NULL;
}

// ---- Equal nodes.

typedef struct Numbering {
    Node **table; // open addressing
    size_t mask;
} Numbering;

static bool may_merge(const Node *node) {
    return node->op->fuse != FUSE_EFFECT && !node_is(node, "input");
}

static size_t hash_node(const Node *node) {
    size_t hash = (size_t)(uintptr_t)node->op;
    if (node->parameter) hash += (size_t)node->parameter->index * 7;
    if (node->slot) hash += (size_t)node->slot->index * 7;
    for (int i = 0; i < node->input_count; i++) hash = hash * 31 + (size_t)node->inputs[i]->id;
    return (hash ^ hash >> 15) * 0x9E3779B97F4A7C15u;
}

static bool nodes_equal(const Node *a, const Node *b) {
    if (a->op != b->op || a->input_count != b->input_count || !same_type(a, b)) return false;
    if (a->parameter != b->parameter || a->slot != b->slot || a->name != b->name) return false;
    if (a->scan != b->scan) return false;
    for (int i = 0; i < a->input_count; i++)
        if (a->inputs[i] != b->inputs[i]) return false;
    return args_equal(a->args, b->args);
}

// The first node that equals `node`, which may be itself.
static Node *number_node(Numbering *numbering, Node *node) {
    size_t place = hash_node(node) >> 32 & numbering->mask;
    while (numbering->table[place] && !nodes_equal(numbering->table[place], node))
        place = (place + 1) & numbering->mask;
    if (!numbering->table[place]) numbering->table[place] = node;
    return numbering->table[place];
}

static Numbering create_numbering(Arena *arena, int count) {
    size_t size = 16;
    while (size < (size_t)count * 2) size *= 2;
    return (Numbering){ARENA_ARRAY(arena, Node *, size), size - 1};
}

// ---- The pass.

// The larger operand stands first (a bias and a constant second), then the earlier one.
static bool goes_first(const Node *x, const Node *y) {
    if (x->type.batched != y->type.batched) return x->type.batched;
    int64_t m = type_elements(&x->type), n = type_elements(&y->type);
    return m == n ? x->id <= y->id : m > n;
}

// a + b and b + a are the same bits; in one order they merge.
static void order_operands(Node *node) {
    if (!node_is(node, "add") && !node_is(node, "multiply")) return;
    Node *x = node->inputs[0], *y = node->inputs[1];
    if (goes_first(x, y)) return;
    node->inputs[0] = y;
    node->inputs[1] = x;
}

static bool simplify_once(Graph *graph) {
    bool any = false;
    int count = graph->nodes.count;
    Numbering numbering = create_numbering(graph->arena, count);
    for (int i = 0; i < count; i++) {
        Node *node = graph->nodes.items[i];
        for (int k = 0; k < node->input_count; k++)
            node->inputs[k] = graph_resolve(node->inputs[k]);
        order_operands(node);
        graph->current_layer = node->layer;
        graph->current_span = node->span;
        Node *better = apply_rules(graph, node);
        if (!better && may_merge(node)) better = number_node(&numbering, node);
        if (!better || better == node) continue;
        node->replacement = better;
        any = true;
    }
    graph->current_layer = NULL;
    graph_apply_replacements(graph);
    graph_remove_dead(graph);
    return any;
}

static void simplify_bodies(Graph *graph) {
    scan_prune(graph);
    for (int i = 0; i < graph->nodes.count; i++)
        if (graph->nodes.items[i]->scan) pass_simplify(graph->nodes.items[i]->scan->body);
    scan_prune(graph);
}

void pass_simplify(Graph *graph) {
    for (int round = 0; round < MAX_ROUNDS && simplify_once(graph); round++) continue;
    simplify_bodies(graph);
}
