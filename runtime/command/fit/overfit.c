// `fit --overfit N`: can the model learn N batches by heart? One that cannot will learn nothing of
// all data either, and the reasons are easier to see. Nothing is saved.
#include "fit.h"

#include "../../base/clock.h"
#include "../../base/interrupt.h"
#include "../../base/numbers/hash.h"
#include "../../doctor/answers.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double near_zero = 0.02; // of what the loss was above its least value
static const double explained = 0.98; // of the variance of targets that are numbers
static const double default_seconds = 60, still_falling = 0.97;
enum { DEFAULT_STEPS = 20000, FIRST_LOOK = 50, PATIENCE = 2000, REASONS = 4000 };

typedef struct attempt {
    nnrt_fit *f;
    const nnrt_training *training;
    nnrt_part whole, part; // of the training samples
    double first, best, last,
        half;         // losses of training: of the first steps, .., when half were done
    double evaluated; // of the last look, without dropout and the like
    double seconds;
    int64_t steps, half_steps;
    int is_reached, is_stuck;
    char reasons[REASONS];
    size_t used;
    int64_t count; // of reasons
} attempt;

// ---- The batches.

// Those that the first epoch begins with, so that they have samples of all kinds.
static nnrt_status choose(attempt *a) {
    nnrt_fit *f = a->f;
    nnrt_status status = nnrt_trainer_open(&f->trainer, f->session, a->training, f->call.batch,
                                           f->call.learning_rate, 0);
    if (status) return status;
    f->trainer.seed = (uint64_t)f->call.seed;
    f->trainer.shuffle = f->call.shuffle;
    nnrt_trainer_start_epoch(&f->trainer, 0, 0);
    int64_t all = f->trainer.pass.count, count = f->options->overfit * f->trainer.batch;
    if (count > all || count < 0) count = all;
    a->part = (nnrt_part){malloc((size_t)count * sizeof(uint32_t)), count};
    if (a->part.rows)
        memcpy(a->part.rows, f->trainer.pass.rows, (size_t)count * sizeof *a->part.rows);
    nnrt_loader_stop(f->trainer.loader);
    nnrt_trainer_close(&f->trainer);
    a->whole = f->session->data.train;
    if (!a->part.rows) return nnrt_fail_memory("the samples", (size_t)count);
    f->session->data.train = a->part;
    return NNRT_OK;
}

static double same_rate(const nnrt_schedule *schedule, double step) {
    (void)step;
    return schedule->initial;
}

// A schedule is made for all data: here its largest rate stays.
static void hold_rates(nnrt_trainer *trainer, int64_t steps) {
    for (int64_t i = 0; i < trainer->training->step_count; i++) {
        nnrt_schedule *schedule = &trainer->schedules[i];
        double largest = 0;
        for (int64_t k = 0; k <= 100; k++)
            largest = fmax(largest, nnrt_schedule_rate(schedule, k * steps / 100));
        *schedule = (nnrt_schedule){.rate = same_rate, .initial = largest};
    }
}

static nnrt_status open_trainer(attempt *a) {
    nnrt_fit *f = a->f;
    nnrt_trainer *trainer = &f->trainer;
    int64_t steps = nnrt_step_count(a->whole.count, a->training->batch) * a->training->epochs;
    nnrt_status status = nnrt_trainer_open(trainer, f->session, a->training, f->call.batch,
                                           f->call.learning_rate, 0);
    if (status) return status;
    hold_rates(trainer, steps);
    trainer->seed = (uint64_t)f->call.seed;
    trainer->shuffle = f->call.shuffle;
    return NNRT_OK;
}

// ---- Is it near 0?

static double floor_of(const nnrt_exam *exam) {
    double floor = 0;
    for (int64_t i = 0; i < exam->output_count; i++) {
        const nnrt_answers *answers = &exam->outputs[i];
        if (answers->loss->is_classifier && !answers->classes)
            floor += answers->floor / (double)answers->elements;
    }
    return floor;
}

static int is_good(const attempt *a, const nnrt_exam *exam) {
    double floor = exam->output_count == 1 ? floor_of(exam) : 0;
    double loss = fmin(exam->loss, a->best);
    int is_near = loss - floor <= near_zero * (a->first - floor);
    for (int64_t i = 0; i < exam->output_count; i++) {
        const nnrt_answers *answers = &exam->outputs[i];
        if (!answers->loss->is_classifier) is_near = nnrt_answers_explained(answers) >= explained;
        if (!is_near) return 0;
    }
    return 1;
}

// ---- Why not?

__attribute__((format(printf, 2, 3))) static void because(attempt *a, const char *format, ...) {
    va_list arguments;
    size_t left = sizeof a->reasons - a->used;
    int used = snprintf(a->reasons + a->used, left, "\n  - ");
    a->used += (size_t)used < left ? (size_t)used : left - 1;
    left = sizeof a->reasons - a->used;
    va_start(arguments, format);
    used = vsnprintf(a->reasons + a->used, left, format, arguments);
    va_end(arguments);
    if (used > 0) a->used += (size_t)used < left ? (size_t)used : left - 1;
    a->count++;
}

typedef struct sample {
    uint64_t inputs, targets;
} sample;

static int by_inputs(const void *a, const void *b) {
    const sample *x = a, *y = b;
    if (x->inputs != y->inputs) return x->inputs < y->inputs ? -1 : 1;
    return x->targets < y->targets ? -1 : x->targets > y->targets;
}

static int hash_sample(const nnrt_data *data, uint32_t row, char *buffer, sample *to) {
    const nnrt_data_info *info = &data->info;
    *to = (sample){NNRT_HASH_START, NNRT_HASH_START};
    for (int64_t i = 0; i < info->input_count + info->target_count; i++) {
        const nnrt_column *column = nnrt_data_column(info, i);
        int64_t bytes = column->size * (column->dtype == NNRT_U8 ? 1 : 4);
        if (nnrt_data_sample(data, i, row, buffer)) return 0;
        uint64_t *hash = i < info->input_count ? &to->inputs : &to->targets;
        *hash = nnrt_hash_add(*hash, buffer, bytes);
    }
    return 1;
}

static int64_t largest_sample(const nnrt_data *data) {
    int64_t largest = 0;
    for (int64_t i = 0; i < data->info.input_count + data->info.target_count; i++)
        if (nnrt_data_column(&data->info, i)->size > largest)
            largest = nnrt_data_column(&data->info, i)->size;
    return largest;
}

// Of sorted samples the end of those that have the inputs of the first.
static int64_t end_of_inputs(const sample *samples, int64_t first, int64_t count) {
    int64_t end = first + 1;
    while (end < count && samples[end].inputs == samples[first].inputs) end++;
    return end;
}

// Samples whose inputs others have with other targets: nobody can tell them apart.
static int64_t count_contradictions(const nnrt_data *data, const nnrt_part *part) {
    sample *samples = malloc((size_t)part->count * sizeof *samples);
    char *buffer = malloc((size_t)largest_sample(data) * 4 + 64);
    int64_t count = 0;
    int is_known = samples && buffer;
    for (int64_t i = 0; i < part->count && is_known; i++)
        is_known = hash_sample(data, part->rows[i], buffer, &samples[i]);
    if (is_known) qsort(samples, (size_t)part->count, sizeof *samples, by_inputs);
    for (int64_t first = 0, end; first < part->count && is_known; first = end) {
        end = end_of_inputs(samples, first, part->count);
        if (samples[first].targets != samples[end - 1].targets) count += end - first;
    }
    free(samples);
    free(buffer);
    return count;
}

static void blame_data(attempt *a) {
    const nnrt_data *data = &a->f->session->data;
    int64_t count = data->info.target_count ? count_contradictions(data, &a->part) : 0;
    if (count)
        because(a,
                "%" PRId64 " samples have the same inputs as others and other targets: "
                "no model can tell them apart. What helps: columns that do, or clean labels",
                count);
    if (data->info.augment.kinds)
        because(a, "`augment` makes other samples of them in each epoch: try without it");
}

// "`dropout` (line 7)"
static void list_noise(const attempt *a, char *text, size_t size) {
    const nnrt_model *model = &a->f->session->program->models[a->training->model];
    size_t used = 0;
    for (int64_t i = 0; i < model->layer_count && used < size - 1; i++) {
        const nnrt_layer *layer = &model->layers[i];
        if (!layer->is_noise) continue;
        int length = snprintf(text + used, size - used, "%s`%.60s` (line %" PRId64 ")",
                              used ? ", " : "", layer->name, layer->line);
        used = length > 0 && used + (size_t)length < size ? used + (size_t)length : size - 1;
    }
}

static void blame_training(attempt *a) {
    char layers[512] = "";
    list_noise(a, layers, sizeof layers);
    if (*layers) because(a, "%s: chance takes part of what is learnt away; try without", layers);
    const nnrt_train_step *step = &a->training->steps[0];
    if (step->weight_decay > 0)
        because(a, "`weight_decay = %g` of `%s` draws the weights to 0", step->weight_decay,
                step->optimizer.name);
    if (step->penalized)
        because(a, "regularizers add to the loss what the weights are, so that it is never 0: try "
                   "without");
}

// Targets that the outputs cannot reach.
static void blame_outputs(attempt *a, const nnrt_answers *answers) {
    double room = 0.01 * (answers->target_high - answers->target_low);
    const char *name = answers->loss->label ? answers->loss->label : "the output";
    int low_is_wall = answers->at_low > 1 && answers->target_low < answers->output_low - room;
    int high_is_wall = answers->at_high > 1 && answers->target_high > answers->output_high + room;
    if (a->part.count > 1 &&
        nnrt_answers_spread(answers) <= 1e-6 * (fabs(answers->output_high) + 1e-6)) {
        because(a,
                "%s is the same for all samples, %.6g: no gradient reaches what is before it "
                "(units that are dead, a loss that does not depend on it, unscaled inputs); see "
                "`fit --doctor`",
                name, answers->output_high);
        return;
    }
    if (answers->classes) return;
    int is_unit = answers->output_low >= -1.0001 && answers->output_high <= 1.0001 &&
                  (answers->target_low < -1.01 || answers->target_high > 1.01) &&
                  (answers->output_high > 0.99 || answers->output_low < -0.99);
    if (low_is_wall || high_is_wall || is_unit)
        because(a,
                "%s stays within %.6g .. %.6g, but targets are %.6g .. %.6g: another "
                "activation of the last layer (none, for numbers), or `standardize(target = "
                "true)`",
                name, answers->output_low, answers->output_high, answers->target_low,
                answers->target_high);
}

static void blame_size(attempt *a, const nnrt_exam *exam) {
    int64_t numbers = 0;
    for (int64_t i = 0; i < exam->output_count; i++)
        numbers += exam->outputs[i].classes ? exam->outputs[i].places : exam->outputs[i].elements;
    if (a->training->steps[0].trainable < numbers)
        because(a,
                "%" PRId64 " parameters are trained, and %" PRId64 " targets are to be learnt "
                "by heart: more units",
                a->training->steps[0].trainable, numbers);
    if (!a->training->steps[0].trainable) because(a, "no parameter is trained: all are frozen");
}

static void blame_rate(attempt *a) {
    double rate = nnrt_schedule_rate(&a->f->trainer.schedules[0], 0);
    if (!isfinite(a->first))
        because(a, "the first loss is not finite: `fit` without `--overfit` says which value is "
                   "the first one that is not");
    else if (!isfinite(a->last) || a->last > 1.5 * a->first)
        because(a, "the loss rises: a smaller learning rate (--learning-rate, now %g)", rate);
    else if (!a->is_stuck)
        because(a,
                "the loss is falling still: more steps (--steps, --max-time), or a larger "
                "learning rate (--learning-rate, now %g)",
                rate);
    else if (!a->count)
        because(a,
                "the loss does not fall any more: another learning rate (--learning-rate, now "
                "%g), or more units and layers",
                rate);
}

// ---- The training.

static nnrt_status look(attempt *a, nnrt_exam *exam) {
    nnrt_status status =
        nnrt_exam_take(exam, a->f->session, a->training, &a->part, a->f->trainer.batch);
    if (status) return status;
    a->evaluated = exam->loss;
    a->is_reached = is_good(a, exam);
    return NNRT_OK;
}

// Twice as many steps without a gain: it will not come.
static void compare_halves(attempt *a) {
    if (a->steps < 2 * a->half_steps) return;
    a->is_stuck = a->steps >= PATIENCE && a->best > still_falling * a->half;
    a->half = a->best;
    a->half_steps = a->steps;
}

static nnrt_status run_epoch(attempt *a, int64_t epoch) {
    nnrt_trainer *trainer = &a->f->trainer;
    nnrt_trainer_start_epoch(trainer, epoch, 0);
    while (nnrt_pass_advance(&trainer->pass, 0.05))
        if (nnrt_interrupted()) return nnrt_fail(NNRT_INTERRUPTED, "interrupted");
    nnrt_pass_settle(&trainer->pass);
    nnrt_status status = trainer->loader ? nnrt_loader_status(trainer->loader) : NNRT_OK;
    a->last = nnrt_pass_loss(&trainer->pass);
    a->steps += trainer->pass.step;
    if (epoch == 0) a->first = a->best = a->half = a->last;
    if (a->last < a->best) a->best = a->last;
    nnrt_trainer_end_epoch(trainer);
    nnrt_trainer_reset(trainer);
    return status;
}

static nnrt_status train(attempt *a, nnrt_exam *exam) {
    const nnrt_options *options = a->f->options;
    int64_t most = options->steps ? options->steps : DEFAULT_STEPS, next = FIRST_LOOK;
    double start = nnrt_seconds(), end = options->max_time > 0 ? INFINITY : start + default_seconds;
    nnrt_status status = NNRT_OK;
    for (int64_t epoch = 0; !status; epoch++) {
        status = run_epoch(a, epoch);
        a->seconds = nnrt_seconds() - start;
        if (status == NNRT_INTERRUPTED && nnrt_interrupted_by_time()) status = NNRT_OK;
        int is_over =
            a->steps >= most || nnrt_seconds() > end || !isfinite(a->last) || nnrt_interrupted();
        if (status || (!is_over && a->steps < next)) continue;
        next = a->steps + a->steps / 10 + 1;
        compare_halves(a);
        nnrt_exam_free(exam);
        status = look(a, exam);
        if (a->is_reached || a->is_stuck || is_over) break;
    }
    return status;
}

static void put_json(const attempt *a) {
    nnrt_json json = {0};
    nnrt_json_open(&json, NULL, '{');
    nnrt_json_boolean(&json, "reached", a->is_reached);
    nnrt_json_integer(&json, "samples", a->part.count);
    nnrt_json_integer(&json, "steps", a->steps);
    nnrt_json_number(&json, "seconds", a->seconds);
    nnrt_json_number(&json, "first_loss", a->first);
    nnrt_json_number(&json, "loss", a->last);
    nnrt_json_number(&json, "evaluated_loss", a->evaluated);
    nnrt_json_close(&json, '}');
    nnrt_json_print(&json);
}

static double without_sign(double loss) {
    return isnan(loss) ? (double)NAN : loss;
}

static nnrt_status report(attempt *a, const nnrt_exam *exam) {
    double floor = floor_of(exam);
    char least[64] = "";
    if (floor > 0.001) snprintf(least, sizeof least, ", whose least value is %.4g here", floor);
    if (a->f->options->json) put_json(a);
    if (a->is_reached) {
        if (!a->f->options->json)
            printf("%" PRId64 " sample%s learnt by heart: the loss%s fell from %.4g to %.4g (%.4g "
                   "in evaluation) in %" PRId64 " steps, %.2g s\n",
                   a->part.count, a->part.count == 1 ? " is" : "s are", least, a->first, a->last,
                   a->evaluated, a->steps, a->seconds);
        return NNRT_OK;
    }
    blame_data(a);
    blame_training(a);
    for (int64_t i = 0; i < exam->output_count; i++) blame_outputs(a, &exam->outputs[i]);
    blame_size(a, exam);
    blame_rate(a);
    return nnrt_fail(NNRT_ERROR,
                     "%" PRId64 " sample%s not learnt by heart: the loss%s was %.4g first, and is "
                     "%.4g (%.4g in evaluation) after %" PRId64 " steps, %.2g s%s",
                     a->part.count, a->part.count == 1 ? " is" : "s are", least,
                     without_sign(a->first), without_sign(a->last), without_sign(a->evaluated),
                     a->steps, a->seconds, a->reasons);
}

nnrt_status nnrt_fit_overfit(nnrt_fit *f) {
    attempt a = {.f = f, .training = nnrt_session_training(f->session), .half_steps = FIRST_LOOK};
    nnrt_exam exam = {0};
    if (!a.training->loss_count)
        return nnrt_fail(NNRT_USAGE,
                         "`--overfit` is of trainings with `loss = ..`: what steps of one's own "
                         "minimize may have no least value");
    nnrt_status status = nnrt_session_use_data(f->session, a.training);
    if (!status && !f->resume.is_found) status = nnrt_fit_start_weights(f->session);
    if (!status) status = choose(&a);
    if (!status) status = open_trainer(&a);
    nnrt_interrupt_wait();
    if (!status) status = train(&a, &exam);
    if (!status) status = report(&a, &exam);
    nnrt_exam_free(&exam);
    nnrt_trainer_close(&f->trainer);
    if (a.part.rows) f->session->data.train = a.whole;
    free(a.part.rows);
    return status;
}
