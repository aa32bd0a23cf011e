// `nnc explain CODE`: the page of a diagnostic code. The pages are docs/errors/CODE.md, made part
// of the compiler by cmake/EmbedErrors.cmake.
#ifndef NNC_EXPLAIN_H
#define NNC_EXPLAIN_H

#include "../../base/diagnostics/diag.h"

// The page (Markdown) of a code; NULL: there is none.
const char *explain_page(DiagCode code);

// All codes with their titles, one a line.
void explain_list(Text *out);

// One row a file of docs/errors, ended by a row without name; generated.
typedef struct ErrorPage {
    const char *code, *text;
} ErrorPage;
extern const ErrorPage error_pages[];

#endif
