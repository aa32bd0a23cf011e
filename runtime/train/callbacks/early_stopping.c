// early_stopping: ends the training when a value has stopped improving.
#include "row.h"

#include <inttypes.h>
#include <string.h>

enum {
    STOPPING_MONITOR,
    STOPPING_MIN_DELTA,
    STOPPING_PATIENCE,
    STOPPING_MODE,
    STOPPING_BASELINE,
    STOPPING_RESTORE,
    STOPPING_START
};

static const ArgDef stopping_args[] = {
    NNRT_CALLBACK_MONITOR,
    NNRT_CALLBACK_NUMBER("min_delta", "0", "what counts as an improvement is more than this"),
    NNRT_CALLBACK_EPOCHS("patience", "0", "epochs without improvement after which training ends"),
    NNRT_CALLBACK_MODE,
    NNRT_CALLBACK_BASELINE(NULL, "improvements that do not reach it do not make training go on"),
    NNRT_CALLBACK_SWITCH("restore_best_weights", "go back to the best epoch's weights at the end"),
    NNRT_CALLBACK_EPOCHS("start_from_epoch", "0", "epochs that do not count yet"),
    {0},
};

typedef struct stopping {
    nnrt_stopping state;
    nnrt_block best; // weights; values NULL: not restored
} stopping;

static nnrt_status open_stopping(nnrt_callback *callback, const nnrt_callbacks *all) {
    const nnrt_call *call = callback->call;
    stopping *own = callback->own;
    own->state = (nnrt_stopping){
        .monitor = nnrt_callback_monitor(call, stopping_args, STOPPING_MODE,
                                         nnrt_call_number_at(call, STOPPING_MIN_DELTA)),
        .baseline = nnrt_call_number_at(call, STOPPING_BASELINE),
        .patience = (int64_t)nnrt_call_number_at(call, STOPPING_PATIENCE),
        .start_from_epoch = (int64_t)nnrt_call_number_at(call, STOPPING_START),
        .best_epoch = -1};
    if (!nnrt_call_is_on(call, STOPPING_RESTORE)) return NNRT_OK;
    return nnrt_block_allocate(&own->best, all->session->program->weights_size, "the best weights");
}

static size_t weights_bytes(const nnrt_callbacks *all) {
    return (size_t)all->session->program->weights_size * sizeof(float);
}

static nnrt_status end_stopping_epoch(nnrt_callback *callback, nnrt_callbacks *all,
                                      nnrt_moment *at) {
    stopping *own = callback->own;
    int what = nnrt_stopping_epoch(&own->state, at->epoch, at->value);
    if ((what & NNRT_STOPPING_KEEP) && own->best.values)
        memcpy(own->best.values, all->session->weights.values, weights_bytes(all));
    if (!(what & NNRT_STOPPING_STOP)) return NNRT_OK;
    at->stop = 1;
    nnrt_progress_note(all->progress, "Epoch %" PRId64 ": early stopping", at->number);
    return NNRT_OK;
}

static void close_stopping(nnrt_callback *callback) {
    stopping *own = callback->own;
    nnrt_block_free(&own->best);
}

static int64_t best_of_stopping(const nnrt_callback *callback) {
    const stopping *own = callback->own;
    return own->best.values ? own->state.best_epoch : -1;
}

static void restore_stopping(nnrt_callback *callback, nnrt_callbacks *all) {
    const stopping *own = callback->own;
    memcpy(all->session->weights.values, own->best.values, weights_bytes(all));
    nnrt_progress_note(all->progress,
                       "Restoring model weights from the end of the best epoch: %" PRId64 ".",
                       all->epochs_before + own->state.best_epoch + 1);
}

static void add_state(nnrt_callback *callback, const nnrt_callbacks *all, nnrt_state *state) {
    stopping *own = callback->own;
    nnrt_state_real(state, "best", &own->state.monitor.best);
    nnrt_state_integer(state, "wait", &own->state.wait);
    nnrt_state_integer(state, "best_epoch", &own->state.best_epoch);
    if (own->best.values) nnrt_callback_weights_state(all, state, "weights", own->best.values);
}

const nnrt_callback_row nnrt_callback_early_stopping[] = {
    {.schema = {"early_stopping", "ends the training when a value has stopped improving",
                stopping_args, "EarlyStopping"},
     .monitors = 1,
     .monitor = STOPPING_MONITOR,
     .mode = STOPPING_MODE,
     .own_size = sizeof(stopping),
     .open = open_stopping,
     .epoch = end_stopping_epoch,
     .best = best_of_stopping,
     .restore = restore_stopping,
     .state = add_state,
     .close = close_stopping},
    {.schema = {0}},
};
