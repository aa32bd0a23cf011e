// How much memory is left, for what can do with less.
#ifndef NNRT_MEMORY_H
#define NNRT_MEMORY_H

#include <stdint.h>

// Bytes that this process could still take: of the machine, and of its control group if that is
// limited.
int64_t nnrt_free_memory(void);

#endif
