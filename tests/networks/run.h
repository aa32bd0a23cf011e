// Runs many networks, counts what comes of them, and shows the failures, each made small.
#ifndef NNC_TESTS_NETWORKS_RUN_H
#define NNC_TESTS_NETWORKS_RUN_H

#include "network.h"
#include "verdict.h"

enum { MAX_SHOWN = 40 };

typedef struct Run {
    int networks, steps, refused, near_kinks;
    int in_bfloat16, rounding; // as they say; those that round a product's operands
    int outcomes[OUTCOMES];
    int failures, shown;
    Verdict kinds[MAX_SHOWN]; // of those shown, as they were found
    const char *folder;       // failing programs are written there; NULL: they are printed alone
} Run;

// Tries the network called `name`, and reports a failure.
void run_network(Run *run, Arena *arena, Network *network, const char *name);

// The summary; the number of failures.
int run_end(const Run *run);

#endif
