// Compares layers with what other libraries computed for them, in fixtures of the form that
// make_keras_layers.py describes: in the reference evaluator, in double precision, values,
// gradients, moving statistics and what they are outside training; and generated code with the
// evaluator on the same shapes. Each test program includes it once.
#ifndef NNC_TESTS_LAYER_CASES_H
#define NNC_TESTS_LAYER_CASES_H

#include "check.h"
#include "generated.h"

#include "check.h"

enum { MAX_INPUTS = 6, MAX_TENSORS = 24 };
enum { INPUT_SEED = 1, GRADIENT_SEED = 20, WEIGHT_SEED = 40 }; // as in make_keras_layers.py

typedef struct Tensor {
    char name[8];
    int64_t count;
    double *data;
} Tensor;

// What an input holds, if it is not numbers of a formula.
typedef struct Fill {
    int64_t classes; // whole numbers below; 0: no
    bool is_padded;  // steps that do not count hold `padding`
    double padding;
} Fill;

typedef struct Case {
    const char *file;
    int line;
    const char *block; // declared before the model, or ""
    const char *body;
    int input_count;
    int64_t rows;
    Type inputs[MAX_INPUTS];
    Fill fills[MAX_INPUTS];
    int tensor_count;
    Tensor tensors[MAX_TENSORS];
} Case;

// ---- Fixtures.

static void read_input(Case *fixture, char *words) {
    assert_true(fixture->input_count < MAX_INPUTS);
    Fill *fill = &fixture->fills[fixture->input_count];
    Type *type = &fixture->inputs[fixture->input_count++];
    char *place;
    *type = (Type){.dtype = DTYPE_F32, .batched = true};
    strtok_r(words, " ", &place); // "input"
    fixture->rows = atoll(strtok_r(NULL, " ", &place));
    for (char *word; (word = strtok_r(NULL, " ", &place));) {
        if (strcmp(word, "tokens") == 0) {
            fill->classes = atoll(strtok_r(NULL, " ", &place));
            type->dtype = DTYPE_I32;
        } else if (strcmp(word, "padded") == 0) {
            fill->is_padded = true;
            fill->padding = atof(strtok_r(NULL, " ", &place));
        } else {
            type->dims[type->rank++] = atoll(word);
        }
    }
}

static void read_tensor(Arena *arena, Case *fixture, char *words) {
    Tensor *tensor = &fixture->tensors[fixture->tensor_count++];
    char *place;
    assert_true(fixture->tensor_count <= MAX_TENSORS);
    snprintf(tensor->name, sizeof tensor->name, "%s", strtok_r(words, " ", &place));
    int rank = atoi(strtok_r(NULL, " ", &place));
    tensor->count = 1;
    for (int i = 0; i < rank; i++) tensor->count *= atoll(strtok_r(NULL, " ", &place));
    tensor->data = ARENA_ARRAY(arena, double, tensor->count);
    for (int64_t i = 0; i < tensor->count; i++) {
        char *word = strtok_r(NULL, " ", &place);
        assert_non_null(word);
        tensor->data[i] = atof(word);
    }
}

typedef void TestCase(Case *fixture);

// Every `every`-th case of a file of tests/fixtures. Returns how many cases it has.
static int walk_cases(const char *name, int every, TestCase *test) {
    char place[512];
    snprintf(place, sizeof place, "%s/tests/fixtures/%s", NNC_SOURCE_DIR, name);
    FILE *file = fopen(place, "r");
    if (!file) fail_msg("%s cannot be read", place);
    Arena *arena = arena_create();
    Case fixture = {0};
    char *text = NULL;
    size_t capacity = 0;
    int cases = 0;
    for (int line = 1; getline(&text, &capacity, file) > 0; line++) {
        text[strcspn(text, "\n")] = 0;
        if (strncmp(text, "case ", 5) == 0) {
            if (cases % every == 1 % every && cases) test(&fixture);
            cases++;
            fixture = (Case){
                .file = name, .line = line, .block = "", .body = arena_strdup(arena, text + 5)};
        } else if (strncmp(text, "block ", 6) == 0) {
            fixture.block = arena_strdup(arena, text);
        } else if (strncmp(text, "input ", 6) == 0) {
            read_input(&fixture, text);
        } else if (text[0] != '#') {
            read_tensor(arena, &fixture, text);
        }
    }
    if (cases % every == 1 % every) test(&fixture);
    free(text);
    fclose(file);
    arena_destroy(arena);
    return cases;
}

static const Tensor *find_tensor(const Case *fixture, const char *name) {
    for (int i = 0; i < fixture->tensor_count; i++)
        if (strcmp(fixture->tensors[i].name, name) == 0) return &fixture->tensors[i];
    return NULL;
}

// The same as in make_keras_layers.py.
static double number_of(int64_t i, int seed) {
    return sin(12.9898 * (double)(i + 1) + 78.233 * seed);
}

static EvalTensor numbers(Arena *arena, const Type *type, int64_t rows, int seed) {
    EvalTensor tensor = zeros(arena, type->batched ? rows : 1, type_elements(type));
    for (int64_t i = 0; i < tensor.rows * tensor.size; i++) tensor.data[i] = number_of(i, seed);
    return tensor;
}

// As in make_keras_sequences.py.
static void fill_input(EvalTensor *tensor, const Fill *fill, const Type *type, int seed) {
    int64_t count = tensor->rows * tensor->size, step = tensor->size / type->dims[0];
    for (int64_t i = 0; i < count && fill->classes; i++)
        tensor->data[i] = floor((tensor->data[i] + 1) / 2 * (double)fill->classes);
    for (int64_t i = 0; i < count && fill->is_padded; i++)
        if (sin(78.233 * (double)(i / step + seed)) <= -0.6) tensor->data[i] = fill->padding;
}

// Keras makes float32 of the constants in its formulas (0.99 is 0.9900000095), so the agreement is
// that of float32, although both compute in double precision.
static void expect_close(const Case *fixture, const char *name, const EvalTensor *computed) {
    const Tensor *expected = find_tensor(fixture, name);
    double largest = 0;
    if (!expected) fail_msg("%s:%d: no tensor %s", fixture->file, fixture->line, name);
    if (expected->count != computed->rows * computed->size)
        fail_msg("%s:%d: %s: %s has %d numbers, the fixture %d", fixture->file, fixture->line,
                 fixture->body, name, (int)(computed->rows * computed->size), (int)expected->count);
    for (int64_t i = 0; i < expected->count; i++) largest = fmax(largest, fabs(expected->data[i]));
    for (int64_t i = 0; i < expected->count; i++) {
        double right = expected->data[i], got = computed->data[i];
        if (fabs(got - right) <= 1e-6 * fabs(right) + 1e-8 * fmax(largest, 1)) continue;
        fail_msg("%s:%d: %s: %s[%d] is %.12g, the fixture has %.12g", fixture->file, fixture->line,
                 fixture->body, name, (int)i, got, right);
    }
}

// ---- The model, written in the language.

static Checked check_case(const Case *fixture) {
    char source[2048];
    int length = snprintf(source, sizeof source, "%s\nmodel m(", fixture->block);
    for (int i = 0; i < fixture->input_count; i++) {
        const Type *type = &fixture->inputs[i];
        length += snprintf(source + length, sizeof source - (size_t)length, "%sx%d: %s[",
                           i ? ", " : "", i, type->dtype == DTYPE_I32 ? "int" : "");
        for (int k = 0; k < type->rank; k++)
            length += snprintf(source + length, sizeof source - (size_t)length, "%s%lld",
                               k ? ", " : "", (long long)type->dims[k]);
        length += snprintf(source + length, sizeof source - (size_t)length, "]");
    }
    snprintf(source + length, sizeof source - (size_t)length, ") { %s }", fixture->body);
    return check_clean(source);
}

// Adds a parameter of zeros to each input that is no tokens: its gradient is that of the input,
// summed over samples.
static void differentiate_inputs(Graph *graph) {
    ArgValue none = {0};
    for (int i = 0; i < graph->inputs.count; i++) {
        Node *input = graph->inputs.items[i];
        Type type = input->type;
        if (type.dtype == DTYPE_I32) continue;
        const char *name = arena_format(graph->arena, "dx%d", i);
        type.batched = false;
        Parameter *shift = weights_parameter(graph->weights, NULL, name, type, &none, NULL, true);
        Node *moved = graph_add(graph, input, graph_parameter_node(graph, shift));
        graph_replace(graph, input, moved);
        graph->inputs.items[i] = input;
    }
    graph_sort(graph);
}

// The loss is sum(y * dy); dy is one input more.
static Graph *training_graph(const Graph *forward, Arena *arena) {
    Graph *graph = graph_clone(forward, arena, GRAPH_TRAIN);
    differentiate_inputs(graph);
    Node *y = graph->outputs.items[0];
    Node *dy = graph_input(graph, "dy", y->type);
    vec_push(arena, &graph->inputs, dy);
    graph->loss = graph_batch_sum(graph, graph_multiply(graph, y, dy), 0);
    pass_expand(graph);
    return graph;
}

static bool is_shift(const Parameter *parameter) {
    return strncmp(parameter->name, "dx", 2) == 0;
}

static EvalBindings bind(Arena *arena, const Graph *graph, const Case *fixture) {
    EvalTensor *inputs = ARENA_ARRAY(arena, EvalTensor, graph->inputs.count);
    EvalTensor *weights = ARENA_ARRAY(arena, EvalTensor, graph->weights->parameters.count + 1);
    for (int i = 0; i < graph->inputs.count; i++) {
        const Type *type = &graph->inputs.items[i]->type;
        bool is_given = i < fixture->input_count;
        inputs[i] = numbers(arena, type, fixture->rows, is_given ? INPUT_SEED + i : GRADIENT_SEED);
        if (is_given) fill_input(&inputs[i], &fixture->fills[i], type, INPUT_SEED + i);
    }
    for (int i = 0; i < graph->weights->parameters.count; i++) {
        const Parameter *parameter = graph->weights->parameters.items[i];
        weights[i] = numbers(arena, &parameter->type, 1, WEIGHT_SEED + i);
        for (int64_t k = 0; k < weights[i].size; k++) {
            double number = weights[i].data[k];
            bool is_variance = strstr(parameter->role, "moving_variance") != NULL;
            weights[i].data[k] = is_shift(parameter) ? 0 : is_variance ? fabs(number) : number;
        }
    }
    return (EvalBindings){
        .inputs = inputs, .parameters = weights, .context = {.rows = fixture->rows, .step = 1}};
}

// ---- Values, gradients, averages.

static void check_training(Arena *arena, const Graph *forward, const Case *fixture) {
    Graph *graph = training_graph(forward, arena);
    Node **gradients = pass_gradients(graph);
    int averages = 0, trained = 0, count = graph->weights->parameters.count;
    VEC(Node *) wanted = {0};
    VEC(const char *) names = {0};
    vec_push(arena, &wanted, graph->outputs.items[0]);
    vec_push(arena, &names, "y");
    for (int i = 0; i < count; i++) {
        const Parameter *parameter = graph->weights->parameters.items[i];
        if (!parameter->trainable) continue;
        if (!gradients[i]) fail_msg("%s: no gradient of %s", fixture->body, parameter->name);
        vec_push(arena, &wanted, gradients[i]);
        vec_push(arena, &names,
                 is_shift(parameter) ? parameter->name : arena_format(arena, "g%d", trained++));
        vec_push(arena, &graph->outputs, gradients[i]);
    }
    // With the rules of simplify, too.
    for (int round = 0; round < 2; round++) {
        EvalBindings bindings = bind(arena, graph, fixture);
        EvalTensor *results = ARENA_ARRAY(arena, EvalTensor, wanted.count);
        Node **nodes = round ? graph->outputs.items : wanted.items;
        graph_sort(graph);
        graph_evaluate(graph, arena, &bindings, nodes, wanted.count, results, true);
        for (int i = 0; i < wanted.count; i++) expect_close(fixture, names.items[i], &results[i]);
        averages = 0;
        for (int i = 0; i < count; i++)
            if (!graph->weights->parameters.items[i]->trainable)
                expect_close(fixture, arena_format(arena, "a%d", averages++),
                             &bindings.parameters[i]);
        pass_simplify(graph);
        graph_verify(graph, "simplify");
    }
    assert_int_equal(graph->assigns.count, averages);
}

// Outside training, and frozen: then nothing is assigned either.
static void check_inference(Arena *arena, const Graph *forward, const Case *fixture) {
    const char *name = find_tensor(fixture, "z") ? "z" : "y";
    for (int mode = GRAPH_TRAIN; mode <= GRAPH_PREDICT; mode++) {
        Graph *graph = graph_clone(forward, arena, (GraphMode)mode);
        for (int i = 0; i < graph->weights->layers.count; i++)
            graph->weights->layers.items[i]->trainable = false;
        pass_expand(graph);
        assert_int_equal(graph->assigns.count, 0);
        EvalBindings bindings = bind(arena, graph, fixture);
        EvalTensor result;
        graph_evaluate(graph, arena, &bindings, graph->outputs.items, 1, &result, false);
        expect_close(fixture, name, &result);
    }
}

static void compare_with_fixture(Case *fixture) {
    Checked checked = check_case(fixture);
    const Graph *forward = checked.program->main->forward;
    check_training(checked.front.arena, forward, fixture);
    check_inference(checked.front.arena, forward, fixture);
    check_end(&checked);
}

// ---- Generated code.

static void compare_generated(Case *fixture) {
    static const char *const cpus[] = {"native", "x86-64-v3"};
    static int number;
    Checked checked = check_case(fixture);
    Arena *arena = checked.front.arena;
    Graph *forward = checked.program->main->forward;
    int64_t elements = type_elements(&forward->outputs.items[0]->type);
    Node *flat = graph_reshape(forward, forward->outputs.items[0], 1, &elements);
    forward->outputs.items[0] = add_dense(forward, flat, 3);
    add_target(forward, "target", forward->outputs.items[0]->type);
    LossStep training = training_with(arena, "mse", "sgd", 11);
    Setting setting = {
        .cpu = cpus[number % 2], .threads = 1 + number % 3, .rows = 11, .classes = 3};
    number++;
    if (getenv("NNC_TEST_VERBOSE")) fprintf(stderr, "%s on %s\n", fixture->body, setting.cpu);
    check_generated(arena, forward, &training, &setting);
    check_end(&checked);
}

#endif
