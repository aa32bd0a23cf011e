// The values of the epochs: Keras's history.csv (CSVLogger): `epoch,` and the names in alphabetical
// order, the epoch counted from 1 as everywhere (Keras: from 0); written as the epochs end. Where
// they are asked for later, the last epochs are also held in memory. For the weights file some
// epochs are kept, evenly spread over the run.
#ifndef NNRT_HISTORY_H
#define NNRT_HISTORY_H

#include "../files/file.h"
#include "../formats/weights/safetensors.h"
#include "../session/session.h"
#include "../state/state.h"
#include "log.h"

enum { NNRT_HISTORY_EPOCHS = 1 << 16 }; // that are held, at most
enum { NNRT_HISTORY_KEPT = 4096 };      // for the weights file

typedef struct nnrt_history { // a zeroed one has no names, no file, and holds nothing
    nnrt_log names;           // of all training blocks, in the order in which they come
    nnrt_log sorted;          // the same by name; values: the places in `names`
    nnrt_file *file;          // NULL: none
    int is_held;              // in memory
    double *values;           // [capacity, names.count], a ring; NaN: the epoch has none
    int64_t count, capacity;  // epochs, all; in memory
    int64_t rows;             // in use, of those in memory
    // [NNRT_HISTORY_KEPT + 1, names.count]: epochs 0, every, 2 every ..; then the last one, if it
    // is none of them.
    double *kept;
    int64_t kept_count, kept_rows, every; // without the last one; with it
    char *names_text;                     // a line each
    int64_t names_bytes;
} nnrt_history;

// The names follow from the program and its data; `path` NULL: no file.
// `is_all`: memory for all that can be held is taken at once, and stays where it is.
nnrt_status nnrt_history_open(nnrt_history *history, const nnrt_session *session, const char *path,
                              int is_held, int is_all);
// The epochs that are held: what a training depends on that goes on with the same file. After they
// were restored the file begins with them.
void nnrt_history_state(nnrt_history *history, nnrt_state *state);
nnrt_status nnrt_history_restored(nnrt_history *history);
// Whether a checkpoint's epochs have other values than these, because the program or its data have
// changed; and its epochs by name, "history/values" and "history/sample", where they have.
int nnrt_history_differs(const nnrt_history *history, const nnrt_safetensors *file);
nnrt_status nnrt_history_take(nnrt_history *history, const nnrt_safetensors *file);

nnrt_status nnrt_history_add(nnrt_history *history, const nnrt_log *log);

// The epochs that are held are [first, count).
int64_t nnrt_history_first(const nnrt_history *history);
double nnrt_history_value(const nnrt_history *history, int64_t epoch, int64_t name);

// {"epoch": [1, ..], "loss": [..], "val_loss": [..], ..}: what the weights file says of the epochs,
// null where one has no value. `before`: such a text of those before, or NULL; the first epoch of
// this run is number `first`, from 1. Of more than NNRT_HISTORY_KEPT epochs every second is left
// out, or three of four and so on, but never the last. To be freed; NULL: no memory.
char *nnrt_history_text(const nnrt_history *history, const char *before, int64_t first);

nnrt_status nnrt_history_commit(nnrt_history *history); // puts the file into its place
void nnrt_history_free(nnrt_history *history);          // and drops what was not committed

#endif
