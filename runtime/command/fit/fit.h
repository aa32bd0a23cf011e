// `fit` at work: what its files share.
#ifndef NNRT_FIT_H
#define NNRT_FIT_H

#include "../../doctor/checkup.h"
#include "../../doctor/recall.h"
#include "../../report/history.h"
#include "../../report/pictures/samples.h"
#include "../../report/profile_report.h"
#include "../../report/progress/progress.h"
#include "../../report/runs/run.h"
#include "../../state/keeper.h"
#include "../../train/callbacks.h"
#include "../../train/trainer.h"
#include "../evaluate.h"

// The checkpoints of --checkpoint, or of `checkpoint(every = ..)`.
typedef struct nnrt_fit_keeping {
    nnrt_state state; // of the block at work
    nnrt_snapshot snapshot;
    nnrt_keeper *keeper;               // NULL: none is asked for
    double time;                       // of the last one
    int64_t steps, epochs;             // done then
    int64_t log_size;                  // of the step log
    int log_was_told;                  // that it cannot be written
    double value, best, written;       // of the last whole epoch; of the best one; of checkpoints
    double held, longest;              // seconds that the training was held up: in all, at most
    int64_t count;                     // of checkpoints
    int64_t is_max;                    // larger values are better
    char monitored[NNRT_LOG_NAME];     // their name; "": no epoch has ended
    int is_final, is_kept, has_failed; // the last one is of the end, and was written
} nnrt_fit_keeping;

// The checkpoint that --resume goes on from.
typedef struct nnrt_fit_resume {
    nnrt_safetensors file;
    int is_open;                        // not restored yet
    int is_found, is_changed, is_older; // there is one; of another program; the one before
    int64_t training, epoch, epochs, batch, data;
} nnrt_fit_resume;

// How the run was called: what checkpoints keep of it. 0: the program's.
typedef struct nnrt_fit_call {
    int64_t seed, shuffle, epochs, batch;
    double learning_rate;
} nnrt_fit_call;

typedef struct nnrt_fit {
    nnrt_session *session;
    const nnrt_options *options;
    const char *save_path;
    nnrt_run *run;          // of --run; one without a folder otherwise
    const char *checkpoint; // of --checkpoint, or of a callback; NULL: none is written
    nnrt_every every;       // likewise; all 0: the default
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
    nnrt_fit_call call;
    nnrt_fit_keeping keeping;
    nnrt_fit_resume resume;
    nnrt_recall recall;
    nnrt_checkup *checkup;      // of --doctor, of the block at work; NULL: none
    nnrt_complaint *complaints; // of all blocks
    int64_t complaint_count;
    int must_recall;         // what callbacks changed cannot be run again
    int64_t training, epoch; // the block at work; its epoch, from 0
    int64_t epochs, steps;   // done, over all training blocks
    int64_t samples;
    double begun;                 // when the first block began, less the seconds of the runs before
    double seconds, step_seconds; // in all; in training steps
    double waited;                // of the latter, for batches to be made
    nnrt_log test;
    int64_t best_epoch;   // whose weights were restored, from 1; 0: none
    int64_t started;      // nnrt_weights_now()
    uint64_t fingerprint; // of the weights that were saved
    int64_t was_stopped;  // by a callback
    int is_unfinished, was_interrupted, log_failed;
    int has_older; // weights of an older run are kept beside the new ones
} nnrt_fit;

// Those of a training block, [NNRT_MAX_TURNS].
nnrt_profile **nnrt_fit_profiles(const nnrt_fit *f, const nnrt_training *training);

// What is saved with the weights as they are.
nnrt_weights_info nnrt_fit_weights_info(const nnrt_fit *f);
// The same, with the values of the epochs: while no epoch ends.
nnrt_weights_info nnrt_fit_told_info(const nnrt_fit *f);

// As the command line says: those of a file, those that the program carries, or initial ones.
nnrt_status nnrt_fit_start_weights(nnrt_session *session);

// --dry-run: data, a step, validation, files, each once; nothing is left behind.
nnrt_status nnrt_fit_dry_run(nnrt_fit *f);

// --overfit N: N batches again and again, until the loss is near 0; NNRT_ERROR: why it is not.
nnrt_status nnrt_fit_overfit(nnrt_fit *f);

// Whether, where and how often checkpoints are written.
nnrt_status nnrt_fit_choose_checkpoint(nnrt_fit *f);

// The training blocks, one after the other.
nnrt_status nnrt_fit_trainings(nnrt_fit *f);
// The block's epoch: its steps from pass.step on, validation, callbacks.
nnrt_status nnrt_fit_epoch(nnrt_fit *f);

// The loss of that step of the epoch, of its turn, is not finite; -1: weights are not. Goes back,
// finds the first value that is not, keeps the step in a file, and says all that.
nnrt_status nnrt_fit_not_finite(nnrt_fit *f, int64_t step, int64_t turn);

// Finds the checkpoint to go on from, and its weights: before the first block. Nothing is found
// where --resume was not given, or there is none yet.
nnrt_status nnrt_fit_find(nnrt_fit *f);
// In the block that the checkpoint is of, when all is open: restores the rest.
nnrt_status nnrt_fit_restore(nnrt_fit *f);

// Lists what the block depends on. Afterwards nnrt_fit_keep writes it where a checkpoint is due,
// or, `is_final`, in any case, and waits until it is written.
nnrt_status nnrt_fit_start_keeping(nnrt_fit *f);
void nnrt_fit_keep(nnrt_fit *f, int is_final);
// The epoch's values are known: which checkpoints are better than others.
void nnrt_fit_judge(nnrt_fit *f, const nnrt_log *log);
// Chunks of steps end where a checkpoint is due.
int64_t nnrt_fit_next_pause(const nnrt_fit *f);
void nnrt_fit_stop_keeping(nnrt_fit *f);
// Tells the data of a block from others.
int64_t nnrt_fit_data_sum(const nnrt_fit *f);

// Before training: may all be written? Opens the logs.
nnrt_status nnrt_fit_check_outputs(nnrt_fit *f);
// At its end, for whatever reason (`status`): saves what there is, reports it, gives the reason.
nnrt_status nnrt_fit_finish(nnrt_fit *f, nnrt_status status);

// What the folder of the run keeps of an epoch, from 1, and of the end.
void nnrt_fit_log_run(nnrt_fit *f, int64_t epoch, const nnrt_log *log);
void nnrt_fit_end_run(nnrt_fit *f);
// Of one that is done, when all else is: its report, whose timings change the weights.
void nnrt_fit_report_run(nnrt_fit *f);

// --doctor: opens the block's checkup; at its end reads the signs and says what they are.
nnrt_status nnrt_fit_open_checkup(nnrt_fit *f);
nnrt_status nnrt_fit_tell_checkup(nnrt_fit *f);
void nnrt_fit_complaints_json(const nnrt_fit *f, nnrt_json *json);

// The results as JSON; the profiles as text.
nnrt_status nnrt_fit_make_json(const nnrt_fit *f, nnrt_json *json);
nnrt_status nnrt_fit_print_json(const nnrt_fit *f);
nnrt_status nnrt_fit_print_profiles(const nnrt_fit *f);

#endif
