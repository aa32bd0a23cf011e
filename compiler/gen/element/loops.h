// What the kinds of groups that are loop nests share.
#ifndef NNC_GEN_LOOPS_H
#define NNC_GEN_LOOPS_H

#include "sums.h"

Value loops_combine(LaneBuilder *b, bool is_maximum, Value x, Value y); // their maximum or sum
// The part of a range that begins at `begin` and has at most `most` places.
Range loops_part(Gen *gen, Value begin, Value end, int64_t most);
int loops_width(const Gen *gen, int64_t row_width); // lanes of the vectors for rows so wide

// Of all lanes, in each of them.
Value loops_horizontal(LaneBuilder *b, bool is_maximum, Value vector);

void storage_emit(Gen *gen, const Schedule *schedule, const Group *group, Value function);
void reduce_emit(Gen *gen, const Schedule *schedule, const Group *group, Value function);
void axis_emit(Gen *gen, const Schedule *schedule, const Group *group, Value function);
void scatter_emit(Gen *gen, const Schedule *schedule, const Group *group, Value function);
void columns_emit(Gen *gen, const Schedule *schedule, const Group *group, Value function);

#endif
