// The frame of a convolution's function: what the group is, its samples, and where kernels lie.
#include "../../base/diagnostics/ice.h"
#include "../../op/op.h"
#include "pairs.h"
#include "slab.h"
#include "winograd/winograd.h"

// A depthwise kernel [kh, kw, channels, multiplier] has the filters of each channel in a row of its
// own; the convolution sees [kh, kw, 1, channels * multiplier].
void convolver_view_storage(Convolver *c) {
    const Convolution *v = &c->convolution;
    if (c->parameter < 0) return;
    const ParameterLayout *layout = &c->schedule->layout->parameters[c->parameter];
    c->storage = layout->storage;
    bool is_depthwise = layout->columns != v->groups * v->filters;
    if (!is_depthwise) return;
    c->storage.panel_stride = c->storage.row_stride;
    c->storage.row_stride *= v->groups;
}

Value convolver_weights(Convolver *c) {
    Gen *gen = c->gen;
    if (c->parameter < 0) nn_ice("gen", "a convolution's kernel is no parameter");
    int64_t offset = c->schedule->layout->parameters[c->parameter].storage.offset;
    Value weights = ir_context(gen, c->function, FIELD_WEIGHTS);
    return ir_offset(gen, gen->f32, weights,
                     share_number(gen, c->function, PLACE_PARAMETER, c->parameter, offset));
}

Value convolver_laid_out(Convolver *c) {
    return element_buffer(&c->b, c->anchor->inputs[1]);
}

SampleLoops convolver_range_begin(Convolver *c) {
    Gen *gen = c->gen;
    bool sums_kernel = !c->anchor->type.batched;
    SampleLoops loops = {.has_chunks =
                             element_has_sums(c->group) || schedule_is_chunked(c->anchor)};
    if (c->group->partition == PARTITION_OUTPUT) {
        loops.range = (Range){ir_int(gen, 0), ir_context(gen, c->function, FIELD_ROWS)};
    } else if (loops.has_chunks) {
        ChunkLoop chunks = ir_chunks_begin(gen, c->schedule, c->function);
        loops.chunks = chunks.loop;
        loops.range = chunks.samples;
        c->b.chunk = chunks.loop.index;
        element_clear_sums(&c->b, chunks.begins);
        if (sums_kernel) sums_clear(&c->b, c->anchor, chunks.begins);
    } else {
        loops.range = ir_sample_range(gen, c->schedule, c->function);
    }
    return loops;
}

void convolver_samples_begin(Convolver *c, SampleLoops *loops) {
    Gen *gen = c->gen;
    loops->samples =
        ir_loop_begin(gen, loops->range.begin, loops->range.end, ir_int(gen, 1), "sample");
    c->b.sample = loops->samples.index;
}

void convolver_samples_end(Convolver *c, SampleLoops *loops) {
    ir_loop_end(c->gen, &loops->samples);
    if (loops->has_chunks) ir_loop_end(c->gen, &loops->chunks);
}

void convolver_pack_kernels(Convolver *c, int64_t used) {
    c->packs = true;
    c->packed = used;
}

void convolver_kernels_packed(Convolver *c, int64_t used) {
    c->packs = false;
    c->packed = used;
}

int64_t convolver_tile_rows(const Convolver *c, int vectors) {
    return (int64_t)c->way.rows * c->way.vectors / vectors;
}

// Columns of a block.
static int64_t block_of(const Convolver *c, const Panels *p) {
    return lowest(p->panel, (int64_t)c->way.vectors * c->lanes);
}

static int64_t block_count(const Convolver *c, const Panels *p) {
    int64_t block = block_of(c, p), in_panel = divide_up(p->panel, block);
    return p->columns / p->panel * in_panel + divide_up(p->columns % p->panel, block);
}

// Those of the blocks [begin, end) that are this worker's.
static Range own_blocks(Convolver *c, const Panels *p, int64_t begin, int64_t end) {
    Gen *gen = c->gen;
    Value first = ir_int(gen, begin), last = ir_int(gen, end);
    bool divides_columns = c->group->partition == PARTITION_OUTPUT && !c->anchor->type.batched;
    if (!divides_columns) return (Range){first, last};
    Range own = ir_worker_range(gen, c->function, ir_int(gen, block_count(c, p)));
    Value begins_later = LLVMBuildICmp(gen->builder, LLVMIntSGT, own.begin, first, "");
    Value ends_earlier = LLVMBuildICmp(gen->builder, LLVMIntSLT, own.end, last, "");
    return (Range){LLVMBuildSelect(gen->builder, begins_later, own.begin, first, ""),
                   LLVMBuildSelect(gen->builder, ends_earlier, own.end, last, "")};
}

// Blocks [begin, end) of `block` columns, `in_panel` to a panel; `valid` of each exist.
static void visit_blocks(Convolver *c, const Panels *p, int64_t begin, int64_t end, int64_t valid,
                         VisitColumns *visit, void *data) {
    Gen *gen = c->gen;
    int64_t block = block_of(c, p), in_panel = divide_up(p->panel, block);
    Range own = own_blocks(c, p, begin, end);
    Loop loop = ir_loop_begin(gen, own.begin, own.end, ir_int(gen, 1), "block");
    Value within = LLVMBuildURem(gen->builder, loop.index, ir_int(gen, in_panel), "");
    Value panel = LLVMBuildUDiv(gen->builder, loop.index, ir_int(gen, in_panel), "");
    Value in_block = ir_multiply(gen, within, ir_int(gen, block));
    Value column = ir_add(gen, ir_multiply(gen, panel, ir_int(gen, p->panel)), in_block);
    Columns columns = {.vectors = (int)divide_up(valid, c->lanes), .valid = (int)valid};
    columns.offset = ir_add(gen, ir_multiply(gen, panel, ir_int(gen, p->stride)), in_block);
    columns.first = ir_add(gen, p->first, column);
    visit(c, &columns, data);
    ir_loop_end(gen, &loop);
}

void convolver_each_block(Convolver *c, const Panels *p, VisitColumns *visit, void *data) {
    int64_t block = block_of(c, p), in_panel = divide_up(p->panel, block);
    int64_t full = p->panel % block ? 0 : p->columns / block;
    int64_t count = block_count(c, p);
    if (full) visit_blocks(c, p, 0, full, block, visit, data);
    for (int64_t i = full; i < count; i++) {
        int64_t first = i / in_panel * p->panel + i % in_panel * block;
        int64_t end = lowest(p->columns, (i / in_panel + 1) * p->panel);
        visit_blocks(c, p, i, i + 1, lowest(block, end - first), visit, data);
    }
}

// The parameter whose layout the kernel, or its gradient, has.
static int kernel_parameter(const Schedule *schedule, const Node *anchor) {
    if (op_product_kind(anchor) == PRODUCT_WEIGHTS) return schedule->buffers[anchor->id].parameter;
    const Node *kernel = schedule_source(anchor->inputs[1]);
    return kernel->parameter ? kernel->parameter->index : -1;
}

static Value tile_block(Convolver *c) {
    Gen *gen = c->gen;
    int64_t floats = (int64_t)c->tiles.outer_rows * c->tiles.outer_vectors * c->lanes;
    if (convolver_in_tiles(c)) floats = pairs_tile_floats(c);
    Value tile = LLVMBuildAlloca(gen->builder, LLVMArrayType2(gen->f32, (uint64_t)floats), "tile");
    LLVMSetAlignment(tile, 64);
    return tile;
}

// Whether some products are with padding that a walk can leave out.
static bool meets_padding(const Convolver *c) {
    const Window *window = &c->convolution.window;
    int64_t depth = c->kind == PRODUCT_DATA ? c->convolution.filters : c->convolution.channels;
    if (c->in_int8 || (c->in_pairs && depth % 2)) return false;
    bool is_padded = window->before[1] || window->after[1] || c->kind == PRODUCT_DATA;
    return window->size[1] > 1 && is_padded;
}

// Among the `count` ways with lanes along columns, that of them by Winograd's method, which comes
// first where it gains, and that with lanes along samples, which does where columns would fill no
// more than half of a vector.
static void choose_other(Convolver *c, int64_t columns, Way *ways, int count) {
    Way ordinary = ways[0], slab = slab_way(c, columns);
    bool is_weights = c->kind == PRODUCT_WEIGHTS;
    if (slab_fits(c, columns)) {
        bool is_first = is_weights ? 2 * columns < c->lanes : 2 * columns <= c->lanes;
        ways[count] = is_first ? ways[0] : slab;
        if (is_first) ways[0] = slab;
        count++;
    }
    if (winograd_fits(c->schedule, c->group)) {
        ways[count++] = ways[0];
        ways[0] = ordinary;
        ways[0].is_winograd = true;
    }
    c->way = tuning_way(c->gen->tuning, c->schedule, c->group, ways, count);
    if (!c->way.is_slab) return;
    c->slab_tile = c->way;
    c->way = ordinary; // of the samples that are left
}

// Tiles of two vectors, as far as there are so many columns, or of one that are higher; the highest
// with padding too.
static void choose_way(Convolver *c, bool is_depthwise) {
    const Convolution *v = &c->convolution;
    Way ways[TUNING_MAX_WAYS];
    int64_t columns = c->kind == PRODUCT_DATA ? v->channels : v->filters;
    if (is_depthwise) columns = v->groups;
    int count = 0, rows = c->tiles.outer_rows;
    if (convolver_in_tiles(c)) {
        c->way = (Way){.rows = rows, .vectors = 2};
        return;
    }
    if (columns > c->lanes) count = kernel_outer_ways(&c->tiles, rows, 2, ways);
    if (!c->in_pairs || !count) // a block of pairs has whole panels
        count += kernel_outer_ways(&c->tiles, 2 * rows, 1, ways + count);
    int all = count;
    for (int i = 0; i < all && meets_padding(c); i++) {
        if (i && ways[i].vectors == ways[i - 1].vectors) continue;
        ways[count] = ways[i];
        ways[count++].is_padded = true;
    }
    if (c->in_pairs)
        c->way = tuning_way(c->gen->tuning, c->schedule, c->group, ways, count);
    else
        choose_other(c, columns, ways, count);
}

// Columns are those of the panels that the kernel has been laid out in.
static void begin_int8(Convolver *c) {
    int64_t filters = c->convolution.filters;
    c->int8 = int8_weights(c->gen, &c->anchor->inputs[1]->type, convolver_laid_out(c));
    c->storage = (nnrt_storage){.panel = filters > c->lanes ? c->int8.layout.panel : c->lanes};
    int8_begin(c->gen);
}

Value convolution_emit(Gen *gen, const Schedule *schedule, const Group *group, const char *name) {
    Convolver c = {.gen = gen, .schedule = schedule, .group = group, .anchor = group->anchor};
    c.lanes = gen->target->machine.lanes;
    c.tiles = kernel_tile_sizes(&gen->target->machine);
    c.kind = op_product_kind(group->anchor);
    c.convolution = convolution_of(group->anchor);
    c.parameter = kernel_parameter(schedule, group->anchor);
    convolver_view_storage(&c);
    c.in_int8 = op_is_in_int8(group->anchor);
    c.in_pairs = c.in_int8 || op_is_in_bfloat16(group->anchor);
    if (c.in_pairs) c.tiles = kernel_word_sizes(&gen->target->machine, convolver_words(&c));
    c.function = ir_group_function(gen, name);
    c.tile = tile_block(&c);
    element_begin(&c.b, gen, schedule, group, c.function);
    element_hoist(&c.b);
    c.b.domain = DOMAIN_ROWS;
    c.b.width = c.lanes;
    c.b.asks_ahead = true;
    c.b.any_column = c.convolution.groups > 1;
    bool is_depthwise = convolution_is_depthwise(&c.convolution);
    choose_way(&c, is_depthwise);
    if (c.in_int8)
        begin_int8(&c);
    else if (c.in_pairs)
        pairs_begin(gen);
    if (c.kind == PRODUCT_FORWARD)
        (is_depthwise ? depthwise_forward : convolution_forward)(&c);
    else if (c.kind == PRODUCT_DATA)
        (is_depthwise ? depthwise_data : convolution_data)(&c);
    else if (convolver_in_tiles(&c))
        convolution_weights_in_pairs(&c);
    else if (c.way.is_winograd)
        winograd_weights(&c);
    else
        (is_depthwise ? depthwise_weights : convolution_weights)(&c);
    if (c.in_pairs) (c.in_int8 ? int8_end : pairs_end)(gen);
    LLVMBuildRetVoid(gen->builder);
    return c.function;
}
