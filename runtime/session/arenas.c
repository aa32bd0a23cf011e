// Arenas: where the values of functions lie, one for each function or for those that take turns.
#include "session.h"

#include <stdlib.h>

// The step whose training and evaluation take turns in one arena, if the function is one of them.
static const nnrt_train_step *sharing_step(const nnrt_program *program,
                                           const nnrt_function *function) {
    for (int64_t i = 0; i < program->training_count; i++)
        for (int64_t k = 0; k < program->trainings[i].step_count; k++) {
            const nnrt_train_step *step = &program->trainings[i].steps[k];
            if (function == &step->train || function == &step->evaluate)
                return step->shares_arena ? step : NULL;
        }
    return NULL;
}

float *nnrt_session_arena(nnrt_session *session, const nnrt_function *function) {
    const nnrt_train_step *step = sharing_step(session->program, function);
    if (step) function = &step->train;
    int64_t size = function->arena_size;
    if (step && step->evaluate.arena_size > size) size = step->evaluate.arena_size;
    for (nnrt_arena *arena = session->arenas; arena; arena = arena->next)
        if (arena->function == function) return arena->block.values;
    nnrt_arena *arena = calloc(1, sizeof *arena);
    if (!arena) nnrt_fail_memory("an arena", sizeof *arena);
    if (!arena || nnrt_block_allocate(&arena->block, size, "the arena")) {
        free(arena);
        return NULL;
    }
    arena->function = function;
    arena->next = session->arenas;
    session->arenas = arena;
    return arena->block.values;
}

void nnrt_session_drop_arenas(nnrt_session *session) {
    while (session->arenas) {
        nnrt_arena *arena = session->arenas;
        session->arenas = arena->next;
        nnrt_block_free(&arena->block);
        free(arena);
    }
}
