#include "grid.h"

#include <stdlib.h>
#include <string.h>

enum { GAP = 2, WHITE = 255 }; // pixels between pictures

nnrt_status nnrt_grid_open(nnrt_grid *grid, int64_t columns, int64_t lines, int64_t height,
                           int64_t width, int64_t channels) {
    *grid = (nnrt_grid){.columns = columns,
                        .lines = lines,
                        .height = height,
                        .width = width,
                        .channels = channels,
                        .grid_height = lines * (height + GAP) - GAP,
                        .grid_width = columns * (width + GAP) - GAP};
    size_t bytes = (size_t)(grid->grid_height * grid->grid_width * channels);
    grid->bytes = malloc(bytes);
    if (!grid->bytes) return nnrt_fail_memory("a grid of pictures", bytes);
    memset(grid->bytes, WHITE, bytes);
    return NNRT_OK;
}

void nnrt_grid_free(nnrt_grid *grid) {
    free(grid->bytes);
    grid->bytes = NULL;
}

uint8_t *nnrt_grid_line(const nnrt_grid *grid, int64_t number, int64_t y) {
    int64_t top = number / grid->columns * (grid->height + GAP);
    int64_t left = number % grid->columns * (grid->width + GAP);
    return grid->bytes + ((top + y) * grid->grid_width + left) * grid->channels;
}

nnrt_status nnrt_grid_write(const nnrt_grid *grid, nnrt_file *file) {
    return nnrt_png_write(file, grid->grid_height, grid->grid_width, grid->channels, grid->bytes);
}
