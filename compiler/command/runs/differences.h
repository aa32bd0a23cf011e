#ifndef NNC_DIFFERENCES_H
#define NNC_DIFFERENCES_H

#include "../../base/text.h"
#include "../../base/vec.h"

typedef VEC(const char *) Lines;

// The lines that only `a` has, with `- ` before them, and that only `b` has, with `+ `, in their
// order (by a longest common subsequence; Hunt and McIlroy 1976).
Lines differences(Arena *arena, const char *a, const char *b);

#endif
