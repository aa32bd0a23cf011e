// What the machine can do at best, measured in some 50 ms: the roofs of a profile (S. Williams,
// A. Waterman, D. Patterson: Roofline, CACM 52(4), 2009).
#ifndef NNRT_ROOF_H
#define NNRT_ROOF_H

#include "team.h"

typedef struct nnrt_roof {
    int workers;
    double flops;        // multiply-adds of all workers together, FLOP/s; 0: not known
    double narrow_flops; // the same of products in bfloat16, where the processor has some
    double bytes;        // read and written in memory by all together, bytes/s; 0: not known
} nnrt_roof;

nnrt_roof nnrt_roof_measure(const nnrt_program *program, nnrt_team *team, int workers);

#endif
