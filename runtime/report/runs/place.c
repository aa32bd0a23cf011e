#include "place.h"

#include "../../files/system.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static nnrt_status fail(const char *path) {
    return nnrt_fail(NNRT_ERROR, "the folder `%s` of runs cannot be used: %s", path,
                     strerror(errno));
}

static int put_path(char path[NNRT_RUN_PATH], const char *folder, const char *name) {
    size_t length = strlen(folder);
    while (length > 1 && folder[length - 1] == '/') length--;
    if (length >= NNRT_RUN_PATH) return 0;
    const char *slash = !*name || folder[length - 1] == '/' ? "" : "/";
    return snprintf(path, NNRT_RUN_PATH, "%.*s%s%s", (int)length, folder, slash, name) <
           NNRT_RUN_PATH;
}

int nnrt_run_place_is(const char *path) {
    char file[PATH_MAX];
    snprintf(file, sizeof file, "%s/run.json", path);
    return access(file, F_OK) == 0;
}

// Who only looks whether it is locked (below) holds a lock for a moment.
int nnrt_run_place_lock(const char *path) {
    enum { TRIES = 20, WAIT = 5000 }; // microseconds
    int error = 0, folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; folder >= 0 && i < TRIES; i++) {
        if (flock(folder, LOCK_EX | LOCK_NB) == 0) return folder;
        error = errno;
        usleep(WAIT);
    }
    if (folder < 0) return -1;
    close(folder);
    errno = error;
    return -1;
}

int nnrt_run_place_is_at_work(const char *path) {
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return 0;
    int is_locked = flock(folder, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    close(folder);
    return is_locked;
}

// "007-fashion-2026-11-30": 7; 0: another name, and a number that leaves no room for the next ones.
static long number_of(const char *name) {
    enum { MOST = 1000000000 };
    char *end;
    long number = *name >= '0' && *name <= '9' ? strtol(name, &end, 10) : 0;
    return number > 0 && number < MOST && *end == '-' ? number : 0;
}

static long highest_number(DIR *folder) {
    long highest = 0;
    for (struct dirent *entry; (entry = readdir(folder));) {
        long number = number_of(entry->d_name);
        if (number > highest) highest = number;
    }
    return highest;
}

// A checkpoint there is not to be lost with it in a crash.
static int make_folder(const char *path) {
    if (mkdir(path, 0777) != 0) return -1;
    nnrt_system_sync_folder(path);
    return 0;
}

static nnrt_status make(DIR *folder, const char *parent, const char *name,
                        char path[NNRT_RUN_PATH]) {
    char own[512], date[16];
    time_t now = time(NULL);
    struct tm local;
    strftime(date, sizeof date, "%Y-%m-%d", localtime_r(&now, &local));
    snprintf(own, sizeof own, "%03ld-%.400s-%s", highest_number(folder) + 1, name, date);
    if (!put_path(path, parent, own))
        return nnrt_fail(NNRT_USAGE, "`%s` is too long for a folder of runs", parent);
    return make_folder(path) == 0 ? NNRT_OK : fail(path);
}

// Two that begin at once do not get one number.
nnrt_status nnrt_run_place_new(const char *parent, const char *name, char path[NNRT_RUN_PATH]) {
    if (make_folder(parent) != 0 && errno != EEXIST) return fail(parent);
    DIR *folder = opendir(parent);
    if (!folder) return fail(parent);
    flock(dirfd(folder), LOCK_EX); // where locks do not work, the date may still tell them apart
    nnrt_status status = make(folder, parent, name, path);
    closedir(folder);
    return status;
}

// ---- To go on with.

static int is_unfinished(const char *path, const char *name) {
    char file[PATH_MAX];
    snprintf(file, sizeof file, "%s/run.json", path);
    json_t *about = json_load_file(file, 0, NULL);
    const char *program = json_string_value(json_object_get(about, "name"));
    const char *status = json_string_value(json_object_get(about, "status"));
    int is_it = program && status && strcmp(program, name) == 0 && strcmp(status, "done") != 0;
    json_decref(about);
    snprintf(file, sizeof file, "%s/checkpoint.safetensors", path);
    if (!is_it || access(file, F_OK) != 0) return 0;
    return !nnrt_run_place_is_at_work(path);
}

nnrt_status nnrt_run_place_resumed(const char *given, const char *name, char path[NNRT_RUN_PATH]) {
    long highest = 0;
    char other[NNRT_RUN_PATH];
    path[0] = 0;
    if (nnrt_run_place_is(given))
        return put_path(path, given, "") ? NNRT_OK
                                         : nnrt_fail(NNRT_USAGE, "`%s` is too long", given);
    DIR *folder = opendir(given);
    if (!folder) return errno == ENOENT ? NNRT_OK : fail(given);
    for (struct dirent *entry; (entry = readdir(folder));) {
        long number = number_of(entry->d_name);
        if (number <= highest || !put_path(other, given, entry->d_name)) continue;
        if (!is_unfinished(other, name)) continue;
        highest = number;
        snprintf(path, NNRT_RUN_PATH, "%s", other);
    }
    closedir(folder);
    return NNRT_OK;
}
