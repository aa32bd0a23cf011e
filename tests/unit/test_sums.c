// Sums keep their digits: every normalization, pool and reduction of data whose mean is large
// beside their deviation, and of very many numbers, against double precision: outputs, the loss,
// gradients by what they change, moving statistics. A mean of squares less the square of the mean,
// a sum that runs on in float32, or a mean rounded before it is subtracted would fail here.
#include "../common/generated.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof *(array)))

typedef struct Case {
    const char *layer, *arguments; // NAME=NUMBER ..
    int rank;
    int64_t dims[3];
    int64_t rows;
} Case;

static void set_arguments(Graph *graph, Args *args, const char *text) {
    char name[32];
    double number;
    for (int used; text && sscanf(text, "%31[a-z_]=%lf %n", name, &number, &used) == 2;
         text += used)
        if (strcmp(name, "kernel") == 0)
            args_set_numbers(args, graph->arena, name, &number, 1);
        else
            args_set_number(args, name, number);
}

static void check_case(const Case *c, const char *cpu, double center, bool constant,
                       double tolerance) {
    Arena *arena = arena_create();
    Graph *graph = graph_create(weights_create(arena), c->layer, GRAPH_TRAIN, NULL);
    Node *x = add_input(graph, "x", type_make(DTYPE_F32, true, c->rank, c->dims));
    Args *args = graph_args(graph, c->layer);
    set_arguments(graph, args, c->arguments);
    Node *y = add_layer(graph, c->layer, x, args);
    vec_push(arena, &graph->outputs, y);
    add_target(graph, "t", y->type);
    LossStep training = training_with(arena, "mse", "sgd", c->rows);
    Setting setting = {.cpu = cpu, .threads = 3, .rows = c->rows, .classes = 2};
    setting.center = center;
    setting.constant = constant;
    setting.tolerance = tolerance;
    check_generated(arena, graph, &training, &setting);
    arena_destroy(arena);
}

static const char *const cpus[] = {"x86-64", "x86-64-v3"};

// By the way in which the moments are made: by columns, in registers, walked, in parts.
static void normalizations(void **state) {
    static const Case cases[] = {
        {"batch_norm", NULL, 1, {5}, 50},
        {"batch_norm", NULL, 1, {37}, 7},
        {"batch_norm", NULL, 3, {5, 3, 7}, 9},
        {"batch_norm", NULL, 3, {2, 2, 150}, 20},
        {"batch_norm", NULL, 3, {30, 20, 3}, 3},
        {"batch_norm", "axis=1", 3, {3, 4, 5}, 9},
        {"layer_norm", NULL, 1, {13}, 5},
        {"layer_norm", NULL, 1, {700}, 5},
        {"group_norm", "groups=2", 3, {4, 4, 8}, 5},
    };
    static const double means[] = {0, 1e2, -1e4, 1e6};
    (void)state;
    for (int i = 0; i < COUNT_OF(cases); i++)
        for (int k = 0; k < COUNT_OF(means); k++)
            check_case(&cases[i], cpus[(i + k) % 2], means[k], false, 1e-5);
}

// Many summands that are all alike: what is rounded away is rounded the same way each time.
static void long_sums(void **state) {
    static const Case cases[] = {
        {"global_average_pool", NULL, 3, {300, 300, 1}, 2},
        {"global_average_pool", NULL, 3, {300, 200, 3}, 2},
        {"mean", NULL, 3, {300, 300, 1}, 2},
        {"sum", "axis=2", 2, {2, 90000}, 2},
        {"sum", "axis=1", 2, {60000, 2}, 2},
        {"batch_norm", NULL, 3, {200, 200, 1}, 3},
        {"layer_norm", NULL, 1, {50000}, 2},
    };
    (void)state;
    for (int i = 0; i < COUNT_OF(cases); i++)
        check_case(&cases[i], cpus[i % 2], i % 3 ? 0.1 : 1, true, 1e-5);
}

// Products of many terms: forward along the features, gradients of kernels along samples and
// places, whose terms have one sign, as means are far from 0. One chain of float32 is 5e-5 to 1e-3
// off, and more the longer it is; the same in blocks of 1024 is 4e-7. Forward, weights of both
// signs cancel to 1/240 of their sum; there a chain is 2.6e-4 to 5e-4 off.
static void long_products(void **state) {
    static const Case cases[] = {
        {"dense", "units=40", 1, {60000}, 3},
        {"dense", "units=20", 2, {40000, 3}, 3},
        {"dense", "units=3", 2, {40000, 20}, 3}, // transposed weights
        {"conv1d", "filters=9 kernel=3", 2, {60000, 1}, 3},
        {"conv1d", "filters=2 kernel=3", 2, {60000, 1}, 9}, // lanes along samples
        {"conv2d", "filters=9 kernel=3", 3, {200, 300, 1}, 3},
        {"conv2d", "filters=16 kernel=3", 3, {130, 150, 16}, 2}, // by tiles (Winograd)
        {"depthwise_conv2d", "kernel=3", 3, {200, 300, 5}, 3},
    };
    (void)state;
    for (int i = 0; i < COUNT_OF(cases); i++)
        check_case(&cases[i], cpus[i % 2], 300.1, true, i == 0 ? 1e-4 : 1e-5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(normalizations),
        cmocka_unit_test(long_sums),
        cmocka_unit_test(long_products),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
