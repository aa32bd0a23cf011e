// A model of the code of a schedule's groups, for who asks why they take as long as they do
// (`bench --profile`): what their instructions do, and how far back they find their values. It
// knows what decides time in most groups: multiply-adds and lanes without numbers, functions of
// twenty instructions, conversions and copies, bytes and the caches that they can be in. It knows
// neither latencies nor addresses; what they take is what a profile calls the rest.
#ifndef NNC_GEN_EFFORT_H
#define NNC_GEN_EFFORT_H

#include "../../pass/group/schedule.h"

// After all passes. Of padding and copies those that follow from shapes and layouts are counted, as
// the generator decides them.
nnrt_effort effort_of_group(const Schedule *schedule, const Group *group);

// A touch as the descriptor has it, and the value.
typedef struct Touch {
    const Node *node;
    nnrt_touch touch;
} Touch;

typedef VEC(Touch) Touches;

// What each group of a step reads and writes, group by group, when such steps follow each other.
// The bytes between two touches are those of different values: the distance on the stack of what
// was used last (R. L. Mattson et al.: Evaluation techniques for storage hierarchies, IBM Systems
// Journal 9(2), 1970).
Touches effort_touches(const Schedule *schedule, Arena *arena);
void effort_set_touches(const Schedule *schedule, Arena *arena, nnrt_function *out);

void effort_print(Text *out, const Schedule *schedule); // `--emit=effort`

#endif
