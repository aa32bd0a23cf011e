// Products in int8, as passes mark them and the reference evaluator computes them.
#include "op.h"

#include "../../runtime/base/numbers/quantize.h"

#include <math.h>

int op_range(const Node *node) {
    return op_product_kind(node) == PRODUCT_FORWARD ? (int)args_int(node->args, "range") : -1;
}

bool op_is_in_int8(const Node *node) {
    return op_range(node) >= 0;
}

void op_set_range(Graph *graph, Node *node, int range) {
    Args *args = args_default(graph->arena, &node->op->schema);
    args_copy_common(args, node->args);
    args_set_number(args, "range", range);
    node->args = args;
}

Node *op_lay_out_int8(Graph *graph, const Node *product, Node *weights) {
    Args *args = graph_args(graph, "lay_out_int8");
    args_set_number(args, "range", op_range(product));
    return graph_call(graph, "lay_out_int8", &weights, 1, args);
}

// ---- The reference.

static EvalTensor same_size(Arena *arena, const EvalTensor *tensor) {
    EvalTensor out = *tensor;
    out.data = ARENA_ARRAY(arena, double, tensor->rows * tensor->size + 1);
    return out;
}

static EvalTensor quantize_left(Arena *arena, const nnrt_quantizer *quantizer,
                                const EvalTensor *tensor) {
    EvalTensor out = same_size(arena, tensor);
    for (int64_t i = 0; i < tensor->rows * tensor->size; i++)
        out.data[i] = nnrt_quantize(quantizer, (float)tensor->data[i]) - quantizer->zero;
    return out;
}

Int8Operands op_quantize(Arena *arena, const Node *node, const EvalTensor *inputs,
                         const EvalContext *context) {
    int64_t columns = type_last(&node->type), count = inputs[1].size;
    nnrt_quantizer quantizer = nnrt_quantizer_of(context->ranges + 2 * op_range(node));
    Int8Operands out = {quantize_left(arena, &quantizer, &inputs[0]), same_size(arena, &inputs[1]),
                        NULL};
    float *scales = ARENA_ARRAY(arena, float, columns + 1);
    for (int64_t column = 0; column < columns; column++) {
        float largest = 0;
        for (int64_t i = column; i < count; i += columns)
            largest = fmaxf(largest, fabsf((float)inputs[1].data[i]));
        nnrt_weight_scale scale = nnrt_weight_scale_of(largest);
        for (int64_t i = column; i < count; i += columns)
            out.right.data[i] = nnrt_quantize_weight(scale, (float)inputs[1].data[i]);
        scales[column] = quantizer.scale * scale.scale;
    }
    out.scales = scales;
    return out;
}

static const ArgDef lay_out_args[] = {OP_RANGE, {0}};

const OpDef op_int8[] = {
    {.schema = {"lay_out_int8", "quantizes weights and keeps them as products in int8 read them",
                lay_out_args, NULL},
     .min_inputs = 1,
     .max_inputs = 1,
     .fuse = FUSE_LAYOUT,
     .laid_out = LAID_OUT_INT8,
     .shape = op_shape_same,
     .flops = op_flops_none,
     .evaluate = op_evaluate_same, // products quantize their operands themselves
     .no_gradient = "it is made for predictions, which have no gradients"},
    {.schema = {0}},
};
