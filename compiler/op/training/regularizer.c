// Regularizers: penalties on weights, added to the loss; their gradients are added to the weights'
// gradients directly, without a pass through the loss. As keras/src/regularizers/regularizers.py:
// l1 * sum(|w|) and l2 * sum(w^2), without a factor 1/2.
#include "../op.h"
#include "training.h"

#include <math.h>
#include <string.h>

static Node *l1_penalty(Graph *graph, Node *w, const Args *args) {
    Node *sum = graph_unary(graph, "reduce_all_sum", graph_unary(graph, "abs", w));
    return graph_scale(graph, sum, args_number(args, "l1"));
}

static Node *l1_gradient(Graph *graph, Node *w, const Args *args) {
    return graph_scale(graph, graph_unary(graph, "sign", w), args_number(args, "l1"));
}

static Node *l2_penalty(Graph *graph, Node *w, const Args *args) {
    Node *sum = graph_unary(graph, "reduce_all_sum", graph_unary(graph, "square", w));
    return graph_scale(graph, sum, args_number(args, "l2"));
}

static Node *l2_gradient(Graph *graph, Node *w, const Args *args) {
    return graph_scale(graph, w, 2 * args_number(args, "l2"));
}

static Node *l1_l2_penalty(Graph *graph, Node *w, const Args *args) {
    return graph_add(graph, l1_penalty(graph, w, args), l2_penalty(graph, w, args));
}

static Node *l1_l2_gradient(Graph *graph, Node *w, const Args *args) {
    return graph_add(graph, l1_gradient(graph, w, args), l2_gradient(graph, w, args));
}

#define FACTOR(argument, text)                                                                     \
    {.name = (argument),                                                                           \
     .type = ARG_FLOAT,                                                                            \
     .default_text = "0.01",                                                                       \
     .maximum = INFINITY,                                                                          \
     .doc = (text)}
#define L1 FACTOR("l1", "factor of the sum of absolute weights")
#define L2 FACTOR("l2", "factor of the sum of squared weights")

static const ArgDef l1_args[] = {L1, {0}};
static const ArgDef l2_args[] = {L2, {0}};
// 0.01 each, as the function of Keras 2; with the zeros of Keras 3 a bare `l1_l2` would do nothing.
static const ArgDef l1_l2_args[] = {L1, L2, {0}};

const RegularizerDef regularizer_rows[] = {
    {{"l1", "penalizes absolute weights", l1_args, "L1"}, l1_penalty, l1_gradient},
    {{"l2", "penalizes squared weights", l2_args, "L2"}, l2_penalty, l2_gradient},
    {{"l1_l2", "penalizes absolute and squared weights", l1_l2_args, "L1L2"},
     l1_l2_penalty,
     l1_l2_gradient},
    {.schema = {0}},
};

const RegularizerDef *regularizer_find(const char *name) {
    for (const RegularizerDef *row = regularizer_rows; row->schema.name; row++)
        if (strcmp(row->schema.name, name) == 0) return row;
    return NULL;
}
