// The cache of `nnc run`: executables in ${XDG_CACHE_HOME:-~/.cache}/nnc/programs, named by a hash
// of all that they were made of. Entries that were not used for a month are removed.
#ifndef NNC_CACHE_H
#define NNC_CACHE_H

#include "../check/check_program.h"
#include "../gen/gen.h"

// 32 hexadecimal digits: a hash of the sources with their paths, the definitions, what was seen of
// the data, the compiler, the runtime library and the options of code generation.
char *cache_key(Arena *arena, const Program *program, const CheckOptions *check,
                const GenOptions *options);

// The folder, made if need be. NULL: reported (E0902).
char *cache_folder(Arena *arena, DiagSink *sink);

// The path of the executable for `stem` and `key`; *found says whether it is there, and whole.
char *cache_entry(Arena *arena, const char *folder, const char *stem, const char *key, bool *found);

// Makes the executable `made`, in the same file system, the entry `path`, with a seal by which
// cache_entry sees that it is whole. False: reported (E0902).
bool cache_store(const char *made, const char *path, DiagSink *sink);

// Removes entries and abandoned temporary files that were last used before `oldest` (seconds since
// 1970).
void cache_prune(Arena *arena, const char *folder, int64_t oldest);

// FNV-1a with 128 bits, as hexadecimal digits; for tests.
char *cache_hash(Arena *arena, const void *bytes, size_t size);

#endif
