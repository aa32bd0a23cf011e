// The symbols are those of the object that compiler/gen/carry.c writes. They are weak, since most
// programs are linked without it.
#include "carried.h"

#include <stddef.h>

extern const char nnrt_carried_begin[] __attribute__((weak));
extern const char nnrt_carried_end[] __attribute__((weak));
extern const char nnrt_carried_name[] __attribute__((weak));

nnrt_carried nnrt_carried_weights(void) {
    nnrt_carried carried = {0};
    if (!nnrt_carried_begin) return carried;
    carried.name = nnrt_carried_name;
    carried.bytes = nnrt_carried_begin;
    carried.size = (int64_t)((uintptr_t)nnrt_carried_end - (uintptr_t)nnrt_carried_begin);
    return carried;
}
