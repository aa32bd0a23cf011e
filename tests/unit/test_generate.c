// Generated code against the reference evaluator: random dense networks, data types, batch sizes
// and optimizers are compiled for several processors and run in this process; predictions, the loss
// and every weight after a training step must agree. A kernel that misses a tail, reads a wrong
// stride or lets padding leak, a group fused in the wrong order or a barrier that is missing breaks
// it.
#include "../common/generated.h"

enum { MAX_LAYERS = 4 };

typedef struct Net {
    Dtype dtype;
    int64_t width;
    int64_t steps; // of a sequence; 0: a vector
    int layers;
    int64_t units[MAX_LAYERS];
    const char *activations[MAX_LAYERS];
    double dropout;
    const char *loss, *optimizer, *option;
    double option_value;
    int64_t batch, rows;
    bool one_hot; // the target
} Net;

// ---- Building.

static Graph *build(Arena *arena, const Net *net) {
    Graph *graph = graph_create(weights_create(arena), "net", GRAPH_TRAIN, NULL);
    int64_t units = net->units[net->layers - 1];
    int rank = net->steps ? 2 : 1;
    int64_t shape[] = {net->steps, net->width}, result[] = {net->steps, units};
    Node *x = add_input(graph, "x", type_make(net->dtype, true, rank, shape + 2 - rank));
    if (net->dtype == DTYPE_U8) x = graph_scale(graph, x, 1.0 / 255);
    for (int i = 0; i < net->layers; i++) {
        x = add_dense(graph, x, net->units[i]);
        if (net->activations[i]) x = add_layer(graph, net->activations[i], x, NULL);
        if (net->dropout > 0 && i + 1 < net->layers) {
            Args *args = graph_args(graph, "dropout");
            args_set_number(args, "rate", net->dropout);
            x = add_layer(graph, "dropout", x, args);
        }
    }
    Type label = net->one_hot ? type_make(DTYPE_F32, true, rank, result + 2 - rank)
                              : type_make(DTYPE_I32, true, 0, NULL);
    add_target(graph, "y", label);
    vec_push(arena, &graph->outputs, x);
    return graph;
}

static void check_net(const Net *net, const char *cpu, ContractionChoice contraction, int threads) {
    Arena *arena = arena_create();
    LossStep training = training_with(arena, net->loss, net->optimizer, net->batch);
    if (net->option)
        args_set_number((Args *)training.step.optimizer_args, net->option, net->option_value);
    bool is_real = strcmp(net->loss, "categorical_crossentropy") != 0;
    Setting setting = {.cpu = cpu,
                       .contraction = contraction,
                       .threads = threads,
                       .rows = net->rows,
                       .classes = net->units[net->layers - 1],
                       .binary_targets = !is_real,
                       .random = net->dropout > 0};
    check_generated(arena, build(arena, net), &training, &setting);
    arena_destroy(arena);
}

// ---- The cases.

static Net random_net(void) {
    static const int64_t widths[] = {1, 5, 10, 13, 17, 33, 100};
    static const char *const activations[] = {NULL,   "relu", "sigmoid",  "tanh",  "elu",
                                              "selu", "gelu", "softplus", "swish", "leaky_relu"};
    static const char *const losses[] = {"mse", "mae", "huber", "log_cosh"};
    static const char *const optimizers[] = {"sgd",      "adam",  "rmsprop", "adagrad",
                                             "adadelta", "adamw", "nadam"};
    static const int64_t batches[] = {1, 15, 33, 64};
    Net net = {.dtype = draw() % 2 ? DTYPE_U8 : DTYPE_F32, .width = widths[draw() % 7]};
    net.layers = 1 + (int)(draw() % 3);
    for (int i = 0; i < net.layers; i++) {
        net.units[i] = widths[draw() % 7];
        net.activations[i] = activations[draw() % 10];
    }
    net.dropout = draw() % 2 ? 0.25 : 0;
    net.loss = losses[draw() % 4];
    net.one_hot = true;
    if (draw() % 2 && net.units[net.layers - 1] > 1) {
        net.loss = "sparse_categorical_crossentropy";
        net.activations[net.layers - 1] = "softmax";
        net.one_hot = false;
    }
    net.optimizer = optimizers[draw() % 7];
    net.batch = batches[draw() % 4];
    net.rows = draw() % 2 ? net.batch : 1 + draw() % net.batch;
    return net;
}

static void random_nets_on(const char *cpu, int count) {
    const char *only = getenv("NNC_TEST_NET");
    for (int i = 0; i < count; i++) {
        if (only && atoi(only) != i) continue;
        random_state = (uint64_t)i * 7919 + 13;
        Net net = random_net();
        if (getenv("NNC_TEST_VERBOSE"))
            fprintf(stderr, "net %d: %s width %d, units %d %d %d, %s, %s, batch %d rows %d\n", i,
                    net.dtype == DTYPE_U8 ? "u8" : "f32", (int)net.width, (int)net.units[0],
                    (int)net.units[1], (int)net.units[2], net.loss, net.optimizer, (int)net.batch,
                    (int)net.rows);
        check_net(&net, cpu, CONTRACTION_OWN, 1 + i % 3);
    }
}

static void random_nets_native(void **state) {
    (void)state;
    random_nets_on("native", 40);
}

static void random_nets_avx2(void **state) {
    (void)state;
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) skip();
    random_nets_on("x86-64-v3", 25);
}

static void random_nets_plain(void **state) {
    (void)state;
    random_nets_on("x86-64", 15);
}

static const Net fashion = {.dtype = DTYPE_U8,
                            .width = 784,
                            .layers = 2,
                            .units = {10, 10},
                            .activations = {"sigmoid", "softmax"},
                            .loss = "sparse_categorical_crossentropy",
                            .optimizer = "sgd",
                            .batch = 32,
                            .rows = 32};

static const Net wide = {.dtype = DTYPE_U8,
                         .width = 784,
                         .layers = 3,
                         .units = {128, 136, 10},
                         .activations = {"relu", "relu", "softmax"},
                         .dropout = 0.2,
                         .loss = "sparse_categorical_crossentropy",
                         .optimizer = "adam",
                         .batch = 64,
                         .rows = 61};

static void book_networks(void **state) {
    (void)state;
    check_net(&fashion, "native", CONTRACTION_OWN, 2);
    check_net(&wide, "native", CONTRACTION_OWN, 2);
}

static void clipping(void **state) {
    (void)state;
    Net net = wide;
    net.option = "global_clip_norm";
    net.option_value = 0.1;
    check_net(&net, "native", CONTRACTION_OWN, 2);
    net.option = "clip_norm";
    check_net(&net, "native", CONTRACTION_OWN, 2);
    net.option = "clip_value";
    net.option_value = 1e-3;
    check_net(&net, "native", CONTRACTION_OWN, 2);
}

// Layers that share their functions: each has offsets and random numbers of its own.
static void equal_layers(void **state) {
    (void)state;
    Net net = {.dtype = DTYPE_F32,
               .width = 33,
               .layers = 4,
               .units = {33, 33, 33, 33},
               .activations = {"relu", "relu", "relu", "relu"},
               .dropout = 0.25,
               .loss = "mse",
               .optimizer = "adam",
               .one_hot = true,
               .batch = 33,
               .rows = 20};
    for (int threads = 1; threads <= 3; threads++)
        check_net(&net, "native", CONTRACTION_OWN, threads);
    net.dropout = 0;
    net.optimizer = "nadam";
    net.option = "clip_norm";
    net.option_value = 0.1;
    check_net(&net, "x86-64", CONTRACTION_OWN, 2);
}

static void softmax_over_many_classes(void **state) {
    (void)state;
    Net net = wide;
    net.units[2] = 301;
    check_net(&net, "native", CONTRACTION_OWN, 2);
}

// Reductions in several blocks, weights that are transposed as they come, with rows and columns
// that are no whole panel, and rows of gradients that are copied because they lie pages apart.
static void long_products(void **state) {
    (void)state;
    Net net = {.dtype = DTYPE_F32,
               .width = 20,
               .steps = 5,
               .layers = 4,
               .units = {33, 2112, 49, 1024},
               .activations = {"tanh", "tanh", "tanh", NULL},
               .loss = "mse",
               .optimizer = "adam",
               .one_hot = true,
               .batch = 40,
               .rows = 27};
    for (int threads = 1; threads <= 3; threads++)
        check_net(&net, "native", CONTRACTION_OWN, threads);
    check_net(&net, "x86-64", CONTRACTION_OWN, 2);
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        check_net(&net, "x86-64-v3", CONTRACTION_OWN, 2);
    net.width = 4100;
    net.layers = 2;
    net.units[1] = 7;
    check_net(&net, "native", CONTRACTION_OWN, 2);
}

// A table that is multiplied either way.
static void check_table(int64_t rows, int64_t columns, const char *cpu) {
    enum { STEPS = 5, WIDTH = 7, BATCH = 40, SAMPLES = 27 };
    Arena *arena = arena_create();
    Graph *graph = graph_create(weights_create(arena), "net", GRAPH_TRAIN, NULL);
    int64_t given[] = {STEPS, WIDTH}, wanted[] = {STEPS, columns};
    Node *x = add_input(graph, "x", type_make(DTYPE_F32, true, 2, given)), *mean;
    Node *table = add_table(graph, rows, columns, &mean);
    Node *h = graph_binary(graph, "add", add_dense(graph, x, columns), mean);
    h = graph_matmul(graph, add_layer(graph, "tanh", h, NULL), table, true);
    h = graph_matmul(graph, add_layer(graph, "tanh", h, NULL), table, false);
    add_target(graph, "y", type_make(DTYPE_F32, true, 2, wanted));
    vec_push(arena, &graph->outputs, h);
    LossStep training = training_with(arena, "mse", "adam", BATCH);
    Setting setting = {.cpu = cpu,
                       .contraction = CONTRACTION_AUTO,
                       .threads = 2,
                       .rows = SAMPLES,
                       .classes = columns,
                       .binary_targets = false};
    check_generated(arena, graph, &training, &setting);
    arena_destroy(arena);
}

// In blocks of the reduction, which are transposed or copied as they come; in a panel that is not
// full; by OpenBLAS where a row ends within a vector.
static void multiplied_tables(void **state) {
    (void)state;
    check_table(4112, 48, "native");
    check_table(70, 1056, "native");
    check_table(45, 16, "native");
    check_table(33, 21, "native");
    check_table(4112, 48, "x86-64");
}

// OpenBLAS makes the products, with what is fused into them otherwise in loops of its own.
static void random_nets_with_blas(void **state) {
    (void)state;
    if (!has_blas()) skip();
    for (int i = 0; i < 15; i++) {
        random_state = (uint64_t)i * 6151 + 3;
        Net net = random_net();
        check_net(&net, i % 2 ? "native" : "x86-64", CONTRACTION_BLAS, 1 + i % 3);
    }
    check_net(&wide, "native", CONTRACTION_BLAS, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(book_networks),      cmocka_unit_test(clipping),
        cmocka_unit_test(equal_layers),       cmocka_unit_test(softmax_over_many_classes),
        cmocka_unit_test(long_products),      cmocka_unit_test(multiplied_tables),
        cmocka_unit_test(random_nets_native), cmocka_unit_test(random_nets_avx2),
        cmocka_unit_test(random_nets_plain),  cmocka_unit_test(random_nets_with_blas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
