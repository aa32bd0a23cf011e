// Where the values of a table's columns lie: in memory, or on the disk where they do not fit or are
// not to stay; and how much memory they take at most. Private to the data modules, for one thread
// at a time.
#ifndef NNRT_STORAGE_H
#define NNRT_STORAGE_H

#include <stdint.h>

typedef enum nnrt_memory_rule {
    NNRT_MEMORY_AUTO,
    NNRT_MEMORY_ALL,
    NNRT_MEMORY_NONE
} nnrt_memory_rule;

// The option of sources that says it, in the order of the rules.
#define NNRT_MEMORY_ARGUMENT                                                                       \
    {.name = "memory",                                                                             \
     .type = ARG_WORD,                                                                             \
     .default_text = "auto",                                                                       \
     .choices = "auto all none",                                                                   \
     .doc = "what stays in memory: all if it takes less than half of what is free, all, or none "  \
            "(a file of the disk has it, and training shuffles it by blocks)"}

typedef struct nnrt_value_storage {
    nnrt_memory_rule rule;
    int64_t resident, peak; // bytes in memory: now, at most so far
    int64_t on_disk;        // bytes
} nnrt_value_storage;

// Room for `count` values, aligned, with slack after them as nnrt_array_allocate gives; NULL with
// nnrt_error() set: too much. None of it counts as in memory until it is filled.
void *nnrt_storage_reserve(nnrt_value_storage *storage, int64_t dtype, int64_t count);
// Likewise, of which all is about to be filled.
void *nnrt_storage_allocate(nnrt_value_storage *storage, int64_t dtype, int64_t count);
// Other room for the first `filled` bytes of `values` (NULL: none), which is freed; NULL: too much,
// and `values` is as before.
void *nnrt_storage_resize(nnrt_value_storage *storage, void *values, int64_t filled, int64_t dtype,
                          int64_t count);
// After how many rows, of so many bytes in all columns, these should be told how far they are: on
// the disk they take memory until then.
int64_t nnrt_storage_stretch(const nnrt_value_storage *storage, int64_t row_bytes);
// So many bytes have been written, in order; on the disk they need no memory any more.
void nnrt_storage_fill(void *values, int64_t bytes);
// The first bytes will not be read again: what is there is lost.
void nnrt_storage_discard(void *values, int64_t bytes);
// Of any memory; NULL is fine.
void nnrt_storage_free(void *values);

int nnrt_storage_is_on_disk(const void *values);
// On the disk: what is read of it needs no memory for now, or the bytes are read soon. Else
// nothing.
void nnrt_storage_let_go(void *values);
void nnrt_storage_expect(void *values, int64_t first, int64_t end);
// All of it was read or written, which took memory: on the disk it does not any more.
void nnrt_storage_passed(void *values);
// Memory besides that is taken for a moment: the most so far may be more by it.
void nnrt_storage_borrow(nnrt_value_storage *storage, int64_t bytes);
// Of other memory of the data: lists of rows, say.
void nnrt_storage_count(nnrt_value_storage *storage, int64_t bytes);

#endif
