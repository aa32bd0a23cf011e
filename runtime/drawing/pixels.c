// PNG (Portable Network Graphics, W3C Recommendation 10 November 2003): signature, IHDR, IDAT,
// IEND. Lines of colours are filtered by "sub", which photographs compress better with.
#include "pixels.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { CHUNK = 12, HEAD = 13, SIGNATURE = 8 }; // bytes

typedef struct bytes {
    uint8_t *values;
    size_t count;
} bytes;

static uint8_t *put_big(uint8_t *at, uint32_t value) {
    for (int i = 0; i < 4; i++) at[i] = (uint8_t)(value >> (24 - 8 * i));
    return at + 4;
}

static uint8_t *put_chunk(uint8_t *at, const char *name, const uint8_t *data, size_t count) {
    at = put_big(at, (uint32_t)count);
    uint8_t *begin = at;
    memcpy(at, name, 4);
    if (count) memcpy(at + 4, data, count);
    at += 4 + count;
    return put_big(at, (uint32_t)crc32(0, begin, (uInt)(4 + count)));
}

static void filter_line(const uint8_t *line, size_t count, size_t channels, uint8_t *out) {
    int is_sub = channels >= 3;
    *out++ = (uint8_t)is_sub;
    for (size_t i = 0; i < count; i++)
        out[i] = is_sub && i >= channels ? (uint8_t)(line[i] - line[i - channels]) : line[i];
}

// Compressed lines; `values` NULL: no memory.
static bytes pack(const uint8_t *pixels, size_t height, size_t line, size_t channels) {
    bytes packed = {0};
    size_t count = height * (line + 1);
    uLongf size = compressBound((uLong)count);
    uint8_t *filtered = malloc(count + 1);
    packed.values = malloc(size);
    for (size_t i = 0; filtered && i < height; i++)
        filter_line(pixels + i * line, line, channels, filtered + i * (line + 1));
    if (!filtered || !packed.values ||
        compress2(packed.values, &size, filtered, (uLong)count, Z_BEST_COMPRESSION) != Z_OK) {
        free(packed.values);
        packed.values = NULL;
    }
    packed.count = size;
    free(filtered);
    return packed;
}

static bytes encode(const uint8_t *pixels, int64_t height, int64_t width, int64_t channels) {
    static const uint8_t signature[SIGNATURE] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
    uint8_t head[HEAD] = {0};
    bytes file = {0};
    bytes packed = pack(pixels, (size_t)height, (size_t)(width * channels), (size_t)channels);
    if (packed.values) file.values = malloc(SIGNATURE + 3 * CHUNK + HEAD + packed.count);
    if (file.values) {
        put_big(put_big(head, (uint32_t)width), (uint32_t)height);
        head[8] = 8; // bits
        head[9] = channels == 1 ? 0 : channels == 3 ? 2 : 6;
        memcpy(file.values, signature, SIGNATURE);
        uint8_t *at = put_chunk(file.values + SIGNATURE, "IHDR", head, HEAD);
        at = put_chunk(at, "IDAT", packed.values, packed.count);
        file.count = (size_t)(put_chunk(at, "IEND", NULL, 0) - file.values);
    }
    free(packed.values);
    return file;
}

// RFC 4648, section 4.
static char *base64(const bytes *file, const char *before) {
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t begin = strlen(before);
    char *text = malloc(begin + (file->count + 2) / 3 * 4 + 1), *at = text + begin;
    if (!text) return NULL;
    memcpy(text, before, begin);
    for (size_t i = 0; i < file->count; i += 3) {
        size_t left = file->count - i;
        unsigned word = (unsigned)file->values[i] << 16;
        if (left > 1) word |= (unsigned)file->values[i + 1] << 8;
        if (left > 2) word |= file->values[i + 2];
        *at++ = letters[word >> 18];
        *at++ = letters[word >> 12 & 63];
        *at++ = left > 1 ? letters[word >> 6 & 63] : '=';
        *at++ = left > 2 ? letters[word & 63] : '=';
    }
    *at = 0;
    return text;
}

static void put_source(nnrt_markup *markup, const char *name, const uint8_t *pixels, int64_t height,
                       int64_t width, int64_t channels) {
    bytes file = encode(pixels, height, width, channels);
    char *text = file.values ? base64(&file, "data:image/png;base64,") : NULL;
    markup->failed |= !text;
    nnrt_markup_attribute(markup, name, text ? text : "");
    free(text);
    free(file.values);
}

void nnrt_pixels_draw(nnrt_markup *markup, const uint8_t *pixels, int64_t height, int64_t width,
                      int64_t channels, const char *class_name, const char *alt, double scale) {
    nnrt_markup_open(markup, "img", class_name);
    nnrt_markup_attribute(markup, "alt", alt);
    if (scale > 0) nnrt_markup_format(markup, "width", "%.0f", (double)width * scale);
    if (scale > 0) nnrt_markup_format(markup, "height", "%.0f", (double)height * scale);
    put_source(markup, "src", pixels, height, width, channels);
    nnrt_markup_end(markup);
}

void nnrt_pixels_draw_at(nnrt_markup *markup, const uint8_t *pixels, int64_t height, int64_t width,
                         int64_t channels, double x, double y, double shown_width,
                         double shown_height) {
    nnrt_markup_begin(markup, "image");
    nnrt_markup_number(markup, "x", x);
    nnrt_markup_number(markup, "y", y);
    nnrt_markup_number(markup, "width", shown_width);
    nnrt_markup_number(markup, "height", shown_height);
    nnrt_markup_attribute(markup, "preserveAspectRatio", "none");
    put_source(markup, "href", pixels, height, width, channels);
    nnrt_markup_end(markup);
}
