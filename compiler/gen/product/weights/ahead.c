// Weights and moments of a tile, which its update reads and writes. They come from the third-level
// cache or memory: asked for before the kernel runs, or while it does, they are there afterwards.
#include "gradient.h"

enum { LINE_FLOATS = 16 };

void weight_prefetch(Product *p, const WeightTiles *t, int rows, int vectors, Value first_row,
                     Value across) {
    Gen *gen = p->gen;
    const Group *group = p->group;
    int step = p->lanes < LINE_FLOATS ? LINE_FLOATS / p->lanes : 1;
    Loop lines = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, rows), ir_int(gen, 1), "ahead");
    Value place = weight_place(p, t, ir_add(gen, first_row, lines.index), across);
    for (int i = 0; i < group->assigns.count; i++) {
        Value base = element_target(&p->b, group->assigns.items[i]);
        for (int v = 0; v < vectors; v += step) {
            Value at = ir_add(gen, place, ir_int(gen, (int64_t)v * p->lanes));
            ir_prefetch(gen, ir_offset(gen, gen->f32, base, at), PREFETCH_SECOND_TO_WRITE);
        }
    }
    ir_loop_end(gen, &lines);
}

// Whether what two workers update stays in their second-level caches from step to step.
static bool is_at_hand(const Product *p) {
    int64_t numbers = p->group->assigns.count * p->depth * p->columns;
    return numbers * (int64_t)sizeof(float) / 2 <= p->gen->target->machine.second_cache;
}

// How many places a kernel over all rows is given; 0: none, as its steps are too short or too few.
static int listed_places(const Product *p) {
    int count = p->group->assigns.count;
    int places = ahead_rows(p) * count;
    bool is_long = p->gen->target->machine.registers >= 32 && product_most_rows(p) >= places;
    return is_long && count > 0 && count <= MOST_ROW_VALUES && !is_at_hand(p) ? places : 0;
}

static void list(Product *p, const WeightTiles *t, int rows, Value first_row, Value across) {
    Gen *gen = p->gen;
    const Group *group = p->group;
    int count = group->assigns.count;
    Value places = ir_offset(gen, gen->f32, p->scratch, ir_int(gen, p->tile_floats));
    Loop lines =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, ahead_rows(p)), ir_int(gen, 1), "ahead");
    Value row = ir_add(gen, first_row, ir_lesser(gen, lines.index, ir_int(gen, rows - 1)));
    Value place = weight_place(p, t, row, across);
    for (int i = 0; i < count; i++) {
        Value base = element_target(&p->b, group->assigns.items[i]);
        Value number =
            ir_add(gen, ir_multiply(gen, lines.index, ir_int(gen, count)), ir_int(gen, i));
        ir_store(gen, ir_offset(gen, gen->f32, base, place),
                 ir_offset(gen, gen->pointer, places, number));
    }
    ir_loop_end(gen, &lines);
}

// All at once, more of them than a core can wait for, would hold the kernel up.
int weight_ask_ahead(Product *p, const WeightTiles *t, int rows, int vectors, Value first_row,
                     Value across) {
    int places = listed_places(p);
    bool is_near = p->gen->target->machine.waits_for_shared && is_at_hand(p);
    if (places)
        list(p, t, rows, first_row, across);
    else if (!is_near)
        weight_prefetch(p, t, rows, vectors, first_row, across);
    return places;
}
