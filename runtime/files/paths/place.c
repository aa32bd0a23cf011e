#include "place.h"

#include "../system.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int nnrt_place_is_same_stat(const struct stat *a, const struct stat *b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static int has_parent_step(const char *path) {
    for (const char *at = path; (at = strstr(at, "..")); at++)
        if ((at == path || at[-1] == '/') && (at[2] == '/' || !at[2])) return 1;
    return 0;
}

// Cuts the last component off. 0: there was only one.
static int cut(char *path, size_t *length) {
    while (*length && path[*length - 1] == '/') --*length;
    while (*length && path[*length - 1] != '/') --*length;
    path[*length] = 0;
    return *length > 0;
}

// A link that leads nowhere yet: writing makes a file at its other end.
static int is_link(const char *path, size_t length) {
    char name[PATH_MAX];
    struct stat status;
    while (length && path[length - 1] == '/') length--; // behind it, the link would be followed
    snprintf(name, sizeof name, "%.*s", (int)length, path);
    return lstat(name, &status) == 0 && S_ISLNK(status.st_mode);
}

// 1: resolved, 0: not there, -1: the system cannot say.
static int try_resolve(const char *path, char resolved[PATH_MAX]) {
    if (realpath(path, resolved)) return 1;
    return nnrt_system_is_absence(errno) ? 0 : -1;
}

int nnrt_place_resolve(const char *path, char resolved[PATH_MAX]) {
    char folder[PATH_MAX];
    size_t length = strlen(path);
    int found = length < sizeof folder ? try_resolve(path, resolved) : 0;
    if (found) return found > 0;
    errno = 0;
    if (length >= sizeof folder || is_link(path, length)) return 0;
    memcpy(folder, path, length + 1);
    while (!found && cut(folder, &length)) {
        found = try_resolve(folder, resolved);
        if (found < 0) return 0;
        errno = 0;
        if (!found && is_link(folder, length)) return 0;
    }
    if (!length && !realpath(".", resolved)) return 0;
    errno = 0;
    const char *rest = path + length;
    if (has_parent_step(rest)) return 0;
    size_t used = strlen(resolved);
    const char *slash = used && resolved[used - 1] == '/' ? "" : "/";
    int added = snprintf(resolved + used, PATH_MAX - used, "%s%s", slash, rest);
    return added >= 0 && (size_t)added < PATH_MAX - used;
}

static int is_device(const struct stat *status) {
    return !S_ISREG(status->st_mode);
}

int nnrt_place_is_same(const char *a, const char *b) {
    char first[PATH_MAX], second[PATH_MAX];
    struct stat one, other;
    int is_there = stat(a, &one) == 0, other_is_there = stat(b, &other) == 0;
    if ((is_there && is_device(&one)) || (other_is_there && is_device(&other))) return 0;
    if (is_there != other_is_there) return 0;
    if (is_there) return nnrt_place_is_same_stat(&one, &other);
    return nnrt_place_resolve(a, first) && nnrt_place_resolve(b, second) &&
           strcmp(first, second) == 0;
}

int nnrt_place_is_below(const char *path, const char *folder) {
    char place[PATH_MAX], root[PATH_MAX];
    if (!nnrt_place_resolve(path, place)) return errno ? -1 : 0;
    if (!realpath(folder, root)) return nnrt_system_is_absence(errno) ? 0 : -1;
    size_t length = strlen(root);
    if (length == 1) return 1; // all is below /
    return strncmp(place, root, length) == 0 && place[length] == '/';
}

int nnrt_place_is_standard_input(const char *path) {
    return strcmp(path, "-") == 0;
}
