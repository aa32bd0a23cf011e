// Schemas and checked arguments: defaults read from their text in the schema, access by name, and
// printing. Defaults are our own text, so one that cannot be read is a broken invariant; a test
// reads them all.
#include "schema.h"

#include "../base/diagnostics/ice.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_MAX_NUMBERS = 16 };

int schema_arg_count(const Schema *schema) {
    int count = 0;
    if (schema->args)
        while (schema->args[count].name) count++;
    return count;
}

int schema_arg_index(const Schema *schema, const char *name) {
    int count = schema_arg_count(schema);
    for (int i = 0; i < count; i++)
        if (strcmp(schema->args[i].name, name) == 0) return i;
    for (int i = 0; i < count; i++)
        if (schema->args[i].short_name && strcmp(schema->args[i].short_name, name) == 0) return i;
    return -1;
}

// ---- Defaults.

// Reads "1, 2" or "[1, 2]" up to the end of the text or `close`.
static int read_numbers(const char *text, char close, double *numbers) {
    int count = 0;
    for (const char *at = text; *at && *at != close;) {
        if (isspace((unsigned char)*at) || *at == ',' || *at == '[') {
            at++;
            continue;
        }
        char *end;
        double number = strtod(at, &end);
        if (end == at || count == DEFAULT_MAX_NUMBERS)
            nn_ice("schema", "a default cannot be read: %s", text);
        numbers[count++] = number;
        at = end;
    }
    return count;
}

static void set_list(ArgValue *value, Arena *arena, const double *numbers, int count) {
    value->numbers = ARENA_ARRAY(arena, double, count);
    for (int i = 0; i < count; i++) value->numbers[i] = numbers[i];
    value->count = count;
}

static void read_callee(Arena *arena, const ArgDef *def, const char *text, ArgValue *value) {
    double numbers[DEFAULT_MAX_NUMBERS];
    size_t length = strcspn(text, "(");
    const char *name = arena_copy(arena, text, length);
    value->callee = schema_callee(def->type, name);
    if (!value->callee) nn_ice("schema", "the default of `%s` is unknown: %s", def->name, text);
    value->args = args_default(arena, value->callee);
    int count = text[length] ? read_numbers(text + length + 1, ')', numbers) : 0;
    if (count > value->args->count)
        nn_ice("schema", "the default of `%s` is too long: %s", def->name, text);
    for (int i = 0; i < count; i++)
        args_set_number(value->args, value->callee->args[i].name, numbers[i]);
}

static void read_default(Arena *arena, const ArgDef *def, const char *text, ArgValue *value) {
    double numbers[DEFAULT_MAX_NUMBERS];
    char *end;
    switch (def->type) {
    case ARG_INT:
    case ARG_FLOAT:
        value->number = strtod(text, &end);
        if (end == text || *end)
            nn_ice("schema", "the default of `%s` cannot be read: %s", def->name, text);
        break;
    case ARG_BOOL: value->number = strcmp(text, "true") == 0; break;
    case ARG_WORD:
    case ARG_STRING:
    case ARG_STRINGS:
    case ARG_EVERY:
    case ARG_DURATION:
    case ARG_NAME: value->text = text; break;
    case ARG_INTS:
    case ARG_FLOATS: set_list(value, arena, numbers, read_numbers(text, ']', numbers)); break;
    case ARG_WORD_OR_INTS:
        if (isalpha((unsigned char)*text))
            value->text = text;
        else
            set_list(value, arena, numbers, read_numbers(text, ']', numbers));
        break;
    case ARG_BLOCK:
    case ARG_FORMULA:
    case ARG_FORMULAS: break; // without a default
    case ARG_NAMES:
        value->texts = ARENA_ARRAY(arena, const char *, 1);
        value->texts[value->count++] = text;
        break;
    case ARG_RATE:
        value->number = strtod(text, &end);
        if (end == text) read_callee(arena, def, text, value);
        break;
    case ARG_LAYER:
    case ARG_ACTIVATION:
    case ARG_INITIALIZER:
    case ARG_CONSTRAINT:
    case ARG_REGULARIZER: read_callee(arena, def, text, value); break;
    }
}

Args *args_default(Arena *arena, const Schema *schema) {
    Args *args = ARENA_NEW(arena, Args);
    args->schema = schema;
    args->count = schema_arg_count(schema);
    args->values = ARENA_ARRAY(arena, ArgValue, args->count);
    for (int i = 0; i < args->count; i++) {
        const char *text = schema->args[i].default_text;
        args->values[i].is_default = true;
        args->values[i].is_set = text && strcmp(text, "none") != 0;
        if (args->values[i].is_set) read_default(arena, &schema->args[i], text, &args->values[i]);
    }
    return args;
}

// ---- Access.

static ArgValue *find_value(const Args *args, const char *name) {
    if (!args) nn_ice("schema", "`%s` is asked of a call without arguments", name);
    int index = schema_arg_index(args->schema, name);
    if (index < 0) nn_ice("schema", "`%s` has no argument `%s`", args->schema->name, name);
    return &args->values[index];
}

const ArgValue *args_get(const Args *args, const char *name) {
    return find_value(args, name);
}

double args_number(const Args *args, const char *name) {
    return args_get(args, name)->number;
}

int64_t args_int(const Args *args, const char *name) {
    return (int64_t)args_get(args, name)->number;
}

bool args_bool(const Args *args, const char *name) {
    return args_get(args, name)->number != 0;
}

const char *args_text(const Args *args, const char *name) {
    return args_get(args, name)->text;
}

// Forgets what the value was before, so that a rate that was a schedule becomes a number.
static ArgValue *find_to_set(Args *args, const char *name) {
    ArgValue *value = find_value(args, name);
    *value = (ArgValue){.is_set = true, .span = value->span};
    return value;
}

void args_set_number(Args *args, const char *name, double number) {
    find_to_set(args, name)->number = number;
}

void args_set_text(Args *args, const char *name, const char *text) {
    find_to_set(args, name)->text = text;
}

void args_set_origin(Args *args, const char *name, const char *origin) {
    find_value(args, name)->origin = origin;
}

void args_set_numbers(Args *args, Arena *arena, const char *name, const double *numbers,
                      int count) {
    set_list(find_to_set(args, name), arena, numbers, count);
}

void args_copy_common(Args *args, const Args *from) {
    for (int i = 0; i < args->count; i++) {
        int index = schema_arg_index(from->schema, args->schema->args[i].name);
        if (index >= 0) args->values[i] = from->values[index];
    }
}

// ---- Comparing.

static bool texts_equal(const char *a, const char *b) {
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool arg_values_equal(const ArgValue *a, const ArgValue *b) {
    if (a->is_set != b->is_set) return false;
    if (!a->is_set) return true;
    if (a->number != b->number || a->count != b->count || a->callee != b->callee) return false;
    if (!texts_equal(a->text, b->text)) return false;
    for (int i = 0; i < a->count; i++) {
        if (a->numbers && b->numbers && a->numbers[i] != b->numbers[i]) return false;
        if (a->texts && b->texts && !texts_equal(a->texts[i], b->texts[i])) return false;
    }
    return !a->callee || args_equal(a->args, b->args);
}

bool args_equal(const Args *a, const Args *b) {
    if (!a || !b) return a == b;
    if (a->schema != b->schema) return false;
    for (int i = 0; i < a->count; i++)
        if (!arg_values_equal(&a->values[i], &b->values[i])) return false;
    return true;
}

// ---- Printing.

static void print_list(Text *out, const ArgDef *def, const ArgValue *value) {
    text_put(out, "[");
    for (int i = 0; i < value->count; i++) {
        if (i) text_put(out, ", ");
        if (def->type == ARG_STRINGS)
            text_json_string(out, value->texts[i]);
        else if (def->type == ARG_NAMES)
            text_put(out, value->texts[i]);
        else
            text_number(out, value->numbers[i]);
    }
    text_put(out, "]");
}

static void print_callee(Text *out, const ArgValue *value) {
    Text inner = text_create(out->arena);
    args_print(&inner, value->args, false);
    text_put(out, value->callee->name);
    if (inner.length) text_format(out, "(%s)", inner.data);
}

static void print_value(Text *out, const ArgDef *def, const ArgValue *value) {
    if (!value->is_set)
        text_put(out, "none");
    else if (value->callee)
        print_callee(out, value);
    else if (def->type == ARG_BOOL)
        text_put(out, value->number != 0 ? "true" : "false");
    else if (value->text && (def->type == ARG_STRING || def->type == ARG_STRINGS))
        text_json_string(out, value->text);
    else if (value->text)
        text_put(out, value->text);
    else if (value->numbers || value->texts)
        print_list(out, def, value);
    else
        text_number(out, value->number);
}

void args_print(Text *out, const Args *args, bool with_defaults) {
    if (!args) return;
    const Args *defaults = args_default(out->arena, args->schema);
    const char *separator = "";
    for (int i = 0; i < args->count; i++) {
        if (!with_defaults && arg_values_equal(&args->values[i], &defaults->values[i])) continue;
        text_format(out, "%s%s=", separator, args->schema->args[i].name);
        print_value(out, &args->schema->args[i], &args->values[i]);
        separator = ", ";
    }
}
