#include "quantize.h"

#include <math.h>
#include <stddef.h>

nnrt_quantizer nnrt_quantizer_of(const float range[2]) {
    float low = range[0] < 0 ? range[0] : 0, high = range[1] > 0 ? range[1] : 0;
    nnrt_quantizer quantizer = {1, 1, 0};
    double length = isfinite(high - low) ? (double)(high - low) : (double)high - (double)low;
    if (!(length > 0) || !isfinite((float)(NNRT_INT8_LEVELS / length))) return quantizer;
    quantizer.scale = (float)(length / NNRT_INT8_LEVELS);
    quantizer.inverse = (float)(NNRT_INT8_LEVELS / length);
    quantizer.zero = (int)lrintf(-low * quantizer.inverse);
    return quantizer;
}

int nnrt_quantize(const nnrt_quantizer *quantizer, float x) {
    float number = x * quantizer->inverse, low = (float)-quantizer->zero;
    float high = (float)(NNRT_INT8_LEVELS - quantizer->zero);
    number = number > low ? number : low;
    number = number < high ? number : high;
    return (int)lrintf(number) + quantizer->zero;
}

nnrt_weight_scale nnrt_weight_scale_of(float largest) {
    float inverse = (float)NNRT_INT8_WEIGHT / largest;
    if (!(largest > 0) || !isfinite(inverse)) return (nnrt_weight_scale){1, 0};
    return (nnrt_weight_scale){largest / (float)NNRT_INT8_WEIGHT, inverse};
}

int nnrt_quantize_weight(nnrt_weight_scale scale, float weight) {
    return (int)lrintf(weight * scale.inverse);
}

// ---- Weights for generated code.

typedef struct column {
    int32_t *words;     // of the panel, at the column
    int64_t step;       // words from one of a column to the next
    const float *first; // of the weights
    int64_t stride;     // floats from row to row of the matrix
} column;

static float largest_of(const nnrt_int8_weights *w, const column *c) {
    float largest = 0;
    for (int64_t row = 0; row < w->lines * w->run; row++) {
        float size = fabsf(c->first[row * c->stride]);
        if (size > largest) largest = size;
    }
    return largest;
}

// So many numbers of a word, the first one in its lowest bits.
static int32_t word_of(const nnrt_int8_weights *w, const column *c, nnrt_weight_scale scale,
                       int64_t line, int64_t first, int32_t *sum) {
    uint32_t word = 0, bits = 32 / (uint32_t)w->numbers;
    for (int64_t i = 0; i < w->numbers && first + i < w->run; i++) {
        int number = nnrt_quantize_weight(scale, c->first[(line * w->run + first + i) * c->stride]);
        *sum += number;
        word |= ((uint32_t)number & (UINT32_MAX >> (32 - bits))) << bits * (uint32_t)i;
    }
    return (int32_t)word;
}

static int32_t put_column(const nnrt_int8_weights *w, const column *c, nnrt_weight_scale scale) {
    int32_t sum = 0, *to = c->words;
    for (int64_t line = 0; line < w->lines; line++)
        for (int64_t word = 0; word < w->line_words; word++, to += c->step)
            *to = word_of(w, c, scale, line, word * w->numbers, &sum);
    return sum;
}

static void put_panel(const nnrt_context *context, const nnrt_int8_weights *w, int64_t panel,
                      const nnrt_quantizer *quantizer, int32_t *block) {
    const nnrt_storage *s = &w->storage;
    int64_t first = panel * w->panel, width = w->panel, rest = w->columns - first;
    if (rest <= w->panel / 2) width = w->panel / 2;
    int32_t *words = block + w->words + panel * w->panel_stride;
    for (int64_t i = 0; i < width; i++) {
        int64_t number = first + i;
        column c = {words + i, width, NULL, s->row_stride};
        if (number >= w->columns) {
            for (int64_t k = 0; k < w->lines * w->line_words; k++) c.words[k * width] = 0;
            continue;
        }
        c.first = context->weights + s->offset + number / s->panel * s->panel_stride +
                  number % s->panel * s->column_stride;
        nnrt_weight_scale scale = nnrt_weight_scale_of(largest_of(w, &c));
        ((float *)block)[w->scales + number] = quantizer->scale * scale.scale;
        block[w->corrections + number] = quantizer->zero * put_column(w, &c, scale);
    }
}

void nnrt_int8_prepare(const nnrt_context *context, const nnrt_int8_weights *w, int32_t *block) {
    nnrt_quantizer quantizer = nnrt_quantizer_of(context->ranges + 2 * w->range);
    int64_t panels = (w->columns + w->panel - 1) / w->panel;
    if (context->thread == 0) {
        float *numbers = (float *)block;
        numbers[NNRT_INT8_INVERSE] = quantizer.inverse;
        numbers[NNRT_INT8_LOW] = (float)-quantizer.zero;
        numbers[NNRT_INT8_HIGH] = (float)(NNRT_INT8_LEVELS - quantizer.zero);
        block[NNRT_INT8_ZERO] = quantizer.zero;
    }
    int64_t begin = panels * context->thread / context->threads;
    int64_t end = panels * (context->thread + 1) / context->threads;
    for (int64_t panel = begin; panel < end; panel++)
        put_panel(context, w, panel, &quantizer, block);
}
