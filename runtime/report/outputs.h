// What a command is about to write, checked before it works: no file is written twice, none that is
// read (weights, data, inputs of `predict`, the program and its source) is overwritten, and what
// the source names lies below the current folder or a folder of --allow-write.
#ifndef NNRT_OUTPUTS_H
#define NNRT_OUTPUTS_H

#include "../session/session.h"
#include "log.h"

// Before a command works; `fit` asks again when its data were opened, which are known then.
nnrt_status nnrt_outputs_check(const nnrt_session *session);

// Before a command writes files of a folder that `option` names.
nnrt_status nnrt_outputs_check_files(const nnrt_session *session, const char *option,
                                     char *const *paths, int64_t count);

// Before a callback writes to the path that its pattern gives at the end of an epoch.
nnrt_status nnrt_outputs_check_name(const nnrt_session *session, const nnrt_training *training,
                                    const nnrt_call *call, int64_t epoch, const nnrt_log *log);

#endif
