#include "sample_files.h"

#include "../../files/folder.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const char extension[] = ".safetensors";

int nnrt_sample_files_any(const nnrt_program *program) {
    for (int64_t i = 0; i < program->training_count; i++)
        if (program->trainings[i].samples.run) return 1;
    return 0;
}

static int is_device(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode);
}

nnrt_status nnrt_sample_files_folder(const nnrt_session *session, char folder[NNRT_SAMPLE_FOLDER]) {
    const char *save = session->options->save;
    const char *path = save && !is_device(save) ? save : session->weights_path;
    size_t length = strlen(path), end = strlen(extension);
    if (length > end && strcmp(path + length - end, extension) == 0) length -= end;
    if (snprintf(folder, NNRT_SAMPLE_FOLDER, "%.*s-samples", (int)length, path) <
        NNRT_SAMPLE_FOLDER)
        return NNRT_OK;
    return nnrt_fail(NNRT_USAGE, "`%s` is too long for a folder of its pictures", path);
}

void nnrt_sample_files_path(const char *folder, int64_t epoch, char path[PATH_MAX]) {
    snprintf(path, PATH_MAX, "%s/epoch-%04" PRId64 ".png", folder, epoch);
}

nnrt_status nnrt_sample_files_open(const char *folder) {
    struct stat status;
    int error = nnrt_folder_make(folder);
    if (!error) return NNRT_OK;
    errno = error;
    if (error != EEXIST || lstat(folder, &status) != 0)
        return nnrt_fail(NNRT_ERROR, "the folder `%s` of `samples` cannot be made: %s", folder,
                         strerror(errno));
    if (S_ISDIR(status.st_mode)) return NNRT_OK;
    return nnrt_fail(NNRT_USAGE,
                     "the pictures of `samples` go into a folder `%s`, but that is a %s; remove "
                     "it, or name other weights with --save",
                     folder, S_ISLNK(status.st_mode) ? "symbolic link" : "file");
}
