// "Did you mean": the nearest of the names there are, by insertions, deletions and replacements
// (Levenshtein).
#ifndef NNRT_SUGGESTION_H
#define NNRT_SUGGESTION_H

enum { NNRT_LONGEST_NAME = 64 }; // that is compared

typedef struct nnrt_suggestion {
    const char *name; // NULL: none is near
    int distance;
} nnrt_suggestion;

#define NNRT_NO_SUGGESTION {NULL, NNRT_LONGEST_NAME}

// `name` becomes the best one if it is nearer to `wrong` than the best so far.
void nnrt_suggestion_consider(nnrt_suggestion *best, const char *wrong, const char *name);

#endif
