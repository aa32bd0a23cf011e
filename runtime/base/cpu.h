// Which of the CPU features that a program was compiled for are there.
#ifndef NNRT_CPU_H
#define NNRT_CPU_H

#include "../nnrt.h"
#include "status.h"

// NNRT_ERROR, naming what is missing, if the program's code would not run here. Features that this
// table does not know are taken to be there.
nnrt_status nnrt_cpu_check(const nnrt_program *program);

// 1 present, 0 missing, -1 unknown; `name` as LLVM spells it ("avx512vl").
int nnrt_cpu_has(const char *name);

// Asks the system for the tiles of AMX, for all threads that are made from now on. 0, or an errno.
int nnrt_cpu_allow_tiles(void);

#endif
