#include "plane.h"

#include "../../op/op.h"

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

Plane plane_create(const LaneBuilder *b, Node *node, const int64_t before[2],
                   const int64_t after[2], int64_t groups, int64_t *used) {
    enum { LINE = 16 };
    Plane p = {.node = node, .channels = node->type.dims[2] / groups, .b = *b};
    bool padded = false;
    for (int axis = 0; axis < 2; axis++) {
        p.before[axis] = before[axis];
        p.after[axis] = after[axis];
        p.size[axis] = node->type.dims[axis] + before[axis] + after[axis];
        padded = padded || before[axis] || after[axis];
    }
    p.in_place = !padded && groups == 1 && is_stored(&p, schedule_source(node));
    p.is_flat = groups == 1 && is_flat(&p, node);
    p.b.values = slots_array(b->gen, sizeof(Value));
    p.b.row_values = NULL;
    choose_rows(&p);
    p.offset = *used;
    // Vectors may be read past the last pixel.
    if (!p.in_place) *used += (p.size[0] * p.size[1] * p.channels + 2 * LINE) / LINE * LINE;
    return p;
}

int64_t plane_pixel(const Plane *p) {
    return p->in_place ? p->node->type.dims[2] : p->channels;
}

int64_t plane_line(const Plane *p) {
    return p->size[1] * plane_pixel(p);
}

// ---- Filling.

static Value plane_base(Plane *p) {
    int64_t floats = p->size[0] * p->size[1] * p->channels;
    return ir_scratch(p->b.gen, p->b.function, p->offset, floats + 32);
}

void plane_clear(Plane *p) {
    Gen *gen = p->b.gen;
    int lanes = gen->target->machine.lanes;
    int64_t floats = p->size[0] * p->size[1] * p->channels;
    bool padded = p->before[0] || p->before[1] || p->after[0] || p->after[1];
    if (p->in_place || !padded) return;
    Value base = plane_base(p);
    Loop loop =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, floats), ir_int(gen, lanes), "clear");
    ir_store(gen, ir_splat(gen, ir_float(gen, 0), lanes),
             ir_offset(gen, gen->f32, base, loop.index));
    ir_loop_end(gen, &loop);
}

// Computes the vector at the builder's position and puts it at `to`.
static void fill_vector(Plane *p, Value to, int valid) {
    element_forget(&p->b);
    Value value = (Value)(void *)element_value(&p->b, p->node);
    ir_store_lanes(p->b.gen, value, to, valid);
}

// `count` elements from `first` of the builder's row on, to `to`.
static void fill_row(Plane *p, Value first, int64_t count, Value to) {
    Gen *gen = p->b.gen;
    int width = p->b.width;
    int64_t full = count / width * width;
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, full), ir_int(gen, width), "fill");
    p->b.column = ir_add(gen, first, loop.index);
    fill_vector(p, ir_offset(gen, gen->f32, to, loop.index), width);
    ir_loop_end(gen, &loop);
    if (full == count) return;
    p->b.column = ir_add(gen, first, ir_int(gen, full));
    fill_vector(p, ir_offset(gen, gen->f32, to, ir_int(gen, full)), (int)(count - full));
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
    fill_row(p, first, p->channels, ir_offset(gen, gen->f32, to, at));
    ir_loop_end(gen, &pixels);
}

Value plane_fill(Plane *p, Value sample, Value first) {
    Gen *gen = p->b.gen;
    p->b.sample = sample;
    if (p->in_place) return element_buffer(&p->b, schedule_source(p->node));
    Value base = plane_base(p), height = ir_int(gen, p->node->type.dims[0]);
    Value inside = ir_int(gen, p->before[0] * plane_line(p) + p->before[1] * p->channels);
    Value start = ir_offset(gen, gen->f32, base, inside);
    Loop lines = ir_loop_begin(gen, ir_int(gen, 0), height, ir_int(gen, 1), "line");
    Value at = ir_multiply(gen, lines.index, ir_int(gen, plane_line(p)));
    fill_line(p, lines.index, first, ir_offset(gen, gen->f32, start, at));
    ir_loop_end(gen, &lines);
    return base;
}
