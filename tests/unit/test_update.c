// Pass update with sgd at rate 1, so that a step shows the gradient: regularization and clipping,
// and which parameters are left alone. Losses and penalties by attach_loss, in every mode.
#include "../common/graphs.h"

enum { ROWS = 4 };

typedef struct Fixture {
    Arena *arena;
    Graph *graph;
    LossStep training;
    Args *optimizer_args;
} Fixture;

static int set_up(void **state) {
    Arena *arena = arena_create();
    Fixture *fixture = ARENA_NEW(arena, Fixture);
    const OpDef *loss = op_find("mse");
    const OptimizerDef *sgd = optimizer_find("sgd");
    fixture->arena = arena;
    fixture->graph = graph_create(weights_create(arena), "net", GRAPH_TRAIN, NULL);
    fixture->optimizer_args = args_default(arena, &sgd->schema);
    fixture->training =
        (LossStep){.loss = {.def = loss, .args = args_default(arena, &loss->schema)},
                   .step = {.optimizer = sgd, .optimizer_args = fixture->optimizer_args}};
    *state = fixture;
    return 0;
}

static int tear_down(void **state) {
    arena_destroy(((Fixture *)*state)->arena);
    return 0;
}

// x -> kernel, bias -> y against a target; layer-level except for the weights.
static void build(Fixture *fixture) {
    Graph *graph = fixture->graph;
    Node *x = data_input(graph, "x", BATCHED(3));
    Node *kernel = weights(graph, "kernel", UNBATCHED(3, 2), true);
    Node *bias = weights(graph, "bias", UNBATCHED(2), true);
    Node *y = graph_add(graph, graph_matmul(graph, x, kernel, false), bias);
    vec_push(graph->arena, &graph->outputs, y);
    vec_push(graph->arena, &graph->targets, graph_input(graph, "target", BATCHED(2)));
}

static void regularize(Fixture *fixture, const char *name) {
    fixture->training.step.regularizer = &regularizer_find(name)->schema;
    fixture->training.step.regularizer_args =
        args_default(fixture->arena, fixture->training.step.regularizer);
}

static EvalBindings bindings_of(const Fixture *fixture, const Graph *graph) {
    EvalBindings bindings = random_bindings(fixture->arena, graph, ROWS, 11);
    bindings.context.learning_rate = 1;
    return bindings;
}

static double loss_value(const Fixture *fixture, const Graph *graph, EvalBindings *bindings) {
    return evaluate_one(graph, fixture->arena, bindings, graph->loss).data[0];
}

// What one step subtracts from each parameter, after all passes.
static EvalTensor *step_of(Fixture *fixture) {
    Graph *graph = graph_clone(fixture->graph, fixture->arena, GRAPH_TRAIN);
    attach_loss(graph, &fixture->training);
    graph_verify(graph, "attach_loss");
    pass_expand(graph);
    pass_simplify(graph);
    pass_update(graph, &fixture->training.step);
    graph_verify(graph, "update");
    pass_simplify(graph);
    graph_verify(graph, "simplify");
    EvalBindings bindings = bindings_of(fixture, graph), old = bindings_of(fixture, graph);
    graph_evaluate(graph, fixture->arena, &bindings, NULL, 0, NULL, true);
    for (int i = 0; i < graph->weights->parameters.count; i++)
        for (int64_t k = 0; k < old.parameters[i].size; k++)
            old.parameters[i].data[k] -= bindings.parameters[i].data[k];
    return old.parameters;
}

// The same by central differences of the whole loss, with its penalties.
static EvalTensor *differences_of(Fixture *fixture) {
    const double h = 1e-4;
    Graph *graph = graph_clone(fixture->graph, fixture->arena, GRAPH_EVALUATE);
    attach_loss(graph, &fixture->training);
    pass_expand(graph);
    EvalBindings bindings = bindings_of(fixture, graph), result = bindings_of(fixture, graph);
    for (int i = 0; i < graph->weights->parameters.count; i++) {
        for (int64_t k = 0; k < result.parameters[i].size; k++) {
            double *weight = &bindings.parameters[i].data[k], saved = *weight;
            *weight = saved + h;
            double above = loss_value(fixture, graph, &bindings);
            *weight = saved - h;
            result.parameters[i].data[k] =
                (above - loss_value(fixture, graph, &bindings)) / (2 * h);
            *weight = saved;
        }
    }
    return result.parameters;
}

static void expect_same_steps(const Fixture *fixture, const EvalTensor *a, const EvalTensor *b) {
    for (int i = 0; i < fixture->graph->weights->parameters.count; i++)
        expect_near(&a[i], &b[i], 1e-7);
}

// ---- Losses.

// The mean over places and batch of (y - t)^2, for a sequence.
static void test_mean(void **state) {
    Fixture *fixture = *state;
    Graph *graph = fixture->graph;
    vec_push(graph->arena, &graph->outputs, data_input(graph, "y", BATCHED(3, 2)));
    vec_push(graph->arena, &graph->targets, graph_input(graph, "target", BATCHED(3, 2)));
    attach_loss(graph, &fixture->training);
    pass_expand(graph);
    graph_verify(graph, "expand");
    EvalBindings bindings = bindings_of(fixture, graph);
    double sum = 0;
    for (int i = 0; i < ROWS * 6; i++)
        sum += pow(bindings.inputs[0].data[i] - bindings.targets[0].data[i], 2);
    assert_true(fabs(loss_value(fixture, graph, &bindings) - sum / (ROWS * 6)) < 1e-12);
}

static void test_penalty_is_in_the_loss(void **state) {
    Fixture *fixture = *state;
    build(fixture);
    double losses[2];
    for (int i = 0; i < 2; i++) {
        if (i) regularize(fixture, "l2");
        Graph *graph = graph_clone(fixture->graph, fixture->arena, GRAPH_EVALUATE);
        attach_loss(graph, &fixture->training);
        pass_expand(graph);
        EvalBindings bindings = bindings_of(fixture, graph);
        losses[i] = loss_value(fixture, graph, &bindings);
    }
    EvalBindings bindings = bindings_of(fixture, fixture->graph);
    double penalty = 0;
    for (int i = 0; i < 6; i++) penalty += 0.01 * pow(bindings.parameters[0].data[i], 2);
    assert_true(fabs(losses[1] - losses[0] - penalty) < 1e-12);
}

// ---- Steps.

static void test_plain_step(void **state) {
    Fixture *fixture = *state;
    build(fixture);
    expect_same_steps(fixture, step_of(fixture), differences_of(fixture));
}

static void test_regularized_step(void **state) {
    static const char *const names[] = {"l1", "l2", "l1_l2"};
    Fixture *fixture = *state;
    build(fixture);
    for (int i = 0; i < COUNT_OF(names); i++) {
        regularize(fixture, names[i]);
        expect_same_steps(fixture, step_of(fixture), differences_of(fixture));
    }
}

// A parameter's own regularizer comes before that of the training, and reaches biases too.
static void test_own_regularizer(void **state) {
    Fixture *fixture = *state;
    build(fixture);
    EvalTensor *plain = step_of(fixture);
    EvalBindings bindings = bindings_of(fixture, fixture->graph);
    Parameter *bias = fixture->graph->weights->parameters.items[1];
    bias->regularizer = &regularizer_find("l2")->schema;
    bias->regularizer_args = args_default(fixture->arena, bias->regularizer);
    regularize(fixture, "l1");
    EvalTensor *step = step_of(fixture);
    for (int i = 0; i < 2; i++)
        assert_true(fabs(step[1].data[i] - plain[1].data[i] -
                         0.02 * bindings.parameters[1].data[i]) < 1e-12);
    for (int i = 0; i < 6; i++)
        assert_true(fabs(fabs(step[0].data[i] - plain[0].data[i]) - 0.01) < 1e-12);
}

static double length_of(const EvalTensor *tensor) {
    double sum = 0;
    for (int64_t i = 0; i < tensor->size; i++) sum += tensor->data[i] * tensor->data[i];
    return sqrt(sum);
}

static void test_clip_value(void **state) {
    Fixture *fixture = *state;
    build(fixture);
    EvalTensor *plain = step_of(fixture);
    args_set_number(fixture->optimizer_args, "clip_value", 0.1);
    EvalTensor *step = step_of(fixture);
    for (int i = 0; i < 2; i++)
        for (int64_t k = 0; k < step[i].size; k++)
            assert_true(fabs(step[i].data[k] - fmax(-0.1, fmin(0.1, plain[i].data[k]))) < 1e-12);
}

static void expect_scaled(const EvalTensor *step, const EvalTensor *plain, double factor) {
    for (int64_t k = 0; k < step->size; k++)
        assert_true(fabs(step->data[k] - factor * plain->data[k]) < 1e-12);
}

static void test_clip_norm(void **state) {
    Fixture *fixture = *state;
    build(fixture);
    EvalTensor *plain = step_of(fixture);
    double limit = (length_of(&plain[0]) + length_of(&plain[1])) / 2; // between the two
    args_set_number(fixture->optimizer_args, "clip_norm", limit);
    EvalTensor *step = step_of(fixture);
    for (int i = 0; i < 2; i++)
        expect_scaled(&step[i], &plain[i], fmin(1, limit / length_of(&plain[i])));
}

static void test_global_clip_norm(void **state) {
    Fixture *fixture = *state;
    build(fixture);
    EvalTensor *plain = step_of(fixture);
    double length = hypot(length_of(&plain[0]), length_of(&plain[1]));
    args_set_number(fixture->optimizer_args, "global_clip_norm", length / 2);
    EvalTensor *step = step_of(fixture);
    for (int i = 0; i < 2; i++) expect_scaled(&step[i], &plain[i], 0.5);
    args_set_number(fixture->optimizer_args, "global_clip_norm", length * 2);
    step = step_of(fixture);
    for (int i = 0; i < 2; i++) expect_scaled(&step[i], &plain[i], 1);
}

static void test_left_alone(void **state) {
    Fixture *fixture = *state;
    build(fixture);
    Graph *graph = fixture->graph;
    graph->weights->parameters.items[1]->trainable = false;
    weights(graph, "unused", UNBATCHED(2), true);
    attach_loss(graph, &fixture->training);
    pass_expand(graph);
    pass_update(graph, &fixture->training.step);
    graph_verify(graph, "update");
    assert_int_equal(graph->assigns.count, 1);
    assert_ptr_equal(graph->assigns.items[0]->parameter, graph->weights->parameters.items[0]);
}

// Every optimizer's graph is sound, and its steps are the same after simplification.
static void test_every_optimizer(void **state) {
    Fixture *fixture = *state;
    build(fixture);
    attach_loss(fixture->graph, &fixture->training);
    for (const OptimizerDef *row = optimizer_rows; row->schema.name; row++) {
        Graph *graph = graph_clone(fixture->graph, fixture->arena, GRAPH_TRAIN);
        fixture->training.step.optimizer = row;
        fixture->training.step.optimizer_args = args_default(fixture->arena, &row->schema);
        pass_expand(graph);
        pass_update(graph, &fixture->training.step);
        graph_verify(graph, "update");
        EvalBindings before = random_bindings(fixture->arena, graph, ROWS, 4);
        graph_evaluate(graph, fixture->arena, &before, NULL, 0, NULL, true);
        pass_simplify(graph);
        graph_verify(graph, "simplify");
        EvalBindings after = random_bindings(fixture->arena, graph, ROWS, 4);
        graph_evaluate(graph, fixture->arena, &after, NULL, 0, NULL, true);
        for (int i = 0; i < graph->weights->parameters.count; i++)
            expect_near(&after.parameters[i], &before.parameters[i], 1e-10);
        for (int i = 0; i < graph->slots.count; i++)
            expect_near(&after.slots[i], &before.slots[i], 1e-10);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_mean),
        TEST(test_penalty_is_in_the_loss),
        TEST(test_plain_step),
        TEST(test_regularized_step),
        TEST(test_own_regularizer),
        TEST(test_clip_value),
        TEST(test_clip_norm),
        TEST(test_global_clip_norm),
        TEST(test_left_alone),
        TEST(test_every_optimizer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
