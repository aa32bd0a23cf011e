// Planes of words for gradients of kernels in bfloat16 where words are multiplied in vectors: a
// word is two places of a line, of one channel, as the reduction runs along places. A kernel's
// weights find every place as the first one of a word, so that what is summed for each of them
// begins at a word; what came back has every second.
#ifndef NNC_GEN_WORDS_H
#define NNC_GEN_WORDS_H

#include "convolution.h"

typedef struct WordPlane {
    Plane plane;
    bool is_narrow; // it is read in place, in bfloat16
    int64_t step;   // places from word to word
    int64_t apart;  // of a word
    int64_t count;  // words of a line, of each channel
    int64_t pixel;  // from one of them to the next: channels, in whole vectors
    Value base;     // scratch
} WordPlane;

// Words of `plane`, behind `*used` floats of scratch, which grows.
WordPlane words_create(Convolver *c, const Plane *plane, int64_t step, int64_t apart,
                       int64_t *used);
int64_t words_line(const WordPlane *words); // from line to line
// Fills the plane with a sample, and makes its words. Where they begin.
Value words_fill(Convolver *c, WordPlane *words, Value sample);

#endif
