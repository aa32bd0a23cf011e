// The first value of a step that is not finite: the step is run once more by one worker, who looks
// at what each group has left in memory. The groups are those that trained, so the bits are the
// same; what lies between the operators of a group was never in memory, so it is the group that is
// named, with all its operators.
#ifndef NNRT_FINDING_H
#define NNRT_FINDING_H

#include "../train/trainer.h"
#include "range.h"

enum { NNRT_FINDING_READS = 6, NNRT_FINDING_SAMPLES = 8, NNRT_FINDING_TEXT = 3000 };

typedef struct nnrt_finding_read {
    const nnrt_value *value;
    nnrt_range range; // of the batch; of weights and optimizer state, before the step
} nnrt_finding_read;

typedef struct nnrt_finding {
    const nnrt_function *function; // NULL: all that is in memory is finite
    const char *weights; // where it is NULL: what the update of several batches made so; or NULL
    int64_t turn, run;   // of the training's steps; of its runs in this batch
    const nnrt_group *group; // NULL: the value was there before the step
    const nnrt_value *value;
    nnrt_range range;
    uint32_t samples[NNRT_FINDING_SAMPLES]; // the first bad rows: places in the batch
    int64_t sample_count;
    nnrt_finding_read reads[NNRT_FINDING_READS]; // of the group
    int64_t read_count;
} nnrt_finding;

// The columns of one batch, as its functions read them.
typedef struct nnrt_batch_copy {
    struct {
        const char *name; // of the data set
        int64_t bytes;    // of a sample
        unsigned char *values;
    } columns[NNRT_MAX_COLUMNS];
    int64_t column_count, rows;
} nnrt_batch_copy;

void nnrt_batch_copy_free(nnrt_batch_copy *copy);

// Runs the next step of the trainer's pass alone. `copy` gets its batch; NULL: it is not wanted.
// NNRT_ERROR: no memory.
nnrt_status nnrt_finding_search(nnrt_trainer *trainer, nnrt_finding *finding,
                                nnrt_batch_copy *copy);

// Several lines, each behind a line's end and two blanks. `numbers`: the rows of the data that the
// batch is of; NULL: they are not known.
void nnrt_finding_text(const nnrt_finding *finding, const nnrt_program *program,
                       const uint32_t *numbers, char *text, size_t size);
// What people do about it, one line.
void nnrt_finding_advice(const nnrt_finding *finding, char *text, size_t size);

#endif
