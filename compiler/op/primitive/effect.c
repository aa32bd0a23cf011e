// Effects. An `assign` gives its target (node->parameter or node->slot) a new value at the end of
// the step: until then every node reads the old one.
#include "../op.h"

static void assign_evaluate(const Node *node, const EvalTensor *inputs, EvalTensor *output,
                            const EvalContext *context) {
    (void)node, (void)context;
    for (int64_t i = 0; i < output->size; i++) output->data[i] = inputs[0].data[i];
}

const OpDef op_effect[] = {
    {.schema = {"assign", "gives a parameter or slot a new value at the end of the step", NULL,
                NULL},
     .min_inputs = 1,
     .max_inputs = 1,
     .fuse = FUSE_EFFECT,
     .shape = op_shape_same,
     .no_gradient = "it comes after the gradients",
     .flops = op_flops_none,
     .evaluate = assign_evaluate},
    {.schema = {0}},
};
