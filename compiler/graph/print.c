// The stable text form of graphs: a header with layers, parameters and slots, then one node a line.
#include "scan.h"

#include "../op/op.h"

#include <string.h>

static void print_callee(Text *out, const Schema *schema, const Args *args) {
    Text inner = text_create(out->arena);
    args_print(&inner, args, false);
    text_put(out, schema->name);
    if (inner.length) text_format(out, "(%s)", inner.data);
}

static void print_parameter(Text *out, const Parameter *parameter) {
    text_format(out, "parameter %s: %s", parameter->name,
                type_full_text(out->arena, &parameter->type));
    if (parameter->initializer) {
        text_put(out, " = ");
        print_callee(out, parameter->initializer, parameter->initializer_args);
    }
    if (parameter->constraint) {
        text_put(out, ", constraint ");
        print_callee(out, parameter->constraint, parameter->constraint_args);
    }
    if (parameter->regularizer) {
        text_put(out, ", regularizer ");
        print_callee(out, parameter->regularizer, parameter->regularizer_args);
    }
    text_put(out, parameter->trainable ? "\n" : ", not trainable\n");
}

static void print_header(Text *out, const Graph *graph) {
    text_format(out, "graph %s: %s\n", graph->name, graph_mode_name(graph->mode));
    Node **uses = graph_first_uses(graph, out->arena);
    for (int i = 0; i < graph->weights->layers.count; i++) {
        const Layer *layer = graph->weights->layers.items[i];
        if (!uses[i]) continue;
        text_format(out, "layer %s: %s -> %s\n", weights_layer_name(out->arena, layer, graph->name),
                    layer->type_name, type_text(out->arena, &layer->output));
    }
    for (int i = 0; i < graph->parameter_nodes.count; i++)
        if (graph->parameter_nodes.items[i])
            print_parameter(out, graph->weights->parameters.items[i]);
    for (int i = 0; i < graph->slots.count; i++) {
        const Slot *slot = graph->slots.items[i];
        text_format(out, "slot %s: %s = ", slot->name, type_full_text(out->arena, &slot->type));
        text_number(out, slot->initial);
        text_put(out, "\n");
    }
}

// What a node reads or writes besides its inputs; NULL: nothing.
static const char *subject(const Node *node) {
    if (node->parameter) return node->parameter->name;
    if (node->slot) return node->slot->name;
    return node->name;
}

static void print_operands(Text *out, const Node *node) {
    const char *separator = "", *name = subject(node);
    double value;
    if (name) {
        text_put(out, name);
        separator = ", ";
    }
    for (int i = 0; i < node->input_count; i++) {
        text_format(out, "%s%%%d", separator, node->inputs[i]->id);
        separator = ", ";
    }
    if (node_is_constant(node, &value)) {
        text_number(out, value);
        return;
    }
    Text args = text_create(out->arena);
    args_print(&args, node->args, false);
    if (args.length) text_format(out, "%s%s", separator, args.data);
}

static void print_body(Text *out, const Scan *scan, int depth);

static void print_node(Text *out, const Graph *graph, const Node *node, int depth) {
    text_format(out, "%*s%%%d: %s = %s(", 4 * depth, "", node->id,
                node->poisoned ? "poisoned" : type_full_text(out->arena, &node->type),
                node->op->schema.name);
    print_operands(out, node);
    text_put(out, ")");
    if (node->mask) text_format(out, " masked by %%%d", node->mask->id);
    if (node->layer)
        text_format(out, "  # %s", weights_layer_name(out->arena, node->layer, graph->name));
    text_put(out, "\n");
    if (node->scan) print_body(out, node->scan, depth + 1);
}

static void print_list(Text *out, const char *title, const NodeList *list) {
    if (!list->count) return;
    text_put(out, title);
    for (int i = 0; i < list->count; i++)
        text_format(out, "%s%%%d", i ? ", " : " ", list->items[i]->id);
    text_put(out, "\n");
}

static void print_body(Text *out, const Scan *scan, int depth) {
    text_format(out, "%*s%lld steps%s: %d carried, %d sequences, %d captured\n", 4 * depth, "",
                (long long)scan->steps,
                scan->is_reversed  ? " from the last"
                : scan->is_resumed ? ", one a run"
                                   : "",
                scan->carried, scan->sequences, scan->captured);
    for (int i = 0; i < scan->body->nodes.count; i++)
        print_node(out, scan->body, scan->body->nodes.items[i], depth);
    text_format(out, "%*s", 4 * depth, "");
    print_list(out, "gives", &scan->body->outputs);
}

void graph_print(Text *out, const Graph *graph) {
    print_header(out, graph);
    for (int i = 0; i < graph->nodes.count; i++) print_node(out, graph, graph->nodes.items[i], 0);
    print_list(out, "outputs", &graph->outputs);
    print_list(out, "results", &graph->results);
    if (graph->loss) text_format(out, "loss %%%d\n", graph->loss->id);
    print_list(out, "reports", &graph->reports);
    print_list(out, "updates", &graph->assigns);
}
