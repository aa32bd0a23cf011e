#include "encode_png.h"

#ifdef NNRT_HAVE_PNG

#include <png.h>
#include <setjmp.h>

enum { COLOURS = 256 };

static void leave(png_structp png, png_const_charp message) {
    nnrt_fail(NNRT_ERROR, "a picture cannot be written: %s", message);
    png_longjmp(png, 1);
}

static void ignore(png_structp png, png_const_charp message) {
    (void)png, (void)message;
}

static void append(png_structp png, png_bytep bytes, size_t count) {
    nnrt_file_write(png_get_io_ptr(png), bytes, count);
}

static void flush(png_structp png) {
    (void)png;
}

// The bits of an index, three at a time from its lowest, become the highest bits of red, green and
// blue, so that neighbours are far from each other (VOCdevkit, VOClabelcolormap).
static void class_colours(png_color colours[COLOURS]) {
    for (int i = 0; i < COLOURS; i++) {
        int red = 0, green = 0, blue = 0;
        for (int bit = 7, rest = i; bit >= 0; bit--, rest >>= 3) {
            red |= (rest & 1) << bit;
            green |= (rest >> 1 & 1) << bit;
            blue |= (rest >> 2 & 1) << bit;
        }
        colours[i] = (png_color){(png_byte)red, (png_byte)green, (png_byte)blue};
    }
}

static void write_rows(png_structp png, png_infop info, int64_t height, int64_t width,
                       int64_t channels, const uint8_t *bytes) {
    png_color colours[COLOURS];
    int kind = channels == NNRT_PNG_PALETTE ? PNG_COLOR_TYPE_PALETTE
               : channels == 1              ? PNG_COLOR_TYPE_GRAY
                                            : PNG_COLOR_TYPE_RGB;
    png_set_IHDR(png, info, (png_uint_32)width, (png_uint_32)height, 8, kind, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    class_colours(colours);
    if (kind == PNG_COLOR_TYPE_PALETTE) png_set_PLTE(png, info, colours, COLOURS);
    png_write_info(png, info);
    int64_t line = width * (channels ? channels : 1);
    for (int64_t i = 0; i < height; i++) png_write_row(png, bytes + i * line);
    png_write_end(png, info);
}

nnrt_status nnrt_png_write(nnrt_file *file, int64_t height, int64_t width, int64_t channels,
                           const uint8_t *bytes) {
    if (!file) return NNRT_ERROR;
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, leave, ignore);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info || setjmp(png_jmpbuf(png))) {
        if (!info) nnrt_fail_memory("a picture", 0);
        png_destroy_write_struct(&png, &info);
        nnrt_file_abandon(file);
        return NNRT_ERROR;
    }
    png_set_write_fn(png, file, append, flush);
    write_rows(png, info, height, width, channels, bytes);
    png_destroy_write_struct(&png, &info);
    return nnrt_file_commit(file);
}

#else

nnrt_status nnrt_png_write(nnrt_file *file, int64_t height, int64_t width, int64_t channels,
                           const uint8_t *bytes) {
    (void)height, (void)width, (void)channels, (void)bytes;
    if (!file) return NNRT_ERROR;
    nnrt_file_abandon(file);
    return nnrt_fail(NNRT_ERROR, "a picture cannot be written: nnc was built without libpng");
}

#endif
