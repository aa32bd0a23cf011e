// Random numbers of a graph: operators without inputs, each with a stream of its own. A number is a
// function of the key, the stream and the element's place in the batch (random.h), where the key is
// that of the run's seed and the step, or a fixed one where the operator has a seed. Forward and
// backward pass can therefore make them anew instead of keeping them.
#ifndef NNC_OP_GENERATOR_H
#define NNC_OP_GENERATOR_H

#include "../op.h"

#include <stdint.h>

enum { GENERATOR_SECOND = 1 << 30 }; // added to a stream: its second numbers; no graph has so many

// The arguments of every generator's row: graph_generate with them, `stream` set by generator_args.
#define GENERATOR_ARGS                                                                             \
    {.name = "stream", .type = ARG_INT, .default_text = "0", .doc = "which random numbers"},       \
        {.name = "seed",                                                                           \
         .type = ARG_INT,                                                                          \
         .default_text = "none",                                                                   \
         .maximum = INT32_MAX,                                                                     \
         .doc = "the same numbers in every step; none: others in each"}

// Arguments with a stream that no other generator of the graph has.
Args *generator_args(Graph *graph, const char *op);

// Uniform numbers in [0, 1); `which` is 0 or GENERATOR_SECOND.
Lane generator_lanes(LaneBuilder *b, const Node *node, uint32_t which);
double generator_number(const Node *node, const EvalPoint *at, uint32_t which);

#endif
