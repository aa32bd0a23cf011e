// A finding in words.
#include "../report/profile_report.h"
#include "finding.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct words {
    char *text;
    size_t size, used;
} words;

__attribute__((format(printf, 2, 3))) static void put(words *w, const char *format, ...) {
    va_list arguments;
    size_t left = w->size - w->used;
    va_start(arguments, format);
    int used = vsnprintf(w->text + w->used, left, format, arguments);
    va_end(arguments);
    if (used > 0) w->used += (size_t)used < left ? (size_t)used : left - 1;
}

static void put_name(words *w, const nnrt_value *value) {
    if (value->place == NNRT_IN_COLUMN)
        put(w, "the column `%.100s`", value->name);
    else if (value->place != NNRT_IN_ARENA)
        put(w, "`%.150s`", value->name);
    else if (value->layer)
        put(w, "`%.100s` of `%.100s`", value->name, value->layer);
    else
        put(w, "`%.100s`", value->name);
}

static void put_line(words *w, const nnrt_program *program, int64_t line) {
    char source[64];
    if (!line) return;
    nnrt_profile_line_text(program, line, source, sizeof source);
    put(w, " (line %" PRId64 ": `%s`)", line, source);
}

static const char *badness(const nnrt_range *range) {
    if (range->nans == range->bad) return "NaN";
    return range->nans ? "infinite and NaN" : "infinite";
}

static void put_samples(words *w, const nnrt_finding *finding, const uint32_t *numbers) {
    const nnrt_range *range = &finding->range;
    if (finding->value->rows) {
        put(w, " in %" PRId64 " of %" PRId64 " elements", range->bad, range->count);
        return;
    }
    put(w, " for %" PRId64 " of %" PRId64 " samples", range->bad_rows, range->rows);
    put(w, numbers ? ": rows" : ": places");
    for (int64_t i = 0; i < finding->sample_count; i++) {
        uint32_t place = finding->samples[i];
        put(w, "%s %" PRIu32, i ? "," : "", numbers ? numbers[place] : place);
    }
    if (range->bad_rows > finding->sample_count) put(w, " ..");
    put(w, numbers ? " of the data (from 0)" : " of the batch (from 0)");
}

static const char *direction(const nnrt_finding *finding) {
    if (!finding->group) return "before the step";
    if (finding->value->place != NNRT_IN_ARENA) return "after its update";
    return finding->value->is_backward ? "in the backward pass" : "in the forward pass";
}

static void put_range(words *w, const nnrt_range *range) {
    if (range->bad == range->count)
        put(w, "%s", badness(range));
    else
        put(w, "%.6g .. %.6g", range->low, range->high);
    if (range->bad && range->bad < range->count)
        put(w, ", and %" PRId64 " %s", range->bad, badness(range));
}

static void put_read(words *w, const nnrt_finding_read *read) {
    words name = {(char[256]){0}, 256, 0};
    put_name(&name, read->value);
    put(w, "\n    %s %.100s: ", name.text, read->value->shape);
    put_range(w, &read->range);
    if (read->value->is_backward && read->value->place == NNRT_IN_ARENA) put(w, " (backwards)");
}

void nnrt_finding_text(const nnrt_finding *finding, const nnrt_program *program,
                       const uint32_t *numbers, char *text, size_t size) {
    words w = {text, size, 0};
    *text = 0;
    if (finding->weights)
        put(&w,
            "\n  first not finite: `%.150s` after the update by several batches is %s in %" PRId64
            " of %" PRId64 " elements",
            finding->weights, badness(&finding->range), finding->range.bad, finding->range.count);
    if (!finding->function) return;
    put(&w, "\n  first not finite: ");
    put_name(&w, finding->value);
    put_line(&w, program, finding->value->line);
    put(&w, " %s is %s", direction(finding), badness(&finding->range));
    put_samples(&w, finding, numbers);
    if (!finding->group) return;
    put(&w, "\n  computed in one go with others: %.200s; from", finding->group->name);
    for (int64_t i = 0; i < finding->read_count; i++) put_read(&w, &finding->reads[i]);
}

// ---- What helps.

static const double ordinary = 1e4; // larger values are on their way to infinity

static int is_large(const nnrt_range *range) {
    return range->bad || fabs(range->low) > ordinary || fabs(range->high) > ordinary;
}

static int reads_large(const nnrt_finding *finding, int of_data) {
    for (int64_t i = 0; i < finding->read_count; i++) {
        const nnrt_finding_read *read = &finding->reads[i];
        if ((read->value->place == NNRT_IN_COLUMN) == of_data && is_large(&read->range)) return 1;
    }
    return 0;
}

void nnrt_finding_advice(const nnrt_finding *finding, char *text, size_t size) {
    const nnrt_value *value = finding->value;
    const char *advice;
    if (!finding->function)
        advice =
            "a smaller learning rate (--learning-rate), scaled or standardized data, clip_norm";
    else if (value->place == NNRT_IN_COLUMN)
        advice = "`drop_missing` or `fill_missing` in the data set, or `keep` with a condition on "
                 "that column";
    else if (!finding->group)
        advice = "other weights to start from: these are not numbers";
    else if (reads_large(finding, 1))
        advice = "`standardize` or `scale` in the data set: its numbers are large";
    else if (value->is_backward || value->place != NNRT_IN_ARENA || reads_large(finding, 0))
        advice = "a smaller learning rate (--learning-rate), clip_norm in the optimizer, scaled or "
                 "standardized data";
    else
        advice = "numbers that the operators can take: no logarithm or division by 0, no root of "
                 "less; `maximum(x, 1e-7)` keeps them apart from 0";
    snprintf(text, size, "%s", advice);
}
