// Names as the text alone shows them: declarations that clash, and names that nothing uses. A walk
// over the syntax, apart from evaluation, because a block may be used many times or never.
#include "check.h"

#include <ctype.h>

// ---- Unknown names.

enum { MAX_SUGGESTIONS = 200 }; // errors of a file that may have one

static bool is_name_byte(char byte) {
    return isalnum((unsigned char)byte) || byte == '_';
}

bool names_is_in_gap(const Checker *c, const char *name) {
    return map_get(&c->skipped, name) != NULL;
}

static bool may_be_declared(const Checker *c, const char *what, const char *name) {
    if (names_is_in_gap(c, name)) return true;
    for (int i = 0; i < c->nameless.count; i++)
        if (strstr(what, c->nameless.items[i])) return true;
    return false;
}

bool names_mentions(const Ast *ast, const char *name) {
    if (!ast) return false;
    bool is_use = ast->kind == AST_NAME || ast->kind == AST_CALL;
    if (is_use && ast->text && strcmp(ast->text, name) == 0) return true;
    bool found = names_mentions(ast->left, name) || names_mentions(ast->right, name) ||
                 names_mentions(ast->body, name);
    for (int i = 0; i < ast->items.count && !found; i++)
        found = names_mentions(ast->items.items[i], name);
    for (int i = 0; i < ast->parameters.count && !found; i++)
        found = names_mentions(ast->parameters.items[i], name);
    return found;
}

static const Ast *find_statement(const Ast *body, const char *name) {
    bool is_list = body && (body->kind == AST_BLOCK || body->kind == AST_FILE);
    for (int i = 0; is_list && i < body->items.count; i++) {
        const Ast *ast = body->items.items[i];
        bool binds = ast->kind == AST_ASSIGN || ast->kind == AST_LAYER || ast->kind == AST_PARAM ||
                     ast->kind == AST_DATASET;
        if (binds && ast->text && strcmp(ast->text, name) == 0) return ast;
        for (int k = 0; ast->kind == AST_UNPACK && k < ast->items.count; k++)
            if (strcmp(ast->items.items[k]->text, name) == 0) return ast->items.items[k];
    }
    return NULL;
}

// What binds the name below its use. NULL: nothing does.
static const Ast *find_later(const Checker *c, const Scope *scope, const char *name, Span use) {
    for (; scope; scope = scope->parent) {
        const Ast *body = scope->parent ? scope->body : import_file_of(c, use);
        const Ast *ast = find_statement(body, name);
        if (ast) return ast->span.lo > use.lo ? ast : NULL;
    }
    return NULL;
}

static void report_later(Checker *c, const Ast *later, Span use) {
    Diag *diag =
        diag_report(c->sink, DIAG_E0101, use, "`%s` is declared below its use", later->text);
    diag_label(diag, "not known yet");
    diag_secondary(diag, later->name_span, "declared here");
    diag_help(diag, "move the declaration of `%s` up", later->text);
}

struct Declared {
    const char *name;
    const char *noun;
    Span span;
    bool is_argument; // of a model or block
    bool is_used;
};

static bool is_within(Span inner, Span outer) {
    return inner.file == outer.file && inner.lo >= outer.lo && inner.hi <= outer.hi;
}

const char *names_renamed(Checker *c, Span use) {
    const AstList *items = &c->program->written->ast->items;
    const Declared *found = NULL;
    for (int i = 0; i < items->count; i++) {
        if (!is_within(use, items->items[i]->span)) continue;
        for (int k = 0; k < c->unused.count; k++) {
            const Declared *declared = c->unused.items[k];
            if (!declared->is_argument || !is_within(declared->span, items->items[i]->span))
                continue;
            if (found) return NULL;
            found = declared;
        }
    }
    if (!found) return NULL;
    map_set(&c->suggested, found->name, (void *)found);
    return found->name;
}

void names_help_param(Diag *diag, const char *name) {
    diag_help(diag, "write the number, or declare it above: `param %s = ...`", name);
}

static void help_columns(Checker *c, Diag *diag) {
    NameList names = {0};
    columns_add_names(c, &names, &c->fed->info);
    diag_help(diag, "the columns of `%s` are %s", c->fed->name,
              names_join(c->arena, &names, "and"));
}

void names_unknown(Checker *c, const Scope *scope, const char *what, const char *name, Span span,
                   const char *const *extra) {
    NameList names = {0};
    if (may_be_declared(c, what, name) || planned_report(c, what, name, span)) return;
    const Ast *later = find_later(c, scope, name, span);
    if (later) {
        report_later(c, later, span);
        return;
    }
    // Nobody reads hundreds of suggestions, and each compares with all names.
    bool suggests = diag_error_count(c->sink) < MAX_SUGGESTIONS;
    if (suggests) names_add_scope(c, &names, scope);
    if (suggests && c->fed) columns_add_names(c, &names, &c->fed->info);
    for (; suggests && extra && *extra; extra++) vec_push(c->arena, &names, *extra);
    const char *near = suggests ? names_nearest(c, &names, name) : NULL;
    if (!near && c->lacks_files) return;
    if (!near && strcmp(what, "value") == 0) near = names_renamed(c, span);
    Diag *diag = diag_report(c->sink, DIAG_E0101, span, "there is no %s `%s`", what, name);
    diag_label(diag, "unknown name");
    if (near)
        diag_help(diag, "did you mean `%s`?", near);
    else if (c->fed)
        help_columns(c, diag);
    else if (strcmp(what, "value") == 0 && !scope->parent)
        names_help_param(diag, name);
}

// ---- Declarations and uses.

typedef struct Level Level;
struct Level {
    Level *parent;
    bool is_local; // of a body: its names may not be declared again further in
    Map names;     // to Declared *
    VEC(Declared *) order;
};

static void walk(Checker *c, Level *level, const Ast *ast);

static Level *open_level(Checker *c, Level *parent, bool is_local) {
    Level *level = ARENA_NEW(c->arena, Level);
    level->parent = parent;
    level->is_local = is_local;
    map_create(&level->names, c->arena, false);
    return level;
}

static Declared *find_clash(const Level *level, const char *name) {
    for (; level; level = level->parent) {
        Declared *declared = map_get(&level->names, name);
        if (declared) return declared;
        if (!level->is_local || !level->parent || !level->parent->is_local) return NULL;
    }
    return NULL;
}

// What stands for a value everywhere.
static bool report_literal(Checker *c, const char *name, Span span) {
    if (!text_has_word("true false none", name)) return false;
    Diag *diag = diag_report(c->sink, DIAG_E0102, span, "`%s` is a value of the language", name);
    diag_label(diag, "taken already");
    diag_help(diag, "choose another name");
    map_set(&c->clashing, name, (void *)name);
    return true;
}

// Two files may have many names in common: that is one mistake.
static bool note_clash(Checker *c, const char *name, Span span, Span first) {
    if (span.file == first.file) return false;
    const char *files = arena_format(c->arena, "%u %u", span.file, first.file);
    Diag *known = map_get(&c->clashing_files, files);
    if (known) diag_secondary(known, span, "`%s` again, too", name);
    return known;
}

static void report_clash(Checker *c, const char *name, Span span, Span first) {
    if (note_clash(c, name, span, first)) return;
    Diag *diag = diag_report(c->sink, DIAG_E0102, span, "`%s` is declared twice", name);
    diag_label(diag, "declared again here");
    diag_secondary(diag, first, "first declared here");
    diag_help(diag, "give one of them another name");
    if (span.file != first.file)
        map_set(&c->clashing_files, arena_format(c->arena, "%u %u", span.file, first.file), diag);
}

static void declare(Checker *c, Level *level, const char *name, Span span, const char *noun) {
    if (!name || report_literal(c, name, span)) return;
    const Declared *first = find_clash(level, name);
    if (first) {
        report_clash(c, name, span, first->span);
        if (!level->parent) map_set(&c->clashing, name, (void *)first);
        return;
    }
    Declared *declared = ARENA_NEW(c->arena, Declared);
    *declared = (Declared){.name = name, .noun = noun, .span = span};
    map_set(&level->names, name, declared);
    vec_push(c->arena, &level->order, declared);
}

static void use(const Checker *c, const Level *level, const char *name, Span span) {
    for (; level; level = level->parent) {
        Declared *declared = map_get(&level->names, name);
        if (!declared || !import_sees(c, span, declared->span)) continue;
        declared->is_used = true;
        return;
    }
}

static void close_level(Checker *c, const Level *level) {
    for (int i = 0; i < level->order.count; i++) {
        Declared *declared = level->order.items[i];
        if (import_is_foreign(c, declared->span)) continue; // for others to use
        if (!declared->is_used && declared->name[0] != '_')
            vec_push(c->arena, &c->unused, declared);
    }
}

void names_report_unused(Checker *c) {
    if (diag_error_count(c->sink)) return; // what was meant there may use them
    for (int i = 0; i < c->unused.count; i++) {
        const Declared *declared = c->unused.items[i];
        if (map_get(&c->suggested, declared->name)) continue; // a misspelt use was reported
        Diag *diag = diag_report(c->sink, DIAG_W0101, declared->span, "%s `%s` is never used",
                                 declared->noun, declared->name);
        diag_label(diag, "never used");
        diag_help(diag, "remove it, or call it `_%s` if that is meant", declared->name);
    }
}

static void declare_statement(Checker *c, Level *level, const Ast *ast) {
    if (ast->kind == AST_ASSIGN) declare(c, level, ast->text, ast->name_span, "the value");
    if (ast->kind == AST_LAYER) declare(c, level, ast->text, ast->name_span, "the layer");
    for (int i = 0; ast->kind == AST_UNPACK && i < ast->items.count; i++)
        declare(c, level, ast->items.items[i]->text, ast->items.items[i]->span, "the value");
}

static void walk_items(Checker *c, Level *level, const AstList *items) {
    for (int i = 0; i < items->count; i++) walk(c, level, items->items[i]);
}

static void walk_body(Checker *c, Level *level, const Ast *body) {
    if (!body || body->kind != AST_BLOCK) {
        walk(c, level, body);
        return;
    }
    for (int i = 0; i < body->items.count; i++) declare_statement(c, level, body->items.items[i]);
    walk_items(c, level, &body->items);
}

static void walk_inner(Checker *c, Level *parent, const Ast *body) {
    Level *level = open_level(c, parent, true);
    walk_body(c, level, body);
    close_level(c, level);
}

static void walk_function(Checker *c, Level *globals, const Ast *ast, const char *noun) {
    Level *level = open_level(c, globals, true);
    for (int i = 0; i < ast->parameters.count; i++) {
        const Ast *parameter = ast->parameters.items[i];
        declare(c, level, parameter->text, parameter->name_span, noun);
        walk(c, globals, parameter->right);
        walk(c, level, parameter->left);
    }
    for (int i = 0; i < level->order.count; i++) level->order.items[i]->is_argument = true;
    walk_body(c, level, ast->body);
    close_level(c, level);
}

// `repeat` in its body is read by the training.
static void walk_step(Checker *c, Level *globals, const Ast *ast) {
    Level *level = open_level(c, globals, true);
    walk_items(c, globals, &ast->items);
    walk(c, globals, ast->right);
    walk_body(c, level, ast->body);
    use(c, level, "repeat", ast->body->span);
    close_level(c, level);
}

// Entries of `train` are no declarations; `step` bodies are bodies.
static void walk_train(Checker *c, Level *globals, const Ast *ast) {
    walk_items(c, globals, &ast->items);
    walk(c, globals, ast->right);
    for (int i = 0; ast->body && i < ast->body->items.count; i++) {
        const Ast *entry = ast->body->items.items[i];
        if (entry->kind == AST_STEP)
            walk_step(c, globals, entry);
        else if (entry->left && entry->left->kind == AST_LIST)
            walk_items(c, globals,
                       &entry->left->items); // which may have names: one for each output
        else
            walk(c, globals, entry->left);
    }
}

static void check_unnamed(Checker *c, const Ast *list) {
    for (int i = 0; i < list->items.count; i++) {
        const Ast *item = list->items.items[i];
        if (item->kind != AST_ASSIGN) continue;
        Diag *diag =
            diag_report(c->sink, DIAG_E0206, item->span, "the items of this list have no names");
        diag_label(diag, "not here");
        diag_help(diag, "an entry of `train` may have a value for each output: `loss = [same = "
                        "mse, digit = crossentropy]`");
        return;
    }
}

static void walk_for(Checker *c, Level *level, const Ast *ast) {
    Level *inner = open_level(c, level, true);
    declare(c, inner, ast->text, ast->name_span, "the value");
    walk(c, level, ast->right);
    walk(c, inner, ast->left);
    close_level(c, inner);
}

// Chains lean to the left and may be long: the left side is walked in a loop.
static void walk(Checker *c, Level *level, const Ast *ast) {
    for (; ast; ast = ast->left) {
        switch (ast->kind) {
        case AST_ERROR: return;
        case AST_NAME: use(c, level, ast->text, ast->span); break;
        case AST_CALL: use(c, level, ast->text, ast->span); break;
        case AST_TRAIN: walk_train(c, level, ast); return;
        case AST_MODEL: walk_function(c, level, ast, "the input"); return;
        case AST_BLOCK_DECLARATION: walk_function(c, level, ast, "the parameter"); return;
        case AST_BLOCK: walk_inner(c, level, ast); return;
        case AST_FOR: walk_for(c, level, ast); return;
        case AST_LIST: check_unnamed(c, ast); break;
        default: break;
        }
        walk_items(c, level, &ast->items);
        walk(c, level, ast->right);
        walk(c, level, ast->body);
        walk(c, level, ast->otherwise);
    }
}

// `dataset = circles(10)`: what lacks its name there, or NULL.
static const char *nameless_in(const char *skipped) {
    static const char *const words[] = {"param", "dataset", "block", "model"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t length = strlen(words[i]);
        if (strncmp(skipped, words[i], length) != 0 || is_name_byte(skipped[length])) continue;
        skipped += length + strspn(skipped + length, " \t\r\n");
        if (is_name_byte(*skipped)) return NULL;
        return i == 0 ? "value" : words[i];
    }
    return NULL;
}

static void note_nameless(Checker *c, const char *what) {
    for (int i = 0; i < c->nameless.count; i++)
        if (c->nameless.items[i] == what) return;
    if (what) vec_push(c->arena, &c->nameless, what);
}

static void add_gap(Checker *c, Span span) {
    const char *text = sources_get(c->sources, span.file)->text;
    const char *at = text + span.lo, *end = text + span.hi;
    note_nameless(c, nameless_in(at));
    vec_push(c->arena, &c->gaps, span);
    while (at < end) {
        const char *start = at;
        while (at < end && is_name_byte(*at)) at++;
        if (at > start)
            map_set(&c->skipped, arena_copy(c->arena, start, (size_t)(at - start)), (void *)text);
        else
            at++;
    }
}

static void find_gaps(Checker *c, const Ast *ast) {
    for (; ast; ast = ast->left) {
        if (ast->kind == AST_ERROR) add_gap(c, ast->span);
        for (int i = 0; i < ast->items.count; i++) find_gaps(c, ast->items.items[i]);
        for (int i = 0; i < ast->parameters.count; i++) find_gaps(c, ast->parameters.items[i]);
        find_gaps(c, ast->right);
        find_gaps(c, ast->body);
        find_gaps(c, ast->otherwise);
    }
}

static const char *global_noun(AstKind kind) {
    if (kind == AST_PARAM) return "the param";
    if (kind == AST_ASSIGN) return "the value";
    if (kind == AST_DATASET) return "the dataset";
    if (kind == AST_BLOCK_DECLARATION) return "the block";
    return kind == AST_MODEL ? "the model" : NULL;
}

// What the language means by the name where only a model or a block could mean something else:
// params and datasets stand in other places than layers.
static const char *built_in(const Ast *ast) {
    bool is_layer = ast->kind == AST_MODEL || ast->kind == AST_BLOCK_DECLARATION;
    const OpDef *op = is_layer && ast->text ? op_find(ast->text) : NULL;
    if (!op || !op->surface) return NULL;
    if (op->is_loss) return "a loss";
    return op->is_activation ? "an activation" : "a layer";
}

static void declare_global(Checker *c, Level *globals, const Ast *ast) {
    const char *noun = global_noun(ast->kind);
    const char *meaning = noun ? built_in(ast) : NULL;
    if (noun) declare(c, globals, ast->text, ast->name_span, noun);
    if (!meaning) return;
    Diag *diag = diag_report(c->sink, DIAG_E0102, ast->name_span,
                             "`%s` is the name of %s of the language", ast->text, meaning);
    diag_label(diag, "taken already");
    diag_help(diag, "give %s another name", noun);
}

static bool has_declaration(const Ast *file, AstKind kind) {
    for (int i = 0; i < file->items.count; i++)
        if (file->items.items[i]->kind == kind) return true;
    return false;
}

void names_check(Checker *c) {
    const Ast *program = c->program->written->ast;
    const Ast *main = import_file_of(c, (Span){.file = c->program->file});
    Level *globals = open_level(c, NULL, false);
    // What a file is for needs no user: models without a `train`, blocks without a model.
    AstKind free = has_declaration(program, AST_TRAIN) ? AST_TRAIN
                   : has_declaration(main, AST_MODEL)  ? AST_MODEL
                                                       : AST_BLOCK_DECLARATION;
    c->has_syntax_errors = diag_error_count(c->sink) > 0; // nothing was checked yet
    for (int i = 0; i < c->files.count; i++) find_gaps(c, c->files.items[i]->ast);
    for (int i = 0; i < program->items.count; i++) {
        const Ast *ast = program->items.items[i];
        declare_global(c, globals, ast);
        if (ast->kind == free && ast->text) use(c, globals, ast->text, ast->span);
    }
    walk_items(c, globals, &program->items);
    close_level(c, globals);
}

// ---- Names that are not a row's.

const ArgDef *bind_unknown(Checker *c, const ArgDef *args, const char *callee, const char *noun,
                           const Ast *assign) {
    NameList names = {0};
    const char *value = sources_text(c->sources, assign->left->span);
    for (const ArgDef *def = args; def && def->name; def++) {
        vec_push(c->arena, &names, def->name);
        if (!names_match_keras(def->keras_name, def->name, assign->text)) continue;
        Diag *diag = diag_report(c->sink, DIAG_E0107, assign->name_span, "`%s` is called `%s` here",
                                 assign->text, def->name);
        diag_label(diag, "Keras's name");
        diag_help(diag, "write `%s = %s`", def->name, value);
        return def;
    }
    if (planned_report(c, noun, assign->text, assign->name_span)) return NULL;
    Diag *diag = diag_report(c->sink, DIAG_E0103, assign->name_span, "`%s` has no %s `%s`", callee,
                             noun, assign->text);
    const char *habit = habits_help(c, noun, assign->text, value);
    const char *near = habit ? NULL : names_nearest(c, &names, assign->text);
    diag_label(diag, "unknown %s", noun);
    if (habit)
        diag_help(diag, "%s", habit);
    else if (near)
        diag_help(diag, "did you mean `%s = %s`?", near, value);
    else if (names.count)
        diag_help(diag, "it has %s", names_join(c->arena, &names, "and"));
    else
        diag_help(diag, "it takes none");
    return NULL;
}
