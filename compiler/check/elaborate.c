// Application: a value is fed to layers, blocks, copies and models, which appends nodes to the
// graph that is being built. Errors are values too: what follows one is still checked, but makes no
// nodes.
#include "check.h"

#include <math.h>

typedef struct Application {
    const Ast *ast; // AST_CALL, or what stands there without arguments
    const Value *const *inputs;
    int count;
    int first;        // the first argument that is not an input
    bool is_doubtful; // an argument with an error may be a tensor or not
} Application;

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

static bool check_input_count(Checker *c, const OpDef *op, const Application *call) {
    const char *name = op->schema.name;
    Diag *diag;
    if (call->count < op->min_inputs) {
        diag = diag_report(c->sink, DIAG_E0105, call->ast->span, "`%s` needs %d tensors, not %d",
                           name, op->min_inputs, call->count);
        diag_label(diag, "too few tensors");
        return false;
    }
    if (op->max_inputs < 0 || call->count <= op->max_inputs) return true;
    diag = diag_report(c->sink, DIAG_E0106, call->ast->span, "`%s` takes %d tensor%s, not %d", name,
                       op->max_inputs, op->max_inputs == 1 ? "" : "s", call->count);
    diag_label(diag, "too many tensors");
    return false;
}

static bool has_error(const Application *call) {
    for (int i = 0; i < call->count; i++)
        if (call->inputs[i]->kind == VALUE_ERROR) return true;
    return false;
}

// ---- Layers.

// dense, dense_1, ...; within named parts tower/dense, tower/dense_1.
static const char *number_name(Checker *c, const char *base) {
    Map *names = &c->owner->layer_names;
    const char *name = base;
    intptr_t number = (intptr_t)map_get(names, base);
    if (number > 0) {
        do name = arena_format(c->arena, "%s_%ld", base, (long)number++);
        while (map_get(names, name));
        map_set(names, name, (void *)1);
    }
    map_set(names, base, (void *)(number > 0 ? number : 1));
    return name;
}

static Span span_of_layer(const Checker *c, const char *name) {
    const Weights *weights = c->graph->weights;
    for (int i = 0; i < weights->layers.count; i++) {
        const Layer *layer = weights->layers.items[i];
        bool is_own = layer->model && strcmp(layer->model, c->owner->model->name) == 0;
        if (is_own && strcmp(layer->name, name) == 0) return layer->span;
    }
    return SPAN_NONE;
}

// `name = ..`: the name itself, which no other layer of the model may have.
static const char *given_name(Checker *c, const Args *args) {
    Map *names = &c->owner->layer_names;
    const char *name = c->prefix ? weights_join(c->arena, c->prefix, args->name) : args->name;
    if (!map_get(names, name)) {
        map_set(names, name, (void *)1);
        return name;
    }
    Diag *diag = diag_report(c->sink, DIAG_E0102, args->name_span,
                             "two layers of `%s` are named `%s`", c->owner->model->name, name);
    diag_label(diag, "the second one");
    diag_secondary(diag, span_of_layer(c, name), "the first one");
    diag_help(diag,
              "what makes several layers takes their names as a parameter: `name = name + \"_1\"`");
    return number_name(c, name);
}

static const char *layer_name(Checker *c, const OpDef *op, const Args *args) {
    if (args && args->name) return given_name(c, args);
    if (!c->prefix) return number_name(c, op->schema.name);
    if (c->sharing && c->sharing->single) return number_name(c, c->prefix);
    return number_name(c, arena_format(c->arena, "%s/%s", c->prefix, op->schema.name));
}

static Layer *new_layer(Checker *c, const OpDef *op, const Args *args, Span span) {
    if (c->graph->weights->layers.count >= CHECK_MAX_LAYERS) {
        Diag *diag = diag_report(c->sink, DIAG_E0205, span, "the model has more than %d layers",
                                 CHECK_MAX_LAYERS);
        diag_label(diag, "one too many here");
        c->exhausted = true;
        return NULL;
    }
    Layer *layer = weights_layer(c->graph->weights, op->schema.name, layer_name(c, op, args), span);
    layer->model = c->owner->model->name;
    layer->prefix = c->owner->has_prefix ? layer->model : NULL;
    vec_push(c->arena, &c->sharing->layers, layer);
    return layer;
}

// The layer that the first use made at this point of the body.
static Layer *repeated_layer(Checker *c, const OpDef *op, Span span) {
    bool is_left = c->shared_next < c->sharing->layers.count;
    Layer *layer = is_left ? c->sharing->layers.items[c->shared_next++] : NULL;
    if (layer && strcmp(layer->type_name, op->schema.name) == 0) return layer;
    Diag *diag =
        diag_report(c->sink, DIAG_E0204, span,
                    "`%s` has other layers here than where it was used first", c->sharing->name);
    diag_label(diag, "no `%s` there", op->schema.name);
    if (layer) diag_secondary(diag, layer->span, "`%s` there", layer->type_name);
    diag_help(diag, "what it is made of must not depend on its input's shape");
    return NULL;
}

// A step's body has no layers of its own: what has weights belongs to a model.
static bool check_owned(Checker *c, const OpDef *op, Span span) {
    if (c->owner || !op->parameters) return true;
    Diag *diag = diag_report(c->sink, DIAG_E0206, span, "`%s` has weights, which belong to a model",
                             op->schema.name);
    diag_label(diag, "a layer in a step");
    diag_help(diag, "declare a model with it, and use that here");
    return false;
}

static Layer *layer_for(Checker *c, const OpDef *op, const Args *args, Span span) {
    return c->sharing->is_made ? repeated_layer(c, op, span) : new_layer(c, op, args, span);
}

// The weights of shared layers were made for the first use's shapes.
static bool check_shared_shape(Checker *c, const Layer *layer, const Application *call) {
    if (!layer || !layer->op || !layer->parameters.count) return true;
    for (int i = 0; i < call->count; i++) {
        const Type *made = &layer->inputs[i], *now = &call->inputs[i]->node->type;
        if (type_last(made) == type_last(now) && made->rank == now->rank) continue;
        Diag *diag = diag_report(c->sink, DIAG_E0204, call->inputs[i]->span,
                                 "the shared layer `%s` takes %s, but this value is %s",
                                 layer->name, type_text(c->arena, made), type_text(c->arena, now));
        diag_label(diag, "%s", type_text(c->arena, now));
        diag_secondary(diag, call->ast->span, "made for %s", type_text(c->arena, made));
        diag_help(diag, "its weights were made for its first use; a recipe (without `layer`) makes "
                        "new ones each time");
        return false;
    }
    return true;
}

static bool check_size(Checker *c, const Type *type, const char *what, Span span) {
    bool fits = type_elements(type) <= CHECK_MAX_ELEMENTS;
    for (int i = 0; i < type->rank; i++) fits = fits && type->dims[i] <= CHECK_MAX_DIMENSION;
    if (fits) return true;
    Diag *diag = diag_report(c->sink, DIAG_E0205, span, "%s is %s: too large", what,
                             type_text(c->arena, type));
    diag_label(diag, "makes %s", type_text(c->arena, type));
    diag_note(diag, "a dimension is at most %lld, a tensor has at most %lld numbers",
              (long long)CHECK_MAX_DIMENSION, (long long)CHECK_MAX_ELEMENTS);
    return false;
}

static bool check_sizes(Checker *c, const Node *node, const Layer *layer) {
    bool ok = check_size(c, &node->type, "the output", node->span);
    for (int i = 0; layer && i < layer->parameters.count; i++) {
        const Parameter *parameter = layer->parameters.items[i];
        const char *what = arena_format(c->arena, "`%s`", parameter->name);
        ok = ok && check_size(c, &parameter->type, what, node->span);
    }
    return ok;
}

// An error, with what is known of its last dimension and activation all the same: loss and metrics
// are checked against that. Without `args` they have a mistake.
static const Value *unfinished(Checker *c, const OpDef *op, const Application *call,
                               const Args *args) {
    Value *value = value_new(c->arena, VALUE_ERROR, call->ast->span);
    Node *input = call->count == 1 ? call->inputs[0]->node : NULL;
    bool keeps_shape = op->shape == op_shape_same;
    if (!args) {
        if (keeps_shape && !op->is_activation) value->node = input;
        return value;
    }
    Node *node = value->node = ARENA_NEW(c->arena, Node);
    *node = (Node){.op = op, .args = args, .span = call->ast->span, .poisoned = true};
    node->inputs = ARENA_ARRAY(c->arena, Node *, 1);
    if (input) node->inputs[node->input_count++] = input;
    if (keeps_shape && input) node->type = input->type;
    if (schema_arg_index(&op->schema, "units") < 0) return value;
    int64_t units = args_int(args, "units");
    node->type = type_make(DTYPE_F32, true, 1, &units);
    return value;
}

// In a step's own body, for that step.
static void freeze_layer(Checker *c, Layer *layer, const Args *args) {
    if (args && args->is_frozen) layer->trainable = false;
    if (c->is_frozen && c->step)
        vec_push(c->arena, &c->step->frozen, layer);
    else if (c->is_frozen)
        layer->trainable = false;
}

static const Value *make_node(Checker *c, const OpDef *op, const Application *call,
                              const Args *args) {
    if (!check_owned(c, op, call->ast->span)) return unfinished(c, op, call, args);
    Layer *layer = c->owner ? layer_for(c, op, args, call->ast->span) : NULL;
    if ((c->owner && !layer) || !check_shared_shape(c, layer, call))
        return unfinished(c, op, call, args);
    if (layer) freeze_layer(c, layer, args);
    Node **nodes = ARENA_ARRAY(c->arena, Node *, call->count);
    for (int i = 0; i < call->count; i++) nodes[i] = call->inputs[i]->node;
    c->graph->current_layer = layer;
    c->graph->current_span = call->ast->span;
    Node *node = graph_node(c->graph, op, nodes, call->count, op->schema.args ? args : NULL);
    c->graph->current_layer = NULL;
    if (node->poisoned || !check_sizes(c, node, layer)) return unfinished(c, op, call, args);
    checks_activation(c, node);
    return value_tensor(c->arena, node, call->ast->span);
}

// Numbers that are the same for all samples: element by element they meet those of samples, but
// layers work on samples.
static bool is_by_element(const OpDef *op) {
    return op->fuse == FUSE_ELEMENTWISE || op->shape == op_shape_broadcast ||
           (op->is_activation && op->shape == op_shape_same);
}

static bool check_batched(Checker *c, const OpDef *op, const Application *call) {
    for (int i = 0; i < call->count && !is_by_element(op); i++) {
        const Value *input = call->inputs[i];
        if (input->node->type.batched) continue;
        Diag *diag = diag_report(
            c->sink, DIAG_E0203, call->ast->span,
            "`%s` works on samples, but this value is the same for all of them", op->schema.name);
        diag_label(diag, "needs samples");
        diag_secondary(diag, input->span, "made of weights alone");
        diag_help(diag, "use it element by element: `x * weight(..)`, `x + weight(..)`");
        return false;
    }
    return true;
}

// Kernels whose start was not written start as the `train` block says.
static void set_init(const Checker *c, Args *args) {
    for (int i = 0; c->init && i < args->count; i++)
        if (args->schema->args[i].starts_kernel && args->values[i].is_default)
            args->values[i] = *c->init;
}

// Where a call has tensors, numbers may stand beside them: element by element, and as the target of
// a loss.
static bool takes_number(const OpDef *op, int place) {
    if (op->is_loss) return place < op->max_inputs;
    return op->min_inputs > 1 && !op->schema.args && is_by_element(op);
}

// What stands there is one of the values, and no argument of another kind.
static bool is_input_place(const OpDef *op, int place) {
    return takes_number(op, place) || (op->min_inputs > 1 && !op->schema.args);
}

// The larger of two values is no reduction. True: it was meant.
static bool report_of_several(Checker *c, const Scope *scope, const OpDef *op,
                              const Application *call) {
    int count = call->count;
    bool is_doubtful = call->is_doubtful;
    for (int i = call->first; call->ast->kind == AST_CALL && i < call->ast->items.count; i++) {
        const Ast *item = call->ast->items.items[i];
        count += item->kind != AST_ASSIGN;
        is_doubtful = is_doubtful || expression_is_error(scope, item);
    }
    if (!op->of_several || count < 2) return false;
    if (is_doubtful) return true; // of numbers, perhaps
    Diag *diag = diag_report(c->sink, DIAG_E0106, call->ast->span, "`%s` reduces one tensor",
                             op->schema.name);
    diag_label(diag, "%d values", count);
    diag_help(diag,
              "of several, element by element, write `%s(a, b)`; dimensions have a name: "
              "`axis = -1`",
              op->of_several);
    return true;
}

static bool check_inputs(Checker *c, const OpDef *op, const Application *call) {
    for (int i = 0; i < call->count; i++) {
        const Value *input = call->inputs[i];
        if (input->kind == VALUE_TENSOR) continue;
        if (input->kind == VALUE_NUMBER && takes_number(op, i) && (i > 0 || !op->is_loss)) continue;
        Diag *diag = diag_report(c->sink, DIAG_E0201, input->span, "`%s` takes a tensor, not %s",
                                 op->schema.name, value_describe(c->arena, input));
        diag_label(diag, "expected a tensor");
        if (op->is_loss)
            diag_help(diag, "write the prediction first, then the target, which may be a number");
        return false;
    }
    return true;
}

static const Application *with_tensors(Checker *c, const Application *call) {
    const Value **inputs = ARENA_ARRAY(c->arena, const Value *, call->count);
    Application *all = ARENA_NEW(c->arena, Application);
    for (int i = 0; i < call->count; i++) {
        inputs[i] = call->inputs[i];
        if (inputs[i]->kind == VALUE_TENSOR) continue;
        c->graph->current_span = inputs[i]->span;
        inputs[i] =
            value_tensor(c->arena, graph_constant(c->graph, inputs[i]->number), inputs[i]->span);
    }
    *all = *call;
    all->inputs = inputs;
    return all;
}

// How many classes labels have, where the call does not say it. False: nobody knows.
static bool set_classes(Checker *c, const OpDef *op, const Application *call, Args *args) {
    int64_t classes = call->count ? call->inputs[0]->classes : 0;
    for (int i = 0; i < args->count; i++) {
        const char *name = args->schema->args[i].name;
        if (!args->schema->args[i].counts_classes || args->values[i].is_set) continue;
        args_set_number(args, name, (double)classes);
        args_set_origin(args, name, "by the labels");
        if (classes) continue;
        Diag *diag = diag_report(c->sink, DIAG_E0105, call->ast->span, "`%s` needs `%s`",
                                 op->schema.name, name);
        diag_label(diag, "of how many classes?");
        diag_help(diag, "only of a data set's labels it is known; else write `%s = 10`", name);
        return false;
    }
    return true;
}

static const Value *apply_operator(Checker *c, Scope *scope, const OpDef *op,
                                   const Application *call) {
    bool ok = !call->is_doubtful;
    const OpDef *written = op;
    if (report_of_several(c, scope, op, call)) return expression_error(c, call->ast->span);
    if (op->is_loss) op = losses_resolve(op, call->inputs, call->count);
    if (call->is_doubtful && !op->schema.args) return unfinished(c, op, call, NULL);
    bool is_open = op->is_loss && op->target == TARGET_ANY; // its arguments are not known
    if (is_open && (call->is_doubtful || has_error(call)))
        return expression_error(c, call->ast->span);
    Args *args = (Args *)bind_call(c, scope, &op->schema, call->ast, call->first, &ok);
    set_init(c, args);
    ok = ok && (has_error(call) || set_classes(c, op, call, args));
    if (call->is_doubtful || !check_input_count(c, op, call) || !ok || has_error(call))
        return unfinished(c, op, call, ok ? args : NULL);
    if (!check_inputs(c, op, call)) return expression_error(c, call->ast->span);
    if (!c->graph || c->is_dry) return unfinished(c, op, call, args);
    if (op->is_loss) return losses_apply(c, op, op != written, args, call->ast, call->inputs);
    call = with_tensors(c, call);
    if (!check_batched(c, op, call)) return expression_error(c, call->ast->span);
    return make_node(c, op, call, args);
}

// ---- Blocks.

static int find_parameter(const Ast *declaration, const char *name) {
    for (int i = 0; i < declaration->parameters.count; i++)
        if (strcmp(declaration->parameters.items[i]->text, name) == 0) return i;
    return -1;
}

static void report_block_argument(Checker *c, const Ast *declaration, const Ast *argument) {
    NameList names = {0};
    for (int i = 0; i < declaration->parameters.count; i++)
        vec_push(c->arena, &names, declaration->parameters.items[i]->text);
    const char *near = names_nearest(c, &names, argument->text);
    Diag *diag = diag_report(c->sink, DIAG_E0103, argument->name_span, "`%s` has no parameter `%s`",
                             declaration->text, argument->text);
    diag_label(diag, "unknown argument");
    diag_secondary(diag, declaration->name_span, "`%s` is declared here", declaration->text);
    if (near) diag_help(diag, "did you mean `%s`?", near);
}

static bool bind_block_argument(Checker *c, Scope *scope, const Ast *declaration, const Ast *ast,
                                const Value **values, int *next) {
    bool is_named = ast->kind == AST_ASSIGN;
    int row = is_named ? find_parameter(declaration, ast->text) : (*next)++;
    const Value *value = expression_evaluate(c, scope, is_named ? ast->left : ast);
    if (row < 0) {
        report_block_argument(c, declaration, ast);
        return false;
    }
    if (row >= declaration->parameters.count) {
        Diag *diag =
            diag_report(c->sink, DIAG_E0106, ast->span, "`%s` takes no more than %d values",
                        declaration->text, declaration->parameters.count);
        diag_label(diag, "one too many");
        diag_secondary(diag, declaration->name_span, "`%s` is declared here", declaration->text);
        return false;
    }
    if (values[row]) {
        Diag *diag = diag_report(c->sink, DIAG_E0104, ast->span, "`%s` of `%s` is given twice",
                                 declaration->parameters.items[row]->text, declaration->text);
        diag_label(diag, "the second value");
        diag_secondary(diag, values[row]->span, "the first value");
        return false;
    }
    values[row] = value;
    return true;
}

static bool bind_parameter(Checker *c, Scope *inner, const Ast *declaration, int row,
                           const Value *value, const Ast *call) {
    const Ast *parameter = declaration->parameters.items[row];
    if (!value && parameter->left) value = expression_evaluate(c, inner, parameter->left);
    if (value) {
        scope_bind(c->arena, inner, parameter->text, value);
        return true;
    }
    if (map_get(&inner->names, parameter->text)) return false; // declared twice: reported
    Diag *diag = diag_report(c->sink, DIAG_E0105, call->span, "`%s` needs `%s`", declaration->text,
                             parameter->text);
    diag_label(diag, "without `%s`", parameter->text);
    diag_secondary(diag, parameter->span, "it has no default");
    return false;
}

static Scope *bind_block(Checker *c, Scope *scope, const Ast *declaration,
                         const Application *call) {
    Scope *inner = scope_create(c->arena, import_globals(c, declaration->span));
    int count = declaration->parameters.count, next = 0;
    const Value **values = ARENA_ARRAY(c->arena, const Value *, count + 1);
    bool ok = !call->is_doubtful;
    for (; next < call->count && next < count; next++) values[next] = call->inputs[next];
    next = call->count;
    if (call->count > count) {
        Diag *diag = diag_report(c->sink, DIAG_E0106, call->ast->span, "`%s` takes no input",
                                 declaration->text);
        diag_secondary(diag, declaration->name_span, "`%s` is declared here", declaration->text);
        return NULL;
    }
    if (call->ast->kind == AST_CALL)
        for (int i = call->first; i < call->ast->items.count; i++)
            ok = bind_block_argument(c, scope, declaration, call->ast->items.items[i], values,
                                     &next) &&
                 ok;
    for (int i = 0; i < count && ok; i++)
        ok = bind_parameter(c, inner, declaration, i, values[i], call->ast);
    return ok ? inner : NULL;
}

static const Value *report_recursion(Checker *c, const char *what, const char *name, Span use,
                                     Span declaration) {
    Diag *diag = diag_report(c->sink, DIAG_E0206, use, "%s `%s` uses itself", what, name);
    diag_label(diag, "used again here");
    diag_secondary(diag, declaration, "while this is unfolded");
    diag_note(diag, "a network is finite: blocks, models and recipes cannot be recursive");
    return expression_error(c, use);
}

static const Value *apply_block(Checker *c, Scope *scope, const Ast *declaration,
                                const Application *call) {
    if (map_get(&c->active, declaration))
        return report_recursion(c, "the block", declaration->text, name_span(call->ast),
                                declaration->name_span);
    if (model_is_broken(declaration)) return expression_error(c, call->ast->span);
    Scope *inner = bind_block(c, scope, declaration, call);
    if (!inner || c->is_dry) return expression_error(c, call->ast->span);
    leftover_reached(c, declaration);
    map_set(&c->active, declaration, (void *)declaration);
    const char *what = arena_format(c->arena, "the block `%s`", declaration->text);
    const Value *value = expression_body(c, inner, declaration->body, what);
    map_set(&c->active, declaration, NULL);
    return value;
}

// ---- Recipes and shared layers.

static const Value *apply_recipe(Checker *c, Recipe *recipe, const Application *call) {
    if (c->is_dry) return expression_error(c, call->ast->span);
    if (recipe->active)
        return report_recursion(c, "the recipe", call->ast->text ? call->ast->text : "",
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
        if (entry->active || entry->shared.active) entry->in_cycle = true;
    }
}

static const Value *report_shared_recursion(Checker *c, const Shared *shared, const Ast *use) {
    if (shared->model && shared->model->in_cycle) return expression_error(c, use->span);
    mark_cycle(c);
    return report_recursion(c, shared->model ? "the model" : "the layer", shared->name,
                            name_span(use), shared->span);
}

// Whose layers are made, and which: what every use of shared layers sets anew.
typedef struct Sharing {
    ModelEntry *owner;
    Shared *sharing;
    const char *prefix;
    int shared_next, inner_next;
} Sharing;

static Sharing enter_shared(Checker *c, Shared *shared) {
    Sharing outer = {c->owner, c->sharing, c->prefix, c->shared_next, c->inner_next};
    if (shared->model) {
        c->owner = shared->model;
        c->prefix = NULL;
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
    c->shared_next = outer.shared_next;
    c->inner_next = outer.inner_next;
}

const Value *elaborate_shared(Checker *c, Shared *shared, const Ast *use,
                              const Value *const *inputs, int count) {
    if (c->is_dry) return expression_error(c, use->span);
    if (shared->active) return report_shared_recursion(c, shared, use);
    Sharing outer = enter_shared(c, shared);
    shared->active = true;
    const Value *value = shared->model
                             ? model_body(c, shared->model, use, inputs, count)
                             : elaborate_apply(c, shared->scope, shared->ast, inputs, count);
    shared->active = false;
    if (value->kind != VALUE_ERROR) shared->is_made = true;
    leave_shared(c, outer);
    return value;
}

const Value *elaborate_body(Checker *c, ModelEntry *entry, Scope *scope, const char *what) {
    Sharing outer = enter_shared(c, &entry->shared);
    const Value *value = expression_body(c, scope, entry->declaration->body, what);
    if (value->kind != VALUE_ERROR) entry->shared.is_made = true;
    leave_shared(c, outer);
    return value;
}

// ---- Application.

static const Value *report_arguments(Checker *c, const Application *call, const char *what) {
    const Ast *argument = call->ast->items.items[call->first];
    if (call->is_doubtful) return expression_error(c, call->ast->span);
    Diag *diag = diag_report(c->sink, DIAG_E0106, argument->span, "`%s` takes no arguments",
                             call->ast->text);
    diag_label(diag, "one too many");
    diag_note(diag, "`%s` is %s: what it takes was said where it was made", call->ast->text, what);
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
    bool was_frozen = c->is_frozen, is_frozen = false;
    if (!bind_frozen(c, scope, call->ast, call->first, &is_frozen))
        return report_planned(c, call) ? expression_error(c, call->ast->span)
                                       : report_arguments(c, call, what);
    c->is_frozen = was_frozen || is_frozen;
    const Value *result =
        value->kind == VALUE_MODEL
            ? model_apply(c, value->model, call->ast, call->inputs, call->count)
            : elaborate_shared(c, value->shared, call->ast, call->inputs, call->count);
    c->is_frozen = was_frozen;
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
    case VALUE_BLOCK: return apply_block(c, scope, value->declaration, call);
    case VALUE_MODEL: return apply_frozen(c, scope, value, call, "a model");
    case VALUE_WORD:
        op = op_find(value->text);
        if (op && op->surface) return apply_operator(c, scope, op, call);
        break;
    default: break;
    }
    return report_not_layer(c, value, call->ast);
}

// Too many for arguments alone: a tensor stands before them, even where it is not known.
static bool begins_with_tensor(const OpDef *op, const Ast *ast) {
    int count = 0;
    for (int i = 0; i < ast->items.count; i++) count += ast->items.items[i]->kind != AST_ASSIGN;
    return op && op->min_inputs > 0 && count > schema_arg_count(&op->schema);
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
        bool is_input = op && is_input_place(op, call.count);
        is_input = is_input || (call.count == 0 && begins_with_tensor(op, ast));
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
    return op ? apply_operator(c, scope, op, &call) : apply_value(c, scope, value, &call);
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
        bool goes_on = is_surface && (op->of_several || is_input_place(op, i));
        if (!goes_on) return false;
    }
    return false;
}

bool elaborate_is_source(const Checker *c, const Scope *scope, const char *name) {
    const OpDef *op = elaborate_find(c, scope, name) ? NULL : op_find(name);
    return op && op->surface && op->max_inputs == 0;
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
    leftover_add(c, scope, ast, true);
    return value_recipe(c->arena, ast, scope);
}
