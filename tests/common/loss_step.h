// The short form of training, for tests that build graphs by hand.
#ifndef NNC_TESTS_LOSS_STEP_H
#define NNC_TESTS_LOSS_STEP_H

#include "../../compiler/pass/pass.h"

// A step that minimizes the loss of the only output.
typedef struct LossStep {
    OutputLoss loss;
    TrainStep step;
    int64_t batch;
    bool in_bfloat16; // its products, but for those of one sample
} LossStep;

static inline void attach_loss(Graph *graph, const LossStep *training) {
    TrainStep step = training->step;
    vec_push(graph->arena, &step.terms, ((Term){.name = "loss", .weight = 1}));
    Node *inputs[] = {graph->outputs.items[0], graph->targets.items[0]};
    Node *loss = graph_node(graph, training->loss.def, inputs, 2, training->loss.args);
    vec_push(graph->arena, &graph->results, loss);
    pass_attach_loss(graph, &step);
}

#endif
