// SIGINT and SIGTERM ask to stop after the current step; one that comes half a second after it or
// later ends the process at once. A terminal that goes away (SIGHUP) and a reader of the output
// that does ask for nothing. A time that is over asks as signals do.
#ifndef NNRT_INTERRUPT_H
#define NNRT_INTERRUPT_H

#include <sys/types.h>

// `message`: what a signal writes to standard error, with which it ends the process (status 3),
// until nnrt_interrupt_wait: there is nothing to finish yet.
void nnrt_interrupt_catch(const char *message);
// From now on a signal waits for the step.
void nnrt_interrupt_wait(void);

typedef struct nnrt_deadline {
    double when; // nnrt_seconds()
    char name[64];
} nnrt_deadline;

// It is asked to stop so many seconds from now, too, unless an earlier time is set; `name` is what
// says so. Returns what was set before, to go back to.
nnrt_deadline nnrt_interrupt_after(double seconds, const char *name);
void nnrt_interrupt_at(const nnrt_deadline *when);

int nnrt_interrupted(void);
int nnrt_interrupt_hung_up(void);           // whether the terminal went away
const char *nnrt_interrupted_by_time(void); // its name, by that alone; NULL: it was not

// In a process that `parent` has just made: whoever ends the parent ends this one, too, as SIGTERM
// does. 0: it has ended already.
int nnrt_interrupt_follow(pid_t parent);

// "killed by signal 9 (Killed)"
enum { NNRT_SIGNAL_TEXT = 80 };
const char *nnrt_signal_text(char text[NNRT_SIGNAL_TEXT], int number);

#endif
