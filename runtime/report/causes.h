// Why a group takes as long as it does: what its instructions and its bytes would take, each kind
// alone, by what the compiler counted (nnrt_effort, nnrt_touch) and by the machine's roofs. Kinds
// overlap: instructions share the units of a core, bytes the way from a cache, and both go on at
// the same time. What is longer than both is the rest: latencies, addresses and loops, calls.
#ifndef NNRT_CAUSES_H
#define NNRT_CAUSES_H

#include "../workers/profile.h"

typedef enum nnrt_cause {
    NNRT_CAUSE_PRODUCTS,
    NNRT_CAUSE_VALUES,
    NNRT_CAUSE_FUNCTIONS,
    NNRT_CAUSE_CONVERTED,
    NNRT_CAUSE_MOVED,
    NNRT_CAUSE_JOINED, // the last one of instructions
    NNRT_CAUSE_SECOND_CACHE,
    NNRT_CAUSE_THIRD_CACHE, // what other cores wrote, too
    NNRT_CAUSE_MEMORY,
    NNRT_CAUSE_REST,
    NNRT_CAUSES
} nnrt_cause;

typedef struct nnrt_causes {
    double seconds[NNRT_CAUSES]; // of all steps; the rest is at least 0
    double full_lanes;           // the share of lanes that hold numbers
    nnrt_cause largest;
} nnrt_causes;

nnrt_causes nnrt_causes_of(const nnrt_profile *profile, const nnrt_profile_result *result,
                           const nnrt_profile_row *row);

const char *nnrt_cause_name(nnrt_cause cause);  // "multiply-adds", for people
const char *nnrt_cause_field(nnrt_cause cause); // "third_cache", of JSON

#endif
