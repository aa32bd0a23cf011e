// Gradients of weights over many rows: those of all steps of sequences, say. Rows that lie a few
// kilobytes apart share few sets of the caches, so a block of rows is copied first, X as tiles and
// dY as panels of columns, which then pass through the kernels from the second-level cache (Goto
// and van de Geijn 2008, "Anatomy of High-Performance Matrix Multiplication"), as many tiles of X
// at a time as stay there. The sums of blocks are added up in double precision, as in
// kernel_long.c.
#include "../../budget/budget.h"
#include "gradient.h"

enum {
    BLOCK = KERNEL_MOST_PRODUCTS, // rows, which is the longest chain of products in float32
    LEAST = 4096,                 // rows of a batch from which on blocks are added up
    FEW = 64,                     // below which a copy would hardly be used again
    PANELS = 16,                  // nor where there are fewer panels,
    FEW_TILES = 8,                // on a side, where less copying is worth it,
    MOST_PAGES = 1024,            // of two columns
    SPREAD = 128,                 // floats from row to row from which on they share sets,
    PAGE = 1024,                  // and above all at multiples of these, or of half of them
    LINE_FLOATS = IR_LINE / (int)sizeof(float),
    WAYS = 8 // of a first-level cache, at least
};

// That a column of so many rows meets.
static int64_t pages_of(int64_t rows, int64_t width) {
    return lowest(rows, divide_up(rows * width, PAGE));
}

// Whether so many rows, few enough for one block or some, are worth their copies: where they share
// few sets, or lie on more pages than addresses are kept of.
static bool is_spread(const MachineModel *machine, int64_t rows, int64_t left, int64_t right) {
    int64_t bytes = rows * left * (int64_t)sizeof(float);
    bool shares = left % (PAGE / 2) == 0 && bytes > machine->second_cache / 2;
    bool translates = pages_of(rows, left) + pages_of(rows, right) > MOST_PAGES;
    return shares || translates || left % PAGE == 0 || right % PAGE == 0;
}

// Whether a column of so many rows meets more lines in a set of the first-level cache than it has:
// then each tile reads them anew, the more often the lower it is.
static bool shares_sets(const MachineModel *machine, int64_t rows, int64_t width) {
    int64_t sets = machine->first_cache / (WAYS * IR_LINE), apart = sets;
    if (machine->registers >= 32 || width % LINE_FLOATS) return false;
    while (width / LINE_FLOATS % apart) apart /= 2;
    return rows > sets / apart * WAYS;
}

// What of the rows is copied.
typedef struct Copies {
    bool left, right;
} Copies;

static Copies worth_copies(const MachineModel *machine, int64_t rows, int64_t down, int64_t across,
                           int64_t left, int64_t right) {
    bool is_spread_out = across >= PANELS && is_spread(machine, rows, left, right);
    if (rows >= LEAST || (rows >= FEW && is_spread_out)) return (Copies){true, true};
    bool is_at_hand = rows * left * (int64_t)sizeof(float) <= machine->second_cache;
    if (rows < FEW || rows > BLOCK || down < FEW_TILES || across < FEW_TILES || !is_at_hand)
        return (Copies){false, false};
    bool of_left = shares_sets(machine, rows, left);
    return (Copies){of_left, of_left || shares_sets(machine, rows, right)};
}

static Copies copies_of(const Product *p, const WeightTiles *t) {
    return worth_copies(&p->gen->target->machine, product_most_rows(p), t->down, t->across,
                        t->broadcast.stride, t->vector.stride);
}

bool weight_is_long(const Product *p, const WeightTiles *t) {
    bool is_plain = !t->vector.gathers && t->vector.dtype == DTYPE_F32;
    return is_plain && t->down > 1 && t->vector.stride >= SPREAD && copies_of(p, t).right;
}

static int64_t block_rows(int64_t rows) {
    return lowest(rows, BLOCK);
}

static int64_t tile_floats(const Product *p, const WeightTiles *t) {
    return (int64_t)p->tiles.outer_rows * round_up(t->tile_width, p->lanes);
}

// Floats of a tile of X: whole vectors are copied of each row, the last one's end behind it, and
// tiles, which are written row by row in turns, are not whole pages apart.
static int64_t left_tile(int64_t rows, int64_t height) {
    return round_up(block_rows(rows) * height, 16) + 16;
}

// In whole vectors, of which panels are made.
static void copy_floats(Product *p, Value to, Value from, int64_t count) {
    Gen *gen = p->gen;
    LlvmType vector = ir_vector(gen, gen->f32, p->lanes);
    for (int64_t at = 0; at < count; at += p->lanes) {
        Value floats = ir_load(gen, vector, ir_offset(gen, gen->f32, from, ir_int(gen, at)));
        ir_store(gen, floats, ir_offset(gen, gen->f32, to, ir_int(gen, at)));
    }
}

// Row by row, a tile's part of the lines that pass together to where the tile is: [tile][row][rows
// of a tile]. What the last tile has too much is of the row behind it, or of the slack behind the
// last.
static void copy_left(Product *p, const WeightTiles *t, Range lines) {
    Gen *gen = p->gen;
    const LongProduct *l = t->block;
    int64_t height = p->tiles.outer_rows, tile = left_tile(product_most_rows(p), height);
    Loop rows = ir_loop_begin(gen, ir_int(gen, 0), l->rows, ir_int(gen, 1), "left_row");
    Value row = ir_add(gen, l->first_row, rows.index);
    Value from = ir_offset(gen, gen->f32, t->broadcast.base,
                           ir_multiply(gen, row, ir_int(gen, t->broadcast.stride)));
    Value to = ir_offset(gen, gen->f32, l->left, ir_multiply(gen, rows.index, ir_int(gen, height)));
    Loop tiles = ir_loop_begin(gen, lines.begin, lines.end, ir_int(gen, 1), "tile");
    Value number = LLVMBuildSub(gen->builder, tiles.index, lines.begin, "");
    Value own = ir_multiply(gen, number, ir_int(gen, tile));
    Value part = ir_multiply(gen, tiles.index, ir_int(gen, height));
    copy_floats(p, ir_offset(gen, gen->f32, to, own), ir_offset(gen, gen->f32, from, part), height);
    ir_loop_end(gen, &tiles);
    ir_loop_end(gen, &rows);
}

// The columns of a panel, of which the last may have fewer: [row][columns].
static void copy_right(Product *p, const WeightTiles *t, Value across, int64_t columns) {
    Gen *gen = p->gen;
    const LongProduct *l = t->block;
    Value first = ir_multiply(gen, across, ir_int(gen, t->tile_width));
    Loop rows = ir_loop_begin(gen, ir_int(gen, 0), l->rows, ir_int(gen, 1), "right_row");
    Value row = ir_add(gen, l->first_row, rows.index);
    Value place = ir_add(gen, first, ir_multiply(gen, row, ir_int(gen, t->vector.stride)));
    Value to = ir_offset(gen, gen->f32, l->right,
                         ir_multiply(gen, rows.index, ir_int(gen, t->tile_width)));
    copy_floats(p, to, ir_offset(gen, gen->f32, t->vector.base, place), columns);
    ir_loop_end(gen, &rows);
}

// ---- Tiles.

static Value sums_of(Product *p, const WeightTiles *t, Value down, Value across) {
    Gen *gen = p->gen;
    Value number = ir_add(gen, ir_multiply(gen, across, ir_int(gen, t->down)), down);
    Value place = ir_multiply(gen, number, ir_int(gen, tile_floats(p, t)));
    return ir_offset(gen, gen->f64, t->block->sums, place);
}

void weight_join_sums(Product *p, Value first_row, Value sums, int vectors) {
    Gen *gen = p->gen;
    int64_t lanes = p->lanes;
    LlvmType floats = ir_vector(gen, gen->f32, (int)lanes);
    LlvmType doubles = ir_vector(gen, gen->f64, (int)lanes);
    Value is_first = LLVMBuildICmp(gen->builder, LLVMIntEQ, first_row, ir_int(gen, 0), "");
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, vectors), ir_int(gen, 1), "join");
    Value at = ir_multiply(gen, loop.index, ir_int(gen, lanes));
    Value own = ir_offset(gen, gen->f64, sums, at);
    Value part = ir_load(gen, floats, ir_offset(gen, gen->f32, p->scratch, at));
    Value before = LLVMBuildSelect(gen->builder, is_first, LLVMConstNull(doubles),
                                   ir_load(gen, doubles, own), "");
    part = LLVMBuildFPExt(gen->builder, part, doubles, "");
    ir_store(gen, LLVMBuildFAdd(gen->builder, before, part, ""), own);
    ir_loop_end(gen, &loop);
}

// Where the columns of X begin that a tile reads: copied, or in their rows.
static Value left_of(Product *p, const WeightTiles *t, Value down) {
    Gen *gen = p->gen;
    int64_t height = p->tiles.outer_rows, tile = left_tile(product_most_rows(p), height);
    const LongProduct *l = t->block;
    if (l->left) {
        Value number = LLVMBuildSub(gen->builder, down, t->first_line, "");
        return ir_offset(gen, gen->f32, l->left, ir_multiply(gen, number, ir_int(gen, tile)));
    }
    // Of a batch that is one block.
    return ir_offset(gen, gen->f32, t->broadcast.base, ir_multiply(gen, down, ir_int(gen, height)));
}

static void call_kernel(Product *p, const WeightTiles *t, int rows, int wide, Value down,
                        Value across, int listed) {
    Gen *gen = p->gen;
    int64_t height = p->tiles.outer_rows;
    const LongProduct *l = t->block;
    bool asks = gen->target->machine.registers >= 32; // else the hardware follows a copy
    OuterKernel kernel = {.rows = rows,
                          .vectors = (int)divide_up(wide, p->lanes),
                          .valid = wide % p->lanes,
                          .a_row = 1,
                          .loops = {{0, l->left ? height : t->broadcast.stride, t->tile_width}},
                          .loop_count = 1,
                          .a_ahead = asks || !l->left ? WEIGHT_AHEAD : 0,
                          .b_ahead = asks ? WEIGHT_AHEAD : 0,
                          .listed = listed,
                          .list = p->tile_floats,
                          .b_dtype = DTYPE_F32};
    weight_ask_for_panel(p, t, &kernel);
    Value function = kernel_outer(gen, &kernel);
    Value next = weight_panel_part(p, t, &kernel, l->first_row, l->rows, down, across);
    Value arguments[] = {left_of(p, t, down), l->right, next, l->rows, p->scratch};
    LLVMBuildCall2(gen->builder, LLVMGlobalGetValueType(function), function, arguments, 5, "");
}

static void multiply_tile(Product *p, const WeightTiles *t, int rows, int wide, Value down,
                          Value across) {
    call_kernel(p, t, rows, wide, down, across, 0);
    weight_join_sums(p, t->block->first_row, sums_of(p, t, down, across),
                     rows * (int)divide_up(wide, p->lanes));
}

// Of a batch that is one block.
static void whole_tile(Product *p, const WeightTiles *t, int rows, int wide, Value down,
                       Value across) {
    int vectors = (int)divide_up(wide, p->lanes);
    Value first_row = ir_multiply(p->gen, down, ir_int(p->gen, p->tiles.outer_rows));
    int listed = weight_ask_ahead(p, t, rows, vectors, first_row, across);
    call_kernel(p, t, rows, wide, down, across, listed);
    weight_finish(p, t, rows, vectors, first_row, across);
}

void weight_narrow_sums(Product *p, Value sums, int vectors) {
    Gen *gen = p->gen;
    LlvmType floats = ir_vector(gen, gen->f32, p->lanes);
    LlvmType doubles = ir_vector(gen, gen->f64, p->lanes);
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, vectors), ir_int(gen, 1), "narrow");
    Value at = ir_multiply(gen, loop.index, ir_int(gen, p->lanes));
    Value sum = ir_load(gen, doubles, ir_offset(gen, gen->f64, sums, at));
    ir_store(gen, LLVMBuildFPTrunc(gen->builder, sum, floats, ""),
             ir_offset(gen, gen->f32, p->scratch, at));
    ir_loop_end(gen, &loop);
}

static void finish_tile(Product *p, const WeightTiles *t, int rows, int wide, Value down,
                        Value across) {
    int vectors = (int)divide_up(wide, p->lanes);
    Value first_row = ir_multiply(p->gen, down, ir_int(p->gen, p->tiles.outer_rows));
    weight_prefetch(p, t, rows, vectors, first_row, across);
    weight_narrow_sums(p, sums_of(p, t, down, across), rows * vectors);
    weight_finish(p, t, rows, vectors, first_row, across);
}

// ---- The loops.

// Floats of a worker's scratch. Workers write the sums of their own tiles alone.
typedef struct ScratchSizes {
    int64_t left, right, sums;
} ScratchSizes;

static ScratchSizes scratch_sizes(const MachineModel *machine, int64_t batch_rows, int64_t down,
                                  int64_t across, int64_t rows, int64_t columns) {
    int64_t block = block_rows(batch_rows);
    int64_t sums = 2 * down * across * rows * round_up(columns, machine->lanes);
    int64_t together = weight_lines_together(machine, block, down, rows);
    return (ScratchSizes){.left = together * left_tile(batch_rows, rows),
                          .right = round_up(block * columns, 16),
                          .sums = batch_rows > BLOCK ? sums : 0};
}

int64_t weight_long_floats(const Schedule *schedule, const Node *product) {
    int parameter = schedule->buffers[product->id].parameter;
    const MachineModel *machine = &schedule->layout->machine;
    const Type *x = &product->inputs[0]->type;
    int64_t samples = op_is_table_product(product) ? 1 : schedule->batch;
    int64_t batch_rows = samples * (type_elements(x) / type_last(x));
    if (parameter < 0) return 0;
    ParameterLayout layout = layout_in_products(schedule->layout, parameter);
    TileSizes tiles = kernel_tile_sizes(machine);
    bool panels = layout.kind == LAYOUT_PANELS;
    if (layout.kind == LAYOUT_PLAIN) return 0;
    int64_t columns = panels ? layout.storage.panel : tiles.outer_vectors * machine->lanes;
    int64_t down = divide_up(panels ? layout.rows : layout.columns, tiles.outer_rows);
    int64_t across = divide_up(panels ? layout.columns : layout.rows, columns);
    int64_t left = panels ? layout.rows : layout.columns;
    int64_t right = panels ? layout.columns : layout.rows;
    if (!worth_copies(machine, batch_rows, down, across, left, right).right) return 0;
    ScratchSizes sizes =
        scratch_sizes(machine, batch_rows, down, across, tiles.outer_rows, columns);
    return sizes.left + sizes.right + sizes.sums;
}

static void place_scratch(Product *p, const WeightTiles *t, LongProduct *l) {
    Gen *gen = p->gen;
    ScratchSizes sizes = scratch_sizes(&gen->target->machine, product_most_rows(p), t->down,
                                       t->across, p->tiles.outer_rows, t->tile_width);
    if (copies_of(p, t).left) l->left = ir_scratch(gen, p->function, 0, sizes.left);
    l->right = ir_scratch(gen, p->function, sizes.left, sizes.right);
    l->sums = ir_scratch(gen, p->function, sizes.left + sizes.right, sizes.sums);
}

void weight_long(Product *p, WeightTiles *t) {
    Gen *gen = p->gen;
    LongProduct l = {0};
    Value all = product_rows(p);
    t->block = &l;
    t->together = weight_lines_together(&gen->target->machine, block_rows(product_most_rows(p)),
                                        t->down, p->tiles.outer_rows);
    place_scratch(p, t, &l);
    l.tiles = ir_worker_range(gen, p->function, ir_int(gen, t->down * t->across));
    Loop blocks = ir_loop_begin(gen, ir_int(gen, 0), all, ir_int(gen, BLOCK), "block");
    l.first_row = blocks.index;
    l.rows = ir_lesser(gen, LLVMBuildSub(gen->builder, all, l.first_row, ""), ir_int(gen, BLOCK));
    bool is_whole = product_most_rows(p) <= BLOCK;
    Range lines = {ir_int(gen, 0), ir_int(gen, t->down)};
    weight_each_group(p, t, l.tiles, lines, l.left ? copy_left : NULL, copy_right,
                      is_whole ? whole_tile : multiply_tile);
    ir_loop_end(gen, &blocks);
    if (!is_whole) weight_each_panel(p, t, l.tiles, lines, NULL, finish_tile);
    t->block = NULL;
}
