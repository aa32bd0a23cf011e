// What a well-formed graph is. The rules stand in two tables, for nodes and for graphs; the
// verifier runs them all between passes. A rule returns NULL or what is wrong.
#include "scan.h"

#include "../op/op.h"

#include <stdlib.h>
#include <string.h>

typedef const char *NodeRule(const Graph *graph, const Node *node);
typedef const char *GraphRule(const Graph *graph);

static bool is_listed(const Graph *graph, const Node *node) {
    return node->id >= 0 && node->id < graph->nodes.count && graph->nodes.items[node->id] == node;
}

// ---- Nodes.

static const char *rule_order(const Graph *graph, const Node *node) {
    for (int i = 0; i < node->input_count; i++) {
        if (!is_listed(graph, node->inputs[i])) return "an input is not in the graph";
        if (node->inputs[i]->id >= node->id) return "an input comes after its user";
    }
    return NULL;
}

static const char *rule_sound(const Graph *graph, const Node *node) {
    (void)graph;
    if (node->poisoned) return "its shape rule failed";
    if (node->replacement) return "a replacement was not applied";
    return NULL;
}

// Weights come behind the inputs that a call has, and masks behind these.
static const char *rule_arity(const Graph *graph, const Node *node) {
    (void)graph;
    if (node->input_count < node->op->min_inputs) return "too few inputs";
    bool is_open = node->op->max_inputs < 0 || node->op->parameters;
    return !is_open && node->input_count - node->mask_count > node->op->max_inputs
               ? "too many inputs"
               : NULL;
}

static const char *rule_args(const Graph *graph, const Node *node) {
    (void)graph;
    if (!node->args) return node->op->schema.args ? "its arguments are missing" : NULL;
    return node->args->schema == &node->op->schema ? NULL : "its arguments are another operator's";
}

static const char *rule_dims(const Graph *graph, const Node *node) {
    (void)graph;
    if (node->type.rank < 0 || node->type.rank > SHAPE_MAX_RANK) return "its rank is out of range";
    for (int i = 0; i < node->type.rank; i++)
        if (node->type.dims[i] < 1) return "it has an empty dimension";
    return type_elements(&node->type) == INT64_MAX ? "its size overflows" : NULL;
}

// The shape rule, run again on a copy, gives the same type.
static const char *rule_type(const Graph *graph, const Node *node) {
    Graph scratch = *graph;
    Node again = *node;
    scratch.sink = NULL;
    node->op->shape(&scratch, &again);
    return type_equal(&again.type, &node->type) ? NULL : "its type is not what its operator gives";
}

static const char *rule_subject(const Graph *graph, const Node *node) {
    const Type *target = NULL;
    if (node->parameter) target = &node->parameter->type;
    if (node->slot) target = &node->slot->type;
    bool wants_target =
        node_is(node, "parameter") || node_is(node, "slot") || node_is(node, "assign");
    if (wants_target != (target != NULL))
        return "its parameter or slot is missing, or one too many";
    if (target && !type_equal(target, &node->type)) return "its type is not its parameter's";
    bool wants_name = node_is(node, "input") || node_is(node, "scalar");
    if (wants_name != (node->name != NULL)) return "its name is missing, or one too many";
    if (node->parameter &&
        (node->parameter->index >= graph->weights->parameters.count ||
         graph->weights->parameters.items[node->parameter->index] != node->parameter))
        return "its parameter is not this program's";
    if (node->slot && (node->slot->index >= graph->slots.count ||
                       graph->slots.items[node->slot->index] != node->slot))
        return "its slot is not this graph's";
    return NULL;
}

static const char *rule_mask(const Graph *graph, const Node *node) {
    if (node->mask_count > node->input_count) return "it takes more masks than it has inputs";
    if (!node->mask) return NULL;
    if (!is_listed(graph, node->mask)) return "its mask is not in the graph";
    bool has_steps = node->mask->type.rank == 1 && node->mask->type.batched;
    if (!has_steps || !op_mask_fits(&node->type, &node->mask->type))
        return "its mask has not its steps";
    return NULL;
}

// A scan's body takes and gives what the node says, and is a graph of the same program.
static const char *rule_scan(const Graph *graph, const Node *node) {
    const Scan *scan = node->scan;
    bool may_repeat = node->op->fuse == FUSE_SCAN || node->op->fuse == FUSE_COMPOSITE;
    if (node->op->fuse == FUSE_SCAN && !scan) return "it has no body";
    if (scan && !may_repeat) return "a body too many";
    if (node->op->fuse == FUSE_RESULT && !node->inputs[0]->scan) return "a result of no scan";
    if (!scan) return NULL;
    int own = scan->carried + scan->sequences + scan->captured;
    if (scan->steps < 1) return "it has no steps";
    if (scan->body->weights != graph->weights) return "its body is of another program";
    if (scan->body->inputs.count != own) return "its body takes other inputs";
    if (scan->body->outputs.count < scan->carried) return "its body does not give what it carries";
    for (int i = 0; i < node->input_count - node->mask_count; i++) {
        Type type = node->inputs[i]->type;
        if (i >= own && !node->inputs[i]->parameter) return "it reads what it does not take";
        if (i >= own) continue;
        if (i >= scan->carried && i < scan->carried + scan->sequences) type = scan_step_type(&type);
        if (!type_equal(&type, &scan->body->inputs.items[i]->type))
            return "an input has another type than its body takes";
    }
    for (int i = 0; i < scan->carried; i++)
        if (!type_equal(&scan->body->inputs.items[i]->type, &scan->body->outputs.items[i]->type))
            return "a carried value changes its type";
    return NULL;
}

// ---- Graphs.

static const char *check_list(const Graph *graph, const NodeList *list, const char *op) {
    for (int i = 0; i < list->count; i++) {
        if (!is_listed(graph, list->items[i])) return "a listed node is not in the graph";
        if (op && !node_is(list->items[i], op)) return "a listed node has the wrong operator";
    }
    return NULL;
}

static const char *rule_lists(const Graph *graph) {
    const char *wrong = check_list(graph, &graph->inputs, "input");
    if (!wrong) wrong = check_list(graph, &graph->targets, "input");
    if (!wrong) wrong = check_list(graph, &graph->outputs, NULL);
    if (!wrong) wrong = check_list(graph, &graph->results, NULL);
    return wrong ? wrong : check_list(graph, &graph->assigns, "assign");
}

static const char *rule_loss(const Graph *graph) {
    Type number = type_scalar();
    for (int i = 0; i < graph->reports.count; i++) {
        const Node *node = graph->reports.items[i];
        if (!is_listed(graph, node)) return "a report is not in the graph";
        if (!type_equal(&node->type, &number)) return "a report is not one number";
    }
    if (!graph->loss) return NULL;
    if (!is_listed(graph, graph->loss)) return "the loss is not in the graph";
    return type_equal(&graph->loss->type, &number) ? NULL : "the loss is not one number";
}

static const char *rule_assigned_once(const Graph *graph) {
    for (int i = 0; i < graph->assigns.count; i++) {
        const Node *node = graph->assigns.items[i];
        for (int k = 0; k < i; k++)
            if (graph->assigns.items[k]->parameter == node->parameter &&
                graph->assigns.items[k]->slot == node->slot)
                return "something is assigned twice";
    }
    return NULL;
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *rule_parameter_names(const Graph *graph) {
    int count = graph->weights->parameters.count;
    bool is_double = false;
    ArenaMark mark = arena_mark(graph->arena);
    const char **names = ARENA_ARRAY(graph->arena, const char *, count + 1);
    for (int i = 0; i < count; i++) names[i] = graph->weights->parameters.items[i]->name;
    qsort(names, (size_t)count, sizeof *names, compare_names);
    for (int i = 1; i < count; i++) is_double = is_double || strcmp(names[i - 1], names[i]) == 0;
    arena_release(graph->arena, mark);
    return is_double ? "two parameters have the same name" : NULL;
}

static const char *rule_weights(const Graph *graph) {
    for (int i = 0; i < graph->weights->parameters.count; i++) {
        const Parameter *parameter = graph->weights->parameters.items[i];
        if (parameter->index != i) return "a parameter's index is wrong";
    }
    for (int i = 0; i < graph->parameter_nodes.count; i++) {
        const Node *node = graph->parameter_nodes.items[i];
        if (node && !is_listed(graph, node)) return "a parameter's node is not in the graph";
    }
    for (int i = 0; i < graph->slots.count; i++) {
        const Slot *slot = graph->slots.items[i];
        if (slot->index != i) return "a slot's index is wrong";
        if (slot->node && !is_listed(graph, slot->node)) return "a slot's node is not in the graph";
    }
    return NULL;
}

// ---- The tables. An early rule guards the later ones.

static NodeRule *const node_rules[] = {rule_sound, rule_order,   rule_arity, rule_args, rule_dims,
                                       rule_type,  rule_subject, rule_scan,  rule_mask};
static GraphRule *const graph_rules[] = {rule_lists, rule_loss, rule_assigned_once, rule_weights,
                                         rule_parameter_names};

static void verify_node(const Graph *graph, const Node *node, int place, const char *after_pass) {
    if (node->id != place)
        graph_bug(graph, node, "after %s: a node's number is not its place", after_pass);
    for (size_t i = 0; i < sizeof node_rules / sizeof *node_rules; i++) {
        const char *wrong = node_rules[i](graph, node);
        if (wrong) graph_bug(graph, node, "after %s: %s", after_pass, wrong);
    }
    if (node->scan) graph_verify(node->scan->body, after_pass);
}

void graph_verify(const Graph *graph, const char *after_pass) {
    for (int i = 0; i < graph->nodes.count; i++)
        verify_node(graph, graph->nodes.items[i], i, after_pass);
    for (size_t i = 0; i < sizeof graph_rules / sizeof *graph_rules; i++) {
        const char *wrong = graph_rules[i](graph);
        if (wrong) graph_bug(graph, NULL, "after %s: %s", after_pass, wrong);
    }
}
