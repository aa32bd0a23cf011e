// recur: a recurrent layer around a block of the program, as Keras 3's RNN around a cell class
// (keras/src/layers/rnn/rnn.py). The checker makes its body out of the block, which has layers like
// any other; here it becomes a scan.
#include "recurrent.h"

#include "../../graph/scan.h"

static const Type *state_type(const Node *node, int state) {
    return &node->scan->body->outputs.items[state]->type;
}

static bool recur_shape(Graph *graph, Node *node) {
    (void)graph;
    node->type = *state_type(node, 0);
    if (args_bool(node->args, "return_sequences"))
        node->type = scan_sequence_type(&node->type, node->scan->steps);
    return true;
}

static int recur_results(const Node *node) {
    return args_bool(node->args, "return_state") ? 1 + node->scan->carried : 1;
}

static Type recur_result_type(const Node *node, int index) {
    return index ? *state_type(node, index - 1) : node->type;
}

static Node *recur_mask(Graph *graph, Node *node) {
    Node *mask = node->inputs[node->scan->carried]->mask;
    if (mask) op_take_mask(graph, node, mask);
    return args_bool(node->args, "return_sequences") ? mask : NULL;
}

// ---- The scan.

// At a step that does not count the states stay as they are.
static void keep_masked(const Node *loop, Node *counts) {
    Graph *body = loop->scan->body;
    for (int i = 0; i < loop->scan->carried; i++) {
        Node *inputs[] = {counts, body->outputs.items[i], body->inputs.items[i]};
        body->outputs.items[i] = graph_call(body, "where", inputs, 3, NULL);
    }
}

static Node *recur_expand(Graph *graph, Node *node) {
    Node *mask = op_taken_mask(node);
    Node *loop = graph_loop(graph, "scan", node->inputs, node->input_count - node->mask_count, NULL,
                            node->scan);
    Node *results[RECUR_MOST_STATES];
    if (mask) keep_masked(loop, scan_add_sequence(graph, loop, "counts", mask));
    bool keeps_steps = args_bool(node->args, "return_sequences");
    int kept = keeps_steps ? scan_add_stacked(loop, loop->scan->body->outputs.items[0]) : 0;
    for (int i = 0; i < node->scan->carried; i++) results[i] = scan_final(graph, loop, i);
    graph_set_results(graph, node, results, recur_results(node) - 1);
    if (!keeps_steps) return results[0];
    Node *steps = scan_stacked(graph, loop, kept);
    return node->scan->is_reversed ? recurrent_reverse(graph, steps) : steps;
}

static const ArgDef recur_args[] = {
    {.name = "cell",
     .type = ARG_BLOCK,
     .doc = "a block of the input and the states that gives the new states, with its options"},
    {.name = "units",
     .type = ARG_INT,
     .minimum = 1,
     .maximum = 1 << 20,
     .doc = "how many numbers a state has"},
    {.name = "return_sequences",
     .type = ARG_BOOL,
     .default_text = "false",
     .doc = "give the state after each step, not only after the last"},
    {.name = "return_state",
     .type = ARG_BOOL,
     .default_text = "false",
     .doc = "give the states after the last step, too"},
    {.name = "go_backwards",
     .type = ARG_BOOL,
     .default_text = "false",
     .doc = "begin at the end of the sequence"},
    {0},
};

const OpDef op_recur[] = {
    {.schema = {"recur", "goes through a sequence with a recurrent cell of the program", recur_args,
                NULL},
     .surface = true,
     .not_in_cells = "it goes through a sequence of its own",
     .min_inputs = 1,
     .max_inputs = -1,
     .fuse = FUSE_COMPOSITE,
     .shape = recur_shape,
     .mask = recur_mask,
     .expand = recur_expand,
     .results = recur_results,
     .result_type = recur_result_type},
    {.schema = {0}},
};
