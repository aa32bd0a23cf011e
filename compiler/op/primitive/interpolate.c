// Linear interpolation along one axis of a picture that becomes `size` times as long: cells have
// their centres at (i + 1/2) / size - 1/2 of the input's cells, and what is beyond the first and
// the last centre is theirs. As tf.image.resize(method = "bilinear"), which Keras's UpSampling2D
// calls.
//
// In halves of a new cell: t = 2 i + 1 + size is the distance of a centre from that of the old cell
// -1, and 2 size is an old cell. So the cell before the centre is t / (2 size) - 1, and the
// remainder says how far it is to the next one. An old cell j is near to 2 size new ones, from j
// size - floor((size + 1) / 2) on.
#include "../layer/layer.h"
#include "../window.h"

#include <math.h>

static int axis_of(const Node *node) {
    return (int)args_int(node->args, "axis");
}

static int64_t size_of(const Node *node) {
    return args_int(node->args, "size");
}

// Where the elements of a value stand along the axis: [outer][extent][inner].
static int64_t inner_of(const Type *type, int axis) {
    int64_t inner = 1;
    for (int i = axis + 1; i < type->rank; i++) inner *= type->dims[i];
    return inner;
}

static Node *along(Graph *graph, const char *op, Node *x, const Node *node) {
    Args *args = graph_args(graph, op);
    args_set_number(args, "axis", axis_of(node));
    args_set_number(args, "size", (double)size_of(node));
    return graph_call(graph, op, &x, 1, args);
}

// ---- interpolate

static bool interpolate_shape(Graph *graph, Node *node) {
    if (axis_of(node) >= node->inputs[0]->type.rank - 1)
        return op_shape_error(graph, node, "interpolate does not fit %s",
                              type_text(graph->arena, &node->inputs[0]->type));
    op_shape_same(graph, node);
    node->type.dims[axis_of(node)] *= size_of(node);
    return true;
}

static void interpolate_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    dinputs[0] = along(graph, "interpolate_back", dy, node);
}

static int64_t limited(int64_t cell, int64_t count) {
    return cell < 0 ? 0 : cell < count ? cell : count - 1;
}

static void interpolate_evaluate(const Node *node, const EvalTensor *inputs, EvalTensor *output,
                                 const EvalContext *context) {
    const Type *from = &node->inputs[0]->type;
    int axis = axis_of(node);
    int64_t inner = inner_of(from, axis), count = from->dims[axis], size = size_of(node);
    (void)context;
    for (int64_t i = 0; i < output->rows * output->size; i++) {
        int64_t outer = i / inner / (count * size), place = i / inner % (count * size);
        double centre = ((double)place + 0.5) / (double)size - 0.5, before = floor(centre);
        const double *x = inputs[0].data + outer * count * inner + i % inner;
        double low = x[limited((int64_t)before, count) * inner];
        double high = x[limited((int64_t)before + 1, count) * inner];
        output->data[i] = low + (high - low) * (centre - before);
    }
}

static Lane fetch_at(LaneBuilder *b, Node *node, LanePlace place, Lane outside) {
    LanePlace places[SHAPE_MAX_RANK];
    for (int i = 0; i < node->type.rank; i++)
        places[i] = i == axis_of(node) ? place : lane_place(b, i);
    return lane_fetch(b, node, 0, places, outside);
}

static Lane interpolate_gather(LaneBuilder *b, Node *node) {
    int64_t size = size_of(node), last = node->inputs[0]->type.dims[axis_of(node)] - 1;
    LanePlace twice = lane_place_multiply(b, lane_place(b, axis_of(node)), 2);
    LanePlace distance = lane_place_add(b, twice, lane_place_number(b, 1 + size));
    LanePlace after = lane_place_divide(b, distance, 2 * size);
    LanePlace before = lane_place_add(b, after, lane_place_number(b, -1));
    Lane share = lane_multiply(b, lane_place_value(b, lane_place_remainder(b, distance, 2 * size)),
                               lane_constant(b, 0.5 / (double)size));
    Lane low = fetch_at(b, node, lane_place_maximum(b, before, 0), NULL);
    Lane high = fetch_at(b, node, lane_place_minimum(b, after, last), NULL);
    return lane_fma(b, lane_subtract(b, high, low), share, low);
}

// ---- interpolate_back: the sum of what new cells give to each old one.

static bool back_shape(Graph *graph, Node *node) {
    int axis = axis_of(node);
    op_shape_same(graph, node);
    if (axis >= node->type.rank - 1 || node->type.dims[axis] % size_of(node) != 0)
        return op_shape_error(graph, node, "interpolate_back does not fit %s",
                              type_text(graph->arena, &node->inputs[0]->type));
    node->type.dims[axis] /= size_of(node);
    return true;
}

static void back_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    dinputs[0] = along(graph, "interpolate", dy, node);
}

static void back_evaluate(const Node *node, const EvalTensor *inputs, EvalTensor *output,
                          const EvalContext *context) {
    int axis = axis_of(node);
    int64_t inner = inner_of(&node->type, axis), count = node->type.dims[axis];
    int64_t size = size_of(node);
    (void)context;
    for (int64_t i = 0; i < output->rows * output->size; i++) output->data[i] = 0;
    for (int64_t i = 0; i < inputs[0].rows * inputs[0].size; i++) {
        int64_t outer = i / inner / (count * size), place = i / inner % (count * size);
        double centre = ((double)place + 0.5) / (double)size - 0.5, before = floor(centre);
        double *dx = output->data + outer * count * inner + i % inner;
        dx[limited((int64_t)before, count) * inner] += inputs[0].data[i] * (1 - centre + before);
        dx[limited((int64_t)before + 1, count) * inner] += inputs[0].data[i] * (centre - before);
    }
}

// The new cells around the old one at the position.
typedef struct Around {
    Node *node;
    LanePlace cell, first; // the old one, the first new one
    int64_t offset;        // of the first one's centre, in halves of a new cell
} Around;

// A tent; before the first centre and behind the last all of it.
static Lane weight_of(LaneBuilder *b, const Around *around, LanePlace index) {
    int64_t size = size_of(around->node), count = around->node->type.dims[axis_of(around->node)];
    LanePlace halves =
        lane_place_add(b, lane_place_multiply(b, index, 2), lane_place_number(b, around->offset));
    Lane distance =
        lane_multiply(b, lane_place_value(b, halves), lane_constant(b, 0.5 / (double)size));
    Lane one = lane_constant(b, 1);
    Lane tent = lane_subtract(b, one, lane_absolute(b, distance));
    LaneTruth is_first = lane_truth_and(b, lane_place_within(b, around->cell, 0, 1),
                                        lane_place_within(b, halves, INT32_MIN, 0));
    LaneTruth is_last = lane_truth_and(b, lane_place_within(b, around->cell, count - 1, count),
                                       lane_place_within(b, halves, 0, INT32_MAX));
    return lane_choose(b, is_first, one, lane_choose(b, is_last, one, tent));
}

static void add_new_cell(LaneBuilder *b, LanePlace index, Lane *carried, void *state) {
    const Around *around = state;
    LanePlace place = lane_place_add(b, around->first, index);
    Lane value = fetch_at(b, around->node, place, lane_constant(b, 0));
    carried[0] = lane_fma(b, value, weight_of(b, around, index), carried[0]);
}

static Lane back_gather(LaneBuilder *b, Node *node) {
    int64_t size = size_of(node), reach = (size + 1) / 2;
    Lane sum = lane_constant(b, 0);
    Around around = {.node = node, .cell = lane_place(b, axis_of(node))};
    around.first =
        lane_place_add(b, lane_place_multiply(b, around.cell, size), lane_place_number(b, -reach));
    around.offset = 1 - size - 2 * reach;
    lane_repeat(b, 2 * size, &sum, 1, add_new_cell, &around);
    return sum;
}

// ---- upsample_nearest: every cell becomes a block of equal ones.

static bool upsample_shape(Graph *graph, Node *node) {
    const Type *x = &node->inputs[0]->type;
    int64_t size[2];
    if (x->rank != 3 || !window_numbers(node->args, "size", size, 2))
        return op_shape_error(graph, node, "upsample_nearest does not fit %s",
                              type_text(graph->arena, x));
    node->type = type_make(DTYPE_F32, x->batched, 3,
                           (int64_t[]){x->dims[0] * size[0], x->dims[1] * size[1], x->dims[2]});
    return true;
}

// The sum of each block: its mean times its cells.
static void upsample_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    const ArgValue *size = args_get(node->args, "size");
    Args *args = graph_args(graph, "pool_average");
    args_set_numbers(args, graph->arena, "size", size->numbers, 2);
    args_set_numbers(args, graph->arena, "stride", size->numbers, 2);
    Node *mean = graph_call(graph, "pool_average", &dy, 1, args);
    dinputs[0] = graph_scale(graph, mean, size->numbers[0] * size->numbers[1]);
}

static void upsample_evaluate(const Node *node, const EvalTensor *inputs, EvalTensor *output,
                              const EvalContext *context) {
    const int64_t *from = node->inputs[0]->type.dims, *to = node->type.dims;
    int64_t size[2] = {1, 1};
    (void)context;
    window_numbers(node->args, "size", size, 2);
    for (int64_t i = 0; i < output->rows * output->size; i++) {
        int64_t c = i % to[2], w = i / to[2] % to[1], h = i / to[2] / to[1];
        // The rows of the next sample follow, and their number divides too.
        output->data[i] = inputs[0].data[(h / size[0] * from[1] + w / size[1]) * from[2] + c];
    }
}

static Lane upsample_gather(LaneBuilder *b, Node *node) {
    int64_t size[2] = {1, 1};
    window_numbers(node->args, "size", size, 2);
    LanePlace places[] = {lane_place_divide(b, lane_place(b, 0), size[0]),
                          lane_place_divide(b, lane_place(b, 1), size[1]), lane_place(b, 2)};
    return lane_fetch(b, node, 0, places, NULL);
}

// ---- Rows.

static const ArgDef interpolate_args[] = {
    {.name = "axis",
     .type = ARG_INT,
     .minimum = 0,
     .maximum = SHAPE_MAX_RANK - 2,
     .doc = "the dimension, from 0, without the batch; not the last"},
    {.name = "size",
     .type = ARG_INT,
     .minimum = 1,
     .maximum = INT32_MAX,
     .doc = "how many new cells an old one becomes"},
    {0},
};

static const ArgDef upsample_args[] = {
    WINDOW_PAIR("size", NULL, "rows and columns of a block"),
    {0},
};

#define INTERPOLATION(name_)                                                                       \
    .min_inputs = 1, .max_inputs = 1, .fuse = FUSE_GATHER, .shape = name_##_shape,                 \
    .gradient = name_##_gradient, .flops = op_flops_elements, .evaluate = name_##_evaluate,        \
    .gather = name_##_gather

const OpDef op_interpolate[] = {
    {.schema = {"interpolate", "makes an axis longer, linear between the centres of cells",
                interpolate_args, NULL},
     INTERPOLATION(interpolate)},
    {.schema = {"interpolate_back",
                "sums what new cells give to old ones: the gradient of "
                "interpolate",
                interpolate_args, NULL},
     INTERPOLATION(back)},
    {.schema = {"upsample_nearest", "repeats each cell of a picture in a block", upsample_args,
                NULL},
     .min_inputs = 1,
     .max_inputs = 1,
     .fuse = FUSE_GATHER,
     .shape = upsample_shape,
     .gradient = upsample_gradient,
     .flops = op_flops_none,
     .evaluate = upsample_evaluate,
     .gather = upsample_gather},
    {.schema = {0}},
};
