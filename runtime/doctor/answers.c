#include "answers.h"

#include "../metrics/output_metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct examiner {
    nnrt_exam *exam;
    const nnrt_session *session;
    const nnrt_function *function;
} examiner;

void nnrt_exam_free(nnrt_exam *exam) {
    for (int64_t i = 0; i < exam->output_count; i++) {
        free(exam->outputs[i].sums);
        free(exam->outputs[i].squares);
        free(exam->outputs[i].labels);
        free(exam->outputs[i].chosen);
    }
    *exam = (nnrt_exam){0};
}

static nnrt_status open_answers(nnrt_answers *answers, const nnrt_session *session,
                                const nnrt_training *training, int64_t number) {
    const nnrt_loss *loss = &training->losses[number];
    const nnrt_output *output = &training->steps[0].evaluate.outputs[loss->output];
    int64_t units = output->rank ? output->shape[output->rank - 1] : 1;
    int64_t classes = loss->is_classifier ? nnrt_targets_classes(session, training, number) : 0;
    if (units < 2 || classes > units) classes = 0; // yes and no are numbers, too
    *answers = (nnrt_answers){.loss = loss, .units = units, .classes = classes};
    answers->sums = calloc((size_t)units, sizeof *answers->sums);
    answers->squares = calloc((size_t)units, sizeof *answers->squares);
    answers->labels = calloc((size_t)units, sizeof *answers->labels);
    answers->chosen = calloc((size_t)units, sizeof *answers->chosen);
    if (answers->sums && answers->squares && answers->labels && answers->chosen) return NNRT_OK;
    return nnrt_fail_memory("what a model answers", (size_t)units * sizeof *answers->sums);
}

// ---- A batch.

static double entropy_of(double share) {
    if (!(share > 0 && share < 1)) return 0;
    return -(share * log(share) + (1 - share) * log(1 - share));
}

static void widen(double number, int is_first, double *low, double *high) {
    if (is_first || number < *low) *low = number;
    if (is_first || number > *high) *high = number;
}

static void add_output(nnrt_answers *a, double output, int64_t unit) {
    int is_first = a->elements == 0;
    double low = a->output_low, high = a->output_high;
    widen(output, is_first, &a->output_low, &a->output_high);
    if (is_first || a->output_low < low) a->at_low = 0;
    if (is_first || a->output_high > high) a->at_high = 0;
    a->at_low += output == a->output_low;
    a->at_high += output == a->output_high;
    a->sums[unit] += output;
    a->squares[unit] += output * output;
}

static void add_target(nnrt_answers *a, double target, double output) {
    widen(target, a->elements == 0, &a->target_low, &a->target_high);
    a->target_sum += target;
    a->target_squares += target * target;
    a->residual += (target - output) * (target - output);
    a->floor += entropy_of(target);
}

static double number_of(const nnrt_view *view, float output) {
    return (double)output * view->output_scale + view->output_offset;
}

static void add_sample(nnrt_answers *a, const nnrt_view *view, int64_t sample) {
    const float *outputs = view->outputs + sample * view->stride;
    for (int64_t i = 0; i < view->size; i++) {
        double output = a->classes ? (double)outputs[i] : number_of(view, outputs[i]);
        add_output(a, output, i % a->units);
        if (!a->classes) add_target(a, nnrt_view_target(view, sample, i), output);
        a->elements++;
    }
    for (int64_t place = 0; place < view->size / a->units && a->classes; place++) {
        if (!nnrt_view_counts(view, sample, place)) continue;
        int64_t label = nnrt_view_class(view, sample, place);
        int64_t chosen = nnrt_view_argmax(outputs + place * a->units, a->units);
        a->places++;
        a->right += label == chosen;
        if (label >= 0 && label < a->units) a->labels[label]++;
        a->chosen[chosen]++;
    }
    a->samples++;
}

static void after_step(void *argument, const nnrt_context *context) {
    examiner *e = argument;
    for (int64_t i = 0; i < e->exam->output_count; i++) {
        nnrt_answers *answers = &e->exam->outputs[i];
        nnrt_view view = nnrt_loss_view(e->session, e->function, answers->loss);
        nnrt_view_batch(&view, e->function, context, answers->loss);
        for (int64_t sample = 0; sample < view.rows; sample++) add_sample(answers, &view, sample);
    }
}

// ---- The pass.

typedef struct walk {
    nnrt_pass pass;
    nnrt_pace pace;
    uint32_t *order;
    double *losses;
    nnrt_loader *loader;
} walk;

static nnrt_status open_walk(walk *w, nnrt_session *session, const nnrt_training *training,
                             const nnrt_part *part, int64_t batch) {
    const nnrt_train_step *step = &training->steps[0];
    nnrt_turn turn;
    nnrt_status status = nnrt_turn_open(&turn, session, &step->evaluate, step->report_count);
    if (status) return status;
    nnrt_pass_add(&w->pass, &turn);
    nnrt_pace_start(&w->pace, 1);
    w->pass.team = session->team;
    w->pass.pace = &w->pace;
    w->pass.data = &session->data;
    w->pass.rows = part->rows;
    w->pass.count = part->count;
    w->pass.batch = batch < part->count ? batch : part->count;
    w->pass.steps = nnrt_step_count(part->count, w->pass.batch);
    size_t values = (size_t)(w->pass.steps * w->pass.values);
    w->order = malloc(((size_t)part->count + 1) * sizeof *w->order);
    w->losses = malloc((values + 1) * sizeof *w->losses);
    if (!w->order || !w->losses) return nnrt_fail_memory("an evaluation", values);
    w->pass.losses = w->losses;
    if (w->pass.keeps) {
        nnrt_order_strands(part->rows, part->count, w->pass.batch, w->order);
        w->pass.rows = w->order;
    }
    if (!nnrt_loader_is_needed(&session->data, NNRT_FOR_EVALUATION)) return NNRT_OK;
    w->loader = nnrt_loader_create(&session->data, NNRT_FOR_EVALUATION, w->pass.batch, 1, -1);
    return w->loader ? NNRT_OK : NNRT_ERROR;
}

static nnrt_status run_walk(walk *w, examiner *e) {
    w->pass.argument = e;
    w->pass.after = after_step;
    nnrt_pass_forget(&w->pass);
    nnrt_pass_load(&w->pass, w->loader);
    while (nnrt_pass_advance(&w->pass, 1)) continue;
    e->exam->loss = nnrt_pass_loss(&w->pass);
    return w->loader ? nnrt_loader_status(w->loader) : NNRT_OK;
}

nnrt_status nnrt_exam_take(nnrt_exam *exam, nnrt_session *session, const nnrt_training *training,
                           const nnrt_part *part, int64_t batch) {
    examiner e = {exam, session, &training->steps[0].evaluate};
    walk w = {0};
    nnrt_status status = NNRT_OK;
    *exam = (nnrt_exam){0};
    for (int64_t i = 0; i < training->loss_count && !status; i++)
        status = open_answers(&exam->outputs[exam->output_count++], session, training, i);
    if (!status) status = open_walk(&w, session, training, part, batch);
    if (!status) status = run_walk(&w, &e);
    nnrt_loader_free(w.loader);
    free(w.order);
    free(w.losses);
    if (status) nnrt_exam_free(exam);
    return status;
}

// ---- What follows from it.

double nnrt_answers_explained(const nnrt_answers *a) {
    double count = (double)a->elements;
    double variance = a->target_squares - a->target_sum * a->target_sum / count;
    if (!(variance > 1e-12 * a->target_squares)) return a->residual < 1e-6 ? 1 : 0;
    return 1 - a->residual / variance;
}

double nnrt_answers_spread(const nnrt_answers *a) {
    double largest = 0, count = (double)a->elements / (double)a->units;
    for (int64_t unit = 0; unit < a->units; unit++) {
        double mean = a->sums[unit] / count, variance = a->squares[unit] / count - mean * mean;
        // Rounding leaves something of equal numbers.
        if (variance > 1e-10 * mean * mean && variance > largest) largest = variance;
    }
    return sqrt(largest);
}

double nnrt_answers_entropy(const nnrt_answers *a) {
    double sum = 0;
    for (int64_t i = 0; i < a->units && a->places; i++) {
        double share = (double)a->labels[i] / (double)a->places;
        if (share > 0) sum -= share * log(share);
    }
    return sum;
}
