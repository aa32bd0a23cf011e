// The reference, from the vocabulary.
#include "reference.h"

#include "../../check/check.h"
#include "../../op/vocabulary.h"

typedef void (*Visit)(void *state, const Family *family, const Schema *schema);

static void visit_family(const Family *family, Visit visit, void *state) {
    const Schema *schema;
    for (Words words = {.family = family}; (schema = words_next(&words));)
        visit(state, family, schema);
}

static void visit_all(Visit visit, void *state) {
    for (int i = 0; i < FAMILY_COUNT; i++) visit_family(&vocabulary[i], visit, state);
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
        [ARG_FORMULA] = "a formula over columns",
        [ARG_FORMULAS] = "names and formulas over columns",
        [ARG_ACTIVATION] = "an activation",
        [ARG_INITIALIZER] = "an initializer",
        [ARG_REGULARIZER] = "a regularizer",
        [ARG_CONSTRAINT] = "a constraint",
        [ARG_LAYER] = "a layer",
        [ARG_BLOCK] = "a block",
        [ARG_RATE] = "a number or a schedule",
        [ARG_EVERY] = "steps, `60s` or `2epochs`",
        [ARG_DURATION] = "`90s`, `1h30m`",
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

void reference_list(Text *out) {
    for (int i = 0; i < FAMILY_COUNT; i++) {
        text_format(out, "%s%s, %s\n", i ? "\n" : "", vocabulary[i].title, vocabulary[i].doc);
        visit_family(&vocabulary[i], list_row, out);
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
        text_format(out, "\n## %s\n\nWritten %s.\n", vocabulary[i].title, vocabulary[i].doc);
        visit_family(&vocabulary[i], markdown_entry, out);
    }
}
