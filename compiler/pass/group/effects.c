// Effects: which group stores what is assigned.
#include "fusion.h"
#include "touched.h"

static void add_assign(Fusion *fusion, Group *group, Node *assign) {
    vec_push(fusion->arena, &group->assigns, assign);
    fusion->schedule->group_of[assign->id] = group->id;
}

static const Parameter *owner_of(const Node *assign) {
    return assign->parameter ? assign->parameter : assign->slot->parameter;
}

// What is done with gradients that were added up begins at leaves alone: the values that a
// parameter's update assigns are made of each other, and computed once.
static Group *find_beside(const Fusion *fusion, const Node *assign) {
    for (int i = 0; i < fusion->groups.count && fusion->graph->mode == GRAPH_UPDATE; i++) {
        Group *group = fusion->groups.items[i];
        bool is_alone = group->kind == GROUP_STORAGE && group->assigns.count && !group->nodes.count;
        if (is_alone && owner_of(group->assigns.items[0]) == owner_of(assign)) return group;
    }
    return NULL;
}

static void place_assign_alone(Fusion *fusion, Node *assign) {
    const Type *type = &schedule_source(assign->inputs[0])->type;
    Group *beside = type->rank && owner_of(assign) ? find_beside(fusion, assign) : NULL;
    if (beside) {
        add_assign(fusion, beside, assign);
        return;
    }
    GroupKind kind = type->rank == 0 ? GROUP_SCALAR : GROUP_STORAGE;
    Group *group = fusion_new_group(fusion, kind, type);
    group->lead = 1;
    group->width = type_elements(type);
    add_assign(fusion, group, assign);
}

void fusion_move_assign(Fusion *fusion, Group *group, Node *assign) {
    int kept = 0;
    for (int i = 0; i < group->assigns.count; i++)
        if (group->assigns.items[i] != assign)
            group->assigns.items[kept++] = group->assigns.items[i];
    group->assigns.count = kept;
    place_assign_alone(fusion, assign);
}

// Where a value is computed over its target's storage, or over a vector, it is assigned.
static bool takes_assigns(const Fusion *fusion, const Group *group) {
    if (group->kind == GROUP_STORAGE || group->kind == GROUP_COLUMNS) return true;
    return group->kind == GROUP_CONTRACTION && !group->anchor->type.batched &&
           fusion_takes_epilogue(fusion->schedule, group->anchor);
}

// Rows of a table are updated by the group that sums them up, or, where a norm of all sums comes
// first, by one of its own.
static Group *updating_group(Fusion *fusion, Node *scatter) {
    if (!touched_is_apart(fusion->schedule, scatter))
        return fusion->groups.items[fusion->schedule->group_of[scatter->id]];
    for (int i = 0; i < fusion->groups.count; i++) {
        Group *group = fusion->groups.items[i];
        if (touched_updates(group) && group->anchor == scatter) return group;
    }
    Group *group = fusion_new_group(fusion, GROUP_SCATTER, &scatter->type);
    group->anchor = scatter;
    return group;
}

void fusion_place_assign(Fusion *fusion, Node *assign) {
    const Node *value = schedule_source(assign->inputs[0]);
    Node *scatter = fusion->schedule->touching[assign->id];
    if (scatter) {
        add_assign(fusion, updating_group(fusion, scatter), assign);
        return;
    }
    int index = fusion->schedule->group_of[value->id];
    Group *group = index >= 0 ? fusion->groups.items[index] : NULL;
    if (group && value->type.rank > 0 && takes_assigns(fusion, group))
        add_assign(fusion, group, assign);
    else
        place_assign_alone(fusion, assign);
}
