// The command lines of a sweep's processes.
#ifndef NNC_SWEEP_WORDS_H
#define NNC_SWEEP_WORDS_H

#include "sweep.h"

typedef VEC(char *) Words;

// `nnc run FILE -D .. help` compiles a combination, and nothing is done.
Words words_to_compile(Arena *arena, const Point *point);
// `nnc run FILE -D .. fit --run DIR ..` trains one; of a trial that is unfinished, goes on with it.
Words words_to_train(const Sweep *sweep, const Trial *trial, int64_t threads);
// The same for people.
Words words_by_hand(const Sweep *sweep, const Trial *trial);

// How a run of it says that it was called, as shells read it: "nnc run FILE -D units=4".
const char *words_called(Arena *arena, const Point *point, const char *file);

#endif
