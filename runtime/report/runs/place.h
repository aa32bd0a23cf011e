// Which folder a run has: `runs/007-fashion-2026-11-30`, the number being one more than the
// highest in `runs/`.
#ifndef NNRT_RUN_PLACE_H
#define NNRT_RUN_PLACE_H

#include "../../base/status.h"

#include <limits.h>

enum { NNRT_RUN_PATH = PATH_MAX - 64 }; // with room for the names of its files

// Makes a new one in `parent`, which is made, too, if it is not there.
nnrt_status nnrt_run_place_new(const char *parent, const char *name, char path[NNRT_RUN_PATH]);

// The one to be resumed: `given` itself, where it is a run; else the newest in it, of the program
// `name`, that is not done and has a checkpoint; "": there is none.
nnrt_status nnrt_run_place_resumed(const char *given, const char *name, char path[NNRT_RUN_PATH]);

// Is it the folder of a run?
int nnrt_run_place_is(const char *path);

// Locks the folder of a run as long as the descriptor is open: who trains it lives. -1: another
// does, or (errno) it cannot be opened.
int nnrt_run_place_lock(const char *path);
int nnrt_run_place_is_at_work(const char *path); // does somebody?

#endif
