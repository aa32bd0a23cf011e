#include "forecast.h"

#include "../../base/clock.h"
#include "../../base/interrupt.h"
#include "../../base/memory.h"
#include "../../train/trainer.h"
#include "../evaluate.h"

#include <stdlib.h>
#include <string.h>

// Seconds. What is warmed up: caches, pages, the choice of workers.
static const double warm_up = 0.3, measured = 2, validated = 0.2, chunk_seconds = 0.025;
// Steps as long as this are not tried with fewer workers, which would take as long again.
static const double long_step = 0.2;

// Chunks of steps, and what is between two epochs: the order of the next one, and its loader.
typedef struct span {
    double samples, seconds;
    double rounds, round_seconds;
} span;

// The mean, as an epoch is the sum of all its steps, slow ones included.
static void train_for(nnrt_trainer *trainer, double seconds, span *s) {
    *s = (span){0};
    do {
        double start = nnrt_seconds();
        if (trainer->pass.step >= trainer->pass.steps) {
            nnrt_trainer_go_round(trainer);
            s->round_seconds += nnrt_seconds() - start;
            s->rounds++;
            start = nnrt_seconds();
        }
        int64_t before = nnrt_pass_samples(&trainer->pass);
        nnrt_pass_advance(&trainer->pass, chunk_seconds);
        s->samples += (double)(nnrt_pass_samples(&trainer->pass) - before);
        s->seconds += nnrt_seconds() - start;
    } while (s->seconds + s->round_seconds < seconds && !nnrt_interrupted());
}

static void warm(nnrt_trainer *trainer) {
    span first, rest;
    train_for(trainer, 0, &first);
    if (first.seconds > long_step)
        trainer->pace.choices = 1;
    else
        train_for(trainer, warm_up, &rest);
}

static void between_epochs(nnrt_trainer *trainer, span *s) {
    if (s->rounds > 0) return;
    double start = nnrt_seconds();
    nnrt_trainer_start_epoch(trainer, trainer->pass.epoch, 0);
    s->round_seconds = nnrt_seconds() - start;
    s->rounds = 1;
}

static nnrt_status time_steps(nnrt_forecast *forecast, nnrt_session *session,
                              const nnrt_training *training, int64_t batch) {
    nnrt_trainer trainer;
    span s;
    nnrt_status status = nnrt_trainer_open(&trainer, session, training, batch, 0, 1);
    if (status) return status;
    trainer.seed = (uint64_t)session->options->seed;
    trainer.shuffle = !session->options->no_shuffle;
    nnrt_trainer_start_epoch(&trainer, 0, 0);
    warm(&trainer);
    train_for(&trainer, measured, &s);
    between_epochs(&trainer, &s);
    if (trainer.loader) status = nnrt_loader_status(trainer.loader);
    forecast->batch = trainer.batch;
    forecast->threads = trainer.pace.workers[0];
    forecast->step = s.seconds / s.samples * (double)trainer.batch;
    if (!forecast->is_made_up)
        forecast->epoch =
            s.seconds / s.samples * (double)session->data.train.count + s.round_seconds / s.rounds;
    nnrt_trainer_close(&trainer);
    return status;
}

// More and more samples, until they take long enough, or are all; a last time where that was short.
static nnrt_status time_part(nnrt_evaluator *evaluator, const nnrt_part *part, double *seconds) {
    nnrt_part some = *part;
    double taken = 0;
    nnrt_status status = NNRT_OK;
    int is_last = 0;
    for (int64_t count = evaluator->training->batch; !is_last && !status; count *= 2) {
        nnrt_log log = {0};
        is_last = some.count == part->count && count > evaluator->training->batch;
        some.count = count < part->count ? count : part->count;
        double start = nnrt_seconds();
        status = nnrt_evaluator_run(evaluator, &some, "", &log);
        taken = nnrt_seconds() - start;
        is_last |= taken > validated;
    }
    *seconds = taken * (double)part->count / (double)some.count;
    return status;
}

static nnrt_status time_validation(nnrt_forecast *forecast, nnrt_session *session,
                                   const nnrt_training *training) {
    const nnrt_part *part = &session->data.validation;
    nnrt_evaluator evaluator;
    if (forecast->is_made_up || !part->count) return NNRT_OK;
    nnrt_status status = nnrt_evaluator_open(&evaluator, session, training, 0);
    if (status) return status;
    status = time_part(&evaluator, part, &forecast->validation);
    nnrt_evaluator_close(&evaluator);
    forecast->epoch += forecast->validation;
    return status;
}

nnrt_status nnrt_forecast_measure(nnrt_forecast *forecast, nnrt_session *session,
                                  const nnrt_training *training, int64_t batch) {
    nnrt_status status = time_steps(forecast, session, training, batch);
    if (!status) status = time_validation(forecast, session, training);
    if (!status)
        forecast->roof = nnrt_roof_measure(session->program, session->team, (int)forecast->threads);
    return status;
}

nnrt_status nnrt_forecast_apart(nnrt_forecast *forecast, nnrt_session *session,
                                const nnrt_training *training, int64_t batch) {
    size_t bytes = (size_t)session->program->weights_size * sizeof(float);
    int is_affordable = !session->program->is_sparing && (int64_t)bytes <= nnrt_free_memory() / 4;
    float *kept = is_affordable ? malloc(bytes + 1) : NULL;
    if (!kept) return NNRT_OK;
    memcpy(kept, session->weights.values, bytes);
    nnrt_status status = nnrt_forecast_measure(forecast, session, training, batch);
    memcpy(session->weights.values, kept, bytes);
    nnrt_session_drop_arenas(session);
    free(kept);
    return status;
}
