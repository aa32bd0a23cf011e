// reduce_on_plateau: lowers the learning rate when a value has stopped improving.
#include "row.h"

#include <inttypes.h>

enum {
    PLATEAU_MONITOR,
    PLATEAU_FACTOR,
    PLATEAU_PATIENCE,
    PLATEAU_MODE,
    PLATEAU_MIN_DELTA,
    PLATEAU_COOLDOWN,
    PLATEAU_MINIMUM
};

static const ArgDef plateau_args[] = {
    NNRT_CALLBACK_MONITOR,
    {.name = "factor",
     .type = ARG_FLOAT,
     .default_text = "0.1",
     .maximum = 1,
     .minimum_open = true,
     .maximum_open = true,
     .doc = "what the learning rate is multiplied by"},
    {.name = "patience",
     .type = ARG_INT,
     .default_text = "10",
     .maximum = INFINITY,
     .doc = "epochs without improvement after which the rate falls"},
    NNRT_CALLBACK_MODE,
    NNRT_CALLBACK_NUMBER("min_delta", "0.0001", "what counts as an improvement is more than this"),
    NNRT_CALLBACK_EPOCHS("cooldown", "0", "epochs after a fall that do not count"),
    {.name = "min_learning_rate",
     .type = ARG_FLOAT,
     .default_text = "0",
     .maximum = INFINITY,
     .keras_name = "min_lr",
     .doc = "the lowest rate"},
    {0},
};

static nnrt_status open_plateau(nnrt_callback *callback, const nnrt_callbacks *all) {
    const nnrt_call *call = callback->call;
    nnrt_plateau *own = callback->own;
    (void)all;
    *own = (nnrt_plateau){.monitor =
                              nnrt_callback_monitor(call, plateau_args, PLATEAU_MODE,
                                                    nnrt_call_number_at(call, PLATEAU_MIN_DELTA)),
                          .factor = nnrt_call_number_at(call, PLATEAU_FACTOR),
                          .minimum = nnrt_call_number_at(call, PLATEAU_MINIMUM),
                          .patience = (int64_t)nnrt_call_number_at(call, PLATEAU_PATIENCE),
                          .cooldown = (int64_t)nnrt_call_number_at(call, PLATEAU_COOLDOWN)};
    return NNRT_OK;
}

static nnrt_status end_plateau_epoch(nnrt_callback *callback, nnrt_callbacks *all,
                                     nnrt_moment *at) {
    double *rate = &all->schedules[0].initial, before = *rate;
    if (!nnrt_plateau_epoch(callback->own, at->value, rate)) return NNRT_OK;
    for (int64_t i = 1; i < all->training->step_count; i++)
        all->schedules[i].initial *= *rate / before;
    nnrt_progress_note(all->progress,
                       "Epoch %" PRId64 ": reduce_on_plateau reducing learning rate to %g.",
                       at->number, *rate);
    return NNRT_OK;
}

static void log_rate(const nnrt_callbacks *all, int64_t step, nnrt_log *log) {
    if (isnan(nnrt_log_value(log, "learning_rate")))
        nnrt_log_put(log, "learning_rate", nnrt_schedule_rate(&all->schedules[0], step));
}

static void add_state(nnrt_callback *callback, const nnrt_callbacks *all, nnrt_state *state) {
    nnrt_plateau *own = callback->own;
    (void)all;
    nnrt_state_real(state, "best", &own->monitor.best);
    nnrt_state_integer(state, "wait", &own->wait);
    nnrt_state_integer(state, "cooling", &own->cooling);
}

const nnrt_callback_row nnrt_callback_reduce_on_plateau[] = {
    {.schema = {"reduce_on_plateau", "lowers the learning rate when a value has stopped improving",
                plateau_args, "ReduceLROnPlateau reduce_lr_on_plateau"},
     .lowers_rate = 1,
     .monitors = 1,
     .monitor = PLATEAU_MONITOR,
     .mode = PLATEAU_MODE,
     .own_size = sizeof(nnrt_plateau),
     .open = open_plateau,
     .epoch = end_plateau_epoch,
     .log = log_rate,
     .state = add_state},
    {.schema = {0}},
};
