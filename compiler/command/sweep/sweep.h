// `nnc sweep`: a program trained with each combination of values.
#ifndef NNC_SWEEP_H
#define NNC_SWEEP_H

#include "trials.h"

typedef struct Sweep {
    const Options *options;
    Arena *arena;
    const char *folder; // of the runs
    int64_t jobs, threads, random;
    VEC(char *) extra;   // further words for `fit`, ended by NULL
    const char *weights; // that they name; NULL: none
    Axes axes;
    Points points;
    Trials trials;
} Sweep;

// The command. Returns the exit status.
int sweep_command(const Options *options, Arena *arena);

#endif
