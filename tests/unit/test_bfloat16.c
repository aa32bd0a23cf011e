// Products in bfloat16 on every kind of processor that this one can be: rounding itself, and layers
// of all sizes around those of squares and blocks, forward and backward, against the reference
// evaluator, which rounds the same operands. An edge that is not padded, a pair in the wrong order,
// a worker's rows that another one packs, or a sum of blocks that begins anew would break them.
#include "../../compiler/gen/product/bfloat16/bfloat16.h"
#include "../../compiler/graph/scan.h"
#include "../../compiler/op/primitive/pairs.h"
#include "../common/cpus.h"
#include "../common/generated.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof *(array)))

// Tiles, AVX-512 BF16, widening with each length of vectors; those that this machine has.
static const TestCpu all_cpus[] = {{"sapphirerapids", "amx-bf16"},
                                   {"cooperlake", "avx512bf16"},
                                   {"x86-64-v4", "avx512vl"},
                                   {"x86-64-v3", "avx2"},
                                   {"x86-64", "sse2"}};

static int find_all(void **state) {
    (void)state;
    find_cpus(all_cpus, COUNT_OF(all_cpus));
    return 0;
}

// ---- Rounding.

enum { NUMBERS = 32 };

typedef void Round(const float *numbers, uint32_t *pairs);

// Rounds all numbers, a vector's pairs at a time.
static void emit_rounding(Gen *gen) {
    int lanes = gen->target->machine.lanes;
    LlvmType types[] = {gen->pointer, gen->pointer};
    Value function = ir_function(gen, "rounding", LLVMFunctionType(gen->void_type, types, 2, 0));
    LLVMSetLinkage(function, LLVMExternalLinkage);
    LlvmType floats = ir_vector(gen, gen->f32, lanes);
    for (int i = 0; i < NUMBERS; i += 2 * lanes) {
        Value from = ir_offset(gen, gen->f32, LLVMGetParam(function, 0), ir_int(gen, i));
        Value next = ir_offset(gen, gen->f32, from, ir_int(gen, lanes));
        Value pairs = pairs_of_row(gen, ir_load(gen, floats, from), ir_load(gen, floats, next));
        ir_store(gen, pairs, pairs_at(gen, LLVMGetParam(function, 1), ir_int(gen, i / 2)));
    }
    LLVMBuildRetVoid(gen->builder);
}

static void rounds_to_even(void **state) {
    (void)state;
    static const uint32_t numbers[NUMBERS] = {
        0x3f800000, 0x3f808000, 0x3f818000, 0x3f808001, 0x3f807fff, 0xbf808000, 0xbf818000,
        0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00001, 0x7f800001,
        0xffffffff, 0x00000000, 0x80000000, 0x7f7f7fff, 0x3fffffff, 0x00800000};
    static const uint16_t rounded[NUMBERS] = {
        0x3f80, 0x3f80, 0x3f82, 0x3f81, 0x3f80, 0xbf80, 0xbf82, 0x7f80, 0xff80, 0x7f80,
        0xff80, 0x7fc0, 0xffc0, 0x7fc0, 0xffff, 0x0000, 0x8000, 0x7f7f, 0x4000, 0x0080};
    for (int i = 0; i < cpu_count; i++) {
        Arena *arena = arena_create();
        Target *target = target_create(arena, cpus[i], diag_create(arena, sources_create(arena)));
        assert_non_null(target);
        Gen gen;
        ir_init(&gen, arena, target, "test");
        emit_rounding(&gen);
        ir_finish(&gen);
        void *library = load_module(&gen);
        Round *round;
        *(void **)&round = dlsym(library, "rounding");
        uint16_t found[NUMBERS];
        round((const float *)numbers, (uint32_t *)found);
        for (int k = 0; k < NUMBERS; k++)
            if (found[k] != rounded[k])
                fail_msg("%s: %08x becomes %04x, not %04x", cpus[i], numbers[k], found[k],
                         rounded[k]);
        ir_dispose(&gen);
        target_dispose(target);
        dlclose(library);
        arena_destroy(arena);
    }
}

// ---- Layers.

typedef struct Network {
    int rank;
    int64_t dims[2];
    int64_t first, second; // units; second 0: there is one layer
    int64_t rows;
    const char *recurrent; // a layer of loops; NULL: a dense one
} Network;

static Graph *make_network(Arena *arena, const Network *n) {
    Graph *graph = graph_create(weights_create(arena), "network", GRAPH_TRAIN, NULL);
    Node *x = add_input(graph, "x", type_make(DTYPE_F32, true, n->rank, n->dims));
    if (n->recurrent) {
        Args *args = graph_args(graph, n->recurrent);
        args_set_number(args, "units", (double)n->first);
        args_set_number(args, "return_sequences", 1);
        x = add_layer(graph, n->recurrent, x, args);
    } else {
        x = add_dense(graph, x, n->first);
        if (n->second) x = add_layer(graph, "tanh", x, NULL);
    }
    Node *y = n->second ? add_dense(graph, x, n->second) : x;
    vec_push(arena, &graph->outputs, y);
    add_target(graph, "t", y->type);
    return graph;
}

static void check_network(const Network *n, const char *cpu, int threads) {
    Arena *arena = arena_create();
    Graph *graph = make_network(arena, n);
    LossStep training = training_with(arena, "mse", "sgd", n->rows);
    training.in_bfloat16 = true;
    // What is rounded again may fall on the other side of a middle than in double precision.
    Setting setting = {.cpu = cpu,
                       .threads = threads,
                       .rows = n->rows,
                       .tolerance = n->second || n->recurrent ? 0.1 : 2e-4};
    if (getenv("NNC_TEST_VERBOSE"))
        fprintf(stderr, "%s, %d threads: %lld-%lld-%lld, %lld rows\n", cpu, threads,
                (long long)n->dims[n->rank - 1], (long long)n->first, (long long)n->second,
                (long long)n->rows);
    check_generated(arena, graph, &training, &setting);
    arena_destroy(arena);
}

// A convolution, and one behind it that is as wide; [height, width, channels].
typedef struct Picture {
    int64_t dims[3];
    int64_t filters, kernel, stride;
    bool is_same;
    int64_t second; // filters; 0: there is one layer
    int64_t rows;
} Picture;

static Node *add_named_convolution(Graph *graph, const char *name, Node *x, const Picture *p,
                                   int64_t filters, int64_t stride) {
    Args *args = graph_args(graph, name);
    double kernel = (double)p->kernel, step = (double)stride;
    args_set_number(args, "filters", (double)filters);
    args_set_numbers(args, graph->arena, "kernel", (double[]){kernel, kernel}, 2);
    args_set_numbers(args, graph->arena, "stride", (double[]){step, step}, 2);
    args_set_text(args, "padding", p->is_same ? "same" : "valid");
    return add_layer(graph, name, x, args);
}

static Node *add_convolution(Graph *graph, Node *x, const Picture *p, int64_t filters,
                             int64_t stride) {
    return add_named_convolution(graph, "conv2d", x, p, filters, stride);
}

static void check_against_reference(Arena *arena, Graph *graph, Node *y, const Setting *setting) {
    vec_push(arena, &graph->outputs, y);
    add_target(graph, "t", y->type);
    LossStep training = training_with(arena, "mse", "sgd", setting->rows);
    training.in_bfloat16 = true;
    check_generated(arena, graph, &training, setting);
}

static void check_picture(const Picture *p, const char *cpu, int threads) {
    Arena *arena = arena_create();
    Graph *graph = graph_create(weights_create(arena), "pictures", GRAPH_TRAIN, NULL);
    Node *x = add_input(graph, "x", type_make(DTYPE_F32, true, 3, p->dims));
    Node *y = add_convolution(graph, x, p, p->filters, p->stride);
    if (p->second) {
        y = add_layer(graph, "tanh", y, NULL);
        y = add_convolution(graph, y, p, p->second, p->stride);
    }
    Setting setting = {
        .cpu = cpu, .threads = threads, .rows = p->rows, .tolerance = p->second ? 0.1 : 5e-4};
    if (getenv("NNC_TEST_VERBOSE"))
        fprintf(stderr, "%s, %d threads: %lldx%lldx%lld, %lld and %lld filters of %lld\n", cpu,
                threads, (long long)p->dims[0], (long long)p->dims[1], (long long)p->dims[2],
                (long long)p->filters, (long long)p->second, (long long)p->kernel);
    check_against_reference(arena, graph, y, &setting);
    arena_destroy(arena);
}

static void convolutions_agree(void **state) {
    (void)state;
    static const Picture pictures[] = {
        {{6, 7, 16}, 16, 3, 1, false, 0, 3},   {{5, 5, 32}, 40, 3, 1, true, 0, 5},
        {{8, 8, 16}, 32, 3, 1, true, 16, 9},   {{7, 9, 20}, 17, 3, 1, true, 33, 4},
        {{9, 8, 16}, 16, 3, 2, true, 48, 5},   {{6, 6, 48}, 32, 1, 1, false, 16, 7},
        {{4, 30, 16}, 35, 5, 1, true, 0, 2},   {{3, 210, 16}, 16, 3, 1, true, 16, 2},
        {{9, 9, 16}, 64, 1, 2, false, 32, 17}, {{9, 8, 16}, 16, 3, 2, true, 0, 5},
        {{11, 10, 32}, 40, 5, 2, false, 0, 4}, {{7, 7, 48}, 32, 1, 2, false, 0, 6},
        {{8, 9, 16}, 16, 7, 1, true, 0, 3},    {{10, 10, 16}, 33, 3, 2, false, 0, 3},
        {{6, 7, 16}, 16, 2, 2, false, 0, 3},   {{7, 9, 21}, 17, 3, 1, true, 0, 3},
        {{1, 40, 16}, 18, 3, 1, true, 0, 3},   {{1, 2100, 16}, 16, 1, 1, false, 0, 2},
    };
    for (int i = 0; i < COUNT_OF(pictures); i++)
        for (int k = 0; k < cpu_count; k++)
            if (k == 0 || (i + k) % 3 == 0) check_picture(&pictures[i], cpus[k], 1 + (i + k) % 3);
}

// What comes back through a normalization is kept in bfloat16, where the gradients of the
// convolution before it alone read it: its data's and its kernel's, with strides and without.
static void normalized_convolutions_agree(void **state) {
    (void)state;
    static const Picture pictures[] = {
        {{8, 9, 16}, 16, 3, 1, true, 16, 9},
        {{9, 8, 16}, 34, 3, 2, true, 17, 5},
        {{6, 6, 32}, 32, 1, 2, false, 48, 7},
    };
    for (int i = 0; i < COUNT_OF(pictures); i++)
        for (int k = i % 2; k < cpu_count; k += 2) {
            Arena *arena = arena_create();
            Graph *graph = graph_create(weights_create(arena), "pictures", GRAPH_TRAIN, NULL);
            const Picture *p = &pictures[i];
            Node *y = add_input(graph, "x", type_make(DTYPE_F32, true, 3, p->dims));
            y = add_convolution(graph, y, p, p->filters, p->stride);
            y = add_layer(graph, "relu", add_layer(graph, "batch_norm", y, NULL), NULL);
            y = add_convolution(graph, y, p, p->second, 1);
            y = add_layer(graph, "batch_norm", y, NULL);
            Setting setting = {
                .cpu = cpus[k], .threads = 1 + k % 3, .rows = p->rows, .tolerance = 0.1};
            check_against_reference(arena, graph, y, &setting);
            arena_destroy(arena);
        }
}

// Between the places that a kernel of 1 with a stride of 2 sees are those whose gradient is zero: a
// kernel without lines, which is not that of the layer below, whatever else they have in common.
static void places_without_weights_agree(void **state) {
    (void)state;
    static const Picture picture = {.dims = {15, 8, 16}, .kernel = 1, .rows = 3};
    for (int k = 0; k < cpu_count && k < 2; k++) {
        Arena *arena = arena_create();
        Graph *graph = graph_create(weights_create(arena), "pictures", GRAPH_TRAIN, NULL);
        Node *y = add_input(graph, "x", type_make(DTYPE_F32, true, 3, picture.dims));
        y = add_convolution(graph, y, &picture, 48, 1);
        y = add_convolution(graph, y, &picture, 32, 1);
        y = add_convolution(graph, y, &picture, 32, 2);
        Setting setting = {.cpu = cpus[k], .threads = 1, .rows = picture.rows, .tolerance = 0.1};
        check_against_reference(arena, graph, y, &setting);
        arena_destroy(arena);
    }
}

// What a transposed convolution is made of is what gradients of others are.
static void transposed_convolutions_agree(void **state) {
    (void)state;
    static const Picture picture = {.dims = {5, 4, 32}, .kernel = 4, .is_same = true, .rows = 5};
    for (int k = 0; k < cpu_count && k < 2; k++) {
        Arena *arena = arena_create();
        Graph *graph = graph_create(weights_create(arena), "pictures", GRAPH_TRAIN, NULL);
        Node *y = add_input(graph, "x", type_make(DTYPE_F32, true, 3, picture.dims));
        y = add_named_convolution(graph, "conv2d_transpose", y, &picture, 33, 2);
        Setting setting = {.cpu = cpus[k], .threads = 2, .rows = picture.rows, .tolerance = 5e-4};
        check_against_reference(arena, graph, y, &setting);
        arena_destroy(arena);
    }
}

// A table that is multiplied either way.
static void check_table(int64_t rows, int64_t columns, const char *cpu, int threads,
                        double tolerance) {
    enum { STEPS = 5, SAMPLES = 27 };
    Arena *arena = arena_create();
    Graph *graph = graph_create(weights_create(arena), "network", GRAPH_TRAIN, NULL);
    int64_t wanted[] = {STEPS, columns};
    Node *x = add_input(graph, "x", type_make(DTYPE_F32, true, 2, wanted)), *mean;
    Node *table = add_table(graph, rows, columns, &mean);
    Node *y = graph_matmul(graph, graph_binary(graph, "add", x, mean), table, true);
    y = graph_matmul(graph, add_layer(graph, "tanh", y, NULL), table, false);
    vec_push(arena, &graph->outputs, y);
    add_target(graph, "t", y->type);
    LossStep training = training_with(arena, "mse", "sgd", SAMPLES);
    training.in_bfloat16 = true;
    Setting setting = {.cpu = cpu, .threads = threads, .rows = SAMPLES, .tolerance = tolerance};
    check_generated(arena, graph, &training, &setting);
    arena_destroy(arena);
}

// Rows of a table have no padding that a panel could read and write: 48 columns are whole panels of
// short vectors; where a panel has 32 they stay in float32, and so differ from the reference.
static void tables_agree(void **state) {
    (void)state;
    for (int k = 0; k < cpu_count; k++) {
        check_table(70, 64, cpus[k], 1 + k % 3, 0.1);
        check_table(37, 48, cpus[k], 2, 1); // the reference rounds
    }
}

static Node *add_square(Graph *body, const char *name, int64_t side) {
    Type type = type_make(DTYPE_F32, false, 2, (int64_t[]){side, side});
    ArgValue none = {0};
    return graph_parameter_node(
        body, weights_parameter(body->weights, NULL, name, type, &none, NULL, true));
}

// States of several rows, h = tanh(h U + x) V: what is multiplied by V is stacked for V's gradient,
// where the rows of a sample's step do not follow those of the sample before.
static void rows_in_loops_agree(void **state) {
    (void)state;
    enum { STEPS = 3, ROWS = 5, SIDE = 34, SAMPLES = 7 };
    for (int k = 0; k < cpu_count; k++) {
        Arena *arena = arena_create();
        Graph *graph = graph_create(weights_create(arena), "network", GRAPH_TRAIN, NULL);
        int64_t dims[] = {STEPS, ROWS, SIDE};
        Node *x = add_input(graph, "x", type_make(DTYPE_F32, true, 3, dims));
        ScanBuilder loop = scan_open(graph, STEPS, false);
        Graph *body = loop.scan->body;
        Node *h = scan_carry(&loop, graph_filled(graph, scan_step_type(&x->type), 0));
        Node *rows = graph_matmul(body, h, add_square(body, "u", SIDE), false);
        rows = graph_unary(body, "tanh", graph_add(body, rows, scan_sequence(&loop, x)));
        rows = graph_matmul(body, rows, add_square(body, "v", SIDE), false);
        scan_carry_on(&loop, 0, rows);
        Node *y = scan_final(graph, scan_close(&loop), 0);
        Setting setting = {.cpu = cpus[k], .threads = 1 + k % 3, .rows = SAMPLES, .tolerance = 0.1};
        check_against_reference(arena, graph, y, &setting);
        arena_destroy(arena);
    }
}

// Attention of so many heads and numbers of each over places of `width` numbers.
typedef struct Attention {
    int64_t places, width, heads, numbers;
    bool is_causal;
    int64_t rows;
} Attention;

static void check_attention(const Attention *a, const char *cpu, int threads) {
    Arena *arena = arena_create();
    Graph *graph = graph_create(weights_create(arena), "attention", GRAPH_TRAIN, NULL);
    Node *x =
        add_input(graph, "x", type_make(DTYPE_F32, true, 2, (int64_t[]){a->places, a->width}));
    Args *args = graph_args(graph, "multi_head_attention");
    args_set_number(args, "heads", (double)a->heads);
    args_set_number(args, "key", (double)a->numbers);
    args_set_number(args, "causal", a->is_causal);
    Node *y = add_layer(graph, "multi_head_attention", x, args);
    int rounded = 0;
    Setting setting = {.cpu = cpu,
                       .threads = threads,
                       .rows = a->rows,
                       .tolerance = 0.1,
                       .rounded_pairs = &rounded};
    check_against_reference(arena, graph, y, &setting);
    assert_int_equal(rounded, a->numbers < 32 ? 0 : 6); // scores, results, both gradients of each
    arena_destroy(arena);
}

// Below the diagonal and everywhere; sizes that are no whole squares; heads too small to be
// rounded.
static void attentions_agree(void **state) {
    (void)state;
    static const Attention attentions[] = {
        {32, 32, 1, 32, false, 3}, {64, 40, 2, 32, true, 4},  {37, 33, 2, 35, true, 3},
        {70, 16, 1, 48, true, 2},  {33, 20, 2, 65, false, 2}, {40, 16, 2, 16, true, 3},
    };
    for (int i = 0; i < COUNT_OF(attentions); i++)
        for (int k = 0; k < cpu_count; k++)
            if (k == 0 || (i + k) % 3 == 0) check_attention(&attentions[i], cpus[k], 1 + i % 3);
}

// Matrices as they lie, or turned: what follows what in memory differs.
static void matrices_agree(void **state) {
    (void)state;
    static const char *const equations[] = {"mk,kn->mn", "mk,nk->mn", "km,kn->mn", "km,nk->mn"};
    enum { SIDE = 37 };
    for (int i = 0; i < COUNT_OF(equations); i++)
        for (int k = 0; k < cpu_count; k++) {
            Arena *arena = arena_create();
            Graph *graph = graph_create(weights_create(arena), "matrices", GRAPH_TRAIN, NULL);
            Node *x = add_input(graph, "x", type_make(DTYPE_F32, true, 2, (int64_t[]){SIDE, 5}));
            Node *left = add_dense(graph, x, SIDE), *right = add_dense(graph, x, SIDE);
            Node *y = pairs_multiply(graph, left, right, equations[i], NULL);
            int rounded = 0;
            Setting setting = {.cpu = cpus[k],
                               .threads = 1 + k % 3,
                               .rows = 3,
                               .tolerance = 0.1,
                               .rounded_pairs = &rounded};
            check_against_reference(arena, graph, y, &setting);
            assert_int_equal(rounded, 3);
            arena_destroy(arena);
        }
}

static void layers_agree(void **state) {
    (void)state;
    static const Network networks[] = {
        {1, {32}, 32, 32, 1, NULL},       {1, {33}, 47, 35, 17, NULL},
        {1, {64}, 96, 64, 33, NULL},      {1, {40}, 65, 100, 70, NULL},
        {1, {300}, 33, 129, 16, NULL},    {2, {7, 35}, 50, 34, 9, NULL},
        {2, {40, 33}, 48, 40, 70, NULL},  {2, {5, 36}, 40, 33, 21, "gru"},
        {2, {3, 64}, 32, 64, 48, "gru"},  {2, {4, 36}, 34, 33, 21, "lstm"},
        {2, {3, 64}, 33, 64, 18, "lstm"}, {2, {5, 35}, 64, 34, 40, "lstm"},
    };
    for (int i = 0; i < COUNT_OF(networks); i++)
        for (int k = 0; k < cpu_count; k++)
            if (k == 0 || (i + k) % 3 == 0) check_network(&networks[i], cpus[k], 1 + i % 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(rounds_to_even),
                                       cmocka_unit_test(layers_agree),
                                       cmocka_unit_test(convolutions_agree),
                                       cmocka_unit_test(normalized_convolutions_agree),
                                       cmocka_unit_test(places_without_weights_agree),
                                       cmocka_unit_test(transposed_convolutions_agree),
                                       cmocka_unit_test(tables_agree),
                                       cmocka_unit_test(rows_in_loops_agree),
                                       cmocka_unit_test(attentions_agree),
                                       cmocka_unit_test(matrices_agree)};
    return cmocka_run_group_tests(tests, find_all, NULL);
}
