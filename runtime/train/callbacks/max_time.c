// max_time: ends `fit` as `--max-time` does, when the block has taken so long.
#include "row.h"

#include "../../base/interrupt.h"
#include "../../base/text/amount.h"

#include <stdio.h>

enum { MAX_TIME_TIME };

static const ArgDef max_time_args[] = {
    [MAX_TIME_TIME] = {.name = "time",
                       .type = ARG_DURATION,
                       .keras_name = "duration max_time",
                       .doc = "that the block may take in a run"},
    {0},
};

static nnrt_status open_max_time(nnrt_callback *callback, const nnrt_callbacks *all) {
    nnrt_deadline *before = callback->own;
    const char *text = nnrt_call_text_at(callback->call, MAX_TIME_TIME);
    double seconds = 0;
    char name[64];
    (void)all;
    nnrt_duration_parse(text, &seconds);
    snprintf(name, sizeof name, "max_time(%.40s)", text);
    *before = nnrt_interrupt_after(seconds, name);
    return NNRT_OK;
}

static nnrt_status end_max_time_epoch(nnrt_callback *callback, nnrt_callbacks *all,
                                      nnrt_moment *at) {
    (void)callback, (void)all, (void)at;
    return NNRT_OK;
}

static void close_max_time(nnrt_callback *callback) {
    nnrt_interrupt_at(callback->own);
}

const nnrt_callback_row nnrt_callback_max_time[] = {
    {.schema = {"max_time", "ends `fit` after a time, as `--max-time` does", max_time_args,
                "Timer MaxTime"},
     .own_size = sizeof(nnrt_deadline),
     .open = open_max_time,
     .epoch = end_max_time_epoch,
     .close = close_max_time},
    {.schema = {0}},
};
