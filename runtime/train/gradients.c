#include "gradients.h"

#include <string.h>

nnrt_status nnrt_gradients_open(nnrt_gradients *gradients, nnrt_session *session,
                                const nnrt_trainer *trainer, int64_t number) {
    const nnrt_train_step *step = &trainer->training->steps[number];
    nnrt_turn turn;
    memset(gradients, 0, sizeof *gradients);
    gradients->step = step;
    nnrt_status status =
        nnrt_block_allocate(&gradients->slots, step->gradients_size, "the gradients");
    if (!status) status = nnrt_turn_open(&turn, session, &step->gradients, step->report_count);
    if (status) return status;
    turn.context.slots = gradients->slots.values;
    nnrt_pass_add(&gradients->pass, &turn);
    nnrt_pace_start(&gradients->pace, nnrt_team_size(session->team));
    if (!nnrt_loader_is_needed(&session->data, NNRT_FOR_TRAINING)) return NNRT_OK;
    gradients->loader = nnrt_loader_create(&session->data, NNRT_FOR_TRAINING, trainer->batch,
                                           nnrt_team_size(session->team), -1);
    return gradients->loader ? NNRT_OK : NNRT_ERROR;
}

void nnrt_gradients_close(nnrt_gradients *gradients) {
    nnrt_loader_free(gradients->loader);
    nnrt_block_free(&gradients->slots);
}

nnrt_status nnrt_gradients_take(nnrt_gradients *gradients, const nnrt_trainer *trainer) {
    nnrt_pass *pass = &gradients->pass;
    pass->team = trainer->session->team;
    pass->pace = &gradients->pace;
    pass->data = &trainer->session->data;
    pass->rows = trainer->rows;
    pass->batch = pass->count = trainer->batch;
    pass->losses = gradients->losses;
    pass->seed = trainer->seed;
    pass->epoch = trainer->pass.epoch;
    pass->steps_before = trainer->steps_done;
    pass->steps = 1;
    pass->step = 0;
    nnrt_pass_forget(pass);
    nnrt_pass_load(pass, gradients->loader);
    nnrt_pass_advance(pass, 1);
    nnrt_status status = pass->loader ? nnrt_loader_status(pass->loader) : NNRT_OK;
    nnrt_loader_stop(gradients->loader);
    return status;
}

const nnrt_parameter *nnrt_gradients_get(const nnrt_gradients *gradients,
                                         const nnrt_program *program, int64_t index,
                                         float *values) {
    const nnrt_slot *slot = &gradients->step->gradient_slots[index];
    const nnrt_parameter *parameter = &program->parameters[slot->parameter];
    nnrt_parameter stored = *parameter; // which lies as it does, elsewhere
    stored.storage.offset = slot->offset;
    nnrt_weights_get(&stored, gradients->slots.values, values);
    return parameter;
}
