// What a function reads and gives: the columns of its inputs and targets, and its outputs.
#include "../emit.h"

void signature_set_shape(int64_t *rank, int64_t *shape, const Type *type) {
    *rank = type->rank;
    for (int i = 0; i < type->rank; i++) shape[i] = type->dims[i];
}

// ---- Columns.

// What the elements of an input must be below, because they are numbers of rows; 0: anything. What
// only has another shape is followed, into the bodies of scans, too.
static int64_t limit_of(const Graph *graph, const Node *input) {
    int64_t limit = 0;
    for (int i = 0; i < graph->nodes.count; i++) {
        const Node *node = graph->nodes.items[i];
        for (int k = 0; k < node->input_count; k++) {
            const Node *source = node->inputs[k];
            while (source->op->fuse == FUSE_MOVEMENT) source = source->inputs[0];
            if (source != input) continue;
            int64_t own = k == 0 && node->op->rows ? node->op->rows(node) : 0;
            if (node->scan && k < node->scan->body->inputs.count)
                own = limit_of(node->scan->body, node->scan->body->inputs.items[k]);
            if (own && (!limit || own < limit)) limit = own;
        }
    }
    return limit;
}

static nnrt_column column_of(const Graph *graph, const Node *node) {
    nnrt_column out = {.name = node->name,
                       .source = node->column,
                       .dtype = node->type.dtype == DTYPE_U8    ? NNRT_U8
                                : node->type.dtype == DTYPE_I32 ? NNRT_I32
                                                                : NNRT_F32,
                       .size = type_elements(&node->type),
                       .limit = limit_of(graph, node)};
    signature_set_shape(&out.rank, out.shape, &node->type);
    return out;
}

// Inputs, then targets, as the function's code counts them.
static void set_columns(Gen *gen, const Graph *graph, nnrt_function *out) {
    int inputs = graph->inputs.count, count = inputs + graph->targets.count;
    nnrt_column *columns = ARENA_ARRAY(gen->arena, nnrt_column, count + 1);
    for (int i = 0; i < count; i++)
        columns[i] = column_of(graph, i < inputs ? graph->inputs.items[i]
                                                 : graph->targets.items[i - inputs]);
    out->columns = columns;
    out->column_count = count;
    out->input_count = inputs;
}

// ---- Outputs.

static bool is_kept(const Graph *graph, int output) {
    for (int i = 0; i < graph->nodes.count; i++)
        if (graph->nodes.items[i]->kept == output + 1) return true;
    return false;
}

static nnrt_output output_of(Gen *gen, const Node *output, int number) {
    const char *name = number ? arena_format(gen->arena, "output_%d", number) : "output";
    nnrt_output out = {.name = output->name ? output->name : name,
                       .size = type_elements(&output->type)};
    signature_set_shape(&out.rank, out.shape, &output->type);
    return out;
}

static void place_output(const Schedule *schedule, nnrt_output *out, int number) {
    const Node *output = schedule_source(schedule->graph->outputs.items[number]);
    const Buffer *buffer = &schedule->buffers[output->id];
    out->offset = buffer->offset;
    out->stride = buffer->stride;
    out->is_kept = is_kept(schedule->graph, number);
}

// Those that nothing reads while training (pipeline.c) are only known.
static void set_outputs(Gen *gen, const Function *function, nnrt_function *out) {
    const Schedule *schedule = function->lowering.schedule;
    const NodeList *placed = &schedule->graph->outputs;
    const NodeList *known = placed->count ? placed : &function->forward->outputs;
    nnrt_output *outputs = ARENA_ARRAY(gen->arena, nnrt_output, known->count + 1);
    for (int i = 0; i < known->count; i++) {
        outputs[i] = output_of(gen, known->items[i], i);
        if (i < placed->count) place_output(schedule, &outputs[i], i);
    }
    out->outputs = outputs;
    out->output_count = known->count;
}

void signature_set(Gen *gen, const Function *function, nnrt_function *out) {
    set_columns(gen, function->lowering.schedule->graph, out);
    set_outputs(gen, function, out);
}
