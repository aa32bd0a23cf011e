// A contact sheet of a data set's training part: its pictures in a grid, to be looked at.
//
// Where the target is of classes, each line is of one class, in their order; else lines follow the
// order of the rows. A line has up to eight pictures; where the data set is augmented, up to four,
// and beside each, on its right, what augmentation makes of it in the first epoch of seed 0. A
// class with fewer pictures leaves the rest of its line white.
#ifndef NNRT_SHEET_H
#define NNRT_SHEET_H

#include "../../formats/pictures/grid.h"
#include "../data.h"

typedef struct nnrt_sheet {
    nnrt_grid grid;
    int is_augmented;
    int64_t classes;          // lines that are of one class each; 0: none is
    const char *const *names; // of those; NULL: numbers
} nnrt_sheet;

// NNRT_ERROR, NNRT_DATA_MISSING: nnrt_error() says why; the sheet is freed in any case.
nnrt_status nnrt_sheet_make(const nnrt_call *stages, int64_t stage_count, const char *folder,
                            nnrt_sheet *sheet);
void nnrt_sheet_free(nnrt_sheet *sheet);

#endif
