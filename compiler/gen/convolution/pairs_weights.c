// Gradients of kernels in bfloat16: the reduction runs over the places of a sample. Its picture is
// turned, so that the numbers of a channel follow each other place by place, in squares of channels
// by places. What came back is packed in pairs of places on the picture's lines, with zeros where a
// line has no place. A weight multiplies each place of the picture by what came back so many places
// before, its shift: pairs from there on, of those that begin at even places, or at odd ones. So
// both operands lie in whole lines of the cache, which squares that begin at any place would not.
// With strides, the picture is as many pictures, each of the places that some of the weights meet.
// Tiles are added to the chunk's partial sum where it lies.
#include "pairs.h"

#include "../../base/diagnostics/ice.h"

enum { NUMBER_BYTES = 2 };

// What came back, in pairs that begin at even places, and at odd ones.
enum { EVEN, ODD, COPIES };

typedef struct PairsGradient {
    Plane picture, values;
    bool values_are_narrow; // in memory
    int64_t size[2];        // of a phase of the picture: lines, and places of each, even
    int64_t turned_row;     // numbers from channel to channel
    int64_t run;            // places from the first one of the result to its last one
    int64_t steps;          // squares along them, for any shift
    int64_t halves;         // vectors of a panel
    Value turned;           // scratch: by phase
    Value right[COPIES];    // likewise, behind pairs of zeros
    int64_t before;         // so many
    int64_t apart;          // words from the one to the other
    Value picture_base, values_base, sum;
    Value is_first;    // NULL: the sum was cleared, and the samples are this worker's
    Value step, block; // the squares that are multiplied now: the first one, and how many
} PairsGradient;

// Weights every so many lines and columns from these on, and the places that they meet.
typedef struct Phase {
    int64_t line, column;
} Phase;

static int64_t phases_across(const Convolver *c, int axis) {
    const Window *w = &c->convolution.window;
    return lowest(w->stride[axis], w->size[axis]);
}

// Of a phase.
static int64_t weights_across(const Convolver *c, int axis, int64_t phase) {
    const Window *w = &c->convolution.window;
    return divide_up(w->size[axis] - phase, w->stride[axis]);
}

static int64_t phase_words(const Convolver *c, const PairsGradient *g) {
    return c->convolution.channels * g->turned_row / 2;
}

static Value turned_of(Convolver *c, const PairsGradient *g, Phase phase) {
    int64_t number = phase.line * phases_across(c, 1) + phase.column;
    return pairs_at(c->gen, g->turned, ir_int(c->gen, number * phase_words(c, g)));
}

// ---- The picture, turned.

// Where places [2 * pair, 2 * pair + 2) of a phase begin in the picture.
static Value pair_place(Convolver *c, const PairsGradient *g, Phase phase, Value pair) {
    Gen *gen = c->gen;
    const int64_t *stride = c->convolution.window.stride;
    if (stride[0] == 1 && stride[1] == 1) return ir_multiply(gen, pair, ir_int(gen, 2));
    Value pairs = ir_int(gen, g->size[1] / 2);
    Value line = LLVMBuildUDiv(gen->builder, pair, pairs, "");
    Value across = LLVMBuildURem(gen->builder, pair, pairs, "");
    Value place = ir_multiply(gen, line, ir_int(gen, stride[0] * g->picture.size[1]));
    place = ir_add(gen, place, ir_multiply(gen, across, ir_int(gen, 2 * stride[1])));
    return ir_add(gen, place, ir_int(gen, phase.line * g->picture.size[1] + phase.column));
}

// Those places of L channels.
static Value places_pair(Convolver *c, const PairsGradient *g, Phase phase, Value pair,
                         Value channel) {
    Gen *gen = c->gen;
    LlvmType numbers = ir_vector(gen, pairs_number(gen), c->lanes);
    int64_t pixel = plane_pixel(&g->picture), next = c->convolution.window.stride[1] * pixel;
    Value at = ir_multiply(gen, pair_place(c, g, phase, pair), ir_int(gen, pixel)), values[2];
    at = ir_offset(gen, pairs_number(gen), g->picture_base, ir_add(gen, at, channel));
    for (int i = 0; i < 2; i++)
        values[i] =
            ir_load(gen, numbers, ir_offset(gen, pairs_number(gen), at, ir_int(gen, i * next)));
    return pairs_of_rounded(gen, values[0], values[1]);
}

static Value square_row(Convolver *c, Value number) {
    return pairs_at(c->gen, c->tile, ir_multiply(c->gen, number, ir_int(c->gen, c->lanes)));
}

// One square: L channels by `pairs` pairs of places.
static void turn_square(Convolver *c, const PairsGradient *g, Phase phase, Value channel,
                        Value first, int64_t pairs) {
    Gen *gen = c->gen;
    Loop rows = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, pairs), ir_int(gen, 1), "pair");
    ir_store(gen, places_pair(c, g, phase, ir_add(gen, first, rows.index), channel),
             square_row(c, rows.index));
    ir_loop_end(gen, &rows);
    Loop rest =
        ir_loop_begin(gen, ir_int(gen, pairs), ir_int(gen, c->lanes), ir_int(gen, 1), "none");
    ir_store(gen, LLVMConstNull(pairs_vector(gen, c->lanes)), square_row(c, rest.index));
    ir_loop_end(gen, &rest);
    Value row = ir_multiply(gen, channel, ir_int(gen, g->turned_row / 2));
    Value turn = kernel_transpose(gen);
    Value arguments[] = {c->tile, ir_int(gen, c->lanes),
                         pairs_at(gen, turned_of(c, g, phase), ir_add(gen, row, first)),
                         ir_int(gen, g->turned_row / 2)};
    LLVMBuildCall2(gen->builder, LLVMGlobalGetValueType(turn), turn, arguments, 4, "");
}

static void turn_phase(Convolver *c, const PairsGradient *g, Phase phase) {
    Gen *gen = c->gen;
    int64_t pairs = g->size[0] * g->size[1] / 2, whole = pairs / c->lanes * c->lanes;
    Loop channels = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, c->convolution.channels),
                                  ir_int(gen, c->lanes), "channels");
    Loop squares =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, whole), ir_int(gen, c->lanes), "turned");
    turn_square(c, g, phase, channels.index, squares.index, c->lanes);
    ir_loop_end(gen, &squares);
    if (pairs > whole) turn_square(c, g, phase, channels.index, ir_int(gen, whole), pairs - whole);
    ir_loop_end(gen, &channels);
}

// ---- What came back.

static int copies_of(const Convolver *c) {
    return weights_across(c, 1, 0) > 1 ? COPIES : 1;
}

// Filters of a panel: from `column` on, of which so many are there.
typedef struct Filters {
    Value column;
    int64_t valid;
} Filters;

// A vector of them at a place of the result, rounded.
static Value rounded_at(Convolver *c, const PairsGradient *g, const Filters *f, Value line,
                        Value pixel, int v) {
    Gen *gen = c->gen;
    int64_t first = (int64_t)v * c->lanes, lanes = f->valid - first;
    if (lanes <= 0) return LLVMConstNull(ir_vector(gen, pairs_number(gen), c->lanes));
    Value place = ir_multiply(gen, line, ir_int(gen, c->convolution.places[1]));
    place = ir_multiply(gen, ir_add(gen, place, pixel), ir_int(gen, plane_pixel(&g->values)));
    place = ir_add(gen, place, ir_add(gen, f->column, ir_int(gen, first)));
    LlvmType number = g->values_are_narrow ? pairs_number(gen) : gen->f32;
    Value numbers =
        ir_load_lanes(gen, ir_vector(gen, number, c->lanes),
                      ir_offset(gen, number, g->values_base, place), (int)lowest(lanes, c->lanes));
    return g->values_are_narrow ? numbers : pairs_round(gen, numbers);
}

static void store_pair(Convolver *c, const PairsGradient *g, int copy, Value line, Value pair,
                       int v, Value first, Value second) {
    Gen *gen = c->gen;
    Value place = ir_add(gen, ir_multiply(gen, line, ir_int(gen, g->size[1] / 2)), pair);
    Value at = ir_add(gen, ir_multiply(gen, place, ir_int(gen, g->halves * c->lanes)),
                      ir_int(gen, (int64_t)v * c->lanes));
    ir_store(gen, pairs_of_rounded(gen, first, second), pairs_at(gen, g->right[copy], at));
}

// Pairs of even places are (0, 1), (2, 3), ..; of odd ones (-, 0), (1, 2), ..; each place is
// rounded once. The last one may be without its second.
static void pack_line(Convolver *c, const PairsGradient *g, const Filters *f, Value line) {
    Gen *gen = c->gen;
    int64_t places = c->convolution.places[1];
    bool has_odd = copies_of(c) > 1;
    Value none = LLVMConstNull(ir_vector(gen, pairs_number(gen), c->lanes));
    Value before[PAIRS_HALVES], second[PAIRS_HALVES];
    Loop pairs =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, places / 2), ir_int(gen, 1), "pair");
    for (int v = 0; v < g->halves; v++) before[v] = ir_loop_carry(gen, &pairs, none);
    Value pixel = ir_multiply(gen, pairs.index, ir_int(gen, 2));
    for (int v = 0; v < g->halves; v++) {
        Value first = rounded_at(c, g, f, line, pixel, v);
        second[v] = rounded_at(c, g, f, line, ir_add(gen, pixel, ir_int(gen, 1)), v);
        store_pair(c, g, EVEN, line, pairs.index, v, first, second[v]);
        if (has_odd) store_pair(c, g, ODD, line, pairs.index, v, before[v], first);
    }
    ir_loop_end(gen, &pairs);
    Value end = ir_int(gen, places / 2), last[PAIRS_HALVES];
    for (int v = 0; v < g->halves; v++)
        last[v] = ir_loop_result(gen, &pairs, before[v], none, second[v]);
    for (int v = 0; v < g->halves; v++) {
        Value first = none;
        if (places % 2) {
            first = rounded_at(c, g, f, line, ir_int(gen, places - 1), v);
            store_pair(c, g, EVEN, line, end, v, first, none);
        }
        if (has_odd) store_pair(c, g, ODD, line, end, v, last[v], first);
    }
}

static void pack_values(Convolver *c, const PairsGradient *g, Value column, int64_t valid) {
    Gen *gen = c->gen;
    Filters filters = {column, valid};
    Loop lines = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, c->convolution.places[0]),
                               ir_int(gen, 1), "line");
    pack_line(c, g, &filters, lines.index);
    ir_loop_end(gen, &lines);
}

// ---- Tiles.

// Weights of a phase that follow each other in a line of the kernel, whose channels are one square;
// else one, and some squares of its channels.
typedef struct Tile {
    Phase phase;
    int squares, weights;
    Value line;    // of the phase
    int64_t first; // weight in the line
} Tile;

// Squares of a whole tile: enough sums for the latency of the unit.
static int tallest(const PairsGradient *g) {
    return g->halves > 1 ? PAIRS_TALLEST : 3;
}

// Words from the first copy to what a weight in a line of the kernel begins with, for the picture's
// first place.
static int64_t panel_of(const Convolver *c, const PairsGradient *g, int64_t weight) {
    return weight % 2 * g->apart - weight / 2 * g->halves * c->lanes;
}

static PairsShape shape_of(const Convolver *c, const PairsGradient *g, const Tile *tile) {
    PairsShape shape = {.squares = tile->squares,
                        .halves = (int)g->halves,
                        .row = g->turned_row * NUMBER_BYTES,
                        .step = 4 * (int64_t)c->lanes,
                        .below = c->lanes * g->turned_row * NUMBER_BYTES,
                        .lines = 1,
                        .sums_row = c->storage.row_stride,
                        .adds = !g->is_first};
    if (tile->weights > 1) shape.panels = tile->weights;
    shape.sums_panel =
        c->convolution.window.stride[1] * c->convolution.channels * c->storage.row_stride;
    for (int i = 0; i < shape.panels; i++)
        shape.panel[i] = panel_of(c, g, tile->first + i) - panel_of(c, g, tile->first);
    return shape;
}

// A line's weights begin with the square that has the first place they multiply, so many places
// behind its own first one.
static Value places_behind(Convolver *c, const PairsGradient *g, const Tile *tile, Value *square) {
    Gen *gen = c->gen;
    Value shift = ir_multiply(gen, tile->line, ir_int(gen, g->size[1]));
    *square = LLVMBuildUDiv(gen->builder, shift, ir_int(gen, 2 * c->lanes), "");
    return LLVMBuildURem(gen->builder, shift, ir_int(gen, 2 * c->lanes), "");
}

static Value left_of(Convolver *c, const PairsGradient *g, const Tile *tile, Value channel,
                     Value square) {
    Gen *gen = c->gen;
    Value row = ir_multiply(gen, channel, ir_int(gen, g->turned_row / 2));
    Value step = ir_multiply(gen, ir_add(gen, square, g->step), ir_int(gen, c->lanes));
    return pairs_at(gen, turned_of(c, g, tile->phase), ir_add(gen, row, step));
}

static Value right_of(Convolver *c, const PairsGradient *g, const Tile *tile, Value behind) {
    Gen *gen = c->gen;
    Value before = LLVMBuildUDiv(gen->builder, behind, ir_int(gen, 2), "");
    Value pair = ir_multiply(gen, g->step, ir_int(gen, c->lanes));
    pair = LLVMBuildSub(gen->builder, pair, before, "");
    Value words = ir_multiply(gen, pair, ir_int(gen, c->lanes * g->halves));
    return pairs_at(gen, g->right[EVEN],
                    ir_add(gen, words, ir_int(gen, panel_of(c, g, tile->first))));
}

static Value sums_of(Convolver *c, const PairsGradient *g, const Tile *tile, Value channel,
                     Value panel) {
    Gen *gen = c->gen;
    const Convolution *v = &c->convolution;
    Value line = ir_multiply(gen, tile->line, ir_int(gen, v->window.stride[0]));
    line = ir_add(gen, line, ir_int(gen, tile->phase.line));
    int64_t column = tile->phase.column + tile->first * v->window.stride[1];
    Value weight = ir_multiply(gen, line, ir_int(gen, v->window.size[1]));
    weight = ir_add(gen, weight, ir_int(gen, column));
    Value row = ir_add(gen, ir_multiply(gen, weight, ir_int(gen, v->channels)), channel);
    Value place = ir_add(gen, ir_multiply(gen, panel, ir_int(gen, c->storage.panel_stride)),
                         ir_multiply(gen, row, ir_int(gen, c->storage.row_stride)));
    return ir_offset(gen, gen->f32, g->sum, place);
}

// Of the squares that are multiplied now, those that reach the tile's places.
static Value steps_of(Convolver *c, const PairsGradient *g, const Tile *tile, Value behind) {
    Gen *gen = c->gen;
    int64_t square = 2 * c->lanes;
    Value places = ir_add(gen, behind, ir_int(gen, g->run + tile->first + tile->weights - 1));
    Value end = ir_add(gen, places, ir_int(gen, square - 1));
    end = LLVMBuildUDiv(gen->builder, end, ir_int(gen, square), "");
    return ir_lesser(gen, LLVMBuildSub(gen->builder, end, g->step, ""), g->block);
}

// The squares from a weight's `channel` on: of the first squares of the first sample, or added.
static void add_tile(Convolver *c, const PairsGradient *g, const Tile *tile, Value channel,
                     Value panel) {
    PairsShape shape = shape_of(c, g, tile);
    Value square, behind = places_behind(c, g, tile, &square);
    Value left = left_of(c, g, tile, channel, square), right = right_of(c, g, tile, behind);
    Value steps = steps_of(c, g, tile, behind), sums = sums_of(c, g, tile, channel, panel);
    if (g->is_first)
        pairs_call_again(c->gen, &shape, g->is_first, left, right, steps, sums);
    else
        pairs_call(c->gen, &shape, left, right, steps, sums);
}

// One weight's channels.
static void tiles_of_weight(Convolver *c, const PairsGradient *g, Tile tile, Value panel) {
    Gen *gen = c->gen;
    int64_t height = (int64_t)tallest(g) * c->lanes;
    int64_t channels = c->convolution.channels, whole = channels / height * height;
    tile.squares = tallest(g);
    Loop loop =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, whole), ir_int(gen, height), "channels");
    add_tile(c, g, &tile, loop.index, panel);
    ir_loop_end(gen, &loop);
    tile.squares = (int)((channels - whole) / c->lanes);
    if (tile.squares) add_tile(c, g, &tile, ir_int(gen, whole), panel);
}

// Weights of a line, one by one, or several together, whose channels are a square each.
static void weights_of_line(Convolver *c, const PairsGradient *g, Phase phase, Value line,
                            Value panel) {
    int64_t width = weights_across(c, 1, phase.column);
    bool is_square = c->convolution.channels == c->lanes;
    for (int64_t first = 0, count; first < width; first += count) {
        count = is_square ? lowest(PAIRS_PANELS, width - first) : 1;
        Tile tile = {phase, .squares = 1, .weights = (int)count, .line = line, .first = first};
        if (is_square)
            add_tile(c, g, &tile, ir_int(c->gen, 0), panel);
        else
            tiles_of_weight(c, g, tile, panel);
    }
}

static void weights_of_phase(Convolver *c, const PairsGradient *g, Phase phase, Value panel) {
    Gen *gen = c->gen;
    Loop lines = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, weights_across(c, 0, phase.line)),
                               ir_int(gen, 1), "down");
    weights_of_line(c, g, phase, lines.index, panel);
    ir_loop_end(gen, &lines);
}

// Squares of both operands that stay in the first-level cache while all weights are multiplied by
// them, beside their sums.
static int64_t block_of_steps(const Convolver *c, const PairsGradient *g) {
    int64_t square = 4 * (int64_t)c->lanes * c->lanes;
    int64_t bytes = (c->convolution.channels / c->lanes + g->halves) * square;
    int64_t most = c->gen->target->machine.first_cache / 2 / bytes;
    return divide_up(g->steps, divide_up(g->steps, most > 1 ? most : 1));
}

static void panel_of_filters(Convolver *c, const PairsGradient *g, Value panel, int64_t valid) {
    Gen *gen = c->gen;
    PairsGradient part = *g;
    int64_t most = block_of_steps(c, g);
    pack_values(c, g, ir_multiply(gen, panel, ir_int(gen, c->storage.panel)), valid);
    Loop blocks =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, g->steps), ir_int(gen, most), "block");
    Value left = LLVMBuildSub(gen->builder, blocks.end, blocks.index, "");
    part.step = blocks.index;
    part.block = ir_lesser(gen, left, ir_int(gen, most));
    if (g->is_first) {
        Value begins = LLVMBuildICmp(gen->builder, LLVMIntEQ, blocks.index, ir_int(gen, 0), "");
        part.is_first = LLVMBuildAnd(gen->builder, g->is_first, begins, "");
    }
    for (Phase p = {0}; p.line < phases_across(c, 0); p.line++)
        for (p.column = 0; p.column < phases_across(c, 1); p.column++)
            weights_of_phase(c, &part, p, panel);
    ir_loop_end(gen, &blocks);
}

// Those of the panels that are this worker's, where workers do not have samples of their own.
static Range own_panels(Convolver *c, const PairsGradient *g, int64_t begin, int64_t end) {
    Gen *gen = c->gen;
    Value first = ir_int(gen, begin), last = ir_int(gen, end);
    if (!g->is_first) return (Range){first, last};
    int64_t count = divide_up(c->convolution.filters, c->storage.panel);
    Range own = ir_worker_range(gen, c->function, ir_int(gen, count));
    Value is_later = LLVMBuildICmp(gen->builder, LLVMIntSGT, own.begin, first, "");
    Value from = LLVMBuildSelect(gen->builder, is_later, own.begin, first, "");
    return (Range){from, ir_lesser(gen, own.end, last)};
}

static void all_panels(Convolver *c, const PairsGradient *g) {
    Gen *gen = c->gen;
    int64_t full = c->convolution.filters / c->storage.panel;
    int64_t rest = c->convolution.filters % c->storage.panel;
    for (int part = 0; part < 2; part++) {
        if (part ? !rest : !full) continue;
        Range own = own_panels(c, g, part ? full : 0, full + part);
        Loop loop = ir_loop_begin(gen, own.begin, own.end, ir_int(gen, 1), "panel");
        panel_of_filters(c, g, loop.index, part ? rest : c->storage.panel);
        ir_loop_end(gen, &loop);
    }
}

// ---- The samples.

// Zeros that nothing is written over, in whole vectors: where else there are, they come first.
static void clear_words(Convolver *c, Value base, Value first, int64_t count) {
    Gen *gen = c->gen;
    Loop loop =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, count), ir_int(gen, c->lanes), "clear");
    ir_store(gen, LLVMConstNull(pairs_vector(gen, c->lanes)),
             pairs_at(gen, base, ir_add(gen, first, loop.index)));
    ir_loop_end(gen, &loop);
}

// Behind the squares of each channel.
static void clear_turned(Convolver *c, const PairsGradient *g, int64_t behind) {
    Gen *gen = c->gen;
    int64_t used = round_up(g->size[0] * g->size[1] / 2, c->lanes), row = g->turned_row / 2;
    int64_t rows = phases_across(c, 0) * phases_across(c, 1) * c->convolution.channels;
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, rows), ir_int(gen, 1), "row");
    Value first = ir_add(gen, ir_multiply(gen, loop.index, ir_int(gen, row)), ir_int(gen, used));
    clear_words(c, g->turned, first, row - used);
    ir_loop_end(gen, &loop);
    clear_words(c, g->turned, ir_int(gen, rows * row), behind);
}

// Before the first line, behind each line's pairs, and behind the last one.
static void clear_copy(Convolver *c, const PairsGradient *g, int copy) {
    Gen *gen = c->gen;
    int64_t words = c->lanes * g->halves, pitch = g->size[1] / 2 * words;
    int64_t lines = c->convolution.places[0], used = (c->convolution.places[1] + 1 + copy) / 2;
    clear_words(c, g->right[copy], ir_int(gen, -g->before * words), g->before * words);
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, lines), ir_int(gen, 1), "line");
    Value first = ir_multiply(gen, loop.index, ir_int(gen, pitch));
    clear_words(c, g->right[copy], ir_add(gen, first, ir_int(gen, used * words)),
                pitch - used * words);
    ir_loop_end(gen, &loop);
    int64_t end = g->apart - g->before * words;
    clear_words(c, g->right[copy], ir_int(gen, lines * pitch), end - lines * pitch);
}

static Value take_scratch(Convolver *c, int64_t *used, int64_t words) {
    *used = round_up(*used, 16);
    Value base = ir_scratch(c->gen, c->function, *used, words);
    *used += round_up(words, c->lanes);
    return base;
}

// The picture has whole phases, whose lines have whole pairs.
static void create_planes(Convolver *c, PairsGradient *g, int64_t *used) {
    static const int64_t none[2] = {0, 0};
    const Convolution *v = &c->convolution;
    int64_t after[2];
    for (int i = 0; i < 2; i++) {
        int64_t size = v->size[i] + v->window.before[i] + v->window.after[i];
        int64_t whole = round_up(size, (i ? 2 : 1) * v->window.stride[i]);
        g->size[i] = whole / v->window.stride[i];
        after[i] = v->window.after[i] + whole - size;
    }
    g->picture =
        plane_create_rounded(&c->b, c->anchor->inputs[0], v->window.before, after, 0, used);
    g->values = plane_create(&c->b, c->anchor->inputs[1], none, none, 1, used);
    const Node *source = schedule_source(c->anchor->inputs[1]);
    g->values_are_narrow = g->values.in_place && schedule_dtype(c->schedule, source) == DTYPE_BF16;
    plane_clear(&g->picture);
}

static PairsGradient create_gradient(Convolver *c, int64_t *used) {
    const Convolution *v = &c->convolution;
    PairsGradient g = {.halves = divide_up(c->storage.panel, c->lanes)};
    create_planes(c, &g, used);
    int64_t square = 2 * c->lanes, across = weights_across(c, 1, 0);
    g.run = (v->places[0] - 1) * g.size[1] + v->places[1];
    g.steps = divide_up(square - 2 + g.run + across - 1, square);
    g.turned_row = round_up(g.size[0] * g.size[1], square) + square;
    if (g.turned_row % 1024 == 0) g.turned_row += square; // rows would share sets of the cache
    // The last squares of the last channel.
    int64_t last = ((weights_across(c, 0, 0) - 1) * g.size[1] / square + g.steps) * square;
    int64_t behind = last > g.turned_row ? round_up(last - g.turned_row, square) / 2 : 0;
    int64_t phases = phases_across(c, 0) * phases_across(c, 1);
    g.turned = take_scratch(c, used, phases * phase_words(c, &g) + behind);
    clear_turned(c, &g, behind);
    g.before = c->lanes + across / 2;
    g.apart = (g.before + g.steps * c->lanes) * c->lanes * g.halves;
    Value copies = take_scratch(c, used, copies_of(c) * g.apart);
    for (int copy = 0; copy < copies_of(c); copy++) {
        int64_t first = copy * g.apart + g.before * c->lanes * g.halves;
        g.right[copy] = pairs_at(c->gen, copies, ir_int(c->gen, first));
        clear_copy(c, &g, copy);
    }
    return g;
}

void convolution_weights_in_pairs(Convolver *c) {
    Gen *gen = c->gen;
    if (c->parameter < 0) nn_ice("gen", "a gradient of unknown layout");
    int64_t used = 0;
    PairsGradient g = create_gradient(c, &used);
    SampleLoops samples = convolver_range_begin(c);
    convolver_samples_begin(c, &samples);
    if (!samples.has_chunks)
        g.is_first = LLVMBuildICmp(gen->builder, LLVMIntEQ, c->b.sample, ir_int(gen, 0), "");
    g.sum = sums_place(&c->b, c->anchor);
    g.values_base = plane_fill(&g.values, c->b.sample, ir_int(gen, 0));
    g.picture_base = plane_fill(&g.picture, c->b.sample, ir_int(gen, 0));
    for (Phase p = {0}; p.line < phases_across(c, 0); p.line++)
        for (p.column = 0; p.column < phases_across(c, 1); p.column++) turn_phase(c, &g, p);
    all_panels(c, &g);
    convolver_samples_end(c, &samples);
}
