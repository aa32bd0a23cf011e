// Values that live within a window (group/windows.c): one group of it computes them, others of it
// read them, and nobody does afterwards. Each of a worker's windows has them where its first one
// had them, so that they are written to lines that the second-level cache still holds, and never
// leave it for memory. Such a value has a place for every sample, as others do, since workers may
// be as many as there are samples; most of it is never touched.
#include "memory.h"

// By node id: it is read after the step, or shares its place with another value.
static bool *find_others(const Schedule *schedule, Arena *arena) {
    const Graph *graph = schedule->graph;
    bool *found = ARENA_ARRAY(arena, bool, graph->nodes.count + 1);
    for (int i = 0; i < graph->outputs.count; i++)
        found[schedule_source(graph->outputs.items[i])->id] = true;
    for (int i = 0; i < graph->nodes.count; i++) {
        const Buffer *buffer = &schedule->buffers[i];
        if (buffer->is_part || buffer->is_joined || buffer->motion) found[i] = true;
        if (!buffer->replaces) continue;
        found[i] = found[buffer->replaces->id] = true;
    }
    return found;
}

static void find_in_group(Schedule *schedule, const Group *group, const Group *window,
                          const bool *others) {
    for (int i = 0; i < group->nodes.count; i++) {
        const Node *node = group->nodes.items[i];
        Buffer *buffer = &schedule->buffers[node->id];
        if (node->type.batched && buffer->is_stored && !others[node->id] &&
            buffer->first_group >= window->id && buffer->last_group < window->window_end)
            buffer->window_last = window->window_end - 1;
    }
}

void memory_find_windowed(Schedule *schedule, Arena *arena, bool with_any) {
    const bool *others = find_others(schedule, arena);
    for (int i = 0; i < schedule->graph->nodes.count; i++) schedule->buffers[i].window_last = 0;
    for (int first = 0; with_any && first < schedule->groups.count; first++) {
        const Group *window = schedule->groups.items[first];
        for (int i = first; window->window && i < window->window_end; i++)
            find_in_group(schedule, schedule->groups.items[i], window, others);
    }
}
