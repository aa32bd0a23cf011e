// Pass tables: a product of rows that are taken from a table, by weights, has as many different
// rows as the table. Where a batch takes more than the table has, the table is multiplied, and rows
// are taken of that; so where a graph runs again and again with the same weights. Gradients follow:
// those of equal rows are added up before they are multiplied. Characters are such rows: a text has
// millions, its table a hundred.
#include "../../graph/scan.h"
#include "../pass.h"

static bool is_matrix_of_weights(const Node *node) {
    return node->parameter && node->type.rank == 2;
}

// Rows of such a table lie one after the other: nothing multiplies by it.
static bool is_only_taken(const Graph *graph, const Node *table) {
    for (int i = 0; i < graph->nodes.count; i++) {
        const Node *node = graph->nodes.items[i];
        if (node->scan && !is_only_taken(node->scan->body, table)) return false;
        for (int k = 0; k < node->input_count; k++) {
            bool is_table = node->inputs[k]->parameter == table->parameter;
            if (is_table && node->op->fuse != FUSE_GATHER) return false;
        }
    }
    return true;
}

// The rows that a product multiplies, whatever their leading dimensions are called.
static Node *rows_of(const Node *product) {
    Node *rows = product->inputs[0];
    int64_t width = type_last(&rows->type);
    while (rows->op->fuse == FUSE_MOVEMENT && type_last(&rows->inputs[0]->type) == width)
        rows = rows->inputs[0];
    return rows;
}

static bool multiplies_taken(const Graph *graph, const Node *product) {
    if (op_product_kind(product) != PRODUCT_FORWARD) return false;
    const Node *taken = rows_of(product), *weights = product->inputs[1];
    if (!taken->op->takes_rows || !taken->inputs[0]->type.batched) return false;
    const Node *table = taken->inputs[1];
    return is_matrix_of_weights(weights) && is_matrix_of_weights(table) &&
           is_only_taken(graph, table);
}

static double multiplications_saved(const Node *product, int64_t samples) {
    const Node *taken = rows_of(product), *table = taken->inputs[1];
    int64_t rows = samples * type_elements(&taken->inputs[0]->type) - table->type.dims[0];
    return (double)rows * (double)type_elements(&product->inputs[1]->type);
}

void pass_multiply_tables(Graph *graph, int64_t samples, double least) {
    int count = graph->nodes.count;
    bool any = false;
    for (int i = 0; i < count; i++) {
        Node *node = graph->nodes.items[i];
        if (!multiplies_taken(graph, node) || multiplications_saved(node, samples) < least)
            continue;
        Node *taken = rows_of(node);
        Node *inputs[] = {taken->inputs[1], node->inputs[1]};
        graph->current_layer = node->layer;
        graph->current_span = node->span;
        Node *multiplied = graph_node(graph, node->op, inputs, 2, node->args);
        Node *rows =
            graph_node(graph, taken->op, (Node *[]){taken->inputs[0], multiplied}, 2, taken->args);
        bool is_same = type_equal(&rows->type, &node->type);
        node->replacement =
            is_same ? rows : graph_reshape(graph, rows, node->type.rank, node->type.dims);
        any = true;
    }
    graph->current_layer = NULL;
    if (!any) return;
    graph_apply_replacements(graph);
    graph_remove_dead(graph);
}
