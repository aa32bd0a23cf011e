// A file that is read once from its beginning, plain or compressed by gzip (told apart by its first
// bytes). The caller owns the stream and closes it. Every error names the file and the place.
#ifndef NNRT_STREAM_H
#define NNRT_STREAM_H

#include <stdint.h>

#include "../base/status.h"

typedef struct nnrt_stream {
    const char *path;  // borrowed
    void *file;        // zlib's; NULL: not open
    int64_t file_size; // bytes on the disk
    int64_t position;  // bytes of content read
    int compressed;
    uint32_t last_size; // compressed: the content's size modulo 2^32, if it is one gzip member
} nnrt_stream;

// `-` is standard input, each time from its beginning.
nnrt_status nnrt_stream_open(nnrt_stream *stream, const char *path);
// What an open regular file holds, from its beginning; the caller keeps `descriptor`, `path` is for
// messages.
nnrt_status nnrt_stream_open_descriptor(nnrt_stream *stream, const char *path, int descriptor);
void nnrt_stream_close(nnrt_stream *stream);

// Exactly `size` bytes; `what` names them in the message when the file ends before.
nnrt_status nnrt_stream_read(nnrt_stream *stream, void *bytes, int64_t size, const char *what);
// Up to `size` bytes: fewer at the end of the file.
nnrt_status nnrt_stream_read_some(nnrt_stream *stream, void *bytes, int64_t size, int64_t *count);
nnrt_status nnrt_stream_skip(nnrt_stream *stream, int64_t size, const char *what);

// Checks that nothing is left, and the checksum of compressed content.
nnrt_status nnrt_stream_end(nnrt_stream *stream);

// Can the content be `size` bytes? Checked before anything is allocated, without reading all of the
// file unless it looks wrong. To be called before more than a header was read.
nnrt_status nnrt_stream_check_size(nnrt_stream *stream, int64_t size);

#endif
