// embedding: a learned vector for each class, taken by whole numbers, as Keras's Embedding
// (keras/src/layers/core/embedding.py): embeddings [classes, units]. It is a gather of rows, and
// the gradient is the scatter that belongs to it: each is the other's gradient.
#include "../layer/layer.h"

enum { EMBEDDING_MAX_CLASSES = 1 << 24 }; // whole numbers that a float32 has

// ---- take_rows: rows of a table (input 1, unbatched) by numbers (input 0). Numbers outside the
// table mean its nearest row, so that no load leaves it; those of data are checked where they are
// read (nnrt_column.limit).

static void set_dims_and_units(Node *node, const Type *numbers, int64_t units) {
    node->type = type_make(DTYPE_F32, numbers->batched, numbers->rank, numbers->dims);
    node->type.dims[node->type.rank++] = units;
}

static bool take_rows_shape(Graph *graph, Node *node) {
    const Type *numbers = &node->inputs[0]->type, *table = &node->inputs[1]->type;
    if (table->rank != 2 || table->batched || numbers->rank >= SHAPE_MAX_RANK)
        return op_shape_error(graph, node, "take_rows cannot take rows %s of %s",
                              type_text(graph->arena, numbers), type_text(graph->arena, table));
    set_dims_and_units(node, numbers, table->dims[1]);
    return true;
}

static int64_t take_rows_rows(const Node *node) {
    return node->inputs[1]->type.dims[0];
}

static void take_rows_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    Args *args = graph_args(graph, "add_rows");
    args_set_number(args, "rows", (double)node->inputs[1]->type.dims[0]);
    args_set_number(args, "bfloat16", args_bool(node->args, "bfloat16"));
    Node *inputs[] = {node->inputs[0], dy};
    dinputs[0] = NULL;
    dinputs[1] = graph_call(graph, "add_rows", inputs, 2, args);
}

static int64_t row_of(double number, int64_t rows) {
    int64_t row = (int64_t)number;
    return row < 0 ? 0 : row >= rows ? rows - 1 : row;
}

static void take_rows_evaluate(const Node *node, const EvalTensor *inputs, EvalTensor *output,
                               const EvalContext *context) {
    const int64_t *dims = node->inputs[1]->type.dims;
    (void)context;
    for (int64_t i = 0; i < output->rows * output->size; i++) {
        int64_t row = row_of(inputs[0].data[i / dims[1]], dims[0]);
        output->data[i] = inputs[1].data[row * dims[1] + i % dims[1]];
    }
}

static Lane take_rows_gather(LaneBuilder *b, Node *node) {
    LanePlace places[SHAPE_MAX_RANK];
    int rank = node->type.rank;
    for (int i = 0; i < rank - 1; i++) places[i] = lane_place(b, i);
    LanePlace row = lane_fetch_place(b, node, 0, places, node->inputs[1]->type.dims[0]);
    return lane_fetch(b, node, 1, (LanePlace[]){row, lane_place(b, rank - 1)}, NULL);
}

// A place has the row that its number names.
static int take_rows_kept(const Node *node, int input, int axis) {
    (void)node;
    return input == 0 ? axis : -1;
}

// ---- add_rows: to zeros, in the order of the batch, each row of input 1 at the row that input 0
// names.

static bool add_rows_shape(Graph *graph, Node *node) {
    const Type *numbers = &node->inputs[0]->type, *values = &node->inputs[1]->type;
    if (values->rank != numbers->rank + 1 || !(numbers->batched || values->batched))
        return op_shape_error(graph, node, "add_rows cannot add %s at rows %s",
                              type_text(graph->arena, values), type_text(graph->arena, numbers));
    int64_t dims[] = {args_int(node->args, "rows"), type_last(values)};
    node->type = type_make(DTYPE_F32, false, 2, dims);
    return true;
}

static void add_rows_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    dinputs[0] = NULL;
    Args *args = graph_args(graph, "take_rows");
    dinputs[1] = graph_call(graph, "take_rows", (Node *[]){node->inputs[0], dy}, 2, args);
}

static void add_rows_evaluate(const Node *node, const EvalTensor *inputs, EvalTensor *output,
                              const EvalContext *context) {
    int64_t units = node->type.dims[1];
    (void)context;
    for (int64_t i = 0; i < output->size; i++) output->data[i] = 0;
    for (int64_t i = 0; i < inputs[1].rows * inputs[1].size; i++) {
        int64_t row = row_of(inputs[0].data[i / units], node->type.dims[0]);
        double value = inputs[1].data[i];
        output->data[row * units + i % units] += op_rounds_rows(node) ? op_round(value) : value;
    }
}

// Of the product of a table by weights: its rows' gradients are rounded, as those of the product of
// the rows would be.
static const ArgDef take_rows_args[] = {
    {.name = "bfloat16",
     .type = ARG_BOOL,
     .default_text = "false",
     .doc = "round gradients to bfloat16"},
    {0},
};

static const ArgDef add_rows_args[] = {
    {.name = "rows",
     .type = ARG_INT,
     .default_text = "1",
     .minimum = 1,
     .maximum = EMBEDDING_MAX_CLASSES,
     .doc = "of the table"},
    {.name = "bfloat16",
     .type = ARG_BOOL,
     .default_text = "false",
     .doc = "round what is added to bfloat16"},
    {0},
};

// ---- embedding

static bool embedding_shape(Graph *graph, Node *node) {
    const Type *x = &node->inputs[0]->type;
    if (x->rank >= SHAPE_MAX_RANK)
        return op_shape_error(graph, node,
                              "embedding adds a dimension, and %s has as many as there can be",
                              shape_text(graph->arena, x));
    if (args_bool(node->args, "mask") && (x->rank != 1 || !x->batched)) {
        op_shape_error(graph, node,
                       "`mask` leaves steps of a sequence [steps] out, but this value "
                       "is %s",
                       shape_text(graph->arena, x));
        op_shape_label(graph, "has no steps to mask");
        return false;
    }
    set_dims_and_units(node, x, args_int(node->args, "units"));
    return layer_check_initializer(graph, node, "embeddings_initializer", 2);
}

static int64_t embedding_rows(const Node *node) {
    return args_int(node->args, "classes");
}

static void embedding_parameters(Graph *graph, Node *node) {
    int64_t dims[] = {args_int(node->args, "classes"), args_int(node->args, "units")};
    layer_add_weights(graph, node, "embeddings", "embeddings", type_make(DTYPE_F32, false, 2, dims),
                      true);
    const ArgValue *vectors = args_get(node->args, "weights");
    if (vectors->is_set) node->inputs[node->input_count - 1]->parameter->vectors = vectors->text;
}

// Class 0 is padding.
static Node *embedding_mask(Graph *graph, Node *node) {
    if (!args_bool(node->args, "mask")) return NULL;
    return graph_binary(graph, "greater", node->inputs[0], graph_constant(graph, 0));
}

static Node *embedding_expand(Graph *graph, Node *node) {
    return graph_binary(graph, "take_rows", node->inputs[0], node->inputs[1]);
}

static const ArgDef embedding_args[] = {
    {.name = "classes",
     .type = ARG_INT,
     .minimum = 1,
     .maximum = EMBEDDING_MAX_CLASSES,
     .keras_name = "input_dim",
     .doc = "how many numbers there are, from 0: the vocabulary's size"},
    {.name = "units",
     .type = ARG_INT,
     .minimum = 1,
     .maximum = 1 << 24,
     .keras_name = "output_dim",
     .doc = "length of each class's vector"},
    {.name = "mask",
     .type = ARG_BOOL,
     .default_text = "false",
     .keras_name = "mask_zero",
     .doc = "number 0 is padding: steps that do not count in the layers that follow"},
    LAYER_INITIALIZER("embeddings_initializer", "random_uniform", "how the vectors start"),
    LAYER_REGULARIZER("embeddings_regularizer", "penalty on the vectors, added to the loss"),
    LAYER_CONSTRAINT("embeddings_constraint", "what the vectors are kept to after each step"),
    {.name = "weights",
     .type = ARG_STRING,
     .default_text = "none",
     .is_path = true,
     .by_name = true,
     .doc = "a text file of words and vectors, as GloVe's: rows of words of the data that it has "
            "start so"},
    {0},
};

const OpDef op_embedding[] = {
    {.schema = {"embedding", "gives each whole number a learned vector", embedding_args,
                "Embedding ReversibleEmbedding"},
     .surface = true,
     .is_of_places = true,
     .min_inputs = 1,
     .max_inputs = 1,
     .fuse = FUSE_COMPOSITE,
     .shape = embedding_shape,
     .rows = embedding_rows,
     .parameters = embedding_parameters,
     .mask = embedding_mask,
     .makes_mask = true,
     .expand = embedding_expand},
    {.schema = {"take_rows", "takes rows of a table by their numbers", take_rows_args, NULL},
     .min_inputs = 2,
     .max_inputs = 2,
     .fuse = FUSE_GATHER,
     .shape = take_rows_shape,
     .rows = take_rows_rows,
     .takes_rows = true,
     .gradient = take_rows_gradient,
     .flops = op_flops_none,
     .evaluate = take_rows_evaluate,
     .gather = take_rows_gather,
     .kept_axis = take_rows_kept},
    {.schema = {"add_rows", "adds rows up by their numbers: the gradient of take_rows",
                add_rows_args, NULL},
     .min_inputs = 2,
     .max_inputs = 2,
     .fuse = FUSE_SCATTER,
     .shape = add_rows_shape,
     .gradient = add_rows_gradient,
     .flops = op_flops_none,
     .evaluate = add_rows_evaluate},
    {.schema = {0}},
};
