// Pass update: what a training step does with the gradients: regularization, clipping, weight
// decay, then the optimizer, then constraints, then averages of the weights. Keras's order: the
// penalties are part of the loss, so their gradients are clipped too; weights decay apart from the
// gradient, before the step. (Keras averages before the constraints.) The formulas of clipping and
// decay are those of keras/src/optimizers/base_optimizer.py.
//
// Where several batches make a step (`accumulate`), a batch adds its gradients up, and what stands
// above is a function of its own, which begins with their mean.
#include "../pass.h"
#include "average.h"
#include "penalty.h"

static Node *add_penalty(Graph *graph, Parameter *parameter, Node *gradient,
                         const TrainStep *step) {
    Penalty penalty = penalty_of(graph, parameter, step);
    if (!penalty.def) return gradient;
    Node *w = graph_parameter_node(graph, parameter);
    return graph_add(graph, gradient, penalty.def->gradient(graph, w, penalty.args));
}

// ---- Clipping.

static Node *sum_of_squares(Graph *graph, Node *gradient) {
    return graph_unary(graph, "reduce_all_sum", graph_unary(graph, "square", gradient));
}

// limit / max(norm, limit): 1 for short gradients.
static Node *shrinking(Graph *graph, Node *squares, double limit) {
    Node *longest = graph_constant(graph, limit);
    Node *norm = graph_unary(graph, "sqrt", squares);
    return graph_divide(graph, longest, graph_binary(graph, "maximum", norm, longest));
}

static Node *clip_value(Graph *graph, Node *gradient, double limit) {
    Node *below = graph_binary(graph, "minimum", gradient, graph_constant(graph, limit));
    return graph_binary(graph, "maximum", below, graph_constant(graph, -limit));
}

static Node *clip_norm(Graph *graph, Node *gradient, double limit) {
    Node *factor = shrinking(graph, sum_of_squares(graph, gradient), limit);
    return graph_multiply(graph, gradient, factor);
}

static void clip_together(Graph *graph, Node **gradients, double limit) {
    Node *squares = NULL;
    for (int i = 0; i < graph->weights->parameters.count; i++) {
        if (!gradients[i]) continue;
        Node *own = sum_of_squares(graph, gradients[i]);
        squares = squares ? graph_add(graph, squares, own) : own;
    }
    if (!squares) return;
    Node *factor = shrinking(graph, squares, limit);
    for (int i = 0; i < graph->weights->parameters.count; i++)
        if (gradients[i]) gradients[i] = graph_multiply(graph, gradients[i], factor);
}

// At most one of the three is set; the checker sees to that.
static void clip_gradients(Graph *graph, Node **gradients, const Args *args) {
    const ArgValue *value = args_get(args, "clip_value"), *norm = args_get(args, "clip_norm");
    const ArgValue *global = args_get(args, "global_clip_norm");
    for (int i = 0; i < graph->weights->parameters.count; i++) {
        if (!gradients[i]) continue;
        if (value->is_set) gradients[i] = clip_value(graph, gradients[i], value->number);
        if (norm->is_set) gradients[i] = clip_norm(graph, gradients[i], norm->number);
    }
    if (global->is_set) clip_together(graph, gradients, global->number);
}

// ---- Weight decay: w - w * learning_rate * weight_decay, of every parameter, biases too.
// Loshchilov and Hutter 2019, arXiv:1711.05101.

static Node *decayed(Graph *graph, Node *w, const Args *args) {
    const ArgValue *decay = args_get(args, "weight_decay");
    if (!decay->is_set || decay->number == 0) return w;
    Node *factor = graph_scale(graph, graph_scalar(graph, "learning_rate"), decay->number);
    return graph_subtract(graph, w, graph_multiply(graph, w, factor));
}

// ---- Constraints, which keep the new weights to what is asked for.

static void constrain(Graph *graph, const Parameter *parameter) {
    if (!parameter->constraint) return;
    const ConstraintDef *def = constraint_find(parameter->constraint->name);
    Node *assign = update_assign_of(graph, parameter);
    if (assign)
        assign->inputs[0] = def->apply(graph, assign->inputs[0], parameter->constraint_args);
}

Node *update_assign_of(const Graph *graph, const Parameter *parameter) {
    for (int i = 0; i < graph->assigns.count; i++)
        if (graph->assigns.items[i]->parameter == parameter) return graph->assigns.items[i];
    return NULL;
}

// ---- All of it.

// No weight and no statistic gets a new value.
static void forget_parameters(Graph *graph) {
    int kept = 0;
    for (int i = 0; i < graph->assigns.count; i++)
        if (!graph->assigns.items[i]->parameter)
            graph->assigns.items[kept++] = graph->assigns.items[i];
    graph->assigns.count = kept;
}

// A parameter that the loss does not depend on is left alone, as in Keras.
static void update(Graph *graph, Node **gradients, const TrainStep *step) {
    clip_gradients(graph, gradients, step->optimizer_args);
    for (int i = 0; i < graph->weights->parameters.count; i++) {
        Parameter *parameter = graph->weights->parameters.items[i];
        if (!gradients[i]) continue;
        graph->current_layer = parameter->layer;
        Node *w = decayed(graph, graph_parameter_node(graph, parameter), step->optimizer_args);
        step->optimizer->update(graph, parameter, w, gradients[i], step->optimizer_args);
        constrain(graph, parameter);
        if (!step->keeps_weights) average_after_update(graph, parameter, step->optimizer_args);
    }
    graph->current_layer = NULL;
    if (step->keeps_weights) forget_parameters(graph);
    graph_remove_dead(graph);
}

// ---- Steps of several batches.

// sum = sum + gradient, and the averages, which Keras moves with each batch.
static void add_up(Graph *graph, Node **gradients, const TrainStep *step) {
    for (int i = 0; i < graph->weights->parameters.count; i++) {
        Parameter *parameter = graph->weights->parameters.items[i];
        if (!gradients[i]) continue;
        graph->current_layer = parameter->layer;
        Slot *slot = graph_slot(graph, parameter, "gradient", 0);
        slot->kind = SLOT_GRADIENT;
        graph_assign_slot(graph, slot,
                          graph_add(graph, graph_slot_node(graph, slot), gradients[i]));
        average_between_updates(graph, parameter, step);
    }
    graph->current_layer = NULL;
    graph_remove_dead(graph);
}

void pass_update(Graph *graph, const TrainStep *step) {
    Node **gradients = pass_gradients(graph);
    for (int i = 0; i < graph->weights->parameters.count; i++)
        if (gradients[i])
            gradients[i] =
                add_penalty(graph, graph->weights->parameters.items[i], gradients[i], step);
    if (step->accumulate > 1)
        add_up(graph, gradients, step);
    else
        update(graph, gradients, step);
}

// The slots of the batches' function come first, in its order.
void pass_update_from(Graph *graph, const Graph *batches, const TrainStep *step) {
    Node **gradients = ARENA_ARRAY(graph->arena, Node *, graph->weights->parameters.count + 1);
    for (int i = 0; i < batches->slots.count; i++) {
        const Slot *from = batches->slots.items[i];
        Parameter *parameter = from->parameter;
        Slot *slot = graph_slot(graph, parameter, from->role, from->initial);
        slot->kind = from->kind;
        if (slot->kind != SLOT_GRADIENT) continue;
        graph->current_layer = parameter->layer;
        gradients[parameter->index] = graph_divide(graph, graph_slot_node(graph, slot),
                                                   graph_constant(graph, (double)step->accumulate));
        graph_assign_slot(graph, slot, graph_constant(graph, 0));
    }
    graph->has_gradients = true;
    update(graph, gradients, step);
}
