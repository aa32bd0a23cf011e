// Generated code against the reference evaluator: random dense networks, data types, batch sizes
// and optimizers are compiled for several processors and run in this process; predictions, the loss
// and every weight after a training step must agree. A kernel that misses a tail, reads a wrong
// stride or lets padding leak, a group fused in the wrong order or a barrier that is missing breaks
// it.
#include "../../compiler/gen/emit.h"
#include "../../runtime/team.h"

#include <dlfcn.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { MAX_ROWS = 70, MAX_LAYERS = 4 };

typedef struct Net {
    Dtype dtype;
    int64_t width;
    int layers;
    int64_t units[MAX_LAYERS];
    const char *activations[MAX_LAYERS];
    double dropout;
    const char *loss, *optimizer, *option;
    double option_value;
    int64_t batch, rows;
    bool one_hot; // the target
} Net;

static uint64_t random_state = 1;

static uint32_t draw(void) {
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random_state >> 33);
}

static double draw_uniform(double low, double high) {
    return low + (high - low) * (draw() & 0xffffff) / 16777216.0;
}

// ---- Building.

static Node *add_layer(Graph *graph, const char *op, Node *x, Args *args) {
    graph->current_layer = graph_layer(graph, op, NULL, (Span){0});
    Node *node = graph_call(graph, op, &x, 1, args);
    graph->current_layer = NULL;
    return node;
}

static Graph *build(Arena *arena, const Net *net) {
    Graph *graph = graph_create(arena, "net", GRAPH_TRAIN, NULL);
    Node *x = graph_input(graph, "x", type_make(net->dtype, true, 1, &net->width));
    vec_push(arena, &graph->inputs, x);
    if (net->dtype == DTYPE_U8) x = graph_scale(graph, x, 1.0 / 255);
    for (int i = 0; i < net->layers; i++) {
        Args *args = graph_args(graph, "dense");
        args_set_number(args, "units", (double)net->units[i]);
        x = add_layer(graph, "dense", x, args);
        if (net->activations[i]) x = add_layer(graph, net->activations[i], x, NULL);
        if (net->dropout > 0 && i + 1 < net->layers) {
            args = graph_args(graph, "dropout");
            args_set_number(args, "rate", net->dropout);
            x = add_layer(graph, "dropout", x, args);
        }
    }
    int64_t units = net->units[net->layers - 1];
    Type label =
        net->one_hot ? type_make(DTYPE_F32, true, 1, &units) : type_make(DTYPE_I32, true, 0, NULL);
    Node *target = graph_input(graph, "y", label);
    vec_push(arena, &graph->targets, target);
    vec_push(arena, &graph->outputs, x);
    return graph;
}

// ---- Compiling and loading.

typedef struct Code {
    Layout *layout;
    Schedule *schedule[3]; // by GraphMode
    nnrt_step *step[3];
    void *library;
} Code;

static Graph *lower(Graph *forward, Arena *arena, const Training *training, GraphMode mode) {
    Graph *graph = graph_clone(forward, arena, mode);
    graph->sink = NULL;
    if (mode != GRAPH_PREDICT) pass_attach_loss(graph, training);
    pass_expand(graph);
    pass_simplify(graph);
    if (mode == GRAPH_TRAIN) {
        pass_update(graph, training);
        pass_expand(graph);
        pass_simplify(graph);
    }
    graph_verify(graph, "lowering");
    return graph;
}

static void emit_library(Arena *arena, const Target *target, Code *code) {
    static const char *const names[] = {"step_train", "step_evaluate", "step_predict"};
    static int number;
    char base[64], command[300], object[80];
    snprintf(base, sizeof base, "/tmp/test_generate.%d.%d", (int)getpid(), number++);
    snprintf(object, sizeof object, "%s.o", base);
    Gen gen;
    ir_init(&gen, arena, target, "test");
    gen.layout = code->layout;
    for (int mode = 0; mode < 3; mode++)
        LLVMSetLinkage(step_emit(&gen, code->schedule[mode], names[mode]), LLVMExternalLinkage);
    object_optimize(&gen);
    char *error = NULL;
    assert_false(
        LLVMTargetMachineEmitToFile(target->handle, gen.module, object, LLVMObjectFile, &error));
    LLVMDisposeMessage(error);
    ir_dispose(&gen);
    snprintf(command, sizeof command, "cc -shared -o %s.so %s", base, object);
    assert_int_equal(system(command), 0);
    snprintf(command, sizeof command, "%s.so", base);
    code->library = dlopen(command, RTLD_NOW);
    if (!code->library) fail_msg("%s", dlerror());
    for (int mode = 0; mode < 3; mode++)
        *(void **)&code->step[mode] = dlsym(code->library, names[mode]);
    unlink(command);
    unlink(object);
}

static Code compile(Arena *arena, Graph *forward, const Training *training, const Target *target,
                    ContractionChoice contraction, Graph *graphs[3]) {
    Code code = {0};
    Graph *predict = lower(forward, arena, training, GRAPH_PREDICT);
    code.layout = pass_layout(predict, arena, &target->machine, contraction, training->batch);
    for (int mode = 0; mode < 3; mode++) {
        graphs[mode] = lower(forward, arena, training, (GraphMode)mode);
        Graph *own = lower(forward, arena, training, (GraphMode)mode);
        if (mode == GRAPH_TRAIN) layout_slots(code.layout, own, arena);
        pass_load_inputs(own, code.layout);
        code.schedule[mode] = pass_fuse(own, arena, code.layout, training->batch);
        pass_schedule(code.schedule[mode]);
        pass_plan(code.schedule[mode], arena);
        if (getenv("NNC_TEST_VERBOSE")) {
            Text text = text_create(arena);
            graph_print(&text, own);
            schedule_print_groups(&text, code.schedule[mode]);
            fputs(text.data, stderr);
        }
    }
    emit_library(arena, target, &code);
    return code;
}

// ---- Data on both sides.

typedef struct Data {
    int64_t count, width, target_width;
    uint8_t *bytes;
    float *floats, *one_hot;
    int32_t *labels;
    uint32_t *index;
} Data;

static Data make_data(Arena *arena, const Net *net) {
    int64_t units = net->units[net->layers - 1];
    Data data = {.count = MAX_ROWS + 10, .width = net->width, .target_width = units};
    data.bytes = ARENA_ARRAY(arena, uint8_t, data.count * net->width + 64);
    data.floats = ARENA_ARRAY(arena, float, data.count * net->width + 64);
    data.labels = ARENA_ARRAY(arena, int32_t, data.count + 16);
    data.one_hot = ARENA_ARRAY(arena, float, data.count *units + 64);
    data.index = ARENA_ARRAY(arena, uint32_t, MAX_ROWS);
    for (int64_t i = 0; i < data.count * net->width; i++) {
        data.bytes[i] = (uint8_t)draw();
        data.floats[i] = (float)draw_uniform(-1, 1);
    }
    for (int64_t i = 0; i < data.count; i++) data.labels[i] = (int32_t)(draw() % units);
    bool real = strcmp(net->loss, "mse") == 0 || strcmp(net->loss, "mae") == 0 ||
                strcmp(net->loss, "huber") == 0 || strcmp(net->loss, "log_cosh") == 0;
    for (int64_t i = 0; i < data.count * units; i++)
        data.one_hot[i] = real ? (float)draw_uniform(-1, 1) : (float)(draw() % 2);
    for (int i = 0; i < MAX_ROWS; i++) data.index[i] = draw() % (uint32_t)data.count;
    return data;
}

static EvalTensor tensor(Arena *arena, int64_t rows, int64_t size) {
    return (EvalTensor){ARENA_ARRAY(arena, double, rows *size + 1), rows, size};
}

static EvalBindings bind_data(Arena *arena, const Net *net, const Data *data) {
    EvalTensor *x = ARENA_NEW(arena, EvalTensor), *y = ARENA_NEW(arena, EvalTensor);
    *x = tensor(arena, net->rows, data->width);
    *y = tensor(arena, net->rows, net->one_hot ? data->target_width : 1);
    for (int64_t r = 0; r < net->rows; r++) {
        int64_t row = data->index[r];
        for (int64_t i = 0; i < data->width; i++)
            x->data[r * data->width + i] = net->dtype == DTYPE_U8
                                               ? data->bytes[row * data->width + i]
                                               : data->floats[row * data->width + i];
        for (int64_t i = 0; i < y->size; i++)
            y->data[r * y->size + i] =
                net->one_hot ? data->one_hot[row * y->size + i] : data->labels[row];
    }
    return (EvalBindings){.inputs = x, .targets = y};
}

static int64_t place_of(const ParameterLayout *layout, int64_t element) {
    const nnrt_storage *s = &layout->storage;
    int64_t r = element / layout->columns, c = element % layout->columns;
    return s->offset + c / s->panel * s->panel_stride + r * s->row_stride +
           c % s->panel * s->column_stride;
}

// ---- Running and comparing.

typedef struct Machine {
    float *weights, *slots, *arena;
    nnrt_team *team;
    nnrt_step *step;
    nnrt_context context;
} Machine;

static void run_worker(void *argument, int thread, int threads) {
    Machine *machine = argument;
    nnrt_context context = machine->context;
    context.thread = thread;
    context.threads = threads;
    machine->step(&context);
}

static float *aligned(int64_t floats) {
    size_t bytes = (size_t)(floats + 64) / 16 * 16 * sizeof(float) + 64;
    float *block = aligned_alloc(64, bytes);
    memset(block, 0, bytes);
    return block;
}

static void close_to(double got, double wanted, double scale, const char *what, int64_t at) {
    double error = fabs(got - wanted) / (fabs(wanted) + scale);
    if (error < 2e-4) return;
    fail_msg("%s[%lld]: generated %.9g, evaluated %.9g", what, (long long)at, got, wanted);
}

static void compare_outputs(const Code *code, GraphMode mode, const Machine *machine,
                            const EvalTensor *wanted, int64_t rows) {
    const Schedule *schedule = code->schedule[mode];
    const Node *output = schedule_source(schedule->graph->outputs.items[0]);
    const Buffer *buffer = &schedule->buffers[output->id];
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < wanted->size; i++)
            close_to(machine->arena[buffer->offset + r * buffer->stride + i],
                     wanted->data[r * wanted->size + i], 1e-2, "output", r * wanted->size + i);
}

static void run_mode(Arena *arena, const Net *net, const Code *code, Graph *graphs[3],
                     GraphMode mode, Machine *machine, EvalBindings bindings, int threads) {
    const Schedule *schedule = code->schedule[mode];
    double loss = NAN;
    machine->arena = aligned(schedule->arena_size);
    machine->context.arena = machine->arena;
    machine->context.loss = &loss;
    machine->step = code->step[mode];
    nnrt_team_run(machine->team, threads, run_worker, machine);
    const Graph *graph = graphs[mode];
    Node *wanted[] = {graph->outputs.items[0], graph->loss};
    EvalTensor results[2];
    int count = graph->loss ? 2 : 1;
    graph_evaluate(graph, arena, &bindings, wanted, count, results, mode == GRAPH_TRAIN);
    if (mode != GRAPH_TRAIN || !net->dropout)
        compare_outputs(code, mode, machine, &results[0], net->rows);
    if (graph->loss) close_to(loss, results[1].data[0], 1e-3, "loss", 0);
    free(machine->arena);
}

static void check_net(const Net *net, const char *cpu, ContractionChoice contraction, int threads) {
    Arena *arena = arena_create();
    DiagSink *sink = diag_create(arena, sources_create(arena));
    Target *target = target_create(arena, cpu, sink);
    assert_non_null(target);
    Training training = {.batch = net->batch, .loss = op_find(net->loss)};
    training.loss_args = args_default(arena, &training.loss->schema);
    training.optimizer = optimizer_find(net->optimizer);
    Args *optimizer = args_default(arena, &training.optimizer->schema);
    if (net->option) args_set_number(optimizer, net->option, net->option_value);
    training.optimizer_args = optimizer;
    Graph *graphs[3], *forward = build(arena, net);
    Code code = compile(arena, forward, &training, target, contraction, graphs);
    Data data = make_data(arena, net);
    Machine machine = {.weights = aligned(code.layout->weights_size),
                       .slots = aligned(code.layout->slots_size),
                       .team = nnrt_team_create(threads)};
    memset(machine.weights, 0, sizeof(float) * (size_t)code.layout->weights_size);
    const Graph *train = graphs[GRAPH_TRAIN];
    EvalBindings bindings = bind_data(arena, net, &data);
    bindings.parameters = ARENA_ARRAY(arena, EvalTensor, train->parameters.count);
    for (int i = 0; i < train->parameters.count; i++) {
        const ParameterLayout *layout = &code.layout->parameters[i];
        bindings.parameters[i] = tensor(arena, 1, layout->rows * layout->columns);
        double limit = sqrt(3.0 / (double)layout->rows);
        for (int64_t e = 0; e < layout->rows * layout->columns; e++) {
            float value = (float)draw_uniform(-limit, limit);
            bindings.parameters[i].data[e] = value;
            machine.weights[place_of(layout, e)] = value;
        }
    }
    bindings.slots = ARENA_ARRAY(arena, EvalTensor, train->slots.count + 1);
    for (int i = 0; i < train->slots.count; i++) {
        const Slot *slot = train->slots.items[i];
        int64_t size = type_elements(&slot->type);
        int64_t stored =
            slot->parameter ? code.layout->parameters[slot->parameter->index].storage.size : 16;
        bindings.slots[i] = tensor(arena, 1, size);
        for (int64_t e = 0; e < size; e++) bindings.slots[i].data[e] = slot->initial;
        for (int64_t e = 0; e < stored; e++)
            machine.slots[code.layout->slot_offsets[i] + e] = (float)slot->initial;
    }
    bindings.context = (EvalContext){
        .rows = net->rows, .seed = 0x123456789abcdefu, .step = 3, .learning_rate = 0.05};
    machine.context =
        (nnrt_context){.weights = machine.weights,
                       .slots = machine.slots,
                       .columns = {net->dtype == DTYPE_U8 ? (void *)data.bytes : data.floats,
                                   net->one_hot ? (void *)data.one_hot : data.labels},
                       .index = data.index,
                       .rows = net->rows,
                       .key = bindings.context.seed,
                       .learning_rate = 0.05,
                       .step = 3,
                       .team = machine.team};
    run_mode(arena, net, &code, graphs, GRAPH_PREDICT, &machine, bindings, threads);
    run_mode(arena, net, &code, graphs, GRAPH_EVALUATE, &machine, bindings, threads);
    run_mode(arena, net, &code, graphs, GRAPH_TRAIN, &machine, bindings, threads);
    for (int i = 0; i < train->parameters.count; i++) {
        const ParameterLayout *layout = &code.layout->parameters[i];
        for (int64_t e = 0; e < layout->rows * layout->columns; e++)
            close_to(machine.weights[place_of(layout, e)], bindings.parameters[i].data[e], 0.5,
                     train->parameters.items[i]->name, e);
    }
    // Padding stays zero, or sums over the storage would be wrong.
    for (int64_t i = 0; i < code.layout->weights_size; i++)
        if (isnan(machine.weights[i])) fail_msg("weights[%lld] is not a number", (long long)i);
    nnrt_team_free(machine.team);
    free(machine.weights);
    free(machine.slots);
    dlclose(code.library);
    target_dispose(target);
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

static void softmax_over_many_classes(void **state) {
    (void)state;
    Net net = wide;
    net.units[2] = 301;
    check_net(&net, "native", CONTRACTION_OWN, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(book_networks),
        cmocka_unit_test(clipping),
        cmocka_unit_test(softmax_over_many_classes),
        cmocka_unit_test(random_nets_native),
        cmocka_unit_test(random_nets_avx2),
        cmocka_unit_test(random_nets_plain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
