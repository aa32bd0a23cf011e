// Allocations: malloc, calloc, realloc, memalign, mmap, pthread_create. They fail where the kind is
// "memory"; what is not given back is counted in any case.
#define _GNU_SOURCE
#include "faults.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *memory);

static int counts;

// ---- Blocks: an open table of those that are in use, and who asked for them.

enum { PLACES = 1 << 18 }; // far more than a small program has

static struct {
    uintptr_t block;
    void *caller;
} blocks[PLACES];
static atomic_flag is_locked = ATOMIC_FLAG_INIT;

static void lock(void) {
    while (atomic_flag_test_and_set(&is_locked)) continue;
}

static void unlock(void) {
    atomic_flag_clear(&is_locked);
}

static size_t home_of(uintptr_t block) {
    return (size_t)(block / 16 * 0x9E3779B97F4A7C15 >> 40) % PLACES;
}

static void *note(void *memory, void *caller) {
    if (!memory || !counts) return memory;
    lock();
    size_t place = home_of((uintptr_t)memory);
    while (blocks[place].block) place = (place + 1) % PLACES;
    blocks[place].block = (uintptr_t)memory;
    blocks[place].caller = caller;
    unlock();
    return memory;
}

// Those behind it move up, so that a search ends at the first empty place.
static void close_gap(size_t gap) {
    for (size_t next = (gap + 1) % PLACES; blocks[next].block; next = (next + 1) % PLACES) {
        size_t home = home_of(blocks[next].block);
        if ((next - home) % PLACES < (next - gap) % PLACES) continue;
        blocks[gap] = blocks[next];
        gap = next;
    }
    blocks[gap].block = 0;
}

static void forget(void *memory) {
    if (!memory || !counts) return;
    lock();
    size_t place = home_of((uintptr_t)memory);
    while (blocks[place].block && blocks[place].block != (uintptr_t)memory)
        place = (place + 1) % PLACES;
    if (blocks[place].block) close_gap(place);
    unlock();
}

long faults_blocks(void) {
    long count = 0;
    for (size_t i = 0; i < PLACES; i++) count += blocks[i].block != 0;
    return count;
}

void faults_tell_blocks(int descriptor) {
    counts = 0;
    for (size_t i = 0; i < PLACES; i++) {
        Dl_info info;
        char line[256];
        if (!blocks[i].block || !dladdr(blocks[i].caller, &info)) continue;
        int length = snprintf(line, sizeof line, "%.150s+%#lx\n", info.dli_fname,
                              (long)((char *)blocks[i].caller - (char *)info.dli_fbase));
        faults_call(SYS_write, descriptor, (long)line, length, 0, 0, 0);
    }
}

// ---- Calls.

static int fails(const char *name) {
    if (!counts || !faults_is_kind("memory") || !faults_now(name)) return 0;
    errno = ENOMEM;
    return 1;
}

#define CALLER __builtin_return_address(0)

void *malloc(size_t size) {
    return fails("malloc") ? NULL : note(__libc_malloc(size), CALLER);
}

void *calloc(size_t count, size_t size) {
    return fails("calloc") ? NULL : note(__libc_calloc(count, size), CALLER);
}

// What it moves to may be another thread's at once: the old one is forgotten first.
void *realloc(void *memory, size_t size) {
    if (fails("realloc")) return NULL;
    forget(memory);
    void *moved = __libc_realloc(memory, size);
    if (!moved && size) note(memory, CALLER);
    return note(moved, CALLER);
}

void free(void *memory) {
    int error = errno;
    forget(memory);
    __libc_free(memory);
    errno = error;
}

void *memalign(size_t alignment, size_t size) {
    return fails("memalign") ? NULL : note(__libc_memalign(alignment, size), CALLER);
}

void *aligned_alloc(size_t alignment, size_t size) {
    return fails("aligned_alloc") ? NULL : note(__libc_memalign(alignment, size), CALLER);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
    if (fails("posix_memalign")) return ENOMEM;
    *memory = note(__libc_memalign(alignment, size), CALLER);
    return *memory ? 0 : ENOMEM;
}

void *mmap(void *place, size_t size, int protection, int flags, int file, off_t offset) {
    if (fails("mmap")) return MAP_FAILED;
    return (void *)syscall(SYS_mmap, place, size, protection, flags, file, offset);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                   void *argument) {
    typedef int create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    static create *real;
    int counted = counts;
    counts = 0;
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
    counts = counted;
    return fails("pthread_create") ? EAGAIN : real(thread, attributes, run, argument);
}

void faults_count_memory(void) {
    counts = 1;
}
