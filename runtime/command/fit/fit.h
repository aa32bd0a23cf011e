// `fit` at work: what its files share.
#ifndef NNRT_FIT_H
#define NNRT_FIT_H

#include "../../report/history.h"
#include "../../report/profile_report.h"
#include "../../report/progress.h"
#include "../../report/samples.h"
#include "../../train/callbacks.h"
#include "../../train/trainer.h"
#include "../evaluate.h"

typedef struct nnrt_fit {
    nnrt_session *session;
    const nnrt_options *options;
    const char *save_path;
    nnrt_trainer trainer;
    nnrt_evaluator evaluator;
    int has_evaluator;
    nnrt_progress progress;
    nnrt_callbacks callbacks;
    nnrt_history history;
    nnrt_samples pictures;   // of `samples = ...`
    nnrt_file *step_log;     // NULL: none
    nnrt_profile **profiles; // [training block][NNRT_MAX_TURNS], with --profile; NULL: none
    nnrt_roof roof;
    int64_t epochs, steps; // done, over all training blocks
    int64_t samples;
    double seconds, step_seconds; // in all; in training steps
    double waited;                // of the latter, for batches to be made
    nnrt_log test;
    int64_t best_epoch; // whose weights were restored, from 1; 0: none
    int64_t started;    // nnrt_weights_now()
    int is_unfinished, was_interrupted, was_stopped, log_failed;
    int has_older; // weights of an older run are kept beside the new ones
} nnrt_fit;

// Those of a training block, [NNRT_MAX_TURNS].
nnrt_profile **nnrt_fit_profiles(const nnrt_fit *f, const nnrt_training *training);

// What is saved with the weights as they are.
nnrt_weights_info nnrt_fit_weights_info(const nnrt_fit *f);

// The training blocks, one after the other.
nnrt_status nnrt_fit_trainings(nnrt_fit *f);
// An epoch of the block, from 0: its steps, validation, callbacks.
nnrt_status nnrt_fit_epoch(nnrt_fit *f, int64_t epoch);

// Before training: may all be written? Opens the logs.
nnrt_status nnrt_fit_check_outputs(nnrt_fit *f);
// At its end, for whatever reason (`status`): saves what there is, reports it, gives the reason.
nnrt_status nnrt_fit_finish(nnrt_fit *f, nnrt_status status);

// The results as JSON; the profiles as text.
nnrt_status nnrt_fit_print_json(const nnrt_fit *f);
nnrt_status nnrt_fit_print_profiles(const nnrt_fit *f);

#endif
