// The command line of compiled programs (docs/language.md: what scripts may rely on). Both
// `--name value` and `--name=value`; unknown names are errors that name the nearest one.
#ifndef NNRT_OPTIONS_H
#define NNRT_OPTIONS_H

#include "../base/status.h"
#include "../base/text/amount.h"

#include <stdint.h>

typedef enum nnrt_progress_mode {
    NNRT_PROGRESS_AUTO, // bar on a terminal, else line; none with --json
    NNRT_PROGRESS_BAR,
    NNRT_PROGRESS_LINE, // one line an epoch
    NNRT_PROGRESS_JSON, // one object an epoch
    NNRT_PROGRESS_NONE
} nnrt_progress_mode;

enum { NNRT_ALLOWED_FOLDERS = 32 };

typedef struct nnrt_options {
    const char *program; // as called
    char *const *words;  // the command line, the program first
    int word_count;
    const char *called; // what to type: the same, or "nnc run FILE"
    const char *command;
    const char *topic;      // of `help`; NULL: all
    int64_t help;           // print the help of `command`
    int64_t seed, has_seed; // given
    // 0 or NULL: not given
    int64_t epochs, steps, batch, threads;
    double learning_rate, seconds;
    // Of lr-find: the bounds of its rates, whose step and which block they are of.
    double from, to;
    const char *step, *curve_csv;
    int64_t training;
    const char *seeds, *rates; // --seeds, and a list of --learning-rate: runs side by side
    // One of these runs: its learning_rate is that with which it began; what it says of its end is
    // brief unless its epochs are asked for.
    int64_t is_one_of_several, tells_epochs;
    const char *prompt, *prompt_file;
    int64_t length, top_k;
    double temperature, top_p; // temperature: 1 where it is not given
    int64_t carried;           // start from the weights that the program carries
    const char *model;
    const char *weights, *save, *output, *step_log, *history, *npy, *png;
    int64_t no_shuffle, json, csv, profile;
    int64_t progress;  // nnrt_progress_mode
    double heartbeat;  // seconds between lines of an epoch that takes long
    const char *run;   // where runs have folders of their own
    int64_t no_report; // in that folder
    const char *checkpoint;
    nnrt_every every;          // a checkpoint
    int64_t verbose;           // say first what the training takes
    int64_t doctor;            // look at steps, and say what is wrong
    int64_t overfit;           // so many batches, by heart
    int64_t dry_run;           // touch everything once
    int64_t resume, changed;   // go on from it; though it is another program's, or of other data
    double max_time;           // seconds
    const char *max_time_text; // as given
    const char
        *allow_write[NNRT_ALLOWED_FOLDERS]; // --allow-write, in order; the first NULL ends it
    char *const *inputs;
    int64_t input_count;
} nnrt_options;

// `nnc run` says in this variable how it was called, for messages that name a command.
#define NNRT_CALLED "NNC_RUN"

// Fills *options; what it points to lives in argv, which is reordered: inputs to the end.
nnrt_status nnrt_options_parse(nnrt_options *options, int argc, char **argv);

// Prints the commands, or the options of one, to stdout.
void nnrt_options_help(const nnrt_options *options);

#endif
