// What one of several runs is called with, in a process of its own, which ends with it: nothing is
// given back.
#ifndef NNRT_ALONE_H
#define NNRT_ALONE_H

#include "plan.h"

typedef struct nnrt_alone {
    nnrt_options options; // as if it had been called alone, but for --json and --progress=none
    nnrt_program program; // its callbacks write files of its own
} nnrt_alone;

// `shared`: the session of all, whose data, if they were read, `session` takes over.
nnrt_status nnrt_alone_open(nnrt_alone *alone, nnrt_session *session, nnrt_session *shared,
                            const nnrt_planned *run, int64_t threads);

#endif
