// How numbers become the bytes of a picture: as bytes became numbers in the data's `scale`.
#ifndef NNRT_PIXEL_H
#define NNRT_PIXEL_H

#include "../../nnrt.h"

typedef struct nnrt_pixel {
    double scale, offset; // number = byte * scale + offset
    int is_scaled;        // the data say so; else 0 is black and 1 is white
} nnrt_pixel;

nnrt_pixel nnrt_pixel_of(const nnrt_dataset *dataset); // NULL: no data

// Rounded; what is beyond black and white is cut, and NaN is black.
uint8_t nnrt_pixel_byte(const nnrt_pixel *pixel, float value);

#endif
