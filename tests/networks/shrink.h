// Makes a failing program as small as it can be while it fails in the same way.
#ifndef NNC_TESTS_NETWORKS_SHRINK_H
#define NNC_TESTS_NETWORKS_SHRINK_H

#include "network.h"
#include "verdict.h"

// Changes `network`, which fails with `verdict`, and runs at most `trials` others. Texts are in
// `arena`.
Verdict shrink(Arena *arena, Network *network, const Verdict *verdict, int trials);

#endif
