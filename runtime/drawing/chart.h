// Charts as SVG: a frame with ticks, and what is drawn in it. Values that are not finite are left
// out; curves have gaps there.
#ifndef NNRT_CHART_H
#define NNRT_CHART_H

#include "markup.h"

typedef struct nnrt_range {
    double low, high;
} nnrt_range;

#define NNRT_NO_RANGE ((nnrt_range){1, 0}) // of no value

void nnrt_range_add(nnrt_range *range, const double *values, int64_t count);
// A little more than the values on both sides; of one value, or none, a range around it.
nnrt_range nnrt_range_wide(nnrt_range range);

typedef struct nnrt_chart {
    nnrt_markup *markup;
    nnrt_range x, y;
    double left, right, top, bottom; // of the frame, in units of the picture
} nnrt_chart;

enum {
    NNRT_CHART_WIDE = 0,
    NNRT_CHART_SQUARE = 1,
    NNRT_CHART_WHOLE_X = 2, // ticks of x
    NNRT_CHART_LOG_X = 4,   // x are logarithms to the base 10, which ticks tell as 1e-3
    NNRT_CHART_FILE = 8     // a file of its own, with its look in it
};

// Begins the <svg> with grid, ticks and titles (NULL: none). `label`: what it shows, for those who
// do not see it.
void nnrt_chart_open(nnrt_chart *chart, nnrt_markup *markup, const char *label, nnrt_range x,
                     nnrt_range y, int kind);
void nnrt_chart_titles(nnrt_chart *chart, const char *x, const char *y);
void nnrt_chart_close(nnrt_chart *chart);

// Classes are those of style.h. Points of a curve that would fall on one pixel are left out.
void nnrt_chart_curve(nnrt_chart *chart, const double *x, const double *y, int64_t count,
                      const char *class_name);
void nnrt_chart_dots(nnrt_chart *chart, const double *x, const double *y, int64_t count,
                     double size, const char *class_name);
void nnrt_chart_line(nnrt_chart *chart, double x1, double y1, double x2, double y2,
                     const char *class_name);
void nnrt_chart_bar(nnrt_chart *chart, double x1, double x2, double y, const char *class_name);
// A vertical line with words at its upper end.
void nnrt_chart_mark(nnrt_chart *chart, double x, const char *words);

double nnrt_chart_x(const nnrt_chart *chart, double x);
double nnrt_chart_y(const nnrt_chart *chart, double y);

#endif
