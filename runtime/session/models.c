#include "models.h"

#include "../base/list.h"
#include "../base/suggestion.h"

#include <string.h>

const char *nnrt_models_names(const nnrt_program *program, char text[NNRT_MODELS_TEXT]) {
    nnrt_list list = nnrt_list_make(text, NNRT_MODELS_TEXT);
    for (int64_t i = 0; i < program->model_count; i++)
        nnrt_list_add(&list, "%s", program->models[i].name);
    return text;
}

static nnrt_status fail_unknown(const nnrt_program *program, const char *wrong) {
    char names[NNRT_MODELS_TEXT];
    nnrt_suggestion best = NNRT_NO_SUGGESTION;
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
