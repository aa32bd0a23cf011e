// Gradients of kernels in bfloat16: the reduction runs over the places of a sample. Its picture is
// turned, so that the numbers of a channel follow each other place by place: then each weight's
// square of channels by places begins at its own number and is copied nowhere. What came back is
// packed in pairs of places on the picture's lines, with zeros where a line has no place. Tiles are
// added to the chunk's partial sum where it lies.
#include "pairs.h"

#include "../../base/diagnostics/ice.h"

enum { NUMBER_BYTES = 2 };

typedef struct PairsGradient {
    Plane picture, values;
    int64_t pitch;      // places from line to line of the picture, even
    int64_t places;     // of the picture
    int64_t turned_row; // numbers from channel to channel
    int64_t steps;      // squares along the places of the result
    int64_t halves;     // vectors of a panel
    int64_t panels;
    Value turned, right; // scratch
    Value picture_base, values_base, sum;
    Value is_first; // NULL: the sum was cleared, and the samples are this worker's
} PairsGradient;

// ---- The picture, turned.

// Pairs of places [2 * pair, 2 * pair + 2) of L channels.
static Value places_pair(Convolver *c, const PairsGradient *g, Value pair, Value channel,
                         bool is_last) {
    Gen *gen = c->gen;
    LlvmType floats = ir_vector(gen, gen->f32, c->lanes);
    int64_t pixel = plane_pixel(&g->picture);
    Value at = ir_add(gen, ir_multiply(gen, pair, ir_int(gen, 2 * pixel)), channel);
    Value first = ir_load(gen, floats, ir_offset(gen, gen->f32, g->picture_base, at));
    Value next = ir_offset(gen, gen->f32, g->picture_base, ir_add(gen, at, ir_int(gen, pixel)));
    Value second = is_last ? LLVMConstNull(floats) : ir_load(gen, floats, next);
    return pairs_of_rows(gen, first, second);
}

static Value square_row(Convolver *c, Value number) {
    return pairs_at(c->gen, c->tile, ir_multiply(c->gen, number, ir_int(c->gen, c->lanes)));
}

// One square: L channels by `pairs` pairs of places, of which the last may be half a one.
static void turn_square(Convolver *c, const PairsGradient *g, Value channel, Value first,
                        int64_t pairs, bool is_odd) {
    Gen *gen = c->gen;
    int64_t lanes = c->lanes;
    Loop rows =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, pairs - is_odd), ir_int(gen, 1), "pair");
    Value pair = ir_add(gen, first, rows.index);
    ir_store(gen, places_pair(c, g, pair, channel, false), square_row(c, rows.index));
    ir_loop_end(gen, &rows);
    if (is_odd) {
        Value last = ir_int(gen, pairs - 1);
        ir_store(gen, places_pair(c, g, ir_add(gen, first, last), channel, true),
                 square_row(c, last));
    }
    Loop rest = ir_loop_begin(gen, ir_int(gen, pairs), ir_int(gen, lanes), ir_int(gen, 1), "none");
    ir_store(gen, LLVMConstNull(pairs_vector(gen, c->lanes)), square_row(c, rest.index));
    ir_loop_end(gen, &rest);
    Value row = ir_multiply(gen, channel, ir_int(gen, g->turned_row / 2));
    Value turn = kernel_transpose(gen);
    Value arguments[] = {c->tile, ir_int(gen, lanes),
                         pairs_at(gen, g->turned, ir_add(gen, row, first)),
                         ir_int(gen, g->turned_row / 2)};
    LLVMBuildCall2(gen->builder, LLVMGlobalGetValueType(turn), turn, arguments, 4, "");
}

static void turn_picture(Convolver *c, const PairsGradient *g) {
    Gen *gen = c->gen;
    int64_t pairs = divide_up(g->places, 2), whole = g->places / 2 / c->lanes * c->lanes;
    Loop channels = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, c->convolution.channels),
                                  ir_int(gen, c->lanes), "channels");
    Loop squares =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, whole), ir_int(gen, c->lanes), "turned");
    turn_square(c, g, channels.index, squares.index, c->lanes, false);
    ir_loop_end(gen, &squares);
    if (pairs > whole)
        turn_square(c, g, channels.index, ir_int(gen, whole), pairs - whole, g->places % 2);
    ir_loop_end(gen, &channels);
}

// ---- What came back.

static Value values_at(Convolver *c, const PairsGradient *g, Value line, Value pixel, Value column,
                       int valid) {
    Gen *gen = c->gen;
    Value place = ir_multiply(gen, line, ir_int(gen, c->convolution.places[1]));
    place = ir_multiply(gen, ir_add(gen, place, pixel), ir_int(gen, plane_pixel(&g->values)));
    Value at = ir_offset(gen, gen->f32, g->values_base, ir_add(gen, place, column));
    return ir_load_lanes(gen, ir_vector(gen, gen->f32, c->lanes), at, valid);
}

static void pack_pair(Convolver *c, const PairsGradient *g, Value line, Value pair, Value column,
                      int64_t valid, bool is_last) {
    Gen *gen = c->gen;
    LlvmType floats = ir_vector(gen, gen->f32, c->lanes);
    Value pixel = ir_multiply(gen, pair, ir_int(gen, 2));
    Value place = ir_add(gen, ir_multiply(gen, line, ir_int(gen, g->pitch / 2)), pair);
    for (int v = 0; v < g->halves; v++) {
        int64_t lanes = valid - v * c->lanes;
        Value own = ir_add(gen, column, ir_int(gen, (int64_t)v * c->lanes)), values[2];
        for (int i = 0; i < 2; i++)
            values[i] = lanes <= 0 || (i && is_last)
                            ? LLVMConstNull(floats)
                            : values_at(c, g, line, ir_add(gen, pixel, ir_int(gen, i)), own,
                                        (int)lowest(lanes, c->lanes));
        Value at = ir_add(gen, ir_multiply(gen, place, ir_int(gen, g->halves * c->lanes)),
                          ir_int(gen, (int64_t)v * c->lanes));
        ir_store(gen, pairs_of_rows(gen, values[0], values[1]), pairs_at(gen, g->right, at));
    }
}

static void pack_values(Convolver *c, const PairsGradient *g, Value column, int64_t valid) {
    Gen *gen = c->gen;
    int64_t whole = c->convolution.places[1] / 2;
    Loop lines = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, c->convolution.places[0]),
                               ir_int(gen, 1), "line");
    Loop pairs = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, whole), ir_int(gen, 1), "pair");
    pack_pair(c, g, lines.index, pairs.index, column, valid, false);
    ir_loop_end(gen, &pairs);
    if (c->convolution.places[1] % 2)
        pack_pair(c, g, lines.index, ir_int(gen, whole), column, valid, true);
    ir_loop_end(gen, &lines);
}

// ---- Tiles.

// Squares below each other of a tile: channels of a weight, or, where a square has all of them,
// weights that follow each other in a line of the kernel.
typedef struct Squares {
    int count;
    int64_t below; // bytes from square to square
} Squares;

// Squares of a whole tile: enough sums for the latency of the unit.
static int tallest(const PairsGradient *g) {
    return g->halves > 1 ? PAIRS_TALLEST : 3;
}

// Of the first sample, or added.
static void add_tile(Convolver *c, const PairsGradient *g, Squares squares, Value left,
                     Value sums) {
    Gen *gen = c->gen;
    PairsShape shape = {.squares = squares.count,
                        .halves = (int)g->halves,
                        .row = g->turned_row * NUMBER_BYTES,
                        .step = 4 * (int64_t)c->lanes,
                        .below = squares.below,
                        .lines = 1,
                        .sums_row = c->storage.row_stride,
                        .adds = !g->is_first};
    if (g->is_first)
        pairs_call_again(gen, &shape, g->is_first, left, g->right, ir_int(gen, g->steps), sums);
    else
        pairs_call(gen, &shape, left, g->right, ir_int(gen, g->steps), sums);
}

// The squares from a weight's `channel` on. The weight's places are `shift` behind those of the
// result.
static void tile_of_squares(Convolver *c, const PairsGradient *g, Squares squares, Value weight,
                            Value shift, Value channel, Value panel) {
    Gen *gen = c->gen;
    Value numbers = ir_add(gen, ir_multiply(gen, channel, ir_int(gen, g->turned_row)), shift);
    Value row =
        ir_add(gen, ir_multiply(gen, weight, ir_int(gen, c->convolution.channels)), channel);
    Value place = ir_add(gen, ir_multiply(gen, panel, ir_int(gen, c->storage.panel_stride)),
                         ir_multiply(gen, row, ir_int(gen, c->storage.row_stride)));
    add_tile(c, g, squares, ir_offset(gen, pairs_number(gen), g->turned, numbers),
             ir_offset(gen, gen->f32, g->sum, place));
}

static void tiles_of_weight(Convolver *c, const PairsGradient *g, Value weight, Value shift,
                            Value panel) {
    Gen *gen = c->gen;
    int64_t height = (int64_t)tallest(g) * c->lanes;
    int64_t channels = c->convolution.channels, whole = channels / height * height;
    Squares squares = {tallest(g), c->lanes * g->turned_row * NUMBER_BYTES};
    Loop loop =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, whole), ir_int(gen, height), "channels");
    tile_of_squares(c, g, squares, weight, shift, loop.index, panel);
    ir_loop_end(gen, &loop);
    squares.count = (int)((channels - whole) / c->lanes);
    if (squares.count) tile_of_squares(c, g, squares, weight, shift, ir_int(gen, whole), panel);
}

// Where a weight's places begin in those of the picture, and its number.
static Value shift_of(Convolver *c, const PairsGradient *g, Value line, Value pixel) {
    return ir_add(c->gen, ir_multiply(c->gen, line, ir_int(c->gen, g->pitch)), pixel);
}

static Value weight_of(Convolver *c, Value line, Value pixel) {
    int64_t width = c->convolution.window.size[1];
    return ir_add(c->gen, ir_multiply(c->gen, line, ir_int(c->gen, width)), pixel);
}

// Weights of a line, one by one.
static void each_weight(Convolver *c, const PairsGradient *g, Value line, Value panel) {
    Gen *gen = c->gen;
    Loop pixels = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, c->convolution.window.size[1]),
                                ir_int(gen, 1), "across");
    tiles_of_weight(c, g, weight_of(c, line, pixels.index), shift_of(c, g, line, pixels.index),
                    panel);
    ir_loop_end(gen, &pixels);
}

// Weights of a line, several together, whose channels are a square each.
static void weights_together(Convolver *c, const PairsGradient *g, Value line, Value panel) {
    Gen *gen = c->gen;
    int64_t width = c->convolution.window.size[1], whole = width / tallest(g) * tallest(g);
    Squares squares = {tallest(g), NUMBER_BYTES};
    Value none = ir_int(gen, 0), rest = ir_int(gen, whole);
    Loop pixels = ir_loop_begin(gen, none, rest, ir_int(gen, squares.count), "across");
    tile_of_squares(c, g, squares, weight_of(c, line, pixels.index),
                    shift_of(c, g, line, pixels.index), none, panel);
    ir_loop_end(gen, &pixels);
    squares.count = (int)(width - whole);
    if (squares.count)
        tile_of_squares(c, g, squares, weight_of(c, line, rest), shift_of(c, g, line, rest), none,
                        panel);
}

static void panel_of_filters(Convolver *c, const PairsGradient *g, Value panel, int64_t valid) {
    Gen *gen = c->gen;
    pack_values(c, g, ir_multiply(gen, panel, ir_int(gen, c->storage.panel)), valid);
    Loop lines = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, c->convolution.window.size[0]),
                               ir_int(gen, 1), "down");
    bool is_square = c->convolution.channels == c->lanes;
    (is_square ? weights_together : each_weight)(c, g, lines.index, panel);
    ir_loop_end(gen, &lines);
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

static Value clear_scratch(Convolver *c, int64_t *used, int64_t words) {
    Gen *gen = c->gen;
    *used = round_up(*used, 16);
    words = round_up(words, c->lanes);
    Value base = ir_scratch(gen, c->function, *used, words);
    Loop loop =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, words), ir_int(gen, c->lanes), "clear");
    ir_store(gen, LLVMConstNull(pairs_vector(gen, c->lanes)), pairs_at(gen, base, loop.index));
    ir_loop_end(gen, &loop);
    *used += words;
    return base;
}

static PairsGradient create_gradient(Convolver *c, int64_t *used) {
    static const int64_t none[2] = {0, 0};
    const Convolution *v = &c->convolution;
    int64_t after[2] = {v->window.after[0], v->window.after[1]};
    after[1] += (v->size[1] + v->window.before[1] + after[1]) % 2; // pairs are of one line
    PairsGradient g = {.halves = divide_up(c->storage.panel, c->lanes)};
    g.picture = plane_create(&c->b, c->anchor->inputs[0], v->window.before, after, 1, used);
    g.values = plane_create(&c->b, c->anchor->inputs[1], none, none, 1, used);
    plane_clear(&g.picture);
    int64_t square = 2 * c->lanes;
    g.pitch = g.picture.size[1];
    g.places = g.picture.size[0] * g.pitch;
    g.steps = divide_up((v->places[0] - 1) * g.pitch + v->places[1], square);
    int64_t last = (v->window.size[0] - 1) * g.pitch + v->window.size[1] - 1 + g.steps * square;
    g.turned_row = round_up(g.places, square) + square;
    if (g.turned_row % 1024 == 0) g.turned_row += square; // rows would share sets of the cache
    int64_t behind = last > g.turned_row ? last - g.turned_row : 0;
    g.turned = clear_scratch(c, used, (v->channels * g.turned_row + behind) / 2 + square);
    g.right = clear_scratch(c, used, g.steps * c->lanes * c->lanes * g.halves);
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
    turn_picture(c, &g);
    all_panels(c, &g);
    convolver_samples_end(c, &samples);
}
