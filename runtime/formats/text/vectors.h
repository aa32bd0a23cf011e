// Vectors of words in text files, plain or gzip: a line a word, then its numbers, parted by blanks,
// as GloVe's files are (Pennington et al. 2014). Those of word2vec begin with a line of two whole
// numbers, how many words there are and how many numbers each has, which is passed over. A word may
// have blanks itself: the last `size` numbers of a line are its vector. The first line of a word
// counts.
#ifndef NNRT_VECTORS_H
#define NNRT_VECTORS_H

#include "../../base/status.h"

#include <stdint.h>

// The rows of a table, one for each word.
typedef struct nnrt_vector_rows {
    const char *const *words; // [count], distinct
    int64_t count, size;
    float *values; // [count, size]: rows of words that are found are written; NULL: only counted
    int64_t found; // out
} nnrt_vector_rows;

// NNRT_ERROR: a line of another width, no number; the message names file and line. All lines are
// looked at, numbers of the words alone.
nnrt_status nnrt_vectors_read(const char *path, nnrt_vector_rows *rows);

// Do the first lines have vectors of so many numbers?
nnrt_status nnrt_vectors_check(const char *path, int64_t size);

#endif
