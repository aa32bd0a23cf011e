// What the sink (diag.c) shares with the two renderers (diag_text.c, diag_json.c).
#ifndef NNC_BASE_DIAG_INTERNAL_H
#define NNC_BASE_DIAG_INTERNAL_H

#include "../vec.h"
#include "diag.h"

typedef struct DiagLabel {
    Span span;
    const char *text; // NULL: underlined without words
} DiagLabel;

typedef VEC(const char *) DiagLines;

struct Diag {
    Arena *arena;
    DiagCode code;
    DiagSeverity severity;
    const char *message;
    DiagLabel primary;
    VEC(DiagLabel) secondary;
    DiagLines notes, helps;
    int order; // of reporting, for a stable sort
};

// One diagnostic in rustc's layout. `explain` adds the note that names `nnc explain`.
void diag_render_text(Text *out, const Diag *diag, const SourceSet *sources, bool explain,
                      bool color);

// One diagnostic as a JSON object on a line of its own.
void diag_render_json(Text *out, const Diag *diag, const SourceSet *sources);

const char *diag_severity_name(DiagSeverity severity);

#endif
