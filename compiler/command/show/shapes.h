// `--emit=shapes`: what each layer takes and gives, its weights and its arithmetic.
#ifndef NNC_SHAPES_H
#define NNC_SHAPES_H

#include "../../graph/graph.h"

// Layers in order: name, inputs -> output (without the batch), weights with their shapes, and the
// floating-point operations of one sample in a forward pass of training.
void shapes_print(Text *out, const Graph *forward);

#endif
