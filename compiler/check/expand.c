// `nnc expand`: the program again, with every argument named and every default written out; the
// comment at the end of a line, or above it where it is long, says which of its values came from
// where.
#include "check.h"

#include "../front/format.h"

#include <stdlib.h>

typedef struct Expander {
    Text *out;
    Arena *arena;
    const Program *program;
    Text notes;             // for the comment of the line that is being written
    const Ast *declaration; // the block or model that is being written; NULL: neither
    Map names;              // that the program declares anywhere
    int indent;
} Expander;

static void put_expression(Expander *e, const Ast *ast);
static void put_item(Expander *e, const Ast *item);
static void put_body(Expander *e, const Ast *body);

// ---- Lines.

static void note(Expander *e, const char *text) {
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

static void end_line(Expander *e) {
    enum { LONG_NOTES = 50 }; // the layout breaks lines, not comments
    if (e->notes.length > LONG_NOTES)
        put_notes_above(e, line_start(e->out));
    else if (e->notes.length)
        text_format(e->out, "  # %s", e->notes.data);
    e->notes = text_create(e->arena);
    text_put(e->out, "\n");
}

static void new_line(Expander *e) {
    end_line(e);
    for (int i = 0; i < e->indent; i++) text_put(e->out, "    ");
}

static void put_source(Expander *e, const Ast *ast) {
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
        put_expression(e, ast->items.items[i]);
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
    new_line(e);
    *separator = "";
}

static void put_row(Expander *e, const Bound *bound, int row, const char **separator) {
    const ArgDef *def = &bound->args->schema->args[row];
    text_format(e->out, "%s%s = ", *separator, def->name);
    *separator = ", ";
    if (bound->given[row])
        put_expression(e, bound->given[row]);
    else
        put_value(e, def, &bound->args->values[row]);
}

static void put_written_rows(Expander *e, const Bound *bound, const char **separator) {
    for (int i = 0; i < bound->args->count; i++) {
        const ArgValue *value = &bound->args->values[i];
        if (value->is_default || !puts_row(e, bound, i)) continue;
        put_row(e, bound, i, separator);
        if (!bound->given[i] && value->origin)
            note(e, arena_format(e->arena, "%s: %s", bound->args->schema->args[i].name,
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
        new_line(e);
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
        note(e, arena_format(e->arena, "defaults of %s", bound->args->schema->name));
    else if (count)
        note(e, arena_format(e->arena, "default%s: %s", count > 1 ? "s" : "", names.data));
}

static void put_bound_call(Expander *e, const Ast *ast, const Bound *bound) {
    const Schema *schema = bound->args->schema;
    const char *separator = "(";
    text_put(e->out, schema->name);
    if (strcmp(schema->name, ast->text) != 0)
        note(e, arena_format(e->arena, "`%s` in the file", ast->text));
    put_tensor_arguments(e, ast, bound->first, &separator);
    put_written_rows(e, bound, &separator);
    for (int i = 0; i < 2; i++) {
        if (!bound->own[i]) continue;
        text_format(e->out, "%s%s = ", separator, i ? "frozen" : "name");
        put_expression(e, bound->own[i]);
        separator = ", ";
    }
    put_default_rows(e, bound, &separator);
    if (separator[0] != '(') text_put(e->out, ")");
}

static void put_plain_call(Expander *e, const Ast *ast) {
    text_format(e->out, "%s(", ast->text);
    for (int i = 0; i < ast->items.count; i++) {
        if (i) text_put(e->out, ", ");
        put_item(e, ast->items.items[i]);
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

static void put_call(Expander *e, const Ast *ast) {
    const Bound *bound = map_get(e->program->written->bound, ast);
    if (bound && is_one_row(bound) && !is_parameter(e, ast->text))
        put_bound_call(e, ast, bound);
    else if (ast->kind == AST_CALL)
        put_plain_call(e, ast);
    else
        text_put(e->out, ast->text);
}

// ---- Expressions.

static bool is_short(const Expander *e, const Ast *ast) {
    const Bound *bound = map_get(e->program->written->bound, ast);
    return ast->kind == AST_NAME && (!bound || bound->args->count == 0);
}

// One step a line, unless all are plain names.
static void put_arrow(Expander *e, const Ast *ast) {
    VEC(const Ast *) steps = {0};
    bool is_line = true;
    for (; ast->kind == AST_ARROW && (!steps.count || !ast->is_grouped); ast = ast->left) {
        vec_push(e->arena, &steps, ast->right);
        is_line = is_line && is_short(e, ast->right);
    }
    put_expression(e, ast);
    e->indent++;
    for (int i = steps.count - 1; i >= 0; i--) {
        if (is_line)
            text_put(e->out, " ");
        else
            new_line(e);
        text_put(e->out, "-> ");
        put_expression(e, steps.items[i]);
    }
    e->indent--;
}

static void put_binary(Expander *e, const Ast *ast) {
    VEC(const Ast *) spine = {0};
    for (; ast->kind == AST_BINARY && (!spine.count || !ast->is_grouped); ast = ast->left)
        vec_push(e->arena, &spine, ast);
    put_expression(e, ast);
    for (int i = spine.count - 1; i >= 0; i--) {
        text_format(e->out, " %s ", ast_operator_text(spine.items[i]->operator));
        put_expression(e, spine.items[i]->right);
    }
}

static void put_item(Expander *e, const Ast *item) {
    if (item->kind == AST_ASSIGN) text_format(e->out, "%s = ", item->text);
    put_expression(e, item->kind == AST_ASSIGN ? item->left : item);
}

// One item a line where they are calls with arguments.
static void put_list(Expander *e, const Ast *ast) {
    bool is_line = true;
    for (int i = 0; i < ast->items.count; i++) {
        const Ast *item = ast->items.items[i];
        if (item->kind == AST_ASSIGN) item = item->left;
        const Bound *bound = map_get(e->program->written->bound, item);
        is_line = is_line && (!bound || bound->args->count == 0);
    }
    text_put(e->out, "[");
    e->indent++;
    for (int i = 0; i < ast->items.count; i++) {
        if (i) text_put(e->out, is_line ? ", " : ",");
        if (!is_line) new_line(e);
        put_item(e, ast->items.items[i]);
    }
    e->indent--;
    text_put(e->out, "]");
}

static void put_if(Expander *e, const Ast *ast) {
    text_put(e->out, "if ");
    put_expression(e, ast->left);
    text_put(e->out, " ");
    put_body(e, ast->body);
    if (!ast->otherwise) return;
    text_put(e->out, " else ");
    put_expression(e, ast->otherwise);
}

static void put_ungrouped(Expander *e, const Ast *ast) {
    switch (ast->kind) {
    case AST_NAME:
    case AST_CALL: put_call(e, ast); break;
    case AST_ARROW: put_arrow(e, ast); break;
    case AST_BINARY: put_binary(e, ast); break;
    case AST_LIST: put_list(e, ast); break;
    case AST_IF: put_if(e, ast); break;
    case AST_BLOCK: put_body(e, ast); break;
    case AST_NEGATE:
        text_put(e->out, "-");
        put_expression(e, ast->left);
        break;
    case AST_NOT:
        text_put(e->out, "not ");
        put_expression(e, ast->left);
        break;
    case AST_INDEX:
        put_expression(e, ast->left);
        put_list(e, ast);
        break;
    case AST_RANGE:
        if (ast->left) put_expression(e, ast->left);
        text_put(e->out, ":");
        if (ast->right) put_expression(e, ast->right);
        if (ast->otherwise) text_put(e->out, ":");
        if (ast->otherwise) put_expression(e, ast->otherwise);
        break;
    case AST_ELLIPSIS: text_put(e->out, "..."); break;
    case AST_FOR:
        put_expression(e, ast->left);
        text_format(e->out, " for %s in ", ast->text);
        put_expression(e, ast->right);
        break;
    case AST_MEMBER:
        put_expression(e, ast->left);
        text_format(e->out, ".%s", ast->text);
        break;
    default: put_source(e, ast); break;
    }
}

static void put_expression(Expander *e, const Ast *ast) {
    bool is_source = ast->kind == AST_NUMBER || ast->kind == AST_STRING;
    bool is_grouped = ast->is_grouped && !is_source;
    if (is_grouped) text_put(e->out, "(");
    put_ungrouped(e, ast);
    if (is_grouped) text_put(e->out, ")");
}

// ---- Bodies and declarations.

static void put_items(Expander *e, const AstList *items) {
    for (int i = 0; i < items->count; i++) {
        if (i) text_put(e->out, ", ");
        put_expression(e, items->items[i]);
    }
}

static void put_statement(Expander *e, const Ast *ast) {
    if (ast->kind == AST_ASSIGN || ast->kind == AST_LAYER) {
        text_format(e->out, "%s%s = ", ast->kind == AST_LAYER ? "layer " : "", ast->text);
        put_expression(e, ast->left);
        return;
    }
    switch (ast->kind) {
    case AST_UNPACK:
        put_items(e, &ast->items);
        text_put(e->out, " = ");
        put_expression(e, ast->left);
        break;
    case AST_MINIMIZE:
        text_put(e->out, "minimize ");
        put_expression(e, ast->left);
        break;
    case AST_REPORT:
        text_put(e->out, "report ");
        put_items(e, &ast->items);
        break;
    case AST_RETURN:
        text_put(e->out, "return ");
        put_items(e, &ast->items);
        break;
    default: put_expression(e, ast);
    }
}

static void put_body(Expander *e, const Ast *body) {
    if (body->kind != AST_BLOCK) {
        put_expression(e, body);
        return;
    }
    text_put(e->out, "{");
    e->indent++;
    for (int i = 0; i < body->items.count; i++) {
        new_line(e);
        put_statement(e, body->items.items[i]);
    }
    e->indent--;
    new_line(e);
    text_put(e->out, "}");
}

static const Model *find_model(const Expander *e, const char *name) {
    for (int i = 0; i < e->program->models.count; i++)
        if (strcmp(e->program->models.items[i]->name, name) == 0)
            return e->program->models.items[i];
    return NULL;
}

static void put_data_shape(Expander *e, const AstList *parameters, int index, const Model *model) {
    if (!model || !model->dataset || model->dataset->info.inputs[0].size == 0) return;
    const Ast *parameter = parameters->items[index];
    int found = columns_find(&model->dataset->info, parameters, index);
    if (found < 0) return;
    const nnrt_column *column = &model->dataset->info.inputs[found];
    Type type = type_make(DTYPE_F32, true, (int)column->rank, column->shape);
    text_format(e->out, ": %s", type_text(e->arena, &type));
    note(e, arena_format(e->arena, "the shape of %s comes from %s", parameter->text,
                         model->dataset->name));
}

static void put_parameters(Expander *e, const Ast *ast) {
    const Model *model = ast->kind == AST_MODEL ? find_model(e, ast->text) : NULL;
    text_put(e->out, "(");
    for (int i = 0; i < ast->parameters.count; i++) {
        const Ast *parameter = ast->parameters.items[i];
        text_format(e->out, "%s%s", i ? ", " : "", parameter->text);
        if (parameter->right) {
            text_put(e->out, ": ");
            put_source(e, parameter->right);
        } else {
            put_data_shape(e, &ast->parameters, i, model);
        }
        if (!parameter->left) continue;
        text_put(e->out, " = ");
        put_expression(e, parameter->left);
    }
    text_put(e->out, ") ");
}

static void put_param(Expander *e, const Ast *ast) {
    const char *given = NULL;
    for (int i = 0; i < e->program->written->definition_count; i++)
        if (strcmp(e->program->written->definitions[i].name, ast->text) == 0)
            given = e->program->written->definitions[i].value;
    text_format(e->out, "param %s = ", ast->text);
    if (given) {
        text_put(e->out, given);
        note(e, "-D");
    } else {
        put_expression(e, ast->left);
    }
}

// The name of a value of the file, whose declaration is written, too.
static bool is_value_of_file(const Expander *e, const Ast *ast) {
    const AstList *all = &e->program->written->ast->items;
    for (int i = 0; ast->kind == AST_NAME && i < all->count; i++) {
        bool is_value = all->items[i]->kind == AST_PARAM || all->items[i]->kind == AST_ASSIGN;
        if (is_value && strcmp(all->items[i]->text, ast->text) == 0) return true;
    }
    return false;
}

static const Training *find_training(const Expander *e, const Ast *train) {
    for (int i = 0; i < e->program->trainings.count; i++) {
        const Training *training = e->program->trainings.items[i];
        if (training->span.file == train->span.file && training->span.lo == train->span.lo)
            return training;
    }
    return NULL;
}

// As it was bound for this output.
static void put_loss(Expander *e, const OutputLoss *loss, const Ast *value) {
    const Bound *bound = map_get(e->program->written->bound, value);
    while (bound && bound->args != loss->args) bound = bound->next;
    if (!bound) {
        put_expression(e, value);
        return;
    }
    Bound own = *bound;
    own.next = NULL;
    put_bound_call(e, value, &own);
}

// One loss, or one metric, of several outputs: a list, in which each has its own.
static void put_for_each(Expander *e, const Training *training, const Ast *value, bool is_loss) {
    text_put(e->out, "[");
    e->indent++;
    for (int i = 0; i < training->losses.count; i++) {
        if (i) text_put(e->out, ",");
        new_line(e);
        if (is_loss)
            put_loss(e, &training->losses.items[i], value);
        else
            put_expression(e, value);
    }
    e->indent--;
    text_put(e->out, "]");
}

static void put_entry(Expander *e, const Training *training, const char *name, const Ast *value) {
    bool is_loss = strcmp(name, "loss") == 0;
    bool is_named = value->kind == AST_NAME || value->kind == AST_CALL;
    bool is_all = is_named && (is_loss || strcmp(name, "metrics") == 0);
    new_line(e);
    text_format(e->out, "%s = ", name);
    if (is_all && training && training->losses.count > 1 && !is_value_of_file(e, value))
        put_for_each(e, training, value, is_loss);
    else
        put_expression(e, value);
}

static void put_default_entry(Expander *e, const Ast *train, const char *name, const char *value) {
    for (int i = 0; i < train->body->items.count; i++) {
        const Ast *entry = train->body->items.items[i];
        if (entry->text && strcmp(entry->text, name) == 0) return;
    }
    if (map_get(&e->names, value)) return; // it would mean what is called so
    new_line(e);
    text_format(e->out, "%s = %s", name, value);
    note(e, "default");
}

static void put_names(Expander *e, const AstList *names) {
    for (int i = 0; i < names->count; i++)
        text_format(e->out, "%s%s", i ? ", " : "", names->items[i]->text);
}

static void put_step(Expander *e, const Ast *ast) {
    new_line(e);
    text_format(e->out, "step %s updates ", ast->text);
    put_names(e, &ast->items);
    text_put(e->out, " with ");
    put_expression(e, ast->right);
    text_put(e->out, " ");
    put_body(e, ast->body);
}

#define DEFAULT_BATCH "32"

// Where a written batch would be a warning.
static bool has_few_samples(const Training *training) {
    int64_t rows = training && training->dataset ? training->dataset->info.train_rows : 0;
    return rows > 0 && rows < strtoll(DEFAULT_BATCH, NULL, 10);
}

static void put_train(Expander *e, const Ast *ast) {
    bool has_steps = false;
    const Training *training = find_training(e, ast);
    text_put(e->out, "train ");
    put_names(e, &ast->items);
    text_put(e->out, " on ");
    put_expression(e, ast->right);
    text_put(e->out, " {");
    e->indent++;
    for (int i = 0; i < ast->body->items.count; i++) {
        const Ast *entry = ast->body->items.items[i];
        has_steps = has_steps || entry->kind == AST_STEP;
        if (entry->kind == AST_STEP)
            put_step(e, entry);
        else
            put_entry(e, training, entry->text, entry->left);
    }
    put_default_entry(e, ast, "regularize", "none");
    if (!has_steps) put_default_entry(e, ast, "metrics", "[]");
    put_default_entry(e, ast, "callbacks", "[]");
    put_default_entry(e, ast, "epochs", "1");
    if (!has_few_samples(training)) put_default_entry(e, ast, "batch", DEFAULT_BATCH);
    e->indent--;
    new_line(e);
    text_put(e->out, "}");
}

static void put_declaration(Expander *e, const Ast *ast) {
    switch (ast->kind) {
    case AST_PARAM: put_param(e, ast); break;
    case AST_ASSIGN:
        text_format(e->out, "%s = ", ast->text);
        put_expression(e, ast->left);
        break;
    case AST_DATASET:
        text_format(e->out, "dataset %s = ", ast->text);
        put_expression(e, ast->left);
        break;
    case AST_BLOCK_DECLARATION:
    case AST_MODEL:
        text_format(e->out, "%s %s", ast->kind == AST_MODEL ? "model" : "block", ast->text);
        put_parameters(e, ast);
        e->declaration = ast;
        put_body(e, ast->body);
        e->declaration = NULL;
        break;
    case AST_TRAIN: put_train(e, ast); break;
    default: put_source(e, ast); break;
    }
}

// ---- Names.

static void add_name(Expander *e, const char *name) {
    if (name) map_set(&e->names, name, (void *)name);
}

// `name = ...` is a declaration in a body or a file, not in an argument list or a `train` block.
static void add_names(Expander *e, const Ast *ast, bool is_body) {
    for (; ast; ast = ast->left) {
        bool is_declaration = ast->kind == AST_PARAM || ast->kind == AST_DATASET ||
                              ast->kind == AST_BLOCK_DECLARATION || ast->kind == AST_MODEL ||
                              ast->kind == AST_PARAMETER || ast->kind == AST_LAYER ||
                              ast->kind == AST_FOR || (ast->kind == AST_ASSIGN && is_body);
        if (is_declaration) add_name(e, ast->text);
        is_body = ast->kind == AST_BLOCK;
        for (int i = 0; i < ast->items.count; i++) {
            if (ast->kind == AST_UNPACK) add_name(e, ast->items.items[i]->text);
            add_names(e, ast->items.items[i], is_body);
        }
        for (int i = 0; i < ast->parameters.count; i++)
            add_names(e, ast->parameters.items[i], false);
        add_names(e, ast->right, false);
        if (ast->kind == AST_TRAIN)
            for (int i = 0; i < ast->body->items.count; i++)
                add_names(e, ast->body->items.items[i], false);
        else
            add_names(e, ast->body, false);
        add_names(e, ast->otherwise, false);
    }
}

// In standard layout, as `nnc fmt` would print it.
static void put_formatted(Text *out, const Text *plain) {
    SourceSet *sources = sources_create(out->arena);
    DiagSink *sink = diag_create(out->arena, sources);
    int file = sources_add(sources, "expanded.nn", plain->data, plain->length);
    if (!format_print(out, out->arena, sources, (uint32_t)file, sink)) text_put(out, plain->data);
}

// An imported file as the `import` names it; others by their name alone: what the executable keeps
// of the text is the same wherever the files lie.
static const char *file_name(const Expander *e, uint32_t file) {
    const Source *source = sources_get(e->program->sources, file);
    const char *slash = strrchr(source->path, '/');
    const Source *importer = sources_get(e->program->sources, source->importer.file);
    if (!importer || !span_has_place(source->importer)) return slash ? slash + 1 : source->path;
    const char *written = importer->text + source->importer.lo;
    const char *quote = memchr(written, '"', source->importer.hi - source->importer.lo);
    return quote ? arena_copy(e->arena, quote + 1, strcspn(quote + 1, "\"")) : source->path;
}

// Where there are several files: which one the next declarations are of.
static void put_file(Expander *e, const Ast *ast, uint32_t *file) {
    if (ast->span.file == *file) return;
    *file = ast->span.file;
    text_format(e->out, "# %s\n", file_name(e, *file));
}

// Of imported files, what the main one needs.
void program_expand(Text *out, const Program *program) {
    Text plain = text_create(out->arena);
    Expander e = {.out = &plain, .arena = out->arena, .program = program};
    uint32_t file = program->file;
    e.notes = text_create(e.arena);
    map_create(&e.names, e.arena, false);
    for (int i = 0; i < program->written->ast->items.count; i++)
        add_names(&e, program->written->ast->items.items[i], true);
    for (int i = 0; i < program->written->ast->items.count; i++) {
        const Ast *ast = program->written->ast->items.items[i];
        if (!map_get(program->written->needed, ast)) continue;
        if (plain.length) text_put(&plain, "\n");
        put_file(&e, ast, &file);
        put_declaration(&e, ast);
        end_line(&e);
    }
    put_formatted(out, &plain);
}
