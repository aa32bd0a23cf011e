// The files that this process reads, noted when they are opened, so that nothing is written over
// them. They are told apart by device and inode: other names and hard links are the same file.
#ifndef NNRT_READS_H
#define NNRT_READS_H

#include "../../base/status.h"

#include <stdint.h>

nnrt_status nnrt_reads_note(const char *path);

// A folder, of whose files, at any depth, those are read that `filter` takes by name; NULL: all.
typedef int nnrt_reads_filter(const char *name);
nnrt_status nnrt_reads_note_folder(const char *path, nnrt_reads_filter *filter);

// The noted path that `path` would overwrite; NULL: none.
const char *nnrt_reads_find(const char *path);

int64_t nnrt_reads_count(void);
const char *nnrt_reads_path(int64_t index); // as it was opened

#endif
