// Memory: where stored values lie in the arena. It is planned over phases (the stretches between
// barriers), because within one the workers are not in step with each other.
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
    }
}

void pass_plan(Schedule *schedule, Arena *arena) {
    memory_find_lives(schedule);
    memory_mark_parts(schedule);
    int count = schedule->graph->nodes.count, used = 0;
    PlanItem *items = ARENA_ARRAY(arena, PlanItem, count + schedule->groups.count + 1);
    const bool *row_operands = memory_row_operands(schedule, arena);
    for (int i = 0; i < count; i++) {
        Buffer *buffer = &schedule->buffers[i];
        if (!buffer->is_stored || buffer->is_part) continue;
        memory_size(schedule, schedule->graph->nodes.items[i], row_operands[i], buffer);
        buffer->copies = memory_copies(schedule, schedule->graph->nodes.items[i]);
        // Gradients in a parameter's layout have gaps that must stay zero, as the arena begins.
        bool alone = buffer->parameter >= 0;
        items[used++] = (PlanItem){buffer->size * buffer->copies, alone ? 0 : buffer->first_phase,
                                   alone ? schedule->phase_count - 1 : buffer->last_phase, 0};
    }
    for (int i = 0; i < schedule->groups.count; i++) {
        const Group *group = schedule->groups.items[i];
        if (!group->body) continue;
        memory_size_body(group->body, arena);
        items[used++] = (PlanItem){group->body->arena_size, group->phase, group->phase, 0};
    }
    schedule->arena_size = plan_offsets(items, used, arena);
    place_states(schedule);
    used = 0;
    for (int i = 0; i < count; i++)
        if (schedule->buffers[i].is_stored && !schedule->buffers[i].is_part)
            schedule->buffers[i].offset = items[used++].offset;
    memory_place_parts(schedule);
    for (int i = 0; i < schedule->groups.count; i++) {
        Group *group = schedule->groups.items[i];
        if (!group->body) continue;
        group->body_offset = items[used++].offset;
        memory_place_body(schedule, group);
    }
    place_kept(schedule);
}
