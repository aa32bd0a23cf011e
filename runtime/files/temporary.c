#include "temporary.h"

#include "system.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

// Names are the mark and as many letters.
#define MARK ".nnc-tmp-"
enum { LETTERS = 16, TRIALS = 100 };

// ---- Names.

static size_t folder_length(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

// "folder/name" -> "folder/.nnc-tmp-abcdefghijklmnop", with letters by chance.
static char *make_name(const char *path) {
    unsigned char chance[LETTERS];
    size_t folder = folder_length(path), size = folder + sizeof MARK + LETTERS;
    if (getrandom(chance, sizeof chance, 0) != sizeof chance) return NULL;
    char *name = malloc(size), *at = name;
    if (!name) return NULL;
    at += snprintf(name, size, "%.*s" MARK, (int)folder, path);
    for (int i = 0; i < LETTERS; i++) *at++ = (char)('a' + chance[i] % 26);
    *at = 0;
    return name;
}

static int is_our_name(const char *name) {
    size_t mark = strlen(MARK);
    if (strncmp(name, MARK, mark) != 0 || strlen(name) != mark + LETTERS) return 0;
    return strspn(name + mark, "abcdefghijklmnopqrstuvwxyz") == LETTERS;
}

// ---- Making.

// Whether the name still leads to what is open: who sweeps may have been faster than the lock.
// Where that cannot be known, it most likely does, and must not be left behind.
static int is_still_there(int descriptor, const char *name) {
    struct stat opened, named;
    if (lstat(name, &named) != 0) return errno != ENOENT;
    if (fstat(descriptor, &opened) != 0) return 1;
    return opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

static int open_file(const char *name) {
    return nnrt_system_open(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC);
}

static int open_folder(const char *name) {
    if (mkdir(name, 0700) != 0) return -1;
    int descriptor = nnrt_system_open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int error = errno == ENOENT ? EEXIST : errno; // who sweeps was faster: another one
    if (descriptor < 0) rmdir(name);
    errno = error;
    return descriptor;
}

static int make(const char *path, char **name, int (*opened)(const char *name)) {
    for (int i = 0; i < TRIALS; i++) {
        errno = ENOMEM;
        *name = make_name(path);
        if (!*name) return -1;
        int descriptor = opened(*name);
        if (descriptor >= 0) {
            while (flock(descriptor, LOCK_EX) != 0 && errno == EINTR) continue; // for who sweeps
            if (is_still_there(descriptor, *name)) return descriptor;
            close(descriptor);
            errno = EEXIST;
        }
        int error = errno;
        free(*name);
        *name = NULL;
        errno = error;
        if (error != EEXIST) return -1;
    }
    return -1;
}

int nnrt_temporary_file(const char *path, char **name) {
    return make(path, name, open_file);
}

int nnrt_temporary_folder(const char *path, char **name) {
    return make(path, name, open_folder);
}

// ---- Sweeping.

static void empty_folder(int descriptor, int depth) {
    int copy = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = copy < 0 ? NULL : fdopendir(copy);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        if (unlinkat(descriptor, entry->d_name, 0) == 0 || errno != EISDIR || depth == 0) continue;
        int inner =
            openat(descriptor, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (inner < 0) continue;
        empty_folder(inner, depth - 1);
        close(inner);
        unlinkat(descriptor, entry->d_name, AT_REMOVEDIR);
    }
    if (folder)
        closedir(folder);
    else if (copy >= 0)
        close(copy);
}

static int is_abandoned(int descriptor, int *is_folder) {
    struct stat status;
    if (fstat(descriptor, &status) != 0 || status.st_uid != geteuid()) return 0;
    *is_folder = S_ISDIR(status.st_mode);
    if (!*is_folder && !S_ISREG(status.st_mode)) return 0;
    return flock(descriptor, LOCK_EX | LOCK_NB) == 0;
}

static void sweep_entry(int folder, const char *name) {
    int is_folder;
    int entry = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (entry < 0) return;
    if (is_abandoned(entry, &is_folder)) {
        if (is_folder) empty_folder(entry, 1);
        unlinkat(folder, name, is_folder ? AT_REMOVEDIR : 0);
    }
    close(entry);
}

void nnrt_temporary_sweep(const char *path) {
    size_t length = folder_length(path);
    char *name = length ? strndup(path, length) : strdup(".");
    DIR *folder = name ? opendir(name) : NULL;
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        if (is_our_name(entry->d_name)) sweep_entry(dirfd(folder), entry->d_name);
    if (folder) closedir(folder);
    free(name);
}
