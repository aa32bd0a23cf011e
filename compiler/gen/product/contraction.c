// The contraction generator: drives register-tile kernels (kernel.c) over a matrix product and
// applies the group's elementwise nodes to each tile before it leaves the first-level cache.
//
// Three products with the weights W [K, N] occur (rows are samples times leading dimensions):
//   forward   Y[r, n]  = sum over k of X[r, k] W[k, n]
//   data      dX[r, k] = sum over n of dY[r, n] W[k, n]
//   weights   dW[k, n] = sum over r of X[r, k] dY[r, n]
// and two layouts of W. Panels have the lanes along n: forward and weights are outer products of
// broadcasts and panel rows, data is a dot product along n. Transposed weights have the lanes along
// k, which swaps the forms. Data of many rows reads panels of W's rows, which a group before it has
// made (transposed.c). OpenBLAS does what layout_prefers_blas gives it.
#include "int8/int8.h"

#include "../../base/diagnostics/ice.h"
#include "../../op/op.h"

#include <string.h>

Matrix product_matrix(Product *p, Node *value) {
    Node *source = schedule_source(value);
    int64_t width = type_last(&value->type);
    Matrix m = {.source = source, .dtype = source->type.dtype};
    if (source->parameter) {
        m.stride = width;
        m.base = element_parameter(&p->b, source->parameter);
        return m;
    }
    if (source->op->fuse == FUSE_LEAF && !p->schedule->buffers[source->id].is_stored) {
        m.gathers = true;
        m.stride = width;
        if (p->lead != 1 || type_elements(&value->type) != width)
            nn_ice("gen", "a data column with leading dimensions was not loaded");
        return m;
    }
    const Buffer *buffer = &p->schedule->buffers[source->id];
    m.dtype = buffer->is_narrow ? DTYPE_BF16 : DTYPE_F32;
    m.stride = width;
    if (p->lead == 1 && source->type.batched)
        m.stride = buffer->stride * (int64_t)sizeof(float) / dtype_bytes(m.dtype);
    Value sample = p->b.sample;
    p->b.sample = ir_int(p->gen, 0);
    m.base = element_buffer(&p->b, source);
    p->b.sample = sample;
    return m;
}

Value product_row(Product *p, const Matrix *m, Value row) {
    LlvmType element;
    if (m->gathers)
        return element_column(p->gen, p->schedule, p->function, m->source, row, &element);
    return ir_offset(p->gen, ir_element(p->gen, m->dtype), m->base,
                     ir_multiply(p->gen, row, ir_int(p->gen, m->stride)));
}

Value product_weights(Product *p) {
    if (p->transposed) {
        Value sample = p->b.sample;
        p->b.sample = ir_int(p->gen, 0);
        Value base = element_buffer(&p->b, p->transposed);
        p->b.sample = sample;
        return base;
    }
    Value weights = ir_context(p->gen, p->function, FIELD_WEIGHTS);
    Value offset =
        share_number(p->gen, p->function, PLACE_PARAMETER, p->parameter, p->storage.offset);
    return ir_offset(p->gen, p->gen->f32, weights, offset);
}

Value product_rows(Product *p) {
    Value lead = ir_int(p->gen, p->lead);
    if (op_is_table_product(p->anchor)) return lead;
    return ir_multiply(p->gen, ir_context(p->gen, p->function, FIELD_ROWS), lead);
}

int64_t product_most_rows(const Product *p) {
    return op_is_table_product(p->anchor) ? p->lead : p->schedule->batch * p->lead;
}

// ---- Products over rows.

Range product_row_range(Product *p) {
    Gen *gen = p->gen;
    if (p->group->partition == PARTITION_OUTPUT) return (Range){ir_int(gen, 0), product_rows(p)};
    Range samples = ir_sample_range(gen, p->schedule, p->function);
    Value lead = ir_int(gen, p->lead);
    return (Range){ir_multiply(gen, samples.begin, lead), ir_multiply(gen, samples.end, lead)};
}

Range product_own_parts(Product *p, int64_t begin, int64_t end, int64_t count) {
    Gen *gen = p->gen;
    Value first = ir_int(gen, begin), last = ir_int(gen, end);
    if (p->group->partition != PARTITION_OUTPUT) return (Range){first, last};
    Range own = ir_worker_range(gen, p->function, ir_int(gen, count));
    Value is_later = LLVMBuildICmp(gen->builder, LLVMIntSGT, own.begin, first, "");
    Value is_earlier = LLVMBuildICmp(gen->builder, LLVMIntSLT, own.end, last, "");
    return (Range){LLVMBuildSelect(gen->builder, is_later, own.begin, first, ""),
                   LLVMBuildSelect(gen->builder, is_earlier, own.end, last, "")};
}

// Panels side by side: a single row reads all of the weights for few sums, each of which waits for
// the one before; so several panels are walked at once.
static int64_t panels_beside(const Product *p, int vectors) {
    enum { WEIGHTS_MANY = 1 << 14, SUMS_ENOUGH = 64 };
    bool is_row = p->schedule->is_single && p->lead == 1 && p->layout == LAYOUT_PANELS;
    int64_t beside = SUMS_ENOUGH / (vectors * p->lanes);
    if (!is_row || p->depth * p->columns < WEIGHTS_MANY || beside < 2) return 1;
    return lowest(beside, KERNEL_MOST_VECTORS / vectors);
}

// Some panels of the result's columns: units of `beside` panels, which workers divide.
typedef struct PanelPart {
    int64_t first, units, beside; // first panel
    int valid;                    // columns of a unit
} PanelPart;

// Where a step comes again and again, that of a text, of a loop over steps, or of one sample after
// the other, every second one goes through the weights from their end, so that it finds what the
// one before has read last in the second-level cache. NULL: none does; else whether this one does.
static Value goes_backwards(Product *p) {
    Gen *gen = p->gen;
    Value step;
    if (p->schedule->scan)
        step = ir_time(gen, p->function);
    else if (p->schedule->graph->repeats || p->schedule->is_single)
        step =
            LLVMBuildFPToSI(gen->builder, ir_context(gen, p->function, FIELD_STEP), gen->i64, "");
    else
        return NULL;
    return LLVMBuildTrunc(gen->builder, step, gen->i1, "");
}

// Whether a worker that goes through all panels begins with those that it has just changed, as it
// mostly has (weights/gradient.c), while it asks for the others. Sums of rows add tiles up in their
// order.
static bool begins_with_own(const Product *p) {
    return p->schedule->graph->mode == GRAPH_TRAIN && p->kind == PRODUCT_FORWARD &&
           !p->transposed && p->group->partition == PARTITION_ROWS && !p->schedule->scan &&
           !p->row_sums;
}

// From the worker's last panel, which it has changed last, downwards and around.
static PanelTurn own_panels_first(Product *p, Range all, Value number) {
    Gen *gen = p->gen;
    Value count = LLVMBuildSub(gen->builder, all.end, all.begin, ""), minus = ir_int(gen, -1);
    Value before = LLVMBuildSub(gen->builder, number, all.begin, "");
    Range own = ir_worker_range(gen, p->function, count);
    Value place = LLVMBuildSub(gen->builder, ir_add(gen, own.end, minus), before, "");
    Value is_around = LLVMBuildICmp(gen->builder, LLVMIntSLT, place, ir_int(gen, 0), "");
    place = LLVMBuildSelect(gen->builder, is_around, ir_add(gen, place, count), place, "");
    Value is_first = LLVMBuildICmp(gen->builder, LLVMIntEQ, place, ir_int(gen, 0), "");
    Value to_last = ir_add(gen, count, minus);
    return (PanelTurn){ir_add(gen, all.begin, place),
                       LLVMBuildSelect(gen->builder, is_first, to_last, minus, "")};
}

PanelTurn product_panel_in_turn(Product *p, Range own, Value number) {
    Gen *gen = p->gen;
    if (begins_with_own(p)) return own_panels_first(p, own, number);
    Value backwards = goes_backwards(p), one = ir_int(gen, 1);
    if (!backwards) return (PanelTurn){number, one};
    Value last = ir_add(gen, ir_add(gen, own.begin, own.end), ir_int(gen, -1));
    Value other = LLVMBuildSub(gen->builder, last, number, "");
    return (PanelTurn){LLVMBuildSelect(gen->builder, backwards, other, number, ""),
                       LLVMBuildSelect(gen->builder, backwards, ir_int(gen, -1), one, "")};
}

// Whether a panel is asked for while it is read. Steps of few registers are short, and the hardware
// follows a panel whose rows follow each other.
static bool asks_for_panels(const Product *p) {
    return p->gen->target->machine.registers >= 32 || blocks_rows_apart(p) ||
           product_most_rows(p) < p->tiles.outer_rows;
}

// Outer form over rows: the lanes run along the result's columns.
static void outer_rows(Product *p) {
    Gen *gen = p->gen;
    bool panels = p->layout == LAYOUT_PANELS;
    int64_t columns = p->kind == PRODUCT_FORWARD ? p->columns : p->depth;
    int panel = panels ? (int)p->storage.panel : p->tiles.outer_vectors * p->lanes;
    int64_t stride = panels ? p->storage.panel_stride : panel;
    int64_t full = columns / panel, units = 0;
    int rest = (int)(columns % panel), vectors = (int)divide_up(panel, p->lanes);
    int64_t beside = panels_beside(p, vectors), joint = full / beside * beside;
    const PanelPart parts[] = {{0, beside > 1 ? full / beside : 0, beside, (int)beside * panel},
                               {beside > 1 ? joint : 0, beside > 1 ? full - joint : full, 1, panel},
                               {full, rest > 0, 1, rest}};
    ColumnTile tile = {.max_rows = beside > 1 ? 1 : p->tiles.outer_rows,
                       .left = product_matrix(p, p->anchor->inputs[0])};
    tile.outer =
        (OuterKernel){.b_ahead = panels && (beside > 1 || asks_for_panels(p)) ? ROWS_AHEAD : 0,
                      .a_along = panels && gen->target->machine.registers >= 32 ? ALONG_AHEAD : 0,
                      .a_row = tile.left.stride,
                      .loops = {{0, 1, panels ? p->storage.row_stride : p->storage.column_stride}},
                      .loop_count = 1};
    Range rows;
    int64_t depth = p->kind == PRODUCT_FORWARD ? p->depth : p->columns;
    if (panels)
        tile.outer.next_step = blocks_next_step(p, depth, depth, depth * round_up(panel, p->lanes));
    if (panels && tile.outer.next_step && blocks_rows_apart(p)) {
        tile.outer.next_run = panel;
        tile.outer.next_apart = p->storage.row_stride;
    }
    Loop blocks = blocks_begin(p, product_row_range(p), depth, &rows);
    row_sums_block(p, rows, depth);
    int64_t all = parts[0].units + parts[1].units + parts[2].units;
    for (int i = 0; i < 3; units += parts[i++].units) {
        const PanelPart *part = &parts[i];
        if (!part->units) continue;
        tile.outer.vectors = (int)divide_up(part->valid, p->lanes);
        tile.outer.panel_vectors = part->beside > 1 ? vectors : 0;
        tile.outer.b_panel = part->beside > 1 ? stride : 0;
        tile.width = tile.outer.vectors * p->lanes;
        tile.valid = part->valid;
        Range own = product_own_parts(p, units, units + part->units, all);
        Loop loop = ir_loop_begin(gen, own.begin, own.end, ir_int(gen, 1), "panel");
        PanelTurn turn = product_panel_in_turn(p, own, loop.index);
        Value unit = ir_add(gen, turn.number, ir_int(gen, -units));
        Value number = ir_add(gen, ir_multiply(gen, unit, ir_int(gen, part->beside)),
                              ir_int(gen, part->first));
        tile.weights = ir_offset(gen, gen->f32, product_weights(p),
                                 ir_multiply(gen, number, ir_int(gen, stride)));
        tile.next = ir_offset(gen, gen->f32, tile.weights,
                              ir_multiply(gen, turn.to_next, ir_int(gen, stride)));
        tile.first_column = ir_multiply(gen, number, ir_int(gen, panel));
        rows_walk(p, &tile, rows);
        ir_loop_end(gen, &loop);
    }
    row_sums_finish(p, rows);
    ir_loop_end(gen, &blocks);
}

// How the reduction of a dot product is cut into blocks of vectors.
static void dot_blocks(Product *p, DotKernel *kernel) {
    bool panels = p->layout == LAYOUT_PANELS;
    int64_t length = panels ? p->columns : p->depth;
    int64_t block = panels ? p->storage.panel : 2 * p->lanes;
    kernel->steps = length / block;
    kernel->vectors = (int)(block / p->lanes);
    int64_t rest = length % block;
    kernel->last_vectors = (int)divide_up(rest, p->lanes);
    kernel->last_valid = rest ? (int)(rest - (kernel->last_vectors - 1) * p->lanes) : 0;
    kernel->a_step = block;
    kernel->b_step = panels ? p->storage.panel_stride : block;
    kernel->b_column = panels ? p->storage.row_stride : p->storage.column_stride;
}

static int64_t dot_columns(const Product *p) {
    return p->kind == PRODUCT_FORWARD ? p->columns : p->depth;
}

// Whether all outputs are one tile, so that every data vector is loaded and converted once.
static bool is_one_tile(const Product *p) {
    return dot_columns(p) <= 12 && p->layout == LAYOUT_TRANSPOSED;
}

// Dot form over rows: the lanes run along the reduction.
static void dot_rows(Product *p) {
    Gen *gen = p->gen;
    int64_t columns = dot_columns(p);
    ColumnTile tile = {.is_dot = true,
                       .max_rows = p->tiles.dot_rows,
                       .left = product_matrix(p, p->anchor->inputs[0])};
    int per_tile = p->tiles.dot_columns;
    if (is_one_tile(p)) {
        int room = p->tiles.dot_rows * p->tiles.dot_columns;
        per_tile = (int)columns;
        tile.max_rows = room / per_tile > 0 ? room / per_tile : 1;
        if (tile.max_rows > 4) tile.max_rows = 4;
    }
    tile.dot.a_dtype = tile.left.dtype;
    dot_blocks(p, &tile.dot);
    int64_t full = columns / per_tile;
    int rest = (int)(columns % per_tile);
    Range rows;
    int64_t depth = p->layout == LAYOUT_PANELS ? p->columns : p->depth;
    Loop blocks = blocks_begin(p, product_row_range(p), depth, &rows);
    for (int part = 0; part < 2; part++) {
        int wide = part == 0 ? per_tile : rest;
        if ((part == 0 && full == 0) || wide == 0) continue;
        tile.dot.columns = wide;
        tile.width = kernel_dot_width(wide);
        tile.valid = wide;
        Range own = product_own_parts(p, part ? full : 0, full + part, full + (rest > 0));
        Loop loop = ir_loop_begin(gen, own.begin, own.end, ir_int(gen, 1), "tile_columns");
        tile.first_column = ir_multiply(gen, loop.index, ir_int(gen, per_tile));
        tile.weights =
            ir_offset(gen, gen->f32, product_weights(p),
                      ir_multiply(gen, tile.first_column, ir_int(gen, tile.dot.b_column)));
        rows_walk(p, &tile, rows);
        ir_loop_end(gen, &loop);
    }
    ir_loop_end(gen, &blocks);
}

// ---- Entry.

// Weights that a group has laid out, or, within a scan, that one outside has.
static void read_laid_out(Product *p, const Node *weight) {
    bool in_pairs = op_is_in_bfloat16(p->anchor), is_data = p->kind == PRODUCT_DATA;
    bool is_outside = weight->op->fuse == FUSE_LEAF && p->schedule->scan && (is_data || in_pairs);
    const MachineModel *machine = &p->schedule->layout->machine;
    if (weight->op->fuse != FUSE_LAYOUT && !is_outside)
        nn_ice("gen", "a product of two computed values");
    p->transposed = weight;
    p->parameter = -1;
    p->layout = LAYOUT_PANELS;
    p->storage = in_pairs ? layout_pairs(machine, &weight->type, is_data)
                          : layout_transposed(machine, weight); // in int8: not read
    p->columns = type_last(&weight->type);
    p->depth = type_elements(&weight->type) / p->columns;
}

// Whether the lanes run along the columns of the result.
static bool is_outer_form(const Product *p) {
    return p->transposed || (p->kind == PRODUCT_FORWARD) == (p->layout == LAYOUT_PANELS);
}

static void product_init(Product *p, Gen *gen, const Schedule *schedule, const Group *group) {
    *p = (Product){.gen = gen, .schedule = schedule, .group = group, .anchor = group->anchor};
    p->lanes = gen->target->machine.lanes;
    p->tiles = kernel_tile_sizes(&gen->target->machine);
    const Node *anchor = group->anchor;
    const Type *x = &anchor->inputs[0]->type;
    p->lead = type_elements(x) / type_last(x);
    p->kind = op_product_kind(anchor);
    if (p->kind == PRODUCT_PAIRS) return;
    if (p->kind != PRODUCT_WEIGHTS) {
        const Node *weight = schedule_source(anchor->inputs[1]);
        if (!weight->parameter) {
            read_laid_out(p, weight);
            return;
        }
        p->parameter = weight->parameter->index;
    } else {
        p->parameter = schedule->buffers[anchor->id].parameter;
        if (p->parameter < 0) nn_ice("gen", "a gradient of unknown layout");
    }
    ParameterLayout layout = layout_in_products(schedule->layout, p->parameter);
    p->layout = layout.kind;
    p->storage = layout.storage;
    p->depth = layout.rows;
    p->columns = layout.columns;
}

// Columns of the dot form that leave the first-level cache come from the second one for each tile
// of rows: half as many for twice the rows then.
static void fit_dot_tiles(Product *p) {
    const MachineModel *machine = &p->gen->target->machine;
    int64_t depth = p->layout == LAYOUT_PANELS ? p->columns : p->depth;
    int64_t bytes = p->tiles.dot_columns * depth * (int64_t)sizeof(float);
    bool is_one_row = p->schedule->is_single || product_most_rows(p) < 2 * p->tiles.dot_rows;
    if (bytes <= machine->first_cache || is_one_row) return;
    p->tiles.dot_rows *= 2;
    p->tiles.dot_columns /= 2;
}

// Outer tiles have the vectors of a panel.
static void choose_tiles(Product *p) {
    Way ways[TUNING_MAX_WAYS];
    bool panels = p->layout == LAYOUT_PANELS;
    bool is_blocked = product_is_blocked(p);
    bool is_outer = p->kind == PRODUCT_WEIGHTS || is_outer_form(p) || is_blocked;
    int vectors = panels ? (int)divide_up(p->storage.panel, p->lanes) : p->tiles.outer_vectors;
    if (is_blocked) vectors = blocked_vectors(p);
    if (!is_outer) fit_dot_tiles(p);
    int count = is_outer ? kernel_outer_ways(&p->tiles, p->tiles.outer_rows, vectors, ways)
                         : kernel_dot_ways(&p->tiles, ways);
    if (!is_outer && is_one_tile(p)) count = 1;
    Way way = tuning_way(p->gen->tuning, p->schedule, p->group, ways, count);
    if (is_outer)
        p->tiles.outer_rows = way.rows;
    else
        p->tiles.dot_rows = way.rows, p->tiles.dot_columns = way.vectors;
}

// Room for a tile of sums.
static void place_tile(Product *p, bool in_pairs) {
    int64_t vectors = (int64_t)p->tiles.outer_rows * p->tiles.outer_vectors;
    if (in_pairs) vectors = 2 * PAIRS_TALLEST * p->lanes;
    p->tile_floats = vectors * p->lanes < 256 ? 256 : vectors * p->lanes;
    bool lists = p->row_values.count || p->kind == PRODUCT_WEIGHTS;
    int64_t places = lists ? ahead_rows(p) * MOST_ROW_VALUES : 0;
    int64_t floats = p->tile_floats + places * (int64_t)(sizeof(void *) / sizeof(float));
    LlvmType type = LLVMArrayType2(p->gen->f32, (uint64_t)floats);
    p->scratch = LLVMBuildAlloca(p->gen->builder, type, "tile");
    LLVMSetAlignment(p->scratch, 64);
}

// Weights that were laid out fit; those that a gradient is of may not.
static bool is_in_pairs(const Product *p) {
    if (!op_is_in_bfloat16(p->anchor)) return false;
    if (p->kind == PRODUCT_PAIRS) return true;
    if (p->layout != LAYOUT_PANELS) return false;
    return p->parameter < 0 || layout_fits_pairs(p->schedule->layout, p->parameter);
}

static void emit_in_pairs(Product *p) {
    pairs_begin(p->gen);
    if (p->kind == PRODUCT_PAIRS)
        product_pairs(p);
    else
        (p->kind == PRODUCT_WEIGHTS ? product_pairs_weights : product_pairs_rows)(p);
    pairs_end(p->gen);
}

static void emit_own(Product *p) {
    if (p->kind == PRODUCT_PAIRS) {
        product_pairs(p);
        return;
    }
    choose_tiles(p);
    if (p->kind == PRODUCT_WEIGHTS)
        product_weight_gradient(p);
    else if (product_is_blocked(p))
        product_blocked(p);
    else
        (is_outer_form(p) ? outer_rows : dot_rows)(p);
}

// What is said of the left operand stands before the weights.
static void emit_in_int8(Product *p) {
    Int8Weights weights = int8_weights(p->gen, &p->transposed->type, product_weights(p));
    p->int8 = &weights;
    int8_begin(p->gen);
    product_pairs_rows(p);
    int8_end(p->gen);
    p->int8 = NULL;
}

Value contraction_emit(Gen *gen, const Schedule *schedule, const Group *group, const char *name) {
    Product p;
    product_init(&p, gen, schedule, group);
    p.function = ir_group_function(gen, name);
    element_begin(&p.b, gen, schedule, group, p.function);
    element_hoist(&p.b);
    p.b.domain = DOMAIN_ROWS;
    row_sums_begin(&p);
    if (p.kind == PRODUCT_FORWARD || p.kind == PRODUCT_DATA) ahead_find(&p);
    bool in_pairs = is_in_pairs(&p);
    if (op_is_in_int8(group->anchor)) {
        place_tile(&p, true);
        emit_in_int8(&p);
    } else if (p.kind != PRODUCT_PAIRS && p.layout == LAYOUT_PLAIN) {
        product_blas(&p);
    } else {
        place_tile(&p, in_pairs);
        (in_pairs ? emit_in_pairs : emit_own)(&p);
    }
    LLVMBuildRetVoid(gen->builder);
    return p.function;
}
