// swa: the mean of the weights after several epochs, which they become at the end. Izmailov et al.
// 2018, arXiv:1803.05407; the mean is moved as PyTorch's AveragedModel moves it
// (torch/optim/swa_utils.py, with use_buffers, so that moving statistics are averaged, too).
#include "row.h"

#include <inttypes.h>
#include <stdio.h>

enum { SWA_START, SWA_EVERY };

static const ArgDef swa_args[] = {
    [SWA_START] = {.name = "start_from_epoch",
                   .type = ARG_INT,
                   .maximum = INFINITY,
                   .keras_name = "start swa_epoch_start swa_start",
                   .doc = "epochs before the first one that counts"},
    [SWA_EVERY] = {.name = "every",
                   .type = ARG_INT,
                   .default_text = "1",
                   .minimum = 1,
                   .maximum = INFINITY,
                   .doc = "of those behind them, every so many-th counts"},
    {0},
};

typedef struct averaging {
    int64_t count; // of the weights in the mean
    nnrt_block mean;
} averaging;

static nnrt_status open_averaging(nnrt_callback *callback, const nnrt_callbacks *all) {
    averaging *own = callback->own;
    return nnrt_block_allocate(&own->mean, all->session->program->weights_size,
                               "the mean of weights");
}

static nnrt_status end_averaging_epoch(nnrt_callback *callback, nnrt_callbacks *all,
                                       nnrt_moment *at) {
    averaging *own = callback->own;
    const float *weights = all->session->weights.values;
    int64_t start = (int64_t)nnrt_call_number_at(callback->call, SWA_START);
    int64_t every = (int64_t)nnrt_call_number_at(callback->call, SWA_EVERY);
    if (at->epoch < start || (at->epoch - start) % every) return NNRT_OK;
    own->count++;
    for (int64_t i = 0; i < all->session->program->weights_size; i++)
        own->mean.values[i] += (weights[i] - own->mean.values[i]) / (float)own->count;
    return NNRT_OK;
}

static void end_averaging(nnrt_callback *callback, nnrt_callbacks *all) {
    const averaging *own = callback->own;
    if (!own->count) return;
    size_t bytes = (size_t)all->session->program->weights_size * sizeof(float);
    memcpy(all->session->weights.values, own->mean.values, bytes);
    nnrt_progress_note(all->progress,
                       "The weights are the mean of those after %" PRId64 " epoch%s.", own->count,
                       own->count == 1 ? "" : "s");
}

static void add_state(nnrt_callback *callback, const nnrt_callbacks *all, nnrt_state *state) {
    averaging *own = callback->own;
    nnrt_state_integer(state, "count", &own->count);
    nnrt_callback_weights_state(all, state, "mean", own->mean.values);
}

static void close_averaging(nnrt_callback *callback) {
    averaging *own = callback->own;
    nnrt_block_free(&own->mean);
}

const nnrt_callback_row nnrt_callback_swa[] = {
    {.schema = {"swa", "makes the weights the mean of those after several epochs", swa_args,
                "SWA StochasticWeightAveraging stochastic_weight_averaging AveragedModel"},
     .is_alone = 1,
     .own_size = sizeof(averaging),
     .open = open_averaging,
     .epoch = end_averaging_epoch,
     .finish = end_averaging,
     .state = add_state,
     .close = close_averaging},
    {.schema = {0}},
};
