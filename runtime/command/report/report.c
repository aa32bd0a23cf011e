#include "report.h"

#include "../../base/clock.h"
#include "../../base/interrupt.h"
#include "../../base/text/print.h"
#include "../../drawing/style.h"
#include "../../files/file.h"
#include "../../report/outputs.h"
#include "../../session/models.h"
#include "../../session/weights/initialize.h"
#include "../command.h"
#include "section.h"
#include "show.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// In the order of the page. What trains, and so changes the weights, comes behind what reads them.
static const nnrt_section *const sections[] = {
    &nnrt_section_curves,    &nnrt_section_classes,     &nnrt_section_confusion,
    &nnrt_section_ranking,   &nnrt_section_reliability, &nnrt_section_boundary,
    &nnrt_section_residuals, &nnrt_section_series,      &nnrt_section_predictions,
    &nnrt_section_mistakes,  &nnrt_section_samples,     &nnrt_section_writing,
    &nnrt_section_filters,   &nnrt_section_graph,       &nnrt_section_program,
    &nnrt_section_timings,   &nnrt_section_machine,
};
enum { SECTION_COUNT = sizeof sections / sizeof *sections };

// ---- For the sections.

const nnrt_gathered *nnrt_report_next(const nnrt_report *report, nnrt_gathered_kind kind,
                                      int64_t *i) {
    for (; *i < report->output_count; ++*i)
        if (report->outputs[*i].kind == kind) return &report->outputs[*i];
    return NULL;
}

int nnrt_report_has(const nnrt_report *report, nnrt_gathered_kind kind) {
    int64_t i = 0;
    const nnrt_gathered *found = nnrt_report_next(report, kind, &i);
    return found && found->count > 0;
}

void nnrt_report_name_output(const nnrt_report *report, const nnrt_gathered *gathered) {
    if (report->output_count > 1 && gathered->loss->label)
        nnrt_markup_leaf(report->markup, "h3", NULL, gathered->loss->label);
}

// ---- What it is of.

#define FLOPS 1e11
enum { FEWEST = 64, MOST = 10000 }; // samples

static void observe(void *observer, int64_t number, const nnrt_view *view, int64_t place) {
    nnrt_report *report = observer;
    nnrt_gather_add(&report->outputs[number], view, report->evaluator.pass.rows, place);
}

static nnrt_status open_outputs(nnrt_report *report) {
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < report->training->loss_count && !status; i++) {
        report->output_count = i + 1;
        status = nnrt_gather_open(&report->outputs[i], &report->evaluator, i, report->part->count);
    }
    return status;
}

// Where there is nothing but what was trained on, a page shall not take as long as an epoch: so
// many samples, evenly spread, as some 10^11 operations are for, at least a few.
static nnrt_status choose_samples(nnrt_report *report) {
    const nnrt_data *data = &report->session->data;
    double flops = report->training->steps[0].evaluate.flops;
    double affordable = FLOPS / (flops > 1 ? flops : 1);
    report->part = nnrt_evaluated_part(data, &report->part_name);
    report->part_count = report->part->count;
    int64_t most = affordable < FEWEST ? FEWEST : affordable < MOST ? (int64_t)affordable : MOST;
    if (report->part != &data->train || report->part_count <= most) return NNRT_OK;
    report->some.rows = malloc((size_t)most * sizeof *report->some.rows);
    if (!report->some.rows) return nnrt_fail_memory("the samples of a report", 0);
    report->some.count = most;
    for (int64_t i = 0; i < most; i++)
        report->some.rows[i] = report->part->rows[report->part_count * i / most];
    report->part = &report->some;
    return NNRT_OK;
}

static nnrt_status evaluate(nnrt_report *report) {
    nnrt_session *session = report->session;
    nnrt_status status = choose_samples(report);
    if (status || !report->part->count) return status;
    const nnrt_training *training = report->training;
    if (nnrt_evaluates_int8(training) && session->has_ranges)
        training = nnrt_training_in_int8(training, &report->quantized);
    status = nnrt_evaluator_open(&report->evaluator, session, training, 1);
    if (status) return status;
    report->is_evaluated = 1;
    status = open_outputs(report);
    if (status) return status;
    report->evaluator.observe = observe;
    report->evaluator.observer = report;
    status = nnrt_evaluator_run(&report->evaluator, report->part, "", &report->log);
    for (int64_t i = 0; i < report->output_count; i++) nnrt_gather_end(&report->outputs[i]);
    return status;
}

// Without its data a report has less to show: that is said, and no error.
static nnrt_status load_data(nnrt_report *report) {
    nnrt_session *session = report->session;
    if (report->training) session->dataset = report->training->dataset;
    if (!nnrt_session_dataset(session)) return NNRT_OK;
    nnrt_status status = nnrt_session_load_data(session);
    if (status != NNRT_DATA_MISSING) return status;
    snprintf(report->missing, sizeof report->missing, "%.*s", (int)strcspn(nnrt_error(), "\n"),
             nnrt_error());
    fprintf(stderr, "warning: %s; the report is made without the data\n", report->missing);
    return NNRT_OK;
}

static nnrt_status load(nnrt_report *report) {
    nnrt_session *session = report->session;
    nnrt_status status = load_data(report);
    const nnrt_model *needed =
        report->training && !nnrt_training_loss(report->training) ? NULL : report->model;
    return status ? status : nnrt_session_load_trained(session, needed);
}

static nnrt_report report_of(nnrt_session *session, nnrt_markup *page) {
    return (nnrt_report){.session = session,
                         .training = nnrt_session_training(session),
                         .model = nnrt_session_model(session),
                         .markup = page,
                         .epochs = {.best = -1}};
}

static void close_report(nnrt_report *report) {
    if (report->is_evaluated) nnrt_evaluator_close(&report->evaluator);
    for (int64_t i = 0; i < report->output_count; i++) nnrt_gather_free(&report->outputs[i]);
    nnrt_epochs_free(&report->epochs);
    free(report->some.rows);
}

// ---- The page.

// Models that train each other in steps are meant together.
static int are_several(const nnrt_report *report) {
    return report->training && !nnrt_training_loss(report->training) &&
           !report->session->options->model;
}

static const char *models_name(const nnrt_report *report, char names[NNRT_MODELS_TEXT]) {
    return are_several(report) ? nnrt_models_names(report->session->program, names)
                               : report->model->name;
}

static int64_t weight_count(const nnrt_report *report) {
    const nnrt_program *program = report->session->program;
    int64_t count = 0;
    for (int64_t i = 0; i < program->parameter_count; i++)
        if (!nnrt_weights_is_statistic(&program->parameters[i]))
            count += nnrt_parameter_elements(&program->parameters[i]);
    return are_several(report) ? count : nnrt_model_parameters(report->model);
}

static const char *program_name(const nnrt_report *report) {
    const char *path = report->session->program->source_path, *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void put_style(nnrt_markup *page) {
    nnrt_markup_begin(page, "style");
    nnrt_markup_raw(page, nnrt_style_colours);
    nnrt_markup_raw(page, nnrt_style_drawing);
    nnrt_markup_raw(page, nnrt_style_page);
    nnrt_markup_end(page);
}

// The pattern of the icon keeps browsers from asking for one.
static void put_head(const nnrt_report *report) {
    nnrt_markup *page = report->markup;
    char names[NNRT_MODELS_TEXT];
    nnrt_markup_begin(page, "head");
    nnrt_markup_begin(page, "meta");
    nnrt_markup_attribute(page, "charset", "utf-8");
    nnrt_markup_end(page);
    nnrt_markup_begin(page, "meta");
    nnrt_markup_attribute(page, "name", "viewport");
    nnrt_markup_attribute(page, "content", "width=device-width, initial-scale=1");
    nnrt_markup_end(page);
    nnrt_markup_begin(page, "link");
    nnrt_markup_attribute(page, "rel", "icon");
    nnrt_markup_attribute(page, "href", "data:,");
    nnrt_markup_end(page);
    nnrt_markup_begin(page, "title");
    nnrt_markup_write(page, models_name(report, names));
    nnrt_markup_write(page, ", ");
    nnrt_markup_write(page, program_name(report));
    nnrt_markup_end(page);
    put_style(page);
    nnrt_markup_end(page);
}

static void put_fact(nnrt_markup *page, const char *value, const char *name) {
    nnrt_markup_open(page, "div", "fact");
    nnrt_markup_leaf(page, "b", NULL, value);
    nnrt_markup_leaf(page, "span", NULL, name);
    nnrt_markup_end(page);
}

static void put_values(const nnrt_report *report) {
    char text[NNRT_SHOWN_NUMBER], name[NNRT_LOG_NAME + 32];
    nnrt_markup_open(report->markup, "div", "facts");
    for (int64_t i = 0; i < report->log.count; i++) {
        snprintf(name, sizeof name, "%s %s", report->part_name, report->log.values[i].name);
        put_fact(report->markup, nnrt_show_number(report->log.values[i].value, text), name);
    }
    put_fact(report->markup, nnrt_show_count(weight_count(report), text), "weights");
    if (report->session->info.epoch)
        put_fact(report->markup, nnrt_show_count(report->session->info.epoch, text),
                 "epochs trained");
    nnrt_markup_end(report->markup);
}

static void put_links(const nnrt_report *report) {
    nnrt_markup *page = report->markup;
    nnrt_markup_begin(page, "nav");
    for (int i = 0; i < SECTION_COUNT; i++) {
        if (!sections[i]->applies(report)) continue;
        nnrt_markup_begin(page, "a");
        nnrt_markup_format(page, "href", "#%s", sections[i]->id);
        nnrt_markup_write(page, sections[i]->title);
        nnrt_markup_end(page);
        nnrt_markup_write(page, " ");
    }
    nnrt_markup_end(page);
}

static void put_top(const nnrt_report *report) {
    nnrt_markup *page = report->markup;
    const nnrt_dataset *dataset = nnrt_session_dataset(report->session);
    char count[NNRT_SHOWN_NUMBER], names[NNRT_MODELS_TEXT];
    nnrt_markup_begin(page, "header");
    nnrt_markup_leaf(page, "h1", NULL, models_name(report, names));
    nnrt_markup_open(page, "p", "note");
    nnrt_markup_write(page, program_name(report));
    if (dataset) {
        nnrt_markup_write(page, ", data set ");
        nnrt_markup_write(page, dataset->name);
    }
    if (report->is_evaluated && report->part == &report->some)
        nnrt_markup_print(page, ", %s samples of", nnrt_show_count(report->part->count, count));
    if (report->is_evaluated)
        nnrt_markup_print(page, "%s the %s part of %s samples",
                          report->part == &report->some ? "" : ",", report->part_name,
                          nnrt_show_count(report->part_count, count));
    nnrt_markup_end(page);
    put_values(report);
    if (*report->missing) nnrt_markup_leaf(page, "p", "note", report->missing);
    put_links(report);
    nnrt_markup_end(page);
}

static nnrt_status put_section(nnrt_report *report, const nnrt_section *section) {
    nnrt_markup *page = report->markup;
    int depth = page->depth;
    if (!section->applies(report)) return NNRT_OK;
    if (nnrt_interrupted()) return nnrt_fail(NNRT_INTERRUPTED, "interrupted");
    nnrt_markup_begin(page, "section");
    nnrt_markup_attribute(page, "id", section->id);
    nnrt_markup_leaf(page, "h2", NULL, section->title);
    nnrt_status status = section->draw(report);
    while (page->depth > depth) nnrt_markup_end(page);
    nnrt_markup_raw(page, "\n");
    return status;
}

static nnrt_status put_page(nnrt_report *report) {
    nnrt_markup *page = report->markup;
    nnrt_status status = NNRT_OK;
    nnrt_markup_raw(page, "<!DOCTYPE html>\n");
    nnrt_markup_begin(page, "html");
    nnrt_markup_attribute(page, "lang", "en");
    put_head(report);
    nnrt_markup_begin(page, "body");
    nnrt_markup_begin(page, "main");
    put_top(report);
    for (int i = 0; i < SECTION_COUNT && !status; i++) status = put_section(report, sections[i]);
    return status;
}

// Of what was loaded.
static nnrt_status make_page(nnrt_report *report) {
    nnrt_session *session = report->session;
    report->has_data = session->has_data;
    nnrt_status status = nnrt_epochs_read(&report->epochs, session->info.history, report->training);
    if (!status && report->has_data && report->training) status = evaluate(report);
    return status ? status : put_page(report);
}

// ---- The command.

// "./fashion" writes "fashion-report.html" into the current folder.
static nnrt_status choose_path(const nnrt_session *session, char path[PATH_MAX]) {
    const char *program = session->options->program, *slash = strrchr(program, '/');
    const char *given = session->options->output;
    int length = given ? snprintf(path, PATH_MAX, "%s", given)
                       : snprintf(path, PATH_MAX, "%s-report.html", slash ? slash + 1 : program);
    return length < PATH_MAX ? NNRT_OK
                             : nnrt_fail(NNRT_USAGE, "the name of the report is too long");
}

static int is_standard_output(const char *path) {
    return strcmp(path, "-") == 0;
}

static nnrt_status check_path(const nnrt_session *session, char path[PATH_MAX]) {
    char *paths[] = {path};
    if (is_standard_output(path)) return NNRT_OK;
    nnrt_status status = nnrt_outputs_check_files(
        session, session->options->output ? "--output" : "report", paths, 1);
    return status ? status : nnrt_file_probe(path);
}

static nnrt_status write_page(nnrt_markup *page, const char *path) {
    const char *text = nnrt_markup_text(page);
    if (!text) return nnrt_fail_memory("the report", page->capacity);
    if (is_standard_output(path)) {
        fwrite(text, 1, page->length, stdout);
        putchar('\n');
        return NNRT_OK;
    }
    nnrt_file *file = nnrt_file_create(path);
    if (!file) return NNRT_ERROR;
    nnrt_file_write(file, text, page->length);
    nnrt_file_write(file, "\n", 1);
    return nnrt_file_commit(file);
}

nnrt_status nnrt_report_write(nnrt_session *session, const char *path) {
    nnrt_markup page = {0};
    nnrt_report report = report_of(session, &page);
    nnrt_status status = make_page(&report);
    if (!status) status = write_page(&page, path);
    close_report(&report);
    nnrt_markup_free(&page);
    return status;
}

nnrt_status nnrt_command_report(nnrt_session *session) {
    nnrt_markup page = {0};
    nnrt_report report = report_of(session, &page);
    char path[PATH_MAX], size[NNRT_SHOWN_NUMBER];
    nnrt_status status = choose_path(session, path);
    if (!status) status = check_path(session, path);
    if (!status) status = load(&report);
    if (!status) status = check_path(session, path); // now all that is read is known
    if (!status) status = make_page(&report);
    if (!status) status = write_page(&page, path);
    if (!status && !is_standard_output(path))
        printf("report written to %s (%s)\n", path, nnrt_show_bytes((double)page.length, size));
    close_report(&report);
    nnrt_markup_free(&page);
    return status;
}
