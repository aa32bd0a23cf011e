// SIGINT, SIGTERM and SIGHUP ask to stop after the current step; one that comes
// half a second after it or later ends the process at once. A reader of the output that goes away
// asks for nothing. A time that is over asks as they do.
#ifndef NNRT_INTERRUPT_H
#define NNRT_INTERRUPT_H

// `message`: what a signal writes to standard error, with which it ends the process (status 3),
// until nnrt_interrupt_wait: there is nothing to finish yet.
void nnrt_interrupt_catch(const char *message);
// From now on a signal waits for the step.
void nnrt_interrupt_wait(void);
// It is asked to stop so many seconds from now, too.
void nnrt_interrupt_after(double seconds);

int nnrt_interrupted(void);
int nnrt_interrupted_by_time(void); // by that alone

#endif
