// What came of each combination, over its seeds.
#ifndef NNC_SWEEP_OUTCOME_H
#define NNC_SWEEP_OUTCOME_H

#include "../../../runtime/base/numbers/spread.h"
#include "sweep.h"

typedef struct Outcome {
    const Point *point;
    int count[TRIAL_WRONG + 1]; // of trials, by state
    // Of the best values of the runs that are done: by name; of the watched one.
    const nnrt_spread *spreads;
    nnrt_spread watched;
    double seconds;    // a run, in the mean
    const Trial *best; // run; NULL: none is done
} Outcome;

typedef struct Outcomes {
    VEC(Outcome) items;  // the best first; those with runs that are not finite behind all others
    RunNames names;      // of values; the watched one first
    const char *watched; // NULL: no run says
    bool more_is_better;
} Outcomes;

Outcomes outcomes_make(const Sweep *sweep);

// The table, with what failed and which is the best; or one JSON object.
void outcomes_print(Text *out, const Sweep *sweep, const Outcomes *outcomes);
void outcomes_print_json(Text *out, const Sweep *sweep, const Outcomes *outcomes);

// What would be done: `--dry-run`.
void outcomes_print_plan(Text *out, const Sweep *sweep);

#endif
