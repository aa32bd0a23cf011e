// Deep copies of graphs, so that one model becomes a training, an evaluation and a prediction
// graph.
#include "graph.h"

typedef struct Cloner {
    const Graph *from;
    Graph *to;
    Node **nodes; // copies by the id of the original
} Cloner;

static Layer *cloned_layer(const Cloner *cloner, const Layer *layer) {
    return layer ? cloner->to->layers.items[layer->index] : NULL;
}

static Node *cloned_node(const Cloner *cloner, const Node *node) {
    return node ? cloner->nodes[node->id] : NULL;
}

static Parameter *cloned_parameter(const Cloner *cloner, const Parameter *parameter) {
    return parameter ? cloner->to->parameters.items[parameter->index] : NULL;
}

static Slot *cloned_slot(const Cloner *cloner, const Slot *slot) {
    return slot ? cloner->to->slots.items[slot->index] : NULL;
}

static void clone_parameters(Cloner *cloner) {
    Arena *arena = cloner->to->arena;
    for (int i = 0; i < cloner->from->parameters.count; i++) {
        Parameter *copy = ARENA_NEW(arena, Parameter);
        *copy = *cloner->from->parameters.items[i];
        copy->layer = cloned_layer(cloner, copy->layer);
        copy->node = cloned_node(cloner, copy->node);
        vec_push(arena, &cloner->to->parameters, copy);
    }
    for (int i = 0; i < cloner->from->slots.count; i++) {
        Slot *copy = ARENA_NEW(arena, Slot);
        *copy = *cloner->from->slots.items[i];
        copy->parameter = cloned_parameter(cloner, copy->parameter);
        copy->node = cloned_node(cloner, copy->node);
        vec_push(arena, &cloner->to->slots, copy);
    }
}

// Copies of the layers; their parameters follow once those exist.
static void clone_layers(Cloner *cloner) {
    Arena *arena = cloner->to->arena;
    for (int i = 0; i < cloner->from->layers.count; i++) {
        Layer *copy = ARENA_NEW(arena, Layer);
        *copy = *cloner->from->layers.items[i];
        copy->node = cloned_node(cloner, copy->node);
        copy->parameters.items = NULL;
        copy->parameters.count = copy->parameters.capacity = 0;
        vec_push(arena, &cloner->to->layers, copy);
    }
}

static void link_layer_parameters(Cloner *cloner) {
    for (int i = 0; i < cloner->from->layers.count; i++) {
        const Layer *layer = cloner->from->layers.items[i];
        for (int k = 0; k < layer->parameters.count; k++)
            vec_push(cloner->to->arena, &cloner->to->layers.items[i]->parameters,
                     cloned_parameter(cloner, layer->parameters.items[k]));
    }
}

static void allocate_nodes(Cloner *cloner) {
    Arena *arena = cloner->to->arena;
    int count = cloner->from->nodes.count;
    cloner->nodes = ARENA_ARRAY(arena, Node *, count);
    for (int i = 0; i < count; i++) {
        cloner->nodes[i] = ARENA_NEW(arena, Node);
        vec_push(arena, &cloner->to->nodes, cloner->nodes[i]);
    }
}

static void fill_node(const Cloner *cloner, const Node *node, Node *copy) {
    *copy = *node;
    copy->inputs = ARENA_ARRAY(cloner->to->arena, Node *, node->input_count);
    for (int i = 0; i < node->input_count; i++)
        copy->inputs[i] = cloned_node(cloner, node->inputs[i]);
    copy->layer = cloned_layer(cloner, node->layer);
    copy->parameter = cloned_parameter(cloner, node->parameter);
    copy->slot = cloned_slot(cloner, node->slot);
}

static void clone_list(const Cloner *cloner, const NodeList *from, NodeList *to) {
    for (int i = 0; i < from->count; i++)
        vec_push(cloner->to->arena, to, cloned_node(cloner, from->items[i]));
}

Graph *graph_clone(const Graph *graph, Arena *arena, GraphMode mode) {
    Graph *copy = graph_create(arena, graph->name, mode, NULL);
    Cloner cloner = {.from = graph, .to = copy};
    allocate_nodes(&cloner);
    clone_layers(&cloner);
    clone_parameters(&cloner);
    link_layer_parameters(&cloner);
    for (int i = 0; i < graph->nodes.count; i++)
        fill_node(&cloner, graph->nodes.items[i], cloner.nodes[i]);
    clone_list(&cloner, &graph->inputs, &copy->inputs);
    clone_list(&cloner, &graph->targets, &copy->targets);
    clone_list(&cloner, &graph->outputs, &copy->outputs);
    clone_list(&cloner, &graph->assigns, &copy->assigns);
    copy->has_gradients = graph->has_gradients;
    copy->loss = cloned_node(&cloner, graph->loss);
    return copy;
}
