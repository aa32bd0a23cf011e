#include "memory.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

// The number behind `key` in a file of lines, or of the whole file (key ""); -1: it is not there.
static int64_t find_number(const char *path, const char *key) {
    char line[256];
    long long number = -1;
    FILE *file = fopen(path, "r");
    while (file && number < 0 && fgets(line, sizeof line, file))
        if (strncmp(line, key, strlen(key)) == 0) sscanf(line + strlen(key), " %lld", &number);
    if (file) fclose(file);
    return number;
}

int64_t nnrt_free_memory(void) {
    int64_t left = find_number("/proc/meminfo", "MemAvailable:");
    left = left < 0 ? (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE) : left * 1024;
    int64_t limit = find_number("/sys/fs/cgroup/memory.max", "");
    int64_t used = find_number("/sys/fs/cgroup/memory.current", "");
    int64_t cached = find_number("/sys/fs/cgroup/memory.stat", "file ");
    if (limit < 0 || used < 0) return left;
    limit -= used - (cached > 0 ? cached : 0);
    return limit < 0 ? 0 : limit < left ? limit : left;
}
