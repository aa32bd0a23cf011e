// What a checkup (checkup.h) has seen: shared by who looks and who reads the signs.
#ifndef NNRT_VITALS_H
#define NNRT_VITALS_H

#include "checkup.h"
#include "range.h"

typedef struct nnrt_unit_signs { // of a value's last dimension, in a window of steps
    int64_t samples;
    unsigned char *is_alive; // by unit: some element was not 0
} nnrt_unit_signs;

typedef struct nnrt_value_signs {
    double first, last, largest; // root of the mean square: in the first step that was seen, ..
    double saturated;            // share of elements at the ends of a sigmoid or tanh, at last
    double low, high;            // of the first step
    int64_t steps;
    nnrt_unit_signs now, before; // the window that is open, and the one before it
} nnrt_value_signs;

typedef struct nnrt_turn_signs {
    const nnrt_function *function;
    nnrt_value_signs *values; // by value
    nnrt_account *account;
    int64_t next; // the group that comes
} nnrt_turn_signs;

struct nnrt_checkup {
    nnrt_trainer *trainer;
    nnrt_turn_signs turns[NNRT_MAX_TURNS];
    float *weights; // before the step that is looked at
    // By parameter: the size of an update beside the weight's, a mean of the last ones; the same
    // after the first few steps.
    double *updates, *early;
    double cost, time;
    int64_t looked, steps, epochs; // steps: of the block, all
    double first_loss, last_loss;  // of the first steps; of the last epoch
    double first_epoch;
    nnrt_complaint complaints[NNRT_COMPLAINTS];
    int64_t count;
    int is_turning; // a step is being looked at
};

#endif
