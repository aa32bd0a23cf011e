// The syntax tree. Nodes live in the front arena; every node has its span; strings are
// NUL-terminated. The parser checks nothing but the grammar: names and types come later.
#ifndef NNC_FRONT_AST_H
#define NNC_FRONT_AST_H

#include "../base/source.h"
#include "../base/text.h"
#include "../base/vec.h"

typedef struct Ast Ast;
typedef VEC(Ast *) AstList;

typedef enum AstKind {
    // Expressions
    AST_NUMBER,   // number; is_integer if written without point and exponent
    AST_STRING,   // text
    AST_NAME,     // text: a bare word, resolved later (value, choice, true, false, layer, ...)
    AST_LIST,     // items (expressions, or AST_ASSIGN for named ones)
    AST_CALL,     // text: callee; items: arguments (expressions or AST_ASSIGN for named ones)
    AST_ARROW,    // left -> right
    AST_BINARY,   // operator, left, right: + - * / ^ == != < <= > >= and or
    AST_NEGATE,   // left
    AST_NOT,      // left
    AST_MEMBER,   // left . text
    AST_INDEX,    // left[items]
    AST_RANGE,    // left : right : otherwise, each may be NULL (in an index)
    AST_ELLIPSIS, // ... (in an index)
    AST_FOR,      // left, for each value `text` of the list right
    AST_IF,    // left: condition; body, otherwise: blocks (AST_BLOCK); `else if`: an AST_IF there
    AST_BLOCK, // items: statements; the last may be an expression, its value
    AST_ERROR, // what the parser skipped; already reported
    // Statements
    AST_ASSIGN, // text = left       (also: named arguments, entries of `train`)
    AST_UNPACK, // items (AST_NAME, several) = left
    AST_LAYER,  // layer text = left (made once, every use shares it)
    AST_RETURN, // items
    // Declarations
    AST_IMPORT,            // text: path
    AST_PARAM,             // param text = left
    AST_DATASET,           // dataset text = left
    AST_BLOCK_DECLARATION, // block text(parameters) body
    AST_MODEL, // model text(parameters) body (AST_BLOCK; `= expression` is a block of one)
    AST_TRAIN, // train items (AST_NAME, models) on right (AST_NAME or expression) body (AST_BLOCK)
    AST_STEP,  // step text updates items with right body     (inside train)
    AST_MINIMIZE,  // minimize left                              (inside step)
    AST_REPORT,    // report items (AST_NAME)                    (inside step)
    AST_PARAMETER, // of a model or block: text, optional type (AST_TYPE in right), default (left)
    AST_TYPE,      // text: "int", "float" or NULL (float); items: dimensions (expressions)
    AST_FILE       // items: declarations
} AstKind;

typedef enum AstOperator {
    AST_ADD,
    AST_SUBTRACT,
    AST_MULTIPLY,
    AST_DIVIDE,
    AST_POWER,
    AST_EQUAL,
    AST_NOT_EQUAL,
    AST_LESS,
    AST_LESS_EQUAL,
    AST_GREATER,
    AST_GREATER_EQUAL,
    AST_AND,
    AST_OR
} AstOperator;

struct Ast {
    AstKind kind;
    AstOperator operator;
    bool is_integer;
    bool is_grouped; // written in parentheses, which the span includes
    int height;      // of the tree below: 0 for a leaf, at most PARSE_MAX_DEPTH
    Span span;
    Span name_span; // of `text`, where it is a name inside a larger construct
    const char *text;
    double number;
    Ast *left, *right, *body, *otherwise;
    AstList items, parameters;
};

const char *ast_kind_name(AstKind kind);
const char *ast_operator_text(AstOperator operator);
void ast_print(Text *out, const Ast *ast); // the stable form of `--emit=ast`

// The stages of `a -> b -> c` in order: what feeds, then what is fed; one item where `ast` is no
// arrow. A chain in parentheses is one stage of the chain around it.
AstList ast_stages(Arena *arena, const Ast *ast);

#endif
