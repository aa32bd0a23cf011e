// From the expression written for an argument to its checked value.
#include "bind.h"

#include "block.h"

#include "../../../runtime/base/text/amount.h"
#include "../../../runtime/session/weights/initialize.h"
#include "../check.h"

#include <math.h>

#define LARGEST_INTEGER 9007199254740992.0 // 2^53: doubles count exactly up to here

typedef struct Conversion {
    Checker *c;
    Scope *scope;
    const ArgDef *def;
    const char *callee;
    ArgValue *out;
} Conversion;

static const char *const wanted[] = {
    [ARG_INT] = "a whole number",
    [ARG_FLOAT] = "a number",
    [ARG_BOOL] = "`true` or `false`",
    [ARG_WORD] = "a word",
    [ARG_STRING] = "a text in quotes",
    [ARG_STRINGS] = "a text in quotes, or a list of them",
    [ARG_NAME] = "a name or a number from 0",
    [ARG_INTS] = "whole numbers",
    [ARG_WORD_OR_INTS] = "a word or whole numbers",
    [ARG_FLOATS] = "numbers",
    [ARG_NAMES] = "names",
    [ARG_FORMULA] = "a formula over columns",
    [ARG_FORMULAS] = "formulas over columns",
    [ARG_ACTIVATION] = "an activation",
    [ARG_INITIALIZER] = "an initializer",
    [ARG_REGULARIZER] = "a regularizer",
    [ARG_CONSTRAINT] = "a constraint",
    [ARG_LAYER] = "a layer",
    [ARG_BLOCK] = "a block",
    [ARG_RATE] = "a number or a schedule",
    [ARG_EVERY] = NNRT_EVERY_WANTED,
    [ARG_DURATION] = NNRT_DURATION_WANTED,
};

static bool takes_number(ArgType type) {
    return type == ARG_INT || type == ARG_FLOAT || type == ARG_INTS || type == ARG_FLOATS ||
           type == ARG_WORD_OR_INTS || type == ARG_RATE;
}

static bool is_quoted_number(const Value *value) {
    if (value->kind != VALUE_STRING) return false;
    size_t length = strlen(value->text);
    return length > 0 && strspn(value->text, "+-.eE0123456789") == length;
}

static const char *choices_text(const Conversion *v, NameList *names) {
    names_add_words(v->c, names, v->def->choices);
    return names_join(v->c->arena, names, "or");
}

static Diag *report_type(const Conversion *v, const Value *value) {
    bool is_choice = v->def->type == ARG_WORD && v->def->choices;
    NameList names = {0};
    Diag *diag =
        diag_report(v->c->sink, DIAG_E0201, value->span, "`%s` of `%s` is %s, not %s", v->def->name,
                    v->callee, wanted[v->def->type], value_describe(v->c->arena, value));
    diag_label(diag, "expected %s", is_choice ? choices_text(v, &names) : wanted[v->def->type]);
    if (v->def->type == ARG_REGULARIZER && value->kind == VALUE_NUMBER)
        diag_help(diag, "write `l2(%s)`: its squares are added to the loss",
                  text_of_number(v->c->arena, value->number));
    if (takes_number(v->def->type) && is_quoted_number(value))
        diag_help(diag, "numbers stand without quotes: `%s`", value->text);
    expression_show_origin(diag, value);
    return diag;
}

// ---- Numbers.

static bool has_limits(const ArgDef *def) {
    return def->minimum != 0 || def->maximum != 0;
}

const char *bind_range_text(Arena *arena, const ArgDef *def) {
    const char *low = text_of_number(arena, def->minimum);
    const char *high = text_of_number(arena, def->maximum);
    const char *low_word = def->minimum_open ? "above" : "at least";
    const char *high_word = def->maximum_open ? "below" : "at most";
    if (isinf(def->maximum) || def->maximum >= LARGEST_INTEGER)
        return arena_format(arena, "%s %s", low_word, low);
    if (isinf(def->minimum)) return arena_format(arena, "%s %s", high_word, high);
    return arena_format(arena, "%s %s and %s %s", low_word, low, high_word, high);
}

static bool is_in_range(const ArgDef *def, double number) {
    if (!has_limits(def)) return true;
    if (number < def->minimum || (def->minimum_open && number == def->minimum)) return false;
    return number < def->maximum || (!def->maximum_open && number == def->maximum);
}

static bool check_range(const Conversion *v, const Value *value) {
    if (is_in_range(v->def, value->number)) return true;
    const char *range = bind_range_text(v->c->arena, v->def);
    Diag *diag =
        diag_report(v->c->sink, DIAG_E0202, value->span, "`%s` of `%s` must be %s, not %s",
                    v->def->name, v->callee, range, text_of_number(v->c->arena, value->number));
    diag_label(diag, "%s: %s", v->def->name, range);
    double number = value->number;
    bool is_fraction = v->def->type == ARG_FLOAT && v->def->minimum == 0 && v->def->maximum == 1;
    if (is_fraction && number >= 5 && number <= 100 && floor(number) == number)
        diag_help(diag, "%s %% is `%s`", text_of_number(v->c->arena, number),
                  text_of_number(v->c->arena, number / 100));
    expression_show_origin(diag, value);
    return false;
}

static bool check_integer(const Conversion *v, const Value *value) {
    ArgType type = v->def->type;
    bool is_integer = type == ARG_INT || type == ARG_INTS || type == ARG_WORD_OR_INTS;
    if (!is_integer) return true;
    if (value->is_integer && fabs(value->number) <= LARGEST_INTEGER) return true;
    Diag *diag = report_type(v, value);
    if (number_is_whole(value->number))
        diag_help(diag, "write it without point and exponent: `%lld`", (long long)value->number);
    else
        number_help(v->c, diag, value);
    return false;
}

static bool convert_number(const Conversion *v, const Value *value, double *number) {
    if (value->kind == VALUE_ERROR) return false;
    if (value->kind != VALUE_NUMBER) {
        report_type(v, value);
        return false;
    }
    *number = value->number;
    return check_integer(v, value) && check_range(v, value);
}

static bool convert_numbers(const Conversion *v, const Value *value) {
    const Value *const *items = value->kind == VALUE_LIST ? value->items : &value;
    int count = value->kind == VALUE_LIST ? value->count : 1;
    bool ok = true;
    v->out->numbers = ARENA_ARRAY(v->c->arena, double, count + 1);
    v->out->count = count;
    for (int i = 0; i < count; i++) ok = convert_number(v, items[i], &v->out->numbers[i]) && ok;
    return ok;
}

static bool convert_bool(const Conversion *v, const Value *value) {
    if (value->kind == VALUE_BOOL) {
        v->out->number = value->number;
        return true;
    }
    if (value->kind == VALUE_ERROR) return false;
    Diag *diag = report_type(v, value);
    if (value->kind == VALUE_NUMBER && (value->number == 0 || value->number == 1))
        diag_help(diag, "write `%s`", value->number == 0 ? "false" : "true");
    return false;
}

// ---- Words and texts.

static const Value *plain_name(const Conversion *v, const Ast *ast) {
    const Value *value = scope_find(v->scope, ast->text);
    bool is_text = value && (value->kind == VALUE_STRING || value->kind == VALUE_WORD);
    return is_text ? value : NULL;
}

// What was written as a word: the word, the one that a `param` holds, or NULL.
static const char *written_word(const Conversion *v, const Ast *ast) {
    if (ast->kind != AST_NAME) return NULL;
    const Value *value = plain_name(v, ast);
    if (value) return value->text;
    const Value *hidden = scope_find(v->scope, ast->text);
    bool is_hidden = !hidden || hidden->kind == VALUE_TENSOR || value_is_layer(hidden);
    return is_hidden || text_has_word(v->def->choices, ast->text) ? ast->text : NULL;
}

// The choice that a word of other frameworks means; NULL: none.
static const char *meant_choice(const Conversion *v, const char *word) {
    size_t length = strlen(word);
    for (const char *at = v->def->known_words; at && *at;) {
        size_t size = strcspn(at, " "), name = strcspn(at, "=");
        if (name == length && strncmp(at, word, length) == 0)
            return arena_copy(v->c->arena, at + name + 1, size - name - 1);
        at += size + (at[size] == ' ');
    }
    return NULL;
}

static bool report_choice(const Conversion *v, const char *word, Span span) {
    NameList names = {0};
    const char *choices = choices_text(v, &names);
    Diag *diag = diag_report(v->c->sink, DIAG_E0202, span, "`%s` of `%s` is %s, not `%s`",
                             v->def->name, v->callee, choices, word);
    const char *meant = meant_choice(v, word);
    const char *near = meant ? meant : names_nearest(v->c, &names, word);
    diag_label(diag, "expected %s", choices);
    if (near) diag_help(diag, "did you mean `%s`?", near);
    if (meant) diag_help(diag, "%s", v->def->words_doc);
    return false;
}

// The word that a quoted one is meant for.
static const char *unquoted(const Conversion *v, const char *text) {
    NameList names = {0};
    const char *meant = meant_choice(v, text);
    if (meant) return meant;
    if (text_has_word(v->def->choices, text) || schema_callee(v->def->type, text)) return text;
    const Schema *known = family_keras(family_of_argument(v->def->type), text);
    if (known) return known->name;
    names_add_words(v->c, &names, v->def->choices);
    family_add_words(v->c, &names, family_of_argument(v->def->type));
    const char *near = names_nearest(v->c, &names, text);
    return near ? near : text;
}

static bool report_quoted(const Conversion *v, const Value *value) {
    Diag *diag = report_type(v, value);
    if (!takes_number(v->def->type) || !is_quoted_number(value))
        diag_help(diag, "words stand without quotes: `%s`", unquoted(v, value->text));
    return false;
}

static bool take_word(const Conversion *v, const char *word, Span span) {
    v->out->text = word;
    return text_has_word(v->def->choices, word) || report_choice(v, word, span);
}

// Written, or chosen by an `if`.
static bool convert_word(const Conversion *v, const Ast *ast) {
    const char *word = written_word(v, ast);
    if (word) return take_word(v, word, ast->span);
    const Value *value = expression_evaluate(v->c, v->scope, ast);
    if (value->kind == VALUE_ERROR) return false;
    if (value->kind == VALUE_WORD) return take_word(v, value->text, value->span);
    if (value->kind == VALUE_STRING) return report_quoted(v, value);
    report_type(v, value);
    return false;
}

static bool convert_word_or_numbers(const Conversion *v, const Ast *ast) {
    const char *word = written_word(v, ast);
    if (word) return take_word(v, word, ast->span);
    const Value *value = expression_evaluate(v->c, v->scope, ast);
    if (value->kind == VALUE_WORD) return take_word(v, value->text, value->span);
    return value->kind == VALUE_STRING ? report_quoted(v, value) : convert_numbers(v, value);
}

static bool take_string(const Conversion *v, const Value *value, const char **text) {
    if (value->kind == VALUE_ERROR) return false;
    *text = value->text;
    if (value->kind == VALUE_STRING || value->kind == VALUE_WORD) return true;
    report_type(v, value);
    return false;
}

static bool take_strings(const Conversion *v, const Value *value) {
    bool ok = true;
    v->out->texts = ARENA_ARRAY(v->c->arena, const char *, value->count + 1);
    v->out->count = value->count;
    for (int i = 0; i < value->count; i++)
        ok = take_string(v, value->items[i], &v->out->texts[i]) && ok;
    return ok;
}

static bool convert_string(const Conversion *v, const Ast *ast) {
    const char *word = written_word(v, ast);
    if (word && !plain_name(v, ast)) {
        const Value *value = value_text(v->c->arena, VALUE_WORD, word, ast->span);
        diag_help(report_type(v, value), "texts stand in quotes: `\"%s\"`", word);
        return false;
    }
    const Value *value = expression_evaluate(v->c, v->scope, ast);
    bool is_list = v->def->type == ARG_STRINGS && value->kind == VALUE_LIST;
    return is_list ? take_strings(v, value) : take_string(v, value, &v->out->text);
}

// `every = 10` or `every = 60s`; a time has its unit.
static bool convert_amount(const Conversion *v, const Value *value) {
    nnrt_every every;
    double seconds;
    if (value->kind == VALUE_ERROR) return false;
    bool is_every = v->def->type == ARG_EVERY;
    bool is_text = value->kind == VALUE_STRING || value->kind == VALUE_WORD;
    bool is_count = is_every && value->kind == VALUE_NUMBER && value->is_integer;
    bool is_amount = is_text && (is_every ? nnrt_every_parse(value->text, &every)
                                          : nnrt_duration_parse(value->text, &seconds));
    if (is_count && value->number >= 1 && value->number <= 1e12) {
        v->out->number = value->number;
        return true;
    }
    v->out->text = value->text;
    if (!is_amount) report_type(v, value);
    return is_amount;
}

static bool convert_name(const Conversion *v, const Ast *ast, const char **name) {
    if (ast->kind == AST_NAME || ast->kind == AST_STRING) {
        *name = ast->text;
        return true;
    }
    const Value *value = expression_evaluate(v->c, v->scope, ast);
    if (value->kind != VALUE_ERROR) report_type(v, value);
    return false;
}

// A name, or the number of what has none.
static bool convert_name_or_number(const Conversion *v, const Ast *ast) {
    if (ast->kind == AST_NAME || ast->kind == AST_STRING)
        return convert_name(v, ast, &v->out->text);
    const Value *value = expression_evaluate(v->c, v->scope, ast);
    if (value->kind == VALUE_ERROR) return false;
    v->out->number = value->number;
    if (value->kind == VALUE_NUMBER && value->is_integer && value->number >= 0) return true;
    report_type(v, value);
    return false;
}

// One of several: a column may be told by its number, too.
static bool convert_element(const Conversion *v, const Ast *ast, const char **name) {
    bool is_number = ast->kind == AST_NUMBER && ast->number == floor(ast->number);
    if (!is_number) return convert_name(v, ast, name);
    *name = arena_format(v->c->arena, "%.0f", ast->number);
    return true;
}

static bool convert_names(const Conversion *v, const Ast *ast) {
    bool is_list = ast->kind == AST_LIST;
    int count = is_list ? ast->items.count : 1;
    bool ok = true;
    v->out->texts = ARENA_ARRAY(v->c->arena, const char *, count + 1);
    v->out->count = count;
    for (int i = 0; i < count; i++)
        ok = convert_element(v, is_list ? ast->items.items[i] : ast, &v->out->texts[i]) && ok;
    return ok;
}

// ---- Activations, initializers, regularizers, schedules: a name or a call.

static bool report_callee(const Conversion *v, const char *name, Span span) {
    NameList names = {0};
    family_add_words(v->c, &names, family_of_argument(v->def->type));
    const Schema *known = family_keras(family_of_argument(v->def->type), name);
    Diag *diag;
    if (known) {
        diag = diag_report(v->c->sink, DIAG_E0107, span, "`%s` is called `%s` here", name,
                           known->name);
        diag_label(diag, "Keras's name");
        diag_help(diag, "write `%s`", known->name);
        return false;
    }
    if (planned_report(v->c, family_of_argument(v->def->type)->noun, name, span)) return false;
    diag = diag_report(v->c->sink, DIAG_E0101, span, "there is no %s `%s`",
                       family_of_argument(v->def->type)->noun, name);
    const char *near = names_nearest(v->c, &names, name);
    diag_label(diag, "unknown");
    if (near)
        diag_help(diag, "did you mean `%s`?", near);
    else if (names.count)
        diag_help(diag, "there are %s", names_join(v->c->arena, &names, "and"));
    return false;
}

// Of the family, but none that can stand here.
static bool report_other_layer(const Conversion *v, const char *name, Span span) {
    NameList names = {0};
    Diag *diag = diag_report(v->c->sink, DIAG_E0201, span, "`%s` of `%s` cannot be `%s`",
                             v->def->name, v->callee, name);
    diag_label(diag, "expected %s", choices_text(v, &names));
    return false;
}

static bool call_named(const Conversion *v, Scope *scope, const Ast *ast, const char *name) {
    bool ok = true;
    v->out->callee = schema_callee(v->def->type, name);
    if (!v->out->callee)
        return report_callee(v, name, ast->kind == AST_CALL ? ast->name_span : ast->span);
    if (v->def->choices && !text_has_word(v->def->choices, name))
        return report_other_layer(v, name, ast->span);
    v->out->args = (Args *)bind_call(v->c, scope, v->out->callee, ast, 0, &ok);
    return ok;
}

static bool may_be_none(const ArgDef *def) {
    return def->default_text && strcmp(def->default_text, "none") == 0;
}

// What a name, an item of a list or a branch of an `if` holds: `none`, or the name of a row.
static bool call_word(const Conversion *v, Scope *scope, const Ast *ast, const char *word) {
    if (may_be_none(v->def) && strcmp(word, "none") == 0) {
        v->out->is_set = false;
        return true;
    }
    if (ast->kind == AST_NAME || ast->kind == AST_CALL) return call_named(v, scope, ast, word);
    Ast *name = ARENA_NEW(v->c->arena, Ast);
    *name = (Ast){.kind = AST_NAME, .text = word, .span = ast->span, .name_span = ast->span};
    return call_named(v, scope, name, word);
}

static bool set_constant(const Conversion *v, double number) {
    const nnrt_initializer_row *row = nnrt_initializer_rows;
    while (!row->is_number) row++;
    v->out->callee = &row->schema;
    v->out->args = args_default(v->c->arena, v->out->callee);
    args_set_number(v->out->args, row->schema.args[0].name, number);
    return true;
}

static bool convert_plain_callee(const Conversion *v, const Value *value) {
    if (value->kind == VALUE_ERROR) return false;
    if (value->kind == VALUE_NUMBER && v->def->type == ARG_INITIALIZER)
        return set_constant(v, value->number);
    if (value->kind == VALUE_NUMBER && v->def->type == ARG_RATE)
        return convert_number(v, value, &v->out->number);
    if (value->kind == VALUE_STRING) return report_quoted(v, value);
    report_type(v, value);
    return false;
}

static bool convert_callee(const Conversion *v, Scope *scope, const Ast *ast) {
    const Value *value = NULL;
    if (ast->kind == AST_NAME || ast->kind == AST_CALL) {
        value = scope_find(scope, ast->text);
        if (value && value->kind == VALUE_WORD) return call_word(v, scope, ast, value->text);
        if (!value || schema_callee(v->def->type, ast->text))
            return call_named(v, scope, ast, ast->text);
    }
    value = expression_evaluate(v->c, scope, ast);
    if (value->kind == VALUE_WORD) return call_word(v, scope, ast, value->text);
    bool is_recipe = value->kind == VALUE_RECIPE && value->recipe->ast != ast;
    if (!is_recipe || value->recipe->active) return convert_plain_callee(v, value);
    value->recipe->active = true;
    bool ok = convert_callee(v, value->recipe->scope, value->recipe->ast);
    value->recipe->active = false;
    return ok;
}

// ---- Blocks: `cell`, `cell(gain = 2)`, or a name for one of both.

static bool report_no_block(const Conversion *v, const Value *value) {
    Diag *diag = report_type(v, value);
    bool is_layer = value->kind == VALUE_RECIPE || value->kind == VALUE_SHARED;
    if (is_layer || value->kind == VALUE_MODEL)
        diag_help(diag, "declare `block cell(x, h, units) { .. }`, and give its name here");
    return false;
}

static bool convert_block(const Conversion *v, Scope *scope, const Ast *ast) {
    const Value *value = expression_evaluate(v->c, scope, ast), *named;
    leftover_reached(v->c, ast); // no layer that is fed
    Cell *cell = ARENA_NEW(v->c->arena, Cell);
    *cell = (Cell){.call = ast, .scope = scope};
    for (named = value; named && named->kind == VALUE_RECIPE;) {
        const Ast *call = named->recipe->ast;
        *cell = (Cell){.call = call, .scope = named->recipe->scope};
        leftover_reached(v->c, call);
        bool has_name = call->kind == AST_CALL || call->kind == AST_NAME;
        named = has_name ? scope_find(cell->scope, call->text) : NULL;
        if (named && named->kind == VALUE_RECIPE && call->kind == AST_CALL) named = NULL;
    }
    if (value->kind == VALUE_ERROR) return false;
    if (!named || named->kind != VALUE_BLOCK) return report_no_block(v, value);
    cell->declaration = named->declaration;
    v->out->block = cell;
    v->out->text = cell->declaration->text;
    return !model_is_broken(cell->declaration);
}

// Python's `None`, where `none` or nothing is meant.
static bool report_none(const Conversion *v, const Ast *ast) {
    Diag *diag;
    if (may_be_none(v->def)) {
        diag = diag_report(v->c->sink, DIAG_E0107, ast->span, "`None` is called `none` here");
        diag_label(diag, "Python's name");
        diag_help(diag, "write `none`, or leave `%s` out", v->def->name);
        return false;
    }
    diag = diag_report(v->c->sink, DIAG_E0201, ast->span, "`%s` of `%s` is %s, not `None`",
                       v->def->name, v->callee, wanted[v->def->type]);
    diag_label(diag, "expected %s", wanted[v->def->type]);
    if (v->def->default_text)
        diag_help(diag, "leave it out: it is `%s` then", v->def->default_text);
    return false;
}

// `none`, or a name that holds it.
static bool is_none(Scope *scope, const Ast *ast) {
    if (ast->kind != AST_NAME) return false;
    const Value *value = scope_find(scope, ast->text);
    if (value) return value->kind == VALUE_WORD && strcmp(value->text, "none") == 0;
    return strcmp(ast->text, "none") == 0;
}

// `causal`, which means `causal = true`.
static bool is_flag(Scope *scope, const ArgDef *def, const Ast *ast) {
    bool is_named = def->is_flag && ast->kind == AST_NAME && strcmp(ast->text, def->name) == 0;
    return is_named && !scope_find(scope, ast->text);
}

bool bind_value(Checker *c, Scope *scope, const ArgDef *def, const char *callee,
                const Ast *expression, ArgValue *value) {
    Conversion v = {c, scope, def, callee, value};
    Scope *used = scope;
    const Ast *name = expression;
    bool is_of_columns = def->type == ARG_FORMULA || def->type == ARG_FORMULAS;
    if (def->type != ARG_NAME && def->type != ARG_NAMES && !is_of_columns)
        expression = expression_written(scope, expression);
    if (expression != name) v.scope = scope = import_globals(c, expression->span);
    if (expression->kind == AST_ERROR) return false;
    if (habits_is_none(scope, expression)) return report_none(&v, expression);
    if (may_be_none(def) && is_none(scope, expression)) {
        value->is_set = false;
        return true;
    }
    switch (def->type) {
    case ARG_INT:
    case ARG_FLOAT: return convert_number(&v, expression_evaluate(c, used, name), &value->number);
    case ARG_BOOL:
        value->number = 1;
        if (is_flag(scope, def, expression)) return true;
        return convert_bool(&v, expression_evaluate(c, used, name));
    case ARG_INTS:
    case ARG_FLOATS: return convert_numbers(&v, expression_evaluate(c, used, name));
    case ARG_WORD: return convert_word(&v, expression);
    case ARG_WORD_OR_INTS: return convert_word_or_numbers(&v, expression);
    case ARG_STRING:
    case ARG_STRINGS: v.scope = used; return convert_string(&v, name);
    case ARG_NAME: return convert_name_or_number(&v, expression);
    case ARG_NAMES: return convert_names(&v, expression);
    case ARG_EVERY:
    case ARG_DURATION: return convert_amount(&v, expression_evaluate(c, used, name));
    case ARG_FORMULA: return formula_convert(c, used, name, value);
    case ARG_FORMULAS: return formula_convert_named(c, used, name, value);
    case ARG_BLOCK: return convert_block(&v, used, name);
    case ARG_ACTIVATION:
    case ARG_INITIALIZER:
    case ARG_REGULARIZER:
    case ARG_CONSTRAINT:
    case ARG_LAYER:
    case ARG_RATE: return convert_callee(&v, scope, expression);
    }
    return false;
}
