// The last error's message, one for each thread: those that read data hand theirs over.
#include "status.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

static _Thread_local char message[4096];
static _Thread_local nnrt_status last;

static char memory_message[256];
static atomic_int has_memory_message; // 1: it is being written, 2: it is there

nnrt_status nnrt_fail(nnrt_status status, const char *format, ...) {
    char text[sizeof message]; // the arguments may point into the older message
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    snprintf(message, sizeof message, "%s", text);
    last = status;
    return status;
}

nnrt_status nnrt_failure(void) {
    return last;
}

nnrt_status nnrt_fail_memory(const char *what, size_t bytes) {
    char wanted[64] = "";
    int none = 0;
    if (bytes >= 10 << 20)
        snprintf(wanted, sizeof wanted, " (%.4g MB more were wanted)", (double)bytes / 1e6);
    else if (bytes)
        snprintf(wanted, sizeof wanted, " (%zu bytes more were wanted)", bytes);
    nnrt_fail(NNRT_ERROR, "out of memory: %s%s", what, wanted);
    if (!atomic_compare_exchange_strong(&has_memory_message, &none, 1)) return NNRT_ERROR;
    snprintf(memory_message, sizeof memory_message, "%.*s", (int)sizeof memory_message - 1,
             message);
    atomic_store(&has_memory_message, 2);
    return NNRT_ERROR;
}

const char *nnrt_memory_failure(void) {
    return atomic_load(&has_memory_message) == 2 ? memory_message : NULL;
}

const char *nnrt_error(void) {
    return message;
}
