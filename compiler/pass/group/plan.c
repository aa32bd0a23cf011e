// Memory: where stored values lie in the arena. It is planned over phases (the stretches between
// barriers), because within one the workers are not in step with each other.
#include "convolution.h"
#include "fusion.h"
#include "touched.h"

#include <stdlib.h>

// Floats: a cache line; what vector loads may read past the end; distances of samples that are
// multiples of this are made a line longer.
enum { LINE = 16, SLACK = 16, SKEWED = 512 };

// Floats of one value; more is as good as infinite (budget_fits says so), and sums do not
// overflow.
static const int64_t LARGEST = (int64_t)1 << 46;

// The parameter whose storage order a leaf has; -1: none.
static int leaf_parameter(const Node *node) {
    if (node->parameter) return node->parameter->index;
    return node->slot && node->slot->parameter ? node->slot->parameter->index : -1;
}

// The same matrix, whatever its leading dimensions are called; or the same elements, where those
// simply follow each other.
static bool is_like(const Node *node, const Type *type, LayoutKind kind) {
    return !node->type.batched && node->type.rank > 0 &&
           type_elements(&node->type) == type_elements(type) &&
           (type_last(&node->type) == type_last(type) || kind == LAYOUT_PLAIN);
}

// Gives the node's value the storage order of `parameter`, if it has its type and none yet.
static bool give_order(Schedule *schedule, Node *node, int parameter) {
    Buffer *buffer = &schedule->buffers[node->id];
    bool is_part = node->op->fuse == FUSE_REDUCTION || node->op->fuse == FUSE_REDUCE_AXIS;
    const Type *type = &schedule->graph->weights->parameters.items[parameter]->type;
    LayoutKind kind = schedule->layout->parameters[parameter].kind;
    bool is_kernel = kind == LAYOUT_PANELS && op_is_convolution(node) &&
                     op_product_kind(node) == PRODUCT_WEIGHTS &&
                     type_elements(&node->type) == type_elements(type);
    if (buffer->parameter >= 0 || is_part || !(is_like(node, type, kind) || is_kernel))
        return false;
    buffer->parameter = parameter;
    return true;
}

// Unbatched values of a parameter's type lie as the parameter does: gradients learn it from their
// users, updates from their operands. One round over the nodes; false when nothing changed.
static bool spread_orders(Schedule *schedule) {
    bool changed = false;
    for (int i = 0; i < schedule->graph->nodes.count; i++) {
        Node *node = schedule->graph->nodes.items[i];
        if (node->type.batched || node->op->fuse == FUSE_CONTRACTION) continue;
        if (node->op->fuse != FUSE_ELEMENTWISE && node->op->fuse != FUSE_EFFECT) continue;
        int own = schedule->buffers[node->id].parameter;
        if (node->op->fuse == FUSE_EFFECT) own = leaf_parameter(node);
        for (int k = 0; k < node->input_count && own < 0; k++)
            if (type_equal(&node->inputs[k]->type, &node->type))
                own = schedule->buffers[schedule_source(node->inputs[k])->id].parameter;
        if (own < 0) continue;
        changed |= give_order(schedule, node, own);
        for (int k = 0; k < node->input_count; k++)
            changed |= give_order(schedule, schedule_source(node->inputs[k]), own);
    }
    return changed;
}

void schedule_find_storages(Schedule *schedule) {
    for (int i = 0; i < schedule->graph->nodes.count; i++) {
        const Node *node = schedule->graph->nodes.items[i];
        schedule->buffers[i].parameter = node->op->fuse == FUSE_LEAF ? leaf_parameter(node) : -1;
    }
    while (spread_orders(schedule)) continue;
}

// Marks the values whose rows a contraction reads beside those of other leading dimensions: it
// wants them evenly spaced.
static bool *find_row_operands(const Schedule *schedule, Arena *arena) {
    bool *found = ARENA_ARRAY(arena, bool, schedule->graph->nodes.count + 1);
    for (int i = 0; i < schedule->graph->nodes.count; i++) {
        const Node *user = schedule->graph->nodes.items[i];
        if (user->op->fuse != FUSE_CONTRACTION) continue;
        for (int k = 0; k < user->input_count; k++)
            if (user->inputs[k]->type.rank > 1) found[schedule_source(user->inputs[k])->id] = true;
    }
    return found;
}

// Of weights as their users, which are alike, read them.
static int64_t laid_out_size(const Schedule *schedule, const Node *node) {
    const MachineModel *machine = &schedule->layout->machine;
    if (node->op->laid_out == LAID_OUT_PAIRS)
        return layout_pairs(machine, &node->type, args_bool(node->args, "transpose")).size;
    if (node->op->laid_out == LAID_OUT_INT8) return layout_int8(machine, &node->type).size;
    if (node->op->laid_out == LAID_OUT_TRANSPOSED) return layout_transposed(machine, node).size;
    for (int i = node->id; i < schedule->graph->nodes.count; i++) {
        const Node *user = schedule->graph->nodes.items[i];
        if (user->input_count < 2 || user->inputs[1] != node) continue;
        Convolution convolution = convolution_of(user);
        return convolution_kernel_layout(&convolution, schedule->layout->machine.lanes).size;
    }
    nn_ice("plan", "%%%d lays out a kernel for nobody", node->id);
}

// Rows of whole cache lines: partial sums over samples are in double precision (schedule.h).
static int64_t unbatched_size(const Schedule *schedule, const Node *node, const Buffer *buffer) {
    bool is_sum = node->op->fuse == FUSE_REDUCE_BATCH && schedule_is_chunked(node);
    int64_t size = round_up(type_elements(&node->type), LINE);
    if (node->op->fuse == FUSE_LAYOUT) return laid_out_size(schedule, node);
    if (buffer->parameter >= 0) size = schedule->layout->parameters[buffer->parameter].storage.size;
    if (node->op->reduce == REDUCE_MOMENTS)
        size = node->type.dims[0] * round_up(type_last(&node->type), LINE);
    return is_sum ? size * schedule_sum_floats(node) : size;
}

static void size_buffer(const Schedule *schedule, const Node *node, bool is_row_operand,
                        Buffer *buffer) {
    int64_t elements = type_elements(&node->type);
    if (!node->type.batched) {
        buffer->size = unbatched_size(schedule, node, buffer);
        return;
    }
    if (node->type.dtype == DTYPE_U8) elements = (elements + 3) / 4;
    // A sample of rank 1 is padded to whole cache lines; of higher rank it is dense, so that its
    // rows are evenly spaced across samples.
    bool padded =
        (node->type.rank <= 1 && elements > 1 && !is_row_operand) || node->type.dtype == DTYPE_U8;
    buffer->stride = padded ? round_up(elements, LINE) : elements;
    // Samples that are 2^n bytes apart would share few sets of the caches.
    if (padded && buffer->stride % SKEWED == 0) buffer->stride += LINE;
    if (__builtin_mul_overflow(buffer->stride, schedule->batch, &buffer->size) ||
        buffer->size > LARGEST)
        buffer->size = LARGEST;
    buffer->size = round_up(buffer->size + SLACK, LINE);
}

static int64_t copies_of(const Schedule *schedule, const Node *node) {
    return schedule_is_chunked(node) ? schedule->chunks : 1;
}

typedef struct LifeState {
    Schedule *schedule;
    int phase;
} LifeState;

static void extend_life(Node *value, void *state) {
    LifeState *life = state;
    Buffer *buffer = &life->schedule->buffers[value->id];
    if (buffer->last_phase < life->phase) buffer->last_phase = life->phase;
}

static void find_lives(Schedule *schedule) {
    const Graph *graph = schedule->graph;
    for (int i = 0; i < schedule->groups.count; i++) {
        Group *group = schedule->groups.items[i];
        for (int k = 0; k < group->nodes.count; k++) {
            Buffer *buffer = &schedule->buffers[group->nodes.items[k]->id];
            buffer->first_phase = group->phase;
            if (buffer->last_phase < group->phase) buffer->last_phase = group->phase;
        }
        schedule_visit_reads(schedule, group, extend_life, &(LifeState){schedule, group->phase});
    }
    // What stays from run to run shares its memory with nothing.
    for (int i = 0; i < graph->nodes.count; i++) {
        const Node *node = graph->nodes.items[i];
        int own = schedule->group_of[i];
        bool is_once = own >= 0 && schedule->groups.items[own]->is_once;
        bool is_added = node->op->fuse == FUSE_RESULT && node->inputs[0]->scan->is_resumed;
        if (!is_once && !is_added) continue;
        schedule->buffers[i].first_phase = 0;
        schedule->buffers[i].last_phase = schedule->phase_count - 1;
    }
    // Outputs are read after the step, by workers of which one may be in the next step already. It
    // writes those of its own samples only, or such as stand behind a barrier, which waits for all.
    for (int i = 0; i < graph->outputs.count; i++) {
        const Node *output = schedule_source(graph->outputs.items[i]);
        int group = schedule->group_of[output->id];
        const Group *writer = group < 0 ? NULL : schedule->groups.items[group];
        if (writer && !schedule->is_single && writer->partition != PARTITION_ROWS &&
            writer->phase == 0)
            nn_ice("plan", "%%%d is written where it may still be read", output->id);
        Buffer *buffer = &schedule->buffers[output->id];
        buffer->first_phase = 0;
        buffer->last_phase = schedule->phase_count - 1;
    }
}

static int compare_sizes(const void *a, const void *b) {
    const PlanItem *x = *(PlanItem *const *)a, *y = *(PlanItem *const *)b;
    if (x->size != y->size) return x->size < y->size ? 1 : -1;
    return x < y ? -1 : x > y;
}

// The lowest offset at which `item` fits beside the placed items that live when it does.
static int64_t lowest_gap(PlanItem *const *placed, int count, const PlanItem *item) {
    int64_t offset = 0;
    for (bool moved = true; moved;) {
        moved = false;
        for (int i = 0; i < count; i++) {
            const PlanItem *other = placed[i];
            if (other->last < item->first || item->last < other->first) continue;
            if (other->offset + other->size <= offset || offset + item->size <= other->offset)
                continue;
            offset = other->offset + other->size;
            moved = true;
        }
    }
    return offset;
}

int64_t plan_offsets(PlanItem *items, int count, Arena *arena) {
    PlanItem **order = ARENA_ARRAY(arena, PlanItem *, count + 1);
    for (int i = 0; i < count; i++) order[i] = &items[i];
    if (count) qsort(order, (size_t)count, sizeof *order, compare_sizes);
    int64_t peak = 0;
    for (int i = 0; i < count; i++) {
        order[i]->offset = lowest_gap(order, i, order[i]);
        int64_t end = order[i]->offset + order[i]->size;
        if (end > peak) peak = end;
    }
    return peak;
}

// ---- Joined values: their parts lie in them.

static void mark_parts(Schedule *schedule) {
    for (int i = schedule->graph->nodes.count - 1; i >= 0; i--) {
        const Node *node = schedule->graph->nodes.items[i];
        Buffer *whole = &schedule->buffers[i];
        if (!whole->is_joined) continue;
        for (int k = 0; k < node->input_count; k++) {
            Buffer *part = &schedule->buffers[schedule_source(node->inputs[k])->id];
            part->is_part = true;
            if (part->first_phase < whole->first_phase) whole->first_phase = part->first_phase;
            if (part->last_phase > whole->last_phase) whole->last_phase = part->last_phase;
        }
    }
}

static void place_parts(Schedule *schedule) {
    for (int i = schedule->graph->nodes.count - 1; i >= 0; i--) {
        const Node *node = schedule->graph->nodes.items[i];
        const Buffer *whole = &schedule->buffers[i];
        int64_t begin = 0;
        if (!whole->is_joined) continue;
        for (int k = 0; k < node->input_count; k++) {
            const Node *source = schedule_source(node->inputs[k]);
            Buffer *part = &schedule->buffers[source->id];
            part->offset = whole->offset + begin;
            part->stride = whole->stride;
            part->motion = whole->motion;
            part->distance = whole->distance;
            part->copies = 1;
            begin += type_elements(&source->type);
        }
    }
}

// ---- Bodies of scans: what they keep for themselves lies together; what they read and give lies
// where the values outside do.

static Buffer *output_buffer(const Schedule *body, int index) {
    return &body->buffers[schedule_source(body->graph->outputs.items[index])->id];
}

// Two places for what is carried; one for what a step keeps. Their offsets begin at 0.
static void size_body(Schedule *body, Arena *arena) {
    const Graph *graph = body->graph;
    const bool *row_operands = find_row_operands(body, arena);
    mark_parts(body);
    for (int i = 0; i < graph->nodes.count; i++) {
        Buffer *buffer = &body->buffers[i];
        const Node *node = graph->nodes.items[i];
        if (!buffer->is_stored || buffer->is_part) continue;
        size_buffer(body, node, row_operands[i], buffer);
        buffer->copies = 1;
        buffer->offset = body->arena_size;
        if (!fusion_is_output(graph, node)) body->arena_size += buffer->size;
    }
    for (int i = 0; i < body->scan->carried; i++) {
        Buffer *in = &body->buffers[graph->inputs.items[i]->id], *out = output_buffer(body, i);
        in->is_stored = true;
        size_buffer(body, graph->inputs.items[i], row_operands[graph->inputs.items[i]->id], in);
        in->copies = 1;
        in->offset = body->arena_size;
        in->distance = in->size;
        in->motion = MOTION_READ;
        *out = *in;
        out->motion = MOTION_WRITTEN;
        body->arena_size += 2 * in->size;
    }
}

// What is outside, a step of it at a time or all of it.
static void look_outside(Buffer *own, const Buffer *outside, const Type *step, bool moves) {
    own->is_stored = true;
    own->copies = 1;
    own->offset = outside->offset;
    own->stride = outside->stride;
    own->parameter = outside->parameter;
    own->motion = moves ? MOTION_STEPS : MOTION_NONE;
    own->distance = type_elements(step);
}

static void place_body(const Schedule *schedule, const Group *group) {
    Schedule *body = group->body;
    const Scan *scan = body->scan;
    for (int i = 0; i < body->graph->nodes.count; i++)
        if (body->buffers[i].is_stored) body->buffers[i].offset += group->body_offset;
    for (int i = scan->carried; i < body->graph->inputs.count; i++) {
        const Node *own = body->graph->inputs.items[i];
        const Node *outside = schedule_source(group->anchor->inputs[i]);
        look_outside(&body->buffers[own->id], &schedule->buffers[outside->id], &own->type,
                     i < scan->carried + scan->sequences);
    }
    for (int i = 0; i < group->nodes.count; i++) {
        const Node *result = group->nodes.items[i];
        if (result->op->fuse != FUSE_RESULT) continue;
        int index = scan_result_index(result);
        if (index >= scan->carried)
            look_outside(output_buffer(body, index), &schedule->buffers[result->id],
                         &body->graph->outputs.items[index]->type, true);
    }
    place_parts(body);
}

// What is kept from the step before lies where this one puts it, when it has been read.
static void place_kept(Schedule *schedule) {
    const Graph *graph = schedule->graph;
    for (int i = 0; i < graph->nodes.count; i++) {
        int output = graph->nodes.items[i]->kept;
        if (!output) continue;
        schedule->buffers[i] =
            schedule->buffers[schedule_source(graph->outputs.items[output - 1])->id];
        schedule->buffers[i].is_part = true;
    }
}

// Behind everything that lives for a part of a step.
static void place_states(Schedule *schedule) {
    for (int i = 0; i < schedule->groups.count; i++) {
        Group *group = schedule->groups.items[i];
        if (!touched_updates(group)) continue;
        group->state = round_up(schedule->arena_size, LINE);
        schedule->arena_size = group->state + touched_places(schedule, group).size;
    }
}

void pass_plan(Schedule *schedule, Arena *arena) {
    find_lives(schedule);
    mark_parts(schedule);
    int count = schedule->graph->nodes.count, used = 0;
    PlanItem *items = ARENA_ARRAY(arena, PlanItem, count + schedule->groups.count + 1);
    const bool *row_operands = find_row_operands(schedule, arena);
    for (int i = 0; i < count; i++) {
        Buffer *buffer = &schedule->buffers[i];
        if (!buffer->is_stored || buffer->is_part) continue;
        size_buffer(schedule, schedule->graph->nodes.items[i], row_operands[i], buffer);
        buffer->copies = copies_of(schedule, schedule->graph->nodes.items[i]);
        // Gradients in a parameter's layout have gaps that must stay zero, as the arena begins.
        bool alone = buffer->parameter >= 0;
        items[used++] = (PlanItem){buffer->size * buffer->copies, alone ? 0 : buffer->first_phase,
                                   alone ? schedule->phase_count - 1 : buffer->last_phase, 0};
    }
    for (int i = 0; i < schedule->groups.count; i++) {
        const Group *group = schedule->groups.items[i];
        if (!group->body) continue;
        size_body(group->body, arena);
        items[used++] = (PlanItem){group->body->arena_size, group->phase, group->phase, 0};
    }
    schedule->arena_size = plan_offsets(items, used, arena);
    place_states(schedule);
    used = 0;
    for (int i = 0; i < count; i++)
        if (schedule->buffers[i].is_stored && !schedule->buffers[i].is_part)
            schedule->buffers[i].offset = items[used++].offset;
    place_parts(schedule);
    for (int i = 0; i < schedule->groups.count; i++) {
        Group *group = schedule->groups.items[i];
        if (!group->body) continue;
        group->body_offset = items[used++].offset;
        place_body(schedule, group);
    }
    place_kept(schedule);
}
