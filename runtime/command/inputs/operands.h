// The operands of `predict` where a model has several inputs: a file for each, in their order, or
// by name: `left=a.npy right=b.npy`.
#ifndef NNRT_OPERANDS_H
#define NNRT_OPERANDS_H

#include "input.h"

// Finds the operand of each of the function's inputs, as a pointer into `words`. NNRT_USAGE: too
// few or too many, one given twice, numbers, standard input twice.
nnrt_status nnrt_operands_find(const nnrt_function *function, char *const *words, int64_t count,
                               const char *paths[NNRT_MAX_COLUMNS]);

// Reads them: inputs[i] holds the samples of input i, and the path and the counts of inputs[0] are
// those of all of them. They have as many samples each. After an error there is nothing to free.
nnrt_status nnrt_operands_read(const nnrt_function *function, const nnrt_input_reader *reader,
                               const char *const *paths, nnrt_input *inputs);

#endif
