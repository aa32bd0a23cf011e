// csv_log: Keras's CSVLogger, with its line ends; epochs count from 1 as everywhere. The file
// is there from the first epoch's end on.
#include "row.h"

#include "../../report/journal.h"

#include <inttypes.h>
#include <stdio.h>

enum { CSV_PATH, CSV_APPEND };

static const ArgDef csv_args[] = {NNRT_CALLBACK_LOG, NNRT_CALLBACK_APPEND, {0}};

typedef struct csv_log {
    nnrt_log keys; // the columns
    nnrt_journal journal;
} csv_log;

static nnrt_status open_csv(nnrt_callback *callback, const nnrt_callbacks *all) {
    csv_log *own = callback->own;
    (void)all;
    return nnrt_journal_open(&own->journal, nnrt_callback_path(callback->call),
                             nnrt_call_is_on(callback->call, CSV_APPEND));
}

static void put_head(const csv_log *own) {
    FILE *file = own->journal.file;
    if (!nnrt_journal_is_empty(&own->journal)) return; // it has one
    fprintf(file, "epoch");
    for (int64_t i = 0; i < own->keys.count; i++) fprintf(file, ",%s", own->keys.values[i].name);
    fprintf(file, "\r\n");
}

static void put_values(const csv_log *own, const nnrt_log *log) {
    for (int64_t i = 0; i < own->keys.count; i++) {
        char text[NNRT_JSON_NUMBER] = "NA";
        double value = nnrt_log_value(log, own->keys.values[i].name);
        if (!isnan(value)) nnrt_number_text(text, value);
        fprintf(own->journal.file, ",%s", text);
    }
}

static nnrt_status end_csv_epoch(nnrt_callback *callback, nnrt_callbacks *all, nnrt_moment *at) {
    csv_log *own = callback->own;
    (void)all;
    if (!own->journal.file) return NNRT_OK; // it failed before
    if (!own->keys.count) {
        own->keys = *at->log;
        nnrt_log_sort(&own->keys);
        put_head(own);
    }
    fprintf(own->journal.file, "%" PRId64, at->number);
    put_values(own, at->log);
    fprintf(own->journal.file, "\r\n");
    return nnrt_journal_commit(&own->journal);
}

static void add_state(nnrt_callback *callback, const nnrt_callbacks *all, nnrt_state *state) {
    csv_log *own = callback->own;
    (void)all;
    nnrt_journal_state(&own->journal, state);
}

static nnrt_status go_on(nnrt_callback *callback) {
    csv_log *own = callback->own;
    return nnrt_journal_restored(&own->journal);
}

static void close_csv(nnrt_callback *callback) {
    csv_log *own = callback->own;
    nnrt_journal_close(&own->journal);
}

const nnrt_callback_row nnrt_callback_csv_log[] = {
    {.schema = {"csv_log", "writes the values of each epoch to a file", csv_args,
                "CSVLogger csv_logger"},
     .writes = NNRT_WRITES_LOG,
     .own_size = sizeof(csv_log),
     .open = open_csv,
     .epoch = end_csv_epoch,
     .state = add_state,
     .restored = go_on,
     .close = close_csv},
    {.schema = {0}},
};
