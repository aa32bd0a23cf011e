#include "resize.h"

#include <math.h>

// Between which two of `size` places an output lies, and how far from the first.
typedef struct Between {
    int64_t low, high;
    float share; // of the high one
} Between;

static Between between(int64_t out, int64_t size, int64_t out_size) {
    float place = ((float)out + 0.5f) * ((float)size / (float)out_size) - 0.5f;
    int64_t low = (int64_t)floorf(place);
    Between result = {low, low + 1, place - floorf(place)};
    if (result.low < 0) result.low = 0;
    if (result.low > size - 1) result.low = size - 1; // rounding, beyond 2^22 pixels
    if (result.high > size - 1) result.high = size - 1;
    return result;
}

static uint8_t to_byte(float value) {
    return (uint8_t)(value + 0.5f); // never outside of the bytes it lies between
}

static float to_float(float value) {
    return value;
}

enum { BLOCK = 256 }; // columns whose places are computed once for all rows

#define RESIZE(name, type, store)                                                                  \
    static void name##_block(const type *from, int64_t height, int64_t width, int64_t channels,    \
                             type *to, int64_t to_height, int64_t to_width, int64_t first,         \
                             int64_t count) {                                                      \
        Between columns[BLOCK];                                                                    \
        for (int64_t j = 0; j < count; j++) columns[j] = between(first + j, width, to_width);      \
        for (int64_t i = 0; i < to_height; i++) {                                                  \
            Between y = between(i, height, to_height);                                             \
            const type *above = from + y.low * width * channels;                                   \
            const type *below = from + y.high * width * channels;                                  \
            type *out = to + (i * to_width + first) * channels;                                    \
            for (int64_t j = 0; j < count; j++) {                                                  \
                int64_t left = columns[j].low * channels, right = columns[j].high * channels;      \
                for (int64_t c = 0; c < channels; c++) {                                           \
                    float a = (float)above[left + c], b = (float)below[left + c];                  \
                    a += ((float)above[right + c] - a) * columns[j].share;                         \
                    b += ((float)below[right + c] - b) * columns[j].share;                         \
                    *out++ = store(a + (b - a) * y.share);                                         \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    void name(const type *from, int64_t height, int64_t width, int64_t channels, type *to,         \
              int64_t to_height, int64_t to_width) {                                               \
        for (int64_t first = 0; first < to_width; first += BLOCK)                                  \
            name##_block(from, height, width, channels, to, to_height, to_width, first,            \
                         to_width - first < BLOCK ? to_width - first : BLOCK);                     \
    }

RESIZE(nnrt_resize_bytes, uint8_t, to_byte)
RESIZE(nnrt_resize_floats, float, to_float)

void nnrt_resize_sample(const nnrt_column *old, const void *from, const nnrt_column *new,
                        void *to) {
    int64_t channels = old->rank > 2 ? old->shape[2] : 1;
    if (old->dtype == NNRT_U8)
        nnrt_resize_bytes(from, old->shape[0], old->shape[1], channels, to, new->shape[0],
                          new->shape[1]);
    else
        nnrt_resize_floats(from, old->shape[0], old->shape[1], channels, to, new->shape[0],
                           new->shape[1]);
}
