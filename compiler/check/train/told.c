// What a training tells of an epoch has a name in progress, history and callbacks: the loss, that
// of each output or step, metrics, and what steps report. Of two values of one name only one could
// be told.
#include "../check.h"

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

// ---- The names that are told in any case.

// The step's own, where there are several.
static const char *loss_of(const Told *told, const Ast *step) {
    bool has_own = is_step(step) && told->entry->training->steps.count > 1;
    return has_own ? arena_format(told->c->arena, "%s_loss", step->text) : NULL;
}

static const char *of_output(const Told *told, const OutputLoss *output, const char *name) {
    return output->label ? arena_format(told->c->arena, "%s_%s", output->label, name) : name;
}

static void add_losses(Told *told) {
    const Training *training = told->entry->training;
    const Ast *body = told->entry->ast->body;
    add(told, "loss", &training->span);
    for (int i = 0; i < body->items.count; i++) {
        const char *name = loss_of(told, body->items.items[i]);
        if (name) add(told, name, &body->items.items[i]->name_span);
    }
    for (int i = 0; i < training->losses.count; i++) {
        const OutputLoss *output = &training->losses.items[i];
        add(told, of_output(told, output, "loss"), &output->span);
        for (int k = 0; k < output->metrics.count; k++)
            add(told, of_output(told, output, output->metrics.items[k].name),
                &output->metrics.items[k].call.args->span);
    }
}

// ---- The names that the program chooses.

// Beside these values an epoch has its number, its time and the rate; "val_" begins the names of
// the validation part.
static bool is_taken(const char *name) {
    return strncmp(name, "val_", 4) == 0 ||
           text_has_word("epoch epochs seconds data_seconds part samples learning_rate", name);
}

// `noun`: "the step", and what it is called, of which the name is made.
static bool check_free(const Told *told, const char *name, Span span, const char *noun,
                       const char *called) {
    if (!is_taken(name)) return true;
    bool is_validation = strncmp(name, "val_", 4) == 0;
    Diag *diag = diag_report(told->c->sink, DIAG_E0102, span,
                             "a value of the training cannot be told as `%s`", name);
    diag_label(diag, is_validation ? "`val_` begins the names of the validation part"
                                   : "taken in progress and history");
    diag_help(diag, "give %s `%s` another name", noun, called);
    return false;
}

static void add_chosen(Told *told, const char *name, const Span *span, const char *written) {
    const Span *first = map_get(&told->spans, name);
    add(told, name, span);
    const char *noun = told->entry->has_steps ? "the value" : "the block";
    if (!check_free(told, name, *span, noun, written) || !first) return;
    Diag *diag = diag_report(told->c->sink, DIAG_E0102, *span,
                             "two values of the training are told as `%s`", name);
    diag_label(diag, "again here");
    diag_secondary(diag, *first, "first here");
    if (told->entry->has_steps)
        diag_help(diag, "give it a name of its own: `%s_2 = %s`", written, written);
    else
        diag_help(diag, "call the block `%s` otherwise", written);
}

static void add_step(Told *told, const Ast *step) {
    const char *loss = loss_of(told, step);
    if (loss) check_free(told, loss, step->name_span, "the step", step->text);
    for (int i = 0; i < step->body->items.count; i++) {
        const Ast *ast = step->body->items.items[i];
        for (int k = 0; ast->kind == AST_REPORT && k < ast->items.count; k++) {
            const Ast *name = ast->items.items[k];
            add_chosen(told, name->text, &name->span, name->text);
        }
    }
}

// The output's loss, and blocks that are metrics.
static void add_output(Told *told, const OutputLoss *output) {
    const char *loss = of_output(told, output, "loss");
    if (!check_free(told, loss, output->span, "the output", output->label)) return;
    for (int i = 0; i < output->measures.count; i++) {
        const Ast *block = output->measures.items[i];
        add_chosen(told, of_output(told, output, block->text), &block->span, block->text);
    }
}

void told_check(Checker *c, const TrainEntry *entry) {
    Told told = {.c = c, .entry = entry};
    const Ast *body = entry->ast->body;
    if (!entry->training || !body) return;
    map_create(&told.spans, c->arena, false);
    add_losses(&told);
    for (int i = 0; i < body->items.count; i++)
        if (is_step(body->items.items[i])) add_step(&told, body->items.items[i]);
    for (int i = 0; i < entry->training->losses.count; i++)
        add_output(&told, &entry->training->losses.items[i]);
}
