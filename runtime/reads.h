// The files that this process reads, noted when they are opened, so that nothing is written over
// them. They are told apart by device and inode: other names and hard links are the same file.
#ifndef NNRT_READS_H
#define NNRT_READS_H

#include "status.h"

#include <stdint.h>

// A file, or a folder whose pictures are read.
nnrt_status nnrt_reads_note(const char *path);

// The noted path that `path` would overwrite; NULL: none.
const char *nnrt_reads_find(const char *path);

int64_t nnrt_reads_count(void);
const char *nnrt_reads_path(int64_t index); // as it was opened

#endif
