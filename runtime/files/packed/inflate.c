#include "inflate.h"

#ifdef NNRT_HAVE_DEFLATE

#include "../system.h"

#include <fcntl.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int inflate(const void *file, size_t file_size, void *bytes, size_t size) {
    struct libdeflate_decompressor *inflater = libdeflate_alloc_decompressor();
    if (!inflater) return 0;
    size_t used = 0, made = 0;
    enum libdeflate_result result =
        libdeflate_gzip_decompress_ex(inflater, file, file_size, bytes, size, &used, &made);
    libdeflate_free_decompressor(inflater);
    return result == LIBDEFLATE_SUCCESS && made == size && used == file_size;
}

// In large pages, of which fewer have to be made.
static char *make_room(size_t size) {
    enum { LARGE_PAGE = 2 << 20 };
    if (size < LARGE_PAGE) return malloc(size);
    size_t all = (size + LARGE_PAGE - 1) & -(size_t)LARGE_PAGE;
    char *room = aligned_alloc(LARGE_PAGE, all);
    if (room) madvise(room, all, MADV_HUGEPAGE);
    return room;
}

// Not mapped: a file that another program cuts meanwhile would end this one with SIGBUS.
static void *read_file(int descriptor, size_t size) {
    char *file = make_room(size);
    if (file && nnrt_system_read(descriptor, file, size, 0) == (int64_t)size) return file;
    free(file);
    return NULL;
}

int nnrt_inflate_file(const char *path, void *bytes, int64_t size) {
    int descriptor = nnrt_system_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) return 0;
    struct stat status;
    int done = 0;
    if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
        size_t file_size = (size_t)status.st_size;
        void *file = read_file(descriptor, file_size);
        if (file) done = inflate(file, file_size, bytes, (size_t)size);
        free(file);
    }
    close(descriptor);
    return done;
}

#else

int nnrt_inflate_file(const char *path, void *bytes, int64_t size) {
    (void)path;
    (void)bytes;
    (void)size;
    return 0;
}

#endif
