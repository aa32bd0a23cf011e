// Pictures as input of `predict`: PNG files of any kind (palette, 16 bit, interlaced, transparent)
// as 8-bit grey or RGB.
#ifndef NNRT_PICTURE_H
#define NNRT_PICTURE_H

#include <stdint.h>

#include "status.h"

enum { NNRT_PICTURE_MAX_PIXELS = 64 << 20 };

// Reads a picture into pixels[height, width] or [height, width, channels], 1 channel or 3, as
// `shape` says; no resizing: another size is an error that names both. Colours become grey with
// ITU-R 601's weights (as Pillow's "L"), transparent parts lie on black.
nnrt_status nnrt_read_picture(const char *path, int64_t rank, const int64_t *shape,
                              uint8_t *pixels);

// 1 if the file begins as a PNG file does.
int nnrt_is_picture(const char *path);

#endif
