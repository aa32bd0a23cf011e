// From texts to the numbers of a data set's tokens and back, for programs that write: the
// vocabulary is that of training, as the weights have it.
#ifndef NNRT_SPELLING_H
#define NNRT_SPELLING_H

#include "../data.h"

typedef struct nnrt_spelling nnrt_spelling;

// Of a column of running text; `learnt`: what the data set's stages learnt (nnrt_data_learnt).
// NULL with nnrt_error() set: it is no such column, what was learnt is damaged, no memory.
nnrt_spelling *nnrt_spelling_open(const nnrt_dataset *dataset, const char *column,
                                  const char *learnt);
void nnrt_spelling_free(nnrt_spelling *spelling); // NULL is fine

int64_t nnrt_spelling_count(const nnrt_spelling *spelling); // of different tokens
// The number of tokens that training did not have; -1: there is none for such.
int32_t nnrt_spelling_unknown(const nnrt_spelling *spelling);

// The numbers of a text of `length` bytes, owned by the caller. NNRT_ERROR: it has a token that
// training did not have; the message names it, its place and `what` the text is. Where there is a
// number for such, *unknown says how many became it.
nnrt_status nnrt_spelling_read(const nnrt_spelling *spelling, const char *what, const char *text,
                               int64_t length, int32_t **numbers, int64_t *count, int64_t *unknown);

// The bytes that a token adds to a text, where `before` stands in front of it (-1: nothing): words
// are parted by a blank. They live until the next call. *length: how many.
const char *nnrt_spelling_write(nnrt_spelling *spelling, int32_t before, int32_t number,
                                int64_t *length);

#endif
