// The targets of the data beside the outputs that the program compares with them.
#ifndef NNRT_TARGETS_H
#define NNRT_TARGETS_H

#include "session.h"

// The classes of the target beside an output of a training, counted from 0: labels of samples or of
// places, one value a class, or yes and no; 0: it has none.
int64_t nnrt_targets_classes(const nnrt_session *session, const nnrt_training *training,
                             int64_t output);

// Labels and numbers may have changed since the compiler saw them.
nnrt_status nnrt_targets_check(const nnrt_session *session);

#endif
