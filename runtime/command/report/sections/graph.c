// The graph of each model with shapes, and its layers as a table.
#include "../../../drawing/diagram.h"
#include "../../../session/models.h"
#include "../section.h"
#include "../show.h"

#include <inttypes.h>
#include <string.h>

enum { MOST_BOXES = 400, MOST_ROWS = 400 };

static int applies(const nnrt_report *report) {
    return report->model->diagram.vertex_count > 0;
}

static void draw_layer(nnrt_markup *markup, const nnrt_layer *layer) {
    nnrt_markup_begin(markup, "tr");
    nnrt_show_cell(markup, layer->name);
    nnrt_show_cell(markup, layer->type);
    nnrt_show_cell(markup, layer->output_shape);
    nnrt_show_count_cell(markup, layer->params);
    if (layer->line)
        nnrt_markup_leaf_print(markup, "td", "n", "%" PRId64, layer->line);
    else
        nnrt_show_cell(markup, "");
    nnrt_markup_end(markup);
}

static void draw_layers(nnrt_markup *markup, const nnrt_model *model) {
    static const char *const head[] = {"layer", "type", "output", ">weights", ">line", NULL};
    nnrt_markup_begin(markup, "details");
    nnrt_markup_leaf_print(markup, "summary", NULL, "%d layers as a table",
                           (int)model->layer_count);
    nnrt_markup_open(markup, "div", "scroll");
    nnrt_markup_begin(markup, "table");
    nnrt_show_head(markup, head);
    for (int64_t i = 0; i < model->layer_count && i < MOST_ROWS; i++)
        draw_layer(markup, &model->layers[i]);
    nnrt_markup_end(markup);
    nnrt_markup_end(markup);
    if (model->layer_count > MOST_ROWS)
        nnrt_markup_leaf_print(markup, "p", "note", "The first %d of them.", MOST_ROWS);
    nnrt_markup_end(markup);
}

static void write_sizes(nnrt_markup *markup, const nnrt_model *model) {
    char count[NNRT_SHOWN_NUMBER], trained[NNRT_SHOWN_NUMBER], bytes[NNRT_SHOWN_NUMBER];
    nnrt_markup_leaf_print(markup, "p", "note", "%s weights (%s), %s of them trained.",
                           nnrt_show_count(nnrt_model_parameters(model), count),
                           nnrt_show_bytes((double)model->weight_bytes, bytes),
                           nnrt_show_count(model->trainable, trained));
}

static nnrt_status draw_model(nnrt_report *report, const nnrt_model *model) {
    nnrt_markup *markup = report->markup;
    nnrt_status status = NNRT_OK;
    if (report->session->program->model_count > 1)
        nnrt_markup_leaf(markup, "h3", NULL, model->name);
    write_sizes(markup, model);
    if (model->diagram.vertex_count <= MOST_BOXES) {
        nnrt_markup_open(markup, "div", "scroll tall");
        status = nnrt_diagram_draw(markup, &model->diagram, model->name);
        nnrt_markup_end(markup);
    } else {
        nnrt_markup_leaf(markup, "p", "note",
                         "The graph is too large for a page; `nnc graph --svg` draws it.");
    }
    draw_layers(markup, model);
    return status;
}

static nnrt_status draw(nnrt_report *report) {
    const nnrt_program *program = report->session->program;
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < program->model_count && !status; i++)
        status = draw_model(report, &program->models[i]);
    return status;
}

const nnrt_section nnrt_section_graph = {"model", "The model", applies, draw};
