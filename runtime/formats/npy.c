// The header is a Python dictionary literal; a strict parser of just that, which never evaluates.
#include "npy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../files/file.h"
#include "../files/stream.h"

enum { MAX_HEADER = 1 << 16, MAX_TYPE = 32 };
static const char magic[6] = "\x93NUMPY";

// The header is a Python dictionary: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
typedef struct Header {
    nnrt_array *array;
    const char *at, *end;
    char type[MAX_TYPE];
    int has_type, has_order, has_shape;
} Header;

static nnrt_status fail_header(const Header *header, const char *expected) {
    return nnrt_fail(NNRT_ERROR,
                     "`%s`: the .npy header is damaged: expected %s; save the array again with "
                     "numpy.save",
                     header->array->path, expected);
}

static void skip_blanks(Header *header) {
    while (header->at < header->end && (*header->at == ' ' || *header->at == '\n')) header->at++;
}

static int accept(Header *header, char wanted) {
    skip_blanks(header);
    if (header->at == header->end || *header->at != wanted) return 0;
    header->at++;
    return 1;
}

static int accept_word(Header *header, const char *word) {
    skip_blanks(header);
    size_t size = strlen(word);
    if ((size_t)(header->end - header->at) < size || memcmp(header->at, word, size) != 0) return 0;
    header->at += size;
    return 1;
}

// 'text', without escapes.
static int accept_string(Header *header, char *text, size_t capacity) {
    if (!accept(header, '\'')) return 0;
    size_t size = 0;
    while (header->at < header->end && *header->at != '\'' && size + 1 < capacity)
        text[size++] = *header->at++;
    text[size] = '\0';
    return accept(header, '\'');
}

static int accept_number(Header *header, int64_t *number) {
    skip_blanks(header);
    const char *start = header->at;
    *number = 0;
    while (header->at < header->end && *header->at >= '0' && *header->at <= '9') {
        if (__builtin_mul_overflow(*number, 10, number) ||
            __builtin_add_overflow(*number, *header->at - '0', number))
            return 0;
        header->at++;
    }
    return header->at > start;
}

static nnrt_status parse_shape(Header *header) {
    nnrt_array *array = header->array;
    if (!accept(header, '(')) return fail_header(header, "a shape like (3, 4)");
    array->rank = 0;
    while (!accept(header, ')')) {
        int64_t size;
        if (!accept_number(header, &size)) return fail_header(header, "a number in the shape");
        accept_word(header, "L"); // of Python 2's long numbers, which its NumPy wrote on Windows
        if (array->rank == NNRT_MAX_RANK + 1)
            return nnrt_fail(NNRT_ERROR, "`%s` has more than %d dimensions", array->path,
                             NNRT_MAX_RANK + 1);
        array->shape[array->rank++] = size;
        if (!accept(header, ',') && (header->at == header->end || *header->at != ')'))
            return fail_header(header, "`,` or `)` in the shape");
    }
    header->has_shape++;
    return NNRT_OK;
}

static nnrt_status parse_type(Header *header) {
    skip_blanks(header);
    if (header->at < header->end && *header->at == '[')
        return nnrt_fail(NNRT_ERROR,
                         "`%s` holds records (a structured array): save its fields as columns of "
                         "one float32 array",
                         header->array->path);
    if (!accept_string(header, header->type, sizeof header->type))
        return fail_header(header, "an element type like '<f4'");
    header->has_type++;
    return NNRT_OK;
}

static nnrt_status parse_order(Header *header) {
    header->array->column_major = accept_word(header, "True");
    if (!header->array->column_major && !accept_word(header, "False"))
        return fail_header(header, "True or False for 'fortran_order'");
    header->has_order++;
    return NNRT_OK;
}

static nnrt_status parse_entry(Header *header) {
    char key[MAX_TYPE];
    if (!accept_string(header, key, sizeof key) || !accept(header, ':'))
        return fail_header(header, "'descr', 'fortran_order' or 'shape'");
    if (strcmp(key, "descr") == 0) return parse_type(header);
    if (strcmp(key, "fortran_order") == 0) return parse_order(header);
    if (strcmp(key, "shape") == 0) return parse_shape(header);
    return fail_header(header, "'descr', 'fortran_order' or 'shape'");
}

static nnrt_status parse(Header *header) {
    if (!accept(header, '{')) return fail_header(header, "`{`");
    while (!accept(header, '}')) {
        nnrt_status status = parse_entry(header);
        if (status) return status;
        skip_blanks(header);
        if (!accept(header, ',') && (header->at == header->end || *header->at != '}'))
            return fail_header(header, "`,` or `}`");
    }
    skip_blanks(header);
    if (header->at != header->end) return fail_header(header, "nothing after `}`");
    if (header->has_type != 1 || header->has_order != 1 || header->has_shape != 1)
        return fail_header(header, "'descr', 'fortran_order' and 'shape', each once");
    return NNRT_OK;
}

static nnrt_status find_element(Header *header) {
    static const struct {
        const char *code;
        nnrt_element element;
    } types[] = {{"b1", NNRT_ELEMENT_U8},  {"u1", NNRT_ELEMENT_U8},  {"i1", NNRT_ELEMENT_I8},
                 {"u2", NNRT_ELEMENT_U16}, {"i2", NNRT_ELEMENT_I16}, {"u4", NNRT_ELEMENT_U32},
                 {"i4", NNRT_ELEMENT_I32}, {"u8", NNRT_ELEMENT_U64}, {"i8", NNRT_ELEMENT_I64},
                 {"f2", NNRT_ELEMENT_F16}, {"f4", NNRT_ELEMENT_F32}, {"f8", NNRT_ELEMENT_F64}};
    const char *type = header->type;
    if (type[0] && strchr("<>|", type[0])) {
        header->array->big_endian = type[0] == '>';
        for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
            header->array->element = types[i].element;
            int needs_order = nnrt_element_size(types[i].element) > 1;
            if (strcmp(type + 1, types[i].code) == 0 && (type[0] == '|') != needs_order)
                return NNRT_OK;
        }
    }
    if (strchr(type, 'O'))
        return nnrt_fail(NNRT_ERROR,
                         "`%s` holds Python objects (a pickle), which are never loaded: save "
                         "numbers with x.astype(\"float32\")",
                         header->array->path);
    return nnrt_fail(
        NNRT_ERROR,
        "`%s` holds elements of type '%s'; readable are bool, integers of 8 to 64 bits, "
        "and floats of 16, 32 and 64 bits: save it with x.astype(\"float32\")",
        header->array->path, type);
}

static nnrt_status fail_magic(const char *path, const uint8_t *bytes) {
    if (bytes[0] == '<')
        return nnrt_fail(NNRT_ERROR,
                         "`%s` is an HTML page, not a .npy file: the download failed and left the "
                         "server's message; get the file again",
                         path);
    if (memcmp(bytes, "PK", 2) == 0)
        return nnrt_fail(NNRT_ERROR,
                         "`%s` is an archive (.npz), not a .npy file: read it by npz(..)", path);
    if (bytes[0] == 0 && bytes[1] == 0)
        return nnrt_fail(NNRT_ERROR, "`%s` is not a .npy file; if it is an IDX file: use idx(..)",
                         path);
    return nnrt_fail(NNRT_ERROR,
                     "`%s` is not a .npy file: it starts with the bytes %02x %02x %02x %02x; "
                     "expected 93 4e 55 4d (numpy.save writes such files)",
                     path, bytes[0], bytes[1], bytes[2], bytes[3]);
}

// The bytes of the dictionary; the array's offset is what stands before and in it.
static nnrt_status read_size(nnrt_array *array, nnrt_stream *stream, int64_t *size) {
    uint8_t start[8], bytes[4] = {0};
    nnrt_status status = nnrt_stream_read(stream, start, sizeof start, "its header");
    if (status) return status;
    if (memcmp(start, magic, sizeof magic) != 0) return fail_magic(array->path, start);
    if (start[6] < 1 || start[6] > 3 || start[7] != 0)
        return nnrt_fail(NNRT_ERROR,
                         "`%s` has version %d.%d of the .npy format; readable are 1.0 to 3.0",
                         array->path, start[6], start[7]);
    int width = start[6] == 1 ? 2 : 4;
    status = nnrt_stream_read(stream, bytes, width, "its header");
    *size = (int64_t)bytes[0] | (int64_t)bytes[1] << 8 | (int64_t)bytes[2] << 16 |
            (int64_t)bytes[3] << 24;
    array->offset = 8 + width + *size;
    if (!status && *size > MAX_HEADER)
        return nnrt_fail(NNRT_ERROR, "`%s`: the .npy header is damaged: it claims %lld bytes",
                         array->path, (long long)*size);
    return status;
}

static nnrt_status read_header(nnrt_array *array, nnrt_stream *stream) {
    int64_t size = 0;
    nnrt_status status = read_size(array, stream, &size);
    if (status) return status;
    char *text = malloc((size_t)size + 1);
    if (!text) return nnrt_fail_memory(array->path, (size_t)size + 1);
    Header header = {.array = array, .at = text, .end = text + size};
    status = nnrt_stream_read(stream, text, size, "its header");
    if (!status) status = parse(&header);
    if (!status) status = find_element(&header);
    free(text);
    if (!status && array->rank == 0)
        return nnrt_fail(NNRT_ERROR, "`%s` holds a single number; data have a row for each sample",
                         array->path);
    return status ? status : nnrt_array_finish(array);
}

static nnrt_status open_array(nnrt_array *array, nnrt_stream *stream) {
    nnrt_status status = read_header(array, stream);
    if (!status) {
        int64_t elements = array->rows * array->row_size;
        int64_t size = array->offset + elements * nnrt_element_size(array->element);
        status = nnrt_stream_check_size(stream, size);
    }
    nnrt_stream_close(stream);
    return status;
}

nnrt_status nnrt_npy_open(nnrt_array *array, const char *path) {
    *array = (nnrt_array){0};
    snprintf(array->path, sizeof array->path, "%s", path);
    nnrt_stream stream;
    nnrt_status status = nnrt_stream_open(&stream, path);
    return status ? status : open_array(array, &stream);
}

nnrt_status nnrt_npy_open_descriptor(nnrt_array *array, const char *name, int descriptor) {
    *array = (nnrt_array){.descriptor = descriptor};
    snprintf(array->path, sizeof array->path, "%s", name);
    nnrt_stream stream;
    nnrt_status status = nnrt_stream_open_descriptor(&stream, name, descriptor);
    return status ? status : open_array(array, &stream);
}

// ---- Writing

// The header, padded so that the elements start at a multiple of 64. Returns its size.
static int make_header(char *bytes, int capacity, int64_t rank, const int64_t *shape) {
    char dictionary[512];
    int used = snprintf(dictionary, sizeof dictionary,
                        "{'descr': '<f4', 'fortran_order': False, 'shape': (");
    for (int64_t i = 0; i < rank; i++)
        used += snprintf(dictionary + used, sizeof dictionary - (size_t)used, "%lld%s",
                         (long long)shape[i],
                         i + 1 < rank ? ", "
                         : rank == 1  ? ","
                                      : "");
    used += snprintf(dictionary + used, sizeof dictionary - (size_t)used, "), }");
    int size = (10 + used + 1 + 63) / 64 * 64;
    memcpy(bytes, magic, sizeof magic);
    bytes[6] = 1;
    bytes[7] = 0;
    bytes[8] = (char)((size - 10) & 255);
    bytes[9] = (char)((size - 10) >> 8);
    snprintf(bytes + 10, (size_t)(capacity - 10), "%-*s\n", size - 11, dictionary);
    return size;
}

nnrt_status nnrt_npy_write(const char *path, int64_t rank, const int64_t *shape,
                           const float *values) {
    char header[640];
    size_t elements = 1;
    for (int64_t i = 0; i < rank; i++) elements *= (size_t)shape[i];
    nnrt_file *file = nnrt_file_create(path);
    if (!file) return NNRT_ERROR;
    nnrt_file_write(file, header, (size_t)make_header(header, sizeof header, rank, shape));
    nnrt_file_write(file, values, elements * sizeof *values);
    return nnrt_file_commit(file);
}
