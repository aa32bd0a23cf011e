// What is drawn: markup is well-formed and escaped whatever comes in, charts take any numbers,
// boxes of a graph do not overlap and their edges lead down, between them. Fails where a text could
// end its element, a number that is not finite is written, or a layer's boxes touch.
#include "../../runtime/drawing/chart.h"
#include "../../runtime/drawing/diagram.h"
#include "../../runtime/drawing/layers.h"
#include "../../runtime/drawing/pixels.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void close_to(double a, double b, double tolerance) {
    if (!(fabs(a - b) <= tolerance)) fail_msg("%.12g is not %.12g", a, b);
}

static void written_is(nnrt_markup *markup, const char *wanted) {
    assert_string_equal(nnrt_markup_text(markup), wanted);
    nnrt_markup_free(markup);
}

static void texts_are_escaped(void **state) {
    nnrt_markup markup = {0};
    (void)state;
    nnrt_markup_begin(&markup, "p");
    nnrt_markup_attribute(&markup, "title", "\"a\" <b> 'c' & d");
    nnrt_markup_write(&markup, "</p><script>&\x01\xff\xed\xa0\x80 \xc3\xa9\n");
    written_is(&markup,
               "<p title=\"&quot;a&quot; &lt;b&gt; &#39;c&#39; &amp; d\">"
               "&lt;/p&gt;&lt;script&gt;&amp;\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"
               "\xEF\xBF\xBD \xc3\xa9\n</p>");
}

static void elements_are_closed_in_order(void **state) {
    nnrt_markup markup = {0};
    (void)state;
    nnrt_markup_open(&markup, "div", "x");
    nnrt_markup_begin(&markup, "td"); // "<td/>" would be a beginning in HTML
    nnrt_markup_end(&markup);
    nnrt_markup_begin(&markup, "img");
    nnrt_markup_end(&markup);
    nnrt_markup_leaf(&markup, "i", NULL, "");
    written_is(&markup, "<div class=\"x\"><td></td><img/><i></i></div>");
}

static void numbers_are_finite_and_short(void **state) {
    nnrt_markup markup = {0};
    (void)state;
    nnrt_markup_begin(&markup, "rect");
    nnrt_markup_number(&markup, "a", 1.5);
    nnrt_markup_number(&markup, "b", NAN);
    nnrt_markup_number(&markup, "c", -INFINITY);
    nnrt_markup_number(&markup, "d", 100);
    nnrt_markup_number(&markup, "e", -0.001);
    written_is(&markup, "<rect a=\"1.5\" b=\"0\" c=\"0\" d=\"100\" e=\"0\"/>");
}

static void ranges_hold_any_numbers(void **state) {
    static const double hard[][2] = {{0, 0},          {5, 5},           {-INFINITY, 3}, {NAN, NAN},
                                     {-1e308, 1e308}, {1e-310, 2e-310}, {1e300, 1e300}};
    (void)state;
    for (size_t i = 0; i < sizeof hard / sizeof *hard; i++) {
        nnrt_markup markup = {0};
        nnrt_chart chart;
        nnrt_range range = NNRT_NO_RANGE;
        nnrt_range_add(&range, hard[i], 2);
        range = nnrt_range_wide(range);
        assert_true(isfinite(range.low) && isfinite(range.high) && range.low < range.high);
        nnrt_chart_open(&chart, &markup, "x", range, range, NNRT_CHART_WIDE); // ends
        nnrt_chart_curve(&chart, hard[i], hard[i], 2, "s-blue");
        nnrt_chart_dots(&chart, hard[i], hard[i], 2, 3, "s-blue");
        nnrt_chart_close(&chart);
        const char *text = nnrt_markup_text(&markup);
        assert_null(strstr(text, "nan"));
        assert_null(strstr(text, "inf"));
        nnrt_markup_free(&markup);
    }
}

static void curves_have_gaps(void **state) {
    static const double x[] = {0, 1, 2, 3, 4}, y[] = {0, 1, NAN, 1, 0};
    nnrt_markup markup = {0};
    nnrt_chart chart;
    (void)state;
    nnrt_chart_open(&chart, &markup, "x", (nnrt_range){0, 4}, (nnrt_range){0, 1}, NNRT_CHART_WIDE);
    nnrt_chart_curve(&chart, x, y, 5, "s-blue");
    nnrt_chart_close(&chart);
    const char *path = strstr(nnrt_markup_text(&markup), " d=\"");
    int begins = 0;
    for (const char *at = path + 4; *at != '"'; at++) begins += *at == 'M';
    assert_int_equal(begins, 2);
    nnrt_markup_free(&markup);
}

static void pictures_are_png_files(void **state) {
    static const uint8_t grey[] = {0, 255, 128, 7};
    nnrt_markup markup = {0};
    (void)state;
    nnrt_pixels_draw(&markup, grey, 2, 2, 1, "pixels", "a \"picture\"", 0);
    const char *text = nnrt_markup_text(&markup);
    assert_non_null(strstr(text, "alt=\"a &quot;picture&quot;\""));
    assert_non_null(strstr(text, "src=\"data:image/png;base64,iVBORw0KGgo")); // the signature
    nnrt_markup_free(&markup);
}

// ---- Graphs.

enum { MOST_VERTICES = 24, GRAPHS = 300 };
static const double high = 40;

static int64_t pick(int64_t below) {
    return rand() % below;
}

// Each vertex reads a few of those before it.
static nnrt_diagram random_graph(nnrt_vertex *vertices, nnrt_edge *edges, double *widths) {
    nnrt_diagram diagram = {.vertices = vertices, .edges = edges};
    diagram.vertex_count = 1 + pick(MOST_VERTICES);
    for (int64_t i = 0; i < diagram.vertex_count; i++) {
        vertices[i] = (nnrt_vertex){.name = "x", .type = "dense", .shape = "[2]"};
        widths[i] = 40 + (double)pick(160);
        for (int64_t k = pick(3); k && i; k--)
            edges[diagram.edge_count++] = (nnrt_edge){pick(i), i};
    }
    return diagram;
}

static void check_boxes(const nnrt_layers *layers, const nnrt_diagram *d, const double *widths) {
    for (int64_t i = 0; i < d->vertex_count; i++) {
        const nnrt_point *a = &layers->centres[i];
        assert_true(a->x - widths[i] / 2 > -1e-6 && a->x + widths[i] / 2 < layers->width + 1e-6);
        assert_true(a->y >= high / 2 && a->y <= layers->height - high / 2 + 1e-6);
        for (int64_t k = 0; k < i; k++) {
            const nnrt_point *b = &layers->centres[k];
            int is_apart = fabs(a->x - b->x) > (widths[i] + widths[k]) / 2 + 5;
            assert_true(is_apart || fabs(a->y - b->y) > high + 5);
        }
    }
}

static void check_edges(const nnrt_layers *layers, const nnrt_diagram *d) {
    for (int64_t i = 0; i < d->edge_count; i++) {
        int64_t first = i ? layers->ends[i - 1] : 0, last = layers->ends[i] - 1;
        const nnrt_point *from = &layers->centres[d->edges[i].from];
        const nnrt_point *to = &layers->centres[d->edges[i].to];
        close_to(layers->points[first].y, from->y + high / 2, 1e-6);
        close_to(layers->points[first].x, from->x, 1e-6);
        close_to(layers->points[last].y, to->y - high / 2, 1e-6);
        close_to(layers->points[last].x, to->x, 1e-6);
        for (int64_t k = first; k < last; k++)
            assert_true(layers->points[k].y < layers->points[k + 1].y);
    }
}

static void boxes_are_apart_and_edges_lead_down(void **state) {
    nnrt_vertex vertices[MOST_VERTICES];
    nnrt_edge edges[3 * MOST_VERTICES];
    double widths[MOST_VERTICES];
    (void)state;
    srand(1);
    for (int i = 0; i < GRAPHS; i++) {
        nnrt_layers layers;
        nnrt_diagram diagram = random_graph(vertices, edges, widths);
        assert_int_equal(nnrt_layers_place(&layers, &diagram, widths, high), NNRT_OK);
        check_boxes(&layers, &diagram, widths);
        check_edges(&layers, &diagram);
        nnrt_layers_free(&layers);
    }
}

static void names_are_quoted_for_graphviz(void **state) {
    static const nnrt_vertex vertices[] = {{.name = "a \"b\" \\", .type = "input", .shape = "[2]"}};
    const nnrt_titled_diagram diagram = {"m", {vertices, 1, NULL, 0}};
    nnrt_markup text = {0};
    (void)state;
    nnrt_diagram_dot(&text, &diagram, 1);
    assert_non_null(strstr(nnrt_markup_text(&text), "label=\"a \\\"b\\\" \\\\\\n[2]\""));
    nnrt_markup_free(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_escaped),
        cmocka_unit_test(elements_are_closed_in_order),
        cmocka_unit_test(numbers_are_finite_and_short),
        cmocka_unit_test(ranges_hold_any_numbers),
        cmocka_unit_test(curves_have_gaps),
        cmocka_unit_test(pictures_are_png_files),
        cmocka_unit_test(boxes_are_apart_and_edges_lead_down),
        cmocka_unit_test(names_are_quoted_for_graphviz),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
