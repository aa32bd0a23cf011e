// Elements go through doubles, a chunk at a time, which hold every type exactly (integers beyond
// 2^53 excepted, which neither labels nor float32 can hold); bytes go straight to their place.
#include "array.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../base/text/list.h"
#include "../files/packed/inflate.h"
#include "../files/stream.h"

enum { CHUNK = 4096 }; // elements converted at a time

int nnrt_element_size(nnrt_element element) {
    static const int sizes[] = {1, 1, 2, 2, 4, 4, 8, 8, 2, 4, 8};
    return sizes[element];
}

int nnrt_element_is_integer(nnrt_element element) {
    return element < NNRT_ELEMENT_F16;
}

int nnrt_dtype_size(int64_t dtype) {
    return dtype == NNRT_U8 ? 1 : dtype == NNRT_F64 ? 8 : 4;
}

const char *nnrt_shape_text(char text[NNRT_SHAPE_TEXT], int64_t rank, const int64_t *shape) {
    char numbers[NNRT_SHAPE_TEXT - 2];
    nnrt_list list = nnrt_list_make(numbers, sizeof numbers);
    for (int64_t i = 0; i < rank; i++) nnrt_list_add(&list, "%" PRId64, shape[i]);
    snprintf(text, NNRT_SHAPE_TEXT, "[%s]", numbers);
    return text;
}

nnrt_status nnrt_array_finish(nnrt_array *array) {
    char shape[NNRT_SHAPE_TEXT];
    int64_t bytes = nnrt_element_size(array->element);
    array->row_size = 1;
    if (array->rank < 1 || array->rank > NNRT_MAX_RANK + 1)
        return nnrt_fail(NNRT_ERROR, "`%s` has %lld dimensions; data have 1 to %d", array->path,
                         (long long)array->rank, NNRT_MAX_RANK + 1);
    for (int64_t i = 0; i < array->rank; i++) {
        if (array->shape[i] < 1)
            return nnrt_fail(NNRT_ERROR, "`%s` is empty: its header says %s", array->path,
                             nnrt_shape_text(shape, array->rank, array->shape));
        if (__builtin_mul_overflow(bytes, array->shape[i], &bytes) || bytes > NNRT_ARRAY_MAX_BYTES)
            return nnrt_fail(NNRT_ERROR, "`%s` is damaged or too large: its header says %s",
                             array->path, nnrt_shape_text(shape, array->rank, array->shape));
        if (i > 0) array->row_size *= array->shape[i];
    }
    array->rows = array->shape[0];
    return NNRT_OK;
}

enum { LARGE_PAGE = 2 << 20 };

void nnrt_array_advise(void *values, int64_t bytes) {
    uintptr_t start = ((uintptr_t)values + LARGE_PAGE - 1) & ~(uintptr_t)(LARGE_PAGE - 1);
    uintptr_t end = ((uintptr_t)values + (uintptr_t)bytes) & ~(uintptr_t)(LARGE_PAGE - 1);
    if (end > start) madvise((void *)start, end - start, MADV_HUGEPAGE);
}

int64_t nnrt_array_bytes(int64_t dtype, int64_t count) {
    int64_t bytes, present = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
    if (__builtin_mul_overflow(count, nnrt_dtype_size(dtype), &bytes)) bytes = INT64_MAX;
    if (bytes > NNRT_ARRAY_MAX_BYTES || (present > 0 && bytes > present)) {
        nnrt_fail(NNRT_ERROR, "the data need %.3g GB of memory, this machine has %.3g GB",
                  (double)bytes / 1e9, (double)present / 1e9);
        return -1;
    }
    return bytes;
}

void *nnrt_array_allocate(int64_t dtype, int64_t count) {
    int64_t bytes = nnrt_array_bytes(dtype, count);
    if (bytes < 0) return NULL;
    size_t size = ((size_t)bytes / NNRT_ALIGNMENT + 2) * NNRT_ALIGNMENT;
    size_t alignment = size >= 2 * LARGE_PAGE ? LARGE_PAGE : NNRT_ALIGNMENT;
    size = (size + alignment - 1) / alignment * alignment;
    void *memory = aligned_alloc(alignment, size);
    if (memory) nnrt_array_advise(memory, (int64_t)size);
    if (memory)
        memset((char *)memory + bytes, 0, NNRT_ALIGNMENT);
    else
        nnrt_fail_memory("the data", (size_t)bytes);
    return memory;
}

// ---- Conversion

static uint64_t load_bits(const uint8_t *bytes, int size, int big_endian) {
    uint64_t bits = 0;
    for (int i = 0; i < size; i++)
        bits |= (uint64_t)bytes[big_endian ? size - 1 - i : i] << (8 * i);
    return bits;
}

// IEEE 754's binary16: a sign, 5 bits of exponent with bias 15, 10 of fraction.
static double load_half(uint32_t bits) {
    int exponent = bits >> 10 & 31, fraction = bits & 1023;
    double size = exponent == 0    ? ldexp(fraction, -24)
                  : exponent == 31 ? (fraction ? (double)NAN : (double)INFINITY)
                                   : ldexp(1024 + fraction, exponent - 25);
    return bits >> 15 ? -size : size;
}

static double load_float(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static double load_double(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static double convert(uint64_t bits, nnrt_element element) {
    switch (element) {
    case NNRT_ELEMENT_U8: return (double)bits;
    case NNRT_ELEMENT_I8: return (int8_t)bits;
    case NNRT_ELEMENT_U16: return (double)bits;
    case NNRT_ELEMENT_I16: return (int16_t)bits;
    case NNRT_ELEMENT_U32: return (double)bits;
    case NNRT_ELEMENT_I32: return (int32_t)bits;
    case NNRT_ELEMENT_U64: return (double)bits;
    case NNRT_ELEMENT_I64: return (double)(int64_t)bits;
    case NNRT_ELEMENT_F16: return load_half((uint32_t)bits);
    case NNRT_ELEMENT_F32: return load_float((uint32_t)bits);
    case NNRT_ELEMENT_F64: return load_double(bits);
    }
    return 0;
}

// The row-major index of the element that is `i`-th in column-major order.
static int64_t row_major(const nnrt_array *array, int64_t i) {
    int64_t index[NNRT_MAX_RANK + 1], place = 0;
    for (int64_t d = 0; d < array->rank; i /= array->shape[d++]) index[d] = i % array->shape[d];
    for (int64_t d = 0; d < array->rank; d++) place = place * array->shape[d] + index[d];
    return place;
}

static nnrt_status give(const nnrt_array *array, nnrt_array_sink *sink, void *state, int64_t first,
                        const double *values, int64_t count) {
    if (!array->column_major) return sink(state, array, first, values, count);
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < count && !status; i++)
        status = sink(state, array, row_major(array, first + i), &values[i], 1);
    return status;
}

static nnrt_status each_chunk(const nnrt_array *array, nnrt_stream *stream, nnrt_array_sink *sink,
                              void *state) {
    uint8_t bytes[CHUNK * 8];
    double values[CHUNK];
    int size = nnrt_element_size(array->element);
    int64_t total = array->rows * array->row_size;
    for (int64_t first = 0; first < total; first += CHUNK) {
        int64_t count = total - first < CHUNK ? total - first : CHUNK;
        nnrt_status status = nnrt_stream_read(stream, bytes, count * size, "its elements");
        if (status) return status;
        for (int64_t i = 0; i < count; i++)
            values[i] =
                convert(load_bits(bytes + i * size, size, (int)array->big_endian), array->element);
        status = give(array, sink, state, first, values, count);
        if (status) return status;
    }
    return nnrt_stream_end(stream);
}

// Opens the array's file and goes to its first element.
static nnrt_status open_elements(const nnrt_array *array, nnrt_stream *stream) {
    nnrt_status status =
        array->descriptor ? nnrt_stream_open_descriptor(stream, array->path, (int)array->descriptor)
                          : nnrt_stream_open(stream, array->path);
    return status ? status : nnrt_stream_skip(stream, array->offset, "its header");
}

nnrt_status nnrt_array_each(const nnrt_array *array, nnrt_array_sink *sink, void *state) {
    nnrt_stream stream;
    nnrt_status status = open_elements(array, &stream);
    if (!status) status = each_chunk(array, &stream, sink, state);
    nnrt_stream_close(&stream);
    return status;
}

// ---- Reading into memory

// A compressed file in one go: content with its header into the room for the elements (which has
// NNRT_ALIGNMENT bytes of slack), then the header away.
static int read_at_once(const nnrt_array *array, uint8_t *values) {
    int64_t size = array->rows * array->row_size;
    if (array->offset > NNRT_ALIGNMENT || array->descriptor) return 0;
    if (!nnrt_inflate_file(array->path, values, array->offset + size)) return 0;
    memmove(values, values + array->offset, (size_t)size);
    memset(values + size, 0, NNRT_ALIGNMENT);
    return 1;
}

static nnrt_status read_bytes(const nnrt_array *array, uint8_t *values) {
    if (read_at_once(array, values)) return NNRT_OK;
    nnrt_stream stream;
    nnrt_status status = open_elements(array, &stream);
    if (!status)
        status = nnrt_stream_read(&stream, values, array->rows * array->row_size, "its elements");
    if (!status) status = nnrt_stream_end(&stream);
    nnrt_stream_close(&stream);
    return status;
}

static nnrt_status store_byte(void *state, const nnrt_array *array, int64_t first,
                              const double *values, int64_t count) {
    (void)array;
    for (int64_t i = 0; i < count; i++) ((uint8_t *)state)[first + i] = (uint8_t)values[i];
    return NNRT_OK;
}

static nnrt_status store_float(void *state, const nnrt_array *array, int64_t first,
                               const double *values, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        float value = (float)values[i];
        if (!isfinite(value))
            return nnrt_fail(
                NNRT_ERROR,
                "`%s`: element %lld of row %lld (counted from 0) is %g as float32; "
                "networks cannot learn from it: leave the row out or replace the value",
                array->path, (long long)((first + i) % array->row_size),
                (long long)((first + i) / array->row_size), value);
        ((float *)state)[first + i] = value;
    }
    return NNRT_OK;
}

nnrt_status nnrt_array_read(const nnrt_array *array, int64_t dtype, void *values) {
    if (dtype == NNRT_F32) return nnrt_array_each(array, store_float, values);
    if (array->column_major) return nnrt_array_each(array, store_byte, values);
    return read_bytes(array, values);
}

typedef struct Pieces {
    nnrt_array_sink *store;
    void *values, *state;
    nnrt_array_filled *filled;
    int64_t size; // of a value
} Pieces;

static nnrt_status store_piece(void *state, const nnrt_array *array, int64_t first,
                               const double *values, int64_t count) {
    const Pieces *pieces = state;
    nnrt_status status = pieces->store(pieces->values, array, first, values, count);
    if (!status && first / NNRT_ARRAY_PIECE != (first + count) / NNRT_ARRAY_PIECE)
        pieces->filled(pieces->state, (first + count) * pieces->size);
    return status;
}

nnrt_status nnrt_array_read_slowly(const nnrt_array *array, int64_t dtype, void *values,
                                   nnrt_array_filled *filled, void *state) {
    Pieces pieces = {dtype == NNRT_F32 ? store_float : store_byte, values, state, filled,
                     nnrt_dtype_size(dtype)};
    nnrt_status status = nnrt_array_each(array, store_piece, &pieces);
    if (!status) filled(state, array->rows * array->row_size * pieces.size);
    return status;
}
