// What came of several runs: a row each, and of the seeds at each rate the mean and the standard
// deviation (of a sample: divided by n - 1). Values are those of the last epoch, or of the one
// whose weights were restored, and of the test part, "test_".
#ifndef NNRT_TABLE_H
#define NNRT_TABLE_H

#include "process.h"

enum { NNRT_TABLE_LINE = 1024 };

typedef struct nnrt_table {
    const nnrt_plan *plan;
    const nnrt_process *processes;
    int64_t jobs, threads; // at a time; of each
    double seconds;        // of all together
} nnrt_table;

// One run that has ended, in words: "seed 3: 5 epochs, loss 0.4123".
void nnrt_table_line(const nnrt_process *process, char *text, size_t size);

// On standard output.
void nnrt_table_print(const nnrt_table *table);
void nnrt_table_json(const nnrt_table *table);

#endif
