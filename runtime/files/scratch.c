#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../base/status.h"

enum { PAGE = 4096 };

static const char *scratch_folder(void) {
    const char *stated = getenv("TMPDIR");
    if (stated && *stated) return stated;
    return access("/var/tmp", W_OK) == 0 ? "/var/tmp" : "/tmp";
}

// Where the file system cannot make files without a name, one that loses it at once.
static int open_nameless(const char *folder) {
    char path[PATH_MAX];
    int descriptor = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (descriptor >= 0) return descriptor;
    int length = snprintf(path, sizeof path, "%s/nnc-XXXXXX", folder);
    if (length >= (int)sizeof path) return -1;
    descriptor = mkostemp(path, O_CLOEXEC);
    if (descriptor >= 0) unlink(path);
    return descriptor;
}

static void *fail_scratch(const char *folder, int64_t size, int error) {
    nnrt_fail(NNRT_ERROR,
              "%.4g MB of data that do not stay in memory cannot be put into `%s`: %s\n"
              "set TMPDIR to a folder of a disk with more room, or write `memory = all`",
              (double)size / 1e6, folder, strerror(error));
    return NULL;
}

int nnrt_scratch_file(void) {
    const char *folder = scratch_folder();
    int descriptor = open_nameless(folder);
    if (descriptor < 0)
        nnrt_fail(NNRT_ERROR, "no file can be made in `%s`: %s\nset TMPDIR to another folder",
                  folder, strerror(errno));
    return descriptor;
}

void *nnrt_scratch_map(int64_t size) {
    const char *folder = scratch_folder();
    int descriptor = open_nameless(folder);
    if (descriptor < 0) return fail_scratch(folder, size, errno);
    // All of it now: a disk that is full later would end the program without a word.
    int error = posix_fallocate(descriptor, 0, size);
    void *memory = MAP_FAILED;
    if (!error) {
        memory = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
        if (memory == MAP_FAILED) error = errno;
    }
    close(descriptor);
    if (error) return fail_scratch(folder, size, error);
    // Else a page that is touched brings the two megabytes around it.
    madvise(memory, (size_t)size, MADV_RANDOM);
    return memory;
}

void nnrt_scratch_free(void *memory, int64_t size) {
    if (memory) munmap(memory, (size_t)size);
}

// Whole pages within the bytes, or those that hold any of them.
static void advise(void *memory, int64_t first, int64_t end, int is_within, int advice) {
    first = is_within ? (first + PAGE - 1) / PAGE * PAGE : first / PAGE * PAGE;
    end = is_within ? end / PAGE * PAGE : (end + PAGE - 1) / PAGE * PAGE;
    if (end > first) madvise((char *)memory + first, (size_t)(end - first), advice);
}

void nnrt_scratch_let_go(void *memory, int64_t first, int64_t end) {
    advise(memory, first, end, 1, MADV_DONTNEED);
}

void nnrt_scratch_expect(void *memory, int64_t first, int64_t end) {
    advise(memory, first, end, 0, MADV_WILLNEED);
}
