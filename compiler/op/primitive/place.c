// Values in other places: padding and cropping, other orders of dimensions, values side
// by side and parts of values. Nothing is computed, so each gradient is another of these rows.
#include "../layer/layer.h"
#include "../window.h"

static void clear(EvalTensor *tensor) {
    for (int64_t i = 0; i < tensor->rows * tensor->size; i++) tensor->data[i] = 0;
}

// ---- pad_zeros: rows and columns of zeros around a picture; negative ones are cut off.

static bool pad_shape(Graph *graph, Node *node) {
    const Type *x = &node->inputs[0]->type;
    int64_t amount[4] = {0};
    bool fits = x->rank == 3 && window_numbers(node->args, "amount", amount, 4);
    int64_t height = x->dims[0] + amount[0] + amount[1], width = x->dims[1] + amount[2] + amount[3];
    if (!fits || height < 1 || width < 1)
        return op_shape_error(graph, node, "pad_zeros does not fit %s", type_text(graph->arena, x));
    node->type = type_make(DTYPE_F32, x->batched, 3, (int64_t[]){height, width, x->dims[2]});
    return true;
}

static void pad_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    const ArgValue *amount = args_get(node->args, "amount");
    double negated[4];
    for (int i = 0; i < 4; i++) negated[i] = -amount->numbers[i];
    Args *args = graph_args(graph, "pad_zeros");
    args_set_numbers(args, graph->arena, "amount", negated, 4);
    dinputs[0] = graph_call(graph, "pad_zeros", &dy, 1, args);
}

// Rows of all samples are walked as one picture's.
static void pad_evaluate(const Node *node, const EvalTensor *inputs, EvalTensor *output,
                         const EvalContext *context) {
    const int64_t *from = node->inputs[0]->type.dims, *to = node->type.dims;
    int64_t amount[4] = {0};
    (void)context;
    window_numbers(node->args, "amount", amount, 4);
    clear(output);
    for (int64_t i = 0; i < output->rows * output->size; i++) {
        int64_t c = i % to[2], w = i / to[2] % to[1] - amount[2];
        int64_t h = i / to[2] / to[1] % to[0] - amount[0], row = i / output->size;
        if (h >= 0 && h < from[0] && w >= 0 && w < from[1])
            output->data[i] =
                inputs[0].data[row * inputs[0].size + (h * from[1] + w) * from[2] + c];
    }
}

static LanePlace moved(LaneBuilder *b, int dimension, int64_t distance) {
    return lane_place_add(b, lane_place(b, dimension), lane_place_number(b, distance));
}

static Lane pad_gather(LaneBuilder *b, Node *node) {
    int64_t amount[4] = {0};
    window_numbers(node->args, "amount", amount, 4);
    LanePlace places[] = {moved(b, 0, -amount[0]), moved(b, 1, -amount[2]), lane_place(b, 2)};
    return lane_fetch(b, node, 0, places, lane_constant(b, 0));
}

// ---- permute

static bool permute_report(Graph *graph, Node *node) {
    const Type *x = &node->inputs[0]->type;
    const ArgValue *dims = args_get(node->args, "dims");
    bool has_batch = false;
    for (int i = 0; i < dims->count; i++) has_batch = has_batch || dims->numbers[i] == 0;
    if (has_batch)
        op_shape_error(graph, node, "dimension 0 is the batch, which stays the first");
    else
        op_shape_error(graph, node, "permute needs each dimension of %s once",
                       type_text(graph->arena, x));
    Text order = text_create(graph->arena);
    for (int i = x->rank; i > 0; i--) text_format(&order, i > 1 ? "%d, " : "%d", i);
    op_shape_help(
        graph, "write the dimensions from 1 (0 is the batch) to %d in another order: permute(%s)",
        x->rank, order.data);
    return false;
}

// Dimensions counted from the end become those from 1.
static void set_dims(Graph *graph, Node *node) {
    const ArgValue *order = args_get(node->args, "dims");
    double dims[SHAPE_MAX_RANK];
    int rank = node->inputs[0]->type.rank, negative = 0;
    for (int i = 0; i < order->count && i < SHAPE_MAX_RANK; i++) {
        negative += order->numbers[i] < 0;
        dims[i] = order->numbers[i] < 0 ? order->numbers[i] + rank + 1 : order->numbers[i];
    }
    if (!negative || order->count != rank) return;
    Args *args = args_default(graph->arena, node->args->schema);
    args_set_numbers(args, graph->arena, "dims", dims, rank);
    node->args = args;
}

static bool permute_shape(Graph *graph, Node *node) {
    const Type *x = &node->inputs[0]->type;
    set_dims(graph, node);
    const ArgValue *order = args_get(node->args, "dims");
    bool taken[SHAPE_MAX_RANK] = {false};
    if (order->count != x->rank) return permute_report(graph, node);
    node->type = type_make(DTYPE_F32, x->batched, x->rank, x->dims);
    for (int i = 0; i < x->rank; i++) {
        int from = (int)order->numbers[i] - 1;
        if (from < 0 || from >= x->rank || taken[from]) return permute_report(graph, node);
        taken[from] = true;
        node->type.dims[i] = x->dims[from];
    }
    return true;
}

static void permute_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    const ArgValue *order = args_get(node->args, "dims");
    double inverse[SHAPE_MAX_RANK];
    for (int i = 0; i < order->count; i++) inverse[(int)order->numbers[i] - 1] = i + 1;
    Args *args = graph_args(graph, "permute");
    args_set_numbers(args, graph->arena, "dims", inverse, order->count);
    dinputs[0] = graph_call(graph, "permute", &dy, 1, args);
}

// Where an element of a permuted sample comes from.
static int64_t permuted_place(const Node *node, int64_t place) {
    const Type *from = &node->inputs[0]->type;
    const ArgValue *order = args_get(node->args, "dims");
    int64_t strides[SHAPE_MAX_RANK] = {0}, stride = 1, at = 0;
    for (int i = from->rank - 1; i >= 0; i--) {
        strides[i] = stride;
        stride *= from->dims[i];
    }
    for (int i = from->rank - 1; i >= 0; i--) {
        at += place % node->type.dims[i] * strides[(int)order->numbers[i] - 1];
        place /= node->type.dims[i];
    }
    return at;
}

static void permute_evaluate(const Node *node, const EvalTensor *inputs, EvalTensor *output,
                             const EvalContext *context) {
    (void)context;
    for (int64_t row = 0; row < output->rows; row++)
        for (int64_t i = 0; i < output->size; i++)
            output->data[row * output->size + i] =
                inputs[0].data[row * output->size + permuted_place(node, i)];
}

static Lane permute_gather(LaneBuilder *b, Node *node) {
    const ArgValue *order = args_get(node->args, "dims");
    LanePlace places[SHAPE_MAX_RANK];
    for (int i = 0; i < order->count; i++) places[(int)order->numbers[i] - 1] = lane_place(b, i);
    return lane_fetch(b, node, 0, places, NULL);
}

static bool permute_moves_lanes(const Node *node, int lanes) {
    const ArgValue *order = args_get(node->args, "dims");
    return lanes > 1 && order->numbers[order->count - 1] != order->count;
}

// ---- Along one dimension: concat, slice, unslice. A value is [outer][extent][inner] there.

static int64_t inner_of(const Type *type, int64_t axis) {
    int64_t inner = 1;
    for (int i = (int)axis + 1; i < type->rank; i++) inner *= type->dims[i];
    return inner;
}

// A part of a dimension: `count` places from `begin` on, `step` apart.
typedef struct Part {
    int64_t begin, step;
} Part;

// Copies `count` places of a part of `from` to one of `to`.
static void copy_along(int64_t axis, const Type *from_type, const EvalTensor *from, Part from_part,
                       const Type *to_type, EvalTensor *to, Part to_part, int64_t count) {
    int64_t inner = inner_of(to_type, axis);
    int64_t from_step = from_type->dims[axis] * inner, to_step = to_type->dims[axis] * inner;
    for (int64_t outer = 0; outer < to->rows * to->size / to_step; outer++)
        for (int64_t i = 0; i < count * inner; i++) {
            int64_t at = to_part.begin + i / inner * to_part.step;
            int64_t origin = from_part.begin + i / inner * from_part.step;
            to->data[outer * to_step + at * inner + i % inner] =
                from->data[outer * from_step + origin * inner + i % inner];
        }
}

static Node *along(Graph *graph, const char *op, Node *x, int64_t axis, Part part,
                   const char *length, int64_t count) {
    Args *args = graph_args(graph, op);
    args_set_number(args, "axis", (double)axis);
    args_set_number(args, "begin", (double)part.begin);
    args_set_number(args, "step", (double)part.step);
    args_set_number(args, length, (double)count);
    return graph_call(graph, op, &x, 1, args);
}

// The argument of the layer counts from 1, those of slice and unslice from 0.
static int64_t concat_axis(const Node *node) {
    return args_int(node->args, "axis") - 1;
}

static bool report_joint(Graph *graph, Node *node, const Type *first, const Type *other) {
    op_shape_error(graph, node, "concat cannot join %s and %s", type_text(graph->arena, first),
                   type_text(graph->arena, other));
    op_shape_note(graph, "all dimensions but number %lld, along which values are joined, are equal",
                  (long long)args_int(node->args, "axis"));
    return false;
}

// An axis counted from the end becomes the one from 1.
static bool set_axis(Graph *graph, Node *node) {
    int axis;
    double number = args_number(node->args, "axis");
    if (!layer_axis(graph, node, number, &axis)) return false;
    if (number >= 0) return true;
    Args *args = args_default(graph->arena, node->args->schema);
    args_copy_common(args, node->args);
    args_set_number(args, "axis", axis + 1);
    node->args = args;
    return true;
}

static bool concat_shape(Graph *graph, Node *node) {
    const Type *first = &node->inputs[0]->type;
    if (!set_axis(graph, node)) return false;
    int64_t axis = concat_axis(node), extent = 0;
    for (int i = 0; i < node->input_count; i++) {
        const Type *other = &node->inputs[i]->type;
        bool fits = other->rank == first->rank && other->batched == first->batched;
        for (int k = 0; fits && k < first->rank; k++)
            fits = k == axis || other->dims[k] == first->dims[k];
        if (!fits) return report_joint(graph, node, first, other);
        extent += other->dims[axis];
    }
    op_shape_same(graph, node);
    node->type.dims[axis] = extent;
    return true;
}

// Along the steps the masks are joined, where one may have none; else a step counts where it does
// in one of the values.
static Node *concat_mask(Graph *graph, Node *node) {
    bool has_mask = false;
    for (int i = 0; i < node->input_count; i++) has_mask = has_mask || node->inputs[i]->mask;
    if (!has_mask) return NULL;
    if (concat_axis(node) > 0) return op_mask_of_any(graph, node->inputs, node->input_count);
    Node *masks[node->input_count + 1];
    for (int i = 0; i < node->input_count; i++) {
        Type type = type_make(DTYPE_F32, true, 1, node->inputs[i]->type.dims);
        masks[i] = node->inputs[i]->mask;
        if (!masks[i]) masks[i] = graph_broadcast(graph, graph_constant(graph, 1), type);
    }
    return graph_call(graph, "concat", masks, node->input_count, NULL);
}

static void concat_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    int64_t axis = concat_axis(node), begin = 0;
    for (int i = 0; i < node->input_count; i++) {
        int64_t count = node->inputs[i]->type.dims[axis];
        dinputs[i] = along(graph, "slice", dy, axis, (Part){begin, 1}, "count", count);
        begin += count;
    }
}

static void concat_evaluate(const Node *node, const EvalTensor *inputs, EvalTensor *output,
                            const EvalContext *context) {
    int64_t axis = concat_axis(node), begin = 0;
    (void)context;
    for (int i = 0; i < node->input_count; i++) {
        const Type *from = &node->inputs[i]->type;
        copy_along(axis, from, &inputs[i], (Part){0, 1}, &node->type, output, (Part){begin, 1},
                   from->dims[axis]);
        begin += from->dims[axis];
    }
}

// An input's element at the position moved along the axis; `outside` where it has none.
static Lane fetch_along(LaneBuilder *b, Node *node, int input, int64_t axis, int64_t distance,
                        Lane outside) {
    LanePlace places[SHAPE_MAX_RANK];
    for (int i = 0; i < node->type.rank; i++)
        places[i] = i == axis ? moved(b, i, distance) : lane_place(b, i);
    return lane_fetch(b, node, input, places, outside);
}

static Lane concat_gather(LaneBuilder *b, Node *node) {
    int64_t axis = concat_axis(node), begin = 0;
    Lane value = NULL;
    for (int i = 0; i < node->input_count; i++) {
        int64_t end = begin + node->inputs[i]->type.dims[axis];
        Lane part = fetch_along(b, node, i, axis, -begin, NULL);
        LaneTruth is_here = lane_place_within(b, lane_place(b, (int)axis), begin, end);
        value = value ? lane_choose(b, is_here, part, value) : part;
        begin = end;
    }
    return value;
}

// Vectors along the last dimension have elements of one input only if its parts are whole vectors.
static bool concat_moves_lanes(const Node *node, int lanes) {
    int64_t axis = concat_axis(node);
    for (int i = 0; i < node->input_count && axis == node->type.rank - 1; i++)
        if (node->inputs[i]->type.dims[axis] % lanes != 0) return true;
    return false;
}

// ---- slice: places from `begin` on, `step` apart; unslice puts them back among zeros.

static Part part_of(const Node *node) {
    return (Part){args_int(node->args, "begin"), args_int(node->args, "step")};
}

static Lane slice_gather(LaneBuilder *b, Node *node) {
    int64_t axis = args_int(node->args, "axis");
    Part part = part_of(node);
    LanePlace places[SHAPE_MAX_RANK];
    for (int i = 0; i < node->type.rank; i++) places[i] = lane_place(b, i);
    LanePlace steps = lane_place_multiply(b, places[axis], part.step);
    places[axis] = lane_place_add(b, steps, lane_place_number(b, part.begin));
    return lane_fetch(b, node, 0, places, NULL);
}

// Places before the part are far behind it where the division has no sign.
static Lane unslice_gather(LaneBuilder *b, Node *node) {
    int64_t axis = args_int(node->args, "axis");
    Part part = part_of(node);
    if (part.step == 1) return fetch_along(b, node, 0, axis, -part.begin, lane_constant(b, 0));
    LanePlace places[SHAPE_MAX_RANK];
    for (int i = 0; i < node->type.rank; i++) places[i] = lane_place(b, i);
    LanePlace distance = moved(b, (int)axis, -part.begin);
    LaneTruth is_hit = lane_place_within(b, lane_place_remainder(b, distance, part.step), 0, 1);
    places[axis] = lane_place_divide(b, distance, part.step);
    Lane zero = lane_constant(b, 0);
    return lane_choose(b, is_hit, lane_fetch(b, node, 0, places, zero), zero);
}

static bool slice_moves_lanes(const Node *node, int lanes) {
    return lanes > 1 && args_int(node->args, "axis") == node->type.rank - 1 &&
           args_int(node->args, "step") != 1;
}

static bool unslice_moves_lanes(const Node *node, int lanes) {
    int64_t axis = args_int(node->args, "axis"), begin = args_int(node->args, "begin");
    int64_t count = node->inputs[0]->type.dims[axis];
    if (axis != node->type.rank - 1) return false;
    bool is_spread = lanes > 1 && args_int(node->args, "step") != 1;
    return is_spread || begin % lanes != 0 || count % lanes != 0;
}

// The dimension of the result is `own`, where `count` places of the part are in both values.
static bool part_shape(Graph *graph, Node *node, int64_t whole, int64_t count, int64_t own) {
    int64_t axis = args_int(node->args, "axis");
    Part part = part_of(node);
    if (part.begin + (count - 1) * part.step >= whole)
        return op_shape_error(graph, node, "%s does not fit %s", node->op->schema.name,
                              type_text(graph->arena, &node->inputs[0]->type));
    op_shape_same(graph, node);
    node->type.dims[axis] = own;
    return true;
}

static bool slice_shape(Graph *graph, Node *node) {
    const Type *x = &node->inputs[0]->type;
    int64_t axis = args_int(node->args, "axis"), count = args_int(node->args, "count");
    return part_shape(graph, node, axis < x->rank ? x->dims[axis] : 0, count, count);
}

static bool unslice_shape(Graph *graph, Node *node) {
    const Type *x = &node->inputs[0]->type;
    int64_t axis = args_int(node->args, "axis"), extent = args_int(node->args, "extent");
    return part_shape(graph, node, axis < x->rank ? extent : 0, x->dims[axis], extent);
}

static void slice_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    int64_t axis = args_int(node->args, "axis");
    int64_t extent = node->inputs[0]->type.dims[axis];
    dinputs[0] = along(graph, "unslice", dy, axis, part_of(node), "extent", extent);
}

static void unslice_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    int64_t axis = args_int(node->args, "axis");
    int64_t count = node->inputs[0]->type.dims[axis];
    dinputs[0] = along(graph, "slice", dy, axis, part_of(node), "count", count);
}

static void slice_evaluate(const Node *node, const EvalTensor *inputs, EvalTensor *output,
                           const EvalContext *context) {
    int64_t axis = args_int(node->args, "axis");
    (void)context;
    copy_along(axis, &node->inputs[0]->type, inputs, part_of(node), &node->type, output,
               (Part){0, 1}, node->type.dims[axis]);
}

static void unslice_evaluate(const Node *node, const EvalTensor *inputs, EvalTensor *output,
                             const EvalContext *context) {
    int64_t axis = args_int(node->args, "axis");
    const Type *from = &node->inputs[0]->type;
    (void)context;
    clear(output);
    copy_along(axis, from, inputs, (Part){0, 1}, &node->type, output, part_of(node),
               from->dims[axis]);
}

// ---- reverse: the places of a dimension from the last to the first.

static bool reverse_shape(Graph *graph, Node *node) {
    return op_shape_same(graph, node);
}

static void reverse_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    dinputs[0] = graph_call(graph, "reverse", &dy, 1, node->args);
}

static void reverse_evaluate(const Node *node, const EvalTensor *inputs, EvalTensor *output,
                             const EvalContext *context) {
    int64_t axis = args_int(node->args, "axis"), count = node->type.dims[axis];
    (void)context;
    copy_along(axis, &node->type, inputs, (Part){count - 1, -1}, &node->type, output, (Part){0, 1},
               count);
}

static Lane reverse_gather(LaneBuilder *b, Node *node) {
    int64_t axis = args_int(node->args, "axis");
    LanePlace places[SHAPE_MAX_RANK];
    for (int i = 0; i < node->type.rank; i++) places[i] = lane_place(b, i);
    LanePlace last = lane_place_number(b, node->type.dims[axis] - 1);
    places[axis] = lane_place_add(b, last, lane_place_multiply(b, places[axis], -1));
    return lane_fetch(b, node, 0, places, NULL);
}

static bool reverse_moves_lanes(const Node *node, int lanes) {
    return lanes > 1 && args_int(node->args, "axis") == node->type.rank - 1;
}

// ---- Which dimensions of an input keep their places.

static int pad_kept(const Node *node, int input, int axis) {
    (void)node, (void)input;
    return axis == 2 ? axis : -1;
}

static int permute_kept(const Node *node, int input, int axis) {
    const ArgValue *order = args_get(node->args, "dims");
    (void)input;
    for (int i = 0; i < order->count; i++)
        if ((int)order->numbers[i] == axis + 1) return i;
    return -1;
}

static int concat_kept(const Node *node, int input, int axis) {
    (void)input;
    return axis == concat_axis(node) ? -1 : axis;
}

static int others_kept(const Node *node, int input, int axis) {
    (void)input;
    return axis == args_int(node->args, "axis") ? -1 : axis;
}

static int64_t slice_single_place(const Node *node, int axis) {
    bool is_one = axis == args_int(node->args, "axis") && node->type.dims[axis] == 1;
    return is_one ? args_int(node->args, "begin") : -1;
}

#define AXIS                                                                                       \
    {.name = "axis",                                                                               \
     .type = ARG_INT,                                                                              \
     .minimum = 0,                                                                                 \
     .maximum = SHAPE_MAX_RANK - 1,                                                                \
     .doc = "the dimension, from 0, without the batch"}
#define STEP                                                                                       \
    {.name = "step",                                                                               \
     .type = ARG_INT,                                                                              \
     .default_text = "1",                                                                          \
     .minimum = 1,                                                                                 \
     .maximum = INT32_MAX,                                                                         \
     .doc = "places from one to the next"}
#define BEGIN                                                                                      \
    {.name = "begin", .type = ARG_INT, .maximum = INT32_MAX, .doc = "where the part begins, from 0"}

static const ArgDef pad_args[] = {
    {.name = "amount",
     .type = ARG_INTS,
     .minimum = -INT32_MAX,
     .maximum = INT32_MAX,
     .doc = "lines added at the top, bottom, left and right; negative: cut off"},
    {0},
};

static const ArgDef permute_args[] = {
    {.name = "dims",
     .type = ARG_INTS,
     .minimum = -SHAPE_MAX_RANK,
     .maximum = SHAPE_MAX_RANK,
     .doc = "which dimension, from 1 (0 is the batch) or from the end, stands at each place",
     .variadic = true},
    {0},
};

static const ArgDef concat_args[] = {
    {.name = "axis",
     .type = ARG_INT,
     .default_text = "-1",
     .minimum = -SHAPE_MAX_RANK,
     .maximum = SHAPE_MAX_RANK,
     .doc = "the dimension along which values are joined: from 1 (0 is the batch), or from the "
            "end: -1 is the last"},
    {0},
};

static const ArgDef slice_args[] = {
    AXIS,
    BEGIN,
    {.name = "count", .type = ARG_INT, .minimum = 1, .maximum = INT32_MAX, .doc = "how much"},
    STEP,
    {0},
};

static const ArgDef unslice_args[] = {
    AXIS,
    BEGIN,
    {.name = "extent",
     .type = ARG_INT,
     .minimum = 1,
     .maximum = INT32_MAX,
     .doc = "the dimension of the whole"},
    STEP,
    {0},
};

static const ArgDef reverse_args[] = {AXIS, {0}};

#define PLACE(name_)                                                                               \
    .min_inputs = 1, .max_inputs = 1, .fuse = FUSE_GATHER, .shape = name_##_shape,                 \
    .gradient = name_##_gradient, .flops = op_flops_none, .evaluate = name_##_evaluate,            \
    .gather = name_##_gather

const OpDef op_place[] = {
    {.schema = {"pad_zeros", "adds lines of zeros around a picture, or cuts lines off", pad_args,
                NULL},
     .kept_axis = pad_kept,
     PLACE(pad)},
    {.schema = {"permute", "puts dimensions in another order", permute_args, "Permute transpose"},
     .surface = true,
     .moves_lanes = permute_moves_lanes,
     .kept_axis = permute_kept,
     PLACE(permute)},
    {.schema = {"concat", "joins values along a dimension", concat_args, "Concatenate concatenate"},
     .surface = true,
     .min_inputs = 2,
     .max_inputs = -1,
     .fuse = FUSE_GATHER,
     .shape = concat_shape,
     .mask = concat_mask,
     .gradient = concat_gradient,
     .flops = op_flops_none,
     .evaluate = concat_evaluate,
     .gather = concat_gather,
     .joined_axis = concat_axis,
     .kept_axis = concat_kept,
     .moves_lanes = concat_moves_lanes},
    {.schema = {"slice", "takes a part along one dimension", slice_args, NULL},
     .moves_lanes = slice_moves_lanes,
     .kept_axis = others_kept,
     .single_place = slice_single_place,
     PLACE(slice)},
    {.schema = {"unslice", "puts a value into zeros: the gradient of slice", unslice_args, NULL},
     .moves_lanes = unslice_moves_lanes,
     .kept_axis = others_kept,
     PLACE(unslice)},
    {.schema = {"reverse", "puts the places of a dimension into the opposite order", reverse_args,
                NULL},
     .moves_lanes = reverse_moves_lanes,
     .kept_axis = others_kept,
     PLACE(reverse)},
    {.schema = {0}},
};
