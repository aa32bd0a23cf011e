// What came of trying a program.
#ifndef NNC_TESTS_NETWORKS_VERDICT_H
#define NNC_TESTS_NETWORKS_VERDICT_H

#include <stdbool.h>

typedef enum Outcome {
    PASSED,
    REFUSED,         // by the front end: the generator's mistake
    TOO_LARGE,       // numbers grow beyond what float32 can be compared by
    INTERNAL_ERROR,  // status 70
    CRASHED,         // a signal, a sanitizer's report, any other status
    HUNG,            // no end within the limit
    WRONG,           // other numbers than the reference's
    THREADS_DIFFER,  // other bits for another number of threads
    ONE_DIFFERS,     // other bits for one sample alone than in its batch
    PADDING_MATTERS, // what a step leaves between parameters changes the next one
    OUTCOMES
} Outcome;

typedef struct Verdict {
    Outcome outcome;
    bool near_kink; // the first evaluations did not explain the numbers, more of them did
    bool rounds;    // a product's operands to bfloat16
    char what[400]; // one line
} Verdict;

static inline bool outcome_fails(Outcome outcome) {
    return outcome != PASSED && outcome != TOO_LARGE;
}

#endif
