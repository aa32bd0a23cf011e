// Going back in a training: now and then its state is copied in memory, so seldom that it costs
// less than 1/200 of the time. From the last copy the steps to a certain one are run again, which
// gives the same bits. The copies are made between steps; weights that are not finite any more are
// noticed then.
#ifndef NNRT_RECALL_H
#define NNRT_RECALL_H

#include "../train/trainer.h"

// States of more bytes, and all of a program that was built for a limit of memory, are copied only
// where that is wanted: the memory of a large training is what
// `nnc summary` states, and no second one.
enum { NNRT_RECALL_BYTES = 64 << 20 };

typedef struct nnrt_recall { // a zeroed one is closed
    nnrt_trainer *trainer;
    nnrt_state state;
    nnrt_snapshot snapshot;
    int is_taken;
    int64_t epoch;     // of the copy
    double cost, time; // of the last copy: seconds that it took; when it was made
} nnrt_recall;

// Stays closed where a copy would be too large, or take too much of the memory that is left.
nnrt_status nnrt_recall_open(nnrt_recall *recall, nnrt_trainer *trainer, int is_wanted);
void nnrt_recall_close(nnrt_recall *recall);

// Between steps of an epoch that was started: copies what there is, if that is due or must be,
// because what is before cannot be run again. 0: weights are not finite; nothing is copied.
int nnrt_recall_take(nnrt_recall *recall, int is_needed);
int nnrt_recall_is_finite(const nnrt_session *session); // are all weights?
int nnrt_recall_is_sound(const nnrt_trainer *trainer);  // and the optimizer state?

// Can it go back to a step of that epoch?
int nnrt_recall_can(const nnrt_recall *recall, int64_t epoch, int64_t step);
// Goes back: that step, from 0, is the trainer's next one, and the last copy is of the state before
// it, unless it is not finite already. NNRT_INTERRUPTED.
nnrt_status nnrt_recall_go_to(nnrt_recall *recall, int64_t epoch, int64_t step);
// Finds the step that made weights or optimizer state not finite, at the latest step `last` of that
// epoch; -1 in *step: there is none. *epoch is its epoch.
nnrt_status nnrt_recall_find(nnrt_recall *recall, int64_t *epoch, int64_t last, int64_t *step);
// The state is what it was before that step, which was run since.
void nnrt_recall_restore(nnrt_recall *recall);

#endif
