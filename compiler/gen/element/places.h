// Places of unbatched values: row and column in the tensor, and where that lies in the order of a
// parameter (runtime/nnrt.h, nnrt_storage).
#ifndef NNC_GEN_PLACES_H
#define NNC_GEN_PLACES_H

#include "loops.h"

// Whether `node`, which a storage group in the order of parameter `order` (-1: plain) computes,
// reads an operand that has fewer elements or lies in another order.
bool places_are_needed(const Schedule *schedule, const Group *group, int order, const Node *node);

// For such a group, when the position moved: row and column of each lane, and which are padding.
void places_find_lanes(LaneBuilder *b);

// The same for a formula that asks where it is (DOMAIN_STORAGE), as 32-bit numbers.
typedef struct LanePlaces {
    Value rows, columns;
} LanePlaces;
LanePlaces places_of_lanes(const LaneBuilder *b);

// Whether the operand is read lane by lane; and reading it, from `base` on.
bool places_gathers(const LaneBuilder *b, const Type *view, int order);
Value places_gather(LaneBuilder *b, const Type *view, int order, Value base);

// Where the place at the position (DOMAIN_ROWS, one lane) of an operand lies, in floats.
Value places_index(LaneBuilder *b, const Type *view, int order);

// A reduction over a part of an unbatched value; the workers divide the places of the result.
void places_emit(Gen *gen, const Schedule *schedule, const Group *group, Value function);

#endif
