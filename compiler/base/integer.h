// Whole numbers of sizes and places. `by` and `multiple` are above zero.
#ifndef NNC_BASE_INTEGER_H
#define NNC_BASE_INTEGER_H

#include <stdint.h>

static inline int64_t lowest(int64_t x, int64_t y) {
    return x < y ? x : y;
}

static inline int64_t divide_down(int64_t value, int64_t by) {
    return value / by - (value % by < 0);
}

static inline int64_t divide_up(int64_t value, int64_t by) {
    return divide_down(value + by - 1, by);
}

static inline int64_t round_up(int64_t value, int64_t multiple) {
    return divide_up(value, multiple) * multiple;
}

#endif
