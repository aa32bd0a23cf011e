// Private to `nnc expand`: what its files share.
#ifndef NNC_CHECK_EXPANDER_H
#define NNC_CHECK_EXPANDER_H

#include "../check.h"

typedef struct Expander {
    Text *out;
    Arena *arena;
    const Program *program;
    Text notes;             // for the comment of the line that is being written
    const Ast *declaration; // the block or model that is being written; NULL: neither
    Map names;              // that the program declares anywhere
    int indent;
} Expander;

// Adds to the comment of the line that is being written.
void expander_note(Expander *e, const char *text);
void expander_end_line(Expander *e);
void expander_new_line(Expander *e);

void expander_put_source(Expander *e, const Ast *ast); // as it was written
void expander_put_call(Expander *e, const Ast *ast);
void expander_put_bound_call(Expander *e, const Ast *ast, const Bound *bound);
void expander_put_item(Expander *e, const Ast *item);
void expander_put_expression(Expander *e, const Ast *ast);
void expander_put_body(Expander *e, const Ast *body);
void expander_put_train(Expander *e, const Ast *ast);

#endif
