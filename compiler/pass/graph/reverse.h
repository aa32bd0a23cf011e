// Inside pass gradient: the walk from values back to others, which a scan's body has, too.
#ifndef NNC_PASS_REVERSE_H
#define NNC_PASS_REVERSE_H

#include "../../graph/scan.h"
#include "../pass.h"

typedef struct Reverse {
    Graph *graph;
    bool *is_start;   // by node id: it is differentiated
    bool *is_end;     // by node id: it is differentiated with respect to this one
    bool *wanted;     // by node id: an end reaches it, with a gradient all the way
    Node **gradients; // by node id: what has arrived so far; NULL: nothing
    int count;        // nodes of the forward graph
} Reverse;

// Sorts the graph. The caller marks starts and ends, asks reverse_mark for what is between them,
// gives the starts their gradients, and walks.
Reverse reverse_begin(Graph *graph);
void reverse_end_at_parameters(Reverse *reverse); // those that the graph updates
void reverse_mark(Reverse *reverse);
void reverse_arrive(Reverse *reverse, const Node *node, Node *gradient);
void reverse_walk(Reverse *reverse);

// The gradients of a scan's inputs, where `wanted`, from those of its results (NULL: none): a scan
// in the other direction, which carries the gradients of what is carried. What it needs of the
// forward steps becomes stacked results of `scan`. Sums over the samples, as gradients of weights
// are, are made after it, over all steps at once.
void scan_gradients(Graph *graph, Node *scan, Node *const *dresults, const bool *wanted,
                    Node **dinputs);

#endif
