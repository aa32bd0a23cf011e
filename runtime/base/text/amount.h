// Amounts with their units, as the command line and programs write them: times (90s, 1h30m), and
// how often something is done (10 steps, 60s, 2epochs).
#ifndef NNRT_AMOUNT_H
#define NNRT_AMOUNT_H

#include <stdint.h>

typedef struct nnrt_every { // one of them; all 0: not given
    int64_t steps, epochs;
    double seconds;
} nnrt_every;

#define NNRT_DURATION_WANTED "a time: 90s, 30m, 8h, 1h30m"
#define NNRT_EVERY_WANTED "a number of steps (10), a time (60s, 5m) or epochs (2epochs)"

#define NNRT_SIZE_WANTED "a size: 500MB, 1.5GB, 512MiB, a number of bytes"

// 0: it is none.
int nnrt_size_parse(const char *text, int64_t *bytes); // KB is 1000, KiB 1024
int nnrt_duration_parse(const char *text, double *seconds);
int nnrt_every_parse(const char *text, nnrt_every *every);

#endif
