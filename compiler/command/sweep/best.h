// The best combination as a program of its own.
#ifndef NNC_SWEEP_BEST_H
#define NNC_SWEEP_BEST_H

#include "outcome.h"

// Writes the resolved program to options->output, with the values that `fit` was given set in it:
// it builds alone, and trains to the same bits with the run's seed. False: reported.
bool best_write(const Sweep *sweep, const Outcomes *outcomes);

// The text of a resolved program with an entry of all its `train` blocks, or the learning rate of
// all their optimizers (a schedule's first one), replaced. For tests.
const char *best_set(Arena *arena, const char *program, const char *entry, const char *value);

#endif
