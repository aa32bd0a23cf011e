// Arenas: where the values of functions lie, one for each function or for those that take turns.
#include "session.h"

#include <stdlib.h>

// The step in whose arena training and evaluation take turns, if the function is one of them.
static const nnrt_train_step *sharing_step(const nnrt_program *program,
                                           const nnrt_function *function) {
    for (int64_t i = 0; i < program->training_count; i++)
        for (int64_t k = 0; k < program->trainings[i].step_count; k++) {
            const nnrt_train_step *step = &program->trainings[i].steps[k];
            if (function == &step->train || function == &step->evaluate)
                return step->evaluate_at >= 0 ? step : NULL;
        }
    return NULL;
}

static int64_t shared_size(const nnrt_train_step *step) {
    int64_t end = step->evaluate_at + step->evaluate.arena_size;
    return end > step->train.arena_size ? end : step->train.arena_size;
}

float *nnrt_session_arena(nnrt_session *session, const nnrt_function *function) {
    const nnrt_train_step *step = sharing_step(session->program, function);
    int64_t at = step && function == &step->evaluate ? step->evaluate_at : 0;
    if (step) function = &step->train;
    int64_t size = step ? shared_size(step) : function->arena_size;
    for (nnrt_arena *arena = session->arenas; arena; arena = arena->next)
        if (arena->function == function) return arena->block.values + at;
    nnrt_arena *arena = calloc(1, sizeof *arena);
    if (!arena) nnrt_fail_memory("an arena", sizeof *arena);
    if (!arena || nnrt_block_allocate(&arena->block, size, "the arena")) {
        free(arena);
        return NULL;
    }
    arena->function = function;
    arena->next = session->arenas;
    session->arenas = arena;
    return arena->block.values + at;
}

void nnrt_session_drop_arena(nnrt_session *session, const nnrt_function *function) {
    for (nnrt_arena **at = &session->arenas; *at; at = &(*at)->next) {
        nnrt_arena *arena = *at;
        if (arena->function != function) continue;
        *at = arena->next;
        nnrt_block_free(&arena->block);
        free(arena);
        return;
    }
}

typedef struct preparation {
    const nnrt_function *function;
    const nnrt_context *context;
    nnrt_team *team;
} preparation;

// A run without samples.
static void prepare_worker(void *argument, int thread, int threads) {
    const preparation *p = argument;
    nnrt_context context = *p->context;
    double loss = 0;
    context.rows = 0;
    context.thread = thread;
    context.threads = threads;
    context.team = p->team;
    context.loss = &loss;
    p->function->run(&context);
}

nnrt_status nnrt_session_prepare(nnrt_session *session, const nnrt_function *function,
                                 const nnrt_context *context) {
    preparation p = {function, context, session->team};
    nnrt_arena *arena = session->arenas;
    while (arena && arena->function != function) arena = arena->next;
    if (!arena || arena->is_prepared) return NNRT_OK;
    if (!session->has_ranges)
        return nnrt_fail(NNRT_ERROR,
                         "predictions in int8 need ranges, which these weights have not; "
                         "`calibrate` measures them");
    nnrt_team_run(session->team, nnrt_team_size(session->team), prepare_worker, &p);
    arena->is_prepared = 1;
    return NNRT_OK;
}

void nnrt_session_drop_arenas(nnrt_session *session) {
    while (session->arenas) {
        nnrt_arena *arena = session->arenas;
        session->arenas = arena->next;
        nnrt_block_free(&arena->block);
        free(arena);
    }
}
