// Checks pass gradient: its gradients against differences of the loss, both in double precision by
// the reference evaluator, on random weights and data. A value behind a stop_gradient keeps, while
// weights move, what it was: that is what its gradient means.
//
// Where max_pool or relu bend the loss within a difference's step, the difference says nothing.
// Such a kink shows in the differences to both sides, which disagree; then smaller steps are taken,
// and as the gradient is that of the piece in which the weight is, one side without a bend is
// enough.
#include "evaluate.h"

#include <math.h>
#include <string.h>
#include <time.h>

enum { CHECK_ROWS = 5 };

typedef struct Checker {
    Graph *graph;
    Arena *arena;
    EvalBindings bindings;
    const EvalTensor *base; // by node id: values at the weights as they were drawn
    double loss;            // there
    double largest;         // of all gradients
    bool *moved;            // by node id: depends on the parameter that is checked
    uint64_t random;
    GradientCheck *check;
    int64_t all; // places to be compared
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
    EvalTensor *parameters =
        ARENA_ARRAY(checker->arena, EvalTensor, graph->weights->parameters.count);
    for (int i = 0; i < graph->inputs.count; i++)
        inputs[i] = random_input(checker, graph->inputs.items[i]);
    for (int i = 0; i < graph->targets.count; i++)
        targets[i] = random_target(checker, graph->targets.items[i]);
    for (int i = 0; i < graph->weights->parameters.count; i++)
        parameters[i] = random_parameter(checker, &graph->weights->parameters.items[i]->type);
    checker->bindings = (EvalBindings){
        .inputs = inputs,
        .targets = targets,
        .parameters = parameters,
        .context = {.rows = CHECK_ROWS, .seed = checker->random, .step = 1, .learning_rate = 0.1}};
}

// ---- Differences of the loss.

// What does not depend on the parameter is what it was.
static double loss_at(const Checker *checker) {
    Arena *arena = arena_create();
    Evaluation evaluation =
        evaluation_create(checker->graph, arena, &checker->bindings, checker->base);
    memcpy(evaluation.values, checker->base,
           sizeof(EvalTensor) * (size_t)checker->graph->nodes.count);
    evaluation_repeat(&evaluation, checker->moved);
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

typedef struct Differences {
    double central, forward, backward;
    double noise; // rounding of the loss, as it is in them
} Differences;

// Five-point and one-sided three-point formulas: their errors are of the fourth and second power of
// the step, so that it can be large enough for the differences to keep ten digits.
static Differences differences_at(const Checker *checker, double *weight, double step) {
    double w = *weight, here = checker->loss;
    double right = loss_with(checker, weight, w + step);
    double left = loss_with(checker, weight, w - step);
    double far_right = loss_with(checker, weight, w + 2 * step);
    double far_left = loss_with(checker, weight, w - 2 * step);
    return (Differences){
        .central = (8 * (right - left) - (far_right - far_left)) / (12 * step),
        .forward = (4 * right - 3 * here - far_right) / (2 * step),
        .backward = (far_left + 3 * here - 4 * left) / (2 * step),
        .noise = 1e-15 * fabs(here) / step,
    };
}

// ---- Comparing.

// Relative to the larger of the two, but not to less than a thousandth of the largest gradient of
// all parameters: below that the differences have too few digits. (A bias before a normalization
// has no gradient but rounding.)
static double relative_error(const Checker *checker, double gradient, double difference,
                             double noise) {
    double error = fmax(fabs(gradient - difference) - noise, 0);
    double least = fmax(1e-3 * checker->largest, 1e-9);
    double scale = fmax(fmax(fabs(gradient), fabs(difference)), least);
    return isfinite(gradient - difference) ? error / scale : INFINITY;
}

typedef enum Outcome { SMOOTH, KINK_ASIDE, KINK_AROUND } Outcome;

// The error of `gradient` at a place, by the largest step that meets no kink on both sides.
static Outcome compare_place(const Checker *checker, double gradient, double *weight,
                             double *error) {
    static const double steps[] = {1e-4, 1e-5, 1e-6};
    double tolerance = checker->check->tolerance;
    bool met_kink = false;
    for (int i = 0; i < 3; i++) {
        Differences d = differences_at(checker, weight, steps[i]);
        *error = relative_error(checker, gradient, d.central, i > 0 ? d.noise : 0);
        double bend = relative_error(checker, d.forward, d.backward, 8 * d.noise);
        if (*error <= tolerance || bend <= tolerance) return met_kink ? KINK_ASIDE : SMOOTH;
        met_kink = true;
        double right = relative_error(checker, gradient, d.forward, 4 * d.noise);
        double left = relative_error(checker, gradient, d.backward, 4 * d.noise);
        *error = fmin(right, left);
        if (*error <= tolerance) return KINK_ASIDE;
    }
    return KINK_AROUND;
}

static void tell_progress(const Checker *checker) {
    const GradientCheck *check = checker->check;
    if (check->progress) check->progress(check->owner, check->tried, checker->all);
}

static int64_t count_places(const Checker *checker, const Type *type) {
    int64_t size = type_elements(type);
    return size < checker->check->places ? size : checker->check->places;
}

static void check_parameter(Checker *checker, const char *name, const EvalTensor *weights,
                            const EvalTensor *gradient, int64_t count) {
    GradientCheck *check = checker->check;
    int64_t before = check->skipped;
    for (int64_t i = 0; i < count; i++) {
        double error;
        int64_t place = i;
        if (count < weights->size) place = (int64_t)(next_random(checker) * (double)weights->size);
        Outcome outcome =
            compare_place(checker, gradient->data[place], &weights->data[place], &error);
        check->tried++;
        check->kinks += outcome != SMOOTH;
        check->skipped += outcome == KINK_AROUND;
        tell_progress(checker);
        if (outcome == KINK_AROUND) continue;
        if (check->where && error <= check->worst) continue;
        check->worst = error;
        check->where = name;
    }
    if (check->skipped == before + count) check->undecided = name;
}

// ---- All parameters.

// What the loss does not depend on has no gradient; then the differences must be zero.
static EvalTensor gradient_value(const Checker *checker, const Node *gradient,
                                 const Parameter *parameter) {
    if (gradient) return checker->base[gradient->id];
    return eval_tensor(checker->arena, &parameter->type, 1);
}

static double largest_gradient(const Checker *checker, Node *const *gradients) {
    double largest = 0;
    for (int i = 0; i < checker->graph->weights->parameters.count; i++) {
        const EvalTensor *value = gradients[i] ? &checker->base[gradients[i]->id] : NULL;
        for (int64_t k = 0; value && k < value->size; k++)
            largest = fmax(largest, fabs(value->data[k]));
    }
    return largest;
}

// The nodes between the parameter and the loss.
static void mark_moved(Checker *checker, const Parameter *parameter) {
    const Graph *graph = checker->graph;
    bool *needed = ARENA_ARRAY(checker->arena, bool, graph->nodes.count);
    needed[graph->loss->id] = true;
    for (int i = graph->nodes.count - 1; i >= 0; i--) {
        const Node *node = graph->nodes.items[i];
        for (int k = 0; needed[i] && k < node->input_count; k++) needed[node->inputs[k]->id] = true;
    }
    for (int i = 0; i < graph->nodes.count; i++) {
        const Node *node = graph->nodes.items[i];
        bool moved = node->parameter == parameter && node->op->fuse == FUSE_LEAF;
        for (int k = 0; k < node->input_count; k++)
            moved = moved || checker->moved[node->inputs[k]->id];
        checker->moved[i] = moved && needed[i];
    }
}

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

// All that the update of each place evaluates: the loss, four times, a third of all nodes.
static double estimate(const Checker *checker, double seconds_of_all) {
    const Graph *graph = checker->graph;
    double count = 0;
    for (int i = 0; i < graph->weights->parameters.count; i++)
        if (graph_updates(graph, graph->weights->parameters.items[i]))
            count += (double)count_places(checker, &graph->weights->parameters.items[i]->type);
    return count * 4 * seconds_of_all / 3;
}

// As many places as there is time for.
static void limit_places(Checker *checker, double seconds_of_all) {
    GradientCheck *check = checker->check;
    double all = estimate(checker, seconds_of_all);
    if (check->seconds > 0 && all > check->seconds) {
        int fewer = (int)(check->places * check->seconds / all);
        check->places = fewer < 1 ? 1 : fewer;
        all = estimate(checker, seconds_of_all);
    }
    if (check->begin) check->begin(check->owner, all, check->places);
}

static void evaluate_all(Checker *checker) {
    const Graph *graph = checker->graph;
    Evaluation evaluation =
        evaluation_create(checker->graph, checker->arena, &checker->bindings, NULL);
    bool *wanted = ARENA_ARRAY(checker->arena, bool, graph->nodes.count);
    for (int i = 0; i < graph->nodes.count; i++) wanted[i] = true;
    evaluation_run(&evaluation, wanted);
    checker->base = evaluation.values;
    checker->loss = evaluation.values[graph->loss->id].data[0];
}

void graph_check_gradients(const Graph *forward_with_loss, Arena *arena, GradientCheck *check) {
    Graph *graph = graph_clone(forward_with_loss, arena, GRAPH_TRAIN);
    Checker checker = {.graph = graph, .arena = arena, .check = check};
    checker.random = (check->seed + 1) * 0x9E3779B97F4A7C15u;
    check->tried = check->kinks = check->skipped = 0;
    check->worst = 0;
    check->where = check->undecided = NULL;
    pass_expand(graph);
    Node **gradients = pass_gradients(graph);
    bind_random(&checker);
    double start = seconds_now();
    evaluate_all(&checker);
    limit_places(&checker, seconds_now() - start);
    checker.largest = largest_gradient(&checker, gradients);
    checker.moved = ARENA_ARRAY(arena, bool, graph->nodes.count);
    for (int i = 0; i < graph->weights->parameters.count; i++)
        if (graph_updates(graph, graph->weights->parameters.items[i]))
            checker.all += count_places(&checker, &graph->weights->parameters.items[i]->type);
    for (int i = 0; i < graph->weights->parameters.count; i++) {
        const Parameter *parameter = graph->weights->parameters.items[i];
        if (!graph_updates(graph, parameter)) continue;
        EvalTensor gradient = gradient_value(&checker, gradients[i], parameter);
        mark_moved(&checker, parameter);
        check_parameter(&checker, parameter->name, &checker.bindings.parameters[i], &gradient,
                        count_places(&checker, &parameter->type));
    }
}
