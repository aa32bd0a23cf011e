// Sums of a product's rows, of what its group makes of them (pass/group/passing.c): each row has a
// vector of partial sums, to which its tiles add one after the other. Behind the last one of a
// block of rows its lanes are added up, and the guest's numbers are computed.
#include "../element/loops.h"
#include "product.h"

struct RowSums {
    LaneBuilder b; // of the guest
    Node *sum;
    Value partial, first; // vectors; the row that the first one is of
};

void row_sums_begin(Product *p) {
    const Group *guest = p->group->guest;
    if (!guest) return;
    Gen *gen = p->gen;
    RowSums *s = p->row_sums = ARENA_NEW(gen->arena, RowSums);
    s->sum = schedule_guest_sum(p->group);
    element_begin(&s->b, gen, p->schedule, guest, p->function);
    element_hoist(&s->b);
    s->b.domain = DOMAIN_ROWS;
    s->b.width = p->lanes;
    s->b.row_values = slots_array(gen, sizeof(Value));
}

void row_sums_block(Product *p, Range rows, int64_t depth) {
    RowSums *s = p->row_sums;
    if (!s) return;
    int64_t most =
        lowest(blocks_most_rows(p, depth), round_up(product_most_rows(p), p->tiles.outer_rows));
    s->partial = ir_scratch(p->gen, p->function, 0, most * p->lanes);
    s->first = rows.begin;
}

Value row_sums_join(Product *p, Value joined, int valid) {
    if (!p->row_sums) return NULL;
    Value own = (Value)(void *)element_value(&p->b, p->row_sums->sum->inputs[0]);
    own = ir_zero_after(p->gen, own, valid);
    return joined ? LLVMBuildFAdd(p->gen->builder, joined, own, "") : own;
}

static Value place_of(Product *p, Value row) {
    Gen *gen = p->gen;
    Value number = LLVMBuildSub(gen->builder, row, p->row_sums->first, "");
    return ir_offset(gen, gen->f32, p->row_sums->partial,
                     ir_multiply(gen, number, ir_int(gen, p->lanes)));
}

void row_sums_add(Product *p, Value row, Value first_column, Value joined) {
    if (!p->row_sums) return;
    Gen *gen = p->gen;
    Value place = place_of(p, row), before = ir_load(gen, LLVMTypeOf(joined), place);
    Value sum = LLVMBuildFAdd(gen->builder, before, joined, "");
    Value is_first = LLVMBuildICmp(gen->builder, LLVMIntEQ, first_column, ir_int(gen, 0), "");
    ir_store(gen, LLVMBuildSelect(gen->builder, is_first, joined, sum, ""), place);
}

// The guest's numbers of a row: every lane has the same.
static void finish_row(Product *p, Value row) {
    RowSums *s = p->row_sums;
    Gen *gen = p->gen;
    Value lead = ir_int(gen, p->lead), zero = ir_int(gen, 0);
    Value partial = ir_load(gen, ir_vector(gen, gen->f32, p->lanes), place_of(p, row));
    s->b.sample = p->lead == 1 ? row : LLVMBuildUDiv(gen->builder, row, lead, "");
    s->b.row = p->lead == 1 ? zero : LLVMBuildURem(gen->builder, row, lead, "");
    s->b.column = zero;
    element_forget(&s->b);
    s->b.row_values[slots_of(gen, s->sum)] = loops_horizontal(&s->b, false, partial);
    const NodeList *nodes = &p->group->guest->nodes;
    for (int i = 0; i < nodes->count; i++) {
        Node *node = nodes->items[i];
        if (node != s->sum)
            s->b.row_values[slots_of(gen, node)] = (Value)(void *)element_value(&s->b, node);
        if (p->schedule->buffers[node->id].is_stored) element_store(&s->b, node, 1);
    }
}

void row_sums_finish(Product *p, Range rows) {
    if (!p->row_sums) return;
    Gen *gen = p->gen;
    Loop loop = ir_loop_begin(gen, rows.begin, rows.end, ir_int(gen, 1), "row_sum");
    finish_row(p, loop.index);
    ir_loop_end(gen, &loop);
}
