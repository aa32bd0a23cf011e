#include "plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// A character of braille has two columns of four dots. Without UTF-8 a place is a star.
enum { LABEL = 10, FEWEST_COLUMNS = 20, FEWEST_LINES = 4 };
enum { IS_MARK = 1 << 8 }; // beside the dots of a place

typedef struct field {
    const nnrt_plot *plot;
    int columns, lines; // of places
    int wide, high;     // dots of a place
    unsigned short *places;
} field;

static double share(nnrt_range range, double value) {
    return (value - range.low) / (range.high - range.low);
}

// The bits of braille: https://www.unicode.org/charts/PDF/U2800.pdf
static unsigned short dot_bit(const field *f, int x, int y) {
    static const unsigned char bits[4][2] = {
        {0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    return f->high == 1 ? 1 : bits[y % 4][x % 2];
}

static void set_dot(const field *f, int x, int y) {
    if (x < 0 || y < 0 || x >= f->columns * f->wide || y >= f->lines * f->high) return;
    f->places[y / f->high * f->columns + x / f->wide] |= dot_bit(f, x, y);
}

static double dot_x(const field *f, double x) {
    return share(f->plot->x_range, x) * (f->columns * f->wide - 1);
}

static double dot_y(const field *f, double y) {
    return (1 - share(f->plot->y_range, y)) * (f->lines * f->high - 1);
}

// So many dots that none is missing between the two.
static void draw_line(const field *f, double x1, double y1, double x2, double y2) {
    double high = f->lines * f->high; // what lies beyond is cut, and need not be walked
    y1 = fmin(fmax(y1, -high), 2 * high);
    y2 = fmin(fmax(y2, -high), 2 * high);
    int dots = (int)fmax(fabs(x2 - x1), fabs(y2 - y1)) + 1;
    for (int i = 0; i <= dots; i++) {
        double at = (double)i / dots;
        set_dot(f, (int)lround(x1 + (x2 - x1) * at), (int)lround(y1 + (y2 - y1) * at));
    }
}

static void draw_curve(const field *f) {
    const nnrt_plot *plot = f->plot;
    double last_x = 0, last_y = 0;
    int is_drawing = 0;
    for (int64_t i = 0; i < plot->count; i++) {
        double x = dot_x(f, plot->x[i]), y = dot_y(f, plot->y[i]);
        if (isfinite(x) && isfinite(y))
            draw_line(f, is_drawing ? last_x : x, is_drawing ? last_y : y, x, y);
        is_drawing = isfinite(x) && isfinite(y);
        last_x = x, last_y = y;
    }
}

static void draw_mark(const field *f) {
    if (isnan(f->plot->mark)) return;
    int column = (int)lround(dot_x(f, f->plot->mark)) / f->wide;
    if (column < 0 || column >= f->columns) return;
    for (int line = 0; line < f->lines; line++) f->places[line * f->columns + column] |= IS_MARK;
}

// ---- As text.

static void put_place(FILE *out, const field *f, unsigned short place) {
    int dots = place & 0xff;
    if (!dots && (place & IS_MARK))
        fputs(f->plot->is_utf8 ? "\xe2\x94\x82" : "|", out);
    else if (!dots)
        fputc(' ', out);
    else if (f->plot->is_utf8)
        fprintf(out, "\xe2%c%c", 0xa0 + (dots >> 6), 0x80 + (dots & 0x3f)); // U+2800 and up
    else
        fputc('*', out);
}

// Blanks at the end of a line are not written, colours change where they must.
static void put_line(FILE *out, const field *f, int line) {
    const unsigned short *places = &f->places[line * f->columns];
    int last = f->columns, color = 0;
    while (last > 0 && !places[last - 1]) last--;
    for (int i = 0; i < last; i++) {
        int wanted = places[i] & 0xff ? 36 : places[i] ? 33 : color;
        if (f->plot->has_color && wanted != color) fprintf(out, "\033[%dm", color = wanted);
        put_place(out, f, places[i]);
    }
    if (color) fputs("\033[0m", out);
    fputc('\n', out);
}

static void put_rows(FILE *out, const field *f) {
    const nnrt_plot *plot = f->plot;
    for (int line = 0; line < f->lines; line++) {
        char label[32] = "";
        double y =
            plot->y_range.high - (plot->y_range.high - plot->y_range.low) * line / (f->lines - 1);
        int has_label = line % 4 == 0 || line == f->lines - 1;
        if (line == f->lines - 2 && line % 4 == 0) has_label = 0; // the last one is near
        if (has_label) snprintf(label, sizeof label, fabs(y) >= 1000 ? "%.4g" : "%.3g", y);
        fprintf(out, "%*.*s ", LABEL - 2, LABEL - 2, label);
        fputs(plot->is_utf8 ? "\xe2\x94\xa4" : "|", out);
        put_line(out, f, line);
    }
}

// Whole logarithms, as many as there is room for; else the ends.
static void put_axis(FILE *out, const field *f) {
    const nnrt_plot *plot = f->plot;
    int at = 0, columns = f->columns;
    double step = 1;
    if (!plot->is_log) step = (plot->x_range.high - plot->x_range.low) / 4;
    while (step / (plot->x_range.high - plot->x_range.low) * columns < 10) step *= 2;
    fprintf(out, "%*s", LABEL, "");
    for (double x = ceil(plot->x_range.low / step - 1e-9) * step; x <= plot->x_range.high + 1e-9;
         x += step) {
        char label[32];
        int place = (int)lround(dot_x(f, x)) / f->wide;
        int length = snprintf(label, sizeof label, plot->is_log ? "1e%.0f" : "%.3g", x);
        if (place + length > columns) place = columns - length;
        if (place < at) continue;
        at += fprintf(out, "%*s%s", place - at, "", label);
    }
    fputc('\n', out);
    int length = (int)strlen(plot->x_title);
    if (length < columns)
        fprintf(out, "%*s%s\n", LABEL + (columns - length) / 2, "", plot->x_title);
}

char *nnrt_plot_text(const nnrt_plot *plot) {
    char *text = NULL;
    size_t length = 0;
    field f = {.plot = plot, .wide = plot->is_utf8 ? 2 : 1, .high = plot->is_utf8 ? 4 : 1};
    f.columns = (plot->columns < FEWEST_COLUMNS ? FEWEST_COLUMNS : plot->columns) - LABEL;
    f.lines = plot->lines < FEWEST_LINES ? FEWEST_LINES : plot->lines;
    f.places = calloc((size_t)f.columns * (size_t)f.lines, sizeof *f.places);
    FILE *out = f.places ? open_memstream(&text, &length) : NULL;
    if (out) {
        draw_mark(&f);
        draw_curve(&f);
        put_rows(out, &f);
        put_axis(out, &f);
        if (fclose(out) != 0) free(text), text = NULL;
    }
    free(f.places);
    return text;
}
