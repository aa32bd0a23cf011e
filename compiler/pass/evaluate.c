// The reference evaluator: runs a primitive graph node by node in double precision with the rows'
// own reference functions. Slow and obviously right: the oracle of the tests.
#include "evaluate.h"

#include "../graph/scan.h"

EvalTensor eval_tensor(Arena *arena, const Type *type, int64_t rows) {
    EvalTensor tensor = {.rows = type->batched ? rows : 1, .size = type_elements(type)};
    tensor.data = ARENA_ARRAY(arena, double, tensor.rows *tensor.size);
    return tensor;
}

// ---- Leaves that are bound from outside.

static int place_in(const NodeList *list, const Node *node) {
    for (int i = 0; i < list->count; i++)
        if (list->items[i] == node) return i;
    return -1;
}

static EvalTensor bound_value(const Evaluation *evaluation, const Node *node) {
    const EvalBindings *bindings = evaluation->bindings;
    if (node->parameter) return bindings->parameters[node->parameter->index];
    if (node->slot) return bindings->slots[node->slot->index];
    if (node->kept && bindings->kept) return bindings->kept[node->kept - 1];
    if (node->kept) return eval_tensor(evaluation->arena, &node->type, bindings->context.rows);
    int input = place_in(&evaluation->graph->inputs, node);
    if (input >= 0) return bindings->inputs[input];
    int target = place_in(&evaluation->graph->targets, node);
    if (target < 0) graph_bug(evaluation->graph, node, "an input without data");
    return bindings->targets[target];
}

// ---- Elementwise operators.

// Where the element at `place` of a sample of `type` reads an input that is broadcast to it.
static int64_t broadcast_place(const Type *type, const Type *input, int64_t place) {
    int64_t at = 0, stride = 1;
    for (int back = 1; back <= type->rank; back++) {
        int64_t size = type->dims[type->rank - back], index = place % size;
        int64_t own = back <= input->rank ? input->dims[input->rank - back] : 1;
        if (own != 1) at += index * stride;
        stride *= own;
        place /= size;
    }
    return at;
}

static double read_input(const Evaluation *evaluation, const Node *node, int index, int64_t row,
                         int64_t place) {
    const Node *input = node->inputs[index];
    const EvalTensor *value = &evaluation->values[input->id];
    int64_t start = input->type.batched ? row * value->size : 0;
    return value->data[start + broadcast_place(&node->type, &input->type, place)];
}

static void evaluate_elements(Evaluation *evaluation, const Node *node, EvalTensor *output) {
    double *inputs = ARENA_ARRAY(evaluation->arena, double, node->input_count);
    for (int64_t i = 0; i < output->rows * output->size; i++) {
        EvalPoint at = {.context = &evaluation->bindings->context,
                        .column = i % type_last(&node->type),
                        .element = i};
        for (int k = 0; k < node->input_count; k++)
            inputs[k] = read_input(evaluation, node, k, i / output->size, i % output->size);
        output->data[i] = node->op->evaluate_element(node, inputs, &at);
    }
}

// ---- The walk.

static void evaluate_whole(Evaluation *evaluation, const Node *node, EvalTensor *output) {
    EvalTensor *inputs = ARENA_ARRAY(evaluation->arena, EvalTensor, node->input_count);
    for (int i = 0; i < node->input_count; i++) inputs[i] = evaluation->values[node->inputs[i]->id];
    node->op->evaluate(node, inputs, output, &evaluation->bindings->context);
}

// ---- Scans: the body, step by step, as a graph of its own.

// A copy between a step of a sequence and a value of the body.
static void copy_step(EvalTensor *step, EvalTensor *sequence, int64_t at, bool into_sequence) {
    for (int64_t row = 0; row < step->rows; row++)
        for (int64_t i = 0; i < step->size; i++) {
            double *own = &step->data[row * step->size + i];
            double *other = &sequence->data[row * sequence->size + at * step->size + i];
            *(into_sequence ? other : own) = *(into_sequence ? own : other);
        }
}

static void run_step(Evaluation *evaluation, const Scan *scan, EvalTensor *inputs, int64_t at,
                     EvalTensor *results) {
    const Graph *body = scan->body;
    EvalBindings bindings = *evaluation->bindings;
    ArenaMark mark = arena_mark(evaluation->arena);
    bindings.inputs = inputs;
    Evaluation own = evaluation_create(body, evaluation->arena, &bindings, NULL);
    own.adjust = evaluation->adjust;
    own.adjust_state = evaluation->adjust_state;
    bool *wanted = ARENA_ARRAY(evaluation->arena, bool, body->nodes.count + 1);
    for (int i = 0; i < body->outputs.count; i++) wanted[body->outputs.items[i]->id] = true;
    evaluation_run(&own, wanted);
    for (int i = scan->carried; i < body->outputs.count; i++)
        copy_step(&own.values[body->outputs.items[i]->id], &results[i], at, true);
    for (int i = 0; i < scan->carried; i++)
        copy_step(&own.values[body->outputs.items[i]->id], &results[i], 0, true);
    arena_release(evaluation->arena, mark);
    for (int i = 0; i < scan->carried; i++) copy_step(&inputs[i], &results[i], 0, false);
}

static EvalTensor *scan_tensors(const Evaluation *evaluation, const Scan *scan,
                                const NodeList *nodes, bool stacks) {
    EvalTensor *tensors = ARENA_ARRAY(evaluation->arena, EvalTensor, nodes->count + 1);
    for (int i = 0; i < nodes->count; i++) {
        Type type = nodes->items[i]->type;
        if (stacks && i >= scan->carried) type = scan_sequence_type(&type, scan->steps);
        tensors[i] = eval_tensor(evaluation->arena, &type, evaluation->bindings->context.rows);
    }
    return tensors;
}

static void evaluate_scan(Evaluation *evaluation, const Node *node) {
    const Scan *scan = node->scan;
    EvalTensor *inputs = scan_tensors(evaluation, scan, &scan->body->inputs, false);
    EvalTensor *results = scan_tensors(evaluation, scan, &scan->body->outputs, true);
    int sequences = scan->carried + scan->sequences;
    for (int i = 0; i < scan->body->inputs.count; i++)
        if (i < scan->carried || i >= sequences)
            copy_step(&inputs[i], &evaluation->values[node->inputs[i]->id], 0, false);
    for (int64_t step = 0; step < scan->steps; step++) {
        if (scan->is_resumed && step + 1 != evaluation->bindings->context.step) continue;
        int64_t at = scan->is_reversed ? scan->steps - 1 - step : step;
        for (int i = scan->carried; i < sequences; i++)
            copy_step(&inputs[i], &evaluation->values[node->inputs[i]->id], at, false);
        run_step(evaluation, scan, inputs, at, results);
    }
    evaluation->results[node->id] = results;
}

static EvalTensor evaluate_node(Evaluation *evaluation, const Node *node) {
    if (node->op->fuse == FUSE_RESULT)
        return evaluation->results[node->inputs[0]->id][scan_result_index(node)];
    if (node->scan) {
        evaluate_scan(evaluation, node);
        return eval_tensor(evaluation->arena, &node->type, 1);
    }
    if (evaluation->frozen && node->op->stops_gradient) return evaluation->frozen[node->id];
    if (!node->op->evaluate && !node->op->evaluate_element) {
        if (node->op->fuse != FUSE_LEAF) graph_bug(evaluation->graph, node, "it was not expanded");
        return bound_value(evaluation, node);
    }
    EvalTensor output =
        eval_tensor(evaluation->arena, &node->type, evaluation->bindings->context.rows);
    if (node->op->evaluate_element)
        evaluate_elements(evaluation, node, &output);
    else
        evaluate_whole(evaluation, node, &output);
    return output;
}

Evaluation evaluation_create(const Graph *graph, Arena *arena, const EvalBindings *bindings,
                             const EvalTensor *frozen) {
    return (Evaluation){.graph = graph,
                        .arena = arena,
                        .bindings = bindings,
                        .values = ARENA_ARRAY(arena, EvalTensor, graph->nodes.count),
                        .results = ARENA_ARRAY(arena, EvalTensor *, graph->nodes.count + 1),
                        .frozen = frozen};
}

void evaluation_run(Evaluation *evaluation, bool *wanted) {
    const Graph *graph = evaluation->graph;
    for (int i = graph->nodes.count - 1; i >= 0; i--) {
        const Node *node = graph->nodes.items[i];
        for (int k = 0; wanted[i] && k < node->input_count; k++) wanted[node->inputs[k]->id] = true;
    }
    evaluation_repeat(evaluation, wanted);
}

void evaluation_repeat(Evaluation *evaluation, const bool *marked) {
    const Graph *graph = evaluation->graph;
    for (int i = 0; i < graph->nodes.count; i++) {
        if (!marked[i]) continue;
        const Node *node = graph->nodes.items[i];
        evaluation->values[i] = evaluate_node(evaluation, node);
        if (evaluation->adjust)
            evaluation->adjust(evaluation->adjust_state, node, &evaluation->values[i]);
    }
}

static void apply_assign(const Evaluation *evaluation, EvalBindings *bindings, const Node *node) {
    EvalTensor *target = node->parameter ? &bindings->parameters[node->parameter->index]
                                         : &bindings->slots[node->slot->index];
    for (int64_t i = 0; i < target->size; i++)
        target->data[i] = evaluation->values[node->id].data[i];
}

// Results are copies: an assign may write to what a wanted leaf shows.
static EvalTensor copy_value(const Evaluation *evaluation, const Node *node) {
    const EvalTensor *value = &evaluation->values[node->id];
    EvalTensor copy = eval_tensor(evaluation->arena, &node->type, value->rows);
    for (int64_t i = 0; i < copy.rows * copy.size; i++) copy.data[i] = value->data[i];
    return copy;
}

void graph_evaluate(const Graph *graph, Arena *arena, EvalBindings *bindings, Node *const *wanted,
                    int wanted_count, EvalTensor *results, bool effects) {
    Evaluation evaluation = evaluation_create(graph, arena, bindings, NULL);
    bool *needed = ARENA_ARRAY(arena, bool, graph->nodes.count);
    for (int i = 0; i < wanted_count; i++) needed[wanted[i]->id] = true;
    for (int i = 0; effects && i < graph->assigns.count; i++)
        needed[graph->assigns.items[i]->id] = true;
    evaluation_run(&evaluation, needed);
    for (int i = 0; i < wanted_count; i++) results[i] = copy_value(&evaluation, wanted[i]);
    for (int i = 0; effects && i < graph->assigns.count; i++)
        apply_assign(&evaluation, bindings, graph->assigns.items[i]);
}
