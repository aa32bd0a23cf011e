// The columns of a data set in a step's body, or in `samples`. A picture that the data have as
// [28, 28] is [28, 28, 1] there where the models declare it so that take it: those of the `train`
// block, by its name, and those that the expression feeds it to. So it meets what they give in its
// own shape.
#include "../check.h"

typedef struct Feeding {
    Checker *c;
    const nnrt_column *column;
    const char *name;             // of it where it is looked for: in a block, the parameter's
    Map seen;                     // parameters of blocks that it was looked for in
    const Ast *parameter, *other; // of the models that take it: the first, and one that disagrees
    const char *model, *other_model;
    Type declared, other_declared;
    const Ast *use; // where it stands alone, and not as the input of a model; NULL: nowhere
} Feeding;

// A model that takes the column by `parameter`. What does not fit is reported where it is fed.
static void add_model(Feeding *f, const ModelEntry *model, const Ast *parameter) {
    Type own = columns_type(f->column), declared;
    if (!parameter->right || !model_read_type(f->c, parameter->right, &declared)) return;
    if (!type_fits_but_for_one(&declared, &own)) return;
    if (!f->parameter) {
        f->parameter = parameter;
        f->model = model->declaration->text;
        f->declared = declared;
    } else if (declared.rank != f->declared.rank && !f->other) {
        f->other = parameter;
        f->other_model = model->declaration->text;
        f->other_declared = declared;
    }
}

static void add_trained(Feeding *f, const TrainEntry *entry) {
    for (int i = 0; i < entry->models.count; i++) {
        const AstList *parameters = &entry->models.items[i]->declaration->parameters;
        for (int k = 0; k < parameters->count; k++)
            if (parameters->items[k]->text &&
                strcmp(parameters->items[k]->text, f->column->name) == 0)
                add_model(f, entry->models.items[i], parameters->items[k]);
    }
}

static void find_uses(Feeding *f, const Ast *ast);

// What a block does with its parameter, which is the column.
static void find_in_block(Feeding *f, const Ast *block, const Ast *parameter) {
    const char *outer = f->name;
    if (map_get(&f->seen, parameter)) return;
    map_set(&f->seen, parameter, (void *)parameter);
    f->name = parameter->text;
    find_uses(f, block->body);
    f->name = outer;
}

static bool is_column(const Feeding *f, const Ast *ast) {
    return ast->kind == AST_NAME && strcmp(ast->text, f->name) == 0;
}

// Is `ast` the column, as input number `place` of the model or block that `callee` names?
static bool is_fed(Feeding *f, const Ast *ast, const Ast *callee, int place) {
    bool has_name = callee && (callee->kind == AST_NAME || callee->kind == AST_CALL);
    if (!has_name || !is_column(f, ast)) return false;
    const Value *value = scope_find(f->c->globals, callee->text);
    bool is_model = value && value->kind == VALUE_MODEL;
    if (!is_model && (!value || value->kind != VALUE_BLOCK)) return false;
    const Ast *declaration = is_model ? value->model->declaration : value->declaration;
    if (place >= declaration->parameters.count) return false;
    const Ast *parameter = declaration->parameters.items[place];
    if (is_model)
        add_model(f, value->model, parameter);
    else
        find_in_block(f, declaration, parameter);
    return true;
}

// The inputs of a call, of which `first` stand before an arrow.
static void find_in_call(Feeding *f, const Ast *call, int first) {
    for (int i = 0; i < call->items.count; i++)
        if (!is_fed(f, call->items.items[i], call, first + i)) find_uses(f, call->items.items[i]);
}

static void find_in_arrow(Feeding *f, const Ast *ast) {
    if (!is_fed(f, ast->left, ast->right, 0)) find_uses(f, ast->left);
    if (ast->right && ast->right->kind == AST_CALL)
        find_in_call(f, ast->right, 1);
    else
        find_uses(f, ast->right);
}

static void find_uses(Feeding *f, const Ast *ast) {
    if (!ast) return;
    if (ast->kind == AST_ARROW) {
        find_in_arrow(f, ast);
        return;
    }
    if (ast->kind == AST_CALL) {
        find_in_call(f, ast, 0);
        return;
    }
    if (!f->use && is_column(f, ast)) f->use = ast;
    find_uses(f, ast->left);
    find_uses(f, ast->right);
    find_uses(f, ast->body);
    find_uses(f, ast->otherwise);
    for (int i = 0; i < ast->items.count; i++) find_uses(f, ast->items.items[i]);
}

static void report_conflict(const Feeding *f) {
    Arena *arena = f->c->arena;
    const char *shape = type_text(arena, &f->declared);
    const char *other = type_text(arena, &f->other_declared);
    Diag *diag = diag_report(f->c->sink, DIAG_E0302, f->use->span,
                             "`%s` is %s for `%s`, but %s for `%s`: here it may be either",
                             f->column->name, shape, f->model, other, f->other_model);
    diag_label(diag, "of which shape?");
    diag_secondary(diag, f->parameter->span, "%s here", shape);
    diag_secondary(diag, f->other->span, "%s here", other);
    diag_help(diag, "declare the same shape in both models");
}

// The shape that the models declare which take the column. False: its own.
static bool find_shape(Checker *c, const TrainEntry *entry, const Ast *body,
                       const nnrt_column *column, Type *declared) {
    Feeding f = {.c = c, .column = column, .name = column->name};
    map_create(&f.seen, c->arena, true);
    add_trained(&f, entry);
    find_uses(&f, body);
    if (f.other && f.use) report_conflict(&f);
    *declared = f.declared;
    return f.parameter && !f.other;
}

// ---- The columns as values.

static void bind_input(Checker *c, Scope *scope, const TrainEntry *entry, const Ast *body,
                       int input) {
    const Dataset *dataset = entry->dataset;
    const nnrt_column *column = &dataset->info.inputs[input];
    Type declared;
    if (!column->size || !names_mentions(body, column->name)) return;
    bool is_declared = find_shape(c, entry, body, column, &declared);
    c->graph->current_layer = NULL;
    c->graph->current_span = dataset->span;
    Node *node = model_column(c, column->name, dataset, input, is_declared ? &declared : NULL);
    scope_bind(c->arena, scope, column->name, value_tensor(c->arena, node, dataset->span));
}

static void bind_target(Checker *c, Scope *scope, const Dataset *dataset, const Ast *body,
                        const nnrt_target_info *target) {
    const nnrt_column *column = &target->column;
    if (!names_mentions(body, column->name)) return;
    c->graph->current_layer = NULL;
    c->graph->current_span = dataset->span;
    Node *node = graph_input(c->graph, column->name, columns_type(column));
    node->column = column->name;
    vec_push(c->arena, &c->graph->targets, node);
    Value *value = value_new(c->arena, VALUE_TENSOR, dataset->span);
    value->node = node;
    value->classes = (int)target->classes;
    scope_bind(c->arena, scope, column->name, value);
}

// Does a statement of the body, or a `for`, bind the name?
static bool binds(const Ast *ast, const char *name) {
    bool is_list = ast && (ast->kind == AST_UNPACK || ast->kind == AST_FOR);
    if (!ast) return false;
    if ((ast->kind == AST_ASSIGN || is_list) && ast->text && strcmp(ast->text, name) == 0)
        return true;
    for (int i = 0; i < ast->items.count; i++) {
        const Ast *item = ast->items.items[i];
        bool is_it = is_list && item->kind == AST_NAME && strcmp(item->text, name) == 0;
        if (is_it || binds(item, name)) return true;
    }
    return binds(ast->left, name) || binds(ast->right, name) || binds(ast->body, name) ||
           binds(ast->otherwise, name);
}

static bool is_unknown(const Scope *scope, const Ast *body, const Ast *ast) {
    return ast->kind == AST_NAME && !scope_find(scope, ast->text) && !names_is_word(ast->text) &&
           !op_find(ast->text) && !binds(body, ast->text);
}

// `precision = bfloat16` says nothing of a step. A value of its own may be called so, too, if what
// it stands for is known.
static bool settle_word(Checker *c, Scope *scope, const Ast *body, const Ast *ast) {
    if (ast->kind != AST_ASSIGN || !ast->left || !is_unknown(scope, body, ast->left) ||
        !training_takes_word(ast->text))
        return false;
    Diag *diag = diag_report(c->sink, DIAG_E0206, ast->span,
                             "`%s` belongs to the `train` block, not to a step", ast->text);
    diag_label(diag, "of all steps");
    diag_help(diag, "write it beside the steps: what it says holds for each of them");
    scope_bind(c->arena, scope, ast->left->text, expression_error(c, ast->left->span));
    return true;
}

// A name that nothing means is reported once. Of data that were not found, which is reported, it
// may be a column.
static void settle_unknown(Checker *c, Scope *scope, const Ast *body, const Ast *ast,
                           bool is_seen) {
    if (!ast || settle_word(c, scope, body, ast)) return;
    if (is_unknown(scope, body, ast)) {
        const Value *value =
            is_seen ? expression_evaluate(c, scope, ast) : expression_error(c, ast->span);
        if (value->kind == VALUE_ERROR) scope_bind(c->arena, scope, ast->text, value);
    }
    settle_unknown(c, scope, body, ast->left, is_seen);
    settle_unknown(c, scope, body, ast->right, is_seen);
    settle_unknown(c, scope, body, ast->body, is_seen);
    settle_unknown(c, scope, body, ast->otherwise, is_seen);
    for (int i = 0; i < ast->items.count; i++)
        settle_unknown(c, scope, body, ast->items.items[i], is_seen);
}

void fed_bind(Checker *c, Scope *scope, const TrainEntry *entry, const Ast *body) {
    const Dataset *dataset = entry->dataset;
    for (int i = 0; dataset && i < dataset->info.input_count; i++)
        bind_input(c, scope, entry, body, i);
    for (int i = 0; dataset && i < dataset->info.target_count; i++)
        bind_target(c, scope, dataset, body, &dataset->info.targets[i]);
    c->fed = dataset;
    settle_unknown(c, scope, body, body, dataset && dataset->found);
    c->fed = NULL;
}
