// The caches of a core of the target. Results do not depend on them, only which numbers lie there
// when they are read again.
#include "../emit.h"

#include <string.h>
#include <unistd.h>

typedef struct Caches {
    const char *cpu;
    int first, second; // kilobytes of data
} Caches;

// What makers state, of the large cores where there are several kinds, and a core's part of what it
// shares.
static const Caches named[] = {
    {"skylake-avx512", 32, 1024}, {"cascadelake", 32, 1024},    {"cooperlake", 32, 1024},
    {"icelake-client", 48, 512},  {"icelake-server", 48, 1280}, {"tigerlake", 48, 1280},
    {"rocketlake", 48, 512},      {"alderlake", 48, 1280},      {"raptorlake", 48, 2048},
    {"meteorlake", 48, 2048},     {"arrowlake", 48, 3072},      {"lunarlake", 48, 2560},
    {"sapphirerapids", 48, 2048}, {"emeraldrapids", 48, 2048},  {"graniterapids", 48, 2048},
    {"goldmont", 24, 512},        {"tremont", 32, 1024},        {"gracemont", 32, 512},
    {"sierraforest", 32, 1024},   {"znver1", 32, 512},          {"znver2", 32, 512},
    {"znver3", 32, 512},          {"znver4", 32, 1024},         {"znver5", 48, 1024}};

static Caches find_caches(const char *cpu) {
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        if (strcmp(named[i].cpu, cpu) == 0) return named[i];
    return (Caches){cpu, 32, 256};
}

static int64_t stated_or(int64_t stated, int64_t kilobytes) {
    return stated > 0 ? stated : kilobytes * 1024;
}

void target_find_caches(MachineModel *machine, const char *cpu, bool is_native) {
    Caches caches = find_caches(cpu);
    int64_t first = is_native ? sysconf(_SC_LEVEL1_DCACHE_SIZE) : 0;
    int64_t second = is_native ? sysconf(_SC_LEVEL2_CACHE_SIZE) : 0;
    machine->first_cache = stated_or(first, caches.first);
    machine->second_cache = stated_or(second, caches.second);
    // Measured on Zen 4 (bench/native/exchange.c); older ones store no whole lines at once.
    machine->waits_for_shared = strcmp(cpu, "znver4") == 0 || strcmp(cpu, "znver5") == 0;
}
