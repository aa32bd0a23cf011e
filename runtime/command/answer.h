// What the outputs of one sample say where they are classes: a vector a place, or one value for yes
// and no.
#ifndef NNRT_ANSWER_H
#define NNRT_ANSWER_H

#include "../nnrt.h"

int64_t nnrt_answer_classes(const nnrt_output *output); // 2 where the last dimension is 1
int64_t nnrt_answer_places(const nnrt_output *output);  // 1 for a vector
// The class at a place: the largest value, or whether the only one is above one half.
int64_t nnrt_answer_class(const nnrt_output *output, const float *outputs, int64_t place);
// How many places have the class.
int64_t nnrt_answer_count(const nnrt_output *output, const float *outputs, int64_t class_index);

#endif
