// Helpers for tests that build small graphs by hand.
#ifndef NNC_TESTS_GRAPHS_H
#define NNC_TESTS_GRAPHS_H

#include "../../compiler/op/op.h"
#include "../../compiler/op/training/training.h"
#include "../../compiler/pass/pass.h"
#include "loss_step.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof *(array)))
#define DIMS(...)                                                                                  \
    COUNT_OF(((int64_t[]){__VA_ARGS__})), (int64_t[]) {                                            \
        __VA_ARGS__                                                                                \
    }
#define UNBATCHED(...) type_make(DTYPE_F32, false, DIMS(__VA_ARGS__))
#define BATCHED(...) type_make(DTYPE_F32, true, DIMS(__VA_ARGS__))

static inline Node *data_input(Graph *graph, const char *name, Type type) {
    Node *node = graph_input(graph, name, type);
    vec_push(graph->arena, &graph->inputs, node);
    return node;
}

static inline Node *weights(Graph *graph, const char *role, Type type, bool trainable) {
    ArgValue none = {0};
    return graph_parameter_node(
        graph, weights_parameter(graph->weights, NULL, role, type, &none, NULL, trainable));
}

static inline EvalTensor tensor_of(Arena *arena, int64_t rows, int64_t size, const double *data) {
    EvalTensor tensor = {ARENA_ARRAY(arena, double, rows *size), rows, size};
    if (data) memcpy(tensor.data, data, sizeof(double) * (size_t)(rows * size));
    return tensor;
}

// Numbers that look random: -1 .. 1, the same for the same seed.
static inline EvalTensor random_values(Arena *arena, const Type *type, int64_t rows, int seed) {
    EvalTensor tensor = tensor_of(arena, type->batched ? rows : 1, type_elements(type), NULL);
    for (int64_t i = 0; i < tensor.rows * tensor.size; i++)
        tensor.data[i] = sin(12.9898 * (double)(i + 1) + 78.233 * seed);
    return tensor;
}

// Random values for all inputs, targets, parameters and slots (positive) of a graph.
static inline EvalBindings random_bindings(Arena *arena, const Graph *graph, int64_t rows,
                                           int seed) {
    EvalTensor *inputs = ARENA_ARRAY(arena, EvalTensor, graph->inputs.count);
    EvalTensor *targets = ARENA_ARRAY(arena, EvalTensor, graph->targets.count);
    EvalTensor *parameters = ARENA_ARRAY(arena, EvalTensor, graph->weights->parameters.count);
    EvalTensor *slots = ARENA_ARRAY(arena, EvalTensor, graph->slots.count);
    for (int i = 0; i < graph->inputs.count; i++)
        inputs[i] = random_values(arena, &graph->inputs.items[i]->type, rows, seed++);
    for (int i = 0; i < graph->targets.count; i++)
        targets[i] = random_values(arena, &graph->targets.items[i]->type, rows, seed++);
    for (int i = 0; i < graph->weights->parameters.count; i++)
        parameters[i] =
            random_values(arena, &graph->weights->parameters.items[i]->type, rows, seed++);
    for (int i = 0; i < graph->slots.count; i++) {
        slots[i] = random_values(arena, &graph->slots.items[i]->type, rows, seed++);
        for (int64_t k = 0; k < slots[i].size; k++) slots[i].data[k] = fabs(slots[i].data[k]);
    }
    return (EvalBindings){.inputs = inputs,
                          .targets = targets,
                          .parameters = parameters,
                          .slots = slots,
                          .context = {.rows = rows, .seed = 7, .step = 3, .learning_rate = 0.5}};
}

static inline EvalTensor evaluate_one(const Graph *graph, Arena *arena, EvalBindings *bindings,
                                      Node *node) {
    EvalTensor result;
    graph_evaluate(graph, arena, bindings, &node, 1, &result, false);
    return result;
}

static inline void expect_near(const EvalTensor *a, const EvalTensor *b, double tolerance) {
    assert_int_equal(a->rows * a->size, b->rows * b->size);
    for (int64_t i = 0; i < a->rows * a->size; i++)
        if (!(fabs(a->data[i] - b->data[i]) <= tolerance * fmax(1, fabs(b->data[i]))))
            fail_msg("element %d: %.17g and %.17g", (int)i, a->data[i], b->data[i]);
}

static inline void expect_values(const EvalTensor *tensor, const double *expected, int count) {
    EvalTensor wanted = {(double *)expected, 1, count};
    expect_near(tensor, &wanted, 1e-12);
}

#define EXPECT_VALUES(tensor, ...)                                                                 \
    expect_values((tensor), (double[]){__VA_ARGS__}, COUNT_OF(((double[]){__VA_ARGS__})))

static inline int count_ops(const Graph *graph, const char *op) {
    int count = 0;
    for (int i = 0; i < graph->nodes.count; i++) count += node_is(graph->nodes.items[i], op);
    return count;
}

// The exit status of a function that is expected to stop the process.
static inline int status_of(void (*function)(void *data), void *data) {
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (!freopen("/dev/null", "w", stderr)) _exit(1);
        function(data);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#endif
