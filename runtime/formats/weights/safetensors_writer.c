#include "safetensors_writer.h"

#include <endian.h>
#include <string.h>

enum { ALIGNMENT = 8 };

void nnrt_safetensors_put(nnrt_json *header, const char *name, const char *dtype, int64_t rank,
                          const int64_t *shape, int64_t bytes, int64_t *offset) {
    nnrt_json_open(header, name, '{');
    nnrt_json_string(header, "dtype", dtype);
    nnrt_json_open(header, "shape", '[');
    for (int64_t d = 0; d < rank; d++) nnrt_json_integer(header, NULL, shape[d]);
    nnrt_json_close(header, ']');
    nnrt_json_open(header, "data_offsets", '[');
    nnrt_json_integer(header, NULL, *offset);
    *offset += bytes;
    nnrt_json_integer(header, NULL, *offset);
    nnrt_json_close(header, ']');
    nnrt_json_close(header, '}');
}

void nnrt_safetensors_write_header(nnrt_file *file, const char *text) {
    size_t length = strlen(text), padded = (length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    uint64_t size = htole64(padded);
    nnrt_file_write(file, &size, sizeof size);
    nnrt_file_write(file, text, length);
    nnrt_file_write(file, "        ", padded - length);
}

void nnrt_safetensors_write(nnrt_file *file, const void *values, int64_t count, int64_t bytes) {
#if __BYTE_ORDER == __LITTLE_ENDIAN
    nnrt_file_write(file, values, (size_t)(count * bytes));
#else
    for (int64_t i = 0; i < count; i++) {
        const char *from = (const char *)values + i * bytes;
        char word[8];
        for (int64_t k = 0; k < bytes; k++) word[k] = from[bytes - 1 - k];
        nnrt_file_write(file, word, (size_t)bytes);
    }
#endif
}
