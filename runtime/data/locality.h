// Training on data that lie on the disk: rows come in an order that stays near itself, and what was
// read is let go. A window of NNRT_WINDOW_BYTES of samples is shuffled at a time; it consists of
// blocks from everywhere in the part, drawn anew for each epoch.
#ifndef NNRT_LOCALITY_H
#define NNRT_LOCALITY_H

#include "../base/numbers/random.h"
#include "data.h"

enum { NNRT_BLOCK_BYTES = 2 << 20, NNRT_WINDOW_BYTES = 128 << 20 };

// How many blocks a part has.
int64_t nnrt_locality_blocks(const nnrt_data *data, const nnrt_part *part);

// The order of an epoch into `rows`: a shuffle of the part, or where columns lie on the disk one of
// windows, of whole batches. `order` has room for the number of a block each.
void nnrt_locality_shuffle(const nnrt_data *data, const nnrt_part *part, int64_t batch,
                           nnrt_random *random, uint32_t *rows, uint32_t *order);

// Of a pass over rows in such an order, or an ascending one: how many from `now` on are of one
// window.
int64_t nnrt_locality_left(const nnrt_data *data, int64_t batch, int64_t now);

// It goes on from row `now`: at the beginning of a window those before leave memory, and the next
// one is asked for. Nothing where all columns are in memory, or all rows are one window.
void nnrt_locality_advance(const nnrt_data *data, int64_t batch, const uint32_t *rows,
                           int64_t count, int64_t now);

#endif
