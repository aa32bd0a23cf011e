// Inside the planner (plan.c): sizes, lives and places of what a schedule stores.
#ifndef NNC_PASS_MEMORY_H
#define NNC_PASS_MEMORY_H

#include "../group/fusion.h"

// Floats: a cache line; what vector loads may read past the end; distances of samples that are
// multiples of this are made a line longer, as samples that are 2^n bytes apart would share few
// sets of the caches.
enum { LINE = 16, SLACK = 16, SKEWED = 512 };

// Floats of one value; more is as good as infinite (budget_fits says so), and sums do not overflow.
static const int64_t LARGEST = (int64_t)1 << 46;

// ---- sizes.c
// By node id: a contraction reads its rows beside those of other leading dimensions, and wants them
// evenly spaced.
bool *memory_row_operands(const Schedule *schedule, Arena *arena);
void memory_size(const Schedule *schedule, const Node *node, bool is_row_operand, Buffer *buffer);
int64_t memory_copies(const Schedule *schedule, const Node *node);

// ---- narrow.c
// Which values are kept in bfloat16; those of bodies, too.
void memory_find_narrow(Schedule *schedule);

// ---- lives.c
void memory_find_lives(Schedule *schedule);

// ---- in_place.c
void memory_find_replaced(Schedule *schedule, Arena *arena);

// ---- windowed.c
// Which values live within a window, or, if not `with_any`, that none does; those that give way to
// each other keep their places.
void memory_find_windowed(Schedule *schedule, Arena *arena, bool with_any);

// ---- pools.c
// Which values take turns where: sets their pools and places.
void memory_find_pools(Schedule *schedule, Arena *arena);

// ---- bound.c
// Floats of the values that are there at the same time, at most.
int64_t memory_bound(Schedule *schedule, Arena *arena);

// ---- parts.c
void memory_mark_parts(Schedule *schedule);
void memory_place_parts(Schedule *schedule);

// ---- bodies.c: offsets begin at 0; then, when the group has its place.
void memory_size_body(Schedule *body, Arena *arena);
void memory_place_body(const Schedule *schedule, const Group *group);

#endif
