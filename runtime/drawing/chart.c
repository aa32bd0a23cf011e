#include "chart.h"

#include "style.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TICKS = 5 };
static const double width = 360, height = 232, square = 346;
static const double left = 46, right = 12, top = 18, bottom = 38;

// ---- Ranges.

void nnrt_range_add(nnrt_range *range, const double *values, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        if (!isfinite(values[i])) continue;
        int is_first = range->low > range->high;
        if (is_first || values[i] < range->low) range->low = values[i];
        if (is_first || values[i] > range->high) range->high = values[i];
    }
}

nnrt_range nnrt_range_wide(nnrt_range range) {
    if (range.low > range.high) return (nnrt_range){0, 1};
    double size = range.high - range.low, largest = fmax(fabs(range.low), fabs(range.high));
    if (!isfinite(size)) return (nnrt_range){-1, 1};
    if (size <= 1e-9 * largest) size = largest;
    if (size < 1e-290) size = 1;
    return (nnrt_range){range.low - 0.04 * size, range.high + 0.04 * size};
}

// ---- The frame.

double nnrt_chart_x(const nnrt_chart *chart, double x) {
    double share = (x - chart->x.low) / (chart->x.high - chart->x.low);
    return chart->left + share * (chart->right - chart->left);
}

double nnrt_chart_y(const nnrt_chart *chart, double y) {
    double share = (y - chart->y.low) / (chart->y.high - chart->y.low);
    return chart->bottom - share * (chart->bottom - chart->top);
}

static void put_line(nnrt_markup *markup, double x1, double y1, double x2, double y2,
                     const char *class_name) {
    nnrt_markup_open(markup, "line", class_name);
    nnrt_markup_number(markup, "x1", x1);
    nnrt_markup_number(markup, "y1", y1);
    nnrt_markup_number(markup, "x2", x2);
    nnrt_markup_number(markup, "y2", y2);
    nnrt_markup_end(markup);
}

static void put_text(nnrt_markup *markup, double x, double y, const char *class_name,
                     const char *text) {
    nnrt_markup_open(markup, "text", class_name);
    nnrt_markup_number(markup, "x", x);
    nnrt_markup_number(markup, "y", y);
    nnrt_markup_write(markup, text);
    nnrt_markup_end(markup);
}

// 1, 2 or 5 times a power of ten.
static double tick_step(nnrt_range range) {
    double rough = (range.high - range.low) / TICKS;
    double power = pow(10, floor(log10(rough))), digit = rough / power;
    return power * (digit < 1.5 ? 1 : digit < 3.5 ? 2 : digit < 7.5 ? 5 : 10);
}

static void tick_text(double value, double step, char text[32]) {
    if (fabs(value) < step / 1000) value = 0;
    snprintf(text, 32, fabs(value) >= 1e5 || step < 1e-4 ? "%.3g" : "%.6g", value);
}

static void put_x_ticks(const nnrt_chart *chart, int kind) {
    double step = tick_step(chart->x);
    if (kind & (NNRT_CHART_WHOLE_X | NNRT_CHART_LOG_X) && step < 1) step = 1;
    for (double at = ceil(chart->x.low / step) * step; at <= chart->x.high; at += step) {
        char text[32];
        double x = nnrt_chart_x(chart, at);
        if (kind & NNRT_CHART_LOG_X)
            snprintf(text, sizeof text, "1e%.0f", at);
        else
            tick_text(at, step, text);
        put_line(chart->markup, x, chart->bottom, x, chart->bottom + 4, "axis");
        put_text(chart->markup, x, chart->bottom + 15, "mid small", text);
    }
}

static void put_y_ticks(const nnrt_chart *chart) {
    double step = tick_step(chart->y);
    for (double at = ceil(chart->y.low / step) * step; at <= chart->y.high; at += step) {
        char text[32];
        double y = nnrt_chart_y(chart, at);
        tick_text(at, step, text);
        put_line(chart->markup, chart->left, y, chart->right, y, "grid");
        put_text(chart->markup, chart->left - 6, y + 3.5, "end small", text);
    }
}

static void put_look(nnrt_markup *markup) {
    nnrt_markup_begin(markup, "style");
    nnrt_markup_raw(markup, nnrt_style_colours);
    nnrt_markup_raw(markup, nnrt_style_drawing);
    nnrt_markup_raw(markup, "svg{background:var(--paper)}");
    nnrt_markup_end(markup);
}

void nnrt_chart_open(nnrt_chart *chart, nnrt_markup *markup, const char *label, nnrt_range x,
                     nnrt_range y, int kind) {
    double high = kind & NNRT_CHART_SQUARE ? square : height;
    *chart = (nnrt_chart){.markup = markup,
                          .x = x,
                          .y = y,
                          .left = left,
                          .right = width - right,
                          .top = top,
                          .bottom = high - bottom};
    nnrt_markup_begin(markup, "svg");
    if (kind & NNRT_CHART_FILE)
        nnrt_markup_attribute(markup, "xmlns", "http://www.w3.org/2000/svg");
    nnrt_markup_format(markup, "viewBox", "0 0 %.0f %.0f", width, high);
    nnrt_markup_attribute(markup, "role", "img");
    nnrt_markup_attribute(markup, "aria-label", label);
    if (kind & NNRT_CHART_FILE) put_look(markup);
    put_y_ticks(chart);
    put_x_ticks(chart, kind);
    put_line(markup, chart->left, chart->bottom, chart->right, chart->bottom, "axis");
}

void nnrt_chart_titles(nnrt_chart *chart, const char *x, const char *y) {
    double middle = (chart->left + chart->right) / 2;
    if (x) put_text(chart->markup, middle, chart->bottom + 31, "mid", x);
    if (!y) return;
    nnrt_markup_open(chart->markup, "text", "mid");
    nnrt_markup_format(chart->markup, "transform", "translate(9 %.0f) rotate(-90)",
                       (chart->top + chart->bottom) / 2);
    nnrt_markup_write(chart->markup, y);
    nnrt_markup_end(chart->markup);
}

void nnrt_chart_close(nnrt_chart *chart) {
    nnrt_markup_end(chart->markup);
}

// ---- What is drawn in it.

// "12.3", without a zero at the end.
static void put_coordinate(nnrt_markup *path, const char *before, double value) {
    char text[40];
    int length = snprintf(text, sizeof text, "%s%.1f", before, value);
    if (text[length - 1] == '0') text[length - 2] = 0;
    nnrt_markup_raw(path, text);
}

static void put_path(const nnrt_chart *chart, nnrt_markup *path, const char *class_name,
                     double size) {
    const char *data = nnrt_markup_text(path);
    chart->markup->failed |= !data;
    if (data && *data) {
        nnrt_markup_open(chart->markup, "path", class_name);
        if (size > 0) nnrt_markup_number(chart->markup, "stroke-width", size);
        if (size > 0) nnrt_markup_attribute(chart->markup, "stroke-linecap", "round");
        nnrt_markup_attribute(chart->markup, "d", data);
        nnrt_markup_end(chart->markup);
    }
    nnrt_markup_free(path);
}

void nnrt_chart_curve(nnrt_chart *chart, const double *x, const double *y, int64_t count,
                      const char *class_name) {
    nnrt_markup path = {0};
    char class_text[64];
    double last_x = 0, last_y = 0;
    int is_drawing = 0;
    for (int64_t i = 0; i < count; i++) {
        double at_x = nnrt_chart_x(chart, x[i]), at_y = nnrt_chart_y(chart, y[i]);
        if (!isfinite(at_x) || !isfinite(at_y)) {
            is_drawing = 0;
            continue;
        }
        int is_near = fabs(at_x - last_x) < 0.4 && fabs(at_y - last_y) < 0.4;
        if (is_drawing && is_near && i + 1 < count) continue;
        put_coordinate(&path, is_drawing ? "L" : "M", at_x);
        put_coordinate(&path, " ", at_y);
        int is_alone = !is_drawing && (i + 1 == count || !isfinite(y[i + 1]));
        if (is_alone) nnrt_markup_raw(&path, "h0");
        is_drawing = 1;
        last_x = at_x, last_y = at_y;
    }
    snprintf(class_text, sizeof class_text, "curve %s", class_name);
    put_path(chart, &path, class_text, 0);
}

// One path of strokes without length, whose round ends are the dots: a few bytes each.
void nnrt_chart_dots(nnrt_chart *chart, const double *x, const double *y, int64_t count,
                     double size, const char *class_name) {
    nnrt_markup path = {0};
    for (int64_t i = 0; i < count; i++) {
        double at_x = nnrt_chart_x(chart, x[i]), at_y = nnrt_chart_y(chart, y[i]);
        if (!isfinite(at_x) || !isfinite(at_y)) continue;
        put_coordinate(&path, "M", at_x);
        put_coordinate(&path, " ", at_y);
        nnrt_markup_raw(&path, "h0");
    }
    put_path(chart, &path, class_name, size);
}

void nnrt_chart_line(nnrt_chart *chart, double x1, double y1, double x2, double y2,
                     const char *class_name) {
    put_line(chart->markup, nnrt_chart_x(chart, x1), nnrt_chart_y(chart, y1),
             nnrt_chart_x(chart, x2), nnrt_chart_y(chart, y2), class_name);
}

void nnrt_chart_bar(nnrt_chart *chart, double x1, double x2, double y, const char *class_name) {
    double from = nnrt_chart_x(chart, x1), to = nnrt_chart_x(chart, x2);
    double base = nnrt_chart_y(chart, chart->y.low > 0 ? chart->y.low : 0);
    double end = nnrt_chart_y(chart, y);
    nnrt_markup_open(chart->markup, "rect", class_name);
    nnrt_markup_number(chart->markup, "x", from + 0.5);
    nnrt_markup_number(chart->markup, "y", fmin(base, end));
    nnrt_markup_number(chart->markup, "width", fmax(to - from - 1, 0.5));
    nnrt_markup_number(chart->markup, "height", fabs(base - end));
    nnrt_markup_end(chart->markup);
}

void nnrt_chart_mark(nnrt_chart *chart, double x, const char *words) {
    double at = nnrt_chart_x(chart, x);
    int is_right = at > (chart->left + chart->right) / 2;
    put_line(chart->markup, at, chart->top, at, chart->bottom, "axis dash");
    put_text(chart->markup, at + (is_right ? -5 : 5), chart->top - 5,
             is_right ? "small end" : "small", words);
}
