// Which pictures of a list can be read: each is decoded once, by one thread a CPU.
#ifndef NNRT_READABLE_H
#define NNRT_READABLE_H

#include <stdint.h>

#include "../../base/status.h"

// Sets is_readable[count]. NNRT_ERROR: more than `allowed` are not, and nnrt_error() names the
// first; or no memory.
nnrt_status nnrt_readable_find(char *const *paths, int64_t count, int64_t channels, int64_t allowed,
                               uint8_t *is_readable);

#endif
