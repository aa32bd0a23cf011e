#include "token.h"

#include <ctype.h>
#include <string.h>

// Where blanks and comments end. The source ends with a NUL.
static const char *skip_blanks(const char *at) {
    for (;;) {
        at += strspn(at, " \t\r\f\n");
        if (*at != '#') return at;
        at += strcspn(at, "\n");
    }
}

static const char *behind(const Parse *parse, const Lexeme *lexeme) {
    return skip_blanks(parse->source->text + lexeme->span.hi);
}

static bool is_assign(const char *at) {
    return (at[0] == '=' && at[1] != '=') || (at[0] == ':' && at[1] == '='); // which is reported
}

static bool begins_name(char byte) {
    return isalpha((unsigned char)byte) || byte == '_';
}

char token_byte_after(const Parse *parse, const Lexeme *lexeme) {
    return *behind(parse, lexeme);
}

bool token_precedes_assign(const Parse *parse, const Lexeme *lexeme) {
    return is_assign(behind(parse, lexeme));
}

bool token_precedes_entry(const Parse *parse, const Lexeme *lexeme) {
    const char *at = behind(parse, lexeme);
    if (!begins_name(*at)) return false;
    while (isalnum((unsigned char)*at) || *at == '_') at++;
    at = skip_blanks(at);
    return is_assign(at) || *at == ':'; // which mend_colon takes for `=`
}

bool token_precedes_name(const Parse *parse, const Lexeme *lexeme) {
    char next = token_byte_after(parse, lexeme);
    return begins_name(next) || next == '"';
}

// The `=` of `mean, spread =`, behind its first name; NULL: it is something else.
static const char *names_assign(const char *at) {
    while (*at == ',') {
        at = skip_blanks(at + 1);
        if (!begins_name(*at)) return NULL;
        while (isalnum((unsigned char)*at) || *at == '_') at++;
        at = skip_blanks(at);
    }
    return is_assign(at) ? at : NULL;
}

uint32_t token_names_end(const Parse *parse, const Lexeme *lexeme) {
    const char *at = names_assign(behind(parse, lexeme));
    return at ? (uint32_t)(at - parse->source->text) : 0;
}

bool token_begins_named(const Parse *parse, const Lexeme *lexeme) {
    return lexeme->kind == TOK_RETURN ||
           (kind_is_name(lexeme->kind) && names_assign(behind(parse, lexeme))) ||
           (lexeme->kind == TOK_LAYER && token_precedes_name(parse, lexeme));
}

bool token_declares(const Parse *parse, const Lexeme *lexeme) {
    if (lexeme->kind == TOK_IMPORT) return token_byte_after(parse, lexeme) == '"';
    return kind_declares(lexeme->kind) && token_precedes_name(parse, lexeme);
}

bool token_begins_declaration(const Parse *parse, const Lexeme *lexeme) {
    return lexeme->is_first && token_declares(parse, lexeme);
}
