// Dropout: while training, drops each number with probability `rate` and scales the others by
// 1 / (1 - rate), so that the expected value stays (inverted dropout, as Keras's Dropout layer);
// outside training it does nothing.
//
// The mask is an operator of its own, without inputs: a function of the seed, the step, a stream
// number and the element's place. Forward and backward pass can therefore make it anew instead of
// keeping it.
#include "op.h"
#include "random.h"

static Node *dropout_inference(Graph *graph, Node *node) {
    (void)graph;
    return node->inputs[0];
}

// A number that no other mask of the graph has.
static int free_stream(const Graph *graph) {
    int count = 0;
    for (int i = 0; i < graph->nodes.count; i++)
        count += node_is(graph->nodes.items[i], "dropout_mask");
    return count;
}

static Node *dropout_expand(Graph *graph, Node *node) {
    Node *x = node->inputs[0];
    double rate = args_number(node->args, "rate");
    if (rate == 0) return x;
    Args *args = graph_args(graph, "dropout_mask");
    args_set_number(args, "rate", rate);
    args_set_number(args, "stream", free_stream(graph));
    return graph_multiply(graph, x, graph_generate(graph, "dropout_mask", node->type, args));
}

// What a number that is kept is multiplied by.
static double kept_scale(double rate) {
    return rate < 1 ? 1 / (1 - rate) : 0;
}

static Lane mask_lower(LaneBuilder *b, const Node *node, const Lane *inputs) {
    (void)inputs;
    double rate = args_number(node->args, "rate");
    Lane uniform = lane_random(b, (uint32_t)args_int(node->args, "stream"));
    LaneMask is_dropped = lane_less(b, uniform, lane_constant(b, rate));
    return lane_select(b, is_dropped, lane_constant(b, 0), lane_constant(b, kept_scale(rate)));
}

static double mask_evaluate(const Node *node, const double *inputs, const EvalPoint *at) {
    (void)inputs;
    double rate = args_number(node->args, "rate");
    uint32_t stream = (uint32_t)args_int(node->args, "stream");
    uint32_t keys[2];
    random_keys(at->context->seed, stream, keys);
    float uniform = random_uniform(keys, (uint32_t)at->element);
    return uniform < (float)rate ? 0 : kept_scale(rate);
}

#define RATE(default_value, text)                                                                  \
    {.name = "rate",                                                                               \
     .type = ARG_FLOAT,                                                                            \
     .default_text = (default_value),                                                              \
     .maximum = 1,                                                                                 \
     .doc = (text)}

static const ArgDef dropout_args[] = {
    RATE(NULL, "share of the numbers that are dropped"),
    {0},
};

static const ArgDef mask_args[] = {
    RATE("0", "share of zeros"),
    {.name = "stream", .type = ARG_INT, .default_text = "0", .doc = "which random numbers"},
    {0},
};

const OpDef op_dropout[] = {
    {.schema = {"dropout", "drops numbers at random while training", dropout_args, "Dropout"},
     .surface = true,
     .min_inputs = 1,
     .max_inputs = 1,
     .fuse = FUSE_COMPOSITE,
     .shape = op_shape_same,
     .expand = dropout_expand,
     .inference = dropout_inference},
    {.schema = {"dropout_mask", "draws 0 with probability `rate`, else 1 / (1 - rate)", mask_args,
                NULL},
     .fuse = FUSE_ELEMENTWISE,
     .shape = op_shape_given,
     .no_gradient = "it has no inputs",
     .flops = op_flops_elements,
     .lower = mask_lower,
     .evaluate_element = mask_evaluate},
    {.schema = {0}},
};
