#include "loaded.h"

#include "../../compiler/base/diagnostics/ice.h"
#include "../../runtime/base/cpu.h"
#include "random.h"

#include <llvm-c/Core.h>
#include <llvm-c/LLJIT.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// ---- Linking.

static void demand(LLVMErrorRef error) {
    if (error) nn_ice("test", "%s", LLVMGetErrorMessage(error));
}

// What generated code calls: the runtime's archive is asked for it.
typedef void Called(void);
__attribute__((used)) static Called *const called[] = {(Called *)nnrt_barrier,
                                                       (Called *)nnrt_profile_mark};

static const nnrt_program *link_object(const char *path) {
    LLVMOrcLLJITRef jit;
    LLVMOrcDefinitionGeneratorRef process;
    LLVMMemoryBufferRef object;
    LLVMOrcExecutorAddress address;
    char *error = NULL;
    demand(LLVMOrcCreateLLJIT(&jit, NULL));
    demand(LLVMOrcCreateDynamicLibrarySearchGeneratorForProcess(
        &process, LLVMOrcLLJITGetGlobalPrefix(jit), NULL, NULL));
    LLVMOrcJITDylibRef library = LLVMOrcLLJITGetMainJITDylib(jit);
    LLVMOrcJITDylibAddGenerator(library, process);
    if (LLVMCreateMemoryBufferWithContentsOfFile(path, &object, &error))
        nn_ice("test", "%s", error);
    demand(LLVMOrcLLJITAddObjectFile(jit, library, object));
    demand(LLVMOrcLLJITLookup(jit, &address, "nnrt_program_descriptor"));
    return (const nnrt_program *)(uintptr_t)address;
}

// ---- Memory.

// `bytes` of zeros and `room` more, aligned to a vector; the page behind them cannot be touched.
static void *guarded(size_t bytes, size_t room) {
    enum { ALIGNMENT = 64 };
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t size = (bytes + room + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    size_t pages = (size + page - 1) / page * page;
    char *block =
        mmap(NULL, pages + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) nn_ice("test", "no memory");
    mprotect(block + pages, page, PROT_NONE);
    return block + pages - size;
}

enum { FLOATS_ROOM = 256, COLUMN_ROOM = 64 }; // bytes; session.c, array.c

static float *guarded_floats(int64_t count) {
    return guarded((size_t)count * sizeof(float), FLOATS_ROOM);
}

static void *guarded_copy(const void *bytes, size_t size) {
    return memcpy(guarded(size, COLUMN_ROOM), bytes, size);
}

// ---- Weights.

static int64_t place_of(const nnrt_parameter *parameter, int64_t element) {
    const nnrt_storage *s = &parameter->storage;
    int64_t columns = parameter->columns;
    int64_t r = element / columns, c = element % columns;
    return s->offset + c / s->panel * s->panel_stride + r * s->row_stride +
           c % s->panel * s->column_stride;
}

static int64_t elements_of(const nnrt_parameter *parameter) {
    int64_t count = 1;
    for (int64_t i = 0; i < parameter->rank; i++) count *= parameter->shape[i];
    return count;
}

static EvalTensor new_tensor(Arena *arena, int64_t rows, int64_t size) {
    return (EvalTensor){ARENA_ARRAY(arena, double, rows *size + 1), rows, size};
}

// Of a size that keeps values as large as they are.
static EvalTensor draw_weights(Arena *arena, const nnrt_parameter *parameter, Random *random) {
    EvalTensor values = new_tensor(arena, 1, elements_of(parameter));
    int64_t columns = parameter->rank ? parameter->shape[parameter->rank - 1] : 1;
    double limit = sqrt(3.0 * (double)columns / (double)values.size);
    bool is_variance = strstr(parameter->name, "variance") != NULL;
    for (int64_t i = 0; i < values.size; i++)
        values.data[i] = (float)random_real(random, is_variance ? 0.1 : -limit, limit);
    return values;
}

static void start_weights(Loaded *loaded, Random *random) {
    const nnrt_program *program = loaded->program;
    loaded->parameters = ARENA_ARRAY(loaded->arena, EvalTensor, program->parameter_count + 1);
    loaded->first_weights = guarded_floats(program->weights_size);
    for (int64_t i = 0; i < program->parameter_count; i++) {
        const nnrt_parameter *parameter = &program->parameters[i];
        EvalTensor values = draw_weights(loaded->arena, parameter, random);
        for (int64_t e = 0; e < values.size; e++)
            loaded->first_weights[place_of(parameter, e)] = (float)values.data[e];
    }
}

// Where an element of a slot lies.
static int64_t slot_place(const Loaded *loaded, const nnrt_slot *slot, int64_t element) {
    if (slot->parameter < 0) return slot->offset + element;
    const nnrt_parameter *parameter = &loaded->program->parameters[slot->parameter];
    return slot->offset + place_of(parameter, element) - parameter->storage.offset;
}

static int64_t slot_elements(const Loaded *loaded, const nnrt_slot *slot) {
    return slot->parameter < 0 ? slot->size
                               : elements_of(&loaded->program->parameters[slot->parameter]);
}

static void start_slots(Loaded *loaded) {
    const nnrt_train_step *training = loaded->step;
    loaded->first_slots = guarded_floats(training->slots_size);
    loaded->states = ARENA_ARRAY(loaded->arena, EvalTensor, training->slot_count + 1);
    for (int64_t i = 0; i < training->slot_count; i++)
        for (int64_t e = 0; e < slot_elements(loaded, &training->slots[i]); e++)
            loaded->first_slots[slot_place(loaded, &training->slots[i], e)] =
                (float)training->slots[i].initial;
}

// ---- The whole.

// Of so many floats at least.
static void add_arena(Loaded *loaded, int index, const nnrt_function *function, int64_t least) {
    int64_t size = function->arena_size > least ? function->arena_size : least;
    loaded->arenas[index].function = function;
    loaded->arenas[index].values = guarded_floats(size);
}

// As the program reads it: the runtime makes float32 of labels that stand at several places.
static void *column_of(Loaded *loaded, int index, const Type *type, const void *bytes,
                       size_t size) {
    bool is_widened =
        type->dtype == DTYPE_I32 && loaded->step->train.columns[index].dtype == NNRT_F32;
    if (!is_widened) return guarded_copy(bytes, size);
    float *numbers = arena_alloc(loaded->arena, size + 1);
    for (size_t i = 0; i < size / sizeof(float); i++)
        numbers[i] = (float)((const int32_t *)bytes)[i];
    return guarded_copy(numbers, size);
}

static void remember_state(Loaded *loaded) {
    for (int i = 0; i < (int)loaded->program->parameter_count; i++)
        loaded->parameters[i] = loaded_parameter(loaded, i);
    for (int i = 0; i < (int)loaded->step->slot_count; i++)
        loaded->states[i] = loaded_slot(loaded, i);
}

static void fill_context(Loaded *loaded, const Setup *setup, const SetupData *data,
                         Random *random) {
    int64_t count = setup_samples(setup);
    uint32_t *index = ARENA_ARRAY(loaded->arena, uint32_t, count);
    for (int64_t i = 0; i < count; i++) index[i] = (uint32_t)random_below(random, (int)count);
    nnrt_context *context = &loaded->context;
    context->index = index;
    context->columns[0] = column_of(loaded, 0, &setup->input, data->input, data->input_bytes);
    context->columns[1] = column_of(loaded, 1, &setup->target, data->target, data->target_bytes);
    context->weights = loaded->weights;
    context->slots = loaded->slots;
    context->scratch = loaded->scratch;
    context->key = setup->seed * 0x9E3779B97F4A7C15u;
    context->learning_rate = 0.5;
    context->step = 1;
    context->team = loaded->team;
}

int loaded_most_threads(void) {
    const char *text = getenv("NNC_THREADS");
    int threads = text ? atoi(text) : 0;
    return threads > LOADED_THREADS && threads <= NNRT_TEAM_MAX ? threads : LOADED_THREADS;
}

// Programs of machines with longer vectors are tried on others, too.
static const char *runnable(const char *cpu) {
    static const struct {
        const char *cpu, *needed;
    } known[] = {{"cooperlake", "avx512bf16"}, {"x86-64-v4", "avx512vl"}, {"x86-64-v3", "avx2"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(cpu, known[i].cpu) == 0 && !nnrt_cpu_has(known[i].needed)) return "native";
    return cpu;
}

Loaded *loaded_create(Arena *arena, const Program *program, const Setup *setup,
                      const SetupData *data, DiagSink *sink) {
    GenOptions options = {.cpu = runnable(setup->cpu), .contraction = CONTRACTION_OWN};
    bool needs_blas;
    const char *object = "net.o";
    nnrt_cpu_allow_tiles();
    if (setup->is_quick) setenv("NNC_QUICK", "1", 1); // of this child
    if (!gen_object(program, object, &options, &needs_blas, sink)) return NULL;
    Loaded *loaded = ARENA_NEW(arena, Loaded);
    Random random = {setup->seed + 1};
    loaded->arena = arena;
    loaded->program = link_object(object);
    loaded->training = &loaded->program->trainings[0];
    loaded->step = &loaded->training->steps[0];
    loaded->model = &loaded->program->models[0];
    start_weights(loaded, &random);
    start_slots(loaded);
    loaded->weights = guarded_floats(loaded->program->weights_size);
    loaded->slots = guarded_floats(loaded->step->slots_size);
    loaded->scratch = guarded_floats(loaded->program->scratch_size * loaded_most_threads());
    loaded->team = nnrt_team_create(loaded_most_threads());
    nnrt_flush_denormals();
    fill_context(loaded, setup, data, &random);
    const nnrt_train_step *step = loaded->step;
    int64_t lent = step->evaluate_at < 0 ? 0 : step->evaluate_at + step->evaluate.arena_size;
    add_arena(loaded, 0, &step->train, lent);
    add_arena(loaded, 1, &step->evaluate, 0);
    add_arena(loaded, 2, &loaded->model->predict, 0);
    add_arena(loaded, 3, &loaded->model->predict_one, 0);
    loaded_reset(loaded);
    remember_state(loaded);
    return loaded;
}

void loaded_reset(Loaded *loaded) {
    memcpy(loaded->weights, loaded->first_weights,
           (size_t)loaded->program->weights_size * sizeof(float));
    memcpy(loaded->slots, loaded->first_slots, (size_t)loaded->step->slots_size * sizeof(float));
}

// ---- Running.

typedef struct Step {
    nnrt_step *run;
    nnrt_context context;
} Step;

static void run_worker(void *argument, int thread, int threads) {
    const Step *step = argument;
    nnrt_context context = step->context;
    context.thread = thread;
    context.threads = threads;
    step->run(&context);
}

static bool shares_arena(const Loaded *loaded, const nnrt_function *function) {
    bool is_either = function == &loaded->step->train || function == &loaded->step->evaluate;
    return is_either && loaded->step->evaluate_at >= 0;
}

static float *arena_of(const Loaded *loaded, const nnrt_function *function) {
    int i = 0;
    if (shares_arena(loaded, function)) { // runtime/session/arenas.c
        bool is_lent = function == &loaded->step->evaluate;
        return loaded->arenas[0].values + (is_lent ? loaded->step->evaluate_at : 0);
    }
    while (loaded->arenas[i].function != function) i++;
    return loaded->arenas[i].values;
}

// What others may have left there must not matter.
static void spoil_arena(const Loaded *loaded, const nnrt_function *function) {
    float *arena = arena_of(loaded, function);
    int64_t first = function == &loaded->step->train ? loaded->step->evaluate_at : 0;
    for (int64_t i = first; shares_arena(loaded, function) && i < function->arena_size; i++)
        arena[i] = NAN;
}

// States that are kept from batch to batch are 0 in each.
static void forget_states(const nnrt_function *function, float *arena, int64_t rows) {
    for (int64_t i = 0; i < function->output_count; i++) {
        const nnrt_output *output = &function->outputs[i];
        for (int64_t row = 0; row < rows && output->is_kept; row++)
            memset(arena + output->offset + row * output->stride, 0,
                   (size_t)output->size * sizeof *arena);
    }
}

void loaded_run(Loaded *loaded, const nnrt_function *function, int64_t rows, int threads) {
    Step step = {function->run, loaded->context};
    step.context.arena = arena_of(loaded, function);
    step.context.rows = rows;
    step.context.loss = &loaded->loss;
    spoil_arena(loaded, function);
    forget_states(function, step.context.arena, rows);
    loaded->loss = NAN;
    nnrt_team_run(loaded->team, threads, run_worker, &step);
}

void loaded_advance(Loaded *loaded) {
    loaded_reset(loaded);
    loaded_run(loaded, &loaded->step->train, loaded->training->batch, 1);
    memcpy(loaded->first_weights, loaded->weights,
           (size_t)loaded->program->weights_size * sizeof(float));
    memcpy(loaded->first_slots, loaded->slots, (size_t)loaded->step->slots_size * sizeof(float));
    remember_state(loaded);
    loaded->context.step = 2;
}

EvalTensor loaded_output(const Loaded *loaded, const nnrt_function *function, int index,
                         int64_t rows) {
    const nnrt_output *output = &function->outputs[index];
    const float *arena = arena_of(loaded, function);
    EvalTensor values = new_tensor(loaded->arena, rows, output->size);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < output->size; i++)
            values.data[r * output->size + i] = arena[output->offset + r * output->stride + i];
    return values;
}

EvalTensor loaded_parameter(const Loaded *loaded, int index) {
    const nnrt_parameter *parameter = &loaded->program->parameters[index];
    EvalTensor values = new_tensor(loaded->arena, 1, elements_of(parameter));
    for (int64_t e = 0; e < values.size; e++)
        values.data[e] = loaded->weights[place_of(parameter, e)];
    return values;
}

EvalTensor loaded_slot(const Loaded *loaded, int index) {
    const nnrt_slot *slot = &loaded->step->slots[index];
    EvalTensor values = new_tensor(loaded->arena, 1, slot_elements(loaded, slot));
    for (int64_t e = 0; e < values.size; e++)
        values.data[e] = loaded->slots[slot_place(loaded, slot, e)];
    return values;
}

void loaded_clear_padding(Loaded *loaded) {
    size_t weights = (size_t)loaded->program->weights_size * sizeof(float);
    size_t slots = (size_t)loaded->step->slots_size * sizeof(float);
    float *own_weights = arena_alloc(loaded->arena, weights + 1);
    float *own_slots = arena_alloc(loaded->arena, slots + 1);
    for (int64_t i = 0; i < loaded->program->parameter_count; i++) {
        const nnrt_parameter *parameter = &loaded->program->parameters[i];
        for (int64_t e = 0; e < elements_of(parameter); e++)
            own_weights[place_of(parameter, e)] = loaded->weights[place_of(parameter, e)];
    }
    for (int64_t i = 0; i < loaded->step->slot_count; i++) {
        const nnrt_slot *slot = &loaded->step->slots[i];
        for (int64_t e = 0; e < slot_elements(loaded, slot); e++)
            own_slots[slot_place(loaded, slot, e)] = loaded->slots[slot_place(loaded, slot, e)];
    }
    memcpy(loaded->weights, own_weights, weights);
    memcpy(loaded->slots, own_slots, slots);
}
