// Pictures of one size side by side in one PNG file, line by line, with white between them.
#ifndef NNRT_GRID_H
#define NNRT_GRID_H

#include "encode_png.h"

typedef struct nnrt_grid {
    int64_t columns, lines;          // of pictures
    int64_t height, width, channels; // of a picture, in pixels; 1 (grey) or 3
    int64_t grid_height, grid_width;
    uint8_t *bytes;
} nnrt_grid;

// All white. NNRT_ERROR: no memory. Freed by nnrt_grid_free in any case.
nnrt_status nnrt_grid_open(nnrt_grid *grid, int64_t columns, int64_t lines, int64_t height,
                           int64_t width, int64_t channels);
void nnrt_grid_free(nnrt_grid *grid);

// Where line `y` of a picture begins, `width` pixels. Pictures count from 0, line by line.
uint8_t *nnrt_grid_line(const nnrt_grid *grid, int64_t number, int64_t y);

// Commits `file`; NULL: it could not be created, and nnrt_error() says why.
nnrt_status nnrt_grid_write(const nnrt_grid *grid, nnrt_file *file);

#endif
