#include "print.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static char first_failure[128]; // empty: none

void nnrt_print_start(void) {
    first_failure[0] = 0;
}

void nnrt_print_lost(const char *reason) {
    if (!first_failure[0]) snprintf(first_failure, sizeof first_failure, "%s", reason);
}

void nnrt_print_flush(void) {
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout)) return;
    nnrt_print_lost(errno ? strerror(errno) : "input/output error");
}

nnrt_status nnrt_print_end(void) {
    nnrt_print_flush();
    if (!first_failure[0]) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR, "cannot write to the standard output: %s", first_failure);
}
