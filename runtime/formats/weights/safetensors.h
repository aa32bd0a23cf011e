// Reading safetensors files (https://github.com/huggingface/safetensors): 8 bytes of header length,
// a JSON header, then the tensors' bytes. Everything is checked against the file's size before it
// is used: offsets must cover the data without overlap or holes, names must not repeat.
#ifndef NNRT_SAFETENSORS_H
#define NNRT_SAFETENSORS_H

#include "../../base/status.h"
#include "../../nnrt.h"

enum {
    NNRT_SAFETENSORS_MAX_HEADER = 100000000, // bytes, as the reference reader
    NNRT_SAFETENSORS_MAX_TENSORS = 100000    // the parsed header takes some 100 MB then
};

typedef struct nnrt_tensor {
    const char *name, *dtype; // in the header's memory
    int64_t rank, shape[NNRT_MAX_RANK];
    int64_t elements;
    int64_t begin, end; // bytes of the data part
} nnrt_tensor;

typedef struct nnrt_safetensors {
    char *path;
    int descriptor;
    const char *bytes;    // of the whole file, where it is in memory; not owned
    int64_t size;         // of it
    void *header;         // json_t
    nnrt_tensor *tensors; // by place in the file
    int64_t count, data_start;
} nnrt_safetensors;

nnrt_status nnrt_safetensors_open(nnrt_safetensors *file, const char *path);
// One whose bytes are in memory, where they stay until it is closed; messages call it `name`.
nnrt_status nnrt_safetensors_open_bytes(nnrt_safetensors *file, const char *name, const char *bytes,
                                        int64_t size);
void nnrt_safetensors_close(nnrt_safetensors *file);

const nnrt_tensor *nnrt_safetensors_find(const nnrt_safetensors *file, const char *name);
const char *nnrt_safetensors_metadata(const nnrt_safetensors *file, const char *key); // or NULL

// Where a float32 tensor lies in memory; NULL: it has to be read.
const float *nnrt_safetensors_values(const nnrt_safetensors *file, const nnrt_tensor *tensor);

// Reads `size` bytes of a tensor, from byte `first` of it on: words of `word` bytes.
nnrt_status nnrt_safetensors_read_bytes(const nnrt_safetensors *file, const nnrt_tensor *tensor,
                                        int64_t first, int64_t size, int64_t word, void *bytes);

// Reads a float32 tensor.
nnrt_status nnrt_safetensors_read(const nnrt_safetensors *file, const nnrt_tensor *tensor,
                                  float *values);
// The same of `count` of its elements, from `first` on.
nnrt_status nnrt_safetensors_read_part(const nnrt_safetensors *file, const nnrt_tensor *tensor,
                                       int64_t first, int64_t count, float *values);

#endif
