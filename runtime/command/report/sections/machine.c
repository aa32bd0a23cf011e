// How these weights came about, what they take, and the machine that wrote the report.
#include "../../../report/runs/machine.h"
#include "../section.h"
#include "../show.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

static int applies(const nnrt_report *report) {
    (void)report;
    return 1;
}

static void put_fact(nnrt_markup *markup, const char *name, const char *value) {
    nnrt_markup_begin(markup, "tr");
    nnrt_markup_leaf(markup, "td", "is", name);
    nnrt_show_cell(markup, value);
    nnrt_markup_end(markup);
}

static void put_bytes(nnrt_markup *markup, const char *name, double bytes) {
    char text[NNRT_SHOWN_NUMBER];
    if (bytes > 0) put_fact(markup, name, nnrt_show_bytes(bytes, text));
}

static void put_number(nnrt_markup *markup, const char *name, int64_t value) {
    char text[NNRT_SHOWN_NUMBER];
    put_fact(markup, name, nnrt_show_count(value, text));
}

// ---- What they are.

static void put_training(const nnrt_report *report) {
    const nnrt_weights_info *info = &report->session->info;
    nnrt_markup *markup = report->markup;
    char seed[32];
    snprintf(seed, sizeof seed, "%" PRIu64, info->seed);
    put_fact(markup, "seed", seed);
    put_number(markup, "epochs", info->epoch);
    put_number(markup, "steps", info->step);
    if (!report->training) return;
    put_number(markup, "samples a batch", report->training->batch);
    put_fact(markup, "products in", report->training->precision);
}

static void put_memory(const nnrt_report *report) {
    const nnrt_model *model = report->model;
    nnrt_markup *markup = report->markup;
    struct rusage usage;
    put_bytes(markup, "weights", (double)model->weight_bytes);
    put_bytes(markup, "gradients", (double)model->gradient_bytes);
    put_bytes(markup, "optimizer state", (double)model->optimizer_bytes);
    put_bytes(markup, "activations of a batch", (double)model->activation_bytes);
    if (report->has_data)
        put_bytes(markup, "data in memory", (double)report->session->data.info.held_bytes);
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        put_bytes(markup, "most memory of this process", (double)usage.ru_maxrss * 1024);
}

// ---- The machine.

static void put_machine(const nnrt_report *report) {
    nnrt_markup *markup = report->markup;
    const nnrt_program *program = report->session->program;
    json_t *machine = nnrt_machine(), *value;
    const char *name;
    json_object_foreach(machine, name, value) {
        if (strcmp(name, "host") == 0) continue; // pages are shown to others
        if (json_is_string(value)) put_fact(markup, name, json_string_value(value));
        if (json_is_integer(value) && strcmp(name, "memory") == 0)
            put_bytes(markup, name, (double)json_integer_value(value));
        else if (json_is_integer(value))
            put_number(markup, name, json_integer_value(value));
    }
    json_decref(machine);
    put_number(markup, "threads of this process", nnrt_team_size(report->session->team));
    put_fact(markup, "compiled for", program->target_cpu);
    put_fact(markup, "compiler", program->compiler_version);
}

static void begin_table(nnrt_markup *markup, const char *title) {
    nnrt_markup_begin(markup, "div");
    nnrt_markup_leaf(markup, "h3", NULL, title);
    nnrt_markup_begin(markup, "table");
}

static void end_table(nnrt_markup *markup) {
    nnrt_markup_end(markup);
    nnrt_markup_end(markup);
}

static nnrt_status draw(nnrt_report *report) {
    nnrt_markup *markup = report->markup;
    nnrt_markup_open(markup, "div", "figures");
    begin_table(markup, "These weights");
    put_training(report);
    end_table(markup);
    begin_table(markup, "Memory");
    put_memory(report);
    end_table(markup);
    begin_table(markup, "The machine that wrote this page");
    put_machine(report);
    end_table(markup);
    nnrt_markup_end(markup);
    return NNRT_OK;
}

const nnrt_section nnrt_section_machine = {"machine", "Memory and machine", applies, draw};
