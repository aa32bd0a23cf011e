// `nnc summary`: Keras's table in the layout of TensorFlow 2 (to 2.6), and the bytes that training
// takes; or the same as one JSON object. The table has rows for operators between tensors, too
// (`a + b` is an `add`), and says which use of a shared layer is meant: `tower[1][0]` is the
// second.
#ifndef NNC_SUMMARY_H
#define NNC_SUMMARY_H

#include "../../check/check_program.h"
#include "../../gen/gen.h"

// `sizes` may be NULL: not known, because the data was not found. `shown`, by the number of a
// layer, says which rows tables before have: a part of the model with such layers is one row. Those
// of the model are added. NULL: there is no other table.
void summary_print(Text *out, const Model *model, const GenSizes *sizes, bool *shown);

// Keys: model, layers (name, type, output_shape, params), params, trainable, non_trainable, batch,
// weight_bytes, gradient_bytes, optimizer_bytes, activation_bytes, data_bytes, disk_bytes,
// peak_bytes. Without sizes the last seven are null, without a training on known data the last
// three; so is the batch of an output shape. One of a list has its `name` first; where predictions
// are in int8 there are int8_products and int8_weight_bytes.
void summary_print_json(Text *out, const Model *model, const GenSizes *sizes, bool is_listed);

// The name of an operator's class in Keras: "Dense" for `dense`.
char *summary_class_name(Arena *arena, const char *operator_name);

// " (1.03 MB)" as Keras prints sizes, in steps of 1024; "" below 1 KB.
const char *summary_size(Arena *arena, int64_t bytes);

// "1,234,567"
char *summary_count(Arena *arena, int64_t count);

#endif
