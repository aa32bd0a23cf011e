// Values of layers that give several: the node of the layer is the first, each other one a node
// that takes it from the layer's expansion.
#include "layer.h"

static bool result_shape(Graph *graph, Node *node) {
    const Node *layer = node->inputs[0];
    (void)graph;
    node->type = layer->op->result_type(layer, (int)args_int(node->args, "index"));
    return true;
}

// The layer stands before its results, so that it was expanded in the same round.
static Node *result_expand(Graph *graph, Node *node) {
    const Node *layer = node->inputs[0];
    int index = (int)args_int(node->args, "index");
    if (index > layer->result_count) graph_bug(graph, layer, "it gives no result %d", index);
    return layer->results[index - 1];
}

static const ArgDef result_args[] = {
    {.name = "index",
     .type = ARG_INT,
     .minimum = 1,
     .maximum = INT32_MAX,
     .doc = "which of the values, from 0: the layer's own"},
    {0},
};

const OpDef op_result[] = {
    {.schema = {"layer_result", "gives a further value of a layer that has several", result_args,
                NULL},
     .min_inputs = 1,
     .max_inputs = 1,
     .fuse = FUSE_COMPOSITE,
     .shape = result_shape,
     .expand = result_expand},
    {.schema = {0}},
};
