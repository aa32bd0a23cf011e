// Files that the compiler writes: to a temporary name in the same folder, renamed when complete.
#ifndef NNC_OUTPUT_H
#define NNC_OUTPUT_H

#include "../base/diagnostics/diag.h"

// What messages call the source of an operand: "-" is standard input.
const char *output_source_name(const char *operand);

// "net" for "models/net.nn"; a source without that ending keeps its name. Where the model was said
// (NULL: it was not), "net-model".
char *output_stem(Arena *arena, const char *source_path, const char *model);

// Reports E0902 if a file could not be made at `path`: a missing or unwritable folder, a folder or
// device of that name, or something that is read: a source, a file of the data
// (runtime/files/paths/reads.h).
bool output_check(Arena *arena, const char *path, const SourceSet *sources, DiagSink *sink);

// Where `path` leads if it is a symbolic link; else `path`.
const char *output_target(Arena *arena, const char *path);

// A folder beside `path` that only this user can enter, and the path of a file `name` in it: what
// other programs write (runtime/files/temporary.h). The descriptor holds its lock. False: reported
// (E0902).
typedef struct OutputFolder {
    char *folder, *file;
    int descriptor;
} OutputFolder;
bool output_folder(OutputFolder *out, Arena *arena, const char *path, DiagSink *sink);
void output_folder_remove(OutputFolder *out); // with what is in it; nothing for a zeroed one

// Writes all of `text` to `path`, or to standard output for NULL; keeps the permissions of a file
// that it replaces, and writes devices and pipes in place. Reports E0902.
bool output_write(const char *path, const Text *text, DiagSink *sink);

#endif
