// bidirectional around a recurrent layer that repeats a block: two layers, of which the second goes
// backwards, and what both give put together as op/sequence/bidirectional.c does.
#include "../../op/sequence/recurrent.h"
#include "layer.h"

#include <string.h>

typedef struct Directions {
    Checker *c;
    const Application *call; // of the layer of both
    const Args *args;
    const ArgValue *inner; // the layer of one direction
    const Value *values[2];
} Directions;

static Args *args_of(const Directions *d, bool is_backward) {
    Args *args = args_default(d->c->arena, d->inner->args->schema);
    const char *name = d->inner->args->name ? d->inner->args->name : d->inner->callee->name;
    args_copy_common(args, d->inner->args);
    args->is_frozen = d->inner->args->is_frozen || d->args->is_frozen;
    args->name = arena_format(d->c->arena, "%s_%s", is_backward ? "backward" : "forward", name);
    args->name_span = d->inner->args->span;
    args_set_number(args, "go_backwards", is_backward);
    return args;
}

// With its half of the states that are given.
static const Value *apply_one(const Directions *d, bool is_backward) {
    int given = d->call->count - 1, half = given / 2;
    const Value **inputs = ARENA_ARRAY(d->c->arena, const Value *, half + 1);
    Application call = *d->call;
    inputs[0] = d->call->inputs[0];
    for (int i = 0; i < half; i++)
        inputs[1 + i] = d->call->inputs[1 + i + (is_backward ? half : 0)];
    call.inputs = inputs;
    call.count = 1 + half;
    return layer_make(d->c, (const OpDef *)d->inner->callee, &call, args_of(d, is_backward));
}

static const Value *first_of(const Value *value) {
    return value->kind == VALUE_LIST ? value->items[0] : value;
}

// In the order of the sequence, and zeros at steps that do not count.
static Node *steps_of(const Directions *d, bool is_backward) {
    Graph *graph = d->c->graph;
    Node *node = first_of(d->values[is_backward])->node, *mask = node->mask;
    if (!args_bool(d->inner->args, "return_sequences")) return node;
    if (is_backward) node = recurrent_reverse(graph, node);
    return mask ? op_where_counts(graph, mask, node) : node;
}

static Node *merge(const Directions *d, Layer *layer, const char *way, Node *const *steps) {
    Graph *graph = d->c->graph;
    Node *forward = steps[0], *backward = steps[1];
    bool is_sum = strcmp(way, "sum") == 0, is_mean = strcmp(way, "ave") == 0;
    if (is_mean) {
        forward = graph_scale(graph, forward, 0.5);
        backward = graph_scale(graph, backward, 0.5);
    }
    graph->current_layer = layer;
    const char *op = is_sum || is_mean ? "add" : strcmp(way, "mul") == 0 ? "multiply" : "concat";
    Node *node = graph_binary(graph, op, forward, backward);
    graph->current_layer = NULL;
    node->mask = first_of(d->values[0])->node->mask;
    return node;
}

static const Value *put_together(const Directions *d, Layer *layer) {
    const char *way = args_text(d->args, "merge");
    Span span = d->call->ast->span;
    const Value *items[2 + 2 * RECUR_MOST_STATES];
    int count = 0;
    d->c->graph->current_layer = NULL;
    d->c->graph->current_span = span;
    Node *steps[] = {steps_of(d, false), steps_of(d, true)};
    if (strcmp(way, "none") == 0)
        for (int i = 0; i < 2; i++) items[count++] = value_tensor(d->c->arena, steps[i], span);
    else
        items[count++] = value_tensor(d->c->arena, merge(d, layer, way, steps), span);
    for (int i = 0; i < 2; i++)
        for (int k = 1; k < d->values[i]->count; k++) items[count++] = d->values[i]->items[k];
    if (count == 1) return items[0];
    Value *list = value_new(d->c->arena, VALUE_LIST, span);
    const Value **copy = ARENA_ARRAY(d->c->arena, const Value *, count);
    memcpy(copy, items, sizeof *items * (size_t)count);
    list->items = copy;
    list->count = count;
    return list;
}

static bool check(const Directions *d) {
    Span span = d->call->ast->span;
    Diag *diag = NULL;
    if (args_bool(d->inner->args, "go_backwards")) {
        diag = diag_report(d->c->sink, DIAG_E0203, span,
                           "the forward layer of bidirectional goes backwards");
        diag_help(diag, "leave `go_backwards` out: bidirectional makes a layer of each direction");
    } else if (d->call->count % 2 == 0) {
        diag = diag_report(d->c->sink, DIAG_E0203, span,
                           "two layers begin with an even number of states, not %d",
                           d->call->count - 1);
        diag_help(diag, "those of the forward layer stand first, those of the backward one behind");
    }
    return !diag;
}

const Value *directions_apply(Checker *c, Layer *layer, const Application *call, const Args *args) {
    Directions d = {.c = c, .call = call, .args = args};
    const char *prefix = c->prefix;
    d.inner = args_get(args, "layer");
    if (!check(&d)) return NULL;
    if (layer) c->prefix = layer->name;
    for (int i = 0; i < 2; i++) d.values[i] = apply_one(&d, i);
    c->prefix = prefix;
    bool failed = d.values[0]->kind == VALUE_ERROR || d.values[1]->kind == VALUE_ERROR;
    return failed ? NULL : put_together(&d, layer);
}
