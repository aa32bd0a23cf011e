// Pools: values of samples that only the sample's worker reads and writes take turns within a
// phase. Workers are not in step there, but a sample has a part of the pool of its own, at one
// distance for all values, so that nobody meets another worker's. Values that no matrix product
// reads may be any distance apart: all of them share one pool, in which each has an offset (memory
// for pictures). Products want rows evenly spaced: their values share pools with those of their own
// distance, one after the other.
#include "memory.h"

#include <stdlib.h>

// Values one of which takes the place of the one before: they have one place.
typedef struct Tenant {
    int node;        // the first
    int first, last; // groups, of all of them
    int window_last; // Buffer.window_last; a value that lives within a window is alone
    int64_t extent, stride;
} Tenant;

typedef struct Tenants {
    Schedule *schedule;
    Arena *arena;
    int *of_node; // by node id: its tenant; -1: none
    VEC(Tenant) items;
} Tenants;

// ---- Which values.

static bool is_matrix_product(const Node *node) {
    return node->op->fuse == FUSE_CONTRACTION && !op_is_convolution(node) &&
           op_product_kind(node) != PRODUCT_PAIRS;
}

// Their rows are walked from sample to sample.
static bool *find_spaced(const Schedule *schedule, Arena *arena) {
    const Graph *graph = schedule->graph;
    bool *found = ARENA_ARRAY(arena, bool, graph->nodes.count + 1);
    for (int i = 0; i < graph->nodes.count; i++) {
        const Node *node = graph->nodes.items[i];
        if (!is_matrix_product(node)) continue;
        found[i] = true;
        for (int k = 0; k < node->input_count; k++)
            found[schedule_source(node->inputs[k])->id] = true;
    }
    return found;
}

static bool is_kept(const Schedule *schedule, const Node *node) {
    const Graph *graph = schedule->graph;
    for (int i = 0; i < graph->nodes.count; i++) {
        int output = graph->nodes.items[i]->kept;
        if (output && schedule_source(graph->outputs.items[output - 1]) == node) return true;
    }
    return false;
}

static bool takes_turns(const Schedule *schedule, const Node *node) {
    const Buffer *buffer = &schedule->buffers[node->id];
    return node->type.batched && buffer->is_stored && !buffer->is_part && !buffer->motion &&
           schedule->group_of[node->id] >= 0 && !is_kept(schedule, node);
}

// ---- Tenants.

static Tenant *tenant_of(const Tenants *t, const Node *node) {
    int own = node ? t->of_node[node->id] : -1;
    return own < 0 ? NULL : &t->items.items[own];
}

static bool is_like(const Tenant *before, const Buffer *buffer, int64_t stride, int64_t extent) {
    return before->stride == stride && before->extent == extent &&
           before->last == buffer->first_group;
}

// Nodes are in order: whom one replaces has its tenant.
static void add_tenant(Tenants *t, const Node *node, bool is_spaced) {
    Buffer *buffer = &t->schedule->buffers[node->id];
    int64_t elements = schedule_sample_floats(t->schedule, node);
    int64_t extent = is_spaced ? buffer->stride : round_up(elements, LINE);
    int64_t stride = is_spaced ? buffer->stride : 0;
    Tenant *before = tenant_of(t, buffer->replaces);
    if (before && is_like(before, buffer, stride, extent)) {
        t->of_node[node->id] = (int)(before - t->items.items);
        before->last = buffer->last_group;
        return;
    }
    buffer->replaces = NULL;
    t->of_node[node->id] = t->items.count;
    vec_push(t->arena, &t->items,
             ((Tenant){.node = node->id,
                       .first = buffer->first_group,
                       .last = buffer->last_group,
                       .window_last = buffer->window_last,
                       .extent = extent,
                       .stride = stride}));
}

static Tenants find_tenants(Schedule *schedule, Arena *arena) {
    int count = schedule->graph->nodes.count;
    Tenants t = {.schedule = schedule, .arena = arena};
    const bool *is_spaced = find_spaced(schedule, arena);
    t.of_node = ARENA_ARRAY(arena, int, count + 1);
    for (int i = 0; i < count; i++) t.of_node[i] = -1;
    for (int g = 0; g < schedule->groups.count; g++) { // in the order in which they are computed
        const NodeList *nodes = &schedule->groups.items[g]->nodes;
        for (int k = 0; k < nodes->count; k++)
            if (takes_turns(schedule, nodes->items[k]))
                add_tenant(&t, nodes->items[k], is_spaced[nodes->items[k]->id]);
    }
    return t;
}

// ---- Pools.

// Those of a pool that have their place.
typedef VEC(PlanItem) Placed;

typedef struct Pooling {
    Tenants *tenants;
    int *pool;       // by tenant
    int64_t *offset; // by tenant: in a sample
    VEC(Pool) pools;
    VEC(Placed) placed; // by pool
} Pooling;

static int add_pool(Pooling *p, int64_t stride) {
    vec_push(p->tenants->arena, &p->pools, ((Pool){.stride = stride}));
    vec_push(p->tenants->arena, &p->placed, ((Placed){0}));
    return p->pools.count - 1;
}

static PlanItem item_of(const Tenant *tenant, int64_t offset) {
    return (PlanItem){tenant->extent, tenant->first, tenant->last, offset, tenant->window_last};
}

// The lowest place in the pool for a value that it has room for then.
static int64_t place_in(const Pooling *p, int pool, const Tenant *tenant) {
    const Placed *placed = &p->placed.items[pool];
    PlanItem item = item_of(tenant, 0);
    return plan_lowest_gap(placed->items, placed->count, &item);
}

static void put(Pooling *p, const Tenant *tenant, int pool, int64_t offset) {
    int64_t number = tenant - p->tenants->items.items;
    p->pool[number] = pool;
    p->offset[number] = offset;
    vec_push(p->tenants->arena, &p->placed.items[pool], item_of(tenant, offset));
}

// In the first pool of the same distance that is free while it lives, or in a new one.
static void put_spaced(Pooling *p, const Tenant *tenant) {
    int pool = 0;
    while (pool < p->pools.count &&
           (p->pools.items[pool].stride != tenant->stride || place_in(p, pool, tenant) > 0))
        pool++;
    if (pool == p->pools.count) add_pool(p, tenant->stride);
    put(p, tenant, pool, 0);
}

// In a gap of one of the pools, or, where none has room, in that of the others of its kind, which
// is as large as they need.
static void put_free(Pooling *p, const Tenant *tenant, int common) {
    int pool = 0;
    int64_t place = 0;
    for (; pool < p->pools.count; pool++) {
        place = place_in(p, pool, tenant);
        if (pool == common || place + tenant->extent <= p->pools.items[pool].stride) break;
    }
    put(p, tenant, pool, place);
    Pool *own = &p->pools.items[pool];
    if (own->stride < place + tenant->extent) own->stride = place + tenant->extent;
}

// Spaced ones in the order of time, then the others by size.
static int compare_tenants(const void *a, const void *b) {
    const Tenant *x = *(const Tenant *const *)a, *y = *(const Tenant *const *)b;
    if (!x->stride != !y->stride) return x->stride ? -1 : 1;
    if (!x->stride && x->extent != y->extent) return x->extent < y->extent ? 1 : -1;
    return x->first != y->first ? (x->first < y->first ? -1 : 1) : (x > y) - (x < y);
}

// The same with those of one size from the last to the first.
static int compare_backwards(const void *a, const void *b) {
    const Tenant *x = *(const Tenant *const *)a, *y = *(const Tenant *const *)b;
    return !x->stride && !y->stride && x->extent == y->extent ? compare_tenants(b, a)
                                                              : compare_tenants(a, b);
}

typedef int Comparison(const void *a, const void *b);

static Pooling place_tenants(Tenants *t, Comparison *compare) {
    Pooling pooling = {.tenants = t}, *p = &pooling;
    int common = -1;
    p->pool = ARENA_ARRAY(t->arena, int, t->items.count + 1);
    p->offset = ARENA_ARRAY(t->arena, int64_t, t->items.count + 1);
    const Tenant **order = ARENA_ARRAY(t->arena, const Tenant *, t->items.count + 1);
    for (int i = 0; i < t->items.count; i++) order[i] = &t->items.items[i];
    if (t->items.count) qsort(order, (size_t)t->items.count, sizeof(Tenant *), compare);
    for (int i = 0; i < t->items.count; i++) {
        if (order[i]->stride) {
            put_spaced(p, order[i]);
            continue;
        }
        if (common < 0) common = add_pool(p, 0);
        put_free(p, order[i], common);
    }
    if (common < 0) return pooling;
    int64_t *stride = &p->pools.items[common].stride;
    *stride = round_up(*stride, LINE);
    if (*stride % SKEWED == 0 && *stride) *stride += LINE;
    return pooling;
}

static int64_t sample_size(const Pooling *p) {
    int64_t sum = 0;
    for (int i = 0; i < p->pools.count; i++) sum += p->pools.items[i].stride;
    return sum;
}

// ---- Their places.

static void join_pool(const Pooling *p, Schedule *schedule, int node, int tenant) {
    Buffer *buffer = &schedule->buffers[node];
    Pool *pool = &p->pools.items[p->pool[tenant]];
    bool is_first = !pool->size;
    buffer->pool = p->pool[tenant];
    buffer->extent = p->tenants->items.items[tenant].extent;
    buffer->stride = pool->stride;
    buffer->offset = p->offset[tenant];
    if (is_first || buffer->first_phase < pool->first_phase)
        pool->first_phase = buffer->first_phase;
    if (is_first || buffer->last_phase > pool->last_phase) pool->last_phase = buffer->last_phase;
    buffer->size = pool->stride * (schedule->batch - 1) + buffer->extent;
    pool->size = round_up(pool->stride * schedule->batch + SLACK, LINE);
}

void memory_find_pools(Schedule *schedule, Arena *arena) {
    Tenants tenants = find_tenants(schedule, arena);
    Pooling p = place_tenants(&tenants, compare_tenants);
    Pooling other = place_tenants(&tenants, compare_backwards);
    if (sample_size(&other) < sample_size(&p)) p = other;
    for (int i = 0; i < schedule->graph->nodes.count; i++)
        if (tenants.of_node[i] >= 0) join_pool(&p, schedule, i, tenants.of_node[i]);
    schedule->pools = p.pools.items;
    schedule->pool_count = p.pools.count;
}
