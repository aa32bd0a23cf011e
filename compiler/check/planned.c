// Names of the language that nnc does not know yet. A row goes when its feature comes.
#include "check.h"

typedef struct Planned {
    const char *noun; // stands in the `what` of the messages about unknown names
    const char *name;
    const char *keras_name; // as in Schema
} Planned;

static const Planned planned_rows[] = {
    {"argument", "weights", NULL},
    {0},
};

const char *planned_name(int index) {
    return planned_rows[index].name;
}

static const Planned *find(const char *what, const char *name) {
    for (const Planned *row = planned_rows; row->name; row++) {
        bool is_named = strcmp(row->name, name) == 0;
        if (!strstr(what, row->noun)) continue;
        if (is_named || names_match_keras(row->keras_name, row->name, name)) return row;
    }
    return NULL;
}

struct PlannedUse {
    const char *noun, *name; // as it is written
    Span span;
};

// Names are met in the order of evaluation; the first one in the text is kept.
bool planned_report(Checker *c, const char *what, const char *name, Span span) {
    const Planned *row = find(strcmp(what, "value") == 0 ? "layer" : what, name);
    if (!row) return false;
    PlannedUse *use = map_get(&c->planned, row->name);
    if (!use) {
        use = ARENA_NEW(c->arena, PlannedUse);
        map_set(&c->planned, row->name, use);
        vec_push(c->arena, &c->planned_uses, use);
    }
    if (!use->name || span.lo < use->span.lo) *use = (PlannedUse){row->noun, name, span};
    return true;
}

void planned_report_all(Checker *c) {
    for (int i = 0; i < c->planned_uses.count; i++) {
        const PlannedUse *use = c->planned_uses.items[i];
        Diag *diag =
            diag_report(c->sink, DIAG_E0206, use->span, "`%s` is not supported yet", use->name);
        diag_label(diag, "this %s cannot be used yet", use->noun);
    }
}
