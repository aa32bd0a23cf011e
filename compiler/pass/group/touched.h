// Tables of weights that are updated row by row, for the rows that a batch names. Where a sum over
// all of the gradient's elements decides about the update, as of a norm that is clipped, three
// groups follow each other: the sums of rows, that sum, of the rows that have one, and the update.
#ifndef NNC_PASS_TOUCHED_H
#define NNC_PASS_TOUCHED_H

#include "schedule.h"

// What a group that updates rows keeps from step to step, in the arena, at group->state, in floats:
// the last step (f64) in TOUCHED_HEAD floats; for each row a mark (i32); for each of the last
// TOUCHED_STEPS steps the numbers that the update's formulas had. Every half of them all rows
// are settled, so that none misses a step that is not kept.
enum { TOUCHED_HEAD = 16, TOUCHED_STEPS = 2048, TOUCHED_MOST = 8 }; // MOST: tensors assigned

// Within a step, the rows that the batch names (i32): for each worker a list whose entries have the
// row, the first and the last place of the batch that names it, and how many there are; the first
// entry has the number of the others instead. For each row of the table its entry, if that has the
// row; for each place the next one that names the same row.
enum { NAMED_ROW, NAMED_FIRST, NAMED_LAST, NAMED_COUNT, NAMED_SIZE };

// requires: layouts; provides: schedule->touching.
void touched_find(Schedule *schedule);
bool touched_updates(const Group *group); // whether it is such a group
// Whether the update is apart from the sums of rows.
bool touched_is_apart(const Schedule *schedule, const Node *scatter);
// Whether its sums of rows stay in registers: nothing but its own update reads them.
bool touched_keeps_sums(const Schedule *schedule, const Group *group);
// The group that updates by these sums of rows; NULL: none does.
const Group *touched_update_of(const Schedule *schedule, const Node *scatter);
// The sums of rows whose elements, each by itself, a sum over a storage adds up; NULL: of others.
const Node *touched_summed(const Schedule *schedule, const Node *reduction);
// The numbers of a step that the formulas of its update use, but for constants.
NodeList touched_numbers(const Schedule *schedule, const Group *group);
// The tensor that `assign` of such a group replaces, as its update reads it; NULL: it does not.
Node *touched_leaf(const Schedule *schedule, const Group *group, const Node *assign);
int64_t touched_numbers_size(const Schedule *schedule, const Group *group); // floats of a step

// Where in the state these begin, in floats; and how many it has.
typedef struct TouchedPlaces {
    int64_t marks, numbers, lists, entries, next, size;
} TouchedPlaces;
TouchedPlaces touched_places(const Schedule *schedule, const Group *group);

#endif
