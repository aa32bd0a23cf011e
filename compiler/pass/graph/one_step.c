// Pass one_step: a graph over the steps of a sequence becomes one over a single step. Each value is
// followed through the graph by the dimension whose places are steps (OpDef.kept_axis), which
// becomes 1:
//   - a loop's body stands once, and what it carries is read from and given to the outside;
//   - where a product compares a step with those before it, these are kept: a loop without carried
//     values whose stacked result stays in memory, of which a run adds its step;
//   - values that are the same for all tokens, as those of places, are taken at the step.
// Sums over steps and steps from behind make it impossible, which is said with the node's name.
#include "one_step.h"

#include "../../graph/scan.h"
#include "../../op/primitive/pairs.h"

// A value of the graph over all steps.
typedef struct Track {
    Node *node;  // in the graph of one step; NULL: not made yet, which happens when it is asked for
    Node *kept;  // with all steps so far; NULL: nobody asked
    bool varies; // with the tokens
    int time;    // the dimension of the steps, which is 1 in `node`; -1: what comes after the last
                 // of them, or within a step
    int before;  // the dimension of the steps to which each step is compared; -1: none
} Track;

typedef struct Stepper {
    const Graph *from;
    Graph *to;
    Track *tracks;   // by id of `from`
    Node ***results; // likewise, of scans
    int64_t steps;
    Node *state; // an input: what is carried from step to step, zeros before the first
    int64_t state_used;
    NodeList next;     // the parts of the next state, in the same order
    bool counts;       // its values depend on the number of the step
    const Node *fault; // the first
    const char *reason;
} Stepper;

static void fail(Stepper *s, const Node *node, const char *reason) {
    if (s->reason) return;
    s->fault = node;
    s->reason = reason;
}

static Track *track_of(const Stepper *s, const Node *node) {
    return &s->tracks[node->id];
}

// ---- Copies.

static Node *copy_node(Stepper *s, const Node *node) {
    Node *copy = ARENA_NEW(s->to->arena, Node);
    *copy = *node;
    copy->inputs = ARENA_ARRAY(s->to->arena, Node *, node->input_count + 1);
    copy->id = s->to->nodes.count;
    vec_push(s->to->arena, &s->to->nodes, copy);
    return copy;
}

// A value that is the same for all tokens, as it is.
static Node *settled(Stepper *s, const Node *node) {
    Track *track = track_of(s, node);
    if (track->node) return track->node;
    if (node->op->leaf == LEAF_PARAMETER)
        return track->node = graph_parameter_node(s->to, node->parameter);
    Node *inputs[node->input_count + 1];
    for (int i = 0; i < node->input_count; i++) inputs[i] = settled(s, node->inputs[i]);
    track->node = copy_node(s, node);
    for (int i = 0; i < node->input_count; i++) track->node->inputs[i] = inputs[i];
    return track->node;
}

// The number of the step, from 0.
static Node *place(Stepper *s) {
    s->counts = true;
    return graph_subtract(s->to, graph_scalar(s->to, "step"), graph_constant(s->to, 1));
}

static Type narrowed(Type type, int axis) {
    if (axis >= 0) type.dims[axis] = 1;
    return type;
}

// A row of a value without samples, whose dimensions before the axis are 1.
static Node *row_of_table(Stepper *s, const Node *node, int axis) {
    int64_t rows = node->type.dims[axis];
    int64_t dims[] = {rows, type_elements(&node->type) / rows}, one = 1;
    Type row = narrowed(node->type, axis);
    Node *table = graph_reshape(s->to, settled(s, node), 2, dims);
    Node *number = graph_broadcast(s->to, place(s), type_make(DTYPE_F32, true, 1, &one));
    Node *taken = graph_binary(s->to, "take_rows", number, table);
    return graph_reshape(s->to, taken, row.rank, row.dims);
}

static bool begins_with(const Type *type, int axis) {
    int64_t before = 1;
    for (int i = 0; i < axis; i++) before *= type->dims[i];
    return before == 1;
}

// A value that is the same for all tokens, at the place of the step along a dimension.
static Node *settled_at(Stepper *s, const Node *node, int axis) {
    const OpDef *op = node->op;
    if (axis < 0 || node->type.dims[axis] == 1) return settled(s, node);
    Node *own = op->at_place ? op->at_place(s->to, node, axis, place(s)) : NULL;
    if (own) return own;
    if (op->fuse == FUSE_ELEMENTWISE && node->input_count && !op->reads_column) {
        Node *inputs[node->input_count + 1];
        for (int i = 0; i < node->input_count; i++)
            inputs[i] =
                settled_at(s, node->inputs[i], axis - node->type.rank + node->inputs[i]->type.rank);
        Node *copy = copy_node(s, node);
        for (int i = 0; i < node->input_count; i++) copy->inputs[i] = inputs[i];
        copy->type = narrowed(node->type, axis);
        return copy;
    }
    if (!node->type.batched && begins_with(&node->type, axis)) return row_of_table(s, node, axis);
    fail(s, node, "depends on the place in a way that is known for whole sequences only");
    return settled(s, node);
}

static Node *part_of(Stepper *s, Node *x, int axis, int64_t begin, int64_t count) {
    Args *args = graph_args(s->to, "slice");
    args_set_number(args, "axis", axis);
    args_set_number(args, "begin", (double)begin);
    args_set_number(args, "count", (double)count);
    return graph_call(s->to, "slice", &x, 1, args);
}

// ---- What is kept of the steps so far.

// The dimension of the steps from the front to where it was.
static Node *steps_to_axis(Stepper *s, Node *steps, Type type, int axis) {
    double dims[SHAPE_MAX_RANK];
    if (begins_with(&type, axis)) return graph_reshape(s->to, steps, type.rank, type.dims);
    for (int i = 0; i < type.rank; i++) dims[i] = i < axis ? i + 2 : i == axis ? 1 : i + 1;
    Args *args = graph_args(s->to, "permute");
    args_set_numbers(args, s->to->arena, "dims", dims, type.rank);
    return graph_call(s->to, "permute", &steps, 1, args);
}

static Node *kept(Stepper *s, Track *track) {
    Type type = track->node->type;
    int64_t dims[SHAPE_MAX_RANK];
    int rank = 0;
    if (track->kept) return track->kept;
    for (int i = 0; i < type.rank; i++)
        if (i != track->time) dims[rank++] = type.dims[i];
    ScanBuilder builder = scan_open(s->to, s->steps, false);
    scan_stack(&builder, scan_capture(&builder, graph_reshape(s->to, track->node, rank, dims)));
    Node *scan = scan_close(&builder);
    scan->scan->is_resumed = true;
    s->counts = true;
    type.dims[track->time] = s->steps;
    track->kept = steps_to_axis(s, scan_stacked(s->to, scan, 0), type, track->time);
    return track->kept;
}

// ---- What is carried from step to step.

// The next part of the state.
static Node *remembered(Stepper *s, Type type) {
    int64_t count = type_elements(&type);
    Node *part = part_of(s, s->state, 0, s->state_used, count);
    s->state_used += count;
    return graph_reshape(s->to, part, type.rank, type.dims);
}

// What it is in the next step.
static void remember(Stepper *s, Node *value) {
    int64_t count = type_elements(&value->type);
    vec_push(s->to->arena, &s->next, graph_reshape(s->to, value, 1, &count));
}

// ---- Values of a step.

static int axis_behind(const Node *node, int input, int axis) {
    return axis < 0 ? -1 : op_kept_axis(node, input, axis);
}

static bool is_reduction(const Node *node) {
    return node->op->fuse == FUSE_REDUCTION || node->op->fuse == FUSE_REDUCE_AXIS;
}

// The axis of `input` that becomes axis `wanted` of the node; -1: none does.
static int axis_before(const Node *node, int input, int wanted) {
    for (int i = 0; i < node->inputs[input]->type.rank && wanted >= 0; i++)
        if (op_kept_axis(node, input, i) == wanted) return i;
    return -1;
}

// The operand of a step, `track` being the result's.
static Node *operand(Stepper *s, const Node *node, int input, const Track *track) {
    Track *own = track_of(s, node->inputs[input]);
    if (!own->varies)
        return settled_at(s, node->inputs[input], axis_before(node, input, track->time));
    bool looks_back = own->time >= 0 && track->before >= 0 &&
                      axis_behind(node, input, own->time) == track->before;
    return looks_back ? kept(s, own) : own->node;
}

static void make(Stepper *s, const Node *node, Track *track) {
    Node *inputs[node->input_count + 1];
    for (int i = 0; i < node->input_count; i++) inputs[i] = operand(s, node, i, track);
    Type type = narrowed(node->type, track->time);
    if (node->op->fuse == FUSE_MOVEMENT) {
        track->node = graph_reshape(s->to, inputs[0], type.rank, type.dims);
        return;
    }
    track->node = copy_node(s, node);
    for (int i = 0; i < node->input_count; i++) track->node->inputs[i] = inputs[i];
    track->node->type = type;
}

// Of the last step alone, of which nothing but the model's output may be made.
static bool takes_last(const Stepper *s, const Node *node, const Track *own) {
    return node->op->single_place && own->before < 0 &&
           node->op->single_place(node, own->time) == s->steps - 1;
}

static void find_before(Stepper *s, const Node *node, Track *track) {
    for (int i = 0; i < node->input_count; i++) {
        const Track *own = track_of(s, node->inputs[i]);
        int axis = axis_behind(node, i, own->before);
        if (own->before >= 0 && axis < 0 && !is_reduction(node))
            fail(s, node, "mixes each step with those before it");
        if (axis >= 0 && track->before >= 0 && axis != track->before)
            fail(s, node, "compares each step with the others in two ways");
        if (axis >= 0) track->before = axis;
    }
}

static void find_time(Stepper *s, const Node *node, Track *track) {
    bool is_after = false;
    for (int i = 0; i < node->input_count; i++) {
        const Track *own = track_of(s, node->inputs[i]);
        int axis = axis_behind(node, i, own->time);
        is_after = is_after || (own->varies && own->time < 0);
        if (own->time < 0 || (axis >= 0 && axis == track->before)) continue;
        if (axis < 0)
            fail(s, node, "takes several steps together");
        else if (track->time >= 0 && axis != track->time)
            fail(s, node, "compares each step with all others, those behind it too, by no product");
        track->time = axis;
    }
    if (is_after && track->time >= 0)
        fail(s, node, "needs the whole sequence before its first step");
}

// A window that ends at the step: the steps before it are carried along.
static bool reaches_back(Stepper *s, const Node *node) {
    Track *track = track_of(s, node);
    const Track *own = track_of(s, node->inputs[0]);
    int axis = own->time;
    int64_t before = axis < 0 || own->before >= 0 || !node->op->places_before
                         ? -1
                         : node->op->places_before(node, axis);
    if (before < 0) return false;
    Node *inputs[node->input_count + 1];
    inputs[0] = own->node;
    for (int i = 1; i < node->input_count; i++) {
        if (track_of(s, node->inputs[i])->varies) return false;
        inputs[i] = settled(s, node->inputs[i]);
    }
    if (before) {
        Type type = own->node->type;
        Args *args = graph_args(s->to, "concat");
        args_set_number(args, "axis", axis + 1);
        type.dims[axis] = before;
        inputs[0] =
            graph_call(s->to, "concat", (Node *[]){remembered(s, type), inputs[0]}, 2, args);
        remember(s, part_of(s, inputs[0], axis, 1, before));
    }
    track->node = node->op->at_last(s->to, node, inputs, axis);
    track->time = axis;
    return true;
}

static void follow(Stepper *s, const Node *node) {
    Track *track = track_of(s, node);
    const Track *first = track_of(s, node->inputs[0]);
    if (reaches_back(s, node)) return;
    if (first->varies && first->time >= 0 && axis_behind(node, 0, first->time) < 0 &&
        takes_last(s, node, first)) {
        track->node = first->node;
        return;
    }
    find_before(s, node, track);
    find_time(s, node, track);
    if (!s->reason) make(s, node, track);
}

// ---- Products of two values of the samples.

// The step is compared with as many as there may be before it: rows are not those of the sequence,
// of which a part was not asked for.
static Node *multiplied(Stepper *s, const Node *node, Node *const *inputs) {
    return pairs_multiply(s->to, inputs[0], inputs[1], args_text(node->args, "equation"), NULL);
}

// Sums over steps: one side has the weights of those before, the other is kept.
static bool sums_before(Stepper *s, const Node *node) {
    for (int i = 0; i < 2; i++) {
        const Track *weights = track_of(s, node->inputs[i]);
        Track *values = track_of(s, node->inputs[1 - i]), *track = track_of(s, node);
        bool fits = weights->before >= 0 && axis_behind(node, i, weights->before) < 0 &&
                    values->time >= 0 && axis_behind(node, 1 - i, values->time) < 0;
        if (!fits) continue;
        track->time = axis_behind(node, i, weights->time);
        if (track->time < 0) fail(s, node, "takes several steps together");
        Node *inputs[2];
        inputs[i] = weights->node;
        inputs[1 - i] = kept(s, values);
        track->node = multiplied(s, node, inputs);
        return true;
    }
    return false;
}

static void multiply(Stepper *s, const Node *node) {
    Track *track = track_of(s, node), *left = track_of(s, node->inputs[0]),
          *right = track_of(s, node->inputs[1]);
    int a = axis_behind(node, 0, left->time), b = axis_behind(node, 1, right->time);
    int ahead, behind;
    if (sums_before(s, node)) return;
    if (a >= 0 && b >= 0 && a != b) {
        bool is_causal = pairs_lower(node, &ahead, &behind) &&
                         ((a == ahead && b == behind) || (a == behind && b == ahead));
        if (!is_causal)
            fail(s, node,
                 "compares each step with all others, those behind it too: it is not "
                 "`causal`");
        track->before = is_causal ? behind : -1;
    }
    follow(s, node);
    if (track->node) track->node = multiplied(s, node, track->node->inputs);
}

// ---- Loops.

static bool is_zero(const Node *node) {
    double value;
    while (node->op->fuse == FUSE_ELEMENTWISE && node->input_count == 1 &&
           node->op->shape != op_shape_same)
        node = node->inputs[0];
    return node_is_constant(node, &value) && value == 0;
}

// What the step before has carried on; what the loop begins with, in the first step.
static Node *carried(Stepper *s, const Node *initial) {
    Node *before = remembered(s, initial->type);
    if (is_zero(initial)) return before; // as the state begins
    Node *step = graph_scalar(s->to, "step");
    Node *inputs[] = {graph_binary(s->to, "greater", step, graph_constant(s->to, 1)), before,
                      settled(s, initial)};
    return graph_call(s->to, "where", inputs, 3, NULL);
}

// What the body gets for its input number `index`; NULL: it does not go step by step.
static Node *body_input(Stepper *s, const Node *node, int index) {
    const Scan *scan = node->scan;
    const Node *outside = node->inputs[index];
    const Type *type = &scan->body->inputs.items[index]->type;
    const Track *own = track_of(s, outside);
    bool is_sequence = index >= scan->carried && index < scan->carried + scan->sequences;
    if (is_sequence && own->varies && (own->time != 0 || own->before >= 0)) {
        fail(s, node, "goes along another dimension than that of the tokens");
        return NULL;
    }
    if (is_sequence)
        return graph_reshape(s->to, own->varies ? own->node : settled_at(s, outside, 0), type->rank,
                             type->dims);
    if (own->varies) {
        fail(s, node,
             index < scan->carried ? "begins with what is made of the whole sequence"
                                   : "needs the whole sequence before its first step");
        return NULL;
    }
    return index < scan->carried ? carried(s, outside) : settled(s, outside);
}

static void run_once(Stepper *s, const Node *node) {
    const Scan *scan = node->scan;
    const Graph *body = scan->body;
    if (scan->is_reversed) fail(s, node, "goes through the sequence from its end");
    Node **inputs = ARENA_ARRAY(s->to->arena, Node *, body->inputs.count + 1);
    for (int i = 0; i < body->inputs.count && !s->reason; i++) inputs[i] = body_input(s, node, i);
    if (s->reason) return;
    Node **copies = graph_copy_nodes(body, s->to);
    Node **results = ARENA_ARRAY(s->to->arena, Node *, body->outputs.count + 1);
    for (int i = 0; i < body->inputs.count; i++)
        copies[body->inputs.items[i]->id]->replacement = inputs[i];
    for (int i = 0; i < body->outputs.count; i++)
        results[i] = graph_resolve(copies[body->outputs.items[i]->id]);
    for (int i = 0; i < scan->carried; i++) remember(s, results[i]);
    s->results[node->id] = results;
}

static void take_result(Stepper *s, const Node *node) {
    const Node *scan = node->inputs[0];
    Track *track = track_of(s, node);
    int index = scan_result_index(node);
    bool is_stacked = index >= scan->scan->carried;
    Type type = narrowed(node->type, is_stacked ? 0 : -1);
    Node *result = s->results[scan->id][index];
    if (is_stacked) track->time = 0;
    track->node = is_stacked ? graph_reshape(s->to, result, type.rank, type.dims) : result;
}

// ---- The walk.

static void visit(Stepper *s, const Node *node) {
    Track *track = track_of(s, node);
    for (int i = 0; i < node->input_count; i++)
        track->varies = track->varies || track_of(s, node->inputs[i])->varies;
    if (!track->varies || track->node) return;
    s->to->current_layer = node->layer;
    s->to->current_span = node->span;
    if (node->scan)
        run_once(s, node);
    else if (node->op->fuse == FUSE_RESULT)
        take_result(s, node);
    else if (op_product_kind(node) == PRODUCT_PAIRS)
        multiply(s, node);
    else
        follow(s, node);
}

static void add_inputs(Stepper *s) {
    const Node *tokens = s->from->inputs.items[0];
    Track *track = track_of(s, tokens);
    int64_t any = INT32_MAX; // until all is found that is carried
    track->node = copy_node(s, tokens);
    track->node->type = narrowed(tokens->type, 0);
    track->varies = true;
    track->time = 0;
    vec_push(s->to->arena, &s->to->inputs, track->node);
    s->state = graph_input(s->to, "state", type_make(DTYPE_F32, true, 1, &any));
}

static void add_outputs(Stepper *s) {
    const Node *output = s->from->outputs.items[0];
    const Track *track = track_of(s, output);
    bool has_steps =
        track->varies && track->before < 0 && track->time == 0 && output->type.rank == 2;
    bool is_last = track->varies && track->before < 0 && track->time < 0 && output->type.rank == 1;
    if (!has_steps && !is_last) {
        fail(s, output, "gives no vector for each step, or for the last one");
        return;
    }
    vec_push(s->to->arena, &s->to->outputs, track->node);
    if (!s->next.count) return;
    s->state->type.dims[0] = s->state_used;
    vec_push(s->to->arena, &s->to->inputs, s->state);
    Node *state = s->next.items[0];
    if (s->next.count > 1) state = graph_call(s->to, "concat", s->next.items, s->next.count, NULL);
    vec_push(s->to->arena, &s->to->outputs, state);
}

OneStep pass_one_step(const Graph *forward, Arena *arena) {
    Graph *from = graph_clone(forward, arena, GRAPH_PREDICT);
    const NodeList *inputs = &from->inputs;
    const Type *tokens = inputs->count ? &inputs->items[0]->type : NULL;
    OneStep out = {.reason = "reads no sequence of whole numbers alone"};
    from->results.count = 0;
    if (inputs->count != 1 || tokens->rank != 1 || tokens->dtype != DTYPE_I32 || !tokens->batched)
        return out;
    out.reason = "gives several values";
    if (from->outputs.count != 1) return out;
    pass_expand(from);
    pass_simplify(from);
    Graph *to = graph_create(from->weights, from->name, GRAPH_PREDICT, NULL);
    Stepper s = {.from = from, .to = to, .steps = tokens->dims[0]};
    to->arena = arena;
    to->frozen = from->frozen;
    to->repeats = true;
    s.tracks = ARENA_ARRAY(arena, Track, from->nodes.count + 1);
    s.results = ARENA_ARRAY(arena, Node **, from->nodes.count + 1);
    for (int i = 0; i < from->nodes.count; i++) s.tracks[i].time = s.tracks[i].before = -1;
    add_inputs(&s);
    for (int i = 0; i < from->nodes.count && !s.reason; i++) visit(&s, from->nodes.items[i]);
    to->current_layer = NULL;
    if (!s.reason) add_outputs(&s);
    if (s.reason) return (OneStep){.fault = s.fault, .reason = s.reason};
    graph_apply_replacements(to);
    graph_remove_dead(to);
    return (OneStep){.graph = to, .window = s.counts ? s.steps : 0};
}
