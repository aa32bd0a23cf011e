// The trainings of a sweep at work.
#ifndef NNC_SWEEP_JOBS_H
#define NNC_SWEEP_JOBS_H

#include "sweep.h"

// Trains what is to be trained, so many at once, each as `nnc run FILE fit --run DIR` would; says
// on standard error what became of each. Returns NNRT_OK, or NNRT_INTERRUPTED: a signal asked to
// stop, and all have saved what they had; NNRT_ERROR: reported.
int jobs_run(Sweep *sweep);

// The words of such a command, for people; of a trial that has a run, those that go on with it.
typedef VEC(char *) Words;
Words jobs_words(const Sweep *sweep, const Trial *trial);

#endif
