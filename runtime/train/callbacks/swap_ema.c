// swap_ema: what is looked at are the moving averages of the weights, which `use_ema` of an
// optimizer keeps: in validation, and with on_epoch in what the callbacks behind it see, save and
// restore. keras/src/callbacks/swap_ema_weights.py
#include "row.h"

enum { SWAP_ON_EPOCH };

static const ArgDef swap_args[] = {
    [SWAP_ON_EPOCH] = {.name = "on_epoch",
                       .type = ARG_BOOL,
                       .default_text = "false",
                       .is_flag = true,
                       .keras_name = "swap_on_epoch",
                       .doc =
                           "the callbacks behind it see averages, too: checkpoint, early_stopping"},
    {0},
};

static nnrt_status open_swap(nnrt_callback *callback, const nnrt_callbacks *all) {
    (void)callback, (void)all;
    return NNRT_OK;
}

static void swap(nnrt_callback *callback, nnrt_callbacks *all) {
    (void)callback;
    nnrt_trainer_swap_averages(all->trainer);
}

static nnrt_status end_swap_epoch(nnrt_callback *callback, nnrt_callbacks *all, nnrt_moment *at) {
    (void)at;
    if (nnrt_call_is_on(callback->call, SWAP_ON_EPOCH)) swap(callback, all);
    return NNRT_OK;
}

static void swap_back(nnrt_callback *callback, nnrt_callbacks *all) {
    if (nnrt_call_is_on(callback->call, SWAP_ON_EPOCH)) swap(callback, all);
}

const nnrt_callback_row nnrt_callback_swap_ema[] = {
    {.schema = {"swap_ema", "validates with the moving averages of the weights", swap_args,
                "SwapEMAWeights swap_ema_weights"},
     .needs_averages = 1,
     .is_alone = 1,
     .open = open_swap,
     .epoch = end_swap_epoch,
     .look = swap,
     .after = swap_back},
    {.schema = {0}},
};
