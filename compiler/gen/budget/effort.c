#include "effort.h"

#include "../../op/op.h"
#include "../../pass/group/cost.h"
#include "../../pass/layout/winograd.h"

typedef struct Count {
    const Schedule *schedule;
    const Group *group;
    nnrt_effort effort;
    double lanes, full; // of vectors that do most, weighted by what they do: in all; with numbers
} Count;

static void add_amount(nnrt_count *sum, const nnrt_count *amount, double times) {
    sum->sample += amount->sample * times;
    sum->step += amount->step * times;
}

static void add(nnrt_count *sum, bool is_of_samples, double amount) {
    *(is_of_samples ? &sum->sample : &sum->step) += amount;
}

// ---- Lanes.

static int lanes_of(const Schedule *schedule) {
    return schedule->layout->machine.lanes;
}

// Of the lanes of as many vectors as so many numbers take, the share that hold one.
static double share_of_lanes(const Schedule *schedule, int64_t numbers) {
    int64_t lanes = lanes_of(schedule), vectors = (numbers + lanes - 1) / lanes;
    return numbers > 0 ? (double)numbers / (double)(vectors * lanes) : 1;
}

// Few columns have the lanes along samples (gen/convolution/slab.h).
static bool is_slab(const Schedule *schedule, const Node *anchor, int64_t columns) {
    return convolution_of(anchor).groups == 1 && 2 * columns <= lanes_of(schedule) &&
           !schedule->is_single && !op_is_in_bfloat16(anchor);
}

static int64_t columns_of_convolution(const Node *anchor) {
    Convolution c = convolution_of(anchor);
    if (convolution_is_depthwise(&c)) return c.groups;
    return op_product_kind(anchor) == PRODUCT_DATA ? c.channels : c.filters;
}

// Along the columns of the weights where they lie in panels, else along their rows; a product that
// reads them laid out anew has them along its result.
static int64_t columns_of_product(const Schedule *schedule, const Node *anchor) {
    const Parameter *weights = layout_weight_of(anchor);
    if (!weights) return type_last(&anchor->type);
    const ParameterLayout *own = &schedule->layout->parameters[weights->index];
    bool is_laid_out =
        op_multiplies_weights(anchor) && !schedule_source(anchor->inputs[1])->parameter;
    if (is_laid_out) return type_last(&anchor->type);
    return own->kind == LAYOUT_TRANSPOSED ? own->rows : own->columns;
}

static double lanes_of_product(const Schedule *schedule, const Node *anchor) {
    if (!op_is_convolution(anchor))
        return share_of_lanes(schedule, columns_of_product(schedule, anchor));
    int64_t columns = columns_of_convolution(anchor);
    return is_slab(schedule, anchor, columns) ? 1 : share_of_lanes(schedule, columns);
}

// Of the multiply-adds of all windows, what transformed tiles take.
static double share_of_products(const Count *c, const Node *node) {
    bool is_anchor = node == c->group->anchor && op_is_convolution(node);
    if (!is_anchor || !winograd_fits(c->schedule, c->group)) return 1;
    WinogradShape s = winograd_shape(node);
    double windows = (double)s.places[0] * (double)s.places[1] * WINOGRAD_TAPS * WINOGRAD_TAPS;
    return (double)winograd_count(s.places) * WINOGRAD_POSITIONS / windows;
}

static void note_lanes(Count *c, double amount, double share) {
    c->lanes += amount / share;
    c->full += amount;
}

// ---- Values.

static void count_node(Count *c, const Node *node) {
    double flops = node->op->flops ? node->op->flops(node) : 0;
    if (flops == 0 || node->scan) return;
    bool is_of_samples = cost_is_of_samples(node);
    bool is_product = node->op->fuse == FUSE_CONTRACTION;
    double share = is_product ? lanes_of_product(c->schedule, node)
                              : share_of_lanes(c->schedule, c->group->width);
    flops *= share_of_products(c, node);
    nnrt_effort *e = &c->effort;
    add(is_product          ? &e->products
        : node->op->is_slow ? &e->functions
                            : &e->values,
        is_of_samples, flops / share);
    if (is_product || c->group->kind != GROUP_CONTRACTION) note_lanes(c, flops, share);
}

static void count_inlined(Count *c, const Node *node, NodeList *seen) {
    int before = seen->count;
    cost_list_inlined(c->schedule, node, seen);
    for (int i = before; i < seen->count; i++) count_node(c, seen->items[i]);
}

// ---- What is converted, packed and joined.

// The plane of a convolution's operand, where it cannot be read in place: copied with zeros around.
static double plane_moves(const Schedule *schedule, const Node *anchor) {
    Convolution c = convolution_of(anchor);
    const Node *operand = schedule_source(anchor->inputs[0]);
    const Type *type = &anchor->inputs[0]->type;
    double size = (double)type_last(type);
    bool is_padded = false;
    for (int axis = 0; axis < 2; axis++) {
        int64_t before = c.window.before[axis], after = c.window.after[axis];
        if (op_product_kind(anchor) == PRODUCT_DATA)
            convolution_zeros_around(&c, axis, schedule->graph->arena, &before, &after);
        is_padded |= before || after;
        size *= (double)(type->dims[axis] + before + after);
    }
    bool is_stored = operand->op->fuse != FUSE_LEAF && schedule->buffers[operand->id].is_stored;
    double moves = is_padded || !is_stored || c.groups > 1 ? size : 0;
    bool is_turned = is_slab(schedule, anchor, columns_of_convolution(anchor));
    return moves + (is_turned ? size : 0);
}

// Tiles that are transformed, each number with two sums, and the products, of each tile or of a
// sample.
static void count_tiles(Count *c, const Node *anchor) {
    if (!winograd_fits(c->schedule, c->group)) return;
    WinogradShape s = winograd_shape(anchor);
    bool is_weights = op_product_kind(anchor) == PRODUCT_WEIGHTS;
    double tiles = (double)winograd_count(s.places), depth = (double)s.depth;
    double columns = (double)s.columns;
    double numbers = tiles * (depth + columns) + (is_weights ? depth * columns : 0);
    c->effort.moved.sample += WINOGRAD_POSITIONS * numbers;
    c->effort.values.sample += 2 * WINOGRAD_POSITIONS * numbers;
}

static void count_packing(Count *c) {
    const Node *anchor = c->group->anchor;
    nnrt_effort *e = &c->effort;
    if (c->group->kind == GROUP_LAYOUT && anchor) {
        double size = (double)type_elements(&anchor->type);
        add(anchor->op->laid_out == LAID_OUT_PAIRS ? &e->converted : &e->moved, false, size);
    }
    if (!anchor || op_product_kind(anchor) == PRODUCT_NONE) return;
    if (op_is_convolution(anchor)) {
        e->moved.sample += plane_moves(c->schedule, anchor);
        count_tiles(c, anchor);
    }
    for (int i = 0; i < anchor->input_count && op_is_in_bfloat16(anchor); i++)
        if (anchor->inputs[i]->type.batched)
            e->converted.sample += (double)type_elements(&anchor->inputs[i]->type);
}

static void count_read(Node *value, void *state) {
    Count *c = state;
    double size = (double)type_elements(&value->type);
    if (value->type.dtype == DTYPE_U8) add(&c->effort.converted, value->type.batched, size);
    if (schedule_is_chunked(value)) c->effort.joined.step += size * (double)c->schedule->chunks;
}

// ---- Groups.

static void count_body(Count *c, const Schedule *body) {
    double steps = (double)body->scan->steps;
    for (int i = 0; i < body->groups.count; i++) {
        nnrt_effort own = effort_of_group(body, body->groups.items[i]);
        nnrt_effort *sum = &c->effort;
        add_amount(&sum->products, &own.products, steps);
        add_amount(&sum->values, &own.values, steps);
        add_amount(&sum->functions, &own.functions, steps);
        add_amount(&sum->converted, &own.converted, steps);
        add_amount(&sum->moved, &own.moved, steps);
        add_amount(&sum->joined, &own.joined, steps);
        if (own.products.sample > 0)
            note_lanes(c, own.products.sample * own.full_lanes, own.full_lanes);
    }
}

static void count_members(Count *c, const Group *group, NodeList *seen) {
    for (int i = 0; i < group->nodes.count; i++) {
        count_node(c, group->nodes.items[i]);
        count_inlined(c, group->nodes.items[i], seen);
    }
}

nnrt_effort effort_of_group(const Schedule *schedule, const Group *group) {
    Count c = {.schedule = schedule, .group = group};
    NodeList seen = {0};
    if (group->host) return (nnrt_effort){.full_lanes = 1};
    count_members(&c, group, &seen);
    if (group->guest) count_members(&c, group->guest, &seen);
    for (int i = 0; i < group->assigns.count; i++)
        count_inlined(&c, group->assigns.items[i], &seen);
    count_packing(&c);
    schedule_visit_reads(schedule, group, count_read, &c);
    if (group->body) count_body(&c, group->body);
    c.effort.full_lanes = c.lanes > 0 ? c.full / c.lanes : 1;
    return c.effort;
}

// ---- `--emit=effort`

static void print_amount(Text *out, const char *name, const nnrt_count *amount) {
    if (amount->sample > 0) text_format(out, "; %s %.0f a sample", name, amount->sample);
    if (amount->step > 0) text_format(out, "; %s %.0f a step", name, amount->step);
}

static void print_effort(Text *out, const nnrt_effort *effort) {
    print_amount(out, "products", &effort->products);
    print_amount(out, "values", &effort->values);
    print_amount(out, "functions", &effort->functions);
    print_amount(out, "converted", &effort->converted);
    print_amount(out, "moved", &effort->moved);
    print_amount(out, "joined", &effort->joined);
    text_format(out, "; lanes %.0f %% full\n", 100 * effort->full_lanes);
}

static void print_touch(Text *out, const Touch *t) {
    const nnrt_touch *touch = &t->touch;
    const Node *node = t->node;
    const char *name = node->parameter ? node->parameter->name
                       : node->slot    ? node->slot->name
                                       : node->op->schema.name;
    text_format(out, "    %%%d %s: %.0f bytes%s", node->id, name,
                touch->bytes.sample + touch->bytes.step,
                touch->bytes.sample > 0 ? " a sample" : "");
    if (touch->is_whole) text_put(out, ", of each worker");
    if (touch->is_data) {
        text_put(out, ", new samples\n");
        return;
    }
    text_format(out, ", after %.0f bytes a sample and %.0f", touch->between.sample,
                touch->between.step);
    if (touch->window) text_format(out, ", of %lld samples", (long long)touch->window);
    text_put(out, touch->is_foreign ? ", others' work\n" : "\n");
}

void effort_print(Text *out, const Schedule *schedule) {
    Touches touches = effort_touches(schedule, out->arena);
    int next = 0;
    text_format(out, "%s: %d groups\n", schedule->graph->name, schedule->groups.count);
    for (int i = 0; i < schedule->groups.count; i++) {
        const Group *group = schedule->groups.items[i];
        nnrt_effort effort = effort_of_group(schedule, group);
        text_format(out, "group %d: %s", i, cost_group_name(out->arena, schedule, group));
        print_effort(out, &effort);
        while (next < touches.count && touches.items[next].touch.group == i)
            print_touch(out, &touches.items[next++]);
    }
}
