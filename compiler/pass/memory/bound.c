// What no plan can do without: the values that groups read, write and have still to read, where
// they are most.
#include "memory.h"

typedef struct BoundState {
    const Group *group;
    int *last; // by node id
} BoundState;

static void note_read(Node *value, void *state) {
    const BoundState *bound = state;
    bound->last[value->id] = bound->group->id;
}

// The last group that reads what a value is joined of, or, of parts, what they are joined to, reads
// both.
static void spread_to_parts(const Schedule *schedule, int *last) {
    for (int i = schedule->graph->nodes.count - 1; i >= 0; i--) {
        const Node *node = schedule->graph->nodes.items[i];
        if (!schedule->buffers[i].is_joined) continue;
        for (int k = 0; k < node->input_count; k++) {
            int part = schedule_source(node->inputs[k])->id;
            if (last[i] > last[part]) last[part] = last[i];
        }
    }
}

static int *last_reads(Schedule *schedule, Arena *arena) {
    const Graph *graph = schedule->graph;
    int *last = ARENA_ARRAY(arena, int, graph->nodes.count + 1);
    for (int i = 0; i < graph->nodes.count; i++) last[i] = schedule->group_of[i];
    for (int i = 0; i < schedule->groups.count; i++) {
        const Group *group = schedule->groups.items[i];
        schedule_visit_reads(schedule, group, note_read, &(BoundState){group, last});
    }
    for (int i = 0; i < graph->outputs.count; i++)
        last[schedule_source(graph->outputs.items[i])->id] = schedule->groups.count - 1;
    spread_to_parts(schedule, last);
    return last;
}

// Without what lines and vectors need more.
static int64_t floats_of(const Schedule *schedule, const Node *node) {
    const Buffer *buffer = &schedule->buffers[node->id];
    if (!node->type.batched) return buffer->size * buffer->copies;
    return schedule_sample_floats(schedule, node) * schedule->batch;
}

// What replaces another value takes nothing in its own group; parts are what the whole is.
int64_t memory_bound(Schedule *schedule, Arena *arena) {
    const int *last = last_reads(schedule, arena);
    int64_t *change = ARENA_ARRAY(arena, int64_t, schedule->groups.count + 2), most = 0, sum = 0;
    for (int i = 0; i < schedule->graph->nodes.count; i++) {
        const Node *node = schedule->graph->nodes.items[i];
        const Buffer *buffer = &schedule->buffers[i];
        int first = schedule->group_of[i] + (buffer->replaces != NULL);
        if (!buffer->is_stored || buffer->is_joined || schedule->group_of[i] < 0) continue;
        if (first > last[i]) continue;
        change[first] += floats_of(schedule, node);
        change[last[i] + 1] -= floats_of(schedule, node);
    }
    for (int i = 0; i < schedule->groups.count; i++) {
        const Group *group = schedule->groups.items[i];
        sum += change[i];
        int64_t here = sum + (group->body ? group->body->arena_size : 0);
        if (here > most) most = here;
    }
    return most;
}
