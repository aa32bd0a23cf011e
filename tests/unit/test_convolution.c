// Generated code of convolutions, pooling and sums over samples against the reference evaluator:
// random small networks of them are compiled for several processors; predictions, the loss and
// every weight after a training step must agree. A kernel with a wrong stride, a phase that is
// missing, a plane without its zeros, a tail that leaks, or a value that is inlined where it is not
// known breaks it.
#include "../common/generated.h"

static int64_t pick(const int64_t *choices, int count) {
    return choices[draw() % (uint32_t)count];
}
#define PICK(...)                                                                                  \
    pick((int64_t[]){__VA_ARGS__}, (int)(sizeof(int64_t[]){__VA_ARGS__} / sizeof(int64_t)))

static void set_pair(Graph *graph, Args *args, const char *name, int64_t first, int64_t second) {
    args_set_numbers(args, graph->arena, name, (double[]){(double)first, (double)second}, 2);
}

static void set_padding(Graph *graph, Args *args, const int64_t *padding) {
    double numbers[4];
    for (int i = 0; i < 4; i++) numbers[i] = (double)padding[i];
    args_set_numbers(args, graph->arena, "padding", numbers, 4);
}

static Node *parameter_node(Graph *graph, const char *role, int rank, const int64_t *dims) {
    ArgValue none = {0};
    Layer *layer = weights_layer(graph->weights, "conv", NULL, (Span){0});
    Type type = type_make(DTYPE_F32, false, rank, dims);
    return graph_parameter_node(
        graph, weights_parameter(graph->weights, layer, role, type, &none, &none, true));
}

static int64_t places(int64_t extent, int64_t kernel, int64_t stride, int64_t dilation,
                      int64_t padding) {
    int64_t room = extent + padding - ((kernel - 1) * dilation + 1);
    return room < 0 ? 0 : room / stride + 1;
}

// Groups that divide the channels; sometimes as many as there are.
static int64_t pick_groups(int64_t channels) {
    if (draw() % 2) return 1;
    if (draw() % 2) return channels;
    return channels % 2 == 0 ? 2 : 1;
}

static Node *draw_convolution(Graph *graph, Node *x) {
    int64_t kernel[2], stride[2], dilation[2], padding[4];
    const int64_t *dims = x->type.dims;
    for (int i = 0; i < 2; i++) {
        kernel[i] = PICK(1, 2, 3, 3, 5, 18);
        stride[i] = PICK(1, 1, 1, 2, 3, 5, 6);
        dilation[i] = PICK(1, 1, 1, 2);
        for (int k = 0; k < 2; k++) padding[2 * i + k] = draw() % 2 ? 0 : draw() % 3;
        if (places(dims[i], kernel[i], stride[i], dilation[i],
                   padding[2 * i] + padding[2 * i + 1]) < 1)
            return x;
    }
    int64_t groups = pick_groups(dims[2]);
    int64_t filters = groups * PICK(1, 1, 2, 3, 9, 16, 33);
    if (filters > 70) filters = groups;
    Args *args = graph_args(graph, "convolve");
    set_pair(graph, args, "stride", stride[0], stride[1]);
    set_pair(graph, args, "dilation", dilation[0], dilation[1]);
    set_padding(graph, args, padding);
    args_set_number(args, "groups", (double)groups);
    int64_t shape[] = {kernel[0], kernel[1], dims[2] / groups, filters};
    Node *w = parameter_node(graph, "kernel", 4, shape);
    return graph_call(graph, "convolve", (Node *[]){x, w}, 2, args);
}

// The transposed one: a picture that a convolution with this geometry would make the value of.
static Node *draw_transposed(Graph *graph, Node *x) {
    int64_t kernel = PICK(1, 2, 3, 4, 9), stride = PICK(1, 2, 3, 5), filters = PICK(1, 3, 17);
    const int64_t *dims = x->type.dims;
    int64_t height = (dims[0] - 1) * stride + kernel, width = (dims[1] - 1) * stride + kernel;
    if (height * width * filters > 3000) return x;
    Args *args = graph_args(graph, "convolve_data");
    set_pair(graph, args, "stride", stride, stride);
    set_pair(graph, args, "size", height, width);
    int64_t shape[] = {kernel, kernel, filters, dims[2]};
    Node *w = parameter_node(graph, "kernel", 4, shape);
    return graph_call(graph, "convolve_data", (Node *[]){x, w}, 2, args);
}

static Node *draw_pool(Graph *graph, Node *x) {
    const char *op = draw() % 3 ? "pool_max" : "pool_average";
    int64_t size[2], stride[2], padding[4];
    for (int i = 0; i < 2; i++) {
        size[i] = PICK(1, 2, 2, 3, 10);
        stride[i] = PICK(1, 2, 2, 3);
        for (int k = 0; k < 2; k++) padding[2 * i + k] = draw() % 2 && size[i] > 1 ? 1 : 0;
        if (places(x->type.dims[i], size[i], stride[i], 1, padding[2 * i] + padding[2 * i + 1]) < 1)
            return x;
    }
    Args *args = graph_args(graph, op);
    set_pair(graph, args, "size", size[0], size[1]);
    set_pair(graph, args, "stride", stride[0], stride[1]);
    set_padding(graph, args, padding);
    return graph_call(graph, op, &x, 1, args);
}

// Normalizes each channel over samples and places, as a batch normalization does.
static Node *draw_norm(Graph *graph, Node *x) {
    int64_t channels = type_last(&x->type);
    double places = (double)(type_elements(&x->type) / channels);
    Node *gamma = parameter_node(graph, "gamma", 1, &channels);
    Node *count = graph_scale(graph, graph_scalar(graph, "rows"), places);
    Node *mean = graph_divide(graph, graph_batch_sum(graph, x, 1), count);
    Node *squares = graph_batch_sum(graph, graph_unary(graph, "square", x), 1);
    Node *variance = graph_subtract(graph, graph_divide(graph, squares, count),
                                    graph_unary(graph, "square", mean));
    Node *deviation =
        graph_unary(graph, "sqrt", graph_add(graph, variance, graph_constant(graph, 0.1)));
    Node *scale = graph_divide(graph, gamma, deviation);
    return graph_multiply(graph, graph_subtract(graph, x, mean), scale);
}

static Node *draw_places(Graph *graph, Node *x) {
    Args *args;
    switch (draw() % 3) {
    case 0:
        args = graph_args(graph, "pad_zeros");
        args_set_numbers(args, graph->arena, "amount", (double[]){1, 0, 2, 1}, 4);
        return graph_call(graph, "pad_zeros", &x, 1, args);
    case 1:
        if (type_elements(&x->type) > 1000) return x;
        args = graph_args(graph, "upsample_nearest");
        set_pair(graph, args, "size", 2, 1);
        return graph_call(graph, "upsample_nearest", &x, 1, args);
    default:
        args = graph_args(graph, "permute");
        args_set_numbers(args, graph->arena, "dims",
                         draw() % 2 ? (double[]){2, 1, 3} : (double[]){3, 1, 2}, 3);
        return graph_call(graph, "permute", &x, 1, args);
    }
}

// The largest along a dimension, beside what it was taken from.
static Node *draw_largest(Graph *graph, Node *x) {
    Args *args = graph_args(graph, "axis_max");
    args_set_number(args, "axis", (double)(draw() % 2));
    return graph_subtract(graph, x, graph_call(graph, "axis_max", &x, 1, args));
}

static Node *draw_joint(Graph *graph, Node *x, Node *y) {
    if (type_equal(&x->type, &y->type)) return graph_add(graph, x, y);
    for (int axis = 0; axis < 3; axis++) {
        Type a = x->type, b = y->type;
        a.dims[axis] = b.dims[axis] = 1;
        if (!type_equal(&a, &b)) continue;
        Args *args = graph_args(graph, "concat");
        args_set_number(args, "axis", axis + 1);
        return graph_call(graph, "concat", (Node *[]){x, y}, 2, args);
    }
    return x;
}

static Node *draw_step(Graph *graph, Node *x, Node *y) {
    int64_t channels = type_last(&x->type);
    switch (draw() % 12) {
    case 10: return draw_largest(graph, x);
    case 0:
    case 1:
    case 2: return draw_convolution(graph, x);
    case 3: return draw_transposed(graph, x);
    case 4: return draw_pool(graph, x);
    case 5: return draw_norm(graph, x);
    case 6: return draw_places(graph, x);
    case 7: return graph_add(graph, x, parameter_node(graph, "bias", 1, &channels));
    case 8: return draw_joint(graph, x, y);
    case 9: return graph_unary(graph, "tanh", x);
    default: return graph_unary(graph, "relu", x);
    }
}

static Graph *random_pictures(Arena *arena, int steps) {
    Graph *graph = graph_create(weights_create(arena), "pictures", GRAPH_TRAIN, NULL);
    int64_t side = draw() % 4 ? 9 : 30;
    int64_t dims[] = {3 + draw() % side, 3 + draw() % side, PICK(1, 2, 3, 8, 16, 17)};
    Type type = type_make(draw() % 2 ? DTYPE_U8 : DTYPE_F32, true, 3, dims);
    Node *x = add_input(graph, "x", type), *y;
    if (type.dtype == DTYPE_U8) x = graph_scale(graph, x, 1.0 / 255);
    y = x;
    for (int i = 0; i < steps; i++) {
        Node *next = draw_step(graph, x, y);
        if (type_elements(&next->type) > 4000) continue;
        if (draw() % 2) y = x;
        x = next;
    }
    int64_t elements = type_elements(&x->type);
    Node *flat = graph_reshape(graph, x, 1, &elements);
    Node *output = add_layer(graph, "tanh", add_dense(graph, flat, 3), NULL);
    vec_push(arena, &graph->outputs, output);
    add_target(graph, "y", output->type);
    return graph;
}

static void check_pictures(uint64_t seed, const char *cpu) {
    Arena *arena = arena_create();
    random_state = seed * 7919 + 1;
    draw();
    Graph *graph = random_pictures(arena, 1 + (int)(draw() % 8));
    LossStep training =
        training_with(arena, "mse", "sgd", 70); // so that chunks are vectors of AVX2
    Setting setting = {
        .cpu = cpu, .threads = 1 + (int)(draw() % 3), .rows = PICK(1, 7, 19, 70), .classes = 3};
    if (getenv("NNC_TEST_VERBOSE")) {
        Text text = text_create(arena);
        graph_print(&text, graph);
        fprintf(stderr, "seed %llu\n%s", (unsigned long long)seed, text.data);
    }
    check_generated(arena, graph, &training, &setting);
    arena_destroy(arena);
}

enum { CASES = 60 };

static void test_random_pictures(void **state) {
    (void)state;
    const char *count = getenv("NNC_TEST_CASES"), *first = getenv("NNC_TEST_FIRST");
    static const char *const cpus[] = {"native", "x86-64-v3", "x86-64"};
    uint64_t begin = first ? strtoull(first, NULL, 10) : 0;
    for (uint64_t i = begin; i < begin + (count ? strtoull(count, NULL, 10) : CASES); i++)
        check_pictures(i, cpus[i % 3]);
}

// Kernels of 3 x 3 between 16 channels and more, which are computed by Winograd's method: tiles are
// cut at odd edges, lines of them in parts, channels fill no whole vectors, and a large picture's
// gradient is summed in more than one part.
static Graph *random_winograd(Arena *arena, bool is_large) {
    Graph *graph = graph_create(weights_create(arena), "winograd", GRAPH_TRAIN, NULL);
    int64_t side = draw() % 4 ? 9 : 60;
    int64_t dims[] = {4 + draw() % 9, 4 + draw() % side, PICK(16, 16, 17, 24, 35)};
    if (is_large) {
        dims[0] = dims[1] = 66;
        dims[2] = 16;
    }
    Node *x = add_input(graph, "x", type_make(DTYPE_F32, true, 3, dims));
    for (int i = is_large; i < 2; i++) {
        int64_t padding[4], kernel[] = {3, 3, type_last(&x->type), PICK(16, 16, 19, 32, 41)};
        for (int k = 0; k < 4; k++) padding[k] = draw() % 3;
        Args *args = graph_args(graph, "convolve");
        set_padding(graph, args, padding);
        Node *w = parameter_node(graph, "kernel", 4, kernel);
        x = graph_call(graph, "convolve", (Node *[]){x, w}, 2, args);
        if (draw() % 2) x = draw_norm(graph, x);
        x = graph_unary(graph, draw() % 2 ? "relu" : "tanh", x);
    }
    int64_t elements = type_elements(&x->type);
    Node *output = add_dense(graph, graph_reshape(graph, x, 1, &elements), 3);
    vec_push(arena, &graph->outputs, output);
    add_target(graph, "y", output->type);
    return graph;
}

static void test_winograd(void **state) {
    (void)state;
    enum { NETWORKS = 12, LARGE = 4 };
    static const char *const cpus[] = {"native", "x86-64-v3", "x86-64"};
    for (int i = 0; i < NETWORKS; i++) {
        Arena *arena = arena_create();
        random_state = (uint64_t)i * 7919 + 5;
        draw();
        Graph *graph = random_winograd(arena, i == LARGE);
        LossStep training = training_with(arena, "mse", "sgd", 5);
        Setting setting = {
            .cpu = cpus[i % 3], .threads = 1 + i % 2, .rows = i % 4 ? 5 : 2, .classes = 3};
        check_generated(arena, graph, &training, &setting);
        arena_destroy(arena);
    }
}

// So many weights that their gradient is not summed in chunks: the workers divide the filters.
static void test_large_kernel(void **state) {
    (void)state;
    Arena *arena = arena_create();
    Graph *graph = graph_create(weights_create(arena), "large", GRAPH_TRAIN, NULL);
    Node *x = add_input(graph, "x", type_make(DTYPE_F32, true, 3, (int64_t[]){3, 4, 65}));
    Args *args = graph_args(graph, "convolve");
    set_padding(graph, args, (int64_t[]){1, 1, 1, 0});
    Node *w = parameter_node(graph, "kernel", 4, (int64_t[]){3, 3, 65, 460});
    Node *y = graph_call(graph, "convolve", (Node *[]){x, w}, 2, args);
    int64_t elements = type_elements(&y->type);
    Node *output = add_dense(graph, graph_reshape(graph, y, 1, &elements), 2);
    vec_push(arena, &graph->outputs, output);
    add_target(graph, "y", output->type);
    LossStep training = training_with(arena, "mse", "sgd", 5);
    for (int threads = 1; threads <= 3; threads++) {
        Setting setting = {.cpu = "native", .threads = threads, .rows = 5, .classes = 2};
        check_generated(arena, graph, &training, &setting);
    }
    arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_pictures),
                                       cmocka_unit_test(test_winograd),
                                       cmocka_unit_test(test_large_kernel)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
