// The metrics of a training at work; what they count is the business of their rows.
#include "row.h"

#include "../session/steps.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct nnrt_metrics {
    int64_t count;
    int workers;
    nnrt_metric *items;
    nnrt_tally *sum;      // of all workers, by metric
    nnrt_tally **tallies; // by worker, by metric
};

// ---- Views.

nnrt_view nnrt_view_make(const nnrt_output *output, const nnrt_column *target) {
    nnrt_view view = {.scale = 1, .output_scale = 1, .weight = 1, .amount = 1};
    view.stride = output->stride;
    view.size = output->size;
    view.classes = output->rank ? output->shape[output->rank - 1] : 1;
    view.target_dtype = target->dtype;
    view.target_size = view.target_stride = target->size;
    return view;
}

void nnrt_view_batch(nnrt_view *view, const nnrt_function *function, const nnrt_context *context,
                     const nnrt_loss *loss) {
    const nnrt_output *output = &function->outputs[loss->output];
    int64_t first, end;
    nnrt_own_samples(function, context, &first, &end);
    view->outputs = context->arena + output->offset + first * output->stride;
    view->target = context->columns[loss->target];
    view->index = context->index + first;
    view->rows = end - first;
    if (loss->mask < 0) return;
    const nnrt_output *mask = &function->outputs[loss->mask];
    view->mask = context->arena + mask->offset + first * mask->stride;
    view->mask_stride = mask->stride;
    view->steps = mask->size;
}

int nnrt_view_counts(const nnrt_view *view, int64_t sample, int64_t position) {
    if (!view->mask) return 1;
    int64_t positions = view->size / view->classes / view->steps; // of a step
    return view->mask[sample * view->mask_stride + position / positions] != 0;
}

double nnrt_view_target(const nnrt_view *view, int64_t sample, int64_t element) {
    int64_t place = view->target_first + element;
    double value = nnrt_view_stored(view, sample, element) * view->scale + view->offset;
    return view->mean ? (value - (double)view->mean[place]) / (double)view->deviation[place]
                      : value;
}

int64_t nnrt_view_argmax(const float *values, int64_t count) {
    int64_t best = 0;
    for (int64_t i = 1; i < count; i++)
        if (values[i] > values[best]) best = i;
    return best;
}

int64_t nnrt_view_class(const nnrt_view *view, int64_t sample, int64_t position) {
    if (view->target_size != view->size || view->classes == 1)
        return (int64_t)nnrt_view_target(view, sample, position);
    int64_t first = position * view->classes, best = 0;
    for (int64_t i = 1; i < view->classes; i++)
        if (nnrt_view_target(view, sample, first + i) >
            nnrt_view_target(view, sample, first + best))
            best = i;
    return best;
}

// ---- Rows.

const nnrt_metric_row *const nnrt_metric_tables[] = {
    nnrt_metric_accuracies,
    nnrt_metric_decisions,
    nnrt_metric_errors,
    NULL,
};

static const nnrt_metric_row *row_of(const nnrt_call *call) {
    return nnrt_call_row(call, (const void *const *)nnrt_metric_tables, sizeof(nnrt_metric_row));
}

// Elementwise metrics need a target value for each output, the others also take a class number.
static int target_fits(const nnrt_metric_row *row, const nnrt_view *view) {
    if (view->size < 1 || view->classes < 1) return 0;
    if (view->target_size == view->size) return 1;
    return row->by_class && view->target_size == view->size / view->classes;
}

// Weights of samples are 2^30 at most (runtime/data/table/pack.c): the largest weight has 94 bits.
static double unit_of(const nnrt_view *view) {
    double largest = 1;
    int exponent;
    for (int64_t i = 0; i < view->class_weight_count; i++)
        largest = fmax(largest, view->class_weights[i]);
    frexp(largest, &exponent);
    return ldexp(1, 64 - exponent);
}

static nnrt_status metric_open(nnrt_metric *m, const nnrt_measure *measure, const nnrt_view *view) {
    const nnrt_call *call = &measure->call;
    m->name = measure->name;
    m->is_weighted = measure->is_weighted != 0;
    m->unit = m->is_weighted ? unit_of(view) : 1;
    m->row = row_of(call);
    if (!m->row || !target_fits(m->row, view))
        return nnrt_fail(NNRT_BUG, "the metric `%s` does not fit the target", call->name);
    m->classes = view->classes;
    if (m->row->open) m->row->open(m, call);
    return NNRT_OK;
}

// ---- Tallies. Each worker's are a block of its own, with its own cache lines around the counts.

enum { LINE = 64 };

static size_t tallies_size(const nnrt_metrics *metrics) {
    size_t size = sizeof(nnrt_tally) * (size_t)metrics->count;
    for (int64_t i = 0; i < metrics->count; i++)
        size += 2 * sizeof(nnrt_amount) * (size_t)metrics->items[i].bins +
                sizeof(nnrt_pair_sum) * (size_t)metrics->items[i].sums;
    return (size + LINE - 1) / LINE * LINE;
}

static nnrt_tally *tallies_create(const nnrt_metrics *metrics) {
    nnrt_tally *tallies = aligned_alloc(LINE, tallies_size(metrics));
    if (!tallies) return NULL;
    nnrt_amount *counts = (nnrt_amount *)(tallies + metrics->count);
    memset(tallies, 0, tallies_size(metrics));
    for (int64_t i = 0; i < metrics->count; i++) {
        int64_t bins = metrics->items[i].bins;
        tallies[i].positive = counts;
        tallies[i].negative = counts + bins;
        counts += 2 * bins;
        tallies[i].sums = (nnrt_pair_sum *)counts; // as large as a count
        counts += metrics->items[i].sums;
    }
    return tallies;
}

static void tally_clear(const nnrt_metric *m, nnrt_tally *t) {
    *t = (nnrt_tally){.positive = t->positive, .negative = t->negative, .sums = t->sums};
    memset(t->positive, 0, 2 * sizeof(nnrt_amount) * (size_t)m->bins);
    memset(t->sums, 0, sizeof(nnrt_pair_sum) * (size_t)m->sums);
}

static void tally_add(const nnrt_metric *m, nnrt_tally *sum, const nnrt_tally *t) {
    sum->right += t->right;
    sum->seen += t->seen;
    sum->hits += t->hits;
    sum->false_positives += t->false_positives;
    sum->misses += t->misses;
    sum->errors += t->errors;
    sum->beyond += t->beyond;
    for (int64_t i = 0; i < 2 * m->bins; i++) sum->positive[i] += t->positive[i];
    for (int64_t i = 0; i < m->sums; i++)
        nnrt_pair_add(&sum->sums[i], t->sums[i].sum, t->sums[i].rest);
}

// ---- All metrics of a training.

static nnrt_status metrics_fill(nnrt_metrics *metrics, const nnrt_measure *measures,
                                const nnrt_view *view) {
    for (int64_t i = 0; i < metrics->count; i++) {
        nnrt_status status = metric_open(&metrics->items[i], &measures[i], view);
        if (status) return status;
    }
    metrics->sum = tallies_create(metrics);
    for (int i = 0; i < metrics->workers; i++) {
        metrics->tallies[i] = tallies_create(metrics);
        if (!metrics->tallies[i]) return nnrt_fail_memory("the counts of metrics", 0);
    }
    return metrics->sum ? NNRT_OK : nnrt_fail_memory("the counts of metrics", 0);
}

nnrt_metrics *nnrt_metrics_create(const nnrt_measure *measures, int64_t count,
                                  const nnrt_view *view, int workers) {
    nnrt_metrics *metrics = calloc(1, sizeof *metrics);
    if (metrics) {
        *metrics = (nnrt_metrics){.count = count, .workers = workers};
        metrics->items = calloc((size_t)count, sizeof *metrics->items);
        metrics->tallies = calloc((size_t)workers, sizeof *metrics->tallies);
    }
    if (!metrics || !metrics->items || !metrics->tallies) {
        nnrt_metrics_free(metrics);
        nnrt_fail_memory("metrics", (size_t)count * sizeof *metrics->items);
        return NULL;
    }
    if (metrics_fill(metrics, measures, view) == NNRT_OK) return metrics;
    nnrt_metrics_free(metrics);
    return NULL;
}

void nnrt_metrics_free(nnrt_metrics *metrics) {
    if (!metrics) return;
    for (int i = 0; metrics->tallies && i < metrics->workers; i++) free(metrics->tallies[i]);
    free(metrics->tallies);
    free(metrics->sum);
    free(metrics->items);
    free(metrics);
}

void nnrt_metrics_reset(nnrt_metrics *metrics) {
    for (int i = 0; metrics && i < metrics->workers; i++)
        for (int64_t k = 0; k < metrics->count; k++)
            tally_clear(&metrics->items[k], &metrics->tallies[i][k]);
}

static double weight_of(const nnrt_view *view) {
    double weight = view->weights ? (double)view->weights[view->index[0]] : 1;
    if (!view->class_weights) return weight;
    int64_t label = (int64_t)nnrt_view_target(view, 0, 0);
    int is_known = label >= 0 && label < view->class_weight_count;
    return is_known ? weight * view->class_weights[label] : weight;
}

// What counts the same: a sample, a step where some do not count, a label where labels have
// weights.
static int64_t parts_of(const nnrt_metric *m, const nnrt_view *view) {
    if (m->is_weighted && view->class_weights) return view->size / view->classes;
    return view->mask ? view->steps : 1;
}

// Part by part, each with its weight.
static void update_parts(const nnrt_metric *m, nnrt_tally *t, const nnrt_view *view) {
    int64_t parts = parts_of(m, view);
    nnrt_view own = *view;
    own.rows = 1;
    own.size = view->size / parts;
    own.target_size = view->target_size / parts;
    for (int64_t sample = 0; sample < view->rows; sample++) {
        own.index = view->index + sample;
        for (int64_t part = 0; part < parts; part++) {
            if (!nnrt_view_counts(view, sample, part * (own.size / view->classes))) continue;
            own.outputs = view->outputs + sample * view->stride + part * own.size;
            own.target_first = part * own.target_size;
            own.weight = m->is_weighted ? weight_of(&own) : 1;
            own.amount = (nnrt_amount)rint(own.weight * m->unit);
            m->row->update(m, t, &own);
        }
    }
}

void nnrt_metrics_update(nnrt_metrics *metrics, int worker, const nnrt_view *view) {
    for (int64_t i = 0; i < metrics->count; i++) {
        const nnrt_metric *m = &metrics->items[i];
        nnrt_tally *tally = &metrics->tallies[worker][i];
        if (m->is_weighted || view->mask)
            update_parts(m, tally, view);
        else
            m->row->update(m, tally, view);
    }
}

int64_t nnrt_metrics_count(const nnrt_metrics *metrics) {
    return metrics ? metrics->count : 0;
}

const char *nnrt_metrics_name(const nnrt_metrics *metrics, int64_t i) {
    return metrics->items[i].name;
}

static void sum_up(const nnrt_metrics *metrics, int64_t i) {
    tally_clear(&metrics->items[i], &metrics->sum[i]);
    for (int worker = 0; worker < metrics->workers; worker++)
        tally_add(&metrics->items[i], &metrics->sum[i], &metrics->tallies[worker][i]);
}

double nnrt_metrics_value(const nnrt_metrics *metrics, int64_t i) {
    const nnrt_metric *m = &metrics->items[i];
    sum_up(metrics, i);
    return m->row->value(m, &metrics->sum[i]);
}

// ---- Their state.

// Of a tally, those before `beyond`.
enum { AMOUNTS = offsetof(nnrt_tally, beyond) / sizeof(nnrt_amount) };

void nnrt_metrics_state(nnrt_metrics *metrics, nnrt_state *state) {
    for (int64_t i = 0; i < metrics->count; i++) {
        const nnrt_metric *m = &metrics->items[i];
        nnrt_tally *sum = &metrics->sum[i];
        size_t outside = nnrt_state_enter(state, "%" PRId64 "-%s", i, m->name);
        nnrt_state_numbers(state, "amounts", NNRT_STATE_U64, sum, AMOUNTS, 2, NULL);
        nnrt_state_real(state, "beyond", &sum->beyond);
        if (m->bins)
            nnrt_state_numbers(state, "bins", NNRT_STATE_U64, sum->positive, 2 * m->bins, 2, NULL);
        if (m->sums) nnrt_state_numbers(state, "sums", NNRT_STATE_F64, sum->sums, m->sums, 2, NULL);
        nnrt_state_leave(state, outside);
    }
}

void nnrt_metrics_gather(nnrt_metrics *metrics) {
    for (int64_t i = 0; i < metrics->count; i++) sum_up(metrics, i);
}

void nnrt_metrics_scatter(nnrt_metrics *metrics) {
    nnrt_metrics_reset(metrics);
    for (int64_t i = 0; i < metrics->count; i++)
        tally_add(&metrics->items[i], &metrics->tallies[0][i], &metrics->sum[i]);
}
