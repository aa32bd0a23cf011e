// Products of two values of each sample: `dot` as programs write it, and what it is made of.
#include "pairs.h"

#include <string.h>

// ---- The equation.

typedef struct Equation {
    const char *text[3]; // of the left, the right and the result: letters, not ended
    int rank[3];
} Equation;

enum { LEFT, RIGHT, RESULT };

static bool read_equation(const char *text, Equation *e) {
    const char *comma = strchr(text, ','), *arrow = strstr(text, "->");
    if (!comma || !arrow || arrow < comma) return false;
    *e = (Equation){{text, comma + 1, arrow + 2},
                    {(int)(comma - text), (int)(arrow - comma - 1), (int)strlen(arrow + 2)}};
    return true;
}

// The dimension that a letter names; -1: none.
static int dimension_of(const Equation *e, int part, char letter) {
    for (int i = 0; i < e->rank[part]; i++)
        if (e->text[part][i] == letter) return i;
    return -1;
}

// Elements between the places of the dimension; 0: it has none.
static int64_t stride_of(const Type *type, int dimension) {
    int64_t stride = 1;
    if (dimension < 0) return 0;
    for (int i = dimension + 1; i < type->rank; i++) stride *= type->dims[i];
    return stride;
}

static PairAxis axis_of(const Node *node, const Equation *e, char letter) {
    const Type *types[] = {&node->inputs[0]->type, &node->inputs[1]->type, &node->type};
    PairAxis axis = {.letter = letter, .count = 1};
    int64_t *strides[] = {&axis.left, &axis.right, &axis.result};
    for (int part = 0; part < 3; part++) {
        int dimension = dimension_of(e, part, letter);
        *strides[part] = stride_of(types[part], dimension);
        if (dimension >= 0) axis.count = types[part]->dims[dimension];
    }
    return axis;
}

static void swap_sides(PairAxis *axis) {
    int64_t left = axis->left;
    axis->left = axis->right;
    axis->right = left;
}

static void add_axis(Pairs *p, PairAxis axis) {
    if (!axis.result)
        p->depth = axis;
    else if (axis.left && axis.right)
        p->batch[p->batch_count++] = axis;
    else
        *(axis.left ? &p->rows : &p->columns) = axis;
}

Pairs pairs_of(const Node *node) {
    Equation e;
    Pairs p = {.right = 1};
    const char *lower = args_text(node->args, "lower");
    if (!read_equation(args_text(node->args, "equation"), &e)) nn_ice("op", "no equation");
    p.rows.count = p.columns.count = p.depth.count = 1;
    // Batches in the order of the result.
    for (int i = 0; i < e.rank[RESULT]; i++) add_axis(&p, axis_of(node, &e, e.text[RESULT][i]));
    for (int i = 0; i < e.rank[LEFT]; i++)
        if (dimension_of(&e, RESULT, e.text[LEFT][i]) < 0)
            add_axis(&p, axis_of(node, &e, e.text[LEFT][i]));
    if (lower) memcpy(p.lower, lower, sizeof p.lower);
    if (p.rows.letter != e.text[RESULT][e.rank[RESULT] - 1]) return p;
    PairAxis rows = p.rows;
    p.rows = p.columns;
    p.columns = rows;
    p.left = 1, p.right = 0;
    swap_sides(&p.rows);
    swap_sides(&p.columns);
    swap_sides(&p.depth);
    for (int i = 0; i < p.batch_count; i++) swap_sides(&p.batch[i]);
    return p;
}

int64_t pairs_batches(const Pairs *pairs) {
    int64_t count = 1;
    for (int i = 0; i < pairs->batch_count; i++) count *= pairs->batch[i].count;
    return count;
}

bool pairs_fit_bfloat16(const Pairs *p) {
    enum { LEAST = 32 }; // a square of AMX has as many numbers of the reduction
    bool is_left_packed = p->rows.left == 1 || p->depth.left == 1;
    bool is_right_packed = p->columns.right == 1 || p->depth.right == 1;
    return is_left_packed && is_right_packed && p->rows.count >= LEAST &&
           p->columns.count >= LEAST && p->depth.count >= LEAST;
}

bool pairs_lower(const Node *node, int *ahead, int *behind) {
    Equation e;
    const char *lower = args_text(node->args, "lower");
    if (!lower || !read_equation(args_text(node->args, "equation"), &e)) return false;
    *ahead = dimension_of(&e, RESULT, lower[0]);
    *behind = dimension_of(&e, RESULT, lower[1]);
    return true;
}

static int einsum_kept(const Node *node, int input, int axis) {
    Equation e;
    if (!read_equation(args_text(node->args, "equation"), &e)) return -1;
    return dimension_of(&e, RESULT, e.text[input][axis]);
}

Node *pairs_multiply(Graph *graph, Node *left, Node *right, const char *equation,
                     const char *lower) {
    Args *args = graph_args(graph, "einsum");
    args_set_text(args, "equation", equation);
    if (lower) args_set_text(args, "lower", lower);
    return graph_call(graph, "einsum", (Node *[]){left, right}, 2, args);
}

// ---- einsum

// The size of a letter's dimension in the operands; 0: they lack it, or do not agree.
static int64_t size_of(const Node *node, const Equation *e, char letter) {
    int64_t size = 0;
    for (int part = LEFT; part <= RIGHT; part++) {
        int dimension = dimension_of(e, part, letter);
        if (dimension < 0) continue;
        int64_t own = node->inputs[part]->type.dims[dimension];
        if (size && own != size) return 0;
        size = own;
    }
    return size;
}

static bool has_letters_once(const Equation *e) {
    for (int part = 0; part < 3; part++)
        for (int i = 0; i < e->rank[part]; i++)
            if (dimension_of(e, part, e->text[part][i]) != i) return false;
    return true;
}

// At most one dimension each of rows, columns and depth, of which the last one of the result is.
static bool is_matrices(const Equation *e) {
    int rows = 0, columns = 0, depths = 0;
    for (int part = LEFT; part <= RIGHT; part++)
        for (int i = 0; i < e->rank[part]; i++) {
            char letter = e->text[part][i];
            bool is_shared = dimension_of(e, 1 - part, letter) >= 0;
            bool is_kept = dimension_of(e, RESULT, letter) >= 0;
            if (!is_shared && !is_kept) return false;
            if (is_shared && !is_kept && part == LEFT) depths++;
            if (!is_shared) *(part == LEFT ? &rows : &columns) += 1;
        }
    char last = e->text[RESULT][e->rank[RESULT] - 1];
    bool is_batch = dimension_of(e, LEFT, last) >= 0 && dimension_of(e, RIGHT, last) >= 0;
    return rows <= 1 && columns <= 1 && depths <= 1 && !is_batch;
}

static bool einsum_shape(Graph *graph, Node *node) {
    const char *text = args_text(node->args, "equation");
    const Type *left = &node->inputs[0]->type, *right = &node->inputs[1]->type;
    Equation e;
    bool fits = read_equation(text, &e) && e.rank[LEFT] == left->rank &&
                e.rank[RIGHT] == right->rank && e.rank[RESULT] > 0 &&
                e.rank[RESULT] <= SHAPE_MAX_RANK && left->batched && right->batched &&
                has_letters_once(&e) && is_matrices(&e);
    int64_t dims[SHAPE_MAX_RANK];
    for (int i = 0; fits && i < e.rank[LEFT]; i++) fits = size_of(node, &e, e.text[LEFT][i]) > 0;
    for (int i = 0; fits && i < e.rank[RESULT]; i++) {
        dims[i] = size_of(node, &e, e.text[RESULT][i]);
        fits = dims[i] > 0;
    }
    if (!fits)
        return op_shape_error(graph, node, "einsum of %s cannot multiply %s and %s", text,
                              type_text(graph->arena, left), type_text(graph->arena, right));
    node->type = type_make(DTYPE_F32, true, e.rank[RESULT], dims);
    return true;
}

// Each letter is in two of the three, or in all: the product of dy with either operand by the same
// letters is the other one's gradient.
static void einsum_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    const char *lower = args_text(node->args, "lower");
    Equation e;
    read_equation(args_text(node->args, "equation"), &e);
    char *left = arena_format(graph->arena, "%.*s,%.*s->%.*s", e.rank[RESULT], e.text[RESULT],
                              e.rank[RIGHT], e.text[RIGHT], e.rank[LEFT], e.text[LEFT]);
    char *right = arena_format(graph->arena, "%.*s,%.*s->%.*s", e.rank[LEFT], e.text[LEFT],
                               e.rank[RESULT], e.text[RESULT], e.rank[RIGHT], e.text[RIGHT]);
    dinputs[0] = pairs_multiply(graph, dy, node->inputs[1], left, lower);
    dinputs[1] = pairs_multiply(graph, node->inputs[0], dy, right, lower);
    for (int i = 0; i < 2 && op_is_in_bfloat16(node); i++) {
        Pairs pairs = pairs_of(dinputs[i]);
        op_set_bfloat16(graph, dinputs[i], pairs_fit_bfloat16(&pairs));
    }
}

static double einsum_flops(const Node *node) {
    Pairs p = pairs_of(node);
    return 2 * (double)type_elements(&node->type) * (double)p.depth.count;
}

// One element of the result: the batch's and the row's places are in the offsets.
static double sum_depth(const Pairs *p, const double *left, const double *right, bool in_bfloat16) {
    double sum = 0;
    for (int64_t k = 0; k < p->depth.count; k++) {
        double x = left[k * p->depth.left], y = right[k * p->depth.right];
        sum += in_bfloat16 ? op_round(x) * op_round(y) : x * y;
    }
    return sum;
}

static void multiply_matrices(const Pairs *p, const double *left, const double *right,
                              double *result, bool in_bfloat16) {
    for (int64_t i = 0; i < p->rows.count; i++)
        for (int64_t j = 0; j < p->columns.count; j++)
            result[i * p->rows.result + j] =
                sum_depth(p, left + i * p->rows.left, right + j * p->columns.right, in_bfloat16);
}

static void einsum_evaluate(const Node *node, const EvalTensor *inputs, EvalTensor *output,
                            const EvalContext *context) {
    Pairs p = pairs_of(node);
    int64_t batches = pairs_batches(&p);
    (void)context;
    for (int64_t i = 0; i < output->rows * batches; i++) {
        int64_t sample = i / batches, rest = i % batches;
        const double *left = inputs[p.left].data + sample * inputs[p.left].size;
        const double *right = inputs[p.right].data + sample * inputs[p.right].size;
        double *result = output->data + sample * output->size;
        for (int k = p.batch_count - 1; k >= 0; k--) {
            const PairAxis *axis = &p.batch[k];
            int64_t place = rest % axis->count;
            rest /= axis->count;
            left += place * axis->left, right += place * axis->right;
            result += place * axis->result;
        }
        multiply_matrices(&p, left, right, result, op_is_in_bfloat16(node));
    }
}

static const ArgDef einsum_args[] = {
    {.name = "equation",
     .type = ARG_STRING,
     .doc = "a letter for each dimension of both operands and of the result: tnd,snd->nts"},
    {.name = "lower",
     .type = ARG_STRING,
     .default_text = "none",
     .doc = "two letters: where the place of the second is above that of the first, operands are 0 "
            "and results not asked for"},
    OP_BFLOAT16,
    {0},
};

// ---- dot: the last two dimensions are matrices; keras/src/ops/numpy.py, matmul. The second value
// may be a matrix of weights, the same for all samples and places.

static bool has_weights(const Node *node) {
    return !node->inputs[1]->type.batched;
}

static bool dot_report(Graph *graph, Node *node) {
    const Type *x = &node->inputs[0]->type, *y = &node->inputs[1]->type;
    return op_shape_error(graph, node, "dot cannot multiply %s by %s", type_text(graph->arena, x),
                          type_text(graph->arena, y));
}

static bool is_matrix(Graph *graph, Node *node, int input) {
    const Type *type = &node->inputs[input]->type;
    bool is_row = input == 0 && has_weights(node) && !args_bool(node->args, "transpose_first");
    if (type->rank >= 2 || (is_row && type->rank == 1)) return true;
    op_shape_error(graph, node, "dot multiplies matrices, but its %s value is %s",
                   input ? "second" : "first", shape_text(graph->arena, type));
    op_shape_help(graph, type->rank ? "make a matrix of one row of it with `reshape`, or multiply "
                                      "element by element with `*` and sum with `reduce_sum`"
                                    : "multiply by a number with `*`");
    return false;
}

// The dimension of rows (0) or columns (1) of an operand as it is multiplied.
static int64_t dot_side(const Node *node, int input, int side) {
    const Type *type = &node->inputs[input]->type;
    if (type->rank == 1) return type->dims[0];
    bool is_transposed = args_bool(node->args, input ? "transpose_second" : "transpose_first");
    return type->dims[type->rank - 2 + (is_transposed ? 1 - side : side)];
}

static bool are_alike(Graph *graph, Node *node) {
    const Type *x = &node->inputs[0]->type, *y = &node->inputs[1]->type;
    bool is_alike = x->rank == y->rank;
    for (int i = 0; is_alike && i + 2 < x->rank; i++) is_alike = x->dims[i] == y->dims[i];
    if (is_alike || (has_weights(node) && y->rank == 2)) return true;
    dot_report(graph, node);
    op_shape_note(graph, has_weights(node) ? "weights are a matrix [k, n]"
                                           : "the dimensions before the last two are equal");
    return false;
}

// Contractions take weights as they are kept.
static bool check_weights(Graph *graph, Node *node) {
    const Node *weights = node->inputs[1];
    if (!has_weights(node) || weights->parameter || node_is(weights, "weight")) return true;
    op_shape_error(graph, node,
                   "dot multiplies by weights as they are, not by what is made of them");
    op_shape_help(graph, "change the product instead, or the samples before it");
    return false;
}

static bool dot_shape(Graph *graph, Node *node) {
    const Type *x = &node->inputs[0]->type;
    if (!x->batched) return op_shape_error(graph, node, "dot has samples as its first value");
    if (!is_matrix(graph, node, 0) || !is_matrix(graph, node, 1) || !are_alike(graph, node) ||
        !check_weights(graph, node))
        return false;
    int64_t left = dot_side(node, 0, 1), right = dot_side(node, 1, 0);
    if (left != right) {
        dot_report(graph, node);
        op_shape_note(graph, "rows of %lld numbers meet columns of %lld", (long long)left,
                      (long long)right);
        op_shape_help(graph, "`transpose_first` and `transpose_second` exchange rows and columns");
        return false;
    }
    node->type = type_make(DTYPE_F32, true, x->rank, x->dims);
    if (x->rank > 1) node->type.dims[x->rank - 2] = dot_side(node, 0, 0);
    node->type.dims[x->rank - 1] = dot_side(node, 1, 1);
    return true;
}

static Node *turned(Graph *graph, Node *x) {
    double order[SHAPE_MAX_RANK];
    int rank = x->type.rank;
    for (int i = 0; i < rank; i++) order[i] = i + 1;
    order[rank - 2] = rank;
    order[rank - 1] = rank - 1;
    Args *args = graph_args(graph, "permute");
    args_set_numbers(args, graph->arena, "dims", order, rank);
    return graph_call(graph, "permute", &x, 1, args);
}

// Steps stay where the first value's rows do.
static Node *dot_mask(Graph *graph, Node *node) {
    bool has_steps = has_weights(node) && !args_bool(node->args, "transpose_first");
    return has_steps ? op_mask_same(graph, node) : NULL;
}

static Node *dot_expand(Graph *graph, Node *node) {
    char batch[SHAPE_MAX_RANK + 1] = {0};
    bool first = args_bool(node->args, "transpose_first");
    bool second = args_bool(node->args, "transpose_second");
    if (has_weights(node))
        return graph_matmul(graph, first ? turned(graph, node->inputs[0]) : node->inputs[0],
                            node->inputs[1], second);
    for (int i = 0; i + 2 < node->type.rank; i++) batch[i] = (char)('a' + i);
    char *equation = arena_format(graph->arena, "%s%s,%s%s->%smn", batch, first ? "km" : "mk",
                                  batch, second ? "nk" : "kn", batch);
    return pairs_multiply(graph, node->inputs[0], node->inputs[1], equation, NULL);
}

static const ArgDef dot_args[] = {
    {.name = "transpose_first",
     .type = ARG_BOOL,
     .default_text = "false",
     .doc = "exchange rows and columns of the first value"},
    {.name = "transpose_second",
     .type = ARG_BOOL,
     .default_text = "false",
     .doc = "exchange rows and columns of the second value"},
    {0},
};

const OpDef op_pairs[] = {
    {.schema = {"einsum", "sums products of two values' elements by an equation", einsum_args,
                NULL},
     .min_inputs = 2,
     .max_inputs = 2,
     .fuse = FUSE_CONTRACTION,
     .contraction = {.kind = PRODUCT_PAIRS},
     .kept_axis = einsum_kept,
     .shape = einsum_shape,
     .gradient = einsum_gradient,
     .flops = einsum_flops,
     .evaluate = einsum_evaluate},
    {.schema = {"dot", "multiplies matrices [.., m, k] and [.., k, n] of each sample", dot_args,
                "Dot matmul bmm batch_dot"},
     .surface = true,
     .takes_weights = true,
     .min_inputs = 2,
     .max_inputs = 2,
     .fuse = FUSE_COMPOSITE,
     .shape = dot_shape,
     .mask = dot_mask,
     .expand = dot_expand},
    {.schema = {0}},
};
