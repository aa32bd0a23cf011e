// Are numbers finite?
#ifndef NNRT_FINITE_H
#define NNRT_FINITE_H

#include <stdint.h>
#include <string.h>

// By the exponent, so that a vector of numbers takes two operations.
static inline int nnrt_are_finite(const float *values, int64_t count) {
    const uint32_t exponent = 0x7f800000;
    enum { PART = 4096 };
    for (int64_t first = 0; first < count; first += PART) {
        int64_t end = count - first < PART ? count : first + PART;
        uint32_t bad = 0;
        for (int64_t i = first; i < end; i++) {
            uint32_t bits;
            memcpy(&bits, &values[i], sizeof bits);
            bad |= (bits & exponent) == exponent;
        }
        if (bad) return 0;
    }
    return 1;
}

#endif
