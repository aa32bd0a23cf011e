#include "journal.h"

#include "../files/file.h"
#include "../files/system.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static nnrt_status fail(const nnrt_journal *journal, int error) {
    return nnrt_fail(NNRT_ERROR, "cannot write `%s`: %s", journal->path, nnrt_file_reason(error));
}

static void drop(nnrt_journal *journal) {
    if (journal->file) fclose(journal->file);
    free(journal->text);
    if (journal->file && journal->descriptor >= 0) close(journal->descriptor);
    journal->file = NULL;
    journal->text = NULL;
    journal->descriptor = -1;
}

nnrt_status nnrt_journal_open(nnrt_journal *journal, const char *path, int appends) {
    struct stat status;
    *journal = (nnrt_journal){.path = path, .appends = appends, .descriptor = -1};
    int is_there = stat(path, &status) == 0;
    if (is_there && appends && S_ISREG(status.st_mode)) journal->size = status.st_size;
    journal->file = open_memstream(&journal->text, &journal->used);
    if (!journal->file) return nnrt_fail_memory(path, 0);
    journal->is_pipe = is_there && S_ISFIFO(status.st_mode);
    if (!journal->is_pipe) return NNRT_OK;
    journal->descriptor = nnrt_file_open_in_place(path);
    int error = errno;
    if (journal->descriptor >= 0) return NNRT_OK;
    drop(journal);
    return fail(journal, error);
}

int nnrt_journal_is_empty(const nnrt_journal *journal) {
    return !journal->size && ftell(journal->file) <= 0;
}

// A new name is to survive a crash as what is in the file does.
static int open_file(nnrt_journal *journal) {
    int is_new = nnrt_system_is_there(journal->path) == 0;
    int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (journal->appends ? 0 : O_TRUNC);
    journal->descriptor = nnrt_system_open(journal->path, flags);
    if (journal->descriptor < 0) return errno;
    if (is_new) nnrt_system_sync_folder(journal->path);
    return 0;
}

// A part of it that was written is taken back.
static int write_all(nnrt_journal *journal) {
    struct stat status;
    size_t done;
    int error = nnrt_system_write(journal->descriptor, journal->text, journal->used, &done);
    if (!error || !done || journal->is_pipe) return error;
    if (fstat(journal->descriptor, &status) == 0 && S_ISREG(status.st_mode) &&
        ftruncate(journal->descriptor, status.st_size - (off_t)done) == 0)
        return error;
    memmove(journal->text, journal->text + done, journal->used - done); // it stays, then
    fseek(journal->file, (long)(journal->used - done), SEEK_SET);
    journal->size += (int64_t)done;
    return error;
}

nnrt_status nnrt_journal_commit(nnrt_journal *journal) {
    int lacks_memory = ferror(journal->file) || fflush(journal->file) != 0, error = 0;
    if (lacks_memory) {
        clearerr(journal->file);
        rewind(journal->file);
        return nnrt_fail_memory(journal->path, 0);
    }
    if (journal->descriptor < 0) error = open_file(journal);
    if (!error) error = write_all(journal);
    if (error && journal->is_pipe) drop(journal);
    if (error) return fail(journal, error);
    journal->size += (int64_t)journal->used;
    rewind(journal->file);
    return NNRT_OK;
}

nnrt_status nnrt_journal_epoch(nnrt_journal *journal, int64_t epoch, const nnrt_log *log) {
    if (!journal->file) return NNRT_OK; // it failed before
    nnrt_json json = {0};
    nnrt_json_open(&json, NULL, '{');
    nnrt_json_integer(&json, "epoch", epoch);
    nnrt_log_json(log, &json);
    nnrt_json_close(&json, '}');
    const char *text = nnrt_json_text(&json);
    if (text) fprintf(journal->file, "%s\n", text);
    nnrt_status status =
        text ? nnrt_journal_commit(journal) : nnrt_fail_memory(journal->path, json.capacity);
    nnrt_json_free(&json);
    return status;
}

// What could not be written before has been said.
void nnrt_journal_close(nnrt_journal *journal) {
    if (!journal->file) return;
    if (ftell(journal->file) > 0) nnrt_journal_commit(journal);
    drop(journal);
}

void nnrt_journal_state(nnrt_journal *journal, nnrt_state *state) {
    nnrt_state_integer(state, "size", &journal->size);
    nnrt_state_add_log(state, journal->path, &journal->descriptor);
}

// What was there at the checkpoint, and is not now, cannot be written again.
static void go_on_shorter(nnrt_journal *journal, int64_t size) {
    fprintf(stderr,
            "warning: `%s` has %" PRId64 " of the %" PRId64
            " bytes that it had at the checkpoint: values of epochs are missing in it\n",
            journal->path, size, journal->size);
    journal->size = size;
}

nnrt_status nnrt_journal_restored(nnrt_journal *journal) {
    struct stat status;
    if (journal->is_pipe) return NNRT_OK;
    journal->appends = journal->size > 0; // else what is there is of this training
    if (!journal->appends) return NNRT_OK;
    int error = open_file(journal);
    if (!error && fstat(journal->descriptor, &status) != 0) error = errno;
    if (error) return fail(journal, error);
    if (!S_ISREG(status.st_mode)) return NNRT_OK;
    if (status.st_size < journal->size) go_on_shorter(journal, status.st_size);
    int is_longer = status.st_size > journal->size;
    return is_longer && ftruncate(journal->descriptor, journal->size) != 0 ? fail(journal, errno)
                                                                           : NNRT_OK;
}
