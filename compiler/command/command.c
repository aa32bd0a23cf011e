// The commands: each opens a session, goes as far through the stages as it needs, and prints.
#include "../../runtime/base/status.h"
#include "../../runtime/session/options.h"
#include "../driver/driver.h"
#include "../driver/output.h"
#include "../front/format.h"
#include "../pass/pass.h"
#include "cached.h"
#include "cost/cost.h"
#include "language/explain.h"
#include "language/reference.h"
#include "options.h"
#include "runs/runs.h"
#include "show/data.h"
#include "show/diagram.h"
#include "show/files.h"
#include "show/summary.h"
#include "sweep/sweep.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Prints text that needs no session. Returns the exit status.
static int show(const Text *text) {
    DiagSink *sink = diag_create(text->arena, sources_create(text->arena));
    bool ok = output_write(NULL, text, sink);
    diag_print(sink, stderr, DIAG_TEXT, false);
    return ok ? NNRT_OK : NNRT_ERROR;
}

static int report_usage(const char *what, const char *word, const char *meant,
                        const char *command) {
    if (meant)
        fprintf(stderr, "nnc: there is no %s `%s`; did you mean `%s`?\n", what, word, meant);
    else
        fprintf(stderr, "nnc: there is no %s `%s`; `nnc %s` lists them\n", what, word, command);
    return NNRT_USAGE;
}

// ---- Compiling.

static int command_build(const Options *options, Arena *arena) {
    const char *stage = options->emit ? options->emit : "exe";
    if (options->tune && strcmp(stage, "exe")) {
        fputs("nnc: --tune measures executables; leave out --emit\n", stderr);
        return NNRT_USAGE;
    }
    if (options->tune && !strcmp(options->operand, "-")) {
        fputs("nnc: --tune keeps its choices beside the source; give the source as a file\n",
              stderr);
        return NNRT_USAGE;
    }
    if (options->weights && strcmp(stage, "exe")) {
        fputs("nnc: --weights goes into an executable; leave out --emit\n", stderr);
        return NNRT_USAGE;
    }
    Session session;
    session_open(&session, options, arena);
    session.output = options->output;
    session.need_data = !strcmp(stage, "exe") || !strcmp(stage, "obj");
    return session_close(&session, session_emit(&session, stage));
}

// Runs the command for each of its files. Returns the worst status.
static int for_each_file(const Options *options, Arena *arena,
                         int (*run)(const Options *, Arena *)) {
    int worst = NNRT_OK;
    for (int i = 0; i < options->operands.count; i++) {
        Options one = *options;
        one.operand = options->operands.items[i];
        int status = run(&one, arena);
        if (status > worst) worst = status;
    }
    return worst;
}

static int check_file(const Options *options, Arena *arena) {
    Session session;
    session_open(&session, options, arena);
    bool ok = session_advance(&session, "graph");
    if (ok && !session.ast->items.count)
        diag_report(session.sink, DIAG_W0306, SPAN_FILE(session.file), "`%s` declares nothing",
                    output_source_name(options->operand));
    if (ok && options->files) {
        Text text = text_create(arena);
        files_print(&text, &session);
        ok = output_write(NULL, &text, session.sink);
    }
    return session_close(&session, ok);
}

static int command_check(const Options *options, Arena *arena) {
    return for_each_file(options, arena, check_file);
}

// What was typed before the program's arguments, as a shell takes it: for the program's messages.
static char *called_as(const Options *options, Arena *arena) {
    Text text = text_create(arena);
    text_put(&text, "nnc");
    for (char **word = options->words; word < options->arguments; word++) {
        if (!strcmp(*word, "--")) continue;
        text_put(&text, " ");
        text_shell_word(&text, *word);
    }
    return text.data;
}

// Becomes the program. Returns only if that fails.
static int start_program(const Options *options, Arena *arena, const char *path,
                         void (*pipe_handler)(int)) {
    VEC(char *) words = {0};
    vec_push(arena, &words, output_stem(arena, options->operand, options->model));
    for (char **word = options->arguments; *word; word++) vec_push(arena, &words, *word);
    vec_push(arena, &words, NULL);
    setenv(NNRT_CALLED, called_as(options, arena), 1);
    signal(SIGXFSZ, SIG_DFL);
    fflush(NULL);
    signal(SIGPIPE, pipe_handler);
    execv(path, words.items);
    fprintf(stderr, "nnc: cannot start `%s`: %s\n", path, strerror(errno));
    return NNRT_ERROR;
}

static int command_run(const Options *options, Arena *arena) {
    Session session;
    void (*pipe_handler)(int) = signal(SIGPIPE, SIG_IGN); // nobody reads a warning: train anyway
    session_open(&session, options, arena);
    session.need_data = true;
    char *executable = NULL;
    bool ok = session_advance(&session, "graph") && (executable = cached_executable(&session));
    int status = session_close(&session, ok);
    return status == NNRT_OK ? start_program(options, arena, executable, pipe_handler) : status;
}

// ---- Printing what a program says.

// One table a model; in JSON the only one, or a list.
static void print_models(Text *out, const Session *session, const GenSizes *sizes) {
    const Program *program = session->program;
    bool is_json = session->options->json, is_list = is_json && program_model_count(program) > 1;
    bool *shown = ARENA_ARRAY(session->arena, bool, program->weights->layers.count + 1);
    int printed = 0;
    if (is_list) text_put(out, "{\"models\": [");
    for (int i = 0; i < program->models.count; i++) {
        const Model *model = program->models.items[i];
        if (!program_predicts(program, model)) continue;
        if (printed++) text_put(out, is_json ? ", " : "\n");
        if (is_json)
            summary_print_json(out, model, sizes ? &sizes[i] : NULL, is_list);
        else
            summary_print(out, model, sizes ? &sizes[i] : NULL, shown);
    }
    text_put(out, is_list ? "]}\n" : is_json ? "\n" : "");
}

static bool print_summary(Session *session) {
    if (!session_needs_model(session)) return false;
    GenSizes *sizes = ARENA_ARRAY(session->arena, GenSizes, session->program->models.count + 1);
    bool known = !session_unknown_data(session);
    if (known && !gen_sizes(session->program, &session->gen, sizes, session->sink)) return false;
    Text text = text_create(session->arena);
    print_models(&text, session, known ? sizes : NULL);
    return output_write(NULL, &text, session->sink);
}

static int summarize_file(const Options *options, Arena *arena) {
    Session session;
    session_open(&session, options, arena);
    bool ok = session_advance(&session, "graph") && print_summary(&session);
    return session_close(&session, ok);
}

static int command_summary(const Options *options, Arena *arena) {
    return for_each_file(options, arena, summarize_file);
}

static int command_cost(const Options *options, Arena *arena) {
    Session session;
    session_open(&session, options, arena);
    bool ok = session_advance(&session, "graph") && cost_print(&session);
    return session_close(&session, ok);
}

static int command_data(const Options *options, Arena *arena) {
    Session session;
    session_open(&session, options, arena);
    session.need_data = true;
    bool ok = session_advance(&session, "graph");
    Text text = text_create(arena);
    ok = data_print(&text, &session) && ok;
    if (options->png) ok = data_sheet(&text, &session) && ok;
    ok = output_write(NULL, &text, session.sink) && ok;
    return session_close(&session, ok);
}

static int command_graph(const Options *options, Arena *arena) {
    Session session;
    bool is_drawn = options->svg || options->dot;
    if (options->svg && options->dot) {
        fputs("nnc: only one of --svg and --dot can be given\n", stderr);
        return NNRT_USAGE;
    }
    session_open(&session, options, arena);
    session.output = options->output;
    if (is_drawn)
        return session_close(&session,
                             session_advance(&session, "graph") && diagram_print(&session));
    return session_close(&session, session_emit(&session, "graph"));
}

static int command_expand(const Options *options, Arena *arena) {
    Session session;
    session_open(&session, options, arena);
    bool ok = session_advance(&session, "graph");
    if (ok) {
        Text text = text_create(arena);
        program_expand(&text, session.program);
        ok = output_write(NULL, &text, session.sink);
    }
    return session_close(&session, ok);
}

// ---- Formatting.

static bool format_source(Session *session, bool *differs) {
    const Options *options = session->options;
    Text text = text_create(session->arena);
    if (!format_print(&text, session->arena, session->sources, session->file, session->sink))
        return false;
    const Source *source = sources_get(session->sources, session->file);
    *differs = text.length != source->size || memcmp(text.data, source->text, text.length) != 0;
    if (options->check) return true;
    if (options->write && !*differs) return true;
    return output_write(options->write ? options->operand : NULL, &text, session->sink);
}

static int format_file(const Options *options, Arena *arena) {
    Session session;
    session_open(&session, options, arena);
    bool differs = false;
    bool ok = session_advance(&session, "tokens") && format_source(&session, &differs);
    int status = session_close(&session, ok);
    if (status != NNRT_OK || !options->check || !differs) return status;
    bool is_input = !strcmp(options->operand, "-");
    fprintf(stderr, "%s is not formatted: `nnc fmt %s%s` does it\n",
            output_source_name(options->operand), is_input ? "" : "--write ", options->operand);
    return NNRT_ERROR;
}

static int command_fmt(const Options *options, Arena *arena) {
    return for_each_file(options, arena, format_file);
}

// ---- Gradients.

// A wrong gradient is off by percents; rounding in a model of a few layers leaves some 1e-6.
static const double gradient_seconds = 60; // about, of each loss
static const double gradient_tolerance = 1e-5;
enum { GRADIENT_PLACES = 10 }; // of each parameter

static void show_places(void *owner, int64_t done, int64_t all) {
    const Model *model = owner;
    fprintf(stderr, "\r%s: %lld of %lld places compared", model->name, (long long)done,
            (long long)all);
    if (done == all) fputs("\r\033[K", stderr);
    fflush(stderr);
}

// Of what takes so long that people wonder.
static void show_beginning(void *model, double seconds, int places) {
    static const double patience = 20;
    if (seconds < patience) return;
    fprintf(stderr,
            "note: `%s` is large for a check in double precision: %d of %d places of each "
            "parameter are tried, which takes about %.0f s\n",
            ((const Model *)model)->name, places, GRADIENT_PLACES, seconds);
}

static void print_comparison(Text *out, const GradientCheck *check) {
    text_format(out, "%lld places, %lld of them at kinks", (long long)check->tried,
                (long long)check->kinks);
    if (check->where)
        text_format(out, ", largest relative difference %.1e at %s", check->worst, check->where);
    if (check->worst > check->tolerance)
        text_put(out, ": wrong\n");
    else if (check->undecided)
        text_format(out, ": undecided, every place tried of %s is at a kink\n", check->undecided);
    else
        text_put(out, ": ok\n");
}

static const char *step_title(const Training *training, const TrainStep *step) {
    const OutputLoss *loss = training->losses.count ? training->losses.items : NULL;
    if (!loss) return step->name;
    return loss->def ? loss->def->schema.name : loss->name;
}

static bool check_step(Text *out, const Training *training, const TrainStep *step) {
    Model *model = training->models.items[0];
    Lowering lowering = lowering_begin(out->arena, step->forward, step, GRAPH_TRAIN);
    passes_run(&lowering, "expand");
    GradientCheck check = {
        .seed = 1,
        .places = GRADIENT_PLACES,
        .tolerance = gradient_tolerance,
        .seconds = gradient_seconds,
        .begin = show_beginning,
        .progress = isatty(STDERR_FILENO) ? show_places : NULL,
        .owner = model,
    };
    graph_check_gradients(lowering.graph, out->arena, &check);
    text_format(out, "%s, %s: ", model->name, step_title(training, step));
    print_comparison(out, &check);
    return check.worst <= check.tolerance && !check.undecided;
}

static bool check_gradients(Session *session, bool *correct) {
    Text text = text_create(session->arena);
    const Program *program = session->program;
    for (int i = 0; i < program->trainings.count; i++)
        for (int k = 0; k < program->trainings.items[i]->steps.count; k++)
            *correct &= check_step(&text, program->trainings.items[i],
                                   program->trainings.items[i]->steps.items[k]);
    if (!text.length) text_put(&text, "no model is trained\n");
    return output_write(NULL, &text, session->sink);
}

static int command_gradcheck(const Options *options, Arena *arena) {
    Session session;
    session_open(&session, options, arena);
    bool correct = true;
    bool ok = session_advance(&session, "graph") && session_needs_data(&session) &&
              check_gradients(&session, &correct);
    int status = session_close(&session, ok);
    return status == NNRT_OK && !correct ? NNRT_ERROR : status;
}

// ---- Help.

static int command_explain(const Options *options, Arena *arena) {
    Text text = text_create(arena);
    if (!options->operand) {
        explain_list(&text);
        return show(&text);
    }
    int code = diag_code_find(options->operand);
    if (code >= 0) {
        text_put(&text, explain_page((DiagCode)code));
        return show(&text);
    }
    const char *names[DIAG_CODE_COUNT + 1] = {0};
    for (int i = 0; i < DIAG_CODE_COUNT; i++) names[i] = diag_code_name((DiagCode)i);
    return report_usage("code", options->operand, suggest_name(options->operand, names), "explain");
}

static int command_ops(const Options *options, Arena *arena) {
    Text text = text_create(arena);
    const char *name = options->operand;
    if (options->markdown)
        reference_markdown(&text);
    else if (!name)
        reference_list(&text);
    else if (!reference_print(&text, name))
        return report_usage("operator", name, suggest_name(name, reference_names(arena)), "ops");
    return show(&text);
}

static int command_runs(const Options *options, Arena *arena) {
    Runs runs;
    Text text = text_create(arena);
    if (!runs_read(&runs, arena, options->operand)) return NNRT_ERROR;
    if (options->json)
        runs_print_json(&text, &runs);
    else
        runs_print(&text, &runs);
    runs_free(&runs);
    return show(&text);
}

static int command_version(const Options *options, Arena *arena) {
    (void)options;
    Text text = text_create(arena);
    text_put(&text, "nnc " NNC_VERSION "\n");
    return show(&text);
}

static int command_help(const Options *options, Arena *arena) {
    Text text = text_create(arena);
    const Command *command = options->operand ? command_find(options->operand) : NULL;
    if (options->operand && !command)
        return report_usage("command", options->operand,
                            suggest_name(options->operand, command_names(arena)), "help");
    options_help(&text, command);
    return show(&text);
}

const Command command_rows[] = {
    {"run", "FILE", ARGUMENTS_REST, "compile to a cached program and start it: fit, evaluate, save",
     command_run},
    {"build", "FILE", ARGUMENTS_NONE, "compile to an executable", command_build},
    {"check", "FILE...", ARGUMENTS_NONE, "report mistakes and make nothing", command_check},
    {"summary", "FILE...", ARGUMENTS_NONE, "print layers, shapes, parameters and memory",
     command_summary},
    {"cost", "FILE", ARGUMENTS_NONE, "print operations, bytes and memory of a step and of an epoch",
     command_cost},
    {"data", "FILE [DATASET...]", ARGUMENTS_NONE, "show the columns, rows and classes of data sets",
     command_data},
    {"fmt", "FILE...", ARGUMENTS_NONE, "print the source in the standard layout", command_fmt},
    {"graph", "FILE", ARGUMENTS_NONE, "print the checked model, one node a layer", command_graph},
    {"expand", "FILE", ARGUMENTS_NONE, "print the program with every default written out",
     command_expand},
    {"gradcheck", "FILE", ARGUMENTS_NONE, "compare gradients with central differences",
     command_gradcheck},
    {"sweep", "FILE", ARGUMENTS_BEHIND_DASHES, "train with each combination of values, and compare",
     sweep_command},
    {"runs", "DIR", ARGUMENTS_NONE, "compare the runs that `fit --run DIR` left", command_runs},
    {"explain", "[CODE]", ARGUMENTS_NONE, "explain a diagnostic code, or list them",
     command_explain},
    {"ops", "[NAME]", ARGUMENTS_NONE, "list layers, losses, optimizers ..., or show one",
     command_ops},
    {"version", NULL, ARGUMENTS_NONE, "print the version", command_version},
    {"help", "[COMMAND]", ARGUMENTS_NONE, "show help", command_help},
    {0},
};
