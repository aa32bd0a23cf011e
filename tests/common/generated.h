// Generated code against the reference evaluator: a graph is compiled to a library for a processor,
// loaded, and run on random data by several workers; outputs, the loss, every weight and every slot
// after a training step must agree with the evaluator's.
#ifndef NNC_TESTS_GENERATED_H
#define NNC_TESTS_GENERATED_H

#include "../../compiler/gen/emit.h"
#include "../../compiler/pass/verify.h"
#include "../../runtime/workers/team.h"
#include "loss_step.h"

#include <dlfcn.h>
#include <libgen.h>
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

// How a graph is compiled and run.
typedef struct Setting {
    const char *cpu;
    ContractionChoice contraction;
    int threads;
    int64_t rows;        // of this batch; training->batch at most
    int64_t classes;     // labels are below
    bool binary_targets; // float targets are 0 or 1, else in -1 .. 1
    bool random;         // the training graph draws numbers: its output is not compared
    double center;       // float inputs are between center - 1 and center + 1
    bool constant;       // no: they are all near center
    double tolerance;    // 0: 2e-4
    int *rounded_pairs;  // out: products of two values in bfloat16; NULL: nobody asks
} Setting;

static uint64_t random_state = 1;

static inline uint32_t draw(void) {
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random_state >> 33);
}

static inline double draw_uniform(double low, double high) {
    return low + (high - low) * (draw() & 0xffffff) / 16777216.0;
}

// ---- Compiling and loading.

typedef struct Code {
    Layout *layout;
    Graph *graphs[3];      // by GraphMode: as the evaluator takes them
    Schedule *schedule[3]; // by GraphMode
    nnrt_step *step[3];
    Graph *single_graph;
    Schedule *single; // of one sample, which the workers divide
    nnrt_step *single_step;
    void *library;
    bool needs_blas;
    int64_t scratch_size; // of a worker
} Code;

// `with_tables`: those of small tables, too, are multiplied before rows are taken.
static inline Graph *lower_so(Graph *forward, Arena *arena, const LossStep *training,
                              GraphMode mode, bool with_tables) {
    Graph *graph = graph_clone(forward, arena, mode);
    graph->sink = NULL;
    if (mode != GRAPH_PREDICT) attach_loss(graph, training);
    pass_expand(graph);
    pass_simplify(graph);
    if (with_tables) pass_multiply_tables(graph, training->batch, 1);
    if (training->in_bfloat16) pass_round_products(graph);
    if (mode == GRAPH_TRAIN) {
        pass_update(graph, &training->step);
        pass_expand(graph);
        pass_simplify(graph);
    }
    graph_verify(graph, "lowering");
    return graph;
}

static inline Graph *lower(Graph *forward, Arena *arena, const LossStep *training, GraphMode mode) {
    return lower_so(forward, arena, training, mode, false);
}

// Small networks would not walk their samples in windows: every second schedule has to, one to
// three samples at a time, or chunk by chunk.
static inline int64_t next_window(void) {
    static const int64_t windows[] = {1, 2, 3, WINDOWS_OF_CHUNKS};
    static int64_t calls = 0;
    calls++;
    return calls % 2 ? 0 : windows[calls / 2 % 4];
}

static inline Code make_schedules(Arena *arena, Graph *forward, const LossStep *training,
                                  const MachineModel *machine, ContractionChoice contraction) {
    Code code = {0};
    LossStep plain = *training;
    plain.in_bfloat16 = false;
    Graph *single = lower(forward, arena, &plain, GRAPH_PREDICT);
    code.single_graph = lower(forward, arena, &plain, GRAPH_PREDICT);
    Graph *predict = lower(forward, arena, training, GRAPH_PREDICT);
    Graph *both[] = {predict, lower(forward, arena, training, GRAPH_TRAIN)};
    code.layout =
        pass_layout(forward->weights, both, 2, arena, machine, contraction, training->batch);
    for (int mode = 0; mode < 3; mode++) {
        code.graphs[mode] = lower(forward, arena, training, (GraphMode)mode);
        Graph *own = lower_so(forward, arena, training, (GraphMode)mode, true);
        if (mode == GRAPH_TRAIN) layout_slots(code.layout, own, arena);
        pass_load_inputs(own, code.layout);
        pass_lay_out_weights(own, code.layout, training->batch);
        graph_verify(own, "load");
        code.schedule[mode] = pass_fuse(own, arena, code.layout, training->batch);
        pass_schedule(code.schedule[mode]);
        schedule_verify(code.schedule[mode]);
        pass_windows(code.schedule[mode], next_window());
        pass_plan(code.schedule[mode], arena);
        schedule_verify_plan(code.schedule[mode]);
        if (!getenv("NNC_TEST_VERBOSE")) continue;
        Text text = text_create(arena);
        graph_print(&text, own);
        schedule_print_groups(&text, code.schedule[mode]);
        fputs(text.data, stderr);
    }
    pass_load_inputs(single, code.layout);
    pass_lay_out_weights(single, code.layout, 1);
    code.single = pass_fuse_single(single, arena, code.layout);
    pass_schedule(code.single);
    pass_plan(code.single, arena);
    return code;
}

// "/tmp/nnc_generated.PID.NUMBER"
static inline const char *library_base(void) {
    static char base[64];
    static int number;
    snprintf(base, sizeof base, "/tmp/nnc_generated.%d.%d", (int)getpid(), number++);
    return base;
}

// The library that OpenBLAS is called through; "" if it was not built.
static inline void find_blas(char *words, size_t size) {
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    words[0] = 0;
    if (length < 0) return;
    path[length] = 0;
    snprintf(words, size, "%s/../libnnrt_blas.a", dirname(path));
    if (access(words, R_OK) != 0) words[0] = 0;
}

static inline bool has_blas(void) {
    char path[PATH_MAX + 64];
    find_blas(path, sizeof path);
    return path[0] != 0;
}

// Compiles the finished module and loads it; ends the module.
static inline void *load_module(Gen *gen) {
    const char *base = library_base();
    char command[2 * PATH_MAX], object[80], library[80], blas[PATH_MAX + 64] = "";
    snprintf(object, sizeof object, "%s.o", base);
    snprintf(library, sizeof library, "%s.so", base);
    object_optimize(gen);
    char *error = NULL;
    assert_false(LLVMTargetMachineEmitToFile(gen->target->handle, gen->module, object,
                                             LLVMObjectFile, &error));
    LLVMDisposeMessage(error);
    if (gen->needs_blas) find_blas(blas, sizeof blas);
    snprintf(command, sizeof command, "cc -shared -o %s %s %s %s", library, object, blas,
             gen->needs_blas ? "-lopenblas" : "");
    assert_int_equal(system(command), 0);
    void *handle = dlopen(library, RTLD_NOW);
    if (!handle) fail_msg("%s", dlerror());
    unlink(library);
    unlink(object);
    return handle;
}

static inline void emit_steps(Arena *arena, const Target *target, Code *code) {
    static const char *const names[] = {"step_train", "step_evaluate", "step_predict"};
    Gen gen;
    ir_init(&gen, arena, target, "test");
    gen.layout = code->layout;
    for (int mode = 0; mode < 3; mode++)
        LLVMSetLinkage(step_emit(&gen, code->schedule[mode], names[mode]), LLVMExternalLinkage);
    LLVMSetLinkage(step_emit(&gen, code->single, "step_single"), LLVMExternalLinkage);
    ir_finish(&gen);
    code->scratch_size = gen.scratch_size;
    code->library = load_module(&gen);
    code->needs_blas = gen.needs_blas;
    ir_dispose(&gen);
    for (int mode = 0; mode < 3; mode++)
        *(void **)&code->step[mode] = dlsym(code->library, names[mode]);
    *(void **)&code->single_step = dlsym(code->library, "step_single");
}

// ---- Data on both sides.

enum { DATA_ROWS = 80, MAX_ROWS = 70 };

static inline float draw_number(const Setting *setting) {
    double spread = setting->constant ? 1e-3 : 1;
    return (float)(setting->center + spread * draw_uniform(-1, 1));
}

static inline void fill_column(void *block, const Type *type, const Setting *setting,
                               bool is_target) {
    int64_t count = DATA_ROWS * type_elements(type);
    for (int64_t i = 0; i < count; i++) {
        switch (type->dtype) {
        case DTYPE_U8: ((uint8_t *)block)[i] = (uint8_t)draw(); break;
        case DTYPE_I32: ((int32_t *)block)[i] = (int32_t)(draw() % setting->classes); break;
        case DTYPE_BF16: // of no column
        case DTYPE_F32:
            ((float *)block)[i] = is_target && setting->binary_targets ? (float)(draw() % 2)
                                  : is_target                          ? (float)draw_uniform(-1, 1)
                                                                       : draw_number(setting);
        }
    }
}

static inline double column_number(const void *block, Dtype dtype, int64_t i) {
    if (dtype == DTYPE_U8) return ((const uint8_t *)block)[i];
    return dtype == DTYPE_I32 ? ((const int32_t *)block)[i] : ((const float *)block)[i];
}

static inline EvalTensor zeros(Arena *arena, int64_t rows, int64_t size) {
    return (EvalTensor){ARENA_ARRAY(arena, double, rows *size + 1), rows, size};
}

static inline EvalTensor *make_columns(Arena *arena, const NodeList *nodes, const Setting *setting,
                                       const uint32_t *index, bool is_target,
                                       const void **columns) {
    EvalTensor *tensors = ARENA_ARRAY(arena, EvalTensor, nodes->count + 1);
    for (int i = 0; i < nodes->count; i++) {
        const Type *type = &nodes->items[i]->type;
        int64_t size = type_elements(type);
        float *block = ARENA_ARRAY(arena, float, DATA_ROWS *size + 64);
        fill_column(block, type, setting, is_target);
        columns[i] = block;
        tensors[i] = zeros(arena, setting->rows, size);
        for (int64_t r = 0; r < setting->rows; r++)
            for (int64_t k = 0; k < size; k++)
                tensors[i].data[r * size + k] =
                    column_number(block, type->dtype, index[r] * size + k);
    }
    return tensors;
}

static inline int64_t place_of(const ParameterLayout *layout, int64_t element) {
    const nnrt_storage *s = &layout->storage;
    int64_t r = element / layout->columns, c = element % layout->columns;
    return s->offset + c / s->panel * s->panel_stride + r * s->row_stride +
           c % s->panel * s->column_stride;
}

// ---- Running and comparing.

typedef struct Machine {
    float *weights, *slots;
    nnrt_team *team;
    nnrt_step *step;
    nnrt_context context;
    EvalTensor *before; // weights, by parameter: those that a step begins with
} Machine;

static inline void run_worker(void *argument, int thread, int threads) {
    Machine *machine = argument;
    nnrt_context context = machine->context;
    context.thread = thread;
    context.threads = threads;
    machine->step(&context);
}

static inline float *aligned_floats(int64_t floats) {
    size_t bytes = (size_t)(floats + 64) / 16 * 16 * sizeof(float) + 64;
    float *block = aligned_alloc(64, bytes);
    assert_non_null(block);
    memset(block, 0, bytes);
    return block;
}

static double most_error = 2e-4; // of this setting

static inline void close_to(double got, double wanted, double scale, const char *what, int64_t at) {
    if (most_error < 1e-4) scale = fmax(scale, 1); // to the deviation of normalized data
    double error = fabs(got - wanted) / (fabs(wanted) + scale);
    if (error < most_error) return;
    fail_msg("%s[%lld]: generated %.9g, evaluated %.9g", what, (long long)at, got, wanted);
}

static inline void compare_output(const Schedule *schedule, int number, const float *arena,
                                  const EvalTensor *wanted, int64_t rows) {
    const Node *output = schedule_source(schedule->graph->outputs.items[number]);
    const Buffer *buffer = &schedule->buffers[output->id];
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < wanted->size; i++)
            close_to(arena[buffer->offset + r * buffer->stride + i],
                     wanted->data[r * wanted->size + i], 1e-2, "output", r * wanted->size + i);
}

static inline void run_mode(Arena *arena, const Code *code, GraphMode mode, Machine *machine,
                            EvalBindings bindings, const Setting *setting) {
    const Schedule *schedule = code->schedule[mode];
    const Graph *graph = code->graphs[mode];
    double loss = NAN;
    float *block = aligned_floats(schedule->arena_size);
    machine->context.arena = block;
    machine->context.loss = &loss;
    machine->step = code->step[mode];
    nnrt_team_run(machine->team, setting->threads, run_worker, machine);
    int outputs = graph->outputs.count, count = graph->loss ? outputs + 1 : outputs;
    Node **wanted = ARENA_ARRAY(arena, Node *, outputs + 1);
    EvalTensor *results = ARENA_ARRAY(arena, EvalTensor, outputs + 1);
    for (int i = 0; i < outputs; i++) wanted[i] = graph->outputs.items[i];
    wanted[outputs] = graph->loss;
    graph_evaluate(graph, arena, &bindings, wanted, count, results, mode == GRAPH_TRAIN);
    for (int i = 0; i < outputs && (mode != GRAPH_TRAIN || !setting->random); i++)
        compare_output(schedule, i, block, &results[i], setting->rows);
    if (graph->loss) close_to(loss, results[outputs].data[0], 1e-3, "loss", 0);
    free(block);
}

// The prediction of the first sample alone.
static inline void run_single(Arena *arena, const Code *code, Machine *machine,
                              EvalBindings bindings, const Setting *setting) {
    const Graph *graph = code->single_graph;
    float *block = aligned_floats(code->single->arena_size);
    double loss = NAN;
    Machine single = *machine;
    single.context.arena = block;
    single.context.loss = &loss;
    single.context.rows = 1;
    single.step = code->single_step;
    nnrt_team_run(machine->team, setting->threads, run_worker, &single);
    int outputs = graph->outputs.count;
    EvalTensor *results = ARENA_ARRAY(arena, EvalTensor, outputs + 1);
    graph_evaluate(graph, arena, &bindings, graph->outputs.items, outputs, results, false);
    for (int i = 0; i < outputs; i++) compare_output(code->single, i, block, &results[i], 1);
    free(block);
}

static inline void set_weights(Arena *arena, const Code *code, const Graph *train,
                               EvalBindings *bindings, Machine *machine) {
    machine->weights = aligned_floats(code->layout->weights_size);
    bindings->parameters = ARENA_ARRAY(arena, EvalTensor, train->weights->parameters.count + 1);
    machine->before = ARENA_ARRAY(arena, EvalTensor, train->weights->parameters.count + 1);
    for (int i = 0; i < train->weights->parameters.count; i++) {
        const ParameterLayout *layout = &code->layout->parameters[i];
        EvalTensor values = zeros(arena, 1, layout->rows * layout->columns);
        double limit = sqrt(3.0 / (double)layout->rows);
        bool is_variance = strstr(train->weights->parameters.items[i]->role, "variance") != NULL;
        for (int64_t e = 0; e < values.size; e++) {
            float value = (float)draw_uniform(-limit, limit);
            if (is_variance) value = fabsf(value);
            values.data[e] = value;
            machine->weights[place_of(layout, e)] = value;
        }
        bindings->parameters[i] = values;
        machine->before[i] = zeros(arena, 1, values.size);
        memcpy(machine->before[i].data, values.data, (size_t)values.size * sizeof *values.data);
    }
}

static inline void set_slots(Arena *arena, const Code *code, const Graph *train,
                             EvalBindings *bindings, Machine *machine) {
    machine->slots = aligned_floats(code->layout->slots_size);
    bindings->slots = ARENA_ARRAY(arena, EvalTensor, train->slots.count + 1);
    for (int i = 0; i < train->slots.count; i++) {
        const Slot *slot = train->slots.items[i];
        float *place = machine->slots + code->layout->slot_offsets[i];
        EvalTensor values = zeros(arena, 1, type_elements(&slot->type));
        for (int64_t e = 0; e < values.size; e++) {
            values.data[e] = slot->initial;
            if (slot->parameter) {
                const ParameterLayout *layout = &code->layout->parameters[slot->parameter->index];
                place[place_of(layout, e) - layout->storage.offset] = (float)slot->initial;
            } else {
                place[e] = (float)slot->initial;
            }
        }
        bindings->slots[i] = values;
    }
}

static inline double largest_change(const Code *code, const EvalBindings *bindings,
                                    const Machine *machine, int parameter) {
    const ParameterLayout *layout = &code->layout->parameters[parameter];
    const double *after = bindings->parameters[parameter].data;
    double largest = 0;
    for (int64_t e = 0; e < layout->rows * layout->columns; e++)
        largest = fmax(largest, fabs(after[e] - machine->before[parameter].data[e]));
    return largest;
}

// What a step of `sgd` changes is the gradient: compared beside its largest number, as the weights
// themselves hide one that is wrong; a thousandth of that of all parameters is the least.
static inline void compare_changes(const Code *code, const Graph *train,
                                   const EvalBindings *bindings, const Machine *machine,
                                   double share) {
    double all = 0;
    for (int i = 0; i < train->weights->parameters.count; i++)
        all = fmax(all, largest_change(code, bindings, machine, i));
    for (int i = 0; i < train->weights->parameters.count; i++) {
        const ParameterLayout *layout = &code->layout->parameters[i];
        const double *after = bindings->parameters[i].data, *before = machine->before[i].data;
        double most = share * fmax(largest_change(code, bindings, machine, i), 0.001 * all);
        for (int64_t e = 0; e < layout->rows * layout->columns; e++) {
            double got = machine->weights[place_of(layout, e)];
            if (fabs(got - after[e]) <= most + 5e-7 * fabs(after[e]) + 1e-9) continue;
            fail_msg(
                "%s[%lld]: generated code changes it by %.6g, evaluated %.6g, at most %.6g off",
                train->weights->parameters.items[i]->name, (long long)e, got - before[e],
                after[e] - before[e], most);
        }
    }
}

static inline void compare_state(const Code *code, const Graph *train, const EvalBindings *bindings,
                                 const Machine *machine) {
    for (int i = 0; i < train->weights->parameters.count; i++) {
        const ParameterLayout *layout = &code->layout->parameters[i];
        for (int64_t e = 0; e < layout->rows * layout->columns; e++)
            close_to(machine->weights[place_of(layout, e)], bindings->parameters[i].data[e], 0.5,
                     train->weights->parameters.items[i]->name, e);
    }
    for (int i = 0; i < train->slots.count; i++) {
        const Slot *slot = train->slots.items[i];
        const float *place = machine->slots + code->layout->slot_offsets[i];
        if (slot->parameter) continue;
        for (int64_t e = 0; e < bindings->slots[i].size; e++)
            close_to(place[e], bindings->slots[i].data[e], 0.5, slot->name, e);
    }
    // Padding stays finite, or sums over the storage would be wrong.
    for (int64_t i = 0; i < code->layout->weights_size; i++)
        if (isnan(machine->weights[i])) fail_msg("weights[%lld] is not a number", (long long)i);
}

// For the target that is created next: LLVM optimises one in three, as what it does to code differs
// less from case to case than the code; none where NNC_QUICK says so.
static inline void choose_effort(void) {
    static int calls, all_quick = -1;
    const char *wanted = getenv("NNC_QUICK");
    if (all_quick < 0) all_quick = wanted && *wanted == '1';
    setenv("NNC_QUICK", all_quick || calls++ % 3 ? "1" : "0", 1);
}

static inline int count_rounded_pairs(const Graph *graph) {
    int count = 0;
    for (int i = 0; i < graph->nodes.count; i++) {
        const Node *node = graph->nodes.items[i];
        count += op_product_kind(node) == PRODUCT_PAIRS && op_is_in_bfloat16(node);
    }
    return count;
}

// Compiles `forward` (in `arena`) with `training` and compares all three functions.
static inline void check_generated(Arena *arena, Graph *forward, const LossStep *training,
                                   const Setting *setting) {
    DiagSink *sink = diag_create(arena, sources_create(arena));
    choose_effort();
    Target *target = target_create(arena, setting->cpu, sink);
    assert_non_null(target);
    most_error = setting->tolerance > 0 ? setting->tolerance : 2e-4;
    Code code = make_schedules(arena, forward, training, &target->machine, setting->contraction);
    emit_steps(arena, target, &code);
    const Graph *train = code.graphs[GRAPH_TRAIN];
    if (setting->rounded_pairs) *setting->rounded_pairs = count_rounded_pairs(train);
    uint32_t *index = ARENA_ARRAY(arena, uint32_t, MAX_ROWS);
    for (int i = 0; i < MAX_ROWS; i++) index[i] = draw() % DATA_ROWS;
    Machine machine = {.team = nnrt_team_create(setting->threads)};
    EvalBindings bindings = {
        .context = {
            .rows = setting->rows, .seed = 0x123456789abcdefu, .step = 3, .learning_rate = 0.05}};
    machine.context = (nnrt_context){.index = index,
                                     .rows = setting->rows,
                                     .key = bindings.context.seed,
                                     .learning_rate = 0.05,
                                     .step = 3,
                                     .team = machine.team};
    const void **columns = machine.context.columns;
    bindings.inputs = make_columns(arena, &train->inputs, setting, index, false, columns);
    bindings.targets =
        make_columns(arena, &train->targets, setting, index, true, columns + train->inputs.count);
    set_weights(arena, &code, train, &bindings, &machine);
    set_slots(arena, &code, train, &bindings, &machine);
    float *scratch = aligned_floats(code.scratch_size * setting->threads);
    machine.context.scratch = scratch;
    machine.context.weights = machine.weights;
    machine.context.slots = machine.slots;
    run_mode(arena, &code, GRAPH_PREDICT, &machine, bindings, setting);
    if (code.single->is_single) run_single(arena, &code, &machine, bindings, setting);
    run_mode(arena, &code, GRAPH_EVALUATE, &machine, bindings, setting);
    run_mode(arena, &code, GRAPH_TRAIN, &machine, bindings, setting);
    compare_state(&code, train, &bindings, &machine);
    if (!strcmp(training->step.optimizer->schema.name, "sgd"))
        compare_changes(&code, train, &bindings, &machine, setting->tolerance > 0 ? 0.03 : 2e-3);
    nnrt_team_free(machine.team);
    free(machine.weights);
    free(machine.slots);
    free(scratch);
    dlclose(code.library);
    target_dispose(target);
}

// ---- Building.

static inline Node *add_layer(Graph *graph, const char *op, Node *x, Args *args) {
    graph->current_layer = weights_layer(graph->weights, op, NULL, (Span){0});
    Node *node = graph_call(graph, op, &x, 1, args);
    graph->current_layer = NULL;
    return node;
}

static inline Node *add_dense(Graph *graph, Node *x, int64_t units) {
    Args *args = graph_args(graph, "dense");
    args_set_number(args, "units", (double)units);
    return add_layer(graph, "dense", x, args);
}

static inline Node *add_input(Graph *graph, const char *name, Type type) {
    Node *node = graph_input(graph, name, type);
    vec_push(graph->arena, &graph->inputs, node);
    return node;
}

static inline Node *add_target(Graph *graph, const char *name, Type type) {
    Node *node = graph_input(graph, name, type);
    vec_push(graph->arena, &graph->targets, node);
    return node;
}

// A table whose rows are read, so that they lie one after the other; `*mean`: of the rows, weighted
// by an input.
static inline Node *add_table(Graph *graph, int64_t rows, int64_t columns, Node **mean) {
    Type type = type_make(DTYPE_F32, false, 2, (int64_t[]){rows, columns});
    ArgValue none = {0};
    Node *table = graph_parameter_node(
        graph, weights_parameter(graph->weights, NULL, "table", type, &none, NULL, true));
    type.batched = true;
    Node *seen = add_input(graph, "seen", type);
    *mean =
        add_layer(graph, "global_average_pool", graph_binary(graph, "multiply", seen, table), NULL);
    return table;
}

static inline LossStep training_with(Arena *arena, const char *loss, const char *optimizer,
                                     int64_t batch) {
    LossStep training = {.batch = batch, .loss = {.def = op_find(loss)}};
    training.loss.args = args_default(arena, &training.loss.def->schema);
    training.step.optimizer = optimizer_find(optimizer);
    training.step.optimizer_args = args_default(arena, &training.step.optimizer->schema);
    return training;
}

#endif
