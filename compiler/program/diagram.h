// A model as a person draws it: what `nnc graph --svg` and reports show.
#ifndef NNC_PROGRAM_DIAGRAM_H
#define NNC_PROGRAM_DIAGRAM_H

#include "program.h"

// In topological order; lives in `arena`. Layers within the cell of a recurrent one have no boxes.
nnrt_diagram program_diagram(Arena *arena, const Program *program, const Model *model);

// An operator between tensors, as `a + b`, which no layer stands for.
bool program_is_operator(const Model *model, const Node *node);

// What the data set's transforms make of an input.
bool program_is_before_body(const Model *model, const Node *node);

#endif
