// The line of a progress bar, as wide as the terminal allows:
//   12/469 [>.............................] - ETA: 12s - 28us/step - loss: 0.5432
// Keras's bar (TF 2: tf_keras/src/utils/generic_utils.py, Progbar).
#ifndef NNRT_BAR_H
#define NNRT_BAR_H

#include "../log.h"

typedef struct nnrt_bar {
    const char *head;    // in front: "Epoch 3/20 "; or ""
    int64_t done, steps; // of the epoch
    double taken;        // seconds of it so far
    double step;         // seconds of one step; 0: not known
    double waited;       // of `taken`, for data
    int is_end;          // the line that stays: times instead of those to come, as long as it is
    int width;           // columns that there are; 0: any number
    int has_color;
} nnrt_bar;

enum { NNRT_BAR_TEXT = NNRT_LOG_TEXT + 256 };

// Puts the line into `text` [NNRT_BAR_TEXT] and returns its bytes. Where it is too long, the bar
// becomes shorter, then goes, then the last values do.
int nnrt_bar_text(const nnrt_bar *bar, const nnrt_log *log, char text[NNRT_BAR_TEXT]);

// "12s", "1:05", "2:00:10".
int nnrt_bar_time(char *text, int size, double seconds);
// "28us/step".
int nnrt_bar_rate(char *text, int size, double step);
// " - data: 12%": where data hold the training up, one should know; else nothing.
int nnrt_bar_waited(char *text, int size, double waited, double taken);

#endif
