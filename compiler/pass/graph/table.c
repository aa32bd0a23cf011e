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

static bool is_told(const Graph *graph, const Node *node) {
    for (int i = 0; i < graph->outputs.count; i++)
        if (graph->outputs.items[i] == node) return true;
    for (int i = 0; i < graph->results.count; i++)
        if (graph->results.items[i] == node) return true;
    return false;
}

// The sum of the product, which nothing else reads, and a vector of weights; NULL: there is none.
// A table to which its vector is added has it in every row that is taken, and the vector's
// gradient is a sum over a table instead of one over all rows.
static Node *sum_with_vector(const Graph *graph, const Node *product) {
    Node *only = NULL;
    for (int i = 0; i < graph->nodes.count; i++) {
        Node *user = graph->nodes.items[i];
        for (int k = 0; k < user->input_count; k++) {
            if (user->inputs[k] != product) continue;
            if (only) return NULL;
            only = user;
        }
    }
    if (!only || !only->op->adds_up || is_told(graph, product)) return NULL;
    const Node *vector = only->inputs[only->inputs[0] == product];
    bool is_vector = vector->parameter && vector->type.rank == 1;
    return is_vector && vector->type.dims[0] == type_last(&product->type) ? only : NULL;
}

// The product, or its sum with a vector, as rows of a table.
static void multiply_table(Graph *graph, Node *product) {
    Node *taken = rows_of(product), *sum = sum_with_vector(graph, product);
    Node *whole = sum ? sum : product;
    graph->current_layer = product->layer;
    graph->current_span = product->span;
    Node *table = graph_node(graph, product->op, (Node *[]){taken->inputs[1], product->inputs[1]},
                             2, product->args);
    if (sum) table = graph_add(graph, table, sum->inputs[sum->inputs[0] == product]);
    Node *rows = graph_node(graph, taken->op, (Node *[]){taken->inputs[0], table}, 2, taken->args);
    bool is_same = type_equal(&rows->type, &whole->type);
    whole->replacement =
        is_same ? rows : graph_reshape(graph, rows, whole->type.rank, whole->type.dims);
}

void pass_multiply_tables(Graph *graph, int64_t samples, double least) {
    int count = graph->nodes.count;
    bool any = false;
    for (int i = 0; i < count; i++) {
        Node *node = graph->nodes.items[i];
        if (!multiplies_taken(graph, node) || multiplications_saved(node, samples) < least)
            continue;
        multiply_table(graph, node);
        any = true;
    }
    graph->current_layer = NULL;
    if (!any) return;
    graph_apply_replacements(graph);
    graph_remove_dead(graph);
}
