// When stored values are there: from the phase that computes them to the last one that reads them.
#include "memory.h"

typedef struct LifeState {
    Schedule *schedule;
    int phase;
} LifeState;

static void extend_life(Node *value, void *state) {
    LifeState *life = state;
    Buffer *buffer = &life->schedule->buffers[value->id];
    if (buffer->last_phase < life->phase) buffer->last_phase = life->phase;
}

void memory_find_lives(Schedule *schedule) {
    const Graph *graph = schedule->graph;
    for (int i = 0; i < schedule->groups.count; i++) {
        Group *group = schedule->groups.items[i];
        for (int k = 0; k < group->nodes.count; k++) {
            Buffer *buffer = &schedule->buffers[group->nodes.items[k]->id];
            buffer->first_phase = group->phase;
            if (buffer->last_phase < group->phase) buffer->last_phase = group->phase;
        }
        schedule_visit_reads(schedule, group, extend_life, &(LifeState){schedule, group->phase});
    }
    // What stays from run to run shares its memory with nothing.
    for (int i = 0; i < graph->nodes.count; i++) {
        const Node *node = graph->nodes.items[i];
        int own = schedule->group_of[i];
        bool is_once = own >= 0 && schedule->groups.items[own]->is_once;
        bool is_added = node->op->fuse == FUSE_RESULT && node->inputs[0]->scan->is_resumed;
        if (!is_once && !is_added) continue;
        schedule->buffers[i].first_phase = 0;
        schedule->buffers[i].last_phase = schedule->phase_count - 1;
    }
    // Outputs are read after the step, by workers of which one may be in the next step already. It
    // writes those of its own samples only, or such as stand behind a barrier, which waits for all.
    for (int i = 0; i < graph->outputs.count; i++) {
        const Node *output = schedule_source(graph->outputs.items[i]);
        int group = schedule->group_of[output->id];
        const Group *writer = group < 0 ? NULL : schedule->groups.items[group];
        if (writer && !schedule->is_single && writer->partition != PARTITION_ROWS &&
            writer->phase == 0)
            nn_ice("plan", "%%%d is written where it may still be read", output->id);
        Buffer *buffer = &schedule->buffers[output->id];
        buffer->first_phase = 0;
        buffer->last_phase = schedule->phase_count - 1;
    }
}
