// Statuses are the exit statuses of compiled programs and of nnc (docs/language.md).
#ifndef NNRT_STATUS_H
#define NNRT_STATUS_H

#include <stddef.h>

typedef enum nnrt_status {
    NNRT_OK = 0,
    NNRT_ERROR = 1, // the program or its input is wrong
    NNRT_USAGE = 2,
    NNRT_INTERRUPTED = 3, // state saved
    NNRT_NOT_FINITE = 4,
    NNRT_BUG = 70,          // our own
    NNRT_DATA_MISSING = 100 // internal: files not found; main turns it into NNRT_ERROR
} nnrt_status;

// Bytes of a message: some paths, each as long as paths may be, and what is said of them. Of a
// longer one the middle is left out, so that the remedy at its end stays.
enum { NNRT_MESSAGE = 16384 };

// Remembers the message (replacing an older one) and returns `status`.
nnrt_status nnrt_fail(nnrt_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
const char *nnrt_error(void);   // the last message
nnrt_status nnrt_failure(void); // and its status

// "out of memory: WHAT (12.3 MB more were wanted)"; 0: it is not known how much. NNRT_ERROR.
nnrt_status nnrt_fail_memory(const char *what, size_t bytes);

// The first such message of the process, NULL: none. Where it was passed over, what follows may be
// less than it should be.
const char *nnrt_memory_failure(void);

#endif
