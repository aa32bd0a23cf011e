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
    int appends;      // to what an earlier run left there, which is emptied otherwise
    int is_due;       // it is to be opened when there is something to add, not before
    FILE *file;       // NULL: not yet, or it failed
    int64_t size;     // with what was committed; 0: nothing is there that stays
} nnrt_journal;

// A pipe, which has nothing to lose, is opened at once: NNRT_ERROR. `path` is the caller's.
nnrt_status nnrt_journal_open(nnrt_journal *journal, const char *path, int appends);
// Before something is added to `file`: opens it where that is due. NNRT_ERROR: it cannot be;
// `file` NULL: it failed before, and that was said.
nnrt_status nnrt_journal_start(nnrt_journal *journal);
int nnrt_journal_is_empty(const nnrt_journal *journal);
// What was added to `file` is handed to the system. NNRT_ERROR: nothing can be added any more.
nnrt_status nnrt_journal_commit(nnrt_journal *journal);
// Adds the values of an epoch, from 1, as a line of JSON, and commits it; opens the file where that
// is due.
nnrt_status nnrt_journal_epoch(nnrt_journal *journal, int64_t epoch, const nnrt_log *log);
void nnrt_journal_close(nnrt_journal *journal);

// Adds what is remembered of it to the list; after that was restored the file is cut where it was
// then. One that is shorter (somebody else changed it), or is no file, is only added to.
void nnrt_journal_state(nnrt_journal *journal, nnrt_state *state);
nnrt_status nnrt_journal_restored(nnrt_journal *journal);

#endif
