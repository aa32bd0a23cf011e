#include "found.h"

#include "../../base/text/json.h"
#include "../../base/text/terminal.h"
#include "../../drawing/plot.h"
#include "../../files/file.h"
#include "../../session/schedules/schedule.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COLUMNS = 80, MOST_COLUMNS = 100, LINES = 14, RATE = 32 };
static const double small_fall = 0.05;

static const char *const rule = "valley";
static const char *const rule_doc = "the middle of the longest fall of the smoothed loss";

// Two digits are more than the test knows.
static const char *rate_text(double rate, char text[RATE]) {
    snprintf(text, RATE, "%.2g", rate);
    return text;
}

// ---- The curve.

// Logarithms of the rates, and smoothed losses: those that are larger than all that was looked at
// are cut, as otherwise little would be seen of the fall.
typedef struct curve {
    double *x, *y; // owned, one block
    int64_t count;
    nnrt_range x_range, y_range;
} curve;

static void choose_ranges(const nnrt_found *found, curve *c) {
    const nnrt_range_advice *advice = &found->advice;
    int is_short = advice->count < 2;
    const double *looked_at = found->test->smoothed + (is_short ? 0 : advice->first);
    c->x_range = c->y_range = NNRT_NO_RANGE;
    nnrt_range_add(&c->x_range, c->x, c->count);
    nnrt_range_add(&c->y_range, looked_at, is_short ? c->count : advice->count);
    c->x_range = nnrt_range_wide(c->x_range);
    c->y_range = nnrt_range_wide(c->y_range);
}

static nnrt_status open_curve(const nnrt_found *found, curve *c) {
    const nnrt_range_test *test = found->test;
    size_t bytes = 2 * (size_t)test->count * sizeof *c->x;
    *c = (curve){.x = malloc(bytes), .count = test->count};
    if (!c->x) return nnrt_fail_memory("a curve", bytes);
    c->y = c->x + test->count;
    for (int64_t i = 0; i < test->count; i++) c->x[i] = log10(test->rates[i]);
    choose_ranges(found, c);
    for (int64_t i = 0; i < test->count; i++) {
        c->y[i] = test->smoothed[i];
        if (c->y[i] > c->y_range.high) c->y[i] = c->y_range.high;
        if (c->y[i] < c->y_range.low) c->y[i] = c->y_range.low;
    }
    return NNRT_OK;
}

static nnrt_status print_plot(const nnrt_found *found) {
    curve c;
    nnrt_status status = open_curve(found, &c);
    if (status) return status;
    int width = nnrt_terminal_width(STDOUT_FILENO);
    if (!width) width = COLUMNS;
    nnrt_plot plot = {.x = c.x,
                      .y = c.y,
                      .count = c.count,
                      .x_range = c.x_range,
                      .y_range = c.y_range,
                      .x_title = "learning rate",
                      .is_log = 1,
                      .mark = log10(found->advice.valley),
                      .columns = width > MOST_COLUMNS ? MOST_COLUMNS : width,
                      .lines = LINES,
                      .is_utf8 = nnrt_terminal_is_utf8(),
                      .has_color = nnrt_terminal_has_color(STDOUT_FILENO)};
    char *text = nnrt_plot_text(&plot);
    free(c.x);
    if (!text) return nnrt_fail_memory("a curve", 0);
    printf("smoothed loss\n%s\n", text);
    free(text);
    return NNRT_OK;
}

// ---- Words.

static int is_schedule(const nnrt_found *found) {
    return !nnrt_schedule_row_of(&found->step->learning_rate)->is_number;
}

static void print_end(const nnrt_found *found) {
    const nnrt_range_test *test = found->test;
    char from[RATE], to[RATE];
    int64_t last = test->count - 1;
    double loss = test->losses[last];
    if (test->has_diverged && !isfinite(loss))
        printf("after %" PRId64 " of %" PRId64 " steps, at a rate of %s, the loss is %g\n",
               test->count, test->steps, rate_text(test->rates[last], to),
               isnan(loss) ? (double)NAN : loss);
    else if (test->has_diverged)
        printf("after %" PRId64 " of %" PRId64
               " steps, at a rate of %s, the loss is four times its "
               "lowest\n",
               test->count, test->steps, rate_text(test->rates[last], to));
    else
        printf("%" PRId64 " steps with rates from %s to %s\n", test->count,
               rate_text(test->rates[0], from), rate_text(test->rates[last], to));
}

// "fashion.nn, line 14".
static void put_place(const nnrt_found *found, char *text, size_t size) {
    int64_t line = found->step->optimizer_line;
    if (!line) line = found->training->line;
    if (line)
        snprintf(text, size, "%s, line %" PRId64, found->session->program->source_path, line);
    else
        snprintf(text, size, "%s", found->session->program->source_path);
}

static void print_place(const nnrt_found *found) {
    char place[1024], rate[RATE], now[RATE];
    const char *optimizer = found->step->optimizer.name;
    rate_text(found->advice.valley, rate);
    put_place(found, place, sizeof place);
    if (is_schedule(found))
        printf("in %s: the first rate of `%s` in `%s`, which is %s now\n", place,
               found->step->learning_rate.name, optimizer, rate_text(found->now, now));
    else
        printf("in %s: `%s(learning_rate = %s)`, now %s\n", place, optimizer, rate,
               rate_text(found->now, now));
    if (found->training->step_count == 1 && found->session->program->training_count == 1)
        printf("or for one run: %s fit --learning-rate %s\n", found->session->options->called,
               rate);
}

static void print_advice(const nnrt_found *found) {
    const nnrt_range_advice *advice = &found->advice;
    char a[RATE], b[RATE];
    printf("suggested learning rate: %s (%s: %s)\n", rate_text(advice->valley, a), rule, rule_doc);
    printf("  where it falls most steeply: %s, a tenth of where it is lowest: %s\n",
           rate_text(advice->steepest, a), rate_text(advice->minimum, b));
    if (advice->fall < small_fall)
        printf(
            "  the loss fell by %.1f %% only, which says little of rates: more `--steps`, unless the "
            "weights are trained already\n",
            100 * advice->fall);
    print_place(found);
}

nnrt_status nnrt_found_print(const nnrt_found *found) {
    nnrt_status status = print_plot(found);
    if (status) return status;
    print_end(found);
    if (!isnan(found->advice.valley)) print_advice(found);
    return NNRT_OK;
}

// ---- JSON.

static void put_numbers(nnrt_json *json, const char *name, const double *numbers, int64_t count) {
    nnrt_json_open(json, name, '[');
    for (int64_t i = 0; i < count; i++) nnrt_json_number(json, NULL, numbers[i]);
    nnrt_json_close(json, ']');
}

void nnrt_found_print_json(const nnrt_found *found) {
    const nnrt_range_test *test = found->test;
    const nnrt_range_advice *advice = &found->advice;
    int64_t line = found->step->optimizer_line;
    nnrt_json json = {0};
    nnrt_json_open(&json, NULL, '{');
    nnrt_json_number(&json, "suggestion", advice->valley);
    nnrt_json_string(&json, "rule", rule);
    nnrt_json_number(&json, "steepest", advice->steepest);
    nnrt_json_number(&json, "minimum", advice->minimum);
    nnrt_json_number(&json, "now", found->now);
    nnrt_json_string(&json, "optimizer", found->step->optimizer.name);
    nnrt_json_string(&json, "file", found->session->program->source_path);
    nnrt_json_integer(&json, "line", line ? line : found->training->line);
    nnrt_json_boolean(&json, "diverged", test->has_diverged);
    nnrt_json_integer(&json, "steps", test->count);
    put_numbers(&json, "rates", test->rates, test->count);
    put_numbers(&json, "losses", test->losses, test->count);
    put_numbers(&json, "smoothed", test->smoothed, test->count);
    nnrt_json_close(&json, '}');
    nnrt_json_print(&json);
}

// ---- Files.

nnrt_status nnrt_found_write_csv(const nnrt_found *found, const char *path) {
    const nnrt_range_test *test = found->test;
    nnrt_file *file = nnrt_file_create(path);
    if (!file) return NNRT_ERROR;
    nnrt_file_print(file, "step,learning_rate,loss,smoothed\n");
    for (int64_t i = 0; i < test->count; i++) {
        char rate[NNRT_JSON_NUMBER], loss[NNRT_JSON_NUMBER], smoothed[NNRT_JSON_NUMBER];
        nnrt_number_text(rate, test->rates[i]);
        nnrt_number_text(loss, test->losses[i]);
        nnrt_number_text(smoothed, test->smoothed[i]);
        nnrt_file_print(file, "%" PRId64 ",%s,%s,%s\n", i + 1, rate, loss, smoothed);
    }
    return nnrt_file_commit(file);
}

static void draw(const nnrt_found *found, const curve *c, nnrt_markup *markup) {
    nnrt_chart chart;
    char mark[64], rate[RATE];
    nnrt_chart_open(&chart, markup, "loss by learning rate", c->x_range, c->y_range,
                    NNRT_CHART_LOG_X | NNRT_CHART_FILE);
    nnrt_chart_titles(&chart, "learning rate", "smoothed loss");
    nnrt_chart_curve(&chart, c->x, c->y, c->count, "s-blue");
    if (!isnan(found->advice.valley)) {
        snprintf(mark, sizeof mark, "%s: %s", rule, rate_text(found->advice.valley, rate));
        nnrt_chart_mark(&chart, log10(found->advice.valley), mark);
    }
    nnrt_chart_close(&chart);
}

nnrt_status nnrt_found_write_svg(const nnrt_found *found, const char *path) {
    nnrt_markup markup = {0};
    curve c;
    nnrt_status status = open_curve(found, &c);
    if (status) return status;
    draw(found, &c, &markup);
    free(c.x);
    const char *text = nnrt_markup_text(&markup);
    if (!text) status = nnrt_fail_memory("a drawing", markup.capacity);
    nnrt_file *file = text ? nnrt_file_create(path) : NULL;
    if (text && !file) status = NNRT_ERROR;
    if (file) {
        nnrt_file_write(file, text, markup.length);
        nnrt_file_write(file, "\n", 1);
        status = nnrt_file_commit(file);
    }
    nnrt_markup_free(&markup);
    return status;
}
