// Bodies of scans: what they keep for themselves lies together; what they read and give lies where
// the values outside do.
#include "memory.h"

static Buffer *output_buffer(const Schedule *body, int index) {
    return &body->buffers[schedule_source(body->graph->outputs.items[index])->id];
}

// Two places for what is carried; one for what a step keeps. Their offsets begin at 0.
void memory_size_body(Schedule *body, Arena *arena) {
    const Graph *graph = body->graph;
    const bool *row_operands = memory_row_operands(body, arena);
    memory_mark_parts(body);
    for (int i = 0; i < graph->nodes.count; i++) {
        Buffer *buffer = &body->buffers[i];
        const Node *node = graph->nodes.items[i];
        buffer->pool = -1;
        if (!buffer->is_stored || buffer->is_part) continue;
        memory_size(body, node, row_operands[i], buffer);
        buffer->copies = 1;
        buffer->offset = body->arena_size;
        if (!fusion_is_output(graph, node)) body->arena_size += buffer->size;
    }
    for (int i = 0; i < body->scan->carried; i++) {
        Buffer *in = &body->buffers[graph->inputs.items[i]->id], *out = output_buffer(body, i);
        in->is_stored = true;
        memory_size(body, graph->inputs.items[i], row_operands[graph->inputs.items[i]->id], in);
        in->copies = 1;
        in->offset = body->arena_size;
        in->distance = in->size;
        in->motion = MOTION_READ;
        *out = *in;
        out->motion = MOTION_WRITTEN;
        body->arena_size += 2 * in->size;
    }
}

// What is outside, a step of it at a time or all of it.
static void look_outside(Schedule *body, const Node *node, const Buffer *outside, bool moves) {
    Buffer *own = &body->buffers[node->id];
    own->is_stored = true;
    own->copies = 1;
    own->offset = outside->offset;
    own->stride = outside->stride;
    own->parameter = outside->parameter;
    own->motion = moves ? MOTION_STEPS : MOTION_NONE;
    own->distance = schedule_sample_floats(body, node);
}

void memory_place_body(const Schedule *schedule, const Group *group) {
    Schedule *body = group->body;
    const Scan *scan = body->scan;
    for (int i = 0; i < body->graph->nodes.count; i++)
        if (body->buffers[i].is_stored) body->buffers[i].offset += group->body_offset;
    for (int i = scan->carried; i < body->graph->inputs.count; i++) {
        const Node *own = body->graph->inputs.items[i];
        const Node *outside = schedule_source(group->anchor->inputs[i]);
        look_outside(body, own, &schedule->buffers[outside->id],
                     i < scan->carried + scan->sequences);
    }
    for (int i = 0; i < group->nodes.count; i++) {
        const Node *result = group->nodes.items[i];
        if (result->op->fuse != FUSE_RESULT) continue;
        int index = scan_result_index(result);
        if (index >= scan->carried)
            look_outside(body, schedule_source(body->graph->outputs.items[index]),
                         &schedule->buffers[result->id], true);
    }
    memory_place_parts(body);
}
