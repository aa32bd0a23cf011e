// Loops over the steps of sequences: the node that repeats a graph of its own, and its results.
// What they compute is in the body (graph/scan.h); passes and the generator go into it.
#include "../../graph/scan.h"

#include "../op.h"

static bool result_shape(Graph *graph, Node *node) {
    (void)graph;
    const Scan *scan = node->inputs[0]->scan;
    int index = scan_result_index(node);
    node->type = scan->body->outputs.items[index]->type;
    node->type.dtype = DTYPE_F32;
    if (index >= scan->carried) node->type = scan_sequence_type(&node->type, scan->steps);
    return true;
}

static double scan_flops(const Node *node) {
    double flops = 0;
    const NodeList *nodes = &node->scan->body->nodes;
    for (int i = 0; i < nodes->count; i++)
        if (nodes->items[i]->op->flops) flops += nodes->items[i]->op->flops(nodes->items[i]);
    return flops * (double)node->scan->steps;
}

static const ArgDef result_args[] = {
    {.name = "index", .type = ARG_INT, .default_text = "0", .doc = "which of the body's outputs"},
    {0},
};

const OpDef op_scan[] = {
    {.schema = {"scan", "computes a graph once for each step of sequences", NULL, NULL},
     .min_inputs = 1,
     .max_inputs = -1,
     .fuse = FUSE_SCAN,
     .shape = op_shape_given,
     .no_gradient = "its results have one together: a scan in the other direction",
     .flops = scan_flops},
    {.schema = {"scan_result", "gives a result of a scan: a carried value, or stacked steps",
                result_args, NULL},
     .min_inputs = 1,
     .max_inputs = 1,
     .fuse = FUSE_RESULT,
     .shape = result_shape,
     .no_gradient = "that of its scan takes it",
     .flops = op_flops_none},
    {.schema = {0}},
};
