// Checking a program: from the syntax tree, the registries (compiler/op) and the headers of the
// data to what passes and generator know (compiler/program).
#ifndef NNC_CHECK_CHECK_PROGRAM_H
#define NNC_CHECK_CHECK_PROGRAM_H

#include "../front/ast.h"
#include "../program/program.h"

// `-D name=value`
typedef struct Definition {
    const char *name, *value;
} Definition;

typedef struct CheckOptions {
    const Definition *definitions;
    int definition_count;
    const char *model;   // --model: the one that is meant; NULL: the only one that is trained
    Precision precision; // --precision: of all trainings; unsaid: as they say
    bool need_data;      // build, run: missing data is an error; else a warning
} CheckOptions;

struct Map;

// What a program was written as.
typedef struct Written {
    const Ast *ast;           // the declarations of all files
    const struct Map *needed; // by the main file: what program_expand prints
    const Definition *definitions;
    int definition_count;
    Precision precision;
    const struct Map *bound; // call (Ast *) -> Bound *, as bind.h has it
} Written;

// NULL only when nothing could be understood; otherwise errors are in the sink and the caller must
// not go on to the passes when there are any.
Program *program_check(Arena *arena, SourceSet *sources, uint32_t file, const Ast *ast,
                       const CheckOptions *options, DiagSink *sink);

// `nnc expand`: the program with every default written out, with where it came from in comments.
void program_expand(Text *out, const Program *program);

#endif
