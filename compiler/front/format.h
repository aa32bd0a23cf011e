// `nnc fmt`: the standard layout of a source. It changes only blanks, indentation and runs of empty
// lines; line breaks, comments and tokens stay, so the meaning stays, and formatting twice changes
// nothing more.
#ifndef NNC_FRONT_FORMAT_H
#define NNC_FRONT_FORMAT_H

#include "parse.h"

// Appends the formatted source. Returns false, with the errors in the sink, where the source does
// not follow the grammar.
bool format_print(Text *out, Arena *arena, SourceSet *sources, uint32_t file, DiagSink *sink);

#endif
