// Constraints: what weights are made after each step of the optimizer. Formulas, defaults and the
// numbering of dimensions (of the weights, from 0) are those of
// keras/src/constraints/constraints.py (Keras 3), which applies them in
// keras/src/optimizers/base_optimizer.py.
#include "../op.h"
#include "training.h"

#include <math.h>
#include <string.h>

static const double epsilon = 1e-7; // keras.config.epsilon()

int constraint_axis(const ArgValue *axis, int index, int rank) {
    int number = (int)axis->numbers[index];
    return number < 0 ? number + rank : number;
}

// The root of the sum of squares over the dimensions in `axis`, which stay with one place each.
static Node *norms_of(Graph *graph, Node *w, const Args *args) {
    const ArgValue *axis = args_get(args, "axis");
    bool is_summed[SHAPE_MAX_RANK] = {false};
    Node *sum = graph_unary(graph, "square", w);
    for (int i = 0; i < axis->count; i++) is_summed[constraint_axis(axis, i, w->type.rank)] = true;
    for (int i = 0; i < w->type.rank; i++)
        if (is_summed[i]) sum = op_reduce_axis(graph, sum, i, REDUCE_SUM);
    return graph_unary(graph, "sqrt", sum);
}

static Node *safe(Graph *graph, Node *norms) {
    return graph_add(graph, norms, graph_constant(graph, epsilon));
}

static Node *clipped(Graph *graph, Node *norms, double least, double most) {
    Node *below = graph_binary(graph, "minimum", norms, graph_constant(graph, most));
    return graph_binary(graph, "maximum", below, graph_constant(graph, least));
}

static Node *max_norm(Graph *graph, Node *w, const Args *args) {
    Node *norms = norms_of(graph, w, args);
    Node *wanted = clipped(graph, norms, 0, args_number(args, "max_value"));
    return graph_multiply(graph, w, graph_divide(graph, wanted, safe(graph, norms)));
}

static Node *non_negative(Graph *graph, Node *w, const Args *args) {
    (void)args;
    return graph_binary(graph, "maximum", w, graph_constant(graph, 0));
}

static Node *unit_norm(Graph *graph, Node *w, const Args *args) {
    return graph_divide(graph, w, safe(graph, norms_of(graph, w, args)));
}

static Node *min_max_norm(Graph *graph, Node *w, const Args *args) {
    double rate = args_number(args, "rate");
    Node *norms = norms_of(graph, w, args);
    Node *wanted =
        clipped(graph, norms, args_number(args, "min_value"), args_number(args, "max_value"));
    wanted =
        graph_add(graph, graph_scale(graph, wanted, rate), graph_scale(graph, norms, 1 - rate));
    return graph_multiply(graph, w, graph_divide(graph, wanted, safe(graph, norms)));
}

#define NORM(argument, default_, text)                                                             \
    {.name = (argument),                                                                           \
     .type = ARG_FLOAT,                                                                            \
     .default_text = (default_),                                                                   \
     .maximum = INFINITY,                                                                          \
     .doc = (text)}
#define AXIS                                                                                       \
    {.name = "axis",                                                                               \
     .type = ARG_INTS,                                                                             \
     .default_text = "0",                                                                          \
     .minimum = -SHAPE_MAX_RANK,                                                                   \
     .maximum = SHAPE_MAX_RANK - 1,                                                                \
     .doc = "dimensions of the weights, from 0, that a norm is taken over: 0 for a unit of "       \
            "`dense`, [0, 1, 2] for a filter of `conv2d`"}

static const ArgDef max_norm_args[] = {NORM("max_value", "2", "largest norm"), AXIS, {0}};
static const ArgDef unit_norm_args[] = {AXIS, {0}};
static const ArgDef min_max_norm_args[] = {
    NORM("min_value", "0", "least norm"),
    NORM("max_value", "1", "largest norm"),
    {.name = "rate",
     .type = ARG_FLOAT,
     .default_text = "1",
     .maximum = 1,
     .doc = "how much of the way is gone in each step"},
    AXIS,
    {0},
};

const ConstraintDef constraint_rows[] = {
    {{"max_norm", "scales weights whose norm is larger down to it", max_norm_args, "MaxNorm"},
     max_norm},
    {{"min_max_norm", "scales weights so that their norm is between two numbers", min_max_norm_args,
      "MinMaxNorm"},
     min_max_norm},
    {{"non_negative", "makes negative weights zero", NULL, "NonNeg non_neg"}, non_negative},
    {{"unit_norm", "scales weights so that their norm is 1", unit_norm_args, "UnitNorm"},
     unit_norm},
    {.schema = {0}},
};

const ConstraintDef *constraint_find(const char *name) {
    for (const ConstraintDef *row = constraint_rows; row->schema.name; row++)
        if (strcmp(row->schema.name, name) == 0) return row;
    return NULL;
}
