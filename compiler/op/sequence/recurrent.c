// Recurrent layers: rnn, lstm and gru, as Keras 3's SimpleRNN, LSTM and GRU
// (keras/src/layers/rnn). Each is a scan over the steps of a sequence [steps, values]. The product
// of the inputs with the kernel is made for all steps before it; within a step stands the product
// of the state with the recurrent kernel, and the cell.
//
//   rnn   h' = activation(x W + b + h U)
//   lstm  i, f, g, o = parts of x W + b + h U; c' = f c + i g; h' = o activation(c')
//         Hochreiter and Schmidhuber 1997; Gers et al. 2000. Gates lie as i, f, g, o.
//   gru   z, r, g = parts; h' = z h + (1 - z) g. Cho et al. 2014, arXiv:1406.1078. With
//         `reset_after` (as cuDNN) r weighs the product h U and its own bias, else h before it.
#include "recurrent.h"

#include "../../graph/scan.h"
#include "../primitive/generator.h"

enum { MOST_UNITS = 1 << 20 };

typedef struct Step Step;

// A kind of recurrent layer.
typedef struct Cell {
    int gates, states;
    bool has_reset; // of the gru
    void (*run)(Step *step);
} Cell;

// Within a step.
struct Step {
    const Node *node; // the layer
    ScanBuilder *builder;
    Graph *body;
    int64_t units;
    Node *input;                         // the kernel's product with x
    Node *state[RECURRENT_MOST_STATES];  // before the step; 0: what the layer gives
    Node *before[RECURRENT_MOST_STATES]; // as it was carried, without dropout
    Node *next[RECURRENT_MOST_STATES];
    Node *kept[RECURRENT_MOST_STATES]; // outside, of the batch before; NULL: it begins anew
    Node *recurrent, *bias;            // parameters; bias: of the recurrent product, or NULL
};

static const Cell *cell_of(const Node *node);

static bool resets_after(const Node *node, const Cell *cell) {
    return cell->has_reset && args_bool(node->args, "reset_after");
}

// ---- Shapes and weights.

static Type state_type(const Node *node) {
    int64_t units = args_int(node->args, "units");
    return type_make(DTYPE_F32, true, 1, &units);
}

// Weights stand behind the sequence and the states.
int recurrent_given(const Node *node) {
    int count = 1;
    while (count < node->input_count && !node->inputs[count]->parameter) count++;
    return count - 1;
}

static bool check_states(Graph *graph, Node *node) {
    int states = cell_of(node)->states, given = recurrent_given(node);
    Type wanted = state_type(node);
    if (given && given != states) {
        op_shape_error(graph, node, "%s begins with %d states, not %d", node->op->schema.name,
                       states, given);
        op_shape_help(graph,
                      states == 2 ? "give both: `%s(x, h, c, ..)`" : "give one: `%s(x, h, ..)`",
                      node->op->schema.name);
        return false;
    }
    for (int i = 1; i <= given; i++) {
        const Type *type = &node->inputs[i]->type;
        if (type->rank == 1 && type->dims[0] == wanted.dims[0] && type->batched) continue;
        op_shape_error(graph, node, "the state of %s is %s, but what it begins with is %s",
                       node->op->schema.name, type_text(graph->arena, &wanted),
                       type_text(graph->arena, type));
        op_shape_label(graph, "has %lld units", (long long)wanted.dims[0]);
        return false;
    }
    return true;
}

static bool check_stateful(Graph *graph, Node *node) {
    if (!args_bool(node->args, "stateful")) return true;
    if (!recurrent_given(node)) return true;
    op_shape_error(graph, node,
                   "a stateful %s goes on where the batch before ended, but this one begins with "
                   "states that are given to it",
                   node->op->schema.name);
    op_shape_help(graph, "leave `stateful` out, or the other");
    return false;
}

static bool recurrent_shape(Graph *graph, Node *node) {
    const Type *x = &node->inputs[0]->type;
    int64_t units = args_int(node->args, "units");
    if (x->rank != 2) {
        op_shape_error(graph, node, "%s expects a sequence of vectors, but this value is %s",
                       node->op->schema.name, shape_text(graph->arena, x));
        op_shape_label(graph, "needs [steps, values]");
        if (x->rank == 1)
            op_shape_help(graph, "`-> reshape(%lld, 1)` makes %lld steps of one number each",
                          (long long)x->dims[0], (long long)x->dims[0]);
        if (x->rank == 3)
            op_shape_help(graph, "`-> reshape(%lld, %lld)` makes a step of each line",
                          (long long)x->dims[0], (long long)(x->dims[1] * x->dims[2]));
        return false;
    }
    if (!layer_check_initializer(graph, node, "kernel_initializer", 2) ||
        !layer_check_initializer(graph, node, "recurrent_initializer", 2))
        return false;
    Type state = state_type(node);
    if (!op_check_activations(graph, node, &state)) return false;
    bool keeps_steps = args_bool(node->args, "return_sequences");
    node->type = type_make(DTYPE_F32, true, keeps_steps ? 2 : 1,
                           keeps_steps ? (int64_t[]){x->dims[0], units} : &units);
    return check_states(graph, node) && check_stateful(graph, node);
}

static void recurrent_parameters(Graph *graph, Node *node) {
    const Cell *cell = cell_of(node);
    int64_t units = args_int(node->args, "units"), wide = units * cell->gates;
    int64_t kernel[] = {type_last(&node->inputs[0]->type), wide}, recurrent[] = {units, wide};
    int64_t bias[] = {2, wide};
    bool has_two = resets_after(node, cell);
    layer_add_weights(graph, node, "kernel", "kernel", type_make(DTYPE_F32, false, 2, kernel),
                      true);
    layer_add_weights(graph, node, "recurrent_kernel", "recurrent",
                      type_make(DTYPE_F32, false, 2, recurrent), true);
    if (!args_bool(node->args, "bias")) return;
    Type type = type_make(DTYPE_F32, false, has_two ? 2 : 1, has_two ? bias : &bias[1]);
    layer_add_weights(graph, node, "bias", "bias", type, true);
}

// Jozefowicz et al. 2015: forget gates begin open.
static void lstm_parameters(Graph *graph, Node *node) {
    recurrent_parameters(graph, node);
    if (!args_bool(node->args, "bias") || !args_bool(node->args, "unit_forget_bias")) return;
    Parameter *bias = node->inputs[node->input_count - 1]->parameter;
    // Another start is the user's own.
    if (args_get(node->args, "bias_initializer")->callee != schema_callee(ARG_INITIALIZER, "zeros"))
        return;
    bias->initializer = schema_callee(ARG_INITIALIZER, "unit_forget");
    bias->initializer_args = args_default(graph->weights->arena, bias->initializer);
}

// ---- Steps.

static Node *activate(const Step *step, const char *argument, Node *x) {
    const ArgValue *activation = args_get(step->node->args, argument);
    if (!activation->is_set) return x;
    return graph_call(step->body, activation->callee->name, &x, 1, activation->args);
}

// `count` numbers of the last dimension.
static Node *columns(Graph *graph, Node *x, int64_t begin, int64_t count) {
    Args *args = graph_args(graph, "slice");
    args_set_number(args, "axis", x->type.rank - 1);
    args_set_number(args, "begin", (double)begin);
    args_set_number(args, "count", (double)count);
    return graph_call(graph, "slice", &x, 1, args);
}

static Node *part(Graph *graph, Node *x, int64_t number, int64_t units) {
    return columns(graph, x, number * units, units);
}

static Node *gate(const Step *step, Node *x, int number) {
    return activate(step, "recurrent_activation", part(step->body, x, number, step->units));
}

static Node *recurrent_product(const Step *step, Node *state) {
    Node *product = graph_matmul(step->body, state, step->recurrent, false);
    return step->bias ? graph_add(step->body, product, step->bias) : product;
}

static void rnn_step(Step *step) {
    Node *sum = graph_add(step->body, recurrent_product(step, step->state[0]), step->input);
    step->next[0] = activate(step, "activation", sum);
}

static void lstm_step(Step *step) {
    Graph *body = step->body;
    Node *sum = graph_add(body, recurrent_product(step, step->state[0]), step->input);
    Node *input = gate(step, sum, 0), *forget = gate(step, sum, 1), *output = gate(step, sum, 3);
    Node *candidate = activate(step, "activation", part(body, sum, 2, step->units));
    step->next[1] = graph_add(body, graph_multiply(body, forget, step->state[1]),
                              graph_multiply(body, input, candidate));
    step->next[0] = graph_multiply(body, output, activate(step, "activation", step->next[1]));
}

// z h + (1 - z) g = g + z (h - g)
static Node *interpolate(Graph *body, Node *z, Node *h, Node *g) {
    return graph_add(body, g, graph_multiply(body, z, graph_subtract(body, h, g)));
}

static Node *gru_gate(const Step *step, Node *product, int number) {
    Node *own = part(step->body, product, number, step->units);
    Node *sum = graph_add(step->body, own, part(step->body, step->input, number, step->units));
    return activate(step, "recurrent_activation", sum);
}

static void gru_step(Step *step) {
    Graph *body = step->body;
    int64_t units = step->units;
    Node *h = step->state[0], *own;
    Node *product = recurrent_product(step, h);
    Node *update = gru_gate(step, product, 0), *reset = gru_gate(step, product, 1);
    if (resets_after(step->node, cell_of(step->node)))
        own = graph_multiply(body, reset, part(body, product, 2, units));
    else // a product of its own, with the whole kernel: a contraction takes weights as they are
         // kept
        own = part(body, recurrent_product(step, graph_multiply(body, reset, h)), 2, units);
    Node *candidate =
        activate(step, "activation", graph_add(body, own, part(body, step->input, 2, units)));
    step->next[0] = interpolate(body, update, step->before[0], candidate);
}

// ---- The scan.

static Node *dropping(Graph *graph, Type type, double rate) {
    Args *args = generator_args(graph, "dropout_mask");
    args_set_number(args, "rate", rate);
    return graph_generate(graph, "dropout_mask", type, args);
}

// Dropout drops the same numbers in all steps (Gal and Ghahramani 2016, arXiv:1512.05287).
static Node *dropped(Graph *graph, const Node *node, Node *x) {
    double rate = args_number(node->args, "dropout");
    Type type = x->type;
    if (graph->mode != GRAPH_TRAIN || rate == 0) return x;
    type.dims[0] = 1;
    type.dtype = DTYPE_F32;
    return graph_multiply(graph, x, dropping(graph, type, rate));
}

// What the state is multiplied by before the recurrent product; NULL: nothing.
static Node *recurrent_factor(ScanBuilder *builder, const Node *node, Type state) {
    double rate = args_number(node->args, "recurrent_dropout");
    if (builder->graph->mode != GRAPH_TRAIN || rate == 0) return NULL;
    return scan_capture(builder, dropping(builder->graph, state, rate));
}

// At a step that does not count the state stays as it is (keras/src/backend/tensorflow/rnn.py).
static void keep_masked(Step *step, int states, Node *counts) {
    for (int i = 0; i < states; i++) {
        Node *inputs[] = {counts, step->next[i], step->before[i]};
        step->next[i] = graph_call(step->body, "where", inputs, 3, NULL);
    }
}

// Row `number` of a bias of two.
static Node *bias_row(Graph *graph, Node *bias, int number) {
    if (bias->type.rank == 1) return number == 0 ? bias : NULL;
    Args *args = graph_args(graph, "slice");
    args_set_number(args, "axis", 0);
    args_set_number(args, "begin", number);
    args_set_number(args, "count", 1);
    Node *row = graph_call(graph, "slice", &bias, 1, args);
    return graph_reshape(graph, row, 1, &bias->type.dims[1]);
}

bool recurrent_keeps(const Graph *graph, const Node *node) {
    return args_bool(node->args, "stateful") && graph->mode != GRAPH_PREDICT;
}

static Node *initial_state(Step *step, int number) {
    Graph *graph = step->builder->graph;
    const Node *node = step->node;
    if (recurrent_given(node)) return node->inputs[1 + number];
    if (!recurrent_keeps(graph, node)) return graph_filled(graph, state_type(node), 0);
    step->kept[number] = graph_kept(graph, state_type(node));
    return graph_load(graph, step->kept[number]); // it is written in this step
}

static void begin_states(Step *step, int states) {
    const Node *node = step->node;
    for (int i = 0; i < states; i++)
        step->state[i] = step->before[i] = scan_carry(step->builder, initial_state(step, i));
    Node *factor = recurrent_factor(step->builder, node, state_type(node));
    if (factor) step->state[0] = graph_multiply(step->body, step->state[0], factor);
}

// The products of the kernel with the inputs of all steps.
static Node *input_products(Graph *graph, const Node *node, Node *const *weights, Node *bias) {
    Node *input = dropped(graph, node, node->inputs[0]);
    input = graph_matmul(graph, input, weights[0], false);
    return bias ? graph_add(graph, input, bias_row(graph, bias, 0)) : input;
}

// At a step that does not count a layer gives what it gave before, and zeros before the first that
// counts, as Keras's. That is the state, unless it began with another one: then it is carried, too.
static Node *carry_given(ScanBuilder *builder, const Node *node) {
    bool begins_anew = recurrent_given(node) == 0 && !recurrent_keeps(builder->graph, node);
    if (!op_taken_mask(node) || begins_anew) return NULL;
    return scan_carry(builder, graph_filled(builder->graph, state_type(node), 0));
}

Recurrence recurrent_run(Graph *graph, const Node *node) {
    const Cell *cell = cell_of(node);
    Node *const *weights = node->inputs + 1 + recurrent_given(node);
    Node *bias = args_bool(node->args, "bias") ? weights[2] : NULL;
    Node *input = input_products(graph, node, weights, bias);
    ScanBuilder builder =
        scan_open(graph, input->type.dims[0], args_bool(node->args, "go_backwards"));
    Step step = {.node = node,
                 .builder = &builder,
                 .body = builder.scan->body,
                 .units = args_int(node->args, "units")};
    begin_states(&step, cell->states);
    Node *mask = op_taken_mask(node), *given = carry_given(&builder, node);
    step.input = scan_sequence(&builder, input);
    step.recurrent = graph_parameter_node(step.body, weights[1]->parameter);
    if (bias && bias->type.rank == 2) step.bias = scan_capture(&builder, bias_row(graph, bias, 1));
    Node *counts = mask ? scan_sequence(&builder, mask) : NULL;
    cell->run(&step);
    if (counts) keep_masked(&step, cell->states, counts);
    for (int i = 0; i < cell->states; i++) scan_carry_on(&builder, i, step.next[i]);
    bool keeps_steps = args_bool(node->args, "return_sequences");
    if (given) {
        given = graph_call(step.body, "where", (Node *[]){counts, step.next[0], given}, 3, NULL);
        scan_carry_on(&builder, cell->states, given);
    }
    if (keeps_steps) scan_stack(&builder, given ? given : step.next[0]);
    Node *scan = scan_close(&builder);
    Recurrence run = {.states = args_bool(node->args, "return_state") ? cell->states : 0};
    run.value = keeps_steps ? scan_stacked(graph, scan, 0)
                            : scan_final(graph, scan, given ? cell->states : 0);
    for (int i = 0; i < run.states; i++) run.state[i] = scan_final(graph, scan, i);
    for (int i = 0; i < cell->states; i++)
        if (step.kept[i]) graph_keep(graph, step.kept[i], scan_final(graph, scan, i));
    return run;
}

// Keras's, too, keeps the input's mask where the steps are given backwards.
static Node *recurrent_mask(Graph *graph, Node *node) {
    Node *mask = node->inputs[0]->mask;
    if (mask) op_take_mask(graph, node, mask);
    return args_bool(node->args, "return_sequences") ? mask : NULL;
}

Node *recurrent_reverse(Graph *graph, Node *sequence) {
    Args *args = graph_args(graph, "reverse");
    args_set_number(args, "axis", 0);
    return graph_call(graph, "reverse", &sequence, 1, args);
}

// Of a layer that goes backwards the first step given is the last one of the sequence, as Keras's.
static Node *recurrent_expand(Graph *graph, Node *node) {
    Recurrence run = recurrent_run(graph, node);
    bool is_turned =
        args_bool(node->args, "return_sequences") && args_bool(node->args, "go_backwards");
    graph_set_results(graph, node, run.state, run.states);
    return is_turned ? recurrent_reverse(graph, run.value) : run.value;
}

bool recurrent_is_stateful(const Node *node) {
    return args_bool(node->args, "stateful");
}

static int recurrent_results(const Node *node) {
    return args_bool(node->args, "return_state") ? 1 + cell_of(node)->states : 1;
}

static Type recurrent_result_type(const Node *node, int index) {
    return index ? state_type(node) : node->type;
}

// ---- Arguments.

#define UNITS                                                                                      \
    {.name = "units",                                                                              \
     .type = ARG_INT,                                                                              \
     .minimum = 1,                                                                                 \
     .maximum = MOST_UNITS,                                                                        \
     .doc = "how many numbers the state has"}
#define ACTIVATION(name_, default_, doc_)                                                          \
    {.name = (name_), .type = ARG_ACTIVATION, .default_text = (default_), .doc = (doc_)}
#define FLAG(name_, default_, doc_)                                                                \
    {.name = (name_), .type = ARG_BOOL, .default_text = (default_), .doc = (doc_)}
#define SHARE(name_, doc_)                                                                         \
    {.name = (name_),                                                                              \
     .type = ARG_FLOAT,                                                                            \
     .default_text = "0",                                                                          \
     .maximum = 1,                                                                                 \
     .maximum_open = true,                                                                         \
     .doc = (doc_)}
#define WEIGHTS                                                                                    \
    LAYER_BIAS, LAYER_KERNEL_INITIALIZER("kernel_initializer", "init", "how the kernel starts"),   \
        LAYER_INITIALIZER("recurrent_initializer", "orthogonal",                                   \
                          "how the recurrent kernel starts"),                                      \
        LAYER_INITIALIZER("bias_initializer", "zeros", "how the bias starts"),                     \
        LAYER_REGULARIZER("kernel_regularizer", "penalty on the kernel, added to the loss"),       \
        LAYER_REGULARIZER("recurrent_regularizer",                                                 \
                          "penalty on the recurrent kernel, added to the loss"),                   \
        LAYER_REGULARIZER("bias_regularizer", "penalty on the bias, added to the loss"),           \
        LAYER_CONSTRAINT("kernel_constraint", "what the kernel is kept to after each step"),       \
        LAYER_CONSTRAINT("recurrent_constraint",                                                   \
                         "what the recurrent kernel is kept to after each step"),                  \
        LAYER_CONSTRAINT("bias_constraint", "what the bias is kept to after each step")
#define SEQUENCE                                                                                   \
    FLAG("return_sequences", "false", "give the state after each step, not only after the last"),  \
        FLAG("return_state", "false", "give the states after the last step, too"),                 \
        FLAG("go_backwards", "false", "begin at the end of the sequence"),                         \
        FLAG("stateful", "false",                                                                  \
             "begin with the state that the batch before ended with, at the same place of it"),    \
        SHARE("dropout", "share of the inputs that are dropped, the same in all steps"),           \
        SHARE("recurrent_dropout", "share of the state that the recurrent product lacks")

static const ArgDef rnn_args[] = {
    UNITS, ACTIVATION("activation", "tanh", "function applied to the state"), SEQUENCE, WEIGHTS,
    {0},
};

static const ArgDef lstm_args[] = {
    UNITS,
    ACTIVATION("activation", "tanh", "function of the candidate and of what is given"),
    ACTIVATION("recurrent_activation", "sigmoid", "function of the gates"),
    SEQUENCE,
    FLAG("unit_forget_bias", "true", "forget gates begin open: their bias with 1"),
    WEIGHTS,
    {0},
};

static const ArgDef gru_args[] = {
    UNITS,
    ACTIVATION("activation", "tanh", "function of the candidate"),
    ACTIVATION("recurrent_activation", "sigmoid", "function of the gates"),
    SEQUENCE,
    FLAG("reset_after", "true", "the reset gate weighs the recurrent product, not the state"),
    WEIGHTS,
    {0},
};

#define RECURRENT(name_, states_)                                                                  \
    .surface = true, .keeps_states = recurrent_is_stateful,                                        \
    .not_in_cells = "it goes through a sequence of its own", .min_inputs = 1,                      \
    .max_inputs = 1 + (states_), .fuse = FUSE_COMPOSITE, .shape = recurrent_shape,                 \
    .parameters = name_##_parameters, .mask = recurrent_mask, .expand = recurrent_expand,          \
    .results = recurrent_results, .result_type = recurrent_result_type

const OpDef op_recurrent[] = {
    {.schema = {"rnn", "goes through a sequence with a state that each step renews", rnn_args,
                "SimpleRNN RNN"},
     RECURRENT(recurrent, 1)},
    {.schema = {"lstm", "goes through a sequence with gates that keep, forget and give a memory",
                lstm_args, "LSTM"},
     RECURRENT(lstm, 2)},
    {.schema = {"gru", "goes through a sequence with gates that keep or renew a state", gru_args,
                "GRU"},
     RECURRENT(recurrent, 1)},
    {.schema = {0}},
};

// In the order of the rows.
static const Cell cells[] = {
    {1, 1, false, rnn_step}, {4, 2, false, lstm_step}, {3, 1, true, gru_step}};

static const Cell *cell_of(const Node *node) {
    return &cells[node->op - op_recurrent];
}

int recurrent_states(const Node *node) {
    return cell_of(node)->states;
}
