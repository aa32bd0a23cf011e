// Columns that models and steps name: the data set is told before it is opened, by a stage behind
// the others, so that they are inputs of their own.
#include "../../../runtime/data/stage.h"
#include "../check.h"

static bool is_named(const Ast *ast, const char *name) {
    return ast->kind == AST_NAME && strcmp(ast->text, name) == 0;
}

// An input may be one column of numbers: it says no shape, or [1]. `x` is the vector of all others.
static bool may_be_column(const Ast *parameter) {
    const Ast *type = parameter->right;
    if (!parameter->text || strcmp(parameter->text, "x") == 0) return false;
    if (!type) return true;
    if (type->text || type->items.count != 1) return false;
    const Ast *size = type->items.items[0];
    return size->kind == AST_NUMBER && size->number == 1;
}

static const Ast *find_model(const Ast *file, const char *name) {
    for (int i = 0; i < file->items.count; i++) {
        const Ast *ast = file->items.items[i];
        if (ast->kind == AST_MODEL && ast->text && strcmp(ast->text, name) == 0) return ast;
    }
    return NULL;
}

static void add_wanted(Checker *c, const Ast *model, NameList *names) {
    for (int i = 0; model && i < model->parameters.count; i++)
        if (may_be_column(model->parameters.items[i]))
            vec_push(c->arena, names, model->parameters.items[i]->text);
}

// Does something in the tree make this name, so that it means no column there?
static bool is_made(const Ast *ast, const char *name) {
    bool is_here = ast && ast->text && strcmp(ast->text, name) == 0 &&
                   (ast->kind == AST_ASSIGN || ast->kind == AST_LAYER || ast->kind == AST_FOR);
    if (!ast || is_here) return is_here;
    for (int i = 0; i < ast->items.count; i++) {
        if (ast->kind == AST_UNPACK && is_named(ast->items.items[i], name)) return true;
        if (is_made(ast->items.items[i], name)) return true;
    }
    return is_made(ast->left, name) || is_made(ast->right, name) || is_made(ast->body, name) ||
           is_made(ast->otherwise, name);
}

static bool is_declared(const Ast *file, const char *name) {
    for (int i = 0; i < file->items.count; i++)
        if (file->items.items[i]->text && strcmp(file->items.items[i]->text, name) == 0)
            return true;
    return false;
}

// All bare words of a tree of a step that may be columns.
static void add_words(Checker *c, const Ast *ast, const Ast *train, NameList *names) {
    if (!ast) return;
    bool may_be = ast->kind == AST_NAME && strcmp(ast->text, "x") != 0;
    if (may_be && !is_made(train, ast->text) && !is_declared(c->program->written->ast, ast->text))
        vec_push(c->arena, names, ast->text);
    for (int i = 0; i < ast->items.count; i++) add_words(c, ast->items.items[i], train, names);
    add_words(c, ast->left, train, names);
    add_words(c, ast->right, train, names);
    add_words(c, ast->body, train, names);
    add_words(c, ast->otherwise, train, names);
}

// What steps of one's own, and the samples that they show, name in their bodies.
static void add_of_steps(Checker *c, const Ast *train, NameList *names) {
    for (int i = 0; train->body && i < train->body->items.count; i++) {
        const Ast *entry = train->body->items.items[i];
        bool is_samples = entry->kind == AST_ASSIGN && strcmp(entry->text, "samples") == 0;
        if (entry->kind == AST_STEP) add_words(c, entry->body, train, names);
        if (is_samples) add_words(c, entry->left, train, names);
    }
}

// Those of the inputs of all models that are trained on it, and of their steps, which are known
// before it is opened.
static NameList wanted_names(Checker *c, const Dataset *dataset) {
    const Ast *file = c->program->written->ast;
    NameList names = {0};
    for (int i = 0; i < file->items.count; i++) {
        const Ast *train = file->items.items[i];
        if (train->kind != AST_TRAIN || !train->right || !dataset_is_read_by(dataset, train))
            continue;
        for (int k = 0; k < train->items.count; k++)
            if (train->items.items[k]->text)
                add_wanted(c, find_model(file, train->items.items[k]->text), &names);
        add_of_steps(c, train, &names);
    }
    return names;
}

void dataset_add_separate(Checker *c, Dataset *dataset) {
    const Schema *schema = family_word(&vocabulary[FAMILY_TRANSFORMS], "separate");
    const nnrt_source *source = (const nnrt_source *)dataset->stages.items[0].schema;
    NameList names = {0};
    if (source->has_columns) names = wanted_names(c, dataset);
    if (!names.count) return;
    Args *args = args_default(c->arena, schema);
    ArgValue *columns = &args->values[schema_arg_index(schema, "columns")];
    *columns = (ArgValue){.is_set = true, .texts = names.items, .count = names.count};
    args_set_number(args, "optional", 1);
    args->span = dataset->stages.items[0].args->span;
    vec_push(c->arena, &dataset->stages, ((Call){schema, args}));
    dataset->has_separate = true;
}
