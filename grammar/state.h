// What the scanner, the balancer, the parser and the builders of one parse share. Only grammar/
// includes this. One Parse serves one file and one thread.
//
// The bytes of a file go through three steps, each of which pulls from the one before:
//   nn.l       bytes -> tokens
//   balance.c  tells call from group and minus from sign, balances brackets, enforces the limits,
//              and skips to a safe place after a mistake; mend.c repairs the usual slips before
//   nn.y       tokens -> tree, by the builders of actions.c
#ifndef NNC_GRAMMAR_STATE_H
#define NNC_GRAMMAR_STATE_H

#include "../compiler/front/parse.h"

// How the parser names places. An empty rule lies behind the symbol before it.
#define YYLLOC_DEFAULT(current, rhs, count)                                                        \
    ((current) = (count)                                                                           \
                     ? span_join(YYRHSLOC(rhs, 1), YYRHSLOC(rhs, count))                           \
                     : (Span){YYRHSLOC(rhs, 0).file, YYRHSLOC(rhs, 0).hi, YYRHSLOC(rhs, 0).hi})

typedef union Value {
    const char *text;   // names, words
    Ast *node;          // numbers, strings, expressions, statements, declarations
    AstList list;       // items between brackets, statements
    AstOperator binary; // comparisons
} Value;

typedef struct Lexeme {
    int kind; // TOK_... of the parser
    Value value;
    Span span;
    bool is_first;   // on its line
    bool is_virtual; // the file lacks it; reported
    int level;       // brackets open around it
} Lexeme;

typedef struct Bracket {
    char opener;        // ( [ {, or i for an `if` whose block has not begun
    bool is_virtual;    // the file lacks it; reported
    bool is_parameters; // of a model or a block
    Span span;
    int signs;        // prefix minus signs that wait for what is inside
    int closing;      // is it closed? 0: nobody has looked yet, else CLOSING_...
    Span statement;   // of a body: the first token of the statement that goes on
    bool has_name;    // that statement is `name = ..`, `layer ..` or `return ..`
    bool is_body;     // of a model, a block or a branch: statements and a value
    const char *what; // "the arguments of", for messages
    const char *name; // "dense", or NULL
} Bracket;

enum { PARSE_RESERVED = 13 }; // words, from TOK_IMPORT to TOK_NOT

typedef struct Parse {
    Arena *arena;
    const Source *source;
    SourceSet *sources;
    uint32_t file;
    DiagSink *sink;
    void *scanner; // flex's yyscan_t

    // The scanner
    uint32_t offset;      // of the next byte
    bool at_line_start;   // no token since the beginning of the line
    uint32_t open_string; // where a string began that did not end; 0: nowhere
    bool keep_comments;

    // The balancer
    Bracket brackets[PARSE_MAX_NESTING];
    int bracket_count;
    int nesting; // brackets and the signs that wait in front of them
    int signs;   // prefix minus signs just before the next token
    int token_count;
    uint32_t unpacked_to; // before it commas part names that are unpacked: `mean, spread =`
    Lexeme before;        // the token before the last one from the file
    Lexeme previous;      // the last one from the file
    Lexeme last;          // what the parser got last
    Lexeme held; // from the file, to be given when the brackets above `close_to` are closed
    bool has_held;
    int close_to;
    Lexeme pending; // from the file, to be given behind a token that was added before it
    bool has_pending;
    Lexeme synced; // to be given after SYNC
    bool has_synced;
    const char *head_what, *head_name; // "model", "mlp": the declaration that goes on
    bool awaits_body;                  // the head is complete
    bool has_mistake;      // reported in this declaration: its brackets may not pair because of it
    bool had_mistake;      // the declaration before this one
    const char *step_name; // of the step whose body has not begun, or NULL
    bool is_recovering;
    int recovery_level;   // of the token where the mistake was
    uint32_t redelivered; // the end of the last token that was given again after a mistake
    bool is_stopped;      // by a limit: the rest of the file is not looked at
    bool is_foreign;      // what is skipped is another language: its spelling is no mistake
    bool reserved[PARSE_RESERVED]; // from TOK_IMPORT: which were taken for names, after a mistake
    bool told_arrow, told_semicolon, told_quotes; // a slip that is made again and again

    AstList declarations;
} Parse;

// nn.l
void scan_begin(Parse *parse);
void scan_end(Parse *parse);
Lexeme scan_next(Parse *parse);

// balance.c
Lexeme balance_next(Parse *parse);

// Called where a mistake was found at `parse->last`: what follows is skipped up to the next
// statement, declaration or closing bracket.
void balance_recover(Parse *parse);

// Whether the token begins a line that is not indented more than the one of the innermost
// parenthesis or bracket: then that is not closed. Sets *bracket.
bool balance_left_open(const Parse *parse, const Lexeme *lexeme, const Bracket **bracket);

// The innermost bracket around the token, or NULL.
const Bracket *balance_around(const Parse *parse, const Lexeme *lexeme);

// Reports a limit once and ends the parse.
void balance_stop(Parse *parse, DiagCode code, Span span, const char *message, const char *help);

// foreign.c: a word of another language at the beginning of a line.
typedef enum ForeignWord { FOREIGN_NOT, FOREIGN_READ, FOREIGN_PASSED } ForeignWord;
// Reports it. READ: *lexeme is what is read in its place; PASSED: it is to be dropped.
ForeignWord foreign_word(Parse *parse, Lexeme *lexeme);

// mend.c: usual slips that leave no doubt about what was meant. Each is reported, and the parser
// gets what was meant, so that no second message follows.
void mend_keyword(Parse *parse, Lexeme *lexeme);  // `datset d = ...`
void mend_reserved(Parse *parse, Lexeme *lexeme); // `model if(x)`
void mend_colon(Parse *parse, Lexeme *lexeme);    // `activation: relu`
// `,` behind an entry: to be dropped.
bool mend_separator(Parse *parse, const Lexeme *lexeme);
// What lacks before the token becomes *lacking: a `{`, an arrow, the end of a value without a name,
// or the error token for a value.
bool mend_lacking(Parse *parse, const Lexeme *lexeme, Lexeme *lacking);
bool mend_else_if(Parse *parse, Lexeme *lexeme, Lexeme *first); // lexeme becomes what follows it

// The column of the first thing on the line of `offset`.
int balance_indentation(const Parse *parse, uint32_t offset);

// report.c: `parse->last` cannot stand where one of the `expected` tokens could, which have the
// names that nn.y gives them.
void report_unexpected(Parse *parse, const char *const *expected, int count);
// What other languages write: `keras.layers.Dense(10)`, and `dense(3)(x)`.
void report_dotted_call(Parse *parse, Span prefix, Span name, Span arguments);
void report_second_call(Parse *parse, Span call, Span arguments);

#endif
