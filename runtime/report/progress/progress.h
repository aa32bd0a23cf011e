// What `fit` shows while it works: Keras's bar (TF 2: tf_keras/src/utils/generic_utils.py, Progbar)
// on a terminal, one line an epoch elsewhere, or JSON lines.
#ifndef NNRT_PROGRESS_H
#define NNRT_PROGRESS_H

#include "../../session/options.h"
#include "../log.h"

typedef struct nnrt_progress {
    nnrt_progress_mode mode; // resolved
    int64_t epochs, epoch;   // epoch from 0
    int64_t steps;
    double start, shown; // of the epoch; when the bar was last drawn
    double waited;       // seconds of the epoch in which steps waited for their data
    int width;           // characters of the bar's line on the screen
    int is_drawn;        // an unfinished bar stands there
} nnrt_progress;

void nnrt_progress_open(nnrt_progress *progress, const nnrt_options *options, int64_t epochs);
void nnrt_progress_epoch(nnrt_progress *progress, int64_t epoch, int64_t steps);

// True when the bar should be drawn again (every 50 ms at most, as Keras).
int nnrt_progress_due(const nnrt_progress *progress);
void nnrt_progress_step(nnrt_progress *progress, int64_t done, const nnrt_log *log);
void nnrt_progress_end(nnrt_progress *progress, int64_t done, const nnrt_log *log);

// Ends the line of a bar that will not be finished, before anything else is said.
void nnrt_progress_break(nnrt_progress *progress);

// A line between or after epochs ("test - loss: ...", "weights saved to ..."), if lines are shown.
void nnrt_progress_note(const nnrt_progress *progress, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
