// The header is untrusted: nothing is allocated before it fits the file.
#include "idx.h"

#include <stdio.h>
#include <string.h>

#include "../files/stream.h"

// The types by their code in the third byte.
static int find_element(uint8_t code, nnrt_element *element) {
    switch (code) {
    case 0x08: *element = NNRT_ELEMENT_U8; return 1;
    case 0x09: *element = NNRT_ELEMENT_I8; return 1;
    case 0x0B: *element = NNRT_ELEMENT_I16; return 1;
    case 0x0C: *element = NNRT_ELEMENT_I32; return 1;
    case 0x0D: *element = NNRT_ELEMENT_F32; return 1;
    case 0x0E: *element = NNRT_ELEMENT_F64; return 1;
    default: return 0;
    }
}

static nnrt_status fail_magic(const char *path, const uint8_t magic[4]) {
    if (magic[0] == '<')
        return nnrt_fail(NNRT_ERROR,
                         "`%s` is an HTML page, not an IDX file: the download failed and left the "
                         "server's message; get the file again",
                         path);
    if (memcmp(magic, "\x93NUM", 4) == 0)
        return nnrt_fail(NNRT_ERROR, "`%s` is a NumPy file, not an IDX file: use npy(..)", path);
    return nnrt_fail(NNRT_ERROR,
                     "`%s` is not an IDX file: it starts with the bytes %02x %02x %02x %02x; "
                     "expected 00 00, a type (08 to 0e), and the number of dimensions",
                     path, magic[0], magic[1], magic[2], magic[3]);
}

static nnrt_status read_header(nnrt_array *array, nnrt_stream *stream) {
    uint8_t magic[4], size[4];
    nnrt_status status = nnrt_stream_read(stream, magic, sizeof magic, "its header");
    if (status) return status;
    if (magic[0] != 0 || magic[1] != 0 || !find_element(magic[2], &array->element))
        return fail_magic(array->path, magic);
    array->rank = magic[3];
    array->offset = 4 + 4 * array->rank;
    for (int64_t i = 0; i < array->rank && i <= NNRT_MAX_RANK; i++) {
        status = nnrt_stream_read(stream, size, sizeof size, "its header");
        if (status) return status;
        array->shape[i] =
            (int64_t)size[0] << 24 | (int64_t)size[1] << 16 | (int64_t)size[2] << 8 | size[3];
    }
    return nnrt_array_finish(array);
}

nnrt_status nnrt_idx_open(nnrt_array *array, const char *path) {
    *array = (nnrt_array){.big_endian = 1};
    snprintf(array->path, sizeof array->path, "%s", path);
    nnrt_stream stream;
    nnrt_status status = nnrt_stream_open(&stream, path);
    if (!status) status = read_header(array, &stream);
    if (!status) {
        int64_t elements = array->rows * array->row_size;
        int64_t size = array->offset + elements * nnrt_element_size(array->element);
        status = nnrt_stream_check_size(&stream, size);
    }
    nnrt_stream_close(&stream);
    return status;
}
