// Predictions in int8: which products with weights are, and a graph that tells what they multiply.
// What is worth it depends on the program alone, so that ranges are the same for every processor.
#include "../layout/convolution.h"

enum {
    LEAST_SIDE = 32,     // rows and columns of a matrix
    MOST_DEPTH = 1 << 16 // summands: sums of 255 * 127 stay within 32 bits
};

static bool is_matrix_worth(const Node *node) {
    const Type *type = &node->inputs[1]->type;
    if (op_is_table_product(node) || type->rank != 2) return false;
    return type->dims[0] >= LEAST_SIDE && type->dims[1] >= LEAST_SIDE;
}

static bool is_convolution_worth(const Node *node) {
    Convolution convolution = convolution_of(node);
    return convolution_fits_pairs(&convolution, PRODUCT_FORWARD);
}

// Weights are columns as they are kept, whatever the dimensions before.
static Parameter *weight_of(const Node *node) {
    Parameter *weight = schedule_source(node->inputs[1])->parameter;
    bool are_columns = weight && type_last(&weight->type) == type_last(&node->inputs[1]->type);
    return are_columns ? weight : NULL;
}

static bool is_worth(const Node *node) {
    if (op_product_kind(node) != PRODUCT_FORWARD || !node->inputs[0]->type.batched) return false;
    const Parameter *weight = weight_of(node);
    if (!weight || type_elements(&weight->type) / type_last(&weight->type) > MOST_DEPTH)
        return false;
    return op_is_convolution(node) ? is_convolution_worth(node) : is_matrix_worth(node);
}

static int output_of(Graph *graph, Node *operand) {
    NodeList *outputs = &graph->outputs;
    for (int i = 0; i < outputs->count; i++)
        if (outputs->items[i] == operand) return i;
    vec_push(graph->arena, outputs, operand);
    return outputs->count - 1;
}

void pass_measure_operands(Graph *graph, MeasuredOperands *operands, Arena *arena) {
    for (int i = 0; i < graph->nodes.count; i++) {
        Node *node = graph->nodes.items[i];
        if (!is_worth(node)) continue;
        nnrt_operand operand = {weight_of(node)->index,
                                output_of(graph, schedule_source(node->inputs[0]))};
        vec_push(arena, &operands->items, operand);
    }
}

static bool is_measured(const MeasuredOperands *operands, int parameter) {
    for (int i = 0; i < operands->items.count; i++)
        if (operands->items.items[i].parameter == parameter) return true;
    return false;
}

void pass_quantize_products(Graph *graph, const MeasuredOperands *operands) {
    for (int i = 0; i < graph->nodes.count; i++) {
        Node *node = graph->nodes.items[i];
        if (is_worth(node) && is_measured(operands, weight_of(node)->index))
            op_set_range(graph, node, weight_of(node)->index);
    }
}
