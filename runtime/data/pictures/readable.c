#include "readable.h"

#include <stdatomic.h>
#include <stdio.h>

#include "../../base/memory.h"
#include "../../formats/pictures/picture.h"
#include "../../workers/team.h"

enum { AT_ONCE = 16, THREADS = 64 };

typedef struct Trial {
    char *const *paths;
    int64_t count, channels;
    uint8_t *is_readable;
    _Atomic int64_t next;
} Trial;

static void try_some(void *argument, int thread, int threads) {
    Trial *trial = argument;
    (void)thread, (void)threads;
    for (;;) {
        int64_t first = atomic_fetch_add(&trial->next, AT_ONCE);
        for (int64_t i = first; i < first + AT_ONCE && i < trial->count; i++) {
            nnrt_picture picture;
            trial->is_readable[i] = !nnrt_picture_read(trial->paths[i], trial->channels, &picture);
            if (trial->is_readable[i]) nnrt_picture_free(&picture);
        }
        if (first >= trial->count) return;
    }
}

// Once more, for its message.
static nnrt_status fail_first(const Trial *trial, int64_t unreadable, int64_t allowed) {
    int64_t first = 0;
    nnrt_picture picture;
    while (trial->is_readable[first]) first++;
    if (!nnrt_picture_read(trial->paths[first], trial->channels, &picture)) {
        nnrt_picture_free(&picture);
        return nnrt_fail(NNRT_ERROR, "`%s` changed while it was read", trial->paths[first]);
    }
    char reason[1024];
    snprintf(reason, sizeof reason, "%s", nnrt_error());
    return nnrt_fail(NNRT_ERROR,
                     "%lld pictures cannot be read, but `skip_unreadable` allows %lld; the first: "
                     "%s\ntake them away, or allow so many",
                     (long long)unreadable, (long long)allowed, reason);
}

nnrt_status nnrt_readable_find(char *const *paths, int64_t count, int64_t channels, int64_t allowed,
                               uint8_t *is_readable) {
    nnrt_team *team = nnrt_team_create(nnrt_cpu_count() < THREADS ? nnrt_cpu_count() : THREADS);
    if (!team) return NNRT_ERROR;
    Trial trial = {
        .paths = paths, .count = count, .channels = channels, .is_readable = is_readable};
    nnrt_team_run(team, nnrt_team_size(team), try_some, &trial);
    nnrt_team_free(team);
    int64_t unreadable = 0;
    for (int64_t i = 0; i < count; i++) unreadable += !is_readable[i];
    return unreadable > allowed ? fail_first(&trial, unreadable, allowed) : NNRT_OK;
}
