// Inlining: values that are computed wherever they are used, instead of being stored. Numbers and
// small vectors of the step (what a batch normalization multiplies each channel by) are computed at
// the start of each group that uses them, by every worker for itself, which saves a group and a
// barrier. Values of samples are computed again where that moves less memory than storing them:
// what normalizes and activates a convolution's result runs where the next one loads it.
#include "fusion.h"

#include <math.h>

enum {
    LONGEST_VECTOR = 1 << 14,
    LONGEST_CHAIN = 24,
    MOST_WORK = 128,
    SLOW_WORK = 8,
    MOST_TIMES = 16,
    FEW = 4 // times as many elements has a value, at least, as one that is stored for it
};

static bool is_uniform(const Node *node) {
    return node->op->fuse == FUSE_ELEMENTWISE && !node->type.batched && node->type.rank == 0;
}

static bool is_small_vector(const Node *node) {
    int64_t elements = type_elements(&node->type);
    return !node->type.batched && elements == type_last(&node->type) && elements <= LONGEST_VECTOR;
}

// ---- What computing again costs.

// How often an operand is computed for one element of the result.
static double times_fetched(const Node *node) {
    if (node->op->fuse != FUSE_GATHER || !node->op->flops) return 1;
    double times = node->op->flops(node) / (double)type_elements(&node->type);
    return times > 1 ? times : 1;
}

// The most that a use of it computes it for one element of its own.
static double most_times(const Fusion *fusion, const Node *node) {
    const NodeList *users = &fusion->users[node->id];
    double most = 1;
    for (int i = 0; i < users->count; i++) most = fmax(most, times_fetched(users->items[i]));
    return most;
}

static void add_work(const Fusion *fusion, const Node *node, double times, double *work) {
    double fetched = times_fetched(node);
    *work += times * (node->op->is_slow ? SLOW_WORK : 1);
    if (times > 1 && fetched > 1 && times * fetched > MOST_TIMES) *work = INFINITY;
    times *= fetched;
    for (int i = 0; i < node->input_count && *work <= MOST_WORK; i++) {
        const Node *input = schedule_source(node->inputs[i]);
        bool is_inlined = fusion->schedule->group_of[input->id] < 0;
        if (input->op->fuse == FUSE_LEAF || node_is_scalar(input) || !is_inlined) continue;
        if (times > MOST_TIMES) *work = INFINITY; // windows of windows
        add_work(fusion, input, times, work);
    }
}

// Whether an inlined value takes few operations, counted as often as they are made: what is
// computed again is never more than a fixed number of operations for each use. Single numbers cost
// nothing, because a group computes them once.
static bool is_little_work(const Fusion *fusion, const Node *node) {
    double work = 0;
    add_work(fusion, node, most_times(fusion, node), &work);
    return work <= MOST_WORK;
}

// ---- What is free.

void inline_find_vectors(Fusion *fusion) {
    for (int i = fusion->graph->nodes.count - 1; i >= 0; i--) {
        const Node *node = fusion->graph->nodes.items[i];
        if (node->op->fuse != FUSE_ELEMENTWISE || !is_small_vector(node)) continue;
        const NodeList *users = &fusion->users[i];
        for (int k = 0; k < users->count; k++) {
            const Node *user = users->items[k];
            if (user->type.batched || fusion->feeds_samples[user->id])
                fusion->feeds_samples[i] = true;
        }
    }
}

// Whether a vector can be made of `input` at the start of any group.
static bool is_vector_source(const Fusion *fusion, const Node *input) {
    if (input->op->fuse == FUSE_LEAF) return true;
    bool has_group = fusion->schedule->group_of[input->id] >= 0;
    if (!has_group) return input->op->fuse == FUSE_ELEMENTWISE && !input->type.batched;
    return is_small_vector(input) || is_uniform(input) || input->op->reduce == REDUCE_MOMENTS;
}

static bool is_made_of_leaves(const Fusion *fusion, const Node *node) {
    for (int i = 0; i < node->input_count; i++) {
        const Node *input = schedule_source(node->inputs[i]);
        bool has_group = fusion->schedule->group_of[input->id] >= 0;
        if (input->op->fuse != FUSE_LEAF && (has_group || input->op->fuse != FUSE_ELEMENTWISE))
            return false;
    }
    return true;
}

static bool is_made_of_vectors(const Fusion *fusion, const Node *node) {
    if (!fusion->feeds_samples[node->id]) return false;
    for (int i = 0; i < node->input_count; i++)
        if (!is_vector_source(fusion, schedule_source(node->inputs[i]))) return false;
    return true;
}

bool inline_is_free(const Fusion *fusion, const Node *node) {
    if (node->op->fuse != FUSE_ELEMENTWISE) return false;
    if (is_uniform(node)) return true;
    if (!is_made_of_leaves(fusion, node) && !is_made_of_vectors(fusion, node)) return false;
    if (!is_little_work(fusion, node)) return false;
    const NodeList *users = &fusion->users[node->id];
    for (int i = 0; i < users->count; i++)
        if (!domain_inlines(fusion->schedule, node, users->items[i])) return false;
    return true;
}

// ---- What is cheaper to compute again.

typedef struct Chain {
    Fusion *fusion;
    int home; // the group of the value
    VEC(Node *) nodes;
    VEC(const Node *) sources; // batched values in memory that it is made of
    bool fits;
} Chain;

static bool list_has(const Node *const *items, int count, const Node *node) {
    for (int i = 0; i < count; i++)
        if (items[i] == node) return true;
    return false;
}

static bool is_in_chain(const Chain *chain, const Node *node) {
    return list_has((const Node *const *)chain->nodes.items, chain->nodes.count, node);
}

static bool is_recomputable(const Fusion *fusion, const Node *node) {
    if (node->op->is_slow || !node->type.batched || node->type.dtype != DTYPE_F32) return false;
    if (node->op->fuse == FUSE_ELEMENTWISE) return true;
    int lanes = fusion->schedule->layout->machine.lanes;
    bool moves = node->op->moves_lanes && node->op->moves_lanes(node, lanes);
    return node->op->fuse == FUSE_GATHER && !moves;
}

// One of a row, say, for which memory takes little.
static bool is_few(const Node *node, const Type *domain) {
    return type_elements(&node->type) * FEW <= type_elements(domain);
}

// Whether a value of the chain's group is in memory for other groups: it is anyway, or it is one of
// a row, which can be stored for this.
static bool is_stored_at_home(const Chain *chain, const Node *node, const Node *input) {
    const Fusion *fusion = chain->fusion;
    if (!input->type.batched) return false;
    if (fusion_used_outside(fusion, input, chain->home)) return true;
    const Group *home = fusion->groups.items[chain->home];
    int64_t rows = type_elements(&home->domain) / type_last(&home->domain);
    return is_few(input, &node->type) && type_elements(&input->type) == rows &&
           domain_fits_rows(fusion->schedule, home, input);
}

// Collects what has to be computed with `node`, up to values in memory.
static void follow_chain(Chain *chain, Node *node) {
    const Fusion *fusion = chain->fusion;
    if (is_in_chain(chain, node)) return;
    if (!is_recomputable(fusion, node) || chain->nodes.count == LONGEST_CHAIN) {
        chain->fits = false;
        return;
    }
    vec_push(fusion->arena, &chain->nodes, node);
    for (int i = 0; i < node->input_count && chain->fits; i++) {
        Node *input = schedule_source(node->inputs[i]);
        int group = fusion->schedule->group_of[input->id];
        bool in_memory = input->op->fuse == FUSE_LEAF || (group >= 0 && group != chain->home) ||
                         (group == chain->home && is_stored_at_home(chain, node, input));
        if (!in_memory && input->op->fuse == FUSE_ELEMENTWISE && !input->type.batched) continue;
        if (!in_memory)
            follow_chain(chain, input);
        else if (input->type.batched &&
                 !list_has(chain->sources.items, chain->sources.count, input))
            vec_push(fusion->arena, &chain->sources, input);
    }
}

// Groups that use a value, users that are inlined looked through.
typedef struct Uses {
    const Chain *chain;
    VEC(int) groups;
    bool fits;
} Uses;

static void add_use(Uses *uses, int group) {
    for (int i = 0; i < uses->groups.count; i++)
        if (uses->groups.items[i] == group) return;
    vec_push(uses->chain->fusion->arena, &uses->groups, group);
}

// Whether operands that are repeated over some dimensions of `node` are found at the places of
// `domain`, which may be its elements in another shape: vectors along the same last dimension are.
static bool repeats_at(const Node *node, const Type *domain) {
    bool same_last = type_last(&node->type) == type_last(domain);
    if (!domain_is_full(&node->type, domain) || domain_same_dims(&node->type, domain)) return true;
    for (int i = 0; i < node->input_count; i++) {
        const Type *view = &node->inputs[i]->type;
        bool is_repeated = type_elements(view) != 1 && !domain_is_full(view, domain);
        if (is_repeated && (view->rank > 1 || !same_last)) return false;
    }
    return true;
}

// Whether the chain's part of `node` can be computed at the places of `domain`: its groups are
// looked through, because they are about to disappear.
static bool computes_at(const Chain *chain, const Node *node, const Type *domain) {
    const Schedule *schedule = chain->fusion->schedule;
    bool is_inlined = schedule->group_of[node->id] < 0 && node->op->fuse == FUSE_ELEMENTWISE;
    int *stamp = &chain->fusion->stamps[node->id];
    if (*stamp == chain->fusion->stamp || !node->type.batched) return true;
    *stamp = chain->fusion->stamp;
    if (!is_in_chain(chain, node) && !is_inlined) return true;
    if (node->op->fuse == FUSE_GATHER) return domain_gathers(&node->type, domain);
    if (!repeats_at(node, domain)) return false;
    for (int i = 0; i < node->input_count; i++)
        if (!computes_at(chain, schedule_source(node->inputs[i]), domain)) return false;
    return true;
}

// The same for all operands of `user`. Elementwise users are where their group is, others evaluate
// an operand in its own shape.
static bool operands_compute(const Chain *chain, const Node *user, int group) {
    Fusion *fusion = chain->fusion;
    bool fits = true;
    for (int i = 0; i < user->input_count && fits; i++) {
        fusion->stamp++;
        Type domain = user->op->fuse == FUSE_ELEMENTWISE ? fusion->groups.items[group]->domain
                                                         : domain_of_use(user, i);
        fits = computes_at(chain, schedule_source(user->inputs[i]), &domain);
    }
    return fits;
}

static bool computes_in_group(const Chain *chain, const Node *user, int group) {
    if (group < 0 && user->op->fuse == FUSE_ELEMENTWISE) return true; // its users decide
    if (!operands_compute(chain, user, group)) return false;
    if (user->op->fuse != FUSE_ELEMENTWISE) return true;
    const Type *domain = &chain->fusion->groups.items[group]->domain;
    for (int i = 0; i < chain->nodes.count; i++) {
        const Node *node = chain->nodes.items[i];
        if (node->op->fuse == FUSE_GATHER && !domain_gathers(&node->type, domain)) return false;
    }
    return true;
}

// What is gathered of other gathered values.
static bool gathers_within(const Chain *chain) {
    for (int i = 0; i < chain->nodes.count; i++) {
        const Node *node = chain->nodes.items[i];
        if (node->op->fuse == FUSE_GATHER && !operands_compute(chain, node, chain->home))
            return false;
    }
    return true;
}

static void find_uses(Uses *uses, const Node *node) {
    const Fusion *fusion = uses->chain->fusion;
    const NodeList *users = &fusion->users[node->id];
    for (int i = 0; i < users->count && uses->fits; i++) {
        const Node *user = users->items[i];
        if (is_in_chain(uses->chain, user)) continue;
        int group = fusion->schedule->group_of[user->id];
        if (fusion_reads_memory(fusion, user) || !domain_inlines(fusion->schedule, node, user) ||
            !computes_in_group(uses->chain, user, group))
            uses->fits = false;
        else if (group >= 0)
            add_use(uses, group);
        else
            find_uses(uses, user);
    }
}

// Whether `group` loads `value` for a node that is not in the chain.
static bool loads_anyway(const Chain *chain, int group, const Node *value) {
    const Fusion *fusion = chain->fusion;
    if (fusion->schedule->group_of[value->id] == group) return true;
    const NodeList *users = &fusion->users[value->id];
    for (int i = 0; i < users->count; i++) {
        const Node *user = users->items[i];
        if (fusion->schedule->group_of[user->id] == group && !is_in_chain(chain, user)) return true;
    }
    return false;
}

// Loads of the chain's sources that all uses need, in values of the size of `node`.
static double cost_of_loads(const Chain *chain, const Uses *uses, const Node *node) {
    double cost = 0;
    for (int i = 0; i < uses->groups.count; i++)
        for (int k = 0; k < chain->sources.count; k++)
            if (!loads_anyway(chain, uses->groups.items[i], chain->sources.items[k]))
                cost += (double)type_elements(&chain->sources.items[k]->type) /
                        (double)type_elements(&node->type);
    return cost;
}

// Whether the group exists for the chain alone, so that it disappears with it.
static bool is_whole_group(const Chain *chain) {
    int members = 0;
    for (int i = 0; i < chain->nodes.count; i++)
        members += chain->fusion->schedule->group_of[chain->nodes.items[i]->id] == chain->home;
    return chain->fusion->groups.items[chain->home]->nodes.count == members;
}

static double cost_of_storing(const Chain *chain, const Uses *uses, const Node *node) {
    double cost = 1;
    for (int i = 0; i < uses->groups.count; i++) cost += uses->groups.items[i] != chain->home;
    Uses home = {.chain = chain};
    add_use(&home, chain->home);
    return is_whole_group(chain) ? cost + cost_of_loads(chain, &home, node) : cost;
}

// A value of a row that is made of others of its row takes as little memory as they.
static bool is_of_own_row(const Chain *chain, const Node *node) {
    const Fusion *fusion = chain->fusion;
    bool is_home = false;
    for (int i = 0; i < chain->sources.count; i++)
        is_home |= fusion->schedule->group_of[chain->sources.items[i]->id] == chain->home;
    return is_home && is_few(node, &fusion->groups.items[chain->home]->domain);
}

static bool is_at_place(const Node *user) {
    FuseClass fuse = user->op->fuse;
    return fuse == FUSE_ELEMENTWISE || fuse == FUSE_REDUCTION || fuse == FUSE_REDUCE_BATCH;
}

// Whether a group that uses `node` computes what it is made of: where that is read at other places
// than the group is at, it would not be there yet. `at_place`: it has not been so far.
static bool reads_own_source(const Chain *chain, const Node *node, bool at_place) {
    const Fusion *fusion = chain->fusion;
    const NodeList *users = &fusion->users[node->id];
    for (int i = 0; i < users->count; i++) {
        int group = fusion->schedule->group_of[users->items[i]->id];
        bool stays = at_place && is_at_place(users->items[i]);
        if (group < 0 && reads_own_source(chain, users->items[i], stays)) return true;
        if (group < 0 || (group == chain->home && stays)) continue;
        for (int k = 0; k < chain->sources.count; k++)
            if (fusion->schedule->group_of[chain->sources.items[k]->id] == group) return true;
    }
    return false;
}

static bool has_other_users(const Chain *chain) {
    for (int i = 0; i < chain->nodes.count; i++)
        if (fusion_is_output(chain->fusion->graph, chain->nodes.items[i])) return true;
    return false;
}

// Of the whole chain, were it inlined.
static bool chain_is_little_work(const Chain *chain) {
    int *group_of = chain->fusion->schedule->group_of;
    int count = chain->nodes.count;
    bool is_little = true;
    int before[LONGEST_CHAIN];
    for (int i = 0; i < count; i++) {
        before[i] = group_of[chain->nodes.items[i]->id];
        group_of[chain->nodes.items[i]->id] = -1;
    }
    for (int i = 0; i < count; i++)
        is_little = is_little && is_little_work(chain->fusion, chain->nodes.items[i]);
    for (int i = 0; i < count; i++) group_of[chain->nodes.items[i]->id] = before[i];
    return is_little;
}

static void try_to_inline(Fusion *fusion, Node *node) {
    int home = fusion->schedule->group_of[node->id];
    if (home < 0 || fusion->groups.items[home]->kind != GROUP_ROWS ||
        !is_recomputable(fusion, node))
        return;
    Chain chain = {.fusion = fusion, .home = home, .fits = true};
    Uses uses = {.chain = &chain, .fits = true};
    if (!fusion_used_outside(fusion, node, home)) return;
    follow_chain(&chain, node);
    for (int i = 0; i < chain.nodes.count && chain.fits; i++)
        find_uses(&uses, chain.nodes.items[i]);
    if (!chain.fits || !uses.fits || has_other_users(&chain) || !gathers_within(&chain)) return;
    if (is_of_own_row(&chain, node)) return;
    for (int i = 0; i < chain.nodes.count; i++)
        if (reads_own_source(&chain, chain.nodes.items[i], true)) return;
    if (cost_of_loads(&chain, &uses, node) >= cost_of_storing(&chain, &uses, node)) return;
    if (!chain_is_little_work(&chain)) return;
    for (int i = 0; i < chain.nodes.count; i++) fusion_remove(fusion, chain.nodes.items[i]);
}

void inline_cheap_values(Fusion *fusion) {
    for (int i = 0; i < fusion->graph->nodes.count; i++)
        try_to_inline(fusion, fusion->graph->nodes.items[i]);
}
