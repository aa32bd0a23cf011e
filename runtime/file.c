#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER_SIZE = 1 << 16 };

struct nnrt_file {
    char *path, *target; // as given; where it leads if it is a symbolic link
    char *temporary;     // NULL: written directly
    int descriptor;
    int error; // errno of the first failure
    size_t used;
    char buffer[BUFFER_SIZE];
};

void nnrt_file_guard_streams(void) {
    for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++)
        if (fcntl(i, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != i) return;
}

static void flush(nnrt_file *file) {
    size_t done = 0;
    while (done < file->used && !file->error) {
        ssize_t written = write(file->descriptor, file->buffer + done, file->used - done);
        if (written > 0)
            done += (size_t)written;
        else if (written == 0 || errno != EINTR)
            file->error = written == 0 ? EIO : errno;
    }
    file->used = 0;
}

void nnrt_file_write(nnrt_file *file, const void *bytes, size_t size) {
    const char *from = bytes;
    while (size && !file->error) {
        size_t part = BUFFER_SIZE - file->used;
        if (part > size) part = size;
        memcpy(file->buffer + file->used, from, part);
        file->used += part;
        from += part;
        size -= part;
        if (file->used == BUFFER_SIZE) flush(file);
    }
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

// "folder/name" -> "folder/.name.XXXXXX"
static char *temporary_name(const char *path) {
    const char *slash = strrchr(path, '/');
    size_t folder = slash ? (size_t)(slash - path) + 1 : 0;
    size_t size = strlen(path) + sizeof ".." + sizeof "XXXXXX";
    char *name = malloc(size);
    if (name) snprintf(name, size, "%.*s.%s.XXXXXX", (int)folder, path, path + folder);
    return name;
}

static void open_temporary(nnrt_file *file) {
    file->target = realpath(file->path, NULL);
    if (!file->target) file->target = strdup(file->path);
    file->temporary = file->target ? temporary_name(file->target) : NULL;
    file->descriptor = file->temporary ? mkostemp(file->temporary, O_CLOEXEC) : -1;
    if (file->descriptor < 0) {
        free(file->temporary);
        file->temporary = NULL;
        return;
    }
    mode_t mask = umask(0); // mkostemp made it private; give it the usual rights
    umask(mask);
    fchmod(file->descriptor, 0666 & ~mask);
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

nnrt_file *nnrt_file_create(const char *path) {
    nnrt_file *file = calloc(1, sizeof *file);
    if (file) file->path = strdup(path);
    if (!file || !file->path) {
        free(file);
        nnrt_fail(NNRT_ERROR, "out of memory");
        return NULL;
    }
    errno = *path ? 0 : ENOENT;
    file->descriptor = -1;
    if (is_special(path))
        file->descriptor = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    else if (*path)
        open_temporary(file);
    if (file->descriptor >= 0) return file;
    nnrt_fail(NNRT_ERROR, "cannot write `%s`: %s", path, strerror(errno));
    file_free(file);
    return NULL;
}

// After a rename, so that it survives a crash. Not all file systems can; that is no error.
static void sync_folder(const char *path) {
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    int descriptor = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (descriptor >= 0) {
        fsync(descriptor);
        close(descriptor);
    }
    free(folder);
}

static nnrt_status fail(const nnrt_file *file) {
    return nnrt_fail(NNRT_ERROR, "cannot write `%s`: %s", file->path, strerror(file->error));
}

nnrt_status nnrt_file_flush(nnrt_file *file) {
    flush(file);
    return file->error ? fail(file) : NNRT_OK;
}

nnrt_status nnrt_file_commit(nnrt_file *file) {
    flush(file);
    if (file->temporary && !file->error && fsync(file->descriptor) != 0) file->error = errno;
    if (close(file->descriptor) != 0 && !file->error) file->error = errno;
    if (file->temporary && !file->error && rename(file->temporary, file->target) != 0)
        file->error = errno;
    nnrt_status status = NNRT_OK;
    if (file->error) {
        status = fail(file);
        if (file->temporary) unlink(file->temporary);
    } else if (file->temporary) {
        sync_folder(file->target);
    }
    file_free(file);
    return status;
}

void nnrt_file_abandon(nnrt_file *file) {
    if (!file) return;
    close(file->descriptor);
    if (file->temporary) unlink(file->temporary);
    file_free(file);
}

nnrt_status nnrt_file_probe(const char *path) {
    struct stat status;
    if (stat(path, &status) == 0 && S_ISFIFO(status.st_mode)) return NNRT_OK; // opening would wait
    nnrt_file *file = nnrt_file_create(path);
    if (!file) return NNRT_ERROR;
    nnrt_file_abandon(file);
    return NNRT_OK;
}
