// The pictures of `samples = ...`: after each epoch a grid of them, as a PNG file in a folder that
// is called after the weights: "dcgan-samples/epoch-0001.png".
#ifndef NNRT_SAMPLES_H
#define NNRT_SAMPLES_H

#include "../session/session.h"

typedef struct nnrt_samples {
    nnrt_session *session;
    const nnrt_function *function; // NULL: the training has none
    char folder[PATH_MAX];
} nnrt_samples;

// Makes the folder. After the data were loaded.
nnrt_status nnrt_samples_open(nnrt_samples *samples, nnrt_session *session,
                              const nnrt_training *training);
// The grid of epoch `epoch`, from 1.
nnrt_status nnrt_samples_save(const nnrt_samples *samples, int64_t epoch);

#endif
