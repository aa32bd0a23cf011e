// Do model, dataset, loss and metrics fit each other? Each check says what does not fit, where the
// other fact comes from, and what to write instead.
#include "../../../runtime/metrics/row.h"
#include "fit.h"

// ---- The end of a model.

static bool is_named(const Node *node, const char *name) {
    return strcmp(node->op->schema.name, name) == 0;
}

static bool is_shape_only(const Node *node) {
    return is_named(node, "flatten") || is_named(node, "reshape") || is_named(node, "dropout");
}

static const char *activation_of(const Node *node) {
    if (node->op->is_activation) return node->op->schema.name;
    int index = node->args ? schema_arg_index(node->args->schema, "activation") : -1;
    if (index < 0 || !node->args->values[index].callee) return "linear";
    return node->args->values[index].callee->name;
}

Ending checks_ending(const ModelEntry *entry, int output) {
    Ending ending = {0};
    const Graph *graph = entry->model->forward;
    if (!graph) return ending;
    const Node *node =
        output < graph->outputs.count ? graph->outputs.items[output] : entry->unfinished;
    return node ? checks_ending_at(node) : ending;
}

Ending checks_ending_at(const Node *node) {
    Ending ending = {.node = node};
    if (!node->poisoned || node->type.rank > 0) ending.units = type_last(&node->type);
    while (is_shape_only(node) && node->input_count) node = node->inputs[0];
    ending.span = node->span;
    if (!node->poisoned || !is_shape_only(node)) ending.activation = activation_of(node);
    return ending;
}

static bool is_softmax(const Node *node) {
    return strcmp(activation_of(node), "softmax") == 0;
}

void checks_activation(Checker *c, const Node *node) {
    if (!is_softmax(node) || !node->input_count) return;
    const Node *before = node->inputs[0];
    if (!node->op->is_activation) return; // a layer with weights lies between
    while (is_shape_only(before) && before->input_count) before = before->inputs[0];
    if (!is_softmax(before)) return;
    Diag *diag = diag_report(c->sink, DIAG_W0303, node->span, "softmax of a softmax");
    diag_label(diag, "evens the probabilities out");
    diag_secondary(diag, before->span, "these are probabilities already");
    diag_help(diag, "remove one of them");
}

const char *checks_crossentropy(const Ending *ending, TargetReading target, bool is_known) {
    return op_crossentropy(ending->units, ending->activation, is_known, target.is_label,
                           target.classes);
}

void checks_set_logits(Args *args, const Ending *ending) {
    const char *last = ending->activation;
    int index = schema_arg_index(args->schema, "from_logits");
    if (!last || index < 0 || !args->values[index].is_default) return;
    bool is_probability = strcmp(last, "softmax") == 0 || strcmp(last, "sigmoid") == 0;
    args_set_number(args, "from_logits", !is_probability);
    args_set_origin(args, "from_logits", "by the last layer");
}

// ---- Facts.

bool fit_has_activation(const Fit *f, const char *name) {
    return f->ending.activation && strcmp(f->ending.activation, name) == 0;
}

bool fit_knows_shape(const Fit *f) {
    return f->ending.node && !f->ending.node->poisoned;
}

bool fit_compares_with(const Fit *f, TargetKind kind) {
    return f->loss && f->loss->target == kind;
}

bool fit_is_classifier(const Fit *f) {
    return f->loss && f->loss->is_classifier;
}

bool fit_is_categorical(const Fit *f) {
    return fit_is_classifier(f) && f->loss->target != TARGET_DECISION;
}

// Losses for classes need not take scores.
static bool takes_logits(const Fit *f) {
    return fit_is_classifier(f) && schema_arg_index(&f->loss->schema, "from_logits") >= 0;
}

bool fit_has_logits(const Fit *f) {
    return takes_logits(f) && f->own->args && args_bool(f->own->args, "from_logits");
}

const char *fit_units_text(const Fit *f) {
    const char *plural = f->ending.units == 1 ? "" : "s";
    return arena_format(f->c->arena, "%lld unit%s", (long long)f->ending.units, plural);
}

// ---- The model's form.

static bool check_has_target(const Fit *f) {
    const Dataset *dataset = f->training->dataset;
    if (!dataset->found || dataset->info.target_count > 0 || f->own->column) return true;
    Diag *diag = diag_report(f->c->sink, DIAG_E0302, f->own->span,
                             "a loss compares with a target, but `%s` has none", f->dataset);
    diag_label(diag, "needs a target");
    diag_secondary(diag, dataset->span, "only samples");
    diag_help(diag, "name the file of the targets: `target = \"...\"`");
    return false;
}

// ---- Loss and last layer.

static Diag *report_ending(const Fit *f, const char *needs) {
    Diag *diag = diag_report(f->c->sink, DIAG_E0303, f->own->span, "%s", needs);
    diag_secondary(diag, f->ending.span, "the last activation is `%s`", f->ending.activation);
    return diag;
}

static bool check_softmax_units(const Fit *f) {
    if (!fit_has_activation(f, "softmax") || f->ending.units != 1) return true;
    Diag *diag =
        diag_report(f->c->sink, DIAG_E0303, f->ending.span, "softmax over one unit is always 1");
    diag_label(diag, "1 unit");
    diag_help(diag, "for yes or no write `dense(1, sigmoid)`");
    return false;
}

static bool check_logits(const Fit *f) {
    bool is_probability = fit_has_activation(f, "softmax") || fit_has_activation(f, "sigmoid");
    if (!fit_has_logits(f) || !is_probability) return true;
    Diag *diag = report_ending(f, arena_format(f->c->arena,
                                               "`from_logits = true`, but the model ends with `%s`",
                                               f->ending.activation));
    diag_label(diag, "wants scores before `%s`", f->ending.activation);
    diag_help(diag, "remove `from_logits = true`, or the `%s`", f->ending.activation);
    return false;
}

static bool check_softmax_for_binary(const Fit *f) {
    if (!fit_compares_with(f, TARGET_DECISION) || !fit_has_activation(f, "softmax")) return true;
    Diag *diag = report_ending(f, "`binary_crossentropy` does not fit `softmax`");
    diag_label(diag, "wants independent probabilities");
    diag_help(diag, "write `sigmoid` in the last layer, or `loss = crossentropy`");
    return false;
}

static bool check_probabilities(const Fit *f) {
    if (!fit_is_classifier(f) || fit_has_logits(f) || !f->ending.activation) return true;
    const char *wanted = fit_is_categorical(f) ? "softmax" : "sigmoid";
    if (fit_has_activation(f, wanted)) return true;
    const char *message =
        arena_format(f->c->arena, "`%s` compares probabilities, but the model ends with `%s`",
                     f->written, f->ending.activation);
    bool is_sigmoid = fit_has_activation(f, "sigmoid");
    if (fit_has_activation(f, "linear"))
        message = arena_format(
            f->c->arena, "`%s` compares probabilities, but the model gives scores", f->written);
    if (is_sigmoid)
        message = arena_format(
            f->c->arena, "`%s` does not fit `sigmoid`: its values do not sum to 1", f->written);
    Diag *diag = diag_report(f->c->sink, DIAG_E0303, f->own->span, "%s", message);
    diag_label(diag, "wants `%s`", wanted);
    if (fit_has_activation(f, "linear")) {
        diag_secondary(diag, f->ending.span, "the last layer has no activation");
        const char *help = "end the model with `%s`";
        if (takes_logits(f))
            help = f->entry ? "end the model with `%s`, or write `loss = %s(from_logits = true)`"
                            : "end it with `%s`, or write `%s(.., from_logits = true)`";
        diag_help(diag, help, wanted, f->written);
    } else {
        diag_secondary(diag, f->ending.span, "the last activation is `%s`", f->ending.activation);
        diag_help(diag, "write `%s` in the last layer", wanted);
    }
    return false;
}

static void warn_scores(const Fit *f) {
    if (!fit_has_logits(f) || !f->ending.activation || fit_has_activation(f, "linear")) return;
    if (fit_has_activation(f, "softmax") || fit_has_activation(f, "sigmoid")) return;
    if (fit_has_activation(f, "log_softmax") && fit_is_categorical(f)) return; // scores, too
    Diag *diag =
        diag_report(f->c->sink, DIAG_W0303, f->ending.span,
                    "`%s` limits the scores that `%s` takes", f->ending.activation, f->written);
    diag_label(diag, "the last activation");
    diag_secondary(diag, f->own->span, "takes any score");
    diag_help(diag, "end the model without activation, or with `%s`",
              fit_is_categorical(f) ? "softmax" : "sigmoid");
}

static void warn_regression(const Fit *f) {
    if (!fit_compares_with(f, TARGET_NUMBER) || f->loss->unit_classes || f->ending.units != 1)
        return;
    if (targets_classes(f) > 0 || !fit_has_activation(f, "sigmoid")) return;
    if (f->target->lowest.value >= 0 && f->target->highest.value <= 1) return;
    Diag *diag = diag_report(f->c->sink, DIAG_W0303, f->ending.span,
                             "`sigmoid` keeps the prediction between 0 and 1");
    diag_label(diag, "the last activation");
    targets_label(f, diag);
    diag_help(diag, "for numbers of any size end with `dense(1)`");
}

// ---- Metrics.

static Diag *report_metric(const Fit *f, const Call *metric, const char *why) {
    Diag *diag = diag_report(f->c->sink, DIAG_E0305, metric->args->span, "`%s` %s",
                             metric->schema->name, why);
    return diag;
}

static const nnrt_metric_row *row_of(const Call *metric) {
    return (const nnrt_metric_row *)metric->schema;
}

static void check_number_metric(const Fit *f, const Call *metric) {
    if (!targets_are_labels(f) || f->ending.units <= 1) return;
    Diag *diag = report_metric(f, metric,
                               arena_format(f->c->arena, "compares numbers, but `%s` gives %s",
                                            f->dataset, targets_text(f)));
    diag_label(diag, "needs one number a unit");
    diag_secondary(diag, f->ending.node->span, "%s", fit_units_text(f));
    diag_help(diag, "write `accuracy`");
}

// Does the loss take whole numbers of a file for quantities?
static bool are_quantities(const Fit *f) {
    return fit_compares_with(f, TARGET_NUMBER) && f->loss->unit_classes == 0 &&
           f->ending.units == 1 && f->target->is_open && targets_classes(f) > 2;
}

static void report_quantities(const Fit *f, const Call *metric) {
    Diag *diag = report_metric(f, metric,
                               arena_format(f->c->arena,
                                            "counts classes, but `%s` takes the target for "
                                            "numbers",
                                            f->written));
    diag_label(diag, "needs classes");
    targets_label(f, diag);
    diag_secondary(diag, f->own->span, "compares numbers");
    diag_help(diag, "write `mae` or `mse`");
}

static void check_class_metric(const Fit *f, const Call *metric) {
    if (are_quantities(f)) {
        report_quantities(f, metric);
        return;
    }
    Diag *diag;
    const nnrt_metric_row *def = row_of(metric);
    bool has_classes = targets_classes(f) > 0 || fit_is_classifier(f) || !f->loss;
    if (!has_classes) {
        diag = report_metric(f, metric,
                             arena_format(f->c->arena, "counts classes, but `%s` gives %s",
                                          f->dataset, targets_text(f)));
        diag_label(diag, "needs classes");
        targets_label(f, diag);
        diag_help(diag, "write `mae` or `mse`");
    } else if (def->needs_classes && f->ending.units == 1 && f->is_sound) {
        diag = report_metric(f, metric, "needs one unit a class, but the last layer has 1");
        diag_label(diag, "needs several classes");
        diag_secondary(diag, f->ending.node->span, "1 unit");
        diag_help(diag, "write `accuracy`");
    } else if (def->needs_binary && targets_are_labels(f) && f->ending.units > 1) {
        diag = report_metric(f, metric,
                             arena_format(f->c->arena, "is of yes or no, but `%s` gives %s",
                                          f->dataset, targets_text(f)));
        diag_label(diag, "needs one unit, or one-hot targets");
        diag_secondary(diag, f->ending.node->span, "%s", fit_units_text(f));
        diag_help(diag, "add `-> one_hot(%s)` to `%s`, or write `accuracy`", f->target->column.name,
                  f->dataset);
    }
}

// Some metrics want labels, others one value a class.
static void check_label_metric(const Fit *f, const Call *metric) {
    bool is_sparse = row_of(metric)->needs_labels, is_dense = row_of(metric)->needs_one_hot;
    if (targets_classes(f) == 0 || f->ending.units <= 1) return;
    if (!(is_sparse && f->target->one_hot) && !(is_dense && targets_are_labels(f))) return;
    Diag *diag = report_metric(f, metric,
                               arena_format(f->c->arena, "compares with %s, but `%s` gives %s",
                                            is_sparse ? "class labels" : "one value a class",
                                            f->dataset, targets_text(f)));
    diag_label(diag, "does not fit the target");
    targets_label(f, diag);
    diag_help(diag, "write `accuracy`: it takes either");
}

// What is read by value: scores, unless the model ends with a softmax of them; as told.
static void settle_scores(const Fit *f, const Call *metric) {
    Args *args = (Args *)metric->args;
    bool is_softmax = fit_has_activation(f, "softmax");
    if (!row_of(metric)->reads_probabilities || !f->ending.activation) return;
    const ArgValue *given = args_get(args, "from_logits");
    if (!given->is_set) {
        args_set_number(args, "from_logits", !is_softmax);
        args_set_origin(args, "from_logits", "by the model's end");
        return;
    }
    bool takes_scores = given->number != 0;
    if (takes_scores != is_softmax || f->ending.units <= 1) return;
    Diag *diag = report_metric(f, metric,
                               takes_scores ? "takes scores, but the model ends with `softmax`"
                                            : "takes probabilities, but the model gives scores");
    diag_label(diag, takes_scores ? "wants scores before `softmax`" : "wants `softmax`");
    if (fit_has_activation(f, "linear"))
        diag_secondary(diag, f->ending.span, "the last layer has no activation");
    else
        diag_secondary(diag, f->ending.span, "the last activation is `%s`", f->ending.activation);
    diag_help(diag, "write `%s`: it takes either", metric->schema->name);
}

static void check_output_count(const Fit *f, const Call *metric, const ArgValue *value) {
    if (f->ending.units <= 1 || value->number < (double)f->ending.units) return;
    Diag *diag = diag_report(f->c->sink, DIAG_W0303, metric->args->span,
                             "all of %lld classes are among the best %.0f",
                             (long long)f->ending.units, value->number);
    diag_label(diag, "always 1");
    diag_secondary(diag, f->ending.node->span, "%s", fit_units_text(f));
}

static void check_class(const Fit *f, const Call *metric, const ArgValue *value) {
    long long classes = f->ending.units > 1 ? (long long)f->ending.units : 2;
    if (value->number < (double)classes) return;
    Diag *diag = report_metric(
        f, metric,
        arena_format(f->c->arena, "is of class %.0f, but there are %lld", value->number, classes));
    diag_label(diag, "classes are 0 to %lld", classes - 1);
    diag_secondary(diag, f->ending.node->span, "%s", fit_units_text(f));
}

// Arguments that speak of the output's classes.
static void check_counts(const Fit *f, const Call *metric) {
    const ArgDef *defs = metric->schema->args;
    if (f->ending.units < 1 || !f->is_sound) return;
    for (int i = 0; i < metric->args->count; i++) {
        const ArgValue *value = &metric->args->values[i];
        if (!value->is_set) continue;
        if (defs[i].counts_outputs) check_output_count(f, metric, value);
        if (defs[i].is_class) check_class(f, metric, value);
    }
}

static void check_metrics(const Fit *f) {
    for (int i = 0; i < f->own->metrics.count; i++) {
        const Call *metric = &f->own->metrics.items[i].call;
        if (row_of(metric)->takes_numbers) {
            check_number_metric(f, metric);
            continue;
        }
        check_class_metric(f, metric);
        check_label_metric(f, metric);
        settle_scores(f, metric);
        check_counts(f, metric);
    }
}

// ---- All of it.

static bool check_ending(const Fit *f) {
    return check_logits(f) && check_softmax_for_binary(f) && check_probabilities(f);
}

static Type target_type(const Fit *f, const Type *output) {
    const nnrt_data_info *info = &f->training->dataset->info;
    if (f->own->target >= 0) return columns_type(&info->targets[f->own->target].column);
    Type type = columns_type(&info->inputs[f->own->input]);
    bool fits = type.rank != output->rank && type_elements(&type) == type_elements(output);
    if (fits) type = *output;
    type.dtype = DTYPE_F32;
    return type;
}

// What is left: the loss's own rule, as the passes will ask it.
static bool check_shapes(const Fit *f) {
    const Graph *forward = f->entry->model->model->forward;
    bool is_known = fit_knows_shape(f) && forward->outputs.count > f->own->output && f->own->column;
    if (!is_known || !f->own->args) return true;
    Graph *graph =
        graph_create(weights_create(f->c->arena), forward->name, GRAPH_TRAIN, f->c->sink);
    graph->current_span = f->own->span;
    const Type *output = &forward->outputs.items[f->own->output]->type;
    Node *inputs[] = {graph_input(graph, "prediction", *output),
                      graph_input(graph, "target", target_type(f, output))};
    return !graph_node(graph, f->own->def, inputs, 2, f->own->args)->poisoned;
}

static bool check_loss(const Fit *f) {
    if (!f->loss) return true;
    if (!check_softmax_units(f)) return false;
    bool ok =
        !f->target || (targets_check_rank(f) && check_softmax_for_binary(f) && targets_check(f));
    bool may_go_on = ok || (fit_is_categorical(f) && f->ending.units > 1);
    ok = may_go_on && (!f->own->args || check_ending(f)) && ok;
    if (!ok || !check_shapes(f)) return false;
    warn_scores(f);
    if (f->target) warn_regression(f);
    return true;
}

// Only where a layer says it: what arithmetic makes is not known to be scores.
bool checks_loss_call(Checker *c, const OpDef *loss, const Args *args, const Ast *ast,
                      const Node *prediction) {
    OutputLoss own = {.def = loss, .args = args, .span = ast->span};
    Fit f = {.c = c, .own = &own, .loss = loss, .written = loss->schema.name};
    f.ending = checks_ending_at(prediction);
    const Node *last = prediction;
    while (is_shape_only(last) && last->input_count) last = last->inputs[0];
    bool has_argument = last->args && schema_arg_index(last->args->schema, "activation") >= 0;
    if (!last->op->is_activation && !has_argument) f.ending.activation = NULL;
    if (!check_softmax_units(&f) || !check_ending(&f)) return false;
    warn_scores(&f);
    return true;
}

static void check_output(Fit f, const OutputLoss *own) {
    const nnrt_data_info *info = &f.training->dataset->info;
    f.own = own;
    f.loss = own->def;
    f.written = own->name ? own->name : "";
    f.ending = checks_ending(f.entry->model, own->output);
    if (own->target >= 0) f.target = &info->targets[own->target];
    f.is_sound = check_loss(&f);
    if (f.target) check_metrics(&f);
}

void checks_training(Checker *c, const TrainEntry *entry, const Training *training) {
    const Model *model = entry->model->model;
    if (!training->dataset || !model->forward) return;
    Fit f = {.c = c, .entry = entry, .training = training, .dataset = training->dataset->name};
    f.own = training->losses.items;
    if (!check_has_target(&f)) return;
    for (int i = 0; i < training->losses.count; i++) check_output(f, &training->losses.items[i]);
}
