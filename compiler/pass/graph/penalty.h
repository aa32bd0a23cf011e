// Which regularizer a parameter has in a step; shared by loss.c (its value) and update.c (its
// gradient).
#ifndef NNC_PASS_PENALTY_H
#define NNC_PASS_PENALTY_H

#include "../../op/training/training.h"
#include "../pass.h"

typedef struct Penalty {
    const RegularizerDef *def; // NULL: none
    const Args *args;
} Penalty;

Penalty penalty_of(const Graph *graph, const Parameter *parameter, const TrainStep *step);

#endif
