#include "files.h"

#include "../../../runtime/files/paths/reads.h"
#include "../../../runtime/session/callback.h"
#include "../../driver/output.h"

static void print_data(Text *out, const Session *session) {
    for (int64_t i = 0; i < nnrt_reads_count(); i++)
        text_format(out, "reads  %s\n", nnrt_reads_path(i));
    for (int i = 0; i < session->program->datasets.count; i++) {
        const Dataset *dataset = session->program->datasets.items[i];
        if (!dataset->found) text_format(out, "reads  data of `%s`, not found\n", dataset->name);
    }
}

static void print_callbacks(Text *out, const Training *training) {
    nnrt_call *calls = program_calls(out->arena, &training->callbacks);
    for (int i = 0; i < training->callbacks.count; i++) {
        const char *path = nnrt_callback_path(&calls[i]);
        bool is_folder = nnrt_callback_row_of(&calls[i])->writes == NNRT_WRITES_FOLDER;
        if (path) text_format(out, "writes %s%s (%s)\n", path, is_folder ? "/" : "", calls[i].name);
    }
}

static bool has_samples(const Program *program) {
    for (int i = 0; i < program->trainings.count; i++)
        if (program->trainings.items[i]->samples) return true;
    return false;
}

void files_print(Text *out, const Session *session) {
    const Model *model = session->program->main;
    for (int i = 0; i < sources_count(session->sources); i++)
        text_format(out, "reads  %s\n", sources_get(session->sources, (uint32_t)i)->path);
    print_data(out, session);
    if (!model || !model->trainings.count) return;
    const char *stem = output_stem(out->arena, session->options->operand, session->options->model);
    text_format(out, "writes %s.safetensors (the weights)\n", stem);
    if (has_samples(session->program))
        text_format(out, "writes %s-samples/ (pictures of `samples`)\n", stem);
    for (int i = 0; i < session->program->trainings.count; i++)
        print_callbacks(out, session->program->trainings.items[i]);
}
