// What a syntax error's wording (report.c) and its remedies (hint.c) share.
#ifndef NNC_GRAMMAR_REPORT_H
#define NNC_GRAMMAR_REPORT_H

#include "state.h"

typedef struct Expectation {
    const char *const *names; // as nn.y calls the tokens
    int count;
} Expectation;

bool report_expects(const Expectation *expected, const char *name);

// Adds the remedy for the usual slips.
void hint_add(Parse *parse, Diag *diag, const Lexeme *found, const Expectation *expected);

#endif
