#include "rounding.h"

#include "../../compiler/graph/scan.h"
#include "../../compiler/pass/layout/convolution.h"

static const char rounding_name[] = "lay_out_weights"; // to the evaluator, a copy

bool rounding_is(const Node *node) {
    return node_is(node, rounding_name);
}

// ---- Which numbers.

void rounding_mark(Graph *graph, int64_t batch) {
    pass_simplify(graph);
    pass_multiply_tables(graph, batch, TABLES_LEAST_SAVED);
    pass_round_products(graph);
    graph_sort(graph);
}

// Some convolutions stay in float32, and gradients of others (docs/language.md).
static bool rounds(const Node *node) {
    if (!op_is_in_bfloat16(node)) return op_rounds_rows(node);
    if (!op_is_convolution(node)) return true;
    Convolution convolution = convolution_of(node);
    return convolution_fits_pairs(&convolution, op_product_kind(node));
}

static Node *rounded(Graph *graph, Node *value) {
    return graph_call(graph, rounding_name, &value, 1, NULL);
}

int rounding_insert(Graph *graph) {
    int made = 0, count = graph->nodes.count;
    for (int i = 0; i < count; i++) {
        Node *node = graph->nodes.items[i];
        if (node->scan) made += rounding_insert(node->scan->body);
        bool is_product = op_is_in_bfloat16(node);
        if (rounds(node)) {
            node->inputs[1] = rounded(graph, node->inputs[1]);
            if (is_product) node->inputs[0] = rounded(graph, node->inputs[0]);
            made += 1 + is_product;
        }
        // Moved numbers are not rounded again.
        if (is_product || op_rounds_rows(node)) op_set_bfloat16(graph, node, false);
    }
    graph_sort(graph);
    return made;
}

// ---- What they were rounded to.

void roundings_record(Roundings *roundings, EvalTensor *value) {
    for (int64_t i = 0; i < value->rows * value->size; i++) {
        Rounding rounding = {value->data[i], op_round(value->data[i])};
        vec_push(roundings->arena, &roundings->all, rounding);
        value->data[i] = rounding.rounded;
    }
}

void roundings_repeat(Roundings *roundings, EvalTensor *value) {
    for (int64_t i = 0; i < value->rows * value->size; i++)
        value->data[i] = roundings->all.items[roundings->next++].rounded;
}

void roundings_follow(Roundings *roundings, EvalTensor *value) {
    for (int64_t i = 0; i < value->rows * value->size; i++) {
        Rounding rounding = roundings->all.items[roundings->next++];
        value->data[i] += rounding.rounded - rounding.number;
    }
}

bool roundings_equal(const Roundings *a, const Roundings *b) {
    bool equal = a->all.count == b->all.count;
    for (int i = 0; equal && i < a->all.count; i++)
        equal = a->all.items[i].rounded == b->all.items[i].rounded;
    return equal;
}
