// What a step changes: the models that `updates` names, with those within them. Each of them must
// be reached by the gradient of what the step minimizes, so that something changes.
#include "../check.h"

// ---- Named twice.

bool updates_is_again(Checker *c, const AstList *names, int place, const char *done) {
    const Ast *name = names->items[place];
    for (int i = 0; i < place; i++) {
        if (strcmp(names->items[i]->text, name->text) != 0) continue;
        Diag *diag =
            diag_report(c->sink, DIAG_E0102, name->span, "`%s` is %s twice here", name->text, done);
        diag_label(diag, "again here");
        diag_secondary(diag, names->items[i]->span, "first here");
        diag_help(diag, "name it once");
        return true;
    }
    return false;
}

// ---- Which models.

static bool has_model(const TrainEntry *entry, const ModelEntry *model) {
    for (int i = 0; i < entry->models.count; i++)
        if (entry->models.items[i] == model) return true;
    return false;
}

static const char *trained_names(Checker *c, const TrainEntry *entry) {
    NameList names = {0};
    for (int i = 0; i < entry->models.count; i++)
        vec_push(c->arena, &names, entry->models.items[i]->declaration->text);
    return names_join(c->arena, &names, "and");
}

static const Model *find_updated(Checker *c, const TrainEntry *entry, const Ast *name) {
    const Value *value = scope_find(c->globals, name->text);
    ModelEntry *model = value && value->kind == VALUE_MODEL ? value->model : NULL;
    if (model && has_model(entry, model)) return model->model;
    if (value && value->kind == VALUE_ERROR) return NULL;
    Diag *diag =
        diag_report(c->sink, model ? DIAG_E0302 : DIAG_E0101, name->span,
                    model ? "`%s` is not trained here" : "there is no model `%s`", name->text);
    diag_label(diag, "a step updates a model of its `train` block");
    if (entry->models.count) diag_help(diag, "this block trains %s", trained_names(c, entry));
    return NULL;
}

// ---- What reaches them. Nodes are in the order in which they are made of each other.

typedef struct Reach {
    const Graph *graph;
    const bool *own; // by parameter: of the model
    bool *leads;     // by node: what is minimized is made of it
    bool *used;      // it is made of the model's weights
    bool *reached;   // with a gradient all the way, to one that is not frozen
    const Node *end; // where the gradient ends
    bool has_weights, has_free, is_used, is_reached;
} Reach;

static bool passes_gradient(const Node *node) {
    return node->op->gradient || node->op->expand || node->op->is_derivative;
}

static void mark_leading(Reach *r, const TrainStep *step) {
    for (int i = 0; i < step->terms.count; i++)
        if (step->terms.items[i].weight != 0) r->leads[r->graph->results.items[i]->id] = true;
    for (int i = r->graph->nodes.count - 1; i >= 0; i--) {
        const Node *node = r->graph->nodes.items[i];
        for (int k = 0; r->leads[i] && k < node->input_count; k++)
            r->leads[node->inputs[k]->id] = true;
    }
}

static void mark_weights(Reach *r) {
    const Graph *graph = r->graph;
    for (int i = 0; i < graph->weights->parameters.count; i++) {
        const Parameter *parameter = graph->weights->parameters.items[i];
        if (!r->own[i] || !parameter->trainable) continue;
        bool is_here = i < graph->parameter_nodes.count && graph->parameter_nodes.items[i];
        r->has_weights = true;
        if (!is_here) continue;
        int id = graph->parameter_nodes.items[i]->id;
        r->used[id] = r->leads[id];
        r->reached[id] = r->used[id] && graph_updates(graph, parameter);
        r->is_used = r->is_used || r->used[id];
        r->has_free = r->has_free || r->reached[id];
    }
}

static void follow(Reach *r, const TrainStep *step) {
    for (int i = 0; i < r->graph->nodes.count; i++) {
        const Node *node = r->graph->nodes.items[i];
        bool arrives = false;
        for (int k = 0; k < node->input_count; k++)
            arrives = arrives || r->reached[node->inputs[k]->id];
        if (!arrives || !r->leads[i]) continue;
        r->reached[i] = passes_gradient(node);
        if (!r->reached[i]) r->end = node;
    }
    for (int i = 0; i < step->terms.count; i++)
        if (step->terms.items[i].weight != 0 && r->reached[r->graph->results.items[i]->id])
            r->is_reached = true;
}

static Reach find_reach(Checker *c, const TrainStep *step, const bool *own) {
    int count = step->forward->nodes.count + 1;
    Reach r = {.graph = step->forward,
               .own = own,
               .leads = ARENA_ARRAY(c->arena, bool, count),
               .used = ARENA_ARRAY(c->arena, bool, count),
               .reached = ARENA_ARRAY(c->arena, bool, count)};
    mark_leading(&r, step);
    mark_weights(&r);
    follow(&r, step);
    return r;
}

static void report_end(Diag *diag, const Reach *r) {
    if (r->end) diag_secondary(diag, r->end->span, "no gradient passes here");
    diag_help(diag, "minimize a value that changes smoothly with the weights: a loss, for example");
}

static void check_reached(Checker *c, const TrainStep *step, const Ast *name, const bool *own) {
    Reach r = find_reach(c, step, own);
    const char *message = !r.has_weights ? "the step `%s` updates `%s`, which has no weights"
                          : !r.is_used   ? "the step `%s` updates `%s`, but never uses it"
                          : !r.has_free  ? "the step `%s` updates `%s`, all of which is frozen"
                                         : "what the step `%s` minimizes has no gradient to `%s`";
    if (r.is_reached) return;
    Diag *diag = diag_report(c->sink, DIAG_E0302, name->span, message, step->name, name->text);
    diag_label(diag, "nothing would change");
    if (!r.has_weights)
        diag_help(diag, "leave it out of `updates`");
    else if (!r.is_used)
        diag_help(diag, "feed something to it in what is minimized, or leave it out of `updates`");
    else if (!r.has_free)
        diag_help(diag, "leave it out of `updates`, or a part of it out of what is frozen");
    else
        report_end(diag, &r);
}

// ---- A step.

// The weights of the model and of those within it.
static void mark_updated(const Model *model, bool *updated) {
    const Graph *forward = model->forward;
    for (int i = 0; i < forward->parameter_nodes.count; i++)
        if (forward->parameter_nodes.items[i]) updated[i] = true;
}

void updates_finish(Checker *c, const TrainEntry *entry, TrainStep *step, const Ast *ast) {
    Graph *graph = step->forward;
    int count = graph->weights->parameters.count + 1;
    bool *all = ARENA_ARRAY(c->arena, bool, count);
    for (int i = 0; i < ast->items.count; i++) {
        bool *own = ARENA_ARRAY(c->arena, bool, count);
        if (updates_is_again(c, &ast->items, i, "updated")) continue;
        const Model *model = find_updated(c, entry, ast->items.items[i]);
        if (!model || !model->forward) continue;
        mark_updated(model, own);
        mark_updated(model, all);
        if (graph->results.count) check_reached(c, step, ast->items.items[i], own);
    }
    graph->updated = all;
}

// The short form: all of the model is updated, of which a part may be frozen, or all.
void updates_finish_loss(Checker *c, const TrainEntry *entry, TrainStep *step) {
    const Graph *forward = entry->model->model->forward;
    if (!step->forward || !forward) return;
    bool *own = ARENA_ARRAY(c->arena, bool, step->forward->weights->parameters.count + 1);
    mark_updated(entry->model->model, own);
    step->forward->updated = own;
    graph_sort(step->forward);
    Reach r = find_reach(c, step, own);
    if (r.is_reached || !r.is_used) return;
    const char *name = entry->model->declaration->text;
    Diag *diag = r.has_free ? diag_report(c->sink, DIAG_E0302, step->span,
                                          "the loss has no gradient to `%s`", name)
                            : diag_report(c->sink, DIAG_W0303, entry->ast->items.items[0]->span,
                                          "all of `%s` is frozen in this training", name);
    diag_label(diag, "nothing %s change", r.has_free ? "would" : "will");
    if (r.has_free)
        report_end(diag, &r);
    else
        diag_help(diag, "name what is to be trained in `unfreeze`");
}
