#include "journal.h"

#include "../files/file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static nnrt_status fail(const nnrt_journal *journal) {
    return nnrt_fail(NNRT_ERROR, "cannot write `%s`: %s", journal->path, nnrt_file_reason(errno));
}

nnrt_status nnrt_journal_open(nnrt_journal *journal, const char *path, int appends) {
    struct stat status;
    *journal = (nnrt_journal){.path = path, .appends = appends};
    int is_there = stat(path, &status) == 0;
    if (is_there && appends && S_ISREG(status.st_mode)) journal->size = status.st_size;
    journal->is_due = !is_there || !S_ISFIFO(status.st_mode);
    if (journal->is_due) return NNRT_OK;
    int pipe = nnrt_file_open_in_place(path);
    journal->file = pipe < 0 ? NULL : fdopen(pipe, "a");
    return journal->file ? NNRT_OK : fail(journal);
}

nnrt_status nnrt_journal_start(nnrt_journal *journal) {
    if (!journal->is_due) return NNRT_OK;
    journal->is_due = 0;
    journal->file = fopen(journal->path, journal->appends ? "ae" : "we");
    return journal->file ? NNRT_OK : fail(journal);
}

int nnrt_journal_is_empty(const nnrt_journal *journal) {
    struct stat status;
    return fstat(fileno(journal->file), &status) != 0 || status.st_size == 0;
}

nnrt_status nnrt_journal_commit(nnrt_journal *journal) {
    int has_failed = ferror(journal->file);
    if (fflush(journal->file) == 0 && !has_failed) {
        journal->size = ftell(journal->file);
        return NNRT_OK;
    }
    nnrt_status status = fail(journal);
    nnrt_journal_close(journal);
    return status;
}

nnrt_status nnrt_journal_epoch(nnrt_journal *journal, int64_t epoch, const nnrt_log *log) {
    if (nnrt_journal_start(journal)) return NNRT_ERROR;
    if (!journal->file) return NNRT_OK; // it failed before
    nnrt_json json = {0};
    nnrt_json_open(&json, NULL, '{');
    nnrt_json_integer(&json, "epoch", epoch);
    nnrt_log_json(log, &json);
    nnrt_json_close(&json, '}');
    const char *text = nnrt_json_text(&json);
    if (text) fprintf(journal->file, "%s\n", text);
    nnrt_status status = text ? nnrt_journal_commit(journal)
                              : nnrt_fail_memory("the values of an epoch", json.capacity);
    nnrt_json_free(&json);
    return status;
}

void nnrt_journal_close(nnrt_journal *journal) {
    if (journal->file) fclose(journal->file);
    journal->file = NULL;
}

void nnrt_journal_state(nnrt_journal *journal, nnrt_state *state) {
    nnrt_state_integer(state, "size", &journal->size);
}

nnrt_status nnrt_journal_restored(nnrt_journal *journal) {
    struct stat status;
    if (journal->size <= 0) journal->appends = 0; // what is there is of this training
    if (!journal->is_due || journal->size <= 0) return NNRT_OK;
    journal->is_due = 0;
    journal->file = fopen(journal->path, "ae");
    if (!journal->file) return fail(journal);
    int file = fileno(journal->file);
    int is_longer =
        fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > journal->size;
    return is_longer && ftruncate(file, journal->size) != 0 ? fail(journal) : NNRT_OK;
}
