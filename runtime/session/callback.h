// What is known of a callback before it runs. A callback is a row, beside its functions, of
// train/callbacks.c; checking, reports and commands read the row.
#ifndef NNRT_CALLBACK_H
#define NNRT_CALLBACK_H

#include "../base/call.h"
#include "../base/status.h"

typedef struct nnrt_callback nnrt_callback;
typedef struct nnrt_callbacks nnrt_callbacks;
typedef struct nnrt_moment nnrt_moment; // the end of an epoch

typedef enum nnrt_callback_file {
    NNRT_WRITES_NOTHING,
    NNRT_WRITES_WEIGHTS, // files whose names may have placeholders
    NNRT_WRITES_LOG      // a file that lines are added to
} nnrt_callback_file;

typedef struct nnrt_callback_row {
    Schema schema;
    nnrt_callback_file writes; // to `path`, its first argument
    int lowers_rate;           // the learning rate, which must be a number then, and is reported
    int monitors;              // a value of the epochs, its argument `monitor` ..
    int monitor;               // .. which stands at this place
    int best_only;             // the place of a switch without which it monitors nothing; 0: none
    nnrt_status (*open)(nnrt_callback *callback, const nnrt_callbacks *all);
    nnrt_status (*epoch)(nnrt_callback *callback, nnrt_callbacks *all, nnrt_moment *at);
} nnrt_callback_row;

extern const nnrt_callback_row nnrt_callback_rows[]; // ended by a row without name

static inline const nnrt_callback_row *nnrt_callback_row_of(const nnrt_call *call) {
    return &nnrt_callback_rows[call->row];
}

// The file that it writes, as written; NULL: none.
static inline const char *nnrt_callback_path(const nnrt_call *call) {
    return nnrt_callback_row_of(call)->writes ? nnrt_call_text_at(call, 0) : NULL;
}

// The value that it monitors; NULL: none.
static inline const char *nnrt_callback_monitored(const nnrt_call *call) {
    const nnrt_callback_row *row = nnrt_callback_row_of(call);
    int monitors = row->monitors && (!row->best_only || nnrt_call_is_on(call, row->best_only));
    return monitors ? nnrt_call_text_at(call, row->monitor) : NULL;
}

#endif
