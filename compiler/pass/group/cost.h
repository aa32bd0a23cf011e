// What the groups of a schedule compute and move, for `--emit=fused` and for `--profile`.
#ifndef NNC_PASS_COST_H
#define NNC_PASS_COST_H

#include "schedule.h"

// Floating-point operations as the operators' rows count them, and bytes of values in memory, each
// counted once: read, wherever they lie, and written. Padding and what is packed do not count.
typedef struct GroupCost {
    double sample_flops, step_flops; // for each sample of the batch, and once a step
    double sample_bytes, step_bytes;
} GroupCost;

// requires: groups (pass_fuse). What several groups compute, each for itself, counts in each.
GroupCost cost_of_group(const Schedule *schedule, const Group *group);

// Appends the values without a group that are computed for `node` in its group, operands first.
// Those that are in the list already are left out.
void cost_list_inlined(const Schedule *schedule, const Node *node, NodeList *list);

// Do the operations of the node count for each sample, or once a step?
bool cost_is_of_samples(const Node *node);

// The node that a group is named after: its anchor, else the last one.
const Node *cost_main_node(const Group *group);
// "conv2d_1: convolve + add + relu", "dense: matmul_weights + multiply + subtract -> kernel".
char *cost_group_name(Arena *arena, const Schedule *schedule, const Group *group);
const char *cost_kind_name(GroupKind kind);

#endif
