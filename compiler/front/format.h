// `nnc fmt`: the standard layout of a source. One program has one layout, however it was written:
// blanks, line breaks, empty lines and commas before closing brackets are the layout's; tokens and
// comments stay (each behind the code of a line, or on lines of its own). Lines have at most 100
// columns where they can be broken.
#ifndef NNC_FRONT_FORMAT_H
#define NNC_FRONT_FORMAT_H

#include "parse.h"

// Appends the formatted source. Returns false, with the errors in the sink, where the source does
// not follow the grammar.
bool format_print(Text *out, Arena *arena, SourceSet *sources, uint32_t file, DiagSink *sink);

#endif
