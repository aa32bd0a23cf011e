// The diagram of a model: boxes for inputs, layers and operators, and the values between them.
#include "diagram.h"

#include "../op/op.h"

typedef struct Drawing {
    Arena *arena;
    const Program *program;
    const Model *model;
    int *vertex_of; // by node: its vertex, or -1: none
    Node **uses;    // by layer: the first
    VEC(nnrt_vertex) vertices;
    VEC(nnrt_edge) edges;
} Drawing;

// What the data set's transforms make of an input stands before the body.
bool program_is_before_body(const Model *model, const Node *node) {
    for (int i = 0; i < model->inputs.count; i++)
        for (const Node *at = model->inputs.items[i]; at;
             at = at->input_count ? at->inputs[0] : NULL)
            if (at == node) return true;
    return false;
}

bool program_is_operator(const Model *model, const Node *node) {
    static const char operators[] =
        "add subtract multiply divide negate pow less less_equal greater equal slice";
    return !node->layer && !node->parameter && node->type.batched && node->input_count &&
           text_has_word(operators, node->op->schema.name) && !program_is_before_body(model, node);
}

static int64_t line_of(const Drawing *d, Span span) {
    if (span.file != d->program->file) return 0;
    return sources_place(d->program->sources, span.file, span.lo).line;
}

static int64_t parameters_of(const Drawing *d, const Node *node) {
    int64_t count = 0;
    if (d->uses[node->layer->index] != node) return 0;
    for (int i = 0; i < node->layer->parameters.count; i++)
        count += type_elements(&node->layer->parameters.items[i]->type);
    return count;
}

static nnrt_vertex vertex_of(const Drawing *d, const Node *node) {
    nnrt_vertex vertex = {.name = node->op->schema.name,
                          .type = node->op->schema.name,
                          .shape = type_text(d->arena, &node->type)};
    if (node_is(node, "input")) vertex.name = node->name;
    if (!node->layer) return vertex;
    vertex.name = weights_layer_name(d->arena, node->layer, d->model->name);
    vertex.type = node->layer->type_name;
    vertex.params = parameters_of(d, node);
    vertex.line = line_of(d, node->layer->span);
    return vertex;
}

// A layer of several nodes is one box: what it makes of its own values is no other use of it.
static int continued_vertex(const Drawing *d, const Node *node) {
    for (int i = 0; node->layer && i < node->input_count; i++) {
        const Node *input = node->inputs[i];
        bool is_own = input->layer == node->layer && !input->parameter && input->op != node->op;
        if (is_own && d->vertex_of[input->id] >= 0) return d->vertex_of[input->id];
    }
    return -1;
}

static void add_edge(Drawing *d, int from, int to) {
    for (int i = d->edges.count - 1; i >= 0 && d->edges.items[i].to == to; i--)
        if (d->edges.items[i].from == from) return;
    if (from != to) vec_push(d->arena, &d->edges, ((nnrt_edge){from, to}));
}

// From the boxes whose values reach the node without another one between.
static void add_edges(Drawing *d, const Node *node, int to) {
    for (int i = 0; i < node->input_count - node->mask_count; i++) {
        const Node *input = node->inputs[i];
        if (d->vertex_of[input->id] >= 0)
            add_edge(d, d->vertex_of[input->id], to);
        else
            add_edges(d, input, to);
    }
}

static bool has_box(const Drawing *d, const Node *node) {
    if (node->parameter || !node->type.batched) return false;
    return node_is(node, "input") || node->layer || program_is_operator(d->model, node);
}

static void add_node(Drawing *d, const Node *node) {
    if (!has_box(d, node)) return;
    int place = continued_vertex(d, node);
    if (place < 0) {
        place = d->vertices.count;
        vec_push(d->arena, &d->vertices, vertex_of(d, node));
    } else {
        d->vertices.items[place].shape = type_text(d->arena, &node->type);
    }
    add_edges(d, node, place);
    d->vertex_of[node->id] = place;
}

static void mark_output(Drawing *d, const Node *node) {
    while (node && d->vertex_of[node->id] < 0) node = node->input_count ? node->inputs[0] : NULL;
    if (node) d->vertices.items[d->vertex_of[node->id]].is_output = 1;
}

// Those that the outputs need: targets of a training are inputs of the graph, too.
static bool *needed_nodes(const Drawing *d) {
    const Graph *graph = d->model->forward;
    bool *needed = ARENA_ARRAY(d->arena, bool, graph->nodes.count + 1);
    for (int i = 0; i < graph->outputs.count; i++) needed[graph->outputs.items[i]->id] = true;
    for (int i = graph->nodes.count - 1; i >= 0; i--)
        for (int k = 0; needed[i] && k < graph->nodes.items[i]->input_count; k++)
            needed[graph->nodes.items[i]->inputs[k]->id] = true;
    return needed;
}

nnrt_diagram program_diagram(Arena *arena, const Program *program, const Model *model) {
    const Graph *graph = model->forward;
    Drawing d = {.arena = arena, .program = program, .model = model};
    d.vertex_of = ARENA_ARRAY(arena, int, graph->nodes.count + 1);
    d.uses = graph_first_uses(graph, arena);
    const bool *needed = needed_nodes(&d);
    for (int i = 0; i < graph->nodes.count; i++) d.vertex_of[i] = -1;
    for (int i = 0; i < graph->nodes.count; i++)
        if (needed[i]) add_node(&d, graph->nodes.items[i]);
    for (int i = 0; i < graph->outputs.count; i++) mark_output(&d, graph->outputs.items[i]);
    return (nnrt_diagram){d.vertices.items, d.vertices.count, d.edges.items, d.edges.count};
}
