#include "print.h"

#include "../interrupt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static char first_failure[128]; // empty: none

// The stream's own way loses the reason of a failure, and what was to be written when a signal
// came.
static ssize_t put(void *cookie, const char *bytes, size_t size) {
    (void)cookie;
    for (size_t done = 0; done < size;) {
        ssize_t written = write(STDOUT_FILENO, bytes + done, size - done);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0 && errno == EIO && nnrt_interrupt_hung_up()) break; // nobody looks any more
        if (written <= 0) {
            nnrt_print_lost(written < 0 ? strerror(errno) : "nothing is taken");
            return 0;
        }
        done += (size_t)written;
    }
    return (ssize_t)size;
}

void nnrt_print_start(void) {
    static FILE *own;
    first_failure[0] = 0;
    if (own) return;
    own = fopencookie(NULL, "w", (cookie_io_functions_t){.write = put});
    if (!own) return; // without memory the usual one does
    fflush(stdout);
    setvbuf(own, NULL, isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF, BUFSIZ);
    stdout = own;
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
