// Every operator followed by every operator, where shapes allow it.
#ifndef NNC_TESTS_NETWORKS_PAIRS_H
#define NNC_TESTS_NETWORKS_PAIRS_H

#include "run.h"

// Chains that hold all the pairs that could be made. The number of failures; an operator that
// stands in no chain is one.
int pairs_run(Run *run);

#endif
