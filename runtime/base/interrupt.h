// SIGINT, SIGTERM and SIGHUP ask to stop after the current step; a second one ends the process at
// once. A reader of the output that goes away asks for nothing.
#ifndef NNRT_INTERRUPT_H
#define NNRT_INTERRUPT_H

void nnrt_interrupt_catch(void);
int nnrt_interrupted(void);

#endif
