// The order of a graph's nodes, what is alive, and replacing nodes by others.
#include "graph.h"

// Visits what a graph is for: predictions, the loss and the effects.
static void visit_roots(Graph *graph, void (*visit)(Node **root, void *data), void *data) {
    for (int i = 0; i < graph->outputs.count; i++) visit(&graph->outputs.items[i], data);
    for (int i = 0; i < graph->results.count; i++) visit(&graph->results.items[i], data);
    if (graph->loss) visit(&graph->loss, data);
    for (int i = 0; i < graph->reports.count; i++) visit(&graph->reports.items[i], data);
    for (int i = 0; i < graph->assigns.count; i++) visit(&graph->assigns.items[i], data);
}

static void number_nodes(Graph *graph) {
    for (int i = 0; i < graph->nodes.count; i++) graph->nodes.items[i]->id = i;
}

// ---- Sorting: depth first along the inputs from what the graph is for, so that the order is a
// function of the graph alone: it does not tell in which order the nodes were made (C leaves that
// of calls inside an argument list to the compiler). With a stack of its own: networks are deep.

typedef struct Sorter {
    Node **sorted;
    int sorted_count;
    Node **stack;
    int *next_input; // by node id
    bool *seen;
} Sorter;

static void sort_from(Sorter *sorter, Node *root) {
    int depth = 0;
    if (sorter->seen[root->id]) return;
    sorter->seen[root->id] = true;
    sorter->stack[depth++] = root;
    while (depth) {
        Node *node = sorter->stack[depth - 1];
        int next = sorter->next_input[node->id]++;
        if (next == node->input_count) {
            sorter->sorted[sorter->sorted_count++] = node;
            depth--;
        } else if (!sorter->seen[node->inputs[next]->id]) {
            sorter->seen[node->inputs[next]->id] = true;
            sorter->stack[depth++] = node->inputs[next];
        }
    }
}

static void sort_from_root(Node **root, void *data) {
    Sorter *sorter = data;
    sort_from(sorter, *root);
}

void graph_sort(Graph *graph) {
    int count = graph->nodes.count;
    number_nodes(graph);
    ArenaMark mark = arena_mark(graph->arena);
    Sorter sorter = {.sorted = ARENA_ARRAY(graph->arena, Node *, count),
                     .stack = ARENA_ARRAY(graph->arena, Node *, count),
                     .next_input = ARENA_ARRAY(graph->arena, int, count),
                     .seen = ARENA_ARRAY(graph->arena, bool, count)};
    for (int i = 0; i < graph->inputs.count; i++) sort_from(&sorter, graph->inputs.items[i]);
    for (int i = 0; i < graph->targets.count; i++) sort_from(&sorter, graph->targets.items[i]);
    visit_roots(graph, sort_from_root, &sorter);
    for (int i = 0; i < count; i++) sort_from(&sorter, graph->nodes.items[i]); // the dead
    if (sorter.sorted_count != count) graph_bug(graph, NULL, "a node is missing from the list");
    if (count) memcpy(graph->nodes.items, sorter.sorted, (size_t)count * sizeof(Node *));
    arena_release(graph->arena, mark);
    number_nodes(graph);
}

// ---- Dead nodes.

static void mark_root(Node **root, void *data) {
    bool *alive = data;
    alive[(*root)->id] = true;
}

static void mark_inputs(const Graph *graph, bool *alive) {
    for (int i = graph->nodes.count - 1; i >= 0; i--) {
        const Node *node = graph->nodes.items[i];
        for (int k = 0; alive[i] && k < node->input_count; k++) alive[node->inputs[k]->id] = true;
    }
}

static void forget_dead(Graph *graph, const bool *alive) {
    for (int i = 0; i < graph->parameter_nodes.count; i++) {
        Node **node = &graph->parameter_nodes.items[i];
        if (*node && !alive[(*node)->id]) *node = NULL;
    }
    for (int i = 0; i < graph->slots.count; i++) {
        Slot *slot = graph->slots.items[i];
        if (slot->node && !alive[slot->node->id]) slot->node = NULL;
    }
}

void graph_remove_dead(Graph *graph) {
    graph_sort(graph);
    bool *alive = ARENA_ARRAY(graph->arena, bool, graph->nodes.count);
    visit_roots(graph, mark_root, alive);
    for (int i = 0; i < graph->inputs.count; i++) alive[graph->inputs.items[i]->id] = true;
    for (int i = 0; i < graph->targets.count; i++) alive[graph->targets.items[i]->id] = true;
    mark_inputs(graph, alive);
    forget_dead(graph, alive);
    int kept = 0;
    for (int i = 0; i < graph->nodes.count; i++)
        if (alive[i]) graph->nodes.items[kept++] = graph->nodes.items[i];
    graph->nodes.count = kept;
    number_nodes(graph);
}

// ---- Replacing.

Node *graph_resolve(Node *node) {
    while (node->replacement) node = node->replacement;
    return node;
}

static void resolve_root(Node **root, void *data) {
    (void)data;
    *root = graph_resolve(*root);
}

static void resolve_holders(Graph *graph) {
    visit_roots(graph, resolve_root, NULL);
    for (int i = 0; i < graph->parameter_nodes.count; i++) {
        Node **node = &graph->parameter_nodes.items[i];
        if (*node) *node = graph_resolve(*node);
    }
    for (int i = 0; i < graph->slots.count; i++) {
        Slot *slot = graph->slots.items[i];
        if (slot->node) slot->node = graph_resolve(slot->node);
    }
}

void graph_apply_replacements(Graph *graph) {
    int kept = 0;
    resolve_holders(graph);
    for (int i = 0; i < graph->nodes.count; i++) {
        Node *node = graph->nodes.items[i];
        for (int k = 0; k < node->input_count; k++)
            node->inputs[k] = graph_resolve(node->inputs[k]);
        if (node->mask) node->mask = graph_resolve(node->mask);
    }
    for (int i = 0; i < graph->nodes.count; i++) {
        Node *node = graph->nodes.items[i];
        if (!node->replacement) graph->nodes.items[kept++] = node;
    }
    graph->nodes.count = kept;
    graph_sort(graph);
}

void graph_replace(Graph *graph, Node *old, Node *new_node) {
    for (int i = 0; i < graph->nodes.count; i++) {
        Node *node = graph->nodes.items[i];
        for (int k = 0; node != new_node && k < node->input_count; k++)
            if (node->inputs[k] == old) node->inputs[k] = new_node;
        if (node->mask == old) node->mask = new_node;
    }
    old->replacement = new_node;
    resolve_holders(graph);
    old->replacement = NULL;
}
