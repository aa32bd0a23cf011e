// Where the lines of the standard layout end. What a program says decides it, not how it was
// written: declarations, statements and branches stand on lines of their own; a chain of three
// arrows or more has a line a stage; what is wider than a line is broken at its outermost signs.
#ifndef NNC_FRONT_BREAKS_H
#define NNC_FRONT_BREAKS_H

#include "parse.h"

enum { BREAKS_WIDTH = 100, BREAKS_STAGES = 3 };

typedef struct BreaksBranch {
    int open, close; // the braces' tokens
    int group;       // the `if` that it belongs to
    bool is_flat;    // on one line so far
} BreaksBranch;

typedef struct Breaks {
    Arena *arena;
    const char *source;
    TokenList tokens; // comments included, without commas before closing brackets
    bool *before;     // by token: it begins a line
    bool *blank;      // by token: an empty line stands before that line
    VEC(BreaksBranch) branches;
    int groups;
} Breaks;

// `file` was parsed from the tokens' source.
void breaks_begin(Breaks *breaks, const Ast *file);

// Breaks the line of `count` tokens from `first`, which is too wide, further. False: it cannot be.
bool breaks_refine(Breaks *breaks, int first, int count);

#endif
