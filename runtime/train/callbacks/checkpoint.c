// checkpoint: saves the weights after epochs. With `every` it is what `fit --checkpoint` does, all
// that the training depends on, and done there (command/fit/keeping.c).
#include "row.h"

#include "../../report/outputs.h"
#include "../../report/pattern.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

enum {
    CHECKPOINT_PATH,
    CHECKPOINT_MONITOR,
    CHECKPOINT_BEST_ONLY,
    CHECKPOINT_MODE,
    CHECKPOINT_BASELINE,
    CHECKPOINT_EVERY
};

static const ArgDef checkpoint_args[] = {
    NNRT_CALLBACK_PATH(
        "the file, from the current folder; {epoch:02d} and {val_loss:.2f} are filled in"),
    NNRT_CALLBACK_MONITOR,
    NNRT_CALLBACK_SWITCH("save_best_only", "save an epoch only if it is the best so far"),
    NNRT_CALLBACK_MODE,
    NNRT_CALLBACK_BASELINE("initial_value_threshold",
                           "what the first epoch to be saved must improve on"),
    [CHECKPOINT_EVERY] = {.name = "every",
                          .type = ARG_EVERY,
                          .default_text = "none",
                          .keras_name = "save_freq",
                          .by_name = true,
                          .doc = "keep all that the training depends on, so often, for `fit "
                                 "--resume`; the two newest ones and the best"},
    {0},
};

static nnrt_status open_checkpoint(nnrt_callback *callback, const nnrt_callbacks *all) {
    nnrt_monitor *own = callback->own;
    (void)all;
    *own = nnrt_callback_monitor(callback->call, checkpoint_args, CHECKPOINT_MODE, 0);
    own->best = nnrt_call_number_at(callback->call, CHECKPOINT_BASELINE);
    return NNRT_OK;
}

static void say_saving(const nnrt_callbacks *all, const nnrt_callback *callback,
                       const nnrt_moment *at, double before, const char *path) {
    const char *name = nnrt_call_text_at(callback->call, CHECKPOINT_MONITOR);
    char from[32] = "None";
    if (!isnan(before)) snprintf(from, sizeof from, "%.5f", before);
    if (nnrt_call_is_on(callback->call, CHECKPOINT_BEST_ONLY))
        nnrt_progress_note(all->progress,
                           "Epoch %" PRId64 ": %s improved from %s to %.5f, saving model to %s",
                           at->number, name, from, at->value, path);
    else
        nnrt_progress_note(all->progress, "Epoch %" PRId64 ": saving model to %s", at->number,
                           path);
}

static nnrt_status end_checkpoint_epoch(nnrt_callback *callback, nnrt_callbacks *all,
                                        nnrt_moment *at) {
    const nnrt_session *session = all->session;
    char path[PATH_MAX];
    nnrt_placeholder placeholder;
    nnrt_monitor *own = callback->own;
    double before = own->best;
    nnrt_every every;
    if (nnrt_callback_every(callback->call, &every)) return NNRT_OK;
    int only_best = nnrt_call_is_on(callback->call, CHECKPOINT_BEST_ONLY);
    if (only_best && !nnrt_monitor_improve(own, at->value)) return NNRT_OK;
    const char *pattern = nnrt_callback_path(callback->call);
    nnrt_status status = nnrt_pattern_path(pattern, at->number, at->log, path, sizeof path);
    if (!status && nnrt_placeholder_next(pattern, &placeholder) > 0)
        status =
            nnrt_outputs_check_name(session, all->training, callback->call, at->number, at->log);
    if (!status) status = nnrt_callback_make_folders(path);
    if (!status)
        status = nnrt_weights_save(path, session->program, session->weights.values, at->info);
    if (!status) say_saving(all, callback, at, before, path);
    return status;
}

static void add_state(nnrt_callback *callback, const nnrt_callbacks *all, nnrt_state *state) {
    nnrt_monitor *own = callback->own;
    (void)all;
    nnrt_state_real(state, "best", &own->best);
}

const nnrt_callback_row nnrt_callback_checkpoint[] = {
    {.schema = {"checkpoint", "saves the weights after epochs", checkpoint_args,
                "ModelCheckpoint model_checkpoint"},
     .writes = NNRT_WRITES_WEIGHTS,
     .monitors = 1,
     .monitor = CHECKPOINT_MONITOR,
     .mode = CHECKPOINT_MODE,
     .best_only = CHECKPOINT_BEST_ONLY,
     .every = CHECKPOINT_EVERY,
     .own_size = sizeof(nnrt_monitor),
     .open = open_checkpoint,
     .epoch = end_checkpoint_epoch,
     .state = add_state},
    {.schema = {0}},
};
