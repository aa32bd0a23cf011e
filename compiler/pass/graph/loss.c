// Attaching the loss: the means over the batch of the step's terms, their weighted sum, and the
// penalties of regularizers. The penalties stand behind a stop_gradient: pass_update adds their
// gradients, which are known in closed form, to those of the data.
#include "../pass.h"
#include "penalty.h"

#include <string.h>

// `regularize =` reaches kernels that have no regularizer of their own.
static bool is_kernel(const Parameter *parameter) {
    const char *ending = "kernel";
    size_t length = strlen(parameter->role), wanted = strlen(ending);
    return length >= wanted && strcmp(parameter->role + length - wanted, ending) == 0;
}

Penalty penalty_of(const Graph *graph, const Parameter *parameter, const TrainStep *step) {
    Penalty none = {NULL, NULL};
    if (!graph_updates(graph, parameter)) return none;
    if (parameter->regularizer)
        return (Penalty){regularizer_find(parameter->regularizer->name),
                         parameter->regularizer_args};
    if (step->regularizer && is_kernel(parameter))
        return (Penalty){regularizer_find(step->regularizer->name), step->regularizer_args};
    return none;
}

static Node *sum_penalties(Graph *graph, const TrainStep *step) {
    Node *sum = NULL;
    for (int i = 0; i < graph->weights->parameters.count; i++) {
        Parameter *parameter = graph->weights->parameters.items[i];
        Penalty penalty = penalty_of(graph, parameter, step);
        if (!penalty.def) continue;
        Node *w = graph_parameter_node(graph, parameter);
        Node *one = penalty.def->penalty(graph, w, penalty.args);
        sum = sum ? graph_add(graph, sum, one) : one;
    }
    return sum;
}

// Over the steps that count: sum / count, and 0 where there is none
// (keras/src/losses/loss.py, apply_mask).
static Node *masked_mean(Graph *graph, Node *values) {
    Node *mask = values->mask;
    double places = (double)(type_elements(&values->type) / mask->type.dims[0]);
    Node *sum = graph_batch_sum(graph, op_where_counts(graph, mask, values), 0);
    Node *count = graph_batch_sum(graph, mask, 0);
    count = graph_binary(graph, "maximum", count, graph_constant(graph, 1));
    return graph_divide(graph, sum, graph_scale(graph, count, places));
}

// The mean over the samples and over the places of a sample. What is the same for all samples is
// its own.
static Node *batch_mean(Graph *graph, Node *values) {
    if (node_is_scalar(values)) return values;
    if (values->mask) return masked_mean(graph, values);
    Node *sum = graph_batch_sum(graph, values, 0);
    Node *mean = graph_divide(graph, sum, graph_scalar(graph, "rows"));
    int64_t places = type_elements(&values->type);
    return places == 1 ? mean : graph_scale(graph, mean, 1.0 / (double)places);
}

static Node *add_term(Graph *graph, Node *total, Node *mean, double weight) {
    if (weight == 0) return total;
    Node *term = weight == 1 ? mean : graph_scale(graph, mean, weight);
    return total ? graph_add(graph, total, term) : term;
}

void pass_attach_loss(Graph *graph, const TrainStep *step) {
    Node *total = NULL;
    graph->current_layer = NULL;
    graph->current_span = step->span;
    for (int i = 0; i < graph->results.count; i++) {
        const Term *term = &step->terms.items[i];
        Node *mean = batch_mean(graph, graph->results.items[i]);
        total = add_term(graph, total, mean, term->weight);
        if (term->is_reported) vec_push(graph->arena, &graph->reports, mean);
    }
    if (!total) graph_bug(graph, NULL, "a step needs something to minimize");
    Node *penalties = sum_penalties(graph, step);
    if (penalties) total = graph_add(graph, total, graph_unary(graph, "stop_gradient", penalties));
    graph->loss = total;
    graph->results.count = 0;
    graph_sort(graph);
}
