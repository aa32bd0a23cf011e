#include "row.h"

const nnrt_schedule_row *const nnrt_schedule_tables[] = {
    nnrt_schedule_constant,   nnrt_schedule_exponential,  nnrt_schedule_piecewise,
    nnrt_schedule_polynomial, nnrt_schedule_inverse_time, nnrt_schedule_cosine,
    nnrt_schedule_one_cycle,  nnrt_schedule_warmup,       NULL,
};

const nnrt_schedule_row *nnrt_schedule_row_of(const nnrt_call *call) {
    return nnrt_call_row(call, (const void *const *)nnrt_schedule_tables,
                         sizeof(nnrt_schedule_row));
}

const nnrt_schedule_row *nnrt_schedule_number_row(void) {
    return nnrt_schedule_constant;
}

void nnrt_schedule_open(nnrt_schedule *schedule, const nnrt_call *call, int64_t epoch_steps,
                        double initial) {
    const nnrt_schedule_row *row = nnrt_schedule_row_of(call);
    *schedule = (nnrt_schedule){.rate = row->rate};
    schedule->initial = initial > 0 ? initial : nnrt_call_number_at(call, NNRT_RATE_FIRST);
    if (row->open) row->open(schedule, call, epoch_steps);
}

double nnrt_schedule_rate(const nnrt_schedule *schedule, int64_t step) {
    double at = (double)step - schedule->rise;
    if (at >= 0) return schedule->rate(schedule, at);
    double share = (double)step / schedule->rise, start = schedule->rise_start;
    return start + (schedule->rate(schedule, 0) - start) * share;
}

// ---- What the rows share.

int nnrt_schedule_duration_of(nnrt_schedule *schedule, const nnrt_call *call, int epochs,
                              int64_t epoch_steps) {
    const nnrt_option *option = &call->options[epochs];
    schedule->by_epochs = option->numbers || !isnan(option->number);
    schedule->unit = schedule->by_epochs ? (double)epoch_steps : 1;
    return schedule->by_epochs ? epochs : epochs + 1;
}

void nnrt_schedule_read_length(nnrt_schedule *schedule, const nnrt_call *call, int epochs,
                               int64_t epoch_steps) {
    int duration = nnrt_schedule_duration_of(schedule, call, epochs, epoch_steps);
    schedule->length = nnrt_call_number_at(call, duration) * schedule->unit;
}

double nnrt_schedule_lengths(const nnrt_schedule *schedule, double step) {
    double share = step / schedule->length;
    return schedule->staircase ? floor(share) : share;
}
