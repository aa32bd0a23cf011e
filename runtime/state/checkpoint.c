#include "checkpoint.h"

#include "../files/system.h"
#include "../formats/array.h"
#include "../formats/weights/safetensors_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define CHECKSUM NNRT_STATE_PREFIX "checksum"
#define VERSION_KEY "nnc.checkpoint"
#define VERSION "1"

enum { BUFFER = 1 << 16, CHECKSUM_BYTES = 4, DIFFERENCES = 12 };

// ---- Writing.

static int64_t elements_in(const nnrt_snapshot *snapshot, int64_t i) {
    const nnrt_state_item *item = &snapshot->state->items[i];
    int64_t count = item->rank ? snapshot->rows[i] : 1;
    for (int64_t d = 1; d < item->rank; d++) count *= item->shape[d];
    return count;
}

static void put_items(nnrt_json *json, const nnrt_snapshot *snapshot) {
    int64_t offset = 0;
    for (int64_t i = 0; i < snapshot->state->count; i++) {
        const nnrt_state_item *item = &snapshot->state->items[i];
        int64_t shape[NNRT_MAX_RANK];
        memcpy(shape, item->shape, sizeof shape);
        if (item->rank) shape[0] = snapshot->rows[i];
        nnrt_safetensors_put(json, item->name, nnrt_state_type_name(item->type), item->rank, shape,
                             elements_in(snapshot, i) * nnrt_state_type_bytes(item->type), &offset);
    }
    const int64_t bytes = CHECKSUM_BYTES;
    nnrt_safetensors_put(json, CHECKSUM, "U8", 1, &bytes, bytes, &offset);
}

static void put_header(nnrt_json *json, const nnrt_program *program, const nnrt_weights_info *info,
                       const nnrt_snapshot *snapshot) {
    nnrt_json_open(json, NULL, '{');
    nnrt_json_open(json, "__metadata__", '{');
    nnrt_json_string(json, VERSION_KEY, VERSION);
    nnrt_weights_metadata(json, program, info);
    nnrt_json_close(json, '}');
    put_items(json, snapshot);
    nnrt_json_close(json, '}');
}

static nnrt_status copy_file(nnrt_file *file, int descriptor, int64_t size) {
    char buffer[BUFFER];
    for (int64_t done = 0; done < size;) {
        size_t part = size - done < BUFFER ? (size_t)(size - done) : BUFFER;
        int64_t got = nnrt_system_read(descriptor, buffer, part, done);
        if (got <= 0)
            return nnrt_fail(NNRT_ERROR, "cannot read what was logged: %s",
                             got < 0 ? strerror(errno) : "it is shorter than it was");
        nnrt_file_write(file, buffer, (size_t)got);
        done += got;
    }
    return NNRT_OK;
}

static nnrt_parameter stored_alone(const nnrt_state_item *item) {
    nnrt_parameter parameter = *item->layout;
    parameter.storage.offset = 0;
    return parameter;
}

static nnrt_status write_item(nnrt_file *file, const nnrt_snapshot *snapshot, int64_t i) {
    const nnrt_state_item *item = &snapshot->state->items[i];
    const char *bytes = snapshot->bytes + item->offset;
    int64_t count = elements_in(snapshot, i);
    if (item->descriptor >= 0) return copy_file(file, item->descriptor, count);
    if (!item->layout) {
        nnrt_safetensors_write(file, bytes, count, nnrt_state_type_bytes(item->type));
        return NNRT_OK;
    }
    float *values = malloc((size_t)count * sizeof *values + 1);
    if (!values) return nnrt_fail_memory("a checkpoint", (size_t)count * sizeof *values);
    nnrt_parameter parameter = stored_alone(item);
    nnrt_weights_get(&parameter, (const float *)(const void *)bytes, values);
    nnrt_safetensors_write(file, values, count, sizeof *values);
    free(values);
    return NNRT_OK;
}

static void write_checksum(nnrt_file *file) {
    uint32_t checksum = nnrt_file_checksum(file);
    unsigned char bytes[CHECKSUM_BYTES];
    for (int i = 0; i < CHECKSUM_BYTES; i++) bytes[i] = (unsigned char)(checksum >> 8 * i);
    nnrt_file_write(file, bytes, sizeof bytes);
}

// Logs go on behind what they had at the checkpoint: that must not be lost by a crash which leaves
// the checkpoint.
static nnrt_status sync_logs(const char *path, const nnrt_snapshot *snapshot) {
    const nnrt_state *state = snapshot->state;
    for (int64_t i = 0; i < state->log_count; i++) {
        int error = snapshot->logs[i] < 0 ? 0 : nnrt_system_sync(snapshot->logs[i], 1);
        if (error)
            return nnrt_fail(NNRT_ERROR, "cannot write `%s`: `%s` is not kept by the disk: %s",
                             path, state->logs[i].path, strerror(error));
    }
    return NNRT_OK;
}

nnrt_status nnrt_checkpoint_write(const char *path, const nnrt_program *program,
                                  const nnrt_weights_info *info, const nnrt_snapshot *snapshot,
                                  int keeps_older) {
    nnrt_json json = {0};
    put_header(&json, program, info, snapshot);
    const char *header = nnrt_json_text(&json);
    nnrt_status status = header ? NNRT_OK : nnrt_fail_memory(path, 0);
    nnrt_file *file = status ? NULL : nnrt_file_create(path);
    if (!status && !file) status = NNRT_ERROR;
    if (file && keeps_older) nnrt_file_keep_older(file);
    if (file) nnrt_safetensors_write_header(file, header);
    for (int64_t i = 0; i < snapshot->state->count && !status; i++)
        status = write_item(file, snapshot, i);
    nnrt_json_free(&json);
    if (status) {
        nnrt_file_abandon(file);
        return status;
    }
    write_checksum(file);
    status = sync_logs(path, snapshot);
    if (!status) return nnrt_file_commit(file);
    nnrt_file_abandon(file);
    return status;
}

int nnrt_checkpoint_is_finite(const nnrt_snapshot *snapshot) {
    for (int64_t i = 0; i < snapshot->state->count; i++) {
        const nnrt_state_item *item = &snapshot->state->items[i];
        if (!item->layout || !nnrt_state_is_weight(item->name)) continue;
        const float *values = (const float *)(const void *)(snapshot->bytes + item->offset);
        for (int64_t k = 0; k < item->layout->storage.size; k++)
            if (!isfinite(values[k])) return 0;
    }
    return 1;
}

// ---- Opening.

static nnrt_status fail_read(const char *path) {
    return nnrt_fail(NNRT_ERROR, "cannot read `%s`: %s", path, strerror(errno));
}

static nnrt_status sum_up(const char *path, int descriptor, int64_t size, uint32_t *checksum) {
    unsigned char buffer[BUFFER];
    uLong sum = 0;
    for (int64_t done = 0; done < size;) {
        size_t part = size - done < BUFFER ? (size_t)(size - done) : BUFFER;
        int64_t got = nnrt_system_read(descriptor, buffer, part, done);
        if (got < 0) return fail_read(path);
        if (got == 0) break;
        sum = crc32_z(sum, buffer, (size_t)got);
        done += got;
    }
    *checksum = (uint32_t)sum;
    return NNRT_OK;
}

static nnrt_status check_sum(const char *path, int descriptor) {
    struct stat status;
    unsigned char bytes[CHECKSUM_BYTES] = {0};
    uint32_t found = 0, stored = 0;
    if (fstat(descriptor, &status) != 0) return fail_read(path);
    int64_t size = status.st_size - CHECKSUM_BYTES;
    if (!S_ISREG(status.st_mode)) return nnrt_fail(NNRT_ERROR, "`%s` is no file", path);
    if (size >= 0 && sum_up(path, descriptor, size, &found)) return NNRT_ERROR;
    int64_t got = size < 0 ? 0 : nnrt_system_read(descriptor, bytes, sizeof bytes, size);
    if (got < 0) return fail_read(path);
    if (got < CHECKSUM_BYTES)
        return nnrt_fail(NNRT_ERROR, "`%s` is no whole checkpoint: it is cut off", path);
    for (int i = 0; i < CHECKSUM_BYTES; i++) stored |= (uint32_t)bytes[i] << 8 * i;
    if (found == stored) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR,
                     "`%s` is damaged or cut off: its checksum is %08" PRIx32 ", not %08" PRIx32,
                     path, found, stored);
}

// Weights that `fit` saves have none: that is to be said, not that they are damaged.
static int is_weights_file(const char *path) {
    nnrt_safetensors file;
    if (nnrt_safetensors_open(&file, path)) return 0;
    int is_checkpoint = nnrt_safetensors_find(&file, CHECKSUM) != NULL;
    nnrt_safetensors_close(&file);
    return !is_checkpoint;
}

nnrt_status nnrt_checkpoint_open(nnrt_safetensors *file, const char *path) {
    int descriptor = nnrt_system_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) return fail_read(path);
    nnrt_status status = check_sum(path, descriptor);
    close(descriptor);
    if (status && is_weights_file(path))
        return nnrt_fail(NNRT_USAGE,
                         "`%s` is no checkpoint; if it holds weights, `--weights %s` starts from "
                         "them",
                         path, path);
    if (status) return status;
    status = nnrt_safetensors_open(file, path);
    if (status) return status;
    const char *version = nnrt_safetensors_metadata(file, VERSION_KEY);
    if (version && strcmp(version, VERSION) == 0) return NNRT_OK;
    nnrt_safetensors_close(file);
    return nnrt_fail(NNRT_ERROR, "`%s` is no checkpoint that this version of nnc reads", path);
}

// ---- Reading.

static nnrt_status read_word(const nnrt_safetensors *file, const char *name, const char *type,
                             void *word) {
    char full[256];
    snprintf(full, sizeof full, NNRT_STATE_PREFIX "%s", name);
    const nnrt_tensor *tensor = nnrt_safetensors_find(file, full);
    if (!tensor || tensor->rank || strcmp(tensor->dtype, type) != 0)
        return nnrt_fail(NNRT_ERROR, "the checkpoint `%s` lacks `%s`", file->path, full);
    return nnrt_safetensors_read_bytes(file, tensor, 0, 8, 8, word);
}

nnrt_status nnrt_checkpoint_integer(const nnrt_safetensors *file, const char *name, int64_t low,
                                    int64_t high, int64_t *number) {
    nnrt_status status = read_word(file, name, "I64", number);
    if (status || (*number >= low && *number <= high)) return status;
    return nnrt_fail(NNRT_ERROR, "the checkpoint `%s` is not of this program: its `%s` is %" PRId64,
                     file->path, name, *number);
}

nnrt_status nnrt_checkpoint_real(const nnrt_safetensors *file, const char *name, double *number) {
    return read_word(file, name, "F64", number);
}

static int fits(const nnrt_state_item *item, const nnrt_tensor *tensor) {
    if (strcmp(tensor->dtype, nnrt_state_type_name(item->type)) != 0) return 0;
    if (tensor->rank != item->rank) return 0;
    for (int64_t d = 0; d < item->rank; d++) {
        int may_be_less = d == 0 && item->rows;
        if (may_be_less ? tensor->shape[d] > item->shape[d] : tensor->shape[d] != item->shape[d])
            return 0;
    }
    return 1;
}

typedef struct differences {
    char text[3000];
    size_t used;
    int64_t count;
} differences;

__attribute__((format(printf, 2, 3))) static void differ(differences *d, const char *format, ...) {
    va_list arguments;
    size_t left = sizeof d->text - d->used;
    if (++d->count > DIFFERENCES) return;
    va_start(arguments, format);
    int used = vsnprintf(d->text + d->used, left, format, arguments);
    va_end(arguments);
    if (used > 0) d->used += (size_t)used < left ? (size_t)used : left - 1;
}

static void compare_item(differences *d, const nnrt_safetensors *file,
                         const nnrt_state_item *item) {
    char have[NNRT_SHAPE_TEXT], want[NNRT_SHAPE_TEXT];
    const nnrt_tensor *tensor = nnrt_safetensors_find(file, item->name);
    nnrt_shape_text(want, item->rank, item->shape);
    if (item->is_ignored) return;
    if (!tensor && !item->may_be_missing)
        differ(d, "\n  %.150s: %s in the program, not in the file", item->name, want);
    if (!tensor || fits(item, tensor)) return;
    nnrt_shape_text(have, tensor->rank, tensor->shape);
    differ(d, "\n  %.150s: %s %s in the file, %s %s in the program", item->name, tensor->dtype,
           have, nnrt_state_type_name(item->type), want);
}

static int has_item(const nnrt_state *state, const char *name) {
    for (int64_t i = 0; i < state->count; i++)
        if (strcmp(state->items[i].name, name) == 0) return 1;
    return 0;
}

nnrt_status nnrt_checkpoint_compare(const nnrt_safetensors *file, const nnrt_state *state) {
    differences d = {0};
    char shape[NNRT_SHAPE_TEXT], more[64] = "";
    for (int64_t i = 0; i < state->count; i++) compare_item(&d, file, &state->items[i]);
    for (int64_t i = 0; i < file->count; i++) {
        const nnrt_tensor *tensor = &file->tensors[i];
        if (!nnrt_state_is_weight(tensor->name) || has_item(state, tensor->name)) continue;
        nnrt_shape_text(shape, tensor->rank, tensor->shape);
        differ(&d, "\n  %.150s: %s in the file, not in the program", tensor->name, shape);
    }
    if (!d.count) return NNRT_OK;
    if (d.count > DIFFERENCES)
        snprintf(more, sizeof more, "\n  and %" PRId64 " more", d.count - DIFFERENCES);
    return nnrt_fail(NNRT_ERROR, "the checkpoint `%s` does not fit this program:%s%s", file->path,
                     d.text, more);
}

static nnrt_status restore_layout(const nnrt_safetensors *file, const nnrt_tensor *tensor,
                                  const nnrt_state_item *item) {
    float *values = malloc((size_t)tensor->elements * sizeof *values + 1);
    if (!values) return nnrt_fail_memory("a checkpoint", (size_t)tensor->elements * sizeof *values);
    nnrt_status status = nnrt_safetensors_read(file, tensor, values);
    nnrt_parameter parameter = stored_alone(item);
    if (!status) nnrt_weights_put(&parameter, item->place, values);
    free(values);
    return status;
}

nnrt_status nnrt_checkpoint_restore(const nnrt_safetensors *file, const nnrt_state *state) {
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < state->count && !status; i++) {
        const nnrt_state_item *item = &state->items[i];
        const nnrt_tensor *tensor = nnrt_safetensors_find(file, item->name);
        if (!tensor || !item->place || item->is_ignored) continue;
        if (item->rows) *item->rows = tensor->shape[0];
        status = item->layout
                     ? restore_layout(file, tensor, item)
                     : nnrt_safetensors_read_bytes(file, tensor, 0, tensor->end - tensor->begin,
                                                   nnrt_state_type_bytes(item->type), item->place);
    }
    return status;
}

nnrt_status nnrt_checkpoint_copy(const nnrt_safetensors *file, const char *name, nnrt_file *to) {
    char full[256], buffer[BUFFER];
    snprintf(full, sizeof full, NNRT_STATE_PREFIX "%s", name);
    const nnrt_tensor *tensor = nnrt_safetensors_find(file, full);
    nnrt_status status = NNRT_OK;
    int64_t size = tensor ? tensor->end - tensor->begin : 0;
    for (int64_t done = 0; done < size && !status; done += BUFFER) {
        int64_t part = size - done < BUFFER ? size - done : BUFFER;
        status = nnrt_safetensors_read_bytes(file, tensor, done, part, 1, buffer);
        if (!status) nnrt_file_write(to, buffer, (size_t)part);
    }
    return status;
}
