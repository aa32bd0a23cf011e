// Optimizers: the update of one parameter w with gradient g, in Keras 3's formulas and defaults
// (keras/src/optimizers/<name>.py). lr is the run-time scalar `learning_rate`, t the scalar `step`
// (1 in the first). The slots of a parameter are named as Keras names them.
//
// Clipping is not here: pass_update applies clip_norm, clip_value and global_clip_norm, which every
// optimizer takes, to the gradients first, and follows the weights with use_ema afterwards.
#include "../op.h"
#include "training.h"

#include <math.h>
#include <string.h>

// ---- Helpers

static Node *learning_rate(Graph *graph) {
    return graph_scalar(graph, "learning_rate");
}

static Node *root(Graph *graph, Node *x) {
    return graph_unary(graph, "sqrt", x);
}

static Node *square(Graph *graph, Node *x) {
    return graph_unary(graph, "square", x);
}

static Node *add_number(Graph *graph, Node *x, double number) {
    return graph_add(graph, x, graph_constant(graph, number));
}

static Node *one_minus(Graph *graph, Node *x) {
    return graph_subtract(graph, graph_constant(graph, 1), x);
}

static void assign_less(Graph *graph, Parameter *parameter, Node *w, Node *step) {
    graph_assign_parameter(graph, parameter, graph_subtract(graph, w, step));
}

// slot = keep * slot + (1 - keep) * value; returns the new value.
static Node *moving_average(Graph *graph, Slot *slot, double keep, Node *value) {
    Node *old = graph_scale(graph, graph_slot_node(graph, slot), keep);
    Node *new_value = graph_add(graph, old, graph_scale(graph, value, 1 - keep));
    graph_assign_slot(graph, slot, new_value);
    return new_value;
}

// 1 - beta^t. Keras rounds beta and beta^t to single precision, which moves the first steps by up
// to 3e-5 of their length; so do we, as long trainings with adam would drift away from Keras's
// otherwise. beta^t = 1 + expm1(t log(beta)) is right to its last bit where beta is near 1.
static Node *bias_correction(Graph *graph, double beta) {
    if (beta == 0) return graph_constant(graph, 1);
    Node *exponent = graph_scale(graph, graph_scalar(graph, "step"), log((float)beta));
    return one_minus(graph, add_number(graph, graph_unary(graph, "expm1", exponent), 1));
}

// With epsilon = 0, weights without gradient would become 0 / 0, and so would the padding of the
// storage. The smallest numbers change no other quotient.
static double epsilon_of(const Args *args) {
    return fmax(args_number(args, "epsilon"), 1e-37);
}

// ---- sgd: w -= lr g; with momentum v = momentum v - lr g, w += v (nesterov: w += momentum v - lr
// g).

static void sgd_update(Graph *graph, Parameter *parameter, Node *w, Node *gradient,
                       const Args *args) {
    double momentum = args_number(args, "momentum");
    Node *step = graph_multiply(graph, gradient, learning_rate(graph));
    if (momentum == 0) {
        assign_less(graph, parameter, w, step);
        return;
    }
    Slot *slot = graph_slot(graph, parameter, "momentum", 0);
    Node *velocity = graph_scale(graph, graph_slot_node(graph, slot), momentum);
    velocity = graph_subtract(graph, velocity, step);
    graph_assign_slot(graph, slot, velocity);
    Node *move = velocity;
    if (args_bool(args, "nesterov"))
        move = graph_subtract(graph, graph_scale(graph, velocity, momentum), step);
    graph_assign_parameter(graph, parameter, graph_add(graph, w, move));
}

// ---- rmsprop: v = rho v + (1 - rho) g^2, w -= lr g / sqrt(v + epsilon). Hinton 2012, lecture 6e.
// centered: v - a^2 instead of v, a the moving average of g. momentum: m = momentum m + step, w -=
// m.

static void rmsprop_update(Graph *graph, Parameter *parameter, Node *w, Node *gradient,
                           const Args *args) {
    double rho = args_number(args, "rho"), momentum = args_number(args, "momentum");
    Slot *velocity = graph_slot(graph, parameter, "velocity", 0);
    Node *variance = moving_average(graph, velocity, rho, square(graph, gradient));
    if (args_bool(args, "centered")) {
        Slot *slot = graph_slot(graph, parameter, "average_gradient", 0);
        Node *average = moving_average(graph, slot, rho, gradient);
        variance = graph_subtract(graph, variance, square(graph, average));
    }
    Node *size = root(graph, add_number(graph, variance, epsilon_of(args)));
    Node *step = graph_divide(graph, graph_multiply(graph, gradient, learning_rate(graph)), size);
    if (momentum > 0) {
        Slot *slot = graph_slot(graph, parameter, "momentum", 0);
        Node *old = graph_scale(graph, graph_slot_node(graph, slot), momentum);
        step = graph_add(graph, old, step);
        graph_assign_slot(graph, slot, step);
    }
    assign_less(graph, parameter, w, step);
}

// ---- adagrad: a += g^2, w -= lr g / sqrt(a + epsilon). Duchi et al. 2011.

static void adagrad_update(Graph *graph, Parameter *parameter, Node *w, Node *gradient,
                           const Args *args) {
    Slot *slot =
        graph_slot(graph, parameter, "accumulator", args_number(args, "initial_accumulator_value"));
    Node *sum = graph_add(graph, graph_slot_node(graph, slot), square(graph, gradient));
    graph_assign_slot(graph, slot, sum);
    Node *size = root(graph, add_number(graph, sum, epsilon_of(args)));
    Node *scaled = graph_multiply(graph, gradient, learning_rate(graph));
    assign_less(graph, parameter, w, graph_divide(graph, scaled, size));
}

// ---- adadelta: d = g sqrt(D + epsilon) / sqrt(G + epsilon), w -= lr d; G and D are the moving
// averages of g^2 (with this g) and d^2 (before this d). Zeiler 2012, arXiv:1212.5701.

static void adadelta_update(Graph *graph, Parameter *parameter, Node *w, Node *gradient,
                            const Args *args) {
    double rho = args_number(args, "rho"), epsilon = epsilon_of(args);
    Slot *gradients = graph_slot(graph, parameter, "accumulated_grad", 0);
    Slot *deltas = graph_slot(graph, parameter, "accumulated_delta_var", 0);
    Node *mean = moving_average(graph, gradients, rho, square(graph, gradient));
    Node *above = root(graph, add_number(graph, graph_slot_node(graph, deltas), epsilon));
    Node *below = root(graph, add_number(graph, mean, epsilon));
    Node *delta = graph_divide(graph, graph_multiply(graph, gradient, above), below);
    moving_average(graph, deltas, rho, square(graph, delta));
    assign_less(graph, parameter, w, graph_multiply(graph, delta, learning_rate(graph)));
}

// ---- adam, and adamw, whose weights decay without being asked: m and v are the moving averages of
// g and g^2 (amsgrad: v the largest so far), w -= lr sqrt(1 - beta_2^t) / (1 - beta_1^t) m /
// (sqrt(v) + epsilon). Kingma and Ba 2014, arXiv:1412.6980, with the epsilon of the text before
// section 2.1.

static void adam_update(Graph *graph, Parameter *parameter, Node *w, Node *gradient,
                        const Args *args) {
    double beta_1 = args_number(args, "beta_1"), beta_2 = args_number(args, "beta_2");
    Slot *momentum = graph_slot(graph, parameter, "momentum", 0);
    Slot *velocity = graph_slot(graph, parameter, "velocity", 0);
    Node *m = moving_average(graph, momentum, beta_1, gradient);
    Node *v = moving_average(graph, velocity, beta_2, square(graph, gradient));
    if (args_bool(args, "amsgrad")) {
        Slot *largest = graph_slot(graph, parameter, "velocity_hat", 0);
        v = graph_binary(graph, "maximum", graph_slot_node(graph, largest), v);
        graph_assign_slot(graph, largest, v);
    }
    Node *correction = graph_divide(graph, root(graph, bias_correction(graph, beta_2)),
                                    bias_correction(graph, beta_1));
    Node *alpha = graph_multiply(graph, learning_rate(graph), correction);
    Node *size = add_number(graph, root(graph, v), epsilon_of(args));
    assign_less(graph, parameter, w, graph_divide(graph, graph_multiply(graph, m, alpha), size));
}

// ---- nadam: adam with Nesterov's momentum, Dozat 2015. With u(t) = beta_1 (1 - 0.96^t / 2) and
// U = u(1) u(2) ... u(t), a scalar slot of all parameters together:
// w -= lr (u(t + 1) m / (1 - U u(t + 1)) + (1 - u(t)) g / (1 - U)) / (sqrt(v / (1 - beta_2^t)) +
// eps).

static Node *nadam_schedule(Graph *graph, double beta_1, Node *step) {
    Node *power = graph_unary(graph, "exp", graph_scale(graph, step, log(0.96)));
    return graph_scale(graph, one_minus(graph, graph_scale(graph, power, 0.5)), beta_1);
}

// U with this step's factor. The first parameter makes the slot and its update.
static Node *nadam_product(Graph *graph, Node *factor) {
    Slot *slot = NULL;
    for (int i = 0; i < graph->slots.count; i++)
        if (!graph->slots.items[i]->parameter) slot = graph->slots.items[i];
    bool is_first = !slot;
    if (is_first) slot = graph_slot(graph, NULL, "u_product", 1);
    Node *product = graph_multiply(graph, graph_slot_node(graph, slot), factor);
    if (is_first) graph_assign_slot(graph, slot, product);
    return product;
}

static void nadam_update(Graph *graph, Parameter *parameter, Node *w, Node *gradient,
                         const Args *args) {
    double beta_1 = args_number(args, "beta_1"), beta_2 = args_number(args, "beta_2");
    Node *step = graph_scalar(graph, "step");
    Node *now = nadam_schedule(graph, beta_1, step);
    Node *next = nadam_schedule(graph, beta_1, add_number(graph, step, 1));
    Node *product = nadam_product(graph, now);
    Node *m = moving_average(graph, graph_slot(graph, parameter, "momentum", 0), beta_1, gradient);
    Node *v = moving_average(graph, graph_slot(graph, parameter, "velocity", 0), beta_2,
                             square(graph, gradient));
    Node *of_m = graph_divide(graph, next, one_minus(graph, graph_multiply(graph, product, next)));
    Node *of_g = graph_divide(graph, one_minus(graph, now), one_minus(graph, product));
    Node *mean =
        graph_add(graph, graph_multiply(graph, m, of_m), graph_multiply(graph, gradient, of_g));
    Node *variance = graph_divide(graph, v, bias_correction(graph, beta_2));
    Node *size = add_number(graph, root(graph, variance), epsilon_of(args));
    Node *scaled = graph_multiply(graph, mean, learning_rate(graph));
    assign_less(graph, parameter, w, graph_divide(graph, scaled, size));
}

// ---- Arguments: each list is LEARNING_RATE, its own in Keras's order, WEIGHT_DECAY, CLIPPING,
// AVERAGING.

#define LEARNING_RATE(value)                                                                       \
    {.name = "learning_rate",                                                                      \
     .type = ARG_RATE,                                                                             \
     .default_text = (value),                                                                      \
     .maximum = INFINITY,                                                                          \
     .keras_name = "lr",                                                                           \
     .doc = "size of a step: a number or a schedule"}
#define FRACTION(argument, value, text)                                                            \
    {.name = (argument),                                                                           \
     .type = ARG_FLOAT,                                                                            \
     .default_text = (value),                                                                      \
     .maximum = 1,                                                                                 \
     .maximum_open = true,                                                                         \
     .doc = (text)}
#define POSITIVE(argument, value, text)                                                            \
    {.name = (argument),                                                                           \
     .type = ARG_FLOAT,                                                                            \
     .default_text = (value),                                                                      \
     .maximum = INFINITY,                                                                          \
     .doc = (text)}
#define SWITCH(argument, text)                                                                     \
    {.name = (argument), .type = ARG_BOOL, .default_text = "false", .doc = (text)}
#define EPSILON POSITIVE("epsilon", "1e-7", "keeps the divisor from zero")
#define BETA_1 FRACTION("beta_1", "0.9", "what the mean of gradients keeps of its past")
#define BETA_2 FRACTION("beta_2", "0.999", "what the mean of squared gradients keeps of its past")
#define AMSGRAD SWITCH("amsgrad", "divide by the largest mean so far")
#define CLIP(argument, keras, text)                                                                \
    {.name = (argument),                                                                           \
     .type = ARG_FLOAT,                                                                            \
     .default_text = "none",                                                                       \
     .maximum = INFINITY,                                                                          \
     .minimum_open = true,                                                                         \
     .keras_name = (keras),                                                                        \
     .doc = (text)}
#define DECAY(value)                                                                               \
    POSITIVE("weight_decay", value, "share of the weights taken off a step, times learning_rate")
#define WEIGHT_DECAY DECAY("none")
#define CLIPPING                                                                                   \
    CLIP("clip_norm", "clipnorm", "shrinks each parameter's gradient to at most this norm"),       \
        CLIP("clip_value", "clipvalue", "cuts each number of the gradients at +- this"),           \
        CLIP("global_clip_norm", "global_clipnorm",                                                \
             "shrinks all gradients together to at most this norm")
#define AVERAGING                                                                                  \
    {.name = "use_ema",                                                                            \
     .type = ARG_BOOL,                                                                             \
     .default_text = "false",                                                                      \
     .is_flag = true,                                                                              \
     .doc = "keep a moving average of the weights, which they become at the end"},                 \
        {.name = "ema_momentum",                                                                   \
         .type = ARG_FLOAT,                                                                        \
         .default_text = "0.99",                                                                   \
         .maximum = 1,                                                                             \
         .by_name = true,                                                                          \
         .doc = "what the average keeps of its past in each step"},                                \
        {.name = "ema_overwrite_frequency",                                                        \
         .type = ARG_INT,                                                                          \
         .default_text = "none",                                                                   \
         .minimum = 1,                                                                             \
         .maximum = 1 << 30,                                                                       \
         .by_name = true,                                                                          \
         .doc = "after so many steps the weights become their average, again and again"}

static const ArgDef sgd_args[] = {
    LEARNING_RATE("0.01"),
    {.name = "momentum",
     .type = ARG_FLOAT,
     .default_text = "0",
     .maximum = 1,
     .doc = "what the velocity keeps of its past"},
    SWITCH("nesterov", "look ahead along the velocity"),
    WEIGHT_DECAY,
    CLIPPING,
    AVERAGING,
    {0},
};

static const ArgDef rmsprop_args[] = {
    LEARNING_RATE("0.001"),
    FRACTION("rho", "0.9", "what the mean of squared gradients keeps of its past"),
    FRACTION("momentum", "0", "what the step keeps of the one before"),
    EPSILON,
    SWITCH("centered", "divide by the deviation from the mean gradient"),
    WEIGHT_DECAY,
    CLIPPING,
    AVERAGING,
    {0},
};

static const ArgDef adagrad_args[] = {
    LEARNING_RATE("0.001"),
    POSITIVE("initial_accumulator_value", "0.1", "where the sums of squared gradients start"),
    EPSILON,
    WEIGHT_DECAY,
    CLIPPING,
    AVERAGING,
    {0},
};

static const ArgDef adadelta_args[] = {
    LEARNING_RATE("0.001"),
    FRACTION("rho", "0.95", "what the means keep of their past"),
    EPSILON,
    WEIGHT_DECAY,
    CLIPPING,
    AVERAGING,
    {0},
};

static const ArgDef adam_args[] = {
    LEARNING_RATE("0.001"), BETA_1,   BETA_2,    EPSILON, AMSGRAD,
    WEIGHT_DECAY,           CLIPPING, AVERAGING, {0},
};

static const ArgDef adamw_args[] = {
    LEARNING_RATE("0.001"),
    DECAY("0.004"),
    BETA_1,
    BETA_2,
    EPSILON,
    AMSGRAD,
    CLIPPING,
    AVERAGING,
    {0},
};

static const ArgDef nadam_args[] = {
    LEARNING_RATE("0.001"), BETA_1, BETA_2, EPSILON, WEIGHT_DECAY, CLIPPING, AVERAGING, {0},
};

const OptimizerDef optimizer_rows[] = {
    {{"sgd", "steps against the gradient", sgd_args, "SGD"}, sgd_update},
    {{"rmsprop", "divides by the recent size of the gradient", rmsprop_args, "RMSprop RMSProp"},
     rmsprop_update},
    {{"adagrad", "divides by the size of all gradients so far", adagrad_args, "Adagrad"},
     adagrad_update},
    {{"adadelta", "limits adagrad to a window and steps in the weights' own size", adadelta_args,
      "Adadelta"},
     adadelta_update},
    {{"adam", "follows the means of gradients and of their squares, corrected for the start",
      adam_args, "Adam"},
     adam_update},
    {{"adamw", "adds weight decay, apart from the gradient, to adam", adamw_args, "AdamW"},
     adam_update},
    {{"nadam", "adds Nesterov's momentum to adam", nadam_args, "Nadam"}, nadam_update},
    {.schema = {0}},
};

static void keep_gradient(Graph *graph, Parameter *parameter, Node *w, Node *gradient,
                          const Args *args) {
    (void)w, (void)args;
    graph_assign_slot(graph, graph_slot(graph, parameter, "gradient", 0), gradient);
}

const OptimizerDef optimizer_gradients = {
    {"gradients", "keeps the gradients, for who looks at them", NULL, NULL}, keep_gradient};

const OptimizerDef *optimizer_find(const char *name) {
    for (const OptimizerDef *row = optimizer_rows; row->schema.name; row++)
        if (strcmp(row->schema.name, name) == 0) return row;
    return NULL;
}
