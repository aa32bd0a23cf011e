// What other libraries say in a place where this language says it in another one:
// base/diagnostics/habit.h, for syntax trees.
#include "check.h"

#include "../base/diagnostics/habit.h"

// As it was written, but without quotes.
static const char *text_of(Checker *c, const Ast *argument) {
    if (argument->kind == AST_ASSIGN) argument = argument->left;
    return argument->kind == AST_STRING ? argument->text : sources_text(c->sources, argument->span);
}

const char *habits_help(Checker *c, const char *noun, const char *name, const char *value) {
    return habit_help(c->arena, noun, name, (HabitValues){&value, value != NULL});
}

const char *habits_help_call(Checker *c, const char *noun, const Ast *ast) {
    int count = ast->kind == AST_CALL ? ast->items.count : 0;
    const char **texts = ARENA_ARRAY(c->arena, const char *, count + 1);
    for (int i = 0; i < count; i++) texts[i] = text_of(c, ast->items.items[i]);
    return habit_help(c->arena, noun, ast->text, (HabitValues){texts, count});
}

bool habits_is_none(const Scope *scope, const Ast *ast) {
    return ast->kind == AST_NAME && strcmp(ast->text, "None") == 0 && !scope_find(scope, ast->text);
}
