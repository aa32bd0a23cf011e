// Moving averages of the weights: `use_ema` of the optimizers, as Keras has it.
#ifndef NNC_PASS_AVERAGE_H
#define NNC_PASS_AVERAGE_H

#include "../pass.h"

// The assign that gives a parameter its new value; NULL: there is none. update.c
Node *update_assign_of(const Graph *graph, const Parameter *parameter);

// Behind a parameter's update: its average moves, and takes its place where that is due.
void average_after_update(Graph *graph, const Parameter *parameter, const Args *optimizer);
// The same in a batch that makes no step, of weights that stay as they are.
void average_between_updates(Graph *graph, Parameter *parameter, const TrainStep *step);

#endif
