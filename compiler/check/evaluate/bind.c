// Which row of the schema each written argument is meant for. What the value must be is convert.c's
// business.
#include "bind.h"

#include "../../front/parse.h"
#include "block.h"

typedef struct Binding {
    Checker *c;
    Scope *scope;
    const Schema *schema;
    const Ast *call;
    Args *args;
    const Ast **given; // by row: what was written for it
    int next;          // the next row for a positional argument
    const Ast *word;   // the last bare word and named argument: positional ones may not follow
    const Ast *named;
    Ast *formulas;     // the named arguments, where they are free; NULL: none so far
    AstList options;   // named arguments that may be of the block among the arguments
    const Ast *own[2]; // what `name = ..` and `frozen = ..` of a layer say; NULL: nothing
    bool ok;
} Binding;

// Every layer takes these beside the rows of its schema.
enum { OWN_NAME, OWN_FROZEN, OWN_ARGS };
static const ArgDef own_args[] = {
    {.name = "name", .type = ARG_STRING, .doc = "the layer's name in the summary and in files"},
    {.name = "frozen",
     .type = ARG_BOOL,
     .keras_name = "freeze",
     .doc = "its weights stay as they are, and its normalizations infer"}};

static int own_index(const char *name) {
    for (int i = 0; i < OWN_ARGS; i++)
        if (strcmp(own_args[i].name, name) == 0) return i;
    return -1;
}

static bool is_layer(const Schema *schema) {
    const OpDef *op = op_find(schema->name);
    return op && &op->schema == schema && op->surface && !op->is_loss;
}

static Diag *report(Binding *b, DiagCode code, Span span, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static Diag *report(Binding *b, DiagCode code, Span span, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const char *text = arena_vformat(b->c->arena, format, arguments);
    va_end(arguments);
    b->ok = false;
    return diag_report(b->c->sink, code, span, "%s", text);
}

// ---- Words.

static bool takes_word(const ArgDef *def, const char *word) {
    if (def->is_flag) return strcmp(def->name, word) == 0;
    if (def->choices) return text_has_word(def->choices, word);
    return schema_callee(def->type, word);
}

static int count_takers(const Binding *b, const char *word, int *first) {
    int count = 0;
    for (int i = b->args->count - 1; i >= 0; i--) {
        if (!takes_word(&b->schema->args[i], word)) continue;
        *first = i;
        count++;
    }
    return count;
}

// What a name stands for that holds the name or the call of a callee: `act = leaky_relu(0.1)`.
static const Ast *meant_by(const Binding *b, const Ast *ast) {
    const Value *value = ast->kind == AST_NAME ? scope_find(b->scope, ast->text) : NULL;
    const Ast *meant = value && value->written                ? value->written
                       : value && value->kind == VALUE_RECIPE ? value->recipe->ast
                                                              : ast;
    return meant->kind == AST_NAME || meant->kind == AST_CALL ? meant : ast;
}

// The word that an argument is: one that no scope knows, or one that a `param` holds. A local
// tensor or recipe with the name of a choice (`same = ...`) does not hide the choice. NULL: the
// argument is a value.
static const char *word_of(const Binding *b, const Ast *ast) {
    int row;
    const Ast *meant = meant_by(b, ast);
    if (meant != ast && count_takers(b, meant->text, &row) > 0) return meant->text;
    if (ast->kind != AST_NAME || habits_is_none(b->scope, ast)) return NULL;
    if (strcmp(ast->text, "true") == 0 || strcmp(ast->text, "false") == 0) return NULL;
    const Value *value = scope_find(b->scope, ast->text);
    if (!value) return ast->text;
    if (value->kind == VALUE_WORD) return value->text;
    bool is_plain = value->kind != VALUE_TENSOR && !value_is_layer(value);
    return !is_plain && count_takers(b, ast->text, &row) > 0 ? ast->text : NULL;
}

// What a call such as `leaky_relu(0.1)` or `l2(0.01)` names, if it can only be meant for a row that
// takes callees.
static const char *called_word(const Binding *b, const Ast *ast) {
    int row;
    if (ast->kind != AST_CALL || scope_find(b->scope, ast->text)) return NULL;
    return count_takers(b, ast->text, &row) > 0 ? ast->text : NULL;
}

// ---- Mistakes.

static void report_twice(Binding *b, int row, const Ast *ast) {
    const char *name = b->schema->args[row].name;
    Diag *diag =
        report(b, DIAG_E0104, ast->span, "`%s` of `%s` is given twice", name, b->schema->name);
    diag_label(diag, "the second value");
    diag_secondary(diag, b->given[row]->span, "the first value");
}

static void give(Binding *b, int row, const Ast *ast) {
    if (b->given[row])
        report_twice(b, row, ast);
    else
        b->given[row] = ast;
}

static void report_several_takers(Binding *b, const char *word, const Ast *ast) {
    NameList names = {0};
    for (int i = 0; i < b->args->count; i++)
        if (takes_word(&b->schema->args[i], word))
            vec_push(b->c->arena, &names, b->schema->args[i].name);
    Diag *diag = report(b, DIAG_E0108, ast->span, "`%s` fits several arguments of `%s`", word,
                        b->schema->name);
    diag_label(diag, "for %s?", names_join(b->c->arena, &names, "or"));
    diag_help(diag, "say which: `%s = %s`", names.items[0], sources_text(b->c->sources, ast->span));
}

// Keras's name for an activation, an initializer ...
static bool report_keras_word(Binding *b, const char *word, const Ast *ast) {
    for (int row = 0; row < b->args->count; row++) {
        ArgType type = b->schema->args[row].type;
        const Schema *known = family_keras(family_of_argument(type), word);
        if (!known) continue;
        Diag *diag =
            report(b, DIAG_E0107, ast->span, "`%s` is called `%s` here", word, known->name);
        diag_label(diag, "Keras's name");
        diag_help(diag, "write `%s`", known->name);
        return true;
    }
    return false;
}

// Is a number looked for here?
static bool takes_number(const Binding *b) {
    if (b->named || b->next >= b->args->count) return false;
    ArgType type = b->schema->args[b->next].type;
    return type == ARG_INT || type == ARG_FLOAT || type == ARG_INTS || type == ARG_FLOATS ||
           type == ARG_RATE;
}

static void report_unknown_word(Binding *b, const char *word, const Ast *ast) {
    NameList names = {0};
    b->ok = false;
    if (names_is_in_gap(b->c, word)) return;
    for (int i = 0; i < b->args->count; i++) {
        const ArgDef *def = &b->schema->args[i];
        names_add_words(b->c, &names, def->choices);
        family_add_words(b->c, &names, family_of_argument(def->type));
    }
    names_add_scope(b->c, &names, b->scope);
    const char *near = names_nearest(b->c, &names, word);
    if (!near) near = names_renamed(b->c, ast->span);
    Diag *diag =
        report(b, DIAG_E0108, ast->span, "`%s` is neither a value nor a word that `%s` takes", word,
               b->schema->name);
    diag_label(diag, "unknown here");
    if (near)
        diag_help(diag, "did you mean `%s`?", near);
    else if (takes_number(b) && !names_is_word(word))
        names_help_param(diag, word);
}

// `linear(5408, 64)`, `conv2d(1, 32, 3)`: the size of the input first, as PyTorch has it.
static bool report_input_first(Binding *b) {
    const char *help = habits_help_call(b->c, "first argument", b->call);
    if (!help || strcmp(b->call->text, b->schema->name) != 0) return false;
    Diag *diag = report(b, strcmp(b->schema->name, "linear") == 0 ? DIAG_E0106 : DIAG_E0201,
                        b->call->span, "`%s` does not take the size of its input", b->schema->name);
    diag_label(diag, "as PyTorch writes it");
    diag_help(diag, "%s", help);
    return true;
}

static void report_excess(Binding *b, const Ast *ast) {
    int count = b->args->count;
    Diag *diag;
    b->ok = false;
    if (expression_is_error(b->scope, ast)) return; // it might be a tensor
    if (count == 0 && report_input_first(b)) return;
    if (count == 0)
        diag = report(b, DIAG_E0106, ast->span, "`%s` takes no arguments", b->schema->name);
    else
        diag = report(b, DIAG_E0106, ast->span, "`%s` takes no more than %d argument%s",
                      b->schema->name, count, count == 1 ? "" : "s");
    diag_label(diag, "one too many");
}

// ---- Rows.

// Positional arguments come first: a later one would not say which row it means.
static bool check_order(Binding *b, const Ast *ast, const char *kind) {
    const Ast *before = b->named ? b->named : b->word;
    if (!before) return true;
    Diag *diag = report(b, DIAG_E0004, ast->span, "%s after a %s", kind,
                        b->named ? "named argument" : "bare word");
    diag_label(diag, "put it before");
    diag_secondary(diag, before->span, "%s", b->named ? "this argument has a name" : "a bare word");
    diag_help(diag, "positional arguments come first, then bare words, then named ones");
    return false;
}

enum { MAX_NAMED = 3 };

// A number alone would not say whether it counts epochs or steps.
static void report_by_name(Binding *b, const Ast *ast) {
    b->ok = false;
    if (expression_is_error(b->scope, ast)) return; // it might be a tensor
    const ArgDef *def = &b->schema->args[b->next];
    NameList names = {0};
    for (int i = 0; def[i].name && i < MAX_NAMED; i++) vec_push(b->c->arena, &names, def[i].name);
    Diag *diag = report(b, DIAG_E0106, ast->span, "`%s` takes this argument by its name only",
                        b->schema->name);
    diag_label(diag, "for %s?", names_join(b->c->arena, &names, "or"));
    diag_help(diag, "say which it is, as in `%s = %s`", def->name,
              sources_text(b->c->sources, ast->span));
}

// compute(area = width * height): the names are new columns.
static bool collects_names(const Binding *b) {
    return b->args->count > 0 && b->schema->args[0].type == ARG_FORMULAS;
}

static void collect_named(Binding *b, Ast *ast) {
    Ast *list = b->formulas;
    if (!list) {
        list = b->formulas = ARENA_NEW(b->c->arena, Ast);
        *list = (Ast){.kind = AST_LIST, .span = ast->span};
        b->given[0] = list;
    }
    for (int i = 0; i < list->items.count; i++) {
        if (strcmp(list->items.items[i]->text, ast->text) != 0) continue;
        Diag *diag = report(b, DIAG_E0104, ast->span, "`%s` is computed twice", ast->text);
        diag_label(diag, "again here");
        diag_secondary(diag, list->items.items[i]->span, "first here");
        return;
    }
    vec_push(b->c->arena, &list->items, ast);
    list->span = span_join(list->span, ast->span);
}

static void report_no_name(Binding *b, const Ast *ast) {
    Diag *diag =
        report(b, DIAG_E0105, ast->span, "`%s` needs a name for what is computed", b->schema->name);
    diag_label(diag, "without a name");
    diag_help(diag, "write `name = %s`", sources_text(b->c->sources, ast->span));
}

// filter(age = 18): the sign of a comparison was meant.
static bool report_one_equals(Binding *b, const Ast *ast) {
    if (b->args->count != 1 || b->schema->args[0].type != ARG_FORMULA) return false;
    Diag *diag = report(b, DIAG_E0103, ast->name_span, "`%s` has no argument `%s`", b->schema->name,
                        ast->text);
    diag_label(diag, "`=` gives a value, `==` compares");
    diag_help(diag, "write `%s == %s`", ast->text, sources_text(b->c->sources, ast->left->span));
    return true;
}

static void assign_positional(Binding *b, const Ast *ast) {
    if (collects_names(b)) {
        report_no_name(b, ast);
        return;
    }
    if (!check_order(b, ast, "a positional argument")) return;
    if (b->next < b->args->count && b->schema->args[b->next].by_name) {
        report_by_name(b, ast);
        return;
    }
    if (b->next >= b->args->count) {
        report_excess(b, ast);
        return;
    }
    bool is_variadic = b->schema->args[b->next].variadic;
    if (!b->given[b->next] || !is_variadic) give(b, b->next, ast);
    if (!is_variadic) b->next++;
}

static bool next_takes_free_word(const Binding *b) {
    if (b->next >= b->args->count) return false;
    ArgType type = b->schema->args[b->next].type;
    return type == ARG_NAME || type == ARG_NAMES || type == ARG_FORMULA || type == ARG_BLOCK;
}

static void assign_word(Binding *b, const char *word, const Ast *ast) {
    int row = -1;
    int takers = count_takers(b, word, &row);
    if (takers == 0 && next_takes_free_word(b)) {
        assign_positional(b, ast);
        return;
    }
    if (b->named) {
        check_order(b, ast, "a bare word");
    } else if (takers == 1) {
        give(b, row, ast);
        b->word = ast;
    } else if (takers > 1) {
        report_several_takers(b, word, ast);
    } else if (!report_keras_word(b, word, ast)) {
        report_unknown_word(b, word, ast);
    }
}

static void give_own(Binding *b, int index, const Ast *ast) {
    if (!b->own[index]) {
        b->own[index] = ast->left;
        return;
    }
    Diag *diag =
        report(b, DIAG_E0104, ast->span, "`%s` of `%s` is given twice", ast->text, b->schema->name);
    diag_label(diag, "the second value");
    diag_secondary(diag, b->own[index]->span, "the first value");
}

// The argument that is a block; -1: none is.
static int block_row(const Schema *schema) {
    for (int i = 0; i < schema_arg_count(schema); i++)
        if (schema->args[i].type == ARG_BLOCK) return i;
    return -1;
}

static void assign_named(Binding *b, Ast *ast) {
    b->named = ast;
    if (collects_names(b)) {
        collect_named(b, ast);
        return;
    }
    int row = schema_arg_index(b->schema, ast->text);
    int own = own_index(ast->text);
    if (row < 0 && own >= 0 && is_layer(b->schema)) {
        give_own(b, own, ast);
        return;
    }
    if (row < 0 && report_one_equals(b, ast)) return;
    bool may_be_option = block_row(b->schema) >= 0 && b->given[block_row(b->schema)];
    if (row < 0 && may_be_option) {
        vec_push(b->c->arena, &b->options, ast);
        return;
    }
    if (row < 0) {
        const ArgDef *def = bind_unknown(b->c, b->schema->args, b->schema->name, "argument", ast);
        b->ok = false;
        if (!def) return;
        row = (int)(def - b->schema->args);
    }
    give(b, row, ast->left);
}

// A whole number and, behind a comma without a blank, another: "0,5".
static const char *decimal_comma(const Binding *b, const Ast *left, const Ast *right) {
    bool are_numbers = left->kind == AST_NUMBER && right->kind == AST_NUMBER && left->is_integer &&
                       right->is_integer;
    if (!are_numbers || right->span.lo != left->span.hi + 1) return NULL;
    const char *fraction = sources_text(b->c->sources, right->span);
    bool is_excess = b->args->count == 1;
    bool is_rate = b->schema->args[0].type == ARG_RATE && left->number == 0;
    bool has_zero = fraction[0] == '0' && fraction[1];
    if (!is_excess && !is_rate && !has_zero) return NULL;
    return arena_format(b->c->arena, "%s.%s", sources_text(b->c->sources, left->span), fraction);
}

// dropout(0,5)
static bool report_comma(Binding *b, int first) {
    const AstList *items = &b->call->items;
    bool takes_fraction = b->args->count && (b->schema->args[0].type == ARG_FLOAT ||
                                             b->schema->args[0].type == ARG_RATE);
    if (b->call->kind != AST_CALL || items->count < first + 2 || !takes_fraction) return false;
    const Ast *left = items->items[first], *right = items->items[first + 1];
    const char *meant = decimal_comma(b, left, right);
    if (!meant) return false;
    Diag *diag = report(b, DIAG_E0106, span_join(left->span, right->span), "`%s` are two numbers",
                        sources_text(b->c->sources, span_join(left->span, right->span)));
    diag_label(diag, "a comma parts arguments");
    diag_help(diag, "the decimal sign is a point: `%s`", meant);
    return true;
}

// A number where an activation is looked for: dense(784, 10).
static bool has_number_for_activation(const Binding *b, int first) {
    int row = schema_arg_index(b->schema, "activation");
    const AstList *items = &b->call->items;
    for (int i = first; i < items->count && i <= first + row; i++)
        if (items->items[i]->kind != AST_NUMBER) return false;
    return row > 0 && items->count > first + row;
}

static void assign(Binding *b, Ast *ast) {
    if (ast->kind == AST_ERROR) {
        b->ok = false;
        return;
    }
    if (ast->kind == AST_ASSIGN) {
        assign_named(b, ast);
        return;
    }
    const char *word = word_of(b, ast);
    if (!word) word = called_word(b, ast);
    if (word)
        assign_word(b, word, ast);
    else
        assign_positional(b, ast);
}

// ---- Values.

static bool is_plain_item(const Ast *ast) {
    return ast->kind != AST_ASSIGN && ast->kind != AST_ERROR;
}

// The list that a variadic row's arguments make: everything positional from the first on.
static const Ast *collect_variadic(const Binding *b, int row, int first) {
    Ast *list = ARENA_NEW(b->c->arena, Ast);
    const Ast *from = b->given[row];
    if (from->kind == AST_LIST) return from;
    list->kind = AST_LIST;
    list->span = from->span;
    bool started = false;
    for (int i = first; i < b->call->items.count; i++) {
        Ast *item = b->call->items.items[i];
        started = started || item == from;
        if (!started || !is_plain_item(item)) continue;
        vec_push(b->c->arena, &list->items, item);
        list->span = span_join(list->span, item->span);
    }
    return list->items.count ? list : from;
}

static void report_missing(Binding *b, const ArgDef *def) {
    Diag *diag =
        report(b, DIAG_E0105, b->call->span, "`%s` needs `%s`", b->schema->name, def->name);
    diag_label(diag, "without `%s`", def->name);
    diag_help(diag, "`%s`: %s", def->name, def->doc);
}

static void convert_row(Binding *b, int row, int first) {
    const ArgDef *def = &b->schema->args[row];
    const Ast *given = b->given[row];
    if (!given) {
        if (!def->default_text && !def->counts_classes) report_missing(b, def);
        return;
    }
    if (def->variadic) given = b->given[row] = collect_variadic(b, row, first);
    ArgValue value = {.is_set = true, .span = given->span};
    if (bind_value(b->c, b->scope, def, b->schema->name, given, &value))
        b->args->values[row] = value;
    else
        b->ok = false;
}

static void report_option(Binding *b, const Ast *ast) {
    bind_unknown(b->c, b->schema->args, b->schema->name, "argument", ast);
    b->ok = false;
}

// `recur(cell, 32, gain = 2)`: what the block has a parameter for is an option of it.
static void settle_options(Binding *b) {
    int row = block_row(b->schema);
    if (row < 0 || !b->given[row]) return;
    Cell *cell = (Cell *)b->args->values[row].block;
    AstList options = b->options;
    b->options.count = 0;
    for (int i = 0; cell && i < options.count; i++) {
        bool is_own = block_parameter(cell->declaration, options.items[i]->text) >= 0;
        if (is_own) {
            vec_push(b->c->arena, &b->options, options.items[i]);
            continue;
        }
        report_option(b, options.items[i]);
    }
    if (!cell) return;
    cell->options = b->options;
    cell->options_scope = b->scope;
}

static bool is_layer_name(const char *name) {
    size_t length =
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
    return length && !name[length] && length <= PARSE_MAX_NAME;
}

static bool convert_own(Binding *b, int index, ArgValue *value) {
    const Ast *ast = b->own[index];
    *value = (ArgValue){.is_set = true};
    if (!ast) return false;
    bool ok = bind_value(b->c, b->scope, &own_args[index], b->schema->name, ast, value);
    b->ok = b->ok && ok;
    return ok;
}

static void convert_name(Binding *b) {
    ArgValue value;
    if (!convert_own(b, OWN_NAME, &value)) return;
    Span span = b->own[OWN_NAME]->span;
    b->args->name = value.text;
    b->args->name_span = span;
    if (is_layer_name(value.text)) return;
    b->args->name = NULL;
    const char *shown = *value.text ? arena_format(b->c->arena, "`%s`", value.text) : "nothing";
    Diag *diag = report(b, DIAG_E0202, span, "%s cannot be the name of a layer", shown);
    diag_label(diag, "letters, digits, `_` and `-`");
}

static void convert_frozen(Binding *b) {
    ArgValue value;
    if (convert_own(b, OWN_FROZEN, &value)) b->args->is_frozen = value.number != 0;
}

bool bind_frozen(Checker *c, Scope *scope, const Ast *call, int first, bool *is_frozen) {
    for (int i = first; call->kind == AST_CALL && i < call->items.count; i++) {
        const Ast *ast = call->items.items[i];
        ArgValue value = {.is_set = true};
        if (ast->kind != AST_ASSIGN || strcmp(ast->text, own_args[OWN_FROZEN].name) != 0)
            return false;
        if (bind_value(c, scope, &own_args[OWN_FROZEN], call->text, ast->left, &value))
            *is_frozen = value.number != 0;
    }
    return true;
}

static void remember(const Binding *b, int first) {
    if (b->c->is_dry) return;
    leftover_reached(b->c, b->call);
    Bound *bound = ARENA_NEW(b->c->arena, Bound), *known = map_get(&b->c->bound, b->call);
    *bound = (Bound){.args = b->args,
                     .given = b->given,
                     .options = b->options,
                     .own = {b->own[0], b->own[1]},
                     .first = first};
    if (known) {
        bound->next = known->next;
        known->next = bound;
    } else {
        map_set(&b->c->bound, b->call, bound);
    }
}

const Args *bind_call(Checker *c, Scope *scope, const Schema *schema, const Ast *call, int first,
                      bool *ok) {
    Args *args = args_default(c->arena, schema);
    Binding b = {.c = c, .scope = scope, .schema = schema, .call = call, .args = args, .ok = *ok};
    args->span = call->span;
    b.given = ARENA_ARRAY(c->arena, const Ast *, args->count + 1);
    bool is_reported =
        report_comma(&b, first) ||
        (call->kind == AST_CALL && has_number_for_activation(&b, first) && report_input_first(&b));
    for (int i = first; !is_reported && call->kind == AST_CALL && i < call->items.count; i++)
        assign(&b, call->items.items[i]);
    for (int row = 0; row < args->count; row++) {
        // After another mistake a missing argument may be the one that was misspelt.
        if (!b.given[row] && !b.ok) continue;
        convert_row(&b, row, first);
    }
    settle_options(&b);
    convert_name(&b);
    convert_frozen(&b);
    remember(&b, first);
    *ok = b.ok;
    return args;
}
