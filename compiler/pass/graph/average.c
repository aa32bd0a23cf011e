// Moving averages: a = m a + (1 - m) w, where m is 0 in the first step, and w = a after every
// `ema_overwrite_frequency` steps. Polyak and Juditsky 1992; formulas of
// keras/src/optimizers/base_optimizer.py (_update_model_variables_moving_average), where the
// batches of a step (`accumulate`) move the average, too, and count as that step.
#include "average.h"

static Node *where(Graph *graph, Node *condition, Node *value, Node *otherwise) {
    return graph_call(graph, "where", (Node *[]){condition, value, otherwise}, 3, NULL);
}

static Slot *average_slot(Graph *graph, const Parameter *parameter) {
    Slot *slot = graph_find_slot(graph, parameter, SLOT_AVERAGE);
    if (slot) return slot;
    slot = graph_slot(graph, (Parameter *)parameter, "average", 0);
    slot->kind = SLOT_AVERAGE;
    return slot;
}

// `first`: so many steps have no average behind them.
static Node *moved(Graph *graph, Slot *slot, Node *w, const Args *optimizer, int64_t first) {
    Node *is_later = graph_binary(graph, "greater", graph_scalar(graph, "step"),
                                  graph_constant(graph, (double)first));
    Node *keep = graph_scale(graph, is_later, args_number(optimizer, "ema_momentum"));
    Node *take = graph_subtract(graph, graph_constant(graph, 1), keep);
    return graph_add(graph, graph_multiply(graph, graph_slot_node(graph, slot), keep),
                     graph_multiply(graph, w, take));
}

void average_after_update(Graph *graph, const Parameter *parameter, const Args *optimizer) {
    const ArgValue *frequency = args_get(optimizer, "ema_overwrite_frequency");
    Node *assign = update_assign_of(graph, parameter);
    if (!args_bool(optimizer, "use_ema") || !assign) return;
    Slot *slot = average_slot(graph, parameter);
    Node *w = assign->inputs[0], *average = moved(graph, slot, w, optimizer, 1);
    graph_assign_slot(graph, slot, average);
    if (!frequency->is_set) return;
    Node *is_due = graph_in_period(graph, (int64_t)frequency->number, 1);
    assign->inputs[0] = where(graph, is_due, average, w);
}

void average_between_updates(Graph *graph, Parameter *parameter, const TrainStep *step) {
    const Args *optimizer = step->optimizer_args;
    const ArgValue *frequency = args_get(optimizer, "ema_overwrite_frequency");
    int64_t batches = step->accumulate;
    if (!args_bool(optimizer, "use_ema")) return;
    Slot *slot = average_slot(graph, parameter);
    Node *w = graph_parameter_node(graph, parameter), *old = graph_slot_node(graph, slot);
    Node *makes_step = graph_in_period(graph, batches, 1); // the update moves it then
    Node *average = where(graph, makes_step, old, moved(graph, slot, w, optimizer, batches));
    graph_assign_slot(graph, slot, average);
    if (!frequency->is_set) return;
    Node *is_due = graph_in_period(graph, (int64_t)frequency->number * batches, batches);
    Node *stays = where(graph, makes_step, w, average);
    graph_assign_parameter(graph, parameter, where(graph, is_due, stays, w));
}
