// terminate_on_nan: the name of a rule that holds without it, in every step: a loss that is not
// finite ends the training (command/fit/epoch.c), with status 4.
#include "row.h"

static nnrt_status open_rule(nnrt_callback *callback, const nnrt_callbacks *all) {
    (void)callback, (void)all;
    return NNRT_OK;
}

static nnrt_status end_rule_epoch(nnrt_callback *callback, nnrt_callbacks *all, nnrt_moment *at) {
    (void)callback, (void)all, (void)at;
    return NNRT_OK;
}

const nnrt_callback_row nnrt_callback_terminate_on_nan[] = {
    {.schema = {"terminate_on_nan",
                "says what holds without it: a loss that is not finite ends `fit`", NULL,
                "TerminateOnNaN"},
     .open = open_rule,
     .epoch = end_rule_epoch},
    {.schema = {0}},
};
