// What of a program is compiled; see program.h.
#include "program.h"

const char *precision_word(Precision precision) {
    static const char *const words[] = {NULL, "float32", "bfloat16"};
    return words[precision];
}

static bool has_model(const Training *training, const Model *model) {
    for (int i = 0; i < training->models.count; i++)
        if (training->models.items[i] == model) return true;
    return false;
}

bool program_trains(const Program *program, const Training *training) {
    for (int i = 0; i < training->steps.count; i++)
        if (!training->steps.items[i]->forward) return false;
    return !program->is_single || has_model(training, program->main);
}

// With the model that was asked for, those that are trained together with it.
bool program_predicts(const Program *program, const Model *model) {
    if (model == program->main) return true;
    if (!model->forward || model->lacks_shape || !model->forward->outputs.count) return false;
    if (!program->is_single) return !model->is_part;
    for (int i = 0; i < program->trainings.count; i++)
        if (has_model(program->trainings.items[i], program->main) &&
            has_model(program->trainings.items[i], model))
            return true;
    return false;
}

int program_model_count(const Program *program) {
    int count = 0;
    for (int i = 0; i < program->models.count; i++)
        count += program_predicts(program, program->models.items[i]);
    return count;
}

static bool is_updated(const Training *training, const Parameter *parameter) {
    for (int i = 0; i < training->steps.count; i++) {
        const Graph *graph = training->steps.items[i]->forward;
        if (graph && graph_updates(graph, parameter)) return true;
    }
    return false;
}

static bool has_steps(const Training *training) {
    for (int i = 0; i < training->steps.count; i++)
        if (training->steps.items[i]->forward) return true;
    return false;
}

int64_t program_trainable(const Training *training, const Model *model) {
    const Graph *graph = model->forward;
    int64_t count = 0;
    if (training && !has_steps(training)) training = NULL; // its data are not known
    for (int i = 0; i < graph->parameter_nodes.count; i++) {
        const Node *node = graph->parameter_nodes.items[i];
        if (!node || !node->parameter->layer) continue;
        if (training ? is_updated(training, node->parameter)
                     : graph_updates(graph, node->parameter))
            count += type_elements(&node->parameter->type);
    }
    return count;
}

int64_t program_last_trainable(const Model *model) {
    int count = model->trainings.count;
    return program_trainable(count ? model->trainings.items[count - 1] : NULL, model);
}
