#include "diagram.h"

#include "../../../runtime/drawing/diagram.h"
#include "../../driver/output.h"
#include "../../program/diagram.h"
#include "../options.h"

static nnrt_titled_diagram *collect(const Session *session, int *count) {
    const Program *program = session->program;
    Arena *arena = session->arena;
    nnrt_titled_diagram *all = ARENA_ARRAY(arena, nnrt_titled_diagram, program->models.count + 1);
    *count = 0;
    for (int i = 0; i < program->models.count; i++) {
        const Model *model = program->models.items[i];
        if (program_predicts(program, model))
            all[(*count)++] =
                (nnrt_titled_diagram){model->name, program_diagram(arena, program, model)};
    }
    return all;
}

bool diagram_print(Session *session) {
    nnrt_markup markup = {0};
    int count;
    if (!session_needs_model(session)) return false;
    const nnrt_titled_diagram *all = collect(session, &count);
    nnrt_status status = NNRT_OK;
    if (session->options->svg)
        status = nnrt_diagram_svg(&markup, all, count);
    else
        nnrt_diagram_dot(&markup, all, count);
    const char *drawn = status ? NULL : nnrt_markup_text(&markup);
    if (!drawn) arena_out_of_memory(0);
    Text text = text_create(session->arena);
    text_put(&text, drawn);
    nnrt_markup_free(&markup);
    bool is_writable = !session->output || output_check(session->arena, session->output,
                                                        session->sources, session->sink);
    return is_writable && output_write(session->output, &text, session->sink);
}
