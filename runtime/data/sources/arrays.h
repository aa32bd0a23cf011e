// Columns in files of arrays: what the built-in sets of IDX files and the sources `idx` and `npy`
// share. Private to the data modules.
#ifndef NNRT_ARRAYS_H
#define NNRT_ARRAYS_H

#include "../stage.h"

enum { NNRT_ARRAYS_MAX_PARTS = 2 };

// Files whose headers are read. Column c (the inputs, then the targets) of part p (0: for training,
// 1: for testing) is arrays[c * parts + p].
typedef struct nnrt_arrays {
    const nnrt_array *arrays;
    int64_t input_count, target_count;
    int parts;
    // Of columns; they live until the process ends. NULL, of a target: "label" or "target".
    const char *names[NNRT_MAX_COLUMNS];
    int64_t classes[NNRT_MAX_COLUMNS]; // of targets, as the program has it; 0: the labels show it
} nnrt_arrays;

// Does what a source's `open` does: checks the files against each other and reads the targets.
nnrt_status nnrt_arrays_open(nnrt_table *table, const nnrt_arrays *set);

#endif
