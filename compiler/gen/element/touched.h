// Tables that are updated row by row (pass/group/touched.h).
#ifndef NNC_GEN_TOUCHED_H
#define NNC_GEN_TOUCHED_H

#include "../emit.h"

// The sums of rows, and the update of the rows that the batch names.
void touched_emit(Gen *gen, const Schedule *schedule, const Group *group, Value function);
// A function that comes before the step: makes up what the rows that the batch names have missed.
// Of a batch without samples: what all rows have missed, with the step itself.
Value touched_catch_up(Gen *gen, const Schedule *schedule, const Group *group, const char *name);

#endif
