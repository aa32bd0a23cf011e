// Pictures within a page: <img> whose bytes are a PNG file in base 64. The encoder is zlib's alone,
// so that pages have their pictures where libpng is missing, too.
#ifndef NNRT_PIXELS_H
#define NNRT_PIXELS_H

#include "markup.h"

// `bytes` are [height, width, channels]: 1 (grey), 3 (RGB) or 4 (with opacity). `alt`: what it
// shows. `scale`: pixels of the page to one of the picture; 0: as the class says.
void nnrt_pixels_draw(nnrt_markup *markup, const uint8_t *bytes, int64_t height, int64_t width,
                      int64_t channels, const char *class_name, const char *alt, double scale);

// The same in an SVG, from (x, y) on.
void nnrt_pixels_draw_at(nnrt_markup *markup, const uint8_t *bytes, int64_t height, int64_t width,
                         int64_t channels, double x, double y, double shown_width,
                         double shown_height);

#endif
