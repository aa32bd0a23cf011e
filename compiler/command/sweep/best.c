#include "best.h"

#include "../../driver/output.h"
#include "../../front/parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- Places in a resolved program, where all arguments are written by name.

typedef struct Edit {
    Arena *arena;
    const Ast *file;
    VEC(Span) places; // of the values that are replaced
} Edit;

// What a name stands for: the value of a `param`, or of a line of its own.
static const Ast *declared(const Edit *edit, const Ast *value) {
    for (int i = 0; value->kind == AST_NAME && i < edit->file->items.count; i++) {
        const Ast *item = edit->file->items.items[i];
        bool is_value = item->kind == AST_PARAM || item->kind == AST_ASSIGN;
        if (is_value && !strcmp(item->text, value->text)) return item->left;
    }
    return value;
}

static const Ast *argument(const Ast *call, const char *name) {
    for (int i = 0; i < call->items.count; i++) {
        const Ast *item = call->items.items[i];
        if (item->kind == AST_ASSIGN && !strcmp(item->text, name)) return item->left;
    }
    return NULL;
}

// The value, or where it is a schedule that one's first rate: its first argument.
static void add_rate(Edit *edit, const Ast *rate) {
    const Ast *value = declared(edit, rate);
    if (value->kind == AST_CALL && value->items.count) {
        const Ast *first = value->items.items[0];
        add_rate(edit, first->kind == AST_ASSIGN ? first->left : first);
        return;
    }
    for (int i = 0; i < edit->places.count; i++) // a param of several optimizers
        if (edit->places.items[i].lo == rate->span.lo) return;
    vec_push(edit->arena, &edit->places, rate->span);
}

static void add_optimizer(Edit *edit, const Ast *optimizer) {
    const Ast *call = optimizer ? declared(edit, optimizer) : NULL;
    const Ast *rate = call && call->kind == AST_CALL ? argument(call, "learning_rate") : NULL;
    if (rate) add_rate(edit, rate);
}

static void add_training(Edit *edit, const Ast *training, const char *entry) {
    bool is_rate = !strcmp(entry, "learning_rate");
    for (int i = 0; i < training->body->items.count; i++) {
        const Ast *item = training->body->items.items[i];
        if (is_rate && item->kind == AST_STEP) add_optimizer(edit, item->right);
        if (item->kind != AST_ASSIGN) continue;
        if (is_rate && !strcmp(item->text, "optimizer")) add_optimizer(edit, item->left);
        if (!is_rate && !strcmp(item->text, entry))
            vec_push(edit->arena, &edit->places, item->left->span);
    }
}

static int compare_places(const void *a, const void *b) {
    const Span *x = a, *y = b;
    return (x->lo > y->lo) - (x->lo < y->lo);
}

const char *best_set(Arena *arena, const char *program, const char *entry, const char *value) {
    SourceSet *sources = sources_create(arena);
    DiagSink *sink = diag_create(arena, sources);
    int file = sources_add(sources, "program", program, strlen(program));
    Edit edit = {.arena = arena, .file = parse_file(arena, sources, (uint32_t)file, sink)};
    Text text = text_create(arena);
    for (int i = 0; i < edit.file->items.count; i++)
        if (edit.file->items.items[i]->kind == AST_TRAIN)
            add_training(&edit, edit.file->items.items[i], entry);
    if (edit.places.count)
        qsort(edit.places.items, (size_t)edit.places.count, sizeof(Span), compare_places);
    size_t at = 0;
    for (int i = 0; i < edit.places.count; i++) {
        text_put_bytes(&text, program + at, edit.places.items[i].lo - at);
        text_put(&text, value);
        at = edit.places.items[i].hi;
    }
    text_put(&text, program + at);
    return text.data;
}

// ---- The file.

// A comment ends with its line: a file's name may have several.
static const char *in_a_line(Arena *arena, const char *text) {
    char *line = arena_strdup(arena, text);
    for (char *c = line; *c; c++)
        if (*c == '\n' || *c == '\r') *c = ' ';
    return line;
}

static void put_head(Text *out, const Sweep *sweep, const Outcomes *outcomes) {
    const Outcome *best = &outcomes->items.items[0];
    text_format(out, "# The best of `nnc sweep %s`: %s.\n",
                in_a_line(sweep->arena, sweep->options->operand), best->point->label);
    if (outcomes->watched)
        text_format(out, "# %s %.6g in the mean of %lld run%s", outcomes->watched,
                    nnrt_spread_mean(&best->watched), (long long)best->watched.count,
                    best->watched.count == 1 ? "" : "s");
    text_format(out, "%s with --seed %lld.\n",
                outcomes->watched ? "; the best of them is the one" : "# Trained",
                (long long)best->best->seed);
}

// Data lie beside a program: does it find them where it is now?
static void check_place(const Sweep *sweep) {
    Options options = *sweep->options;
    Session session;
    options.operand = options.output;
    options.output = NULL;
    memset(&options.definitions, 0, sizeof options.definitions);
    session_open(&session, &options, sweep->arena);
    session.need_data = true;
    if (session_advance(&session, "graph") && !diag_error_count(session.sink)) return;
    fprintf(stderr,
            "nnc: warning: `%s` does not find there what `%s` reads; `nnc check %s` says what is "
            "missing\n",
            sweep->options->output, sweep->options->operand, sweep->options->output);
}

bool best_write(const Sweep *sweep, const Outcomes *outcomes) {
    const Point *point = outcomes->items.items[0].point;
    const char *program = outcomes->items.items[0].best->run->source; // known of what is wrong now
    Text text = text_create(sweep->arena);
    for (int i = 0; i < sweep->axes.items.count; i++) {
        const Axis *axis = &sweep->axes.items.items[i];
        if (axis->row)
            program = best_set(sweep->arena, program, axis->row->entry,
                               point_value(point, &sweep->axes, i));
    }
    put_head(&text, sweep, outcomes);
    text_put(&text, program);
    DiagSink *sink = diag_create(sweep->arena, sources_create(sweep->arena));
    bool ok = output_write(sweep->options->output, &text, sink);
    diag_print(sink, stderr, DIAG_TEXT, false);
    if (ok) check_place(sweep);
    return ok;
}
