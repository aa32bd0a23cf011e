// A program as the generator makes it and the shrinker takes it apart: a model of steps, each a
// layer applied to values before it, and how it is trained. It is printed as a source and then goes
// through the real front end.
#ifndef NNC_TESTS_NETWORKS_NETWORK_H
#define NNC_TESTS_NETWORKS_NETWORK_H

#include "setup.h"

enum { MAX_STEPS = 40, MAX_ARGUMENTS = 16, MAX_OPERANDS = 6, MAX_PIECES = 4, MAX_CALLS = 3 };

// "conv2d(4, kernel = 3)"; its arguments are texts, of which the first `required` cannot be left
// out.
typedef struct Words {
    const char *name;
    const char *arguments[MAX_ARGUMENTS];
    int count, required;
    const char *limits; // of what it is given: "0.1, 3"; NULL: none
} Words;

// Layers with a name of their own, used as one.
typedef enum PieceKind { PIECE_LAYER, PIECE_RECIPE, PIECE_BLOCK, PIECE_KINDS } PieceKind;

typedef struct Piece {
    PieceKind kind;
    Words calls[MAX_CALLS];
    int count;
    Type input; // a shared layer takes no other
} Piece;

typedef enum Form {
    FORM_ARROW, // a -> layer
    FORM_CALL,  // layer(a, b)
    FORM_SLOPE, // gradient(a -> layer -> square, a)
    FORM_SIGN,  // a + b
    FORM_PIECE, // a -> the name of a piece
    FORM_TEXT   // an expression of the language
} Form;

typedef struct Step {
    Form form;
    Words call;         // of FORM_ARROW, FORM_CALL and FORM_SLOPE
    char sign;          // of FORM_SIGN
    const char *number; // the second operand of a sign, where it is a number; NULL: it is not
    int piece, copies;  // of FORM_PIECE
    const char *text;   // of FORM_TEXT: `$` stands for the first operand, `@` for the second
    int operands[MAX_OPERANDS]; // values: 0 is the input, i + 1 is step i
    int operand_count;
    Type type;
} Step;

typedef struct Network {
    bool is_scaled; // the data: by 1/255
    Piece pieces[MAX_PIECES];
    int piece_count;
    Step steps[MAX_STEPS];
    int step_count;
    Words loss, optimizer, regularizer; // the last one has no name where there is none
    int64_t batch;
    bool in_bfloat16;   // its products
    const char *metric; // NULL: none, so that training stores no predictions
    Setup setup;
} Network;

const Type *network_type(const Network *network, int value);

// The whole program, with the line of its setup.
// The names of cells that texts may use, blank-separated.
const char *network_cells(void);
char *network_text(Arena *arena, const Network *network);

// A model of one step, for the front end to say what its type is; operands are inputs "a", "b", ...
char *network_step_text(Arena *arena, const Network *network, const Step *step);

void words_add(Words *call, const char *argument);

#endif
