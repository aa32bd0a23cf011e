// Pictures in files: PNG of any kind (palette, 16 bit, interlaced, transparent) and JPEG, as 8-bit
// grey or RGB. Values are those that the file stores, as TensorFlow's decode_png and decode_jpeg
// (dct_method = INTEGER_ACCURATE) return them: of 16 bits the high byte, no colour curve is
// applied, alpha is dropped. All functions may be called by several threads at once.
#ifndef NNRT_PICTURE_H
#define NNRT_PICTURE_H

#include <stddef.h>
#include <stdint.h>

#include "../../base/status.h"

enum { NNRT_PICTURE_MAX_PIXELS = 64 << 20 };

typedef struct nnrt_picture {
    int64_t height, width, channels;
    uint8_t *pixels; // [height, width, channels]; freed by nnrt_picture_free
} nnrt_picture;

// Reads a file with 1 channel or 3. Colours of PNG files become grey with ITU-R 601's weights,
// those of JPEG files by the luminance they store; grey becomes three equal channels.
nnrt_status nnrt_picture_read(const char *path, int64_t channels, nnrt_picture *picture);
void nnrt_picture_free(nnrt_picture *picture);

// The size alone, from the header.
nnrt_status nnrt_picture_size(const char *path, int64_t *height, int64_t *width);

// Reads a picture into pixels[height, width] or [height, width, channels], 1 channel or 3, as
// `shape` says. One of another size is resized (resize.h) where `may_resize`, else an error that
// names both sizes.
nnrt_status nnrt_read_picture(const char *path, int64_t rank, const int64_t *shape, int may_resize,
                              uint8_t *pixels);

// 1 if the file begins as a picture does: PNG, JPEG, or another format that is known, though not
// read.
int nnrt_is_picture(const char *path);

// What a file's name says of it.
typedef enum nnrt_picture_name {
    NNRT_NAME_OTHER,
    NNRT_NAME_PICTURE,    // .png, .jpg, .jpeg
    NNRT_NAME_UNREADABLE, // .bmp, .gif ...: a picture, but of a format that is not read
} nnrt_picture_name;

nnrt_picture_name nnrt_picture_by_name(const char *path);
nnrt_status nnrt_picture_fail_format(const char *path,
                                     const char *format); // "BMP"; returns an error
const char *nnrt_picture_format(const char *path);        // by name: "GIF" for "x.gif"; NULL: none

// ---- For the decoders.

nnrt_status nnrt_picture_check_size(const char *path, const nnrt_picture *picture);
uint8_t nnrt_picture_luminance(const uint8_t colour[3]);

#endif
