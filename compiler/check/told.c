// What a training tells of an epoch has a name in progress, history and callbacks: the loss, that
// of each of several steps, and what steps report. Of two values of one name only one could be
// told.
#include "check.h"

typedef struct Told {
    Checker *c;
    const TrainEntry *entry;
    Map spans; // names to the Span * of what is told as such
} Told;

static void add(Told *told, const char *name, const Span *span) {
    if (!map_get(&told->spans, name)) map_set(&told->spans, name, (void *)span);
}

static bool is_step(const Ast *ast) {
    return ast->kind == AST_STEP;
}

// The names that are told in any case.
static void add_losses(Told *told, const Ast *body) {
    add(told, "loss", &told->entry->training->span);
    for (int i = 0; i < body->items.count; i++) {
        const Ast *step = body->items.items[i];
        bool has_own = is_step(step) && told->entry->training->steps.count > 1;
        if (has_own)
            add(told, arena_format(told->c->arena, "%s_loss", step->text), &step->name_span);
    }
}

static void add_reported(Told *told, const Ast *name) {
    const Span *first = map_get(&told->spans, name->text);
    add(told, name->text, &name->span);
    if (!first) return;
    Diag *diag = diag_report(told->c->sink, DIAG_E0102, name->span,
                             "two values of the training are told as `%s`", name->text);
    diag_label(diag, "again here");
    diag_secondary(diag, *first, "first here");
    diag_help(diag, "give it a name of its own: `%s_2 = %s`", name->text, name->text);
}

static void add_step(Told *told, const Ast *step) {
    for (int i = 0; i < step->body->items.count; i++) {
        const Ast *ast = step->body->items.items[i];
        for (int k = 0; ast->kind == AST_REPORT && k < ast->items.count; k++)
            add_reported(told, ast->items.items[k]);
    }
}

void told_check(Checker *c, const TrainEntry *entry) {
    Told told = {.c = c, .entry = entry};
    const Ast *body = entry->ast->body;
    if (!entry->has_steps || !entry->training) return;
    map_create(&told.spans, c->arena, false);
    add_losses(&told, body);
    for (int i = 0; i < body->items.count; i++)
        if (is_step(body->items.items[i])) add_step(&told, body->items.items[i]);
}
