// Memory: where stored values lie in the arena. It is planned over phases (the stretches between
// barriers), because within one the workers are not in step with each other; values of samples take
// turns within a phase, too, where that takes less (pools.c).
#include "memory.h"

#include "../group/touched.h"

// What is kept from the step before lies where this one puts it, when it has been read.
static void place_kept(Schedule *schedule) {
    const Graph *graph = schedule->graph;
    for (int i = 0; i < graph->nodes.count; i++) {
        int output = graph->nodes.items[i]->kept;
        if (!output) continue;
        schedule->buffers[i] =
            schedule->buffers[schedule_source(graph->outputs.items[output - 1])->id];
        schedule->buffers[i].is_part = true;
    }
}

// Behind everything that lives for a part of a step.
static void place_states(Schedule *schedule) {
    for (int i = 0; i < schedule->groups.count; i++) {
        Group *group = schedule->groups.items[i];
        if (!touched_updates(group)) continue;
        group->state = round_up(schedule->arena_size, LINE);
        schedule->arena_size = group->state + touched_places(schedule, group).size;
        schedule->arena_bound += touched_places(schedule, group).size;
    }
}

static bool has_own_memory(const Buffer *buffer) {
    return buffer->is_stored && !buffer->is_part && buffer->pool < 0;
}

static void size_all(Schedule *schedule, Arena *arena) {
    const bool *row_operands = memory_row_operands(schedule, arena);
    for (int i = 0; i < schedule->graph->nodes.count; i++) {
        Buffer *buffer = &schedule->buffers[i];
        const Node *node = schedule->graph->nodes.items[i];
        buffer->pool = -1;
        if (!buffer->is_stored || buffer->is_part) continue;
        memory_size(schedule, node, row_operands[i], buffer);
        buffer->copies = memory_copies(schedule, node);
    }
}

// Gradients in a parameter's layout have gaps that must stay zero, as the arena begins: they come
// before all else, so that what is behind them can be lent.
static bool stays(const Buffer *buffer) {
    return has_own_memory(buffer) && buffer->parameter >= 0;
}

static void place_staying(Schedule *schedule) {
    schedule->arena_kept = 0;
    for (int i = 0; i < schedule->graph->nodes.count; i++) {
        Buffer *buffer = &schedule->buffers[i];
        if (!stays(buffer)) continue;
        buffer->first_phase = 0;
        buffer->last_phase = schedule->phase_count - 1;
        buffer->offset = schedule->arena_kept;
        schedule->arena_kept += round_up(buffer->size * buffer->copies, LINE);
    }
}

// Values with memory of their own, then pools, then what bodies of scans keep.
typedef struct Items {
    PlanItem *items;
    int count;
} Items;

static Items list_items(const Schedule *schedule, Arena *arena) {
    int count = schedule->graph->nodes.count + schedule->pool_count + schedule->groups.count;
    Items list = {ARENA_ARRAY(arena, PlanItem, count + 1), 0};
    for (int i = 0; i < schedule->graph->nodes.count; i++) {
        const Buffer *buffer = &schedule->buffers[i];
        if (!has_own_memory(buffer) || stays(buffer)) continue;
        list.items[list.count++] = (PlanItem){.size = buffer->size * buffer->copies,
                                              .first = buffer->first_phase,
                                              .last = buffer->last_phase};
    }
    for (int i = 0; i < schedule->pool_count; i++) {
        const Pool *pool = &schedule->pools[i];
        list.items[list.count++] =
            (PlanItem){.size = pool->size, .first = pool->first_phase, .last = pool->last_phase};
    }
    for (int i = 0; i < schedule->groups.count; i++) {
        const Group *group = schedule->groups.items[i];
        if (!group->body) continue;
        list.items[list.count++] = (PlanItem){
            .size = group->body->arena_size, .first = group->phase, .last = group->phase};
    }
    return list;
}

static int64_t plan_items(const Schedule *schedule, Arena *arena, Items *items) {
    *items = list_items(schedule, arena);
    int64_t size = schedule->arena_kept + plan_offsets(items->items, items->count, arena);
    for (int i = 0; i < items->count; i++) items->items[i].offset += schedule->arena_kept;
    return size;
}

static void place_all(Schedule *schedule, const Items *items) {
    int used = 0;
    for (int i = 0; i < schedule->graph->nodes.count; i++)
        if (has_own_memory(&schedule->buffers[i]) && !stays(&schedule->buffers[i]))
            schedule->buffers[i].offset = items->items[used++].offset;
    for (int i = 0; i < schedule->pool_count; i++)
        schedule->pools[i].offset = items->items[used++].offset;
    for (int i = 0; i < schedule->graph->nodes.count; i++) {
        Buffer *buffer = &schedule->buffers[i];
        if (buffer->is_stored && !buffer->is_part && buffer->pool >= 0)
            buffer->offset += schedule->pools[buffer->pool].offset;
    }
    memory_place_parts(schedule);
    for (int i = 0; i < schedule->groups.count; i++) {
        Group *group = schedule->groups.items[i];
        if (!group->body) continue;
        group->body_offset = items->items[used++].offset;
        memory_place_body(schedule, group);
    }
    place_kept(schedule);
}

static void size_bodies(const Schedule *schedule, Arena *arena) {
    for (int i = 0; i < schedule->groups.count; i++)
        if (schedule->groups.items[i]->body)
            memory_size_body(schedule->groups.items[i]->body, arena);
}

// The better plan takes a little less memory.
static bool saves_enough(int64_t size, int64_t without) {
    return size < without - without / 32;
}

static void without_pools(Schedule *schedule, Arena *arena) {
    schedule->pool_count = 0;
    size_all(schedule, arena);
}

static int64_t plan_pools(Schedule *schedule, Arena *arena, bool with_windowed, Items *items) {
    without_pools(schedule, arena);
    memory_find_replaced(schedule, arena);
    memory_find_windowed(schedule, arena, with_windowed);
    memory_find_pools(schedule, arena);
    return plan_items(schedule, arena, items);
}

// Pools put values of samples further apart, and what lives within a window shares their places
// less well: both must be worth it.
static void plan_samples(Schedule *schedule, Arena *arena, Items *items) {
    int64_t apart = schedule->arena_size;
    int64_t pooled = plan_pools(schedule, arena, false, items);
    int64_t windowed = plan_pools(schedule, arena, true, items);
    bool is_apart = !saves_enough(windowed, apart);
    if (saves_enough(pooled, is_apart ? apart : windowed)) {
        schedule->arena_size = plan_pools(schedule, arena, false, items);
    } else if (is_apart) {
        without_pools(schedule, arena);
        schedule->arena_size = plan_items(schedule, arena, items);
    } else {
        schedule->arena_size = windowed;
    }
}

void pass_plan(Schedule *schedule, Arena *arena) {
    Items items;
    memory_find_lives(schedule);
    memory_mark_parts(schedule);
    memory_find_narrow(schedule);
    size_all(schedule, arena);
    size_bodies(schedule, arena);
    place_staying(schedule);
    schedule->arena_size = plan_items(schedule, arena, &items);
    memory_find_replaced(schedule, arena);
    schedule->arena_bound = memory_bound(schedule, arena);
    if (!schedule->is_single && schedule->arena_size < LARGEST)
        plan_samples(schedule, arena, &items);
    place_states(schedule);
    place_all(schedule, &items);
}
