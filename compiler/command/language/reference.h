// What the language knows: operators, losses, optimizers and the other callables, as the registries
// describe them. `nnc ops` and docs/reference.md are made of it.
#ifndef NNC_REFERENCE_H
#define NNC_REFERENCE_H

#include "../../graph/schema.h"

// All names with their one-line descriptions, family by family.
void reference_list(Text *out);

// One callable with its arguments, defaults and ranges. False: there is none of that name.
bool reference_print(Text *out, const char *name);

// Everything as Markdown.
void reference_markdown(Text *out);

// All names, ended by NULL, for "did you mean".
const char *const *reference_names(Arena *arena);

#endif
