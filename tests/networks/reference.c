#include "reference.h"

#include <float.h>
#include <math.h>
#include <string.h>

static void add_update(Graph *graph, const TrainStep *step, bool rounds) {
    pass_update(graph, step);
    pass_expand(graph);
    if (!rounds) return;
    pass_hoist(graph);
    pass_simplify(graph);
}

// Not simplified, so that the rules of simplify are compared as well. But which numbers a product
// rounds follows from these: x c w becomes x w c.
static Graph *lower(Arena *arena, const Training *training, GraphMode mode, int64_t batch) {
    const TrainStep *step = training->steps.items[0];
    Graph *graph = graph_clone(step->forward, arena, mode == GRAPH_PREDICT ? GRAPH_EVALUATE : mode);
    bool rounds = training->precision == PRECISION_BFLOAT16 && batch > 0;
    graph->sink = NULL;
    pass_attach_loss(graph, step);
    pass_expand(graph);
    pass_hoist(graph); // random numbers that differ from step to step
    if (rounds) rounding_mark(graph, batch);
    if (mode == GRAPH_TRAIN) add_update(graph, step, rounds);
    graph_sort(graph);
    return graph;
}

// ---- Data.

static double number_at(const void *block, Dtype dtype, int64_t i) {
    if (dtype == DTYPE_U8) return ((const uint8_t *)block)[i];
    return dtype == DTYPE_I32 ? ((const int32_t *)block)[i] : ((const float *)block)[i];
}

static EvalTensor *batch_of(Arena *arena, const Type *type, const void *block, const Setup *setup,
                            const uint32_t *index) {
    EvalTensor *tensor = ARENA_NEW(arena, EvalTensor);
    *tensor = eval_tensor(arena, type, setup->rows);
    for (int64_t r = 0; r < setup->rows; r++)
        for (int64_t i = 0; i < tensor->size; i++)
            tensor->data[r * tensor->size + i] =
                number_at(block, type->dtype, index[r] * tensor->size + i);
    return tensor;
}

// ---- Evaluations.

// A few rounding errors: what float32 arithmetic and its polynomials may be wrong by.
static const double movement = 0x1p-22;

// Operators whose results are numbers of their inputs, or 0 and 1: float32 does not round them, and
// what compares them (`equal` in the gradient of a largest number) relies on it.
static bool is_exact(const Node *node) {
    static const char *const names[] = {"maximum",    "minimum", "where",           "negate",
                                        "abs",        "sign",    "broadcast",       "load",
                                        "less",       "greater", "equal",           "one_hot",
                                        "less_equal", "relu",    "stop_gradient",   "pool_max",
                                        "pad_zeros",  "permute", "concat",          "slice",
                                        "unslice",    "assign",  "upsample_nearest"};
    double number;
    if (node_is_constant(node, &number)) return (double)(float)number == number;
    if (node->type.dtype == DTYPE_I32 || node->op->fuse == FUSE_MOVEMENT) return true;
    if (node->op->fuse == FUSE_REDUCTION || node->op->fuse == FUSE_REDUCE_AXIS)
        return node->op->reduce == REDUCE_MAX;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (node_is(node, names[i])) return true;
    return false;
}

// ---- A planted mistake.

int reference_planted = -1;

static bool may_be_wrong(const Node *node) {
    return node->op->fuse != FUSE_LEAF && !is_exact(node);
}

static const Node *find_planted(const Graph *graph) {
    int count = 0;
    for (int i = 0; i < graph->nodes.count; i++) count += may_be_wrong(graph->nodes.items[i]);
    if (reference_planted < 0 || graph->mode != GRAPH_TRAIN || !count) return NULL;
    int left = reference_planted % count;
    for (int i = 0;; i++)
        if (may_be_wrong(graph->nodes.items[i]) && left-- == 0) return graph->nodes.items[i];
}

// ---- Moved numbers.

static double factor(Reference *reference, const Node *node) {
    double planted = node == reference->planted ? 1.01 : 1;
    if (reference->movement == 0) return planted;
    return planted *
           (1 + random_real(&reference->random, -reference->movement, reference->movement));
}

// Where products round, leaves are what float32 has, or data and weights would be rounded
// otherwise; loops round what they made in float32. Where none does, what loops make stays as it
// is.
static bool is_left(const Reference *reference, const Node *node) {
    const NodeList *nodes = &reference->graph->nodes;
    bool is_in_loop = node->id >= nodes->count || nodes->items[node->id] != node;
    return is_exact(node) || (reference->rounded ? node->op->fuse == FUSE_LEAF : is_in_loop);
}

static void round_value(Reference *reference, EvalTensor *value) {
    if (reference->recorded) roundings_record(reference->recorded, value);
    if (reference->followed) roundings_follow(reference->followed, value);
    if (reference->repeated) roundings_repeat(reference->repeated, value);
}

static void adjust_value(void *state, const Node *node, EvalTensor *value) {
    Reference *reference = state;
    int64_t count = value->rows * value->size;
    if (rounding_is(node)) round_value(reference, value);
    if (is_left(reference, node)) return;
    double *moved = ARENA_ARRAY(reference->arena, double, count + 1);
    for (int64_t i = 0; i < count; i++) {
        moved[i] = value->data[i] * factor(reference, node);
        reference->overflows |= !(fabs(moved[i]) <= (double)FLT_MAX);
    }
    value->data = moved;
}

static const Node *wanted_node(const Graph *graph, int index) {
    if (index < graph->outputs.count) return graph->outputs.items[index];
    index -= graph->outputs.count;
    return index ? graph->assigns.items[index - 1] : graph->loss;
}

// The results are those of the evaluation's arena.
static EvalTensor *evaluate(Reference *reference, double moved) {
    const Graph *graph = reference->graph;
    Evaluation evaluation = evaluation_create(graph, reference->arena, &reference->bindings, NULL);
    bool *wanted = ARENA_ARRAY(reference->arena, bool, graph->nodes.count);
    for (int i = 0; i < reference->count; i++) wanted[wanted_node(graph, i)->id] = true;
    reference->movement = moved;
    if (reference->recorded) reference->recorded->all.count = 0;
    reference->first.next = reference->other.next = 0;
    evaluation.adjust = adjust_value;
    evaluation.adjust_state = reference;
    evaluation_run(&evaluation, wanted);
    EvalTensor *results = ARENA_ARRAY(reference->arena, EvalTensor, reference->count);
    for (int i = 0; i < reference->count; i++)
        results[i] = evaluation.values[wanted_node(graph, i)->id];
    return results;
}

static EvalTensor copy_tensor(Arena *arena, const EvalTensor *tensor) {
    EvalTensor copy = *tensor;
    copy.data = ARENA_ARRAY(arena, double, tensor->rows * tensor->size + 1);
    memcpy(copy.data, tensor->data, (size_t)(tensor->rows * tensor->size) * sizeof(double));
    return copy;
}

static void describe(Reference *reference, int index) {
    ReferenceValue *value = &reference->values[index];
    const Node *node = wanted_node(reference->graph, index);
    bool is_assign = index > reference->output_count;
    value->parameter = is_assign ? node->parameter : NULL;
    value->slot = is_assign && !node->parameter ? node->slot : NULL;
    value->name = value->parameter                   ? value->parameter->name
                  : value->slot                      ? value->slot->name
                  : index == reference->output_count ? "the loss"
                                                     : "the output";
}

Reference reference_create(Arena *arena, const Program *program, GraphMode mode, int64_t batch,
                           const Loaded *loaded, const Setup *setup, const SetupData *data) {
    const Training *training = program->main->trainings.items[0];
    Graph *graph = lower(arena, training, mode, batch);
    const uint32_t *index = loaded->context.index;
    Reference reference = {.arena = arena,
                           .graph = graph,
                           .random = {setup->seed + 2},
                           .output_count = graph->outputs.count};
    reference.planted = find_planted(graph);
    reference.rounded = rounding_insert(graph);
    reference.first.arena = reference.other.arena = arena_create();
    reference.count = graph->outputs.count + 1 + graph->assigns.count;
    reference.bindings =
        (EvalBindings){.inputs = batch_of(arena, &setup->input, data->input, setup, index),
                       .targets = batch_of(arena, &setup->target, data->target, setup, index),
                       .parameters = loaded->parameters,
                       .slots = loaded->states,
                       .context = {.rows = setup->rows,
                                   .seed = loaded->context.key,
                                   .step = (int64_t)loaded->context.step,
                                   .learning_rate = loaded->context.learning_rate}};
    reference.values = ARENA_ARRAY(arena, ReferenceValue, reference.count);
    reference.recorded = &reference.first;
    EvalTensor *results = evaluate(&reference, 0);
    reference.recorded = NULL;
    for (int i = 0; i < reference.count; i++) {
        describe(&reference, i);
        reference.values[i].exact = copy_tensor(arena, &results[i]);
        reference.values[i].low = copy_tensor(arena, &results[i]);
        reference.values[i].high = copy_tensor(arena, &results[i]);
        reference.values[i].nearest = copy_tensor(arena, &results[i]);
    }
    return reference;
}

// Of what movements moved a result by; sums of many numbers round more often than once.
static const double explained = 10;

// Half of the evaluations move numbers by as much as is explained: where results are powers of
// their inputs, that is more than as many times what the smaller movement gives.
void reference_move(Reference *reference, int times) {
    for (int t = 0; t < times; t++) {
        double share = t % 2 ? explained : 1;
        ArenaMark mark = arena_mark(reference->arena);
        reference->followed = &reference->first;
        EvalTensor *results = evaluate(reference, movement * share);
        reference->followed = NULL;
        for (int i = 0; i < reference->count; i++) {
            ReferenceValue *value = &reference->values[i];
            for (int64_t k = 0; k < value->exact.rows * value->exact.size; k++) {
                double exact = value->exact.data[k];
                double result = exact + (results[i].data[k] - exact) / share;
                value->low.data[k] = fmin(value->low.data[k], result);
                value->high.data[k] = fmax(value->high.data[k], result);
            }
        }
        arena_release(reference->arena, mark);
    }
}

// ---- Other ways to round.

// One sample may be computed of a batch, and more places for a slot than it has numbers.
static int64_t compared_of(const ReferenceValue *value) {
    int64_t rows =
        value->computed.rows < value->exact.rows ? value->computed.rows : value->exact.rows;
    return rows * value->exact.size;
}

// Numbers that are nearer to what was computed.
static void keep_nearest(ReferenceValue *value, const EvalTensor *result) {
    const double *computed = value->computed.data;
    if (!computed) return;
    for (int64_t k = 0; k < compared_of(value); k++) {
        double *nearest = &value->nearest.data[k];
        if (fabs(result->data[k] - computed[k]) < fabs(*nearest - computed[k]))
            *nearest = result->data[k];
    }
}

// An evaluation of moved numbers says how they are rounded, another one what becomes of that.
// Numbers are moved by less than elsewhere most of the time: the fewer are rounded otherwise that
// float32 does not, the sooner one evaluation has all that it does.
bool reference_round(Reference *reference, int times) {
    static const double shares[] = {0.25, 1, 0.5, 2};
    for (int t = 0; t < times && reference->rounded; t++) {
        ArenaMark mark = arena_mark(reference->arena);
        reference->recorded = &reference->other;
        evaluate(reference, movement * shares[t % 4]);
        reference->recorded = NULL;
        arena_release(reference->arena, mark);
        if (roundings_equal(&reference->first, &reference->other)) continue;
        reference->repeated = &reference->other;
        EvalTensor *results = evaluate(reference, 0);
        reference->repeated = NULL;
        for (int i = 0; i < reference->count; i++) keep_nearest(&reference->values[i], &results[i]);
        arena_release(reference->arena, mark);
    }
    return reference->rounded > 0;
}

// ---- Comparing.

// Of the number, and of the largest number beside it.
static const double relative = 2e-6, beside = 5e-7;
static const double largest_number = 1e8;

static double largest_of(const EvalTensor *tensor) {
    double largest = 0;
    for (int64_t i = 0; i < tensor->rows * tensor->size; i++) {
        double size = fabs(tensor->data[i]);
        if (!(size <= largest)) largest = size;
    }
    return largest;
}

int64_t reference_compare(const ReferenceValue *value, bool *too_large) {
    double largest = largest_of(&value->exact);
    if (!(largest < largest_number)) {
        *too_large = true;
        return -1;
    }
    for (int64_t i = 0; i < compared_of(value); i++) {
        double exact = value->exact.data[i];
        double error = value->computed.data[i] - value->nearest.data[i];
        double moved = fmax(value->high.data[i] - exact, exact - value->low.data[i]);
        double allowed = explained * moved + relative * fabs(exact) + beside * largest + 1e-30;
        if (!(fabs(error) <= allowed)) return i;
    }
    return -1;
}
