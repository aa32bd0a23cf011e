// One table of commands and one of options; parsing, checking and the help text come from them.
#include "options.h"

#include "../base/text/number.h"
#include "../base/text/suggestion.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIT = 1,
    INIT = 2,
    EVALUATE = 4,
    PREDICT = 8,
    BENCH = 16,
    INFO = 32,
    HELP = 64,
    GENERATE = 128,
    REPLAY = 256,
    REPORT = 512,
    LR_FIND = 1024,
    COST = 2048,
    CALIBRATE = 4096
};

static const struct command {
    const char *name;
    int bit;
    const char *arguments, *doc;
} commands[] = {
    {"fit", FIT, "", "train, evaluate, save the weights (the default)"},
    {"init", INIT, "", "save the initial weights; needs no data"},
    {"evaluate", EVALUATE, " [FILE]",
     "loss, metrics, confusion matrix, recall and precision by class"},
    {"predict", PREDICT, " INPUT...",
     "classes or values for .npy, .png and IDX files, `-` or numbers"},
    {"report", REPORT, "", "one page with curves, mistakes, predictions, the model"},
    {"lr-find", LR_FIND, "", "which learning rate to begin with: a range test and its curve"},
    {"calibrate", CALIBRATE, "",
     "of predictions in int8: measure ranges, keep them with the weights"},
    {"generate", GENERATE, "", "go on with a text, token by token"},
    {"cost", COST, "", "what a training takes, and how long: operations, bytes, memory, times"},
    {"bench", BENCH, "", "measure training and prediction on data in memory"},
    {"replay", REPLAY, " FILE", "run a step again that `fit` kept because a value is not finite"},
    {"info", INFO, "", "what this program is and which data it needs"},
    {"help", HELP, " [COMMAND]", "this text, or the options of a command"},
};
enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

typedef enum option_type {
    OPTION_FLAG,
    OPTION_COUNT, // 1 to 10^12
    OPTION_SEED,  // 0 to 2^63 - 1
    OPTION_POSITIVE,
    OPTION_RATES, // a number above 0, or a list of such, which is read by who runs them
    OPTION_NOT_NEGATIVE,
    OPTION_SHARE, // above 0, at most 1
    OPTION_TEXT,
    OPTION_FILE,
    OPTION_NAME,
    OPTION_EVERY,    // 10 (steps), 60s, 2epochs
    OPTION_DURATION, // 90s, 1h30m
    OPTION_FOLDERS,  // a list, the first NULL ends it
    OPTION_PROGRESS
} option_type;

static const struct option {
    const char *name;
    option_type type;
    size_t field;
    int commands;
    const char *value, *doc;
} options_table[] = {
    {"--epochs", OPTION_COUNT, offsetof(nnrt_options, epochs), FIT, "N", "passes over the data"},
    {"--steps", OPTION_COUNT, offsetof(nnrt_options, steps), FIT, "N", "stop after N batches"},
    {"--from", OPTION_POSITIVE, offsetof(nnrt_options, from), LR_FIND, "X",
     "the first rate; 1e-7 unless given"},
    {"--to", OPTION_POSITIVE, offsetof(nnrt_options, to), LR_FIND, "X",
     "the last rate, unless the loss diverges before; 10 unless given"},
    {"--steps", OPTION_COUNT, offsetof(nnrt_options, steps), LR_FIND, "N",
     "so many rates between them; 100 unless given"},
    {"--step", OPTION_NAME, offsetof(nnrt_options, step), LR_FIND, "NAME",
     "of several steps of one's own, the one whose rate grows"},
    {"--training", OPTION_COUNT, offsetof(nnrt_options, training), LR_FIND, "N",
     "of several `train` blocks, the one that is meant; the first unless given"},
    {"--batch", OPTION_COUNT, offsetof(nnrt_options, batch), FIT | BENCH | LR_FIND | COST, "N",
     "samples a batch, at most the compiled number"},
    {"--learning-rate", OPTION_RATES, offsetof(nnrt_options, learning_rate), FIT, "X",
     "instead of the program's; of 0.1,0.01 each is a run, side by side"},
    {"--seed", OPTION_SEED, offsetof(nnrt_options, seed),
     FIT | INIT | BENCH | GENERATE | LR_FIND | COST, "N",
     "of initial weights, shuffling, dropout and what is drawn; 1 unless given"},
    {"--seeds", OPTION_NAME, offsetof(nnrt_options, seeds), FIT, "N",
     "N runs side by side, of as many seeds from --seed on, or those of a list: 3,7,12"},
    {"--threads", OPTION_COUNT, offsetof(nnrt_options, threads),
     FIT | EVALUATE | PREDICT | BENCH | GENERATE | REPORT | LR_FIND | COST | CALIBRATE, "N",
     "at most; the result is the same for any number"},
    {"--no-shuffle", OPTION_FLAG, offsetof(nnrt_options, no_shuffle), FIT | LR_FIND | COST, NULL,
     "take the samples in the data's order"},
    {"--weights", OPTION_FILE, offsetof(nnrt_options, weights),
     FIT | EVALUATE | PREDICT | GENERATE | REPORT | LR_FIND | CALIBRATE | INFO, "FILE",
     "start from, or use, these weights"},
    {"--model", OPTION_NAME, offsetof(nnrt_options, model),
     PREDICT | EVALUATE | BENCH | INFO | GENERATE | REPORT, "NAME",
     "of several models, the one that is meant"},
    {"--carried", OPTION_FLAG, offsetof(nnrt_options, carried), FIT | LR_FIND, NULL,
     "start from the weights that the program carries"},
    {"--save", OPTION_FILE, offsetof(nnrt_options, save), FIT | INIT | CALIBRATE, "FILE",
     "where the weights go"},
    {"--output", OPTION_FILE, offsetof(nnrt_options, output), REPORT, "FILE",
     "where the page goes, -o FILE for short; PROGRAM-report.html unless given"},
    {"--output", OPTION_FILE, offsetof(nnrt_options, output), LR_FIND, "FILE",
     "write the curve as a picture (SVG), -o FILE for short"},
    {"--step-log", OPTION_FILE, offsetof(nnrt_options, step_log), FIT, "FILE",
     "write the loss of every batch (CSV)"},
    {"--history", OPTION_FILE, offsetof(nnrt_options, history), FIT, "FILE",
     "write loss and metrics of every epoch (CSV)"},
    {"--run", OPTION_FILE, offsetof(nnrt_options, run), FIT, "DIR",
     "leave all of this run in a folder of its own in DIR; `nnc runs DIR` compares them"},
    {"--no-report", OPTION_FLAG, offsetof(nnrt_options, no_report), FIT, NULL,
     "the folder of the run gets no report.html at the end"},
    {"--checkpoint", OPTION_FILE, offsetof(nnrt_options, checkpoint), FIT | INFO, "FILE",
     "keep all that the training depends on in FILE, to go on from there; `info` says what it holds"},
    {"--every", OPTION_EVERY, offsetof(nnrt_options, every), FIT, "N",
     "how often: 10 (steps), 60s, 5m, 2epochs; 60s unless given"},
    {"--resume", OPTION_FLAG, offsetof(nnrt_options, resume), FIT, NULL,
     "go on from the checkpoint, where there is one"},
    {"--changed", OPTION_FLAG, offsetof(nnrt_options, changed), FIT, NULL,
     "though the program or its data are not those of the checkpoint"},
    {"--max-time", OPTION_DURATION, offsetof(nnrt_options, max_time), FIT, "T",
     "stop after 90s, 30m, 8h, as an interruption does"},
    {"--dry-run", OPTION_FLAG, offsetof(nnrt_options, dry_run), FIT, NULL,
     "try everything once, in seconds: data, a step, validation, files; leave nothing behind"},
    {"--verbose", OPTION_FLAG, offsetof(nnrt_options, verbose), FIT, NULL,
     "say first what the training takes: operations, bytes, memory, time, as `nnc cost` does"},
    {"--doctor", OPTION_FLAG, offsetof(nnrt_options, doctor), FIT, NULL,
     "look at layers, gradients and answers, and say at the end what is wrong and what helps"},
    {"--overfit", OPTION_COUNT, offsetof(nnrt_options, overfit), FIT, "N",
     "learn N batches by heart, or say why they are not learnt; save nothing"},
    {"--allow-write", OPTION_FOLDERS, offsetof(nnrt_options, allow_write), FIT, "DIR",
     "callbacks may write below DIR, too, not only below this folder"},
    {"--progress", OPTION_PROGRESS, offsetof(nnrt_options, progress), FIT, "HOW",
     "auto, bar, line, json or none"},
    {"--heartbeat", OPTION_DURATION, offsetof(nnrt_options, heartbeat), FIT, "T",
     "where lines are shown, say so often how far an epoch is; 60s unless given"},
    {"--seconds", OPTION_POSITIVE, offsetof(nnrt_options, seconds), BENCH, "S",
     "how long to measure"},
    {"--profile", OPTION_FLAG, offsetof(nnrt_options, profile), FIT | BENCH, NULL,
     "say where the time of a step goes, by group and by line of the source"},
    {"--prompt", OPTION_TEXT, offsetof(nnrt_options, prompt), GENERATE, "TEXT",
     "what the text begins with; a line's end unless given"},
    {"--prompt-file", OPTION_FILE, offsetof(nnrt_options, prompt_file), GENERATE, "FILE",
     "the same from a file; -: from standard input"},
    {"--length", OPTION_COUNT, offsetof(nnrt_options, length), GENERATE, "N",
     "write so many tokens; 500 unless given"},
    {"--temperature", OPTION_NOT_NEGATIVE, offsetof(nnrt_options, temperature), GENERATE, "X",
     "divide scores by X before drawing; 0: always the likeliest; 1 unless given"},
    {"--top-k", OPTION_COUNT, offsetof(nnrt_options, top_k), GENERATE, "N",
     "draw from the N likeliest tokens"},
    {"--top-p", OPTION_SHARE, offsetof(nnrt_options, top_p), GENERATE, "P",
     "draw from the likeliest tokens that together have the probability P"},
    {"--json", OPTION_FLAG, offsetof(nnrt_options, json),
     FIT | EVALUATE | PREDICT | BENCH | INFO | GENERATE | LR_FIND | COST, NULL,
     "print the result as JSON"},
    {"--csv", OPTION_FLAG, offsetof(nnrt_options, csv), PREDICT, NULL, "print the result as CSV"},
    {"--csv", OPTION_FILE, offsetof(nnrt_options, curve_csv), LR_FIND, "FILE",
     "write rate and loss of each step (CSV)"},
    {"--npy", OPTION_FILE, offsetof(nnrt_options, npy), PREDICT, "OUT",
     "write the outputs to a NumPy file"},
    {"--png", OPTION_FILE, offsetof(nnrt_options, png), PREDICT, "DIR",
     "write outputs that are pictures, or classes of places, to PNG files in a folder"},
    {"--help", OPTION_FLAG, offsetof(nnrt_options, help), ~0, NULL, "print this text"},
};
enum { OPTION_ROWS = sizeof options_table / sizeof *options_table };

static const char *const progress_names[] = {"auto", "bar", "line", "json", "none"};
enum { PROGRESS_NAMES = sizeof progress_names / sizeof *progress_names };

// ---- Did you mean.

static nnrt_status unknown(const char *what, const char *wrong, const nnrt_suggestion *best,
                           const char *else_help) {
    if (best->name)
        return nnrt_fail(NNRT_USAGE, "unknown %s `%s`; did you mean `%s`?", what, wrong,
                         best->name);
    return nnrt_fail(NNRT_USAGE, "unknown %s `%s`; %s", what, wrong, else_help);
}

static const struct command *find_command(const char *name) {
    for (int i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i].name, name) == 0) return &commands[i];
    return NULL;
}

static nnrt_status unknown_command(const char *name) {
    nnrt_suggestion best = NNRT_NO_SUGGESTION;
    for (int i = 0; i < COMMAND_COUNT; i++) nnrt_suggestion_consider(&best, name, commands[i].name);
    return unknown("command", name, &best, "`help` lists them");
}

static const struct option *find_option(const char *name, size_t length, int bits) {
    for (int i = 0; i < OPTION_ROWS; i++)
        if (strlen(options_table[i].name) == length &&
            strncmp(options_table[i].name, name, length) == 0 && (options_table[i].commands & bits))
            return &options_table[i];
    return NULL;
}

// What other tools call our options.
static const char *const other_names[][2] = {
    {"--num-it", "--steps"},     {"--start-lr", "--from"},       {"--end-lr", "--to"},
    {"--min-lr", "--from"},      {"--max-lr", "--to"},           {"--num-training", "--steps"},
    {"--ckpt", "--checkpoint"},  {"--time-limit", "--max-time"}, {"--lr", "--learning-rate"},
    {"--batch-size", "--batch"}, {"--output", "--save"},         {"--load", "--weights"},
    {"--jobs", "--threads"},     {"--workers", "--threads"},
};

static nnrt_status unknown_option(const char *name, const struct command *command) {
    nnrt_suggestion best = NNRT_NO_SUGGESTION;
    for (size_t i = 0; i < sizeof other_names / sizeof *other_names; i++)
        if (strcmp(name, other_names[i][0]) == 0 &&
            find_option(other_names[i][1], strlen(other_names[i][1]), command->bit))
            best.name = other_names[i][1];
    if (best.name) return unknown("option", name, &best, NULL);
    for (int i = 0; i < OPTION_ROWS; i++)
        if (options_table[i].commands & command->bit)
            nnrt_suggestion_consider(&best, name, options_table[i].name);
    char help[64];
    snprintf(help, sizeof help, "`help %s` lists them", command->name);
    return unknown("option", name, &best, help);
}

// ---- Values.

static nnrt_status bad_value(const struct option *option, const char *value, const char *wanted) {
    return nnrt_fail(NNRT_USAGE, "`%s` needs %s, not `%s`", option->name, wanted, value);
}

static nnrt_status set_integer(const struct option *option, const char *value, int64_t low,
                               int64_t high, const char *wanted, int64_t *field) {
    char *end;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    int digits = *value >= '0' && *value <= '9';
    if (!digits || *end || errno || number < low || number > high)
        return bad_value(option, value, wanted);
    *field = number;
    return NNRT_OK;
}

static nnrt_status set_positive(const struct option *option, const char *value, double *field) {
    double number;
    if (!nnrt_number_parse(value, &number) || !isfinite(number) || number <= 0)
        return bad_value(option, value, "a number above 0, at most 1.8e308");
    *field = number;
    return NNRT_OK;
}

static nnrt_status set_number(const struct option *option, const char *value, double *field) {
    double number;
    int is_share = option->type == OPTION_SHARE;
    if (!nnrt_number_parse(value, &number) || !isfinite(number) || number < 0 ||
        (is_share && (number == 0 || number > 1)))
        return bad_value(option, value,
                         is_share ? "a number above 0, at most 1" : "a number from 0 on");
    *field = number;
    return NNRT_OK;
}

static nnrt_status set_progress(const struct option *option, const char *value, int64_t *field) {
    for (int i = 0; i < PROGRESS_NAMES; i++)
        if (strcmp(progress_names[i], value) == 0) {
            *field = i;
            return NNRT_OK;
        }
    return bad_value(option, value, "auto, bar, line, json or none");
}

static nnrt_status set_duration(const struct option *option, const char *value, double *field) {
    if (nnrt_duration_parse(value, field)) return NNRT_OK;
    return bad_value(option, value, NNRT_DURATION_WANTED);
}

static nnrt_status set_every(const struct option *option, const char *value, nnrt_every *field) {
    if (nnrt_every_parse(value, field)) return NNRT_OK;
    return bad_value(option, value, NNRT_EVERY_WANTED);
}

static nnrt_status set_folder(const struct option *option, const char *value,
                              const char *list[NNRT_ALLOWED_FOLDERS]) {
    int64_t count = 0;
    while (count < NNRT_ALLOWED_FOLDERS && list[count]) count++;
    if (!*value) return bad_value(option, value, "the name of a folder");
    if (count == NNRT_ALLOWED_FOLDERS)
        return nnrt_fail(NNRT_USAGE, "`%s` can be given %d times", option->name,
                         NNRT_ALLOWED_FOLDERS);
    list[count] = value;
    return NNRT_OK;
}

static nnrt_status set_value(const struct option *option, const char *value, void *field) {
    switch (option->type) {
    case OPTION_FLAG: *(int64_t *)field = 1; return NNRT_OK;
    case OPTION_COUNT:
        return set_integer(option, value, 1, 1000000000000, "a whole number from 1 to 10^12",
                           field);
    case OPTION_SEED:
        return set_integer(option, value, 0, INT64_MAX, "a whole number from 0 to 2^63 - 1", field);
    case OPTION_RATES:
    case OPTION_POSITIVE: return set_positive(option, value, field);
    case OPTION_NOT_NEGATIVE:
    case OPTION_SHARE: return set_number(option, value, field);
    case OPTION_TEXT: *(const char **)field = value; return NNRT_OK;
    case OPTION_PROGRESS: return set_progress(option, value, field);
    case OPTION_EVERY: return set_every(option, value, field);
    case OPTION_DURATION: return set_duration(option, value, field);
    case OPTION_FOLDERS: return set_folder(option, value, field);
    case OPTION_NAME:
    case OPTION_FILE:
        if (!*value)
            return bad_value(option, value,
                             option->type == OPTION_FILE ? "the name of a file" : "a name");
        *(const char **)field = value;
        return NNRT_OK;
    }
    return NNRT_BUG;
}

// ---- Arguments.

// An option that only other commands have.
static nnrt_status foreign_option(const struct option *option, const struct command *command) {
    for (int i = 0; i < COMMAND_COUNT; i++)
        if (option->commands & commands[i].bit)
            return nnrt_fail(NNRT_USAGE, "`%s` is an option of `%s`, not of `%s`", option->name,
                             commands[i].name, command->name);
    return NNRT_BUG;
}

// Takes the option at argv[*i], and its value behind `=` or in the next argument.
static nnrt_status take_option(nnrt_options *options, const struct command *command, char **argv,
                               int *i) {
    char name[NNRT_LONGEST_NAME + 1];
    const char *argument = argv[*i], *equals = strchr(argument, '=');
    size_t length = equals ? (size_t)(equals - argument) : strlen(argument);
    if (strcmp(argument, "-h") == 0) argument = "--help", length = strlen(argument);
    if (strcmp(argument, "-o") == 0) argument = "--output", length = strlen(argument);
    snprintf(name, sizeof name, "%.*s", (int)length, argument);
    const struct option *option = find_option(argument, length, command->bit);
    if (!option) {
        option = find_option(argument, length, ~0);
        return option ? foreign_option(option, command) : unknown_option(name, command);
    }
    const char *value = equals ? equals + 1 : NULL;
    if (option->type == OPTION_FLAG && value)
        return nnrt_fail(NNRT_USAGE, "`%s` takes no value", option->name);
    if (option->type != OPTION_FLAG && !value) {
        value = argv[*i + 1];
        if (!value)
            return nnrt_fail(NNRT_USAGE, "`%s` needs a value: %s %s", option->name, option->name,
                             option->value);
        ++*i;
    }
    if (option->type == OPTION_SEED) options->has_seed = 1;
    if (option->field == offsetof(nnrt_options, max_time)) options->max_time_text = value;
    if (option->type == OPTION_RATES) options->rates = strchr(value, ',') ? value : NULL;
    if (option->type == OPTION_RATES && options->rates) return NNRT_OK;
    return set_value(option, value, (char *)options + option->field);
}

static nnrt_status take_operands(nnrt_options *options, const struct command *command,
                                 char *const *operands, int count) {
    if (command->bit == HELP && count) {
        options->topic = operands[0];
        if (!find_command(options->topic)) return unknown_command(options->topic);
    } else if (command->bit == EVALUATE && count > 1) {
        return nnrt_fail(NNRT_USAGE, "`evaluate` takes one file, not `%s` as well", operands[1]);
    } else if (command->bit == REPLAY && count != 1 && !options->help) {
        return nnrt_fail(NNRT_USAGE, "`replay` needs one file: the step that `fit` kept");
    } else if (!(command->bit & (PREDICT | EVALUATE | REPLAY)) && count) {
        return nnrt_fail(NNRT_USAGE, "`%s` takes options only, not `%s`", command->name,
                         operands[0]);
    }
    options->inputs = operands;
    options->input_count = count;
    if (command->bit == PREDICT && !count && !options->help)
        return nnrt_fail(NNRT_USAGE,
                         "`predict` needs at least one input: a .npy, .png or IDX file, `-` for "
                         "standard input, or the numbers of a sample");
    return NNRT_OK;
}

static nnrt_status check_together(const nnrt_options *options) {
    if (options->dry_run && options->overfit)
        return nnrt_fail(NNRT_USAGE, "only one of `--dry-run` and `--overfit` can be given");
    if ((options->json != 0) + (options->csv != 0) + (options->npy != NULL) +
            (options->png != NULL) >
        1)
        return nnrt_fail(NNRT_USAGE,
                         "only one of `--json`, `--csv`, `--npy` and `--png` can be given");
    if (options->prompt && options->prompt_file)
        return nnrt_fail(NNRT_USAGE, "only one of `--prompt` and `--prompt-file` can be given");
    if (options->weights && options->carried)
        return nnrt_fail(NNRT_USAGE, "only one of `--weights` and `--carried` can be given");
    if ((options->dry_run || options->overfit) && options->doctor)
        return nnrt_fail(NNRT_USAGE, "`--doctor` looks at a training: leave `%s` out",
                         options->dry_run ? "--dry-run" : "--overfit");
    if (options->overfit && (options->run || options->save))
        return nnrt_fail(NNRT_USAGE, "`--overfit` keeps nothing: leave `%s` out",
                         options->run ? "--run" : "--save");
    if (options->changed && !options->resume)
        return nnrt_fail(NNRT_USAGE, "`--changed` needs `--resume`");
    return NNRT_OK;
}

// "-1.5" is an input of `predict`, "-" its standard input.
static int is_operand(const struct command *command, const char *word) {
    double number;
    return word[0] != '-' || !word[1] ||
           (command->bit == PREDICT && nnrt_number_parse(word, &number));
}

nnrt_status nnrt_options_parse(nnrt_options *options, int argc, char **argv) {
    memset(options, 0, sizeof *options);
    options->seed = 1;
    options->temperature = 1;
    options->program = argc > 0 ? argv[0] : "program";
    options->words = argv;
    options->word_count = argc;
    options->called = getenv(NNRT_CALLED);
    if (!options->called || !*options->called) options->called = options->program;
    const struct command *command = &commands[0];
    int first = 1, operands = 0, only_operands = 0;
    if (argc > 1 && argv[1][0] != '-') {
        command = find_command(argv[1]);
        if (!command) return unknown_command(argv[1]);
        first = 2;
    }
    options->command = command->name;
    for (int i = first; i < argc; i++) {
        nnrt_status status = NNRT_OK;
        if (only_operands || is_operand(command, argv[i]))
            argv[first + operands++] = argv[i]; // a place already read
        else if (strcmp(argv[i], "--") == 0)
            only_operands = 1;
        else
            status = take_option(options, command, argv, &i);
        if (status) return status;
    }
    // `--help` alone asks for the commands, not for the options of the default one.
    if (options->help && first == 1) options->command = "help";
    nnrt_status status = take_operands(options, command, argv + first, operands);
    return status ? status : check_together(options);
}

// ---- Help.

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void help_command(const char *program, const struct command *command) {
    printf("%s %s%s [options]: %s\n\n", program, command->name, command->arguments, command->doc);
    for (int i = 0; i < OPTION_ROWS; i++) {
        const struct option *option = &options_table[i];
        if (!(option->commands & command->bit)) continue;
        char left[NNRT_LONGEST_NAME];
        snprintf(left, sizeof left, "%s %s", option->name, option->value ? option->value : "");
        printf("  %-20s %s\n", left, option->doc);
    }
}

void nnrt_options_help(const nnrt_options *options) {
    int is_file = options->called == options->program;
    const char *program = is_file ? base_name(options->program) : options->called;
    const char *topic = options->topic;
    if (!topic && strcmp(options->command, "help") != 0) topic = options->command;
    if (topic) {
        help_command(program, find_command(topic));
        return;
    }
    printf("usage: %s [command] [options]\n\n", program);
    for (int i = 0; i < COMMAND_COUNT; i++) {
        char left[NNRT_LONGEST_NAME];
        snprintf(left, sizeof left, "%s%s", commands[i].name, commands[i].arguments);
        printf("  %-18s %s\n", left, commands[i].doc);
    }
    printf("\n`%s help COMMAND` lists a command's options.\n", program);
}
