// Lists of names, for messages: what is near, joined with commas; and which words mean something,
// in this language or in others.
#include "check.h"

#include <ctype.h>

void names_add_words(Checker *c, NameList *names, const char *words) {
    for (const char *at = words; at && *at;) {
        size_t size = strcspn(at, " ");
        if (size) vec_push(c->arena, names, arena_copy(c->arena, at, size));
        at += size + (at[size] == ' ');
    }
}

void names_add_scope(Checker *c, NameList *names, const Scope *scope) {
    for (; scope; scope = scope->parent)
        for (int i = 0; i < scope->order.count; i++)
            vec_push(c->arena, names, scope->order.items[i]);
}

void names_add_layers(Checker *c, NameList *names) {
    for (int i = 0; op_at(i); i++)
        if (op_at(i)->surface) vec_push(c->arena, names, op_at(i)->schema.name);
    vec_push(c->arena, names, NULL);
    names->count--;
}

const char *names_nearest(Checker *c, NameList *names, const char *name) {
    vec_push(c->arena, names, NULL);
    names->count--;
    const char *near = suggest_name(name, names->items);
    if (near) map_set(&c->suggested, near, (void *)near);
    return near;
}

const char *names_join(Arena *arena, const NameList *names, const char *last) {
    Text text = text_create(arena);
    for (int i = 0; i < names->count; i++) {
        if (i > 0 && i == names->count - 1)
            text_format(&text, " %s ", last);
        else if (i > 0)
            text_put(&text, ", ");
        text_format(&text, "`%s`", names->items[i]);
    }
    return text.data;
}

// ---- Keras's names.

// CamelCase or snake_case, the same letters: LeakyReLU is leaky_relu.
static bool same_letters(const char *a, size_t a_length, const char *b) {
    size_t i = 0;
    for (; *b; b++) {
        if (*b == '_') continue;
        while (i < a_length && a[i] == '_') i++;
        if (i == a_length || tolower((unsigned char)a[i]) != tolower((unsigned char)*b))
            return false;
        i++;
    }
    while (i < a_length && a[i] == '_') i++;
    return i == a_length;
}

bool names_is_sure(const char *own, const Ast *ast) {
    return ast->kind != AST_CALL || !ast->items.count || same_letters(own, strlen(own), ast->text);
}

bool names_match_keras(const char *keras_names, const char *own, const char *name) {
    if (strcmp(own, name) != 0 && same_letters(own, strlen(own), name)) return true;
    for (const char *at = keras_names; at && *at;) {
        size_t size = strcspn(at, " ");
        if (size && same_letters(at, size, name)) return true;
        at += size + (at[size] == ' ');
    }
    return false;
}

static bool schema_has_choice(const Schema *schema, const char *name) {
    for (const ArgDef *def = schema->args; def && def->name; def++)
        if (text_has_word(def->choices, name)) return true;
    return false;
}

bool names_is_callee(const char *name) {
    for (int i = 0; i < FAMILY_COUNT; i++)
        if (!vocabulary[i].is_part && family_word(&vocabulary[i], name)) return true;
    return false;
}

static bool family_has_choice(const Family *family, const char *name) {
    const Schema *word;
    for (Words words = {.family = family}; (word = words_next(&words));)
        if (schema_has_choice(word, name)) return true;
    return false;
}

bool names_is_word(const char *name) {
    if (strcmp(name, "none") == 0 || names_is_callee(name)) return true;
    for (int i = 0; op_at(i); i++)
        if (schema_has_choice(&op_at(i)->schema, name)) return true;
    for (int i = FAMILY_SOURCES; i <= FAMILY_AUGMENTATIONS; i++)
        if (family_has_choice(&vocabulary[i], name)) return true;
    return false;
}
