#include "outputs.h"

#include "../files/file.h"
#include "../files/paths/place.h"
#include "../files/paths/reads.h"
#include "../session/callback.h"
#include "pattern.h"
#include "pictures/sample_files.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum OutputKind { PLAIN, WEIGHTS, OLDER }; // OLDER: what WEIGHTS pushes aside

typedef struct output {
    const char *option;
    char path[PATH_MAX];
    enum OutputKind kind;
    const nnrt_training *training; // of a callback: what another block writes may be the same
    const nnrt_call *call;         // likewise; NULL: an option
} output;

typedef struct file_id {
    dev_t device;
    ino_t inode;
} file_id;

// Input files, sorted: there may be as many outputs as inputs.
typedef struct input_files {
    file_id *items;
    int64_t count;
} input_files;

typedef struct outputs {
    const nnrt_session *session;
    output *items;
    int64_t count;
    input_files inputs;
} outputs;

// ---- What would be overwritten.

static nnrt_status refuse(const output *out, const char *what) {
    if (out->kind == OLDER)
        return nnrt_fail(NNRT_USAGE,
                         "%s would keep older weights as `%s`, over %s; choose another name",
                         out->option, out->path, what);
    return nnrt_fail(NNRT_USAGE, "%s `%s` would overwrite %s; choose another name", out->option,
                     out->path, what);
}

static nnrt_status check_program(const nnrt_session *session, const output *out) {
    const nnrt_program *program = session->program;
    const char *slash = strrchr(program->source_path, '/');
    char source[PATH_MAX];
    snprintf(source, sizeof source, "%s/%s", program->source_folder,
             slash ? slash + 1 : program->source_path);
    if (nnrt_place_is_same(out->path, "/proc/self/exe")) return refuse(out, "this program");
    if (nnrt_place_is_same(out->path, source)) return refuse(out, "this program's source");
    for (const char *const *import = program->imports; import && *import; import++)
        if (nnrt_place_is_same(out->path, *import)) return refuse(out, "a file that it imports");
    size_t length = strlen(source);
    if (length > 3 && strcmp(source + length - 3, ".nn") == 0) length -= 3;
    snprintf(source + length, sizeof source - length, ".tune");
    return nnrt_place_is_same(out->path, source) ? refuse(out, "what `nnc build --tune` chose")
                                                 : NNRT_OK;
}

// Standard input may be a file, too.
static const char *file_of(const char *input) {
    return nnrt_place_is_standard_input(input) ? "/dev/stdin" : input;
}

static int compare_ids(const void *a, const void *b) {
    const file_id *x = a, *y = b;
    if (x->device != y->device) return x->device < y->device ? -1 : 1;
    return x->inode < y->inode ? -1 : x->inode > y->inode;
}

static nnrt_status find_inputs(const nnrt_session *session, input_files *inputs) {
    const nnrt_options *options = session->options;
    struct stat status;
    size_t size = (size_t)(options->input_count + 1) * sizeof *inputs->items;
    *inputs = (input_files){.items = malloc(size)};
    if (!inputs->items) return nnrt_fail_memory("the inputs", size);
    for (int64_t i = 0; i < options->input_count; i++)
        if (stat(file_of(options->inputs[i]), &status) == 0 && S_ISREG(status.st_mode))
            inputs->items[inputs->count++] = (file_id){status.st_dev, status.st_ino};
    qsort(inputs->items, (size_t)inputs->count, sizeof *inputs->items, compare_ids);
    return NNRT_OK;
}

static int is_input(const input_files *inputs, const char *path) {
    struct stat status;
    if (!inputs->count || stat(path, &status) != 0) return 0;
    file_id id = {status.st_dev, status.st_ino};
    return bsearch(&id, inputs->items, (size_t)inputs->count, sizeof id, compare_ids) != NULL;
}

static nnrt_status check_inputs(const nnrt_session *session, const input_files *inputs,
                                const output *out) {
    char weights[PATH_MAX];
    // Training may go on from a file and save to it.
    int reads_weights = nnrt_session_weights_read(session, weights);
    if (out->kind != WEIGHTS && reads_weights && nnrt_place_is_same(out->path, weights))
        return refuse(out, "the weights that are read");
    if (is_input(inputs, out->path)) return refuse(out, "an input");
    return nnrt_reads_find(out->path) ? refuse(out, "a file of the data set") : NNRT_OK;
}

static int may_follow(const output *out, const output *other) {
    return out->training && other->training && out->training != other->training;
}

static nnrt_status check_other(const output *out, const output *other) {
    int is_own = out->call == other->call && out->option == other->option &&
                 (out->kind == OLDER) != (other->kind == OLDER);
    if (is_own || may_follow(out, other) || !nnrt_place_is_same(out->path, other->path))
        return NNRT_OK;
    return nnrt_fail(NNRT_USAGE, "%s and %s name the same file `%s`", other->option, out->option,
                     out->path);
}

// ---- What the source may name.

static nnrt_status check_place(const nnrt_session *session, const output *out) {
    const nnrt_options *options = session->options;
    int is_below = out->call ? nnrt_place_is_below(out->path, ".") : 1;
    for (int i = 0; i < NNRT_ALLOWED_FOLDERS && !is_below && options->allow_write[i]; i++)
        is_below = nnrt_place_is_below(out->path, options->allow_write[i]);
    if (is_below > 0) return NNRT_OK;
    if (is_below < 0)
        return nnrt_fail(NNRT_ERROR, "cannot look for `%s`: %s", out->path, strerror(errno));
    return nnrt_fail(NNRT_USAGE,
                     "%s of the program would write `%s`, outside of the current folder; if that "
                     "is meant, name its folder with `--allow-write DIR`",
                     out->option, out->path);
}

static nnrt_status check_output_alone(const nnrt_session *session, const input_files *inputs,
                                      const output *out) {
    nnrt_status status = check_place(session, out);
    if (!status) status = check_program(session, out);
    return status ? status : check_inputs(session, inputs, out);
}

nnrt_status nnrt_outputs_check_files(const nnrt_session *session, const char *option,
                                     char *const *paths, int64_t count) {
    input_files inputs;
    nnrt_status status = find_inputs(session, &inputs);
    for (int64_t i = 0; i < count && !status; i++) {
        output out = {.option = option};
        snprintf(out.path, sizeof out.path, "%s", paths[i]);
        status = check_output_alone(session, &inputs, &out);
    }
    free(inputs.items);
    return status;
}

static nnrt_status check_output(const outputs *all, int64_t index) {
    const output *out = &all->items[index];
    nnrt_status status = check_output_alone(all->session, &all->inputs, out);
    for (int64_t k = 0; k < index && !status; k++) status = check_other(out, &all->items[k]);
    return status;
}

// ---- The list.

static void add(outputs *all, const output *out) {
    output *added = &all->items[all->count++];
    *added = *out;
    if (out->kind != WEIGHTS || access(out->path, F_OK) != 0) return;
    output older = *added;
    older.kind = OLDER;
    if (nnrt_file_older_name(out->path, older.path, sizeof older.path))
        all->items[all->count++] = older;
}

static void add_option(outputs *all, const char *option, const char *path, enum OutputKind kind) {
    output out = {.option = option, .kind = kind};
    if (!path) return;
    snprintf(out.path, sizeof out.path, "%s", path);
    add(all, &out);
}

// The first epoch's; later ones are asked about when they are written.
static nnrt_status add_samples(outputs *all) {
    char folder[NNRT_SAMPLE_FOLDER], path[PATH_MAX];
    if (!nnrt_sample_files_any(all->session->program)) return NNRT_OK;
    nnrt_status status = nnrt_sample_files_folder(all->session, folder);
    if (status) return status;
    nnrt_sample_files_path(folder, 1, path);
    add_option(all, "samples", path, PLAIN);
    return NNRT_OK;
}

// Patterns are followed to their first epoch's name, or to that of `epoch` in `training`.
static void add_callbacks(outputs *all, const nnrt_training *training, int64_t epoch,
                          const nnrt_log *log) {
    for (int64_t k = 0; k < training->callback_count; k++) {
        const nnrt_call *call = &training->callbacks[k];
        const char *path = nnrt_callback_path(call);
        output out = {.option = call->name, .training = training, .call = call};
        int is_checkpoint = nnrt_callback_row_of(call)->writes == NNRT_WRITES_WEIGHTS;
        out.kind = is_checkpoint ? WEIGHTS : PLAIN;
        if (!path) continue;
        snprintf(out.path, sizeof out.path, "%s", path);
        if (is_checkpoint && nnrt_pattern_path(path, epoch, log, out.path, sizeof out.path))
            continue; // too long: said when it is written
        add(all, &out);
    }
}

static nnrt_status make_list(outputs *all, const nnrt_session *session) {
    const nnrt_options *options = session->options;
    const nnrt_program *program = session->program;
    int64_t most = 6;
    int fits = strcmp(options->command, "fit") == 0;
    int saves = fits || strcmp(options->command, "init") == 0;
    for (int64_t i = 0; i < program->training_count; i++)
        most += program->trainings[i].callback_count;
    all->session = session;
    all->items = calloc((size_t)most * 2, sizeof *all->items);
    if (!all->items)
        return nnrt_fail_memory("the names of outputs", (size_t)most * 2 * sizeof *all->items);
    const char *save = options->save ? options->save : session->weights_path;
    add_option(all, "--save", saves ? save : NULL, WEIGHTS);
    add_option(all, "--step-log", options->step_log, PLAIN);
    add_option(all, "--history", options->history, PLAIN);
    add_option(all, "--checkpoint", fits ? options->checkpoint : NULL, WEIGHTS);
    add_option(all, "--npy", options->npy, PLAIN);
    nnrt_status status = fits ? add_samples(all) : NNRT_OK;
    if (status) return status;
    return find_inputs(session, &all->inputs);
}

static void free_list(outputs *all) {
    free(all->items);
    free(all->inputs.items);
}

// ---- The checks.

// `fit` opens its data in any case.
static void find_data(const outputs *all) {
    const nnrt_session *session = all->session;
    const nnrt_dataset *dataset = nnrt_session_dataset(session);
    nnrt_data_info info;
    int is_there = 0;
    for (int64_t i = 0; i < all->count; i++) is_there |= access(all->items[i].path, F_OK) == 0;
    if (!is_there || !dataset || session->has_data || strcmp(session->options->command, "fit") == 0)
        return;
    nnrt_data_inspect(dataset->stages, dataset->stage_count, dataset->folder,
                      &info); // data that cannot be read are not overwritten either
}

nnrt_status nnrt_outputs_check(const nnrt_session *session) {
    outputs all = {0};
    nnrt_log none = {0};
    const nnrt_program *program = session->program;
    nnrt_status status = make_list(&all, session);
    if (!status && strcmp(session->options->command, "fit") == 0)
        for (int64_t i = 0; i < program->training_count; i++)
            add_callbacks(&all, &program->trainings[i], 1, &none);
    if (!status) find_data(&all);
    for (int64_t i = 0; i < all.count && !status; i++) status = check_output(&all, i);
    free_list(&all);
    return status;
}

nnrt_status nnrt_outputs_check_name(const nnrt_session *session, const nnrt_training *training,
                                    const nnrt_call *call, int64_t epoch, const nnrt_log *log) {
    outputs all = {0};
    nnrt_status status = make_list(&all, session);
    if (!status) add_callbacks(&all, training, epoch, log);
    for (int64_t i = 0; i < all.count && !status; i++) {
        const output *out = &all.items[i];
        if (out->call != call) continue;
        status = check_output_alone(session, &all.inputs, out);
        for (int64_t k = 0; k < all.count && !status; k++)
            if (all.items[k].call != call) status = check_other(out, &all.items[k]);
    }
    free_list(&all);
    return status;
}
