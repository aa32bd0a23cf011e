// Models: their inputs (raw data and what the dataset's transforms make of it) and their bodies.
#include "../check.h"

// The wider view: a model is declared before anything is evaluated, so that train blocks and other
// models may name it in any order.
const Value *model_declare(Checker *c, const Ast *declaration) {
    ModelEntry *entry = ARENA_NEW(c->arena, ModelEntry);
    Value *value = value_new(c->arena, VALUE_MODEL, declaration->name_span);
    entry->declaration = declaration;
    entry->model = ARENA_NEW(c->arena, Model);
    entry->model->name = declaration->text;
    entry->model->span = declaration->name_span;
    map_create(&entry->layer_names, c->arena, false);
    entry->shared = ARENA_NEW(c->arena, Shared);
    *entry->shared =
        (Shared){.name = declaration->text, .span = declaration->name_span, .model = entry};
    value->model = entry;
    vec_push(c->arena, &c->models, entry);
    return value;
}

// ---- Declared shapes.

static bool report_dimension(Checker *c, const Value *value) {
    if (value->kind == VALUE_ERROR) return false;
    Diag *diag;
    if (value->kind != VALUE_NUMBER || !value->is_integer) {
        diag =
            diag_report(c->sink, DIAG_E0201, value->span, "a dimension is a whole number, not %s",
                        value_describe(c->arena, value));
        diag_label(diag, "expected a whole number");
        number_help(c, diag, value);
    } else if (value->number < 1) {
        diag = diag_report(c->sink, DIAG_E0202, value->span, "a dimension is at least 1, not %s",
                           text_of_number(c->arena, value->number));
        diag_label(diag, "too small");
    } else {
        diag = diag_report(c->sink, DIAG_E0205, value->span, "a dimension is at most %lld, not %s",
                           (long long)CHECK_MAX_DIMENSION, text_of_number(c->arena, value->number));
        diag_label(diag, "too large");
    }
    return false;
}

// `[None, 28, 28]`: the batch as Keras writes it.
static bool report_batch(Checker *c, const Ast *type) {
    Text shape = text_create(c->arena);
    for (int i = 1; i < type->items.count; i++)
        text_format(&shape, "%s%s", i > 1 ? ", " : "",
                    sources_text(c->sources, type->items.items[i]->span));
    Diag *diag = diag_report(c->sink, DIAG_E0201, type->items.items[0]->span,
                             "a dimension is a whole number, not `None`");
    diag_label(diag, "not a dimension");
    if (shape.length) diag_help(diag, "shapes are written without the batch: `[%s]`", shape.data);
    return false;
}

static bool evaluate_dimension(Checker *c, const Ast *ast, int64_t *dimension) {
    const Value *value = expression_evaluate(c, import_globals(c, ast->span), ast);
    bool ok = value->kind == VALUE_NUMBER && value->is_integer && value->number >= 1 &&
              value->number <= (double)CHECK_MAX_DIMENSION;
    if (!ok) return report_dimension(c, value);
    *dimension = (int64_t)value->number;
    return true;
}

bool model_read_type(Checker *c, const Ast *ast, Type *type) {
    int64_t dims[SHAPE_MAX_RANK];
    bool is_integer = ast->text && strcmp(ast->text, "int") == 0;
    if (ast->items.count > SHAPE_MAX_RANK) {
        Diag *diag =
            diag_report(c->sink, DIAG_E0205, ast->span, "a shape has at most %d dimensions, not %d",
                        SHAPE_MAX_RANK, ast->items.count);
        diag_label(diag, "too many");
        return false;
    }
    bool ok = true;
    if (ast->items.count && habits_is_none(import_globals(c, ast->span), ast->items.items[0]))
        return report_batch(c, ast);
    for (int i = 0; i < ast->items.count; i++)
        ok = evaluate_dimension(c, ast->items.items[i], &dims[i]) && ok;
    if (!ok) return false;
    *type = type_make(is_integer ? DTYPE_I32 : DTYPE_F32, true, ast->items.count, dims);
    if (type_elements(type) <= CHECK_MAX_ELEMENTS) return true;
    Diag *diag = diag_report(c->sink, DIAG_E0205, ast->span, "an input of %s is too large",
                             shape_text(c->arena, type));
    diag_label(diag, "more than %lld numbers", (long long)CHECK_MAX_ELEMENTS);
    return false;
}

// ---- Fitting a value to a declared shape: [28, 28] fits [28, 28, 1], and the other way round.

static Node *reshape_to(Checker *c, Node *node, const Type *wanted) {
    if (node->type.rank == wanted->rank) return node;
    c->graph->current_layer = NULL;
    return graph_reshape(c->graph, node, wanted->rank, wanted->dims);
}

// ---- Inputs.

// "standardize/mean", or "standardize/left/mean" where there are several inputs; of another data
// set than the first, "standardize/other/x/mean".
static const char *statistic_name(Checker *c, const Dataset *dataset, int column,
                                  const char *what) {
    const nnrt_data_info *info = &dataset->info;
    if (!dataset->prefix && info->input_count == 1)
        return arena_format(c->arena, "standardize/%s", what);
    const char *own = weights_join(c->arena, dataset->prefix, info->inputs[column].name);
    return arena_format(c->arena, "standardize/%s/%s", own, what);
}

static Node *statistic(Checker *c, const char *name, const char *initializer, const Type *type) {
    ArgValue value = {.is_set = true, .callee = schema_callee(ARG_INITIALIZER, initializer)};
    value.args = args_default(c->arena, value.callee);
    Type own = type_make(DTYPE_F32, false, type->rank, type->dims);
    Parameter *known = weights_find(c->graph->weights, name);
    if (known) return graph_parameter_node(c->graph, known);
    return graph_parameter_node(
        c->graph, weights_parameter(c->graph->weights, NULL, name, own, &value, NULL, false));
}

// The numeric transforms, so that raw data go in and `predict` does the same as training. The
// runtime fills the statistics from nnrt_data.mean and .deviation.
Node *model_transform(Checker *c, Node *node, const Dataset *dataset, int column) {
    const nnrt_data_info *info = &dataset->info;
    if (info->input_is_final[column]) return node;
    if (info->scale != 1) node = graph_scale(c->graph, node, info->scale);
    if (info->offset != 0) node = graph_add(c->graph, node, graph_constant(c->graph, info->offset));
    if (!info->standardize) return node;
    Type type = node->type;
    Node *mean = statistic(c, statistic_name(c, dataset, column, "mean"), "zeros", &type);
    Node *deviation = statistic(c, statistic_name(c, dataset, column, "deviation"), "ones", &type);
    return graph_divide(c->graph, graph_subtract(c->graph, node, mean), deviation);
}

static const char *plain_text(Checker *c, const Type *type) {
    Type plain = *type;
    plain.dtype = DTYPE_F32;
    return type_text(c->arena, &plain);
}

static const char *with_dims(Checker *c, const Ast *parameter, const Type *type) {
    return arena_format(c->arena, "%s: %s", parameter->text, plain_text(c, type));
}

static void report_input_shape(Checker *c, const Ast *parameter, const Type *declared,
                               const Dataset *dataset, const nnrt_column *input) {
    Type type = columns_type(input), *column = &type;
    bool is_only = dataset->info.input_count == 1;
    const char *what =
        is_only ? arena_format(c->arena, "the samples of `%s` are", dataset->name)
                : arena_format(c->arena, "the column `%s` of `%s` is", input->name, dataset->name);
    Diag *diag = diag_report(c->sink, DIAG_E0302, parameter->span, "`%s` is %s, but %s %s",
                             parameter->text, plain_text(c, declared), what, plain_text(c, column));
    diag_label(diag, "declared as %s", plain_text(c, declared));
    if (is_only)
        diag_secondary(diag, dataset->span, "gives %s", plain_text(c, column));
    else
        diag_secondary(diag, dataset->span, "gives `%s` %s", input->name, plain_text(c, column));
    if (type_elements(declared) == type_elements(column) && declared->rank == 1)
        diag_help(diag, "write `%s`, and `-> flatten` after it", with_dims(c, parameter, column));
    else
        diag_help(diag, "write `%s`, or leave the shape out: it comes from the dataset",
                  with_dims(c, parameter, column));
}

static bool check_data_input(Checker *c, const Ast *parameter, const Type *declared,
                             const Dataset *dataset, const nnrt_column *input) {
    Type type = columns_type(input), *column = &type;
    if (!parameter->right) return true;
    if (!type_fits_but_for_one(declared, column)) {
        report_input_shape(c, parameter, declared, dataset, input);
        return false;
    }
    bool wants_integers = declared->dtype == DTYPE_I32;
    const nnrt_data_info *info = &dataset->info;
    bool is_final = info->input_is_final[input - info->inputs];
    bool is_transformed = !is_final && (info->scale != 1 || info->offset != 0 || info->standardize);
    if (!wants_integers || (column->dtype != DTYPE_F32 && !is_transformed)) return true;
    Diag *diag =
        diag_report(c->sink, DIAG_E0302, parameter->span,
                    "`%s` takes integers, but `%s` gives float32", parameter->text, dataset->name);
    diag_label(diag, "declared as int");
    diag_secondary(diag, dataset->span, "gives numbers as float32");
    diag_help(diag, "write `%s`", with_dims(c, parameter, column));
    return false;
}

Node *model_column(Checker *c, const char *name, const Dataset *dataset, int column,
                   const Type *declared) {
    const nnrt_column *input = &dataset->info.inputs[column];
    Node *node = graph_input(c->graph, name, columns_type(input));
    node->column = input->name;
    vec_push(c->arena, &c->graph->inputs, node);
    node = model_transform(c, node, dataset, column);
    return declared ? reshape_to(c, node, declared) : node;
}

static const Value *data_input(Checker *c, const Ast *parameter, const Type *declared,
                               const Dataset *dataset, int column) {
    const nnrt_column *input = &dataset->info.inputs[column];
    if (!check_data_input(c, parameter, declared, dataset, input))
        return expression_error(c, parameter->span);
    Node *node =
        model_column(c, parameter->text, dataset, column, parameter->right ? declared : NULL);
    return value_tensor(c->arena, node, parameter->span);
}

static const Value *report_no_shape(Checker *c, const ModelEntry *entry, const Ast *parameter) {
    const Dataset *dataset = entry->dataset;
    bool may_follow = c->gaps.count || map_get(&c->clashing, entry->declaration->text);
    if (may_follow || (entry->has_training && !dataset)) // from what is reported
        return expression_error(c, parameter->span);
    if (dataset && !dataset->found) { // which is reported: checking goes on without shapes
        entry->model->lacks_shape = true;
        return expression_error(c, parameter->span);
    }
    Diag *diag = diag_report(c->sink, DIAG_E0301, parameter->span, "the shape of `%s` is not known",
                             parameter->text);
    diag_label(diag, "no shape");
    diag_help(diag,
              "write it, as in `%s: [28, 28]`, or add `train %s on ...`: it comes from the dataset",
              parameter->text, entry->declaration->text);
    return expression_error(c, parameter->span);
}

// The column that the data fill it from; -1: it is none of theirs. Of a model that steps train,
// only inputs with the name of a column are.
static int column_of(const ModelEntry *entry, int index) {
    const AstList *parameters = &entry->declaration->parameters;
    const Dataset *dataset = entry->dataset;
    if (!dataset || dataset->info.inputs[0].size <= 0) return -1;
    return entry->by_name ? columns_find_name(&dataset->info, parameters->items[index]->text)
                          : columns_find(&dataset->info, parameters, index);
}

static const Value *make_input(Checker *c, const ModelEntry *entry, int index) {
    const AstList *parameters = &entry->declaration->parameters;
    const Ast *parameter = parameters->items[index];
    const Type *used = index < entry->used_count ? &entry->used_types[index] : NULL;
    int column = column_of(entry, index);
    Type declared = {0};
    if (parameter->right && !model_read_type(c, parameter->right, &declared))
        return expression_error(c, parameter->span);
    c->graph->current_layer = NULL;
    c->graph->current_span = parameter->span;
    if (column >= 0) return data_input(c, parameter, &declared, entry->dataset, column);
    if (!parameter->right && !used) return report_no_shape(c, entry, parameter);
    Node *node = graph_input(c->graph, parameter->text, parameter->right ? declared : *used);
    vec_push(c->arena, &c->graph->inputs, node);
    return value_tensor(c->arena, node, parameter->span);
}

// Which is reported.
static bool declares_twice(const AstList *parameters) {
    for (int i = 0; i < parameters->count; i++)
        for (int k = 0; k < i; k++)
            if (strcmp(parameters->items[i]->text, parameters->items[k]->text) == 0) return true;
    return false;
}

static bool check_parameters(Checker *c, const ModelEntry *entry) {
    const AstList *parameters = &entry->declaration->parameters;
    if (!parameters->count) {
        Diag *diag = diag_report(c->sink, DIAG_E0105, entry->declaration->name_span,
                                 "the model `%s` has no input", entry->declaration->text);
        diag_label(diag, "needs an input");
        diag_help(diag, "write `model %s(x: [28, 28])`, for example", entry->declaration->text);
        return false;
    }
    for (int i = 0; i < parameters->count; i++) {
        const Ast *parameter = parameters->items[i];
        if (!parameter->left) continue;
        Diag *diag =
            diag_report(c->sink, DIAG_E0206, parameter->span, "an input of a model has no default");
        diag_label(diag, "models take tensors only");
        if (parameter->left->kind == AST_LIST)
            diag_help(diag, "a shape stands behind a colon: `%s: %s`", parameter->text,
                      sources_text(c->sources, parameter->left->span));
        else
            diag_help(diag, "declare `param %s = ...` before the model, or make it a block",
                      parameter->text);
        return false;
    }
    if (entry->by_name) return true;
    if (entry->dataset && declares_twice(parameters)) return false;
    return columns_check(c, entry);
}

// ---- Outputs.

// What is told of outputs, and targets, go by their names.
static void check_output_name(Checker *c, const ModelEntry *entry, const Value *value) {
    bool is_output = value->kind == VALUE_TENSOR || value->kind == VALUE_ERROR;
    for (int i = 0; is_output && value->text && i < entry->model->output_names.count; i++) {
        const char *other = entry->model->output_names.items[i];
        if (!other || strcmp(other, value->text) != 0) continue;
        Diag *diag = diag_report(c->sink, DIAG_E0102, value->span,
                                 "two outputs of `%s` are named `%s`", entry->model->name, other);
        diag_label(diag, "again here");
        diag_help(diag, "give the second a name of its own: `%s_2 = %s`", other, other);
        return;
    }
}

static void add_output(Checker *c, const ModelEntry *entry, const Value *value) {
    bool has_no_input = !entry->declaration->parameters.count; // which is reported
    check_output_name(c, entry, value);
    vec_push(c->arena, &entry->model->output_names, value->text);
    if (value->kind == VALUE_TENSOR && !value->node->type.batched) {
        Diag *diag = diag_report(c->sink, DIAG_E0203, value->span,
                                 "the output is the same for all samples: it depends on no input");
        diag_label(diag, "made of weights alone");
        return;
    }
    if (value->kind == VALUE_TENSOR) {
        vec_push(c->arena, &c->graph->outputs, value->node);
        return;
    }
    if (value->kind == VALUE_ERROR || has_no_input) return;
    Diag *diag = diag_report(c->sink, DIAG_E0201, value->span, "a model gives tensors, not %s",
                             value_describe(c->arena, value));
    diag_label(diag, "expected a tensor");
    if (value_is_layer(value)) diag_help(diag, "feed an input of the model to it with `->`");
    if (value->kind == VALUE_LIST) diag_help(diag, "take them apart: `a, b = ...`");
    if (value->kind == VALUE_NUMBER)
        diag_help(diag, "a number that is known when compiling depends on no input");
}

// How many there are is not known of an error that is no list.
static void add_outputs(Checker *c, ModelEntry *entry, const Value *value) {
    if (value->kind == VALUE_ERROR) entry->unfinished = value->node;
    if (value->kind == VALUE_LIST || value->count)
        for (int i = 0; i < value->count; i++) add_output(c, entry, value->items[i]);
    else if (value->kind != VALUE_ERROR)
        add_output(c, entry, value);
}

// The input node of a target that losses and metrics compare with.
static void add_target(Checker *c, const Dataset *dataset, int64_t number) {
    const nnrt_column *target = &dataset->info.targets[number].column;
    c->graph->current_span = dataset->span;
    c->graph->current_layer = NULL;
    Node *node = graph_input(c->graph, target->name, columns_type(target));
    node->column = target->name;
    vec_push(c->arena, &c->graph->targets, node);
}

// ---- Bodies.

static const char *describe_model(Checker *c, const ModelEntry *entry) {
    return arena_format(c->arena, "the model `%s`", entry->declaration->text);
}

void model_elaborate(Checker *c, ModelEntry *entry) {
    const Ast *declaration = entry->declaration;
    Model *model = entry->model;
    Scope *scope = scope_create(c->arena, import_globals(c, declaration->span));
    model->dataset = entry->dataset;
    model->forward = graph_create(c->program->weights, model->name, GRAPH_TRAIN, c->sink);
    c->graph = model->forward;
    c->exhausted = false;
    c->steps = 0;
    bool ok = !model_is_broken(declaration) && check_parameters(c, entry);
    for (int i = 0; i < declaration->parameters.count; i++) {
        const Ast *parameter = declaration->parameters.items[i];
        const Value *input = ok ? make_input(c, entry, i) : expression_error(c, parameter->span);
        if (parameter->text) scope_bind(c->arena, scope, parameter->text, input);
        vec_push(c->arena, &model->inputs, input->kind == VALUE_TENSOR ? input->node : NULL);
    }
    entry->active = true;
    add_outputs(c, entry, elaborate_body(c, entry, scope, describe_model(c, entry)));
    entry->active = false;
    for (int64_t i = 0; !entry->by_name && entry->dataset && i < entry->dataset->info.target_count;
         i++)
        add_target(c, entry->dataset, i);
    c->graph = NULL;
}

// The same layers with the inputs and targets of another data set, whose numbers may be scaled
// otherwise.
ModelEntry *model_on(Checker *c, const ModelEntry *entry, Dataset *dataset) {
    ModelEntry *other = ARENA_NEW(c->arena, ModelEntry);
    *other = *entry;
    other->model = ARENA_NEW(c->arena, Model);
    *other->model = (Model){.name = entry->model->name, .span = entry->model->span};
    other->dataset = dataset;
    other->unfinished = NULL;
    model_elaborate(c, other);
    return other;
}

// ---- Models as layers.

static const Value *fit_argument(Checker *c, const ModelEntry *entry, const Ast *parameter,
                                 const Value *value, const Ast *use) {
    Type declared;
    if (value->kind != VALUE_TENSOR || !parameter->right) return value;
    if (!model_read_type(c, parameter->right, &declared)) return expression_error(c, use->span);
    if (type_fits_but_for_one(&declared, &value->node->type)) {
        c->graph->current_span = use->span;
        return value_tensor(c->arena, reshape_to(c, value->node, &declared), value->span);
    }
    Diag *diag = diag_report(c->sink, DIAG_E0204, use->span, "the model `%s` takes %s, not %s",
                             entry->declaration->text, type_text(c->arena, &declared),
                             type_text(c->arena, &value->node->type));
    diag_label(diag, "expected %s", type_text(c->arena, &declared));
    diag_secondary(diag, value->span, "this value is %s", type_text(c->arena, &value->node->type));
    diag_secondary(diag, parameter->span, "declared here");
    return expression_error(c, use->span);
}

const Value *model_body(Checker *c, ModelEntry *entry, const Ast *use, const Value *const *inputs,
                        int count) {
    const Ast *declaration = entry->declaration;
    Scope *scope = scope_create(c->arena, import_globals(c, declaration->span));
    for (int i = 0; i < count; i++) {
        const Ast *parameter = declaration->parameters.items[i];
        scope_bind(c->arena, scope, parameter->text,
                   fit_argument(c, entry, parameter, inputs[i], use));
    }
    return expression_body(c, scope, declaration->body, describe_model(c, entry));
}

static bool check_argument_count(Checker *c, const ModelEntry *entry, const Ast *use, int count) {
    int wanted = entry->declaration->parameters.count;
    if (count == wanted) return true;
    Diag *diag = diag_report(c->sink, count < wanted ? DIAG_E0105 : DIAG_E0106, use->span,
                             "the model `%s` takes %d input%s, not %d", entry->declaration->text,
                             wanted, wanted == 1 ? "" : "s", count);
    diag_label(diag, "given %d", count);
    diag_secondary(diag, entry->declaration->name_span, "declared here");
    return false;
}

// A model whose inputs have no shapes takes those of its first use.
static void note_use(Checker *c, ModelEntry *entry, const Value *const *inputs, int count) {
    bool is_known = entry->used_count == 0;
    for (int i = 0; i < count; i++) is_known = is_known && inputs[i]->kind == VALUE_TENSOR;
    if (!is_known) return;
    entry->used_types = ARENA_ARRAY(c->arena, Type, count + 1);
    entry->used_count = count;
    for (int i = 0; i < count; i++) {
        entry->used_types[i] = inputs[i]->node->type;
        if (entry->used_types[i].dtype == DTYPE_U8) entry->used_types[i].dtype = DTYPE_F32;
    }
}

bool model_is_broken(const Ast *declaration) {
    for (int i = 0; i < declaration->parameters.count; i++)
        if (declaration->parameters.items[i]->kind == AST_ERROR) return true;
    return false;
}

const Value *model_apply(Checker *c, ModelEntry *entry, const Ast *use, const Value *const *inputs,
                         int count) {
    Shared *shared = entry->shared;
    if (!c->is_dry) entry->is_used = true;
    if (model_is_broken(entry->declaration)) return expression_error(c, use->span);
    bool has_error = false;
    for (int i = 0; i < count; i++) has_error = has_error || inputs[i]->kind == VALUE_ERROR;
    if (has_error && count != entry->declaration->parameters.count)
        return expression_error(c, use->span);
    if (!check_argument_count(c, entry, use, count)) return expression_error(c, use->span);
    if (c->is_dry) return expression_error(c, use->span);
    note_use(c, entry, inputs, count);
    bool was_active = shared->active;
    shared->active = was_active || entry->active;
    const Value *value = elaborate_shared(c, shared, use, inputs, count);
    shared->active = was_active;
    bool has_several = value->kind == VALUE_LIST; // which are told of where they are used
    return has_several ? value_at(c->arena, value, use->span) : value;
}
