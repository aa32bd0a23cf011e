#include "amount.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

// Numbers, each with its unit, one at least.
int nnrt_duration_parse(const char *text, double *seconds) {
    static const char units[] = "smhd";
    static const double lengths[] = {1, 60, 3600, 86400};
    *seconds = 0;
    do {
        char *end;
        if (!isdigit((unsigned char)*text)) return 0;
        double number = strtod(text, &end);
        const char *unit = *end ? strchr(units, *end) : NULL;
        if (!unit) return 0;
        *seconds += number * lengths[unit - units];
        text = end + 1;
    } while (*text);
    return isfinite(*seconds) && *seconds > 0;
}

// A number, then one of the units in any case.
int nnrt_size_parse(const char *text, int64_t *bytes) {
    static const struct {
        const char *name;
        double bytes;
    } units[] = {{"", 1},         {"B", 1},        {"K", 1e3},      {"KB", 1e3},    {"M", 1e6},
                 {"MB", 1e6},     {"G", 1e9},      {"GB", 1e9},     {"T", 1e12},    {"TB", 1e12},
                 {"KiB", 0x1p10}, {"MiB", 0x1p20}, {"GiB", 0x1p30}, {"TiB", 0x1p40}};
    char *end;
    if (!isdigit((unsigned char)*text)) return 0;
    double number = strtod(text, &end);
    while (*end == ' ') end++;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        double size = number * units[i].bytes;
        if (strcasecmp(end, units[i].name) || !(size >= 1 && size < 0x1p62)) continue;
        *bytes = (int64_t)size;
        return 1;
    }
    return 0;
}

int nnrt_every_parse(const char *text, nnrt_every *every) {
    char *end;
    errno = 0;
    long long number = isdigit((unsigned char)*text) ? strtoll(text, &end, 10) : 0;
    int is_count = number >= 1 && !errno && number <= 1000000000000;
    *every = (nnrt_every){0};
    if (is_count && (!*end || strcmp(end, "steps") == 0 || strcmp(end, "step") == 0))
        every->steps = number;
    else if (is_count && (strcmp(end, "epochs") == 0 || strcmp(end, "epoch") == 0))
        every->epochs = number;
    else
        return nnrt_duration_parse(text, &every->seconds);
    return 1;
}
