// What a training block takes, from what the compiler says of its functions, as `nnc cost`, and
// from what was measured.
#ifndef NNRT_COST_H
#define NNRT_COST_H

#include "forecast.h"

typedef struct nnrt_work_done {
    double flops, bytes;
} nnrt_work_done;

typedef struct nnrt_cost {
    const nnrt_training *training;
    int64_t parameters, batch, epochs;
    nnrt_work_done step, epoch; // without the data's samples all of the epoch's are 0
    nnrt_forecast forecast;
} nnrt_cost;

// Of a training of the session's data in batches of so many.
nnrt_cost nnrt_cost_of(const nnrt_session *session, const nnrt_training *training, int64_t batch,
                       int64_t epochs);

// Its lines, for people; without an end.
typedef void nnrt_cost_line(void *owner, const char *line);
void nnrt_cost_tell(const nnrt_cost *cost, nnrt_cost_line *line, void *owner);

#endif
