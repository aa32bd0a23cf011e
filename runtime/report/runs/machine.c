#include "machine.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

json_t *nnrt_machine_text(const char *text) {
    json_t *string = json_string(text);
    if (string) return string;
    char copy[4096];
    snprintf(copy, sizeof copy, "%s", text);
    for (char *c = copy; *c; c++)
        if (*c & 0x80) *c = '?';
    return json_string(copy);
}

// "model name : Intel(R) Xeon(R)": the first such line.
static void read_processor(char *name, size_t size) {
    char line[512];
    FILE *file = fopen("/proc/cpuinfo", "re");
    snprintf(name, size, "unknown");
    while (file && fgets(line, sizeof line, file)) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !colon) continue;
        snprintf(name, size, "%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
        break;
    }
    if (file) fclose(file);
}

json_t *nnrt_machine(void) {
    struct utsname system;
    char processor[256], text[256] = "unknown", host[256] = "unknown";
    if (uname(&system) == 0) {
        snprintf(text, sizeof text, "%s %s %s", system.sysname, system.release, system.machine);
        snprintf(host, sizeof host, "%s", system.nodename);
    }
    read_processor(processor, sizeof processor);
    json_int_t memory = (json_int_t)sysconf(_SC_PHYS_PAGES) * (json_int_t)sysconf(_SC_PAGESIZE);
    return json_pack("{s:o, s:o, s:o, s:I, s:I}", "host", nnrt_machine_text(host), "system",
                     nnrt_machine_text(text), "processor", nnrt_machine_text(processor), "cores",
                     (json_int_t)sysconf(_SC_NPROCESSORS_ONLN), "memory", memory);
}
