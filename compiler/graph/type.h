// Types of values: element type and shape, without the batch.
#ifndef NNC_GRAPH_TYPE_H
#define NNC_GRAPH_TYPE_H

#include "../base/arena.h"

#include <stdbool.h>
#include <stdint.h>

enum { SHAPE_MAX_RANK = 8 };

// No value is of the type bfloat16, but memory may keep one so.
typedef enum Dtype { DTYPE_F32, DTYPE_U8, DTYPE_I32, DTYPE_BF16 } Dtype;

int64_t dtype_bytes(Dtype dtype);

// The type of a value. Dimensions exclude the batch; `batched` says that there is one (then the
// value has dims for each sample). A scalar has rank 0.
typedef struct Type {
    Dtype dtype;
    bool batched;
    int rank;
    int64_t dims[SHAPE_MAX_RANK];
} Type;

Type type_make(Dtype dtype, bool batched, int rank, const int64_t *dims);
Type type_scalar(void);
bool type_equal(const Type *a, const Type *b);
int64_t type_elements(const Type *type);              // of one sample; saturates at INT64_MAX
int64_t type_last(const Type *type);                  // the last dimension; 1 for rank 0
char *type_text(Arena *arena, const Type *type);      // "[24, 24, 32]", "u8[28, 28]"
char *type_full_text(Arena *arena, const Type *type); // "f32[B, 24, 24, 32]", for dumps
char *shape_text(Arena *arena, const Type *type);     // "24x24x32"; "a single number" for rank 0
// NumPy's broadcasting of the dims; batched if either is. False: they do not fit.
bool type_broadcast(const Type *a, const Type *b, Type *result);
// The same dims, but for a 1 at the end of one of them: [28, 28] and [28, 28, 1].
bool type_fits_but_for_one(const Type *a, const Type *b);

#endif
