// Steps of one's own: `step NAME updates MODEL, .. with OPTIMIZER { ... minimize EXPRESSION }`. The
// columns of the data set are in scope, and everything runs in training mode, as in Keras's
// train_step: normalizations use the batch, and move the averages, of models that are not updated,
// too. What `updates` means is in updates.c.
#include "../check.h"
#include "../evaluate/bind.h"

enum { MOST_SAMPLES = 1024 };

// ---- What is minimized and reported.

typedef struct Body {
    Checker *c;
    Scope *scope;
    TrainStep *step;
    bool minimizes, has_error;
} Body;

static void add_term(const Body *b, const char *name, double weight, Node *node) {
    Graph *graph = b->step->forward;
    vec_push(b->c->arena, &graph->results, node);
    vec_push(b->c->arena, &b->step->terms, ((Term){name, weight, weight == 0}));
}

static bool report_minimized(Checker *c, const Ast *ast, const Value *value) {
    Diag *diag = diag_report(c->sink, DIAG_E0201, ast->span, "`minimize` takes a tensor, not %s",
                             value_describe(c->arena, value));
    diag_label(diag, "nothing to be made smaller");
    diag_help(diag, "write a loss: `minimize mse(MODEL(x), y)`, for example");
    return false;
}

static bool check_minimized(Checker *c, const Ast *ast, const Value *value) {
    if (value->kind == VALUE_ERROR) return false;
    if (value->kind != VALUE_TENSOR) return report_minimized(c, ast, value);
    if (type_elements(&value->node->type) == 1) return true;
    Diag *diag = diag_report(c->sink, DIAG_E0203, ast->span,
                             "`minimize` takes one number a sample, but this value is %s",
                             type_text(c->arena, &value->node->type));
    diag_label(diag, "%s", type_text(c->arena, &value->node->type));
    const char *written = sources_text(c->sources, ast->span);
    diag_help(diag, "reduce it: `minimize mean(%s)`, or `sum`, which grows with the size", written);
    return false;
}

static void minimize(Body *b, const Ast *ast) {
    const Value *value = expression_evaluate(b->c, b->scope, ast->left);
    b->minimizes = true;
    if (!check_minimized(b->c, ast->left, value))
        b->has_error = true;
    else
        add_term(b, "loss", 1, value->node);
}

static void report_name(Body *b, const Ast *name) {
    const Value *value = expression_evaluate(b->c, b->scope, name);
    if (value->kind == VALUE_TENSOR) {
        add_term(b, name->text, 0, value->node);
        return;
    }
    b->has_error = true;
    if (value->kind == VALUE_ERROR) return;
    Diag *diag = diag_report(b->c->sink, DIAG_E0201, name->span, "`report` takes tensors, not %s",
                             value_describe(b->c->arena, value));
    diag_label(diag, "expected a tensor of this step");
}

static void read_repeat(Body *b, const Ast *ast) {
    const Value *value = expression_evaluate(b->c, b->scope, ast->left);
    enum { MOST = 1000 };
    bool is_count = value->kind == VALUE_NUMBER && value->is_integer && value->number >= 1 &&
                    value->number <= MOST;
    if (is_count) {
        b->step->repeat = (int64_t)value->number;
        return;
    }
    b->has_error = true;
    if (value->kind == VALUE_ERROR) return;
    Diag *diag = diag_report(b->c->sink, DIAG_E0202, ast->left->span,
                             "`repeat` is a whole number from 1 to %d, not %s", MOST,
                             value_describe(b->c->arena, value));
    diag_label(diag, "how often the step is done for each batch");
}

static void evaluate_statement(Body *b, const Ast *ast) {
    switch (ast->kind) {
    case AST_ASSIGN:
        if (strcmp(ast->text, "repeat") == 0)
            read_repeat(b, ast);
        else
            scope_bind(b->c->arena, b->scope, ast->text,
                       expression_evaluate(b->c, b->scope, ast->left));
        break;
    case AST_UNPACK: expression_unpack(b->c, b->scope, ast); break;
    case AST_MINIMIZE: minimize(b, ast); break;
    case AST_REPORT:
        for (int i = 0; i < ast->items.count; i++) report_name(b, ast->items.items[i]);
        break;
    default: b->has_error = true;
    }
}

static void check_minimizes(Body *b, const Ast *ast) {
    if (b->minimizes || b->has_error) return;
    Diag *diag = diag_report(b->c->sink, DIAG_E0301, ast->name_span,
                             "the step `%s` minimizes nothing", ast->text);
    diag_label(diag, "no `minimize`");
    diag_help(diag, "end it with `minimize ...`: a loss, one number a sample");
    b->has_error = true;
}

// ---- A step.

TrainStep *step_check(Checker *c, const TrainEntry *entry, const Ast *ast) {
    TrainStep *step = ARENA_NEW(c->arena, TrainStep);
    *step = (TrainStep){.name = ast->text, .span = ast->name_span, .repeat = 1};
    step->forward = graph_create(c->program->weights, ast->text, GRAPH_TRAIN, c->sink);
    Body body = {.c = c, .scope = scope_create(c->arena, c->globals), .step = step};
    c->graph = step->forward;
    c->step = step;
    c->exhausted = false;
    c->steps = 0;
    int errors = diag_error_count(c->sink);
    fed_bind(c, body.scope, entry, ast->body);
    body.scope->body = ast->body;
    for (int i = 0; i < ast->body->items.count; i++)
        evaluate_statement(&body, ast->body->items.items[i]);
    check_minimizes(&body, ast);
    if (diag_error_count(c->sink) > errors) step->forward->results.count = step->terms.count = 0;
    graph_sort(step->forward);
    c->graph = NULL;
    c->step = NULL;
    return step;
}

// ---- Samples.

static bool is_picture(const Type *type) {
    bool has_channels = type->rank == 3 && (type->dims[2] == 1 || type->dims[2] == 3);
    return type->batched && (type->rank == 2 || has_channels);
}

static bool check_pictures(Checker *c, const Ast *ast, const Value *value) {
    if (value->kind == VALUE_ERROR) return false;
    if (value->kind == VALUE_TENSOR && is_picture(&value->node->type)) return true;
    const char *what = value->kind == VALUE_TENSOR ? type_text(c->arena, &value->node->type)
                                                   : value_describe(c->arena, value);
    Diag *diag = diag_report(c->sink, DIAG_E0203, ast->span,
                             "`samples` are pictures, but this value is %s", what);
    diag_label(diag, "needs [height, width, 1 or 3]");
    if (value->kind == VALUE_TENSOR) diag_help(diag, "end it with `-> reshape(28, 28, 1)`");
    if (value_is_layer(value)) diag_help(diag, "feed something to it: `normal(100) -> MODEL`");
    return false;
}

static const ArgDef samples_args[] = {{.name = "count",
                                       .type = ARG_INT,
                                       .default_text = "16",
                                       .minimum = 1,
                                       .maximum = MOST_SAMPLES,
                                       .doc = "how many pictures a grid has"},
                                      {0}};
static const Schema samples_schema = {"samples", "makes a grid of pictures", samples_args, NULL};

static bool is_samples_call(const Checker *c, const Ast *ast) {
    bool is_call = ast->kind == AST_CALL || ast->kind == AST_NAME;
    return is_call && strcmp(ast->text, samples_schema.name) == 0 &&
           !scope_find(c->globals, ast->text);
}

// The pictures of `x -> samples(count = 9)` and `samples(x, count = 9)`; other expressions are
// pictures, of which there are as many as the default says.
static const Ast *read_count(Checker *c, const Ast *ast, int64_t *count) {
    bool is_arrow = ast->kind == AST_ARROW && is_samples_call(c, ast->right), ok = true;
    bool has_value = ast->kind == AST_CALL && is_samples_call(c, ast) && ast->items.count &&
                     ast->items.items[0]->kind != AST_ASSIGN;
    const Args *args = args_default(c->arena, &samples_schema);
    if (is_arrow)
        args = bind_call(c, c->globals, &samples_schema, ast->right, 0, &ok);
    else if (has_value)
        args = bind_call(c, c->globals, &samples_schema, ast, 1, &ok);
    *count = (int64_t)args_get(args, "count")->number;
    return is_arrow ? ast->left : has_value ? ast->items.items[0] : ast;
}

Graph *step_samples(Checker *c, const TrainEntry *entry, const Ast *whole) {
    const Ast *ast = read_count(c, whole, &entry->training->sample_count);
    Graph *graph = graph_create(c->program->weights, "samples", GRAPH_PREDICT, c->sink);
    Scope *scope = scope_create(c->arena, c->globals);
    c->graph = graph;
    c->exhausted = false;
    c->steps = 0;
    fed_bind(c, scope, entry, ast);
    const Value *value = expression_evaluate(c, scope, ast);
    c->graph = NULL;
    if (!check_pictures(c, ast, value)) return NULL;
    vec_push(c->arena, &graph->outputs, value->node);
    graph_sort(graph);
    return graph;
}
