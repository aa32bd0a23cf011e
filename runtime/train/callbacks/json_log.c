// json_log: an object an epoch, one a line (JSON lines), as soon as it is over.
#include "row.h"

#include "../../report/journal.h"

enum { JSON_PATH, JSON_APPEND };

static const ArgDef json_args[] = {NNRT_CALLBACK_LOG, NNRT_CALLBACK_APPEND, {0}};

static nnrt_status open_json(nnrt_callback *callback, const nnrt_callbacks *all) {
    (void)all;
    return nnrt_journal_open(callback->own, nnrt_callback_path(callback->call),
                             nnrt_call_is_on(callback->call, JSON_APPEND));
}

static nnrt_status end_json_epoch(nnrt_callback *callback, nnrt_callbacks *all, nnrt_moment *at) {
    (void)all;
    return nnrt_journal_epoch(callback->own, at->number, at->log);
}

static void add_state(nnrt_callback *callback, const nnrt_callbacks *all, nnrt_state *state) {
    (void)all;
    nnrt_journal_state(callback->own, state);
}

static nnrt_status go_on(nnrt_callback *callback) {
    return nnrt_journal_restored(callback->own);
}

static void close_json(nnrt_callback *callback) {
    nnrt_journal_close(callback->own);
}

const nnrt_callback_row nnrt_callback_json_log[] = {
    {.schema = {"json_log", "writes the values of each epoch to a file of JSON lines", json_args,
                NULL},
     .writes = NNRT_WRITES_LOG,
     .own_size = sizeof(nnrt_journal),
     .open = open_json,
     .epoch = end_json_epoch,
     .state = add_state,
     .restored = go_on,
     .close = close_json},
    {.schema = {0}},
};
