#include "pairs.h"

enum { MOST_ROWS = 192 };

static int number_bytes(const Convolver *c) {
    return c->in_int8 ? int8_bytes(c->gen) : 2;
}

// Numbers of so many words as lanes.
static int64_t vector_numbers(const Convolver *c) {
    return 4 * c->lanes / number_bytes(c);
}

LlvmType pairs_element(const Convolver *c) {
    return number_bytes(c) == 1 ? c->gen->i8 : pairs_number(c->gen);
}

bool convolver_in_tiles(const Convolver *c) {
    return c->in_pairs && pairs_in_tiles(c->gen, c->in_int8);
}

KernelWords convolver_words(const Convolver *c) {
    return c->in_int8 ? int8_kernel_words(c->gen) : pairs_words(c->gen, number_bytes(c));
}

int64_t pairs_tile_floats(const Convolver *c) {
    return (int64_t)(MOST_ROWS + 3 * c->lanes) * PAIRS_HALVES * c->lanes;
}

// ---- The plane.

// Squares of places and of a line of the kernel end behind what they are for.
int64_t pairs_numbers_behind(const Convolver *c, int64_t channels) {
    if (!convolver_in_tiles(c)) return 64; // the rest of a word
    int64_t places = c->lanes * (c->convolution.window.stride[1] + 1);
    return round_up(places * channels + 2 * vector_numbers(c), 64);
}

QuantizedPlane pairs_quantized_plane(Convolver *c, const Plane *plane, int64_t *used) {
    Gen *gen = c->gen;
    QuantizedPlane out = {.numbers = plane->size[0] * plane_line(plane)};
    const Node *source = schedule_source(plane->node);
    if (plane->in_place) out.buffer = &c->schedule->buffers[source->id];
    int64_t behind = pairs_numbers_behind(c, plane_pixel(plane));
    int64_t end = (round_up(out.numbers, 64) + behind) * number_bytes(c) / 4;
    *used = round_up(*used, 16);
    out.base = ir_scratch(gen, c->function, *used, end);
    *used += end;
    int64_t whole = out.numbers / vector_numbers(c) * c->lanes;
    Loop loop =
        ir_loop_begin(gen, ir_int(gen, whole), ir_int(gen, end), ir_int(gen, c->lanes), "behind");
    ir_store(gen, LLVMConstNull(pairs_vector(gen, c->lanes)), pairs_at(gen, out.base, loop.index));
    ir_loop_end(gen, &loop);
    return out;
}

static void quantize_numbers(Convolver *c, const QuantizedPlane *plane, Value from, Value first,
                             int64_t valid) {
    Gen *gen = c->gen;
    Value floats = ir_offset(gen, gen->f32, from, first);
    for (int64_t i = 0; plane->buffer && i < vector_numbers(c); i += c->lanes)
        element_ask_ahead(&c->b, plane->buffer, ir_offset(gen, gen->f32, floats, ir_int(gen, i)),
                          PREFETCH_FIRST);
    ir_store(gen, int8_words(gen, &c->int8, floats, valid),
             ir_offset(gen, pairs_element(c), plane->base, first));
}

Value pairs_quantize(Convolver *c, const QuantizedPlane *plane, Value from) {
    Gen *gen = c->gen;
    int64_t width = vector_numbers(c), whole = plane->numbers / width * width;
    Loop loop =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, whole), ir_int(gen, width), "quantized");
    quantize_numbers(c, plane, from, loop.index, width);
    ir_loop_end(gen, &loop);
    if (whole < plane->numbers)
        quantize_numbers(c, plane, from, ir_int(gen, whole), plane->numbers - whole);
    return plane->base;
}

// ---- Kernels: lines of the window, each of whole squares.

// A walk's lines of the reduction.
typedef struct WindowLines {
    int64_t count, run, steps; // run: numbers of a line; steps: squares
} WindowLines;

static WindowLines lines_of(const Convolver *c, const Walk *w) {
    WindowLines lines = {.count = w->axis[0].taps, .run = w->axis[1].taps * w->depth};
    lines.steps = divide_up(lines.run, vector_numbers(c));
    return lines;
}

typedef struct PairsWalk {
    const Walk *walk;
    const Panels *panels;
    WindowLines lines;
    Value kernels; // packed
} PairsWalk;

static int64_t panel_words(const Convolver *c, const PairsWalk *p, int vectors) {
    return p->lines.count * p->lines.steps * c->lanes * c->lanes * vectors;
}

// Where a block of columns has its packed kernel.
static Value packed_kernel(Convolver *c, const PairsWalk *p, const Columns *columns) {
    Gen *gen = c->gen;
    Value column = LLVMBuildSub(gen->builder, columns->first, p->panels->first, "");
    Value number = LLVMBuildUDiv(gen->builder, column, ir_int(gen, PAIRS_HALVES * c->lanes), "");
    return pairs_at(gen, p->kernels,
                    ir_multiply(gen, number, ir_int(gen, panel_words(c, p, PAIRS_HALVES))));
}

static Value kernel_vector(Convolver *c, const PairsWalk *p, const Columns *columns, Value line,
                           Value row, int v) {
    Gen *gen = c->gen;
    Value place = ir_add(gen, ir_multiply(gen, line, ir_int(gen, p->walk->b_line)),
                         ir_multiply(gen, row, ir_int(gen, p->walk->b_depth)));
    place = ir_add(gen, place, ir_add(gen, columns->offset, ir_int(gen, (int64_t)v * c->lanes)));
    return ir_load(gen, ir_vector(gen, gen->f32, c->lanes),
                   ir_offset(gen, gen->f32, p->walk->weights, place));
}

static void pack_line(Convolver *c, const PairsWalk *p, const Columns *columns, Value line,
                      Value to) {
    Gen *gen = c->gen;
    int64_t whole = p->lines.run / 2, width = (int64_t)columns->vectors * c->lanes;
    LlvmType floats = ir_vector(gen, gen->f32, c->lanes);
    Loop pairs = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, whole), ir_int(gen, 1), "pair");
    Value row = ir_multiply(gen, pairs.index, ir_int(gen, 2));
    Value at = pairs_at(gen, to, ir_multiply(gen, pairs.index, ir_int(gen, width)));
    for (int v = 0; v < columns->vectors; v++)
        ir_store(
            gen,
            pairs_of_rows(gen, kernel_vector(c, p, columns, line, row, v),
                          kernel_vector(c, p, columns, line, ir_add(gen, row, ir_int(gen, 1)), v)),
            pairs_at(gen, at, ir_int(gen, (int64_t)v * c->lanes)));
    ir_loop_end(gen, &pairs);
    for (int v = 0; v < columns->vectors && p->lines.run % 2; v++) {
        Value last = kernel_vector(c, p, columns, line, ir_int(gen, p->lines.run - 1), v);
        ir_store(gen, pairs_of_rows(gen, last, LLVMConstNull(floats)),
                 pairs_at(gen, to, ir_int(gen, whole * width + (int64_t)v * c->lanes)));
    }
    int64_t rest = (whole + p->lines.run % 2) * width, all = p->lines.steps * c->lanes * width;
    Loop zeros =
        ir_loop_begin(gen, ir_int(gen, rest), ir_int(gen, all), ir_int(gen, c->lanes), "no_pair");
    ir_store(gen, LLVMConstNull(pairs_vector(gen, c->lanes)), pairs_at(gen, to, zeros.index));
    ir_loop_end(gen, &zeros);
}

static void pack_block(Convolver *c, const Columns *columns, void *data) {
    const PairsWalk *p = data;
    Gen *gen = c->gen;
    int64_t words = p->lines.steps * c->lanes * c->lanes * columns->vectors;
    Value to = packed_kernel(c, p, columns);
    Loop lines =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, p->lines.count), ir_int(gen, 1), "line");
    pack_line(c, p, columns, lines.index,
              pairs_at(gen, to, ir_multiply(gen, lines.index, ir_int(gen, words))));
    ir_loop_end(gen, &lines);
}

// ---- Tiles: some lines of places, as rows of the tile.

typedef struct TileLines {
    int64_t lines, pitch, rows; // pitch: rows of the tile from line to line
    bool is_flat;               // the places of all lines follow each other in the plane
} TileLines;

static bool is_flat(const Walk *w) {
    return w->axis[0].stride == 1 && w->axis[1].stride == 1;
}

static TileLines tile_of(const Convolver *c, const Walk *w, int64_t lines) {
    int64_t width = w->axis[1].places;
    TileLines t = {.lines = lines, .is_flat = is_flat(w)};
    t.pitch = t.is_flat ? w->line / w->pixel : round_up(width, c->lanes);
    t.rows = (lines - 1) * t.pitch + width;
    return t;
}

// The most places of lines for the rows of squares that they take.
static int64_t lines_of_tile(const Convolver *c, const Walk *w) {
    int64_t best = 1, height = w->axis[0].places;
    double most = 0;
    for (int64_t lines = 1; lines <= height; lines++) {
        TileLines t = tile_of(c, w, lines);
        if (lines > 1 && t.rows > MOST_ROWS) break;
        double share = (double)(lines * w->axis[1].places) / (double)round_up(t.rows, c->lanes);
        if (share < most) continue;
        best = lines;
        most = share;
    }
    return best;
}

static PairsShape window_shape(const Convolver *c, const PairsWalk *p, int vectors, int squares) {
    const Walk *w = p->walk;
    int64_t row = w->axis[1].stride * w->pixel * number_bytes(c);
    return (PairsShape){.squares = squares,
                        .halves = vectors,
                        .row = row,
                        .step = 4 * (int64_t)c->lanes,
                        .below = c->lanes * row,
                        .lines = p->lines.count,
                        .line = w->axis[0].dilation * w->line * number_bytes(c),
                        .sums_row = (int64_t)vectors * c->lanes,
                        .in_int8 = c->in_int8};
}

// Squares of rows of the tile from `first` on, which are places that follow each other.
static void multiply_rows(Convolver *c, const PairsWalk *p, const Columns *columns, int64_t rows,
                          Value from, int64_t first) {
    Gen *gen = c->gen;
    Value kernel = packed_kernel(c, p, columns), steps = ir_int(gen, p->lines.steps);
    int64_t squares = divide_up(rows, c->lanes), tallest = columns->vectors > 1 ? PAIRS_TALLEST : 3;
    int64_t full = squares / tallest, bytes = window_shape(c, p, 1, 1).below;
    PairsShape tall = window_shape(c, p, columns->vectors, (int)tallest);
    int64_t floats = tall.sums_row * c->lanes;
    Value sums = ir_offset(gen, gen->f32, c->tile, ir_int(gen, first * tall.sums_row));
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, full), ir_int(gen, 1), "squares");
    Value number = ir_multiply(gen, loop.index, ir_int(gen, tallest));
    pairs_call(gen, &tall,
               ir_offset(gen, gen->i8, from, ir_multiply(gen, number, ir_int(gen, bytes))), kernel,
               steps,
               ir_offset(gen, gen->f32, sums, ir_multiply(gen, number, ir_int(gen, floats))));
    ir_loop_end(gen, &loop);
    int64_t done = full * tallest;
    if (done == squares) return;
    PairsShape low = window_shape(c, p, columns->vectors, (int)(squares - done));
    pairs_call(gen, &low, ir_offset(gen, gen->i8, from, ir_int(gen, done * bytes)), kernel, steps,
               ir_offset(gen, gen->f32, sums, ir_int(gen, done * floats)));
}

static Value place_at(Convolver *c, const Walk *w, Value line, Value pixel) {
    Gen *gen = c->gen;
    Value down = ir_multiply(gen, line, ir_int(gen, w->axis[0].stride * w->line));
    Value across = ir_multiply(gen, pixel, ir_int(gen, w->axis[1].stride * w->pixel));
    return ir_offset(gen, pairs_element(c), w->base, ir_add(gen, down, across));
}

static void one_tile(Convolver *c, const PairsWalk *p, const Columns *columns, int64_t lines,
                     Value line, Value pixel, int64_t pixels) {
    Gen *gen = c->gen;
    const Walk *w = p->walk;
    TileLines t = tile_of(c, w, lines);
    if (t.is_flat || lines == 1)
        multiply_rows(c, p, columns, (lines - 1) * t.pitch + pixels, place_at(c, w, line, pixel),
                      0);
    for (int64_t i = 0; i < lines && !t.is_flat && lines > 1; i++)
        multiply_rows(c, p, columns, pixels,
                      place_at(c, w, ir_add(gen, line, ir_int(gen, i)), pixel), i * t.pitch);
    Value row = ir_add(gen, ir_multiply(gen, line, ir_int(gen, w->axis[0].rows)),
                       ir_multiply(gen, pixel, ir_int(gen, w->axis[1].rows)));
    walk_finish_tile(c, w, columns, lines, pixels, t.pitch, ir_add(gen, row, w->first_row));
}

// A line that is longer than a tile is cut.
static void tiles_of_lines(Convolver *c, const PairsWalk *p, const Columns *columns, int64_t lines,
                           Value line) {
    Gen *gen = c->gen;
    int64_t width = p->walk->axis[1].places, most = lowest(width, MOST_ROWS);
    int64_t whole = width / most * most;
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, whole), ir_int(gen, most), "pixels");
    one_tile(c, p, columns, lines, line, loop.index, most);
    ir_loop_end(gen, &loop);
    if (whole < width) one_tile(c, p, columns, lines, line, ir_int(gen, whole), width - whole);
}

static void multiply_block(Convolver *c, const Columns *columns, void *data) {
    const PairsWalk *p = data;
    Gen *gen = c->gen;
    int64_t height = p->walk->axis[0].places, lines = lines_of_tile(c, p->walk);
    int64_t full = height / lines, rest = height % lines;
    bool divides_lines = c->group->partition == PARTITION_OUTPUT;
    Range own = {ir_int(gen, 0), ir_int(gen, full)};
    if (divides_lines) own = ir_worker_range(gen, c->function, own.end);
    Loop loop = ir_loop_begin(gen, own.begin, own.end, ir_int(gen, 1), "lines");
    tiles_of_lines(c, p, columns, lines, ir_multiply(gen, loop.index, ir_int(gen, lines)));
    ir_loop_end(gen, &loop);
    if (!rest) return;
    LLVMBasicBlockRef done = NULL;
    if (divides_lines) ir_only_worker_zero(gen, c->function, &done);
    tiles_of_lines(c, p, columns, rest, ir_int(gen, full * lines));
    if (!done) return;
    LLVMBuildBr(gen->builder, done);
    LLVMPositionBuilderAtEnd(gen->builder, done);
}

// ---- Without tiles: vectors by words, which may begin anywhere, so that places need not follow
// each other and no product with padding is made; but in int8 zeros there are of another number,
// which what is subtracted from the sums counts with.

static void multiply_words(Convolver *c, const Columns *columns, void *data) {
    const PairsWalk *p = data;
    Columns packed = *columns;
    Walk w = *p->walk;
    packed.offset = ir_int(c->gen, 0);
    w.weights = packed_kernel(c, p, columns);
    w.words = convolver_words(c);
    w.b_depth = (int64_t)columns->vectors * c->lanes;
    w.b_pixel = w.depth / w.words.numbers * w.b_depth;
    w.b_line = p->lines.steps * c->lanes * w.b_depth;
    for (int i = 0; i < 2 && c->in_int8; i++) {
        w.axis[i].begin = 0;
        w.axis[i].end = INT32_MAX;
    }
    walk_all_tiles(c, &packed, &w);
}

void pairs_walk(Convolver *c, const Panels *panels, const Walk *w) {
    PairsWalk p = {.walk = w, .panels = panels, .lines = lines_of(c, w)};
    int64_t blocks = divide_up(panels->columns, PAIRS_HALVES * c->lanes);
    int64_t words = round_up(blocks * panel_words(c, &p, PAIRS_HALVES), 16);
    VisitColumns *multiply = convolver_in_tiles(c) ? multiply_block : multiply_words;
    if (c->in_int8) {
        p.kernels = int8_panel(c->gen, &c->int8, ir_int(c->gen, 0));
        convolver_each_block(c, panels, multiply, &p);
        return;
    }
    p.kernels = ir_scratch(c->gen, c->function, c->packed, words);
    c->packed += words;
    convolver_each_block(c, panels, c->packs ? pack_block : multiply, &p);
}
