// Standard output. What cannot be printed (a full disk, a reader that went away, no memory for the
// text) ends nothing: the first failure is remembered and reported once, at the end.
#ifndef NNRT_PRINT_H
#define NNRT_PRINT_H

#include "../status.h"

// At the start: failures of an earlier command in this process are forgotten.
void nnrt_print_start(void);

// Hands what was printed to the system.
void nnrt_print_flush(void);

// Something was not printed, for this reason.
void nnrt_print_lost(const char *reason);

// Flushes; NNRT_ERROR with a message if anything was lost.
nnrt_status nnrt_print_end(void);

#endif
