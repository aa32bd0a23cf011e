// What a checkpoint holds.
#ifndef NNRT_INFO_CHECKPOINT_H
#define NNRT_INFO_CHECKPOINT_H

#include "../../base/status.h"

// Prints the place that a training goes on from, and the list of its state. NNRT_ERROR: the file is
// damaged or none. `called`: the program, as people type it.
nnrt_status nnrt_info_checkpoint(const char *path, const char *called, int as_json);

#endif
