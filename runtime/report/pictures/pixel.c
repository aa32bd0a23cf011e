#include "pixel.h"

#include "../../data/data.h"

#include <math.h>

enum { WHITE = 255 };

nnrt_pixel nnrt_pixel_of(const nnrt_dataset *dataset) {
    nnrt_pixel pixel = {.scale = 1};
    for (int64_t i = 1; dataset && i < dataset->stage_count; i++) {
        double factor, offset;
        if (!nnrt_transform_scales(&dataset->stages[i], &factor, &offset)) continue;
        pixel.scale *= factor;
        pixel.offset = pixel.offset * factor + offset;
    }
    pixel.is_scaled = pixel.scale != 0 && (pixel.scale != 1 || pixel.offset != 0);
    if (!pixel.is_scaled) pixel = (nnrt_pixel){.scale = 1.0 / WHITE};
    return pixel;
}

uint8_t nnrt_pixel_byte(const nnrt_pixel *pixel, float value) {
    double byte = ((double)value - pixel->offset) / pixel->scale;
    return byte >= WHITE ? WHITE : byte > 0 ? (uint8_t)lrint(byte) : 0;
}
