#include "outputs.h"

#include "call.h"
#include "locate.h"
#include "pattern.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// Where a path leads, or would lead: a file that is not there yet is known by its folder.
static int resolve(const char *path, char resolved[PATH_MAX]) {
    if (realpath(path, resolved)) return 1;
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    char folder[PATH_MAX];
    size_t length = slash ? (size_t)(slash - path) + 1 : 0;
    if (length >= sizeof folder) return 0;
    memcpy(folder, path, length);
    folder[length] = 0;
    if (!realpath(length ? folder : ".", resolved)) return 0;
    length = strlen(resolved);
    return snprintf(resolved + length, PATH_MAX - length, "/%s", name) < (int)(PATH_MAX - length);
}

static int is_device(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode);
}

// The same file by name or by hard link. Devices may be named as often as one likes.
static int same_file(const char *a, const char *b) {
    char first[PATH_MAX], second[PATH_MAX];
    struct stat one, other;
    if (is_device(a) || is_device(b)) return 0;
    if (stat(a, &one) == 0 && stat(b, &other) == 0)
        return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
    return resolve(a, first) && resolve(b, second) && strcmp(first, second) == 0;
}

typedef struct output {
    const char *option, *path; // path NULL: not written
    int is_weights;
    const nnrt_training *training; // of a callback: what another block writes may be the same
} output;

static nnrt_status refuse(const output *out, const char *what) {
    return nnrt_fail(NNRT_USAGE, "%s `%s` would overwrite %s; choose another name", out->option,
                     out->path, what);
}

static nnrt_status check_program(const nnrt_session *session, const output *out) {
    const nnrt_program *program = session->program;
    const char *slash = strrchr(program->source_path, '/');
    char source[PATH_MAX];
    snprintf(source, sizeof source, "%s/%s", program->source_folder,
             slash ? slash + 1 : program->source_path);
    if (same_file(out->path, "/proc/self/exe")) return refuse(out, "this program");
    return same_file(out->path, source) ? refuse(out, "this program's source") : NNRT_OK;
}

// The files that the data source names.
static nnrt_status check_data(const nnrt_session *session, const output *out) {
    const nnrt_dataset *dataset = session->program->dataset;
    const nnrt_call *source = dataset && dataset->stage_count ? &dataset->stages[0] : NULL;
    for (int64_t i = 0; source && i < source->option_count; i++) {
        char path[PATH_MAX];
        const char *name = source->options[i].text;
        if (name && nnrt_locate(session->program->source_folder, name, path) == NNRT_OK &&
            same_file(out->path, path))
            return refuse(out, "a file of the data set");
    }
    return NNRT_OK;
}

static nnrt_status check_inputs(const nnrt_session *session, const output *out) {
    const nnrt_options *options = session->options;
    // Training may go on from a file and save to it.
    if (!out->is_weights && options->weights && same_file(out->path, options->weights))
        return refuse(out, "the weights that are read");
    for (int64_t i = 0; i < options->input_count; i++)
        if (same_file(out->path, options->inputs[i])) return refuse(out, "an input");
    return NNRT_OK;
}

static nnrt_status check_output(const nnrt_session *session, const output *outputs, int index) {
    const output *out = &outputs[index];
    if (!out->path) return NNRT_OK;
    nnrt_status status = check_program(session, out);
    if (!status) status = check_data(session, out);
    if (!status) status = check_inputs(session, out);
    for (int k = 0; k < index && !status; k++) {
        const output *other = &outputs[k];
        int may_follow = out->training && other->training && out->training != other->training;
        if (other->path && !may_follow && same_file(out->path, other->path))
            status = nnrt_fail(NNRT_USAGE, "%s and %s name the same file `%s`", other->option,
                               out->option, out->path);
    }
    return status;
}

// Paths with placeholders are not known yet.
static int add_callbacks(const nnrt_program *program, output *outputs, int count, int limit) {
    nnrt_placeholder placeholder;
    for (int64_t i = 0; i < program->training_count; i++) {
        const nnrt_training *training = &program->trainings[i];
        for (int64_t k = 0; k < training->callback_count && count < limit; k++) {
            const nnrt_call *call = &training->callbacks[k];
            const char *path = nnrt_call_text(call, "path", NULL);
            if (!path || nnrt_placeholder_next(path, &placeholder) != 0) continue;
            int is_weights = nnrt_call_is(call, "checkpoint");
            outputs[count++] = (output){call->name, path, is_weights, training};
        }
    }
    return count;
}

enum { MAX_OUTPUTS = 256 };

nnrt_status nnrt_outputs_check(const nnrt_session *session) {
    const nnrt_options *options = session->options;
    int fits = strcmp(options->command, "fit") == 0;
    int saves = fits || strcmp(options->command, "init") == 0;
    const char *save = options->save ? options->save : session->weights_path;
    output outputs[MAX_OUTPUTS] = {{"--save", saves ? save : NULL, 1, NULL},
                                   {"--step-log", options->step_log, 0, NULL},
                                   {"--history", options->history, 0, NULL},
                                   {"--npy", options->npy, 0, NULL}};
    int count = 4;
    if (fits) count = add_callbacks(session->program, outputs, count, MAX_OUTPUTS);
    nnrt_status status = NNRT_OK;
    for (int i = 0; i < count && !status; i++) status = check_output(session, outputs, i);
    return status;
}
