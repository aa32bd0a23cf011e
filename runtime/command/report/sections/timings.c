// Where the time of a training step goes, by line of the program: some steps are measured while the
// report is written. They change the weights in memory, so that no section behind this one may read
// them.
#include "../../../base/clock.h"
#include "../../../base/interrupt.h"
#include "../../../report/profile_report.h"
#include "../../../train/trainer.h"
#include "../section.h"
#include "../show.h"

#include <inttypes.h>

static const double warm_seconds = 0.05, measured_seconds = 0.3;

static int applies(const nnrt_report *report) {
    if (!report->has_data || !report->training || !report->session->data.train.count) return 0;
    for (int64_t i = 0; i < report->training->step_count; i++)
        if (!report->training->steps[i].train.run_profiled) return 0;
    return 1;
}

// ---- Measuring.

static void train_for(nnrt_trainer *trainer, double seconds) {
    double end = nnrt_seconds() + seconds;
    do {
        nnrt_trainer_go_round(trainer);
        nnrt_pass_advance(&trainer->pass, seconds / 10);
    } while (nnrt_seconds() < end && !nnrt_interrupted());
}

static nnrt_status measure(nnrt_report *report, nnrt_profile *profiles[NNRT_MAX_TURNS]) {
    nnrt_trainer trainer;
    nnrt_roof roof = {0};
    nnrt_status status = nnrt_trainer_open(&trainer, report->session, report->training, 0, 0, 0);
    if (status) return status;
    trainer.seed = 1;
    trainer.shuffle = 1;
    nnrt_trainer_start_epoch(&trainer, 0, 0);
    for (int64_t i = 0; i < report->training->step_count && !status; i++) {
        profiles[i] =
            nnrt_profile_create(&report->training->steps[i].train, trainer.pace.workers[0], &roof);
        if (!profiles[i]) status = NNRT_ERROR;
    }
    if (!status) {
        train_for(&trainer, warm_seconds);
        nnrt_trainer_profile(&trainer, profiles);
        train_for(&trainer, measured_seconds);
        nnrt_pass_settle(&trainer.pass);
    }
    nnrt_trainer_close(&trainer);
    return status;
}

// ---- Tables.

static void draw_row(nnrt_markup *markup, const nnrt_program *program,
                     const nnrt_profile_result *result, const nnrt_profile_row *row) {
    char line[128];
    double share = row->seconds / result->seconds;
    nnrt_profile_line_text(program, row->line, line, sizeof line);
    nnrt_markup_begin(markup, "tr");
    if (row->line)
        nnrt_markup_leaf_print(markup, "td", "n", "%" PRId64, row->line);
    else
        nnrt_show_cell(markup, "");
    nnrt_markup_begin(markup, "td");
    nnrt_markup_leaf(markup, "code", NULL,
                     row->line ? line : "what no line of the file stands for");
    nnrt_markup_end(markup);
    nnrt_show_number_cell(markup, 1e6 * row->seconds / (double)result->steps);
    nnrt_markup_begin(markup, "td");
    nnrt_show_bar(markup, share, NULL);
    nnrt_markup_end(markup);
    nnrt_markup_leaf_print(markup, "td", "n", "%.1f %%", 100 * share);
    nnrt_markup_end(markup);
}

static void draw_other(nnrt_markup *markup, const nnrt_profile_result *result, double seconds,
                       const char *name) {
    nnrt_markup_begin(markup, "tr");
    nnrt_show_cell(markup, "");
    nnrt_markup_leaf(markup, "td", "is", name);
    nnrt_show_number_cell(markup, 1e6 * seconds / (double)result->steps);
    nnrt_markup_begin(markup, "td");
    nnrt_show_bar(markup, seconds / result->seconds, "q");
    nnrt_markup_end(markup);
    nnrt_markup_leaf_print(markup, "td", "n", "%.1f %%", 100 * seconds / result->seconds);
    nnrt_markup_end(markup);
}

static void draw_table(const nnrt_report *report, const nnrt_profile_result *result) {
    static const char *const head[] = {">line", "", ">\xC2\xB5s a step", "", ">share", NULL};
    nnrt_markup *markup = report->markup;
    char step[NNRT_SHOWN_NUMBER], rate[NNRT_SHOWN_NUMBER];
    nnrt_markup_leaf_print(
        markup, "p", "note",
        "%" PRId64 " steps were measured on this machine: %s \xC2\xB5s each, %s samples a second.",
        result->steps, nnrt_show_number(1e6 * result->seconds / (double)result->steps, step),
        nnrt_show_count((int64_t)((double)result->samples / result->seconds), rate));
    nnrt_markup_open(markup, "div", "scroll");
    nnrt_markup_begin(markup, "table");
    nnrt_show_head(markup, head);
    for (int64_t i = 0; i < result->line_count; i++)
        draw_row(markup, report->session->program, result, &result->lines[i]);
    draw_other(markup, result, result->waiting, "waiting for other threads");
    draw_other(markup, result, result->between, "between steps");
    nnrt_markup_end(markup);
    nnrt_markup_end(markup);
}

static nnrt_status draw_profile(nnrt_report *report, const nnrt_profile *profile, int64_t step) {
    nnrt_profile_result result;
    nnrt_status status = nnrt_profile_read(profile, &result);
    if (status) return status;
    if (report->training->step_count > 1)
        nnrt_markup_leaf(report->markup, "h3", NULL, report->training->steps[step].name);
    if (result.steps && result.seconds > 0) draw_table(report, &result);
    nnrt_profile_result_free(&result);
    return NNRT_OK;
}

static nnrt_status draw(nnrt_report *report) {
    nnrt_profile *profiles[NNRT_MAX_TURNS] = {0};
    nnrt_status status = measure(report, profiles);
    for (int64_t i = 0; i < report->training->step_count && !status; i++)
        status = draw_profile(report, profiles[i], i);
    for (int i = 0; i < NNRT_MAX_TURNS; i++) nnrt_profile_free(profiles[i]);
    return status;
}

const nnrt_section nnrt_section_timings = {"timings", "Time by line", applies, draw};
