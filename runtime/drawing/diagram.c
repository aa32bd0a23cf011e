#include "diagram.h"

#include "../base/text/number.h"
#include "layers.h"
#include "style.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 512 };
static const double box_height = 40, margin = 8, letter = 6.6, padding = 24, narrowest = 104;
static const double title_height = 32, tip = 5;

// ---- What stands in a box.

static int is_input(const nnrt_vertex *vertex) {
    return strcmp(vertex->type, "input") == 0;
}

// "conv2d_1"; of a layer that has a name of its own, "stem: conv2d".
static void first_line(const nnrt_vertex *vertex, char text[LINE]) {
    int is_told =
        is_input(vertex) || strncmp(vertex->name, vertex->type, strlen(vertex->type)) == 0;
    snprintf(text, LINE, "%s%s%s", vertex->name, is_told ? "" : ": ", is_told ? "" : vertex->type);
}

// "[24, 24, 32] · 320 weights"
static void second_line(const nnrt_vertex *vertex, char text[LINE]) {
    char count[NNRT_GROUPED_NUMBER] = "";
    if (vertex->params) nnrt_number_grouped(vertex->params, count);
    snprintf(text, LINE, "%s%s%s%s", vertex->shape, *count ? " \xC2\xB7 " : "", count,
             *count ? " weights" : "");
}

static double letters(const char *text) {
    double count = 0;
    for (; *text; text++) count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

static double box_width(const nnrt_vertex *vertex) {
    char first[LINE], second[LINE];
    first_line(vertex, first);
    second_line(vertex, second);
    double most = letters(first) > letters(second) ? letters(first) : letters(second);
    double width = most * letter + padding;
    return width > narrowest ? width : narrowest;
}

// ---- Drawing.

static void draw_text(nnrt_markup *markup, const nnrt_point *at, double dy, const char *class_name,
                      const char *text) {
    nnrt_markup_open(markup, "text", class_name);
    nnrt_markup_number(markup, "x", at->x);
    nnrt_markup_number(markup, "y", at->y + dy);
    nnrt_markup_write(markup, text);
    nnrt_markup_end(markup);
}

static void draw_box(nnrt_markup *markup, const nnrt_vertex *vertex, const nnrt_point *at,
                     double width) {
    char first[LINE], second[LINE];
    first_line(vertex, first);
    second_line(vertex, second);
    nnrt_markup_open(markup, "rect", is_input(vertex) || vertex->is_output ? "box io" : "box");
    nnrt_markup_number(markup, "x", at->x - width / 2);
    nnrt_markup_number(markup, "y", at->y - box_height / 2);
    nnrt_markup_number(markup, "width", width);
    nnrt_markup_number(markup, "height", box_height);
    nnrt_markup_attribute(markup, "rx", is_input(vertex) ? "20" : "5");
    nnrt_markup_end(markup);
    draw_text(markup, at, -4, "mid strong", first);
    draw_text(markup, at, 12, "mid small", second);
}

// A piece of a path's data.
static void put_curve(nnrt_markup *markup, const nnrt_point *a, const nnrt_point *b, double end) {
    char text[160];
    double bend = (end - a->y) / 2;
    if (a->x == b->x)
        snprintf(text, sizeof text, "V%.1f", end);
    else
        snprintf(text, sizeof text, "C%.1f %.1f %.1f %.1f %.1f %.1f", a->x, a->y + bend, b->x,
                 end - bend, b->x, end);
    nnrt_markup_raw(markup, text);
}

// Curves that leave and arrive straight down, with a tip at the end.
static void draw_edge(nnrt_markup *markup, const nnrt_point *points, int64_t count) {
    nnrt_markup path = {0};
    char begin[64];
    const nnrt_point *last = &points[count - 1];
    snprintf(begin, sizeof begin, "M%.1f %.1f", points[0].x, points[0].y);
    nnrt_markup_raw(&path, begin);
    for (int64_t i = 1; i < count; i++)
        put_curve(&path, &points[i - 1], &points[i],
                  &points[i] == last ? last->y - tip : points[i].y);
    const char *data = nnrt_markup_text(&path);
    markup->failed |= !data;
    nnrt_markup_open(markup, "path", "edge");
    nnrt_markup_attribute(markup, "d", data ? data : "");
    nnrt_markup_end(markup);
    nnrt_markup_free(&path);
    nnrt_markup_open(markup, "path", "tip");
    nnrt_markup_format(markup, "d", "M%.1f %.1fl-3.5 -6h7z", last->x, last->y);
    nnrt_markup_end(markup);
}

static void draw_all(nnrt_markup *markup, const nnrt_diagram *diagram, const nnrt_layers *layers,
                     const double *widths) {
    for (int64_t i = 0; i < diagram->edge_count; i++) {
        int64_t first = i ? layers->ends[i - 1] : 0;
        draw_edge(markup, layers->points + first, layers->ends[i] - first);
    }
    for (int64_t i = 0; i < diagram->vertex_count; i++)
        draw_box(markup, &diagram->vertices[i], &layers->centres[i], widths[i]);
}

static double *find_widths(const nnrt_diagram *diagram) {
    size_t bytes = (size_t)(diagram->vertex_count + 1) * sizeof(double);
    double *widths = malloc(bytes);
    if (!widths) nnrt_fail_memory("a drawing", bytes);
    for (int64_t i = 0; widths && i < diagram->vertex_count; i++)
        widths[i] = box_width(&diagram->vertices[i]);
    return widths;
}

// A placed diagram.
typedef struct placed {
    nnrt_layers layers;
    double *widths;
} placed;

static nnrt_status place(placed *p, const nnrt_diagram *diagram) {
    p->widths = find_widths(diagram);
    if (!p->widths) return NNRT_ERROR;
    return nnrt_layers_place(&p->layers, diagram, p->widths, box_height);
}

static void free_placed(placed *p) {
    nnrt_layers_free(&p->layers);
    free(p->widths);
}

static void set_size(nnrt_markup *markup, double width, double height) {
    nnrt_markup_number(markup, "width", width);
    nnrt_markup_number(markup, "height", height);
    nnrt_markup_format(markup, "viewBox", "0 0 %.0f %.0f", width, height);
}

static void begin_group(nnrt_markup *markup, double x, double y) {
    nnrt_markup_begin(markup, "g");
    nnrt_markup_format(markup, "transform", "translate(%.1f %.1f)", x, y);
}

nnrt_status nnrt_diagram_draw(nnrt_markup *markup, const nnrt_diagram *diagram, const char *title) {
    placed p = {0};
    nnrt_status status = place(&p, diagram);
    if (!status) {
        nnrt_markup_begin(markup, "svg");
        set_size(markup, p.layers.width + 2 * margin, p.layers.height + 2 * margin);
        nnrt_markup_attribute(markup, "role", "img");
        nnrt_markup_attribute(markup, "aria-label", title);
        begin_group(markup, margin, margin);
        draw_all(markup, diagram, &p.layers, p.widths);
        nnrt_markup_end(markup);
        nnrt_markup_end(markup);
    }
    free_placed(&p);
    return status;
}

// ---- A file.

static nnrt_status draw_titled(nnrt_markup *body, const nnrt_titled_diagram *own, double *width,
                               double *height) {
    placed p = {0};
    nnrt_status status = place(&p, &own->diagram);
    if (!status) {
        nnrt_point head = {0, 16};
        begin_group(body, margin, *height);
        draw_text(body, &head, 0, "strong", own->title);
        nnrt_markup_end(body);
        begin_group(body, margin, *height + title_height);
        draw_all(body, &own->diagram, &p.layers, p.widths);
        nnrt_markup_end(body);
        *height += title_height + p.layers.height + 2 * margin;
        if (p.layers.width + 2 * margin > *width) *width = p.layers.width + 2 * margin;
    }
    free_placed(&p);
    return status;
}

nnrt_status nnrt_diagram_svg(nnrt_markup *markup, const nnrt_titled_diagram *diagrams,
                             int64_t count) {
    nnrt_markup body = {0};
    double width = 0, height = margin;
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < count && !status; i++)
        status = draw_titled(&body, &diagrams[i], &width, &height);
    const char *text = nnrt_markup_text(&body);
    if (!status && !text) status = nnrt_fail_memory("a drawing", 0);
    if (!status) {
        nnrt_markup_begin(markup, "svg");
        nnrt_markup_attribute(markup, "xmlns", "http://www.w3.org/2000/svg");
        set_size(markup, width, height);
        nnrt_markup_begin(markup, "style");
        nnrt_markup_raw(markup, nnrt_style_colours);
        nnrt_markup_raw(markup, nnrt_style_drawing);
        nnrt_markup_raw(markup, "svg{background:var(--paper)}");
        nnrt_markup_end(markup);
        nnrt_markup_raw(markup, text);
        nnrt_markup_end(markup);
        nnrt_markup_raw(markup, "\n");
    }
    nnrt_markup_free(&body);
    return status;
}

// ---- Graphviz.

// A text in quotes: "\" and quotes are escaped, line ends are the label's.
static void put_quoted(nnrt_markup *text, const char *words) {
    char piece[3] = {0};
    for (; *words; words++) {
        int is_special = *words == '"' || *words == '\\';
        piece[0] = is_special ? '\\' : (unsigned char)*words < ' ' ? ' ' : *words;
        piece[1] = is_special ? *words : 0;
        nnrt_markup_raw(text, piece);
    }
}

static void put_vertex(nnrt_markup *text, int64_t model, int64_t number,
                       const nnrt_vertex *vertex) {
    char name[64], first[LINE], second[LINE];
    first_line(vertex, first);
    second_line(vertex, second);
    snprintf(name, sizeof name, "    n%" PRId64 "_%" PRId64 " [label=\"", model, number);
    nnrt_markup_raw(text, name);
    put_quoted(text, first);
    nnrt_markup_raw(text, "\\n");
    put_quoted(text, second);
    nnrt_markup_raw(text, is_input(vertex) ? "\", style=rounded];\n" : "\"];\n");
}

static void put_cluster(nnrt_markup *text, const nnrt_titled_diagram *own, int64_t model) {
    char line[128];
    snprintf(line, sizeof line, "  subgraph cluster_%" PRId64 " {\n    label=\"", model);
    nnrt_markup_raw(text, line);
    put_quoted(text, own->title);
    nnrt_markup_raw(text, "\";\n");
    for (int64_t i = 0; i < own->diagram.vertex_count; i++)
        put_vertex(text, model, i, &own->diagram.vertices[i]);
    for (int64_t i = 0; i < own->diagram.edge_count; i++) {
        const nnrt_edge *edge = &own->diagram.edges[i];
        snprintf(line, sizeof line, "    n%" PRId64 "_%" PRId64 " -> n%" PRId64 "_%" PRId64 ";\n",
                 model, edge->from, model, edge->to);
        nnrt_markup_raw(text, line);
    }
    nnrt_markup_raw(text, "  }\n");
}

void nnrt_diagram_dot(nnrt_markup *text, const nnrt_titled_diagram *diagrams, int64_t count) {
    nnrt_markup_raw(text, "digraph {\n  node [shape=box, fontname=\"sans-serif\", fontsize=10];\n"
                          "  edge [arrowsize=0.6];\n");
    for (int64_t i = 0; i < count; i++) put_cluster(text, &diagrams[i], i);
    nnrt_markup_raw(text, "}\n");
}
