// Recurrent layers around a block: its parameters are the input, the states and options, its values
// the states after the step. The body is evaluated once, in a graph of its own, which is repeated
// for each step (graph/scan.h).
#include "../../graph/scan.h"
#include "../../op/sequence/recurrent.h"
#include "block.h"

typedef struct Recur {
    Checker *c;
    const Application *call; // of the layer: the sequence, and what the states begin with
    const Args *args;
    const Cell *cell;
    const Ast *declaration;
    const Value **values;                       // by parameter; NULL: its default
    int states[RECUR_MOST_STATES], state_count; // parameters
    ScanBuilder builder;
} Recur;

static const Ast *parameter(const Recur *r, int index) {
    return r->declaration->parameters.items[index];
}

static Diag *report(const Recur *r, DiagCode code, Span span, const char *format,
                    const char *name) {
    Diag *diag = diag_report(r->c->sink, code, span, format, name);
    diag_secondary(diag, r->declaration->name_span, "`%s` is declared here", r->declaration->text);
    return diag;
}

// ---- The cell's parameters.

// Where they stand depends on how many states there are, so they have names.
static bool bind_options(const Recur *r) {
    const Ast *call = r->cell->call;
    AstList none = {0};
    const AstList *own = call->kind == AST_CALL ? &call->items : &none;
    for (int i = 0; i < own->count; i++) {
        const Ast *item = own->items[i];
        if (item->kind == AST_ASSIGN) continue;
        Diag *diag = report(r, DIAG_E0106, item->span, "`%s` takes options by their names only",
                            r->declaration->text);
        diag_label(diag, "which one?");
        diag_help(diag, "the input and the states are given to it in each step");
        return false;
    }
    return block_bind(r->c, r->cell->scope, r->declaration, own, 0, 0, r->values) &&
           block_bind(r->c, r->cell->options_scope, r->declaration, &r->cell->options, 0, 0,
                      r->values);
}

// How many values the body gives, as it is written.
static int written_results(const Ast *declaration) {
    const Ast *body = declaration->body;
    const Ast *last = body->kind == AST_BLOCK && body->items.count
                          ? body->items.items[body->items.count - 1]
                          : body;
    return last->kind == AST_RETURN ? last->items.count : 1;
}

// The parameter for the number of units: the one of that name, or the one behind the states. -1:
// the block has none.
static int find_units(const Recur *r) {
    int open = 0, last = -1;
    for (int i = 1; i < r->declaration->parameters.count; i++) {
        if (strcmp(parameter(r, i)->text, "units") == 0) return r->values[i] ? -1 : i;
        if (r->values[i] || parameter(r, i)->left) continue;
        open++;
        last = i;
    }
    return open == written_results(r->declaration) + 1 ? last : -1;
}

// A number, or the dimensions of a state as a list.
static const Value *units_value(const Recur *r) {
    const ArgValue *units = args_get(r->args, "units");
    Arena *arena = r->c->arena;
    const Value **items = ARENA_ARRAY(arena, const Value *, units->count);
    for (int i = 0; i < units->count; i++)
        items[i] = value_number(arena, units->numbers[i], true, units->span);
    if (units->count == 1) return items[0];
    Value *list = value_new(arena, VALUE_LIST, units->span);
    list->items = items;
    list->count = units->count;
    return list;
}

static bool check_dimensions(const Recur *r) {
    const ArgValue *units = args_get(r->args, "units");
    if (units->count <= SHAPE_MAX_RANK - 1) return true;
    Diag *diag =
        diag_report(r->c->sink, DIAG_E0205, units->span,
                    "a state has at most %d dimensions, not %d", SHAPE_MAX_RANK - 1, units->count);
    diag_label(diag, "%d dimensions", units->count);
    return false;
}

static bool find_states(Recur *r) {
    int units = find_units(r);
    if (units >= 0) r->values[units] = units_value(r);
    for (int i = 1; i < r->declaration->parameters.count; i++) {
        if (r->values[i] || parameter(r, i)->left) continue;
        if (r->state_count < RECUR_MOST_STATES) r->states[r->state_count] = i;
        r->state_count++;
    }
    if (r->state_count > 0 && r->state_count <= RECUR_MOST_STATES) return true;
    Diag *diag = report(
        r, r->state_count ? DIAG_E0205 : DIAG_E0105, args_get(r->args, "cell")->span,
        r->state_count ? "`%s` has too many states" : "`%s` has no state", r->declaration->text);
    diag_label(diag, r->state_count ? "at most %d states" : "no recurrent cell", RECUR_MOST_STATES);
    diag_help(diag, "a cell takes the input, then its states, then options: "
                    "`block cell(x, h, units) { .. }`; what has a default is an option");
    return false;
}

// ---- What goes into a step.

static bool check_sequence(const Recur *r) {
    const Type *x = &r->call->inputs[0]->node->type;
    if (x->rank >= 2) return true;
    Diag *diag =
        diag_report(r->c->sink, DIAG_E0203, r->call->ast->span,
                    "recur expects a sequence, but this value is %s", shape_text(r->c->arena, x));
    diag_label(diag, "needs [steps, values]");
    if (x->rank == 1)
        diag_help(diag, "`-> reshape(%lld, 1)` makes %lld steps of one number each",
                  (long long)x->dims[0], (long long)x->dims[0]);
    return false;
}

static bool check_initial(const Recur *r) {
    int given = r->call->count - 1;
    if (!given || given == r->state_count) return true;
    Diag *diag = diag_report(r->c->sink, DIAG_E0203, r->call->ast->span,
                             "`%s` begins with %d state%s, not %d", r->declaration->text,
                             r->state_count, r->state_count > 1 ? "s" : "", given);
    diag_label(diag, "%d given", given);
    diag_secondary(diag, r->declaration->name_span, "`%s` is declared here", r->declaration->text);
    diag_help(diag, "give all of them behind the sequence, or none: they begin with zeros then");
    return false;
}

static bool check_stateful(const Recur *r) {
    if (!args_bool(r->args, "stateful") || r->call->count == 1) return true;
    Diag *diag = diag_report(r->c->sink, DIAG_E0203, r->call->ast->span,
                             "a stateful recur goes on where the batch before ended, but this one "
                             "begins with states that are given to it");
    diag_help(diag, "leave `stateful` out, or the other");
    return false;
}

static Type batched(const Node *node) {
    return type_make(DTYPE_F32, true, node->type.rank, node->type.dims);
}

static void open_body(Recur *r) {
    Graph *graph = r->c->graph;
    const Value *const *inputs = r->call->inputs;
    const ArgValue *units = args_get(r->args, "units");
    Type state = {.dtype = DTYPE_F32, .batched = true, .rank = units->count};
    for (int i = 0; i < units->count; i++) state.dims[i] = (int64_t)units->numbers[i];
    Layer *layer = graph->current_layer;
    r->builder =
        scan_open(graph, inputs[0]->node->type.dims[0], args_bool(r->args, "go_backwards"));
    graph->current_layer = r->builder.scan->body->current_layer = NULL;
    for (int i = 0; i < r->state_count; i++) {
        Node *initial = r->call->count > 1 ? inputs[1 + i]->node : graph_filled(graph, state, 0);
        Node *node = scan_carry(&r->builder, graph_broadcast(graph, initial, batched(initial)));
        node->name = parameter(r, r->states[i])->text;
        r->values[r->states[i]] = value_tensor(r->c->arena, node, parameter(r, r->states[i])->span);
    }
    Node *step = scan_sequence(&r->builder, inputs[0]->node);
    step->name = parameter(r, 0)->text;
    r->values[0] = value_tensor(r->c->arena, step, parameter(r, 0)->span);
    graph->current_layer = layer;
}

static const Value *evaluate_body(Recur *r, const Layer *layer) {
    Checker *c = r->c;
    Graph *graph = c->graph, *body = r->builder.scan->body;
    const char *prefix = c->prefix, *cell = c->cell;
    body->around = &r->builder;
    c->graph = body;
    c->prefix = layer ? layer->name : NULL;
    c->cell = r->declaration->text;
    const Value *value = block_unfold(c, r->declaration, r->values, r->cell->call);
    c->graph = graph;
    c->prefix = prefix;
    c->cell = cell;
    return value;
}

// ---- What comes out of it.

static bool check_count(const Recur *r, const Value *value) {
    int given = value->kind == VALUE_LIST ? value->count : 1;
    if (given == r->state_count) return true;
    NameList names = {0};
    for (int i = 0; i < r->state_count; i++)
        vec_push(r->c->arena, &names, parameter(r, r->states[i])->text);
    Diag *diag = diag_report(r->c->sink, DIAG_E0201, r->call->ast->span,
                             "`%s` has %d state%s, %s, but gives %d value%s", r->declaration->text,
                             r->state_count, r->state_count > 1 ? "s" : "",
                             names_join(r->c->arena, &names, "and"), given, given > 1 ? "s" : "");
    diag_label(diag, "each step needs a new value of each state");
    diag_secondary(diag, value->span, "%s", given > 1 ? "these are given" : "this is given");
    diag_help(diag, "write `return` with them in the order of the parameters");
    if (given < r->state_count)
        diag_help(diag,
                  "an option that is no state has a default, or is given: `recur(%s, .., %s = ..)`",
                  r->declaration->text, names.items[names.count - 1]);
    return false;
}

static bool check_next(const Recur *r, int state, const Value *value) {
    const Type *wanted = &r->builder.carried.items[state]->type;
    const char *name = parameter(r, r->states[state])->text;
    if (value->kind == VALUE_ERROR) return false;
    if (value->kind != VALUE_TENSOR) {
        Diag *diag =
            report(r, DIAG_E0201, value->span, "the new state of a cell is a tensor, not %s",
                   value_describe(r->c->arena, value));
        diag_label(diag, "what `%s` becomes", name);
        return false;
    }
    const Type *type = &value->node->type;
    Type given = type_make(DTYPE_F32, true, type->rank, type->dims);
    if (type_equal(&given, wanted)) return true;
    Diag *diag = diag_report(r->c->sink, DIAG_E0203, value->span,
                             "state `%s` of `%s` is %s, but becomes %s", name, r->declaration->text,
                             type_text(r->c->arena, wanted), type_text(r->c->arena, type));
    diag_label(diag, "%s", type_text(r->c->arena, type));
    diag_secondary(diag, r->call->ast->span, "has %s", type_text(r->c->arena, wanted));
    diag_help(diag, "a state keeps its shape from step to step: that of what it begins with, or "
                    "the number of units");
    return false;
}

static bool carry_on(Recur *r, const Value *value) {
    bool ok = check_count(r, value);
    for (int i = 0; i < r->state_count && ok; i++) {
        const Value *next = value->kind == VALUE_LIST ? value->items[i] : value;
        ok = check_next(r, i, next);
        if (ok) scan_carry_on(&r->builder, i, scan_inside(&r->builder, next->node));
    }
    return ok;
}

// The table of an embedding lies row by row, and products within a loop read panels.
static bool multiplies_no_table(const Recur *r) {
    const NodeList *nodes = &r->builder.scan->body->nodes;
    for (int i = 0; i < nodes->count; i++) {
        const Node *node = nodes->items[i];
        for (int k = 0; k < node->input_count && !node->op->rows; k++) {
            const Parameter *weights = node->inputs[k]->parameter;
            if (!weights || !weights->layer->op || !weights->layer->op->rows) continue;
            Diag *diag = diag_report(r->c->sink, DIAG_E0206, node->span,
                                     "the table of `%s` cannot be multiplied in a recurrent cell",
                                     weights->layer->name);
            diag_label(diag, "in the cell `%s`",
                       r->c->cell ? r->c->cell : args_text(r->args, "cell"));
            diag_help(diag, "multiply what the layer gives, behind it, or take weights of the "
                            "cell's own");
            return false;
        }
    }
    return true;
}

Node *recur_node(Checker *c, const OpDef *op, Layer *layer, const Application *call,
                 const Args *args) {
    Recur r = {.c = c, .call = call, .args = args, .cell = args_get(args, "cell")->block};
    r.declaration = r.cell->declaration;
    r.values = ARENA_ARRAY(c->arena, const Value *, r.declaration->parameters.count + 1);
    bool ok = block_is_usable(c, r.declaration, r.cell->call) && check_sequence(&r) &&
              bind_options(&r) && find_states(&r) && check_initial(&r) && check_stateful(&r) &&
              check_dimensions(&r);
    if (!ok) return NULL;
    open_body(&r);
    const Value *value = evaluate_body(&r, layer);
    if (value->kind == VALUE_ERROR || !carry_on(&r, value) || !multiplies_no_table(&r)) return NULL;
    r.builder.scan->body->around = NULL;
    c->graph->current_layer = layer;
    c->graph->current_span = call->ast->span;
    return scan_close_as(&r.builder, op->schema.name, args);
}
