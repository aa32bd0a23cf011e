// The last error's message, one for each thread: those that read data hand theirs over.
#include "status.h"

#include <stdarg.h>
#include <stdio.h>

static _Thread_local char message[4096];

nnrt_status nnrt_fail(nnrt_status status, const char *format, ...) {
    char text[sizeof message]; // the arguments may point into the older message
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    snprintf(message, sizeof message, "%s", text);
    return status;
}

const char *nnrt_error(void) {
    return message;
}
