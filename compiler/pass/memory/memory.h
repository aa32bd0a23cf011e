// Inside the planner (plan.c): sizes, lives and places of what a schedule stores.
#ifndef NNC_PASS_MEMORY_H
#define NNC_PASS_MEMORY_H

#include "../group/fusion.h"

enum { LINE = 16 }; // floats of a cache line

// ---- sizes.c
// By node id: a contraction reads its rows beside those of other leading dimensions, and wants them
// evenly spaced.
bool *memory_row_operands(const Schedule *schedule, Arena *arena);
void memory_size(const Schedule *schedule, const Node *node, bool is_row_operand, Buffer *buffer);
int64_t memory_copies(const Schedule *schedule, const Node *node);

// ---- lives.c
void memory_find_lives(Schedule *schedule);

// ---- parts.c
void memory_mark_parts(Schedule *schedule);
void memory_place_parts(Schedule *schedule);

// ---- bodies.c: offsets begin at 0; then, when the group has its place.
void memory_size_body(Schedule *body, Arena *arena);
void memory_place_body(const Schedule *schedule, const Group *group);

#endif
