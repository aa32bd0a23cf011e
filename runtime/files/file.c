#include "file.h"

#include "system.h"
#include "temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { BUFFER_SIZE = 1 << 16 };

struct nnrt_file {
    char *path, *target; // as given; where it leads if it is a symbolic link
    char *temporary;     // NULL: written directly
    int descriptor;
    int error;       // errno of the first failure
    int keeps_older; // as NAME~
    int64_t size;    // written so far
    uLong checksum;
    size_t used;
    char buffer[BUFFER_SIZE];
};

void nnrt_file_guard_streams(void) {
    for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++)
        if (fcntl(i, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != i) return;
}

// What could not be written stays in the buffer. 0, or an errno.
static int flush(nnrt_file *file) {
    size_t done;
    int error = nnrt_system_write(file->descriptor, file->buffer, file->used, &done);
    file->size += (int64_t)done;
    file->used -= done;
    memmove(file->buffer, file->buffer + done, file->used);
    return error;
}

void nnrt_file_write(nnrt_file *file, const void *bytes, size_t size) {
    const char *from = bytes;
    file->checksum = crc32_z(file->checksum, bytes, size);
    while (size && !file->error) {
        size_t part = BUFFER_SIZE - file->used;
        if (part > size) part = size;
        memcpy(file->buffer + file->used, from, part);
        file->used += part;
        from += part;
        size -= part;
        if (file->used == BUFFER_SIZE) file->error = flush(file); // the rest is lost
    }
}

uint32_t nnrt_file_checksum(const nnrt_file *file) {
    return (uint32_t)file->checksum;
}

int64_t nnrt_file_size(const nnrt_file *file) {
    return file->size;
}

int nnrt_file_descriptor(const nnrt_file *file) {
    return file->temporary ? file->descriptor : -1;
}

void nnrt_file_print(nnrt_file *file, const char *format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length < 0 || length >= (int)sizeof text)
        file->error = EOVERFLOW;
    else
        nnrt_file_write(file, text, (size_t)length);
}

// A file keeps the rights that it had.
static void open_temporary(nnrt_file *file, int follows) {
    struct stat older;
    if (follows) file->target = realpath(file->path, NULL);
    if (follows && !file->target && errno == ENOMEM) return; // a link would be replaced
    if (!file->target) file->target = strdup(file->path);
    if (!file->target) return;
    file->descriptor = nnrt_temporary_file(file->target, &file->temporary);
    if (file->descriptor >= 0 && stat(file->target, &older) == 0)
        fchmod(file->descriptor, older.st_mode & 0777);
}

static void file_free(nnrt_file *file) {
    free(file->path);
    free(file->target);
    free(file->temporary);
    free(file);
}

// /dev/stdout may lead to a regular file, but must not be replaced by one. (/dev/shm is a folder
// like any other.)
static int is_special(const char *path) {
    struct stat status;
    if (strncmp(path, "/dev/", 5) == 0 && strncmp(path, "/dev/shm/", 9) != 0) return 1;
    if (strncmp(path, "/proc/", 6) == 0) return 1;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode);
}

// A pipe that nobody reads would make us wait without a word: ENXIO instead.
int nnrt_file_open_in_place(const char *path) {
    int descriptor = nnrt_system_open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK);
    int flags = descriptor < 0 ? -1 : fcntl(descriptor, F_GETFL);
    if (flags >= 0) fcntl(descriptor, F_SETFL, flags & ~O_NONBLOCK);
    return descriptor;
}

const char *nnrt_file_reason(int error) {
    return error == ENXIO ? "it is a pipe that nobody reads" : strerror(error);
}

// Its temporary name would not be, and the file be lost at the end.
static int has_long_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return strlen(slash ? slash + 1 : path) > NAME_MAX;
}

static nnrt_file *create(const char *path, int follows) {
    nnrt_file *file = calloc(1, sizeof *file);
    if (file) file->path = strdup(path);
    if (!file || !file->path) {
        free(file);
        nnrt_fail_memory(path, sizeof *file);
        return NULL;
    }
    errno = *path ? 0 : ENOENT;
    file->descriptor = -1;
    if (follows && is_special(path))
        file->descriptor = nnrt_file_open_in_place(path);
    else if (has_long_name(path))
        errno = ENAMETOOLONG;
    else if (*path)
        open_temporary(file, follows);
    if (file->descriptor >= 0) return file;
    nnrt_fail(NNRT_ERROR, "cannot write `%s`: %s", path, nnrt_file_reason(errno));
    file_free(file);
    return NULL;
}

nnrt_file *nnrt_file_create(const char *path) {
    return create(path, 1);
}

nnrt_file *nnrt_file_create_here(const char *path) {
    struct stat status;
    if (lstat(path, &status) != 0 || S_ISREG(status.st_mode)) return create(path, 0);
    nnrt_fail(NNRT_ERROR, "cannot write `%s`: it is %s", path,
              S_ISLNK(status.st_mode) ? "a symbolic link" : "no file");
    return NULL;
}

static nnrt_status fail(const nnrt_file *file, int error) {
    return nnrt_fail(NNRT_ERROR, "cannot write `%s`: %s", file->path, strerror(error));
}

nnrt_status nnrt_file_flush(nnrt_file *file) {
    int error = file->error ? file->error : flush(file);
    return error ? fail(file, error) : NNRT_OK;
}

void nnrt_file_keep_older(nnrt_file *file) {
    file->keeps_older = 1;
}

int nnrt_file_older_name(const char *path, char *name, size_t size) {
    struct stat status;
    char *target =
        lstat(path, &status) == 0 && S_ISLNK(status.st_mode) ? realpath(path, NULL) : NULL;
    int length = snprintf(name, size, "%s~", target ? target : path);
    free(target);
    return length >= 0 && (size_t)length < size;
}

int nnrt_file_name_again(const char *path, const char *name) {
    char *between = NULL;
    int descriptor = nnrt_temporary_file(path, &between); // a free name
    if (descriptor < 0) return errno;
    int linked = nnrt_system_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (linked >= 0) flock(linked, LOCK_SH | LOCK_NB); // who sweeps leaves it alone
    unlink(between);
    int error = link(path, between) != 0 || rename(between, name) != 0 ? errno : 0;
    unlink(between); // it is still there after an error, and where both names were one file's
    if (linked >= 0) close(linked);
    close(descriptor);
    free(between);
    return error;
}

// Gives the older file a second name, so that there is a whole file under the first one at any
// moment; file systems without such names have a moment with the second one alone.
static int keep_older(const nnrt_file *file) {
    char name[PATH_MAX];
    struct stat older, kept;
    if (lstat(file->target, &older) != 0) return 0;
    if (!nnrt_file_older_name(file->target, name, sizeof name)) return ENAMETOOLONG;
    if (lstat(name, &kept) == 0 && kept.st_dev == older.st_dev && kept.st_ino == older.st_ino)
        return 0;
    if (nnrt_file_name_again(file->target, name) == 0) return 0;
    return rename(file->target, name) == 0 ? 0 : errno;
}

// The name is changed while the descriptor, and with it the lock, is held.
static void put_in_place(nnrt_file *file) {
    file->error = nnrt_system_sync(file->descriptor, 0);
    int error = file->error || !file->keeps_older ? 0 : keep_older(file);
    if (error)
        fprintf(stderr, "warning: the older `%s` cannot be kept: %s\n", file->path,
                strerror(error));
    if (!file->error && rename(file->temporary, file->target) != 0) file->error = errno;
}

nnrt_status nnrt_file_commit(nnrt_file *file) {
    if (!file->error) file->error = flush(file);
    if (file->temporary && !file->error) put_in_place(file);
    int was_placed = file->temporary && !file->error;
    if (file->temporary && file->error) unlink(file->temporary);
    if (close(file->descriptor) != 0 && !file->error) file->error = errno;
    nnrt_status status = file->error ? fail(file, file->error) : NNRT_OK;
    if (was_placed) nnrt_system_sync_folder(file->target);
    file_free(file);
    return status;
}

void nnrt_file_abandon(nnrt_file *file) {
    if (!file) return;
    if (file->temporary) unlink(file->temporary);
    close(file->descriptor);
    file_free(file);
}

nnrt_status nnrt_file_probe(const char *path) {
    struct stat status;
    if (stat(path, &status) == 0 && S_ISFIFO(status.st_mode)) return NNRT_OK; // opening would wait
    nnrt_file *file = nnrt_file_create(path);
    if (!file) return NNRT_ERROR;
    if (file->temporary) nnrt_temporary_sweep(file->target);
    nnrt_file_abandon(file);
    return NNRT_OK;
}
