// Where the time of a function's steps goes. Generated code calls nnrt_profile_mark after each
// group and each barrier; every worker adds what passed since its last mark to an account of its
// own: a mark costs a few nanoseconds, and nobody waits for it. The work of the groups, the waiting
// at barriers and what is between steps (batches, metrics) add up to the whole.
#ifndef NNRT_PROFILE_H
#define NNRT_PROFILE_H

#include "roof.h"

typedef struct nnrt_profile nnrt_profile;

// Of a function that has run_profiled. NULL with nnrt_error() set when there is no memory.
nnrt_profile *nnrt_profile_create(const nnrt_function *function, int workers,
                                  const nnrt_roof *roof);
void nnrt_profile_free(nnrt_profile *profile); // NULL is fine

// What nnrt_context.account is for a worker.
nnrt_account *nnrt_profile_account(const nnrt_profile *profile, int thread);

// For a worker's context with an account. Before a step: it is counted; what passed since the last
// mark was between steps, or belongs to nothing.
void nnrt_profile_count(const nnrt_context *context);
void nnrt_profile_between(const nnrt_context *context);
void nnrt_profile_skip(const nnrt_context *context);

// Seconds are those of the clock on the wall: of the workers' time, the part that the row took,
// times the seconds of all. FLOP and bytes are of all steps.
typedef struct nnrt_profile_row {
    int64_t group;  // its index; of a line, that of its first group
    int64_t line;   // of the source; 0: none
    double seconds; // at work
    double waiting; // at the barriers behind it
    double flops, bytes;
    double narrow_flops; // those of `flops` that are in bfloat16
} nnrt_profile_row;

typedef struct nnrt_profile_result {
    int64_t steps, samples;
    double seconds; // of all: rows + waiting + between
    double workers; // the mean number of them
    double waiting, between;
    nnrt_profile_row *groups, *lines; // sorted by time, the longest first; owned
    int64_t group_count, line_count;
} nnrt_profile_result;

// While no worker runs. NNRT_ERROR when there is no memory.
nnrt_status nnrt_profile_read(const nnrt_profile *profile, nnrt_profile_result *result);
void nnrt_profile_result_free(nnrt_profile_result *result);

const nnrt_function *nnrt_profile_function(const nnrt_profile *profile);
const nnrt_roof *nnrt_profile_roof(const nnrt_profile *profile);

#endif
