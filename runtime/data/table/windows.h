// Windows: runs of rows that become samples. While stages run they are what the parts have; the
// columns stay columns of rows, so that what learns from the training part sees its rows.
#ifndef NNRT_WINDOWS_H
#define NNRT_WINDOWS_H

#include "table.h"

typedef struct nnrt_windows {
    uint32_t *order; // [place_count]: rows of the table, part by part; NULL: place i is row i
    uint32_t *first; // [count]: the first place of each window
    int64_t place_count, count;
    int64_t length, ahead; // rows of a window; the target's row behind the last one
    int is_open;           // nobody asks for the target's row, which may be behind the end
    int has_past;          // its columns were added
    nnrt_part kept[3];     // the parts, while they are those of rows
} nnrt_windows;

// Places from the first row of a window to its last, or to its target's: both included.
int64_t nnrt_windows_reach(const nnrt_windows *windows);

// The row of the table that a window ends with.
int64_t nnrt_windows_last_row(const nnrt_windows *windows, uint32_t window);

// For a stage that works on columns: the parts become the rows that their windows reach, until
// nnrt_windows_close. Without windows both do nothing.
nnrt_status nnrt_windows_open(nnrt_table *table);
void nnrt_windows_close(nnrt_table *table);

// Takes training windows away that reach rows of `part`, which was the end of the training part.
void nnrt_windows_trim(nnrt_table *table, const nnrt_part *part);

// The past of a target that is a number is an input: a column of its name, where it is, is added
// the first time that this is called. Not where the target's row is in the window.
nnrt_status nnrt_windows_add_targets(nnrt_table *table);
// The windows become the samples of the table, as views of its columns.
nnrt_status nnrt_windows_finish(nnrt_table *table);

void nnrt_windows_free(nnrt_table *table);

#endif
