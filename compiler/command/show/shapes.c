// Floating-point operations are counted on the expansion, whose nodes know their layer.
#include "shapes.h"

#include "../../graph/scan.h"
#include "../../op/op.h"
#include "../../pass/pass.h"

// The layers within a recurrent cell count in all of its steps.
static double layer_flops(const Graph *expanded, const Layer *layer) {
    double flops = 0;
    for (int i = 0; i < expanded->nodes.count; i++) {
        const Node *node = expanded->nodes.items[i];
        if (node->scan)
            flops += layer_flops(node->scan->body, layer) * (double)node->scan->steps;
        else if (node->layer == layer && node->op->flops)
            flops += node->op->flops(node);
    }
    return flops;
}

static void print_layer(Text *out, const Graph *graph, const Node *node, double flops) {
    const Layer *layer = node->layer;
    text_format(out, "  %s = %s:", weights_layer_name(out->arena, layer, graph->name),
                layer->type_name);
    const char *separator = " ";
    for (int i = 0; i < node->input_count; i++) {
        if (node->inputs[i]->parameter) continue;
        text_format(out, "%s%s", separator, type_text(out->arena, &node->inputs[i]->type));
        separator = ", ";
    }
    text_format(out, " -> %s, ", type_text(out->arena, &layer->output));
    text_number(out, flops);
    text_put(out, " flops\n");
    for (int i = 0; i < layer->parameters.count; i++) {
        const Parameter *parameter = layer->parameters.items[i];
        text_format(out, "    %s %s = %s%s\n", parameter->name,
                    type_text(out->arena, &parameter->shape), parameter->initializer->name,
                    parameter->trainable ? "" : ", not trainable");
    }
}

void shapes_print(Text *out, const Graph *forward) {
    Graph *expanded = graph_clone(forward, out->arena, forward->mode);
    pass_expand(expanded);
    Node **uses = graph_first_uses(forward, out->arena);
    text_format(out, "model %s\n", forward->name);
    for (int i = 0; i < forward->inputs.count; i++)
        text_format(out, "  %s: %s\n", forward->inputs.items[i]->name,
                    type_text(out->arena, &forward->inputs.items[i]->type));
    for (int i = 0; i < forward->weights->layers.count; i++)
        if (uses[i])
            print_layer(out, forward, uses[i],
                        layer_flops(expanded, forward->weights->layers.items[i]));
}
