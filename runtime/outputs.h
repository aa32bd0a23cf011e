// What a command is about to write, checked before it works: no file is written twice, and none
// that is read (weights, data, inputs of `predict`, the program and its source) is overwritten.
#ifndef NNRT_OUTPUTS_H
#define NNRT_OUTPUTS_H

#include "session.h"

nnrt_status nnrt_outputs_check(const nnrt_session *session);

#endif
