// One table of options says for each which commands take it, what value it wants and where that is
// stored. Options may stand before or after the file; what follows the file of `nnc run` and is no
// option of nnc belongs to the compiled program.
#include "options.h"

#include "../../runtime/base/status.h"
#include "../../runtime/base/text/amount.h"
#include "../driver/driver.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

typedef struct OptionDef {
    const char *name, *short_name;
    const char *value;    // what the value is called; NULL: a flag
    const char *commands; // that take it, blank-separated; "": all
    const char *doc;
    size_t offset; // of the bool or the string in Options, where `set` is NULL
    // Returns what is wrong with the value, or NULL.
    const char *(*set)(Options *options, Arena *arena, const char *value);
} OptionDef;

static const char *set_emit(Options *options, Arena *arena, const char *value) {
    if (!strcmp(value, "ir")) value = "graph";
    options->emit = value;
    if (driver_has_stage(value)) return NULL;
    const char *meant = suggest_name(value, driver_stage_names(arena));
    if (meant)
        return arena_format(arena, "there is no stage `%s`; did you mean `%s`?", value, meant);
    return arena_format(arena, "there is no stage `%s`; `nnc help build` lists them", value);
}

static const char *set_after(Options *options, Arena *arena, const char *value) {
    options->after = value;
    Text list = text_create(arena);
    for (const Pass *pass = pass_rows; pass->name; pass++) {
        if (!strcmp(pass->name, value)) return NULL;
        text_format(&list, "%s%s", list.length ? ", " : "", pass->name);
    }
    return arena_format(arena, "there is no pass `%s`; in order, they are: %s", value, list.data);
}

static const char *set_cpu(Options *options, Arena *arena, const char *value) {
    options->gen.cpu = value;
    for (const char *const *name = gen_cpu_names; *name; name++)
        if (!strcmp(*name, value)) return NULL;
    const char *meant = suggest_name(value, gen_cpu_names);
    if (meant)
        return arena_format(arena, "unknown processor `%s`; did you mean `%s`?", value, meant);
    return arena_format(arena,
                        "unknown processor `%s`; `native` is this machine, `x86-64-v3` runs "
                        "wherever there is AVX2",
                        value);
}

static const char *set_contraction(Options *options, Arena *arena, const char *value) {
    static const char *const names[] = {
        [CONTRACTION_AUTO] = "auto", [CONTRACTION_OWN] = "own", [CONTRACTION_BLAS] = "blas"};
    for (int i = 0; i < 3; i++) {
        if (strcmp(value, names[i])) continue;
        options->gen.contraction = (ContractionChoice)i;
        return NULL;
    }
    return arena_format(arena, "--contraction is own, blas or auto, not `%s`", value);
}

static const char *set_precision(Options *options, Arena *arena, const char *value) {
    bool is_half = !strcmp(value, "bfloat16");
    if (!is_half && strcmp(value, "float32"))
        return arena_format(arena, "--precision is float32 or bfloat16, not `%s`", value);
    options->precision = is_half ? PRECISION_BFLOAT16 : PRECISION_FLOAT32;
    return NULL;
}

static const char *set_predict(Options *options, Arena *arena, const char *value) {
    options->gen.predicts_int8 = !strcmp(value, "int8");
    if (options->gen.predicts_int8 || !strcmp(value, "float32")) return NULL;
    return arena_format(arena, "--predict is float32 or int8, not `%s`", value);
}

static const char *set_max_memory(Options *options, Arena *arena, const char *value) {
    if (nnrt_size_parse(value, &options->gen.max_memory)) return NULL;
    return arena_format(arena, "--max-memory is %s, not `%s`", NNRT_SIZE_WANTED, value);
}

static const char *set_diagnostics(Options *options, Arena *arena, const char *value) {
    bool is_json = !strcmp(value, "json");
    if (!is_json && strcmp(value, "text"))
        return arena_format(arena, "--diagnostics is text or json, not `%s`", value);
    options->diagnostics = is_json ? DIAG_JSON : DIAG_TEXT;
    arena_report_json(is_json);
    return NULL;
}

static const char *set_definition(Options *options, Arena *arena, const char *value) {
    const char *equals = strchr(value, '=');
    if (!equals || equals == value || !equals[1])
        return arena_format(arena, "-D takes name=value, not `%s`", value);
    Definition definition = {arena_copy(arena, value, (size_t)(equals - value)), equals + 1};
    vec_push(arena, &options->definitions, definition);
    return NULL;
}

#define COMPILING "run build check summary cost data graph expand gradcheck sweep"
#define AT(field) offsetof(Options, field), NULL

static const OptionDef option_rows[] = {
    {"--output", "-o", "PATH", "build graph sweep",
     "where to write; else ./NAME for a source NAME.nn; of a sweep, the best program", AT(output)},
    {"--learning-rate", NULL, "LIST", "sweep", "learning rates to try: 0.1,0.01",
     AT(sweep.learning_rate)},
    {"--batch", NULL, "LIST", "sweep", "samples a batch, at most the compiled number: 16,32",
     AT(sweep.batch)},
    {"--epochs", NULL, "LIST", "sweep", "epochs of a training, or a list", AT(sweep.epochs)},
    {"--seeds", NULL, "N", "sweep", "train each combination with seeds 1 to N; or a list: 7,8,9",
     AT(sweep.seeds)},
    {"--jobs", NULL, "N", "sweep",
     "so many trainings at once, which share the threads (default: 1)", AT(sweep.jobs)},
    {"--threads", NULL, "N", "sweep", "of all trainings together (default: one a processor)",
     AT(sweep.threads)},
    {"--random", NULL, "N", "sweep", "train N of the combinations alone, drawn always the same way",
     AT(sweep.random)},
    {"--run", NULL, "DIR", "sweep", "where the runs are left (default: NAME-sweep)", AT(sweep.run)},
    {"--dry-run", NULL, NULL, "sweep", "list the combinations and what would be done",
     AT(sweep.dry_run)},
    {"--emit", NULL, "STAGE", "build", "print this stage and stop (default: exe)", 0, set_emit},
    {"--after", NULL, "PASS", "build", "with --emit: the graph as this pass leaves it", 0,
     set_after},
    {"--cpu", NULL, "NAME", "run build summary cost sweep",
     "the CPU to compile for (default: native; x86-64-v3, x86-64, ...)", 0, set_cpu},
    {"--contraction", NULL, "KIND", "run build summary cost sweep",
     "who multiplies large matrices: own, blas or auto (the default)", 0, set_contraction},
    {"--precision", NULL, "TYPE", "run build summary cost expand sweep",
     "what products multiply: float32 or bfloat16; else as `precision` in `train` says", 0,
     set_precision},
    {"--predict", NULL, "TYPE", "run build summary sweep",
     "what products of predictions multiply: int8, in ranges that are measured on the training "
     "part; else as in training",
     0, set_predict},
    {"--max-memory", NULL, "SIZE", "run build summary cost",
     "what a training may hold at its peak (500MB, 2GB); the same bits, more slowly", 0,
     set_max_memory},
    {"--weights", NULL, "FILE", "build",
     "put these trained weights into the executable: one file to deploy", AT(weights)},
    {"--tune", NULL, NULL, "build",
     "measure ways to compute it; keep the fastest beside the source, in NAME.tune", AT(tune)},
    {"--no-forecast", NULL, NULL, "cost",
     "compile nothing, run no step: do not say how long it will take", AT(no_forecast)},
    {"--define", "-D", "NAME=VALUE", COMPILING,
     "give a `param` of the program another value; of a sweep, each of a list of values", 0,
     set_definition},
    {"--model", NULL, "NAME", COMPILING,
     "the model that is meant, of several that are trained apart", AT(model)},
    {"--diagnostics", NULL, "FORMAT", COMPILING,
     "text (on standard error) or json (on standard output)", 0, set_diagnostics},
    {"--verify-each", NULL, NULL, "run build", "check the graph and the code after every pass",
     AT(gen.verify_each)},
    {"--time-passes", NULL, NULL, "run build", "print the time of every stage and pass",
     AT(gen.time_passes)},
    {"--png", NULL, "FILE", "data",
     "write pictures of the data set to this file, class by class, and as augmented", AT(png)},
    {"--json", NULL, NULL, "summary cost data runs sweep",
     "print one JSON object instead of the table", AT(json)},
    {"--svg", NULL, NULL, "graph", "draw the models as a picture", AT(svg)},
    {"--dot", NULL, NULL, "graph", "write the models as text for Graphviz", AT(dot)},
    {"--files", NULL, NULL, "check", "print each file that the program would read and write",
     AT(files)},
    {"--check", NULL, NULL, "fmt", "change nothing; status 1 if the file is not formatted",
     AT(check)},
    {"--write", NULL, NULL, "fmt", "write the file back instead of printing it", AT(write)},
    {"--markdown", NULL, NULL, "ops", "print the whole reference as Markdown", AT(markdown)},
    {"--help", "-h", NULL, "", "show help", AT(help)},
    {"--version", NULL, NULL, "", "show the version", AT(version)},
};
enum { OPTION_COUNT = sizeof option_rows / sizeof *option_rows };

static bool __attribute__((format(printf, 1, 2))) usage_error(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("nnc: ", stderr);
    vfprintf(stderr, format, arguments);
    fputs("\n", stderr);
    va_end(arguments);
    return false;
}

const Command *command_find(const char *name) {
    for (const Command *row = command_rows; row->name; row++)
        if (!strcmp(row->name, name)) return row;
    return NULL;
}

static bool has_word(const char *words, const char *word) {
    size_t length = strlen(word);
    for (const char *at = words; (at = strstr(at, word)); at += length) {
        bool begins = at == words || at[-1] == ' ';
        if (begins && (at[length] == ' ' || !at[length])) return true;
    }
    return false;
}

static bool option_applies(const OptionDef *option, const Command *command) {
    return !*option->commands || has_word(option->commands, command->name);
}

// The option that `word` begins with; its value in *value if it is written in the same word.
static const OptionDef *match_option(const char *word, const char **value) {
    *value = NULL;
    for (int i = 0; i < OPTION_COUNT; i++) {
        const OptionDef *option = &option_rows[i];
        size_t length = strlen(option->name);
        if (!strncmp(word, option->name, length) && (!word[length] || word[length] == '=')) {
            if (word[length]) *value = word + length + 1;
            return option;
        }
        if (!option->short_name || strncmp(word, option->short_name, 2)) continue;
        if (word[2] && !option->value) continue;
        if (word[2]) *value = word + 2;
        return option;
    }
    return NULL;
}

static bool report_unknown_option(const Command *command, const char *word) {
    const char *names[OPTION_COUNT + 1] = {0};
    for (int i = 0; i < OPTION_COUNT; i++) names[i] = option_rows[i].name;
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word, "="), word);
    const char *meant = suggest_name(name, names);
    if (meant) return usage_error("there is no option `%s`; did you mean `%s`?", name, meant);
    if (command && command->arguments == ARGUMENTS_BEHIND_DASHES)
        return usage_error("`nnc %s` has no option `%s`; options of `fit` stand behind `--`",
                           command->name, name);
    return usage_error("there is no option `%s`; `nnc help` lists them", name);
}

const char *const *command_names(Arena *arena) {
    int count = 0;
    while (command_rows[count].name) count++;
    const char **names = ARENA_ARRAY(arena, const char *, count + 1);
    for (int i = 0; i < count; i++) names[i] = command_rows[i].name;
    return names;
}

static bool report_unknown_command(Arena *arena, const char *word) {
    const char *meant = suggest_name(word, command_names(arena));
    if (meant) return usage_error("there is no command `%s`; did you mean `%s`?", word, meant);
    return usage_error("there is no command `%s`; `nnc help` lists them", word);
}

static bool is_source_name(const char *word) {
    size_t length = strlen(word);
    if (!strcmp(word, "-")) return true; // standard input
    return (length > 3 && !strcmp(word + length - 3, ".nn")) || !access(word, F_OK);
}

// The reading of one command line.
typedef struct Reader {
    Options *options;
    Arena *arena;
    char **next;
    VEC(const OptionDef *) used;
    bool is_build_implied; // `nnc FILE --emit=STAGE`
    bool only_words;       // after `--`
} Reader;

static bool read_option(Reader *reader, const OptionDef *option, const char *value) {
    if (!option->value && value) return usage_error("%s takes no value", option->name);
    if (option->value && !value) value = *reader->next ? *reader->next++ : NULL;
    if (option->value && (!value || !*value))
        return usage_error("%s wants a value: %s=%s", option->name, option->name, option->value);
    vec_push(reader->arena, &reader->used, option);
    char *field = (char *)reader->options + option->offset;
    const char *mistake = NULL;
    if (option->set)
        mistake = option->set(reader->options, reader->arena, value);
    else if (option->value)
        *(const char **)field = value;
    else
        *(bool *)field = true;
    if (mistake) return usage_error("%s", mistake);
    return true;
}

// A word that is no option: the command, its operand, or one too many.
static bool read_word(Reader *reader, const char *word) {
    Options *options = reader->options;
    if (!options->command) {
        options->command = command_find(word);
        if (options->command) return true;
        if (!is_source_name(word)) return report_unknown_command(reader->arena, word);
        options->command = command_find("build");
        options->operand = word;
        reader->is_build_implied = true;
        return true;
    }
    bool takes_several = options->command->operand && strstr(options->command->operand, "...");
    if (takes_several) vec_push(reader->arena, &options->operands, word);
    if (takes_several && options->operand) return true;
    if (options->operand || !options->command->operand)
        return usage_error("`%s` is one word too many; see `nnc help %s`", word,
                           options->command->name);
    options->operand = word;
    return true;
}

// The first word after the file that is no option of `nnc run`, and what follows it.
static bool begins_arguments(const Reader *reader, const char *word, const OptionDef *option) {
    const Options *options = reader->options;
    if (!options->command || !options->command->arguments || !options->operand) return false;
    if (!strcmp(word, "--")) return true;
    if (options->command->arguments == ARGUMENTS_BEHIND_DASHES) return false;
    return !option || !*option->commands || !option_applies(option, options->command);
}

static bool read_words(Reader *reader) {
    while (*reader->next) {
        const char *word = *reader->next++, *value;
        const OptionDef *option = reader->only_words ? NULL : match_option(word, &value);
        if (begins_arguments(reader, word, option)) {
            reader->options->arguments = reader->next - (strcmp(word, "--") != 0);
            return true;
        }
        bool ok = true, is_word = reader->only_words || word[0] != '-' || !word[1];
        if (option)
            ok = read_option(reader, option, value);
        else if (!is_word && !strcmp(word, "--"))
            reader->only_words = true;
        else if (!is_word)
            ok = report_unknown_option(reader->options->command, word);
        else
            ok = read_word(reader, word);
        if (!ok) return false;
    }
    reader->options->arguments = reader->next;
    return true;
}

static bool check_usage(const Reader *reader) {
    const Options *options = reader->options;
    if (!options->command)
        return usage_error("say what to do: `nnc run FILE` trains a network, `nnc help` lists the "
                           "commands");
    const char *name = options->command->name, *wanted = options->command->operand;
    if (reader->is_build_implied && !options->emit)
        return usage_error("say what to do with `%s`: `nnc run %s` trains it, `nnc help` lists the "
                           "commands",
                           options->operand, options->operand);
    for (int i = 0; i < reader->used.count; i++) {
        const OptionDef *option = reader->used.items[i];
        if (!option_applies(option, options->command))
            return usage_error("`nnc %s` takes no %s; see `nnc help %s`", name, option->name, name);
    }
    if (!options->operand && wanted && wanted[0] != '[')
        return usage_error("`nnc %s` wants a %s: nnc %s %s", name,
                           strcmp(wanted, "DIR") ? "file" : "folder", name, wanted);
    int inputs = 0;
    for (int i = 0; i < options->operands.count; i++)
        inputs += !strcmp(options->operands.items[i], "-");
    if (inputs > 1) return usage_error("standard input, `-`, can be read once");
    if (options->write && inputs)
        return usage_error("standard input cannot be written back; leave out --write");
    if (options->check && options->write)
        return usage_error("--check changes nothing and --write does; say one of them");
    if (options->after && !(options->emit && driver_stage_has_passes(options->emit)))
        return usage_error("--after goes with a graph, as in --emit=graph --after=expand");
    return true;
}

bool options_parse(Options *options, Arena *arena, int argc, char **argv) {
    *options = (Options){0};
    Reader reader = {.options = options, .arena = arena, .next = argv + (argc > 0)};
    options->words = reader.next;
    if (!read_words(&reader)) return false;
    return options->help || options->version || check_usage(&reader);
}

// ---- Help.

static void help_row(Text *out, const char *left, const char *right) {
    text_format(out, "  %-26s %s\n", left, right);
}

static void help_options(Text *out, const Command *command) {
    char left[64];
    for (int i = 0; i < OPTION_COUNT; i++) {
        const OptionDef *option = &option_rows[i];
        if (command && !option_applies(option, command)) continue;
        snprintf(left, sizeof left, "%s%s%s%s%s", option->short_name ? option->short_name : "",
                 option->short_name ? ", " : "", option->name, option->value ? "=" : "",
                 option->value ? option->value : "");
        help_row(out, left, option->doc);
    }
}

static void help_stages(Text *out) {
    text_put(out, "\nstages, in order (--emit=STAGE):\n");
    driver_list_stages(out);
}

static const char *arguments_text(const Command *command) {
    static const char *const texts[] = {[ARGUMENTS_NONE] = "",
                                        [ARGUMENTS_REST] = " [ARGUMENT...]",
                                        [ARGUMENTS_BEHIND_DASHES] = " [-- ARGUMENT...]"};
    return texts[command->arguments];
}

static void help_command(Text *out, const Command *command) {
    text_format(out, "usage: nnc %s [OPTION...]%s%s%s\n\n%s\n\noptions:\n", command->name,
                command->operand ? " " : "", command->operand ? command->operand : "",
                arguments_text(command), command->doc);
    help_options(out, command);
    if (option_applies(match_option("--emit", &(const char *){NULL}), command)) help_stages(out);
}

void options_help(Text *out, const Command *command) {
    if (command) {
        help_command(out, command);
        return;
    }
    text_put(out,
             "nnc compiles descriptions of neural networks (.nn files) to native programs that "
             "train them.\n\nusage: nnc COMMAND [OPTION...] FILE\n\ncommands:\n");
    char left[64];
    for (const Command *row = command_rows; row->name; row++) {
        snprintf(left, sizeof left, "%s %s%s", row->name, row->operand ? row->operand : "",
                 arguments_text(row));
        help_row(out, left, row->doc);
    }
    text_put(out, "\noptions (`nnc help COMMAND` shows those of one command):\n");
    help_options(out, NULL);
    help_stages(out);
    text_put(out, "\nexit status: 0 done, 1 the program or its input is wrong, 2 wrong usage, "
                  "70 a bug in nnc\n");
}
