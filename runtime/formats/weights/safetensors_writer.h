// Writing safetensors files: first the JSON header, tensor by tensor in the order of their bytes,
// then the bytes.
#ifndef NNRT_SAFETENSORS_WRITER_H
#define NNRT_SAFETENSORS_WRITER_H

#include "../../base/text/json.h"
#include "../../files/file.h"

// A tensor's entry in the header's open object; its bytes begin at *offset, which moves behind
// them.
void nnrt_safetensors_put(nnrt_json *header, const char *name, const char *dtype, int64_t rank,
                          const int64_t *shape, int64_t bytes, int64_t *offset);

// The length and the header, padded with blanks so that the data are aligned to 8, as the reference
// writer does.
void nnrt_safetensors_write_header(nnrt_file *file, const char *text);

// Words of 4 or 8 bytes, as little-endian ones; others as they are.
void nnrt_safetensors_write(nnrt_file *file, const void *values, int64_t count, int64_t bytes);

#endif
