// Copies of graphs, so that one model becomes a training, an evaluation and a prediction graph.
#include "scan.h"

#include "../op/op.h"

typedef struct Cloner {
    const Graph *from;
    Graph *to;
    Node **nodes; // copies by the id of the original
} Cloner;

static Node *cloned_node(const Cloner *cloner, const Node *node) {
    return node ? cloner->nodes[node->id] : NULL;
}

static void clone_slots(Cloner *cloner) {
    Arena *arena = cloner->to->arena;
    for (int i = 0; i < cloner->from->slots.count; i++) {
        Slot *copy = ARENA_NEW(arena, Slot);
        *copy = *cloner->from->slots.items[i];
        copy->node = cloned_node(cloner, copy->node);
        vec_push(arena, &cloner->to->slots, copy);
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
    copy->mask = cloned_node(cloner, node->mask);
    if (node->slot) copy->slot = cloner->to->slots.items[node->slot->index];
    if (!node->scan) return;
    copy->scan = ARENA_NEW(cloner->to->arena, Scan);
    *copy->scan = *node->scan;
    copy->scan->body = graph_clone(node->scan->body, cloner->to->arena, cloner->to->mode);
}

static void clone_list(const Cloner *cloner, const NodeList *from, NodeList *to) {
    for (int i = 0; i < from->count; i++)
        vec_push(cloner->to->arena, to, cloned_node(cloner, from->items[i]));
}

Graph *graph_clone(const Graph *graph, Arena *arena, GraphMode mode) {
    Graph *copy = graph_create(graph->weights, graph->name, mode, NULL);
    Cloner cloner = {.from = graph, .to = copy};
    copy->arena = arena;
    allocate_nodes(&cloner);
    clone_slots(&cloner);
    for (int i = 0; i < graph->nodes.count; i++)
        fill_node(&cloner, graph->nodes.items[i], cloner.nodes[i]);
    clone_list(&cloner, &graph->parameter_nodes, &copy->parameter_nodes);
    clone_list(&cloner, &graph->inputs, &copy->inputs);
    clone_list(&cloner, &graph->targets, &copy->targets);
    clone_list(&cloner, &graph->outputs, &copy->outputs);
    clone_list(&cloner, &graph->results, &copy->results);
    clone_list(&cloner, &graph->reports, &copy->reports);
    clone_list(&cloner, &graph->assigns, &copy->assigns);
    copy->has_gradients = graph->has_gradients;
    copy->frozen = graph->frozen;
    copy->repeats = graph->repeats;
    copy->updated = graph->updated;
    copy->loss = cloned_node(&cloner, graph->loss);
    return copy;
}

Node **graph_copy_nodes(const Graph *from, Graph *to) {
    Cloner cloner = {.from = from, .to = to};
    cloner.nodes = ARENA_ARRAY(to->arena, Node *, from->nodes.count + 1);
    for (int i = 0; i < from->nodes.count; i++) {
        const Node *node = from->nodes.items[i];
        if (node->op->leaf == LEAF_PARAMETER) {
            cloner.nodes[i] = graph_parameter_node(to, node->parameter);
            continue;
        }
        cloner.nodes[i] = ARENA_NEW(to->arena, Node);
        fill_node(&cloner, node, cloner.nodes[i]);
        cloner.nodes[i]->id = to->nodes.count;
        vec_push(to->arena, &to->nodes, cloner.nodes[i]);
    }
    return cloner.nodes;
}
