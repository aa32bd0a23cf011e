// The targets of the data beside the outputs that the program compares with them, and inputs that
// number the rows of its tables: tokens.
#ifndef NNRT_TARGETS_H
#define NNRT_TARGETS_H

#include "session.h"

// The classes of the target beside an output of a training, counted from 0: labels of samples or of
// places, one value a class, or yes and no; 0: it has none.
int64_t nnrt_targets_classes(const nnrt_session *session, const nnrt_training *training,
                             int64_t output);

// What brings an output into the units of its target: x * deviation + mean; deviation 0: it is in
// them. Those of the data or the weights, where they are loaded, which may be others than when the
// program was compiled.
typedef struct nnrt_units {
    double mean, deviation;
} nnrt_units;

nnrt_units nnrt_targets_units(const nnrt_session *session, const nnrt_function *function,
                              const nnrt_loss *loss);

// Of rows that are given without data: NNRT_ERROR, what the weights say of these units is damaged.
nnrt_status nnrt_targets_check_units(const nnrt_session *session);

// Labels and numbers may have changed since the compiler saw them.
nnrt_status nnrt_targets_check(const nnrt_session *session);
// Of that what predictions need: the classes are called as when the program was compiled.
nnrt_status nnrt_targets_check_names(const nnrt_session *session);

// Is each token of the data's parts a whole number below the limit of the functions that read it?
nnrt_status nnrt_tokens_check(const nnrt_session *session);

#endif
