// Kernels in the order in which gradients of data read them: lanes along the channels, phase by
// phase (pass/layout/convolution.h). Made anew in every step, as the weights change, in one loop
// over the rows of filters, which are divided among the workers.
#include "convolution.h"

#include "../../base/diagnostics/ice.h"
#include "../../op/op.h"

// Where the weights of the kernel's lines (or pixels of a line) go.
typedef struct Axis {
    int64_t size;
    int64_t *before, *taps; // by weight: of its phase
    int64_t *tap;           // by weight: its place in the phase
} Axis;

static Value remainder_of(Gen *gen, Value *value, int64_t divisor) {
    Value rest = LLVMBuildURem(gen->builder, *value, ir_int(gen, divisor), "");
    *value = LLVMBuildUDiv(gen->builder, *value, ir_int(gen, divisor), "");
    return rest;
}

// Copies one filter's weights of a panel of channels.
static void copy_channels(Convolver *c, const KernelLayout *layout, Value from, Value first,
                          Value to) {
    Gen *gen = c->gen;
    const nnrt_storage *s = &c->storage;
    Value last = ir_int(gen, c->convolution.channels - 1);
    Loop loop =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, layout->panel), ir_int(gen, 1), "channel");
    Value channel = ir_add(gen, first, loop.index);
    Value exists = LLVMBuildICmp(gen->builder, LLVMIntSLE, channel, last, "");
    Value safe = LLVMBuildSelect(gen->builder, exists, channel, last, "");
    Value place = ir_multiply(gen, safe, ir_int(gen, s->row_stride));
    Value weight = ir_load(gen, gen->f32, ir_offset(gen, gen->f32, from, place));
    weight = LLVMBuildSelect(gen->builder, exists, weight, ir_float(gen, 0), "");
    ir_store(gen, weight, ir_offset(gen, gen->f32, to, loop.index));
    ir_loop_end(gen, &loop);
}

// Where the weights of one filter begin: row `row` of channels of its kernel.
static Value filter_place(Convolver *c, Value group, Value filter, Value row) {
    Gen *gen = c->gen;
    const nnrt_storage *s = &c->storage;
    int64_t filters = c->convolution.filters;
    int64_t group_stride = (filters + s->panel - 1) / s->panel * s->panel_stride;
    Value within = remainder_of(gen, &filter, s->panel); // filter becomes the panel
    Value place = ir_multiply(gen, group, ir_int(gen, group_stride));
    place = ir_add(gen, place, ir_multiply(gen, filter, ir_int(gen, s->panel_stride)));
    return ir_add(gen, place,
                  ir_add(gen, within, ir_multiply(gen, row, ir_int(gen, s->row_stride))));
}

static Axis axis_of(Convolver *c, int number) {
    const Convolution *v = &c->convolution;
    Arena *arena = c->gen->arena;
    int64_t size = v->window.size[number];
    const PhaseAxis *phases = convolution_phases(v, number, arena);
    Axis axis = {size, ARENA_ARRAY(arena, int64_t, size), ARENA_ARRAY(arena, int64_t, size),
                 ARENA_ARRAY(arena, int64_t, size)};
    for (int64_t i = 0; i < size; i++) {
        const PhaseAxis *p = &phases[convolution_phase_of_weight(v, number, i)];
        axis.before[i] = p->before;
        axis.taps[i] = p->taps;
        axis.tap[i] = p->taps - 1 - (i - p->first) / p->step;
    }
    return axis;
}

// What weight `index` of an axis has. Of one phase, in closed form.
typedef struct WeightPlace {
    Value before, taps, tap;
} WeightPlace;

static WeightPlace place_of(Convolver *c, const Axis *axis, int number, Value index) {
    Gen *gen = c->gen;
    Value size = ir_int(gen, axis->size), last = ir_int(gen, axis->size - 1);
    if (c->convolution.window.stride[number] == 1)
        return (WeightPlace){ir_int(gen, 0), size, LLVMBuildSub(gen->builder, last, index, "")};
    return (WeightPlace){ir_lookup(gen, axis->before, axis->size, index),
                         ir_lookup(gen, axis->taps, axis->size, index),
                         ir_lookup(gen, axis->tap, axis->size, index)};
}

// Where a filter's weights of a panel of channels go, in panels: the phase [group][panel][taps]
// [taps][filters] begins after all weights of the phases before it.
static Value panel_place(Convolver *c, const KernelLayout *layout, const WeightPlace *line,
                         const WeightPlace *column, Value group_panel, Value filter) {
    Gen *gen = c->gen;
    const Convolution *v = &c->convolution;
    int64_t size = convolution_weight_size(v, layout) / layout->panel;
    Value weights = ir_multiply(gen, line->before, ir_int(gen, v->window.size[1]));
    weights = ir_add(gen, weights, ir_multiply(gen, line->taps, column->before));
    Value place = ir_add(gen, ir_multiply(gen, group_panel, line->taps), line->tap);
    place = ir_add(gen, ir_multiply(gen, place, column->taps), column->tap);
    place = ir_add(gen, ir_multiply(gen, place, ir_int(gen, v->filters)), filter);
    return ir_add(gen, ir_multiply(gen, weights, ir_int(gen, size)), place);
}

static void lay_out(Convolver *c, const KernelLayout *layout, Value to) {
    Gen *gen = c->gen;
    const Convolution *v = &c->convolution;
    Axis axes[] = {axis_of(c, 0), axis_of(c, 1)};
    int64_t weights = v->window.size[0] * v->window.size[1];
    Value rows = ir_int(gen, v->groups * layout->panels * weights * v->filters);
    Range range = ir_worker_range(gen, c->function, rows);
    Loop loop = ir_loop_begin(gen, range.begin, range.end, ir_int(gen, 1), "filter");
    Value number = loop.index;
    Value filter = remainder_of(gen, &number, v->filters);
    Value column = remainder_of(gen, &number, v->window.size[1]);
    Value line = remainder_of(gen, &number, v->window.size[0]);
    Value group_panel = number, panel = remainder_of(gen, &number, layout->panels);
    Value cell = ir_add(gen, ir_multiply(gen, line, ir_int(gen, v->window.size[1])), column);
    Value row = ir_multiply(gen, cell, ir_int(gen, v->channels));
    Value from =
        ir_offset(gen, gen->f32, convolver_weights(c), filter_place(c, number, filter, row));
    WeightPlace lines = place_of(c, &axes[0], 0, line), columns = place_of(c, &axes[1], 1, column);
    Value at = panel_place(c, layout, &lines, &columns, group_panel, filter);
    at = ir_multiply(gen, at, ir_int(gen, layout->panel));
    copy_channels(c, layout, from, ir_multiply(gen, panel, ir_int(gen, layout->panel)),
                  ir_offset(gen, gen->f32, to, at));
    ir_loop_end(gen, &loop);
}

Value kernel_layout_emit(Gen *gen, const Schedule *schedule, const Group *group, const char *name) {
    Convolver c = {.gen = gen, .schedule = schedule, .group = group, .anchor = group->anchor};
    c.convolution = convolution_of_kernel(group->anchor);
    const Node *kernel = schedule_source(group->anchor->inputs[0]);
    if (!kernel->parameter) nn_ice("gen", "a convolution's kernel is no parameter");
    c.parameter = kernel->parameter->index;
    convolver_view_storage(&c);
    c.function = ir_group_function(gen, name);
    element_begin(&c.b, gen, schedule, group, c.function);
    KernelLayout layout = convolution_kernel_layout(&c.convolution, gen->target->machine.lanes);
    lay_out(&c, &layout, element_buffer(&c.b, group->anchor));
    LLVMBuildRetVoid(gen->builder);
    return c.function;
}
