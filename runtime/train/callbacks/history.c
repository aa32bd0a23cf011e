// history: Keras's History.history as a JSON file, `{"epoch": [1, 2], "loss": [0.5, 0.4], ..}`. It
// is replaced as a whole, so that a reader never sees half of it; where that takes long beside the
// epochs, not after each of them, but at the end in any case.
#include "row.h"

#include "../../base/clock.h"
#include "../../files/file.h"
#include "../../report/history.h"

#include <string.h>

enum { HISTORY_PATH };

static const ArgDef history_args[] = {NNRT_CALLBACK_LOG, {0}};

typedef struct history {
    const nnrt_history *values;
    double written, took; // when it was, and the seconds of that
    int is_behind;
} history;

static nnrt_status open_history(nnrt_callback *callback, const nnrt_callbacks *all) {
    history *own = callback->own;
    own->values = all->history;
    return NNRT_OK;
}

static void put_epochs(const nnrt_history *values, nnrt_json *json) {
    nnrt_json_open(json, "epoch", '[');
    for (int64_t i = nnrt_history_first(values); i < values->count; i++)
        nnrt_json_integer(json, NULL, i + 1);
    nnrt_json_close(json, ']');
    for (int64_t name = 0; name < values->names.count; name++) {
        nnrt_json_open(json, values->names.values[name].name, '[');
        for (int64_t i = nnrt_history_first(values); i < values->count; i++)
            nnrt_json_number(json, NULL, nnrt_history_value(values, i, name));
        nnrt_json_close(json, ']');
    }
}

static nnrt_status write(const nnrt_callback *callback) {
    const history *own = callback->own;
    nnrt_json json = {0};
    nnrt_json_open(&json, NULL, '{');
    put_epochs(own->values, &json);
    nnrt_json_close(&json, '}');
    const char *text = nnrt_json_text(&json);
    nnrt_file *file = text ? nnrt_file_create(nnrt_callback_path(callback->call)) : NULL;
    if (file) nnrt_file_write(file, text, strlen(text));
    if (file) nnrt_file_write(file, "\n", 1);
    nnrt_status status = !text  ? nnrt_fail_memory("the history", json.capacity)
                         : file ? nnrt_file_commit(file)
                                : NNRT_ERROR;
    nnrt_json_free(&json);
    return status;
}

// The hundredth part of the time is enough for it.
static nnrt_status end_history_epoch(nnrt_callback *callback, nnrt_callbacks *all,
                                     nnrt_moment *at) {
    static const double share = 100;
    history *own = callback->own;
    double start = nnrt_seconds();
    (void)all, (void)at;
    own->is_behind = 1;
    if (own->written > 0 && start - own->written < share * own->took) return NNRT_OK;
    own->is_behind = 0;
    nnrt_status status = write(callback);
    own->written = nnrt_seconds();
    own->took = own->written - start;
    return status;
}

// What was killed may have been behind, and there may be no epoch left.
static nnrt_status go_on(nnrt_callback *callback) {
    history *own = callback->own;
    own->is_behind = own->values->count > 0;
    return NNRT_OK;
}

static nnrt_status end_history(nnrt_callback *callback) {
    history *own = callback->own;
    if (!own->is_behind) return NNRT_OK;
    own->is_behind = 0;
    return write(callback);
}

const nnrt_callback_row nnrt_callback_history[] = {
    {.schema = {"history", "keeps a file with the values of all epochs, a list of each",
                history_args, "History"},
     .writes = NNRT_WRITES_FILE,
     .reads_history = 1,
     .own_size = sizeof(history),
     .open = open_history,
     .epoch = end_history_epoch,
     .restored = go_on,
     .end = end_history},
    {.schema = {0}},
};
