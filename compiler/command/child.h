// Processes that nnc starts and listens to: programs that measure themselves, trainings of a sweep.
// They end with nnc, as they would by SIGTERM.
#ifndef NNC_CHILD_H
#define NNC_CHILD_H

#include "../base/arena.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

typedef struct Child {
    pid_t id;           // 0: there is none
    int output, errors; // what it says; descriptors of memory
} Child;

// Starts the executable open as `executable` (-1: nnc itself) with these words, ended by NULL, and
// standard input empty. `folder`: its current one; NULL: this one. `signals`: the mask that it
// begins with; NULL: this process's. False: errno says why.
bool child_start(Child *child, int executable, char *const *words, const char *folder,
                 const sigset_t *signals);

const char *child_output(Arena *arena, const Child *child);

// The first error that messages tell of, in a line: "E0401: `a.csv` not found"; NULL: none.
const char *child_error(Arena *arena, const char *said);

// Why it failed, in a line: the first error that it told of, the signal that killed it, the first
// line that it said, or its exit status.
const char *child_reason(Arena *arena, const Child *child, int status);

void child_close(Child *child); // after its end

#endif
