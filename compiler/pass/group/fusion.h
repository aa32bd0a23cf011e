// Inside fusion (fuse.c, domain.c, inline.c): the groups that are being made.
#ifndef NNC_PASS_FUSION_H
#define NNC_PASS_FUSION_H

#include "schedule.h"

typedef struct Fusion {
    Schedule *schedule;
    Graph *graph;
    Arena *arena;
    NodeList *users;     // by node id, reshapes looked through
    VEC(Group *) groups; // by creation, group->id is the index
    int placed;          // nodes that have their place
    int *levels;         // by node id, of those without a group: below those of all readers
    int *stamps;         // by node id: the last question that came by
    int stamp;           // the number of the question
    bool *feeds_samples; // by node id: a small vector that values of samples are made of
} Fusion;

// ---- domain.c
bool domain_is_full(const Type *type, const Type *domain); // as many elements
// Whether both have the same dimensions, apart from leading ones.
bool domain_same_dims(const Type *a, const Type *b);
// Whether `type` is repeated over dimensions that `domain` has, too.
bool domain_broadcasts(const Type *type, const Type *domain);
// Whether a gathered value of `type` can be computed at the places of `domain`: a place within the
// last dimension is the same in both, and the others are as many (a sequence [n, c] is the picture
// [1, n, c]).
bool domain_gathers(const Type *type, const Type *domain);
// The domain in which `user` evaluates its operand number `number`.
Type domain_of_use(const Node *user, int number);
// Whether the formula of `node` can be evaluated at the places of `domain`, with what is inlined
// into it.
bool domain_computes(const Schedule *schedule, const Node *node, const Type *domain);
// What the group computes itself is known at the place where it was computed, and only there.
bool domain_joins(const Schedule *schedule, const Group *group, const Node *node);
// Values of a row group have an element for each place of the domain, or one number for each row.
bool domain_fits_rows(const Schedule *schedule, const Group *group, const Node *node);
// Whether all uses of `node` in `user` can compute it where they are.
bool domain_inlines(const Schedule *schedule, const Node *node, const Node *user);

// ---- inline.c: nodes that are computed wherever they are used.
void inline_find_vectors(Fusion *fusion); // fills feeds_samples
// Single numbers of the step, chains that begin at leaves, and small vectors that values of samples
// are made of.
bool inline_is_free(const Fusion *fusion, const Node *node);
// Takes those values of samples out of their groups that are cheaper to compute again from what is
// in memory than to store and to load.
void inline_cheap_values(Fusion *fusion);

// ---- fuse.c
bool fusion_is_output(const Graph *graph, const Node *node);
bool fusion_used_outside(const Fusion *fusion, const Node *node, int group);
// Whether OpenBLAS gives the product, and nothing but it: nothing joins its group.
bool fusion_is_by_blas(const Schedule *schedule, const Node *anchor);
// Whether a product takes elementwise nodes into its group: not OpenBLAS, and not what is added up
// over the samples.
bool fusion_takes_epilogue(const Schedule *schedule, const Node *anchor);
// Whether `node`'s inputs, other than those in `group` itself, need `group` to be finished.
bool fusion_makes_cycle(Fusion *fusion, const Node *node, int group);

// The same as schedule_reads_memory, with values that are joined.
bool fusion_reads_memory(const Fusion *fusion, const Node *user);

// ---- passing.c: after what is stored is known.
void fusion_find_guests(Schedule *schedule);

// ---- partition.c
Partition fusion_partition(const Schedule *schedule, const Group *group);

bool fusion_is_empty(const Group *group);

// ---- join.c
// Marks the values whose parts can be computed where they stand in them.
void fusion_find_joined(Fusion *fusion);
Group *fusion_new_group(Fusion *fusion, GroupKind kind, const Type *domain);
void fusion_join(Fusion *fusion, Group *group, Node *node);
// Moves all nodes of `other`, which stays empty.
void fusion_absorb(Fusion *fusion, Group *group, Group *other);
void fusion_remove(Fusion *fusion, const Node *node); // from its group: it is inlined from now on
void fusion_place_alone(Fusion *fusion, Node *node);  // in a group of its own
void fusion_sort_members(Group *group);               // as the graph has them

// ---- effects.c
// To the group that computes the value, if it can store it, or to one of its own.
void fusion_place_assign(Fusion *fusion, Node *assign);
void fusion_move_assign(Fusion *fusion, Group *group, Node *assign); // to one of its own

// ---- merge.c
void fusion_merge_groups(Fusion *fusion);

// ---- legalize.c
// Stores what a group cannot compute where it would be, and divides groups that wait for each
// other, until every group is legal (legal.h) and none waits for itself.
void fusion_legalize(Fusion *fusion);

#endif
