// Train blocks: which model on which data, with what loss, optimizer and metrics.
#include "../check.h"

#include <stdlib.h>

enum {
    TRAIN_LOSS,
    TRAIN_OPTIMIZER,
    TRAIN_METRICS,
    TRAIN_EPOCHS,
    TRAIN_BATCH,
    TRAIN_ACCUMULATE,
    TRAIN_PRECISION,
    TRAIN_REGULARIZE,
    TRAIN_CALLBACKS,
    TRAIN_INIT,
    TRAIN_SAMPLES,
    TRAIN_TARGET,
    TRAIN_LOSS_WEIGHTS,
    TRAIN_CLASS_WEIGHT,
    TRAIN_SAMPLE_WEIGHT,
    TRAIN_WEIGHTED_METRICS,
    TRAIN_FREEZE,
    TRAIN_UNFREEZE,
    TRAIN_ENTRIES
};

// The entries in the order above. Those of a type NAME or NAMES have readers of their own.
static const ArgDef train_entries[] = {
    {.name = "loss", .type = ARG_NAME, .keras_name = "criterion"},
    {.name = "optimizer", .type = ARG_NAME, .keras_name = "optimiser"},
    {.name = "metrics", .type = ARG_NAMES, .keras_name = "metric"},
    {.name = "epochs",
     .type = ARG_INT,
     .default_text = "1",
     .minimum = 1,
     .maximum = 1 << 30,
     .keras_name = "nb_epoch"},
    {.name = "batch",
     .type = ARG_INT,
     .default_text = "32",
     .minimum = 1,
     .maximum = 1 << 20,
     .keras_name = "batch_size"},
    {.name = "accumulate",
     .type = ARG_INT,
     .default_text = "1",
     .minimum = 1,
     .maximum = 1 << 20,
     .keras_name = "gradient_accumulation_steps accumulate_grad_batches accumulation"},
    {.name = "precision",
     .type = ARG_WORD,
     .choices = "float32 bfloat16",
     .default_text = "float32",
     .known_words = "bf16=bfloat16 mixed_bfloat16=bfloat16 bf16-mixed=bfloat16 bf16-true=bfloat16 "
                    "f16=bfloat16 fp16=bfloat16 float16=bfloat16 half=bfloat16 mixed=bfloat16 "
                    "mixed_float16=bfloat16 16-mixed=bfloat16 true=bfloat16 f32=float32 "
                    "fp32=float32 single=float32 full=float32 false=float32 tf32=float32 "
                    "tensorfloat32=float32 f64=float32 fp64=float32 float64=float32 double=float32",
     .words_doc = "products are of float32, or of bfloat16, which has float32's range: no loss is "
                  "scaled",
     .keras_name = "mixed_precision dtype_policy dtype amp autocast"},
    {.name = "regularize",
     .type = ARG_REGULARIZER,
     .default_text = "none",
     .keras_name = "regularizer kernel_regularizer"},
    {.name = "callbacks", .type = ARG_NAMES, .keras_name = "callback"},
    {.name = "init",
     .type = ARG_INITIALIZER,
     .default_text = "none",
     .keras_name = "initializer kernel_initializer"},
    {.name = "samples", .type = ARG_NAME},
    {.name = "target", .type = ARG_NAMES, .keras_name = "targets y"},
    {.name = "loss_weights", .type = ARG_NAMES},
    {.name = "class_weight", .type = ARG_NAMES, .keras_name = "class_weights"},
    {.name = "sample_weight", .type = ARG_NAME, .keras_name = "sample_weights"},
    {.name = "weighted_metrics", .type = ARG_NAMES},
    {.name = "freeze", .type = ARG_NAMES, .keras_name = "frozen"},
    {.name = "unfreeze", .type = ARG_NAMES},
    {0},
};

typedef struct Setup {
    Checker *c;
    const TrainEntry *entry;
    Training *training;
    TrainStep *step; // of the short form
    const Ast *given[TRAIN_ENTRIES];
    bool has_unknown; // an entry that may be meant for a missing one
} Setup;

// ---- Models and datasets.

static Dataset *find_dataset(Checker *c, const Ast *ast) {
    if (!ast || ast->kind == AST_ERROR) return NULL;
    const Value *value = ast->kind == AST_NAME ? scope_find(c->globals, ast->text) : NULL;
    if (value && value->kind == VALUE_DATASET)
        return value->dataset->is_broken ? NULL : value->dataset;
    if (value && (value->kind == VALUE_ERROR || map_get(&c->clashing, ast->text))) return NULL;
    if (value) {
        Diag *diag = diag_report(c->sink, DIAG_E0201, ast->span, "`train` wants a dataset, not %s",
                                 value_describe(c->arena, value));
        diag_label(diag, "expected a dataset");
        return NULL;
    }
    Dataset *dataset = dataset_declare(c, "data", ast->span, ast);
    vec_push(c->arena, &c->program->datasets, dataset);
    return dataset->is_broken ? NULL : dataset;
}

static ModelEntry *find_model(Checker *c, const Ast *ast) {
    if (ast->kind != AST_NAME) return NULL;
    const Value *value = scope_find(c->globals, ast->text);
    if (value && value->kind == VALUE_MODEL) return value->model;
    if (value && map_get(&c->clashing, ast->text)) return NULL;
    if (value) {
        Diag *diag = diag_report(c->sink, DIAG_E0201, ast->span, "`train` wants a model, not %s",
                                 value_describe(c->arena, value));
        diag_label(diag, "expected a model");
        return NULL;
    }
    NameList names = {0};
    for (int i = 0; i < c->models.count; i++)
        vec_push(c->arena, &names, c->models.items[i]->declaration->text);
    for (int i = 0; i < names.count; i++) { // one of them was meant: it is used, and has data
        map_set(&c->suggested, names.items[i], (void *)names.items[i]);
        c->models.items[i]->has_training = true;
    }
    vec_push(c->arena, &names, NULL);
    names_unknown(c, NULL, "model", ast->text, ast->span, names.items);
    return NULL;
}

// One whose head has a mistake, which is reported, is a step all the same.
static bool is_step(const Checker *c, const Ast *ast) {
    if (ast->kind != AST_ERROR) return ast->kind == AST_STEP;
    return strncmp(sources_text(c->sources, ast->span), "step ", 5) == 0;
}

static bool has_steps(const Checker *c, const Ast *train) {
    for (int i = 0; train->body && i < train->body->items.count; i++)
        if (is_step(c, train->body->items.items[i])) return true;
    return false;
}

static bool has_several(const Ast *train) {
    for (int i = 1; i < train->items.count; i++)
        if (strcmp(train->items.items[i]->text, train->items.items[0]->text) != 0) return true;
    return false;
}

// What several models make together only a step can say.
static void report_several(Checker *c, const Ast *train) {
    Diag *diag = diag_report(c->sink, DIAG_E0206, train->items.items[1]->span,
                             "models that are trained together need steps");
    diag_label(diag, "the second model");
    diag_help(diag, "write `step NAME updates %s with adam { minimize ... }`",
              train->items.items[0]->text);
}

static const Ast *find_init(const Ast *train) {
    for (int i = 0; train->body && i < train->body->items.count; i++) {
        const Ast *ast = train->body->items.items[i];
        if (ast->kind == AST_ASSIGN && strcmp(ast->text, train_entries[TRAIN_INIT].name) == 0)
            return ast->left;
    }
    return NULL;
}

// NULL: reported, or none.
static const ArgValue *read_init(Checker *c, const Ast *init) {
    ArgValue *value = ARENA_NEW(c->arena, ArgValue);
    *value = (ArgValue){.is_set = true, .span = init->span};
    bool ok = bind_value(c, c->globals, &train_entries[TRAIN_INIT], "train", init, value);
    value->origin = "by train";
    return ok && value->callee ? value : NULL;
}

// Weights start once: with what the first `train` block says.
static void declare_init(Checker *c, ModelEntry *model, const Ast *train, bool is_first) {
    const Ast *init = find_init(train);
    if (!init) return;
    if (is_first) {
        model->init = read_init(c, init);
        return;
    }
    Diag *diag = diag_report(c->sink, DIAG_E0206, init->span,
                             "the weights of `%s` start once, before its first `train` block",
                             model->declaration->text);
    diag_label(diag, "in a later block");
    diag_help(diag, "write `init` in the first one");
}

// The first short form says what a model's inputs are, even after steps, where names do.
static void give_dataset(const TrainEntry *entry, ModelEntry *model) {
    bool is_first = !model->has_training || (model->by_name && !entry->has_steps);
    if (is_first) model->by_name = entry->has_steps;
    if (is_first || !model->dataset) model->dataset = entry->dataset;
}

void training_declare(Checker *c, const Ast *train) {
    TrainEntry *entry = ARENA_NEW(c->arena, TrainEntry);
    *entry = (TrainEntry){.ast = train, .has_steps = has_steps(c, train)};
    entry->dataset = find_dataset(c, train->right);
    if (entry->dataset && c->first_dataset && entry->dataset != c->first_dataset)
        entry->dataset->prefix = entry->dataset->name;
    if (!c->first_dataset) c->first_dataset = entry->dataset;
    bool is_several = has_several(train);
    for (int i = 0; i < train->items.count; i++) {
        if (updates_is_again(c, &train->items, i, "trained")) continue;
        ModelEntry *model = find_model(c, train->items.items[i]);
        if (!model) continue;
        vec_push(c->arena, &entry->models, model);
        declare_init(c, model, train, !model->has_training);
        if (entry->has_steps || !is_several) give_dataset(entry, model);
        model->has_training = true;
    }
    if (is_several && !entry->has_steps) {
        report_several(c, train);
        return;
    }
    entry->model = entry->models.count ? entry->models.items[0] : NULL;
    vec_push(c->arena, &c->trainings, entry);
}

// ---- Optimizer.

// Keras 3 allows one way of clipping.
static void check_clipping(Setup *s, const Args *args) {
    static const char *const ways[] = {"clip_norm", "clip_value", "global_clip_norm"};
    const ArgValue *first = NULL;
    for (int i = 0; i < 3; i++) {
        const ArgValue *value = args_get(args, ways[i]);
        if (!value->is_set) continue;
        if (first) {
            Diag *diag = diag_report(s->c->sink, DIAG_E0206, value->span,
                                     "gradients are clipped in one way");
            diag_label(diag, "the second way");
            diag_secondary(diag, first->span, "the first way");
        }
        first = value;
    }
}

// Keras takes what says how to average, and averages nothing.
static void check_averaging(Setup *s, const Args *args) {
    static const char *const ways[] = {"ema_momentum", "ema_overwrite_frequency"};
    for (int i = 0; i < 2 && args_get(args, "use_ema")->is_default; i++) {
        const ArgValue *value = args_get(args, ways[i]);
        if (value->is_default || !value->is_set) continue;
        Diag *diag = diag_report(s->c->sink, DIAG_E0206, value->span,
                                 "`%s` says how to average, but nothing is averaged", ways[i]);
        diag_label(diag, "without `use_ema`");
        diag_help(diag, "add `use_ema = true`, or leave `%s` out", ways[i]);
    }
}

static void read_optimizer(Setup *s, const Ast *ast) {
    bool ok = true;
    const Schema *schema = family_find(s->c, &ast, &vocabulary[FAMILY_OPTIMIZERS]);
    if (!schema) return;
    const OptimizerDef *optimizer = s->step->optimizer = optimizer_find(schema->name);
    s->step->optimizer_span = ast->span;
    s->step->optimizer_args = bind_call(s->c, s->c->globals, &optimizer->schema, ast, 0, &ok);
    check_clipping(s, s->step->optimizer_args);
    check_averaging(s, s->step->optimizer_args);
    if (ok) schedule_check(s->c, s->step->optimizer_args);
}

// ---- Entries.

static int find_entry(const char *name) {
    for (int i = 0; i < TRAIN_ENTRIES; i++)
        if (strcmp(train_entries[i].name, name) == 0) return i;
    return -1;
}

bool training_takes_word(const char *entry) {
    int row = find_entry(entry);
    return row >= 0 && train_entries[row].type == ARG_WORD;
}

static void collect_entry(Setup *s, const Ast *ast) {
    int row = find_entry(ast->text);
    if (row < 0) {
        const ArgDef *def = bind_unknown(s->c, train_entries, "train", "entry", ast);
        s->has_unknown = true;
        if (!def) return;
        row = (int)(def - train_entries);
    }
    if (!s->given[row]) {
        s->given[row] = ast->left;
        return;
    }
    Diag *diag = diag_report(s->c->sink, DIAG_E0104, ast->span, "`%s` is given twice", ast->text);
    diag_label(diag, "the second value");
    diag_secondary(diag, s->given[row]->span, "the first value");
}

static void collect_entries(Setup *s, const Ast *body) {
    for (int i = 0; body && i < body->items.count; i++) {
        const Ast *ast = body->items.items[i];
        Diag *diag = NULL;
        if (ast->kind == AST_ASSIGN) {
            collect_entry(s, ast);
            continue;
        }
        if (ast->kind == AST_ERROR || ast->kind == AST_STEP) continue;
        s->has_unknown = true;
        diag = diag_report(s->c->sink, DIAG_E0004, ast->span, "an entry of `train` has a name");
        diag_label(diag, "expected `name = value`");
    }
}

static int64_t read_number(Setup *s, int row) {
    const ArgDef *def = &train_entries[row];
    ArgValue value = {.number = atof(def->default_text)};
    if (s->given[row]) bind_value(s->c, s->c->globals, def, "train", s->given[row], &value);
    return (int64_t)value.number;
}

static Precision read_precision(Setup *s) {
    const Ast *given = s->given[TRAIN_PRECISION];
    ArgValue value = {.text = ""};
    if (given)
        bind_value(s->c, s->c->globals, &train_entries[TRAIN_PRECISION], "train", given, &value);
    if (s->c->options->precision != PRECISION_UNSAID) return s->c->options->precision;
    return value.text && !strcmp(value.text, "bfloat16") ? PRECISION_BFLOAT16 : PRECISION_FLOAT32;
}

static void read_regularizer(Setup *s, const Ast *ast) {
    ArgValue value = {.is_set = true};
    if (!bind_value(s->c, s->c->globals, &train_entries[TRAIN_REGULARIZE], "train", ast, &value))
        return;
    s->step->regularizer = value.callee;
    s->step->regularizer_args = value.args;
}

static const char *example_loss(const Dataset *dataset) {
    bool is_number =
        dataset && dataset->info.target_count > 0 && dataset->info.targets[0].classes == 0;
    return is_number ? "mse" : "crossentropy";
}

// A missing loss and a missing optimizer are one message: the block is not finished.
static void report_missing(Setup *s) {
    const Ast *train = s->entry->ast;
    bool has_loss = s->given[TRAIN_LOSS], has_optimizer = s->given[TRAIN_OPTIMIZER];
    Span span = train->items.count ? train->items.items[0]->span : train->span;
    if ((has_loss && has_optimizer) || s->has_unknown || s->c->gaps.count) return;
    const char *missing = has_loss ? "`optimizer`" : "`loss`";
    if (!has_loss && !has_optimizer) missing = "`loss` and no `optimizer`";
    Diag *diag = diag_report(s->c->sink, DIAG_E0301, span, "this `train` block has no %s", missing);
    diag_label(diag, "no %s", missing);
    if (!has_loss) diag_help(diag, "write `loss = %s`", example_loss(s->entry->dataset));
    if (!has_optimizer) diag_help(diag, "write `optimizer = adam`");
}

// More samples than there are never meet in a step: memory is planned for those that do.
static void limit_batch(Setup *s) {
    const Ast *given = s->given[TRAIN_BATCH];
    int64_t rows = s->entry->dataset ? s->entry->dataset->info.train_rows : 0;
    if (!given || rows <= 0 || s->training->batch <= rows) return;
    Diag *diag = diag_report(s->c->sink, DIAG_W0303, given->span,
                             "a batch of %lld is more than the %lld training sample%s of `%s`",
                             (long long)s->training->batch, (long long)rows, rows == 1 ? "" : "s",
                             s->entry->dataset->name);
    diag_label(diag, "planned as %lld", (long long)rows);
    diag_help(diag, "write `batch = %lld`, for example: each epoch is a single step now",
              rows >= 64 ? 32LL : (long long)(rows + 3) / 4);
    s->training->batch = rows;
}

// Gradients of more batches than the block has are never applied. (`--epochs` may ask for more.)
static void warn_accumulate(const Setup *s) {
    const Ast *given = s->given[TRAIN_ACCUMULATE];
    int64_t rows = s->entry->dataset ? s->entry->dataset->info.train_rows : 0;
    int64_t epochs = s->training->epochs, batch = s->training->batch;
    int64_t wanted = s->step->accumulate;
    if (!given || rows <= 0 || batch < 1 || epochs < 1) return;
    int64_t batches = (rows - 1) / batch + 1;
    if (batches >= wanted || epochs >= wanted || batches * epochs >= wanted) return;
    Diag *diag = diag_report(s->c->sink, DIAG_W0303, given->span,
                             "%lld batches make a step, but this training has %lld",
                             (long long)wanted, (long long)(batches * epochs));
    diag_label(diag, "no step is made: the weights stay as they are");
    diag_help(diag, "an epoch has %lld batch%s: write a smaller number, or more `epochs`",
              (long long)batches, batches == 1 ? "" : "es");
}

// Weights that are given with a mistake are none to miss.
static void check_weights(const Setup *s) {
    const Ast *weighted = s->given[TRAIN_WEIGHTED_METRICS];
    if (weighted && !s->given[TRAIN_CLASS_WEIGHT] && !s->given[TRAIN_SAMPLE_WEIGHT])
        metrics_warn_unweighted(s->c, weighted);
}

static void read_entries(Setup *s) {
    Training *training = s->training;
    bool knows_metrics =
        outputs_read(s->c, s->entry, training,
                     (OutputEntries){.loss = s->given[TRAIN_LOSS],
                                     .target = s->given[TRAIN_TARGET],
                                     .weights = s->given[TRAIN_LOSS_WEIGHTS],
                                     .metrics = s->given[TRAIN_METRICS],
                                     .weighted_metrics = s->given[TRAIN_WEIGHTED_METRICS]});
    if (s->given[TRAIN_CLASS_WEIGHT])
        class_weights_read(s->c, s->entry, training, s->given[TRAIN_CLASS_WEIGHT]);
    if (s->given[TRAIN_SAMPLE_WEIGHT])
        sample_weight_read(s->c, s->entry, training, s->given[TRAIN_SAMPLE_WEIGHT]);
    check_weights(s);
    if (s->given[TRAIN_OPTIMIZER]) read_optimizer(s, s->given[TRAIN_OPTIMIZER]);
    if (s->given[TRAIN_CALLBACKS])
        callbacks_read(s->c, s->entry, training, s->given[TRAIN_CALLBACKS], knows_metrics);
    if (s->given[TRAIN_REGULARIZE]) read_regularizer(s, s->given[TRAIN_REGULARIZE]);
    training->epochs = read_number(s, TRAIN_EPOCHS);
    training->batch = read_number(s, TRAIN_BATCH);
    training->precision = read_precision(s);
    s->step->accumulate = read_number(s, TRAIN_ACCUMULATE);
    limit_batch(s);
    warn_accumulate(s);
    report_missing(s);
}

static Span header_span(const Ast *train) {
    return train->right ? span_join(train->span, train->right->span) : train->span;
}

// ---- Steps of one's own.

// `loss`, `optimizer` and what compares outputs with targets belong to the short form.
static bool check_short_entries(Setup *s) {
    static const int rows[] = {TRAIN_LOSS,          TRAIN_OPTIMIZER,       TRAIN_METRICS,
                               TRAIN_TARGET,        TRAIN_LOSS_WEIGHTS,    TRAIN_CLASS_WEIGHT,
                               TRAIN_SAMPLE_WEIGHT, TRAIN_WEIGHTED_METRICS};
    bool ok = true;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const Ast *given = s->given[rows[i]];
        if (!given) continue;
        Diag *diag = diag_report(s->c->sink, DIAG_E0206, given->span,
                                 "`%s` belongs to a `train` block without steps",
                                 train_entries[rows[i]].name);
        diag_label(diag, "this block has steps of its own");
        diag_help(diag, rows[i] == TRAIN_LOSS ? "minimize it in a step"
                        : rows[i] == TRAIN_OPTIMIZER
                            ? "say it at the step: `step NAME updates MODEL with adam(1e-4)`"
                        : rows[i] == TRAIN_METRICS ? "`report NAME` shows a value of a step"
                                                   : "say it in what a step minimizes");
        ok = false;
    }
    return ok;
}

static bool is_double(Setup *s, const Ast *ast) {
    for (int i = 0; i < s->training->steps.count; i++) {
        const TrainStep *step = s->training->steps.items[i];
        if (strcmp(step->name, ast->text) != 0) continue;
        Diag *diag = diag_report(s->c->sink, DIAG_E0102, ast->name_span,
                                 "the step `%s` is declared twice", ast->text);
        diag_label(diag, "again here");
        diag_secondary(diag, step->span, "first here");
        return true;
    }
    return false;
}

static void read_steps(Setup *s) {
    const Ast *body = s->entry->ast->body;
    for (int i = 0; i < body->items.count; i++) {
        const Ast *ast = body->items.items[i];
        if (ast->kind != AST_STEP || is_double(s, ast)) continue;
        TrainStep *step = s->step = step_check(s->c, s->entry, ast);
        read_optimizer(s, ast->right);
        if (s->given[TRAIN_REGULARIZE]) read_regularizer(s, s->given[TRAIN_REGULARIZE]);
        vec_push(s->c->arena, &s->training->steps, step);
    }
}

static void read_step_entries(Setup *s) {
    Training *training = s->training;
    bool ok = check_short_entries(s);
    training->epochs = read_number(s, TRAIN_EPOCHS);
    training->batch = read_number(s, TRAIN_BATCH);
    training->precision = read_precision(s);
    int64_t accumulate = read_number(s, TRAIN_ACCUMULATE);
    limit_batch(s);
    read_steps(s);
    for (int i = 0; i < training->steps.count; i++)
        training->steps.items[i]->accumulate = accumulate;
    if (s->given[TRAIN_CALLBACKS])
        callbacks_read(s->c, s->entry, training, s->given[TRAIN_CALLBACKS], ok);
}

// ---- All of it.

void training_check(Checker *c, TrainEntry *entry) {
    Setup s = {.c = c, .entry = entry, .training = ARENA_NEW(c->arena, Training)};
    Training *training = entry->training = s.training;
    training->span = header_span(entry->ast);
    training->span.hi = entry->ast->right ? entry->ast->right->span.hi : entry->ast->span.hi;
    training->dataset = entry->dataset;
    if (!entry->model) return;
    for (int i = 0; i < entry->models.count; i++) {
        vec_push(c->arena, &training->models, entry->models.items[i]->model);
        vec_push(c->arena, &entry->models.items[i]->model->trainings, training);
    }
    vec_push(c->arena, &c->program->trainings, training);
    collect_entries(&s, entry->ast->body);
    entry->samples = s.given[TRAIN_SAMPLES];
    entry->freeze = s.given[TRAIN_FREEZE];
    entry->unfreeze = s.given[TRAIN_UNFREEZE];
    if (entry->has_steps) {
        read_step_entries(&s);
        return;
    }
    if (entry->dataset && entry->dataset != entry->model->dataset)
        entry->model = model_on(c, entry->model, entry->dataset);
    s.step = ARENA_NEW(c->arena, TrainStep);
    vec_push(c->arena, &training->steps, s.step);
    read_entries(&s);
    checks_training(c, entry, training);
    outputs_finish(c, entry, training, s.step);
}

static void finish_steps(Checker *c, const TrainEntry *entry) {
    const Ast *body = entry->ast->body;
    int next = 0;
    for (int i = 0; i < body->items.count; i++) {
        const Ast *ast = body->items.items[i];
        if (ast->kind != AST_STEP || next >= entry->training->steps.count) continue;
        TrainStep *step = entry->training->steps.items[next];
        if (strcmp(step->name, ast->text) != 0) continue; // a second one of the name
        updates_finish(c, entry, step, ast);
        next++;
    }
}

static void freeze_step(Checker *c, const TrainStep *step, const bool *frozen) {
    int count = c->program->weights->layers.count;
    if (!step->forward) return;
    bool *own = ARENA_ARRAY(c->arena, bool, count + 1);
    memcpy(own, frozen, (size_t)count * sizeof *own);
    for (int i = 0; i < step->frozen.count; i++) own[step->frozen.items[i]->index] = true;
    step->forward->frozen = own;
}

void training_samples(Checker *c, const TrainEntry *entry) {
    if (entry->model && entry->samples)
        entry->training->samples = step_samples(c, entry, entry->samples);
}

void training_finish(Checker *c, const TrainEntry *entry) {
    if (!entry->model) return;
    const bool *frozen = freeze_read(c, entry->freeze, entry->unfreeze);
    for (int i = 0; i < entry->training->steps.count; i++)
        freeze_step(c, entry->training->steps.items[i], frozen);
    if (entry->has_steps)
        finish_steps(c, entry);
    else
        updates_finish_loss(c, entry, entry->training->steps.items[0]);
    told_check(c, entry);
}
