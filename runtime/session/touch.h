// First touch: a page of memory lies at the processor that writes it first. Weights and optimizer
// state are begun by one thread, but each worker updates a part of every parameter, the same from
// step to step; so large ones are touched by the workers first, each its part. Arenas and scratch
// are first written by who uses them. On a machine of one node the pages are taken in parallel.
#ifndef NNRT_TOUCH_H
#define NNRT_TOUCH_H

#include "session.h"

// requires: the team; weights that nobody has written.
void nnrt_touch_weights(nnrt_session *session);
// The same of the optimizer state of a step.
void nnrt_touch_slots(nnrt_session *session, const nnrt_train_step *step, float *slots);

#endif
