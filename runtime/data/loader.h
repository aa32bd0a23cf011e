// Batches that are made ahead of the steps that read them: samples that are augmented, or that do
// not fit into memory. They lie in a ring of buffers; threads of the loader fill it, and a worker
// whose batch is not complete helps instead of waiting. Samples are functions of their row, the
// seed and the epoch, so who makes them when does not matter.
#ifndef NNRT_LOADER_H
#define NNRT_LOADER_H

#include "data.h"

typedef struct nnrt_loader nnrt_loader;

typedef enum nnrt_purpose { NNRT_FOR_TRAINING, NNRT_FOR_EVALUATION } nnrt_purpose;

// Does a pass need one: are samples augmented, or not in memory?
int nnrt_loader_is_needed(const nnrt_data *data, nnrt_purpose purpose);

// For passes of at most `batch` samples a step and at most `workers` workers. `threads` of its own,
// -1: as many as pay. NULL with nnrt_error() set: no memory.
nnrt_loader *nnrt_loader_create(const nnrt_data *data, nnrt_purpose purpose, int64_t batch,
                                int workers, int threads);
void nnrt_loader_free(nnrt_loader *loader); // NULL is fine

// A pass begins: `rows`, in batches; only the steps [first, steps) of it. The rows must stay until
// the loader is stopped, started again or freed.
void nnrt_loader_start(nnrt_loader *loader, const uint32_t *rows, int64_t count, int64_t batch,
                       int64_t first, int64_t steps, uint64_t seed, int64_t epoch);
void nnrt_loader_stop(nnrt_loader *loader); // nobody reads the rows any more

// What a step reads: samples 0..rows-1 of these columns, in this order.
typedef struct nnrt_batch {
    const void *columns[NNRT_MAX_COLUMNS]; // as those of nnrt_data
    const uint32_t *index;                 // 0, 1, 2 ...
} nnrt_batch;

// The batch of `step`, when it is complete. Called by every worker, whose steps follow each other;
// worker 0 comes only when all have done the step before the last one, whose buffer is free then.
nnrt_batch nnrt_loader_take(nnrt_loader *loader, int64_t step, int worker);
// All steps before `step` are done.
void nnrt_loader_release(nnrt_loader *loader, int64_t step);

// Of the pass: whether a sample could not be read (with nnrt_error() set; its batch has zeros for
// it), and the seconds that worker 0 waited or helped.
nnrt_status nnrt_loader_status(nnrt_loader *loader);
double nnrt_loader_waited(const nnrt_loader *loader);

#endif
