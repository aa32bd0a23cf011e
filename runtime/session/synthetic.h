// Made-up data of a program's shapes, for what is measured where the real data are missing.
#ifndef NNRT_SYNTHETIC_H
#define NNRT_SYNTHETIC_H

#include "session.h"

// Fills session->data (has_data stays 0). Freed with nnrt_synthetic_free.
nnrt_status nnrt_synthetic_fill(nnrt_session *session, const nnrt_training *training);
// The training's data; where they are missing, which is said, made-up ones, and *is_made_up is 1.
nnrt_status nnrt_synthetic_stand_in(nnrt_session *session, const nnrt_training *training,
                                    int *is_made_up);
void nnrt_synthetic_free(nnrt_session *session);

#endif
