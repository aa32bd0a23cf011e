#include "reads.h"

#include "place.h"

#include <ftw.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct noted {
    char *path;
    struct stat status;
    nnrt_reads_filter *filter; // of a folder's files
} noted;

static noted *list;
static int64_t count, capacity;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int is_noted(const char *path, const struct stat *status) {
    for (int64_t i = 0; i < count; i++)
        if (nnrt_place_is_same_stat(&list[i].status, status) && strcmp(list[i].path, path) == 0)
            return 1;
    return 0;
}

static nnrt_status add(const char *path, const struct stat *status, nnrt_reads_filter *filter) {
    if (is_noted(path, status)) return NNRT_OK;
    if (count == capacity) {
        int64_t larger = capacity ? 2 * capacity : 16;
        noted *moved = realloc(list, (size_t)larger * sizeof *list);
        if (!moved) return nnrt_fail_memory("the names of files", (size_t)larger * sizeof *list);
        list = moved;
        capacity = larger;
    }
    char *copy = strdup(path);
    if (!copy) return nnrt_fail_memory("the names of files", strlen(path) + 1);
    list[count++] = (noted){copy, *status, filter};
    return NNRT_OK;
}

nnrt_status nnrt_reads_note(const char *path) {
    return nnrt_reads_note_folder(path, NULL);
}

nnrt_status nnrt_reads_note_folder(const char *path, nnrt_reads_filter *filter) {
    struct stat status;
    if (stat(path, &status) != 0) return NNRT_OK; // who reads it will say so
    pthread_mutex_lock(&lock);
    nnrt_status added = add(path, &status, filter);
    pthread_mutex_unlock(&lock);
    return added;
}

// ---- Looking.

// By the walk below, under the lock.
static struct stat wanted;
static nnrt_reads_filter *wanted_filter;

static int is_wanted(const char *path, const struct stat *status, int kind, struct FTW *place) {
    (void)place;
    return kind == FTW_F && nnrt_place_is_same_stat(status, &wanted) &&
           (!wanted_filter || wanted_filter(path));
}

static int holds(const noted *folder, const struct stat *status) {
    enum { OPEN_FOLDERS = 16 };
    wanted = *status;
    wanted_filter = folder->filter;
    return nftw(folder->path, is_wanted, OPEN_FOLDERS, 0) == 1;
}

static const char *find(const struct stat *status) {
    for (int64_t i = 0; i < count; i++)
        if (nnrt_place_is_same_stat(&list[i].status, status) ||
            (S_ISDIR(list[i].status.st_mode) && holds(&list[i], status)))
            return list[i].path;
    return NULL;
}

const char *nnrt_reads_find(const char *path) {
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode)) return NULL;
    pthread_mutex_lock(&lock);
    const char *found = find(&status);
    pthread_mutex_unlock(&lock);
    return found;
}

int64_t nnrt_reads_count(void) {
    return count;
}

const char *nnrt_reads_path(int64_t index) {
    return list[index].path;
}
