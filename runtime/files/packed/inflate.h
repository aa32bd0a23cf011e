// Decompressing a whole gzip file at once, with libdeflate: 2.5 times as fast as zlib's stream,
// which stays the way for everything that is read piece by piece.
#ifndef NNRT_INFLATE_H
#define NNRT_INFLATE_H

#include <stdint.h>

// Writes the file's content, exactly `size` bytes, to `bytes`. 0 if libdeflate is not built in or
// anything is unusual: the caller then takes the slow way, which says what is wrong.
int nnrt_inflate_file(const char *path, void *bytes, int64_t size);

#endif
