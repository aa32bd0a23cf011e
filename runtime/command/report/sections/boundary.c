// The decision boundary of models whose input is a point in the plane: what is said everywhere, and
// the samples of the part.
#include "../../../drawing/chart.h"
#include "../../../drawing/pixels.h"
#include "../../../formats/array.h"
#include "../section.h"
#include "../show.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { SIDE = 128, COLOURS = 5, MOST_DOTS = 2000 };

static const char *const colours[COLOURS] = {"blue", "orange", "green", "violet", "red"};

// ---- Predictions on a grid.

typedef struct grid {
    const nnrt_gathered *gathered;
    const nnrt_function *function;
    nnrt_range x, y;
    float *points;   // [SIDE * SIDE, 2], line by line from above
    uint32_t *rows;  // their numbers
    uint8_t *pixels; // [SIDE * SIDE, 4]
    double *losses;
} grid;

// A colour in the middle, for light and dark; the surer, the less of the paper shows.
static void paint(const grid *g, const float *output, uint8_t pixel[4]) {
    static const uint8_t tones[COLOURS][3] = {
        {58, 122, 206}, {232, 138, 48}, {46, 158, 96}, {138, 96, 208}, {214, 72, 62}};
    float shares[COLOURS];
    int64_t best = 0, size = g->gathered->size;
    nnrt_gathered_shares(g->gathered, output, shares);
    for (int64_t k = 1; k < size; k++)
        if (shares[k] > shares[best]) best = k;
    double least = 1 / (double)size, sure = ((double)shares[best] - least) / (1 - least);
    for (int i = 0; i < 3; i++) pixel[i] = tones[best][i];
    pixel[3] = (uint8_t)(30 + 130 * (sure > 0 ? sure < 1 ? sure : 1 : 0));
}

static void after_step(void *argument, const nnrt_context *context) {
    const grid *g = argument;
    const nnrt_output *output = &g->function->outputs[0];
    int64_t first, end;
    nnrt_own_samples(g->function, context, &first, &end);
    for (int64_t i = first; i < end; i++)
        paint(g, context->arena + output->offset + i * output->stride,
              g->pixels + 4 * (int64_t)context->index[i]);
}

static void place_points(grid *g) {
    for (int64_t i = 0; i < SIDE * SIDE; i++) {
        double right = ((double)(i % SIDE) + 0.5) / SIDE, down = ((double)(i / SIDE) + 0.5) / SIDE;
        g->points[2 * i] = (float)(g->x.low + right * (g->x.high - g->x.low));
        g->points[2 * i + 1] = (float)(g->y.high - down * (g->y.high - g->y.low));
        g->rows[i] = (uint32_t)i;
    }
}

static nnrt_status open_grid(grid *g, const nnrt_model *model) {
    int64_t steps = nnrt_step_count(SIDE * SIDE, model->predict_batch);
    g->points = nnrt_array_allocate(NNRT_F32, 2 * SIDE * SIDE);
    g->rows = calloc(SIDE * SIDE, sizeof *g->rows);
    g->pixels = calloc(4 * SIDE * SIDE, sizeof *g->pixels);
    g->losses = calloc((size_t)steps, sizeof *g->losses);
    if (g->points && g->rows && g->pixels && g->losses) return NNRT_OK;
    return nnrt_fail_memory("the decision boundary", 0);
}

static void free_grid(grid *g) {
    free(g->points);
    free(g->rows);
    free(g->pixels);
    free(g->losses);
}

static nnrt_status predict(const nnrt_report *report, grid *g) {
    const nnrt_model *model = report->model;
    nnrt_pace pace;
    nnrt_turn turn;
    nnrt_pace_start(&pace, 1);
    nnrt_pass pass = {.team = report->session->team,
                      .pace = &pace,
                      .rows = g->rows,
                      .count = SIDE * SIDE,
                      .batch = model->predict_batch,
                      .losses = g->losses,
                      .steps = nnrt_step_count(SIDE * SIDE, model->predict_batch),
                      .after = after_step,
                      .argument = g};
    place_points(g);
    nnrt_status status = nnrt_turn_open(&turn, report->session, g->function, 0);
    if (status) return status;
    turn.context.columns[0] = g->points;
    nnrt_pass_add(&pass, &turn);
    while (nnrt_pass_advance(&pass, 0.1)) continue;
    return NNRT_OK;
}

// ---- The samples.

// Columns of the data are [rows, 2]; NULL: they are not in memory, or no points.
static const float *points_of(const nnrt_report *report) {
    const nnrt_function *function = &report->model->predict;
    const nnrt_data *data = &report->session->data;
    const nnrt_column *column = &function->columns[0];
    if (!report->is_evaluated || function->input_count != 1 || column->size != 2) return NULL;
    int source = nnrt_session_source(report->session, column);
    return source >= 0 && column->dtype == NNRT_F32 ? data->columns[source] : NULL;
}

static const nnrt_gathered *output_of(const nnrt_report *report) {
    const nnrt_gathered *g = &report->outputs[0];
    int is_drawn = report->output_count == 1 && g->kind == NNRT_GATHERED_CLASSES &&
                   g->size <= COLOURS && !g->has_failed && g->count;
    return is_drawn && report->model == &report->session->program->models[report->training->model]
               ? g
               : NULL;
}

static int applies(const nnrt_report *report) {
    return report->is_evaluated && output_of(report) && points_of(report);
}

// The points of a class, or, `class_index` -1, those that the model is wrong about.
static void draw_points(nnrt_chart *chart, const nnrt_gathered *g, const float *points,
                        int64_t class_index, double size, const char *class_name) {
    double x[MOST_DOTS], y[MOST_DOTS];
    int64_t count = 0;
    for (int64_t i = 0; i < g->count && count < MOST_DOTS; i++) {
        int is_wrong = nnrt_gathered_best(g, i) != nnrt_gathered_class(g, i);
        if (class_index < 0 ? !is_wrong : nnrt_gathered_class(g, i) != class_index) continue;
        x[count] = (double)points[2 * (int64_t)g->rows[i]];
        y[count++] = (double)points[2 * (int64_t)g->rows[i] + 1];
    }
    nnrt_chart_dots(chart, x, y, count, size, class_name);
}

static void find_ranges(grid *g, const float *points) {
    nnrt_range x = NNRT_NO_RANGE, y = NNRT_NO_RANGE;
    for (int64_t i = 0; i < g->gathered->count; i++) {
        double at[2] = {(double)points[2 * (int64_t)g->gathered->rows[i]],
                        (double)points[2 * (int64_t)g->gathered->rows[i] + 1]};
        nnrt_range_add(&x, &at[0], 1);
        nnrt_range_add(&y, &at[1], 1);
    }
    g->x = nnrt_range_wide(x);
    g->y = nnrt_range_wide(y);
}

static void draw_chart(nnrt_markup *markup, const grid *g, const float *points) {
    nnrt_chart chart;
    nnrt_markup_open(markup, "figure", "one");
    nnrt_chart_open(&chart, markup, "decision boundary", g->x, g->y, NNRT_CHART_SQUARE);
    nnrt_pixels_draw_at(markup, g->pixels, SIDE, SIDE, 4, chart.left, chart.top,
                        chart.right - chart.left, chart.bottom - chart.top);
    draw_points(&chart, g->gathered, points, -1, 8, "s-ink");
    for (int64_t k = 0; k < g->gathered->size; k++) {
        char class_name[32];
        snprintf(class_name, sizeof class_name, "s-%s", colours[k]);
        draw_points(&chart, g->gathered, points, k, 4.5, class_name);
    }
    nnrt_chart_close(&chart);
    nnrt_markup_open(markup, "figcaption", "key");
    for (int64_t k = 0; k < g->gathered->size; k++) {
        char number[32];
        nnrt_show_key(markup, colours[k], nnrt_gathered_name(g->gathered, k, number));
    }
    nnrt_markup_write(markup, "With a rim: wrong.");
    nnrt_markup_end(markup);
    nnrt_markup_end(markup);
}

static nnrt_status draw(nnrt_report *report) {
    const float *points = points_of(report);
    grid g = {.gathered = output_of(report), .function = &report->model->predict};
    find_ranges(&g, points);
    nnrt_status status = open_grid(&g, report->model);
    if (!status) status = predict(report, &g);
    if (!status) draw_chart(report->markup, &g, points);
    free_grid(&g);
    return status;
}

const nnrt_section nnrt_section_boundary = {"boundary", "Decision boundary", applies, draw};
