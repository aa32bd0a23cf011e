#include "safetensors.h"

#include "../../files/system.h"
#include "../text/json_text.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LENGTH_BYTES = 8, VALUES_PER_TENSOR = 16 };

static nnrt_status broken(const nnrt_safetensors *file, const char *what, const char *name) {
    return nnrt_fail(NNRT_ERROR, "`%s` is no usable safetensors file: %s%s%.200s%s", file->path,
                     what, name ? " `" : "", name ? name : "", name ? "`" : "");
}

static nnrt_status read_at(const nnrt_safetensors *file, void *bytes, size_t size, int64_t from) {
    if (file->bytes) { // `from` is below the size: the header was checked against it
        if ((int64_t)size > file->size - from) return broken(file, "it ends too early", NULL);
        memcpy(bytes, file->bytes + from, size);
        return NNRT_OK;
    }
    int64_t got = nnrt_system_read(file->descriptor, bytes, size, from);
    if (got < 0) return nnrt_fail(NNRT_ERROR, "cannot read `%s`: %s", file->path, strerror(errno));
    return got < (int64_t)size ? broken(file, "it ends too early", NULL) : NNRT_OK;
}

// ---- The header.

// Refuses headers whose parsed form would be far larger than any real one's: by the commas outside
// of strings.
static int too_many_values(const char *text, size_t size) {
    int64_t values = 0;
    int in_string = 0;
    for (size_t i = 0; i < size; i++) {
        if (in_string && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            in_string = !in_string;
        else
            values += !in_string && (text[i] == ',' || text[i] == '[' || text[i] == '{');
    }
    return values > (int64_t)NNRT_SAFETENSORS_MAX_TENSORS * VALUES_PER_TENSOR;
}

static nnrt_status parse_header(nnrt_safetensors *file, int64_t size) {
    char *text = malloc((size_t)size);
    if (!text) return nnrt_fail_memory("the header of a weights file", (size_t)size);
    nnrt_status status = read_at(file, text, (size_t)size, LENGTH_BYTES);
    json_error_t error;
    int lacks_memory;
    if (!status && too_many_values(text, (size_t)size))
        status = broken(file, "its header has more values than 100,000 tensors need", NULL);
    if (!status) {
        file->header = nnrt_json_load("the header of a weights file", text, (size_t)size, &error,
                                      &lacks_memory);
        if (lacks_memory)
            status = NNRT_ERROR;
        else if (!file->header)
            status = nnrt_fail(NNRT_ERROR,
                               "`%s` is no usable safetensors file: its header is not JSON (byte "
                               "%d: %s)",
                               file->path, LENGTH_BYTES + error.position, error.text);
        else if (!json_is_object((json_t *)file->header))
            status = broken(file, "its header is no JSON object", NULL);
    }
    free(text);
    return status;
}

static nnrt_status read_header(nnrt_safetensors *file, int64_t file_size) {
    uint64_t length;
    if (file_size < LENGTH_BYTES) return broken(file, "it is too short", NULL);
    nnrt_status status = read_at(file, &length, sizeof length, 0);
    if (status) return status;
    length = le64toh(length);
    if (length > NNRT_SAFETENSORS_MAX_HEADER)
        return broken(file, "it does not begin with a header length below 100 MB", NULL);
    if ((int64_t)length > file_size - LENGTH_BYTES)
        return broken(file, "its header is cut off", NULL);
    file->data_start = LENGTH_BYTES + (int64_t)length;
    return parse_header(file, (int64_t)length);
}

// ---- The tensors.

static int64_t dtype_bytes(const char *dtype) {
    static const struct {
        const char *name;
        int64_t bytes;
    } known[] = {{"F64", 8}, {"F32", 4}, {"F16", 2},  {"BF16", 2},    {"I64", 8},
                 {"I32", 4}, {"I16", 2}, {"I8", 1},   {"U8", 1},      {"U16", 2},
                 {"U32", 4}, {"U64", 8}, {"BOOL", 1}, {"F8_E4M3", 1}, {"F8_E5M2", 1}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].name, dtype) == 0) return known[i].bytes;
    return 0;
}

static int get_integers(const json_t *list, int64_t *values, size_t limit) {
    if (!json_is_array(list) || json_array_size(list) > limit) return 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *value = json_array_get(list, i);
        if (!json_is_integer(value) || json_integer_value(value) < 0) return 0;
        values[i] = json_integer_value(value);
    }
    return 1;
}

static nnrt_status parse_tensor(const nnrt_safetensors *file, const char *name, const json_t *entry,
                                nnrt_tensor *tensor) {
    int64_t offsets[2], bytes;
    const json_t *shape = json_object_get(entry, "shape");
    const json_t *places = json_object_get(entry, "data_offsets");
    tensor->name = name;
    tensor->dtype = json_string_value(json_object_get(entry, "dtype"));
    if (!tensor->dtype || !dtype_bytes(tensor->dtype))
        return broken(file, "no known dtype in tensor", name);
    if (!get_integers(shape, tensor->shape, NNRT_MAX_RANK))
        return broken(file, "no usable shape in tensor", name);
    if (json_array_size(places) != 2 || !get_integers(places, offsets, 2))
        return broken(file, "no usable data_offsets in tensor", name);
    tensor->rank = (int64_t)json_array_size(shape);
    tensor->begin = offsets[0];
    tensor->end = offsets[1];
    tensor->elements = 1;
    for (int64_t i = 0; i < tensor->rank; i++)
        if (__builtin_mul_overflow(tensor->elements, tensor->shape[i], &tensor->elements))
            return broken(file, "too large a shape in tensor", name);
    if (__builtin_mul_overflow(tensor->elements, dtype_bytes(tensor->dtype), &bytes) ||
        tensor->end < tensor->begin || tensor->end - tensor->begin != bytes)
        return broken(file, "shape and data_offsets contradict each other in tensor", name);
    return NNRT_OK;
}

static int by_place(const void *a, const void *b) {
    const nnrt_tensor *x = a, *y = b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

static nnrt_status check_places(const nnrt_safetensors *file, int64_t data_size) {
    int64_t place = 0;
    for (int64_t i = 0; i < file->count; i++) {
        const nnrt_tensor *tensor = &file->tensors[i];
        if (tensor->begin != place)
            return broken(file, "a hole or an overlap in the data before tensor", tensor->name);
        if (tensor->end > data_size)
            return broken(file, "the data are cut off within tensor", tensor->name);
        place = tensor->end;
    }
    return place == data_size ? NNRT_OK : broken(file, "unused bytes at the end", NULL);
}

static nnrt_status parse_tensors(nnrt_safetensors *file, int64_t file_size) {
    const char *name;
    json_t *entry;
    size_t limit = json_object_size(file->header);
    if (limit > NNRT_SAFETENSORS_MAX_TENSORS) return broken(file, "too many tensors", NULL);
    file->tensors = calloc(limit + 1, sizeof *file->tensors);
    if (!file->tensors)
        return nnrt_fail_memory("the tensors of a weights file",
                                (limit + 1) * sizeof *file->tensors);
    json_object_foreach((json_t *)file->header, name, entry) {
        if (strcmp(name, "__metadata__") == 0) continue;
        nnrt_status status = parse_tensor(file, name, entry, &file->tensors[file->count]);
        if (status) return status;
        file->count++;
    }
    qsort(file->tensors, (size_t)file->count, sizeof *file->tensors, by_place);
    return check_places(file, file_size - file->data_start);
}

// ---- Open, ask, read, close.

static nnrt_status open_regular(nnrt_safetensors *file, int64_t *size) {
    struct stat status;
    // O_NONBLOCK: a pipe must not make us wait.
    file->descriptor = nnrt_system_open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file->descriptor < 0 || fstat(file->descriptor, &status) != 0)
        return nnrt_fail(NNRT_ERROR, "cannot open the weights `%s`: %s", file->path,
                         strerror(errno));
    if (!S_ISREG(status.st_mode)) return broken(file, "it is no regular file", NULL);
    *size = status.st_size;
    return NNRT_OK;
}

static nnrt_status open_either(nnrt_safetensors *file, const char *path, int64_t size) {
    file->descriptor = -1;
    file->path = strdup(path);
    if (!file->path) return nnrt_fail_memory("a weights file", strlen(path) + 1);
    nnrt_status status = file->bytes ? NNRT_OK : open_regular(file, &size);
    if (!status) status = read_header(file, size);
    if (!status) status = parse_tensors(file, size);
    if (status) nnrt_safetensors_close(file);
    return status;
}

nnrt_status nnrt_safetensors_open(nnrt_safetensors *file, const char *path) {
    memset(file, 0, sizeof *file);
    return open_either(file, path, 0);
}

nnrt_status nnrt_safetensors_open_bytes(nnrt_safetensors *file, const char *name, const char *bytes,
                                        int64_t size) {
    *file = (nnrt_safetensors){.bytes = bytes, .size = size};
    return open_either(file, name, size);
}

void nnrt_safetensors_close(nnrt_safetensors *file) {
    if (file->descriptor >= 0) close(file->descriptor);
    json_decref(file->header);
    free(file->tensors);
    free(file->path);
    memset(file, 0, sizeof *file);
    file->descriptor = -1;
}

const nnrt_tensor *nnrt_safetensors_find(const nnrt_safetensors *file, const char *name) {
    for (int64_t i = 0; i < file->count; i++)
        if (strcmp(file->tensors[i].name, name) == 0) return &file->tensors[i];
    return NULL;
}

const char *nnrt_safetensors_metadata(const nnrt_safetensors *file, const char *key) {
    return json_string_value(json_object_get(json_object_get(file->header, "__metadata__"), key));
}

const float *nnrt_safetensors_values(const nnrt_safetensors *file, const nnrt_tensor *tensor) {
    const char *at = file->bytes ? file->bytes + file->data_start + tensor->begin : NULL;
    int is_usable = __BYTE_ORDER == __LITTLE_ENDIAN && strcmp(tensor->dtype, "F32") == 0 &&
                    (uintptr_t)at % _Alignof(float) == 0;
    return is_usable ? (const float *)(const void *)at : NULL;
}

nnrt_status nnrt_safetensors_read_bytes(const nnrt_safetensors *file, const nnrt_tensor *tensor,
                                        int64_t first, int64_t size, int64_t word, void *bytes) {
    nnrt_status status =
        read_at(file, bytes, (size_t)size, file->data_start + tensor->begin + first);
#if __BYTE_ORDER == __BIG_ENDIAN
    for (char *at = bytes; !status && at < (char *)bytes + size; at += word)
        for (int64_t i = 0; i < word / 2; i++) {
            char other = at[word - 1 - i];
            at[word - 1 - i] = at[i];
            at[i] = other;
        }
#endif
    (void)word;
    return status;
}

nnrt_status nnrt_safetensors_read(const nnrt_safetensors *file, const nnrt_tensor *tensor,
                                  float *values) {
    return nnrt_safetensors_read_part(file, tensor, 0, tensor->elements, values);
}

nnrt_status nnrt_safetensors_read_part(const nnrt_safetensors *file, const nnrt_tensor *tensor,
                                       int64_t first, int64_t count, float *values) {
    const int64_t size = sizeof *values;
    if (strcmp(tensor->dtype, "F32") != 0)
        return nnrt_fail(NNRT_ERROR, "tensor `%s` in `%s` is %s; convert it to F32", tensor->name,
                         file->path, tensor->dtype);
    return nnrt_safetensors_read_bytes(file, tensor, first * size, count * size, size, values);
}
