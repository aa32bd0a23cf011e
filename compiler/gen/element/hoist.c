// What a group needs only once: single numbers of the step and small vectors. Every worker computes
// them at the start of the group's function, instead of one for all before a barrier.
#include "sums.h"

#include "../../op/op.h"

#include <string.h>

typedef struct Hoist {
    LaneBuilder *b;
    bool *seen;
    VEC(Node *) vectors;
} Hoist;

static bool is_vector(const Node *node) {
    return !node->type.batched && type_elements(&node->type) == type_last(&node->type);
}

static void visit_inputs(Hoist *h, const Node *node) {
    LaneBuilder *b = h->b;
    bool walks_samples = schedule_walks_samples(b->group);
    for (int i = 0; i < node->input_count; i++) {
        Node *input = schedule_source(node->inputs[i]);
        int group = b->schedule->group_of[input->id];
        bool is_inline = group < 0 && input->op->fuse != FUSE_LEAF;
        bool is_sum = group >= 0 && schedule_is_chunked(input);
        if (is_sum && sums_statistic(node->inputs[i])) input = node->inputs[i];
        bool is_needed = walks_samples && is_vector(input) && (is_inline || is_sum);
        int slot = slots_of(b->gen, input);
        if ((!is_inline && !is_sum) || h->seen[slot]) continue;
        h->seen[slot] = true;
        if (is_inline && node_is_scalar(input))
            b->numbers[slot] = (Value)(void *)element_value(b, input);
        else if (is_needed)
            vec_push(b->gen->arena, &h->vectors, input);
        else if (is_inline)
            visit_inputs(h, input);
    }
}

static int64_t padded_width(const Node *node) {
    enum { LINE = 16 };
    return (type_last(&node->type) + LINE - 1) / LINE * LINE;
}

static Value vector_block(Gen *gen, const Node *node) {
    LlvmType type = LLVMArrayType2(gen->f32, (uint64_t)padded_width(node));
    Value block = LLVMBuildAlloca(gen->builder, type, "vector");
    LLVMSetAlignment(block, 64);
    return block;
}

// The vectors of one width, in one loop.
static void compute_vectors(Hoist *h, int64_t width, Value *blocks) {
    LaneBuilder v = *h->b;
    Gen *gen = v.gen;
    v.domain = DOMAIN_STORAGE;
    v.width = gen->target->machine.lanes;
    v.row_values = NULL;
    v.vectors = NULL;
    v.shape = type_make(DTYPE_F32, false, 1, &width);
    v.values = slots_array(gen, sizeof(Value));
    Loop loop =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, width), ir_int(gen, v.width), "vector");
    v.storage = loop.index;
    for (int i = 0; i < h->vectors.count; i++) {
        Node *node = h->vectors.items[i];
        if (type_last(&node->type) != width) continue;
        Value value = (Value)(void *)element_value(&v, node);
        ir_store(gen, value, ir_offset(gen, gen->f32, blocks[slots_of(gen, node)], loop.index));
    }
    ir_loop_end(gen, &loop);
}

static void hoist_vectors(Hoist *h) {
    LaneBuilder *b = h->b;
    Value *blocks = slots_array(b->gen, sizeof(Value));
    for (int i = 0; i < h->vectors.count; i++)
        blocks[slots_of(b->gen, h->vectors.items[i])] = vector_block(b->gen, h->vectors.items[i]);
    for (int i = 0; i < h->vectors.count; i++) {
        int64_t width = type_last(&h->vectors.items[i]->type);
        bool is_first = true;
        for (int k = 0; k < i; k++)
            is_first = is_first && type_last(&h->vectors.items[k]->type) != width;
        if (is_first) compute_vectors(h, width, blocks);
    }
    b->vectors = blocks;
}

void element_hoist(LaneBuilder *b) {
    const Group *group = b->group;
    int width = b->width;
    Hoist h = {.b = b, .seen = slots_array(b->gen, sizeof(bool))};
    b->numbers = slots_array(b->gen, sizeof(Value));
    b->width = 1;
    for (int i = 0; i < group->nodes.count; i++) visit_inputs(&h, group->nodes.items[i]);
    for (int i = 0; i < group->assigns.count; i++) visit_inputs(&h, group->assigns.items[i]);
    b->width = width;
    element_forget(b);
    hoist_vectors(&h);
}
