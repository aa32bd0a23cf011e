// Tries programs in children of their own, so that a crash, an internal error and a program without
// end are results like others.
#ifndef NNC_TESTS_NETWORKS_TRIAL_H
#define NNC_TESTS_NETWORKS_TRIAL_H

#include "setup.h"
#include "verdict.h"

// In the current folder, which belongs to one trial at a time.
Verdict trial_run(const char *text, const Setup *setup);

const char *outcome_name(Outcome outcome);

// The same mistake, as far as can be told: the outcome, and the words of an internal error.
bool verdict_equal(const Verdict *a, const Verdict *b);

#endif
