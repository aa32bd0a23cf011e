// Values that are kept in bfloat16: what nobody reads from memory but products that round it, and
// sums of rows that do, has the same bits for them, in half of the memory.
#include "memory.h"

#include "../../op/op.h"

// Does the product find its operands in memory, and round them as it packs them?
static bool packs(const Schedule *schedule, const Node *product) {
    if (!op_is_in_bfloat16(product)) return false;
    if (op_is_convolution(product)) return true;
    if (!op_is_matrix_product(product) || op_product_kind(product) == PRODUCT_PAIRS) return false;
    if (op_product_kind(product) != PRODUCT_WEIGHTS) return true;
    int parameter = schedule->buffers[product->id].parameter;
    return parameter >= 0 && layout_fits_pairs(schedule->layout, parameter);
}

// A user of the value in another group, as its operand number `index`.
static bool reads_narrow(const Schedule *schedule, const Node *user, int index) {
    int group = schedule->group_of[user->id];
    if (group < 0 || schedule->groups.items[group]->anchor != user) return false;
    if (user->op->fuse == FUSE_SCATTER) return index == 1 && op_rounds_rows(user);
    return packs(schedule, user) && (index == 0 || op_product_kind(user) == PRODUCT_WEIGHTS);
}

// `whole`: the joined value that it is a part of, whose readers are asked for themselves; or NULL.
static bool is_read_narrow(const Schedule *schedule, const Node *value, const Node *whole) {
    const Graph *graph = schedule->graph;
    bool is_multiplied = whole != NULL;
    for (int i = 0; i < graph->nodes.count; i++) {
        const Node *user = graph->nodes.items[i];
        bool is_here =
            schedule->group_of[i] >= 0 && schedule->group_of[i] == schedule->group_of[value->id];
        if (user == whole || user->op->fuse == FUSE_MOVEMENT || is_here) continue;
        for (int k = 0; k < user->input_count; k++) {
            if (schedule_source(user->inputs[k]) != value) continue;
            if (!reads_narrow(schedule, user, k)) return false;
            is_multiplied = is_multiplied || user->op->fuse == FUSE_CONTRACTION;
        }
    }
    return is_multiplied;
}

// Stored by the loops of rows, or of what is applied to a product, in whole words.
static bool is_written_narrow(const Schedule *schedule, const Node *value) {
    const Buffer *buffer = &schedule->buffers[value->id];
    int number = schedule->group_of[value->id];
    if (number < 0 || !buffer->is_stored || !value->type.batched || value->kept) return false;
    const Group *group = schedule->groups.items[number];
    bool is_after = group->kind == GROUP_CONTRACTION &&
                    (op_is_matrix_product(group->anchor) || op_is_convolution(group->anchor));
    return value->op->fuse == FUSE_ELEMENTWISE && (group->kind == GROUP_ROWS || is_after) &&
           value->type.dtype == DTYPE_F32 && type_last(&value->type) % 2 == 0;
}

// A joined value is written by its parts.
static bool can_be_narrow(const Schedule *schedule, const Node *value) {
    const Buffer *buffer = &schedule->buffers[value->id];
    if (!buffer->is_joined)
        return is_written_narrow(schedule, value) && is_read_narrow(schedule, value, NULL);
    for (int k = 0; k < value->input_count; k++) {
        const Node *part = schedule_source(value->inputs[k]);
        if (!is_written_narrow(schedule, part) || !is_read_narrow(schedule, part, value))
            return false;
    }
    return is_read_narrow(schedule, value, NULL);
}

static void set_narrow(Schedule *schedule, const Node *value) {
    Buffer *buffer = &schedule->buffers[value->id];
    buffer->is_narrow = true;
    for (int k = 0; buffer->is_joined && k < value->input_count; k++)
        schedule->buffers[schedule_source(value->inputs[k])->id].is_narrow = true;
}

static bool is_told(const Graph *graph, const Node *value) {
    for (int i = 0; i < graph->outputs.count; i++)
        if (schedule_source(graph->outputs.items[i]) == value) return true;
    return false;
}

// ---- Scans: what a body stacks is read within it and outside.

static const Node *output_of(const Schedule *body, int index) {
    return schedule_source(body->graph->outputs.items[index]);
}

static bool is_only_output(const Schedule *body, int index) {
    for (int i = 0; i < body->graph->outputs.count; i++)
        if (i != index && output_of(body, i) == output_of(body, index)) return false;
    return true;
}

static int results_of(const Group *group, int index) {
    int count = 0;
    for (int i = 0; i < group->nodes.count; i++)
        if (group->nodes.items[i]->op->fuse == FUSE_RESULT &&
            scan_result_index(group->nodes.items[i]) == index)
            count++;
    return count;
}

static bool is_alone_in_body(const Schedule *body, const Node *value) {
    return can_be_narrow(body, value) ||
           (is_written_narrow(body, value) && is_read_narrow(body, value, value));
}

static void find_stacked(Schedule *schedule, const Group *group) {
    Schedule *body = group->body;
    for (int i = 0; i < group->nodes.count; i++) {
        const Node *result = group->nodes.items[i];
        if (result->op->fuse != FUSE_RESULT) continue;
        int index = scan_result_index(result);
        if (index < body->scan->carried || body->scan->is_resumed) continue;
        const Node *inner = output_of(body, index);
        if (is_told(schedule->graph, result) || !is_only_output(body, index) ||
            results_of(group, index) > 1 || !is_read_narrow(schedule, result, NULL) ||
            !is_alone_in_body(body, inner))
            continue;
        set_narrow(schedule, result);
        set_narrow(body, inner);
    }
}

static void find_in(Schedule *schedule) {
    for (int i = 0; i < schedule->graph->nodes.count; i++) {
        const Node *value = schedule->graph->nodes.items[i];
        if (is_told(schedule->graph, value) || !can_be_narrow(schedule, value)) continue;
        set_narrow(schedule, value);
    }
}

void memory_find_narrow(Schedule *schedule) {
    if (schedule->is_single) return;
    for (int i = 0; i < schedule->groups.count; i++) {
        const Group *group = schedule->groups.items[i];
        if (!group->body) continue;
        find_in(group->body);
        find_stacked(schedule, group);
    }
    find_in(schedule);
}
