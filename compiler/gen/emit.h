// Inside the generator: the module being made, small typed builder helpers, and the position at
// which elementwise values are computed.
#ifndef NNC_GEN_EMIT_H
#define NNC_GEN_EMIT_H

#include "../base/integer.h"
#include "../pass/graph/one_step.h"
#include "gen.h"
#include "product/tuning.h"

#include <llvm-c/Core.h>
#include <llvm-c/TargetMachine.h>

typedef LLVMValueRef Value;
typedef LLVMTypeRef LlvmType;

// The chosen processor.
typedef struct Target {
    char *cpu, *features;      // as LLVM names them
    const char *const *needed; // features that the executable checks at its start; ended by NULL
    MachineModel machine;
    LLVMTargetMachineRef handle;
    bool is_quick; // LLVM optimises nothing: objects take a third of the time, and run slowly
} Target;

// NULL on failure, with the reason in the sink.
Target *target_create(Arena *arena, const char *cpu, DiagSink *sink);
void target_dispose(Target *target);
// Features that products in bfloat16 need beside `needed`; ended by NULL.
const char *const *target_bfloat16_features(const Target *target);
const char *const *target_int8_features(const Target *target); // likewise those in int8
// The caches of a core: the processor's own where code is made for this machine, else as `cpu` has
// them.
void target_find_caches(MachineModel *machine, const char *cpu, bool is_native); // caches.c

typedef struct PlaceTable PlaceTable;
typedef struct SharedFunctions SharedFunctions;

typedef struct Gen {
    Arena *arena;
    const Target *target;
    const Layout *layout;
    Tuning *tuning; // NULL: none
    LLVMContextRef context;
    LLVMModuleRef module;
    LLVMBuilderRef builder;
    LlvmType void_type, f32, f64, i1, i8, i32, i64, pointer;
    LlvmType context_struct, barrier_type;
    LlvmType step_type;   // void(const nnrt_context *)
    LlvmType shared_type; // void(const nnrt_context *, const int64_t *places)
    int *slots;           // by node id: slots.c
    int slot_count, slot_capacity;
    VEC(const Node *) numbered;
    PlaceTable *places; // of the shared function that is being made; NULL: none is
    SharedFunctions *shared;
    LLVMModuleRef trials; // functions whose text is compared; NULL: none yet
    bool needs_blas;
    Value scratch_stride; // a constant of the module: floats of a worker's scratch
    int64_t scratch_size; // the most that a group asked for
} Gen;

// ---- ir.c: builder helpers.
void ir_init(Gen *gen, Arena *arena, const Target *target, const char *name);
void ir_finish(Gen *gen); // after all functions: fixes the size of the workers' scratch
void ir_dispose(Gen *gen);
// Ends with E9001 where `made` is NULL: LLVM gives texts and buffers that malloc had no room for
// so.
void gen_expect(const void *made);
Value ir_int(Gen *gen, int64_t value);
Value ir_float(Gen *gen, double value);
LlvmType ir_vector(Gen *gen, LlvmType element, int lanes);      // the element itself for one lane
LlvmType ir_element(const Gen *gen, Dtype dtype);               // as memory holds it
Value ir_widen(Gen *gen, Value loaded, Dtype dtype, int lanes); // from that to float32
Value ir_splat(Gen *gen, Value scalar, int lanes);
Value ir_add(Gen *gen, Value x, Value y); // i64, no signed wrap
Value ir_multiply(Gen *gen, Value x, Value y);
Value ir_lesser(Gen *gen, Value x, Value y); // of signed integers
Value ir_greater(Gen *gen, Value x, Value y);
// Pointer + index elements of `element`.
Value ir_offset(Gen *gen, LlvmType element, Value pointer, Value index);
Value ir_load(Gen *gen, LlvmType type, Value pointer);           // aligned to its element
Value ir_load_invariant(Gen *gen, LlvmType type, Value pointer); // what nothing changes in a step
void ir_store(Gen *gen, Value value, Value pointer);
enum { IR_LINE = 64 }; // bytes
// A whole line, to memory: nothing is read for it, and it takes no place in a cache.
void ir_store_past_caches(Gen *gen, Value value, Value pointer, unsigned alignment);
Value ir_load_lanes(Gen *gen, LlvmType vector, Value pointer, int lanes); // others are 0
// From a pointer a lane; 0 where `mask` says no.
Value ir_gather(Gen *gen, LlvmType vector, Value pointers, Value mask);
void ir_store_lanes(Gen *gen, Value vector, Value pointer, int lanes); // the first lanes only
Value ir_zero_after(Gen *gen, Value vector, int lanes); // lanes from `lanes` on become 0
Value ir_fill_after(Gen *gen, Value vector, int lanes, double fill);
Value ir_intrinsic(Gen *gen, const char *name, LlvmType type, Value *arguments, int count);
Value ir_opaque(Gen *gen, Value pointer); // the same, but LLVM knows nothing of it
// Into which cache, and whether it is going to be written.
typedef enum Prefetch { PREFETCH_SECOND, PREFETCH_SECOND_TO_WRITE, PREFETCH_FIRST } Prefetch;
void ir_prefetch(Gen *gen, Value pointer, Prefetch how);
Value ir_fma(Gen *gen, Value x, Value y, Value z);
Value ir_group_function(Gen *gen, const char *name); // of step_type or shared_type
Value ir_function(Gen *gen, const char *name,
                  LlvmType type); // internal, with the target's attributes
// Fields of nnrt_context: where they begin, in bytes.
typedef enum ContextField {
    FIELD_WEIGHTS = offsetof(nnrt_context, weights),
    FIELD_SLOTS = offsetof(nnrt_context, slots),
    FIELD_ARENA = offsetof(nnrt_context, arena),
    FIELD_COLUMNS = offsetof(nnrt_context, columns),
    FIELD_INDEX = offsetof(nnrt_context, index),
    FIELD_NEXT_INDEX = offsetof(nnrt_context, next_index),
    FIELD_ROWS = offsetof(nnrt_context, rows),
    FIELD_THREAD = offsetof(nnrt_context, thread),
    FIELD_THREADS = offsetof(nnrt_context, threads),
    FIELD_KEY = offsetof(nnrt_context, key),
    FIELD_LEARNING_RATE = offsetof(nnrt_context, learning_rate),
    FIELD_STEP = offsetof(nnrt_context, step),
    FIELD_LOSS = offsetof(nnrt_context, loss),
    FIELD_TEAM = offsetof(nnrt_context, team),
    FIELD_SCRATCH = offsetof(nnrt_context, scratch),
    FIELD_ACCOUNT = offsetof(nnrt_context, account),
    FIELD_TIME = offsetof(nnrt_context, time),
    FIELD_PART = offsetof(nnrt_context, part),
    FIELD_PARTS = offsetof(nnrt_context, parts),
    FIELD_IS_WATCHED = offsetof(nnrt_context, is_watched),
} ContextField;
// Loads a field; of the columns the address.
Value ir_context(Gen *gen, Value function, ContextField field);
// The step of the scan whose body the function is a part of; and setting it for the groups that are
// called from here.
Value ir_time(Gen *gen, Value function);
void ir_set_time(Gen *gen, Value function, Value time);
// The groups that are called from here walk this of so many parts of their samples.
void ir_set_part(Gen *gen, Value function, Value part, Value parts);
LLVMBasicBlockRef ir_block(Gen *gen, const char *name);
// Number `index` of a constant table.
Value ir_lookup(Gen *gen, const int64_t *numbers, int64_t count, Value index);

// for (index = begin; index < end; index += step) { ... }
typedef struct Loop {
    LLVMBasicBlockRef before, header, body, latch, exit;
    Value index, begin, end, step;
} Loop;
Loop ir_loop_begin(Gen *gen, Value begin, Value end, Value step, const char *name);
void ir_loop_end(Gen *gen, Loop *loop);
// A value carried around the loop: ir_loop_carry right after ir_loop_begin; ir_loop_result right
// after ir_loop_end gives what it is at the exit (`initial` if the body never ran).
Value ir_loop_carry(Gen *gen, Loop *loop, Value initial);
Value ir_loop_result(Gen *gen, Loop *loop, Value carried, Value initial, Value next);

typedef struct Range {
    Value begin, end;
} Range;
// This worker's part of [0, count).
Range ir_worker_range(Gen *gen, Value function, Value count);
// The samples of this worker, whole chunks where the schedule has them; or what of them is walked
// now.
Range ir_sample_range(Gen *gen, const Schedule *schedule, Value function);
// How many of this worker's samples come before those that are walked now.
Value ir_samples_before(Gen *gen, const Schedule *schedule, Value function);
// The chunks of this worker, or what of them is walked now.
Range ir_own_chunks(Gen *gen, const Schedule *schedule, Value function);
// A loop over the chunks of this worker, for sums that are made sample by sample.
typedef struct ChunkLoop {
    Loop loop;
    Range samples; // of the chunk, or what of them is walked now
    Value begins;  // whether the chunk's first sample is among them; NULL: it is
} ChunkLoop;
ChunkLoop ir_chunks_begin(Gen *gen, const Schedule *schedule, Value function);
// The samples of a chunk.
Range ir_chunk_range(Gen *gen, const Schedule *schedule, Value function, Value chunk);
// A block of this worker that stays until the group's function returns; `offset` in floats.
Value ir_scratch(Gen *gen, Value function, int64_t offset, int64_t floats);
void ir_only_worker_zero(Gen *gen, Value function, LLVMBasicBlockRef *skip);

// ---- lane.c and element.c: values at a position.

typedef enum Domain { DOMAIN_ROWS, DOMAIN_STORAGE, DOMAIN_SCALAR } Domain;

struct LaneBuilder {
    Gen *gen;
    const Schedule *schedule;
    const Group *group;
    Value function;
    Domain domain;
    int width;               // lanes of the vectors made now
    Type shape;              // DOMAIN_ROWS: whose elements are walked
    int64_t row_width, lead; // of it
    Value sample;            // in the batch
    Value row;               // of lead, in the sample (i64)
    Value column;            // of lane 0 in the row
    bool any_column;         // else a multiple of the width
    bool asks_ahead; // positions follow each other in memory: what comes from far is asked for
    Value storage;   // DOMAIN_STORAGE: float offset of lane 0 in the parameter's storage
    int order;       // DOMAIN_STORAGE: that parameter; -1: plain
    Value lane_rows, lane_columns, lane_is_there; // places.h; NULL: nobody asks
    Value *values;     // by slot (reshapes that move elements too): known at this position
    Value *row_values; // by slot: what is known for the whole row (DOMAIN_ROWS); may be NULL
    Value *numbers;    // by slot: what element_hoist computed; may be NULL
    Value *vectors;    // by slot: where it put small vectors; may be NULL
    Value chunk;       // of the batch; NULL: the group has no sums over samples
    Value before;      // ir_samples_before; NULL: no value of the group lives within a window
};

// slots.c: the nodes that a group touches are numbered from 1, so that what is kept of them is as
// long as the group and not as the graph.
void slots_number(Gen *gen, const Schedule *schedule, const Group *group);
int slots_of(const Gen *gen, const Node *node);
void *slots_array(Gen *gen, size_t size); // zeroed, an element for each slot and for 0

void element_begin(LaneBuilder *b, Gen *gen, const Schedule *schedule, const Group *group,
                   Value function);
// Asks for what lies some lines behind `pointer`, in the value of all samples that `buffer` has,
// where that is more than the second-level cache holds.
void element_ask_ahead(const LaneBuilder *b, const Buffer *buffer, Value pointer, Prefetch how);
// Computes the single numbers of the step that the group uses (a bias correction, a factor that
// clips) and small vectors (the scales of a batch normalization) here, at the start of its
// function, so that no loop computes them again.
void element_hoist(LaneBuilder *b);
void element_forget(LaneBuilder *b); // the position moved
// The value of a node at the position: known, loaded or computed.
Lane element_value(LaneBuilder *b, Node *node);
// A builder at an element of `input`, in the sample at the position.
LaneBuilder element_builder_at(const LaneBuilder *b, const Node *input, Value row, Value column);
// The whole number (i64) that `numbers` has there, within [0, size): what is outside becomes the
// nearest one.
Value element_index(LaneBuilder *b, Node *numbers, Value row, Value column, int64_t size);
// One number for the whole row (a reduction of it, a sample's label)?
bool element_is_row_value(const LaneBuilder *b, const Node *node);
// Stores `node`'s value at the position; the first `valid` lanes belong to the row.
void element_store(LaneBuilder *b, Node *node, int valid);
// Computes everything that the group must store here, then stores it: nodes with a buffer, assigns.
void element_store_all(LaneBuilder *b, int valid);
// The group's sums over samples: this chunk's partial sum begins at zero, and gets the vector of
// summands at a column of the row, of which the first `valid` count. `begins`: ChunkLoop's.
bool element_has_sums(const Group *group);
void element_clear_sums(LaneBuilder *b, Value begins);
void element_add_to_sum(LaneBuilder *b, const Node *sum, Value vector, int valid);
// Where the tensor that an assign writes begins.
Value element_target(LaneBuilder *b, const Node *assign);
// Where a parameter begins.
Value element_parameter(LaneBuilder *b, const Parameter *parameter);
// Where an unbatched value that is stored begins.
Value element_arena(LaneBuilder *b, const Node *node);
// Where the sample at the position begins in a batched buffer.
Value element_buffer(LaneBuilder *b, const Node *node);
// Where the element of a value of samples is at the position.
Value element_address(LaneBuilder *b, const Node *node);
// A data column and the type of its elements.
Value element_column_base(Gen *gen, const Schedule *schedule, Value function, const Node *node,
                          LlvmType *element);
// Where row `sample` of a data column begins, and the type of its elements.
Value element_column(Gen *gen, const Schedule *schedule, Value function, const Node *node,
                     Value sample, LlvmType *element);

// sums.c: a sum's partial one of the chunk at the position; clearing it, if the chunk begins (NULL:
// it does).
Value sums_place(LaneBuilder *b, const Node *sum);
void sums_clear(LaneBuilder *b, const Node *sum, Value begins);
Value gather_value(LaneBuilder *b, Node *node); // gather.c: of an operator that fetches

// ---- share.c: groups that are alike share a function.
// What differs between them: where a node's, a parameter's, a slot's values lie, and two keys of a
// stream of random numbers. `id` tells which of them.
typedef enum PlaceKind {
    PLACE_BUFFER,
    PLACE_PARAMETER,
    PLACE_SLOT,
    PLACE_STREAM_FIRST,
    PLACE_STREAM_SECOND
} PlaceKind;
// The number as a constant, or, in a shared function, from the table of the group (i64).
Value share_number(Gen *gen, Value function, PlaceKind kind, int64_t id, int64_t number);

typedef struct GroupCode {
    Value function;
    LlvmType type;
    Value places; // its second argument; NULL: it has none
} GroupCode;
// The code of all groups, by their order (function NULL: there is nothing to do); `names` are for
// what has no twin.
GroupCode *share_emit(Gen *gen, const Schedule *schedule, char *const *names);

// ---- scan.c: a function that calls those of a body's groups for each step.
Value scan_emit(Gen *gen, const Schedule *schedule, const Group *group, const char *name);

// ---- loops.c, contraction.c: one function a group, of step_type or, with gen->places,
// shared_type.
Value loops_emit(Gen *gen, const Schedule *schedule, const Group *group, const char *name);
Value contraction_emit(Gen *gen, const Schedule *schedule, const Group *group, const char *name);
// Weights in panels of rows (gen/product/transposed.c).
Value transposed_emit(Gen *gen, const Schedule *schedule, const Group *group, const char *name);

// Weights in pairs of bfloat16 (gen/product/bfloat16/layout.c).
Value pairs_layout_emit(Gen *gen, const Schedule *schedule, const Group *group, const char *name);

// Weights in int8 (gen/product/int8/layout.c).
Value int8_layout_emit(Gen *gen, const Schedule *schedule, const Group *group, const char *name);

// ---- step.c: one step function of groups and barriers.
Value step_emit(Gen *gen, const Schedule *schedule, const char *name);
// Two that share the groups: the second, "<name>_profiled", marks the time of each.
typedef struct StepFunctions {
    Value run, profiled; // profiled NULL: there is none
} StepFunctions;
StepFunctions step_emit_profiled(Gen *gen, const Schedule *schedule, const char *name);

// ---- peak.c: the roof (nnrt_peak); *flops: of a round.
Value peak_emit(Gen *gen, double *flops);
// The same of products in bfloat16; NULL: the target has nothing of its own for them.
Value pairs_peak_emit(Gen *gen, double *flops);

// ---- object.c: LLVM's clean-up passes over the finished module.
void object_optimize(Gen *gen);

// ---- pipeline.c: what is compiled is a list of functions, one kind of thing: a step's training
// and evaluation, a model's predictions.
typedef struct Function {
    const char *name; // of its code: "nn_train"
    const Graph *forward;
    const TrainStep *step; // NULL: a prediction
    GraphMode mode;
    int64_t batch; // 0: one sample, which the workers divide
    Precision precision;
    Quantizing quantizing;
    MeasuredOperands *operands; // NULL: nothing is quantized
    bool is_profiled;           // its code exists a second time, with marks
    bool is_shown;              // by --emit and --after: it does not repeat another one
    Lowering lowering;          // its graph and schedule
    StepFunctions code;
    struct Function *update; // of one that adds gradients up: what is done with them; else NULL
} Function;

typedef struct CompiledStep {
    const TrainStep *step;
    Function *train, *evaluate;
    Function *quantized; // as `evaluate`, in int8; NULL: it is not asked for
    Function *update;    // NULL: `train` updates
    Function *gradients; // of its parameters, alone; NULL: nobody looks at them
} CompiledStep;

typedef struct CompiledTraining {
    const Training *training;
    CompiledStep *steps;
    int step_count;
    Function *samples; // NULL: none
} CompiledTraining;

typedef struct CompiledModel {
    const Model *model;
    Function *predict, *predict_one; // of batches; of one sample, by all workers
    Function *measure;               // what products in int8 multiply; NULL: there are none
    Function *generate;              // one step of a sequence; NULL: it does not go step by step,
    OneStep one_step;                // or has no words for it
} CompiledModel;

typedef struct Compiled {
    const Program *program;
    Layout *layout;
    VEC(Function *) functions;
    VEC(const Dataset *) datasets; // of the trainings and models
    CompiledTraining *trainings;
    int training_count;
    CompiledModel *models;
    int model_count, main_model;
    Value peak_function;
    double peak_flops;
    Value narrow_peak_function; // of products in bfloat16; NULL: there is none
    double narrow_peak_flops;
    bool is_sparing;        // (MemoryPlan)
    int64_t scratch_floats; // of each worker; 0: not known yet
    int64_t cpus;           // of this machine; of another one, 1: they are not known
} Compiled;

// After the passes: has it products in bfloat16? In int8?
bool compiled_is_narrow(const Compiled *compiled);
bool compiled_is_in_int8(const Compiled *compiled);

// How a program takes less memory than it would for speed alone.
typedef struct MemoryPlan {
    bool is_sparing;          // no state is copied unasked
    const Economy *functions; // by number in Compiled.functions
    int function_count;
} MemoryPlan;

Compiled *pipeline_run(Arena *arena, const Program *program, const Target *target,
                       const GenOptions *options, const MemoryPlan *plan, PassObserver *observe,
                       void *state);

// ---- descriptor.c
void descriptor_emit(Gen *gen, const Compiled *compiled);
// The line of the source; 0: in another file than the main one, whose lines programs show.
int64_t descriptor_line(const Compiled *compiled, Span span);

// ---- signature.c: sets columns and outputs, where they are planned.
void signature_set(Gen *gen, const Function *function, nnrt_function *out);
void signature_set_shape(int64_t *rank, int64_t *shape, const Type *type);

// ---- values.c: sets what the function's groups compute and read. After they are planned.
void values_list(Gen *gen, const Compiled *compiled, const Function *function, nnrt_function *out);

#endif
