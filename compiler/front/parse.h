// The parser's entry; implemented in grammar/, the only place that sees flex and bison.
#ifndef NNC_FRONT_PARSE_H
#define NNC_FRONT_PARSE_H

#include "../base/diagnostics/diag.h"
#include "ast.h"

// Stated limits. Nesting counts open brackets, `if` and prefix `-` and `not`. Depth is the height
// of the tree of one declaration, mostly the length of a chain of operators (a -> b -> ...): what
// walks the tree may recurse.
enum {
    PARSE_MAX_SOURCE = SOURCE_MAX_SIZE,
    PARSE_MAX_TOKENS = 1 << 20,
    PARSE_MAX_NESTING = 256,
    PARSE_MAX_DEPTH = 4096,
    PARSE_MAX_NAME = 255
};

// Parses one file of the set. Always returns an AST_FILE (with what could be understood); errors
// are in the sink.
Ast *parse_file(Arena *arena, SourceSet *sources, uint32_t file, DiagSink *sink);

// The tokens of a file as the scanner sees them, comments included: for `nnc fmt`.
typedef enum TokenKind {
    TOKEN_NAME,
    TOKEN_WORD, // reserved
    TOKEN_NUMBER,
    TOKEN_STRING,
    TOKEN_COMMENT, // to the end of its line
    TOKEN_SIGN,
    TOKEN_ERROR // reported
} TokenKind;

typedef struct Token {
    TokenKind kind;
    Span span;
    bool is_first; // on its line
} Token;

typedef VEC(Token) TokenList;

TokenList parse_tokens(Arena *arena, SourceSet *sources, uint32_t file, DiagSink *sink);

// `--emit=tokens`: one token a line with its place.
void parse_print_tokens(Text *out, Arena *arena, SourceSet *sources, uint32_t file, DiagSink *sink);

#endif
