#include "batches.h"

#include "../../base/clock.h"
#include "../../session/steps.h"

#include <stdlib.h>

static const double chunk_seconds = 0.01, warm_share = 0.15;

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

// All of its inputs are columns that lie in memory.
static int is_in_memory(const nnrt_session *session, const nnrt_function *function) {
    for (int64_t i = 0; i < function->input_count; i++) {
        int source = nnrt_session_source(session, &function->columns[i]);
        if (source < 0 || !session->data.columns[source]) return 0;
    }
    return session->data.train.count > 0;
}

// Whole batches, again and again.
static double run_for(nnrt_pass *pass, double seconds) {
    double start = nnrt_seconds(), taken;
    int64_t samples = 0;
    do {
        if (pass->step >= pass->steps) pass->step = 0;
        int64_t before = nnrt_pass_samples(pass);
        nnrt_pass_advance(pass, chunk_seconds);
        samples += nnrt_pass_samples(pass) - before;
        taken = nnrt_seconds() - start;
    } while (taken < seconds);
    return (double)samples / taken;
}

static nnrt_status measure(nnrt_pass *pass, double seconds, nnrt_batches *batches) {
    pass->losses = calloc((size_t)pass->steps, sizeof *pass->losses);
    if (!pass->losses) return nnrt_fail_memory("a measurement", (size_t)pass->steps);
    nnrt_pass_forget(pass);
    run_for(pass, seconds * warm_share);
    for (; batches->slices < NNRT_BATCH_SLICES; batches->slices++)
        batches->rates[batches->slices] =
            run_for(pass, seconds * (1 - warm_share) / NNRT_BATCH_SLICES);
    qsort(batches->rates, NNRT_BATCH_SLICES, sizeof *batches->rates, by_value);
    free(pass->losses);
    return NNRT_OK;
}

nnrt_status nnrt_batches_measure(nnrt_session *session, const nnrt_model *model, double seconds,
                                 nnrt_batches *batches) {
    const nnrt_function *function = &model->predict;
    const nnrt_part *part = &session->data.train;
    *batches = (nnrt_batches){.batch = model->predict_batch};
    if (!is_in_memory(session, function)) return NNRT_OK;
    if (batches->batch > part->count) batches->batch = part->count;
    int workers = nnrt_team_size(session->team);
    nnrt_pace pace;
    nnrt_turn turn;
    if (workers > function->threads) workers = (int)function->threads;
    nnrt_pace_start(&pace, workers < 1 ? 1 : workers);
    nnrt_pass pass = {.team = session->team,
                      .pace = &pace,
                      .data = &session->data,
                      .rows = part->rows,
                      .count = part->count / batches->batch * batches->batch,
                      .batch = batches->batch,
                      .steps = part->count / batches->batch};
    nnrt_status status = nnrt_turn_open(&turn, session, function, 0);
    if (status) return status;
    nnrt_pass_add(&pass, &turn);
    return measure(&pass, seconds, batches);
}
