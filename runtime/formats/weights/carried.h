// Weights that are linked into the program (`nnc build --weights`): the bytes of a safetensors file
// as a section of the executable, read where the system maps them.
#ifndef NNRT_CARRIED_H
#define NNRT_CARRIED_H

#include <stdint.h>

typedef struct nnrt_carried {
    const char *name; // of the file that they come from, as it was given to nnc
    const char *bytes;
    int64_t size;
} nnrt_carried;

// The program's own; `bytes` NULL: it carries none.
nnrt_carried nnrt_carried_weights(void);

#endif
