// Gradients of every primitive operator against central differences, on random shapes with
// broadcasting; and that wrong gradients would be seen: the same rows with a sign flipped, a factor
// missing by a little, or a term dropped must fail.
#include "../../compiler/op/primitive/moments.h"
#include "../common/graphs.h"

static const double TOLERANCE = 1e-6; // relative
enum { PLACES = 48 };                 // of each parameter
enum { SHAPES_PER_OP = 12, MAX_INPUTS = 3 };

// ---- Random choices.

static uint64_t random_state = 88172645463325252u;

static int pick(int count) { // xorshift64 (Marsaglia 2003)
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (int)(random_state >> 33) % count;
}

// A value with a gradient: numbers around `center`, batched or not, that depend on a parameter.
static Node *trainable(Graph *graph, Type type, double center) {
    Type own = type;
    own.batched = false;
    const char *role = arena_format(graph->arena, "w%d", graph->weights->parameters.count);
    Node *value = graph_scale(graph, weights(graph, role, own, true), 0.4);
    if (type.batched) {
        Node *data = graph_scale(graph, data_input(graph, "x", type), 0.4);
        value = graph_add(graph, value, data);
    }
    return graph_add(graph, value, graph_constant(graph, center));
}

// Types that are broadcast into [rows, columns], with samples or without.
static Type pick_type(int64_t rows, int64_t columns) {
    bool batched = pick(2);
    switch (pick(6)) {
    case 0: return type_make(DTYPE_F32, batched, DIMS(rows, columns));
    case 1: return type_make(DTYPE_F32, batched, DIMS(columns));
    case 2: return type_make(DTYPE_F32, batched, DIMS(rows, 1));
    case 3: return type_make(DTYPE_F32, batched, DIMS(1, columns));
    case 4: return type_make(DTYPE_F32, batched, DIMS(1));
    default: return type_make(DTYPE_F32, batched, 0, NULL);
    }
}

// Where functions are defined, smooth and not flat.
static double pick_center(const OpDef *op) {
    static const char *const positive[] = {"log", "sqrt", "divide", "pow"};
    for (int i = 0; i < COUNT_OF(positive); i++)
        if (strcmp(op->schema.name, positive[i]) == 0) return 1.5;
    return pick(2) ? 0.3 : 1.5;
}

typedef struct DimList {
    int count;
    const int64_t *dims;
} DimList;
#define LIST(...) ((DimList){DIMS(__VA_ARGS__)})

// ---- A random use of an operator, by its class.

static Node *use_elementwise(Graph *graph, const OpDef *op) {
    Node *inputs[MAX_INPUTS];
    int64_t rows = 1 + pick(4), columns = 1 + pick(5);
    double center = pick_center(op);
    assert_true(op->min_inputs <= MAX_INPUTS);
    for (int i = 0; i < op->min_inputs; i++)
        inputs[i] = trainable(graph, pick_type(rows, columns), center);
    if (strcmp(op->schema.name, "where") == 0)
        inputs[0] = graph_binary(graph, "less", inputs[0], graph_constant(graph, center));
    return graph_node(graph, op, inputs, op->min_inputs, NULL);
}

// The type of a broadcast is given, not inferred.
static Node *use_broadcast(Graph *graph, const OpDef *op) {
    Node *x = trainable(graph, pick_type(3, 4), 0);
    Node *node = graph_broadcast(graph, x, BATCHED(2, 3, 4));
    node->op = op;
    return node;
}

static Node *use_reduction(Graph *graph, const OpDef *op) {
    bool batched = op->fuse == FUSE_REDUCE_BATCH || (op->fuse != FUSE_REDUCE_ALL && pick(2));
    int64_t dims[] = {1 + pick(3), 1 + pick(3), 1 + pick(5)};
    Node *x = trainable(graph, type_make(DTYPE_F32, batched, 3, dims), 0.2);
    Args *args = op->schema.args ? graph_args(graph, op->schema.name) : NULL;
    if (op->fuse == FUSE_REDUCE_AXIS) args_set_number(args, "axis", pick(2));
    if (op->fuse == FUSE_REDUCE_BATCH) args_set_number(args, "keep", pick(4));
    return graph_node(graph, op, &x, 1, args);
}

static Node *use_matmul(Graph *graph, const OpDef *op) {
    int64_t k = 1 + pick(6), n = 1 + pick(6), lead = 1 + pick(3);
    bool transpose = pick(2), batched = pick(2);
    int64_t from = transpose ? n : k;
    Type rows = pick(2) ? type_make(DTYPE_F32, batched, DIMS(from))
                        : type_make(DTYPE_F32, batched, DIMS(lead, from));
    Node *inputs[] = {trainable(graph, rows, 0.1), trainable(graph, UNBATCHED(k, n), 0.1)};
    Args *args = graph_args(graph, "matmul");
    args_set_number(args, "transpose", transpose);
    return graph_node(graph, op, inputs, 2, args);
}

static Node *use_reshape(Graph *graph, const OpDef *op) {
    Node *x = trainable(graph, type_make(DTYPE_F32, pick(2), DIMS(2, 3, 4)), 0.1);
    Args *args = graph_args(graph, "reshape");
    args_set_numbers(args, graph->arena, "shape", (double[]){6, -1}, 2);
    return graph_node(graph, op, &x, 1, args);
}

// ---- Windows: sizes that are prime, strides that leave a rest, dilation, padding, groups.

static void set_list(Graph *graph, Args *args, const char *name, DimList list) {
    double numbers[SHAPE_MAX_RANK];
    for (int i = 0; i < list.count; i++) numbers[i] = (double)list.dims[i];
    args_set_numbers(args, graph->arena, name, numbers, list.count);
}

static void set_window(Graph *graph, Args *args, int64_t most_padding) {
    int most = (int)most_padding + 1;
    set_list(graph, args, "stride", LIST(1 + pick(3), 1 + pick(2)));
    set_list(graph, args, "padding", LIST(pick(most), pick(most), pick(most), pick(most)));
}

static Type picture_type(int64_t height, int64_t width, int64_t channels) {
    return type_make(DTYPE_F32, pick(2), DIMS(height, width, channels));
}

static Node *use_convolve(Graph *graph, const OpDef *op) {
    int64_t groups = 1 + pick(2), kernel[] = {1 + pick(3), 1 + pick(2)};
    int64_t channels = groups * (1 + pick(2)), filters = groups * (1 + pick(3));
    Args *args = graph_args(graph, "convolve");
    set_window(graph, args, 2);
    set_list(graph, args, "dilation", LIST(1 + pick(2), 1 + pick(2)));
    args_set_number(args, "groups", (double)groups);
    Node *x = trainable(graph, picture_type(5 + pick(3), 3 + pick(3), channels), 0.1);
    Node *w = trainable(graph, UNBATCHED(kernel[0], kernel[1], channels / groups, filters), 0.1);
    return graph_node(graph, op, (Node *[]){x, w}, 2, args);
}

// The value that it takes is one that a convolution gives.
static Node *use_convolve_data(Graph *graph, const OpDef *op) {
    Node *y = use_convolve(graph, op_find("convolve"));
    Args *args = graph_args(graph, "convolve_data");
    args_copy_common(args, y->args);
    const int64_t *size = y->inputs[0]->type.dims;
    set_list(graph, args, "size", LIST(size[0], size[1]));
    Node *inputs[] = {trainable(graph, y->type, 0.1), y->inputs[1]};
    return graph_node(graph, op, inputs, 2, args);
}

// By the moments of its own values, whose share its gradient has.
static Node *use_batch_affine(Graph *graph, const OpDef *op) {
    Type type =
        pick(2) ? picture_type(1 + pick(3), 1 + pick(3), 1 + pick(4)) : BATCHED(1 + pick(5));
    type.batched = true;
    // Squared: what moves all samples alike has no gradient.
    Node *x = graph_unary(graph, "square", trainable(graph, type, pick(2) ? 0.1 : 4));
    Node *moments = moments_of(graph, x);
    Node *variance = moments_statistic(graph, moments, MOMENT_VARIANCE);
    Type channels = type_make(DTYPE_F32, false, DIMS(type_last(&type)));
    Node *scale = graph_multiply(graph, trainable(graph, channels, 1),
                                 moments_inverse(graph, variance, 0.01));
    Args *args = graph_args(graph, "batch_affine");
    args_set_number(args, "epsilon", 0.01);
    Node *inputs[] = {x, moments_statistic(graph, moments, MOMENT_MEAN), scale,
                      trainable(graph, channels, 0)};
    return graph_node(graph, op, inputs, COUNT_OF(inputs), args);
}

static Node *use_pool(Graph *graph, const OpDef *op) {
    int64_t size[] = {1 + pick(3), 1 + pick(3)};
    Args *args = graph_args(graph, "pool_max");
    set_window(graph, args, (size[0] < size[1] ? size[0] : size[1]) - 1);
    set_list(graph, args, "size", LIST(size[0], size[1]));
    Node *x = trainable(graph, picture_type(3 + pick(5), 3 + pick(3), 1 + pick(3)), 0.1);
    return graph_node(graph, op, &x, 1, args);
}

// With the cells that were largest in a picture of data.
static Node *use_pool_take(Graph *graph, const OpDef *op) {
    Node *which = use_pool(graph, op_find("pool_argmax"));
    Args *args = graph_args(graph, op->schema.name);
    args_copy_common(args, which->args);
    Node *inputs[] = {trainable(graph, which->inputs[0]->type, 0.1), which};
    return graph_node(graph, op, inputs, 2, args);
}

static Node *use_pool_scatter(Graph *graph, const OpDef *op) {
    Node *which = use_pool(graph, op_find("pool_argmax"));
    Type places = which->type;
    Args *args = graph_args(graph, op->schema.name);
    args_copy_common(args, which->args);
    const int64_t *size = which->inputs[0]->type.dims;
    set_list(graph, args, "extent", LIST(size[0], size[1]));
    places.dtype = DTYPE_F32;
    return graph_node(graph, op, (Node *[]){trainable(graph, places, 0.1), which}, 2, args);
}

static Node *use_pool_average_gradient(Graph *graph, const OpDef *op) {
    Node *y = use_pool(graph, op_find("pool_average"));
    Args *args = graph_args(graph, "pool_average_gradient");
    args_copy_common(args, y->args);
    const int64_t *size = y->inputs[0]->type.dims;
    set_list(graph, args, "extent", LIST(size[0], size[1]));
    Node *x = trainable(graph, y->type, 0.1);
    return graph_node(graph, op, &x, 1, args);
}

static Node *use_pad_zeros(Graph *graph, const OpDef *op) {
    Args *args = graph_args(graph, "pad_zeros");
    set_list(graph, args, "amount", LIST(pick(4) - 1, pick(4) - 1, pick(4) - 1, pick(4) - 1));
    Node *x = trainable(graph, picture_type(3 + pick(3), 3 + pick(2), 1 + pick(3)), 0.1);
    return graph_node(graph, op, &x, 1, args);
}

static Node *use_upsample_nearest(Graph *graph, const OpDef *op) {
    Args *args = graph_args(graph, "upsample_nearest");
    set_list(graph, args, "size", LIST(1 + pick(3), 1 + pick(3)));
    Node *x = trainable(graph, picture_type(1 + pick(3), 1 + pick(3), 1 + pick(3)), 0.1);
    return graph_node(graph, op, &x, 1, args);
}

// ---- Other places.

static Node *use_interpolation(Graph *graph, const OpDef *op) {
    int64_t size = 1 + pick(5), axis = pick(2), extent = 1 + pick(3);
    Args *args = graph_args(graph, op->schema.name);
    args_set_number(args, "axis", (double)axis);
    args_set_number(args, "size", (double)size);
    if (strcmp(op->schema.name, "interpolate_back") == 0) extent *= size;
    Type type = picture_type(2 + pick(2), 2 + pick(2), 2);
    type.dims[axis] = extent;
    Node *x = trainable(graph, type, 0.1);
    return graph_node(graph, op, &x, 1, args);
}

// As the products of an attention are: matrices whose rows are apart.
static Node *use_einsum(Graph *graph, const OpDef *op) {
    static const char *const equations[] = {"tnd,snd->nts",    "nts,snd->tnd", "nts,tnd->snd",
                                            "abmk,abkn->abmn", "km,nk->mn",    "nk,km->mn"};
    const char *equation = equations[pick(COUNT_OF(equations))], *at = equation;
    Args *args = graph_args(graph, op->schema.name);
    args_set_text(args, "equation", equation);
    Node *inputs[2];
    for (int i = 0; i < 2; i++, at++) {
        Type type = {.dtype = DTYPE_F32, .batched = true};
        for (; *at != ',' && *at != '-'; at++) type.dims[type.rank++] = 1 + *at % 4;
        inputs[i] = trainable(graph, type, 0.1);
    }
    return graph_node(graph, op, inputs, 2, args);
}

static Node *use_permute(Graph *graph, const OpDef *op) {
    static const int64_t orders[][4] = {{2, 3, 4, 1}, {4, 1, 2, 3}, {3, 1, 4, 2}, {1, 4, 3, 2}};
    const int64_t *order = orders[pick(4)];
    Args *args = graph_args(graph, "permute");
    set_list(graph, args, "dims", LIST(order[0], order[1], order[2], order[3]));
    Node *x = trainable(graph, type_make(DTYPE_F32, pick(2), DIMS(2, 3, 1 + pick(2), 5)), 0.1);
    return graph_node(graph, op, &x, 1, args);
}

static Node *use_concat(Graph *graph, const OpDef *op) {
    int count = 2 + pick(2), axis = pick(3);
    bool batched = pick(2);
    Node *inputs[3];
    for (int i = 0; i < count; i++) {
        int64_t dims[] = {2, 3, 2};
        dims[axis] = 1 + pick(3);
        inputs[i] = trainable(graph, type_make(DTYPE_F32, batched, 3, dims), 0.1);
    }
    Args *args = graph_args(graph, "concat");
    args_set_number(args, "axis", pick(2) ? axis + 1 : axis - 3);
    return graph_node(graph, op, inputs, count, args);
}

static Node *use_slice(Graph *graph, const OpDef *op) {
    Args *args = graph_args(graph, op->schema.name);
    bool is_slice = strcmp(op->schema.name, "slice") == 0;
    int axis = pick(3), begin = pick(2), step = 1 + pick(2), count = step > 1 && begin ? 1 : 2;
    args_set_number(args, "axis", axis);
    args_set_number(args, "begin", begin);
    args_set_number(args, "step", step);
    args_set_number(args, is_slice ? "count" : "extent", is_slice ? 1 + pick(count) : 8 + pick(2));
    Node *x = trainable(graph, type_make(DTYPE_F32, pick(2), DIMS(3, 4, 3)), 0.1);
    return graph_node(graph, op, &x, 1, args);
}

// Numbers from outside the table, too, which mean its ends.
static Node *row_numbers(Graph *graph, Type type) {
    Node *wide = graph_scale(graph, data_input(graph, "numbers", type), 3);
    return graph_add(graph, wide, graph_constant(graph, 2));
}

static Node *use_take_rows(Graph *graph, const OpDef *op) {
    Type types[] = {type_make(DTYPE_F32, true, 0, NULL), BATCHED(3), BATCHED(2, 3)};
    Type type = types[pick(COUNT_OF(types))];
    Node *table = trainable(graph, type_make(DTYPE_F32, false, DIMS(4, 3)), 0.1);
    Node *inputs[] = {row_numbers(graph, type), table};
    return graph_node(graph, op, inputs, 2, NULL);
}

static Node *use_add_rows(Graph *graph, const OpDef *op) {
    bool several = pick(2);
    Type type = several ? BATCHED(3) : type_make(DTYPE_F32, true, 0, NULL);
    Node *rows = trainable(graph, several ? BATCHED(3, 2) : BATCHED(2), 0.1);
    Args *args = graph_args(graph, "add_rows");
    args_set_number(args, "rows", 4);
    Node *inputs[] = {row_numbers(graph, type), rows};
    return graph_node(graph, op, inputs, 2, args);
}

// ---- By the operator's name, or else its class.

typedef struct Use {
    const char *op;
    Node *(*use)(Graph *graph, const OpDef *op);
} Use;

static const Use uses[] = {
    {"broadcast", use_broadcast},
    {"convolve", use_convolve},
    {"convolve_data", use_convolve_data},
    {"batch_affine", use_batch_affine},
    {"pool_max", use_pool},
    {"pool_take", use_pool_take},
    {"pool_scatter", use_pool_scatter},
    {"pool_average", use_pool},
    {"pool_average_gradient", use_pool_average_gradient},
    {"pad_zeros", use_pad_zeros},
    {"upsample_nearest", use_upsample_nearest},
    {"interpolate", use_interpolation},
    {"interpolate_back", use_interpolation},
    {"permute", use_permute},
    {"einsum", use_einsum},
    {"concat", use_concat},
    {"slice", use_slice},
    {"unslice", use_slice},
    {"take_rows", use_take_rows},
    {"add_rows", use_add_rows},
};

static Node *use(Graph *graph, const OpDef *op) {
    for (int i = 0; i < COUNT_OF(uses); i++)
        if (strcmp(op->schema.name, uses[i].op) == 0) return uses[i].use(graph, op);
    switch (op->fuse) {
    case FUSE_ELEMENTWISE: return use_elementwise(graph, op);
    case FUSE_CONTRACTION: return use_matmul(graph, op);
    case FUSE_MOVEMENT: return use_reshape(graph, op);
    default: return use_reduction(graph, op);
    }
}

// The loss: a sum of the elements with random factors.
static void weigh(Graph *graph, Node *y) {
    Node *factors = y->type.batched ? data_input(graph, "factors", y->type)
                                    : weights(graph, "factors", y->type, false);
    Node *products = graph_multiply(graph, y, factors);
    graph->loss = y->type.batched ? graph_batch_sum(graph, products, 0)
                                  : graph_unary(graph, "reduce_all_sum", products);
}

static double worst_error(const OpDef *op, const char **where) {
    Arena *arena = arena_create();
    Graph *graph = graph_create(weights_create(arena), op->schema.name, GRAPH_TRAIN, NULL);
    weigh(graph, use(graph, op));
    GradientCheck check = {.places = PLACES, .tolerance = TOLERANCE};
    check.seed = (uint64_t)pick(1 << 20);
    graph_check_gradients(graph, arena, &check);
    static char name[64]; // outlives the arena
    snprintf(name, sizeof name, "%s", check.where ? check.where : "nothing");
    *where = name;
    arena_destroy(arena);
    return check.worst;
}

static void test_every_primitive(void **state) {
    (void)state;
    int checked = 0;
    for (int i = 0; op_at(i); i++) {
        const OpDef *op = op_at(i);
        if (!op->gradient) continue;
        checked++;
        for (int shape = 0; shape < SHAPES_PER_OP; shape++) {
            const char *where;
            double error = worst_error(op, &where);
            if (!(error < TOLERANCE))
                fail_msg("%s: its gradient is wrong by %g at %s", op->schema.name, error, where);
        }
    }
    assert_true(checked > 36);
}

// ---- Planted mistakes, in a copy of each row.

typedef enum Mistake { SIGN_FLIPPED, FACTOR_MISSING, TERM_DROPPED, MISTAKE_COUNT } Mistake;

static const OpDef *original;
static Mistake mistake;
static int victim; // which input's gradient
static bool was_planted;

static void wrong_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    original->gradient(graph, node, dy, dinputs);
    if (victim >= node->input_count || !dinputs[victim]) return;
    was_planted = true;
    switch (mistake) {
    case SIGN_FLIPPED: dinputs[victim] = graph_unary(graph, "negate", dinputs[victim]); break;
    case FACTOR_MISSING: dinputs[victim] = graph_scale(graph, dinputs[victim], 1.00001); break;
    default: dinputs[victim] = NULL;
    }
}

// How many of some random uses show the mistake.
static int count_caught(const OpDef *op, int *planted) {
    OpDef wrong = *op;
    int caught = 0;
    original = op;
    wrong.gradient = wrong_gradient;
    *planted = 0;
    for (int shape = 0; shape < SHAPES_PER_OP; shape++) {
        const char *where;
        was_planted = false;
        double error = worst_error(&wrong, &where);
        *planted += was_planted;
        caught += was_planted && error > TOLERANCE;
    }
    return caught;
}

static int most_inputs(const OpDef *op) {
    return op->max_inputs < 0 ? MAX_INPUTS : op->max_inputs;
}

static void test_planted_mistakes(void **state) {
    (void)state;
    int total = 0;
    for (int i = 0; op_at(i); i++) {
        const OpDef *op = op_at(i);
        for (victim = 0; op->gradient && victim < most_inputs(op); victim++)
            for (mistake = 0; mistake < MISTAKE_COUNT; mistake++) {
                int planted, caught = count_caught(op, &planted);
                if (planted && caught < (planted + 1) / 2)
                    fail_msg("%s: mistake %d in input %d is seen in %d of %d uses", op->schema.name,
                             (int)mistake, victim, caught, planted);
                total += planted > 0;
            }
    }
    assert_true(total > 130);
}

// A square matrix hides no transposition.
static void transposed_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    dinputs[0] = graph_matmul(graph, dy, node->inputs[1], false); // true is right
    dinputs[1] = graph_binary(graph, "matmul_weights", node->inputs[0], dy);
}

static void swapped_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    dinputs[0] = graph_matmul(graph, dy, node->inputs[1], true);
    dinputs[1] = graph_binary(graph, "matmul_weights", dy, node->inputs[0]); // x, dy is right
}

static double square_matmul_error(void (*gradient)(Graph *, Node *, Node *, Node **)) {
    GradientCheck check = {.seed = 5, .places = PLACES, .tolerance = TOLERANCE};
    Arena *arena = arena_create();
    OpDef op = *op_find("matmul");
    if (gradient) op.gradient = gradient;
    Graph *graph = graph_create(weights_create(arena), "square", GRAPH_TRAIN, NULL);
    Node *inputs[] = {trainable(graph, BATCHED(4), 0.1), trainable(graph, UNBATCHED(4, 4), 0.1)};
    weigh(graph, graph_node(graph, &op, inputs, 2, graph_args(graph, "matmul")));
    graph_check_gradients(graph, arena, &check);
    arena_destroy(arena);
    return check.worst;
}

static void test_transposed(void **state) {
    (void)state;
    assert_true(square_matmul_error(NULL) < TOLERANCE);
    assert_true(square_matmul_error(transposed_gradient) > 1e-2);
    assert_true(square_matmul_error(swapped_gradient) > 1e-2);
}

// ---- Kinks: each weight moves the largest cells of 2000 windows, some of them within a step.

static GradientCheck check_pools(const OpDef *pool) {
    GradientCheck check = {.seed = 7, .places = PLACES, .tolerance = TOLERANCE};
    Arena *arena = arena_create();
    Graph *graph = graph_create(weights_create(arena), "kinks", GRAPH_TRAIN, NULL);
    Node *moved = graph_multiply(graph, data_input(graph, "z", BATCHED(40, 40, 16)),
                                 weights(graph, "w", UNBATCHED(16), true));
    Node *x = graph_add(graph, data_input(graph, "x", BATCHED(40, 40, 16)), moved);
    Args *args = graph_args(graph, "pool_max");
    set_list(graph, args, "size", LIST(2, 2));
    set_list(graph, args, "stride", LIST(2, 2));
    weigh(graph, graph_node(graph, pool, &x, 1, args));
    graph_check_gradients(graph, arena, &check);
    arena_destroy(arena);
    return check;
}

static void test_kinks(void **state) {
    (void)state;
    OpDef pool = *op_find("pool_max");
    GradientCheck right = check_pools(&pool);
    assert_int_equal(right.tried, 16);
    if (!(right.worst < TOLERANCE)) fail_msg("max_pool is called wrong by %g", right.worst);
    assert_true(right.kinks > 3 && right.skipped == 0);
    original = op_find("pool_max");
    pool.gradient = wrong_gradient;
    victim = 0;
    mistake = FACTOR_MISSING;
    assert_true(check_pools(&pool).worst > TOLERANCE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_primitive),
        cmocka_unit_test(test_planted_mistakes),
        cmocka_unit_test(test_transposed),
        cmocka_unit_test(test_kinks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
