// The files that a source's options name, part by part.
#ifndef NNRT_PART_FILES_H
#define NNRT_PART_FILES_H

#include "../../base/call.h"
#include "../table/table.h"

enum { NNRT_PART_FILES = 3 };

// Gives the files of `options` (training, validation, test) to `read`, in this order, and counts
// the table's rows by `*rows`, those so far of all files.
nnrt_status nnrt_part_files_read(nnrt_table *table, const nnrt_call *call,
                                 const int options[NNRT_PART_FILES], const int64_t *rows,
                                 nnrt_status (*read)(void *reading, const char *name),
                                 void *reading);

#endif
