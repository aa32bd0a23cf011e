// Checks of finished schedules, as graph_verify checks graphs: what is broken is printed with the
// graph, and the process ends with status 70. They run with `--verify-each`, in the tests
// (NNC_VERIFY=1), and in builds for finding mistakes (debug, asan).
#ifndef NNC_PASS_VERIFY_H
#define NNC_PASS_VERIFY_H

#include "group/schedule.h"

// requires: pass_schedule.
void schedule_verify(const Schedule *schedule);
// requires: pass_plan.
void schedule_verify_plan(const Schedule *schedule);

#endif
