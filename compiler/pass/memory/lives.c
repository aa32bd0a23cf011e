// When stored values are there: from the phase that computes them to the last one that reads them;
// and by group, as far as that is sure. Of a value of samples which each worker computes and reads
// for its own, the order of the groups is the order of things; what other workers read, or write,
// is there in all groups of the phase in which they may do so.
#include "memory.h"

typedef struct LifeState {
    Schedule *schedule;
    const Group *group;
} LifeState;

// The first or the last group of the phase that a group is in.
static int end_of_phase(const Schedule *schedule, const Group *group, int step) {
    Group *const *groups = schedule->groups.items;
    int at = group->id;
    while (at + step >= 0 && at + step < schedule->groups.count &&
           groups[at + step]->phase == group->phase)
        at += step;
    return at;
}

static bool keeps_to_own_samples(const Group *group) {
    return group->partition == PARTITION_ROWS;
}

static void extend_life(Node *value, void *state) {
    const LifeState *life = state;
    const Group *group = life->group;
    Buffer *buffer = &life->schedule->buffers[value->id];
    int last = keeps_to_own_samples(group) ? group->id : end_of_phase(life->schedule, group, 1);
    if (buffer->last_phase < group->phase) buffer->last_phase = group->phase;
    if (buffer->last_group < last) buffer->last_group = last;
}

// What a guest computes its host has written.
static void begin_life(Schedule *schedule, const Group *group, const Node *node) {
    if (group->host) group = group->host;
    Buffer *buffer = &schedule->buffers[node->id];
    bool is_own = keeps_to_own_samples(group);
    int last = is_own ? group->id : end_of_phase(schedule, group, 1);
    buffer->first_phase = group->phase;
    buffer->first_group = is_own ? group->id : end_of_phase(schedule, group, -1);
    if (buffer->last_phase < group->phase) buffer->last_phase = group->phase;
    if (buffer->last_group < last) buffer->last_group = last;
}

static void live_always(const Schedule *schedule, Buffer *buffer) {
    buffer->first_phase = buffer->first_group = 0;
    buffer->last_phase = schedule->phase_count - 1;
    buffer->last_group = schedule->groups.count - 1;
}

static bool is_kept(const Graph *graph, int output) {
    for (int i = 0; i < graph->nodes.count; i++)
        if (graph->nodes.items[i]->kept == output + 1) return true;
    return false;
}

// Outputs are read after the step, by workers of which one may be in the next step already. It
// writes those of its own samples only, or such as stand behind a barrier, which waits for all.
static void extend_outputs(Schedule *schedule) {
    const Graph *graph = schedule->graph;
    for (int i = 0; i < graph->outputs.count; i++) {
        const Node *output = schedule_source(graph->outputs.items[i]);
        int group = schedule->group_of[output->id];
        const Group *writer = group < 0 ? NULL : schedule->groups.items[group];
        if (writer && !schedule->is_single && !keeps_to_own_samples(writer) && writer->phase == 0)
            nn_ice("plan", "%%%d is written where it may still be read", output->id);
        Buffer *buffer = &schedule->buffers[output->id];
        int first = buffer->first_group;
        live_always(schedule, buffer);
        if (!is_kept(graph, i)) buffer->first_group = first;
    }
}

void memory_find_lives(Schedule *schedule) {
    const Graph *graph = schedule->graph;
    for (int i = 0; i < schedule->groups.count; i++) {
        const Group *group = schedule->groups.items[i];
        for (int k = 0; k < group->nodes.count; k++)
            begin_life(schedule, group, group->nodes.items[k]);
        schedule_visit_reads(schedule, group, extend_life, &(LifeState){schedule, group});
    }
    // What stays from run to run shares its memory with nothing.
    for (int i = 0; i < graph->nodes.count; i++) {
        const Node *node = graph->nodes.items[i];
        int own = schedule->group_of[i];
        bool is_once = own >= 0 && schedule->groups.items[own]->is_once;
        bool is_added = node->op->fuse == FUSE_RESULT && node->inputs[0]->scan->is_resumed;
        if (is_once || is_added) live_always(schedule, &schedule->buffers[i]);
    }
    extend_outputs(schedule);
}
