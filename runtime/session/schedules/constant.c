// constant: one rate.
#include "row.h"

static const ArgDef constant_args[] = {
    [NNRT_RATE_FIRST] = NNRT_RATE("value", NULL, "the rate of every step"), {0}};

static double constant(const nnrt_schedule *s, double step) {
    (void)step;
    return s->initial;
}

const nnrt_schedule_row nnrt_schedule_constant[] = {
    {.schema = {"constant", "keeps one rate", constant_args, NULL},
     .is_number = 1,
     .rate = constant},
    {.schema = {0}},
};
