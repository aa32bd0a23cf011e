#include "storage.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../../base/memory.h"
#include "../../base/numbers/hash.h"
#include "../../files/scratch.h"
#include "../../formats/array.h"

enum {
    PAGE = 4096,
    LARGE_PAGE = 2 << 20,
    PAGES = 1 << 18,  // bytes from which values have pages of their own
    LARGE = 16 << 20, // below which nobody asks how much memory is left
};

typedef enum Place { ON_HEAP, IN_PAGES, ON_DISK } Place;

typedef struct Entry {
    void *values;
    int64_t size, resident; // bytes: of the room; of it in memory
    int64_t discarded;      // bytes at the start that are lost
    Place place;
    int64_t before; // bytes before the values, in their pages
    nnrt_value_storage *storage;
    struct Entry *next;
} Entry;

// By the address of the values: tables may have some hundred thousand columns.
enum { LISTS = 1 << 14 };
static Entry *lists[LISTS];

static Entry **list_of(const void *values) {
    return &lists[nnrt_hash_add(NNRT_HASH_START, &values, sizeof values) % LISTS];
}

static Entry *find(const void *values) {
    Entry *entry = values ? *list_of(values) : NULL;
    while (entry && entry->values != values) entry = entry->next;
    return entry;
}

static void list(Entry *entry) {
    Entry **first = list_of(entry->values);
    entry->next = *first;
    *first = entry;
}

static void unlist(const Entry *entry) {
    Entry **place = list_of(entry->values);
    while (*place != entry) place = &(*place)->next;
    *place = entry->next;
}

void nnrt_storage_count(nnrt_value_storage *storage, int64_t bytes) {
    storage->resident += bytes;
    if (storage->resident > storage->peak) storage->peak = storage->resident;
}

void nnrt_storage_borrow(nnrt_value_storage *storage, int64_t bytes) {
    nnrt_storage_count(storage, bytes);
    nnrt_storage_count(storage, -bytes);
}

static void set_resident(Entry *entry, int64_t bytes) {
    nnrt_storage_count(entry->storage, bytes - entry->resident);
    entry->resident = bytes;
}

// ---- Room.

static int belongs_on_disk(const nnrt_value_storage *storage, int64_t bytes) {
    if (storage->rule != NNRT_MEMORY_AUTO) return storage->rule == NNRT_MEMORY_NONE;
    if (bytes < LARGE) return 0;
    return storage->resident + bytes > (storage->resident + nnrt_free_memory()) / 2;
}

// Whole large pages, where at most a third is for nothing by it: small ones take four times as long
// to make.
static int64_t page_bytes(int64_t size) {
    int64_t large = (size + LARGE_PAGE - 1) & -LARGE_PAGE;
    return large - size <= size / 3 ? large : (size + PAGE - 1) & -PAGE;
}

// Large ones have pages of their own, which grow without a copy and go back at once.
static void *map_pages(int64_t size) {
    size_t all = (size_t)size + LARGE_PAGE;
    char *start = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) {
        nnrt_fail_memory("the data", (size_t)size);
        return NULL;
    }
    size_t skipped = -(uintptr_t)start & (LARGE_PAGE - 1);
    char *pages = start + skipped;
    if (skipped) munmap(start, skipped);
    munmap(pages + size, all - skipped - (size_t)size);
    madvise(pages, (size_t)size, MADV_HUGEPAGE);
    return pages;
}

// Rows of many columns are written at once: they begin at different places of their pages, as
// caches hold few lines of one place.
static int64_t next_place(void) {
    static unsigned count;
    return (int64_t)(count++ % (PAGE / NNRT_ALIGNMENT)) * NNRT_ALIGNMENT;
}

static void *make_room(Entry *entry, int64_t dtype, int64_t count) {
    if (entry->place == ON_DISK) return nnrt_scratch_map(entry->size);
    if (entry->place == ON_HEAP) return nnrt_array_allocate(dtype, count);
    entry->before = next_place();
    entry->size = page_bytes(entry->before + entry->size);
    char *pages = map_pages(entry->size);
    return pages ? pages + entry->before : NULL;
}

static void *pages_of(const Entry *entry) {
    return (char *)entry->values - entry->before;
}

static void free_room(const Entry *entry) {
    if (entry->place == ON_HEAP)
        free(entry->values);
    else if (entry->place == IN_PAGES)
        munmap(pages_of(entry), (size_t)entry->size);
    else
        nnrt_scratch_free(entry->values, entry->size);
}

static void remove_entry(Entry *entry) {
    unlist(entry);
    nnrt_storage_count(entry->storage, -entry->resident);
    if (entry->place == ON_DISK) entry->storage->on_disk -= entry->size;
    free_room(entry);
    free(entry);
}

void *nnrt_storage_reserve(nnrt_value_storage *storage, int64_t dtype, int64_t count) {
    int64_t bytes;
    int is_large = __builtin_mul_overflow(count, nnrt_dtype_size(dtype), &bytes);
    if (is_large || bytes > NNRT_ARRAY_MAX_BYTES) bytes = nnrt_array_bytes(dtype, INT64_MAX);
    if (bytes < 0) return NULL;
    Place place = belongs_on_disk(storage, bytes) ? ON_DISK : bytes >= PAGES ? IN_PAGES : ON_HEAP;
    if (place == IN_PAGES && nnrt_array_bytes(dtype, count) < 0) return NULL;
    Entry *entry = malloc(sizeof *entry);
    if (!entry) {
        nnrt_fail_memory("the columns of a data set", sizeof *entry);
        return NULL;
    }
    *entry = (Entry){.size = bytes + NNRT_ALIGNMENT, .place = place, .storage = storage};
    entry->values = make_room(entry, dtype, count);
    if (!entry->values) {
        free(entry);
        return NULL;
    }
    list(entry);
    if (place == ON_DISK) storage->on_disk += entry->size;
    return entry->values;
}

static int grow_in_place(Entry *entry, int64_t bytes) {
    int64_t size = page_bytes(entry->before + bytes + NNRT_ALIGNMENT);
    if (entry->place != IN_PAGES || belongs_on_disk(entry->storage, bytes - entry->resident))
        return 0;
    char *pages = mremap(pages_of(entry), (size_t)entry->size, (size_t)size, MREMAP_MAYMOVE);
    if (pages == MAP_FAILED) return 0;
    unlist(entry);
    entry->values = pages + entry->before;
    list(entry);
    entry->size = size;
    madvise(pages, (size_t)size, MADV_HUGEPAGE); // all of it: pieces that differ cannot grow
    return 1;
}

void *nnrt_storage_resize(nnrt_value_storage *storage, void *values, int64_t filled, int64_t dtype,
                          int64_t count) {
    Entry *entry = find(values);
    if (entry && grow_in_place(entry, count * nnrt_dtype_size(dtype))) return entry->values;
    void *copy = nnrt_storage_reserve(storage, dtype, count);
    if (!copy || !values) return copy;
    memcpy(copy, values, (size_t)filled);
    nnrt_storage_free(values);
    nnrt_storage_fill(copy, filled);
    return copy;
}

void nnrt_storage_free(void *values) {
    Entry *entry = find(values);
    if (entry)
        remove_entry(entry);
    else
        free(values);
}

// ---- What of it is in memory.

// `bytes`: those that are written; the last large page is in memory as a whole.
static void set_written(Entry *entry, int64_t bytes) {
    int is_large = entry->place == IN_PAGES && entry->size % LARGE_PAGE == 0;
    if (is_large && entry->before + bytes > entry->size - LARGE_PAGE) bytes = entry->size;
    set_resident(entry, bytes - entry->discarded);
}

void *nnrt_storage_allocate(nnrt_value_storage *storage, int64_t dtype, int64_t count) {
    void *values = nnrt_storage_reserve(storage, dtype, count);
    Entry *entry = find(values);
    if (entry && entry->place != ON_DISK) set_written(entry, count * nnrt_dtype_size(dtype));
    return values;
}

int64_t nnrt_storage_stretch(const nnrt_value_storage *storage, int64_t row_bytes) {
    enum { IN_MEMORY = 1 << 18, DISK_BYTES = 4 << 20 }; // rows; of numbers, those of a large page
    if (!storage->on_disk) return IN_MEMORY;
    int64_t rows = 1;
    while (2 * rows * row_bytes <= DISK_BYTES && rows < IN_MEMORY) rows *= 2;
    return rows;
}

void nnrt_storage_fill(void *values, int64_t bytes) {
    Entry *entry = find(values);
    if (!entry) return;
    if (entry->place == ON_DISK)
        nnrt_scratch_let_go(values, 0, bytes);
    else
        set_written(entry, bytes);
}

void nnrt_storage_discard(void *values, int64_t bytes) {
    Entry *entry = find(values);
    if (!entry || entry->place == ON_HEAP) return;
    if (entry->place == ON_DISK) {
        nnrt_scratch_let_go(values, 0, bytes);
        return;
    }
    int64_t end = (entry->before + bytes) / PAGE * PAGE - entry->before;
    if (end <= entry->discarded) return;
    madvise(pages_of(entry), (size_t)(entry->before + end), MADV_DONTNEED);
    set_resident(entry, entry->resident - (end - entry->discarded));
    entry->discarded = end;
}

int nnrt_storage_is_on_disk(const void *values) {
    const Entry *entry = find(values);
    return entry && entry->place == ON_DISK;
}

void nnrt_storage_let_go(void *values) {
    Entry *entry = find(values);
    if (entry && entry->place == ON_DISK) nnrt_scratch_let_go(values, 0, entry->size);
}

void nnrt_storage_expect(void *values, int64_t first, int64_t end) {
    Entry *entry = find(values);
    if (entry && entry->place == ON_DISK) nnrt_scratch_expect(values, first, end);
}

void nnrt_storage_passed(void *values) {
    const Entry *entry = find(values);
    if (!entry || entry->place != ON_DISK) return;
    nnrt_storage_borrow(entry->storage, entry->size);
    nnrt_scratch_let_go(values, 0, entry->size);
}
