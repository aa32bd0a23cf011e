// Loaded into a program by LD_PRELOAD: memory runs out at one allocation. The numbers count what
// the program and its libraries ask for after they are initialized, in malloc, calloc, realloc,
// memalign, mmap and pthread_create.
//
//   SCARCE_AT=N       the N-th fails (0: none does)
//   SCARCE_FOREVER=1  and so do all after it
//   SCARCE_COUNT=FILE writes how many there were
//
// Programs that are started from it are left alone.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static atomic_long asked;
static long fails_at;
static int is_counting, fails_forever;
static const char *count_file;

static int fails(void) {
    if (!is_counting) return 0;
    long number = atomic_fetch_add(&asked, 1) + 1;
    if (!fails_at || number < fails_at || (number > fails_at && !fails_forever)) return 0;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size) {
    return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
    return fails() ? NULL : __libc_realloc(memory, size);
}

void *memalign(size_t alignment, size_t size) {
    return fails() ? NULL : __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    return fails() ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
    if (fails()) return ENOMEM;
    *memory = __libc_memalign(alignment, size);
    return *memory ? 0 : ENOMEM;
}

void *mmap(void *place, size_t size, int protection, int flags, int file, off_t offset) {
    if (fails()) return MAP_FAILED;
    return (void *)syscall(SYS_mmap, place, size, protection, flags, file, offset);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                   void *argument) {
    typedef int create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    static create *real;
    int counted = is_counting;
    is_counting = 0;
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
    is_counting = counted;
    return fails() ? EAGAIN : real(thread, attributes, run, argument);
}

static long number_of(const char *name) {
    const char *text = getenv(name);
    return text ? atol(text) : 0;
}

__attribute__((constructor)) static void begin(void) {
    fails_at = number_of("SCARCE_AT");
    fails_forever = number_of("SCARCE_FOREVER") != 0;
    count_file = getenv("SCARCE_COUNT");
    unsetenv("LD_PRELOAD");
    is_counting = 1;
}

__attribute__((destructor)) static void end(void) {
    char text[32];
    is_counting = 0;
    int file = count_file ? open(count_file, O_WRONLY | O_CREAT | O_TRUNC, 0666) : -1;
    if (file < 0) return;
    int length = snprintf(text, sizeof text, "%ld\n", (long)asked);
    if (write(file, text, (size_t)length) != length) _exit(99);
    close(file);
}
