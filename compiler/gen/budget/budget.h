// What a program costs before its first step: memory, operations, bytes that are moved.
#ifndef NNC_GEN_BUDGET_H
#define NNC_GEN_BUDGET_H

#include "../emit.h"

// After all passes. Sums that overflow are INT64_MAX.
GenSizes budget_sizes(const Compiled *compiled, const Model *model);
GenMemory budget_memory(const Compiled *compiled, const CompiledTraining *training);

// All functions, with as little economy as `max_memory` asks for; where nothing fits, with what
// takes least.
Compiled *budget_compile(Arena *arena, const Program *program, const Target *target,
                         const GenOptions *options, PassObserver *observe, void *state);
// Makes all code, for the floats of scratch that each worker needs. object.c
int64_t object_scratch(Arena *arena, const Target *target, Compiled *compiled);
// False, with a message: a training takes more than `max_memory`.
bool budget_keeps_limit(const Compiled *compiled, const GenOptions *options, DiagSink *sink);

// Do two plans of a function give the same bits?
bool budget_keeps_bits(const Schedule *usual, const Schedule *other);

// What groups compute and move, for the descriptor; and all of a function's together.
nnrt_group *budget_groups(Arena *arena, const Compiled *compiled, const Schedule *schedule);
nnrt_work budget_work(const Schedule *schedule);
double budget_flops(const Graph *graph);          // of one sample, each value once
int64_t budget_threads(const Schedule *schedule); // more do not help
GenCosts budget_costs(const Compiled *compiled);  // in the program's arena

// Where the arena of the step's evaluation begins in that of its training, floats; -1: it is apart.
int64_t budget_evaluate_at(const CompiledStep *step);

// Floats of scratch that a gradient of weights over many rows takes, of all workers together; 0: it
// takes little. product/weights/long.c
int64_t weight_long_floats(const Schedule *schedule, const Node *product);
// False, with a message, if the program needs more memory than there can be, or, for code that is
// made for this machine, than it has.
bool budget_fits(const Compiled *compiled, const GenOptions *options, DiagSink *sink);

#endif
