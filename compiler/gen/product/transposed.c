// Weights [K, N] in panels of rows instead of columns, made anew in every step, as the weights
// change. Products by the transposed weights then read memory in its order, broadcast what they
// multiply it by, and need no sum of lanes: worth it for as many rows as sequences have.
#include "product.h"

#include "../../base/diagnostics/ice.h"

// The place of weight (row, column) in panels of columns.
static Value panel_place(const Transposer *t, const nnrt_storage *storage, Value row,
                         Value column) {
    Gen *gen = t->gen;
    Value panel = ir_int(gen, storage->panel);
    Value number = LLVMBuildUDiv(gen->builder, column, panel, "");
    Value within = LLVMBuildURem(gen->builder, column, panel, "");
    Value place = ir_multiply(gen, number, ir_int(gen, storage->panel_stride));
    place = ir_add(gen, place, ir_multiply(gen, row, ir_int(gen, storage->row_stride)));
    return ir_add(gen, place, within);
}

static Value source_at(const Transposer *t, Value row, Value column) {
    return ir_offset(t->gen, t->gen->f32, t->from, panel_place(t, &t->source, row, column));
}

static Value target_at(const Transposer *t, Value row, Value column) {
    return ir_offset(t->gen, t->gen->f32, t->to, panel_place(t, &t->target, column, row));
}

// A square of lanes by lanes, which lies in one panel of either order.
static void move_square(const Transposer *t, Value row, Value column) {
    Gen *gen = t->gen;
    Value function = kernel_transpose(gen);
    Value arguments[] = {source_at(t, row, column), ir_int(gen, t->source.row_stride),
                         target_at(t, row, column), ir_int(gen, t->target.row_stride)};
    LLVMBuildCall2(gen->builder, LLVMGlobalGetValueType(function), function, arguments, 4, "");
}

static void move_numbers(const Transposer *t, Range of_rows, Range of_columns) {
    Gen *gen = t->gen;
    Value one = ir_int(gen, 1);
    Loop rows = ir_loop_begin(gen, of_rows.begin, of_rows.end, one, "row");
    Loop columns = ir_loop_begin(gen, of_columns.begin, of_columns.end, one, "column");
    Value weight = ir_load(gen, gen->f32, source_at(t, rows.index, columns.index));
    ir_store(gen, weight, target_at(t, rows.index, columns.index));
    ir_loop_end(gen, &columns);
    ir_loop_end(gen, &rows);
}

// What a square at the edge has of the weights, number by number.
static void move_rest(const Transposer *t, Value row, Value column) {
    Gen *gen = t->gen;
    Value lanes = ir_int(gen, t->lanes);
    Value last_row = ir_lesser(gen, ir_add(gen, row, lanes), ir_int(gen, t->rows));
    Value last_column = ir_lesser(gen, ir_add(gen, column, lanes), ir_int(gen, t->columns));
    move_numbers(t, (Range){row, last_row}, (Range){column, last_column});
}

void transposed_rows(const Transposer *t, Value row, int64_t count, Range columns) {
    Gen *gen = t->gen;
    if (count < t->lanes) {
        move_numbers(t, (Range){row, ir_add(gen, row, ir_int(gen, count))}, columns);
        return;
    }
    Loop squares = ir_loop_begin(gen, columns.begin, columns.end, ir_int(gen, t->lanes), "square");
    move_square(t, row, squares.index);
    ir_loop_end(gen, &squares);
}

// The squares of one line of them.
static void move_line(const Transposer *t, Value row, Value is_whole) {
    Gen *gen = t->gen;
    int64_t whole = t->columns / t->lanes * t->lanes;
    Value none = ir_int(gen, 0), all = ir_int(gen, t->columns), step = ir_int(gen, t->lanes);
    Value squares = LLVMBuildSelect(gen->builder, is_whole, ir_int(gen, whole), none, "");
    Loop inner = ir_loop_begin(gen, none, squares, step, "square");
    move_square(t, row, inner.index);
    ir_loop_end(gen, &inner);
    Loop rest = ir_loop_begin(gen, squares, all, step, "rest");
    move_rest(t, row, rest.index);
    ir_loop_end(gen, &rest);
}

static void move_all(const Transposer *t, Value function) {
    Gen *gen = t->gen;
    int64_t lines = divide_up(t->rows, t->lanes), whole = t->rows / t->lanes;
    Range own = ir_worker_range(gen, function, ir_int(gen, lines));
    Loop loop = ir_loop_begin(gen, own.begin, own.end, ir_int(gen, 1), "line");
    Value is_whole = LLVMBuildICmp(gen->builder, LLVMIntSLT, loop.index, ir_int(gen, whole), "");
    move_line(t, ir_multiply(gen, loop.index, ir_int(gen, t->lanes)), is_whole);
    ir_loop_end(gen, &loop);
}

Value transposed_emit(Gen *gen, const Schedule *schedule, const Group *group, const char *name) {
    const Node *weights = schedule_source(group->anchor->inputs[0]);
    if (!weights->parameter) nn_ice("gen", "transposed weights are no parameter");
    const ParameterLayout *layout = &schedule->layout->parameters[weights->parameter->index];
    Product p = {.gen = gen,
                 .schedule = schedule,
                 .group = group,
                 .anchor = group->anchor,
                 .parameter = weights->parameter->index,
                 .storage = layout->storage};
    p.function = ir_group_function(gen, name);
    element_begin(&p.b, gen, schedule, group, p.function);
    Transposer t = {.gen = gen,
                    .source = layout->storage,
                    .target = layout_transposed(&schedule->layout->machine, group->anchor),
                    .rows = layout->rows,
                    .columns = layout->columns,
                    .lanes = gen->target->machine.lanes};
    t.from = product_weights(&p);
    t.to = element_buffer(&p.b, group->anchor);
    move_all(&t, p.function);
    LLVMBuildRetVoid(gen->builder);
    return p.function;
}
