// The stages in order. What a stage needs was made by those before it; the driver stops after a
// stage that reported errors.
#include "driver.h"

#include "../../runtime/base/status.h"
#include "../../runtime/files/temporary.h"
#include "../base/locate.h"
#include "../command/show/shapes.h"
#include "../command/tune.h"
#include "../front/parse.h"
#include "../pass/pass.h"
#include "carry.h"
#include "output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

typedef struct Stage {
    const char *name, *doc;
    bool (*run)(Session *session); // NULL: its printer computes it from the checked program
    bool (*print)(Session *session, const struct Stage *stage, Text *out); // NULL: a file
    bool has_passes; // `--after` shows the graph as one of the passes leaves it
} Stage;

static const char *volatile current_stage = "start";
// Of the object and of the executable, while they are made.
static const char *volatile temporary_files[DRIVER_TEMPORARY_FILES];

// ---- What the stages do.

static bool run_tokens(Session *session) {
    const char *path = output_source_name(session->options->operand), *error = NULL;
    bool is_input = path != session->options->operand;
    int file = is_input ? sources_read(session->sources, path, STDIN_FILENO, &error)
                        : sources_load(session->sources, path, &error);
    if (file >= 0) {
        session->file = (uint32_t)file;
        return true;
    }
    Span whole = SPAN_FILE((uint32_t)sources_add(session->sources, path, "", 0));
    Diag *diag = diag_report(session->sink, DIAG_E0007, whole, "cannot read `%s`: %s", path, error);
    const char *meant = suggest_name(path, locate_sources(session->arena, path));
    if (meant) diag_help(diag, "did you mean `%s`?", meant);
    return false;
}

static bool run_ast(Session *session) {
    session->ast = parse_file(session->arena, session->sources, session->file, session->sink);
    return true; // program_check goes on with what could be understood
}

CheckOptions session_check_options(const Session *session) {
    const Options *options = session->options;
    return (CheckOptions){.definitions = options->definitions.items,
                          .definition_count = options->definitions.count,
                          .model = options->model,
                          .precision = options->precision,
                          .need_data = session->need_data};
}

static bool run_graph(Session *session) {
    CheckOptions options = session_check_options(session);
    session->program = program_check(session->arena, session->sources, session->file, session->ast,
                                     &options, session->sink);
    if (!session->program || diag_error_count(session->sink)) return false;
    for (int i = 0; i < session->program->models.count; i++)
        graph_verify(session->program->models.items[i]->forward, "check");
    return tune_load(session);
}

// Without data, and without a shape in the source, there is nothing to build or to print.
static bool needs_shapes(Session *session) {
    const Model *model = session->program->main;
    if (!model->lacks_shape) return true;
    Diag *diag = diag_report(session->sink, DIAG_E0401, model->span,
                             "the shape of the input of `%s` is not known without the data of `%s`",
                             model->name, model->dataset->name);
    diag_label(diag, "no shape");
    diag_secondary(diag, model->dataset->span, "this data was not found");
    diag_help(diag, "write the shape, as in `image: [28, 28]`");
    return false;
}

// "`--model vgg16` or `--model vgg19`": the models of imported files.
static const char *imported_models(const Session *session) {
    const Ast *all = session->program->written->ast;
    Text names = text_create(session->arena);
    for (int i = 0; i < all->items.count; i++)
        if (all->items.items[i]->kind == AST_MODEL)
            text_format(&names, "%s`--model %s`", names.length ? " or " : "",
                        all->items.items[i]->text);
    return names.length ? names.data : NULL;
}

bool session_needs_model(Session *session) {
    if (session->program->main) return needs_shapes(session);
    const char *imported = imported_models(session);
    Diag *diag =
        diag_report(session->sink, DIAG_E0306, SPAN_FILE(session->file), "`%s` declares no model",
                    output_source_name(session->options->operand));
    if (imported) diag_help(diag, "say which of the imported ones is meant: %s", imported);
    return false;
}

const Dataset *session_unknown_data(const Session *session) {
    const Program *program = session->program;
    for (int i = 0; i < program->trainings.count; i++) {
        const Dataset *dataset = program->trainings.items[i]->dataset;
        if (dataset && !dataset->found && dataset->info.target_count == 0) return dataset;
    }
    return NULL;
}

// The loss depends on the target's shape.
bool session_needs_data(Session *session) {
    if (!session_needs_model(session)) return false;
    const Dataset *dataset = session_unknown_data(session);
    if (!dataset) return true;
    Diag *diag = diag_report(session->sink, DIAG_E0401, dataset->span,
                             "the target of `%s` is not known without its files", dataset->name);
    diag_label(diag, "not found");
    return false;
}

// The temporary object file beside `path`; NULL: errno says why.
static const char *new_object(Session *session, const char *path, int *lock) {
    char *name;
    nnrt_temporary_sweep(path);
    *lock = nnrt_temporary_file(path, &name);
    if (*lock < 0) return NULL;
    const char *copy = arena_strdup(session->arena, name);
    free(name);
    return copy;
}

static bool make_object(Session *session, const char *path) {
    session->object = new_object(session, path, &session->object_lock);
    temporary_files[0] = session->object;
    return session->object != NULL;
}

static void remove_objects(Session *session) {
    if (session->object) unlink(session->object);
    if (session->object) close(session->object_lock);
    if (session->carried) unlink(session->carried);
    if (session->carried) close(session->carried_lock);
    session->object = session->carried = NULL;
}

// To be linked and removed.
static const char *new_linked_object(Session *session, int *lock) {
    const char *folder = getenv("TMPDIR");
    if (!folder || !*folder) folder = "/tmp";
    const char *path = arena_format(session->arena, "%s/object", folder);
    const char *object = new_object(session, path, lock);
    if (object) return object;
    Diag *diag = diag_report(session->sink, DIAG_E0902, SPAN_NONE,
                             "cannot write a temporary file in `%s`: %s", folder, strerror(errno));
    diag_help(diag, "set TMPDIR to a folder that can be written");
    return NULL;
}

static bool make_linked_object(Session *session) {
    session->object = new_linked_object(session, &session->object_lock);
    temporary_files[0] = session->object;
    return session->object != NULL;
}

static bool carry_weights(Session *session) {
    if (!session->options->weights) return true;
    session->carried = new_linked_object(session, &session->carried_lock);
    temporary_files[1] = session->carried;
    return session->carried &&
           gen_carry(session->options->weights, session->carried, session->sink);
}

static bool run_object(Session *session) {
    if (!session_needs_model(session)) return false;
    if (!session->object && !make_linked_object(session)) return false;
    return gen_object(session->program, session->object, &session->gen, &session->needs_blas,
                      session->sink);
}

static bool run_executable(Session *session) {
    OutputFolder place = {0};
    if (!output_folder(&place, session->arena, session->output, session->sink)) return false;
    temporary_files[2] = place.file;
    temporary_files[3] = place.folder;
    const char *objects[] = {session->object, session->carried, NULL};
    bool ok = gen_link(objects, session->output, place.file, session->needs_blas, session->sink);
    output_folder_remove(&place);
    return ok;
}

bool session_build(Session *session, const char *executable) {
    const char *output = session->output;
    session->output = executable;
    bool ok = run_object(session) && run_executable(session);
    session->output = output;
    return ok;
}

// ---- How they print themselves.

static bool print_tokens(Session *session, const Stage *stage, Text *out) {
    (void)stage;
    parse_print_tokens(out, session->arena, session->sources, session->file, session->sink);
    return true;
}

static bool print_ast(Session *session, const Stage *stage, Text *out) {
    (void)stage;
    ast_print(out, session->ast);
    return true;
}

static bool print_generated(Session *session, const Stage *stage, Text *out) {
    const Options *options = session->options;
    bool ok =
        session_needs_data(session) &&
        gen_print(out, session->program, stage->name, options->after, &session->gen, session->sink);
    if (ok && !out->length)
        text_format(out, "# `%s` has no `train` block\n", session->program->main->name);
    return ok;
}

static bool print_graph(Session *session, const Stage *stage, Text *out) {
    if (session->options->after) return print_generated(session, stage, out);
    if (session->program->main && !needs_shapes(session)) return false;
    for (int i = 0; i < session->program->models.count; i++)
        graph_print(out, session->program->models.items[i]->forward);
    return true;
}

static bool print_shapes(Session *session, const Stage *stage, Text *out) {
    (void)stage;
    if (session->program->main && !needs_shapes(session)) return false;
    for (int i = 0; i < session->program->models.count; i++)
        shapes_print(out, session->program->models.items[i]->forward);
    return true;
}

static const Stage stage_rows[] = {
    {"tokens", "the words of the source with their places", run_tokens, print_tokens, false},
    {"ast", "the syntax tree", run_ast, print_ast, false},
    {"graph", "the checked model: one node a layer", run_graph, print_graph, true},
    {"shapes", "shapes, weights and arithmetic of each layer", NULL, print_shapes, false},
    {"grad", "the training graph with loss, gradients and updates", NULL, print_generated, true},
    {"fused", "groups of nodes that become one loop nest or kernel", NULL, print_generated, true},
    {"plan", "the order of the groups and where their values lie", NULL, print_generated, true},
    {"effort", "what the groups' instructions do, and how far back they find values", NULL,
     print_generated, false},
    {"ways", "register tiles that products are computed with, and those that --tune tries", NULL,
     print_generated, false},
    {"llvm", "LLVM's intermediate code, as generated", NULL, print_generated, false},
    {"llvm-opt", "the same after LLVM's optimizations", NULL, print_generated, false},
    {"asm", "assembler", NULL, print_generated, false},
    {"obj", "an object file", run_object, NULL, false},
    {"exe", "the executable", run_executable, NULL, false},
};
enum { STAGE_COUNT = sizeof stage_rows / sizeof *stage_rows };

static int stage_index(const char *name) {
    for (int i = 0; i < STAGE_COUNT; i++)
        if (!strcmp(stage_rows[i].name, name)) return i;
    return -1;
}

bool driver_has_stage(const char *name) {
    return stage_index(name) >= 0;
}

bool driver_stage_has_passes(const char *name) {
    return stage_rows[stage_index(name)].has_passes;
}

const char *const *driver_stage_names(Arena *arena) {
    const char **names = ARENA_ARRAY(arena, const char *, STAGE_COUNT + 1);
    for (int i = 0; i < STAGE_COUNT; i++) names[i] = stage_rows[i].name;
    return names;
}

void driver_list_stages(Text *out) {
    for (int i = 0; i < STAGE_COUNT; i++)
        text_format(out, "  %-26s %s\n", stage_rows[i].name, stage_rows[i].doc);
}

const char *driver_current_stage(void) {
    return current_stage;
}

const char *driver_temporary_file(int index) {
    return temporary_files[index];
}

// ---- Sessions.

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

void session_open(Session *session, const Options *options, Arena *arena) {
    *session = (Session){.options = options, .gen = options->gen, .arena = arena};
    session->sources = sources_create(arena);
    session->sink = diag_create(arena, session->sources);
    session->stage_seconds = ARENA_ARRAY(arena, double, STAGE_COUNT);
}

bool session_advance(Session *session, const char *last) {
    int end = stage_index(last);
    while (session->stages_done <= end) {
        int i = session->stages_done++;
        if (!stage_rows[i].run) continue;
        current_stage = stage_rows[i].name;
        double start = now();
        bool ok = stage_rows[i].run(session);
        session->stage_seconds[i] += now() - start;
        if (!ok) return false;
    }
    return true;
}

static bool print_stage(Session *session, int index) {
    Text text = text_create(session->arena);
    double start = now();
    current_stage = stage_rows[index].name;
    bool ok = stage_rows[index].print(session, &stage_rows[index], &text);
    session->stage_seconds[index] += now() - start;
    return ok && output_write(session->output, &text, session->sink);
}

static bool emit_file(Session *session, const char *last) {
    bool is_object = !strcmp(last, "obj");
    if (!session_advance(session, "graph") || !carry_check(session)) return false;
    if (!session->output) {
        const char *stem =
            output_stem(session->arena, session->options->operand, session->options->model);
        session->output = arena_format(session->arena, "%s%s", stem, is_object ? ".o" : "");
    }
    if (!output_check(session->arena, session->output, session->sources, session->sink))
        return false;
    session->output = output_target(session->arena, session->output);
    if (is_object && !make_object(session, session->output)) {
        diag_report(session->sink, DIAG_E0902, SPAN_NONE, "cannot write `%s`: %s", session->output,
                    strerror(errno));
        return false;
    }
    if (session->options->tune && !tune_measure(session)) return false;
    if (!carry_weights(session)) return false;
    if (!session_advance(session, last)) return false;
    if (!is_object || !rename(session->object, session->output)) return true;
    diag_report(session->sink, DIAG_E0902, SPAN_NONE, "cannot write `%s`: %s", session->output,
                strerror(errno));
    return false;
}

// Early stages do not know the data yet, but must not overwrite them either.
static bool check_printed(Session *session) {
    struct stat file;
    if (!session->output || stat(session->output, &file) || !S_ISREG(file.st_mode)) return true;
    if (!session_advance(session, "tokens")) return false;
    Session whole = *session; // the source is read once: it may be a pipe
    whole.sink = diag_create(session->arena, session->sources); // messages of another day
    whole.stage_seconds = ARENA_ARRAY(session->arena, double, STAGE_COUNT);
    session_advance(&whole, "graph");
    return output_check(session->arena, session->output, whole.sources, session->sink);
}

bool session_emit(Session *session, const char *last) {
    int index = stage_index(last);
    if (!stage_rows[index].print) return emit_file(session, last);
    return check_printed(session) && session_advance(session, last) && print_stage(session, index);
}

static void print_times(const Session *session) {
    double total = 0;
    for (int i = 0; i < STAGE_COUNT; i++) {
        total += session->stage_seconds[i];
        if (session->stage_seconds[i] > 0)
            fprintf(stderr, "%-10s %9.3f ms\n", stage_rows[i].name,
                    session->stage_seconds[i] * 1e3);
    }
    fprintf(stderr, "%-10s %9.3f ms\n", "total", total * 1e3);
}

static bool use_color(void) {
    const char *no_color = getenv("NO_COLOR"), *terminal = getenv("TERM");
    bool is_dumb = terminal && !strcmp(terminal, "dumb");
    return isatty(STDERR_FILENO) && !is_dumb && !(no_color && *no_color);
}

int session_close(Session *session, bool ok) {
    remove_objects(session);
    for (int i = 0; i < DRIVER_TEMPORARY_FILES; i++) temporary_files[i] = NULL;
    int errors = diag_error_count(session->sink);
    if (!ok && !errors) nn_ice(current_stage, "failed without a message");
    if (session->options->diagnostics == DIAG_JSON)
        diag_print(session->sink, stdout, DIAG_JSON, false);
    else
        diag_print(session->sink, stderr, DIAG_TEXT, use_color());
    if (session->options->gen.time_passes) print_times(session);
    current_stage = "end";
    return errors ? NNRT_ERROR : NNRT_OK;
}
