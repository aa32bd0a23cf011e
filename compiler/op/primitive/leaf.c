// Leaves: values that are read, not computed. `input`, `parameter` and `slot` are bound by whoever
// runs the graph; `constant`, `scalar` and `in_period` are one number each.
#include "../op.h"

#include <math.h>
#include <string.h>

#define LEAF(kind_)                                                                                \
    .fuse = FUSE_LEAF, .leaf = LEAF_##kind_, .shape = op_shape_given, .flops = op_flops_none

static void constant_evaluate(const Node *node, const EvalTensor *inputs, EvalTensor *output,
                              const EvalContext *context) {
    (void)inputs, (void)context;
    output->data[0] = args_number(node->args, "value");
}

// ---- scalar

static double learning_rate(const EvalContext *context) {
    return context->learning_rate;
}

static double step(const EvalContext *context) {
    return (double)context->step;
}

static double rows(const EvalContext *context) {
    return (double)context->rows;
}

static const struct {
    const char *name;
    double (*value)(const EvalContext *context);
} scalars[] = {{"learning_rate", learning_rate}, {"step", step}, {"rows", rows}};

static void scalar_evaluate(const Node *node, const EvalTensor *inputs, EvalTensor *output,
                            const EvalContext *context) {
    (void)inputs;
    for (size_t i = 0; i < sizeof scalars / sizeof *scalars; i++) {
        if (strcmp(scalars[i].name, node->name)) continue;
        output->data[0] = scalars[i].value(context);
        return;
    }
    nn_ice("evaluate", "there is no scalar `%s`", node->name);
}

// ---- in_period: whole steps are counted, which single precision could not do beyond 2^24.

static void in_period_evaluate(const Node *node, const EvalTensor *inputs, EvalTensor *output,
                               const EvalContext *context) {
    int64_t period = args_int(node->args, "period"), count = args_int(node->args, "count");
    (void)inputs;
    output->data[0] = (context->step - 1) % period >= period - count;
}

static const ArgDef in_period_args[] = {
    {.name = "period",
     .type = ARG_INT,
     .default_text = "1",
     .minimum = 1,
     .maximum = INFINITY,
     .doc = "steps"},
    {.name = "count",
     .type = ARG_INT,
     .default_text = "1",
     .minimum = 1,
     .maximum = INFINITY,
     .doc = "the last of them"},
    {0},
};

static const ArgDef constant_args[] = {
    {.name = "value", .type = ARG_FLOAT, .default_text = "0", .doc = "the number"},
    {0},
};

const OpDef op_leaf[] = {
    {.schema = {"input", "reads a column of the data set", NULL, NULL},
     LEAF(COLUMN),
     .no_gradient = "data is not trained"},
    {.schema = {"parameter", "reads a tensor of weights", NULL, NULL},
     LEAF(PARAMETER),
     .no_gradient = "a leaf: what arrives here is the result of pass gradient"},
    {.schema = {"slot", "reads a tensor of optimizer state", NULL, NULL},
     LEAF(SLOT),
     .no_gradient = "state is not trained"},
    {.schema = {"constant", "gives a number known at compile time", constant_args, NULL},
     LEAF(CONSTANT),
     .no_gradient = "constant",
     .evaluate = constant_evaluate},
    {.schema = {"scalar", "gives a number known at run time: learning_rate, step or rows", NULL,
                NULL},
     LEAF(SCALAR),
     .no_gradient = "constant within a step",
     .evaluate = scalar_evaluate},
    {.schema = {"in_period", "gives 1 in the last steps of each period, else 0", in_period_args,
                NULL},
     LEAF(PERIOD),
     .no_gradient = "constant within a step",
     .evaluate = in_period_evaluate},
    {.schema = {0}},
};
