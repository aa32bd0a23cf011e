// position_embedding: adds a learned vector for each place to a sequence, which says where its
// numbers stand. Weights `embeddings` [places, numbers], as in KerasHub's PositionEmbedding.
#include "../layer/layer.h"

static bool position_shape(Graph *graph, Node *node) {
    const Type *x = &node->inputs[0]->type;
    if (x->rank == 2)
        return layer_check_initializer(graph, node, "embeddings_initializer", 2) &&
               op_shape_same(graph, node);
    op_shape_error(graph, node,
                   "position_embedding expects a sequence [places, numbers], but this value is %s",
                   shape_text(graph->arena, x));
    op_shape_help(graph, "`embedding` makes a sequence of tokens, `reshape` of other values");
    return false;
}

static void position_parameters(Graph *graph, Node *node) {
    const Type *x = &node->inputs[0]->type;
    layer_add_weights(graph, node, "embeddings", "embeddings",
                      type_make(DTYPE_F32, false, 2, x->dims), true);
}

static Node *position_expand(Graph *graph, Node *node) {
    return graph_add(graph, node->inputs[0], node->inputs[1]);
}

static const ArgDef position_args[] = {
    LAYER_INITIALIZER("embeddings_initializer", "glorot_uniform", "how the vectors start"),
    LAYER_REGULARIZER("embeddings_regularizer", "penalty on the vectors, added to the loss"),
    LAYER_CONSTRAINT("embeddings_constraint", "what the vectors are kept to after each step"),
    {0},
};

const OpDef op_position[] = {
    {.schema = {"position_embedding", "adds a learned vector for each place of a sequence",
                position_args, "PositionEmbedding"},
     .surface = true,
     .min_inputs = 1,
     .max_inputs = 1,
     .fuse = FUSE_COMPOSITE,
     .shape = position_shape,
     .parameters = position_parameters,
     .mask = op_mask_same,
     .expand = position_expand},
    {.schema = {0}},
};
