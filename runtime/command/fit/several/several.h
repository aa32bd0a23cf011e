// `fit` with `--seeds` or a list of rates: each run is that of a `fit` by itself, bit by bit, in a
// process of its own that shares the data, as many at a time as there are CPUs.
#ifndef NNRT_SEVERAL_H
#define NNRT_SEVERAL_H

#include "../../../session/session.h"

// The status is that of the first run that failed, the others go on; NNRT_INTERRUPTED: they were
// asked to end, and those that were not begun do not begin.
nnrt_status nnrt_fit_several(nnrt_session *session);

#endif
