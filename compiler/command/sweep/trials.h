// A combination with a seed, and its run: the one in the folder whose resolved program and options
// are the same (where the program cannot be resolved now, its command and file). Runs are all that
// is remembered of a sweep.
#ifndef NNC_SWEEP_TRIALS_H
#define NNC_SWEEP_TRIALS_H

#include "../runs/runs.h"
#include "points.h"

typedef enum TrialState {
    TRIAL_NEW,
    TRIAL_UNFINISHED, // killed, interrupted, or ended by a mistake that may have been mended
    TRIAL_ELSEWHERE,  // at work
    TRIAL_DONE,
    TRIAL_NOT_FINITE,
    TRIAL_WRONG // its program does not compile
} TrialState;

typedef struct Trial {
    Point *point;
    int64_t seed;
    const char *said; // the options of `fit` that its run is known by
    // Where the combination is wrong, how such a run was called, by the file's name or path.
    const char *called[2];
    TrialState state;
    const Run *run;      // NULL: there is none
    bool is_active;      // a process of ours trains it
    bool is_over;        // one did
    const char *message; // why it failed; NULL: it did not
} Trial;

typedef struct Trials {
    VEC(Trial) items; // the first seed of each combination, then the next one
    Runs runs;
} Trials;

void trials_make(Trials *trials, Points *points, const Axes *axes, Arena *arena);
// Reads the folder, or again what may have changed there. One that is not there at first has no
// runs. False: reported.
bool trials_read(Trials *trials, const char *folder);
void trials_free(Trials *trials);

int trials_count(const Trials *trials, TrialState state);
const char *trial_state_text(TrialState state);

#endif
