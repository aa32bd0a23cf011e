// The way of one program through the compiler. The one ordered table of stages (driver.c) says for
// each what it does and how it prints itself; running, `--emit`, `--time-passes` and the help text
// come from it.
#ifndef NNC_DRIVER_H
#define NNC_DRIVER_H

#include "../command/options.h"

typedef struct Session {
    const Options *options;
    GenOptions gen; // those of `options`, and what tune.h adds
    Arena *arena;   // of everything below; not owned
    SourceSet *sources;
    DiagSink *sink;
    uint32_t file;
    bool need_data; // missing data is an error, not a warning
    int stages_done;
    Ast *ast;           // after stage `ast`
    Program *program;   // after stage `graph`
    const char *output; // where `obj` and `exe` go, and other stages that are printed; NULL: stdout
    const char *object; // the temporary object file; NULL: none
    int object_lock;    // its descriptor (runtime/files/temporary.h)
    const char *carried; // that of the weights to be carried; NULL: none
    int carried_lock;
    bool needs_blas;
    double *stage_seconds; // by stage
} Session;

void session_open(Session *session, const Options *options, Arena *arena);

// Runs the stages up to `last` that have not run yet. False: errors are in the sink. Errors of
// syntax let the later stages of the front end go on.
bool session_advance(Session *session, const char *last);

// Runs the stages up to `last` and prints it to session->output or standard output; `obj` and `exe`
// make the file session->output (the default is named after the source).
bool session_emit(Session *session, const char *last);

CheckOptions session_check_options(const Session *session);

// Makes an executable of the checked program, beside the stages; it carries no weights.
bool session_build(Session *session, const char *executable);

// After stage `graph`: reports a program without a model.
bool session_needs_model(Session *session);

// A dataset that the main model is trained on and of which nothing is known, since its files are
// missing; NULL: none. The second one reports it (and a missing model).
const Dataset *session_unknown_data(const Session *session);
bool session_needs_data(Session *session);

// Removes temporary files, prints diagnostics and times. `ok` is what the functions above
// returned. Returns the exit status.
int session_close(Session *session, bool ok);

bool driver_has_stage(const char *name);
bool driver_stage_has_passes(const char *name);      // may be shown `--after` a pass
const char *const *driver_stage_names(Arena *arena); // ended by NULL
void driver_list_stages(Text *out);

// What is being done, for the message after a crash ("stage `graph`"). Safe in a signal handler.
const char *driver_current_stage(void);
// The temporary files, and then a folder, that an interrupted compiler would leave; NULL: none.
// Safe in a signal handler.
enum { DRIVER_TEMPORARY_FILES = 4 };
const char *driver_temporary_file(int index);

#endif
