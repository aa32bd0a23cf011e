// What is known of a callback before it runs. A callback is a row, beside its functions, in a file
// of train/callbacks/; checking, reports and commands read the row.
#ifndef NNRT_CALLBACK_H
#define NNRT_CALLBACK_H

#include "../base/call.h"
#include "../base/status.h"
#include "../base/text/amount.h"

typedef struct nnrt_callback nnrt_callback;
typedef struct nnrt_callbacks nnrt_callbacks;
typedef struct nnrt_moment nnrt_moment; // the end of an epoch
typedef struct nnrt_log nnrt_log;
typedef struct nnrt_state nnrt_state;

typedef enum nnrt_callback_file {
    NNRT_WRITES_NOTHING,
    NNRT_WRITES_WEIGHTS, // files whose names may have placeholders
    NNRT_WRITES_LOG,     // a file that is added to
    NNRT_WRITES_FILE,    // a file that is replaced
    NNRT_WRITES_FOLDER   // files of other names in a folder
} nnrt_callback_file;

typedef struct nnrt_callback_row {
    Schema schema;
    nnrt_callback_file writes; // to `path`, its first argument
    int lowers_rate;           // the learning rate, which must be a number then, and is reported
    int reads_history;         // the values of the epochs before, which are held for it then
    int reads_gradients;       // which are compiled for it then (nnrt_train_step.gradients)
    int monitors;              // a value of the epochs, its argument `monitor` ..
    int monitor;               // .. which stands at this place
    int mode;                  // the place of `mode`, whether less or more of it is better
    int needs_averages;        // `use_ema` of an optimizer
    int is_alone;    // a block has one of it: a second one would take what the first one gave
    int every;       // the place of an option with which `fit` keeps checkpoints; 0: none
    int best_only;   // the place of a switch without which it monitors nothing; 0: none
    size_t own_size; // bytes of what it remembers, its own struct
    nnrt_status (*open)(nnrt_callback *callback, const nnrt_callbacks *all);
    nnrt_status (*epoch)(nnrt_callback *callback, nnrt_callbacks *all, nnrt_moment *at);
    // The others may be NULL. Before and after weights are looked at: in validation, in `samples`.
    void (*look)(nnrt_callback *callback, nnrt_callbacks *all);
    // When all of them had their `epoch`; before the end, when weights may become others.
    void (*after)(nnrt_callback *callback, nnrt_callbacks *all);
    void (*finish)(nnrt_callback *callback, nnrt_callbacks *all);
    // What it adds to the values of an epoch that ended before `step`:
    void (*log)(const nnrt_callbacks *all, int64_t step, nnrt_log *log);
    // The epoch (of the block, from 0) whose weights it keeps, -1: none; goes back to them.
    int64_t (*best)(const nnrt_callback *callback);
    void (*restore)(nnrt_callback *callback, nnrt_callbacks *all);
    // Adds what it remembers to the list; called when that was restored: files go on from there.
    void (*state)(nnrt_callback *callback, const nnrt_callbacks *all, nnrt_state *state);
    nnrt_status (*restored)(nnrt_callback *callback);
    // At the end of the block, whatever its reason; what cannot be written then is a warning, too.
    nnrt_status (*end)(nnrt_callback *callback);
    void (*close)(nnrt_callback *callback);
} nnrt_callback_row;

extern const nnrt_callback_row *const nnrt_callback_tables[]; // ended by NULL

const nnrt_callback_row *nnrt_callback_row_of(const nnrt_call *call);

// The file that it writes, as written; NULL: none.
static inline const char *nnrt_callback_path(const nnrt_call *call) {
    return nnrt_callback_row_of(call)->writes ? nnrt_call_text_at(call, 0) : NULL;
}

// How often `fit` keeps checkpoints because of it; 0: it does not.
int nnrt_callback_every(const nnrt_call *call, nnrt_every *every);

// The value that it monitors; NULL: none.
static inline const char *nnrt_callback_monitored(const nnrt_call *call) {
    const nnrt_callback_row *row = nnrt_callback_row_of(call);
    int monitors = row->monitors && (!row->best_only || nnrt_call_is_on(call, row->best_only));
    return monitors ? nnrt_call_text_at(call, row->monitor) : NULL;
}

// Is more of what it may monitor better?
int nnrt_callback_is_max(const nnrt_call *call);

#endif
