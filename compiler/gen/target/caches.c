// The caches of a core of the target, and how many instructions it begins. Results do not depend on
// them, only which numbers lie where when they are read again, and what is asked for meanwhile.
#include "../emit.h"

#include <string.h>
#include <unistd.h>

typedef struct Core {
    const char *cpu;
    int first, second; // kilobytes of data
    int issues;
} Core;

// What makers state, of the large cores where there are several kinds, and a core's part of what it
// shares. Instructions: what is renamed a cycle; whether that is more than four is what counts.
static const Core named[] = {{"skylake-avx512", 32, 1024, 4}, {"cascadelake", 32, 1024, 4},
                             {"cooperlake", 32, 1024, 4},     {"icelake-client", 48, 512, 5},
                             {"icelake-server", 48, 1280, 5}, {"tigerlake", 48, 1280, 5},
                             {"rocketlake", 48, 512, 5},      {"alderlake", 48, 1280, 6},
                             {"raptorlake", 48, 2048, 6},     {"meteorlake", 48, 2048, 6},
                             {"arrowlake", 48, 3072, 8},      {"lunarlake", 48, 2560, 8},
                             {"sapphirerapids", 48, 2048, 6}, {"emeraldrapids", 48, 2048, 6},
                             {"graniterapids", 48, 2048, 6},  {"goldmont", 24, 512, 3},
                             {"tremont", 32, 1024, 4},        {"gracemont", 32, 512, 5},
                             {"sierraforest", 32, 1024, 6},   {"znver1", 32, 512, 6},
                             {"znver2", 32, 512, 6},          {"znver3", 32, 512, 6},
                             {"znver4", 32, 1024, 6},         {"znver5", 48, 1024, 8}};

static Core find_core(const char *cpu) {
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        if (strcmp(named[i].cpu, cpu) == 0) return named[i];
    return (Core){cpu, 32, 256, 4};
}

static int64_t stated_or(int64_t stated, int64_t kilobytes) {
    return stated > 0 ? stated : kilobytes * 1024;
}

void target_find_caches(MachineModel *machine, const char *cpu, bool is_native) {
    Core core = find_core(cpu);
    int64_t first = is_native ? sysconf(_SC_LEVEL1_DCACHE_SIZE) : 0;
    int64_t second = is_native ? sysconf(_SC_LEVEL2_CACHE_SIZE) : 0;
    machine->first_cache = stated_or(first, core.first);
    machine->second_cache = stated_or(second, core.second);
    machine->issues = core.issues;
    // Measured on Zen 4 (bench/native/exchange.c); on Zen 3 a line costs 5 ns, and past the caches
    // as much again to read it.
    machine->waits_for_shared = strcmp(cpu, "znver4") == 0 || strcmp(cpu, "znver5") == 0;
}
