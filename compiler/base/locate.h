// Where files lie that nnc itself brings along, and what lies beside a file.
#ifndef NNC_BASE_LOCATE_H
#define NNC_BASE_LOCATE_H

#include "arena.h"

#include <stdbool.h>

// The path of `name`, which lies beside the compiler in the build tree and under `installed` (seen
// from the compiler's folder) when that is installed. False: in neither.
bool locate_installed(const char *installed, const char *name, char *path, size_t size);

// The sources (*.nn) in the folder of `path`, written as `path` is, in no order; ended by NULL.
const char *const *locate_sources(Arena *arena, const char *path);

#endif
