// gradient(y, x) within the expressions of models and steps: the derivative of the sum over all of
// `y` with respect to `x`, of x's shape. Where samples do not meet each other, each sample's part
// is its own derivative. Pass expand puts the walk of pass gradient in its place, so that it can be
// differentiated again: the penalty of WGAN-GP, Gulrajani et al. 2017, arXiv:1704.00028.
#include "../op.h"

// Do the nodes that lead to `y` begin at `x`? Inputs stand before what is made of them.
static bool depends_on(const Graph *graph, const Node *y, const Node *x) {
    ArenaMark mark = arena_mark(graph->arena);
    bool *reached = ARENA_ARRAY(graph->arena, bool, y->id + 1);
    for (int i = x->id; i <= y->id; i++) {
        const Node *node = graph->nodes.items[i];
        reached[i] = node == x;
        for (int k = 0; k < node->input_count && !reached[i]; k++)
            reached[i] = reached[node->inputs[k]->id];
    }
    bool result = x->id <= y->id && reached[y->id];
    arena_release(graph->arena, mark);
    return result;
}

static bool gradient_shape(Graph *graph, Node *node) {
    const Node *y = node->inputs[0], *x = node->inputs[1];
    node->type = x->type;
    node->type.dtype = DTYPE_F32;
    if (depends_on(graph, y, x)) return true;
    op_shape_error(graph, node, "`gradient` of a value that is not made of the second one");
    op_shape_label(graph, "the first does not depend on the second");
    op_shape_help(graph, depends_on(graph, x, y)
                             ? "what is differentiated stands first, then what by: `gradient(y, x)`"
                             : "give the second one a name, make the first of it: `y = MODEL(x)`, "
                               "then `gradient(y, x)`");
    return false;
}

const OpDef op_derivative[] = {
    {.schema = {"gradient", "gives the derivative of the first value's sum by the second", NULL,
                "gradients grad"},
     .surface = true,
     .min_inputs = 2,
     .max_inputs = 2,
     .fuse = FUSE_COMPOSITE,
     .is_derivative = true,
     .shape = gradient_shape},
    {.schema = {0}},
};
