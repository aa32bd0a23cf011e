// Products in int8 on every kind of processor that this one can be, against the reference
// evaluator, whose sums of whole numbers are exact: the same bits for every unit, size and number
// of workers, for one sample as for a batch. An edge that is not padded, a number at another place
// of a word, a sum that saturates, zero points that are forgotten in the padding, or a worker's
// panel that another one fills would break them.
#include "../../compiler/gen/product/int8/int8.h"
#include "../../runtime/base/numbers/quantize.h"
#include "../common/cpus.h"
#include "../common/generated.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof *(array)))

// Tiles, VNNI with each length of vectors, widening with each; those that this machine has.
static const TestCpu all_cpus[] = {{"sapphirerapids", "amx-int8"}, {"cascadelake", "avx512vnni"},
                                   {"alderlake", "avxvnni"},       {"x86-64-v4", "avx512vl"},
                                   {"x86-64-v3", "avx2"},          {"x86-64", "sse2"}};

static int find_all(void **state) {
    (void)state;
    find_cpus(all_cpus, COUNT_OF(all_cpus));
    return 0;
}

// ---- Numbers.

enum { NUMBERS = 128 };

typedef void Quantize(const float *numbers, const int32_t *head, uint32_t *words);

// Quantizes all numbers, a vector's words at a time.
static void emit_quantizing(Gen *gen) {
    int step = gen->target->machine.lanes * machine_int8_numbers(&gen->target->machine);
    LlvmType types[] = {gen->pointer, gen->pointer, gen->pointer};
    Value function = ir_function(gen, "quantizing", LLVMFunctionType(gen->void_type, types, 3, 0));
    LLVMSetLinkage(function, LLVMExternalLinkage);
    Type weights = type_make(DTYPE_F32, false, 2, (int64_t[]){32, 32});
    Int8Weights w = int8_weights(gen, &weights, LLVMGetParam(function, 1));
    for (int i = 0; i < NUMBERS; i += step) {
        Value from = ir_offset(gen, gen->f32, LLVMGetParam(function, 0), ir_int(gen, i));
        Value to = ir_offset(gen, gen->i8, LLVMGetParam(function, 2),
                             ir_int(gen, (int64_t)i * int8_bytes(gen)));
        ir_store(gen, int8_words(gen, &w, from, step), to);
    }
    LLVMBuildRetVoid(gen->builder);
}

static void check_numbers(Quantize *quantize, int bytes, const float range[2],
                          const float *numbers) {
    nnrt_quantizer quantizer = nnrt_quantizer_of(range);
    union {
        int32_t whole[NNRT_INT8_HEAD];
        float numbers[NNRT_INT8_HEAD];
    } head = {{0}};
    uint8_t words[2 * NUMBERS];
    head.numbers[NNRT_INT8_INVERSE] = quantizer.inverse;
    head.numbers[NNRT_INT8_LOW] = (float)-quantizer.zero;
    head.numbers[NNRT_INT8_HIGH] = (float)(255 - quantizer.zero);
    head.whole[NNRT_INT8_ZERO] = quantizer.zero;
    quantize(numbers, head.whole, (uint32_t *)(void *)words);
    for (int i = 0; i < NUMBERS; i++) {
        int wanted = nnrt_quantize(&quantizer, numbers[i]);
        assert_in_range(wanted, 0, 255);
        if (words[i * bytes] != wanted || (bytes == 2 && words[2 * i + 1]))
            fail_msg("%g in %g .. %g becomes %d, not %d", (double)numbers[i], (double)range[0],
                     (double)range[1], words[i * bytes], wanted);
    }
}

static void numbers_are_quantized(void **state) {
    (void)state;
    static const float ranges[][2] = {{0, 255},     {-1, 1},        {0, 6.1f}, {-128, 127},
                                      {-3e-3f, 7},  {0.5f, 2},      {0, 0},    {-1e30f, 1e30f},
                                      {-1e-38f, 0}, {-0.37f, -0.1f}};
    for (int i = 0; i < cpu_count; i++) {
        Arena *arena = arena_create();
        Target *target = target_create(arena, cpus[i], diag_create(arena, sources_create(arena)));
        Gen gen;
        ir_init(&gen, arena, target, "test");
        int bytes = int8_bytes(&gen);
        emit_quantizing(&gen);
        ir_finish(&gen);
        void *library = load_module(&gen);
        Quantize *quantize;
        *(void **)&quantize = dlsym(library, "quantizing");
        for (int k = 0; k < COUNT_OF(ranges); k++) {
            float numbers[NUMBERS] = {NAN,   INFINITY, -INFINITY, 3e38f,  -3e38f, 0,
                                      -0.0f, 0.5f,     1.5f,      254.5f, 255.5f, -127.5f};
            for (int n = 12; n < NUMBERS; n++)
                numbers[n] = (float)draw_uniform(-1.2, 1.2) * (ranges[k][1] - ranges[k][0] + 1);
            check_numbers(quantize, bytes, ranges[k], numbers);
        }
        ir_dispose(&gen);
        target_dispose(target);
        dlclose(library);
        arena_destroy(arena);
    }
}

// Zero is a whole number in every range, and ends are met.
static void ranges_have_zero(void **state) {
    (void)state;
    static const float ranges[][2] = {{0, 1}, {-1, 0},         {-0.3f, 0.9f}, {-5, 1e-3f},
                                      {2, 3}, {-3e38f, 3e38f}, {-1e-30f, 0}};
    for (int i = 0; i < COUNT_OF(ranges); i++) {
        nnrt_quantizer quantizer = nnrt_quantizer_of(ranges[i]);
        assert_int_equal(nnrt_quantize(&quantizer, 0), quantizer.zero);
        float high = ranges[i][1] > 0 ? ranges[i][1] : 0;
        int end = nnrt_quantize(&quantizer, high);
        assert_true(fabsf((float)(end - quantizer.zero) * quantizer.scale - high) <=
                    0.51f * quantizer.scale);
    }
}

// ---- Layers.

typedef struct Prediction {
    Graph *graph;
    Schedule *schedule;
    nnrt_step *step;
} Prediction;

static Prediction lower_prediction(Graph *forward, Arena *arena, const LossStep *training,
                                   const MeasuredOperands *operands) {
    Prediction p = {lower(forward, arena, training, GRAPH_PREDICT), NULL, NULL};
    pass_quantize_products(p.graph, operands);
    p.graph->repeats = true;
    return p;
}

static void schedule_prediction(Prediction *p, Arena *arena, const Layout *layout, int64_t batch) {
    pass_load_inputs(p->graph, layout);
    pass_lay_out_weights(p->graph, layout, batch ? batch : 1);
    p->schedule = batch ? pass_fuse(p->graph, arena, layout, batch)
                        : pass_fuse_single(p->graph, arena, layout);
    pass_schedule(p->schedule);
    schedule_verify(p->schedule);
    pass_windows(p->schedule, batch ? next_window() : 0);
    pass_plan(p->schedule, arena);
    assert_true(schedule_is_in_int8(p->schedule));
    assert_true(schedule_has_once(p->schedule));
}

// Runs it without samples, then with `rows`; the outputs have the reference's bits.
static void run_prediction(Machine *machine, const Prediction *p, const EvalTensor *wanted,
                           int threads, int64_t rows) {
    const Buffer *buffer = &p->schedule->buffers[schedule_source(p->graph->outputs.items[0])->id];
    float *block = aligned_floats(p->schedule->arena_size);
    double loss;
    machine->context.arena = block;
    machine->context.loss = &loss;
    machine->step = p->step;
    machine->context.rows = 0;
    nnrt_team_run(machine->team, threads, run_worker, machine);
    machine->context.rows = rows;
    nnrt_team_run(machine->team, threads, run_worker, machine);
    for (int64_t i = 0; i < rows * wanted->size; i++) {
        float got = block[buffer->offset + i / wanted->size * buffer->stride + i % wanted->size];
        if (got != (float)wanted->data[i])
            fail_msg("output[%lld] of %lld rows: generated %.9g, evaluated %.9g", (long long)i,
                     (long long)rows, (double)got, wanted->data[i]);
    }
    free(block);
}

static void emit_predictions(Arena *arena, const Target *target, const Layout *layout, Code *code,
                             Prediction *both) {
    static const char *const names[] = {"step_batch", "step_one"};
    Gen gen;
    ir_init(&gen, arena, target, "test");
    gen.layout = layout;
    for (int i = 0; i < 2; i++)
        LLVMSetLinkage(step_emit(&gen, both[i].schedule, names[i]), LLVMExternalLinkage);
    ir_finish(&gen);
    code->scratch_size = gen.scratch_size;
    code->library = load_module(&gen);
    ir_dispose(&gen);
    for (int i = 0; i < 2; i++) *(void **)&both[i].step = dlsym(code->library, names[i]);
}

static float *draw_ranges(Arena *arena, const Weights *weights) {
    float *ranges = ARENA_ARRAY(arena, float, 2 * weights->parameters.count + 2);
    for (int i = 0; i < weights->parameters.count; i++) {
        ranges[2 * i] = draw() % 3 ? -(float)draw_uniform(0, 1.1) : 0;
        ranges[2 * i + 1] = (float)draw_uniform(0.5, 1.1);
    }
    return ranges;
}

static void check_layer(Arena *arena, Graph *forward, const char *cpu, int threads, int64_t rows) {
    choose_effort();
    Target *target = target_create(arena, cpu, diag_create(arena, sources_create(arena)));
    LossStep training = training_with(arena, "mse", "sgd", rows);
    MeasuredOperands operands = {{0}};
    pass_measure_operands(lower(forward, arena, &training, GRAPH_PREDICT), &operands, arena);
    assert_int_not_equal(operands.items.count, 0);
    Prediction both[] = {lower_prediction(forward, arena, &training, &operands),
                         lower_prediction(forward, arena, &training, &operands)};
    Prediction reference = lower_prediction(forward, arena, &training, &operands);
    Graph *graphs[] = {both[0].graph, both[1].graph};
    Code code = {.layout = pass_layout(forward->weights, graphs, 2, arena, &target->machine,
                                       CONTRACTION_AUTO, rows)};
    schedule_prediction(&both[0], arena, code.layout, rows);
    schedule_prediction(&both[1], arena, code.layout, 0);
    emit_predictions(arena, target, code.layout, &code, both);
    Setting setting = {.rows = rows};
    uint32_t *index = ARENA_ARRAY(arena, uint32_t, MAX_ROWS);
    for (int i = 0; i < MAX_ROWS; i++) index[i] = draw() % DATA_ROWS;
    float *ranges = draw_ranges(arena, forward->weights);
    EvalBindings bindings = {.context = {.rows = rows, .ranges = ranges}};
    Machine machine = {.team = nnrt_team_create(threads)};
    machine.context = (nnrt_context){.index = index, .team = machine.team, .ranges = ranges};
    bindings.inputs = make_columns(arena, &reference.graph->inputs, &setting, index, false,
                                   machine.context.columns);
    set_weights(arena, &code, reference.graph, &bindings, &machine);
    float *scratch = aligned_floats(code.scratch_size * threads);
    machine.context.scratch = scratch;
    machine.context.weights = machine.weights;
    EvalTensor wanted;
    graph_evaluate(reference.graph, arena, &bindings, reference.graph->outputs.items, 1, &wanted,
                   false);
    run_prediction(&machine, &both[0], &wanted, threads, rows);
    run_prediction(&machine, &both[1], &wanted, threads, 1);
    nnrt_team_free(machine.team);
    free(machine.weights);
    free(scratch);
    dlclose(code.library);
    target_dispose(target);
}

typedef struct Dense {
    int rank;
    int64_t dims[2];
    int64_t units, rows;
} Dense;

static void rows_agree(void **state) {
    (void)state;
    static const Dense layers[] = {{1, {32}, 32, 1},      {1, {33}, 47, 17},  {1, {64}, 96, 33},
                                   {1, {130}, 65, 70},    {1, {300}, 33, 16}, {2, {7, 35}, 50, 9},
                                   {2, {40, 66}, 48, 35}, {1, {1000}, 200, 5}};
    for (int i = 0; i < COUNT_OF(layers); i++)
        for (int k = 0; k < cpu_count; k++) {
            const Dense *d = &layers[i];
            if (k > 1 && (i + k) % 2) continue;
            Arena *arena = arena_create();
            Graph *graph = graph_create(weights_create(arena), "rows", GRAPH_TRAIN, NULL);
            Node *x = add_input(graph, "x", type_make(DTYPE_F32, true, d->rank, d->dims));
            Args *args = graph_args(graph, "dense");
            args_set_number(args, "units", (double)d->units);
            args_set_number(args, "bias", 0);
            vec_push(arena, &graph->outputs, add_layer(graph, "dense", x, args));
            check_layer(arena, graph, cpus[k], 1 + (i + k) % 3, d->rows);
            arena_destroy(arena);
        }
}

// [height, width, channels]
typedef struct Picture {
    int64_t dims[3];
    int64_t filters, kernel, stride;
    bool is_same;
    int64_t rows;
} Picture;

static void convolutions_agree(void **state) {
    (void)state;
    static const Picture pictures[] = {
        {{6, 7, 16}, 16, 3, 1, false, 3},  {{5, 5, 32}, 40, 3, 1, true, 5},
        {{8, 8, 16}, 32, 3, 1, true, 9},   {{7, 9, 20}, 17, 3, 1, true, 4},
        {{9, 8, 16}, 16, 3, 2, true, 5},   {{6, 6, 48}, 32, 1, 1, false, 7},
        {{4, 30, 16}, 35, 5, 1, true, 2},  {{3, 210, 16}, 16, 3, 1, true, 2},
        {{9, 9, 16}, 64, 1, 2, false, 17}, {{10, 5, 6}, 70, 3, 1, true, 6},
    };
    for (int i = 0; i < COUNT_OF(pictures); i++)
        for (int k = 0; k < cpu_count; k++) {
            const Picture *p = &pictures[i];
            double kernel = (double)p->kernel, stride = (double)p->stride;
            if (k > 1 && (i + k) % 2) continue;
            Arena *arena = arena_create();
            Graph *graph = graph_create(weights_create(arena), "pictures", GRAPH_TRAIN, NULL);
            Node *x = add_input(graph, "x", type_make(DTYPE_F32, true, 3, p->dims));
            Args *args = graph_args(graph, "conv2d");
            args_set_number(args, "filters", (double)p->filters);
            args_set_number(args, "bias", 0);
            args_set_numbers(args, arena, "kernel", (double[]){kernel, kernel}, 2);
            args_set_numbers(args, arena, "stride", (double[]){stride, stride}, 2);
            args_set_text(args, "padding", p->is_same ? "same" : "valid");
            vec_push(arena, &graph->outputs, add_layer(graph, "conv2d", x, args));
            check_layer(arena, graph, cpus[k], 1 + (i + k) % 3, p->rows);
            arena_destroy(arena);
        }
}

// What is not worth it, or whose sums might overflow, stays in float32.
static void others_stay(void **state) {
    (void)state;
    static const int64_t sizes[][2] = {{31, 64}, {64, 31}, {70000, 32}};
    for (int i = 0; i < COUNT_OF(sizes); i++) {
        Arena *arena = arena_create();
        Graph *graph = graph_create(weights_create(arena), "others", GRAPH_TRAIN, NULL);
        Node *x = add_input(graph, "x", type_make(DTYPE_F32, true, 1, &sizes[i][0]));
        vec_push(arena, &graph->outputs, add_dense(graph, x, sizes[i][1]));
        LossStep training = training_with(arena, "mse", "sgd", 4);
        MeasuredOperands operands = {{0}};
        pass_measure_operands(lower(graph, arena, &training, GRAPH_PREDICT), &operands, arena);
        assert_int_equal(operands.items.count, 0);
        arena_destroy(arena);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_quantized), cmocka_unit_test(ranges_have_zero),
        cmocka_unit_test(rows_agree), cmocka_unit_test(convolutions_agree),
        cmocka_unit_test(others_stay)};
    return cmocka_run_group_tests(tests, find_all, NULL);
}
