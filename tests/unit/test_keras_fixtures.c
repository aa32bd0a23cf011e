// Compares the operators, in the reference evaluator, with what Keras computed for them
// (tests/fixtures/make_keras_fixtures.py): activations, losses, optimizers, regularizers,
// constraints, small networks, values and gradients. Both sides are double precision.
#include "../../compiler/op/training/training.h"
#include "../../compiler/pass/pass.h"
#include "../common/loss_step.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MAX_ARGUMENTS = 8, MAX_TENSORS = 64, MAX_WANTED = 16, STEPS = 5 };

// ---- Fixtures

typedef struct Tensor {
    const char *name;
    Type type;
    double *data;
} Tensor;

typedef struct Case {
    const char *file, *name;
    int line;
    const char *argument_names[MAX_ARGUMENTS];
    double arguments[MAX_ARGUMENTS];
    int argument_count;
    Tensor tensors[MAX_TENSORS];
    int tensor_count;
} Case;

static void read_case_line(Arena *arena, Case *fixture, char *words) {
    char *place;
    strtok_r(words, " ", &place); // "case"
    fixture->name = arena_strdup(arena, strtok_r(NULL, " ", &place));
    for (char *word; (word = strtok_r(NULL, " ", &place));) {
        char *equals = strchr(word, '=');
        assert_non_null(equals);
        int i = fixture->argument_count++;
        assert_true(i < MAX_ARGUMENTS);
        fixture->argument_names[i] = arena_copy(arena, word, (size_t)(equals - word));
        fixture->arguments[i] = atof(equals + 1);
    }
}

static void read_tensor_line(Arena *arena, Case *fixture, char *words) {
    char *place;
    assert_true(fixture->tensor_count < MAX_TENSORS);
    Tensor *tensor = &fixture->tensors[fixture->tensor_count++];
    tensor->name = arena_strdup(arena, strtok_r(words, " ", &place));
    tensor->type.rank = atoi(strtok_r(NULL, " ", &place));
    for (int i = 0; i < tensor->type.rank; i++)
        tensor->type.dims[i] = atoll(strtok_r(NULL, " ", &place));
    int64_t count = type_elements(&tensor->type);
    tensor->data = ARENA_ARRAY(arena, double, count);
    for (int64_t i = 0; i < count; i++) {
        char *word = strtok_r(NULL, " ", &place);
        assert_non_null(word);
        tensor->data[i] = atof(word);
    }
}

typedef void TestCase(Arena *arena, Case *fixture);

static void finish_case(Arena *arena, Case *fixture, TestCase *test) {
    if (fixture->name) test(arena, fixture);
    fixture->name = NULL;
    fixture->argument_count = fixture->tensor_count = 0;
}

static void test_file(const char *name, TestCase *test) {
    char path[4096];
    snprintf(path, sizeof path, "%s/tests/fixtures/keras/%s.txt", NNC_SOURCE_DIR, name);
    FILE *file = fopen(path, "r");
    if (!file) fail_msg("%s cannot be read", path);
    Arena *arena = arena_create();
    Case fixture = {.file = name};
    char *text = NULL;
    size_t capacity = 0;
    for (int line = 1; getline(&text, &capacity, file) > 0; line++) {
        text[strcspn(text, "\n")] = 0;
        if (strncmp(text, "case ", 5) == 0) {
            finish_case(arena, &fixture, test);
            fixture.line = line;
            read_case_line(arena, &fixture, text);
        } else if (text[0] != '#') {
            read_tensor_line(arena, &fixture, text);
        }
    }
    finish_case(arena, &fixture, test);
    free(text);
    fclose(file);
    arena_destroy(arena);
}

static const Tensor *find_tensor(const Case *fixture, const char *name) {
    for (int i = 0; i < fixture->tensor_count; i++)
        if (strcmp(fixture->tensors[i].name, name) == 0) return &fixture->tensors[i];
    return NULL;
}

static const Tensor *get_tensor(const Case *fixture, const char *name) {
    const Tensor *tensor = find_tensor(fixture, name);
    if (!tensor) fail_msg("%s:%d: no tensor %s", fixture->file, fixture->line, name);
    return tensor;
}

static Args *make_args(Arena *arena, const Case *fixture, const Schema *schema) {
    Args *args = args_default(arena, schema);
    for (int i = 0; i < fixture->argument_count; i++)
        args_set_number(args, fixture->argument_names[i], fixture->arguments[i]);
    return args;
}

// Keras makes float32 of the constants in its formulas (0.9 is 0.89999998), so the agreement is
// that of float32, although the fixtures are computed in double precision.
static void expect_close(const Case *fixture, const char *name, const double *computed) {
    const Tensor *expected = get_tensor(fixture, name);
    int64_t count = type_elements(&expected->type);
    double largest = 0;
    for (int64_t i = 0; i < count; i++) largest = fmax(largest, fabs(expected->data[i]));
    for (int64_t i = 0; i < count; i++) {
        double right = expected->data[i];
        if (fabs(computed[i] - right) <= 1e-6 * fabs(right) + 1e-8 * largest) continue;
        fail_msg("%s.txt:%d: %s: %s[%d] is %.15g, Keras has %.15g", fixture->file, fixture->line,
                 fixture->name, name, (int)i, computed[i], right);
    }
}

// ---- Graphs

// A parameter with a tensor's type. Tests use it for inputs too, as gradients exist for parameters.
static Node *parameter_like(Graph *graph, const Tensor *tensor, bool trainable) {
    ArgValue none = {0};
    Parameter *parameter =
        weights_parameter(graph->weights, NULL, tensor->name, tensor->type, &none, NULL, trainable);
    return graph_parameter_node(graph, parameter);
}

static EvalTensor value_of(Arena *arena, const Tensor *tensor) {
    int64_t size = type_elements(&tensor->type);
    EvalTensor value = {ARENA_ARRAY(arena, double, size), 1, size};
    memcpy(value.data, tensor->data, sizeof(double) * (size_t)size);
    return value;
}

// Adds the gradients of the loss to the outputs and simplifies.
static void differentiate(Graph *graph) {
    pass_expand(graph);
    Node **gradients = pass_gradients(graph);
    for (int i = 0; i < graph->weights->parameters.count; i++)
        if (gradients[i]) vec_push(graph->arena, &graph->outputs, gradients[i]);
    pass_simplify(graph);
    graph_verify(graph, "simplify");
}

// The values of the outputs; the parameters are the fixture's tensors of their names.
static void evaluate_outputs(Arena *arena, const Graph *graph, const Case *fixture,
                             EvalTensor *results) {
    int count = graph->weights->parameters.count;
    EvalTensor *parameters = ARENA_ARRAY(arena, EvalTensor, count);
    for (int i = 0; i < count; i++)
        parameters[i] =
            value_of(arena, get_tensor(fixture, graph->weights->parameters.items[i]->name));
    EvalBindings bindings = {.parameters = parameters, .context = {.rows = 1, .step = 1}};
    graph_evaluate(graph, arena, &bindings, graph->outputs.items, graph->outputs.count, results,
                   false);
}

// ---- Activations

static void test_activation(Arena *arena, Case *fixture) {
    Graph *graph = graph_create(weights_create(arena), "activation", GRAPH_TRAIN, NULL);
    Node *x = parameter_like(graph, get_tensor(fixture, "x"), true);
    Node *dy = parameter_like(graph, get_tensor(fixture, "dy"), false);
    const OpDef *op = op_find(fixture->name);
    assert_non_null(op);
    Node *y = graph_node(graph, op, &x, 1, make_args(arena, fixture, &op->schema));
    vec_push(arena, &graph->outputs, y);
    graph->loss = graph_unary(graph, "reduce_all_sum", graph_multiply(graph, y, dy));
    differentiate(graph);
    EvalTensor results[2];
    evaluate_outputs(arena, graph, fixture, results);
    expect_close(fixture, "y", results[0].data);
    expect_close(fixture, "dx", results[1].data);
}

static void activations_agree(void **state) {
    (void)state;
    test_file("activations", test_activation);
}

// ---- Losses

// The case's name is the loss, or `activation>loss`.
static void test_loss(Arena *arena, Case *fixture) {
    Graph *graph = graph_create(weights_create(arena), "loss", GRAPH_TRAIN, NULL);
    Node *prediction = parameter_like(graph, get_tensor(fixture, "prediction"), true);
    Node *target = parameter_like(graph, get_tensor(fixture, "target"), false);
    const char *arrow = strchr(fixture->name, '>');
    if (arrow) {
        size_t length = (size_t)(arrow - fixture->name);
        prediction = graph_unary(graph, arena_copy(arena, fixture->name, length), prediction);
    }
    const OpDef *op = op_find(arrow ? arrow + 1 : fixture->name);
    assert_non_null(op);
    Node *loss = graph_node(graph, op, (Node *[]){prediction, target}, 2,
                            make_args(arena, fixture, &op->schema));
    vec_push(arena, &graph->outputs, loss);
    double count = (double)type_elements(&loss->type);
    graph->loss = graph_scale(graph, graph_unary(graph, "reduce_all_sum", loss), 1 / count);
    differentiate(graph);
    EvalTensor results[2];
    evaluate_outputs(arena, graph, fixture, results);
    expect_close(fixture, "loss", results[0].data);
    expect_close(fixture, "gradient", results[1].data);
}

static void losses_agree(void **state) {
    (void)state;
    test_file("losses", test_loss);
}

static void losses_of_activations_agree(void **state) {
    (void)state;
    test_file("activated_losses", test_loss);
}

// ---- Optimizers

// sum(w * g) over two parameters, whose gradients are the given g.
static Graph *optimizer_graph(Arena *arena, const Case *fixture) {
    Graph *graph = graph_create(weights_create(arena), "optimizer", GRAPH_TRAIN, NULL);
    for (int i = 0; i < 2; i++) {
        const Tensor *start = get_tensor(fixture, i ? "w1" : "w0");
        Node *w = parameter_like(graph, start, true);
        Node *g = parameter_like(graph, get_tensor(fixture, i ? "g1@1" : "g0@1"), false);
        Node *sum = graph_unary(graph, "reduce_all_sum", graph_multiply(graph, w, g));
        graph->loss = graph->loss ? graph_add(graph, graph->loss, sum) : sum;
    }
    return graph;
}

static EvalTensor *initial_slots(Arena *arena, const Graph *graph) {
    EvalTensor *slots = ARENA_ARRAY(arena, EvalTensor, graph->slots.count);
    for (int i = 0; i < graph->slots.count; i++) {
        const Slot *slot = graph->slots.items[i];
        slots[i].rows = 1;
        slots[i].size = type_elements(&slot->type);
        slots[i].data = ARENA_ARRAY(arena, double, slots[i].size);
        for (int64_t k = 0; k < slots[i].size; k++) slots[i].data[k] = slot->initial;
    }
    return slots;
}

// Parameters 0 and 2 are the weights, 1 and 3 their gradients.
static void test_optimizer(Arena *arena, Case *fixture) {
    Graph *graph = optimizer_graph(arena, fixture);
    const OptimizerDef *optimizer = optimizer_find(fixture->name);
    assert_non_null(optimizer);
    Args *args = make_args(arena, fixture, &optimizer->schema);
    LossStep training = {.step = {.optimizer = optimizer, .optimizer_args = args}};
    pass_update(graph, &training.step);
    pass_simplify(graph);
    graph_verify(graph, "simplify");

    EvalTensor parameters[4];
    for (int i = 0; i < 4; i++)
        parameters[i] =
            value_of(arena, get_tensor(fixture, graph->weights->parameters.items[i]->name));
    EvalBindings bindings = {
        .parameters = parameters,
        .slots = initial_slots(arena, graph),
        .context = {.rows = 1, .learning_rate = args_number(args, "learning_rate")}};
    for (int step = 1; step <= STEPS; step++) {
        char name[32];
        bindings.context.step = step;
        for (int i = 0; i < 2; i++) {
            snprintf(name, sizeof name, "g%d@%d", i, step);
            parameters[2 * i + 1] = value_of(arena, get_tensor(fixture, name));
        }
        graph_evaluate(graph, arena, &bindings, NULL, 0, NULL, true);
        for (int i = 0; i < 2; i++) {
            snprintf(name, sizeof name, "w%d@%d", i, step);
            expect_close(fixture, name, parameters[2 * i].data);
        }
    }
}

static void optimizers_agree(void **state) {
    (void)state;
    test_file("optimizers", test_optimizer);
}

// ---- Regularizers

static void test_regularizer(Arena *arena, Case *fixture) {
    Graph *graph = graph_create(weights_create(arena), "regularizer", GRAPH_TRAIN, NULL);
    const RegularizerDef *row = regularizer_find(fixture->name);
    assert_non_null(row);
    const Args *args = make_args(arena, fixture, &row->schema);
    Node *w = parameter_like(graph, get_tensor(fixture, "w"), true);
    vec_push(arena, &graph->outputs, row->penalty(graph, w, args));
    vec_push(arena, &graph->outputs, row->gradient(graph, w, args));
    EvalTensor results[2];
    evaluate_outputs(arena, graph, fixture, results);
    expect_close(fixture, "penalty", results[0].data);
    expect_close(fixture, "gradient", results[1].data);
}

static void regularizers_agree(void **state) {
    (void)state;
    test_file("regularizers", test_regularizer);
}

// ---- Constraints

static void test_constraint(Arena *arena, Case *fixture) {
    Graph *graph = graph_create(weights_create(arena), "constraint", GRAPH_TRAIN, NULL);
    const ConstraintDef *row = constraint_find(fixture->name);
    assert_non_null(row);
    Args *args = make_args(arena, fixture, &row->schema);
    if (schema_arg_index(&row->schema, "axis") >= 0) {
        const Tensor *axis = get_tensor(fixture, "axis");
        args_set_numbers(args, arena, "axis", axis->data, (int)type_elements(&axis->type));
    }
    Node *w = parameter_like(graph, get_tensor(fixture, "w"), true);
    vec_push(arena, &graph->outputs, row->apply(graph, w, args));
    EvalTensor result;
    evaluate_outputs(arena, graph, fixture, &result);
    expect_close(fixture, "kept", result.data);
}

static void constraints_agree(void **state) {
    (void)state;
    test_file("constraints", test_constraint);
}

// ---- Networks of dense layers, batched

static Node *add_dense(Graph *graph, Node *x, int64_t units, const char *activation) {
    Args *args = graph_args(graph, "dense");
    args_set_number(args, "units", (double)units);
    ArgValue *value = &args->values[schema_arg_index(args->schema, "activation")];
    value->is_set = true;
    value->callee = &op_find(activation)->schema;
    value->args = args_default(graph->arena, value->callee);
    graph->current_layer = weights_layer(graph->weights, "dense", NULL, (Span){0});
    Node *node = graph_call(graph, "dense", &x, 1, args);
    graph->current_layer = NULL;
    return node;
}

// A batched input for a tensor whose first dimension is the samples.
static Node *input_like(Graph *graph, const Tensor *tensor) {
    const Type *type = &tensor->type;
    return graph_input(graph, tensor->name,
                       type_make(DTYPE_F32, true, type->rank - 1, type->dims + 1));
}

static EvalTensor batch_of(Arena *arena, const Tensor *tensor) {
    EvalTensor value = value_of(arena, tensor);
    value.rows = tensor->type.dims[0];
    value.size /= value.rows;
    return value;
}

// The case's name is `activation>last activation>loss`.
static Graph *network_graph(Arena *arena, const Case *fixture) {
    char hidden[32], last[32], loss[64];
    assert_int_equal(sscanf(fixture->name, "%31[^>]>%31[^>]>%63s", hidden, last, loss), 3);
    Graph *graph = graph_create(weights_create(arena), "network", GRAPH_TRAIN, NULL);
    const Tensor *widths = get_tensor(fixture, "widths");
    Node *value = input_like(graph, get_tensor(fixture, "x"));
    vec_push(arena, &graph->inputs, value);
    for (int64_t i = 1; i < widths->type.dims[0]; i++)
        value = add_dense(graph, value, (int64_t)widths->data[i],
                          i + 1 < widths->type.dims[0] ? hidden : last);
    vec_push(arena, &graph->outputs, value);
    vec_push(arena, &graph->targets, input_like(graph, get_tensor(fixture, "target")));
    const OpDef *op = op_find(loss);
    assert_non_null(op);
    LossStep training = {.loss = {.def = op, .args = args_default(arena, &op->schema)}};
    attach_loss(graph, &training);
    vec_push(arena, &graph->outputs, graph->loss);
    return graph;
}

static void test_network(Arena *arena, Case *fixture) {
    Graph *graph = network_graph(arena, fixture);
    differentiate(graph);
    char name[32];
    EvalTensor parameters[MAX_WANTED], results[MAX_WANTED];
    int count = graph->weights->parameters.count;
    assert_int_equal(graph->outputs.count, count + 2);
    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof name, "w%d", i);
        parameters[i] = value_of(arena, get_tensor(fixture, name));
    }
    EvalTensor input = batch_of(arena, get_tensor(fixture, "x"));
    EvalTensor target = batch_of(arena, get_tensor(fixture, "target"));
    EvalBindings bindings = {.inputs = &input,
                             .targets = &target,
                             .parameters = parameters,
                             .context = {.rows = input.rows, .step = 1}};
    graph_evaluate(graph, arena, &bindings, graph->outputs.items, count + 2, results, false);
    expect_close(fixture, "y", results[0].data);
    expect_close(fixture, "loss", results[1].data);
    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof name, "g%d", i);
        expect_close(fixture, name, results[2 + i].data);
    }
}

static void networks_agree(void **state) {
    (void)state;
    test_file("networks", test_network);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(activations_agree),
        cmocka_unit_test(losses_agree),
        cmocka_unit_test(losses_of_activations_agree),
        cmocka_unit_test(optimizers_agree),
        cmocka_unit_test(regularizers_agree),
        cmocka_unit_test(constraints_agree),
        cmocka_unit_test(networks_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
