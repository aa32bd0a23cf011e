// Evaluation of expressions and bodies: numbers, choices, and where tensors are concerned the nodes
// of the graph that is being built.
#include "../check.h"

enum { JOINED_MAX_LENGTH = 4096 };

// ---- Limits.

bool expression_enter(Checker *c, Span span) {
    c->depth++;
    if (c->exhausted) return false;
    if (c->depth > CHECK_MAX_DEPTH) {
        Diag *diag = diag_report(c->sink, DIAG_E0205, span,
                                 "expressions and blocks stand deeper within each other than %d",
                                 CHECK_MAX_DEPTH);
        diag_label(diag, "too deep from here on");
        c->exhausted = true;
        return false;
    }
    if (++c->steps <= CHECK_MAX_STEPS) return true;
    Diag *diag = diag_report(c->sink, DIAG_E0205, span,
                             "the program unfolds to more than %d applications", CHECK_MAX_STEPS);
    diag_label(diag, "reached here");
    diag_help(diag, "blocks that use blocks several times multiply; use fewer copies");
    c->exhausted = true;
    return false;
}

void expression_leave(Checker *c) {
    c->depth--;
}

const Value *expression_error(Checker *c, Span span) {
    return value_new(c->arena, VALUE_ERROR, span);
}

// ---- Values of the whole file.

static bool stands_within(Span inner, Span outer) {
    return inner.file == outer.file && inner.lo >= outer.lo && inner.hi <= outer.hi;
}

const Ast *expression_written(const Scope *scope, const Ast *ast) {
    const Value *value = ast->kind == AST_NAME ? scope_find(scope, ast->text) : NULL;
    if (!value || !value->written || stands_within(ast->span, value->written->span)) return ast;
    return value->written;
}

void expression_show_origin(Diag *diag, const Value *value) {
    const Ast *written = value->written;
    if (!written || stands_within(value->span, written->span)) return;
    diag_secondary(diag, written->span, "given here");
}

// ---- Would it be a tensor?

bool expression_is_error(const Scope *scope, const Ast *ast) {
    const Value *value = ast->kind == AST_NAME ? scope_find(scope, ast->text) : NULL;
    return value && value->kind == VALUE_ERROR;
}

static const Ast *leftmost(const Ast *ast) {
    while (ast->kind == AST_ARROW) ast = ast->left;
    return ast;
}

static const Ast *last_expression(const Ast *body) {
    if (!body) return NULL;
    if (body->kind != AST_BLOCK) return body;
    return body->items.count ? body->items.items[body->items.count - 1] : NULL;
}

static bool name_is_tensor(const Scope *scope, const Ast *ast) {
    const Value *value = scope_find(scope, ast->text);
    if (value && value->kind == VALUE_LIST && value->count) value = value->items[0];
    return value && (value->kind == VALUE_TENSOR || value->kind == VALUE_ERROR);
}

static bool call_is_tensor(Checker *c, const Scope *scope, const Ast *ast) {
    if (elaborate_is_source(c, scope, ast->text)) return true;
    const Value *value = elaborate_find(c, scope, ast->text);
    if (value && !value_is_layer(value)) return false;
    return elaborate_has_input(c, scope, ast);
}

// The weights of a shared layer: `words.embeddings`.
static bool member_is_tensor(const Scope *scope, const Ast *ast) {
    const Ast *owner = ast->left;
    const Value *value = owner->kind == AST_NAME ? scope_find(scope, owner->text) : NULL;
    return value && value->kind == VALUE_SHARED;
}

bool expression_is_tensor(Checker *c, const Scope *scope, const Ast *ast) {
    for (;;) {
        const Ast *last;
        switch (ast->kind) {
        case AST_NAME: return name_is_tensor(scope, ast);
        case AST_CALL: return call_is_tensor(c, scope, ast);
        case AST_MEMBER: return member_is_tensor(scope, ast);
        case AST_ARROW: ast = leftmost(ast); break;
        case AST_NEGATE:
        case AST_INDEX: ast = ast->left; break;
        case AST_BINARY:
            if (expression_is_tensor(c, scope, ast->right)) return true;
            ast = ast->left;
            break;
        case AST_IF:
            last = last_expression(ast->body);
            if (last && last != ast && expression_is_tensor(c, scope, last)) return true;
            ast = last_expression(ast->otherwise);
            if (!ast) return false;
            break;
        case AST_RETURN:
            if (ast->items.count != 1) return false;
            ast = ast->items.items[0];
            break;
        default: return false;
        }
    }
}

// ---- Names.

// What people mean by a word alone.
static const FamilyKind word_families[] = {FAMILY_ACTIVATIONS, FAMILY_LOSSES, FAMILY_OPTIMIZERS,
                                           FAMILY_METRICS, FAMILY_CALLBACKS};

static const Value *evaluate_name(Checker *c, Scope *scope, const Ast *ast) {
    if (map_get(&c->clashing, ast->text)) return expression_error(c, ast->span);
    if (strcmp(ast->text, "true") == 0) return value_bool(c->arena, true, ast->span);
    if (strcmp(ast->text, "false") == 0) return value_bool(c->arena, false, ast->span);
    const Value *value = scope_find(scope, ast->text);
    if (value) return value->kind == VALUE_ERROR ? value : value_at(c->arena, value, ast->span);
    if (elaborate_operator(c, ast->text, ast->span)) return value_recipe(c->arena, ast, scope);
    if (names_is_word(ast->text)) return value_text(c->arena, VALUE_WORD, ast->text, ast->span);
    NameList names = {0};
    names_add_words(c, &names, "true false none");
    number_add_names(c, &names);
    for (size_t i = 0; i < sizeof word_families / sizeof *word_families; i++)
        family_add_words(c, &names, &vocabulary[word_families[i]]);
    names_add_layers(c, &names);
    names_unknown(c, scope, "value", ast->text, ast->span, names.items);
    return expression_error(c, ast->span);
}

// ---- Lists.

typedef VEC(const Value *) ValueList;

static void add_item(Checker *c, Scope *scope, const Ast *ast, ValueList *items) {
    if (ast->kind != AST_FOR) {
        vec_push(c->arena, items, expression_evaluate(c, scope, ast));
        return;
    }
    const Value *list = expression_for_list(c, scope, ast);
    for (int i = 0; list && i < list->count; i++) {
        Scope *inner = expression_for_scope(c, scope, ast, list->items[i]);
        vec_push(c->arena, items, expression_evaluate(c, inner, ast->left));
    }
    if (!list) vec_push(c->arena, items, expression_error(c, ast->span));
}

// `[16 * i for i in range(4)]` has an item for each `i`.
static const Value *evaluate_list(Checker *c, Scope *scope, const Ast *ast) {
    Value *list = value_new(c->arena, VALUE_LIST, ast->span);
    ValueList items = {0};
    bool ok = true;
    for (int i = 0; i < ast->items.count; i++) add_item(c, scope, ast->items.items[i], &items);
    for (int i = 0; i < items.count; i++) ok = ok && items.items[i]->kind != VALUE_ERROR;
    list->items = items.items;
    list->count = items.count;
    if (!ok) list->kind = VALUE_ERROR;
    return list;
}

// ---- Arithmetic.

static const Value *report_operands(Checker *c, const Ast *ast, const Value *left,
                                    const Value *right) {
    Diag *diag = diag_report(c->sink, DIAG_E0201, ast->span, "`%s` cannot take %s and %s",
                             ast_operator_text(ast->operator), value_describe(c->arena, left),
                             value_describe(c->arena, right));
    diag_label(diag, "these do not go together");
    if (value_is_layer(left) || value_is_layer(right))
        diag_help(diag, "layers take `* n` for copies, and a value by `->`");
    const Value *list = left->kind == VALUE_LIST ? left : right;
    if (list->is_shape)
        diag_help(diag, "a number of a shape is `[1]` (the first) to `[-1]` (the last) of it");
    else if (list->kind == VALUE_LIST && list->count && list->items[0]->kind == VALUE_TENSOR)
        diag_help(diag, "take them apart: `a, b = ...`");
    else if (list->kind == VALUE_LIST)
        diag_help(diag, "`[2 * i for i in list]` calculates with each item");
    return expression_error(c, ast->span);
}

static bool is_comparison(AstOperator operator) {
    return operator>= AST_EQUAL && operator<= AST_GREATER_EQUAL;
}

static bool is_choice(AstOperator operator) {
    return operator== AST_AND || operator== AST_OR;
}

static Node *operand_node(Checker *c, const Value *value) {
    if (value->kind == VALUE_TENSOR) return value->node;
    c->graph->current_span = value->span;
    return graph_constant(c->graph, value->number);
}

// 0 or 1, of a type that all layers take.
static Node *compare_nodes(Graph *graph, AstOperator operator, Node * x, Node *y) {
    bool is_swapped = operator== AST_GREATER_EQUAL;
    bool is_strict = operator== AST_LESS || operator== AST_GREATER;
    const char *name = operator== AST_LESS ? "less" : operator== AST_GREATER ? "greater" : "equal";
    if (!is_strict && operator!= AST_EQUAL && operator!= AST_NOT_EQUAL) name = "less_equal";
    Node *node = graph_binary(graph, name, is_swapped ? y : x, is_swapped ? x : y);
    if (node->poisoned) return node;
    if (operator== AST_NOT_EQUAL) return graph_subtract(graph, graph_constant(graph, 1), node);
    Type type = node->type;
    type.dtype = DTYPE_F32;
    return graph_broadcast(graph, node, type);
}

static const Value *calculate_tensors(Checker *c, const Ast *ast, const Value *a, const Value *b) {
    static const char *const names[] = {"add", "subtract", "multiply", "divide", "pow"};
    bool fits = (a->kind == VALUE_TENSOR || a->kind == VALUE_NUMBER) &&
                (b->kind == VALUE_TENSOR || b->kind == VALUE_NUMBER);
    if (!fits) return report_operands(c, ast, a, b);
    c->graph->current_layer = NULL;
    Node *x = operand_node(c, a), *y = operand_node(c, b);
    c->graph->current_span = ast->span;
    Node *node = is_comparison(ast->operator)
                     ? compare_nodes(c->graph, ast->operator, x, y)
                     : graph_binary(c->graph, names[ast->operator], x, y);
    return node->poisoned ? expression_error(c, ast->span)
                          : value_tensor(c->arena, node, ast->span);
}

// "block" + 1: what `name = ..` is made of. NULL: one is neither a text nor a whole number.
static const Value *join_texts(Checker *c, const Ast *ast, const Value *a, const Value *b) {
    const Value *const parts[] = {a, b};
    Text text = text_create(c->arena);
    for (int i = 0; i < 2; i++) {
        bool is_number = parts[i]->kind == VALUE_NUMBER && parts[i]->is_integer;
        if (parts[i]->kind != VALUE_STRING && !is_number) return NULL;
        text_put(&text, is_number ? text_of_number(c->arena, parts[i]->number) : parts[i]->text);
    }
    if (text.length <= JOINED_MAX_LENGTH)
        return value_text(c->arena, VALUE_STRING, text.data, ast->span);
    Diag *diag = diag_report(c->sink, DIAG_E0205, ast->span, "a text has at most %d bytes",
                             JOINED_MAX_LENGTH);
    diag_label(diag, "too long");
    return expression_error(c, ast->span);
}

static const Value *combine(Checker *c, Scope *scope, const Ast *ast, const Value *a,
                            const Value *b) {
    if (a->kind == VALUE_ERROR || b->kind == VALUE_ERROR) return expression_error(c, ast->span);
    bool is_copies = (value_is_layer(a) && b->kind == VALUE_NUMBER) ||
                     (value_is_layer(b) && a->kind == VALUE_NUMBER);
    if (is_copies && ast->operator== AST_MULTIPLY) return value_recipe(c->arena, ast, scope);
    if (a->kind == VALUE_TENSOR || b->kind == VALUE_TENSOR) return calculate_tensors(c, ast, a, b);
    const Value *value = NULL;
    if (is_comparison(ast->operator))
        value = number_compare(c, ast, a, b);
    else if (a->kind == VALUE_NUMBER && b->kind == VALUE_NUMBER)
        value = number_calculate(c, ast, a, b);
    else if (ast->operator== AST_ADD)
        value = join_texts(c, ast, a, b);
    return value ? value : report_operands(c, ast, a, b);
}

// Sums lean to the left and may be long: the left side is followed in a loop.
static const Value *evaluate_binary(Checker *c, Scope *scope, const Ast *ast) {
    VEC(const Ast *) spine = {0};
    for (; ast->kind == AST_BINARY; ast = ast->left) vec_push(c->arena, &spine, ast);
    const Value *value = expression_evaluate(c, scope, ast);
    for (int i = spine.count - 1; i >= 0; i--) {
        if (is_choice(spine.items[i]->operator)) {
            value = number_join(c, scope, spine.items[i], value);
            continue;
        }
        const Value *right = expression_evaluate(c, scope, spine.items[i]->right);
        value = combine(c, scope, spine.items[i], value, right);
    }
    return value;
}

static const Value *evaluate_negation(Checker *c, Scope *scope, const Ast *ast) {
    const Value *value = expression_evaluate(c, scope, ast->left);
    if (value->kind == VALUE_ERROR) return value;
    if (value->kind == VALUE_NUMBER)
        return value_number(c->arena, -value->number, value->is_integer, ast->span);
    if (value->kind == VALUE_TENSOR) {
        c->graph->current_layer = NULL;
        c->graph->current_span = ast->span;
        return value_tensor(c->arena, graph_unary(c->graph, "negate", value->node), ast->span);
    }
    Diag *diag = diag_report(c->sink, DIAG_E0201, ast->span, "`-` cannot take %s",
                             value_describe(c->arena, value));
    diag_label(diag, "expected a number or a tensor");
    return expression_error(c, ast->span);
}

// ---- Repetition with a changing value.

const Value *expression_for_list(Checker *c, Scope *scope, const Ast *ast) {
    const Value *list = expression_evaluate(c, scope, ast->right);
    if (list->kind == VALUE_LIST) return list;
    if (list->kind == VALUE_ERROR) return NULL;
    Diag *diag = diag_report(c->sink, DIAG_E0201, ast->right->span, "`for` takes a list, not %s",
                             value_describe(c->arena, list));
    diag_label(diag, "expected a list");
    if (list->kind == VALUE_NUMBER)
        diag_help(diag, "`range(%s)` is the list from 0",
                  sources_text(c->sources, ast->right->span));
    return NULL;
}

Scope *expression_for_scope(Checker *c, Scope *scope, const Ast *ast, const Value *item) {
    Scope *inner = scope_create(c->arena, scope);
    scope_bind(c->arena, inner, ast->text, item);
    return inner;
}

// ---- Arrows and choices.

static const Value *evaluate_arrow(Checker *c, Scope *scope, const Ast *ast) {
    VEC(const Ast *) steps = {0};
    const Ast *first = ast;
    for (; first->kind == AST_ARROW; first = first->left) vec_push(c->arena, &steps, first->right);
    const Value *value = expression_evaluate(c, scope, first);
    if (value_is_layer(value)) {
        leftover_add(c, scope, ast, true);
        return value_recipe(c->arena, ast, scope);
    }
    for (int i = steps.count - 1; i >= 0; i--)
        value = elaborate_apply(c, scope, steps.items[i], &value, 1);
    return value;
}

// The branch that is taken; NULL: an error was reported.
static const Ast *take_branch(Checker *c, Scope *scope, const Ast *ast) {
    const Value *condition = expression_evaluate(c, scope, ast->left);
    leftover_add(c, scope, ast->body, false);
    leftover_add(c, scope, ast->otherwise, false);
    if (condition->kind == VALUE_ERROR) return NULL;
    if (condition->kind != VALUE_BOOL) {
        Diag *diag = diag_report(c->sink, DIAG_E0201, ast->left->span,
                                 "the condition of `if` is true or false, not %s",
                                 value_describe(c->arena, condition));
        diag_label(diag, "expected a comparison");
        if (condition->kind == VALUE_TENSOR)
            diag_help(diag, "a tensor differs from sample to sample: write `where(%s, a, b)`",
                      sources_text(c->sources, ast->left->span));
        return NULL;
    }
    const Ast *branch = condition->number != 0 ? ast->body : ast->otherwise;
    if (branch) {
        leftover_reached(c, branch);
        return branch;
    }
    Diag *diag = diag_report(c->sink, DIAG_E0206, ast->span, "this `if` has no value when false");
    diag_label(diag, "the condition is false");
    diag_help(diag, "add `else { ... }`");
    return NULL;
}

static const Value *evaluate_if(Checker *c, Scope *scope, const Ast *ast) {
    const Ast *branch = take_branch(c, scope, ast);
    if (!branch) return expression_error(c, ast->span);
    return expression_body(c, scope_create(c->arena, scope), branch, "this branch");
}

// ---- What is written where a name or a call is wanted.

static const Ast *chosen_branch(Checker *c, Scope *scope, const Ast *ast) {
    const Ast *branch = take_branch(c, scope, ast);
    return branch && branch->kind != AST_IF ? last_expression(branch) : branch;
}

// `ast` itself where it is no item of a list that is written out.
static const Ast *chosen_item(Checker *c, Scope *scope, const Ast *ast) {
    const Ast *list = expression_written(scope, ast->left);
    if (list->kind != AST_LIST || ast->items.count != 1) return ast;
    const Value *owner = expression_evaluate(c, scope, list);
    if (owner->kind != VALUE_LIST || owner->count != list->items.count) return ast;
    int place = member_place(c, owner, expression_evaluate(c, scope, ast->items.items[0]));
    return place < 0 ? NULL : list->items.items[place];
}

const Ast *expression_chosen(Checker *c, Scope *scope, const Ast *ast) {
    enum { DEEPEST = 64 };
    for (int i = 0; i < DEEPEST && ast; i++) {
        const Ast *next = expression_written(scope, ast);
        if (next->kind == AST_IF)
            next = chosen_branch(c, scope, next);
        else if (next->kind == AST_INDEX)
            next = chosen_item(c, scope, next);
        if (next == ast) break;
        ast = next;
    }
    return ast;
}

static const Value *evaluate(Checker *c, Scope *scope, const Ast *ast) {
    switch (ast->kind) {
    case AST_NUMBER: return value_number(c->arena, ast->number, ast->is_integer, ast->span);
    case AST_STRING: return value_text(c->arena, VALUE_STRING, ast->text, ast->span);
    case AST_NAME: return evaluate_name(c, scope, ast);
    case AST_LIST: return evaluate_list(c, scope, ast);
    case AST_CALL: return elaborate_call(c, scope, ast);
    case AST_ARROW: return evaluate_arrow(c, scope, ast);
    case AST_BINARY: return evaluate_binary(c, scope, ast);
    case AST_NEGATE: return evaluate_negation(c, scope, ast);
    case AST_NOT: return number_invert(c, scope, ast);
    case AST_MEMBER: return member_evaluate(c, scope, ast);
    case AST_INDEX: return member_index(c, scope, ast);
    case AST_FOR: leftover_add(c, scope, ast, true); return value_recipe(c->arena, ast, scope);
    case AST_IF: return evaluate_if(c, scope, ast);
    case AST_BLOCK: return expression_body(c, scope_create(c->arena, scope), ast, "this block");
    default: return expression_error(c, ast->span);
    }
}

const Value *expression_evaluate(Checker *c, Scope *scope, const Ast *ast) {
    bool may_go_on = expression_enter(c, ast->span);
    const Value *value = may_go_on ? evaluate(c, scope, ast) : expression_error(c, ast->span);
    expression_leave(c);
    return value;
}

// ---- Bodies.

// In a body that is used again, what its first use made there.
static Shared *inner_shared(Checker *c) {
    Shared *outer = c->sharing;
    if (outer && outer->is_made && c->inner_next < outer->inner.count)
        return outer->inner.items[c->inner_next++];
    Shared *shared = ARENA_NEW(c->arena, Shared);
    if (outer) vec_push(c->arena, &outer->inner, shared);
    return shared;
}

static void bind_layer(Checker *c, Scope *scope, const Ast *ast) {
    Value *value = value_new(c->arena, VALUE_SHARED, ast->span);
    Shared *shared = inner_shared(c);
    shared->name = ast->text;
    shared->ast = ast->left;
    shared->scope = scope;
    shared->span = ast->name_span;
    shared->single = (ast->left->kind == AST_CALL || ast->left->kind == AST_NAME) &&
                     !scope_find(scope, ast->left->text);
    value->shared = shared;
    leftover_add(c, scope, ast->left, true);
    scope_bind(c->arena, scope, ast->text, value);
}

// `return same, digit`: results are called as the names that they are given by.
static const Value *name_items(Checker *c, const Ast *ast, const Value *list) {
    if (list->count != ast->items.count) return list;
    const Value **items = ARENA_ARRAY(c->arena, const Value *, list->count + 1);
    for (int i = 0; i < list->count; i++) {
        Value *named = ARENA_NEW(c->arena, Value);
        *named = *list->items[i];
        bool is_output = named->kind == VALUE_TENSOR || named->kind == VALUE_ERROR;
        if (is_output && ast->items.items[i]->kind == AST_NAME)
            named->text = ast->items.items[i]->text;
        items[i] = named;
    }
    Value *copy = ARENA_NEW(c->arena, Value);
    *copy = *list;
    copy->items = items;
    return copy;
}

static const Value *evaluate_return(Checker *c, Scope *scope, const Ast *ast) {
    if (ast->items.count == 1) return expression_evaluate(c, scope, ast->items.items[0]);
    return name_items(c, ast, evaluate_list(c, scope, ast));
}

static void warn_lost(Checker *c, const Ast *ast) {
    if (c->has_syntax_errors) return; // what was meant there may use it
    Diag *diag = diag_report(c->sink, DIAG_W0101, ast->span, "this value is never used");
    diag_label(diag, "only the last expression of a body is its value");
    diag_help(diag, "give it a name, or remove it");
}

static const Value *report_empty(Checker *c, const Ast *body, const char *what) {
    Diag *diag = diag_report(c->sink, DIAG_E0004, body->span, "%s has no value", what);
    diag_label(diag, "ends without an expression");
    diag_help(diag, "end it with an expression, or with `return`");
    return expression_error(c, body->span);
}

static bool check_unpacked(Checker *c, const Ast *ast, const Value *value) {
    bool is_list = value->kind == VALUE_LIST;
    bool is_known = is_list || value->kind == VALUE_ERROR; // some of the values may be errors
    if (is_known && value->count == ast->items.count) return true;
    if (value->kind == VALUE_ERROR) return false;
    Diag *diag =
        diag_report(c->sink, DIAG_E0201, ast->left->span, "%d names are given %s", ast->items.count,
                    is_list ? arena_format(c->arena, "%d values", value->count)
                            : value_describe(c->arena, value));
    diag_label(diag, "expected %d values", ast->items.count);
    return false;
}

void expression_unpack(Checker *c, Scope *scope, const Ast *ast) {
    const Value *value = expression_evaluate(c, scope, ast->left);
    bool ok = check_unpacked(c, ast, value);
    for (int i = 0; i < ast->items.count; i++)
        scope_bind(c->arena, scope, ast->items.items[i]->text,
                   ok ? value->items[i] : expression_error(c, ast->items.items[i]->span));
}

const Value *expression_body(Checker *c, Scope *scope, const Ast *body, const char *what) {
    if (body->kind != AST_BLOCK) return expression_evaluate(c, scope, body);
    scope->body = body;
    const Value *result = NULL;
    bool has_gap = false;
    for (int i = 0; i < body->items.count; i++) {
        const Ast *ast = body->items.items[i];
        bool is_last = i == body->items.count - 1;
        if (ast->kind == AST_ASSIGN)
            scope_bind(c->arena, scope, ast->text, expression_evaluate(c, scope, ast->left));
        else if (ast->kind == AST_UNPACK)
            expression_unpack(c, scope, ast);
        else if (ast->kind == AST_LAYER)
            bind_layer(c, scope, ast);
        else if (ast->kind == AST_RETURN)
            return evaluate_return(c, scope, ast);
        else if (ast->kind == AST_ERROR)
            has_gap = true;
        else
            result = expression_evaluate(c, scope, ast);
        bool is_value =
            ast->kind != AST_ASSIGN && ast->kind != AST_LAYER && ast->kind != AST_UNPACK;
        if (is_last || !is_value || !result) continue;
        if (result->kind != VALUE_ERROR) warn_lost(c, ast);
        result = NULL;
    }
    if (result) return result;
    return has_gap ? expression_error(c, body->span) : report_empty(c, body, what);
}
