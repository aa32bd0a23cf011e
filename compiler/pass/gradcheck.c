// Checks pass gradient: its gradients against central differences of the loss, both in double
// precision by the reference evaluator, on random weights and data. A value behind a stop_gradient
// keeps, while weights move, what it was: that is what its gradient means.
#include "evaluate.h"

#include <math.h>

enum {
    CHECK_ROWS = 5,
    CHECK_MAX_ELEMENTS = 48 // of one parameter; larger ones are sampled
};

typedef struct Checker {
    Graph *graph;
    Arena *arena;
    EvalBindings bindings;
    const EvalTensor *frozen;
    uint64_t random;
} Checker;

// Uniform in [0, 1): xorshift64* (Vigna 2016).
static double next_random(Checker *checker) {
    checker->random ^= checker->random >> 12;
    checker->random ^= checker->random << 25;
    checker->random ^= checker->random >> 27;
    return (double)(checker->random * UINT64_C(0x2545F4914F6CDD1D) >> 11) * 0x1p-53;
}

// ---- Random data.

static EvalTensor random_tensor(Checker *checker, const Type *type, double low, double high,
                                bool whole_numbers) {
    EvalTensor tensor = eval_tensor(checker->arena, type, CHECK_ROWS);
    for (int64_t i = 0; i < tensor.rows * tensor.size; i++) {
        double number = low + (high - low) * next_random(checker);
        tensor.data[i] = whole_numbers ? floor(number) : number;
    }
    return tensor;
}

static EvalTensor random_input(Checker *checker, const Node *input) {
    if (input->type.dtype == DTYPE_F32) return random_tensor(checker, &input->type, -1, 1, false);
    return random_tensor(checker, &input->type, 0, 10, true);
}

// Classes for whole numbers; else something that every loss takes: a share.
static EvalTensor random_target(Checker *checker, const Node *target) {
    const Graph *graph = checker->graph;
    int64_t classes = graph->outputs.count ? type_last(&graph->outputs.items[0]->type) : 1;
    if (target->type.dtype == DTYPE_F32)
        return random_tensor(checker, &target->type, 0.1, 0.9, false);
    return random_tensor(checker, &target->type, 0, classes > 1 ? (double)classes : 2, true);
}

// Weights small enough that functions do not saturate.
static EvalTensor random_parameter(Checker *checker, const Type *type) {
    double inputs = type->rank > 1 ? (double)(type_elements(type) / type_last(type)) : 1;
    double limit = 0.8 / sqrt(inputs);
    return random_tensor(checker, type, -limit, limit, false);
}

static void bind_random(Checker *checker) {
    const Graph *graph = checker->graph;
    EvalTensor *inputs = ARENA_ARRAY(checker->arena, EvalTensor, graph->inputs.count);
    EvalTensor *targets = ARENA_ARRAY(checker->arena, EvalTensor, graph->targets.count);
    EvalTensor *parameters = ARENA_ARRAY(checker->arena, EvalTensor, graph->parameters.count);
    for (int i = 0; i < graph->inputs.count; i++)
        inputs[i] = random_input(checker, graph->inputs.items[i]);
    for (int i = 0; i < graph->targets.count; i++)
        targets[i] = random_target(checker, graph->targets.items[i]);
    for (int i = 0; i < graph->parameters.count; i++)
        parameters[i] = random_parameter(checker, &graph->parameters.items[i]->type);
    checker->bindings = (EvalBindings){
        .inputs = inputs,
        .targets = targets,
        .parameters = parameters,
        .context = {.rows = CHECK_ROWS, .seed = checker->random, .step = 1, .learning_rate = 0.1}};
}

// ---- Both gradients.

static double loss_at(const Checker *checker) {
    Arena *arena = arena_create();
    Evaluation evaluation =
        evaluation_create(checker->graph, arena, &checker->bindings, checker->frozen);
    bool *wanted = ARENA_ARRAY(arena, bool, checker->graph->nodes.count);
    wanted[checker->graph->loss->id] = true;
    evaluation_run(&evaluation, wanted);
    double loss = evaluation.values[checker->graph->loss->id].data[0];
    arena_destroy(arena);
    return loss;
}

static double loss_with(const Checker *checker, double *weight, double value) {
    double saved = *weight;
    *weight = value;
    double loss = loss_at(checker);
    *weight = saved;
    return loss;
}

// The five-point formula: its error is of the fourth power of the step, so that the step can be
// large enough for the differences to keep ten digits, and small enough not to meet many kinks.
static double central_difference(const Checker *checker, double *weight) {
    const double step = 1e-4;
    double w = *weight;
    double near = loss_with(checker, weight, w + step) - loss_with(checker, weight, w - step);
    double far =
        loss_with(checker, weight, w + 2 * step) - loss_with(checker, weight, w - 2 * step);
    return (8 * near - far) / (12 * step);
}

// Relative to the larger of the two, but not to less than a thousandth of the largest gradient of
// all parameters: below that the differences have too few digits. (A bias before a normalization
// has no gradient but rounding.)
static double relative_error(double gradient, double difference, double largest) {
    double error = fabs(gradient - difference);
    double scale = fmax(fmax(fabs(gradient), fabs(difference)), fmax(1e-3 * largest, 1e-9));
    return isfinite(error) ? error / scale : INFINITY;
}

static double check_parameter(Checker *checker, const EvalTensor *weights,
                              const EvalTensor *gradient, double largest) {
    double worst = 0;
    int64_t count = weights->size < CHECK_MAX_ELEMENTS ? weights->size : CHECK_MAX_ELEMENTS;
    for (int64_t i = 0; i < count; i++) {
        int64_t place = i;
        if (count < weights->size) place = (int64_t)(next_random(checker) * (double)weights->size);
        double difference = central_difference(checker, &weights->data[place]);
        worst = fmax(worst, relative_error(gradient->data[place], difference, largest));
    }
    return worst;
}

// What the loss does not depend on has no gradient; then the differences must be zero.
static EvalTensor gradient_value(const Checker *checker, const Evaluation *evaluation,
                                 const Node *gradient, const Parameter *parameter) {
    if (gradient) return evaluation->values[gradient->id];
    return eval_tensor(checker->arena, &parameter->type, 1);
}

static double largest_gradient(const Evaluation *evaluation, Node *const *gradients) {
    double largest = 0;
    for (int i = 0; i < evaluation->graph->parameters.count; i++) {
        const EvalTensor *value = gradients[i] ? &evaluation->values[gradients[i]->id] : NULL;
        for (int64_t k = 0; value && k < value->size; k++)
            largest = fmax(largest, fabs(value->data[k]));
    }
    return largest;
}

void graph_check_gradients(const Graph *forward_with_loss, Arena *arena, uint64_t seed,
                           double *worst, const char **where) {
    Graph *graph = graph_clone(forward_with_loss, arena, GRAPH_TRAIN);
    Checker checker = {.graph = graph, .arena = arena, .random = (seed + 1) * 0x9E3779B97F4A7C15u};
    pass_expand(graph);
    Node **gradients = pass_gradients(graph);
    bind_random(&checker);
    Evaluation evaluation = evaluation_create(graph, arena, &checker.bindings, NULL);
    bool *wanted = ARENA_ARRAY(arena, bool, graph->nodes.count);
    for (int i = 0; i < graph->nodes.count; i++) wanted[i] = true;
    evaluation_run(&evaluation, wanted);
    checker.frozen = evaluation.values;
    double largest = largest_gradient(&evaluation, gradients);
    *worst = 0;
    *where = NULL;
    for (int i = 0; i < graph->parameters.count; i++) {
        const Parameter *parameter = graph->parameters.items[i];
        if (!parameter->trainable) continue;
        EvalTensor gradient = gradient_value(&checker, &evaluation, gradients[i], parameter);
        double error =
            check_parameter(&checker, &checker.bindings.parameters[i], &gradient, largest);
        if (*where && error <= *worst) continue;
        *worst = error;
        *where = parameter->name;
    }
}
