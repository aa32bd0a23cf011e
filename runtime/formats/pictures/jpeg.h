// JPEG pictures, by libjpeg(-turbo); private to picture.c.
#ifndef NNRT_JPEG_H
#define NNRT_JPEG_H

#include "picture.h"

// The picture in bytes[size], read from `path`. `picture` has its size and, unless `only_size`,
// pixels of `picture->channels` (1: luminance, as it is stored; 3: RGB).
nnrt_status nnrt_jpeg_decode(const char *path, const uint8_t *bytes, size_t size, int only_size,
                             nnrt_picture *picture);

#endif
