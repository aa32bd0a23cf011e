#include "models.h"

#include "../base/text/list.h"
#include "../base/text/suggestion.h"

#include <string.h>

const char *nnrt_models_names(const nnrt_program *program, char text[NNRT_MODELS_TEXT]) {
    nnrt_list list = nnrt_list_make(text, NNRT_MODELS_TEXT);
    for (int64_t i = 0; i < program->model_count; i++)
        nnrt_list_add(&list, "%s", program->models[i].name);
    return text;
}

// A part of other models: its layers' weights begin with its name.
static int is_part(const nnrt_program *program, const char *name) {
    size_t length = strlen(name);
    for (int64_t i = 0; i < program->parameter_count; i++) {
        const char *full = program->parameters[i].name;
        if (strncmp(full, name, length) == 0 && full[length] == '/' &&
            strchr(full + length + 1, '/'))
            return 1;
    }
    return 0;
}

static nnrt_status fail_unknown(const nnrt_program *program, const char *wrong) {
    char names[NNRT_MODELS_TEXT];
    nnrt_suggestion best = NNRT_NO_SUGGESTION;
    if (is_part(program, wrong))
        return nnrt_fail(
            NNRT_USAGE,
            "`%s` is a part of other models of this program; `nnc build %s --model %s` "
            "makes one that has it",
            wrong, program->source_path, wrong);
    for (int64_t i = 0; i < program->model_count; i++)
        nnrt_suggestion_consider(&best, wrong, program->models[i].name);
    nnrt_models_names(program, names);
    if (program->model_count == 1)
        return nnrt_fail(NNRT_USAGE, "unknown model `%s`; the program has one, `%s`", wrong, names);
    if (best.name)
        return nnrt_fail(NNRT_USAGE, "unknown model `%s`; did you mean `%s`? There are %s", wrong,
                         best.name, names);
    return nnrt_fail(NNRT_USAGE, "unknown model `%s`; there are %s", wrong, names);
}

nnrt_status nnrt_models_choose(const nnrt_program *program, const nnrt_options *options,
                               int64_t *model) {
    *model = program->main_model;
    if (!options->model) return NNRT_OK;
    for (*model = 0; *model < program->model_count; ++*model)
        if (strcmp(program->models[*model].name, options->model) == 0) return NNRT_OK;
    return fail_unknown(program, options->model);
}

int64_t nnrt_model_parameters(const nnrt_model *model) {
    int64_t count = 0;
    for (int64_t i = 0; i < model->layer_count; i++) count += model->layers[i].params;
    return count;
}

const nnrt_loss *nnrt_training_loss(const nnrt_training *training) {
    return training && training->loss_count ? training->losses : NULL;
}
