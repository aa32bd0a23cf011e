// What a token is to the grammar, and which bytes of the source stand behind it.
#ifndef NNC_GRAMMAR_TOKEN_H
#define NNC_GRAMMAR_TOKEN_H

#include "nn.tab.h"

static inline bool kind_declares(int kind) {
    return kind >= TOK_IMPORT && kind <= TOK_TRAIN;
}

static inline bool kind_is_reserved(int kind) {
    return kind >= TOK_IMPORT && kind <= TOK_NOT;
}

static inline bool kind_is_name(int kind) {
    return kind >= TOK_NAME && kind <= TOK_WITH;
}

static inline bool kind_begins_operand(int kind) {
    return kind_is_name(kind) || kind == TOK_NUMBER || kind == TOK_STRING || kind == TOK_LIST ||
           kind == TOK_GROUP || kind == TOK_IF || kind == TOK_NOT;
}

static inline bool kind_ends_operand(int kind) {
    return kind == TOK_NAME || kind == TOK_NUMBER || kind == TOK_STRING || kind == TOK_CLOSE ||
           kind == TOK_UNLIST || kind == TOK_END;
}

static inline bool kind_is_operator(int kind) {
    return kind == TOK_ARROW || (kind >= TOK_AND && kind <= TOK_NOT) ||
           (kind >= TOK_ASSIGN && kind <= TOK_GREATER_EQUAL);
}

static inline bool kind_is_opener(int kind) {
    return kind == TOK_CALL || kind == TOK_GROUP || kind == TOK_LIST || kind == TOK_INDEX ||
           kind == TOK_OPEN;
}

static inline bool kind_is_closer(int kind) {
    return kind == TOK_CLOSE || kind == TOK_UNLIST || kind == TOK_END;
}

// The first byte behind the token that belongs to another one.
char token_byte_after(const Parse *parse, const Lexeme *lexeme);
bool token_precedes_assign(const Parse *parse, const Lexeme *lexeme);
// `name =` comes next.
bool token_precedes_entry(const Parse *parse, const Lexeme *lexeme);
bool token_precedes_name(const Parse *parse, const Lexeme *lexeme); // or a string
// Where the `=` of `name =` or `name, name =` stands; 0: it is something else.
uint32_t token_names_end(const Parse *parse, const Lexeme *lexeme);
// A statement that is not a value alone: `name = ..`, `layer name = ..`, `return ..`
bool token_begins_named(const Parse *parse, const Lexeme *lexeme);
// A word of a declaration, with what it declares behind it.
bool token_declares(const Parse *parse, const Lexeme *lexeme);
// Likewise, at the beginning of a line.
bool token_begins_declaration(const Parse *parse, const Lexeme *lexeme);

#endif
