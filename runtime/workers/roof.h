// What the machine can do at best, measured in some 60 ms: the roofs of a profile (S. Williams,
// A. Waterman, D. Patterson: Roofline, CACM 52(4), 2009).
#ifndef NNRT_ROOF_H
#define NNRT_ROOF_H

#include "team.h"

enum { NNRT_FIRST_CACHE, NNRT_SECOND_CACHE, NNRT_THIRD_CACHE, NNRT_CACHES };

typedef struct nnrt_roof {
    int workers;
    double flops;        // multiply-adds of all workers together, FLOP/s; 0: not known
    double narrow_flops; // the same of products in bfloat16, where the processor has some
    double bytes;        // read and written in memory by all together, bytes/s; 0: not known
    // Bytes of a core's caches, of the third that of all cores, and what all workers together read
    // there, bytes/s; 0: not known. The first one's reads are part of multiply-adds.
    int64_t cache_sizes[NNRT_CACHES];
    double cache_bytes[NNRT_CACHES];
} nnrt_roof;

nnrt_roof nnrt_roof_measure(const nnrt_program *program, nnrt_team *team, int workers);

#endif
