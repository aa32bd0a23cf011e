// Loops in a graph. A `scan` node owns a graph, its body, and computes it once for each step of a
// sequence: values are carried from step to step, sequences [steps, ..] are taken apart into their
// steps, captured values are the same in all of them. Its results are nodes of their own
// (`scan_result`): what was carried, after the last step, and the steps of stacked values, put
// together as [steps, ..].
#ifndef NNC_GRAPH_SCAN_H
#define NNC_GRAPH_SCAN_H

#include "graph.h"

// The node's inputs: initial values of what is carried, sequences, captured values, and then the
// parameters that the body reads, whose nodes the body has, too. The body's inputs: what is
// carried, a step of each sequence, captured values. Its outputs: what is carried on, a step of
// each stacked value. All batched but for captured values, which may be the same for all samples.
struct Scan {
    Graph *body;
    int64_t steps;
    bool is_reversed; // from the last step of the sequences to the first
    bool is_resumed; // a run does the one step that the scalar `step` says, from 1; what is stacked
                     // stays in memory from run to run
    int carried, sequences, captured;
};

// A scan that is being made.
struct ScanBuilder {
    Graph *graph;
    Scan *scan;
    NodeList initial, sequences, captured; // outside
    NodeList carried, steps, same;         // the same within the body
    NodeList next, stacked;                // results of the body
};

ScanBuilder scan_open(Graph *graph, int64_t steps, bool is_reversed);
// The value within the body; `initial` gives its type.
Node *scan_carry(ScanBuilder *builder, Node *initial);
Node *scan_sequence(ScanBuilder *builder, Node *sequence);
Node *scan_capture(ScanBuilder *builder, Node *value);
// What carried value number `index` is in the next step.
void scan_carry_on(ScanBuilder *builder, int index, Node *value);
// The number of the stacked result.
int scan_stack(ScanBuilder *builder, Node *value);
Node *scan_close(ScanBuilder *builder);
// As a node of a layer, which becomes a scan when it is expanded.
Node *scan_close_as(ScanBuilder *builder, const char *op, const Args *args);
// A value as the body has it: one of the graph around it is captured.
Node *scan_inside(ScanBuilder *builder, Node *value);

Node *scan_final(Graph *graph, Node *scan, int carried); // after the last step
Node *scan_stacked(Graph *graph, Node *scan, int number);
// Makes one more value of the body a stacked result of a scan that exists; its number.
int scan_add_stacked(const Node *scan, Node *value);
// Makes a value of the graph around one more sequence of a scan that exists; its step in the body.
Node *scan_add_sequence(Graph *graph, Node *scan, const char *name, Node *sequence);
// One more value that is carried, behind the others; what the body has of it, which it carries on
// as it is until scan_set_carried.
Node *scan_add_carried(Graph *graph, Node *scan, Node *initial);
void scan_set_carried(const Node *scan, int index, Node *value);
// As scan_add_sequence, for a captured value.
Node *scan_add_captured(Graph *graph, Node *scan, Node *value);
// The place of a result among the body's outputs.
int scan_result_index(const Node *result);

// The type of one step of a sequence, and of the sequence of such steps.
Type scan_step_type(const Type *sequence);
Type scan_sequence_type(const Type *step, int64_t steps);

// Drops stacked results that nothing reads, and sequences and captured values that the body does
// not read.
void scan_prune(Graph *graph);

#endif
