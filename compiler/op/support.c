// What shape rules share: reporting, and the usual rules.
#include "op.h"

#include <stdarg.h>

ProductKind op_product_kind(const Node *node) {
    const Contraction *contraction = &node->op->contraction;
    bool is_transposed = contraction->can_transpose && args_bool(node->args, "transpose");
    return is_transposed ? PRODUCT_DATA : contraction->kind;
}

bool op_is_convolution(const Node *node) {
    return node->op->contraction.has_windows;
}

bool op_multiplies_weights(const Node *node) {
    ProductKind kind = op_product_kind(node);
    return kind == PRODUCT_FORWARD || kind == PRODUCT_DATA;
}

bool op_is_table_product(const Node *node) {
    return op_is_matrix_product(node) && !node->inputs[0]->type.batched;
}

bool op_is_matrix_product(const Node *node) {
    return node->op->contraction.kind != PRODUCT_NONE && !op_is_convolution(node);
}

static void note_producer(Diag *diag, Graph *graph, const Node *node, const Node *input) {
    bool same_place = input->span.lo == node->span.lo && input->span.hi == node->span.hi;
    if (same_place || input->span.hi <= input->span.lo) return;
    diag_secondary(diag, input->span, "produces %s here", type_text(graph->arena, &input->type));
}

static void report(Graph *graph, Node *node, DiagCode code, const char *message) {
    if (!graph->sink) graph_bug(graph, node, "%s", message);
    graph->last_error = diag_report(graph->sink, code, node->span, "%s", message);
    for (int i = 0; i < node->input_count; i++)
        note_producer(graph->last_error, graph, node, node->inputs[i]);
}

bool op_shape_error(Graph *graph, Node *node, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    report(graph, node, DIAG_E0203, arena_vformat(graph->arena, format, arguments));
    va_end(arguments);
    return false;
}

void op_shape_label(Graph *graph, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    diag_label(graph->last_error, "%s", arena_vformat(graph->arena, format, arguments));
    va_end(arguments);
}

void op_shape_help(Graph *graph, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    diag_help(graph->last_error, "%s", arena_vformat(graph->arena, format, arguments));
    va_end(arguments);
}

void op_shape_note(Graph *graph, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    diag_note(graph->last_error, "%s", arena_vformat(graph->arena, format, arguments));
    va_end(arguments);
}

bool op_shape_same(Graph *graph, Node *node) {
    (void)graph;
    node->type = node->inputs[0]->type;
    node->type.dtype = DTYPE_F32;
    return true;
}

bool op_shape_given(Graph *graph, Node *node) {
    (void)graph, (void)node;
    return true;
}

// The first pair of dimensions, from the end, that are neither equal nor 1.
static void explain_broadcast(Graph *graph, const Type *a, const Type *b) {
    for (int back = 1; back <= a->rank && back <= b->rank; back++) {
        int64_t m = a->dims[a->rank - back], n = b->dims[b->rank - back];
        if (m == n || m == 1 || n == 1) continue;
        op_shape_note(graph,
                      "dimensions are matched from the last one: %lld and %lld are neither equal "
                      "nor is one of them 1",
                      (long long)m, (long long)n);
        return;
    }
}

bool op_shape_broadcast(Graph *graph, Node *node) {
    Type joined = node->inputs[0]->type;
    joined.dtype = DTYPE_F32;
    for (int i = 1; i < node->input_count; i++) {
        const Type *next = &node->inputs[i]->type;
        Type before = joined;
        if (type_broadcast(&before, next, &joined)) continue;
        report(graph, node, DIAG_E0204,
               arena_format(graph->arena, "%s cannot combine %s with %s", node->op->schema.name,
                            type_text(graph->arena, &before), type_text(graph->arena, next)));
        explain_broadcast(graph, &before, next);
        return false;
    }
    node->type = joined;
    return true;
}

int op_kept_axis(const Node *node, int input, int axis) {
    const OpDef *op = node->op;
    int last = node->inputs[input]->type.rank - 1;
    if (op->kept_axis) return op->kept_axis(node, input, axis);
    if (op->fuse == FUSE_ELEMENTWISE)
        return op->reads_column && axis == last ? -1 : axis + node->type.rank - 1 - last;
    bool keeps = op->fuse == FUSE_REDUCTION || (op_is_matrix_product(node) && input == 0 &&
                                                op_product_kind(node) != PRODUCT_WEIGHTS);
    return keeps && axis < last ? axis : -1;
}

void op_evaluate_same(const Node *node, const EvalTensor *inputs, EvalTensor *output,
                      const EvalContext *context) {
    (void)node, (void)context;
    for (int64_t i = 0; i < output->rows * output->size; i++) output->data[i] = inputs[0].data[i];
}

double op_flops_elements(const Node *node) {
    return (double)type_elements(&node->type);
}

double op_flops_none(const Node *node) {
    (void)node;
    return 0;
}

void op_append_input(Graph *graph, Node *node, Node *input) {
    Node **inputs = ARENA_ARRAY(graph->arena, Node *, node->input_count + 1);
    for (int i = 0; i < node->input_count; i++) inputs[i] = node->inputs[i];
    inputs[node->input_count++] = input;
    node->inputs = inputs;
}

bool op_check_activations(Graph *graph, Node *node, const Type *type) {
    const Schema *schema = node->args->schema;
    for (int i = 0; i < node->args->count; i++) {
        const ArgValue *value = &node->args->values[i];
        if (schema->args[i].type != ARG_ACTIVATION || !value->is_set) continue;
        const OpDef *op = op_find(value->callee->name);
        Node x = {.type = *type}, *input = &x;
        Node y = {.op = op, .inputs = &input, .input_count = 1, .args = value->args};
        y.span = node->span;
        if (!op->shape(graph, &y)) return false;
    }
    return true;
}
