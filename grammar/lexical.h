// What the scanner does with a token beyond naming its kind: values, and the mistakes of spelling.
#ifndef NNC_GRAMMAR_LEXICAL_H
#define NNC_GRAMMAR_LEXICAL_H

#include "state.h"

const char *lexical_word(Parse *parse, Span span);
Ast *lexical_number(Parse *parse, const char *digits, Span span);
Ast *lexical_string(Parse *parse, Span span);

// Each reports the mistake; the expressions that they return are AST_ERROR.
Ast *lexical_amount(Parse *parse, const char *text, Span span); // "60s": a text
Ast *lexical_bad_number(Parse *parse, const char *digits, Span span);
Ast *lexical_open_string(Parse *parse, Span span);
Ast *lexical_single_quotes(Parse *parse, Span span);
// `50%`, and nothing that could be divided by behind it.
bool lexical_is_percent(const Parse *parse, Span span);
Ast *lexical_percent(Parse *parse, const char *digits, Span span); // as the fraction that it means
Ast *lexical_typographic(Parse *parse, Span span);                 // a string in such quotes
void lexical_other_comment(Parse *parse, Span span);
void lexical_walrus(Parse *parse, Span span);
void lexical_semicolon(Parse *parse, Span span);
void lexical_other_arrow(Parse *parse, Span span);
void lexical_other_word(Parse *parse, Span span, const char *word); // `&&` for `and`
void lexical_bad_bytes(Parse *parse, Span span);

#endif
