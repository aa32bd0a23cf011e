// A curve drawn with letters, for a terminal.
#ifndef NNRT_PLOT_H
#define NNRT_PLOT_H

#include "chart.h"

typedef struct nnrt_plot {
    const double *x, *y; // x grows; what is not finite leaves a gap
    int64_t count;
    nnrt_range x_range, y_range;
    const char *x_title;
    int is_log;         // x are logarithms to the base 10, whole ones of which are told as 1e-3
    double mark;        // of x, a line from top to bottom; NaN: none
    int columns, lines; // of all; as few as 20 and 4 will do
    int is_utf8, has_color;
} nnrt_plot;

// The caller's; NULL: no memory. Every line ends with a newline, none is longer than `columns`.
char *nnrt_plot_text(const nnrt_plot *plot);

#endif
