// Random models: values of several shapes that are added, multiplied, reshaped, summed and sent
// through dense layers, so that passes meet what nobody thought of.
#ifndef NNC_TESTS_RANDOM_GRAPHS_H
#define NNC_TESTS_RANDOM_GRAPHS_H

#include "generated.h"

enum { RANDOM_ELEMENTS = 400 }; // the most a value has

static inline int64_t draw_dim(void) {
    static const int64_t dims[] = {1, 2, 3, 4, 5, 8, 17};
    return dims[draw() % 7];
}

static inline Type draw_type(bool batched) {
    int64_t dims[3];
    int rank = 1 + (int)(draw() % 3);
    for (int i = 0; i < rank; i++) dims[i] = draw_dim();
    return type_make(batched && draw() % 4 == 0 ? DTYPE_U8 : DTYPE_F32, batched, rank, dims);
}

static inline Node *draw_input(Graph *graph, int number) {
    Node *x = add_input(graph, arena_format(graph->arena, "x%d", number), draw_type(true));
    return x->type.dtype == DTYPE_U8 ? graph_scale(graph, x, 1.0 / 255) : x;
}

static inline Node *draw_weights(Graph *graph) {
    ArgValue none = {0};
    Type type = draw_type(false);
    Layer *layer = weights_layer(graph->weights, "dense", NULL, (Span){0});
    return graph_parameter_node(
        graph, weights_parameter(graph->weights, layer, "scale", type, &none, &none, true));
}

static inline Node *draw_unary(Graph *graph, Node *x) {
    static const char *const ops[] = {"tanh", "sigmoid", "square", "abs", "softmax"};
    return graph_unary(graph, ops[draw() % 5], x);
}

static inline Node *draw_binary(Graph *graph, Node *x, Node *y) {
    static const char *const ops[] = {"add", "subtract", "multiply", "maximum"};
    Type joined;
    if (!type_broadcast(&x->type, &y->type, &joined) || type_elements(&joined) > RANDOM_ELEMENTS)
        return x;
    // Bounded, so that errors of float32 do not grow along the graph.
    return graph_unary(graph, "tanh", graph_binary(graph, ops[draw() % 4], x, y));
}

static inline Node *draw_reshape(Graph *graph, Node *x) {
    int64_t n = type_elements(&x->type), first = 1 + draw() % 5, second = 1 + draw() % 3;
    if (n % (first * second)) first = second = 1;
    int64_t dims[][3] = {{first, n / first, 0},
                         {n / first, first, 0},
                         {n, 0, 0},
                         {first, second, n / first / second}};
    static const int ranks[] = {2, 2, 1, 3};
    int form = (int)(draw() % 4);
    return graph_reshape(graph, x, ranks[form], dims[form]);
}

static inline Node *draw_sum(Graph *graph, Node *x) {
    Node *small = graph_scale(graph, x, 0.1);
    if (x->type.rank < 2 || draw() % 2) return graph_unary(graph, "row_sum", small);
    Args *args = graph_args(graph, "axis_sum");
    args_set_number(args, "axis", (double)(draw() % (uint32_t)(x->type.rank - 1)));
    return graph_call(graph, "axis_sum", &small, 1, args);
}

static inline Node *draw_layer(Graph *graph, Node *x) {
    if (draw() % 4 == 0) {
        Args *args = graph_args(graph, "dropout");
        args_set_number(args, "rate", 0.3);
        return add_layer(graph, "dropout", x, args);
    }
    if (x->type.rank < 1 || x->type.rank > 2) return draw_unary(graph, x);
    return add_layer(graph, "tanh", add_dense(graph, x, draw_dim()), NULL);
}

static inline Node *draw_node(Graph *graph, Node *x, Node *y) {
    switch (draw() % 8) {
    case 0: return draw_unary(graph, x);
    case 1: return draw_reshape(graph, x);
    case 2: return draw_sum(graph, x);
    case 3: return draw_binary(graph, x, draw_weights(graph));
    case 4: return draw_layer(graph, x);
    default: return draw_binary(graph, x, y);
    }
}

// A model of `steps` operations with one output and a target for each of its numbers.
static inline Graph *random_graph(Arena *arena, int steps) {
    Graph *graph = graph_create(weights_create(arena), "random", GRAPH_TRAIN, NULL);
    enum { MAX_VALUES = 64 };
    Node *values[MAX_VALUES];
    int count = 0;
    for (int inputs = 1 + (int)(draw() % 3); count < inputs; count++)
        values[count] = draw_input(graph, count);
    for (int i = 0; i < steps && count < MAX_VALUES; i++) {
        // The newest values most of the time: deep graphs rather than wide ones.
        int first = count - 1 - (int)(draw() % (uint32_t)(count < 3 ? count : 3));
        Node *other = values[draw() % (uint32_t)count];
        values[count++] = draw_node(graph, values[first], other);
    }
    // A weight at the end, so that there is something to train.
    Node *flat = graph_reshape(graph, values[count - 1], 1,
                               (int64_t[]){type_elements(&values[count - 1]->type)});
    Node *output = add_layer(graph, "tanh", add_dense(graph, flat, draw_dim()), NULL);
    vec_push(arena, &graph->outputs, output);
    add_target(graph, "y", output->type);
    return graph;
}

#endif
