// Legality: whether a group can compute its values where they are. This is the one place that knows
// what the generator can do (gen/element/element.c, gen/element/gather.c and gen/element/hoist.c
// follow it step by step): fusion asks it before groups are final, the verifier afterwards, and the
// generator relies on it.
#ifndef NNC_PASS_LEGAL_H
#define NNC_PASS_LEGAL_H

#include "../schedule.h"

// Why a group is not legal, and what helps: at least one of the two is set.
typedef struct LegalFault {
    Node *stored;       // a value that is computed where it is used and has to be stored
    Node *leaving;      // a node or an assign of the group that has to be computed elsewhere
    const char *reason; // in a few words
} LegalFault;

typedef struct Legality Legality;
Legality *legal_create(const Schedule *schedule, Arena *arena);

// Whether `group` can compute everything that it has, with what is inlined into it, and store what
// others read. What is inlined and where values lie is read from the schedule: group_of, and the
// group's own members and effects.
bool legal_group(Legality *legality, const Group *group, LegalFault *fault);

#endif
