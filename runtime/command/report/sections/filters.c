// The weights of the first layer as pictures: filters of a convolution, or the units of a dense
// layer that reads a picture. One channel: blue is below zero, red above; three: red, green, blue.
#include "../../../drawing/pixels.h"
#include "../section.h"
#include "../show.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 48, SHOWN_SIDE = 66 };

typedef struct filters {
    const nnrt_parameter *parameter;
    int64_t height, width, channels, count; // of a filter; filters
} filters;

static const nnrt_parameter *find_parameter(const nnrt_program *program, const char *name) {
    for (int64_t i = 0; i < program->parameter_count; i++)
        if (strcmp(program->parameters[i].name, name) == 0) return &program->parameters[i];
    return NULL;
}

// The first matrix or kernel of the model.
static const nnrt_parameter *first_kernel(const nnrt_report *report) {
    const nnrt_program *program = report->session->program;
    for (int64_t i = 0; i < report->model->parameter_count; i++) {
        const nnrt_parameter *p = find_parameter(program, report->model->parameters[i]);
        if (p && p->rank >= 2 && !nnrt_weights_is_statistic(p)) return p;
    }
    return NULL;
}

static int find_filters(const nnrt_report *report, filters *f) {
    const nnrt_parameter *p = first_kernel(report);
    const nnrt_function *function = &report->model->predict;
    if (!p || !function->input_count || !nnrt_show_is_picture(&function->columns[0])) return 0;
    const nnrt_column *input = &function->columns[0];
    int64_t channels = input->rank == 3 ? input->shape[2] : 1;
    *f = (filters){p, input->shape[0], input->shape[1], channels, p->shape[p->rank - 1]};
    if (channels != 1 && channels != 3) return 0;
    if (p->rank == 2) return p->shape[0] == input->size;
    f->height = p->shape[0];
    f->width = p->shape[1];
    return p->rank == 4 && p->shape[2] == channels && f->height > 1 && f->width > 1;
}

static int applies(const nnrt_report *report) {
    filters f;
    return find_filters(report, &f);
}

// -1 is blue, 0 white, 1 red.
static void put_signed(double value, uint8_t *pixel) {
    double size = fmin(fabs(value), 1);
    uint8_t rest = (uint8_t)(250 - 200 * size), own = (uint8_t)(250 - 40 * size);
    pixel[0] = value > 0 ? own : rest;
    pixel[1] = (uint8_t)(250 - 170 * size);
    pixel[2] = value > 0 ? rest : own;
}

static double largest_of(const filters *f, const float *values, int64_t number) {
    double largest = 0;
    for (int64_t i = 0; i < f->height * f->width * f->channels; i++)
        largest = fmax(largest, fabs((double)values[i * f->count + number]));
    return largest > 0 ? largest : 1;
}

static void draw_filter(nnrt_markup *markup, const filters *f, const float *values, int64_t number,
                        uint8_t *pixels) {
    double largest = largest_of(f, values, number);
    int64_t side = f->height > f->width ? f->height : f->width, scale = SHOWN_SIDE / side;
    for (int64_t i = 0; i < f->height * f->width * f->channels; i++) {
        double value = (double)values[i * f->count + number] / largest;
        if (f->channels == 1)
            put_signed(value, pixels + 3 * i);
        else
            pixels[i] = (uint8_t)lrint(127.5 + 127 * value);
    }
    nnrt_pixels_draw(markup, pixels, f->height, f->width, 3, "pixels", "filter",
                     scale > 0 ? (double)scale : 1);
}

static nnrt_status draw(nnrt_report *report) {
    nnrt_markup *markup = report->markup;
    filters f;
    find_filters(report, &f);
    int64_t size = f.height * f.width * f.channels, shown = f.count < MOST ? f.count : MOST;
    float *values = malloc((size_t)(size * f.count) * sizeof *values);
    uint8_t *pixels = malloc((size_t)size * 3);
    if (values && pixels) {
        nnrt_weights_get(f.parameter, report->session->weights.values, values);
        nnrt_markup_open(markup, "p", "note");
        nnrt_markup_print(markup, "%d of %d in ", (int)shown, (int)f.count);
        nnrt_markup_leaf(markup, "code", NULL, f.parameter->name);
        nnrt_markup_write(markup, f.channels == 1
                                      ? ", each with its own scale: blue below zero, red above."
                                      : ", each with its own scale around grey.");
        nnrt_markup_end(markup);
        nnrt_markup_open(markup, "div", "filters");
        for (int64_t i = 0; i < shown; i++) draw_filter(markup, &f, values, i, pixels);
        nnrt_markup_end(markup);
    }
    nnrt_status status = values && pixels ? NNRT_OK : nnrt_fail_memory("the filters", 0);
    free(values);
    free(pixels);
    return status;
}

const nnrt_section nnrt_section_filters = {"filters", "First layer", applies, draw};
