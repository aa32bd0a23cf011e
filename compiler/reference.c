// One table of families; each walks its registry.
#include "reference.h"

#include "check/check.h"
#include "op/op.h"
#include "op/training.h"

typedef struct Family {
    const char *title;                          // "Layers"
    const char *doc;                            // where its members are written
    const Schema *(*at)(int index, bool *skip); // NULL: past the end; *skip: belongs elsewhere
} Family;

static const Schema *layer_at(int index, bool *skip) {
    const OpDef *op = op_at(index);
    *skip = op && (!op->surface || op->is_activation || op->is_loss);
    return op ? &op->schema : NULL;
}

static const Schema *activation_at(int index, bool *skip) {
    const OpDef *op = op_at(index);
    *skip = op && (!op->surface || !op->is_activation);
    return op ? &op->schema : NULL;
}

static const Schema *loss_at(int index, bool *skip) {
    const OpDef *op = op_at(index);
    *skip = op && !op->is_loss;
    return op ? &op->schema : NULL;
}

#define FAMILY_OF_ROWS(function, rows, member)                                                     \
    static const Schema *function(int index, bool *skip) {                                         \
        *skip = false;                                                                             \
        return rows[index] member.name ? &rows[index] member : NULL;                               \
    }
FAMILY_OF_ROWS(optimizer_at, optimizer_rows, .schema)
FAMILY_OF_ROWS(regularizer_at, regularizer_rows, .schema)
FAMILY_OF_ROWS(constraint_at, constraint_rows, .schema)
FAMILY_OF_ROWS(initializer_at, initializer_rows, )
FAMILY_OF_ROWS(schedule_at, schedule_rows, )
FAMILY_OF_ROWS(metric_at, metric_rows, .schema)
FAMILY_OF_ROWS(callback_at, callback_rows, )
FAMILY_OF_ROWS(source_at, dataset_sources, )
FAMILY_OF_ROWS(transform_at, dataset_transforms, )
FAMILY_OF_ROWS(augmentation_at, dataset_augmentations, )

static const Family families[] = {
    {"Layers", "in a model: `x -> dense(10)`, with a name: `dense(10, name = \"first\")`",
     layer_at},
    {"Activations", "in a model (`-> relu`) and as an argument (`dense(10, relu)`)", activation_at},
    {"Losses", "in a train block: `loss = mse`", loss_at},
    {"Optimizers", "in a train block: `optimizer = adam`", optimizer_at},
    {"Learning-rate schedules", "as a learning rate: `sgd(exponential_decay(..))`", schedule_at},
    {"Regularizers", "as `regularize = l2(..)` or `kernel_regularizer = ..`", regularizer_at},
    {"Constraints", "as `kernel_constraint = max_norm(3)`", constraint_at},
    {"Initializers", "as `kernel_initializer = ..`", initializer_at},
    {"Metrics", "in a train block: `metrics = [accuracy]`", metric_at},
    {"Callbacks", "in a train block: `callbacks = [early_stopping(patience = 3)]`", callback_at},
    {"Data sources", "at the beginning of a dataset: `dataset d = mnist`", source_at},
    {"Transforms", "after a data source: `-> scale(1/255)`", transform_at},
    {"Augmentations", "in a transform: `-> augment(flip, crop(pad = 4))`", augmentation_at},
};
enum { FAMILY_COUNT = sizeof families / sizeof *families };

typedef void (*Visit)(void *state, const Family *family, const Schema *schema);

static void visit_family(const Family *family, Visit visit, void *state) {
    bool skip = false;
    const Schema *schema;
    for (int i = 0; (schema = family->at(i, &skip)); i++)
        if (!skip) visit(state, family, schema);
}

static void visit_all(Visit visit, void *state) {
    for (int i = 0; i < FAMILY_COUNT; i++) visit_family(&families[i], visit, state);
}

// ---- Names.

typedef struct NameState {
    Arena *arena;
    VEC(const char *) names;
} NameState;

static void collect_name(void *state, const Family *family, const Schema *schema) {
    (void)family;
    NameState *collected = state;
    vec_push(collected->arena, &collected->names, schema->name);
}

const char *const *reference_names(Arena *arena) {
    NameState state = {.arena = arena};
    visit_all(collect_name, &state);
    vec_push(arena, &state.names, NULL);
    return state.names.items;
}

// ---- One callable.

static const char *type_words(const ArgDef *def) {
    static const char *const words[] = {
        [ARG_INT] = "a whole number",
        [ARG_FLOAT] = "a number",
        [ARG_BOOL] = "true or false",
        [ARG_STRING] = "a text in quotes",
        [ARG_STRINGS] = "a text in quotes, or a list of them",
        [ARG_NAME] = "a name",
        [ARG_INTS] = "whole numbers",
        [ARG_FLOATS] = "numbers",
        [ARG_NAMES] = "names",
        [ARG_ACTIVATION] = "an activation",
        [ARG_INITIALIZER] = "an initializer",
        [ARG_REGULARIZER] = "a regularizer",
        [ARG_CONSTRAINT] = "a constraint",
        [ARG_RATE] = "a number or a schedule",
        [ARG_WORD] = "one of",
        [ARG_WORD_OR_INTS] = "one of",
    };
    return words[def->type];
}

// "a number at least 0 and below 1, default 0.9, Keras: `rho`"
static char *argument_facts(Arena *arena, const ArgDef *def) {
    Text text = text_create(arena);
    text_put(&text, type_words(def));
    if (def->choices) text_format(&text, " %s", def->choices);
    if (def->type == ARG_WORD_OR_INTS) text_put(&text, ", or whole numbers");
    if (def->minimum != 0 || def->maximum != 0)
        text_format(&text, " %s", bind_range_text(arena, def));
    if (!def->default_text)
        text_put(&text, "; required");
    else if (strcmp(def->default_text, "none") == 0)
        text_put(&text, "; optional");
    else
        text_format(&text, "; default %s", def->default_text);
    if (def->short_name) text_format(&text, "; in short `%s`", def->short_name);
    if (def->keras_name) text_format(&text, "; in Keras: %s", def->keras_name);
    return text.data;
}

// dense(units, activation = none)
static void put_signature(Text *out, const Schema *schema) {
    text_put(out, schema->name);
    if (!schema_arg_count(schema)) return;
    text_put(out, "(");
    for (const ArgDef *def = schema->args; def->name; def++) {
        text_format(out, "%s%s", def == schema->args ? "" : ", ", def->name);
        if (def->variadic) text_put(out, "...");
        if (def->default_text) text_format(out, " = %s", def->default_text);
    }
    text_put(out, ")");
}

typedef struct PrintState {
    Text *out;
    const char *name;
    bool by_keras_name;
    int found;
} PrintState;

static void print_if_named(void *state, const Family *family, const Schema *schema) {
    PrintState *print = state;
    Text *out = print->out;
    bool is_meant = print->by_keras_name && schema->keras_name
                        ? names_match_keras(schema->keras_name, schema->name, print->name)
                        : !strcmp(schema->name, print->name);
    if (!is_meant) return;
    if (print->found++) text_put(out, "\n");
    put_signature(out, schema);
    text_format(out, "\n  %s (%s, %s)\n", schema->doc, family->title, family->doc);
    for (int i = 0; i < schema_arg_count(schema); i++) {
        const ArgDef *def = &schema->args[i];
        text_format(out, "\n  %-20s %s\n  %-20s %s\n", def->name, def->doc, "",
                    argument_facts(out->arena, def));
    }
}

bool reference_print(Text *out, const char *name) {
    PrintState state = {.out = out, .name = name};
    visit_all(print_if_named, &state);
    state.by_keras_name = true;
    if (!state.found) visit_all(print_if_named, &state);
    return state.found > 0;
}

// ---- Everything.

static void list_row(void *state, const Family *family, const Schema *schema) {
    (void)family;
    text_format(state, "  %-34s %s\n", schema->name, schema->doc);
}

// Skips members of other families.
static const Schema *first_of(const Family *family) {
    bool skip = true;
    const Schema *schema = NULL;
    for (int i = 0; skip && (schema = family->at(i, &skip)); i++) continue;
    return schema;
}

void reference_list(Text *out) {
    for (int i = 0; i < FAMILY_COUNT; i++) {
        if (!first_of(&families[i])) continue;
        text_format(out, "%s%s, %s\n", i ? "\n" : "", families[i].title, families[i].doc);
        visit_family(&families[i], list_row, out);
    }
    text_put(out, "\n`nnc ops NAME` shows the arguments of one.\n");
}

// `|` separates cells.
static void put_cell(Text *out, const char *text) {
    for (const char *at = text; *at; at++) {
        if (*at == '|') text_put(out, "\\");
        text_put_bytes(out, at, 1);
    }
}

static void markdown_entry(void *state, const Family *family, const Schema *schema) {
    (void)family;
    Text *out = state;
    text_format(out, "\n### %s\n\n%s.\n", schema->name, schema->doc);
    if (!schema_arg_count(schema)) return;
    text_put(out, "\n```\n");
    put_signature(out, schema);
    text_put(out, "\n```\n\n| argument | value | meaning |\n|---|---|---|\n");
    for (const ArgDef *def = schema->args; def->name; def++) {
        text_format(out, "| `%s` | ", def->name);
        put_cell(out, argument_facts(out->arena, def));
        text_put(out, " | ");
        put_cell(out, def->doc);
        text_put(out, " |\n");
    }
}

void reference_markdown(Text *out) {
    text_put(out, "# Reference\n\nMade by `nnc ops --markdown` from the compiler's own tables.\n");
    for (int i = 0; i < FAMILY_COUNT; i++) {
        if (!first_of(&families[i])) continue;
        text_format(out, "\n## %s\n\nWritten %s.\n", families[i].title, families[i].doc);
        visit_family(&families[i], markdown_entry, out);
    }
}
