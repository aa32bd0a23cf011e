// `nnc expand`: the program again, with every argument named and every default written out; the
// comment at the end of a line, or above it where it is long, says which of its values came from
// where.
#include "expander.h"

#include "../../front/format.h"

// ---- Bodies and declarations.

static void put_items(Expander *e, const AstList *items) {
    for (int i = 0; i < items->count; i++) {
        if (i) text_put(e->out, ", ");
        expander_put_expression(e, items->items[i]);
    }
}

static void put_statement(Expander *e, const Ast *ast) {
    if (ast->kind == AST_ASSIGN || ast->kind == AST_LAYER) {
        text_format(e->out, "%s%s = ", ast->kind == AST_LAYER ? "layer " : "", ast->text);
        expander_put_expression(e, ast->left);
        return;
    }
    switch (ast->kind) {
    case AST_UNPACK:
        put_items(e, &ast->items);
        text_put(e->out, " = ");
        expander_put_expression(e, ast->left);
        break;
    case AST_MINIMIZE:
        text_put(e->out, "minimize ");
        expander_put_expression(e, ast->left);
        break;
    case AST_REPORT:
        text_put(e->out, "report ");
        put_items(e, &ast->items);
        break;
    case AST_RETURN:
        text_put(e->out, "return ");
        put_items(e, &ast->items);
        break;
    default: expander_put_expression(e, ast);
    }
}

void expander_put_body(Expander *e, const Ast *body) {
    if (body->kind != AST_BLOCK) {
        expander_put_expression(e, body);
        return;
    }
    text_put(e->out, "{");
    e->indent++;
    for (int i = 0; i < body->items.count; i++) {
        expander_new_line(e);
        put_statement(e, body->items.items[i]);
    }
    e->indent--;
    expander_new_line(e);
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
    expander_note(e, arena_format(e->arena, "the shape of %s comes from %s", parameter->text,
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
            expander_put_source(e, parameter->right);
        } else {
            put_data_shape(e, &ast->parameters, i, model);
        }
        if (!parameter->left) continue;
        text_put(e->out, " = ");
        expander_put_expression(e, parameter->left);
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
        expander_note(e, "-D");
    } else {
        expander_put_expression(e, ast->left);
    }
}

static void put_declaration(Expander *e, const Ast *ast) {
    switch (ast->kind) {
    case AST_PARAM: put_param(e, ast); break;
    case AST_ASSIGN:
        text_format(e->out, "%s = ", ast->text);
        expander_put_expression(e, ast->left);
        break;
    case AST_DATASET:
        text_format(e->out, "dataset %s = ", ast->text);
        expander_put_expression(e, ast->left);
        break;
    case AST_BLOCK_DECLARATION:
    case AST_MODEL:
        text_format(e->out, "%s %s", ast->kind == AST_MODEL ? "model" : "block", ast->text);
        put_parameters(e, ast);
        e->declaration = ast;
        expander_put_body(e, ast->body);
        e->declaration = NULL;
        break;
    case AST_TRAIN: expander_put_train(e, ast); break;
    default: expander_put_source(e, ast); break;
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
        expander_end_line(&e);
    }
    put_formatted(out, &plain);
}
