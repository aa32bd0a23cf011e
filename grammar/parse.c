// Owns scanner and parser; the entries that compiler/front/parse.h promises.
#include "nn.tab.h"

#include <ctype.h>
#include <string.h>

static Parse *parse_create(Arena *arena, SourceSet *sources, uint32_t file, DiagSink *sink) {
    Parse *parse = ARENA_NEW(arena, Parse);
    parse->arena = arena;
    parse->sources = sources;
    parse->file = file;
    parse->source = sources_get(sources, file);
    parse->sink = sink;
    return parse;
}

static bool report_size(const Parse *parse) {
    if (!parse->source->is_too_large) return false;
    Diag *diag = diag_report(parse->sink, DIAG_E0005, (Span){parse->file, 0, 0},
                             "the source is larger than %d MiB", PARSE_MAX_SOURCE >> 20);
    diag_help(diag, "repeat with `* n`, or use blocks");
    return true;
}

// The encoding that a byte-order mark tells, if it is one that cannot be read; or NULL.
static const char *other_encoding(const Source *source) {
    static const struct {
        const char *mark, *name;
        size_t size;
    } rows[] = {{"\xFF\xFE\0\0", "UTF-32", 4},
                {"\0\0\xFE\xFF", "UTF-32", 4},
                {"\xFF\xFE", "UTF-16", 2},
                {"\xFE\xFF", "UTF-16", 2}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (source->size >= rows[i].size && memcmp(source->text, rows[i].mark, rows[i].size) == 0)
            return rows[i].name;
    return NULL;
}

static bool report_encoding(const Parse *parse) {
    const char *encoding = other_encoding(parse->source);
    if (!encoding) return false;
    Diag *diag = diag_report(parse->sink, DIAG_E0001, SPAN_FILE(parse->file),
                             "`%s` is written in %s", parse->source->path, encoding);
    diag_help(diag, "save it as UTF-8");
    return true;
}

// Does it begin with bytes of which many are no text? A few are told one by one.
static bool report_binary(const Parse *parse) {
    enum { LOOK = 4096, SHORT = 256, RARE = 16 };
    const Source *source = parse->source;
    size_t size = source->size < LOOK ? source->size : LOOK, strange = 0;
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)source->text[i];
        strange += (byte < ' ' && !strchr("\t\n\f\r", byte)) || byte == 0 || byte >= 0xF8;
    }
    if (size < SHORT || strange <= size / RARE) return false;
    Diag *diag = diag_report(parse->sink, DIAG_E0001, SPAN_FILE(parse->file), "`%s` is no text",
                             source->path);
    diag_help(diag, "a program is a text file: is this a compiled one, or a file of weights?");
    return true;
}

// Reports what lets nothing in the file be read.
static bool is_unreadable(const Parse *parse) {
    return report_size(parse) || report_encoding(parse) || report_binary(parse);
}

Ast *parse_file(Arena *arena, SourceSet *sources, uint32_t file, DiagSink *sink) {
    Parse *parse = parse_create(arena, sources, file, sink);
    Ast *ast = ARENA_NEW(arena, Ast);
    ast->kind = AST_FILE;
    ast->span = (Span){file, 0, (uint32_t)parse->source->size};
    if (is_unreadable(parse)) return ast;
    scan_begin(parse);
    nn_yyparse(parse); // its result says no more than the sink
    scan_end(parse);
    ast->items = parse->declarations;
    return ast;
}

static TokenKind token_kind(int kind) {
    if (kind >= TOK_NAME && kind <= TOK_WITH) return TOKEN_NAME;
    if (kind >= TOK_IMPORT && kind <= TOK_NOT) return TOKEN_WORD;
    switch (kind) {
    case TOK_NUMBER: return TOKEN_NUMBER;
    case TOK_STRING: return TOKEN_STRING;
    case TOK_COMMENT: return TOKEN_COMMENT;
    case TOK_NN_YYerror: return TOKEN_ERROR;
    default: return TOKEN_SIGN;
    }
}

TokenList parse_tokens(Arena *arena, SourceSet *sources, uint32_t file, DiagSink *sink) {
    TokenList tokens = {NULL, 0, 0};
    Parse *parse = parse_create(arena, sources, file, sink);
    if (is_unreadable(parse)) return tokens;
    parse->keep_comments = true;
    scan_begin(parse);
    for (Lexeme lexeme; (lexeme = scan_next(parse)).kind != TOK_YYEOF;) {
        if (tokens.count == PARSE_MAX_TOKENS) {
            const char *message =
                arena_format(arena, "more than %d tokens and comments", PARSE_MAX_TOKENS);
            balance_stop(parse, DIAG_E0005, lexeme.span, message, NULL);
            break;
        }
        Token token = {token_kind(lexeme.kind), lexeme.span, lexeme.is_first};
        vec_push(arena, &tokens, token);
    }
    scan_end(parse);
    return tokens;
}

void parse_print_tokens(Text *out, Arena *arena, SourceSet *sources, uint32_t file,
                        DiagSink *sink) {
    static const char *const kinds[] = {"name",    "word", "number", "string",
                                        "comment", "sign", "error"};
    TokenList tokens = parse_tokens(arena, sources, file, sink);
    const char *text = sources_get(sources, file)->text;
    for (int i = 0; i < tokens.count; i++) {
        const Token *token = &tokens.items[i];
        Place place = sources_place(sources, file, token->span.lo);
        text_format(out, "%d:%d %s ", place.line, place.column, kinds[token->kind]);
        text_put_bytes(out, text + token->span.lo, token->span.hi - token->span.lo);
        text_put(out, "\n");
    }
}
