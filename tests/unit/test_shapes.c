// Generated code for values of several dimensions: operands that broadcast, reshapes in between,
// sums over any dimension, several inputs, shared weights and penalties; compared with the
// reference evaluator on several processors (tests/common/generated.h).
#include "../common/random_graphs.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof *(array)))
#define SHAPE(dtype_, ...)                                                                         \
    type_make((dtype_), true, COUNT_OF(((int64_t[]){__VA_ARGS__})), (int64_t[]){__VA_ARGS__})
#define FLOATS(...) SHAPE(DTYPE_F32, __VA_ARGS__)
#define RESHAPE(graph, x, ...)                                                                     \
    graph_reshape((graph), (x), COUNT_OF(((int64_t[]){__VA_ARGS__})), (int64_t[]){__VA_ARGS__})

typedef Node *BuildModel(Graph *graph);

typedef struct Case {
    BuildModel *build;
    const char *loss, *optimizer, *regularizer, *option;
    double option_value;
    bool random;
} Case;

static Graph *build_case(Arena *arena, const Case *c) {
    Graph *graph = graph_create(weights_create(arena), "net", GRAPH_TRAIN, NULL);
    Node *output = c->build(graph);
    vec_push(arena, &graph->outputs, output);
    bool sparse = strcmp(c->loss, "sparse_categorical_crossentropy") == 0;
    Type target = output->type;
    target.dtype = sparse ? DTYPE_I32 : DTYPE_F32;
    if (sparse) target.rank--;
    add_target(graph, "y", target);
    return graph;
}

static void check_on(const Case *c, const char *cpu, int64_t batch, int64_t rows, int threads) {
    Arena *arena = arena_create();
    Graph *forward = build_case(arena, c);
    LossStep training = training_with(arena, c->loss, c->optimizer ? c->optimizer : "sgd", batch);
    if (c->option)
        args_set_number((Args *)training.step.optimizer_args, c->option, c->option_value);
    if (c->regularizer) {
        training.step.regularizer = &regularizer_find(c->regularizer)->schema;
        training.step.regularizer_args = args_default(arena, training.step.regularizer);
    }
    Setting setting = {.cpu = cpu,
                       .contraction = CONTRACTION_OWN,
                       .threads = threads,
                       .rows = rows,
                       .classes = type_last(&forward->outputs.items[0]->type),
                       .random = c->random};
    check_generated(arena, forward, &training, &setting);
    arena_destroy(arena);
}

static void check(const Case *c) {
    random_state = 99;
    check_on(c, "native", 7, 5, 2);
    check_on(c, "x86-64", 3, 3, 1);
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        check_on(c, "x86-64-v3", 33, 33, 3);
}

static void check_native(const Case *c) {
    random_state = 99;
    check_on(c, "native", 9, 8, 2);
}

// ---- Dense layers on [T, F].

static Node *dense_rows_of(Graph *graph, Dtype dtype) {
    Node *x = add_input(graph, "x", SHAPE(dtype, 5, 13));
    if (dtype == DTYPE_U8) x = graph_scale(graph, x, 1.0 / 255);
    x = add_layer(graph, "tanh", add_dense(graph, x, 17), NULL);
    return add_layer(graph, "softmax", add_dense(graph, x, 6), NULL);
}

static Node *dense_on_floats(Graph *graph) {
    return dense_rows_of(graph, DTYPE_F32);
}

static Node *dense_on_bytes(Graph *graph) {
    return dense_rows_of(graph, DTYPE_U8);
}

static void dense_on_rows(void **state) {
    (void)state;
    check(&(Case){
        .build = dense_on_floats, .loss = "sparse_categorical_crossentropy", .optimizer = "adam"});
    check(&(Case){.build = dense_on_bytes,
                  .loss = "sparse_categorical_crossentropy",
                  .optimizer = "rmsprop"});
    check(&(Case){.build = dense_on_floats, .loss = "mse", .optimizer = "sgd"});
    check(&(Case){.build = dense_on_bytes, .loss = "mae", .optimizer = "nadam"});
}

// Gates that are multiplied one by one.
static Node *part_of_product(Graph *graph, Node *x, Node *w, int64_t begin, int64_t count) {
    Args *args = graph_args(graph, "slice");
    args_set_number(args, "axis", 1);
    args_set_number(args, "begin", (double)begin);
    args_set_number(args, "count", (double)count);
    return graph_matmul(graph, x, graph_call(graph, "slice", &w, 1, args), false);
}

static Node *gates_by_parts(Graph *graph) {
    Node *x = add_input(graph, "x", FLOATS(5, 13));
    Type type = type_make(DTYPE_F32, false, 2, (int64_t[]){13, 27});
    Parameter *kernel =
        weights_parameter(graph->weights, NULL, "w", type, &(ArgValue){0}, NULL, true);
    Node *w = graph_parameter_node(graph, kernel);
    Node *first = graph_unary(graph, "sigmoid", part_of_product(graph, x, w, 0, 10));
    Node *second = graph_unary(graph, "tanh", part_of_product(graph, x, w, 17, 10));
    return graph_multiply(graph, first, second);
}

static void parts_of_a_kernel(void **state) {
    (void)state;
    check(&(Case){.build = gates_by_parts, .loss = "mse", .optimizer = "adam"});
}

static Node *softmax_of_many(Graph *graph) {
    Node *x = add_dense(graph, add_input(graph, "x", FLOATS(3, 4)), 150);
    return add_layer(graph, "softmax", x, NULL);
}

static void softmax_by_rows(void **state) {
    (void)state;
    check(&(Case){
        .build = softmax_of_many, .loss = "sparse_categorical_crossentropy", .optimizer = "sgd"});
    check(&(Case){.build = softmax_of_many, .loss = "kl_divergence", .optimizer = "sgd"});
}

// ---- Reshapes in between.

static Node *reshaped(Graph *graph) {
    Node *x = add_input(graph, "x", FLOATS(4, 6));
    x = add_layer(graph, "tanh", add_dense(graph, x, 10), NULL);
    x = RESHAPE(graph, x, 8, 5);
    x = add_layer(graph, "sigmoid", add_dense(graph, x, 3), NULL);
    x = add_layer(graph, "flatten", x, NULL);
    x = add_dense(graph, x, 12);
    x = graph_unary(graph, "square", RESHAPE(graph, x, 3, 4));
    return add_layer(graph, "softmax", x, NULL);
}

static Node *reshaped_input(Graph *graph) {
    Node *x = add_input(graph, "x", SHAPE(DTYPE_U8, 6, 4));
    Node *flat = add_layer(graph, "flatten", graph_scale(graph, x, 0.01), NULL);
    Node *rows = RESHAPE(graph, graph_scale(graph, x, 0.02), 3, 8);
    Node *a = add_dense(graph, flat, 12);
    Node *b = RESHAPE(graph, add_dense(graph, rows, 4), 12);
    return add_layer(graph, "tanh", graph_add(graph, a, b), NULL);
}

static void reshapes(void **state) {
    (void)state;
    check(
        &(Case){.build = reshaped, .loss = "sparse_categorical_crossentropy", .optimizer = "adam"});
    check(&(Case){.build = reshaped, .loss = "mse", .optimizer = "sgd", .regularizer = "l2"});
    check(&(Case){.build = reshaped_input, .loss = "mse", .optimizer = "sgd"});
}

// ---- Broadcasting.

// [T, F] with [T, 1], [F], [1, F] and one number a sample.
static Node *broadcast_shapes(Graph *graph) {
    Node *x = add_dense(graph, add_input(graph, "x", FLOATS(5, 3)), 4);
    Node *down = add_dense(graph, add_input(graph, "down", FLOATS(5, 2)), 1);
    Node *across = add_dense(graph, add_input(graph, "across", FLOATS(3)), 4);
    Node *one = add_dense(graph, add_input(graph, "one", FLOATS(2)), 1);
    Node *first = graph_multiply(graph, x, down);
    Node *second = graph_add(graph, first, graph_unary(graph, "square", across));
    Node *third = graph_subtract(graph, second, RESHAPE(graph, across, 1, 4));
    return graph_multiply(graph, third, graph_add(graph, one, graph_constant(graph, 1)));
}

// As many rows as columns: shapes must not be told by their sizes.
static Node *broadcast_square(Graph *graph) {
    Node *x = add_dense(graph, add_input(graph, "x", FLOATS(4, 3)), 4);
    Node *v = add_dense(graph, add_input(graph, "v", FLOATS(3)), 4);
    Node *row = RESHAPE(graph, v, 1, 4), *column = RESHAPE(graph, v, 4, 1);
    return graph_add(graph, graph_multiply(graph, x, column), row);
}

// v[:, None] * v[None, :], of a value that is computed and of one that is read.
static Node *outer_product(Graph *graph) {
    Node *data = add_input(graph, "x", FLOATS(6));
    Node *v = add_layer(graph, "tanh", add_dense(graph, data, 5), NULL);
    Node *own = graph_multiply(graph, RESHAPE(graph, v, 5, 1), v);
    Node *read = graph_subtract(graph, RESHAPE(graph, data, 6, 1), data);
    read = add_dense(graph, graph_unary(graph, "square", read), 5);
    return graph_add(graph, own,
                     RESHAPE(graph, add_dense(graph, RESHAPE(graph, read, 30), 5), 1, 5));
}

// Values of rank 3 and 4, repeated in the middle.
static Node *broadcast_deep(Graph *graph) {
    Node *x = add_dense(graph, add_input(graph, "x", FLOATS(6, 4)), 5);
    Node *y = add_dense(graph, add_input(graph, "y", FLOATS(2, 4)), 5);
    x = RESHAPE(graph, x, 2, 3, 5);
    y = RESHAPE(graph, y, 2, 1, 5);
    Node *z = add_dense(graph, add_input(graph, "z", FLOATS(3, 2)), 1);
    Node *sum = graph_add(graph, graph_multiply(graph, x, y), z);
    Node *deep =
        graph_multiply(graph, RESHAPE(graph, sum, 2, 3, 1, 5), RESHAPE(graph, x, 2, 3, 5, 1));
    return graph_unary(
        graph, "sqrt",
        graph_add(graph, graph_unary(graph, "square", deep), graph_constant(graph, 1)));
}

// Chains of data alone, which are computed where they are used, under other shapes than their own.
static Node *inlined_chains(Graph *graph) {
    Node *x = add_input(graph, "x", FLOATS(5)), *y = add_input(graph, "y", SHAPE(DTYPE_U8, 5, 5));
    Node *chain = graph_unary(graph, "square", graph_add(graph, x, graph_constant(graph, 1)));
    Node *table = graph_add(graph, RESHAPE(graph, chain, 5, 1), graph_scale(graph, y, 0.01));
    Node *by_row = graph_multiply(graph, table, chain);
    Node *a = add_dense(graph, RESHAPE(graph, by_row, 25), 4);
    Node *b = add_dense(graph, by_row, 4);
    return graph_add(graph, b, a);
}

// A mask of fewer elements than the values it is multiplied with.
static Node *narrow_dropout(Graph *graph) {
    Args *args = graph_args(graph, "dropout");
    args_set_number(args, "rate", 0.4);
    Node *narrow = add_layer(graph, "dropout", add_input(graph, "n", FLOATS(5, 1)), args);
    Node *flat = add_layer(graph, "dropout", add_input(graph, "f", FLOATS(20)), args);
    Node *x = add_dense(graph, add_input(graph, "x", FLOATS(5, 3)), 4);
    Node *product = graph_multiply(graph, x, narrow);
    return graph_multiply(graph, product, RESHAPE(graph, flat, 5, 4));
}

static void broadcasting(void **state) {
    (void)state;
    BuildModel *const models[] = {broadcast_shapes, broadcast_square, outer_product, broadcast_deep,
                                  inlined_chains};
    for (int i = 0; i < COUNT_OF(models); i++) {
        check(&(Case){.build = models[i], .loss = "mse", .optimizer = "sgd"});
        check(&(Case){.build = models[i], .loss = "log_cosh", .optimizer = "adam"});
    }
    check(&(Case){.build = narrow_dropout, .loss = "mse", .optimizer = "sgd", .random = true});
}

// ---- Several inputs, shared layers.

static Node *two_inputs(Graph *graph) {
    Node *a = add_dense(graph, add_input(graph, "a", FLOATS(7)), 19);
    Node *b = add_dense(graph, add_input(graph, "b", SHAPE(DTYPE_U8, 7)), 19);
    b = graph_scale(graph, b, 0.01);
    Node *distance = graph_unary(graph, "abs", graph_subtract(graph, a, b));
    Node *joined = graph_add(graph, distance, graph_multiply(graph, a, b));
    return add_layer(graph, "softmax", add_dense(graph, joined, 3), NULL);
}

// The same weights twice: their gradient is the sum of two products.
static Node *twins(Graph *graph) {
    Node *left = add_input(graph, "left", FLOATS(9)), *right = add_input(graph, "right", FLOATS(9));
    Node *a = add_dense(graph, left, 21);
    Parameter *kernel = graph->weights->parameters.items[0],
              *bias = graph->weights->parameters.items[1];
    Node *product = graph_matmul(graph, right, graph_parameter_node(graph, kernel), false);
    Node *b = graph_add(graph, product, graph_parameter_node(graph, bias));
    a = add_layer(graph, "tanh", a, NULL);
    b = add_layer(graph, "tanh", b, NULL);
    return add_dense(graph, graph_multiply(graph, a, b), 2);
}

// Applied to its own output, and to rows.
static Node *twice_in_a_row(Graph *graph) {
    Node *x = add_input(graph, "x", FLOATS(3, 10));
    x = add_layer(graph, "tanh", add_dense(graph, x, 10), NULL);
    Node *kernel = graph_parameter_node(graph, graph->weights->parameters.items[0]);
    x = add_layer(graph, "tanh", graph_matmul(graph, x, kernel, false), NULL);
    return graph_matmul(graph, x, kernel, false);
}

static void several_inputs(void **state) {
    (void)state;
    check_native(&(Case){
        .build = two_inputs, .loss = "sparse_categorical_crossentropy", .optimizer = "adam"});
    check_native(&(Case){.build = two_inputs, .loss = "mse", .optimizer = "sgd"});
}

static void shared_weights(void **state) {
    (void)state;
    static const char *const optimizers[] = {"sgd", "adam", "nadam"};
    for (int i = 0; i < COUNT_OF(optimizers); i++) {
        check_native(&(Case){.build = twins, .loss = "mse", .optimizer = optimizers[i]});
        check_native(&(Case){.build = twins,
                             .loss = "mse",
                             .optimizer = optimizers[i],
                             .regularizer = "l2",
                             .option = "global_clip_norm",
                             .option_value = 0.01});
        check_native(&(Case){.build = twice_in_a_row,
                             .loss = "mse",
                             .optimizer = optimizers[i],
                             .option = "clip_norm",
                             .option_value = 0.01});
    }
}

// ---- Penalties, and what all parameters share.

static Node *mlp(Graph *graph) {
    Node *x = add_dense(graph, add_input(graph, "x", SHAPE(DTYPE_U8, 20)), 18);
    x = add_layer(graph, "tanh", graph_scale(graph, x, 0.01), NULL);
    return add_layer(graph, "softmax", add_dense(graph, x, 5), NULL);
}

static void penalties(void **state) {
    (void)state;
    static const char *const rows[] = {"l1", "l2", "l1_l2"};
    for (int i = 0; i < COUNT_OF(rows); i++) {
        check_native(&(Case){.build = mlp,
                             .loss = "sparse_categorical_crossentropy",
                             .optimizer = "sgd",
                             .regularizer = rows[i]});
        check_native(&(Case){.build = mlp,
                             .loss = "sparse_categorical_crossentropy",
                             .optimizer = "adam",
                             .regularizer = rows[i]});
        check_native(&(Case){.build = mlp,
                             .loss = "mse",
                             .optimizer = "nadam",
                             .regularizer = rows[i],
                             .option = "global_clip_norm",
                             .option_value = 0.1});
    }
}

static void every_optimizer(void **state) {
    (void)state;
    for (const OptimizerDef *row = optimizer_rows; row->schema.name; row++) {
        check_native(&(Case){.build = mlp,
                             .loss = "sparse_categorical_crossentropy",
                             .optimizer = row->schema.name});
        check_native(
            &(Case){.build = broadcast_shapes, .loss = "mse", .optimizer = row->schema.name});
    }
}

static void every_loss(void **state) {
    (void)state;
    for (int i = 0; i < op_count(); i++) {
        const OpDef *op = op_at(i);
        // These ask for targets of other kinds than `build_case` makes.
        bool other = strcmp(op->schema.name, "crossentropy") == 0;
        if (op->is_loss && !other)
            check_native(
                &(Case){.build = dense_on_floats, .loss = op->schema.name, .optimizer = "sgd"});
    }
}

// ---- Random models.

static void random_models_on(const char *cpu, ContractionChoice contraction, int count) {
    const char *only = getenv("NNC_TEST_NET");
    for (int i = 0; i < count; i++) {
        if (only && atoi(only) != i) continue;
        random_state = (uint64_t)i * 104729 + 17;
        Arena *arena = arena_create();
        Graph *forward = random_graph(arena, 2 + (int)(draw() % 10));
        LossStep training = training_with(arena, "mse", "sgd", 1 + draw() % 20);
        Setting setting = {.cpu = cpu,
                           .contraction = contraction,
                           .threads = 1 + i % 3,
                           .rows = 1 + draw() % training.batch,
                           .classes = 2,
                           .random = true};
        if (only || getenv("NNC_TEST_VERBOSE")) fprintf(stderr, "random model %d\n", i);
        check_generated(arena, forward, &training, &setting);
        arena_destroy(arena);
    }
}

static void random_models(void **state) {
    (void)state;
    random_models_on("native", CONTRACTION_OWN, 40);
    random_models_on("x86-64", CONTRACTION_OWN, 15);
    if (has_blas()) random_models_on("native", CONTRACTION_BLAS, 15);
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        random_models_on("x86-64-v3", CONTRACTION_OWN, 15);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dense_on_rows),   cmocka_unit_test(parts_of_a_kernel),
        cmocka_unit_test(softmax_by_rows), cmocka_unit_test(reshapes),
        cmocka_unit_test(broadcasting),    cmocka_unit_test(several_inputs),
        cmocka_unit_test(shared_weights),  cmocka_unit_test(penalties),
        cmocka_unit_test(every_optimizer), cmocka_unit_test(every_loss),
        cmocka_unit_test(random_models),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
