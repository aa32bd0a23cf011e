// A run at work in a process of its own: what it says on standard error comes line by line, with
// its name in front, what it prints is kept as its result.
#ifndef NNRT_PROCESS_H
#define NNRT_PROCESS_H

#include "plan.h"

#include <jansson.h>
#include <sys/types.h>

typedef struct nnrt_process {
    const nnrt_planned *run;
    pid_t id;        // 0: it is not at work
    int messages;    // its standard error; -1: it has ended
    int output;      // a file without a name
    char line[4096]; // that is not whole yet
    size_t length;
    double begun;
    // When it has ended:
    int is_begun, status; // as it would have exited alone
    double seconds;
    json_t *result; // what `fit --json` prints; NULL: it failed
} nnrt_process;

// Begins `run` with so many threads. No thread but the caller's may be there. NNRT_ERROR: the
// system gives no process. In the new process it does not return.
nnrt_status nnrt_process_start(nnrt_process *process, nnrt_session *shared, int64_t threads);

// There is something to read from `messages`: passes it on, and at its end takes the result.
void nnrt_process_read(nnrt_process *process);

// Asks it to end, as a signal would.
void nnrt_process_stop(const nnrt_process *process);

void nnrt_process_free(nnrt_process *process);

#endif
