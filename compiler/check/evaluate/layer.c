// A layer, made by applying an operator: its inputs and arguments are checked, it gets a name and
// weights, and its node is appended to the graph. What is used several times is one layer.
#include "layer.h"

// ---- What it takes.

static bool check_input_count(Checker *c, const OpDef *op, const Application *call) {
    const char *name = op->schema.name;
    Diag *diag;
    bool is_entry = c->is_dry && op->is_loss; // a value that nothing uses: a loss of no `train`
    if (call->count < op->min_inputs && !is_entry) {
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
    if (c->sharing && c->sharing->single && !c->cell) return number_name(c, c->prefix);
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
    for (int i = 0; i < call->count && i < layer->input_count; i++) {
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
    int index = schema_arg_index(&op->schema, "units");
    if (index < 0 || op->schema.args[index].type != ARG_INT) return value;
    int64_t units = args_int(args, "units");
    node->type = type_make(DTYPE_F32, true, 1, &units);
    return value;
}

// A layer that works with another one has its weights, so that what freezes that one freezes it.
static bool says_frozen(const Args *args) {
    if (!args || args->is_frozen) return args != NULL;
    for (int i = 0; i < args->count; i++)
        if (args->schema->args[i].type == ARG_LAYER && says_frozen(args->values[i].args))
            return true;
    return false;
}

// In a model's body for all of its trainings, in a step's own body for that step.
static void freeze_layer(Checker *c, Layer *layer, const Args *args) {
    if (c->is_frozen || says_frozen(args)) layer->trainable = false;
    if (c->is_step_frozen && c->step) vec_push(c->arena, &c->step->frozen, layer);
}

// Of a layer that gives several values: a list of them.
static const Value *results_list(Checker *c, Layer *layer, const Value *first, int count) {
    Value *list = value_new(c->arena, VALUE_LIST, first->span);
    const Value **items = ARENA_ARRAY(c->arena, const Value *, count);
    c->graph->current_layer = layer;
    for (int i = 0; i < count; i++) {
        Args *args = graph_args(c->graph, "layer_result");
        args_set_number(args, "index", i);
        items[i] =
            i ? value_tensor(c->arena,
                             graph_call(c->graph, "layer_result", (Node *[]){first->node}, 1, args),
                             first->span)
              : first;
    }
    c->graph->current_layer = NULL;
    list->items = items;
    list->count = count;
    return list;
}

// What a recurrent cell cannot do in each step.
static bool check_in_cell(Checker *c, const OpDef *op, Span span) {
    const char *reason = op->is_loss ? "a loss is of the whole sequence" : op->not_in_cells;
    if (!c->cell || !reason) return true;
    Diag *diag = diag_report(c->sink, DIAG_E0206, span, "`%s` cannot stand in a recurrent cell",
                             op->schema.name);
    diag_label(diag, "in the cell `%s`", c->cell);
    diag_note(diag, "%s", reason);
    diag_help(diag, "apply it to the sequence before the recurrent layer, or to what it gives");
    return false;
}

static bool repeats_block(const OpDef *op) {
    for (int i = 0; i < schema_arg_count(&op->schema); i++)
        if (op->schema.args[i].type == ARG_BLOCK) return true;
    return false;
}

// A layer of two directions around one that repeats a block.
static bool wraps_block(const OpDef *op, const Args *args) {
    for (int i = 0; op->has_directions && i < schema_arg_count(&op->schema); i++)
        if (op->schema.args[i].type == ARG_LAYER && args->values[i].callee &&
            repeats_block((const OpDef *)args->values[i].callee))
            return true;
    return false;
}

const Value *layer_make(Checker *c, const OpDef *op, const Application *call, const Args *args) {
    if (!check_owned(c, op, call->ast->span)) return unfinished(c, op, call, args);
    Layer *layer = c->owner ? layer_for(c, op, args, call->ast->span) : NULL;
    if ((c->owner && !layer) || !check_shared_shape(c, layer, call))
        return unfinished(c, op, call, args);
    if (layer) freeze_layer(c, layer, args);
    if (wraps_block(op, args)) {
        const Value *value = directions_apply(c, layer, call, args);
        return value ? value : unfinished(c, op, call, args);
    }
    Node **nodes = ARENA_ARRAY(c->arena, Node *, call->count);
    for (int i = 0; i < call->count; i++) nodes[i] = call->inputs[i]->node;
    c->graph->current_layer = layer;
    c->graph->current_span = call->ast->span;
    Node *node = repeats_block(op)
                     ? recur_node(c, op, layer, call, args)
                     : graph_node(c->graph, op, nodes, call->count, op->schema.args ? args : NULL);
    c->graph->current_layer = NULL;
    if (!node || node->poisoned || !check_sizes(c, node, layer))
        return unfinished(c, op, call, args);
    checks_activation(c, node);
    const Value *first = value_tensor(c->arena, node, call->ast->span);
    int count = op->results ? op->results(node) : 1;
    return count > 1 ? results_list(c, layer, first, count) : first;
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
        bool is_last = i > 0 && i == op->max_inputs - 1;
        if (input->node->type.batched || (op->takes_weights && is_last)) continue;
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
    for (int i = 0; c->init && i < args->count; i++) {
        const ArgDef *def = &args->schema->args[i];
        if (def->starts_kernel && args->values[i].is_default) args->values[i] = *c->init;
        if (def->type == ARG_LAYER && args->values[i].args) set_init(c, args->values[i].args);
    }
}

// Where a call has tensors, numbers may stand beside them: element by element, and as the target of
// a loss.
static bool takes_number(const OpDef *op, int place) {
    if (op->is_loss) return place < op->max_inputs;
    return op->min_inputs > 1 && !op->schema.args && is_by_element(op);
}

bool layer_takes_input(const OpDef *op, int place) {
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
        if (input->kind == VALUE_LIST && input->count && input->items[0]->kind == VALUE_TENSOR)
            diag_help(diag, "take them apart: `a, b = ...`");
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

const Value *layer_apply(Checker *c, Scope *scope, const OpDef *op, const Application *call) {
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
    if (!check_in_cell(c, op, call->ast->span)) return unfinished(c, op, call, args);
    if (op->is_loss) return losses_apply(c, op, op != written, args, call->ast, call->inputs);
    call = with_tensors(c, call);
    if (!check_batched(c, op, call)) return expression_error(c, call->ast->span);
    return layer_make(c, op, call, args);
}
