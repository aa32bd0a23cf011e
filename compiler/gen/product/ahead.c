// What a group makes of a tile reads and writes rows of other values, which have left the
// second-level cache since they were touched last, or which another worker has read. Their places
// are listed before the kernel runs, which asks for one at each of its first steps: all at once
// would wait for each other.
#include "product.h"

#include "../../op/op.h"

enum {
    PRODUCTS_A_PLACE = 28 // vectors, beside which it costs little to list and to ask for one
};

// Bytes of a value from which on its rows are not where a core finds or changes them at once.
static int64_t least_bytes(const MachineModel *machine) {
    if (machine->registers < 32) return machine->second_cache / 4;
    return machine->waits_for_shared ? machine->second_cache / 8 : machine->first_cache;
}

// Values that have an element for each of the result, in rows of a batch that are far away.
static bool is_row_by_row(const Product *p, const Node *value) {
    int64_t elements = type_elements(&value->type);
    int64_t bytes = elements * p->schedule->batch * (int64_t)sizeof(float);
    return value->type.batched && elements == p->b.lead * p->b.row_width &&
           bytes > least_bytes(&p->gen->target->machine);
}

static void add_row_value(Product *p, Node *value) {
    if (p->row_values.count < MOST_ROW_VALUES && is_row_by_row(p, value))
        p->row_values.items[p->row_values.count++] = value;
}

// The kernel itself reads the anchor's operands.
static void add_read(Node *value, void *state) {
    Product *p = state;
    const Node *anchor = p->anchor;
    bool is_operand =
        value == schedule_source(anchor->inputs[0]) || value == schedule_source(anchor->inputs[1]);
    bool is_stored = p->schedule->buffers[value->id].is_stored;
    if (!is_operand && (is_stored || value->op->leaf == LEAF_COLUMN)) add_row_value(p, value);
}

void ahead_find(Product *p) {
    const Schedule *schedule = p->schedule;
    p->row_values.count = 0;
    if (!kernel_has_room(&p->gen->target->machine)) return;
    schedule_visit_reads(schedule, p->group, add_read, p);
    for (int i = 0; i < p->group->nodes.count; i++) {
        Node *node = p->group->nodes.items[i];
        const Buffer *buffer = &schedule->buffers[node->id];
        // Steps that a loop stacks may pass the caches.
        if (buffer->is_stored && buffer->motion != MOTION_STEPS && !schedule_is_chunked(node))
            add_row_value(p, node);
    }
}

// Of higher tiles, which may be chosen, the first ones.
int ahead_rows(const Product *p) {
    return kernel_tile_sizes(&p->gen->target->machine).outer_rows;
}

int ahead_places(const Product *p, int rows, int64_t steps) {
    int places = ahead_rows(p) * p->row_values.count;
    int64_t products = steps * p->tiles.outer_rows * p->tiles.outer_vectors;
    bool is_long = steps >= places && products >= PRODUCTS_A_PLACE * places;
    return 2 * rows > ahead_rows(p) && is_long ? places : 0;
}

void ahead_list(Product *p, const ColumnTile *tile, Value first, int height) {
    Gen *gen = p->gen;
    int each = p->row_values.count;
    Value list = ir_offset(gen, gen->f32, p->scratch, ir_int(gen, p->tile_floats));
    Loop rows =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, ahead_rows(p)), ir_int(gen, 1), "ahead");
    Value row = ir_lesser(gen, rows.index, ir_int(gen, height - 1));
    rows_position(p, ir_add(gen, first, row), tile->first_column);
    for (int i = 0; i < each; i++) {
        const Node *value = p->row_values.items[i];
        Value number = ir_add(gen, ir_multiply(gen, rows.index, ir_int(gen, each)), ir_int(gen, i));
        ir_store(gen, element_address(&p->b, value), ir_offset(gen, gen->pointer, list, number));
    }
    ir_loop_end(gen, &rows);
}

void ahead_ask(Product *p, const ColumnTile *tile, Value first, Value count) {
    Gen *gen = p->gen;
    // The rows of a step are few, and their weights are on their way meanwhile.
    if (!p->row_values.count || p->schedule->scan) return;
    Loop rows = ir_loop_begin(gen, ir_int(gen, 0), count, ir_int(gen, 1), "ahead");
    rows_position(p, ir_add(gen, first, rows.index), tile->first_column);
    for (int i = 0; i < p->row_values.count; i++) {
        const Node *value = p->row_values.items[i];
        Value at = element_address(&p->b, value);
        int64_t bytes = tile->valid * dtype_bytes(schedule_dtype(p->schedule, value));
        for (int64_t from = 0; from < bytes; from += IR_LINE)
            ir_prefetch(gen, ir_offset(gen, gen->i8, at, ir_int(gen, from)), PREFETCH_FIRST);
    }
    ir_loop_end(gen, &rows);
}
