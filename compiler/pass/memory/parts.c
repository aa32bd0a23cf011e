// Joined values: their parts lie in them.
#include "memory.h"

static void widen(Buffer *whole, const Buffer *part) {
    if (part->first_phase < whole->first_phase) whole->first_phase = part->first_phase;
    if (part->last_phase > whole->last_phase) whole->last_phase = part->last_phase;
    if (part->first_group < whole->first_group) whole->first_group = part->first_group;
    if (part->last_group > whole->last_group) whole->last_group = part->last_group;
}

void memory_mark_parts(Schedule *schedule) {
    for (int i = schedule->graph->nodes.count - 1; i >= 0; i--) {
        const Node *node = schedule->graph->nodes.items[i];
        Buffer *whole = &schedule->buffers[i];
        if (!whole->is_joined) continue;
        for (int k = 0; k < node->input_count; k++) {
            Buffer *part = &schedule->buffers[schedule_source(node->inputs[k])->id];
            part->is_part = true;
            widen(whole, part);
        }
    }
}

void memory_place_parts(Schedule *schedule) {
    for (int i = schedule->graph->nodes.count - 1; i >= 0; i--) {
        const Node *node = schedule->graph->nodes.items[i];
        const Buffer *whole = &schedule->buffers[i];
        int64_t begin = 0;
        if (!whole->is_joined) continue;
        for (int k = 0; k < node->input_count; k++) {
            const Node *source = schedule_source(node->inputs[k]);
            Buffer *part = &schedule->buffers[source->id];
            part->offset = whole->offset + begin;
            part->stride = whole->stride;
            part->motion = whole->motion;
            part->distance = whole->distance;
            part->copies = 1;
            begin += schedule_sample_floats(schedule, source);
        }
    }
}
