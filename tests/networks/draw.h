// Draws calls from the rows of the registries: each argument from its type, range and choices, so
// that a new row, or a new argument, is drawn without a word here.
#ifndef NNC_TESTS_NETWORKS_DRAW_H
#define NNC_TESTS_NETWORKS_DRAW_H

#include "../../compiler/op/op.h"
#include "network.h"
#include "random.h"

// A call for a value of this type (NULL: for none), with every argument that must be written and,
// with a chance of `percent` each, the others. Texts are in `arena`.
Words draw_call(Random *random, Arena *arena, const Schema *schema, const Type *type, int percent);

// May its weights be made wider?
bool draw_is_widened(const OpDef *op);

// Units, filters and the like become so many that products with them are rounded to bfloat16;
// kernels are small and heads few, as they are multiplied by the evaluator many times.
void draw_widen(Random *random, Arena *arena, const Schema *schema, Words *call);

// The rows that a model may name, losses aside.
int draw_operator_count(void);
const OpDef *draw_operator(int index);
bool draw_takes_many(const OpDef *op); // operands, not one

// An argument of a type that no rule draws, for the test that all are; NULL: there is none.
const char *draw_unknown_argument(const Schema *schema);

#endif
