// The log of a run (log.jsonl): an object an epoch.
#ifndef NNC_RUN_LOG_H
#define NNC_RUN_LOG_H

#include "runs.h"

// Adds its epochs to the run. NULL, or what is wrong with which line, on the arena; then some of
// them are added. A last line that is cut off is none: its run was killed.
const char *run_log_add(Arena *arena, Run *run, const char *text, size_t length);

#endif
