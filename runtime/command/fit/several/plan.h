// Which runs `fit --seeds 5 --learning-rate 0.1,0.01` is, and what their files are called.
#ifndef NNRT_PLAN_H
#define NNRT_PLAN_H

#include "../../../session/session.h"

enum { NNRT_PLAN_MOST = 10000, NNRT_PLAN_NAME = 96 };

typedef struct nnrt_planned { // a run
    int64_t seed;
    double rate;               // 0: the program's
    char name[NNRT_PLAN_NAME]; // "rate 0.01, seed 3"
    char mark[NNRT_PLAN_NAME]; // of its files: "-rate0.01-seed3"
} nnrt_planned;

typedef struct nnrt_plan {
    nnrt_planned *runs; // of each rate all seeds
    int64_t count, seeds, rates;
} nnrt_plan;

// NNRT_USAGE: --seeds or --learning-rate hold no list of runs, or come with an option that is of
// one run alone.
nnrt_status nnrt_plan_open(nnrt_plan *plan, const nnrt_options *options);
void nnrt_plan_free(nnrt_plan *plan);

// "5": as many seeds from `first` on; "3,7": these. NNRT_USAGE: it is neither.
nnrt_status nnrt_plan_seeds(const char *text, int64_t first, int64_t seeds[NNRT_PLAN_MOST],
                            int64_t *count);
// "0.1,0.01". NNRT_USAGE: it is no list of different numbers above 0.
nnrt_status nnrt_plan_rates(const char *text, double rates[NNRT_PLAN_MOST], int64_t *count);

// "logs/{epoch}.csv" with the mark "-seed3" is "logs/{epoch}-seed3.csv"; a device stays as it is.
// NULL: no memory, with nnrt_error() set. The caller's.
char *nnrt_plan_path(const char *path, const char *mark);
// A folder "logs" is "logs/seed3". Likewise.
char *nnrt_plan_folder(const char *path, const char *mark);

#endif
