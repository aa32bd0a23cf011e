// Tables that are updated row by row (pass/group/touched.h).
#ifndef NNC_GEN_TOUCHED_H
#define NNC_GEN_TOUCHED_H

#include "../emit.h"

// A group of sums of rows whose updates are another group's: those of the rows that the batch
// names.
void touched_emit_sums(Gen *gen, const Schedule *schedule, const Group *group, Value function);
// The sum over a storage of what is made of such sums (touched_summed), in double precision, by the
// lanes of b: the bits of a sum over all rows.
Value touched_sum(LaneBuilder *b, const Node *reduction);
// The sums of rows, unless they are another group's, and the update of the rows that the batch
// names.
void touched_emit(Gen *gen, const Schedule *schedule, const Group *group, Value function);
// A function that comes before the step: makes up what the rows that the batch names have missed.
// Of a batch without samples: what all rows have missed, with the step itself.
Value touched_catch_up(Gen *gen, const Schedule *schedule, const Group *group, const char *name);

#endif
