// Arrays in files: what idx.c and npy.c find in a header, and the reading of the elements, which is
// the same for both. The first dimension counts samples.
#ifndef NNRT_ARRAY_H
#define NNRT_ARRAY_H

#include <limits.h>

#include "../base/status.h"
#include "../nnrt.h"

typedef enum nnrt_element {
    NNRT_ELEMENT_U8,
    NNRT_ELEMENT_I8,
    NNRT_ELEMENT_U16,
    NNRT_ELEMENT_I16,
    NNRT_ELEMENT_U32,
    NNRT_ELEMENT_I32,
    NNRT_ELEMENT_U64,
    NNRT_ELEMENT_I64,
    NNRT_ELEMENT_F16,
    NNRT_ELEMENT_F32,
    NNRT_ELEMENT_F64
} nnrt_element;

typedef struct nnrt_array {
    char path[PATH_MAX];
    int64_t descriptor; // of an open file that holds it, `path` is for messages; 0: `path` is read
    nnrt_element element;
    int64_t big_endian, column_major;
    int64_t rank, shape[NNRT_MAX_RANK + 1];
    int64_t rows, row_size; // shape[0], and the elements of one sample
    int64_t offset;         // bytes of header
} nnrt_array;

enum { NNRT_ALIGNMENT = 64 };
enum { NNRT_F64 = 3 }; // an element type of tables, before programs see them
#define NNRT_ARRAY_MAX_BYTES ((int64_t)1 << 47)

int nnrt_element_size(nnrt_element element);
int nnrt_element_is_integer(nnrt_element element);

// Sets rows and row_size from rank and shape, after checking them: 1..9 dimensions, none of them 0,
// and no more bytes than `NNRT_ARRAY_MAX_BYTES`.
nnrt_status nnrt_array_finish(nnrt_array *array);

// "[784, 10]"
enum { NNRT_SHAPE_TEXT = 256 };
const char *nnrt_shape_text(char text[NNRT_SHAPE_TEXT], int64_t rank, const int64_t *shape);

// Takes `count` values from the element with the (row-major) index `first` on.
typedef nnrt_status nnrt_array_sink(void *state, const nnrt_array *array, int64_t first,
                                    const double *values, int64_t count);

// Gives every element to `sink`, in the order of the file, until it fails.
nnrt_status nnrt_array_each(const nnrt_array *array, nnrt_array_sink *sink, void *state);

// All elements, row-major, as `dtype`: NNRT_U8 (only for U8 arrays: straight from the file) or
// NNRT_F32, which refuses values that are not finite. As U8, `values` has NNRT_ALIGNMENT bytes of
// slack after the last element, as nnrt_array_allocate gives.
nnrt_status nnrt_array_read(const nnrt_array *array, int64_t dtype, void *values);

// Likewise, in pieces of NNRT_ARRAY_PIECE elements; after each, `filled` learns how many bytes
// there are so far.
enum { NNRT_ARRAY_PIECE = 4 << 20 };
typedef void nnrt_array_filled(void *state, int64_t bytes);
nnrt_status nnrt_array_read_slowly(const nnrt_array *array, int64_t dtype, void *values,
                                   nnrt_array_filled *filled, void *state);

// Memory for `count` values of `dtype`, aligned, zeroed after the end for vector loads that read
// past it; freed with free(). NULL: too much; the message is set.
void *nnrt_array_allocate(int64_t dtype, int64_t count);
// How many bytes that are; -1 with nnrt_error() set: more than this machine has.
int64_t nnrt_array_bytes(int64_t dtype, int64_t count);
int nnrt_dtype_size(int64_t dtype);
// Asks for large pages: fewer to be made, and fewer walks to find what is read in random order.
void nnrt_array_advise(void *values, int64_t bytes);

#endif
