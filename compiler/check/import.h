// Several files as one program: `import "file.nn"` makes the declarations of another file known.
#ifndef NNC_CHECK_IMPORT_H
#define NNC_CHECK_IMPORT_H

#include "evaluate/value.h"

#include <sys/types.h>

typedef struct Checker Checker;
typedef struct SourceFile SourceFile;
typedef VEC(SourceFile *) SourceFileList;

enum { IMPORT_MAX_FILES = 1000 };

struct SourceFile {
    uint32_t file; // index into the SourceSet
    int number;    // index into c->known_files
    const Ast *ast;
    Scope *scope;         // what its text sees: its declarations and those of `sees`
    bool *sees;           // by number: itself, and all that it imports, at any depth
    SourceFile *importer; // the first one; NULL: the file that nnc was given
    Span import;          // the declaration there
    bool has_identity;    // of a file on disk; standard input has none
    dev_t device;
    ino_t inode;
    bool is_open; // its imports are being read: one that leads here is a cycle
};

// Reads what the main file imports (E0007, E0109). Returns the declarations of all files: those of
// imported files first, without their `train` blocks and without the imports themselves.
const Ast *import_all(Checker *c, const Ast *main);

// The names of the whole file that `span` lies in; of the main file for what lies in none (`-D`).
Scope *import_globals(const Checker *c, Span span);
// Binds a declaration for its own file and all that import it.
void import_bind(Checker *c, Span declaration, const char *name, const Value *value);
// May text at `use` name what is declared at `declaration` outside of all bodies?
bool import_sees(const Checker *c, Span use, Span declaration);
bool import_is_foreign(const Checker *c, Span span);    // of an imported file
const Ast *import_file_of(const Checker *c, Span span); // its declarations; NULL: no file's

// Does the main file need the declaration, or one that it needs? Others are checked, but datasets
// are not opened and models are not made.
bool import_is_needed(const Checker *c, const Ast *declaration);

#endif
