// Memory that lies on the disk: a file without a name, mapped. The kernel writes its pages away
// where memory is short, and they can be let go at any time without being lost.
#ifndef NNRT_SCRATCH_H
#define NNRT_SCRATCH_H

#include <stdint.h>

// `size` bytes of zeros, whose room on the disk is taken already, in TMPDIR, or else /var/tmp, or
// /tmp. NULL with nnrt_error() set: there is no room.
void *nnrt_scratch_map(int64_t size);
void nnrt_scratch_free(void *memory, int64_t size);

// The pages of the bytes [first, end) leave this process; they come back when they are read.
void nnrt_scratch_let_go(void *memory, int64_t first, int64_t end);
// The bytes will be read soon: the kernel may begin.
void nnrt_scratch_expect(void *memory, int64_t first, int64_t end);

// An empty file without a name there; -1 with nnrt_error() set.
int nnrt_scratch_file(void);

#endif
