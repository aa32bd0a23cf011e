// Application: a value is fed to layers, blocks, copies and models, which appends nodes to the
// graph that is being built. Errors are values too: what follows one is still checked, but makes no
// nodes.
#include "block.h"

// ---- Operators.

const OpDef *elaborate_operator(Checker *c, const char *name, Span span) {
    const OpDef *op = op_find(name);
    if (op && op->surface) return op;
    for (int i = 0; op_at(i); i++) {
        op = op_at(i);
        if (!op->surface) continue;
        if (!names_match_keras(op->schema.keras_name, op->schema.name, name)) continue;
        Diag *diag = diag_report(c->sink, DIAG_E0107, span, "`%s` is called `%s` here", name,
                                 op->schema.name);
        diag_label(diag, "Keras's name");
        diag_help(diag, "write `%s`", op->schema.name);
        return op;
    }
    return NULL;
}

const Value *elaborate_find(const Checker *c, const Scope *scope, const char *name) {
    const Value *value = scope_find(scope, name);
    const OpDef *op = value ? op_find(name) : NULL;
    if (!op || !op->surface) return value;
    // A global of that name is no layer: a param or dataset, or a model or block that names_check
    // reports.
    if (value == map_get(&c->globals->names, name)) return NULL;
    return value_is_layer(value) || value->kind == VALUE_ERROR ? value : NULL;
}

static Span name_span(const Ast *ast) {
    return ast->kind == AST_CALL ? ast->name_span : ast->span;
}

// What other libraries call a layer, or what is none here. NULL: `ast` names no such thing.
static const Value *report_habit(Checker *c, const Ast *ast) {
    const OpDef *op = op_find(ast->text);
    const char *help = op && op->surface ? NULL : habits_help_call(c, "layer", ast);
    if (!help) return NULL;
    Diag *diag =
        diag_report(c->sink, DIAG_E0101, name_span(ast), "there is no layer `%s`", ast->text);
    diag_label(diag, "unknown name");
    diag_help(diag, "%s", help);
    return expression_error(c, ast->span);
}

static const Value *report_unknown(Checker *c, Scope *scope, const Ast *ast) {
    NameList names = {0};
    if (dataset_report_as_layer(c, ast)) return expression_error(c, ast->span);
    names_add_layers(c, &names);
    names_unknown(c, scope, "layer or block", ast->text, name_span(ast), names.items);
    return expression_error(c, ast->span);
}

// ---- Recipes and shared layers.

const Value *elaborate_recursion(Checker *c, const char *what, const char *name, Span use,
                                 Span declaration) {
    Diag *diag = diag_report(c->sink, DIAG_E0206, use, "%s `%s` uses itself", what, name);
    diag_label(diag, "used again here");
    diag_secondary(diag, declaration, "while this is unfolded");
    diag_note(diag, "a network is finite: blocks, models and recipes cannot be recursive");
    return expression_error(c, use);
}

static const Value *apply_recipe(Checker *c, Recipe *recipe, const Application *call) {
    if (c->is_dry) return expression_error(c, call->ast->span);
    if (recipe->active)
        return elaborate_recursion(c, "the recipe", call->ast->text ? call->ast->text : "",
                                   name_span(call->ast), recipe->ast->span);
    recipe->active = true;
    const Value *value = elaborate_apply(c, recipe->scope, recipe->ast, call->inputs, call->count);
    recipe->active = false;
    return value;
}

// The models that use each other are one mistake, wherever one begins.
static void mark_cycle(Checker *c) {
    for (int i = 0; i < c->models.count; i++) {
        ModelEntry *entry = c->models.items[i];
        if (entry->active || entry->shared->active) entry->in_cycle = true;
    }
}

static const Value *report_shared_recursion(Checker *c, const Shared *shared, const Ast *use) {
    if (shared->model && shared->model->in_cycle) return expression_error(c, use->span);
    mark_cycle(c);
    return elaborate_recursion(c, shared->model ? "the model" : "the layer", shared->name,
                               name_span(use), shared->span);
}

// Whose layers are made, and which: what every use of shared layers sets anew.
typedef struct Sharing {
    ModelEntry *owner;
    Shared *sharing;
    const char *prefix;
    const ArgValue *init;
    int shared_next, inner_next;
} Sharing;

static Sharing enter_shared(Checker *c, Shared *shared) {
    Sharing outer = {c->owner, c->sharing, c->prefix, c->init, c->shared_next, c->inner_next};
    if (shared->model) {
        c->owner = shared->model;
        c->prefix = NULL;
        if (c->owner->init) c->init = c->owner->init; // else as what it is a part of
    } else {
        c->prefix = weights_join(c->arena, outer.prefix, shared->name);
    }
    c->sharing = shared;
    c->shared_next = c->inner_next = 0;
    return outer;
}

static void leave_shared(Checker *c, Sharing outer) {
    c->owner = outer.owner;
    c->sharing = outer.sharing;
    c->prefix = outer.prefix;
    c->init = outer.init;
    c->shared_next = outer.shared_next;
    c->inner_next = outer.inner_next;
}

const Value *elaborate_shared(Checker *c, Shared *shared, const Ast *use,
                              const Value *const *inputs, int count) {
    if (c->is_dry) return expression_error(c, use->span);
    if (shared->active) return report_shared_recursion(c, shared, use);
    Sharing outer = enter_shared(c, shared);
    shared->active = shared->is_used = true;
    const Value *value = shared->model
                             ? model_body(c, shared->model, use, inputs, count)
                             : elaborate_apply(c, shared->scope, shared->ast, inputs, count);
    shared->active = false;
    if (value->kind != VALUE_ERROR) shared->is_made = true;
    leave_shared(c, outer);
    return value;
}

const Value *elaborate_body(Checker *c, ModelEntry *entry, Scope *scope, const char *what) {
    Sharing outer = enter_shared(c, entry->shared);
    const Value *value = expression_body(c, scope, entry->declaration->body, what);
    if (value->kind != VALUE_ERROR) entry->shared->is_made = true;
    leave_shared(c, outer);
    return value;
}

// ---- Application.

static const Value *report_arguments(Checker *c, const Application *call, const char *what) {
    const Ast *argument = call->ast->items.items[call->first];
    if (call->is_doubtful) return expression_error(c, call->ast->span);
    bool is_named = argument->kind == AST_ASSIGN;
    Diag *diag = diag_report(c->sink, DIAG_E0106, argument->span,
                             is_named ? "`%s` takes no argument `%s`"
                                      : "`%s` takes tensors, and this is none%s",
                             call->ast->text, is_named ? argument->text : "");
    diag_label(diag, is_named ? "one too many" : "expected a tensor");
    diag_note(diag, "`%s` is %s: what else it needs stands where it was made", call->ast->text,
              what);
    return expression_error(c, call->ast->span);
}

static bool has_arguments(const Application *call) {
    return call->ast->kind == AST_CALL && call->first < call->ast->items.count;
}

// Arguments of a use that are not there yet, `weights` of other libraries' files.
static bool report_planned(Checker *c, const Application *call) {
    for (int i = call->first; i < call->ast->items.count; i++) {
        const Ast *ast = call->ast->items.items[i];
        if (ast->kind == AST_ASSIGN && planned_report(c, "argument", ast->text, ast->name_span))
            return true;
    }
    return false;
}

// A model or shared layer in use: `frozen = true` is all that may be said there.
static const Value *apply_frozen(Checker *c, Scope *scope, const Value *value,
                                 const Application *call, const char *what) {
    bool *here = c->owner ? &c->is_frozen : &c->is_step_frozen;
    bool was_frozen = *here, is_frozen = false;
    if (!bind_frozen(c, scope, call->ast, call->first, &is_frozen))
        return report_planned(c, call) ? expression_error(c, call->ast->span)
                                       : report_arguments(c, call, what);
    *here = was_frozen || is_frozen;
    const Value *result =
        value->kind == VALUE_MODEL
            ? model_apply(c, value->model, call->ast, call->inputs, call->count)
            : elaborate_shared(c, value->shared, call->ast, call->inputs, call->count);
    *here = was_frozen;
    return result;
}

static const Value *report_not_layer(Checker *c, const Value *value, const Ast *ast) {
    Diag *diag = diag_report(c->sink, DIAG_E0201, ast->span, "%s is not a layer",
                             value_describe(c->arena, value));
    diag_label(diag, "expected a layer, a block or a model");
    return expression_error(c, ast->span);
}

static const Value *apply_value(Checker *c, Scope *scope, const Value *value,
                                const Application *call) {
    const OpDef *op;
    switch (value->kind) {
    case VALUE_ERROR: return expression_error(c, call->ast->span);
    case VALUE_RECIPE:
        if (has_arguments(call)) return report_arguments(c, call, "a recipe");
        return apply_recipe(c, value->recipe, call);
    case VALUE_SHARED: return apply_frozen(c, scope, value, call, "a shared layer");
    case VALUE_BLOCK: return block_apply(c, scope, value->declaration, call);
    case VALUE_MODEL: return apply_frozen(c, scope, value, call, "a model");
    case VALUE_WORD:
        op = op_find(value->text);
        if (op && op->surface) return layer_apply(c, scope, op, call);
        break;
    default: break;
    }
    const Value *error = report_not_layer(c, value, call->ast);
    bool is_name = call->ast->kind == AST_NAME && map_get(&scope->names, call->ast->text);
    if (is_name) scope_bind(c->arena, scope, call->ast->text, error); // which is told once
    return error;
}

// Too many for arguments alone: a tensor stands before them, even where it is not known.
static bool begins_with_tensor(const OpDef *op, const Ast *ast) {
    int count = 0;
    for (int i = 0; i < ast->items.count; i++) count += ast->items.items[i]->kind != AST_ASSIGN;
    return op && op->min_inputs > 0 && count > schema_arg_count(&op->schema);
}

// `dense(h, 10)`, of an `h` that is not known: a tensor and an argument, or two arguments. Only
// what has a name can be looked at.
static bool may_begin_with_tensor(const OpDef *op, const Application *call, const Ast *item) {
    bool takes_more = op && (op->max_inputs < 0 || call->count < op->max_inputs);
    return takes_more && item->kind != AST_ASSIGN;
}

static int first_named(const Ast *ast) {
    int first = 0;
    while (first < ast->items.count && ast->items.items[first]->kind != AST_ASSIGN) first++;
    return first;
}

// What is piped in, and the tensors that the call begins with.
static Application gather(Checker *c, Scope *scope, const OpDef *op, const Ast *ast,
                          const Value *const *inputs, int count) {
    Application call = {.ast = ast, .inputs = inputs, .count = count};
    if (ast->kind != AST_CALL) return call;
    const Value **all = ARENA_ARRAY(c->arena, const Value *, count + ast->items.count + 1);
    for (int i = 0; i < count; i++) all[i] = inputs[i];
    for (; call.first < ast->items.count; call.first++) {
        const Ast *item = ast->items.items[call.first];
        bool is_error = expression_is_error(scope, item);
        call.is_doubtful = call.is_doubtful || is_error;
        bool is_input = op && layer_takes_input(op, call.count);
        is_input = is_input || (call.count == 0 && begins_with_tensor(op, ast));
        if (is_error && !is_input && may_begin_with_tensor(op, &call, item))
            call.first = first_named(ast);
        if ((is_error && !is_input) || item->kind == AST_ASSIGN) break;
        if (!is_input && !expression_is_tensor(c, scope, item)) break;
        const Value *value = all[call.count++] = expression_evaluate(c, scope, item);
        call.is_doubtful = call.is_doubtful || value->kind == VALUE_ERROR;
    }
    call.inputs = all;
    return call;
}

static const Value *apply_named(Checker *c, Scope *scope, const Ast *ast,
                                const Value *const *inputs, int count) {
    const Value *value = elaborate_find(c, scope, ast->text);
    const Value *habit = value ? NULL : report_habit(c, ast);
    if (habit) return habit;
    const OpDef *op = value ? NULL : elaborate_operator(c, ast->text, name_span(ast));
    if (!value && !op) return report_unknown(c, scope, ast);
    bool is_other_name = op && op != op_find(ast->text);
    if (is_other_name && !names_is_sure(op->schema.name, ast))
        return expression_error(c, ast->span);
    Application call = gather(c, scope, op, ast, inputs, count);
    return op ? layer_apply(c, scope, op, &call) : apply_value(c, scope, value, &call);
}

static const Value *apply_arrow(Checker *c, Scope *scope, const Ast *ast,
                                const Value *const *inputs, int count) {
    VEC(const Ast *) steps = {0};
    for (; ast->kind == AST_ARROW; ast = ast->left) vec_push(c->arena, &steps, ast->right);
    const Value *value = elaborate_apply(c, scope, ast, inputs, count);
    for (int i = steps.count - 1; i >= 0; i--)
        value = elaborate_apply(c, scope, steps.items[i], &value, 1);
    return value;
}

static bool check_copies(Checker *c, const Value *count) {
    if (count->kind == VALUE_NUMBER && count->is_integer && count->number >= 0) return true;
    if (count->kind == VALUE_ERROR) return false;
    Diag *diag = diag_report(c->sink, count->kind == VALUE_NUMBER ? DIAG_E0202 : DIAG_E0201,
                             count->span, "the number of copies is a whole number, not %s",
                             value_describe(c->arena, count));
    diag_label(diag, "expected 0 or more");
    return false;
}

// A computed 0 is meant (`depth - 1`), a written one hardly.
static void warn_no_copies(Checker *c, const Ast *ast) {
    if (ast->left->kind != AST_NUMBER && ast->right->kind != AST_NUMBER) return;
    Diag *diag =
        diag_report(c->sink, DIAG_W0303, ast->span, "no copies of layers pass their input on");
    diag_label(diag, "0 copies");
    diag_help(diag, "remove it, or write how many copies are meant");
}

// `f * 3`: one after the other, each with weights of its own. None at all is the input itself.
static const Value *apply_copies(Checker *c, Scope *scope, const Ast *ast,
                                 const Value *const *inputs, int count) {
    const Ast *layers = ast->left;
    const Value *copies = expression_evaluate(c, scope, ast->right);
    if (value_is_layer(copies)) {
        layers = ast->right;
        copies = expression_evaluate(c, scope, ast->left);
    }
    if (!check_copies(c, copies)) return expression_error(c, ast->span);
    leftover_add(c, scope, layers, true);
    if (copies->number == 0) {
        warn_no_copies(c, ast);
        return inputs[0];
    }
    const Value *value = elaborate_apply(c, scope, layers, inputs, count);
    for (double i = 1; i < copies->number && value->kind != VALUE_ERROR; i++)
        value = elaborate_apply(c, scope, layers, &value, 1);
    return value;
}

// `f(n) for n in list`: one after the other.
static const Value *apply_for(Checker *c, Scope *scope, const Ast *ast, const Value *const *inputs,
                              int count) {
    const Value *list = expression_for_list(c, scope, ast), *value = NULL;
    if (!list || c->is_dry) { // the layers are looked at once, whatever the list holds
        const Value *unknown = expression_error(c, ast->name_span);
        Scope *inner = expression_for_scope(c, scope, ast, unknown);
        const Value *input = expression_error(c, ast->span);
        return elaborate_apply(c, inner, ast->left, &input, 1);
    }
    if (!list->count) return inputs[0];
    for (int i = 0; i < list->count && !(value && value->kind == VALUE_ERROR); i++) {
        Scope *inner = expression_for_scope(c, scope, ast, list->items[i]);
        value = i ? elaborate_apply(c, inner, ast->left, &value, 1)
                  : elaborate_apply(c, inner, ast->left, inputs, count);
    }
    return value;
}

static const Value *apply(Checker *c, Scope *scope, const Ast *ast, const Value *const *inputs,
                          int count) {
    switch (ast->kind) {
    case AST_NAME:
    case AST_CALL: return apply_named(c, scope, ast, inputs, count);
    case AST_ARROW: return apply_arrow(c, scope, ast, inputs, count);
    case AST_BINARY:
        if (ast->operator== AST_MULTIPLY) return apply_copies(c, scope, ast, inputs, count);
        break;
    case AST_FOR: return apply_for(c, scope, ast, inputs, count);
    case AST_ERROR: return expression_error(c, ast->span);
    default: break;
    }
    Application call = {.ast = ast, .inputs = inputs, .count = count};
    return apply_value(c, scope, expression_evaluate(c, scope, ast), &call);
}

const Value *elaborate_apply(Checker *c, Scope *scope, const Ast *ast, const Value *const *inputs,
                             int count) {
    bool may_go_on = expression_enter(c, ast->span);
    leftover_reached(c, ast);
    const Value *value =
        may_go_on ? apply(c, scope, ast, inputs, count) : expression_error(c, ast->span);
    expression_leave(c);
    return value;
}

// add([a, b]), as in Keras.
static bool has_list_of_tensors(Checker *c, const Scope *scope, const Ast *ast) {
    const Ast *first = ast->items.count ? ast->items.items[0] : NULL;
    if (!first || first->kind != AST_LIST || !first->items.count) return false;
    const Ast *item = first->items.items[0];
    return expression_is_tensor(c, scope, item->kind == AST_FOR ? item->left : item);
}

static const Value *report_list(Checker *c, const Ast *ast) {
    const Span list = ast->items.items[0]->span;
    Diag *diag = diag_report(c->sink, DIAG_E0201, list,
                             "`%s` takes tensors one after the other, not a list", ast->text);
    diag_label(diag, "expected tensors");
    diag_help(diag, "write `%s(a, b)` without the brackets", ast->text);
    return expression_error(c, ast->span);
}

static bool is_tensor_item(Checker *c, const Scope *scope, const Ast *item) {
    return item->kind != AST_ASSIGN && expression_is_tensor(c, scope, item);
}

// `abs(-3)` is arithmetic, `abs(x)` of a tensor is a layer, and `-> abs` is, too.
static bool calculates(Checker *c, const Scope *scope, const Ast *ast) {
    if (!number_is_function(ast->text)) return false;
    const OpDef *op = op_find(ast->text);
    if (!op || !op->surface) return true;
    for (int i = 0; i < ast->items.count; i++)
        if (is_tensor_item(c, scope, ast->items.items[i])) return false;
    return ast->items.count > 0;
}

bool elaborate_has_input(Checker *c, const Scope *scope, const Ast *ast) {
    const OpDef *op = elaborate_find(c, scope, ast->text) ? NULL : op_find(ast->text);
    bool is_surface = op && op->surface;
    for (int i = 0; i < ast->items.count; i++) {
        if (is_tensor_item(c, scope, ast->items.items[i])) return true;
        bool goes_on = is_surface && (op->of_several || layer_takes_input(op, i));
        if (!goes_on) return false;
    }
    return false;
}

bool elaborate_is_source(const Checker *c, const Scope *scope, const char *name) {
    const OpDef *op = elaborate_find(c, scope, name) ? NULL : op_find(name);
    return op && op->surface && op->max_inputs == 0;
}

// `mean(3)`: the first argument can only be a tensor, since all others have names.
static bool report_no_tensor(Checker *c, Scope *scope, const Ast *ast) {
    const OpDef *op = op_find(ast->text);
    const Ast *first = ast->items.count ? ast->items.items[0] : NULL;
    bool is_by_name = op && op->surface && op->schema.args && op->schema.args[0].by_name;
    if (!is_by_name || !first || first->kind == AST_ASSIGN) return false;
    const Value *value = expression_evaluate(c, scope, first);
    if (value->kind == VALUE_ERROR) return true;
    Diag *diag = diag_report(c->sink, DIAG_E0201, first->span, "`%s` takes a tensor, not %s",
                             ast->text, value_describe(c->arena, value));
    diag_label(diag, "expected a tensor");
    diag_help(diag, "`%s(x)` is of a tensor; arguments have names: `%s = %s`", ast->text,
              op->schema.args[0].name, sources_text(c->sources, first->span));
    return true;
}

// Have its arguments been said, so that only tensors may follow?
static bool is_made(const Value *value) {
    return value->kind == VALUE_MODEL || value->kind == VALUE_SHARED || value->kind == VALUE_RECIPE;
}

// `encoder(3)`
static const Value *report_no_input(Checker *c, Scope *scope, const Value *made, const Ast *ast) {
    static const char *const kinds[] = {
        [VALUE_MODEL] = "a model", [VALUE_SHARED] = "a shared layer", [VALUE_RECIPE] = "a recipe"};
    const Value *value = expression_evaluate(c, scope, ast->items.items[0]);
    if (value->kind == VALUE_ERROR) return value;
    Application call = {.ast = ast};
    return report_arguments(c, &call, kinds[made->kind]);
}

const Value *elaborate_call(Checker *c, Scope *scope, const Ast *ast) {
    const Value *value = elaborate_find(c, scope, ast->text);
    if (value && value->kind == VALUE_ERROR) return expression_error(c, ast->span);
    if (elaborate_is_source(c, scope, ast->text)) return apply_named(c, scope, ast, NULL, 0);
    bool is_skipped = ast->items.count && ast->items.items[0]->kind == AST_ERROR;
    if (is_skipped) return expression_error(c, ast->span); // it may be a tensor
    if (value && !value_is_layer(value)) return report_not_layer(c, value, ast);
    if (!value && calculates(c, scope, ast)) return number_call(c, scope, ast);
    const Value *habit = value ? NULL : report_habit(c, ast);
    if (habit) return habit;
    if (!value && !elaborate_operator(c, ast->text, ast->name_span)) {
        if (names_is_callee(ast->text)) return value_recipe(c->arena, ast, scope);
        return report_unknown(c, scope, ast);
    }
    if (elaborate_has_input(c, scope, ast)) return apply_named(c, scope, ast, NULL, 0);
    if (!value && has_list_of_tensors(c, scope, ast)) return report_list(c, ast);
    if (!value && report_no_tensor(c, scope, ast)) return expression_error(c, ast->span);
    if (value && is_made(value) && ast->items.count && ast->items.items[0]->kind != AST_ASSIGN)
        return report_no_input(c, scope, value, ast);
    leftover_add(c, scope, ast, true);
    return value_recipe(c->arena, ast, scope);
}
