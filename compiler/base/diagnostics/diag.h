// Diagnostics: collected in a sink, sorted by place, deduplicated and printed once, in rustc's
// layout or as JSON lines. A message stands alone: no capital, no full stop, identifiers in
// backticks; it says what was expected and what was found. Codes and titles are in diag.def.
#ifndef NNC_BASE_DIAG_H
#define NNC_BASE_DIAG_H

#include "../source.h"
#include "../text.h"

#include <stdio.h>

typedef enum DiagCode {
#define DIAG(code, severity, title) DIAG_##code,
#include "diag.def"
#undef DIAG
    DIAG_CODE_COUNT
} DiagCode;

typedef enum DiagSeverity { DIAG_ERROR, DIAG_WARNING } DiagSeverity;
typedef enum DiagFormat { DIAG_TEXT, DIAG_JSON } DiagFormat;

typedef struct Diag Diag;
typedef struct DiagSink DiagSink;

DiagSink *diag_create(Arena *arena, SourceSet *sources);

// Adds a diagnostic; the severity comes from the code (E... error, W... warning). The functions
// below add to it and accept NULL, which diag_report returns for a span already reported.
Diag *diag_report(DiagSink *sink, DiagCode code, Span span, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void diag_label(Diag *diag, const char *format, ...) __attribute__((format(printf, 2, 3)));
void diag_secondary(Diag *diag, Span span, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void diag_note(Diag *diag, const char *format, ...) __attribute__((format(printf, 2, 3)));
void diag_help(Diag *diag, const char *format, ...) __attribute__((format(printf, 2, 3)));

int diag_error_count(const DiagSink *sink);
void diag_print(DiagSink *sink, FILE *out, DiagFormat format, bool color);

const char *diag_code_name(DiagCode code);  // "E0203"
const char *diag_code_title(DiagCode code); // one line
int diag_code_find(const char *name);       // DiagCode or -1

// The candidate nearest to `name` by edit distance, if near enough to be what was meant, or NULL.
// `candidates` ends with NULL.
const char *suggest_name(const char *name, const char *const *candidates);

#endif
