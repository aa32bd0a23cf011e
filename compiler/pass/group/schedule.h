// From a primitive graph to what the generator emits: parameter layouts, fused groups in execution
// order, barriers, and buffers in the arena. Nothing here knows LLVM.
#ifndef NNC_PASS_SCHEDULE_H
#define NNC_PASS_SCHEDULE_H

#include "../../../runtime/nnrt.h"
#include "../../base/diagnostics/ice.h"
#include "../../base/integer.h"
#include "../../graph/scan.h"
#include "../pass.h"

// What multiplies numbers in bfloat16.
typedef enum Bfloat16Unit {
    BFLOAT16_NONE,    // nothing: they are widened
    BFLOAT16_VECTORS, // AVX-512 BF16
    BFLOAT16_TILES    // AMX, with AVX-512 BF16
} Bfloat16Unit;

// What multiplies numbers of 8 bits.
typedef enum Int8Unit {
    INT8_NONE,    // nothing: they are widened to 16 bits, whose products in pairs every target has
    INT8_VECTORS, // AVX-512 VNNI, AVX-VNNI
    INT8_TILES    // AMX
} Int8Unit;

// What the passes need to know of the target.
typedef struct MachineModel {
    int lanes;     // float32 a vector register
    int registers; // vector registers
    bool fma;
    Bfloat16Unit bfloat16;
    Int8Unit int8;
    int64_t first_cache, second_cache; // bytes of a core's caches of data
    int issues;                        // instructions that a core begins a cycle, at most
    // A core that changes a line which it has and another one has read waits for it, one line after
    // the other, however early it has asked for them to write.
    bool waits_for_shared;
} MachineModel;

typedef enum ContractionChoice {
    CONTRACTION_AUTO,
    CONTRACTION_OWN,
    CONTRACTION_BLAS
} ContractionChoice;

// ---- Layout: where the elements of each parameter lie.

typedef enum LayoutKind {
    LAYOUT_PLAIN,     // row-major; vectors, tables, and matrices that OpenBLAS multiplies
    LAYOUT_PANELS,    // [N / panel][K][panel]: the panel's columns fill whole vectors
    LAYOUT_TRANSPOSED // [N][K padded]: few outputs, so the lanes run along K
} LayoutKind;

typedef struct ParameterLayout {
    LayoutKind kind;
    nnrt_storage storage; // offset counts from the beginning of the weights
    int64_t rows, columns;
    bool by_blas; // OpenBLAS multiplies it
} ParameterLayout;

typedef struct Layout {
    MachineModel machine;
    ContractionChoice contraction;
    int64_t batch;                    // that it was chosen for
    ParameterLayout *parameters;      // by parameter index
    int64_t *slot_offsets;            // by slot index; NULL until layout_slots
    int64_t weights_size, slots_size; // floats
} Layout;

// requires: primitive graphs of one program, in which every parameter has its uses (a prediction
// may lack those of training); provides: a layout for each parameter, chosen by shape and use, the
// same for every mode.
Layout *pass_layout(const Weights *weights, Graph *const *graphs, int count, Arena *arena,
                    const MachineModel *machine, ContractionChoice contraction, int64_t batch);
// Places the optimizer state of a training graph.
void layout_slots(Layout *layout, const Graph *graph, Arena *arena);
// requires: layout; provides: contractions that cannot read a data column directly (it is gathered
// by row and may be uint8) get it through a `load` node, which fusion turns into a loading loop; so
// do outputs that are data columns themselves.
void pass_load_inputs(Graph *graph, const Layout *layout);

// requires: layout; provides: weights through a node that keeps them in another order, where the
// product that reads them is worth it at this batch.
void pass_lay_out_weights(Graph *graph, const Layout *layout, int64_t batch);
// The order of weights that lie transposed.
nnrt_storage layout_transposed(const MachineModel *machine, const Node *weights);
// The order of weights [K, N] as products in bfloat16 read them, in words of two numbers: pairs
// along K, or, for products by the transposed weights, along N.
nnrt_storage layout_pairs(const MachineModel *machine, const Type *weights, bool transposed);
// The order of weights as products in int8 read them; `range` and `storage` are left out.
nnrt_int8_weights layout_int8(const MachineModel *machine, const Type *weights);
int machine_int8_numbers(const MachineModel *machine); // in a word of 32 bits
// The weights of a matrix product, or NULL.
Parameter *layout_weight_of(const Node *node);

// As products read it: a table, whose rows lie one after the other, in panels across them.
ParameterLayout layout_in_products(const Layout *layout, int parameter);
// Whether products in bfloat16 may read it so, and write its gradient: all of whole panels.
bool layout_fits_pairs(const Layout *layout, int parameter);

// Whether OpenBLAS should do a product of this size, as measured (docs/performance.md).
bool layout_prefers_blas(const MachineModel *machine, ContractionChoice choice, int64_t rows,
                         int64_t depth, int64_t columns);

// ---- Fusion.

typedef enum GroupKind {
    GROUP_CONTRACTION, // a matrix product and what is applied to its result
    GROUP_ROWS,        // elementwise and last-dimension reductions, sample by sample
    GROUP_AXIS,        // a sum over one leading dimension of each sample
    GROUP_COLUMNS,     // a sum over the samples and what is applied to it
    GROUP_LAYOUT,      // weights in another order
    GROUP_STORAGE,     // elementwise over a parameter's storage
    GROUP_REDUCE,      // a sum over a parameter's storage
    GROUP_PLACES,      // a sum over a part of an unbatched value
    GROUP_SCATTER,     // rows of samples, added up at rows of an unbatched value
    GROUP_SCAN,        // groups of their own, once for each step
    GROUP_JOIN,        // nothing: values that are computed where they stand in a larger one
    GROUP_SCALAR       // single numbers
} GroupKind;

typedef enum Partition {
    PARTITION_ROWS,   // each worker has a range of the samples
    PARTITION_OUTPUT, // each worker has a range of the outputs
    PARTITION_SERIAL  // worker 0
} Partition;

typedef struct Schedule Schedule;

typedef struct Group {
    int id; // in execution order
    GroupKind kind;
    Partition partition;
    Node *anchor;        // the contraction or reduction; NULL for the other kinds
    NodeList nodes;      // what it computes, in order, with the anchor and sums over its samples
    NodeList assigns;    // effects stored by it
    Type domain;         // whose elements it walks
    int64_t lead, width; // of it: lead rows of width elements
    Schedule *body;      // of a scan: what it repeats; NULL: it is none
    int64_t body_offset; // in the arena: where the body's values lie
    int phase;           // barriers stand between phases
    int level;           // while groups are made: above those of the groups that it reads
    bool is_rising;      // it is being raised
    struct Group *guest; // of a product: the group whose sums of rows it makes in passing, and that
    struct Group *host;  // has no code of its own, but its host's; NULL: none (passing.c)
    int64_t state;       // of one that updates the rows of a table (touched.h): where in the arena
    int64_t window;      // samples that it and those behind it walk together (windows.c); 0: all
    int window_end;      // the first group that does not
    bool is_once;        // of a graph that repeats: made of weights alone, by a run without samples
                         // for all that follow
} Group;

// How a value of a scan's body moves in memory from step to step.
typedef enum Motion {
    MOTION_NONE,   // each step has it at the same place
    MOTION_STEPS,  // a step of a sequence
    MOTION_READ,   // what is carried, of two places in turn: written by the step before,
    MOTION_WRITTEN // and for the next one
} Motion;

// Where a node's value lies, if it is stored at all.
typedef struct Buffer {
    bool is_stored;
    int64_t stride; // floats from sample to sample; 0: not batched
    int64_t size;   // floats in all
    int64_t offset; // in the arena
    int first_phase, last_phase;
    int first_group,
        last_group;       // the same by group, as far as workers are in step (memory/lives.c)
    int pool;             // of the schedule, that its samples lie in; -1: it has memory of its own
    int64_t extent;       // there: what a sample takes, floats
    const Node *replaces; // in the group that computes it, whose place it takes; NULL: nobody's
    int window_last;      // of a value that lives within a window: the last group that walks it;
                          // else 0
    int parameter;        // unbatched values in the layout of this parameter; -1: plain
    bool is_narrow;       // kept in bfloat16, as products that round it are all that read it
    bool is_joined;       // its parts are computed where they stand in it
    bool is_part;         // of such a value
    Motion motion;
    int64_t distance; // floats from one step, or place, to the next
    int64_t copies;   // partial sums, one for each chunk of the batch; `size` is that of one
} Buffer;

// Memory of which each sample has a part of its own, where values take turns that only the worker
// of the sample reads and writes. There is no barrier in between: workers have other samples.
typedef struct Pool {
    int64_t stride; // floats from sample to sample
    int64_t size;   // floats in all
    int64_t offset; // in the arena
    int first_phase, last_phase;
} Pool;

// As memory holds a stored value, and the floats that this takes for a sample.
Dtype schedule_dtype(const Schedule *schedule, const Node *node);
int64_t schedule_sample_floats(const Schedule *schedule, const Node *node);

struct Schedule {
    Graph *graph;
    const Scan *scan; // whose body it is; NULL: of none
    const Layout *layout;
    int64_t batch;
    // Some sums over the samples are made in chunks of the batch (chunks.c), whose number does not
    // depend on that of the workers, and added in order where they are read; each worker has whole
    // chunks. 0: there are none, and the samples are divided evenly.
    int64_t chunks;
    bool is_single;          // of one sample, whose lines and columns the workers divide
    bool has_windows;        // of some groups
    bool windows_are_chunks; // of the batch: whatever sums over samples in chunks may have one,
                             // else what does so sample by sample
    bool separates;      // a barrier stands between any two groups, so that memory is free sooner
    VEC(Group *) groups; // in execution order
    int phase_count;
    int *group_of;   // by node id; -1: leaf, or computed where it is used
    int *visited;    // by node id, and last the number of visits: for schedule_visit_reads
    Buffer *buffers; // by node id
    Node **normed;   // by node id: of what a norm of such a sum adds up, that sum (touched.h)
    Node **touching; // by node id: of what updates the rows of a table, the sum of rows that is
                     // its gradient (touched.h); else NULL
    Pool *pools;
    int pool_count;
    int64_t arena_size;  // floats
    int64_t arena_kept;  // at its beginning: what stays as it is from step to step
    int64_t arena_bound; // floats of the values that are there at the same time, at most: no plan
                         // takes less
};

// requires: primitive graph, layout; provides: every computed node in one group (or inlined into
// its users), groups acyclic.
Schedule *pass_fuse(Graph *graph, Arena *arena, const Layout *layout, int64_t batch);
// The same for the prediction of one sample by all workers.
Schedule *pass_fuse_single(Graph *graph, Arena *arena, const Layout *layout);
// requires: groups; provides: their order, with barriers only where the dependence changes the
// partition, readers of a parameter before its update.
void pass_schedule(Schedule *schedule);
// requires: order and phases; provides: which groups walk `samples` together; 0: as many as are
// worth it; WINDOWS_OF_CHUNKS: those of chunks, where there are some.
enum { WINDOWS_OF_CHUNKS = -1 };
void pass_windows(Schedule *schedule, int64_t samples);
// requires: order, phases and windows; provides: arena offsets of all stored values; values that
// live at the same time never overlap.
void pass_plan(Schedule *schedule, Arena *arena);

// requires: layout, buffers; provides: in whose parameter's order each unbatched value lies.
void schedule_find_storages(Schedule *schedule);

// The sum of rows that the product's guest is made of; NULL: it has no guest.
Node *schedule_guest_sum(const Group *group);

// Has it products in int8?
bool schedule_is_in_int8(const Schedule *schedule);
// Is the group's product one in bfloat16, or are some of those that it repeats?
bool schedule_in_bfloat16(const Group *group);

void schedule_print_groups(Text *out, const Schedule *schedule); // `--emit=fused`
void schedule_print_plan(Text *out, const Schedule *schedule);   // `--emit=plan`

// A node without the reshapes before it: the node whose buffer it shares.
Node *schedule_source(Node *node);

// Whether a value of type `source`, seen as `view` by a reshape, has for each place of `domain` the
// same element as before: it is a single number, has all elements, or its dimensions did not
// change.
bool schedule_same_place(const Type *view, const Type *source, const Type *domain);
// The domain in which a sum evaluates its input: that of the input, or, if its rows are not what is
// summed, rows as long as the sum.
Type schedule_sum_domain(const Node *input, const Node *sum);

// Whether `user` reads its operands where they are stored, rather than computing them. Values that
// are joined do, too, once fusion has found them.
bool schedule_reads_memory(const Node *user);

bool schedule_has_once(const Schedule *schedule); // a group that is computed once
// Whether what the writer computes is there, without a barrier, before the reader's run begins.
bool schedule_is_ready(const Group *writer, const Group *reader);

// The number of the weights of a leaf or an assign, parameters first; -1: it has none.
int schedule_weights_of(const Schedule *schedule, const Node *node);

// requires: storages; provides: which sums are made in chunks beside those of pictures.
void chunks_choose(Schedule *schedule);
void chunks_count(Schedule *schedule); // of the batch, where a sum is made in them
// Whether `node` is a sum over the samples that is made in chunks, by the groups that walk them.
bool schedule_is_chunked(const Node *node);
// Whether a group's loops go over samples, so that small vectors are computed before them.
bool schedule_walks_samples(const Group *group);

enum { FORMULA_MOST_OPERANDS = 16 }; // of a node that is computed element by element
// The floats that each element of such a sum takes in each chunk, but for gradients of kernels: a
// double; and a float for the sum of few rows (gen/element/sums.c), where no other vectors follow.
int64_t schedule_sum_floats(const Node *sum);

// Calls `visit` once for every leaf and every stored value of another group that `group` reads.
typedef void ScheduleVisitor(Node *value, void *state);
void schedule_visit_reads(const Schedule *schedule, const Group *group, ScheduleVisitor *visit,
                          void *state);

// ---- The planner itself: intervals to offsets, greedy by size. Returns the peak.
typedef struct PlanItem {
    int64_t size;
    int first, last; // inclusive
    int64_t offset;  // out
    int window_last; // of a value that lives within a window; else 0
} PlanItem;
int64_t plan_offsets(PlanItem *items, int count, Arena *arena);
// The last group of a value's life beside another value: that of its window, unless both live
// within one, as the next samples have it where these had it.
int plan_last_beside(int last, int window_last, int other_window_last);
// The lowest offset at which `item` fits beside the placed ones that live when it does.
int64_t plan_lowest_gap(const PlanItem *placed, int count, const PlanItem *item);

#endif
