// position_encoding: adds the sines and cosines of Vaswani et al. 2017, arXiv:1706.03762, to a
// sequence, which say where its numbers stand: KerasHub's SinePositionEncoding plus its input.
//   place p, column c of D: sin or cos (c odd) of p / max_wavelength^(2 floor(c / 2) / D)
#include "../layer/layer.h"

#include <math.h>

// ---- sinusoid: the numbers that are added, the same for all samples.

// The sine or cosine of so many turns. The slowest waves' sines are as small as their angles, and
// keep as many digits: only what is a whole number of turns is taken from them.
static Lane wave_of(LaneBuilder *b, Lane turns, Lane is_odd) {
    Lane half = lane_constant(b, 0.5), zero = lane_constant(b, 0);
    Lane rest = lane_subtract(b, turns, lane_floor(b, lane_add(b, turns, half)));
    Lane size = lane_absolute(b, rest);
    Lane folded = lane_minimum(b, size, lane_subtract(b, half, size));
    folded = lane_select(b, lane_less(b, rest, zero), lane_subtract(b, zero, folded), folded);
    Lane quarter = lane_subtract(b, lane_constant(b, 0.25), size);
    return lane_sin_turns(b, lane_select(b, lane_less(b, half, is_odd), quarter, folded));
}

// Angles are counted in turns.
static Lane sinusoid_lower(LaneBuilder *b, const Node *node, const Lane *inputs) {
    int64_t columns = type_last(&node->type);
    double rate = -2 * log(args_number(node->args, "max_wavelength")) / (double)columns;
    Lane column = lane_column(b), row = lane_row(b, node->type.dims[0]);
    Lane pair = lane_floor(b, lane_multiply(b, column, lane_constant(b, 0.5)));
    Lane is_odd = lane_fma(b, pair, lane_constant(b, -2), column);
    Lane turns = lane_exp(b, lane_multiply(b, pair, lane_constant(b, rate)));
    (void)inputs;
    turns = lane_multiply(b, lane_multiply(b, turns, lane_constant(b, 0.5 / M_PI)), row);
    return wave_of(b, turns, is_odd);
}

static double sinusoid_evaluate(const Node *node, const double *inputs, const EvalPoint *at) {
    int64_t columns = type_last(&node->type), row = at->element / columns;
    double exponent = 2 * (double)(at->column / 2) / (double)columns;
    double angle = (double)row / pow(args_number(node->args, "max_wavelength"), exponent);
    (void)inputs;
    return at->column % 2 ? cos(angle) : sin(angle);
}

#define WAVELENGTH                                                                                 \
    {.name = "max_wavelength",                                                                     \
     .type = ARG_FLOAT,                                                                            \
     .default_text = "10000",                                                                      \
     .minimum = 1,                                                                                 \
     .maximum = 1e9,                                                                               \
     .doc = "places after which the slowest wave would be back, times 2 pi"}

// ---- position_encoding

static bool encoding_shape(Graph *graph, Node *node) {
    const Type *x = &node->inputs[0]->type;
    if (x->rank == 2) return op_shape_same(graph, node);
    op_shape_error(graph, node,
                   "position_encoding expects a sequence [places, numbers], but this value is %s",
                   shape_text(graph->arena, x));
    op_shape_help(graph, "`embedding` makes a sequence of tokens, `reshape` of other values");
    return false;
}

static Node *encoding_expand(Graph *graph, Node *node) {
    Args *args = graph_args(graph, "sinusoid");
    args_copy_common(args, node->args);
    Type type = type_make(DTYPE_F32, false, 2, node->type.dims);
    return graph_add(graph, node->inputs[0], graph_generate(graph, "sinusoid", type, args));
}

static const ArgDef encoding_args[] = {WAVELENGTH, {0}};

const OpDef op_encoding[] = {
    {.schema = {"position_encoding", "adds sines and cosines of each place to a sequence",
                encoding_args, "SinePositionEncoding"},
     .surface = true,
     .min_inputs = 1,
     .max_inputs = 1,
     .fuse = FUSE_COMPOSITE,
     .shape = encoding_shape,
     .mask = op_mask_same,
     .expand = encoding_expand},
    {.schema = {"sinusoid", "computes sines and cosines of places", encoding_args, NULL},
     .is_slow = true,
     .reads_column = true,
     .fuse = FUSE_ELEMENTWISE,
     .shape = op_shape_given,
     .no_gradient = "it has no inputs",
     .flops = op_flops_elements,
     .lower = sinusoid_lower,
     .evaluate_element = sinusoid_evaluate},
    {.schema = {0}},
};
