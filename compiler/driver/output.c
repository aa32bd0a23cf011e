// Writing files so that a reader sees the old file or the whole new one, never a part.
#include "output.h"

#include "../../runtime/files/paths/reads.h"
#include "../../runtime/files/temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *output_source_name(const char *operand) {
    return strcmp(operand, "-") ? operand : "standard input";
}

char *output_stem(Arena *arena, const char *source_path, const char *model) {
    if (!strcmp(source_path, "-")) source_path = "program";
    const char *slash = strrchr(source_path, '/');
    const char *name = slash ? slash + 1 : source_path;
    size_t length = strlen(name);
    if (length > 3 && !strcmp(name + length - 3, ".nn")) length -= 3;
    if (model) return arena_format(arena, "%.*s-%s", (int)length, name, model);
    return arena_copy(arena, name, length);
}

static bool is_source(const struct stat *file, const SourceSet *sources) {
    struct stat source;
    for (int i = 0; i < sources_count(sources); i++) {
        if (stat(sources_get(sources, (uint32_t)i)->path, &source)) continue;
        if (source.st_dev == file->st_dev && source.st_ino == file->st_ino) return true;
    }
    return false;
}

static bool check_folder(Arena *arena, const char *path, DiagSink *sink) {
    const char *slash = strrchr(path, '/');
    const char *folder = ".";
    if (slash) folder = arena_copy(arena, path, (size_t)(slash - path) + (slash == path));
    if (!access(folder, W_OK | X_OK)) return true;
    int error = errno;
    Diag *diag = diag_report(sink, DIAG_E0902, SPAN_NONE, "cannot write `%s`: folder `%s`: %s",
                             path, folder, strerror(error));
    if (error == ENOENT) diag_help(diag, "make the folder first, or choose another with `-o`");
    return false;
}

// /dev/stdout may lead to a regular file, but must not be replaced by one. (/dev/shm is a folder
// like any other.)
static bool is_special(const char *path, const struct stat *file) {
    bool is_device = !strncmp(path, "/dev/", 5) && strncmp(path, "/dev/shm/", 9);
    return is_device || !strncmp(path, "/proc/", 6) || !S_ISREG(file->st_mode);
}

bool output_check(Arena *arena, const char *path, const SourceSet *sources, DiagSink *sink) {
    struct stat file;
    if (stat(path, &file)) return check_folder(arena, path, sink);
    const char *reason = NULL;
    if (S_ISDIR(file.st_mode))
        reason = "there is a folder of that name";
    else if (is_special(path, &file))
        reason = "it is no ordinary file";
    else if (is_source(&file, sources))
        reason = "it is the source";
    else if (nnrt_reads_find(path))
        reason = "it is a file that is read";
    if (!reason) return check_folder(arena, path, sink);
    Diag *diag = diag_report(sink, DIAG_E0902, SPAN_NONE, "cannot write `%s`: %s", path, reason);
    diag_help(diag, "choose another name with `-o`");
    return false;
}

const char *output_target(Arena *arena, const char *path) {
    const char *target = arena_realpath(arena, path);
    return target ? target : path;
}

static bool report_failure(const char *path, int error, DiagSink *sink) {
    diag_report(sink, DIAG_E0902, SPAN_NONE, "cannot write %s%s%s: %s", path ? "`" : "",
                path ? path : "standard output", path ? "`" : "", strerror(error));
    return false;
}

static bool write_all(FILE *file, const Text *text) {
    return fwrite(text->data, 1, text->length, file) == text->length && !fflush(file);
}

bool output_folder(OutputFolder *out, Arena *arena, const char *path, DiagSink *sink) {
    char *folder;
    nnrt_temporary_sweep(path);
    out->descriptor = nnrt_temporary_folder(path, &folder);
    if (out->descriptor < 0) return report_failure(path, errno, sink);
    out->folder = arena_strdup(arena, folder);
    out->file = arena_format(arena, "%s/program", folder);
    free(folder);
    return true;
}

void output_folder_remove(OutputFolder *out) {
    if (!out->folder) return;
    unlink(out->file);
    rmdir(out->folder);
    close(out->descriptor);
    *out = (OutputFolder){0};
}

// Makes `path` hold `text` at once. Returns the errno of what failed, or 0.
static int replace_file(const char *path, mode_t mode, const Text *text) {
    char *temporary;
    nnrt_temporary_sweep(path);
    int descriptor = nnrt_temporary_file(path, &temporary);
    FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "wb");
    int error = file ? 0 : errno;
    if (file && !(write_all(file, text) && (!mode || !fchmod(descriptor, mode)))) error = errno;
    if (!error && rename(temporary, path)) error = errno;
    if (error && descriptor >= 0) unlink(temporary);
    if (file ? fclose(file) : descriptor >= 0 && close(descriptor)) error = error ? error : errno;
    if (descriptor >= 0) free(temporary);
    return error;
}

static int write_in_place(const char *path, const Text *text) {
    FILE *file = fopen(path, "wb");
    if (!file) return errno;
    int error = write_all(file, text) ? 0 : errno;
    if (fclose(file) && !error) error = errno;
    return error;
}

bool output_write(const char *path, const Text *text, DiagSink *sink) {
    if (!path) return write_all(stdout, text) || report_failure(NULL, errno, sink);
    struct stat existing = {0};
    bool exists = !stat(path, &existing);
    int error;
    if (exists && !S_ISREG(existing.st_mode)) {
        error = write_in_place(path, text);
    } else {
        const char *target = output_target(text->arena, path);
        error = replace_file(target, existing.st_mode & 07777, text);
    }
    return !error || report_failure(path, error, sink);
}
