// The command line: what was asked, and the tables of commands and options from which parsing, the
// checks ("did you mean") and the help text come. Strings point into argv.
#ifndef NNC_OPTIONS_H
#define NNC_OPTIONS_H

#include "../base/diagnostics/diag.h"
#include "../check/check_program.h"
#include "../gen/gen.h"

typedef struct Options Options;

typedef enum ProgramArguments {
    ARGUMENTS_NONE,
    ARGUMENTS_REST,         // what follows the operand and is no option belongs to the program
    ARGUMENTS_BEHIND_DASHES // what follows `--` does
} ProgramArguments;

// What `nnc sweep` was asked for, as it was written (sweep/); NULL: not given.
typedef struct SweepOptions {
    const char *learning_rate, *batch, *epochs; // lists
    const char *seeds, *jobs, *threads, *random, *run;
    bool dry_run;
} SweepOptions;

// A verb of the command line. `run` returns the exit status (runtime/base/status.h).
typedef struct Command {
    const char *name;
    const char *operand; // "FILE", "FILE...", "[NAME]"; NULL: takes none
    ProgramArguments arguments;
    const char *doc;
    int (*run)(const Options *options, Arena *arena);
} Command;

struct Options {
    const Command *command;
    const char *operand;        // the file ("-": standard input), code or name; NULL if absent
    VEC(const char *) operands; // the operands of a command that takes several
    const char *model;          // --model: of several that are trained apart; NULL: the only one
    const char *output;         // -o
    const char *png;            // --png: where the pictures of a data set go; NULL: nowhere
    const char *weights;        // --weights: the file that the executable carries; NULL: none
    const char *emit, *after;
    SweepOptions sweep;
    GenOptions gen;
    Precision precision; // of all trainings
    DiagFormat diagnostics;
    bool svg, dot, json, files, tune, no_forecast, check, write, markdown, help, version;
    VEC(Definition) definitions;
    char **words;     // the command line behind `nnc`
    char **arguments; // for the compiled program, its rest; ended by NULL
};

// Reads argv. False: wrong usage, reported on standard error (exit status 2).
bool options_parse(Options *options, Arena *arena, int argc, char **argv);

// The help text of a command, or of everything for NULL.
void options_help(Text *out, const Command *command);

const Command *command_find(const char *name);  // NULL: none
const char *const *command_names(Arena *arena); // ended by NULL

// Ended by a row without a name (command.c).
extern const Command command_rows[];

#endif
