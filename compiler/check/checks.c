// Do model, dataset, loss and metrics fit each other? Each check says what does not fit, where the
// other fact comes from, and what to write instead.
#include "check.h"

typedef struct Fit {
    Checker *c;
    const TrainEntry *entry;
    const Training *training;
    const nnrt_data_info *info; // NULL: the data is not known
    const char *dataset;        // its name
    const char *loss;           // "": not known
    const char *written;        // the loss as the program names it
    Ending ending;
    bool is_sound; // no mistake was found before the metrics
} Fit;

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

Ending checks_ending(const ModelEntry *entry) {
    Ending ending = {0};
    const Graph *graph = entry->model->forward;
    if (!graph || graph->outputs.count > 1) return ending;
    const Node *node = ending.node =
        graph->outputs.count ? graph->outputs.items[0] : entry->unfinished;
    if (!node) return ending;
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

static bool has_activation(const Ending *ending, const char *name) {
    return ending->activation && strcmp(ending->activation, name) == 0;
}

// Is the output's whole shape known?
static bool knows_shape(const Fit *f) {
    return f->ending.node && !f->ending.node->poisoned;
}

const char *checks_crossentropy(const Ending *ending, const Dataset *dataset) {
    bool is_known = dataset && dataset->info.target.size > 0;
    bool is_label = is_known && dataset->info.classes > 0 && !dataset->info.target_one_hot;
    if (is_label && dataset->info.classes > 2) return "sparse_categorical_crossentropy";
    if (ending->units == 0 || !ending->activation) return NULL;
    if (ending->units == 1) return "binary_crossentropy";
    if (is_label) return "sparse_categorical_crossentropy";
    if (has_activation(ending, "sigmoid")) return "binary_crossentropy";
    return is_known ? "categorical_crossentropy" : "sparse_categorical_crossentropy";
}

// ---- Facts.

static bool loss_is(const Fit *f, const char *name) {
    return strcmp(f->loss, name) == 0;
}

static bool is_categorical(const Fit *f) {
    return loss_is(f, "categorical_crossentropy") || loss_is(f, "sparse_categorical_crossentropy");
}

static bool is_crossentropy(const Fit *f) {
    return is_categorical(f) || loss_is(f, "binary_crossentropy");
}

static bool target_is_label(const Fit *f) {
    return f->info->classes > 0 && !f->info->target_one_hot;
}

static bool from_logits(const Fit *f) {
    return is_crossentropy(f) && f->training->loss_args &&
           args_bool(f->training->loss_args, "from_logits");
}

static const Call *find_stage(const Fit *f, const char *name) {
    const CallList *stages = &f->entry->dataset->stages;
    for (int i = 0; i < stages->count; i++)
        if (strcmp(stages->items[i].schema->name, name) == 0) return &stages->items[i];
    return NULL;
}

static Span target_span(const Fit *f) {
    const Call *one_hot = f->info->target_one_hot ? find_stage(f, "one_hot") : NULL;
    return one_hot ? one_hot->args->span : f->entry->dataset->span;
}

static const char *target_text(const Fit *f) {
    const nnrt_data_info *info = f->info;
    Arena *arena = f->c->arena;
    if (info->target_one_hot)
        return arena_format(arena, "one-hot targets of %lld classes", (long long)info->classes);
    if (info->classes > 0)
        return arena_format(arena, "labels 0 to %lld", (long long)info->classes - 1);
    Type type = type_make(DTYPE_F32, true, (int)info->target.rank, info->target.shape);
    if (info->target_signs) return "the signs -1 and 1";
    if (info->target.size == 1) return "one number a sample";
    return arena_format(arena, "targets of %s", shape_text(arena, &type));
}

static Diag *label_target(const Fit *f, Diag *diag) {
    diag_secondary(diag, target_span(f), "`%s` gives %s", f->dataset, target_text(f));
    return diag;
}

// The last layer's call with other units, as far as that can be shown.
static void help_units(const Fit *f, Diag *diag, int64_t units) {
    const char *activation = f->ending.activation ? f->ending.activation : "linear";
    if (is_categorical(f) && !from_logits(f)) activation = "softmax";
    if (units == 1 && strcmp(activation, "softmax") == 0) activation = "linear"; // always 1
    if (!is_named(f->ending.node, "dense"))
        diag_help(diag, "end the model with %lld unit%s", (long long)units, units == 1 ? "" : "s");
    else if (strcmp(activation, "linear") == 0)
        diag_help(diag, "write `dense(%lld)`", (long long)units);
    else
        diag_help(diag, "write `dense(%lld, %s)`", (long long)units, activation);
}

// ---- The model's form.

static bool check_one_output(const Fit *f, const Model *model) {
    int count = model->forward->outputs.count;
    if (count <= 1) return true;
    Diag *diag = diag_report(f->c->sink, DIAG_E0302, model->span,
                             "the model `%s` has %d outputs, but `%s` has one target", model->name,
                             count, f->dataset);
    diag_label(diag, "%d outputs", count);
    diag_secondary(diag, f->training->dataset->span, "one target");
    return false;
}

static bool check_has_target(const Fit *f) {
    const Dataset *dataset = f->training->dataset;
    if (!dataset->found || dataset->info.target.size > 0) return true;
    Diag *diag = diag_report(f->c->sink, DIAG_E0302, f->training->loss_span,
                             "a loss compares with a target, but `%s` has none", f->dataset);
    diag_label(diag, "needs a target");
    diag_secondary(diag, dataset->span, "only samples");
    diag_help(diag, "name the file of the targets: `target = \"...\"`");
    return false;
}

// One class wants one vector a sample: the usual slip is a forgotten `flatten`.
static bool check_output_rank(const Fit *f) {
    const Node *node = f->ending.node;
    if (!knows_shape(f) || f->info->target.rank > 1 || node->type.rank <= 1) return true;
    if (!is_categorical(f) && !target_is_label(f) && !f->info->target_one_hot) return true;
    bool is_class = target_is_label(f) || f->info->target_one_hot;
    Diag *diag = diag_report(f->c->sink, DIAG_E0302, node->span,
                             "the model gives %s for each sample, but `%s` %s",
                             shape_text(f->c->arena, &node->type), f->dataset,
                             is_class ? "has one label for each"
                                      : arena_format(f->c->arena, "gives %s", target_text(f)));
    diag_label(diag, "gives %s", type_text(f->c->arena, &node->type));
    label_target(f, diag);
    diag_help(diag, "put `-> flatten` before the first `dense`");
    return false;
}

// ---- Loss and target.

// Labels are often saved as fractions by mistake.
static void help_numbers(const Fit *f, Diag *diag) {
    if (f->info->target_signs) {
        diag_help(diag, "save 0 and 1 instead, or write `loss = hinge`");
        return;
    }
    const Call *source = &f->entry->dataset->stages.items[0];
    bool may_tell = f->info->target.size == 1 && schema_arg_index(source->schema, "classes") >= 0;
    if (may_tell)
        diag_help(diag,
                  "for class labels save whole numbers, as with `.astype(int)`, or say `classes = "
                  "%s` in `%s`",
                  f->ending.units > 1 ? text_of_number(f->c->arena, (double)f->ending.units) : "n",
                  source->schema->name);
    diag_help(diag, "for numbers write `loss = mse`");
}

static bool check_labels_for_sparse(const Fit *f) {
    if (!loss_is(f, "sparse_categorical_crossentropy") || target_is_label(f)) return true;
    Diag *diag = diag_report(f->c->sink, DIAG_E0304, f->training->loss_span,
                             "`%s` compares with class labels, but `%s` gives %s", f->written,
                             f->dataset, target_text(f));
    diag_label(diag, "needs class labels");
    label_target(f, diag);
    if (f->info->target_one_hot)
        diag_help(diag, "write `loss = categorical_crossentropy`, or remove `one_hot`");
    else
        help_numbers(f, diag);
    return false;
}

static bool check_one_hot_for_categorical(const Fit *f) {
    bool fits =
        f->info->target_one_hot || f->info->target.size == f->ending.units || f->ending.units == 0;
    bool is_picked = strcmp(f->written, f->loss) != 0;
    if (!loss_is(f, "categorical_crossentropy") || (fits && !target_is_label(f))) return true;
    Diag *diag = diag_report(
        f->c->sink, DIAG_E0304, f->training->loss_span, "`%s` compares with %s, but `%s` gives %s",
        f->written, is_picked ? "classes" : "one value a class", f->dataset, target_text(f));
    diag_label(diag, is_picked ? "needs class labels" : "needs one-hot targets");
    label_target(f, diag);
    if (target_is_label(f))
        diag_help(diag,
                  "write `loss = sparse_categorical_crossentropy`, or `-> one_hot(%s)` in `%s`",
                  f->info->target.name, f->dataset);
    else
        help_numbers(f, diag);
    return false;
}

static bool check_signs_for_binary(const Fit *f) {
    if (!loss_is(f, "binary_crossentropy") || !f->info->target_signs) return true;
    Diag *diag = diag_report(f->c->sink, DIAG_E0304, f->training->loss_span,
                             "`%s` compares with 0 or 1, but `%s` gives %s", f->written, f->dataset,
                             target_text(f));
    diag_label(diag, "needs yes or no");
    label_target(f, diag);
    help_numbers(f, diag);
    return false;
}

static bool check_labels_for_binary(const Fit *f) {
    if (!loss_is(f, "binary_crossentropy") || !target_is_label(f)) return true;
    if (f->ending.units <= 1 && f->info->classes <= 2) return true;
    Diag *diag;
    if (f->info->classes <= 2) {
        diag = diag_report(f->c->sink, DIAG_E0302, f->ending.node->span,
                           "the labels of `%s` are one number, but the last layer has %lld units",
                           f->dataset, (long long)f->ending.units);
        diag_label(diag, "%lld units", (long long)f->ending.units);
        label_target(f, diag);
        help_units(f, diag, 1);
        return false;
    }
    diag = diag_report(f->c->sink, DIAG_E0304, f->training->loss_span,
                       "`%s` compares with 0 or 1, but `%s` gives %s", f->written, f->dataset,
                       target_text(f));
    diag_label(diag, "needs yes or no");
    label_target(f, diag);
    diag_help(diag,
              "for %lld classes write `loss = sparse_categorical_crossentropy` and end with "
              "`dense(%lld, softmax)`",
              (long long)f->info->classes, (long long)f->info->classes);
    return false;
}

static const char *units_text(const Fit *f) {
    const char *plural = f->ending.units == 1 ? "" : "s";
    return arena_format(f->c->arena, "%lld unit%s", (long long)f->ending.units, plural);
}

static bool check_class_count(const Fit *f) {
    bool wants_classes =
        is_categorical(f) || (loss_is(f, "binary_crossentropy") && f->info->target_one_hot);
    if (!wants_classes || f->info->classes == 0 || f->ending.units == 0) return true;
    if (f->ending.units == f->info->classes) return true;
    long long classes = (long long)f->info->classes;
    Diag *diag = diag_report(f->c->sink, DIAG_E0302, f->ending.node->span,
                             "the last layer has %s, but `%s` has %lld classes", units_text(f),
                             f->dataset, classes);
    diag_label(diag, "%s", units_text(f));
    label_target(f, diag);
    help_units(f, diag, f->info->classes);
    const Call *source = &f->entry->dataset->stages.items[0];
    bool may_tell = f->ending.units > classes && schema_arg_index(source->schema, "classes") >= 0;
    if (may_tell)
        diag_help(diag, "if the labels do not show all classes, say `classes = %lld` in `%s`",
                  (long long)f->ending.units, source->schema->name);
    return false;
}

// Losses that compare number by number.
static bool check_labels_for_numbers(const Fit *f) {
    if (is_crossentropy(f) || !target_is_label(f) || f->ending.units == 0) return true;
    bool is_binary = f->ending.units == 1;
    if (is_binary && f->info->classes == 2 && loss_is(f, "hinge")) return true;
    Diag *diag = diag_report(f->c->sink, is_binary ? DIAG_W0303 : DIAG_E0304,
                             f->training->loss_span, "`%s` compares numbers, but `%s` gives %s",
                             f->written, f->dataset, target_text(f));
    diag_label(diag, is_binary ? "takes class labels for quantities" : "needs one number a unit");
    label_target(f, diag);
    if (!is_binary) diag_secondary(diag, f->ending.node->span, "%s", units_text(f));
    diag_help(diag, "write `loss = crossentropy`%s",
              is_binary ? "" : ", or make the labels one-hot");
    return is_binary;
}

// A dimension of 1 at the end may be left out on either side, as the losses take it.
static bool fits_target(const Type *output, const nnrt_column *target) {
    int64_t rank = output->rank < target->rank ? output->rank : target->rank;
    if (output->rank > rank + 1 || target->rank > rank + 1) return false;
    for (int64_t i = 0; i < rank; i++)
        if (output->dims[i] != target->shape[i]) return false;
    return type_elements(output) == target->size;
}

static bool check_target_shape(const Fit *f) {
    bool by_number = !is_categorical(f) && !target_is_label(f);
    if (!by_number || !knows_shape(f) || fits_target(&f->ending.node->type, &f->info->target))
        return true;
    if (f->info->target_one_hot && is_crossentropy(f)) return true; // check_class_count
    Diag *diag =
        diag_report(f->c->sink, DIAG_E0302, f->ending.node->span,
                    "the model gives %s for each sample, but `%s` gives %s",
                    shape_text(f->c->arena, &f->ending.node->type), f->dataset, target_text(f));
    diag_label(diag, "gives %s", type_text(f->c->arena, &f->ending.node->type));
    label_target(f, diag);
    if (f->info->target.rank <= 1 && f->ending.node->type.rank == 1)
        help_units(f, diag, f->info->target.size);
    return false;
}

// ---- Loss and last layer.

static Diag *report_ending(const Fit *f, const char *needs) {
    Diag *diag = diag_report(f->c->sink, DIAG_E0303, f->training->loss_span, "%s", needs);
    diag_secondary(diag, f->ending.span, "the last activation is `%s`", f->ending.activation);
    return diag;
}

static bool check_softmax_units(const Fit *f) {
    if (!has_activation(&f->ending, "softmax") || f->ending.units != 1) return true;
    Diag *diag =
        diag_report(f->c->sink, DIAG_E0303, f->ending.span, "softmax over one unit is always 1");
    diag_label(diag, "1 unit");
    diag_help(diag, "for yes or no write `dense(1, sigmoid)`");
    return false;
}

static bool check_logits(const Fit *f) {
    bool is_probability =
        has_activation(&f->ending, "softmax") || has_activation(&f->ending, "sigmoid");
    if (!from_logits(f) || !is_probability) return true;
    Diag *diag = report_ending(f, arena_format(f->c->arena,
                                               "`from_logits = true`, but the model ends with `%s`",
                                               f->ending.activation));
    diag_label(diag, "wants scores before `%s`", f->ending.activation);
    diag_help(diag, "remove `from_logits = true`, or the `%s`", f->ending.activation);
    return false;
}

static bool check_softmax_for_binary(const Fit *f) {
    if (!loss_is(f, "binary_crossentropy") || !has_activation(&f->ending, "softmax")) return true;
    Diag *diag = report_ending(f, "`binary_crossentropy` does not fit `softmax`");
    diag_label(diag, "wants independent probabilities");
    diag_help(diag, "write `sigmoid` in the last layer, or `loss = crossentropy`");
    return false;
}

static bool check_probabilities(const Fit *f) {
    if (!is_crossentropy(f) || from_logits(f) || !f->ending.activation) return true;
    const char *wanted = is_categorical(f) ? "softmax" : "sigmoid";
    if (has_activation(&f->ending, wanted)) return true;
    const char *message =
        arena_format(f->c->arena, "`%s` compares probabilities, but the model ends with `%s`",
                     f->written, f->ending.activation);
    bool is_sigmoid = has_activation(&f->ending, "sigmoid");
    if (has_activation(&f->ending, "linear"))
        message = arena_format(
            f->c->arena, "`%s` compares probabilities, but the model gives scores", f->written);
    if (is_sigmoid)
        message = arena_format(
            f->c->arena, "`%s` does not fit `sigmoid`: its values do not sum to 1", f->written);
    Diag *diag = diag_report(f->c->sink, DIAG_E0303, f->training->loss_span, "%s", message);
    diag_label(diag, "wants `%s`", wanted);
    if (has_activation(&f->ending, "linear")) {
        diag_secondary(diag, f->ending.span, "the last layer has no activation");
        diag_help(diag, "end the model with `%s`, or write `loss = %s(from_logits = true)`", wanted,
                  f->written);
    } else {
        diag_secondary(diag, f->ending.span, "the last activation is `%s`", f->ending.activation);
        diag_help(diag, "write `%s` in the last layer", wanted);
    }
    return false;
}

static void warn_scores(const Fit *f) {
    if (!from_logits(f) || !f->ending.activation || has_activation(&f->ending, "linear")) return;
    if (has_activation(&f->ending, "softmax") || has_activation(&f->ending, "sigmoid")) return;
    Diag *diag =
        diag_report(f->c->sink, DIAG_W0303, f->ending.span,
                    "`%s` limits the scores that `%s` takes", f->ending.activation, f->written);
    diag_label(diag, "the last activation");
    diag_secondary(diag, f->training->loss_span, "takes any score");
    diag_help(diag, "end the model without activation, or with `%s`",
              is_categorical(f) ? "softmax" : "sigmoid");
}

static void warn_regression(const Fit *f) {
    if (is_crossentropy(f) || f->info->classes > 0 || f->ending.units != 1) return;
    if (!has_activation(&f->ending, "sigmoid")) return;
    bool is_regression = loss_is(f, "mse") || loss_is(f, "mae");
    if (!is_regression) return;
    Diag *diag = diag_report(f->c->sink, DIAG_W0303, f->ending.span,
                             "`sigmoid` keeps the prediction between 0 and 1");
    diag_label(diag, "the last activation");
    label_target(f, diag);
    diag_help(diag, "for numbers of any size end with `dense(1)`");
}

// ---- Metrics.

static Diag *report_metric(const Fit *f, const Call *metric, const char *why) {
    Diag *diag = diag_report(f->c->sink, DIAG_E0305, metric->args->span, "`%s` %s",
                             metric->schema->name, why);
    return diag;
}

static bool is_regression_metric(const Call *metric) {
    return strcmp(metric->schema->name, "mae") == 0 || strcmp(metric->schema->name, "mse") == 0;
}

static void check_number_metric(const Fit *f, const Call *metric) {
    if (!target_is_label(f) || f->ending.units <= 1) return;
    Diag *diag = report_metric(f, metric,
                               arena_format(f->c->arena, "compares numbers, but `%s` gives %s",
                                            f->dataset, target_text(f)));
    diag_label(diag, "needs one number a unit");
    diag_secondary(diag, f->ending.node->span, "%s", units_text(f));
    diag_help(diag, "write `accuracy`");
}

static void check_class_metric(const Fit *f, const Call *metric) {
    Diag *diag;
    const MetricDef *def = metric_find(metric->schema->name);
    bool has_classes = f->info->classes > 0 || is_crossentropy(f) || !*f->loss;
    if (!has_classes) {
        diag = report_metric(f, metric,
                             arena_format(f->c->arena, "counts classes, but `%s` gives %s",
                                          f->dataset, target_text(f)));
        diag_label(diag, "needs classes");
        label_target(f, diag);
        diag_help(diag, "write `mae` or `mse`");
    } else if (def->needs_classes && f->ending.units == 1 && f->is_sound) {
        diag = report_metric(f, metric, "needs one unit a class, but the last layer has 1");
        diag_label(diag, "needs several classes");
        diag_secondary(diag, f->ending.node->span, "1 unit");
        diag_help(diag, "write `accuracy`");
    } else if (def->needs_binary && target_is_label(f) && f->ending.units > 1) {
        diag = report_metric(f, metric,
                             arena_format(f->c->arena, "is of yes or no, but `%s` gives %s",
                                          f->dataset, target_text(f)));
        diag_label(diag, "needs one unit, or one-hot targets");
        diag_secondary(diag, f->ending.node->span, "%s", units_text(f));
        diag_help(diag, "add `-> one_hot(%s)` to `%s`, or write `accuracy`", f->info->target.name,
                  f->dataset);
    }
}

// `sparse_categorical_accuracy` wants labels, `categorical_accuracy` one value a class.
static void check_label_metric(const Fit *f, const Call *metric) {
    bool is_sparse = strcmp(metric->schema->name, "sparse_categorical_accuracy") == 0;
    bool is_dense = strcmp(metric->schema->name, "categorical_accuracy") == 0;
    if (f->info->classes == 0 || f->ending.units <= 1) return;
    if (!(is_sparse && f->info->target_one_hot) && !(is_dense && target_is_label(f))) return;
    Diag *diag = report_metric(f, metric,
                               arena_format(f->c->arena, "compares with %s, but `%s` gives %s",
                                            is_sparse ? "class labels" : "one value a class",
                                            f->dataset, target_text(f)));
    diag_label(diag, "does not fit the target");
    label_target(f, diag);
    diag_help(diag, "write `accuracy`: it takes either");
}

static void check_top_k(const Fit *f, const Call *metric) {
    if (strcmp(metric->schema->name, "top_k") != 0 || f->ending.units <= 1 || !f->is_sound) return;
    if (args_int(metric->args, "k") < f->ending.units) return;
    Diag *diag = diag_report(f->c->sink, DIAG_W0303, metric->args->span,
                             "all of %lld classes are among the best %lld",
                             (long long)f->ending.units, (long long)args_int(metric->args, "k"));
    diag_label(diag, "always 1");
    diag_secondary(diag, f->ending.node->span, "%s", units_text(f));
}

static void check_metrics(const Fit *f) {
    for (int i = 0; i < f->training->metrics.count; i++) {
        const Call *metric = &f->training->metrics.items[i];
        if (is_regression_metric(metric)) {
            check_number_metric(f, metric);
            continue;
        }
        check_class_metric(f, metric);
        check_label_metric(f, metric);
        check_top_k(f, metric);
    }
}

// ---- All of it.

// Loss, target and number of units. A mistake that makes the later questions pointless ends them.
static bool check_target(const Fit *f) {
    if (!check_output_rank(f) || !check_softmax_for_binary(f) || !check_labels_for_binary(f) ||
        !check_signs_for_binary(f))
        return false;
    bool ok = check_labels_for_sparse(f) && check_one_hot_for_categorical(f);
    if (!ok && f->info->classes == 0) return false;
    ok = check_class_count(f) && ok;
    return ok && check_labels_for_numbers(f) && check_target_shape(f);
}

static bool check_ending(const Fit *f) {
    return check_logits(f) && check_softmax_for_binary(f) && check_probabilities(f);
}

static bool check_loss(const Fit *f) {
    if (!*f->loss) return true;
    if (!check_softmax_units(f)) return false;
    bool ok = !f->info || check_target(f);
    bool may_go_on = ok || (is_categorical(f) && f->ending.units > 1);
    ok = may_go_on && (!f->training->loss_args || check_ending(f)) && ok;
    if (!ok) return false;
    warn_scores(f);
    if (f->info) warn_regression(f);
    return true;
}

void checks_training(Checker *c, const TrainEntry *entry, const Training *training) {
    const Model *model = entry->model->model;
    if (!training->dataset || !model->forward) return;
    Fit f = {.c = c, .entry = entry, .training = training, .dataset = training->dataset->name};
    if (!check_one_output(&f, model) || !check_has_target(&f)) return;
    f.loss = training->loss ? training->loss->schema.name : "";
    f.written = training->loss_name ? training->loss_name : "";
    f.ending = checks_ending(entry->model);
    if (training->dataset->info.target.size > 0) f.info = &training->dataset->info;
    f.is_sound = check_loss(&f);
    if (f.info) check_metrics(&f);
}
