// A stream that cannot be sought in, kept in memory as a file, for readers of files.
#ifndef NNRT_SPOOL_H
#define NNRT_SPOOL_H

#include "../base/status.h"

#include <stdio.h>

// The descriptor of a file without a name that holds the rest of `file`, which messages call
// `name`; to be closed. Half of the free memory is the limit.
nnrt_status nnrt_spool(FILE *file, const char *name, int *descriptor);
// Standard input, which is read once and then kept until the process ends: not to be closed.
nnrt_status nnrt_spool_standard(int *descriptor);

#endif
