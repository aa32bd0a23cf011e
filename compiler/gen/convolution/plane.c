#include "plane.h"

#include "../../op/op.h"
#include "../product/bfloat16/bfloat16.h"

enum { LINE = 16 }; // of the cache, floats

// ---- How the operand is computed.

static bool is_stored(const Plane *p, const Node *source) {
    int group = p->b.schedule->group_of[source->id];
    return group >= 0 && source->type.dtype == DTYPE_F32;
}

// Whether every operand of the formula has an element for each place, so that nothing depends on
// where in a line a channel stands.
static bool is_flat(const Plane *p, Node *node) {
    const Node *source = schedule_source(node);
    if (type_elements(&node->type) == 1 && !node->type.batched) return true;
    if (type_elements(&node->type) != type_elements(&p->node->type)) return false;
    bool in_memory = source->op->fuse == FUSE_LEAF || p->b.schedule->group_of[source->id] >= 0;
    if (in_memory) return true;
    if (source->op->fuse != FUSE_ELEMENTWISE || source->op->reads_column) return false;
    for (int i = 0; i < source->input_count; i++)
        if (!is_flat(p, source->inputs[i])) return false;
    return true;
}

// The widest vectors that a row of `width` elements fills.
static int vector_width(const Gen *gen, int64_t width) {
    int lanes = 1;
    while (lanes < width && lanes < gen->target->machine.lanes) lanes *= 2;
    return lanes;
}

static void choose_rows(Plane *p) {
    const int64_t *dims = p->node->type.dims;
    p->b.domain = DOMAIN_ROWS;
    p->b.shape = p->node->type;
    p->b.row_width = dims[2];
    p->b.lead = dims[0] * dims[1];
    if (p->is_flat) {
        p->b.shape = type_make(DTYPE_F32, true, 2, (int64_t[]){dims[0], dims[1] * dims[2]});
        p->b.row_width = dims[1] * dims[2];
        p->b.lead = dims[0];
    }
    p->b.width = vector_width(p->b.gen, p->is_flat ? p->b.row_width : p->channels);
}

static Plane describe_plane(const LaneBuilder *b, Node *node, const int64_t before[2],
                            const int64_t after[2], int64_t groups) {
    Plane p = {.node = node, .channels = node->type.dims[2] / groups, .b = *b};
    for (int axis = 0; axis < 2; axis++) {
        p.before[axis] = before[axis];
        p.after[axis] = after[axis];
        p.size[axis] = node->type.dims[axis] + before[axis] + after[axis];
    }
    p.is_flat = groups == 1 && is_flat(&p, node);
    p.b.values = slots_array(b->gen, sizeof(Value));
    p.b.row_values = NULL;
    choose_rows(&p);
    return p;
}

static bool is_padded(const Plane *p) {
    return p->before[0] || p->before[1] || p->after[0] || p->after[1];
}

static int64_t plane_numbers(const Plane *p) {
    return p->size[0] * p->size[1] * p->channels;
}

// Numbers behind all others: vectors are read, and zeros stored, past the last one.
static int64_t slack(const Plane *p) {
    return (p->is_rounded ? 4 : 2) * LINE;
}

Plane plane_create(const LaneBuilder *b, Node *node, const int64_t before[2],
                   const int64_t after[2], int64_t groups, int64_t *used) {
    Plane p = describe_plane(b, node, before, after, groups);
    p.in_place = !is_padded(&p) && groups == 1 && is_stored(&p, schedule_source(node));
    p.offset = *used;
    p.room = plane_numbers(&p) + slack(&p);
    if (!p.in_place) *used += p.room / LINE * LINE;
    return p;
}

Plane plane_create_rounded(const LaneBuilder *b, Node *node, const int64_t before[2],
                           const int64_t after[2], int64_t behind, int64_t *used) {
    Plane p = describe_plane(b, node, before, after, 1);
    p.is_rounded = true;
    p.offset = round_up(*used, LINE);
    p.room = round_up(plane_numbers(&p) + behind, 4 * LINE) + slack(&p);
    *used = p.offset + p.room / 2;
    return p;
}

int64_t plane_pixel(const Plane *p) {
    return p->in_place ? p->node->type.dims[2] : p->channels;
}

int64_t plane_line(const Plane *p) {
    return p->size[1] * plane_pixel(p);
}

// ---- Filling.

static LlvmType number_type(const Plane *p) {
    return p->is_rounded ? pairs_number(p->b.gen) : p->b.gen->f32;
}

static Value plane_base(Plane *p) {
    int64_t floats = p->is_rounded ? p->room / 2 : p->room;
    return ir_scratch(p->b.gen, p->b.function, p->offset, floats);
}

// `count` numbers from `first` on, and what is left of the last vector, which is filled later.
static void clear_numbers(Plane *p, Value base, Value first, int64_t count) {
    Gen *gen = p->b.gen;
    int lanes = gen->target->machine.lanes;
    int64_t vector = p->is_rounded ? 2 * lanes : lanes;
    Value zeros = ir_splat(gen, ir_float(gen, 0), lanes);
    Value to = ir_offset(gen, number_type(p), base, first);
    Loop loop =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, count), ir_int(gen, vector), "clear");
    ir_store(gen, zeros, ir_offset(gen, number_type(p), to, loop.index));
    ir_loop_end(gen, &loop);
}

void plane_clear(Plane *p) {
    Gen *gen = p->b.gen;
    const int64_t *dims = p->node->type.dims;
    int64_t line = plane_line(p), inside = dims[1] * p->channels;
    int64_t start = p->before[0] * line + p->before[1] * p->channels;
    if (p->in_place || (!p->is_rounded && !is_padded(p))) return;
    Value base = plane_base(p);
    clear_numbers(p, base, ir_int(gen, 0), start);
    Loop lines =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, dims[0] - 1), ir_int(gen, 1), "line");
    Value at = ir_multiply(gen, lines.index, ir_int(gen, line));
    clear_numbers(p, base, ir_add(gen, at, ir_int(gen, start + inside)), line - inside);
    ir_loop_end(gen, &lines);
    int64_t end = start + (dims[0] - 1) * line + inside;
    clear_numbers(p, base, ir_int(gen, end), p->room - slack(p) - end);
}

// Computes the vector at the builder's position and puts it at `to`.
static void fill_vector(Plane *p, Value to, int valid) {
    element_forget(&p->b);
    Value value = (Value)(void *)element_value(&p->b, p->node);
    if (p->is_rounded) value = pairs_round(p->b.gen, value);
    ir_store_lanes(p->b.gen, value, to, valid);
}

// `count` elements from `first` of the builder's row on, to `to`.
static void fill_row(Plane *p, Value first, int64_t count, Value to) {
    Gen *gen = p->b.gen;
    int width = p->b.width;
    int64_t full = count / width * width;
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, full), ir_int(gen, width), "fill");
    p->b.column = ir_add(gen, first, loop.index);
    fill_vector(p, ir_offset(gen, number_type(p), to, loop.index), width);
    ir_loop_end(gen, &loop);
    if (full == count) return;
    p->b.column = ir_add(gen, first, ir_int(gen, full));
    fill_vector(p, ir_offset(gen, number_type(p), to, ir_int(gen, full)), (int)(count - full));
}

static void fill_line(Plane *p, Value line, Value first, Value to) {
    Gen *gen = p->b.gen;
    const int64_t *dims = p->node->type.dims;
    if (p->is_flat) {
        p->b.row = line;
        fill_row(p, ir_int(gen, 0), p->b.row_width, to);
        return;
    }
    Value width = ir_int(gen, dims[1]);
    Loop pixels = ir_loop_begin(gen, ir_int(gen, 0), width, ir_int(gen, 1), "pixel");
    p->b.row = ir_add(gen, ir_multiply(gen, line, width), pixels.index);
    Value at = ir_multiply(gen, pixels.index, ir_int(gen, p->channels));
    fill_row(p, first, p->channels, ir_offset(gen, number_type(p), to, at));
    ir_loop_end(gen, &pixels);
}

Value plane_fill(Plane *p, Value sample, Value first) {
    Gen *gen = p->b.gen;
    p->b.sample = sample;
    if (p->in_place) return element_buffer(&p->b, schedule_source(p->node));
    Value base = plane_base(p), height = ir_int(gen, p->node->type.dims[0]);
    Value inside = ir_int(gen, p->before[0] * plane_line(p) + p->before[1] * p->channels);
    Value start = ir_offset(gen, number_type(p), base, inside);
    Loop lines = ir_loop_begin(gen, ir_int(gen, 0), height, ir_int(gen, 1), "line");
    Value at = ir_multiply(gen, lines.index, ir_int(gen, plane_line(p)));
    fill_line(p, lines.index, first, ir_offset(gen, number_type(p), start, at));
    ir_loop_end(gen, &lines);
    return base;
}
