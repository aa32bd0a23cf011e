// Loss and last layer against the target of the data.
#include "fit.h"

#include <math.h>

// ---- What a target is.

// Is there a number for each vector of the output? A dimension of 1 at the end may be there.
static bool has_number_each(const Type *output, const nnrt_column *target) {
    int64_t rank = output->rank - 1;
    bool fits = target->rank == rank || (target->rank == rank + 1 && target->shape[rank] == 1);
    for (int64_t i = 0; fits && i < rank; i++) fits = output->dims[i] == target->shape[i];
    return fits;
}

// Whole numbers of places are labels beside an output of several channels, and numbers beside one
// that has a value for each of them.
TargetReading targets_read(const nnrt_target_info *target, const Ending *ending) {
    TargetReading reading = {target->classes > 0 && !target->one_hot, target->classes};
    const Node *node = ending->node;
    if (reading.is_label || !target->place_classes) return reading;
    if (!node || node->poisoned) { // tokens of text are nothing else
        if (target->column.dtype == NNRT_I32)
            reading = (TargetReading){true, target->place_classes};
        return reading;
    }
    if (ending->units > 1 && has_number_each(&node->type, &target->column))
        reading = (TargetReading){true, target->place_classes};
    return reading;
}

bool targets_are_labels(const Fit *f) {
    return targets_read(f->target, &f->ending).is_label;
}

int64_t targets_classes(const Fit *f) {
    return targets_read(f->target, &f->ending).classes;
}

// A single place counts as places where the output has it.
static bool are_of_places(const Fit *f) {
    if (!targets_are_labels(f)) return false;
    if (f->target->column.size > 1) return true;
    const Type *output = fit_knows_shape(f) ? &f->ending.node->type : NULL;
    return output && output->rank > 1 && has_number_each(output, &f->target->column);
}

static bool is_named(const Node *node, const char *name) {
    return strcmp(node->op->schema.name, name) == 0;
}

static const Call *find_encoder(const Fit *f) {
    const Dataset *dataset = f->entry->dataset;
    for (int i = 0; i < dataset->stages.count; i++)
        if (dataset_stage_does(dataset, i, NNRT_ENCODES)) return &dataset->stages.items[i];
    return NULL;
}

static Span target_span(const Fit *f) {
    const Call *one_hot = f->target->one_hot ? find_encoder(f) : NULL;
    return one_hot ? one_hot->args->span : f->entry->dataset->span;
}

// The shape of a target, or of its places.
static const char *column_text(const Fit *f) {
    const nnrt_column *target = &f->target->column;
    int rank = (int)target->rank;
    if (are_of_places(f)) rank = f->ending.node->type.rank - 1;
    Type type = type_make(DTYPE_F32, true, rank, target->shape);
    return shape_text(f->c->arena, &type);
}

const char *targets_text(const Fit *f) {
    const nnrt_target_info *target = f->target;
    Arena *arena = f->c->arena;
    long long classes = (long long)targets_classes(f);
    if (target->one_hot) return arena_format(arena, "one-hot targets of %lld classes", classes);
    if (are_of_places(f))
        return arena_format(arena, "labels 0 to %lld at %s places", classes - 1, column_text(f));
    if (classes > 0) return arena_format(arena, "labels 0 to %lld", classes - 1);
    if (target->signs) return "the signs -1 and 1";
    if (target->column.size == 1) return "one number a sample";
    return arena_format(arena, "targets of %s", column_text(f));
}

void targets_label(const Fit *f, Diag *diag) {
    diag_secondary(diag, target_span(f), "`%s` gives %s", f->dataset, targets_text(f));
}

// ---- Remedies.

// The last layer's call with other units, as far as that can be shown.
static void help_units(const Fit *f, Diag *diag, int64_t units) {
    const char *activation = f->ending.activation ? f->ending.activation : "linear";
    if (fit_is_categorical(f) && !fit_has_logits(f)) activation = "softmax";
    if (units == 1 && strcmp(activation, "softmax") == 0) activation = "linear"; // always 1
    if (!is_named(f->ending.node, "dense"))
        diag_help(diag, "end the model with %lld %s%s", (long long)units,
                  f->ending.node->type.rank > 1 ? "channel" : "unit", units == 1 ? "" : "s");
    else if (strcmp(activation, "linear") == 0)
        diag_help(diag, "write `dense(%lld)`", (long long)units);
    else
        diag_help(diag, "write `dense(%lld, %s)`", (long long)units, activation);
}

// Labels are often saved as fractions by mistake.
static void help_numbers(const Fit *f, Diag *diag) {
    if (f->target->signs) {
        diag_help(diag, "save 0 and 1 instead, or write `loss = hinge`");
        return;
    }
    const Call *source = &f->entry->dataset->stages.items[0];
    bool may_tell = !*f->target->not_labels && schema_arg_index(source->schema, "classes") >= 0;
    if (may_tell)
        diag_help(diag,
                  "for class labels save whole numbers, as with `.astype(int)`, or say `classes = "
                  "%s` in `%s`",
                  f->ending.units > 1 ? text_of_number(f->c->arena, (double)f->ending.units) : "n",
                  source->schema->name);
    if (*f->target->not_labels) diag_note(diag, "%s", f->target->not_labels);
    diag_help(diag, "for numbers write `loss = mse`");
}

// ---- The output's shape and the target's.

// The first `dense` of a chain that works on places: where a `flatten` was forgotten.
static const Node *dense_of_places(const Node *node) {
    const Node *found = NULL;
    for (; node->input_count && node->inputs[0]->type.rank > 1; node = node->inputs[0])
        if (is_named(node, "dense")) found = node;
    return found;
}

// "[28, 28]", of bytes as well
static const char *plain_text(const Fit *f, const Type *type) {
    Type plain = *type;
    plain.dtype = DTYPE_F32;
    return type_text(f->c->arena, &plain);
}

static void help_flatten(const Fit *f, Diag *diag, const Node *dense) {
    if (!dense) {
        diag_help(diag, "put `-> flatten` before the last layers, or a global pool");
        return;
    }
    const Type *input = &dense->inputs[0]->type;
    diag_help(diag, "put `-> flatten` before %s: %s becomes [%lld]",
              input->rank > 2 ? "it" : "the first `dense`", plain_text(f, input),
              (long long)type_elements(input));
}

// One class a sample wants one vector a sample: the usual slip is a forgotten `flatten`.
bool targets_check_rank(const Fit *f) {
    const Node *node = f->ending.node;
    if (!fit_knows_shape(f) || f->target->column.rank > 1 || node->type.rank <= 1) return true;
    bool is_class = targets_are_labels(f) || f->target->one_hot;
    bool has_places = f->target->place_classes && f->target->column.size > 1;
    if (has_places || are_of_places(f) || (!fit_is_categorical(f) && !is_class)) return true;
    const Node *dense = dense_of_places(node);
    bool is_picture = dense && dense->inputs[0]->type.rank > 2;
    if (dense) node = dense;
    Diag *diag = diag_report(f->c->sink, is_picture ? DIAG_E0203 : DIAG_E0302, node->span,
                             "the model gives %s for each sample, but `%s` %s",
                             shape_text(f->c->arena, &f->ending.node->type), f->dataset,
                             is_class ? "has one label for each"
                                      : arena_format(f->c->arena, "gives %s", targets_text(f)));
    diag_label(diag, "gives %s", type_text(f->c->arena, &node->type));
    targets_label(f, diag);
    help_flatten(f, diag, dense);
    return false;
}

// A dimension of 1 at the end may be left out on either side, as the losses take it.
static bool fits_target(const Type *output, const nnrt_column *target) {
    int64_t rank = output->rank < target->rank ? output->rank : target->rank;
    if (output->rank > rank + 1 || target->rank > rank + 1) return false;
    for (int64_t i = 0; i < rank; i++)
        if (output->dims[i] != target->shape[i]) return false;
    return type_elements(output) == target->size;
}

// The call of a layer that gives the last step only, though it could give all: it, or one within.
static const Args *last_step_args(const Args *args) {
    if (!args) return NULL;
    bool has_choice = schema_arg_index(args->schema, "return_sequences") >= 0;
    if (has_choice) return args_bool(args, "return_sequences") ? NULL : args;
    for (int i = 0; i < args->count; i++)
        if (last_step_args(args->values[i].args)) return args->values[i].args;
    return NULL;
}

static void help_places(const Fit *f, Diag *diag) {
    const Node *node = f->ending.node;
    while (node->input_count && !last_step_args(node->args)) node = node->inputs[0];
    const Args *args = last_step_args(node->args);
    if (!args) {
        diag_help(diag, "the output has the places of the target, and then the classes: `padding = "
                        "same` keeps them, `upsample` and `conv2d_transpose` bring them back");
        return;
    }
    diag_secondary(diag, node->span, "gives the last step only");
    diag_help(diag, "write `return_sequences = true` in `%s`, which gives all steps then",
              args->schema->name);
}

// Labels of places want as many places.
static bool check_places(const Fit *f) {
    bool are_places = f->target->place_classes > 0 && !f->target->one_hot;
    if (!are_places || !fit_knows_shape(f) || !fit_is_categorical(f)) return true;
    const Type *output = &f->ending.node->type;
    if (targets_are_labels(f) || fits_target(output, &f->target->column)) return true;
    Diag *diag =
        diag_report(f->c->sink, DIAG_E0302, f->ending.node->span,
                    "the model gives %s for each sample, but `%s` has labels at %s place%s",
                    shape_text(f->c->arena, output), f->dataset, column_text(f),
                    f->target->column.size == 1 ? "" : "s");
    diag_label(diag, "gives %s", type_text(f->c->arena, output));
    diag_secondary(diag, target_span(f), "`%s` has labels at %s places", f->dataset,
                   column_text(f));
    help_places(f, diag);
    return false;
}

static bool check_target_shape(const Fit *f) {
    bool by_number = !fit_compares_with(f, TARGET_CLASS) && !targets_are_labels(f);
    if (!by_number || !fit_knows_shape(f) || fits_target(&f->ending.node->type, &f->target->column))
        return true;
    bool is_counted = f->target->one_hot && f->target->column.rank <= 1;
    if (is_counted && fit_is_classifier(f)) return true; // check_class_count
    Diag *diag = diag_report(f->c->sink, DIAG_E0302, f->ending.node->span,
                             "the model gives %s for each sample, but `%s` gives %s",
                             shape_text(f->c->arena, &f->ending.node->type), f->dataset,
                             arena_format(f->c->arena, "targets of %s", column_text(f)));
    diag_label(diag, "gives %s", type_text(f->c->arena, &f->ending.node->type));
    targets_label(f, diag);
    if (f->target->column.rank <= 1 && f->ending.node->type.rank == 1)
        help_units(f, diag, f->target->column.size);
    return false;
}

// ---- The kind of the target and the loss.

static bool check_labels_for_sparse(const Fit *f) {
    if (!fit_compares_with(f, TARGET_CLASS) || targets_are_labels(f)) return true;
    Diag *diag = diag_report(f->c->sink, DIAG_E0304, f->own->span,
                             "`%s` compares with class labels, but `%s` gives %s", f->written,
                             f->dataset, targets_text(f));
    diag_label(diag, "needs class labels");
    targets_label(f, diag);
    if (f->target->one_hot)
        diag_help(diag, "write `loss = categorical_crossentropy`, or remove `one_hot`");
    else
        help_numbers(f, diag);
    return false;
}

static bool has_value_each(const Fit *f) {
    if (f->target->one_hot || f->ending.units == 0) return true;
    if (!fit_knows_shape(f)) return f->target->column.size == f->ending.units;
    return type_elements(&f->ending.node->type) == f->target->column.size;
}

static bool check_one_hot_for_categorical(const Fit *f) {
    bool is_picked = strcmp(f->written, f->loss->schema.name) != 0;
    if (!fit_is_categorical(f) || !fit_compares_with(f, TARGET_SHARES)) return true;
    if (has_value_each(f) && !targets_are_labels(f)) return true;
    Diag *diag = diag_report(
        f->c->sink, DIAG_E0304, f->own->span, "`%s` compares with %s, but `%s` gives %s",
        f->written, is_picked ? "classes" : "one value a class", f->dataset, targets_text(f));
    diag_label(diag, is_picked ? "needs class labels" : "needs one-hot targets");
    targets_label(f, diag);
    if (are_of_places(f))
        diag_help(diag, "write `loss = sparse_categorical_crossentropy`");
    else if (targets_are_labels(f))
        diag_help(diag,
                  "write `loss = sparse_categorical_crossentropy`, or `-> one_hot(%s)` in `%s`",
                  f->target->column.name, f->dataset);
    else
        help_numbers(f, diag);
    return false;
}

static bool check_signs_for_binary(const Fit *f) {
    if (!fit_compares_with(f, TARGET_DECISION) || !f->target->signs) return true;
    Diag *diag = diag_report(f->c->sink, DIAG_E0304, f->own->span,
                             "`%s` compares with 0 or 1, but `%s` gives %s", f->written, f->dataset,
                             targets_text(f));
    diag_label(diag, "needs yes or no");
    targets_label(f, diag);
    help_numbers(f, diag);
    return false;
}

static void report_units_for_binary(const Fit *f) {
    Diag *diag = diag_report(f->c->sink, DIAG_E0302, f->ending.node->span,
                             "the labels of `%s` are one number%s, but the last layer has %lld "
                             "units",
                             f->dataset, are_of_places(f) ? " at each place" : "",
                             (long long)f->ending.units);
    diag_label(diag, "%lld units", (long long)f->ending.units);
    targets_label(f, diag);
    help_units(f, diag, 1);
}

static bool check_labels_for_binary(const Fit *f) {
    if (!fit_compares_with(f, TARGET_DECISION) || !targets_are_labels(f)) return true;
    long long classes = (long long)targets_classes(f);
    if (f->ending.units <= 1 && classes <= 2) return true;
    if (classes <= 2) {
        report_units_for_binary(f);
        return false;
    }
    Diag *diag = diag_report(f->c->sink, DIAG_E0304, f->own->span,
                             "`%s` compares with 0 or 1, but `%s` gives %s", f->written, f->dataset,
                             targets_text(f));
    diag_label(diag, "needs yes or no");
    targets_label(f, diag);
    if (are_of_places(f))
        diag_help(diag,
                  "for %lld classes write `loss = sparse_categorical_crossentropy` and end with "
                  "`softmax` over %lld channels",
                  classes, classes);
    else
        diag_help(diag,
                  "for %lld classes write `loss = sparse_categorical_crossentropy` and end with "
                  "`dense(%lld, softmax)`",
                  classes, classes);
    if (f->target->is_open) diag_help(diag, "for numbers write `loss = mse`");
    return false;
}

// Are there nearly as many classes as rows, so that hardly one can be learnt? That is a number or
// an id.
static bool is_another_each_row(const Fit *f) {
    enum { MANY = 1000 };
    int64_t classes = targets_classes(f);
    return targets_are_labels(f) && !are_of_places(f) && classes > MANY &&
           classes > f->entry->dataset->info.train_rows / 2;
}

static void help_each_row(const Fit *f, Diag *diag) {
    const char *name = f->target->column.name;
    if (f->target->is_open)
        diag_help(diag,
                  "if `%s` is a number to be predicted, write `loss = mse` and end with a single "
                  "number, as `dense(1)` does",
                  name);
    diag_help(diag,
              "if `%s` is an id or a name, which nothing can be learnt from, name another "
              "column as `target`",
              name);
}

static void warn_each_row(const Fit *f) {
    if (!is_another_each_row(f)) return;
    Diag *diag =
        diag_report(f->c->sink, DIAG_W0303, target_span(f),
                    "the target has %lld classes, and there are %lld training rows",
                    (long long)targets_classes(f), (long long)f->entry->dataset->info.train_rows);
    diag_label(diag, "about a class a row");
    help_each_row(f, diag);
}

// Places need not show all the classes: there may be few of them.
static bool check_class_count(const Fit *f) {
    long long classes = (long long)targets_classes(f), units = (long long)f->ending.units;
    bool wants_classes =
        fit_is_categorical(f) || (fit_compares_with(f, TARGET_DECISION) && f->target->one_hot);
    if (wants_classes && units == classes) warn_each_row(f);
    if (!wants_classes || classes == 0 || units == 0 || units == classes) return true;
    if (are_of_places(f) && units > classes && f->target->is_open) return true;
    Diag *diag = diag_report(f->c->sink, DIAG_E0302, f->ending.node->span,
                             "the last layer has %s, but `%s` has %lld class%s", fit_units_text(f),
                             f->dataset, classes, classes == 1 ? "" : "es");
    diag_label(diag, "%s", fit_units_text(f));
    targets_label(f, diag);
    if (is_another_each_row(f))
        help_each_row(f, diag);
    else
        help_units(f, diag, classes);
    const Call *source = &f->entry->dataset->stages.items[0];
    bool may_tell = units > classes && schema_arg_index(source->schema, "classes") >= 0;
    if (may_tell)
        diag_help(diag, "if the labels do not show all classes, say `classes = %lld` in `%s`",
                  units, source->schema->name);
    return false;
}

// Losses that compare number by number. Whole numbers of a file may well be quantities.
static bool check_labels_for_numbers(const Fit *f) {
    if (fit_is_classifier(f) || !targets_are_labels(f) || f->ending.units == 0) return true;
    bool is_single = f->ending.units == 1;
    if (is_single && (f->target->is_open || f->loss->unit_classes)) return true;
    Diag *diag = diag_report(f->c->sink, is_single ? DIAG_W0303 : DIAG_E0304, f->own->span,
                             "`%s` compares numbers, but `%s` gives %s", f->written, f->dataset,
                             targets_text(f));
    diag_label(diag, is_single ? "takes class labels for quantities" : "needs one number a unit");
    targets_label(f, diag);
    if (!is_single) diag_secondary(diag, f->ending.node->span, "%s", fit_units_text(f));
    diag_help(diag, "write `loss = crossentropy`%s",
              is_single ? "" : ", or make the labels one-hot");
    return is_single;
}

// ---- The numbers that a loss takes.

static const char *place_text(const Fit *f, const nnrt_target_value *value) {
    return arena_format(f->c->arena, "%.9g in row %lld (counted from 0)%s", value->value,
                        (long long)value->row, value->is_test ? " of the test part" : "");
}

static const char *domain_text(const Fit *f) {
    double low = f->loss->target_low, high = f->loss->target_high;
    const char *from = text_of_number(f->c->arena, low);
    if (isinf(high)) return arena_format(f->c->arena, "of %s or more", from);
    return arena_format(f->c->arena, "from %s to %s", from, text_of_number(f->c->arena, high));
}

static void help_domain(const Fit *f, Diag *diag) {
    int64_t classes = f->target->place_classes;
    if (classes > 2 && f->target->column.size > 1 && fit_is_classifier(f))
        diag_help(diag, "for %lld classes at each place end with `softmax` over %lld channels",
                  (long long)classes, (long long)classes);
    else if (fit_is_classifier(f))
        diag_help(diag, "for numbers write `loss = mse`, and end with a layer that has no "
                        "activation");
    else if (isinf(f->loss->target_high))
        diag_help(diag, "`%s` is for counts: for other numbers write `loss = mse`", f->written);
    else if (f->loss->unit_classes)
        diag_help(diag, "`%s` takes -1 and 1, or 0 and 1: for numbers write `loss = mse`",
                  f->written);
    else
        diag_help(diag, "`%s` compares probabilities: for numbers write `loss = mse`", f->written);
}

static bool check_domain(const Fit *f) {
    double low = f->loss->target_low, high = f->loss->target_high;
    nnrt_target_value least = f->target->lowest, most = f->target->highest;
    if (low == 0 && high == 0) return true;
    if (targets_are_labels(f)) most.value = (double)(targets_classes(f) - 1);
    const nnrt_target_value *value = least.value < low ? &least : most.value > high ? &most : NULL;
    if (!value) return true;
    Diag *diag = targets_are_labels(f)
                     ? diag_report(f->c->sink, DIAG_E0304, f->own->span,
                                   "`%s` takes targets %s, but `%s` gives %s", f->written,
                                   domain_text(f), f->dataset, targets_text(f))
                     : diag_report(f->c->sink, DIAG_E0304, f->own->span,
                                   "`%s` takes targets %s, but `%s` has %s", f->written,
                                   domain_text(f), f->dataset, place_text(f, value));
    diag_label(diag, "takes numbers %s", domain_text(f));
    targets_label(f, diag);
    help_domain(f, diag);
    return false;
}

// float32 sums of a thousand shares are as near.
static const double largest_deviation = 1e-3;

static void warn_shares(const Fit *f) {
    const nnrt_target_value *uneven = &f->target->uneven;
    if (!fit_compares_with(f, TARGET_SHARES) || targets_are_labels(f)) return;
    if (fabs(uneven->value - 1) <= largest_deviation) return;
    Diag *diag = diag_report(f->c->sink, DIAG_W0303, f->own->span,
                             "`%s` compares with shares of classes, but those of `%s` sum to %s",
                             f->written, f->dataset, place_text(f, uneven));
    diag_label(diag, "takes shares that sum to 1");
    targets_label(f, diag);
    if (fit_is_classifier(f))
        diag_help(diag, "where several classes may be right at once, end with `sigmoid` and write "
                        "`loss = binary_crossentropy`");
}

bool targets_check(const Fit *f) {
    if (!check_labels_for_binary(f) || !check_signs_for_binary(f) || !check_places(f)) return false;
    bool ok = check_labels_for_sparse(f) && check_one_hot_for_categorical(f);
    if (!ok && targets_classes(f) == 0) return false;
    ok = check_class_count(f) && ok;
    ok = ok && check_labels_for_numbers(f) && check_target_shape(f) && check_domain(f);
    if (ok) warn_shares(f);
    return ok;
}
