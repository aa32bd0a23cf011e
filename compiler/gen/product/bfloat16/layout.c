// Weights in panels of pairs, made anew in every step, as the weights change: pairs along K for
// products with the weights, along N for those with the transposed ones.
#include "bfloat16.h"

#include "../../../base/diagnostics/ice.h"

typedef struct Packer {
    Product *p;
    Gen *gen;
    Value from, to;
    nnrt_storage source, target;
    int64_t rows, columns; // K, N
    int64_t lanes;
} Packer;

static Value load_weights(const Packer *k, Value row, Value panel, int vector) {
    Gen *gen = k->gen;
    Value place = ir_add(gen, ir_multiply(gen, panel, ir_int(gen, k->source.panel_stride)),
                         ir_multiply(gen, row, ir_int(gen, k->source.row_stride)));
    place = ir_add(gen, place, ir_int(gen, vector * k->lanes));
    return ir_load(gen, ir_vector(gen, gen->f32, (int)k->lanes),
                   ir_offset(gen, gen->f32, k->from, place));
}

static void store_zero(const Packer *k, Value to) {
    ir_store(k->gen, LLVMConstNull(pairs_vector(k->gen, (int)k->lanes)), to);
}

// ---- Pairs along K: rows that follow each other.

static Value pair_at(const Packer *k, Value panel, Value pair, int vector) {
    Gen *gen = k->gen;
    Value place = ir_add(gen, ir_multiply(gen, panel, ir_int(gen, k->target.panel_stride)),
                         ir_multiply(gen, pair, ir_int(gen, k->target.row_stride)));
    return pairs_at(gen, k->to, ir_add(gen, place, ir_int(gen, vector * k->lanes)));
}

static void pack_panel(const Packer *k, Value panel) {
    Gen *gen = k->gen;
    int64_t whole = k->rows / 2, all = round_up(k->rows, 2 * k->lanes) / 2;
    Loop pairs = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, whole), ir_int(gen, 1), "pair");
    Value row = ir_multiply(gen, pairs.index, ir_int(gen, 2));
    for (int v = 0; v < 2; v++)
        ir_store(gen,
                 pairs_of_rows(gen, load_weights(k, row, panel, v),
                               load_weights(k, ir_add(gen, row, ir_int(gen, 1)), panel, v)),
                 pair_at(k, panel, pairs.index, v));
    ir_loop_end(gen, &pairs);
    for (int v = 0; v < 2 && k->rows % 2; v++) {
        Value last = load_weights(k, ir_int(gen, k->rows - 1), panel, v);
        Value none = LLVMConstNull(LLVMTypeOf(last));
        ir_store(gen, pairs_of_rows(gen, last, none), pair_at(k, panel, ir_int(gen, whole), v));
    }
    Loop rest = ir_loop_begin(gen, ir_int(gen, whole + k->rows % 2), ir_int(gen, all),
                              ir_int(gen, 1), "no_pair");
    for (int v = 0; v < 2; v++) store_zero(k, pair_at(k, panel, rest.index, v));
    ir_loop_end(gen, &rest);
}

// ---- Pairs along N: of a row; a square of them is turned.

static void turn_square(const Packer *k, Value row, Value count, Value panel, Value to) {
    Gen *gen = k->gen;
    Value lanes = ir_int(gen, k->lanes);
    Loop rows = ir_loop_begin(gen, ir_int(gen, 0), count, ir_int(gen, 1), "row");
    Value from = ir_add(gen, row, rows.index);
    Value pairs =
        pairs_of_row(gen, load_weights(k, from, panel, 0), load_weights(k, from, panel, 1));
    ir_store(gen, pairs, pairs_at(gen, k->p->scratch, ir_multiply(gen, rows.index, lanes)));
    ir_loop_end(gen, &rows);
    Loop rest = ir_loop_begin(gen, count, lanes, ir_int(gen, 1), "no_row");
    store_zero(k, pairs_at(gen, k->p->scratch, ir_multiply(gen, rest.index, lanes)));
    ir_loop_end(gen, &rest);
    Value turn = kernel_transpose(gen);
    Value arguments[] = {k->p->scratch, lanes, to, ir_int(gen, k->target.row_stride)};
    LLVMBuildCall2(gen->builder, LLVMGlobalGetValueType(turn), turn, arguments, 4, "");
}

// One panel of 2L rows of the weights: of each panel of theirs, two squares side by side.
static void turn_panel(const Packer *k, Value number) {
    Gen *gen = k->gen;
    int64_t panels = divide_up(k->columns, k->source.panel);
    Value begin = ir_multiply(gen, number, ir_int(gen, k->target.panel));
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, panels), ir_int(gen, 1), "turned");
    Value pair = ir_multiply(gen, loop.index, ir_int(gen, k->lanes));
    for (int v = 0; v < 2; v++) {
        Value row = ir_add(gen, begin, ir_int(gen, v * k->lanes));
        Value left = LLVMBuildSub(gen->builder, ir_int(gen, k->rows), row, "");
        Value some = LLVMBuildICmp(gen->builder, LLVMIntSGT, left, ir_int(gen, 0), "");
        left = LLVMBuildSelect(gen->builder, some, left, ir_int(gen, 0), "");
        turn_square(k, row, ir_lesser(gen, left, ir_int(gen, k->lanes)), loop.index,
                    pair_at(k, number, pair, v));
    }
    ir_loop_end(gen, &loop);
}

static void pack_all(const Packer *k, bool turns) {
    Gen *gen = k->gen;
    int64_t panels = divide_up(turns ? k->rows : k->columns, k->target.panel);
    Range own = ir_worker_range(gen, k->p->function, ir_int(gen, panels));
    Loop loop = ir_loop_begin(gen, own.begin, own.end, ir_int(gen, 1), "panel");
    (turns ? turn_panel : pack_panel)(k, loop.index);
    ir_loop_end(gen, &loop);
}

Value pairs_layout_emit(Gen *gen, const Schedule *schedule, const Group *group, const char *name) {
    const Node *weights = schedule_source(group->anchor->inputs[0]);
    if (!weights->parameter) nn_ice("gen", "weights in pairs are no parameter");
    ParameterLayout layout = layout_in_products(schedule->layout, weights->parameter->index);
    bool turns = args_bool(group->anchor->args, "transpose");
    Product p = {.gen = gen,
                 .schedule = schedule,
                 .group = group,
                 .anchor = group->anchor,
                 .parameter = weights->parameter->index,
                 .storage = layout.storage,
                 .lanes = gen->target->machine.lanes};
    p.function = ir_group_function(gen, name);
    element_begin(&p.b, gen, schedule, group, p.function);
    Packer k = {.p = &p,
                .gen = gen,
                .source = layout.storage,
                .target = layout_pairs(&schedule->layout->machine, &weights->type, turns),
                .rows = layout.rows,
                .columns = layout.columns,
                .lanes = p.lanes};
    if (k.source.panel != 2 * k.lanes) nn_ice("gen", "weights in pairs of other panels");
    uint64_t floats = (uint64_t)(k.lanes * k.lanes);
    p.scratch = LLVMBuildAlloca(gen->builder, LLVMArrayType2(gen->f32, floats), "square");
    LLVMSetAlignment(p.scratch, 64);
    k.from = product_weights(&p);
    k.to = element_buffer(&p.b, group->anchor);
    pack_all(&k, turns);
    LLVMBuildRetVoid(gen->builder);
    return p.function;
}
