// What a sample counts in the loss by its class while training, as class_weight of Keras's fit
// (keras/src/trainers/data_adapters/data_adapter_utils.py): the loss of a label's place is
// multiplied by the weight of the class, and the mean is over the number of places, not over the
// sum of the weights. Validation and evaluation do not know it.
#include "../op.h"

static bool weighted_shape(Graph *graph, Node *node) {
    const Type *loss = &node->inputs[0]->type, *target = &node->inputs[1]->type;
    node->type = *loss;
    if (type_elements(loss) == type_elements(target)) return true;
    return op_shape_error(graph, node, "a loss %s cannot be weighted by labels %s",
                          type_text(graph->arena, loss), type_text(graph->arena, target));
}

// The weight of class 0 for all, but that of another where the label is that one.
static Node *weighted_expand(Graph *graph, Node *node) {
    const ArgValue *weights = args_get(node->args, "weights");
    Node *label = graph_reshape(graph, node->inputs[1], node->type.rank, node->type.dims);
    Node *weight = graph_constant(graph, weights->numbers[0]);
    for (int i = 1; i < weights->count; i++) {
        if (weights->numbers[i] == weights->numbers[0]) continue;
        Node *is_class = graph_binary(graph, "equal", label, graph_constant(graph, i));
        Node *own = graph_constant(graph, weights->numbers[i]);
        weight = graph_call(graph, "where", (Node *[]){is_class, own, weight}, 3, NULL);
    }
    return graph_multiply(graph, node->inputs[0], weight);
}

static Node *weighted_inference(Graph *graph, Node *node) {
    (void)graph;
    return node->inputs[0];
}

static const ArgDef weighted_args[] = {
    {.name = "weights", .type = ARG_FLOATS, .doc = "by class"},
    {0},
};

const OpDef op_weighting[] = {
    {.schema = {"class_weighted",
                "multiplies a loss by the weight of the label's class while "
                "training",
                weighted_args, NULL},
     .min_inputs = 2,
     .max_inputs = 2,
     .fuse = FUSE_COMPOSITE,
     .shape = weighted_shape,
     .mask = op_mask_same,
     .expand = weighted_expand,
     .inference = weighted_inference},
    {.schema = {0}},
};
