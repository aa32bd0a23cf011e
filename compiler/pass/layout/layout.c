// Parameter layouts. A weight matrix [K, N] is kept for the whole run in the order in which the
// contraction kernels read it: panels of columns that fill whole vectors, or, where N would leave
// most lanes of a vector empty, transposed with the lanes along K. Optimizers are elementwise, so
// the order is free; files always hold Keras's order (runtime/session/weights/weights.c converts).
#include "convolution.h"

enum {
    ALIGN = 16,            // floats of a cache line
    PANEL_SKEW = 5 * ALIGN // keeps panels of 2^n bytes out of the same cache sets
};

// As measured (docs/performance.md, "OpenBLAS or own"): with AVX2, on Zen 3, and AVX-512 the own
// kernels are not slower. Code for older processors may run on one that has more,
// which OpenBLAS finds out: that pays where all sizes are large.
bool layout_prefers_blas(const MachineModel *machine, ContractionChoice choice, int64_t rows,
                         int64_t depth, int64_t columns) {
    if (choice != CONTRACTION_AUTO) return choice == CONTRACTION_BLAS;
    return machine->lanes < 8 && rows >= 512 && depth >= 2048 && columns >= 2048;
}

static bool fills_few_lanes(const MachineModel *machine, int64_t rows, int64_t columns) {
    int64_t vectors = (columns + machine->lanes - 1) / machine->lanes;
    double use = (double)columns / (double)(vectors * machine->lanes);
    return use < 0.8 && columns <= 24 && rows >= 4 * machine->lanes;
}

static nnrt_storage plain_storage(int64_t rows, int64_t columns) {
    return (nnrt_storage){.size = round_up(rows * columns, ALIGN),
                          .panel = columns,
                          .panel_stride = 0,
                          .row_stride = columns,
                          .column_stride = 1};
}

static nnrt_storage transposed_storage(int64_t rows, int64_t columns) {
    int64_t padded = round_up(rows, ALIGN);
    return (nnrt_storage){.size = padded * columns,
                          .panel = columns,
                          .panel_stride = 0,
                          .row_stride = 1,
                          .column_stride = padded};
}

// `together`: so many columns belong together, and no panel has some of others; 0: all do.
static nnrt_storage panel_storage(const MachineModel *machine, int64_t rows, int64_t columns,
                                  int64_t together) {
    int64_t panel = columns <= machine->lanes ? machine->lanes : 2 * machine->lanes;
    if (together % panel != 0) panel = together;
    int64_t count = (columns + panel - 1) / panel, row = round_up(panel, machine->lanes);
    int64_t stride = round_up(rows * row, ALIGN);
    if (count > 1 && stride % 1024 == 0) stride += PANEL_SKEW;
    return (nnrt_storage){.size = round_up(count * stride, ALIGN),
                          .panel = panel,
                          .panel_stride = stride,
                          .row_stride = row,
                          .column_stride = 1};
}

// One panel of whole rows.
static nnrt_storage row_storage(const MachineModel *machine, int64_t rows, int64_t columns) {
    int64_t row = round_up(columns, machine->lanes);
    return (nnrt_storage){.size = round_up(rows * row, ALIGN),
                          .panel = columns,
                          .panel_stride = 0,
                          .row_stride = row,
                          .column_stride = 1};
}

Parameter *layout_weight_of(const Node *node) {
    if (!op_multiplies_weights(node) || op_is_convolution(node)) return NULL;
    const Node *weight = schedule_source(node->inputs[1]);
    return weight->parameter;
}

// How a convolution reads the columns of its kernel.
typedef struct KernelColumns {
    bool is_kernel;    // of a convolution, kept in panels
    bool is_depthwise; // [kh, kw, channels, filters of a channel]: these are one panel
    int64_t together;  // of a group; 0: all
} KernelColumns;

static void find_kernels(const Graph *graph, KernelColumns *found) {
    for (int i = 0; i < graph->nodes.count; i++) {
        const Node *node = graph->nodes.items[i];
        if (node->scan) find_kernels(node->scan->body, found);
        if (!op_is_convolution(node) || !op_multiplies_weights(node)) continue;
        const Node *kernel = schedule_source(node->inputs[1]);
        Convolution convolution = convolution_of(node);
        if (!kernel->parameter || convolution_is_depthwise(&convolution)) continue;
        KernelColumns *columns = &found[kernel->parameter->index];
        columns->is_kernel = true;
        columns->is_depthwise = type_last(&kernel->type) != type_last(&node->inputs[1]->type);
        if (convolution.groups > 1) columns->together = convolution.filters;
    }
}

// Weights of products, and of those that a scan repeats: OpenBLAS divides columns among workers,
// who are not in step there. Others are read element by element, too, as the tied table of an
// embedding is: row by row.
typedef struct WeightUses {
    bool *is_weight, *is_repeated, *is_table, *is_rounded; // by parameter
} WeightUses;

static void find_tables(const Node *node, WeightUses *uses) {
    bool is_element_wise =
        node->type.batched || node->op->fuse == FUSE_GATHER || op_is_table_product(node);
    for (int i = 0; i < node->input_count && is_element_wise && !node->scan; i++) {
        const Node *source = schedule_source(node->inputs[i]);
        bool is_multiplied = op_multiplies_weights(node) && i == 1;
        if (source->parameter && !is_multiplied) uses->is_table[source->parameter->index] = true;
    }
}

static void find_weights(const Graph *graph, bool is_body, WeightUses *uses) {
    for (int i = 0; i < graph->nodes.count; i++) {
        const Node *node = graph->nodes.items[i];
        Parameter *weight = layout_weight_of(node);
        find_tables(node, uses);
        if (node->scan) find_weights(node->scan->body, true, uses);
        if (!weight || weight->type.rank != 2) continue;
        uses->is_weight[weight->index] = true;
        if (is_body) uses->is_repeated[weight->index] = true;
        if (op_is_in_bfloat16(node)) uses->is_rounded[weight->index] = true;
    }
}

ParameterLayout layout_in_products(const Layout *layout, int parameter) {
    ParameterLayout weights = layout->parameters[parameter];
    int64_t lanes = layout->machine.lanes;
    if (weights.kind != LAYOUT_PLAIN || weights.by_blas) return weights;
    weights.kind = LAYOUT_PANELS;
    weights.storage.panel = weights.columns <= lanes ? lanes : 2 * lanes;
    weights.storage.panel_stride = weights.storage.panel;
    return weights;
}

// The padding of a panel is read and written; a table's rows have none.
bool layout_fits_pairs(const Layout *layout, int parameter) {
    ParameterLayout weights = layout_in_products(layout, parameter);
    bool is_table = layout->parameters[parameter].kind == LAYOUT_PLAIN;
    return weights.kind == LAYOUT_PANELS && weights.storage.panel == 2 * layout->machine.lanes &&
           !(is_table && weights.columns % weights.storage.panel);
}

Layout *pass_layout(const Weights *weights, Graph *const *graphs, int count, Arena *arena,
                    const MachineModel *machine, ContractionChoice contraction, int64_t batch) {
    Layout *layout = ARENA_NEW(arena, Layout);
    layout->machine = *machine;
    layout->contraction = contraction;
    layout->batch = batch;
    layout->parameters = ARENA_ARRAY(arena, ParameterLayout, weights->parameters.count + 1);
    WeightUses uses = {ARENA_ARRAY(arena, bool, weights->parameters.count + 1),
                       ARENA_ARRAY(arena, bool, weights->parameters.count + 1),
                       ARENA_ARRAY(arena, bool, weights->parameters.count + 1),
                       ARENA_ARRAY(arena, bool, weights->parameters.count + 1)};
    KernelColumns *kernels = ARENA_ARRAY(arena, KernelColumns, weights->parameters.count + 1);
    for (int i = 0; i < count; i++) {
        find_weights(graphs[i], false, &uses);
        find_kernels(graphs[i], kernels);
    }
    // Last layer first: gradients become ready in this order.
    for (int i = weights->parameters.count - 1; i >= 0; i--) {
        Parameter *parameter = weights->parameters.items[i];
        ParameterLayout *out = &layout->parameters[i];
        out->columns = type_last(&parameter->type);
        out->rows = type_elements(&parameter->type) / out->columns;
        bool prefers_blas =
            uses.is_weight[i] && !uses.is_repeated[i] && !uses.is_rounded[i] &&
            layout_prefers_blas(machine, contraction, batch, out->rows, out->columns);
        if (kernels[i].is_kernel) {
            out->kind = LAYOUT_PANELS;
            out->storage = panel_storage(machine, out->rows, out->columns, kernels[i].together);
            if (kernels[i].is_depthwise)
                out->storage = row_storage(machine, out->rows, out->columns);
        } else if (!uses.is_weight[i] || (uses.is_table[i] && !uses.is_repeated[i]) ||
                   prefers_blas) {
            out->kind = LAYOUT_PLAIN;
            out->storage = plain_storage(out->rows, out->columns);
            // A kernel of whole vectors would read past the end of a table's last row.
            out->by_blas =
                prefers_blas || (uses.is_weight[i] && out->columns % machine->lanes != 0);
        } else if (fills_few_lanes(machine, out->rows, out->columns)) {
            out->kind = LAYOUT_TRANSPOSED;
            out->storage = transposed_storage(out->rows, out->columns);
        } else {
            out->kind = LAYOUT_PANELS;
            out->storage = panel_storage(machine, out->rows, out->columns, 0);
        }
        out->storage.offset = layout->weights_size;
        layout->weights_size += out->storage.size;
    }
    return layout;
}

void layout_slots(Layout *layout, const Graph *graph, Arena *arena) {
    layout->slot_offsets = ARENA_ARRAY(arena, int64_t, graph->slots.count + 1);
    layout->slots_size = 0;
    for (int i = graph->slots.count - 1; i >= 0; i--) {
        const Slot *slot = graph->slots.items[i];
        layout->slot_offsets[i] = layout->slots_size;
        layout->slots_size +=
            slot->parameter ? layout->parameters[slot->parameter->index].storage.size : ALIGN;
    }
}

// Kernels whose lanes run along the features read data rows in place; the others broadcast single
// elements and want a dense float32 block.
static bool reads_columns_in_place(const Graph *graph, const Layout *layout, const Node *data) {
    for (int i = 0; i < graph->nodes.count; i++) {
        const Node *user = graph->nodes.items[i];
        if (!schedule_reads_memory(user)) continue;
        for (int k = 0; k < user->input_count; k++) {
            if (schedule_source(user->inputs[k]) != data) continue;
            if (user->scan) return false;
            if (k != 0 || user->inputs[0]->type.rank != 1) return false;
            if (op_product_kind(user) == PRODUCT_PAIRS || op_is_in_int8(user)) return false;
            Parameter *weight = layout_weight_of(user);
            if (weight && layout->parameters[weight->index].kind != LAYOUT_TRANSPOSED) return false;
            if (!weight &&
                !fills_few_lanes(&layout->machine, user->type.dims[0], type_last(&user->type)))
                return false;
        }
    }
    return true;
}

static void load_input(Graph *graph, Node *data) {
    Node *loaded = NULL;
    int count = graph->nodes.count;
    for (int i = 0; i < count; i++) {
        Node *user = graph->nodes.items[i];
        if (!schedule_reads_memory(user)) continue;
        for (int k = 0; k < user->input_count; k++) {
            if (schedule_source(user->inputs[k]) != data) continue;
            Type wanted = user->inputs[k]->type;
            if (!loaded) loaded = graph_load(graph, user->inputs[k]);
            // Reshapes share buffers, so one load serves all shapes.
            wanted.dtype = DTYPE_F32;
            user->inputs[k] = type_equal(&loaded->type, &wanted)
                                  ? loaded
                                  : graph_reshape(graph, loaded, wanted.rank, wanted.dims);
        }
    }
    if (loaded) graph_sort(graph);
}

// What a step tells is put where the caller reads it by elementwise operators: a sum that is told
// as it is, or a weight, is loaded for that.
static Node *loaded_number(Graph *graph, Node *number) {
    if (schedule_source(number)->op->fuse == FUSE_ELEMENTWISE) return number;
    return graph_load(graph, number);
}

static void load_told(Graph *graph) {
    if (graph->loss) graph->loss = loaded_number(graph, graph->loss);
    for (int i = 0; i < graph->reports.count; i++)
        graph->reports.items[i] = loaded_number(graph, graph->reports.items[i]);
}

// Each result of a body has a place of its own, into which an elementwise operator puts what is
// only read, or is another result already.
static bool is_result_before(const Graph *body, int index) {
    for (int i = 0; i < index; i++)
        if (schedule_source(body->outputs.items[i]) == schedule_source(body->outputs.items[index]))
            return true;
    return false;
}

// Steps of a stacked result lie as far apart as sequences are long: rows of a product would share
// few sets of the caches. Those of products in bfloat16 are packed first, from any distance where a
// sample has one; several rows of a sample are walked as those of all samples, one after the other.
static bool is_read_in_rows(const Node *product) {
    if (!op_multiplies_weights(product)) return false;
    const Type *rows = &product->inputs[0]->type;
    bool has_one_row = op_is_convolution(product) || type_elements(rows) == type_last(rows);
    return !op_is_in_bfloat16(product) || !has_one_row;
}

static bool is_multiplied(const Graph *body, const Node *result) {
    for (int i = 0; i < body->nodes.count; i++) {
        const Node *user = body->nodes.items[i];
        if (is_read_in_rows(user) && schedule_source(user->inputs[0]) == result) return true;
    }
    return false;
}

static void load_results(Graph *graph) {
    for (int i = 0; i < graph->nodes.count; i++) {
        if (!graph->nodes.items[i]->scan) continue;
        Graph *body = graph->nodes.items[i]->scan->body;
        for (int k = 0; k < body->outputs.count; k++) {
            Node *result = body->outputs.items[k];
            bool is_far = k >= graph->nodes.items[i]->scan->carried &&
                          is_multiplied(body, schedule_source(result));
            if (schedule_source(result)->op->fuse == FUSE_LEAF || is_result_before(body, k) ||
                is_far)
                body->outputs.items[k] = graph_load(body, result);
        }
        graph_sort(body);
    }
}

// Scans take what is in the worker's memory: weights that they only read in another shape, and
// numbers, are put there.
static void load_captured(Graph *graph) {
    int count = graph->nodes.count;
    for (int i = 0; i < count; i++) {
        Node *node = graph->nodes.items[i];
        for (int k = 0; node->scan && k < node->scan->body->inputs.count; k++) {
            const Node *source = schedule_source(node->inputs[k]);
            bool is_kept = source->op->fuse == FUSE_LEAF && source->op->leaf != LEAF_COLUMN;
            if (is_kept) node->inputs[k] = graph_load(graph, node->inputs[k]);
        }
    }
    if (graph->nodes.count > count) graph_sort(graph);
}

// A model may give a data column back as it is; somebody has to put it into the output's buffer.
static void load_outputs(Graph *graph) {
    for (int i = 0; i < graph->outputs.count; i++) {
        Node *output = graph->outputs.items[i];
        if (schedule_source(output)->op->fuse == FUSE_LEAF)
            graph->outputs.items[i] = graph_load(graph, output);
    }
    load_told(graph);
    graph_sort(graph);
}

void pass_load_inputs(Graph *graph, const Layout *layout) {
    load_outputs(graph);
    load_captured(graph);
    load_results(graph);
    for (int i = 0; i < graph->inputs.count; i++) {
        Node *data = graph->inputs.items[i];
        if (!reads_columns_in_place(graph, layout, data)) load_input(graph, data);
    }
}

// ---- Weights in another order.

// Rows that read weights in a step, for which it pays to transpose them: many; of small weights
// with few columns, whose sums of lanes take longer than the products in them, as many as columns.
enum { LEAST_ROWS = 1024, FEW_ROWS = 16, FEW_VECTORS = 4, SMALL_WEIGHTS = 1 << 14 };

static int64_t least_rows(const Layout *layout, const Parameter *weight) {
    int64_t columns = type_last(&weight->type);
    bool is_small = columns <= FEW_VECTORS * layout->machine.lanes &&
                    type_elements(&weight->type) <= SMALL_WEIGHTS;
    if (!is_small) return LEAST_ROWS;
    return columns > FEW_ROWS ? columns : FEW_ROWS;
}

nnrt_storage layout_transposed(const MachineModel *machine, const Node *weights) {
    int64_t columns = type_last(&weights->type);
    return panel_storage(machine, columns, type_elements(&weights->type) / columns, 0);
}

nnrt_storage layout_pairs(const MachineModel *machine, const Type *weights, bool transposed) {
    int64_t columns = type_last(weights), rows = type_elements(weights) / columns;
    int64_t panel = 2 * machine->lanes, across = transposed ? rows : columns;
    int64_t pairs = round_up(transposed ? columns : rows, panel) / 2,
            count = divide_up(across, panel);
    int64_t stride = pairs * panel;
    if (count > 1 && stride % 1024 == 0) stride += PANEL_SKEW;
    return (nnrt_storage){.size = round_up(count * stride, ALIGN),
                          .panel = panel,
                          .panel_stride = stride,
                          .row_stride = panel,
                          .column_stride = 1};
}

int machine_int8_numbers(const MachineModel *machine) {
    return machine->int8 == INT8_NONE ? 2 : 4;
}

nnrt_int8_weights layout_int8(const MachineModel *machine, const Type *weights) {
    int64_t lanes = machine->lanes, numbers = machine_int8_numbers(machine);
    nnrt_int8_weights out = {.columns = type_last(weights),
                             .lines = weights->rank > 2 ? weights->dims[0] : 1,
                             .numbers = numbers,
                             .panel = 2 * lanes,
                             .scales = NNRT_INT8_HEAD};
    out.run = type_elements(weights) / out.columns / out.lines;
    out.line_words = round_up(divide_up(out.run, numbers), lanes);
    int64_t width = round_up(out.columns, out.panel);
    out.panel_stride = out.lines * out.line_words * out.panel;
    out.corrections = round_up(out.scales + width, ALIGN);
    out.words = round_up(out.corrections + width, ALIGN);
    out.size = round_up(out.words + width / out.panel * out.panel_stride, ALIGN);
    return out;
}

// The orders that weights are kept in for their products.
typedef enum WeightOrder {
    ORDER_GIVEN,
    ORDER_TRANSPOSED,
    ORDER_PAIRS,
    ORDER_PAIRS_TRANSPOSED,
    ORDER_INT8,
    WEIGHT_ORDERS
} WeightOrder;

typedef struct LayingOut {
    Graph *graph;
    const Layout *layout;
    int64_t batch;
    Node **made; // by parameter and order; NULL: not made
} LayingOut;

static Node **of_order(Node **nodes, const Parameter *weight, WeightOrder order) {
    return &nodes[weight->index * WEIGHT_ORDERS + (int)order];
}

// Products by transposed weights read columns of panels: a line of memory here and there. The
// order of their sums is another one in another order, so that evaluation and prediction, which
// promise the same numbers for any batch, have none.
static bool reads_transposed(const LayingOut *l, const Node *node, int64_t steps) {
    const Parameter *weight = layout_weight_of(node);
    if (!weight || op_product_kind(node) != PRODUCT_DATA || l->graph->mode != GRAPH_TRAIN)
        return false;
    const Type *x = &node->inputs[0]->type;
    int64_t rows = l->batch * steps * (type_elements(x) / type_last(x));
    return rows >= least_rows(l->layout, weight) &&
           l->layout->parameters[weight->index].kind == LAYOUT_PANELS &&
           schedule_source(node->inputs[1]) == node->inputs[1];
}

// Products in bfloat16 read nothing else; those of panels that are no such ones stay in float32.
static WeightOrder wanted_order(const LayingOut *l, Node *node, int64_t steps) {
    const Parameter *weight = layout_weight_of(node);
    if (!weight || !op_is_in_bfloat16(node))
        return reads_transposed(l, node, steps) ? ORDER_TRANSPOSED : ORDER_GIVEN;
    bool is_whole = schedule_source(node->inputs[1]) == node->inputs[1];
    if (is_whole && layout_fits_pairs(l->layout, weight->index))
        return op_product_kind(node) == PRODUCT_DATA ? ORDER_PAIRS_TRANSPOSED : ORDER_PAIRS;
    op_set_bfloat16(l->graph, node, false);
    return ORDER_GIVEN;
}

static Node *ordered_weights(LayingOut *l, const Node *node, WeightOrder order) {
    Parameter *weight = layout_weight_of(node);
    Node **made = of_order(l->made, weight, order);
    if (!*made)
        *made = node->op->lay_out_weights(l->graph, node, graph_parameter_node(l->graph, weight));
    return *made;
}

static Node *quantized_weights(LayingOut *l, const Node *node) {
    Node **made = of_order(l->made, schedule_source(node->inputs[1])->parameter, ORDER_INT8);
    if (!*made || !type_equal(&(*made)->type, &node->inputs[1]->type))
        *made = op_lay_out_int8(l->graph, node, node->inputs[1]);
    return *made;
}

static bool is_dense_kernel(const Node *node) {
    if (!op_is_convolution(node) || !node->op->lay_out_weights) return false;
    Convolution convolution = convolution_of(node);
    return !convolution_is_depthwise(&convolution);
}

// Of convolutions some are not worth it, whatever the forward product is.
static void unround_convolution(LayingOut *l, Node *node) {
    if (!op_is_convolution(node) || !op_is_in_bfloat16(node)) return;
    Convolution convolution = convolution_of(node);
    if (!convolution_fits_pairs(&convolution, op_product_kind(node)))
        op_set_bfloat16(l->graph, node, false);
}

// A kernel as convolve_data reads it, made outside of the body that the node is in.
static Node *laid_out_kernel(const LayingOut *l, Node *scan, const Node *node) {
    const Type *type = &node->inputs[1]->type; // that of a sequence's has one dimension less
    Parameter *kernel = schedule_source(node->inputs[1])->parameter;
    Node *outside = graph_parameter_node(l->graph, kernel);
    outside = graph_reshape(l->graph, outside, type->rank, type->dims);
    return scan_add_captured(l->graph, scan, node->op->lay_out_weights(l->graph, node, outside));
}

// The products of a body read what is made once, outside.
static void lay_out_body(LayingOut *l, Node *scan) {
    Graph *body = scan->scan->body;
    int parameters = body->weights->parameters.count;
    Node **captured = ARENA_ARRAY(body->arena, Node *, (parameters + 1) * WEIGHT_ORDERS);
    int count = body->nodes.count;
    for (int i = 0; i < count; i++) {
        Node *node = body->nodes.items[i];
        unround_convolution(l, node);
        if (is_dense_kernel(node)) node->inputs[1] = laid_out_kernel(l, scan, node);
        WeightOrder order = wanted_order(l, node, scan->scan->steps);
        if (order == ORDER_GIVEN) continue;
        Node **own = of_order(captured, layout_weight_of(node), order);
        if (!*own) *own = scan_add_captured(l->graph, scan, ordered_weights(l, node, order));
        node->inputs[1] = *own;
    }
    graph_sort(body);
}

void pass_lay_out_weights(Graph *graph, const Layout *layout, int64_t batch) {
    int parameters = graph->weights->parameters.count;
    LayingOut l = {graph, layout, batch,
                   ARENA_ARRAY(graph->arena, Node *, (parameters + 1) * WEIGHT_ORDERS)};
    int count = graph->nodes.count;
    for (int i = 0; i < count; i++) {
        Node *node = graph->nodes.items[i];
        if (node->scan) lay_out_body(&l, node);
        if (op_is_in_int8(node)) {
            node->inputs[1] = quantized_weights(&l, node);
            continue;
        }
        unround_convolution(&l, node);
        if (is_dense_kernel(node))
            node->inputs[1] = node->op->lay_out_weights(graph, node, node->inputs[1]);
        WeightOrder order = wanted_order(&l, node, 1);
        if (order != ORDER_GIVEN) node->inputs[1] = ordered_weights(&l, node, order);
    }
    scan_prune(graph);
    graph_sort(graph);
}
