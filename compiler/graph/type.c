// Types of values: making, comparing, broadcasting and writing them.
#include "graph.h"

static const char *const dtype_names[] = {
    [DTYPE_F32] = "f32", [DTYPE_U8] = "u8", [DTYPE_I32] = "i32", [DTYPE_BF16] = "bf16"};

int64_t dtype_bytes(Dtype dtype) {
    return dtype == DTYPE_U8 ? 1 : dtype == DTYPE_BF16 ? 2 : 4;
}

Type type_make(Dtype dtype, bool batched, int rank, const int64_t *dims) {
    if (rank < 0 || rank > SHAPE_MAX_RANK) nn_ice("types", "a type of rank %d", rank);
    Type type = {.dtype = dtype, .batched = batched, .rank = rank};
    for (int i = 0; i < rank; i++) type.dims[i] = dims[i];
    return type;
}

Type type_scalar(void) {
    return (Type){.dtype = DTYPE_F32};
}

bool type_equal(const Type *a, const Type *b) {
    if (a->dtype != b->dtype || a->batched != b->batched || a->rank != b->rank) return false;
    for (int i = 0; i < a->rank; i++)
        if (a->dims[i] != b->dims[i]) return false;
    return true;
}

int64_t type_elements(const Type *type) {
    int64_t elements = 1;
    for (int i = 0; i < type->rank; i++)
        if (__builtin_mul_overflow(elements, type->dims[i], &elements)) return INT64_MAX;
    return elements;
}

int64_t type_last(const Type *type) {
    return type->rank ? type->dims[type->rank - 1] : 1;
}

static void put_dims(Text *out, const Type *type, const char *separator) {
    for (int i = 0; i < type->rank; i++)
        text_format(out, "%s%lld", i ? separator : "", (long long)type->dims[i]);
}

char *type_text(Arena *arena, const Type *type) {
    Text out = text_create(arena);
    if (type->dtype != DTYPE_F32) text_put(&out, dtype_names[type->dtype]);
    text_put(&out, "[");
    put_dims(&out, type, ", ");
    text_put(&out, "]");
    return out.data;
}

char *type_full_text(Arena *arena, const Type *type) {
    Text out = text_create(arena);
    text_format(&out, "%s[", dtype_names[type->dtype]);
    if (type->batched) text_put(&out, type->rank ? "B, " : "B");
    put_dims(&out, type, ", ");
    text_put(&out, "]");
    return out.data;
}

char *shape_text(Arena *arena, const Type *type) {
    Text out = text_create(arena);
    if (!type->rank) text_put(&out, "a single number");
    put_dims(&out, type, "x");
    return out.data;
}

// The dimension `back` places before the end (0: the last), 1 where the type has none.
static int64_t dim_from_end(const Type *type, int back) {
    return back < type->rank ? type->dims[type->rank - 1 - back] : 1;
}

bool type_broadcast(const Type *a, const Type *b, Type *result) {
    Type joined = {.dtype = DTYPE_F32, .batched = a->batched || b->batched};
    joined.rank = a->rank > b->rank ? a->rank : b->rank;
    for (int back = 0; back < joined.rank; back++) {
        int64_t m = dim_from_end(a, back), n = dim_from_end(b, back);
        if (m != n && m != 1 && n != 1) return false;
        joined.dims[joined.rank - 1 - back] = m == 1 ? n : m;
    }
    *result = joined;
    return true;
}

bool type_fits_but_for_one(const Type *a, const Type *b) {
    const Type *longer = a->rank > b->rank ? a : b, *shorter = longer == a ? b : a;
    if (longer->rank > shorter->rank + 1) return false;
    for (int i = 0; i < shorter->rank; i++)
        if (longer->dims[i] != shorter->dims[i]) return false;
    return longer->rank == shorter->rank || longer->dims[longer->rank - 1] == 1;
}
