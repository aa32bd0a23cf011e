// A persistent team of workers. The caller is worker 0; the others are threads that wait between
// tasks. Workers that wait spin for at most about 50 microseconds (not at all when there are more
// workers than CPUs), then yield, then sleep, so that a busy neighbour on a core does not stall the
// team for longer than the scheduler makes it wait. Denormal numbers are flushed in every worker.
#ifndef NNRT_TEAM_H
#define NNRT_TEAM_H

#include <stdint.h>

#include "../base/status.h"
#include "../nnrt.h"

enum { NNRT_TEAM_MAX = 256 };

typedef void nnrt_task(void *argument, int thread, int threads);

// A team of `threads` workers, 1..NNRT_TEAM_MAX; one worker needs no thread. NULL with nnrt_error()
// set when the system gives no more threads.
nnrt_team *nnrt_team_create(int threads);
// The same, as if `tasks` tasks had been run, and as many barriers in each task: counters wrap.
nnrt_team *nnrt_team_create_at(int threads, uint32_t tasks);
void nnrt_team_free(nnrt_team *team); // NULL is fine

int nnrt_team_size(const nnrt_team *team);

// Runs `task` on workers 0..active-1 and returns when all have finished. Only the thread that
// created the team may call it.
void nnrt_team_run(nnrt_team *team, int active, nnrt_task *task, void *argument);

// What nnrt_barrier does; `threads` is that of the running task.
void nnrt_team_meet(nnrt_team *team, int thread, int threads);

int nnrt_cpu_count(void); // CPUs this process may use

void nnrt_flush_denormals(void); // in the calling thread

#endif
