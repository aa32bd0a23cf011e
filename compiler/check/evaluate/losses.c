// Losses as functions of tensors: `mse(a, b)`, `crossentropy(discriminator(image), 1)`. What they
// are for each place is the rows' business (op/training/loss.c); here a number becomes a target,
// and the value becomes one number a sample, which can be added to others.
#include "../check.h"

// ---- Which cross-entropy.

// Labels have no dimension for the classes, or 1 there. A number is a class where the units are
// classes, and yes or no for each unit behind a sigmoid.
static bool is_label(const Ending *ending, const Node *prediction, const Value *target) {
    bool is_sigmoid = ending->activation && strcmp(ending->activation, "sigmoid") == 0;
    if (target->kind == VALUE_NUMBER) return !is_sigmoid;
    const Type *type = &target->node->type;
    return type->rank == prediction->type.rank - 1 ||
           (type->rank == prediction->type.rank && type_last(type) == 1);
}

const OpDef *losses_resolve(const OpDef *op, const Value *const *inputs, int count) {
    if (op->target != TARGET_ANY || count < 2 || inputs[0]->kind != VALUE_TENSOR) return op;
    if (inputs[1]->kind != VALUE_TENSOR && inputs[1]->kind != VALUE_NUMBER) return op;
    Ending ending = checks_ending_at(inputs[0]->node);
    TargetReading reading = {.is_label = is_label(&ending, inputs[0]->node, inputs[1])};
    return op_find(checks_crossentropy(&ending, reading, true));
}

// ---- A number as the target.

static bool check_number(Checker *c, const OpDef *op, const Value *target, int64_t units) {
    bool is_class = op->target == TARGET_CLASS;
    double low = op->target_low, high = is_class ? (double)units - 1 : op->target_high;
    bool is_bounded = is_class || low != high;
    bool is_in = target->number >= low && target->number <= high;
    if (!is_bounded || (is_in && (!is_class || target->is_integer))) return true;
    Diag *diag = diag_report(c->sink, DIAG_E0202, target->span, "%s is no target of `%s`",
                             text_of_number(c->arena, target->number), op->schema.name);
    if (is_class)
        diag_label(diag, "expected a class, 0 to %lld", (long long)units - 1);
    else
        diag_label(diag, "expected %s to %s", text_of_number(c->arena, low),
                   text_of_number(c->arena, high));
    return false;
}

// ---- Labels as the target.

// Those beyond the units would be compared with nothing.
static bool check_labels(Checker *c, const OpDef *op, const Node *prediction, const Value *target,
                         const Ast *ast) {
    long long units = type_last(&prediction->type), classes = target->classes;
    long long most = units > 1 && op->target == TARGET_CLASS ? units : op->unit_classes;
    if (target->kind != VALUE_TENSOR || !most || classes <= most) return true;
    Diag *diag = diag_report(c->sink, DIAG_E0302, ast->span,
                             "`%s` tells %lld classes apart, but there are %lld", op->schema.name,
                             most, classes);
    diag_label(diag, "%lld unit%s and labels up to %lld", units, units == 1 ? "" : "s",
               classes - 1);
    diag_help(diag, "end what is predicted with `-> dense(%lld, softmax)`", classes);
    return false;
}

// The same number for each of the prediction's, or for each of its vectors.
static Node *target_node(Checker *c, const OpDef *op, const Node *prediction, const Value *target) {
    if (target->kind == VALUE_TENSOR) return target->node;
    Type type = prediction->type;
    type.dtype = DTYPE_F32;
    if (!check_number(c, op, target, type_last(&type))) return NULL;
    if (op->target == TARGET_CLASS && type.rank) type.dims[type.rank - 1] = 1;
    c->graph->current_span = target->span;
    return graph_broadcast(c->graph, graph_constant(c->graph, target->number), type);
}

const Value *losses_apply(Checker *c, const OpDef *op, bool is_open, Args *args, const Ast *ast,
                          const Value *const *inputs) {
    Node *prediction = inputs[0]->node;
    Ending ending = checks_ending_at(prediction);
    c->graph->current_layer = NULL;
    if (!check_labels(c, op, prediction, inputs[1], ast)) return expression_error(c, ast->span);
    Node *target = target_node(c, op, prediction, inputs[1]);
    if (!target) return expression_error(c, ast->span);
    if (is_open) checks_set_logits(args, &ending);
    if (!checks_loss_call(c, op, args, ast, prediction)) return expression_error(c, ast->span);
    c->graph->current_span = ast->span;
    Node *both[] = {prediction, target};
    Node *places = graph_node(c->graph, op, both, 2, op->schema.args ? args : NULL);
    if (places->poisoned) return expression_error(c, ast->span);
    return value_tensor(c->arena, graph_unary(c->graph, "mean", places), ast->span);
}
