// Attaching the loss: layer-level losses of outputs and targets, their mean over the batch, and the
// penalties of regularizers. The penalties stand behind a stop_gradient: pass_update adds their
// gradients, which are known in closed form, to those of the data.
#include "pass.h"
#include "penalty.h"

#include <string.h>

// `regularize =` of the training reaches kernels that have no regularizer of their own.
static bool is_kernel(const Parameter *parameter) {
    const char *ending = "kernel";
    size_t length = strlen(parameter->role), wanted = strlen(ending);
    return length >= wanted && strcmp(parameter->role + length - wanted, ending) == 0;
}

Penalty penalty_of(const Parameter *parameter, const Training *training) {
    Penalty none = {NULL, NULL};
    if (!parameter->trainable) return none;
    if (parameter->regularizer)
        return (Penalty){regularizer_find(parameter->regularizer->name),
                         parameter->regularizer_args};
    if (training->regularizer && is_kernel(parameter))
        return (Penalty){regularizer_find(training->regularizer->name), training->regularizer_args};
    return none;
}

static Node *sum_penalties(Graph *graph, const Training *training) {
    Node *sum = NULL;
    for (int i = 0; i < graph->weights->parameters.count; i++) {
        Parameter *parameter = graph->weights->parameters.items[i];
        Penalty penalty = penalty_of(parameter, training);
        if (!penalty.def) continue;
        Node *w = graph_parameter_node(graph, parameter);
        Node *one = penalty.def->penalty(graph, w, penalty.args);
        sum = sum ? graph_add(graph, sum, one) : one;
    }
    return sum;
}

// The mean over the samples and over the places of a sample.
static Node *batch_mean(Graph *graph, Node *losses) {
    Node *sum = graph_batch_sum(graph, losses, 0);
    Node *mean = graph_divide(graph, sum, graph_scalar(graph, "rows"));
    int64_t places = type_elements(&losses->type);
    return places == 1 ? mean : graph_scale(graph, mean, 1.0 / (double)places);
}

void pass_attach_loss(Graph *graph, const Training *training) {
    Node *total = NULL;
    graph->current_layer = NULL;
    graph->current_span = training->loss_span;
    for (int i = 0; i < graph->outputs.count && i < graph->targets.count; i++) {
        Node *inputs[] = {graph->outputs.items[i], graph->targets.items[i]};
        Node *losses = graph_node(graph, training->loss, inputs, 2, training->loss_args);
        Node *mean = batch_mean(graph, losses);
        total = total ? graph_add(graph, total, mean) : mean;
    }
    if (!total) graph_bug(graph, NULL, "a loss needs an output and a target");
    Node *penalties = sum_penalties(graph, training);
    if (penalties) total = graph_add(graph, total, graph_unary(graph, "stop_gradient", penalties));
    graph->loss = total;
    graph_sort(graph);
}
