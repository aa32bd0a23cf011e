#include "touch.h"

enum { PAGE_FLOATS = 4096 / sizeof(float), LEAST_FLOATS = 1 << 22 };

typedef struct touching {
    const nnrt_program *program;
    const nnrt_train_step *step; // NULL: of the weights
    float *values;
} touching;

// The worker's part of a storage, as the groups that update it divide it.
static void touch_part(float *values, int64_t size, int thread, int threads) {
    int64_t first = size * thread / threads, end = size * (thread + 1) / threads;
    for (int64_t i = first; i < end; i += PAGE_FLOATS) *(volatile float *)&values[i] = 0;
    if (first < end)
        *(volatile float *)&values[end - 1] = 0; // its page may begin behind the last one
}

static void touch_parts(void *argument, int thread, int threads) {
    const touching *t = argument;
    for (int64_t i = 0; !t->step && i < t->program->parameter_count; i++) {
        const nnrt_storage *storage = &t->program->parameters[i].storage;
        touch_part(t->values + storage->offset, storage->size, thread, threads);
    }
    for (int64_t i = 0; t->step && i < t->step->slot_count; i++)
        touch_part(t->values + t->step->slots[i].offset, t->step->slots[i].size, thread, threads);
}

static void touch(nnrt_session *session, int64_t floats, touching *t) {
    int workers = nnrt_team_size(session->team);
    if (floats < LEAST_FLOATS || workers < 2) return;
    t->program = session->program;
    nnrt_team_run(session->team, workers, touch_parts, t);
}

void nnrt_touch_weights(nnrt_session *session) {
    touching t = {.values = session->weights.values};
    touch(session, session->program->weights_size, &t);
}

void nnrt_touch_slots(nnrt_session *session, const nnrt_train_step *step, float *slots) {
    touching t = {.step = step, .values = slots};
    touch(session, step->slots_size, &t);
}
