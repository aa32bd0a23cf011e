// zlib reads plain files as they are and gzip files with their checksums verified, so both go
// through it.
#include "stream.h"

#include "paths/place.h"
#include "paths/reads.h"
#include "spool.h"
#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { SKIP_SIZE = 1 << 14, BUFFER_SIZE = 1 << 17, READ_SIZE = 1 << 30 };
enum { DEFLATE_MAX_RATIO = 1032 }; // zlib's "Technical Details": no input expands more

static nnrt_status fail_open(const char *path) {
    return nnrt_fail(NNRT_ERROR, "cannot read `%s`: %s", path, strerror(errno));
}

// The two first bytes and the four last ones of a gzip file.
static void look_at_ends(nnrt_stream *stream, int descriptor) {
    uint8_t start[2], end[4];
    stream->compressed =
        nnrt_system_read(descriptor, start, 2, 0) == 2 && start[0] == 0x1f && start[1] == 0x8b;
    if (!stream->compressed || nnrt_system_read(descriptor, end, 4, stream->file_size - 4) != 4)
        return;
    stream->last_size =
        (uint32_t)end[0] | (uint32_t)end[1] << 8 | (uint32_t)end[2] << 16 | (uint32_t)end[3] << 24;
}

// The stream owns the descriptor, or it is closed.
static nnrt_status attach(nnrt_stream *stream, int descriptor, int64_t size) {
    stream->file_size = size;
    look_at_ends(stream, descriptor);
    stream->file = gzdopen(descriptor, "rb");
    if (!stream->file) {
        close(descriptor);
        return nnrt_fail_memory(stream->path, 0);
    }
    gzbuffer(stream->file, BUFFER_SIZE);
    return NNRT_OK;
}

nnrt_status nnrt_stream_open_descriptor(nnrt_stream *stream, const char *path, int descriptor) {
    *stream = (nnrt_stream){.path = path};
    struct stat status;
    int own = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    if (own < 0 || fstat(own, &status) != 0 || lseek(own, 0, SEEK_SET) < 0) {
        if (own >= 0) close(own);
        return fail_open(path);
    }
    return attach(stream, own, status.st_size);
}

static nnrt_status open_standard(nnrt_stream *stream, const char *path) {
    int descriptor;
    nnrt_status status = nnrt_spool_standard(&descriptor);
    return status ? status : nnrt_stream_open_descriptor(stream, path, descriptor);
}

nnrt_status nnrt_stream_open(nnrt_stream *stream, const char *path) {
    *stream = (nnrt_stream){.path = path};
    if (nnrt_place_is_standard_input(path)) return open_standard(stream, path);
    int descriptor =
        nnrt_system_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); // pipes must not block
    if (descriptor < 0) return fail_open(path);
    struct stat status;
    int is_known = fstat(descriptor, &status) == 0;
    if (!is_known || !S_ISREG(status.st_mode)) {
        int error = errno;
        close(descriptor);
        errno = error;
        if (!is_known) return fail_open(path);
        return nnrt_fail(NNRT_ERROR, "cannot read `%s`: it is %s, not a file", path,
                         S_ISDIR(status.st_mode) ? "a folder" : "a device or pipe");
    }
    if (nnrt_reads_note(path)) {
        close(descriptor);
        return NNRT_ERROR;
    }
    return attach(stream, descriptor, status.st_size);
}

void nnrt_stream_close(nnrt_stream *stream) {
    if (stream->file) gzclose_r(stream->file);
    stream->file = NULL;
}

static nnrt_status fail_damaged(const nnrt_stream *stream, const char *why) {
    return nnrt_fail(NNRT_ERROR,
                     "`%s` is damaged: its compressed data are not valid after %lld bytes of "
                     "content (%s); get the file again",
                     stream->path, (long long)stream->position, why);
}

// Why zlib gave less than asked for: NNRT_OK if the file just ends here.
static nnrt_status explain(const nnrt_stream *stream) {
    int code;
    const char *message = gzerror(stream->file, &code);
    if (code == Z_OK || code == Z_STREAM_END) return NNRT_OK;
    if (code == Z_ERRNO)
        return nnrt_fail(NNRT_ERROR, "cannot read `%s`: %s", stream->path, strerror(errno));
    if (code == Z_BUF_ERROR) return fail_damaged(stream, "the file ends too early");
    size_t prefix = strlen(stream->path); // zlib's messages may start with a path
    if (strncmp(message, stream->path, prefix) == 0 && message[prefix] == ':')
        message += prefix + 2;
    return fail_damaged(stream, strncmp(message, "<fd:", 4) == 0 && strchr(message, ' ')
                                    ? strchr(message, ' ') + 1
                                    : message);
}

// A signal came: zlib may have lost what it had just read.
static int goes_on(nnrt_stream *stream) {
    int code;
    gzerror(stream->file, &code);
    if (code != Z_ERRNO || errno != EINTR) return 0;
    gzclearerr(stream->file);
    return gzrewind(stream->file) == 0 &&
           gzseek(stream->file, stream->position, SEEK_SET) == stream->position;
}

nnrt_status nnrt_stream_read_some(nnrt_stream *stream, void *bytes, int64_t size, int64_t *count) {
    for (*count = 0; *count < size;) {
        int64_t wanted = size - *count < READ_SIZE ? size - *count : READ_SIZE;
        int got = gzread(stream->file, (char *)bytes + *count, (unsigned)wanted);
        if (got > 0) *count += got;
        if (got > 0) stream->position += got;
        if (got < wanted && !goes_on(stream)) return explain(stream);
    }
    return NNRT_OK;
}

nnrt_status nnrt_stream_read(nnrt_stream *stream, void *bytes, int64_t size, const char *what) {
    int64_t count;
    nnrt_status status = nnrt_stream_read_some(stream, bytes, size, &count);
    if (status || count == size) return status;
    return nnrt_fail(
        NNRT_ERROR, "`%s` is truncated: it ends after %lld bytes, inside of %s; get the file again",
        stream->path, (long long)stream->position, what);
}

nnrt_status nnrt_stream_skip(nnrt_stream *stream, int64_t size, const char *what) {
    char bytes[SKIP_SIZE];
    nnrt_status status = NNRT_OK;
    for (; size > 0 && !status; size -= SKIP_SIZE)
        status = nnrt_stream_read(stream, bytes, size < SKIP_SIZE ? size : SKIP_SIZE, what);
    return status;
}

static nnrt_status fail_trailing(const nnrt_stream *stream, int64_t size) {
    return nnrt_fail(NNRT_ERROR,
                     "`%s` is longer than its header says: more bytes follow after the %lld "
                     "expected; header or file is damaged",
                     stream->path, (long long)size);
}

nnrt_status nnrt_stream_end(nnrt_stream *stream) {
    char byte;
    int64_t count, size = stream->position;
    nnrt_status status = nnrt_stream_read_some(stream, &byte, 1, &count);
    if (status || count == 0) return status;
    return fail_trailing(stream, size);
}

static nnrt_status fail_short(const nnrt_stream *stream, int64_t size, int64_t real) {
    return nnrt_fail(NNRT_ERROR,
                     "`%s` is truncated: its header promises %lld bytes in all, but it has %lld; "
                     "get the file again",
                     stream->path, (long long)size, (long long)real);
}

// Reads on to the end, or to the first byte too many.
static nnrt_status check_by_reading(nnrt_stream *stream, int64_t size) {
    char bytes[SKIP_SIZE];
    int64_t count = SKIP_SIZE;
    while (count == SKIP_SIZE && stream->position <= size) {
        nnrt_status status = nnrt_stream_read_some(stream, bytes, SKIP_SIZE, &count);
        if (status) return status;
    }
    if (stream->position > size) return fail_trailing(stream, size);
    return stream->position < size ? fail_short(stream, size, stream->position) : NNRT_OK;
}

nnrt_status nnrt_stream_check_size(nnrt_stream *stream, int64_t size) {
    if (!stream->compressed) {
        if (stream->file_size < size) return fail_short(stream, size, stream->file_size);
        return stream->file_size > size ? fail_trailing(stream, size) : NNRT_OK;
    }
    if (stream->file_size < size / DEFLATE_MAX_RATIO)
        return nnrt_fail(NNRT_ERROR,
                         "`%s` is truncated or damaged: its header promises %lld bytes, more than "
                         "%lld compressed bytes can hold; get the file again",
                         stream->path, (long long)size, (long long)stream->file_size);
    if (stream->last_size == (uint32_t)size) return NNRT_OK;
    return check_by_reading(stream, size);
}
