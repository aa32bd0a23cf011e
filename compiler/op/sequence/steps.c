// Layers of steps: repeat, a vector in each of them, as Keras's RepeatVector, and time_distributed,
// a layer of one step done to each, as Keras 3's TimeDistributed (keras/src/layers/core and rnn).
#include "../../graph/scan.h"
#include "../layer/layer.h"

// ---- repeat

static bool repeat_shape(Graph *graph, Node *node) {
    const Type *x = &node->inputs[0]->type;
    if (x->rank >= SHAPE_MAX_RANK)
        return op_shape_error(graph, node,
                              "repeat adds a dimension, and %s has as many as there can be",
                              shape_text(graph->arena, x));
    int64_t dims[SHAPE_MAX_RANK] = {args_int(node->args, "count")};
    for (int i = 0; i < x->rank; i++) dims[i + 1] = x->dims[i];
    node->type = type_make(DTYPE_F32, x->batched, x->rank + 1, dims);
    return true;
}

static Node *repeat_expand(Graph *graph, Node *node) {
    Type once = node->type;
    once.dims[0] = 1;
    return graph_broadcast(graph, graph_reshape(graph, node->inputs[0], once.rank, once.dims),
                           node->type);
}

static const ArgDef repeat_args[] = {
    {.name = "count",
     .type = ARG_INT,
     .minimum = 1,
     .maximum = INT32_MAX,
     .keras_name = "n",
     .doc = "how many steps there are"},
    {0},
};

// ---- time_distributed: where a layer does the same to each place of the dimensions before the
// last, it does so to the steps; others are a loop over them. What cannot stand in a loop, because
// it has one of its own or moves averages with each step, as Keras's, has a copy for each step.

static const OpDef *inner_op(const Node *node) {
    return (const OpDef *)args_get(node->args, "layer")->callee;
}

static const Args *inner_args(const Node *node) {
    const Args *args = args_get(node->args, "layer")->args;
    return inner_op(node)->schema.args ? args : NULL;
}

static Type step_type(const Node *node) {
    const Type *x = &node->inputs[0]->type;
    return type_make(x->dtype, x->batched, x->rank - 1, x->dims + 1);
}

// The layer of one step, which is in no graph.
static Node *inner_node(Graph *graph, const Node *node) {
    const Args *written = args_get(node->args, "layer")->args;
    Node *step = ARENA_NEW(graph->arena, Node), *inner = ARENA_NEW(graph->arena, Node);
    *step = *node->inputs[0];
    step->type = step_type(node);
    step->span = node->span;
    step->mask = NULL;
    *inner = *node;
    inner->op = inner_op(node);
    inner->args = inner_args(node);
    inner->part = weights_join(graph->arena, node->part,
                               written && written->name ? written->name : inner->op->schema.name);
    inner->inputs = NULL;
    inner->input_count = inner->mask_count = 0;
    op_append_input(graph, inner, step);
    return inner;
}

static bool report_steps(Graph *graph, Node *node) {
    op_shape_error(graph, node,
                   "time_distributed expects a sequence of steps, but this value is %s",
                   shape_text(graph->arena, &node->inputs[0]->type));
    op_shape_label(graph, "needs [steps, ..]");
    return false;
}

// A layer around a block has its steps from the checker.
static bool has_block(const Args *args) {
    for (int i = 0; args && i < args->count; i++) {
        ArgType type = args->schema->args[i].type;
        if (type == ARG_BLOCK || (type == ARG_LAYER && has_block(args->values[i].args)))
            return true;
    }
    return false;
}

static bool makes_mask(const Node *inner) {
    bool has_switch = schema_arg_index(&inner->op->schema, "mask") >= 0;
    return inner->op->makes_mask && (!has_switch || args_bool(inner->args, "mask"));
}

static bool check_layer(Graph *graph, Node *node, const Node *inner) {
    const char *name = inner->op->schema.name;
    if (has_block(inner->args))
        return op_shape_error(graph, node, "time_distributed does not take `%s` of a block", name);
    if (inner->op->min_inputs > 1 || inner->op->max_inputs == 0) {
        op_shape_error(graph, node, "`%s` is no layer of one value", name);
        return false;
    }
    if (makes_mask(inner)) {
        op_shape_error(graph, node, "`%s` would leave out steps within a step", name);
        op_shape_help(graph, "layers behind time_distributed see its own steps: mask those");
        return false;
    }
    if (inner->op->keeps_states && inner->op->keeps_states(inner)) {
        op_shape_error(graph, node, "a stateful `%s` would begin anew in each step", name);
        op_shape_help(graph, "leave `stateful` out");
        return false;
    }
    if (inner->op->results && inner->op->results(inner) > 1) {
        op_shape_error(graph, node, "`%s` gives several values for a step", name);
        op_shape_help(graph, "leave `return_state` out");
        return false;
    }
    return true;
}

static bool distributed_shape(Graph *graph, Node *node) {
    const Type *x = &node->inputs[0]->type;
    if (x->rank < 1) return report_steps(graph, node);
    Node *inner = inner_node(graph, node);
    if (!check_layer(graph, node, inner)) return false;
    if (!inner->op->shape(graph, inner)) {
        op_shape_help(graph, "a step of %s is %s", type_text(graph->arena, x),
                      type_text(graph->arena, &inner->inputs[0]->type));
        return false;
    }
    if (inner->args && !op_check_activations(graph, inner, &inner->type)) return false;
    if (inner->type.rank >= SHAPE_MAX_RANK) return report_steps(graph, node);
    int64_t dims[SHAPE_MAX_RANK] = {x->dims[0]};
    for (int i = 0; i < inner->type.rank; i++) dims[i + 1] = inner->type.dims[i];
    node->type = type_make(DTYPE_F32, true, inner->type.rank + 1, dims);
    return true;
}

static void distributed_parameters(Graph *graph, Node *node) {
    Node *inner = inner_node(graph, node);
    if (!inner->op->parameters || !inner->op->shape(graph, inner)) return;
    inner->op->parameters(graph, inner);
    for (int i = 1; i < inner->input_count; i++) op_append_input(graph, node, inner->inputs[i]);
}

// A dimension that an argument names is counted within the step.
static bool is_of_places(const OpDef *op) {
    bool names_axis = schema_arg_index(&op->schema, "axis") >= 0;
    bool is_by_element = op->is_activation && op->shape == op_shape_same && !names_axis;
    return op->is_of_places || op->fuse == FUSE_ELEMENTWISE || is_by_element;
}

static Node *step_of(Graph *graph, const Node *node, int64_t number) {
    Type type = step_type(node);
    Args *args = graph_args(graph, "slice");
    args_set_number(args, "axis", 0);
    args_set_number(args, "begin", (double)number);
    args_set_number(args, "count", 1);
    Node *step = graph_call(graph, "slice", (Node **)&node->inputs[0], 1, args);
    return graph_reshape(graph, step, type.rank, type.dims);
}

// The layer's own node for a value, in the graph or in the body of a loop.
static Node *apply(Graph *graph, const Node *node, Node *value) {
    Node **inputs = ARENA_ARRAY(graph->arena, Node *, node->input_count);
    inputs[0] = value;
    for (int i = 1; i < node->input_count; i++)
        inputs[i] = graph_parameter_node(graph, node->inputs[i]->parameter);
    return graph_inner_node(graph, inner_op(node), inputs, node->input_count, inner_args(node));
}

static Node *in_a_loop(Graph *graph, const Node *node) {
    ScanBuilder builder = scan_open(graph, node->type.dims[0], false);
    Node *step = scan_sequence(&builder, node->inputs[0]);
    scan_stack(&builder, apply(builder.scan->body, node, step));
    return scan_stacked(graph, scan_close(&builder), 0);
}

static Node *copy_by_copy(Graph *graph, const Node *node) {
    int64_t steps = node->type.dims[0];
    Type once = node->type;
    once.dims[0] = 1;
    Node **results = ARENA_ARRAY(graph->arena, Node *, steps);
    for (int64_t i = 0; i < steps; i++)
        results[i] =
            graph_reshape(graph, apply(graph, node, step_of(graph, node, i)), once.rank, once.dims);
    Args *args = graph_args(graph, "concat");
    args_set_number(args, "axis", 1);
    return steps == 1 ? results[0] : graph_call(graph, "concat", results, (int)steps, args);
}

static Node *distributed_expand(Graph *graph, Node *node) {
    if (is_of_places(inner_op(node))) return apply(graph, node, node->inputs[0]);
    bool has_loop = node->type.dims[0] > 1 && !inner_op(node)->not_in_cells;
    return has_loop ? in_a_loop(graph, node) : copy_by_copy(graph, node);
}

static const ArgDef distributed_args[] = {
    {.name = "layer", .type = ARG_LAYER, .doc = "the layer of a step"},
    {0},
};

const OpDef op_steps[] = {
    {.schema = {"repeat", "gives the same value in each of several steps", repeat_args,
                "RepeatVector"},
     .surface = true,
     .min_inputs = 1,
     .max_inputs = 1,
     .fuse = FUSE_COMPOSITE,
     .shape = repeat_shape,
     .expand = repeat_expand},
    {.schema = {"time_distributed", "does to each step of a sequence what a layer does to one",
                distributed_args, "TimeDistributed"},
     .surface = true,
     .not_in_cells = "it goes through a sequence of its own",
     .min_inputs = 1,
     .max_inputs = 1,
     .fuse = FUSE_COMPOSITE,
     .shape = distributed_shape,
     .parameters = distributed_parameters,
     .mask = op_mask_same,
     .expand = distributed_expand},
    {.schema = {0}},
};
