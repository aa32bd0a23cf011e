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

typedef struct Run {
    Graph *graph;
    const Node *node; // the layer
    Node *loop;
    int states;
    Node *kept[RECUR_MOST_STATES]; // of the batch before; NULL: it begins anew
    int given;                     // which carried value is what the layer gives
} Run;

static Node *const *begin(Run *run) {
    const Node *node = run->node;
    Node **inputs = ARENA_ARRAY(run->graph->arena, Node *, node->input_count + 1);
    for (int i = 0; i < node->input_count; i++) inputs[i] = node->inputs[i];
    for (int i = 0; i < run->states && recurrent_keeps(run->graph, node); i++) {
        run->kept[i] = graph_kept(run->graph, inputs[i]->type);
        inputs[i] = graph_load(run->graph, run->kept[i]); // it is written in this step
    }
    return inputs;
}

static bool begins_with_zeros(const Run *run) {
    double value;
    const Node *initial = run->loop->inputs[0];
    while (node_is(initial, "broadcast")) initial = initial->inputs[0];
    return node_is_constant(initial, &value) && value == 0;
}

// At a step that does not count the states stay as they are, and the layer gives what it gave
// before: zeros before the first that counts, which is not what it began with, as in recurrent.c.
static void keep_masked(Run *run, Node *mask) {
    Node *loop = run->loop, *given = NULL;
    Graph *body = loop->scan->body;
    Node *next = body->outputs.items[0];
    if (!begins_with_zeros(run)) {
        run->given = run->states;
        given = scan_add_carried(run->graph, loop,
                                 graph_filled(run->graph, *state_type(run->node, 0), 0));
    }
    Node *counts = scan_add_sequence(run->graph, loop, "counts", mask);
    for (int i = 0; i < run->states; i++) {
        Node *inputs[] = {counts, body->outputs.items[i], body->inputs.items[i]};
        scan_set_carried(loop, i, graph_call(body, "where", inputs, 3, NULL));
    }
    if (!given) return;
    Node *inputs[] = {counts, next, given};
    scan_set_carried(loop, run->given, graph_call(body, "where", inputs, 3, NULL));
}

static Node *recur_expand(Graph *graph, Node *node) {
    Run run = {.graph = graph, .node = node, .states = node->scan->carried};
    Node *mask = op_taken_mask(node), *results[RECUR_MOST_STATES];
    bool keeps_steps = args_bool(node->args, "return_sequences");
    int count = recur_results(node) - 1;
    Node *const *inputs = begin(&run);
    run.loop =
        graph_loop(graph, "scan", inputs, node->input_count - node->mask_count, NULL, node->scan);
    if (mask) keep_masked(&run, mask);
    const NodeList *outputs = &run.loop->scan->body->outputs;
    int stacked = keeps_steps ? scan_add_stacked(run.loop, outputs->items[run.given]) : 0;
    for (int i = 0; i < run.states; i++) results[i] = scan_final(graph, run.loop, i);
    for (int i = 0; i < run.states; i++)
        if (run.kept[i]) graph_keep(graph, run.kept[i], results[i]);
    graph_set_results(graph, node, results, count);
    if (!keeps_steps) return scan_final(graph, run.loop, run.given);
    Node *steps = scan_stacked(graph, run.loop, stacked);
    return node->scan->is_reversed ? recurrent_reverse(graph, steps) : steps;
}

static const ArgDef recur_args[] = {
    {.name = "cell",
     .type = ARG_BLOCK,
     .doc = "a block of the input and the states that gives the new states, with its options"},
    {.name = "units",
     .type = ARG_INTS,
     .minimum = 1,
     .maximum = 1 << 20,
     .doc = "how many numbers a state has, or the dimensions of one: [8, 8, 4]"},
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
    {.name = "stateful",
     .type = ARG_BOOL,
     .default_text = "false",
     .doc = "begin with the states that the batch before ended with, at the same place of it"},
    {0},
};

const OpDef op_recur[] = {
    {.schema = {"recur", "goes through a sequence with a recurrent cell of the program", recur_args,
                NULL},
     .surface = true,
     .keeps_states = recurrent_is_stateful,
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
