#include "zip.h"

#ifdef NNRT_HAVE_ZIP
#include <errno.h>
#include <minizip/unzip.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../paths/reads.h"
#include "../scratch.h"

enum {
    NAME = 1 << 12,
    PIECE = 1 << 16,
    MOST = 1 << 16, // members
    STORED = 0,     // methods
    DEFLATED = 8,
    ENCRYPTED = 1,    // of the flags
    MOST_RATIO = 1040 // deflate's is below
};

static nnrt_status fail_damaged(const char *name, const char *why) {
    return nnrt_fail(NNRT_ERROR, "`%s` is damaged: %s; get the file again", name, why);
}

// ---- The list.

static nnrt_status fail_open(const char *path) {
    char start[4] = "";
    int error;
    FILE *file = fopen(path, "rb");
    if (!file) return nnrt_fail(NNRT_ERROR, "cannot open `%s`: %s", path, strerror(errno));
    size_t count = fread(start, 1, sizeof start, file);
    error = ferror(file) ? errno : 0;
    fclose(file);
    if (error) return nnrt_fail(NNRT_ERROR, "cannot read `%s`: %s", path, strerror(error));
    if (count < sizeof start || memcmp(start, "PK", 2) != 0)
        return nnrt_fail(NNRT_ERROR,
                         "`%s` is no archive (.npz): numpy.savez writes such files; a single "
                         "array (.npy) is read by npy(..)",
                         path);
    return fail_damaged(path, "the list of its members is not at its end");
}

static nnrt_status add_name(nnrt_zip *zip) {
    char name[NAME] = "";
    unz_file_info64 info;
    if (unzGetCurrentFileInfo64(zip->file, &info, name, sizeof name - 1, NULL, 0, NULL, 0))
        return fail_damaged(zip->path, "the list of its members is not valid");
    char *copy = strdup(name);
    if (!copy) return nnrt_fail_memory(zip->path, strlen(name));
    zip->names[zip->count++] = copy;
    return NNRT_OK;
}

static nnrt_status list(nnrt_zip *zip) {
    unz_global_info64 info;
    int more = unzGetGlobalInfo64(zip->file, &info);
    if (more || info.number_entry > MOST)
        return fail_damaged(zip->path, "the list of its members is not valid");
    zip->names = calloc((size_t)info.number_entry + 1, sizeof *zip->names);
    if (!zip->names) return nnrt_fail_memory(zip->path, (size_t)info.number_entry);
    nnrt_status status = NNRT_OK;
    if (info.number_entry) more = unzGoToFirstFile(zip->file);
    for (ZPOS64_T i = 0; i < info.number_entry && !status; i++) {
        status = more ? fail_damaged(zip->path, "members of its list are missing") : add_name(zip);
        more = unzGoToNextFile(zip->file);
    }
    return status;
}

nnrt_status nnrt_zip_open(nnrt_zip *zip, const char *path) {
    *zip = (nnrt_zip){.path = strdup(path)};
    if (!zip->path) return nnrt_fail_memory(path, strlen(path));
    if (nnrt_reads_note(path)) return NNRT_ERROR;
    zip->file = unzOpen64(path);
    return zip->file ? list(zip) : fail_open(path);
}

void nnrt_zip_close(nnrt_zip *zip) {
    if (zip->file) unzClose(zip->file);
    for (int64_t i = 0; i < zip->count; i++) free(zip->names[i]);
    free(zip->names);
    free(zip->path);
    *zip = (nnrt_zip){0};
}

// ---- Members.

static nnrt_status write_piece(const char *name, int descriptor, const char *bytes, int size) {
    while (size > 0) {
        ssize_t written = write(descriptor, bytes, (size_t)size);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0)
            return nnrt_fail(NNRT_ERROR,
                             "`%s` cannot be unpacked: %s\nset TMPDIR to a folder of a disk with "
                             "more room",
                             name, strerror(errno));
        bytes += written;
        size -= (int)written;
    }
    return NNRT_OK;
}

static nnrt_status copy(nnrt_zip *zip, const char *name, int64_t size, int descriptor) {
    char bytes[PIECE];
    int64_t left = size;
    nnrt_status status = NNRT_OK;
    while (left > 0 && !status) {
        int count = unzReadCurrentFile(zip->file, bytes, sizeof bytes);
        if (count <= 0) return fail_damaged(name, "its compressed data are not valid or end early");
        status = write_piece(name, descriptor, bytes, count);
        left -= count;
    }
    return status || left == 0 ? status : fail_damaged(name, "it is longer than its list says");
}

static nnrt_status check_member(const char *name, const unz_file_info64 *info) {
    if (info->flag & ENCRYPTED)
        return nnrt_fail(NNRT_ERROR,
                         "`%s` is encrypted, which is not read: save it again with numpy.savez",
                         name);
    if (info->compression_method != STORED && info->compression_method != DEFLATED)
        return nnrt_fail(NNRT_ERROR,
                         "`%s` is compressed by the method %lu; readable are members that are "
                         "stored or deflated: save it again with numpy.savez_compressed",
                         name, info->compression_method);
    if (info->uncompressed_size / MOST_RATIO > info->compressed_size)
        return fail_damaged(name, "it claims to be larger than its bytes can be");
    return NNRT_OK;
}

static nnrt_status unpack(nnrt_zip *zip, const char *name, int descriptor) {
    unz_file_info64 info;
    if (unzGetCurrentFileInfo64(zip->file, &info, NULL, 0, NULL, 0, NULL, 0))
        return fail_damaged(name, "the list of members is not valid");
    nnrt_status status = check_member(name, &info);
    if (status) return status;
    if (unzOpenCurrentFile(zip->file))
        return fail_damaged(name, "what stands before its data is not what the list says");
    status = copy(zip, name, (int64_t)info.uncompressed_size, descriptor);
    int closed = unzCloseCurrentFile(zip->file);
    if (status || !closed) return status;
    return fail_damaged(name, "its checksum is wrong");
}

nnrt_status nnrt_zip_read(nnrt_zip *zip, int64_t member, const char *name, int *descriptor) {
    int missing = unzGoToFirstFile(zip->file);
    for (int64_t i = 0; i < member && !missing; i++) missing = unzGoToNextFile(zip->file);
    if (missing) return fail_damaged(name, "the list of members is not valid");
    *descriptor = nnrt_scratch_file();
    if (*descriptor < 0) return NNRT_ERROR;
    nnrt_status status = unpack(zip, name, *descriptor);
    if (status) close(*descriptor);
    return status;
}

#else

nnrt_status nnrt_zip_open(nnrt_zip *zip, const char *path) {
    *zip = (nnrt_zip){0};
    return nnrt_fail(NNRT_ERROR,
                     "`%s` cannot be read: nnc was built without minizip\ninstall libminizip-dev "
                     "and build it again, or save each array with numpy.save",
                     path);
}

void nnrt_zip_close(nnrt_zip *zip) {
    (void)zip;
}

nnrt_status nnrt_zip_read(nnrt_zip *zip, int64_t member, const char *name, int *descriptor) {
    (void)zip, (void)member, (void)descriptor;
    return nnrt_fail(NNRT_ERROR, "`%s` cannot be read", name);
}
#endif
