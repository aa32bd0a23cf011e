// `calibrate`: measures the ranges that predictions in int8 need, and keeps them with the weights.
#include "command.h"

#include "../files/file.h"
#include "../formats/weights/safetensors.h"
#include "../session/weights/ranges.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static void print_ranges(const nnrt_session *session) {
    const nnrt_program *program = session->program;
    for (int64_t i = 0; i < program->parameter_count; i++) {
        const float *range = nnrt_ranges_of(session, i);
        if (range[0] == 0 && range[1] == 0) continue; // of no product in int8
        printf("%-32s is multiplied by %g to %g\n", program->parameters[i].name, (double)range[0],
               (double)range[1]);
    }
}

// What is kept of the file, and what would be lost.
static nnrt_status look_at(const char *path, int *is_checkpoint, int64_t *is_unfinished) {
    nnrt_safetensors file;
    nnrt_status status = nnrt_safetensors_open(&file, path);
    if (status) return status;
    const char *training = nnrt_safetensors_metadata(&file, "training");
    *is_unfinished = training && strcmp(training, "unfinished") == 0;
    *is_checkpoint = 0;
    for (int64_t i = 0; i < file.count; i++)
        *is_checkpoint |=
            strncmp(file.tensors[i].name, NNRT_STATE_PREFIX, strlen(NNRT_STATE_PREFIX)) == 0;
    nnrt_safetensors_close(&file);
    return NNRT_OK;
}

// The file that the weights came from is written anew unless another one is named.
static nnrt_status choose_path(nnrt_session *session, char path[PATH_MAX]) {
    const char *save = session->options->save;
    int is_checkpoint = 0, is_file = nnrt_session_weights_read(session, path);
    nnrt_status status =
        is_file ? look_at(path, &is_checkpoint, &session->info.is_unfinished) : NNRT_OK;
    if (status) return status;
    if (is_checkpoint && !save)
        return nnrt_fail(NNRT_USAGE,
                         "`%s` is a checkpoint, from which a training may go on; say where its "
                         "weights go, with their ranges: `calibrate --weights %s --save FILE`",
                         path, path);
    if (save && snprintf(path, PATH_MAX, "%s", save) < PATH_MAX) return nnrt_file_probe(path);
    if (is_file) return nnrt_file_probe(path);
    return nnrt_fail(NNRT_USAGE, "the weights are no file; say where they go, with their ranges: "
                                 "`calibrate --save FILE`");
}

static nnrt_status save(nnrt_session *session, const char *path) {
    if (session->info.left_out)
        return nnrt_fail(NNRT_ERROR,
                         "`%s` has weights of models that this program was built "
                         "without, which would be lost; build it with all models",
                         path);
    nnrt_status status =
        nnrt_weights_save(path, session->program, session->weights.values, &session->info);
    if (!status) printf("weights with their ranges saved to %s\n", path);
    return status;
}

nnrt_status nnrt_command_calibrate(nnrt_session *session) {
    char path[PATH_MAX];
    if (!nnrt_ranges_are_used(session->program))
        return nnrt_fail(NNRT_USAGE,
                         "predictions of this program are not in int8, and need no ranges; `nnc "
                         "build %s --predict=int8` makes one whose are",
                         session->program->source_path);
    nnrt_status status = nnrt_session_load_data(session);
    if (!status) status = nnrt_session_load_trained(session, NULL);
    if (!status) status = choose_path(session, path);
    if (!status) status = nnrt_ranges_measure(session);
    if (!status) print_ranges(session);
    return status ? status : save(session, path);
}
