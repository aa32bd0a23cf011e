// What elaboration did not reach: blocks that nothing uses, branches that are not taken, layers
// that are never fed. Their names and arguments are checked all the same: they are evaluated with
// errors for all values, so that nothing is known of shapes and no node is made.
#include "../check.h"

struct Leftover {
    const Ast *ast;
    Scope *scope;
    bool is_layer; // is fed; else it is a body
};

static const char reached[] = "reached"; // what the map holds for it

void leftover_add(Checker *c, Scope *scope, const Ast *ast, bool is_layer) {
    if (!ast || map_get(&c->reached, ast)) return;
    Leftover *leftover = ARENA_NEW(c->arena, Leftover);
    *leftover = (Leftover){ast, scope, is_layer};
    map_set(&c->reached, ast, leftover);
    vec_push(c->arena, &c->leftovers, leftover);
}

void leftover_reached(Checker *c, const Ast *ast) {
    map_set(&c->reached, ast, (void *)reached);
}

// The same names; those of numbers, words and tensors stand for errors, since what is not reached
// may be guarded against their values.
static Scope *without_values(Checker *c, const Scope *scope) {
    if (!scope) return NULL;
    Scope *known = map_get(&c->blank_scopes, scope);
    if (known) return known;
    Scope *blank = scope_create(c->arena, without_values(c, scope->parent));
    blank->body = scope->body;
    for (int i = 0; i < scope->order.count; i++) {
        const char *name = scope->order.items[i];
        const Value *value = map_get(&scope->names, name);
        bool is_kept = value_is_layer(value) || value->kind == VALUE_DATASET;
        scope_bind(c->arena, blank, name, is_kept ? value : expression_error(c, value->span));
    }
    map_set(&c->blank_scopes, scope, blank);
    return blank;
}

static void check_block(Checker *c, const Ast *declaration) {
    Scope *scope = scope_create(c->arena, import_globals(c, declaration->span));
    if (model_is_broken(declaration)) return;
    for (int i = 0; i < declaration->parameters.count; i++) {
        const Ast *parameter = declaration->parameters.items[i];
        if (parameter->left) expression_evaluate(c, scope, parameter->left);
        scope_bind(c->arena, scope, parameter->text, expression_error(c, parameter->span));
    }
    const char *noun = declaration->kind == AST_MODEL ? "model" : "block";
    const char *what = arena_format(c->arena, "the %s `%s`", noun, declaration->text);
    map_set(&c->active, declaration, (void *)declaration);
    expression_body(c, scope, declaration->body, what);
    map_set(&c->active, declaration, NULL);
}

static void check_leftover(Checker *c, const Leftover *leftover) {
    Scope *scope = without_values(c, leftover->scope);
    const Value *input = expression_error(c, leftover->ast->span);
    if (leftover->is_layer)
        elaborate_apply(c, scope, leftover->ast, &input, 1);
    else
        expression_body(c, scope_create(c->arena, scope), leftover->ast, "this branch");
}

void leftover_check(Checker *c, const Ast *file) {
    c->is_dry = true;
    c->exhausted = false;
    c->steps = 0;
    for (int i = 0; i < file->items.count; i++) {
        const Ast *ast = file->items.items[i];
        if (ast->kind == AST_BLOCK_DECLARATION && ast->text && !map_get(&c->reached, ast))
            check_block(c, ast);
    }
    for (int i = 0; i < c->models.count; i++) { // of imported files
        const ModelEntry *entry = c->models.items[i];
        if (!entry->model->forward && !entry->is_used) check_block(c, entry->declaration);
    }
    for (int i = 0; i < c->leftovers.count; i++) { // which may grow
        const Leftover *leftover = c->leftovers.items[i];
        if (map_get(&c->reached, leftover->ast) == leftover) check_leftover(c, leftover);
    }
    c->is_dry = false;
}
