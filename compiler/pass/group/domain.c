// Domains: at which places a group evaluates its nodes, and whether a formula can be evaluated
// there.
#include "fusion.h"

// Whether both have the same dimensions, apart from leading ones.
bool domain_same_dims(const Type *a, const Type *b) {
    const Type *longer = a->rank > b->rank ? a : b, *shorter = longer == a ? b : a;
    int extra = longer->rank - shorter->rank;
    for (int i = 0; i < longer->rank; i++)
        if (longer->dims[i] != (i < extra ? 1 : shorter->dims[i - extra])) return false;
    return true;
}

bool domain_is_full(const Type *type, const Type *domain) {
    return type_elements(type) == type_elements(domain);
}

bool domain_gathers(const Type *type, const Type *domain) {
    return domain_is_full(type, domain) && type_last(type) == type_last(domain);
}

bool domain_broadcasts(const Type *type, const Type *domain) {
    Type joined;
    return type_broadcast(type, domain, &joined) && domain_same_dims(&joined, domain);
}

Type schedule_sum_domain(const Node *input, const Node *sum) {
    int64_t width = type_elements(&sum->type);
    int64_t dims[] = {type_elements(&input->type) / width, width};
    bool by_rows = sum->op->fuse != FUSE_REDUCE_BATCH || sum->op->reduce == REDUCE_MOMENTS ||
                   type_last(&input->type) == width;
    return by_rows ? input->type : type_make(DTYPE_F32, input->type.batched, 2, dims);
}

bool schedule_same_place(const Type *view, const Type *source, const Type *domain) {
    return type_elements(view) == 1 || domain_is_full(view, domain) ||
           domain_same_dims(view, source);
}

// Whether the formula of `node` can be evaluated at the places of `domain`, with what is inlined
// into it: each operand is a single number, has an element for each place, or is repeated over
// dimensions that the domain has too. Random numbers are numbered by the elements of their own
// type, and some formulas ask for the place in the last dimension.
bool domain_computes(const Schedule *schedule, const Node *node, const Type *domain) {
    bool same = domain_same_dims(&node->type, domain), full = domain_is_full(&node->type, domain);
    if (!full && !domain_broadcasts(&node->type, domain)) return false;
    if (node->op->fuse == FUSE_ELEMENTWISE && node->input_count == 0 && !full) return false;
    if (node->op->reads_column && full && !same) return false;
    for (int i = 0; i < node->input_count; i++) {
        const Type *view = &node->inputs[i]->type;
        const Node *input = schedule_source(node->inputs[i]);
        bool partial = type_elements(view) != 1 && !domain_is_full(view, domain);
        if (partial && ((full && !same) || !domain->batched)) return false;
        if (schedule->group_of[input->id] >= 0 || node_is_scalar(input)) continue;
        if (input->op->fuse == FUSE_GATHER && !domain_gathers(&input->type, domain)) return false;
        if (input->op->fuse != FUSE_ELEMENTWISE) continue;
        if (!schedule_same_place(view, &input->type, domain)) return false;
        if (!domain_computes(schedule, input, domain)) return false;
    }
    return true;
}

// What the group computes itself is known at the place where it was computed, and only there.
bool domain_joins(const Schedule *schedule, const Group *group, const Node *node) {
    for (int i = 0; i < node->input_count; i++) {
        const Node *input = schedule_source(node->inputs[i]);
        if (schedule->group_of[input->id] != group->id) continue;
        if (node->op->fuse == FUSE_GATHER) return false;
        if (!schedule_same_place(&node->inputs[i]->type, &input->type, &group->domain))
            return false;
    }
    return true;
}

// Values of a row group have an element for each place of the domain, or one number for each row.
bool domain_fits_rows(const Schedule *schedule, const Group *group, const Node *node) {
    const Type *type = &node->type;
    if (!type->batched) return false;
    if (!domain_is_full(type, &group->domain) && type_last(type) != 1) return false;
    return domain_computes(schedule, node, &group->domain) && domain_joins(schedule, group, node);
}

Type domain_of_use(const Node *user, int number) {
    if (user->op->fuse == FUSE_ELEMENTWISE || user->op->fuse == FUSE_EFFECT) return user->type;
    return schedule_sum_domain(user->inputs[number], user);
}

bool domain_inlines(const Schedule *schedule, const Node *node, const Node *user) {
    for (int i = 0; i < user->input_count; i++) {
        if (schedule_source(user->inputs[i]) != node) continue;
        Type domain = domain_of_use(user, i);
        if (!schedule_same_place(&user->inputs[i]->type, &node->type, &domain) ||
            !domain_computes(schedule, node, &domain))
            return false;
    }
    return true;
}
