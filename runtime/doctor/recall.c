#include "recall.h"

#include "../base/clock.h"
#include "../base/interrupt.h"
#include "../base/memory.h"
#include "range.h"

#include <string.h>

static const double times_apart = 250; // as long as it takes, lies between two copies at least
static const double chunk_seconds = 0.05;

nnrt_status nnrt_recall_open(nnrt_recall *recall, nnrt_trainer *trainer, int is_wanted) {
    *recall = (nnrt_recall){.trainer = trainer};
    nnrt_trainer_state(trainer, &recall->state);
    nnrt_status status = nnrt_state_check(&recall->state);
    int is_affordable = recall->state.bytes <= nnrt_free_memory() / 4 &&
                        (is_wanted || (recall->state.bytes <= NNRT_RECALL_BYTES &&
                                       !trainer->session->program->is_sparing));
    if (!status && is_affordable) return nnrt_snapshot_open(&recall->snapshot, &recall->state);
    nnrt_state_clear(&recall->state);
    recall->trainer = NULL;
    return status;
}

void nnrt_recall_close(nnrt_recall *recall) {
    nnrt_snapshot_close(&recall->snapshot);
    nnrt_state_clear(&recall->state);
    *recall = (nnrt_recall){0};
}

int nnrt_recall_is_finite(const nnrt_session *session) {
    return nnrt_weights_are_finite(session->program, session->weights.values);
}

int nnrt_recall_is_sound(const nnrt_trainer *trainer) {
    const nnrt_session *session = trainer->session;
    if (!nnrt_recall_is_finite(session)) return 0;
    for (int64_t i = 0; i < trainer->training->step_count; i++) {
        const nnrt_train_step *step = &trainer->training->steps[i];
        const float *slots = nnrt_session_slots(session, trainer->training, step);
        if (!nnrt_slots_are_finite(session->program, step, slots)) return 0;
    }
    return 1;
}

static void take(nnrt_recall *recall) {
    nnrt_trainer_gather(recall->trainer);
    nnrt_snapshot_take(&recall->snapshot);
    recall->epoch = recall->trainer->pass.epoch;
    recall->is_taken = 1;
}

int nnrt_recall_take(nnrt_recall *recall, int is_needed) {
    double now = nnrt_seconds();
    if (!recall->trainer) return 1;
    if (recall->is_taken && !is_needed && now - recall->time < times_apart * recall->cost) return 1;
    if (!nnrt_recall_is_finite(recall->trainer->session)) return 0;
    take(recall);
    recall->time = nnrt_seconds();
    recall->cost = recall->time - now;
    return 1;
}

// ---- Going back.

// What functions keep in their arenas from step to step can be made again; what they keep for the
// next batch is in the list.
static void clear_arenas(const nnrt_pass *pass) {
    for (int64_t i = 0; i < pass->turn_count; i++) {
        const nnrt_turn *turn = &pass->turns[i];
        if (turn->function->settles)
            memset(turn->context.arena, 0,
                   (size_t)turn->function->arena_size * sizeof *turn->context.arena);
    }
}

static void start_again(nnrt_recall *recall) {
    nnrt_trainer *trainer = recall->trainer;
    nnrt_loader_stop(trainer->loader);
    clear_arenas(&trainer->pass);
    nnrt_snapshot_restore(&recall->snapshot);
    nnrt_trainer_start_epoch(trainer, recall->epoch, 0);
    nnrt_snapshot_restore(&recall->snapshot); // an epoch's start forgets states that are kept
    nnrt_trainer_restored(trainer);
}

void nnrt_recall_restore(nnrt_recall *recall) {
    clear_arenas(&recall->trainer->pass);
    nnrt_snapshot_restore(&recall->snapshot);
    nnrt_trainer_restored(recall->trainer);
}

int nnrt_recall_can(const nnrt_recall *recall, int64_t epoch, int64_t step) {
    if (!recall->trainer || !recall->is_taken || recall->epoch > epoch) return 0;
    if (recall->epoch < epoch) return 1;
    for (int64_t i = 0; i < recall->state.count; i++)
        if (recall->state.items[i].place == &recall->trainer->pass.step) {
            int64_t first;
            memcpy(&first, recall->snapshot.bytes + recall->state.items[i].offset, sizeof first);
            return first <= step;
        }
    return 0;
}

static nnrt_status advance_to(nnrt_trainer *trainer, int64_t step) {
    nnrt_pass *pass = &trainer->pass;
    pass->pause = step;
    while (pass->step < step) {
        nnrt_pass_advance(pass, chunk_seconds);
        if (nnrt_interrupted()) return NNRT_INTERRUPTED;
    }
    pass->pause = 0;
    return NNRT_OK;
}

nnrt_status nnrt_recall_go_to(nnrt_recall *recall, int64_t epoch, int64_t step) {
    nnrt_trainer *trainer = recall->trainer;
    nnrt_status status = NNRT_OK;
    start_again(recall);
    while (trainer->pass.epoch < epoch && !status) {
        status = advance_to(trainer, trainer->pass.steps);
        if (!status) nnrt_trainer_go_round(trainer);
    }
    if (!status) status = advance_to(trainer, step);
    if (!status && nnrt_recall_is_sound(trainer)) take(recall);
    return status;
}

nnrt_status nnrt_recall_find(nnrt_recall *recall, int64_t *epoch, int64_t last, int64_t *step) {
    nnrt_trainer *trainer = recall->trainer;
    nnrt_pass *pass = &trainer->pass;
    *step = -1;
    start_again(recall);
    for (;;) {
        if (nnrt_interrupted()) return NNRT_INTERRUPTED;
        if (pass->epoch < *epoch) nnrt_trainer_go_round(trainer);
        if (pass->step >= pass->steps || (pass->epoch == *epoch && pass->step > last))
            return NNRT_OK;
        int64_t now = pass->step;
        nnrt_status status = advance_to(trainer, now + 1);
        if (status) return status;
        if (pass->turns[0].function->settles) nnrt_pass_settle(pass);
        if (nnrt_recall_is_sound(trainer)) continue;
        *epoch = pass->epoch;
        *step = now;
        return NNRT_OK;
    }
}
