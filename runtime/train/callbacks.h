// The `callbacks` of a training block at work, in the order in which they were written. What they
// decide is monitor.c's business.
#ifndef NNRT_CALLBACKS_H
#define NNRT_CALLBACKS_H

#include "../report/history.h"
#include "../report/log.h"
#include "../report/progress/progress.h"
#include "../session/callback.h"
#include "../session/schedules/schedule.h"
#include "../session/session.h"
#include "../state/state.h"
#include "trainer.h"

struct nnrt_callbacks { // a zeroed one has none
    nnrt_session *session;
    const nnrt_training *training;
    nnrt_trainer *trainer;         // which has done the epoch
    nnrt_schedule *schedules;      // of the training's steps; reduce_on_plateau lowers their rates
    const nnrt_progress *progress; // where messages go
    const nnrt_history *history;   // of all blocks; held where a row reads it
    nnrt_callback *items;
    int64_t count;
    int64_t epochs_before; // of earlier blocks: messages, paths and logs count on from there
    int has_failed;        // a file could not be written; said when it happened
};

// Whether all that the program's callbacks monitor is there, and their files can be written: asked
// before any training. Makes the folders of checkpoints.
nnrt_status nnrt_callbacks_check(const nnrt_session *session);

// The other fields are set before.
nnrt_status nnrt_callbacks_open(nnrt_callbacks *callbacks);
void nnrt_callbacks_close(nnrt_callbacks *callbacks);

// Adds what they put into the epoch's values: learning_rate, of reduce_on_plateau.
void nnrt_callbacks_log(const nnrt_callbacks *callbacks, int64_t step, nnrt_log *log);

// After `epoch` (of the block, from 0); `info` goes into weights files. True: training shall end.
int nnrt_callbacks_epoch(nnrt_callbacks *callbacks, int64_t epoch, const nnrt_log *log,
                         const nnrt_weights_info *info);

// Before and after the weights are looked at, in validation or in `samples`.
void nnrt_callbacks_look(nnrt_callbacks *callbacks);

// The epoch (from 1, over all blocks) whose weights are kept to be restored; 0: none.
int64_t nnrt_callbacks_best(const nnrt_callbacks *callbacks);

// What they remember, and what is to be done when it was restored.
void nnrt_callbacks_state(nnrt_callbacks *callbacks, nnrt_state *state);
nnrt_status nnrt_callbacks_restored(nnrt_callbacks *callbacks);

// At the end, also when a signal or a loss that is not finite ended the training: restores the best
// weights where that is asked for. Returns their epoch; 0: the weights are the last ones.
int64_t nnrt_callbacks_end(nnrt_callbacks *callbacks);

#endif
