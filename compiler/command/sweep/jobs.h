// The trainings of a sweep at work.
#ifndef NNC_SWEEP_JOBS_H
#define NNC_SWEEP_JOBS_H

#include "sweep.h"

// Trains what is to be trained, so many at once, each as `nnc run FILE fit --run DIR` would; says
// on standard error what became of each. Returns NNRT_OK, or NNRT_INTERRUPTED: a signal asked to
// stop, and all have saved what they had; NNRT_ERROR: reported.
int jobs_run(Sweep *sweep);

#endif
