// The last error's message, one for each thread: those that read data hand theirs over.
#include "status.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local char message[NNRT_MESSAGE];
static _Thread_local nnrt_status last;

static char memory_message[256];
static atomic_int has_memory_message; // 1: it is being written, 2: it is there

// Into `text`, as much of the beginning and of the end of a longer one as there is room for.
static void shorten(char text[NNRT_MESSAGE], const char *format, va_list arguments, int length) {
    static const char gap[] = " [...] ";
    enum { HALF = (NNRT_MESSAGE - (int)sizeof gap) / 2 };
    char *all = malloc((size_t)length + 1);
    if (!all) return; // then its end is missing
    vsnprintf(all, (size_t)length + 1, format, arguments);
    snprintf(text, NNRT_MESSAGE, "%.*s%s%s", HALF, all, gap, all + length - HALF);
    free(all);
}

nnrt_status nnrt_fail(nnrt_status status, const char *format, ...) {
    char text[NNRT_MESSAGE]; // the arguments may point into the older message
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(text, sizeof text, format, arguments);
    if (length >= NNRT_MESSAGE) shorten(text, format, again, length);
    va_end(again);
    va_end(arguments);
    strcpy(message, text);
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
