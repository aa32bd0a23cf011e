// The kinds of processor that this one can be, for tests of what is made for each.
#ifndef NNC_TEST_CPUS_H
#define NNC_TEST_CPUS_H

#include "../../runtime/base/cpu.h"

#include <string.h>

typedef struct TestCpu {
    const char *name, *needed; // as --cpu has it; the feature that tells it from those behind it
} TestCpu;

enum { MOST_CPUS = 8 };
static const char *cpus[MOST_CPUS];
static int cpu_count;

static inline void find_cpus(const TestCpu *all, int count) {
    for (int i = 0; i < count && i < MOST_CPUS; i++) {
        bool is_there = nnrt_cpu_has(all[i].needed);
        if (is_there && !strncmp(all[i].needed, "amx-", 4)) is_there = !nnrt_cpu_allow_tiles();
        if (is_there) cpus[cpu_count++] = all[i].name;
    }
}

#endif
