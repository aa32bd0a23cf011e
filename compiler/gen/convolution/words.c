#include "words.h"

WordPlane words_create(Convolver *c, const Plane *plane, int64_t step, int64_t apart,
                       int64_t *used) {
    WordPlane w = {.plane = *plane, .step = step, .apart = apart};
    const Node *source = schedule_source(plane->node);
    w.is_narrow = plane->in_place && schedule_dtype(c->schedule, source) == DTYPE_BF16;
    w.count = divide_up(plane->size[1], step);
    w.pixel = round_up(plane_pixel(plane), c->lanes);
    *used = round_up(*used, c->lanes);
    int64_t words = plane->size[0] * words_line(&w);
    w.base = ir_scratch(c->gen, c->function, *used, words);
    *used += words;
    return w;
}

int64_t words_line(const WordPlane *w) {
    return w->count * w->pixel;
}

static bool is_rounded(const WordPlane *w) {
    return w->plane.is_rounded || w->is_narrow;
}

static LlvmType number_type(Gen *gen, const WordPlane *w) {
    return is_rounded(w) ? pairs_number(gen) : gen->f32;
}

// A vector of a place's channels, of which so many are there.
static Value numbers_at(Convolver *c, const WordPlane *w, Value from, Value place, int64_t channel,
                        int valid) {
    Gen *gen = c->gen;
    LlvmType number = number_type(gen, w);
    Value at = ir_multiply(gen, place, ir_int(gen, plane_pixel(&w->plane)));
    at = ir_offset(gen, number, from, ir_add(gen, at, ir_int(gen, channel)));
    Value numbers = ir_load_lanes(gen, ir_vector(gen, number, c->lanes), at, valid);
    return is_rounded(w) ? numbers : pairs_round(gen, numbers);
}

// The words of all channels whose first place is `place`.
static void store_words(Convolver *c, const WordPlane *w, Value from, Value to, Value place,
                        bool has_second) {
    Gen *gen = c->gen;
    int64_t channels = plane_pixel(&w->plane);
    Value second = ir_add(gen, place, ir_int(gen, w->apart));
    for (int64_t i = 0; i < channels; i += c->lanes) {
        int valid = (int)lowest(c->lanes, channels - i);
        Value numbers = numbers_at(c, w, from, place, i, valid);
        Value others = has_second ? numbers_at(c, w, from, second, i, valid)
                                  : LLVMConstNull(LLVMTypeOf(numbers));
        ir_store(gen, pairs_of_rounded(gen, numbers, others), pairs_at(gen, to, ir_int(gen, i)));
    }
}

// Words at the end of a line have no second place.
static void words_of_line(Convolver *c, const WordPlane *w, Value from, Value to) {
    Gen *gen = c->gen;
    int64_t places = w->plane.size[1] - w->apart;
    int64_t whole = places > 0 ? divide_up(places, w->step) : 0;
    Value step = ir_int(gen, w->step), pixel = ir_int(gen, w->pixel);
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, whole), ir_int(gen, 1), "word");
    store_words(c, w, from, pairs_at(gen, to, ir_multiply(gen, loop.index, pixel)),
                ir_multiply(gen, loop.index, step), true);
    ir_loop_end(gen, &loop);
    Loop rest =
        ir_loop_begin(gen, ir_int(gen, whole), ir_int(gen, w->count), ir_int(gen, 1), "last");
    store_words(c, w, from, pairs_at(gen, to, ir_multiply(gen, rest.index, pixel)),
                ir_multiply(gen, rest.index, step), false);
    ir_loop_end(gen, &rest);
}

Value words_fill(Convolver *c, WordPlane *w, Value sample) {
    Gen *gen = c->gen;
    LlvmType number = number_type(gen, w);
    Value base = plane_fill(&w->plane, sample, ir_int(gen, 0));
    Loop lines =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, w->plane.size[0]), ir_int(gen, 1), "line");
    Value from = ir_multiply(gen, lines.index, ir_int(gen, plane_line(&w->plane)));
    Value to = ir_multiply(gen, lines.index, ir_int(gen, words_line(w)));
    words_of_line(c, w, ir_offset(gen, number, base, from), pairs_at(gen, w->base, to));
    ir_loop_end(gen, &lines);
    return w->base;
}
