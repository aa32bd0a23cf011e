// The pictures of `samples = ...`: after each epoch a grid of them, as a PNG file (sample_files.h).
#ifndef NNRT_SAMPLES_H
#define NNRT_SAMPLES_H

#include "../../formats/pictures/grid.h"
#include "sample_files.h"

typedef struct nnrt_samples {
    nnrt_session *session;
    const nnrt_training *training; // NULL: it has none
    char folder[NNRT_SAMPLE_FOLDER];
} nnrt_samples;

// Makes the folder where there is none. After the data were loaded.
nnrt_status nnrt_samples_open(nnrt_samples *samples, nnrt_session *session,
                              const nnrt_training *training);
// The pictures of the weights as they are; of `samples` session and training are read alone.
// Freed by nnrt_grid_free in any case.
nnrt_status nnrt_samples_draw(const nnrt_samples *samples, nnrt_grid *grid);
// The grid of epoch `epoch`, from 1. What the program reads is never overwritten, and nothing is
// written through a link: NNRT_USAGE, NNRT_ERROR.
nnrt_status nnrt_samples_save(const nnrt_samples *samples, int64_t epoch);

#endif
