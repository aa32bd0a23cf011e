// `fit --doctor`: what is wrong with a training that runs. Some of its steps, the first ones and
// then one in so many that it costs a few percent, are run by one worker that looks at all values
// between the groups; the same bits. At the end of a block the signs are read.
#ifndef NNRT_CHECKUP_H
#define NNRT_CHECKUP_H

#include "../train/trainer.h"
#include "answers.h"

enum { NNRT_COMPLAINTS = 24 };

typedef struct nnrt_complaint {
    const char *kind;  // "dead_units"
    const char *layer; // its name; NULL: none
    int64_t line;      // in the source; 0: none
    char text[400], remedy[400];
} nnrt_complaint;

typedef struct nnrt_checkup nnrt_checkup;

// NULL with nnrt_error() set: no memory.
nnrt_checkup *nnrt_checkup_create(nnrt_trainer *trainer);
void nnrt_checkup_free(nnrt_checkup *checkup); // NULL is fine

// Should the next step be looked at?
int nnrt_checkup_is_due(const nnrt_checkup *checkup);
void nnrt_checkup_step(nnrt_checkup *checkup); // runs it

// The epoch's steps are done, and its losses there.
void nnrt_checkup_epoch(nnrt_checkup *checkup);

// At the end of the block: what there is to complain of, the most telling first.
nnrt_status nnrt_checkup_read(nnrt_checkup *checkup);
int64_t nnrt_checkup_count(const nnrt_checkup *checkup);
const nnrt_complaint *nnrt_checkup_complaint(const nnrt_checkup *checkup, int64_t i);
// "looked at 40 of 1875 steps"
void nnrt_checkup_text(const nnrt_checkup *checkup, char *text, size_t size);

#endif
