// One epoch: its steps, validation, reports, callbacks.
#include "fit.h"

#include "../../base/clock.h"
#include "../../base/interrupt.h"
#include "../../files/file.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static const double chunk_seconds = 0.025;

static void log_step(nnrt_fit *f, int64_t step, double loss) {
    nnrt_file_print(f->step_log, "%" PRId64 ",%.9g\n", f->steps + step + 1,
                    isnan(loss) ? (double)NAN : loss); // no sign
}

static void log_steps(nnrt_fit *f, int64_t from) {
    const nnrt_pass *pass = &f->trainer.pass;
    for (int64_t step = from; f->step_log && step < pass->step; step++)
        log_step(f, step, nnrt_pass_step_loss(pass, step));
}

static nnrt_status run_steps(nnrt_fit *f) {
    nnrt_pass *pass = &f->trainer.pass;
    for (;;) {
        int64_t from = pass->step;
        double start = nnrt_seconds();
        pass->pause = nnrt_fit_next_pause(f);
        if (f->checkup && nnrt_checkup_is_due(f->checkup))
            nnrt_checkup_step(f->checkup);
        else if (!nnrt_pass_advance(pass, chunk_seconds))
            return NNRT_OK;
        f->step_seconds += nnrt_seconds() - start;
        log_steps(f, from);
        nnrt_status loaded = pass->loader ? nnrt_loader_status(pass->loader) : NNRT_OK;
        if (loaded) return loaded;
        int64_t turn, bad = nnrt_trainer_not_finite(&f->trainer, from, &turn);
        if (bad >= 0) return nnrt_fit_not_finite(f, bad, turn);
        if (!nnrt_recall_take(&f->recall, 0)) return nnrt_fit_not_finite(f, -1, 0);
        if (nnrt_progress_due(&f->progress)) {
            nnrt_log log;
            log.count = 0; // the rest is large
            nnrt_log_add(&log, "", f->trainer.training, pass, &f->trainer.metrics);
            nnrt_progress_step(&f->progress, pass->step, &log);
        }
        // An epoch that is complete counts as one.
        if (nnrt_interrupted()) return pass->step < pass->steps ? NNRT_INTERRUPTED : NNRT_OK;
        if (pass->step < pass->steps) nnrt_fit_keep(f, 0);
    }
}

static nnrt_status validate(nnrt_fit *f, nnrt_log *log) {
    const nnrt_part *part = &f->session->data.validation;
    if (!f->has_evaluator || !part->count) return NNRT_OK;
    nnrt_callbacks_look(&f->callbacks);
    nnrt_status status = nnrt_evaluator_run(&f->evaluator, part, "val_", log);
    nnrt_callbacks_look(&f->callbacks);
    return status;
}

// As of callbacks: the first failure is said, and does not end the training.
static void save_samples(nnrt_fit *f, int64_t epoch) {
    nnrt_callbacks_look(&f->callbacks);
    nnrt_status status = nnrt_samples_save(&f->pictures, epoch);
    nnrt_callbacks_look(&f->callbacks);
    if (!status) return;
    f->pictures.training = NULL;
    f->log_failed = 1;
    fprintf(stderr, "warning: %s; training goes on without `samples`\n", nnrt_error());
}

// A sum that changes when callbacks lower one.
static double rates(const nnrt_trainer *trainer) {
    double sum = 0;
    for (int64_t i = 0; i < trainer->training->step_count; i++)
        sum += trainer->schedules[i].initial;
    return sum;
}

static nnrt_status end_epoch(nnrt_fit *f, nnrt_log *log) {
    nnrt_trainer *trainer = &f->trainer;
    double before = rates(trainer);
    nnrt_weights_info info = nnrt_fit_told_info(f);
    save_samples(f, f->callbacks.epochs_before + f->epoch + 1);
    nnrt_callbacks_log(&f->callbacks, trainer->steps_done, log);
    nnrt_progress_end(&f->progress, trainer->pass.step, log);
    nnrt_fit_judge(f, log);
    nnrt_status status = nnrt_history_add(&f->history, log);
    nnrt_fit_log_run(f, f->callbacks.epochs_before + f->epoch + 1, log);
    if (!status) f->was_stopped = nnrt_callbacks_epoch(&f->callbacks, f->epoch, log, &info);
    f->must_recall = rates(trainer) != before;
    return status;
}

static void count_steps(nnrt_fit *f) {
    nnrt_trainer *trainer = &f->trainer;
    f->progress.waited = nnrt_loader_waited(trainer->loader);
    f->waited += f->progress.waited;
    f->steps += trainer->pass.step;
    f->samples += nnrt_pass_samples(&trainer->pass);
    nnrt_trainer_end_epoch(trainer);
}

// A checkpoint of the middle of an epoch is one of before its end: what follows its steps is done
// again by who goes on from there. So it is where --steps ends an epoch early.
nnrt_status nnrt_fit_epoch(nnrt_fit *f) {
    nnrt_trainer *trainer = &f->trainer;
    nnrt_log log;
    log.count = 0; // the rest is large
    int64_t number = f->callbacks.epochs_before + f->epoch;
    int64_t limit = f->options->steps ? f->options->steps - f->steps : 0;
    nnrt_trainer_start_epoch(trainer, number, limit);
    int64_t all = nnrt_step_count(trainer->pass.count, trainer->batch);
    nnrt_progress_epoch(&f->progress, number, all, trainer->pass.step);
    int is_finite = nnrt_recall_take(&f->recall, f->must_recall);
    nnrt_status stepped = is_finite ? run_steps(f) : nnrt_fit_not_finite(f, -1, 0);
    nnrt_status status = stepped;
    f->must_recall = 0;
    nnrt_pass_settle(&trainer->pass);
    if (f->checkup) nnrt_checkup_epoch(f->checkup);
    nnrt_log_add(&log, "", trainer->training, &trainer->pass, &trainer->metrics);
    if (!status) status = validate(f, &log);
    int is_cut = !status && trainer->pass.step < all;
    if (status == NNRT_INTERRUPTED || is_cut) nnrt_fit_keep(f, 1);
    count_steps(f);
    if (stepped) return stepped;
    f->epochs++;
    if (status) return nnrt_history_add(&f->history, &log) ? NNRT_ERROR : status;
    return end_epoch(f, &log);
}
