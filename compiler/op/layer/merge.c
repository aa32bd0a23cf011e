// Layers of several values: `average`. The others are primitives already: add, subtract, multiply,
// minimum and maximum (elementwise.c) and concat (place.c).
#include "../op.h"

static Node *average_expand(Graph *graph, Node *node) {
    Node *sum = graph_call(graph, "add", node->inputs, node->input_count, NULL);
    return graph_scale(graph, sum, 1.0 / node->input_count);
}

const OpDef op_merge[] = {
    {.schema = {"average", "takes the mean of values", NULL, "Average"},
     .surface = true,
     .min_inputs = 2,
     .max_inputs = -1,
     .fuse = FUSE_COMPOSITE,
     .shape = op_shape_broadcast,
     .mask = op_mask_elementwise,
     .expand = average_expand},
    {.schema = {0}},
};
