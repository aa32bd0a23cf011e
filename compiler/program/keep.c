// Where one model was asked for, a program is what that needs: other models, trainings, layers and
// weights are dropped, and what is left is counted anew.
#include "program.h"

typedef struct Keeper {
    Program *program;
    bool *layers, *parameters; // by index: they are used
    int *new_layers, *new_parameters;
    int layer_count, parameter_count; // before
} Keeper;

static void each_graph(Keeper *keeper, void (*visit)(Keeper *keeper, Graph *graph)) {
    const Program *program = keeper->program;
    for (int i = 0; i < program->models.count; i++)
        visit(keeper, program->models.items[i]->forward);
    for (int i = 0; i < program->trainings.count; i++)
        for (int k = 0; k < program->trainings.items[i]->steps.count; k++)
            if (program->trainings.items[i]->steps.items[k]->forward)
                visit(keeper, program->trainings.items[i]->steps.items[k]->forward);
    for (int i = 0; i < program->trainings.count; i++)
        if (program->trainings.items[i]->samples)
            visit(keeper, program->trainings.items[i]->samples);
}

static void visit_mark(Keeper *keeper, Graph *graph) {
    for (int i = 0; i < graph->nodes.count; i++) {
        const Node *node = graph->nodes.items[i];
        if (node->layer) keeper->layers[node->layer->index] = true;
        if (node->parameter) keeper->parameters[node->parameter->index] = true;
    }
}

static void leave_out(Program *program, const char *name) {
    vec_push(program->arena, &program->left_out, name);
}

static void drop_models(Program *program) {
    int kept = 0, trained = 0;
    for (int i = 0; i < program->models.count; i++) {
        Model *model = program->models.items[i];
        if (program_predicts(program, model))
            program->models.items[kept++] = model;
        else if (model->lacks_shape)
            leave_out(program, arena_format(program->arena, "%s/", model->name));
    }
    for (int i = 0; i < program->trainings.count; i++)
        if (program_trains(program, program->trainings.items[i]))
            program->trainings.items[trained++] = program->trainings.items[i];
    program->models.count = kept;
    program->trainings.count = trained;
}

// Lists keep their order; graphs still know things by their old numbers.
static void count_anew(Keeper *keeper) {
    Weights *weights = keeper->program->weights;
    int layers = 0, parameters = 0;
    for (int i = 0; i < weights->layers.count; i++) {
        keeper->new_layers[i] = keeper->layers[i] ? layers : -1;
        if (keeper->layers[i]) weights->layers.items[layers++] = weights->layers.items[i];
    }
    for (int i = 0; i < weights->parameters.count; i++) {
        keeper->new_parameters[i] = keeper->parameters[i] ? parameters : -1;
        if (keeper->parameters[i])
            weights->parameters.items[parameters++] = weights->parameters.items[i];
        else
            leave_out(keeper->program, weights->parameters.items[i]->name);
    }
    weights->layers.count = layers;
    weights->parameters.count = parameters;
    for (int i = 0; i < layers; i++) weights->layers.items[i]->index = i;
    for (int i = 0; i < parameters; i++) weights->parameters.items[i]->index = i;
}

static const bool *renumbered(Arena *arena, const bool *flags, const int *numbers, int count) {
    if (!flags) return NULL;
    bool *out = ARENA_ARRAY(arena, bool, count + 1);
    for (int i = 0; i < count; i++)
        if (numbers[i] >= 0) out[numbers[i]] = flags[i];
    return out;
}

static void visit_renumber(Keeper *keeper, Graph *graph) {
    const NodeList old = graph->parameter_nodes;
    const Weights *weights = keeper->program->weights;
    graph->parameter_nodes = (NodeList){0};
    for (int i = 0; i < weights->parameters.count; i++)
        vec_push(graph->arena, &graph->parameter_nodes, NULL);
    for (int i = 0; i < old.count; i++)
        if (old.items[i]) graph->parameter_nodes.items[keeper->new_parameters[i]] = old.items[i];
    graph->frozen =
        renumbered(graph->arena, graph->frozen, keeper->new_layers, keeper->layer_count);
    graph->updated =
        renumbered(graph->arena, graph->updated, keeper->new_parameters, keeper->parameter_count);
}

void program_keep_main(Program *program) {
    Arena *arena = program->arena;
    const Weights *weights = program->weights;
    int layers = weights->layers.count, parameters = weights->parameters.count;
    Keeper keeper = {.program = program,
                     .layer_count = layers,
                     .parameter_count = parameters,
                     .layers = ARENA_ARRAY(arena, bool, layers + 1),
                     .parameters = ARENA_ARRAY(arena, bool, parameters + 1),
                     .new_layers = ARENA_ARRAY(arena, int, layers + 1),
                     .new_parameters = ARENA_ARRAY(arena, int, parameters + 1)};
    drop_models(program);
    each_graph(&keeper, visit_mark);
    count_anew(&keeper);
    each_graph(&keeper, visit_renumber);
}
