#include "keeper.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct nnrt_keeper {
    char path[PATH_MAX], best[PATH_MAX], earlier[PATH_MAX];
    const nnrt_program *program;
    int puts_aside, keeps_older; // what is there, when the next one is written
    pthread_t handle;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    // Under the lock.
    const nnrt_snapshot *snapshot; // to be written; NULL: nothing is
    nnrt_weights_info info;
    int is_best, is_closing;
    nnrt_status status; // of the last one
    int was_told;
    char message[NNRT_MESSAGE];
};

int nnrt_keeper_name(const char *path, const char *mark, char *name, size_t size) {
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    int stem = (int)(dot && dot > base ? dot - path : (ptrdiff_t)strlen(path));
    int used = snprintf(name, size, "%.*s%s%s", stem, path, mark, path + stem);
    return used >= 0 && (size_t)used < size;
}

// ---- The thread.

static void put_aside(nnrt_keeper *keeper) {
    int error = keeper->puts_aside && access(keeper->path, F_OK) == 0
                    ? nnrt_file_name_again(keeper->path, keeper->earlier)
                    : 0;
    if (error)
        fprintf(stderr, "warning: the earlier `%s` cannot be kept: %s\n", keeper->path,
                strerror(error));
    keeper->puts_aside = 0;
}

// Not all file systems give a file two names: then it is written twice.
static nnrt_status write_best(nnrt_keeper *keeper, const nnrt_snapshot *snapshot) {
    if (!nnrt_file_name_again(keeper->path, keeper->best)) return NNRT_OK;
    return nnrt_checkpoint_write(keeper->best, keeper->program, &keeper->info, snapshot, 0);
}

static nnrt_status write_snapshot(nnrt_keeper *keeper, const nnrt_snapshot *snapshot) {
    if (!nnrt_checkpoint_is_finite(snapshot)) return NNRT_OK; // the step that follows says so
    put_aside(keeper);
    nnrt_status status = nnrt_checkpoint_write(keeper->path, keeper->program, &keeper->info,
                                               snapshot, keeper->keeps_older);
    if (status) return status;
    keeper->keeps_older = 1;
    return keeper->is_best ? write_best(keeper, snapshot) : NNRT_OK;
}

static void note(nnrt_keeper *keeper, nnrt_status status) {
    if (status && !keeper->status) snprintf(keeper->message, NNRT_MESSAGE, "%s", nnrt_error());
    if (!status) keeper->was_told = 0;
    keeper->status = status;
}

static void *keep(void *argument) {
    nnrt_keeper *keeper = argument;
    pthread_mutex_lock(&keeper->lock);
    for (;;) {
        while (!keeper->snapshot && !keeper->is_closing)
            pthread_cond_wait(&keeper->changed, &keeper->lock);
        const nnrt_snapshot *snapshot = keeper->snapshot;
        if (!snapshot) break;
        pthread_mutex_unlock(&keeper->lock);
        nnrt_status status = write_snapshot(keeper, snapshot);
        pthread_mutex_lock(&keeper->lock);
        note(keeper, status);
        keeper->snapshot = NULL;
        pthread_cond_broadcast(&keeper->changed);
    }
    pthread_mutex_unlock(&keeper->lock);
    return NULL;
}

// ---- Its owner.

nnrt_keeper *nnrt_keeper_create(const char *path, const nnrt_program *program, int is_new,
                                int keeps_first) {
    nnrt_keeper *keeper = calloc(1, sizeof *keeper);
    if (!keeper) {
        nnrt_fail_memory("checkpoints", sizeof *keeper);
        return NULL;
    }
    keeper->program = program;
    keeper->puts_aside = is_new;
    keeper->keeps_older = !is_new && keeps_first;
    pthread_mutex_init(&keeper->lock, NULL);
    pthread_cond_init(&keeper->changed, NULL);
    int used = snprintf(keeper->path, sizeof keeper->path, "%s", path), error = 0;
    int fits = used >= 0 && (size_t)used < sizeof keeper->path &&
               nnrt_keeper_name(path, "-best", keeper->best, PATH_MAX) &&
               nnrt_keeper_name(path, "-earlier", keeper->earlier, PATH_MAX);
    if (!fits)
        nnrt_fail(NNRT_USAGE, "the name of the checkpoint is too long");
    else if ((error = pthread_create(&keeper->handle, NULL, keep, keeper)))
        nnrt_fail(NNRT_ERROR, "cannot start a thread for checkpoints: %s", strerror(error));
    if (fits && !error) return keeper;
    pthread_mutex_destroy(&keeper->lock);
    pthread_cond_destroy(&keeper->changed);
    free(keeper);
    return NULL;
}

void nnrt_keeper_free(nnrt_keeper *keeper) {
    if (!keeper) return;
    pthread_mutex_lock(&keeper->lock);
    keeper->is_closing = 1;
    pthread_cond_broadcast(&keeper->changed);
    pthread_mutex_unlock(&keeper->lock);
    pthread_join(keeper->handle, NULL);
    pthread_mutex_destroy(&keeper->lock);
    pthread_cond_destroy(&keeper->changed);
    free(keeper);
}

int nnrt_keeper_is_busy(nnrt_keeper *keeper) {
    pthread_mutex_lock(&keeper->lock);
    int is_busy = keeper->snapshot != NULL;
    pthread_mutex_unlock(&keeper->lock);
    return is_busy;
}

void nnrt_keeper_write(nnrt_keeper *keeper, const nnrt_snapshot *snapshot,
                       const nnrt_weights_info *info, int is_best) {
    pthread_mutex_lock(&keeper->lock);
    keeper->snapshot = snapshot;
    keeper->info = *info;
    keeper->is_best = is_best;
    pthread_cond_broadcast(&keeper->changed);
    pthread_mutex_unlock(&keeper->lock);
}

nnrt_status nnrt_keeper_wait(nnrt_keeper *keeper) {
    pthread_mutex_lock(&keeper->lock);
    while (keeper->snapshot) pthread_cond_wait(&keeper->changed, &keeper->lock);
    nnrt_status status = keeper->status;
    pthread_mutex_unlock(&keeper->lock);
    return status;
}

int nnrt_keeper_failure(nnrt_keeper *keeper, char *message, size_t size) {
    pthread_mutex_lock(&keeper->lock);
    int is_new = keeper->status && !keeper->was_told;
    if (is_new) snprintf(message, size, "%s", keeper->message);
    if (is_new) keeper->was_told = 1;
    pthread_mutex_unlock(&keeper->lock);
    return is_new;
}
