// bidirectional: a recurrent layer through a sequence and another one of its kind from the end, as
// Keras 3's Bidirectional (keras/src/layers/rnn/bidirectional.py; Schuster and Paliwal 1997). Both
// read the sequence as it lies; what they give for a step is put together.
#include "recurrent.h"

#include <string.h>

enum { MOST_RESULTS = 1 + 2 * RECURRENT_MOST_STATES };

static const OpDef *inner_op(const Node *node) {
    return (const OpDef *)args_get(node->args, "layer")->callee;
}

static const char *inner_name(const Node *node) {
    const ArgValue *layer = args_get(node->args, "layer");
    return layer->args->name ? layer->args->name : layer->callee->name;
}

static bool is_merge(const Node *node, const char *word) {
    return strcmp(args_text(node->args, "merge"), word) == 0;
}

static Args *turned_args(Graph *graph, const Args *from) {
    Args *args = args_default(graph->arena, from->schema);
    args_copy_common(args, from);
    args_set_number(args, "go_backwards", !args_bool(from, "go_backwards"));
    return args;
}

// The layer of one direction, which is in no graph: with those states of the node's inputs that it
// begins with.
static Node *direction(Graph *graph, const Node *node, bool is_backward) {
    const ArgValue *layer = args_get(node->args, "layer");
    Node *inner = ARENA_NEW(graph->arena, Node);
    *inner = *node;
    inner->op = inner_op(node);
    inner->args = is_backward ? turned_args(graph, layer->args) : layer->args;
    inner->part =
        arena_format(graph->arena, "%s_%s", is_backward ? "backward" : "forward", inner_name(node));
    inner->inputs = NULL;
    inner->input_count = inner->mask_count = 0;
    op_append_input(graph, inner, node->inputs[0]);
    return inner;
}

static void take(Graph *graph, Node *inner, const Node *node, int begin, int count) {
    for (int i = begin; i < begin + count; i++) op_append_input(graph, inner, node->inputs[i]);
}

static bool check_given(Graph *graph, Node *node, int states) {
    int given = recurrent_given(node);
    if (!given || given == 2 * states) return true;
    op_shape_error(graph, node, "two layers begin with %d states, not %d", 2 * states, given);
    op_shape_help(graph,
                  "those of the forward layer stand first, those of the backward one behind");
    return false;
}

static bool check_forward(Graph *graph, Node *node) {
    if (!args_bool(args_get(node->args, "layer")->args, "go_backwards")) return true;
    op_shape_error(graph, node, "the forward layer of bidirectional goes backwards");
    op_shape_help(graph, "leave `go_backwards` out: bidirectional makes a layer of each direction");
    return false;
}

static bool bidirectional_shape(Graph *graph, Node *node) {
    if (!check_forward(graph, node)) return false;
    for (int i = 0; i < 2; i++) {
        Node *inner = direction(graph, node, i);
        int states = recurrent_states(inner);
        if (!check_given(graph, node, states)) return false;
        if (recurrent_given(node)) take(graph, inner, node, 1 + i * states, states);
        if (!inner->op->shape(graph, inner)) return false;
        node->type = inner->type;
    }
    if (is_merge(node, "concat")) node->type.dims[node->type.rank - 1] *= 2;
    return true;
}

static void bidirectional_parameters(Graph *graph, Node *node) {
    for (int i = 0; i < 2; i++) {
        Node *inner = direction(graph, node, i);
        inner->op->parameters(graph, inner);
        take(graph, node, inner, 1, inner->input_count - 1);
    }
}

// With both directions there is no state to carry on beside a step that does not count: steps that
// are given are zeros there (Keras's `zero_output_for_mask`).
static Recurrence run(Graph *graph, const Node *node, bool is_backward) {
    Node *inner = direction(graph, node, is_backward);
    int given = recurrent_given(node),
        weights = (node->input_count - node->mask_count - 1 - given) / 2;
    Node *mask = op_taken_mask(node);
    take(graph, inner, node, 1 + (is_backward ? given / 2 : 0), given / 2);
    take(graph, inner, node, 1 + given + (is_backward ? weights : 0), weights);
    if (mask) op_take_mask(graph, inner, mask);
    Recurrence run = recurrent_run(graph, inner);
    if (mask && run.value->type.rank > 1) run.value = op_where_counts(graph, mask, run.value);
    return run;
}

static Node *merge(Graph *graph, const Node *node, Node *forward, Node *backward) {
    if (is_merge(node, "mul")) return graph_multiply(graph, forward, backward);
    if (is_merge(node, "sum")) return graph_add(graph, forward, backward);
    if (is_merge(node, "ave")) return graph_scale(graph, graph_add(graph, forward, backward), 0.5);
    return graph_binary(graph, "concat", forward, backward);
}

static Node *bidirectional_expand(Graph *graph, Node *node) {
    Recurrence runs[] = {run(graph, node, false), run(graph, node, true)};
    Node *results[MOST_RESULTS];
    int count = 0;
    if (is_merge(node, "none")) results[count++] = runs[1].value;
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < runs[i].states; k++) results[count++] = runs[i].state[k];
    graph_set_results(graph, node, results, count);
    if (is_merge(node, "none")) return runs[0].value;
    return merge(graph, node, runs[0].value, runs[1].value);
}

static Node *bidirectional_mask(Graph *graph, Node *node) {
    Node *mask = node->inputs[0]->mask;
    if (mask) op_take_mask(graph, node, mask);
    return node->type.rank > 1 ? mask : NULL;
}

static Node as_inner(const Node *node) {
    Node inner = *node;
    inner.op = inner_op(node);
    inner.args = args_get(node->args, "layer")->args;
    return inner;
}

// Each direction with the state that it ended with itself, as Keras's.
static bool bidirectional_is_stateful(const Node *node) {
    Node inner = as_inner(node);
    return recurrent_is_stateful(&inner);
}

static int bidirectional_results(const Node *node) {
    Node inner = as_inner(node);
    return 1 + is_merge(node, "none") + 2 * (inner.op->results(&inner) - 1);
}

static Type bidirectional_result_type(const Node *node, int index) {
    Node inner = as_inner(node);
    if (index < 1 + is_merge(node, "none")) return node->type;
    return inner.op->result_type(&inner, 1);
}

static const ArgDef bidirectional_args[] = {
    {.name = "layer",
     .type = ARG_LAYER,
     .choices = "rnn lstm gru recur",
     .doc = "the recurrent layer of the forward direction; the other one is as it"},
    {.name = "merge",
     .type = ARG_WORD,
     .default_text = "concat",
     .choices = "concat sum mul ave none",
     .keras_name = "merge_mode",
     .doc = "how the results of both are put together; `none`: they are two values"},
    {0},
};

const OpDef op_bidirectional[] = {
    {.schema = {"bidirectional", "goes through a sequence in both directions", bidirectional_args,
                "Bidirectional"},
     .surface = true,
     .has_directions = true,
     .keeps_states = bidirectional_is_stateful,
     .not_in_cells = "it goes through a sequence of its own",
     .min_inputs = 1,
     .max_inputs = 1 + 2 * RECURRENT_MOST_STATES,
     .fuse = FUSE_COMPOSITE,
     .shape = bidirectional_shape,
     .parameters = bidirectional_parameters,
     .mask = bidirectional_mask,
     .expand = bidirectional_expand,
     .results = bidirectional_results,
     .result_type = bidirectional_result_type},
    {.schema = {0}},
};
