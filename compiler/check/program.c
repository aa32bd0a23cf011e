// The order of checking: imports, params, datasets, which model is trained on what, models, train
// blocks. Every stage goes on after mistakes, so that all of them come in one run.
#include "check.h"

#include "../front/parse.h"

#include <string.h>

// ---- Params.

static const Definition *find_definition(const Checker *c, const char *name) {
    for (int i = c->options->definition_count - 1; i >= 0; i--) // the last one counts
        if (strcmp(c->options->definitions[i].name, name) == 0) return &c->options->definitions[i];
    return NULL;
}

// The value of `-D name=VALUE`: an expression, in a source of its own that messages name. For a
// text it is the characters as they stand.
static const Value *definition_value(Checker *c, const Definition *definition,
                                     const Value *declared, const Ast **written) {
    if (declared->kind == VALUE_STRING) {
        *written = NULL;
        return value_text(c->arena, VALUE_STRING, definition->value, declared->span);
    }
    const char *text = arena_format(c->arena, "param %s = %s", definition->name, definition->value);
    int file = sources_add(c->program->sources, "-D", text, strlen(text));
    int errors = diag_error_count(c->sink);
    const Ast *ast = parse_file(c->arena, c->program->sources, (uint32_t)file, c->sink);
    bool is_value = ast->items.count == 1 && ast->items.items[0]->kind == AST_PARAM;
    if (is_value) {
        *written = ast->items.items[0]->left;
        return expression_evaluate(c, c->globals, *written);
    }
    if (diag_error_count(c->sink) == errors) {
        Diag *diag =
            diag_report(c->sink, DIAG_E0004, ast->span, "`-D %s=%s` gives more than one value",
                        definition->name, definition->value);
        diag_label(diag, "one value is wanted");
    }
    return expression_error(c, declared->span);
}

// The word or the callee that a value is the name of; NULL: it is none.
static const char *callee_of(const Value *value) {
    if (value->kind == VALUE_WORD) return value->text;
    return value->kind == VALUE_RECIPE ? value->recipe->ast->text : NULL;
}

// What stands for a number may be none, several, a schedule, or how weights start.
static bool may_replace(const Value *declared, const Value *given) {
    const char *callee = callee_of(given);
    if (declared->kind == VALUE_ERROR || given->kind == VALUE_ERROR) return true;
    if (declared->kind == VALUE_BOOL || given->kind == VALUE_BOOL)
        return declared->kind == given->kind;
    if (declared->kind != VALUE_NUMBER) return true;
    if (given->kind == VALUE_NUMBER || given->kind == VALUE_LIST) return true;
    return callee && (strcmp(callee, "none") == 0 || schema_callee(ARG_RATE, callee) ||
                      schema_callee(ARG_INITIALIZER, callee));
}

static bool check_definition(Checker *c, const Ast *ast, const Definition *definition,
                             const Value *declared, const Value *given) {
    if (may_replace(declared, given)) return true;
    Diag *diag =
        diag_report(c->sink, DIAG_E0201, given->span, "`-D %s=%s` gives %s, but `%s` is %s",
                    ast->text, definition->value, value_describe(c->arena, given), ast->text,
                    value_describe(c->arena, declared));
    diag_label(diag, "given on the command line");
    diag_secondary(diag, ast->left->span, "the value in the file");
    return false;
}

// A `param` holds whatever may stand where it is used; `-D` gives anything else that may.
static const Value *evaluate_param(Checker *c, const Ast *ast) {
    const Value *value = expression_evaluate(c, import_globals(c, ast->span), ast->left);
    const Definition *definition = find_definition(c, ast->text);
    const Ast *written = ast->left;
    if (definition) {
        const Value *given = definition_value(c, definition, value, &written);
        if (!check_definition(c, ast, definition, value, given))
            return expression_error(c, ast->span);
        value = given;
    }
    return value_declared(c->arena, value, written);
}

// A recipe cannot have the name of what it would hide.
static const Value *evaluate_value(Checker *c, const Ast *ast) {
    const Value *value = expression_evaluate(c, import_globals(c, ast->span), ast->left);
    const OpDef *op = op_find(ast->text);
    if (!value_is_layer(value) || !op || !op->surface)
        return value_declared(c->arena, value, ast->left);
    Diag *diag = diag_report(c->sink, DIAG_E0102, ast->name_span,
                             "`%s` is the name of a layer of the language", ast->text);
    diag_label(diag, "taken already");
    diag_help(diag, "give these layers another name");
    return expression_error(c, ast->span);
}

static const char *who_has(const Checker *c) {
    return c->files.count > 1 ? "this file and those that it imports have" : "this file has";
}

static bool is_fixed(const Ast *file, const char *name) {
    for (int i = 0; i < file->items.count; i++) {
        const Ast *ast = file->items.items[i];
        if (ast->kind == AST_ASSIGN && strcmp(ast->text, name) == 0) return true;
    }
    return false;
}

static void check_definitions(Checker *c, const Ast *file) {
    NameList names = {0};
    if (c->has_syntax_errors) return; // the declaration may be there
    for (int i = 0; i < file->items.count; i++)
        if (file->items.items[i]->kind == AST_PARAM)
            vec_push(c->arena, &names, file->items.items[i]->text);
    for (int i = 0; i < c->options->definition_count; i++) {
        const char *name = c->options->definitions[i].name;
        bool is_known = false;
        for (int k = 0; k < names.count; k++)
            is_known = is_known || strcmp(names.items[k], name) == 0;
        if (is_known) continue;
        Span start = {.file = c->program->file};
        Diag *diag =
            diag_report(c->sink, DIAG_E0101, start, "there is no `param` `%s` for `-D %s=%s`", name,
                        name, c->options->definitions[i].value);
        const char *near = names_nearest(c, &names, name);
        if (is_fixed(file, name))
            diag_help(diag, "write `param` before `%s = ...`: the command line changes params only",
                      name);
        else if (near)
            diag_help(diag, "did you mean `-D %s=%s`?", near, c->options->definitions[i].value);
        else if (names.count)
            diag_help(diag, "%s %s", who_has(c), names_join(c->arena, &names, "and"));
        else
            diag_help(diag, "add `param %s = %s`", name, c->options->definitions[i].value);
    }
}

// ---- Declarations.

static const Value *declare_dataset(Checker *c, const Ast *ast) {
    Value *value = value_new(c->arena, VALUE_DATASET, ast->name_span);
    if (!import_is_needed(c, ast)) return expression_error(c, ast->name_span); // nor is it opened
    value->dataset = dataset_declare(c, ast->text, ast->name_span, ast->left);
    vec_push(c->arena, &c->program->datasets, value->dataset);
    return value;
}

static const Value *declare_block(Checker *c, const Ast *ast) {
    Value *value = value_new(c->arena, VALUE_BLOCK, ast->name_span);
    value->declaration = ast;
    return value;
}

static void declare(Checker *c, const Ast *ast) {
    const Value *value = NULL;
    if (!ast->text || map_get(&c->globals->names, ast->text)) return;
    if (ast->kind == AST_PARAM) value = evaluate_param(c, ast);
    if (ast->kind == AST_ASSIGN) value = evaluate_value(c, ast);
    if (ast->kind == AST_BLOCK_DECLARATION) value = declare_block(c, ast);
    if (ast->kind == AST_DATASET) value = declare_dataset(c, ast);
    if (ast->kind == AST_MODEL) value = model_declare(c, ast);
    if (value && map_get(&c->clashing, ast->text)) value = expression_error(c, ast->name_span);
    if (value) import_bind(c, ast->name_span, ast->text, value);
}

// In the order of the files, except that blocks and models may be used before they are declared.
static void declare_all(Checker *c, const Ast *file) {
    static const AstKind early[] = {AST_BLOCK_DECLARATION, AST_MODEL};
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < file->items.count; i++)
            if (file->items.items[i]->kind == early[k]) declare(c, file->items.items[i]);
    for (int i = 0; i < file->items.count; i++) {
        AstKind kind = file->items.items[i]->kind;
        if (kind == AST_PARAM || kind == AST_DATASET || kind == AST_ASSIGN)
            declare(c, file->items.items[i]);
    }
    for (int i = 0; i < file->items.count; i++)
        if (file->items.items[i]->kind == AST_TRAIN) training_declare(c, file->items.items[i]);
}

// ---- Whose layers are whose.

static bool lacks_shape(const ModelEntry *entry) {
    for (int i = 0; i < entry->declaration->parameters.count; i++)
        if (!entry->declaration->parameters.items[i]->right) return true;
    return false;
}

static bool stands_alone(const Checker *c, const ModelEntry *entry) {
    bool is_foreign = import_is_foreign(c, entry->declaration->span);
    return entry->has_training || (!is_foreign && !lacks_shape(entry));
}

static bool is_chosen(const Checker *c, const ModelEntry *entry) {
    return c->options->model && strcmp(c->options->model, entry->declaration->text) == 0;
}

// Not a model of the program, unless the command line chooses it: one of an imported file that is
// not trained here; and, beside others, one that waits for a use to give it a shape.
static bool is_unchosen_layer(const Checker *c, const ModelEntry *entry) {
    if (stands_alone(c, entry)) return false;
    if (import_is_foreign(c, entry->declaration->span)) return true;
    for (int i = 0; i < c->models.count; i++)
        if (stands_alone(c, c->models.items[i])) return true;
    return false;
}

static bool is_only_layer(const Checker *c, const ModelEntry *entry) {
    return !is_chosen(c, entry) && is_unchosen_layer(c, entry);
}

// A part is a layer of others only.
static bool is_part(const Ast *file, const ModelEntry *entry) {
    if (entry->has_training) return false;
    for (int i = 0; i < file->items.count; i++) {
        const Ast *ast = file->items.items[i];
        bool has_layers =
            ast->kind == AST_MODEL || ast->kind == AST_BLOCK_DECLARATION || ast->kind == AST_ASSIGN;
        if (has_layers && ast != entry->declaration &&
            names_mentions(ast, entry->declaration->text))
            return true;
    }
    return false;
}

// The layers of the one model that a program is about have plain names; where there are several,
// and in parts of others, the model's name stands before them. Which model was chosen does not
// matter, so that weights fit all that is built of a program; but of imported files alone the
// chosen one is what the program is about.
static void name_models(Checker *c, const Ast *file) {
    int whole = 0;
    for (int i = 0; i < c->models.count; i++) {
        ModelEntry *entry = c->models.items[i];
        entry->model->is_part = is_unchosen_layer(c, entry) || is_part(file, entry);
        whole += !entry->model->is_part;
    }
    for (int i = 0; i < c->models.count && !whole; i++) {
        ModelEntry *entry = c->models.items[i];
        if (is_chosen(c, entry)) entry->model->is_part = is_part(file, entry);
    }
    for (int i = 0; i < c->models.count; i++) {
        ModelEntry *entry = c->models.items[i];
        entry->has_prefix = entry->model->is_part || whole > 1;
    }
}

// ---- Models.

// Those that are trained first: how their weights start is said there, for their parts, too. A
// model that is only a layer of others takes its shapes from them.
static void elaborate_models(Checker *c) {
    enum { TRAINED, DECLARED, WAITING, TURNS };
    for (int turn = 0; turn < TURNS; turn++)
        for (int i = 0; i < c->models.count; i++) {
            ModelEntry *entry = c->models.items[i];
            if (is_only_layer(c, entry)) continue;
            bool waits = lacks_shape(entry) && (!entry->has_training || entry->by_name);
            int own = waits ? WAITING : entry->has_training ? TRAINED : DECLARED;
            bool is_later = own == WAITING && (entry->is_used || entry->by_name);
            if (own == turn && !is_later) model_elaborate(c, entry);
        }
}

// Models that steps gave their shapes.
static void elaborate_used(Checker *c) {
    for (int i = 0; i < c->models.count; i++) {
        ModelEntry *entry = c->models.items[i];
        bool is_own = !entry->model->is_part || is_chosen(c, entry);
        if (!entry->model->forward && is_own) model_elaborate(c, entry);
    }
}

static void collect_models(Checker *c) {
    Program *program = c->program;
    for (int i = 0; i < c->models.count; i++) {
        ModelEntry *entry = c->models.items[i];
        if (!entry->model->forward) continue;
        vec_push(c->arena, &program->models, entry->model);
        if (c->options->model) {
            if (strcmp(entry->model->name, c->options->model) == 0) program->main = entry->model;
            continue;
        }
        bool is_better = !program->main || entry->has_training || !program->main->trainings.count;
        if (is_better) program->main = entry->model;
    }
}

static void check_choice(Checker *c) {
    NameList names = {0};
    const char *name = c->options->model;
    if (!name || c->has_syntax_errors) return; // it may be declared where the mistake is
    for (int i = 0; i < c->models.count; i++) {
        const char *declared = c->models.items[i]->declaration->text;
        if (strcmp(declared, name) == 0) return;
        vec_push(c->arena, &names, declared);
    }
    Span start = {.file = c->program->file};
    Diag *diag = diag_report(c->sink, DIAG_E0101, start, "there is no model `%s` for `--model %s`",
                             name, name);
    const char *near = names_nearest(c, &names, name);
    if (near)
        diag_help(diag, "did you mean `--model %s`?", near);
    else if (names.count)
        diag_help(diag, "%s %s", who_has(c), names_join(c->arena, &names, "and"));
}

static Checker *create(Arena *arena, SourceSet *sources, const CheckOptions *options,
                       DiagSink *sink) {
    Checker *c = ARENA_NEW(arena, Checker);
    c->arena = arena;
    c->sources = sources;
    c->sink = sink;
    c->options = options;
    map_create(&c->suggested, arena, false);
    map_create(&c->clashing, arena, false);
    map_create(&c->clashing_files, arena, false);
    map_create(&c->planned, arena, false);
    map_create(&c->reached, arena, true);
    map_create(&c->blank_scopes, arena, true);
    map_create(&c->skipped, arena, false);
    map_create(&c->active, arena, true);
    map_create(&c->bound, arena, true);
    map_create(&c->declarations, arena, false);
    map_create(&c->needed, arena, true);
    return c;
}

static const Written *written_create(Checker *c, const Ast *ast) {
    Written *written = ARENA_NEW(c->arena, Written);
    *written = (Written){.ast = ast,
                         .needed = &c->needed,
                         .definitions = c->options->definitions,
                         .definition_count = c->options->definition_count,
                         .precision = c->options->precision,
                         .bound = &c->bound};
    return written;
}

static void set_expanded(Program *program) {
    Text text = text_create(program->arena);
    program_expand(&text, program);
    program->expanded = text.data;
}

Program *program_check(Arena *arena, SourceSet *sources, uint32_t file, const Ast *ast,
                       const CheckOptions *options, DiagSink *sink) {
    Checker *c = create(arena, sources, options, sink);
    Program *program = ARENA_NEW(arena, Program);
    program->arena = arena;
    program->sources = sources;
    program->file = file;
    program->weights = weights_create(arena);
    program->is_single = options->model != NULL;
    c->program = program;
    const Ast *all = import_all(c, ast);
    program->written = written_create(c, all);
    names_check(c);
    check_definitions(c, all);
    declare_all(c, all);
    check_choice(c);
    name_models(c, all);
    elaborate_models(c);
    for (int i = 0; i < c->trainings.count; i++) training_check(c, c->trainings.items[i]);
    elaborate_used(c);
    for (int i = 0; i < c->trainings.count; i++) training_samples(c, c->trainings.items[i]);
    for (int i = 0; i < c->trainings.count; i++) training_finish(c, c->trainings.items[i]);
    sequences_check(c);
    limits_check(c);
    collect_models(c);
    leftover_check(c, all);
    planned_report_all(c);
    names_report_unused(c);
    doubts_warn(c);
    if (diag_error_count(sink)) return program;
    set_expanded(program);
    if (program->is_single && program->main) program_keep_main(program);
    return program;
}
