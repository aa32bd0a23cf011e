// Made-up data of a program's shapes, for `bench` where the real data are missing.
#ifndef NNRT_SYNTHETIC_H
#define NNRT_SYNTHETIC_H

#include "session.h"

// Fills session->data (has_data stays 0). Freed with nnrt_synthetic_free.
nnrt_status nnrt_synthetic_fill(nnrt_session *session, const nnrt_training *training);
void nnrt_synthetic_free(nnrt_session *session);

#endif
