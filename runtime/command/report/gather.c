#include "gather.h"

#include "../../metrics/row.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_NUMBERS = 64, MOST_FLOATS = 1 << 24 }; // of a sample; of all
static const double whole = 2e-3;                  // what probabilities may miss of 1

static nnrt_gathered_kind kind_of(const nnrt_evaluator *evaluator, int64_t number,
                                  const nnrt_output *output, int64_t classes) {
    const nnrt_loss *loss = &evaluator->training->losses[number];
    int64_t last = output->rank ? output->shape[output->rank - 1] : 1;
    const nnrt_view *view = &evaluator->metrics.views[number];
    int is_vector = output->size == last && loss->mask < 0;
    if (is_vector && classes && classes <= (last == 1 ? 2 : last)) return NNRT_GATHERED_CLASSES;
    int are_numbers = !classes && output->size <= MOST_NUMBERS && output->size == view->target_size;
    return are_numbers ? NNRT_GATHERED_NUMBERS : NNRT_GATHERED_NOTHING;
}

// Several yes or no for each sample are not one of several classes.
static int has_labels(const nnrt_loss *loss, const nnrt_output *output) {
    return loss->unit_classes && output->size > 1;
}

static nnrt_status make_room(nnrt_gathered *gathered, int64_t count) {
    int64_t held = count;
    gathered->every = 1;
    while (held > 1 && held * gathered->size > MOST_FLOATS) {
        gathered->every++;
        held = (count + gathered->every - 1) / gathered->every;
    }
    int64_t truths = gathered->kind == NNRT_GATHERED_NUMBERS ? gathered->size : 1;
    gathered->count = held;
    gathered->said = calloc((size_t)(held * gathered->size) + 1, sizeof *gathered->said);
    gathered->is = calloc((size_t)(held * truths) + 1, sizeof *gathered->is);
    gathered->rows = calloc((size_t)held + 1, sizeof *gathered->rows);
    if (gathered->said && gathered->is && gathered->rows) return NNRT_OK;
    return nnrt_fail_memory("the predictions", (size_t)(held * gathered->size) * sizeof(float));
}

nnrt_status nnrt_gather_open(nnrt_gathered *gathered, const nnrt_evaluator *evaluator,
                             int64_t number, int64_t count) {
    const nnrt_training *training = evaluator->training;
    const nnrt_loss *loss = &training->losses[number];
    const nnrt_output *output = &training->steps[0].evaluate.outputs[loss->output];
    int64_t classes = nnrt_targets_classes(evaluator->session, training, number);
    *gathered = (nnrt_gathered){.loss = loss, .size = output->size};
    gathered->kind = kind_of(evaluator, number, output, classes);
    if (has_labels(loss, output)) gathered->kind = NNRT_GATHERED_NOTHING;
    if (gathered->kind == NNRT_GATHERED_NOTHING) return NNRT_OK;
    gathered->has_one_unit = gathered->kind == NNRT_GATHERED_CLASSES && output->size == 1;
    if (gathered->has_one_unit) gathered->size = 2;
    return make_room(gathered, count);
}

void nnrt_gather_free(nnrt_gathered *gathered) {
    free(gathered->said);
    free(gathered->is);
    free(gathered->rows);
    *gathered = (nnrt_gathered){0};
}

static void add_sample(nnrt_gathered *gathered, const nnrt_view *view, int64_t sample,
                       int64_t place) {
    const float *output = nnrt_view_output(view, sample);
    float *said = gathered->said + place * gathered->size;
    if (gathered->kind == NNRT_GATHERED_CLASSES) {
        gathered->is[place] = (double)nnrt_view_class(view, sample, 0);
        memcpy(said + gathered->has_one_unit, output, (size_t)view->size * sizeof *said);
        return;
    }
    for (int64_t i = 0; i < view->size; i++) {
        said[i] = (float)nnrt_view_number(view, output[i]);
        gathered->is[place * gathered->size + i] = nnrt_view_target(view, sample, i);
    }
}

void nnrt_gather_add(nnrt_gathered *gathered, const nnrt_view *view, const uint32_t *rows,
                     int64_t place) {
    if (gathered->kind == NNRT_GATHERED_NOTHING) return;
    for (int64_t i = 0; i < view->rows; i++) {
        int64_t own = place + i;
        if (own % gathered->every || own / gathered->every >= gathered->count) continue;
        gathered->rows[own / gathered->every] = rows[own];
        add_sample(gathered, view, i, own / gathered->every);
    }
}

// ---- Probabilities.

static int are_shares(const nnrt_gathered *gathered) {
    int first = gathered->has_one_unit;
    for (int64_t i = 0; i < gathered->count; i++) {
        const float *said = gathered->said + i * gathered->size;
        double sum = 0;
        for (int64_t k = first; k < gathered->size; k++) {
            if (isfinite(said[k]) && (said[k] < 0 || said[k] > 1)) return 0;
            sum += (double)said[k];
        }
        if (!first && isfinite(sum) && fabs(sum - 1) > whole) return 0;
    }
    return 1;
}

static void softmax(float *values, int64_t count) {
    double largest = -INFINITY, sum = 0;
    for (int64_t i = 0; i < count; i++) largest = fmax(largest, (double)values[i]);
    for (int64_t i = 0; i < count; i++) sum += exp((double)values[i] - largest);
    for (int64_t i = 0; i < count; i++) values[i] = (float)(exp((double)values[i] - largest) / sum);
}

// Of what stands in their places.
static void make_shares(const nnrt_gathered *gathered, float *said) {
    int are_scores = !gathered->are_given;
    if (gathered->has_one_unit) {
        if (are_scores) said[1] = (float)(1 / (1 + exp(-(double)said[1])));
        said[0] = 1 - said[1];
    } else if (are_scores) {
        softmax(said, gathered->size);
    }
}

// What is called scores, and what is no probability. Losses of margins (hinge) have scores that
// are no logarithms: they order samples, and say no more.
void nnrt_gather_end(nnrt_gathered *gathered) {
    int64_t count = gathered->count * gathered->size;
    if (gathered->kind == NNRT_GATHERED_CLASSES) {
        gathered->are_given = !gathered->loss->are_scores && are_shares(gathered);
        gathered->are_shares = gathered->are_given || gathered->loss->are_scores;
        for (int64_t i = 0; i < gathered->count; i++)
            make_shares(gathered, gathered->said + i * gathered->size);
    }
    for (int64_t i = 0; i < count; i++) gathered->has_failed |= !isfinite(gathered->said[i]);
}

// ---- Reading.

int64_t nnrt_gathered_best(const nnrt_gathered *gathered, int64_t sample) {
    return nnrt_view_argmax(gathered->said + sample * gathered->size, gathered->size);
}

double nnrt_gathered_share(const nnrt_gathered *gathered, int64_t sample, int64_t class_index) {
    return (double)gathered->said[sample * gathered->size + class_index];
}

void nnrt_gathered_shares(const nnrt_gathered *gathered, const float *output, float *shares) {
    int64_t size = gathered->size - gathered->has_one_unit;
    memcpy(shares + gathered->has_one_unit, output, (size_t)size * sizeof *shares);
    make_shares(gathered, shares);
}

int64_t nnrt_gathered_class(const nnrt_gathered *gathered, int64_t sample) {
    double class_number = gathered->is[sample];
    int is_known = class_number >= 0 && class_number < (double)gathered->size;
    return is_known ? (int64_t)class_number : 0;
}

const char *nnrt_gathered_name(const nnrt_gathered *gathered, int64_t class_index,
                               char number[32]) {
    const nnrt_loss *loss = gathered->loss;
    return nnrt_class_name(loss->class_count == gathered->size ? loss->classes : NULL, class_index,
                           number);
}
