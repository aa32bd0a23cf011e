#include "carry.h"

#include "../runtime/files/reads.h"
#include "../runtime/session/weights.h"

#include <string.h>

static nnrt_parameter *list_parameters(Arena *arena, const Graph *graph) {
    int count = graph->weights->parameters.count;
    nnrt_parameter *list = ARENA_ARRAY(arena, nnrt_parameter, count + 1);
    for (int i = 0; i < count; i++) {
        const Parameter *parameter = graph->weights->parameters.items[i];
        list[i] = (nnrt_parameter){.name = parameter->name, .rank = parameter->type.rank};
        memcpy(list[i].shape, parameter->type.dims,
               (size_t)parameter->type.rank * sizeof *list[i].shape);
    }
    return list;
}

bool carry_check(Session *session) {
    const char *path = session->options->weights;
    if (!path) return true;
    if (!session_needs_model(session)) return false;
    const Model *model = session->program->main;
    nnrt_program program = {.model = model->name,
                            .parameters = list_parameters(session->arena, model->forward),
                            .parameter_count = model->forward->weights->parameters.count};
    if (!nnrt_weights_check(path, &program) && !nnrt_reads_note(path)) return true;
    Diag *diag = diag_report(session->sink, DIAG_E0904, SPAN_NONE, "%s", nnrt_error());
    diag_help(diag, "name a file that `fit` of this program has saved");
    return false;
}
