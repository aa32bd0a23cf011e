// What `fit` shows while it works: a bar on a terminal (standard error), drawn at most ten times a
// second; a line an epoch elsewhere, or JSON lines (standard output). Lines have a heartbeat: where
// an epoch takes long, one says from time to time how far it is. A terminal that is resized,
// stopped or gone costs the training nothing.
#ifndef NNRT_PROGRESS_H
#define NNRT_PROGRESS_H

#include "../../session/options.h"
#include "../log.h"

typedef struct nnrt_progress {
    int has_bar, has_lines, has_json, has_notes;
    int is_terminal, has_color; // the bar's place
    double heartbeat;           // seconds; 0: none
    int64_t epochs, epoch;      // epoch from 0
    int64_t steps, first;       // of the epoch; those that an earlier run did
    int64_t first_epoch;        // that was begun here; -1: none yet
    double begun;               // when it was
    double start, shown, told;  // of the epoch; of the last bar; of the last line
    double waited;              // seconds of the epoch in which steps waited for their data
    int is_drawn;               // an unfinished bar stands there
} nnrt_progress;

// `epochs`: the number of the last one.
void nnrt_progress_open(nnrt_progress *progress, const nnrt_options *options, int64_t epochs);
// Of its `steps` an earlier run did the `first`.
void nnrt_progress_epoch(nnrt_progress *progress, int64_t epoch, int64_t steps, int64_t first);

// True when it is time to say how far the epoch is.
int nnrt_progress_due(const nnrt_progress *progress);
void nnrt_progress_step(nnrt_progress *progress, int64_t done, const nnrt_log *log);
// While a part is evaluated at its end: the heartbeat goes on. `done` of its `steps`.
void nnrt_progress_look(nnrt_progress *progress, int64_t done, int64_t steps);
void nnrt_progress_end(nnrt_progress *progress, int64_t done, const nnrt_log *log);

// Ends the line of a bar that will not be finished, before anything else is said.
void nnrt_progress_break(nnrt_progress *progress);

// A line between or after epochs ("test - loss: ...", "weights saved to ..."), if lines are shown.
void nnrt_progress_note(const nnrt_progress *progress, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
