#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int nnrt_system_open(const char *path, int flags) {
    for (;;) {
        int descriptor = open(path, flags, 0666);
        if (descriptor >= 0 || errno != EINTR) return descriptor;
    }
}

int64_t nnrt_system_read(int descriptor, void *bytes, size_t size, int64_t place) {
    size_t done = 0;
    while (done < size) {
        ssize_t got = pread(descriptor, (char *)bytes + done, size - done, place + (int64_t)done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -1;
        if (got == 0) break;
        done += (size_t)got;
    }
    return (int64_t)done;
}

int nnrt_system_write(int descriptor, const void *bytes, size_t size, size_t *done) {
    for (*done = 0; *done < size;) {
        ssize_t written = write(descriptor, (const char *)bytes + *done, size - *done);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return written == 0 ? EIO : errno;
        *done += (size_t)written;
    }
    return 0;
}

int nnrt_system_sync(int descriptor, int data_alone) {
    for (;;) {
        if ((data_alone ? fdatasync(descriptor) : fsync(descriptor)) == 0) return 0;
        if (errno != EINTR) return errno == EINVAL || errno == EROFS ? 0 : errno;
    }
}

void nnrt_system_sync_folder(const char *path) {
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/') length--;
    while (length && path[length - 1] != '/') length--;
    char *folder = length ? strndup(path, length) : strdup(".");
    int descriptor = folder ? nnrt_system_open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (descriptor >= 0) {
        nnrt_system_sync(descriptor, 0);
        close(descriptor);
    }
    free(folder);
}

int nnrt_system_is_absence(int error) {
    return error == ENOENT || error == ENOTDIR || error == EACCES || error == ELOOP ||
           error == ENAMETOOLONG;
}

int nnrt_system_is_there(const char *path) {
    if (access(path, F_OK) == 0) return 1;
    return nnrt_system_is_absence(errno) ? 0 : -1;
}
