// The callbacks of a `train` block: what they monitor must be reported, and the files that they
// write must differ.
#include "../../../runtime/metrics/row.h"
#include "../../../runtime/report/pattern.h"
#include "../../../runtime/session/callback.h"
#include "../../../runtime/session/schedules/schedule.h"
#include "../check.h"

typedef struct Reader {
    Checker *c;
    const TrainEntry *entry;
    Training *training;
    NameList values;    // what an epoch reports: "loss", "accuracy", "val_loss" ...
    bool knows_metrics; // none of them had a mistake
} Reader;

static const nnrt_callback_row *row_of(const Call *call) {
    return (const nnrt_callback_row *)call->schema;
}

// ---- What an epoch reports.

static void collect_steps(Reader *r) {
    const Training *training = r->training;
    for (int i = 0; i < training->steps.count && !training->losses.count; i++) {
        const TrainStep *step = training->steps.items[i];
        if (training->steps.count > 1)
            vec_push(r->c->arena, &r->values, arena_format(r->c->arena, "%s_loss", step->name));
        for (int k = 0; k < step->terms.count; k++)
            if (step->terms.items[k].is_reported)
                vec_push(r->c->arena, &r->values, step->terms.items[k].name);
    }
}

static const char *told_name(const Reader *r, const OutputLoss *own, const char *name) {
    return own->label ? arena_format(r->c->arena, "%s_%s", own->label, name) : name;
}

static void collect_name(Reader *r, const OutputLoss *own, const char *name) {
    vec_push(r->c->arena, &r->values, told_name(r, own, name));
}

static void collect_outputs(Reader *r) {
    for (int i = 0; i < r->training->losses.count; i++) {
        const OutputLoss *own = &r->training->losses.items[i];
        if (own->label) collect_name(r, own, "loss");
        for (int k = 0; k < own->measures.count; k++)
            collect_name(r, own, own->measures.items[k]->text);
        for (int k = 0; k < own->metrics.count; k++)
            collect_name(r, own, own->metrics.items[k].name);
    }
}

static void collect_values(Reader *r) {
    Arena *arena = r->c->arena;
    vec_push(arena, &r->values, "loss");
    collect_steps(r);
    collect_outputs(r);
    int count = r->values.count;
    for (int i = 0; i < count; i++)
        vec_push(arena, &r->values, arena_format(arena, "val_%s", r->values.items[i]));
}

static bool is_validation(const char *name) {
    return strncmp(name, "val_", 4) == 0;
}

static const char *plain_name(const char *name) {
    return is_validation(name) ? name + 4 : name;
}

static bool is_reported(const Reader *r, const char *name) {
    for (int i = 0; i < r->values.count; i++)
        if (strcmp(r->values.items[i], name) == 0) return true;
    return false;
}

// Where the data are missing, `split` alone tells.
static bool may_have_validation(const Dataset *dataset) {
    if (!dataset || dataset->is_broken || dataset->info.validation_rows > 0) return true;
    bool is_unknown = !dataset->found && dataset->info.train_rows == 0;
    for (int i = 0; i < dataset->stages.count; i++) {
        const Call *stage = &dataset->stages.items[i];
        int row = schema_arg_index(stage->schema, "validation");
        if (row >= 0 && stage->args->values[row].number > 0) return true;
    }
    return is_unknown;
}

// `instead`: how to write the value of the training data there.
static bool check_validation(const Reader *r, const Call *call, const char *name, Span span,
                             const char *instead) {
    const Dataset *dataset = r->entry->dataset;
    if (!is_validation(name) || may_have_validation(dataset)) return true;
    Diag *diag = diag_report(r->c->sink, DIAG_E0307, span,
                             "`%s` needs `%s`, but `%s` has no validation part", call->schema->name,
                             name, dataset->name);
    diag_label(diag, "`%s` is of a validation part", name);
    diag_secondary(diag, dataset->span, "`%s` has none", dataset->name);
    diag_help(diag, "add `-> split(validation = 0.1)` to `%s`, or write `%s%s`", dataset->name,
              instead, plain_name(name));
    return false;
}

// Keras's name for a metric, or one that is not among `metrics`.
static bool report_metric(const Reader *r, const char *name, Span span) {
    Checker *c = r->c;
    const Family *metrics = &vocabulary[FAMILY_METRICS];
    const char *prefix = is_validation(name) ? "val_" : "", *plain = plain_name(name);
    const Schema *own = family_word(metrics, plain);
    const Schema *known = own ? own : family_keras(metrics, plain);
    if (!known) return false;
    if (!own && is_reported(r, known->name)) {
        Diag *diag = diag_report(c->sink, DIAG_E0107, span, "`%s` is called `%s%s` here", name,
                                 prefix, known->name);
        diag_label(diag, "Keras's name");
        diag_help(diag, "write `%s%s`", prefix, known->name);
        return true;
    }
    Diag *diag =
        diag_report(c->sink, DIAG_E0101, span,
                    "there is no value `%s`: `%s` is not among the metrics", name, known->name);
    diag_label(diag, "not reported");
    diag_help(diag, "add `%s` to `metrics`", known->name);
    return true;
}

static void report_value(Reader *r, const char *name, Span span) {
    if (!r->knows_metrics || report_metric(r, name, span)) return;
    Diag *diag = diag_report(r->c->sink, DIAG_E0101, span, "there is no value `%s`", name);
    const char *near = names_nearest(r->c, &r->values, name);
    diag_label(diag, "not reported");
    if (near)
        diag_help(diag, "did you mean `%s`?", near);
    else
        diag_help(diag, "an epoch reports %s", names_join(r->c->arena, &r->values, "and"));
}

static bool check_value(Reader *r, const Call *call, const char *name, Span span,
                        const char *instead) {
    if (is_reported(r, name)) return check_validation(r, call, name, span, instead);
    report_value(r, name, span);
    return false;
}

// ---- What is monitored.

static const Schema *find_metric(const Reader *r, const char *name) {
    for (int i = 0; i < r->training->losses.count; i++) {
        const OutputLoss *own = &r->training->losses.items[i];
        for (int k = 0; k < own->metrics.count; k++)
            if (strcmp(told_name(r, own, own->metrics.items[k].name), name) == 0)
                return own->metrics.items[k].call.schema;
    }
    return NULL;
}

// What is no metric of the language: losses are, and values of steps and blocks that are not
// called as a metric is.
static bool less_is_better(const Reader *r, const char *monitor) {
    const char *name = plain_name(monitor);
    const Schema *metric = find_metric(r, name);
    if (!metric) metric = family_word(&vocabulary[FAMILY_METRICS], name);
    return !metric || ((const nnrt_metric_row *)metric)->less_is_better;
}

static void resolve_mode(const Reader *r, const Call *call, const char *monitor) {
    Args *args = (Args *)call->args;
    if (schema_arg_index(call->schema, "mode") < 0) return;
    if (strcmp(args_text(args, "mode"), "auto") != 0) return;
    args_set_text(args, "mode", less_is_better(r, monitor) ? "min" : "max");
    args_set_origin(args, "mode", "by what is monitored");
}

static bool check_monitor(Reader *r, const Call *call) {
    const nnrt_callback_row *row = row_of(call);
    if (!row->monitors) return true;
    const ArgValue *monitor = &call->args->values[row->monitor];
    bool is_used = !row->best_only || call->args->values[row->best_only].number != 0;
    if (monitor->is_default && !is_used) return true;
    Span span = monitor->is_default ? call->args->span : monitor->span;
    if (!monitor->text) {
        Diag *diag = diag_report(r->c->sink, DIAG_E0201, span,
                                 "`monitor` of `%s` is the name of a value, not a number",
                                 call->schema->name);
        diag_label(diag, "expected `loss`, `val_loss` ...");
        return false;
    }
    if (!check_value(r, call, monitor->text, span, "monitor = ")) return false;
    resolve_mode(r, call, monitor->text);
    return true;
}

// ---- Files.

static const char *path_of(const Call *call) {
    return row_of(call)->writes ? call->args->values[0].text : NULL;
}

static bool report_path(const Reader *r, const ArgValue *path, const char *message,
                        const char *help) {
    Diag *diag = diag_report(r->c->sink, DIAG_E0202, path->span, "%s", message);
    diag_label(diag, "not a path");
    diag_help(diag, "%s", help);
    return false;
}

static bool check_placeholders(Reader *r, const Call *call) {
    const ArgValue *path = args_get(call->args, "path");
    nnrt_placeholder p;
    const char *at = path->text;
    int found;
    for (; (found = nnrt_placeholder_next(at, &p)) > 0; at = p.end) {
        const char *name = arena_copy(r->c->arena, p.name, p.name_length);
        if (strcmp(name, "epoch") != 0 && !check_value(r, call, name, path->span, "")) return false;
    }
    if (!found) return true;
    return report_path(r, path,
                       arena_format(r->c->arena, "the placeholder `%.*s` cannot be read",
                                    (int)strcspn(p.end, "}") + 1, p.end),
                       "placeholders are `{epoch:02d}` or `{val_loss:.2f}`; a brace is `{{`");
}

static void warn_format(const Reader *r, const ArgValue *path) {
    static const char *const foreign[] = {".keras", ".h5", ".hdf5", ".pt", ".pth", ".ckpt", ".npz"};
    const char *dot = strrchr(path->text, '.');
    for (size_t i = 0; dot && i < sizeof foreign / sizeof *foreign; i++) {
        if (strcmp(dot, foreign[i]) != 0) continue;
        Diag *diag = diag_report(r->c->sink, DIAG_W0303, path->span,
                                 "checkpoints are safetensors files, not `%s`", dot);
        diag_label(diag, "a name of another format");
        diag_help(diag, "write `\"%.*s.safetensors\"`", (int)(dot - path->text), path->text);
    }
}

// What is written under one name has no braces in it, which would be a pattern's.
static bool has_braces(const char *path) {
    return strpbrk(path, "{}");
}

static bool check_one_name(const Reader *r, const Call *call, const ArgValue *path) {
    if (!has_braces(path->text)) return true;
    bool is_folder = row_of(call)->writes == NNRT_WRITES_FOLDER;
    return report_path(r, path,
                       arena_format(r->c->arena,
                                    "`%s` writes one %s for all epochs, and its name has no braces",
                                    call->schema->name, is_folder ? "folder" : "file"),
                       "leave them out; `checkpoint` alone writes files of an epoch, and fills in "
                       "`{epoch}`");
}

static bool check_path(Reader *r, const Call *call) {
    if (!path_of(call)) return true;
    const ArgValue *path = args_get(call->args, "path");
    if (!*path->text)
        return report_path(r, path, "an empty path", "write `\"best.safetensors\"`, for example");
    if (row_of(call)->writes != NNRT_WRITES_WEIGHTS) return check_one_name(r, call, path);
    warn_format(r, path);
    return check_placeholders(r, call);
}

static bool report_same_file(const Reader *r, const Call *call, const Call *first,
                             const char *help) {
    Diag *diag = diag_report(r->c->sink, DIAG_E0307, args_get(call->args, "path")->span,
                             "two callbacks write `%s`", path_of(call));
    diag_label(diag, "written here");
    diag_secondary(diag, args_get(first->args, "path")->span, "and here");
    diag_help(diag, "%s", help);
    return false;
}

static const Call *find_path(const CallList *calls, const char *path) {
    for (int i = 0; i < calls->count; i++) {
        const char *other = path_of(&calls->items[i]);
        if (other && strcmp(other, path) == 0) return &calls->items[i];
    }
    return NULL;
}

// A later block goes on from an earlier one, so its checkpoints may replace those; a log would lose
// what it holds.
static bool check_same_file(const Reader *r, const Call *call) {
    const char *path = path_of(call);
    const Program *program = r->c->program;
    if (!path) return true;
    const Call *first = find_path(&r->training->callbacks, path);
    if (first) return report_same_file(r, call, first, "give one of them another name");
    bool is_log = row_of(call)->writes == NNRT_WRITES_LOG;
    if (!is_log || args_bool(call->args, "append")) return true;
    for (int i = 0; i < program->trainings.count; i++) {
        first = find_path(&program->trainings.items[i]->callbacks, path);
        if (first)
            return report_same_file(r, call, first,
                                    "write `append = true` in the later block, or another name");
    }
    return true;
}

// ---- Checkpoints of all that the training depends on.

static bool report_every(const Reader *r, Span span, const char *message, const char *label,
                         const char *help) {
    Diag *diag = diag_report(r->c->sink, DIAG_E0206, span, "%s", message);
    diag_label(diag, "%s", label);
    diag_help(diag, "%s", help);
    return false;
}

static const Call *find_every(const CallList *calls) {
    for (int i = 0; i < calls->count; i++) {
        int row = row_of(&calls->items[i])->every;
        if (row && calls->items[i].args->values[row].is_set) return &calls->items[i];
    }
    return NULL;
}

// A run has one, from its first block to the last.
static bool check_one_every(const Reader *r, const ArgValue *every) {
    const Program *program = r->c->program;
    const Call *first = find_every(&r->training->callbacks);
    for (int i = 0; i < program->trainings.count && !first; i++)
        first = find_every(&program->trainings.items[i]->callbacks);
    if (!first) return true;
    Diag *diag =
        diag_report(r->c->sink, DIAG_E0307, every->span,
                    "a run has one `%s` with `every`, for all its blocks", first->schema->name);
    diag_label(diag, "the second one");
    diag_secondary(diag, first->args->span, "the first one");
    return false;
}

// Files of weights are a pattern's, and of the epochs that are better; these are of one name.
static bool check_every(const Reader *r, const Call *call) {
    static const char *const others[] = {"save_best_only", "baseline"};
    int row = row_of(call)->every;
    const ArgValue *every = row ? &call->args->values[row] : NULL;
    if (!row || !every->is_set) return true;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        const ArgValue *value = args_get(call->args, others[i]);
        if (!value->is_set || value->number == 0) continue;
        return report_every(
            r, value->span,
            arena_format(r->c->arena, "`%s` is of weights after epochs, not of `every`", others[i]),
            "without effect",
            "leave it out: the two newest ones are kept, and the best by what is monitored");
    }
    if (has_braces(path_of(call)))
        return report_every(r, args_get(call->args, "path")->span,
                            "checkpoints with `every` have one name", "a pattern",
                            "leave the braces out: the two newest ones and the best are kept");
    return check_one_every(r, every);
}

// ---- Averages.

static bool check_averages(const Reader *r, const Call *call) {
    if (!row_of(call)->needs_averages) return true;
    for (int i = 0; i < r->training->steps.count; i++) {
        const Args *args = r->training->steps.items[i]->optimizer_args;
        if (!args || args_bool(args, "use_ema")) return true;
    }
    if (!r->training->steps.count) return true;
    Diag *diag = diag_report(r->c->sink, DIAG_E0307, call->args->span,
                             "`%s` needs averages of the weights, but no optimizer keeps any",
                             call->schema->name);
    diag_label(diag, "averages of what?");
    diag_help(diag,
              "write `use_ema = true` among the optimizer's arguments: `adam(use_ema = true)`");
    return false;
}

static bool check_alone(const Reader *r, const Call *call) {
    const CallList *calls = &r->training->callbacks;
    if (!row_of(call)->is_alone) return true;
    for (int i = 0; i < calls->count; i++) {
        if (calls->items[i].schema != call->schema) continue;
        Diag *diag = diag_report(r->c->sink, DIAG_E0307, call->args->span,
                                 "a `train` block has one `%s`", call->schema->name);
        diag_label(diag, "the second one would exchange the weights again");
        diag_secondary(diag, calls->items[i].args->span, "the first one");
        diag_help(diag, "leave one of them out");
        return false;
    }
    return true;
}

// ---- The learning rate.

// Whether it follows a schedule; a warm-up leads to a number, which may be lowered.
static bool is_scheduled(const ArgValue *rate) {
    if (!rate->callee) return false;
    const nnrt_schedule_row *row = (const nnrt_schedule_row *)rate->callee;
    return !row->is_number && !(row->leads && !is_scheduled(&rate->args->values[0]));
}

// That of the first step that has one; NULL: all rates are numbers.
static const ArgValue *find_schedule(const Training *training) {
    for (int i = 0; i < training->steps.count; i++) {
        const Args *optimizer = training->steps.items[i]->optimizer_args;
        const ArgValue *rate = optimizer ? args_get(optimizer, "learning_rate") : NULL;
        if (rate && is_scheduled(rate)) return rate;
    }
    return NULL;
}

static bool check_rate(const Reader *r, const Call *call) {
    const ArgValue *rate = find_schedule(r->training);
    if (!row_of(call)->lowers_rate || !rate) return true;
    Diag *diag = diag_report(r->c->sink, DIAG_E0307, call->args->span,
                             "`%s` lowers a number, but the learning rate follows `%s`",
                             call->schema->name, rate->callee->name);
    diag_label(diag, "would change the rate, too");
    diag_secondary(diag, rate->span, "the schedule");
    diag_help(diag, "use one of them");
    return false;
}

// ---- All of them: one, or a list.

static void read_callback(Reader *r, const Ast *ast) {
    bool ok = true;
    const Schema *schema = family_find(r->c, &ast, &vocabulary[FAMILY_CALLBACKS]);
    if (!schema) return;
    Call call = {schema, bind_call(r->c, r->c->globals, schema, ast, 0, &ok)};
    if (!ok) return;
    ok = check_monitor(r, &call);
    ok = check_path(r, &call) && ok;
    ok = check_every(r, &call) && ok;
    ok = check_averages(r, &call) && ok;
    ok = check_alone(r, &call) && ok;
    if (ok && check_same_file(r, &call) && check_rate(r, &call))
        vec_push(r->c->arena, &r->training->callbacks, call);
}

void callbacks_read(Checker *c, const TrainEntry *entry, Training *training, const Ast *ast,
                    bool knows_metrics) {
    Reader r = {.c = c, .entry = entry, .training = training, .knows_metrics = knows_metrics};
    collect_values(&r);
    ast = expression_chosen(c, c->globals, ast);
    if (!ast) return;
    if (ast->kind != AST_LIST) {
        read_callback(&r, ast);
        return;
    }
    for (int i = 0; i < ast->items.count; i++) read_callback(&r, ast->items.items[i]);
}
