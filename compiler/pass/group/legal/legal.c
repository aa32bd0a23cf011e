// What a group can compute where. A site is what the generator knows of a position: the shape that
// is walked, and whether the group's own values are known there. The walk below asks for every
// value as gen/element/element.c does: known, loaded by its place, or computed from its operands.
#include "legal.h"

#include "../fusion.h"

// Fetched operands that are computed of fetched operands.
enum { MOST_FETCHES = 6, MOST_SUMS = 8 };

typedef enum SiteKind {
    SITE_ROWS,    // a place of a sample: row and column of `shape`
    SITE_STORAGE, // an element of a tensor, in whatever order it lies
    SITE_NUMBER   // nowhere: single numbers
} SiteKind;

typedef struct Site {
    SiteKind kind;
    const Type *shape;
    bool knows_group; // the group's own values are known
    int depth;        // of fetches
    int visit;        // its number among all sites
} Site;

struct Legality {
    const Schedule *schedule;
    int *seen[MOST_FETCHES + 2]; // by depth and node: the visit that last found it legal
    int *hoisted, *fetched;      // by node: the group's visit that found it legal
    int *fetched_depth;          // and how deep
    int visits, group_visit;
    const Group *group;
    LegalFault fault;
};

Legality *legal_create(const Schedule *schedule, Arena *arena) {
    int count = schedule->graph->nodes.count + 1;
    Legality *l = ARENA_NEW(arena, Legality);
    l->schedule = schedule;
    for (int i = 0; i < MOST_FETCHES + 2; i++) l->seen[i] = ARENA_ARRAY(arena, int, count);
    l->hoisted = ARENA_ARRAY(arena, int, count);
    l->fetched = ARENA_ARRAY(arena, int, count);
    l->fetched_depth = ARENA_ARRAY(arena, int, count);
    return l;
}

static Site site_at(Legality *l, SiteKind kind, const Type *shape, int depth) {
    return (Site){.kind = kind, .shape = shape, .depth = depth, .visit = ++l->visits};
}

static bool refuse(Legality *l, const char *reason) {
    l->fault.reason = reason;
    return false;
}

// ---- Loads.

// The parameter in whose order a value lies; -1: row by row.
static int order_of(const Schedule *schedule, const Node *node) {
    if (node->parameter) return node->parameter->index;
    if (node->slot) return node->slot->parameter ? node->slot->parameter->index : -1;
    return schedule->buffers[node->id].parameter;
}

static bool lies_in_rows(const Schedule *schedule, const Node *node) {
    int parameter = node->type.batched ? -1 : order_of(schedule, node);
    return parameter < 0 || schedule->layout->parameters[parameter].kind == LAYOUT_PLAIN;
}

static bool loads_in_rows(Legality *l, const Site *site, const Node *node, const Type *view) {
    if (type_elements(view) == 1) return true;
    if (l->group->kind != GROUP_PLACES && !lies_in_rows(l->schedule, node))
        return refuse(l, "a matrix in panels is read by rows");
    if (domain_is_full(view, site->shape)) return true;
    return domain_broadcasts(view, site->shape) || refuse(l, "an operand does not fit the rows");
}

static bool loads(Legality *l, const Site *site, const Node *node, const Type *view) {
    if (site->kind == SITE_ROWS) return loads_in_rows(l, site, node, view);
    if (node->type.batched) return refuse(l, "a value of samples is read where there is no sample");
    if (type_elements(view) == 1) return true;
    if (site->kind == SITE_NUMBER) return refuse(l, "an operand is no single number");
    bool gathers = l->group->kind == GROUP_STORAGE && site->knows_group;
    if (gathers && !schedule_is_chunked(node) && domain_broadcasts(view, site->shape)) return true;
    return domain_is_full(view, site->shape) || refuse(l, "an operand does not fit the storage");
}

// ---- Values.

static bool value_is_legal(Legality *l, const Site *site, Node *view);

// An operand that is repeated over some dimensions is found at the same dimensions of the shape;
// or, if that has the elements in other dimensions, along the last one.
static bool operand_fits(const Site *site, const Node *node, const Type *view) {
    bool partial = type_elements(view) != 1 && !domain_is_full(view, site->shape);
    bool other_dims =
        domain_is_full(&node->type, site->shape) && !domain_same_dims(&node->type, site->shape);
    if (!partial || !other_dims) return true;
    return view->rank <= 1 && type_last(&node->type) == type_last(site->shape);
}

static bool formula_fits(Legality *l, const Site *site, const Node *node) {
    if (node->op->fuse != FUSE_ELEMENTWISE || !node->op->lower)
        return refuse(l, "it cannot be computed element by element");
    if (node->input_count > FORMULA_MOST_OPERANDS) return refuse(l, "it has too many operands");
    bool full = domain_is_full(&node->type, site->shape);
    if (site->kind != SITE_ROWS) {
        bool fits = full && site->kind == SITE_STORAGE;
        if (node->type.batched) return refuse(l, "a value of samples where there is no sample");
        return fits || type_elements(&node->type) == 1 || refuse(l, "it has other elements");
    }
    if (!full && !domain_broadcasts(&node->type, site->shape))
        return refuse(l, "it has other elements");
    if (!full && node->input_count == 0) return refuse(l, "random numbers are counted otherwise");
    if (node->op->reads_column && type_last(&node->type) != type_last(site->shape))
        return refuse(l, "it asks for the last dimension");
    return true;
}

// Whether an operand can be computed at places of its own.
static bool fetch_is_legal(Legality *l, Node *input, int depth) {
    bool is_known = l->fetched[input->id] == l->group_visit;
    if (is_known && l->fetched_depth[input->id] >= depth) return true;
    if (depth > MOST_FETCHES) return refuse(l, "what is fetched is fetched too deep");
    Site site = site_at(l, SITE_ROWS, &input->type, depth);
    if (!value_is_legal(l, &site, input)) return false;
    l->fetched[input->id] = l->group_visit;
    l->fetched_depth[input->id] = depth;
    return true;
}

static bool gather_is_legal(Legality *l, const Site *site, const Node *node) {
    if (site->kind != SITE_ROWS || !domain_gathers(&node->type, site->shape))
        return refuse(l, "it is fetched in another shape");
    for (int i = 0; i < node->input_count; i++)
        if (!fetch_is_legal(l, node->inputs[i], site->depth + 1)) return false;
    return true;
}

static bool compute_is_legal(Legality *l, const Site *site, const Node *node) {
    if (l->seen[site->depth][node->id] == site->visit) return true;
    if (node->op->fuse == FUSE_GATHER) {
        if (!gather_is_legal(l, site, node)) return false;
    } else {
        if (!formula_fits(l, site, node)) return false;
        for (int i = 0; i < node->input_count; i++) {
            if (site->kind == SITE_ROWS && !operand_fits(site, node, &node->inputs[i]->type))
                return refuse(l, "an operand is repeated over other dimensions");
            if (!value_is_legal(l, site, node->inputs[i])) return false;
        }
    }
    l->seen[site->depth][node->id] = site->visit;
    return true;
}

// Single numbers, and in groups that walk samples small vectors, are computed before the loops.
static bool is_hoisted(const Legality *l, const Node *node) {
    if (node->type.batched) return false;
    if (node_is_scalar(node)) return true;
    return schedule_walks_samples(l->group) && type_elements(&node->type) == type_last(&node->type);
}

static bool hoist_is_legal(Legality *l, const Site *site, Node *node, const Type *view) {
    bool is_number = node_is_scalar(node), is_before = site->depth > MOST_FETCHES;
    bool has_loops = l->group->kind != GROUP_SCALAR;
    // It is being hoisted with its user, or there is nothing to be hoisted out of.
    if (is_before || !has_loops) return compute_is_legal(l, site, node);
    if (l->hoisted[node->id] != l->group_visit) {
        Site before =
            site_at(l, is_number ? SITE_NUMBER : SITE_STORAGE, &node->type, MOST_FETCHES + 1);
        if (!compute_is_legal(l, &before, node)) return false;
        l->hoisted[node->id] = l->group_visit;
    }
    return is_number || loads(l, site, node, view);
}

static bool inlined_is_legal(Legality *l, const Site *site, Node *node, const Type *view) {
    if (is_hoisted(l, node)) return hoist_is_legal(l, site, node, view);
    if (site->kind == SITE_ROWS && !schedule_same_place(view, &node->type, site->shape))
        return refuse(l, "it is reshaped where it is computed");
    return compute_is_legal(l, site, node);
}

// What the group computes itself is known at the place where it was computed, and only there.
static bool own_value_is_legal(Legality *l, const Site *site, const Node *node, const Type *view) {
    if (!site->knows_group) return refuse(l, "it is read at other places than it is computed at");
    if (schedule_is_chunked(node)) return refuse(l, "a sum is read before it is complete");
    if (site->kind == SITE_ROWS && !schedule_same_place(view, &node->type, site->shape))
        return refuse(l, "it is reshaped where it is computed");
    return true;
}

static bool value_is_legal(Legality *l, const Site *site, Node *view) {
    Node *node = schedule_source(view);
    int group = l->schedule->group_of[node->id];
    if (node->op->fuse == FUSE_LEAF) return loads(l, site, node, &view->type);
    if (group == l->group->id) return own_value_is_legal(l, site, node, &view->type);
    if (group >= 0) return loads(l, site, node, &view->type);
    if (inlined_is_legal(l, site, node, &view->type)) return true;
    if (!l->fault.stored) l->fault.stored = node;
    return false;
}

// ---- Members of each kind of group.

// Whole rows, or a number for each.
static bool fits_rows(const Group *group, const Node *node) {
    return node->type.batched == group->domain.batched &&
           (domain_is_full(&node->type, &group->domain) || type_last(&node->type) == 1);
}

static bool reduction_is_legal(Legality *l, const Site *main, const Node *node) {
    const Type *input = &node->inputs[0]->type;
    bool fits = input->batched && domain_same_dims(input, &l->group->domain);
    return fits ? value_is_legal(l, main, node->inputs[0])
                : refuse(l, "it is summed in another shape");
}

static bool member_of_rows(Legality *l, const Site *main, const Node *node) {
    if (node->op->fuse == FUSE_REDUCTION) return reduction_is_legal(l, main, node);
    if (node->op->fuse == FUSE_REDUCE_BATCH)
        return schedule_is_chunked(node) ? reduction_is_legal(l, main, node)
                                         : refuse(l, "a sum over samples without chunks");
    if (!fits_rows(l->group, node)) return refuse(l, "it has no element for each place");
    return compute_is_legal(l, main, node);
}

static int count_sums(const Group *group) {
    int count = 0;
    for (int i = 0; i < group->nodes.count; i++)
        count += group->nodes.items[i]->op->fuse == FUSE_REDUCE_BATCH;
    return count;
}

// The operands of a product: matrices are read where they lie, pictures may be computed.
static bool anchor_is_legal(Legality *l, const Node *anchor) {
    for (int i = 0; i < anchor->input_count; i++) {
        Node *input = anchor->inputs[i], *source = schedule_source(input);
        bool is_inlined = source->op->fuse != FUSE_LEAF && l->schedule->group_of[source->id] == -1;
        if (!op_is_convolution(anchor) && is_inlined) {
            l->fault.stored = source;
            return refuse(l, "a product reads it");
        }
        bool packs = op_is_convolution(anchor) && input->type.batched;
        if (packs && !fetch_is_legal(l, input, 1)) return false;
    }
    return true;
}

// What is taken apart into steps, or carried, or joined, lies in memory.
static bool member_reads_memory(Legality *l, const Node *node) {
    bool is_own = node == l->group->anchor || node->op->fuse == FUSE_RESULT;
    if (!is_own) return refuse(l, "nothing follows in its group");
    for (int i = 0; i < node->input_count; i++) {
        Node *source = schedule_source(node->inputs[i]);
        if (source->op->fuse == FUSE_LEAF || l->schedule->group_of[source->id] >= 0) continue;
        l->fault.stored = source;
        return refuse(l, "it is read where it lies");
    }
    return true;
}

static bool member_of_product(Legality *l, const Site *main, const Node *node) {
    const Group *group = l->group;
    if (node == group->anchor) return anchor_is_legal(l, node);
    if (!fusion_takes_epilogue(l->schedule, group->anchor))
        return refuse(l, "nothing follows the product");
    if (node->op->fuse == FUSE_REDUCE_BATCH) {
        bool sums = op_is_convolution(group->anchor) && schedule_is_chunked(node);
        if (!sums || count_sums(group) > MOST_SUMS) return refuse(l, "the product makes no sums");
        return reduction_is_legal(l, main, node);
    }
    if (node->type.batched != group->domain.batched || !domain_is_full(&node->type, &group->domain))
        return refuse(l, "it has no element for each place");
    return compute_is_legal(l, main, node);
}

// Both operands are read sample by sample, at places of their own.
static bool scatter_is_legal(Legality *l, const Node *anchor) {
    for (int i = 0; i < anchor->input_count; i++)
        if (!fetch_is_legal(l, anchor->inputs[i], 1)) return false;
    return true;
}

static bool member_of_anchor(Legality *l, const Site *main, const Node *node) {
    if (node == l->group->anchor) {
        if (node->op->fuse == FUSE_LAYOUT) return true;
        if (node->op->fuse == FUSE_SCATTER) return scatter_is_legal(l, node);
        Type shape = node->inputs[0]->type;
        SiteKind kind = l->group->kind == GROUP_REDUCE ? SITE_STORAGE : SITE_ROWS;
        if (kind == SITE_ROWS && l->group->kind == GROUP_COLUMNS)
            shape = schedule_sum_domain(node->inputs[0], node);
        Site site = site_at(l, kind, &shape, 1);
        site.knows_group = l->group->kind == GROUP_REDUCE;
        return value_is_legal(l, &site, node->inputs[0]);
    }
    if (l->group->kind == GROUP_REDUCE) { // a part of the summand
        Site site = site_at(l, SITE_STORAGE, &l->group->anchor->inputs[0]->type, 1);
        site.knows_group = true;
        return compute_is_legal(l, &site, node);
    }
    if (l->group->kind != GROUP_COLUMNS) return refuse(l, "nothing follows it in its group");
    return compute_is_legal(l, main, node);
}

static bool member_is_legal(Legality *l, const Site *main, const Node *node) {
    switch (l->group->kind) {
    case GROUP_CONTRACTION: return member_of_product(l, main, node);
    case GROUP_JOIN:
    case GROUP_SCAN: return member_reads_memory(l, node);
    case GROUP_ROWS: return member_of_rows(l, main, node);
    case GROUP_STORAGE:
    case GROUP_SCALAR: return compute_is_legal(l, main, node);
    default: return member_of_anchor(l, main, node);
    }
}

static Site main_site(Legality *l) {
    const Group *group = l->group;
    bool walks_rows = group->kind == GROUP_ROWS || group->kind == GROUP_AXIS ||
                      group->kind == GROUP_PLACES ||
                      (group->kind == GROUP_CONTRACTION && group->domain.batched);
    SiteKind kind = walks_rows                    ? SITE_ROWS
                    : group->kind == GROUP_SCALAR ? SITE_NUMBER
                                                  : SITE_STORAGE;
    Site site = site_at(l, kind, &group->domain, 0);
    site.knows_group = true;
    return site;
}

// What it reads has to be stored, or the member leaves.
static bool blame(Legality *l, Node *member, LegalFault *fault) {
    *fault = l->fault;
    if (!fault->stored) fault->leaving = member;
    return false;
}

bool legal_group(Legality *l, const Group *group, LegalFault *fault) {
    l->group = group;
    l->group_visit = ++l->visits;
    l->fault = (LegalFault){0};
    Site main = main_site(l);
    for (int i = 0; i < group->nodes.count; i++)
        if (!member_is_legal(l, &main, group->nodes.items[i]))
            return blame(l, group->nodes.items[i], fault);
    for (int i = 0; i < group->assigns.count; i++)
        if (!value_is_legal(l, &main, group->assigns.items[i]->inputs[0]))
            return blame(l, group->assigns.items[i], fault);
    return true;
}
