#include "inflate.h"

#ifdef NNRT_HAVE_DEFLATE

#include <fcntl.h>
#include <libdeflate.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int inflate_mapped(const void *file, size_t file_size, void *bytes, size_t size) {
    struct libdeflate_decompressor *inflater = libdeflate_alloc_decompressor();
    if (!inflater) return 0;
    size_t used = 0, made = 0;
    enum libdeflate_result result =
        libdeflate_gzip_decompress_ex(inflater, file, file_size, bytes, size, &used, &made);
    libdeflate_free_decompressor(inflater);
    return result == LIBDEFLATE_SUCCESS && made == size && used == file_size;
}

int nnrt_inflate_file(const char *path, void *bytes, int64_t size) {
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) return 0;
    struct stat status;
    int done = 0;
    if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
        size_t file_size = (size_t)status.st_size;
        void *file = mmap(NULL, file_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, descriptor, 0);
        if (file != MAP_FAILED) {
            done = inflate_mapped(file, file_size, bytes, (size_t)size);
            munmap(file, file_size);
        }
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
