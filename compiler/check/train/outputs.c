// The short form of training: what each output of the model is compared with, and by which loss.
// Losses, weights and targets go by position, or one loss for all; targets also by the outputs'
// names. A loss is a row of op/training/loss.c, or a block of (prediction, target).
#include "../check.h"

#define MOST_WEIGHT 1e9 // of a loss: far below what overflows with it

typedef struct Outputs {
    Checker *c;
    const TrainEntry *entry;
    Training *training;
    const Dataset *dataset; // NULL: not known
    OutputList list;
    int count;
} Outputs;

// Of a model whose value has a mistake it is not known: then as many as are written of.
static int count_outputs(const TrainEntry *entry, OutputEntries given) {
    const Ast *const written[] = {given.loss, given.target, given.weights};
    int known = entry->model->model->output_names.count;
    for (int i = 0; i < 3 && !known; i++)
        if (written[i] && written[i]->kind == AST_LIST) known = written[i]->items.count;
    return known ? known : 1;
}

static void list_outputs(Outputs *o) {
    const Model *model = o->entry->model->model;
    o->list.model = o->entry->model->declaration->text;
    o->list.is_known = model->output_names.count > 0;
    for (int i = 0; i < o->count; i++) {
        const char *name = i < model->output_names.count ? model->output_names.items[i] : NULL;
        if (!name) name = arena_format(o->c->arena, "output_%d", i);
        vec_push(o->c->arena, &o->list.names, name);
    }
}

// ---- Targets.

static int find_target(const nnrt_data_info *info, const char *name) {
    for (int i = 0; name && i < info->target_count; i++)
        if (strcmp(info->targets[i].column.name, name) == 0) return i;
    return -1;
}

static void set_target(OutputLoss *loss, const nnrt_data_info *info, int target) {
    loss->target = target;
    loss->input = -1;
    loss->column = info->targets[target].column.name;
}

static const char *columns_of(const Outputs *o) {
    NameList names = {0};
    columns_add_names(o->c, &names, &o->dataset->info);
    return names_join(o->c->arena, &names, "and");
}

static void read_target(const Outputs *o, OutputLoss *loss, const Ast *ast) {
    const nnrt_data_info *info = &o->dataset->info;
    const char *name = ast->kind == AST_NAME || ast->kind == AST_STRING ? ast->text : NULL;
    int target = find_target(info, name), input = name ? columns_find_name(info, name) : -1;
    if (target >= 0) {
        set_target(loss, info, target);
    } else if (input >= 0) {
        loss->input = input;
        loss->target = -1;
        loss->column = info->inputs[input].name;
    } else {
        Diag *diag = diag_report(o->c->sink, name ? DIAG_E0101 : DIAG_E0201, ast->span,
                                 name ? "`%s` has no column `%s`" : "`%s`: a target is a column%s",
                                 o->dataset->name, name ? name : "");
        diag_label(diag, "expected a column of the data");
        diag_help(diag, "it has %s", columns_of(o));
    }
}

static void read_targets(Outputs *o, const Ast *ast) {
    static const OutputEntry entry = {.name = "target", .noun = "target", "s", .is_each = true};
    const Ast *const *each = by_output_read(o->c, &o->list, &entry, ast);
    for (int i = 0; each && i < o->count; i++)
        read_target(o, &o->training->losses.items[i], each[i]);
}

static void report_targets(const Outputs *o) {
    const nnrt_data_info *info = &o->dataset->info;
    NameList names = {0};
    for (int i = 0; i < info->target_count; i++)
        vec_push(o->c->arena, &names, info->targets[i].column.name);
    const ModelEntry *model = o->entry->model;
    Diag *diag = diag_report(
        o->c->sink, DIAG_E0302, model->declaration->name_span,
        "the model `%s` has %s, but `%s` has %s", model->declaration->text,
        o->count == 1 ? "one output" : arena_format(o->c->arena, "%d outputs", o->count),
        o->dataset->name,
        info->target_count == 1
            ? "one target"
            : arena_format(o->c->arena, "%lld targets", (long long)info->target_count));
    diag_label(diag, "%s",
               o->count == 1 ? "one output" : arena_format(o->c->arena, "%d outputs", o->count));
    diag_secondary(diag, o->training->dataset->span, "%s", names_join(o->c->arena, &names, "and"));
    diag_help(diag,
              o->count == 1 ? "say in `train` which is meant: `target = %s`"
                            : "say in `train` which target each is compared with: "
                              "`target = [%s, ...]`",
              names.items[0]);
}

static bool are_all_named(const Outputs *o) {
    for (int i = 0; i < o->count; i++)
        if (find_target(&o->dataset->info, o->list.names.items[i]) < 0) return false;
    return true;
}

// Those of the outputs' names, else as many as there are outputs.
static void choose_targets(const Outputs *o) {
    const nnrt_data_info *info = &o->dataset->info;
    bool by_name = info->target_count > 1 && are_all_named(o);
    if (!info->target_count) return; // checks_training says so
    if (!by_name && info->target_count != o->count) {
        if (o->list.is_known) report_targets(o);
        return;
    }
    for (int i = 0; i < o->count; i++)
        set_target(&o->training->losses.items[i], info,
                   by_name ? find_target(info, o->list.names.items[i]) : i);
}

// ---- Losses.

// `crossentropy` becomes one of the three, with or without logits as the last layer says.
static const OpDef *resolve_crossentropy(const Outputs *o, const OutputLoss *own,
                                         const Ending *ending) {
    const nnrt_data_info *info = o->dataset ? &o->dataset->info : NULL;
    TargetReading reading = {0};
    bool is_known = info && own->column;
    if (is_known && own->target >= 0) reading = targets_read(&info->targets[own->target], ending);
    const char *name = checks_crossentropy(ending, reading, is_known);
    return name ? op_find(name) : NULL;
}

const Value *outputs_find_block(Checker *c, const Ast *ast) {
    bool is_callee = ast->kind == AST_NAME || ast->kind == AST_CALL;
    const Value *value = is_callee ? scope_find(c->globals, ast->text) : NULL;
    return value && value->kind == VALUE_BLOCK ? value : NULL;
}

static void read_loss(const Outputs *o, OutputLoss *own, const Ast *ast) {
    own->span = ast->span;
    if (outputs_find_block(o->c, ast)) {
        own->block = ast;
        own->name = ast->text;
        return;
    }
    const Schema *schema = family_find(o->c, &ast, &vocabulary[FAMILY_LOSSES]);
    own->span = ast->span;
    if (!schema) return;
    Ending ending = checks_ending(o->entry->model, own->output);
    const OpDef *loss = (const OpDef *)schema; // the family's rows are operators
    bool ok = true, is_open = loss->target == TARGET_ANY;
    if (is_open) loss = resolve_crossentropy(o, own, &ending);
    if (!loss) return;
    Args *args = (Args *)bind_call(o->c, o->c->globals, &loss->schema, ast, 0, &ok);
    if (is_open) checks_set_logits(args, &ending);
    own->def = loss;
    own->name = schema->name;
    own->args = ok ? args : NULL;
    own->written = ast;
}

static void read_losses(Outputs *o, const Ast *ast) {
    static const OutputEntry entry = {.name = "loss", .noun = "loss", "es"};
    ast = expression_chosen(o->c, o->c->globals, ast);
    const Ast *const *each = ast ? by_output_read(o->c, &o->list, &entry, ast) : NULL;
    for (int i = 0; each && i < o->count; i++) read_loss(o, &o->training->losses.items[i], each[i]);
}

// ---- Weights.

static void report_weight(const Outputs *o, const Value *value) {
    bool is_number = value->kind == VALUE_NUMBER;
    Diag *diag = diag_report(o->c->sink, is_number ? DIAG_E0202 : DIAG_E0201, value->span,
                             "the weight of a loss is a number from 0 to %s, not %s",
                             text_of_number(o->c->arena, MOST_WEIGHT),
                             is_number ? text_of_number(o->c->arena, value->number)
                                       : value_describe(o->c->arena, value));
    diag_label(diag, "how much this loss counts");
    if (is_number && value->number < 0)
        diag_help(diag, "what shall become larger is minimized with its sign in a step of one's "
                        "own: `minimize -value`");
}

// False: reported.
static bool read_weight(const Outputs *o, int output, const Value *value) {
    if (value->kind == VALUE_ERROR) return false;
    bool fits = value->kind == VALUE_NUMBER && value->number >= 0 && value->number <= MOST_WEIGHT;
    if (fits)
        o->training->losses.items[output].weight = value->number;
    else
        report_weight(o, value);
    return fits;
}

// A list that is written out stands for its items; one that is calculated, for what they are.
static bool read_each_weight(Outputs *o, const Ast *ast) {
    static const OutputEntry entry = {
        .name = "loss_weights", .noun = "weight", "s", .is_each = true};
    bool ok = true;
    const Value *value =
        by_output_is_named(ast) ? NULL : expression_evaluate(o->c, o->c->globals, ast);
    if (value && value->kind == VALUE_ERROR) return false;
    if (value && value->kind == VALUE_LIST && value->count == o->count) {
        for (int i = 0; i < o->count; i++) ok = read_weight(o, i, value->items[i]) && ok;
        return ok;
    }
    const Ast *const *each = by_output_read(o->c, &o->list, &entry, ast);
    for (int i = 0; each && i < o->count; i++)
        ok = read_weight(o, i, expression_evaluate(o->c, o->c->globals, each[i])) && ok;
    return each && ok;
}

static void read_weights(Outputs *o, const Ast *ast) {
    bool trains = false;
    ast = expression_chosen(o->c, o->c->globals, ast);
    if (!ast || !read_each_weight(o, ast)) return;
    for (int i = 0; i < o->count; i++) trains = trains || o->training->losses.items[i].weight != 0;
    if (trains) return;
    Diag *diag =
        diag_report(o->c->sink, DIAG_E0302, ast->span, "`loss_weights` are 0 for all outputs");
    diag_label(diag, "nothing would be trained");
    diag_help(diag, "leave one above 0");
}

// ---- All of it.

static void add_output(const Outputs *o, int output) {
    OutputLoss own = {.output = output, .target = -1, .input = -1, .mask = -1, .weight = 1};
    if (o->count > 1) own.label = o->list.names.items[output];
    vec_push(o->c->arena, &o->training->losses, own);
}

bool outputs_read(Checker *c, const TrainEntry *entry, Training *training, OutputEntries given) {
    Outputs o = {.c = c, .entry = entry, .training = training};
    bool is_known = entry->dataset && entry->dataset->info.inputs[0].size > 0;
    if (is_known) o.dataset = entry->dataset;
    o.count = count_outputs(entry, given);
    list_outputs(&o);
    for (int i = 0; i < o.count; i++) add_output(&o, i);
    if (o.dataset && given.target)
        read_targets(&o, given.target);
    else if (o.dataset)
        choose_targets(&o);
    if (given.loss) read_losses(&o, given.loss);
    if (given.weights) read_weights(&o, given.weights);
    int errors = diag_error_count(c->sink);
    if (given.metrics) metrics_read(c, &o.list, training, given.metrics, false);
    if (given.weighted_metrics) metrics_read(c, &o.list, training, given.weighted_metrics, true);
    return diag_error_count(c->sink) == errors;
}

// ---- The step.

// The value of a model's input that a column fills, in the clone of its graph; of another column of
// the inputs, which `others` keeps by column.
static Node *input_value(Checker *c, const TrainEntry *entry, Graph *clone, int column,
                         Node **others) {
    const Model *model = entry->model->model;
    const nnrt_data_info *info = &entry->dataset->info;
    for (int i = 0; i < model->inputs.count; i++)
        if (columns_find(info, &entry->model->declaration->parameters, i) == column)
            return clone->nodes.items[model->inputs.items[i]->id];
    if (others[column]) return others[column];
    Node *node = graph_input(clone, info->inputs[column].name, columns_type(&info->inputs[column]));
    node->column = node->name;
    vec_push(c->arena, &clone->inputs, node);
    others[column] = model_transform(c, node, entry->dataset, column);
    return others[column];
}

static Node *target_value(Checker *c, const TrainEntry *entry, Graph *clone, const Graph *forward,
                          const OutputLoss *loss, NodeList *used, Node **others) {
    Node *node;
    if (loss->input >= 0) {
        node = input_value(c, entry, clone, loss->input, others);
    } else {
        node = clone->nodes.items[forward->targets.items[loss->target]->id];
        bool is_listed = false;
        for (int i = 0; i < used->count; i++) is_listed = is_listed || used->items[i] == node;
        if (!is_listed) vec_push(c->arena, used, node);
    }
    const Type *output = &clone->outputs.items[loss->output]->type;
    bool differs = loss->input >= 0 && node->type.rank != output->rank &&
                   type_elements(&node->type) == type_elements(output);
    return differs ? graph_reshape(clone, node, output->rank, output->dims) : node;
}

static Node *block_value(Checker *c, const TrainEntry *entry, const OutputLoss *loss,
                         const Ast *block, Node *prediction, Node *target) {
    Value *values[2];
    const Value *inputs[2];
    for (int i = 0; i < 2; i++) {
        inputs[i] = values[i] = value_new(c->arena, VALUE_TENSOR, block->span);
        values[i]->node = i ? target : prediction;
    }
    values[1]->classes = type_last(&prediction->type);
    if (loss->target >= 0 && entry->dataset->info.targets[loss->target].classes)
        values[1]->classes = entry->dataset->info.targets[loss->target].classes;
    const Value *value = elaborate_apply(c, c->globals, block, inputs, 2);
    if (value->kind == VALUE_TENSOR && value->node->type.batched) return value->node;
    if (value->kind == VALUE_ERROR) return NULL;
    const char *role = block == loss->block ? "loss" : "metric";
    Diag *diag = diag_report(c->sink, DIAG_E0201, block->span,
                             "`%s` is no %s: it gives %s, not numbers of each sample", block->text,
                             role, value_describe(c->arena, value));
    diag_label(diag, "used as a %s", role);
    return NULL;
}

static Node *weigh_classes(Checker *c, const OutputLoss *loss, Graph *graph, Node *value,
                           Node *target) {
    if (!loss->class_weights) return value;
    Args *args = graph_args(graph, "class_weighted");
    args_set_numbers(args, c->arena, "weights", loss->class_weights, loss->class_count);
    Node *node = graph_call(graph, "class_weighted", (Node *[]){value, target}, 2, args);
    return node->poisoned ? NULL : node;
}

static Node *loss_value(Checker *c, const TrainEntry *entry, const OutputLoss *loss, Graph *graph,
                        Node *target) {
    Node *inputs[] = {graph->outputs.items[loss->output], target};
    graph->current_layer = NULL;
    graph->current_span = loss->span;
    Node *node = loss->block ? block_value(c, entry, loss, loss->block, inputs[0], target)
                             : graph_node(graph, loss->def, inputs, 2, loss->args);
    return node && !node->poisoned ? weigh_classes(c, loss, graph, node, target) : NULL;
}

static bool is_complete(const Training *training) {
    for (int i = 0; i < training->losses.count; i++) {
        const OutputLoss *loss = &training->losses.items[i];
        if (!loss->column || (!loss->block && (!loss->def || !loss->args))) return false;
    }
    return true;
}

static void add_term(Checker *c, TrainStep *step, Graph *graph, Node *value, const char *label,
                     const char *name, double weight) {
    bool is_reported = label || weight == 0;
    if (label) name = arena_format(c->arena, "%s_%s", label, name);
    vec_push(c->arena, &graph->results, value);
    vec_push(c->arena, &step->terms, ((Term){name, weight, is_reported}));
}

static bool add_loss(Checker *c, const TrainEntry *entry, TrainStep *step, Graph *graph,
                     const OutputLoss *loss, Node *target, Node *weight) {
    Node *value = loss_value(c, entry, loss, graph, target);
    if (value) value = sample_weight_apply(graph, value, weight);
    if (value) add_term(c, step, graph, value, loss->label, "loss", loss->weight);
    return value != NULL;
}

// In the units of a standardized target, as other metrics see it.
static Node *in_units(Graph *graph, Node *node, const nnrt_target_info *target) {
    node = graph_scale(graph, node, target->deviation);
    return graph_add(graph, node, graph_constant(graph, target->mean));
}

// Metrics that are blocks are reported by the step.
static bool add_measures(Checker *c, const TrainEntry *entry, TrainStep *step, Graph *graph,
                         const OutputLoss *loss, Node *target) {
    const nnrt_target_info *info =
        loss->target >= 0 ? &entry->dataset->info.targets[loss->target] : NULL;
    bool is_changed = info && info->deviation != 0 && loss->measures.count;
    Node *output = graph->outputs.items[loss->output];
    graph->current_layer = NULL;
    if (is_changed) output = in_units(graph, output, info);
    if (is_changed) target = in_units(graph, target, info);
    for (int i = 0; i < loss->measures.count; i++) {
        const Ast *block = loss->measures.items[i];
        Node *value = block_value(c, entry, loss, block, output, target);
        if (!value) return false;
        add_term(c, step, graph, value, loss->label, block->text, 0);
    }
    return true;
}

// In the type of outputs.
static Node *mask_output(Graph *graph, Node *mask) {
    Node *inputs[] = {mask, graph_constant(graph, 1), graph_constant(graph, 0)};
    return graph_call(graph, "where", inputs, 3, NULL);
}

// The masks of outputs are given, too: metrics leave out the steps that do not count.
static void give_masks(Training *training, Graph *graph) {
    for (int i = 0; i < training->losses.count; i++) {
        OutputLoss *loss = &training->losses.items[i];
        const Node *output = graph->outputs.items[loss->output];
        if (!output->mask || output->type.rank < 2) continue;
        loss->mask = graph->outputs.count;
        vec_push(graph->arena, &graph->outputs, mask_output(graph, output->mask));
    }
}

void outputs_finish(Checker *c, const TrainEntry *entry, Training *training, TrainStep *step) {
    const Graph *forward = entry->model->model->forward;
    int count = training->losses.count;
    step->name = "loss";
    step->span = training->losses.items[0].span;
    step->repeat = 1;
    bool is_known = forward && forward->outputs.count == count;
    if (!is_known || !is_complete(training) || diag_error_count(c->sink)) return;
    Graph *graph = c->graph = graph_clone(forward, c->arena, GRAPH_TRAIN);
    Node **values = ARENA_ARRAY(c->arena, Node *, count), *others[NNRT_MAX_COLUMNS] = {0};
    NodeList targets = {0};
    bool ok = true;
    graph->sink = c->sink;
    for (int i = 0; i < count; i++)
        values[i] =
            target_value(c, entry, graph, forward, &training->losses.items[i], &targets, others);
    Node *weight = sample_weight_input(training, graph);
    if (weight) vec_push(c->arena, &targets, weight);
    for (int i = 0; i < count && ok; i++)
        ok = add_loss(c, entry, step, graph, &training->losses.items[i], values[i], weight);
    for (int i = 0; i < count && ok; i++)
        ok = add_measures(c, entry, step, graph, &training->losses.items[i], values[i]);
    graph->targets = targets;
    give_masks(training, graph);
    c->graph = NULL;
    if (ok) step->forward = graph;
}
