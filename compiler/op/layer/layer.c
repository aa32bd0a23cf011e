// What layers share; see layer.h.
#include "layer.h"

#include "../../../runtime/session/weights/initialize.h"

#include <string.h>

void layer_add_weights(Graph *graph, Node *node, const char *role, const char *prefix, Type type,
                       bool trainable) {
    const char *initializer = arena_format(graph->arena, "%s_initializer", prefix);
    const char *regularizer = arena_format(graph->arena, "%s_regularizer", prefix);
    bool has_regularizer = schema_arg_index(node->args->schema, regularizer) >= 0;
    Parameter *parameter = weights_parameter(
        graph->weights, node->layer, weights_join(graph->weights->arena, node->part, role), type,
        args_get(node->args, initializer),
        has_regularizer ? args_get(node->args, regularizer) : NULL, trainable);
    layer_constrain(graph, node, parameter, arena_format(graph->arena, "%s_constraint", prefix));
    op_append_input(graph, node, graph_parameter_node(graph, parameter));
}

static void check_constraint(Graph *graph, Node *node, const Parameter *parameter,
                             const char *argument) {
    const Args *args = parameter->constraint_args;
    const char *name = parameter->constraint->name;
    int rank = parameter->type.rank;
    bool has_axis = schema_arg_index(args->schema, "axis") >= 0;
    const ArgValue *axis = has_axis ? args_get(args, "axis") : NULL;
    for (int i = 0; has_axis && i < axis->count; i++) {
        int own = constraint_axis(axis, i, rank);
        if (own >= 0 && own < rank) continue;
        op_shape_error(graph, node, "`%s` takes a norm over dimension %g, but `%s` has %s", name,
                       axis->numbers[i], parameter->role,
                       rank == 1 ? "dimension 0 alone"
                                 : arena_format(graph->arena, "dimensions 0 to %d", rank - 1));
        op_shape_help(graph, "dimensions count from 0 here: `axis = 0` of `%s` is the first one",
                      argument);
        return;
    }
    bool has_range = schema_arg_index(args->schema, "min_value") >= 0;
    if (has_range && args_number(args, "min_value") > args_number(args, "max_value"))
        op_shape_error(graph, node, "`min_value` of `%s` is %g, more than its `max_value` %g", name,
                       args_number(args, "min_value"), args_number(args, "max_value"));
}

void layer_constrain(Graph *graph, Node *node, Parameter *parameter, const char *argument) {
    if (schema_arg_index(node->args->schema, argument) < 0) return;
    const ArgValue *value = args_get(node->args, argument);
    if (!value->is_set) return;
    parameter->constraint = value->callee;
    parameter->constraint_args = value->args;
    check_constraint(graph, node, parameter, argument);
}

bool layer_check_initializer(Graph *graph, Node *node, const char *argument, int rank) {
    const Schema *start = args_get(node->args, argument)->callee;
    const nnrt_initializer_row *row = (const nnrt_initializer_row *)start;
    if (!row->needs_matrix || rank == 2 || (rank > 2 && !row->is_flat)) return true;
    const char *of = strchr(argument, '_') ? argument : "weight";
    int length = (int)strcspn(of, "_");
    op_shape_error(graph, node, "`%s` fills a matrix, but the %.*s %s", start->name, length, of,
                   rank == 1 ? "is a vector"
                             : arena_format(graph->arena, "has %d dimensions", rank));
    op_shape_help(graph, "choose another `%s`, `%s` for example", argument,
                  rank == 1 ? "zeros" : "glorot_uniform");
    return false;
}

Node *layer_finish(Graph *graph, Node *node, Node *value, Node *bias) {
    const ArgValue *activation = args_get(node->args, "activation");
    if (bias) value = graph_add(graph, value, bias);
    if (!activation->is_set) return value;
    return graph_call(graph, activation->callee->name, &value, 1, activation->args);
}

bool layer_axis(Graph *graph, Node *node, double number, int *axis) {
    int rank = node->inputs[0]->type.rank;
    const char *shape = type_text(graph->arena, &node->inputs[0]->type);
    *axis = (int)(number < 0 ? number + rank : number - 1);
    if (*axis >= 0 && *axis < rank) return true;
    if (rank == 0) {
        op_shape_error(graph, node, "%s needs a dimension, but its input is one number a sample",
                       node->op->schema.name);
        op_shape_help(graph, "`-> reshape(1)` makes a vector of it; `sum(x, axis = -1)` and the "
                             "like leave the other dimensions, `keep = true` all of them");
        return false;
    }
    if (number == 0 || number == -rank - 1)
        op_shape_error(graph, node, "dimension %d is the batch, of which a layer sees one sample",
                       (int)number);
    else
        op_shape_error(graph, node, "%s has no dimension %d", shape, (int)number);
    op_shape_help(graph,
                  "the dimensions of %s are 1 to %d (0 is the batch, as in Keras), or from "
                  "the end: -1 is the last",
                  shape, rank);
    return false;
}

// ---- Moving a dimension.

static Node *permute(Graph *graph, Node *x, const double *order) {
    Args *args = graph_args(graph, "permute");
    args_set_numbers(args, graph->arena, "dims", order, x->type.rank);
    return graph_call(graph, "permute", &x, 1, args);
}

Node *layer_axis_to_end(Graph *graph, Node *x, int axis) {
    double order[SHAPE_MAX_RANK];
    int rank = x->type.rank;
    if (axis == rank - 1) return x;
    for (int i = 0; i < rank - 1; i++) order[i] = i < axis ? i + 1 : i + 2;
    order[rank - 1] = axis + 1;
    return permute(graph, x, order);
}

Node *layer_axis_from_end(Graph *graph, Node *x, int axis) {
    double order[SHAPE_MAX_RANK];
    int rank = x->type.rank;
    if (axis == rank - 1) return x;
    for (int i = 0; i < rank; i++) order[i] = i < axis ? i + 1 : i;
    order[axis] = rank;
    return permute(graph, x, order);
}
