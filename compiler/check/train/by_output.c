// What an entry of `train` says of each output of a model: the same of all, or a list, by place or
// by the outputs' names.
#include "../check.h"

typedef struct Reading {
    Checker *c;
    OutputList *outputs;
    const OutputEntry *entry;
    const Ast **each; // by output; NULL: nothing is said of it
} Reading;

bool by_output_is_named(const Ast *ast) {
    bool is_named = false;
    for (int i = 0; ast->kind == AST_LIST && i < ast->items.count; i++)
        is_named = is_named || ast->items.items[i]->kind == AST_ASSIGN;
    return is_named;
}

static bool report_count(const Reading *r, const Ast *ast, int count) {
    int wanted = r->outputs->names.count;
    if (!r->outputs->is_known || (count > 1 && count == r->outputs->told)) return false;
    r->outputs->told = count;
    Diag *diag = diag_report(r->c->sink, DIAG_E0302, ast->span, "%d %s%s for %d output%s", count,
                             r->entry->noun, count == 1 ? "" : r->entry->plural, wanted,
                             wanted == 1 ? "" : "s");
    diag_label(diag, "expected one for each output of `%s`", r->outputs->model);
    if (wanted > 1)
        diag_help(diag,
                  "they stand in the outputs' order, or have their names: `%s = [%s = .., "
                  "%s = ..]`",
                  r->entry->name, r->outputs->names.items[0], r->outputs->names.items[1]);
    if (r->entry->help) diag_help(diag, "%s", r->entry->help);
    return false;
}

static bool read_places(const Reading *r, const Ast *ast) {
    int count = r->outputs->names.count;
    bool is_list = ast->kind == AST_LIST;
    if (is_list && ast->items.count != count) return report_count(r, ast, ast->items.count);
    if (!is_list && r->entry->is_each && count != 1) return report_count(r, ast, 1);
    for (int i = 0; i < count; i++) r->each[i] = is_list ? ast->items.items[i] : ast;
    return true;
}

static bool report_unknown(const Reading *r, const Ast *item) {
    NameList names = {0};
    if (!r->outputs->is_known) return false;
    for (int i = 0; i < r->outputs->names.count; i++)
        vec_push(r->c->arena, &names, r->outputs->names.items[i]);
    Diag *diag = diag_report(r->c->sink, DIAG_E0101, item->name_span, "`%s` has no output `%s`",
                             r->outputs->model, item->text);
    const char *near = names_nearest(r->c, &names, item->text);
    diag_label(diag, "unknown name");
    if (near)
        diag_help(diag, "did you mean `%s`?", near);
    else
        diag_help(diag, "it has %s", names_join(r->c->arena, &names, "and"));
    return false;
}

static bool read_item(const Reading *r, const Ast *item) {
    if (item->kind == AST_ERROR) return false;
    if (item->kind != AST_ASSIGN) {
        Diag *diag = diag_report(r->c->sink, DIAG_E0105, item->span,
                                 "all items of `%s` have names, or none", r->entry->name);
        diag_label(diag, "of which output?");
        diag_help(diag, "write `NAME = %s`", sources_text(r->c->sources, item->span));
        return false;
    }
    int output = 0;
    while (output < r->outputs->names.count &&
           strcmp(r->outputs->names.items[output], item->text) != 0)
        output++;
    if (output == r->outputs->names.count) return report_unknown(r, item);
    if (r->each[output]) {
        Diag *diag =
            diag_report(r->c->sink, DIAG_E0104, item->span, "`%s` is given twice", item->text);
        diag_label(diag, "the second value");
        diag_secondary(diag, r->each[output]->span, "the first value");
        return false;
    }
    r->each[output] = item->left;
    return true;
}

static bool check_all(const Reading *r, const Ast *ast) {
    NameList missing = {0};
    for (int i = 0; i < r->outputs->names.count; i++)
        if (!r->each[i]) vec_push(r->c->arena, &missing, r->outputs->names.items[i]);
    if (!missing.count || r->entry->may_lack || !r->outputs->is_known) return true;
    Diag *diag = diag_report(
        r->c->sink, DIAG_E0302, ast->span, "`%s` says nothing of the output%s %s", r->entry->name,
        missing.count == 1 ? "" : "s", names_join(r->c->arena, &missing, "and"));
    diag_label(diag, "expected one for each output of `%s`", r->outputs->model);
    diag_help(diag, "add `%s = ..`", missing.items[0]);
    return false;
}

const Ast *const *by_output_read(Checker *c, OutputList *outputs, const OutputEntry *entry,
                                 const Ast *ast) {
    Reading r = {.c = c, .outputs = outputs, .entry = entry};
    bool ok = true;
    r.each = ARENA_ARRAY(c->arena, const Ast *, outputs->names.count + 1);
    if (!by_output_is_named(ast)) return read_places(&r, ast) ? r.each : NULL;
    for (int i = 0; i < ast->items.count && ok; i++) ok = read_item(&r, ast->items.items[i]);
    return ok && check_all(&r, ast) ? r.each : NULL;
}
