#include "amount.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

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
