// `metrics` and `weighted_metrics` of a train block: what each output is measured by. One for all
// outputs, a list for the only one, or an entry for each.
#include "../check.h"

typedef struct Reader {
    Checker *c;
    OutputLoss *own;
    bool is_weighted;
} Reader;

static void report_second(Checker *c, const Ast *ast, const char *name, Span first) {
    Diag *diag =
        diag_report(c->sink, DIAG_E0102, ast->span, "the metric `%s` is given twice", name);
    diag_label(diag, "again here");
    diag_secondary(diag, first, "first here");
}

// The step reports a mean over its batch: the sum of the weights is not known there.
static void report_weighted_block(Checker *c, const Ast *ast) {
    Diag *diag = diag_report(c->sink, DIAG_E0201, ast->span,
                             "`%s` is a block: those are not weighted", ast->text);
    diag_label(diag, "counts all samples the same");
    diag_help(diag, "move it to `metrics`");
}

static void read_block(const Reader *r, const Ast *ast) {
    OutputLoss *own = r->own;
    if (r->is_weighted) {
        report_weighted_block(r->c, ast);
        return;
    }
    for (int i = 0; i < own->measures.count; i++) {
        const Ast *first = own->measures.items[i];
        if (strcmp(first->text, ast->text) != 0) continue;
        report_second(r->c, ast, ast->text, first->span);
        return;
    }
    vec_push(r->c->arena, &own->measures, ast);
}

// ---- Names, as Keras chooses them (keras/src/trainers/compile_utils.py, CompileMetrics.result):
// the second `recall` is `recall_1`, and a weighted one whose name is taken `weighted_recall`.

static bool is_taken(const OutputLoss *own, const char *name) {
    for (int i = 0; i < own->metrics.count; i++)
        if (strcmp(own->metrics.items[i].name, name) == 0) return true;
    return false;
}

static const char *choose_name(const Reader *r, const char *name) {
    if (!is_taken(r->own, name)) return name;
    if (r->is_weighted) name = arena_format(r->c->arena, "weighted_%s", name);
    const char *chosen = name;
    for (int i = 1; is_taken(r->own, chosen); i++)
        chosen = arena_format(r->c->arena, "%s_%d", name, i);
    return chosen;
}

static void read_metric(const Reader *r, const Ast *ast) {
    Checker *c = r->c;
    bool ok = true;
    if (outputs_find_block(c, ast)) {
        read_block(r, ast);
        return;
    }
    const Schema *schema = family_find(c, &ast, &vocabulary[FAMILY_METRICS]);
    if (!schema) return;
    const Args *args = bind_call(c, c->globals, schema, ast, 0, &ok);
    for (int i = 0; i < r->own->metrics.count; i++) {
        const Metric *first = &r->own->metrics.items[i];
        bool is_same = first->call.schema == schema && first->is_weighted == r->is_weighted;
        if (!is_same || !args_equal(first->call.args, args)) continue;
        report_second(c, ast, schema->name, first->call.args->span);
        return;
    }
    Metric metric = {.call = {schema, args},
                     .name = choose_name(r, schema->name),
                     .is_weighted = r->is_weighted};
    if (ok) vec_push(c->arena, &r->own->metrics, metric);
}

static void read_output(const Reader *r, const Ast *ast) {
    if (ast->kind != AST_LIST) {
        read_metric(r, ast);
        return;
    }
    for (int i = 0; i < ast->items.count; i++) read_metric(r, ast->items.items[i]);
}

void metrics_read(Checker *c, OutputList *outputs, Training *training, const Ast *ast,
                  bool is_weighted) {
    const OutputEntry entry = {.name = is_weighted ? "weighted_metrics" : "metrics",
                               .noun = "metric",
                               "s",
                               .may_lack = true,
                               .help = "an entry may be a list: `metrics = [[accuracy, "
                                       "top_k(3)], mae]`"};
    ast = expression_chosen(c, c->globals, ast);
    if (!ast || (ast->kind == AST_LIST && !ast->items.count)) return;
    int count = training->losses.count;
    bool is_own = count == 1 && !by_output_is_named(ast); // a list is all that the only one has
    const Ast *const *each = is_own ? &ast : by_output_read(c, outputs, &entry, ast);
    for (int i = 0; each && i < count; i++) {
        Reader r = {.c = c, .own = &training->losses.items[i], .is_weighted = is_weighted};
        if (each[i]) read_output(&r, each[i]);
    }
}

void metrics_warn_unweighted(Checker *c, const Ast *weighted) {
    Diag *diag = diag_report(c->sink, DIAG_W0303, weighted->span,
                             "`weighted_metrics` without weights: all samples count the same");
    diag_label(diag, "the same as `metrics`");
    diag_help(diag, "add `sample_weight = COLUMN` or `class_weight = balanced`, or write "
                    "`metrics`");
}
