// A file that a training adds to while it goes on: what was added is there whatever happens next,
// and a training that goes on from a checkpoint first takes away what it will add again, so that
// the file is that of a run which was never stopped. Used by the logs among the callbacks.
#ifndef NNRT_JOURNAL_H
#define NNRT_JOURNAL_H

#include "../state/state.h"
#include "log.h"

#include <stdio.h>

typedef struct nnrt_journal {
    const char *path; // the caller's
    int appends;      // to what is there when the first line comes, which is emptied otherwise
    int is_pipe;
    FILE *file;     // what is added, in memory until it is committed; NULL: it failed for good
    char *text;     // of `file`
    size_t used;    // likewise
    int descriptor; // -1: not opened yet
    int64_t size;   // with what was committed; 0: nothing is there that stays
} nnrt_journal;

// Opens nothing before there is something to add, but for a pipe, which has nothing to lose.
// `path` is the caller's.
nnrt_status nnrt_journal_open(nnrt_journal *journal, const char *path, int appends);
// Is nothing there, nor added?
int nnrt_journal_is_empty(const nnrt_journal *journal);
// What was added to `file` is handed to the system, all or nothing of it. NNRT_ERROR: it could not;
// it is tried again with what is added next, and when the journal is closed.
nnrt_status nnrt_journal_commit(nnrt_journal *journal);
// Adds the values of an epoch, from 1, as a line of JSON, and commits it.
nnrt_status nnrt_journal_epoch(nnrt_journal *journal, int64_t epoch, const nnrt_log *log);
void nnrt_journal_close(nnrt_journal *journal); // a zeroed one is fine

// Adds what is remembered of it to the list, whose snapshots are written when the file is on the
// disk; after that was restored the file is cut where it was then. One that is shorter (somebody
// else changed it) is warned of and added to.
void nnrt_journal_state(nnrt_journal *journal, nnrt_state *state);
nnrt_status nnrt_journal_restored(nnrt_journal *journal);

#endif
