// Lines with their comments; calls with every argument.
#include "expander.h"

// ---- Lines.

void expander_note(Expander *e, const char *text) {
    if (e->notes.length) text_put(&e->notes, "; ");
    text_put(&e->notes, text);
}

// Where the line that is being written begins.
static size_t line_start(const Text *text) {
    size_t start = text->length;
    while (start && text->data[start - 1] != '\n') start--;
    return start;
}

// Long comments stand above the line, one a line.
static void put_notes_above(Expander *e, size_t start) {
    const char *line = arena_copy(e->arena, e->out->data + start, e->out->length - start);
    int indent = (int)strspn(line, " ");
    e->out->length = start;
    e->out->data[start] = 0;
    for (const char *note = e->notes.data, *end; note; note = end ? end + 2 : NULL) {
        end = strstr(note, "; ");
        int length = end ? (int)(end - note) : (int)strlen(note);
        text_format(e->out, "%*s# %.*s\n", indent, "", length, note);
    }
    text_put(e->out, line);
}

void expander_end_line(Expander *e) {
    enum { LONG_NOTES = 50 }; // the layout breaks lines, not comments
    if (e->notes.length > LONG_NOTES)
        put_notes_above(e, line_start(e->out));
    else if (e->notes.length)
        text_format(e->out, "  # %s", e->notes.data);
    e->notes = text_create(e->arena);
    text_put(e->out, "\n");
}

void expander_new_line(Expander *e) {
    expander_end_line(e);
    for (int i = 0; i < e->indent; i++) text_put(e->out, "    ");
}

void expander_put_source(Expander *e, const Ast *ast) {
    const Source *source = sources_get(e->program->sources, ast->span.file);
    text_put_bytes(e->out, source->text + ast->span.lo, ast->span.hi - ast->span.lo);
}

// ---- Values that were not written.

static void put_call_values(Expander *e, const Schema *schema, const Args *args);

static void put_list_value(Expander *e, const ArgDef *def, const ArgValue *value) {
    text_put(e->out, "[");
    for (int i = 0; i < value->count; i++) {
        if (i) text_put(e->out, ", ");
        if (def->type == ARG_STRINGS)
            text_json_string(e->out, value->texts[i]);
        else if (def->type == ARG_NAMES)
            text_put(e->out, value->texts[i]);
        else
            text_number(e->out, value->numbers[i]);
    }
    text_put(e->out, "]");
}

static void put_value(Expander *e, const ArgDef *def, const ArgValue *value) {
    if (!value->is_set)
        text_put(e->out, "none");
    else if (value->callee)
        put_call_values(e, value->callee, value->args);
    else if (def->type == ARG_BOOL)
        text_put(e->out, value->number != 0 ? "true" : "false");
    else if (value->text && (def->type == ARG_STRING || def->type == ARG_STRINGS))
        text_json_string(e->out, value->text);
    else if (value->text)
        text_put(e->out, value->text);
    else if (value->numbers || value->texts)
        put_list_value(e, def, value);
    else
        text_number(e->out, value->number);
}

static void put_call_values(Expander *e, const Schema *schema, const Args *args) {
    text_put(e->out, schema->name);
    for (int i = 0; i < args->count; i++) {
        text_format(e->out, "%s%s = ", i ? ", " : "(", schema->args[i].name);
        put_value(e, &schema->args[i], &args->values[i]);
    }
    if (args->count) text_put(e->out, ")");
}

// Would the value mean something else, because the program declares what is called so?
static bool is_hidden(const Expander *e, const ArgValue *value) {
    const char *text = !value->is_set ? "none" : value->callee ? value->callee->name : value->text;
    if (text && map_get(&e->names, text)) return true;
    for (int i = 0; value->callee && i < value->args->count; i++)
        if (is_hidden(e, &value->args->values[i])) return true;
    return false;
}

// ---- Calls.

// A value that was not written, and is another one in another use of the call, cannot be written.
static bool is_same_in_all(const Bound *bound, int row) {
    for (const Bound *next = bound->next; next; next = next->next)
        if (!arg_values_equal(&next->args->values[row], &bound->args->values[row])) return false;
    return true;
}

static bool puts_row(const Expander *e, const Bound *bound, int row) {
    return bound->given[row] ||
           (!is_hidden(e, &bound->args->values[row]) && is_same_in_all(bound, row));
}

static bool puts_default(const Expander *e, const Bound *bound, int row) {
    return bound->args->values[row].is_default && puts_row(e, bound, row);
}

static void put_tensor_arguments(Expander *e, const Ast *ast, int count, const char **separator) {
    for (int i = 0; i < count && i < ast->items.count; i++) {
        text_put(e->out, *separator);
        expander_put_expression(e, ast->items.items[i]);
        *separator = ", ";
    }
}

// Few defaults stand beside what was written, others on a line of their own. Where nothing was
// written, so many are more than a line.
enum { FEW_DEFAULTS = 2, MANY_DEFAULTS = 4 };

static int count_defaults(const Expander *e, const Bound *bound) {
    int count = 0;
    for (int i = 0; i < bound->args->count; i++) count += puts_default(e, bound, i);
    return count;
}

enum { WIDE_COLUMN = 75 };

// Breaks the line between two arguments if it is long already.
static void break_long_line(Expander *e, const char **separator) {
    if (e->out->length - line_start(e->out) < WIDE_COLUMN || (*separator)[0] != ',') return;
    text_put(e->out, ",");
    expander_new_line(e);
    *separator = "";
}

// compute(area = width * height), recur(cell, 32, gain = 2)
static void put_named(Expander *e, const AstList *list, const char **separator) {
    for (int i = 0; i < list->count; i++) {
        text_put(e->out, *separator);
        expander_put_item(e, list->items[i]);
        *separator = ", ";
    }
}

static void put_row(Expander *e, const Bound *bound, int row, const char **separator) {
    const ArgDef *def = &bound->args->schema->args[row];
    if (def->type == ARG_FORMULAS) {
        put_named(e, &bound->given[row]->items, separator);
        return;
    }
    text_format(e->out, "%s%s = ", *separator, def->name);
    *separator = ", ";
    if (bound->given[row])
        expander_put_expression(e, bound->given[row]);
    else
        put_value(e, def, &bound->args->values[row]);
}

static void put_written_rows(Expander *e, const Bound *bound, const char **separator) {
    for (int i = 0; i < bound->args->count; i++) {
        const ArgValue *value = &bound->args->values[i];
        if (value->is_default || !puts_row(e, bound, i)) continue;
        put_row(e, bound, i, separator);
        if (!bound->given[i] && value->origin)
            expander_note(e, arena_format(e->arena, "%s: %s", bound->args->schema->args[i].name,
                                          value->origin));
    }
}

static void put_default_rows(Expander *e, const Bound *bound, const char **separator) {
    Text names = text_create(e->arena);
    int count = count_defaults(e, bound);
    bool is_apart = count > FEW_DEFAULTS && (*separator)[0] == ',';
    bool breaks = is_apart || count > MANY_DEFAULTS;
    if (breaks) e->indent += 2;
    if (is_apart) {
        text_put(e->out, ",");
        expander_new_line(e);
        *separator = "";
    }
    for (int i = 0; i < bound->args->count; i++) {
        if (!puts_default(e, bound, i)) continue;
        text_format(&names, "%s%s", names.length ? ", " : "", bound->args->schema->args[i].name);
        if (breaks) break_long_line(e, separator);
        put_row(e, bound, i, separator);
    }
    if (breaks) e->indent -= 2;
    if (count > FEW_DEFAULTS)
        expander_note(e, arena_format(e->arena, "defaults of %s", bound->args->schema->name));
    else if (count)
        expander_note(e, arena_format(e->arena, "default%s: %s", count > 1 ? "s" : "", names.data));
}

void expander_put_bound_call(Expander *e, const Ast *ast, const Bound *bound) {
    const Schema *schema = bound->args->schema;
    const char *separator = "(";
    text_put(e->out, schema->name);
    if (strcmp(schema->name, ast->text) != 0)
        expander_note(e, arena_format(e->arena, "`%s` in the file", ast->text));
    put_tensor_arguments(e, ast, bound->first, &separator);
    put_written_rows(e, bound, &separator);
    put_named(e, &bound->options, &separator);
    for (int i = 0; i < 2; i++) {
        if (!bound->own[i]) continue;
        text_format(e->out, "%s%s = ", separator, i ? "frozen" : "name");
        expander_put_expression(e, bound->own[i]);
        separator = ", ";
    }
    put_default_rows(e, bound, &separator);
    if (separator[0] != '(') text_put(e->out, ")");
}

static void put_plain_call(Expander *e, const Ast *ast) {
    text_format(e->out, "%s(", ast->text);
    for (int i = 0; i < ast->items.count; i++) {
        if (i) text_put(e->out, ", ");
        expander_put_item(e, ast->items.items[i]);
    }
    text_put(e->out, ")");
}

// What a parameter of the block stands for is another thing at each use.
static bool is_parameter(const Expander *e, const char *name) {
    const Ast *declaration = e->declaration;
    for (int i = 0; declaration && i < declaration->parameters.count; i++)
        if (strcmp(declaration->parameters.items[i]->text, name) == 0) return true;
    return false;
}

// `crossentropy` may be another loss for each output.
static bool is_one_row(const Bound *bound) {
    for (const Bound *next = bound->next; next; next = next->next)
        if (next->args->schema != bound->args->schema) return false;
    return true;
}

void expander_put_call(Expander *e, const Ast *ast) {
    const Bound *bound = map_get(e->program->written->bound, ast);
    if (bound && is_one_row(bound) && !is_parameter(e, ast->text))
        expander_put_bound_call(e, ast, bound);
    else if (ast->kind == AST_CALL)
        put_plain_call(e, ast);
    else
        text_put(e->out, ast->text);
}
