// Kernels in the order in which gradients of data read them: lanes along the channels, phase by
// phase (pass/convolution.h). Made anew in every step, as the weights change; the rows of filters
// are divided among the workers.
#include "convolution.h"

#include "../base/ice.h"
#include "../op/op.h"

typedef struct Phase {
    PhaseAxis axis[2];
    int64_t offset;
} Phase;

static const Node *user_of(const Schedule *schedule, const Node *node) {
    for (int i = 0; i < schedule->graph->nodes.count; i++) {
        const Node *user = schedule->graph->nodes.items[i];
        if (user->input_count == 2 && user->inputs[1] == node) return user;
    }
    nn_ice("gen", "%%%d lays out a kernel for nobody", node->id);
}

static Value remainder_of(Gen *gen, Value *value, int64_t divisor) {
    Value rest = LLVMBuildURem(gen->builder, *value, ir_int(gen, divisor), "");
    *value = LLVMBuildUDiv(gen->builder, *value, ir_int(gen, divisor), "");
    return rest;
}

// The weight under the tap from the end, as the kernel numbers it along an axis.
static Value weight_of(Gen *gen, const PhaseAxis *p, Value tap) {
    Value from_end = LLVMBuildSub(gen->builder, ir_int(gen, p->taps - 1), tap, "");
    return ir_add(gen, ir_int(gen, p->first), ir_multiply(gen, from_end, ir_int(gen, p->step)));
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

static void lay_out_phase(Convolver *c, const KernelLayout *layout, const Phase *p, Value to) {
    Gen *gen = c->gen;
    const Convolution *v = &c->convolution;
    int64_t taps[] = {p->axis[0].taps, p->axis[1].taps};
    int64_t rows = v->groups * layout->panels * taps[0] * taps[1] * v->filters;
    if (rows == 0) return;
    Range range = ir_worker_range(gen, c->function, ir_int(gen, rows));
    Loop loop = ir_loop_begin(gen, range.begin, range.end, ir_int(gen, 1), "filter");
    Value number = loop.index;
    Value filter = remainder_of(gen, &number, v->filters);
    Value column = weight_of(gen, &p->axis[1], remainder_of(gen, &number, taps[1]));
    Value line = weight_of(gen, &p->axis[0], remainder_of(gen, &number, taps[0]));
    Value panel = remainder_of(gen, &number, layout->panels);
    Value cell = ir_add(gen, ir_multiply(gen, line, ir_int(gen, v->window.size[1])), column);
    Value row = ir_multiply(gen, cell, ir_int(gen, v->channels));
    Value from =
        ir_offset(gen, gen->f32, convolver_weights(c), filter_place(c, number, filter, row));
    Value at = ir_add(gen, ir_int(gen, p->offset),
                      ir_multiply(gen, loop.index, ir_int(gen, layout->panel)));
    copy_channels(c, layout, from, ir_multiply(gen, panel, ir_int(gen, layout->panel)),
                  ir_offset(gen, gen->f32, to, at));
    ir_loop_end(gen, &loop);
}

Value kernel_layout_emit(Gen *gen, const Schedule *schedule, const Group *group, const char *name) {
    Convolver c = {.gen = gen, .schedule = schedule, .group = group, .anchor = group->anchor};
    c.convolution = convolution_of(user_of(schedule, group->anchor));
    const Node *kernel = schedule_source(group->anchor->inputs[0]);
    if (!kernel->parameter) nn_ice("gen", "a convolution's kernel is no parameter");
    c.parameter = kernel->parameter->index;
    convolver_view_storage(&c);
    c.function = ir_group_function(gen, name);
    element_begin(&c.b, gen, schedule, group, c.function);
    KernelLayout layout = convolution_kernel_layout(&c.convolution, gen->target->machine.lanes);
    Value to = element_buffer(&c.b, group->anchor);
    const int64_t *stride = c.convolution.window.stride;
    for (int64_t i = 0; i < stride[0] * stride[1]; i++) {
        int64_t row = i / stride[1], column = i % stride[1];
        Phase phase = {{convolution_phase(&c.convolution, 0, row),
                        convolution_phase(&c.convolution, 1, column)},
                       convolution_phase_offset(&c.convolution, &layout, row, column)};
        lay_out_phase(&c, &layout, &phase, to);
    }
    LLVMBuildRetVoid(gen->builder);
    return c.function;
}
