#include "carry.h"

#include "../../runtime/files/paths/reads.h"
#include "../../runtime/session/weights/weights.h"

#include <string.h>

static nnrt_parameter *list_parameters(Arena *arena, const Weights *weights) {
    int count = weights->parameters.count;
    nnrt_parameter *list = ARENA_ARRAY(arena, nnrt_parameter, count + 1);
    for (int i = 0; i < count; i++) {
        const Parameter *parameter = weights->parameters.items[i];
        list[i] = (nnrt_parameter){.name = parameter->name,
                                   .rank = parameter->shape.rank,
                                   .columns = type_last(&parameter->type)};
        memcpy(list[i].shape, parameter->shape.dims,
               (size_t)parameter->shape.rank * sizeof *list[i].shape);
    }
    return list;
}

bool carry_check(Session *session) {
    const char *path = session->options->weights;
    if (!path) return true;
    if (!session_needs_model(session)) return false;
    const Model *model = session->program->main;
    nnrt_model own = {.name = model->name};
    nnrt_program program = {.models = &own,
                            .model_count = 1,
                            .parameters =
                                list_parameters(session->arena, session->program->weights),
                            .parameter_count = session->program->weights->parameters.count,
                            .left_out = session->program->left_out.items,
                            .left_out_count = session->program->left_out.count};
    if (!nnrt_weights_check(path, &program) && !nnrt_reads_note(path)) return true;
    Diag *diag = diag_report(session->sink, DIAG_E0904, SPAN_NONE, "%s", nnrt_error());
    diag_help(diag, "name a file that `fit` of this program has saved");
    return false;
}
