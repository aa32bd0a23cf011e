// PNG pictures; private to picture.c. Without libpng every picture is an error that says so.
#ifndef NNRT_DECODE_PNG_H
#define NNRT_DECODE_PNG_H

#include "picture.h"

// Decodes a file in memory; with `only_size`, its header alone. `picture` gets height, width and
// the pixels, of picture->channels (1 or 3).
nnrt_status nnrt_png_decode(const char *path, const uint8_t *bytes, size_t size, int only_size,
                            nnrt_picture *picture);

#endif
