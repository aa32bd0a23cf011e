// Files and calls for the tests of the data readers. Each test program includes it once.
#ifndef NNC_TESTS_DATA_FILES_H
#define NNC_TESTS_DATA_FILES_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "../../runtime/base/numbers/random.h"
#include "../../runtime/base/status.h"

enum { PATH_SIZE = 256 };

// A folder of this process; made at the first call.
static inline const char *scratch_folder(void) {
    static char folder[64];
    if (folder[0]) return folder;
    strcpy(folder, "/tmp/nnc-data-XXXXXX");
    assert_non_null(mkdtemp(folder));
    return folder;
}

static inline int scratch_remove(void **state) {
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", scratch_folder());
    return system(command);
}

// "<scratch folder>/name", in one of four buffers in turn.
static inline const char *scratch(const char *name) {
    static char paths[4][PATH_SIZE];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, PATH_SIZE, "%s/%s", scratch_folder(), name);
    return path;
}

static inline const char *put_file(const char *name, const void *bytes, size_t size) {
    const char *path = scratch(name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    return path;
}

static inline const char *put_gzip(const char *name, const void *bytes, size_t size) {
    const char *path = scratch(name);
    gzFile file = gzopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(gzwrite(file, bytes, (unsigned)size), size);
    assert_int_equal(gzclose(file), Z_OK);
    return path;
}

// Up to `capacity` bytes of a file.
static inline size_t get_file(const char *path, void *bytes, size_t capacity) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(bytes, 1, capacity, file);
    fclose(file);
    return size;
}

// An IDX file of bytes 0, 1, 2 ...: returns its size. `rows` of `width` each (0: rank 1),
// modulo 10.
static inline size_t make_idx(uint8_t *bytes, int rows, int height, int width) {
    const int dims[3] = {rows, height, width};
    int rank = height ? 3 : 1;
    size_t size = 4, elements = (size_t)rows * (height ? (size_t)height * (size_t)width : 1);
    memcpy(bytes, (uint8_t[]){0, 0, 8, (uint8_t)rank}, 4);
    for (int i = 0; i < rank; i++, size += 4)
        memcpy(bytes + size,
               (uint8_t[]){0, (uint8_t)(dims[i] >> 16), (uint8_t)(dims[i] >> 8), (uint8_t)dims[i]},
               4);
    for (size_t i = 0; i < elements; i++) bytes[size++] = (uint8_t)(height ? i : i % 10);
    return size;
}

// A .npy file, version 1, with this dictionary and these elements: returns its size.
static inline size_t make_npy(uint8_t *bytes, const char *type, const char *shape, int column_major,
                              const void *elements, size_t size) {
    char header[256];
    int length =
        snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n",
                 type, column_major ? "True" : "False", shape);
    memcpy(bytes, "\x93NUMPY\1\0", 8);
    bytes[8] = (uint8_t)length;
    bytes[9] = (uint8_t)(length >> 8);
    memcpy(bytes + 10, header, (size_t)length);
    memcpy(bytes + 10 + length, elements, size);
    return 10 + (size_t)length + size;
}

static inline void assert_message(const char *part) {
    if (!strstr(nnrt_error(), part)) fail_msg("the message lacks \"%s\": %s", part, nnrt_error());
}

// Writes damaged copies of a file and has `try` read each. It must say what is wrong or read it;
// a sanitizer or a crash shows the rest.
static inline void damage(const char *name, const uint8_t *bytes, size_t size, int flips,
                          void (*try)(const char *path)) {
    uint8_t *copy = malloc(size + 1);
    nnrt_random random = nnrt_random_make(size, NNRT_RANDOM_BENCH, 0);
    for (size_t i = 0; i < 60; i++)
        try(put_file(name, bytes, i < 40 && i < size ? i : size * i / 60));
    for (int i = 0; i < flips; i++) {
        memcpy(copy, bytes, size);
        for (uint32_t count = 1 + nnrt_random_below(&random, 3); count > 0; count--) {
            size_t within = nnrt_random_below(&random, 2) && size > 128 ? 128 : size; // the header
            copy[nnrt_random_below(&random, (uint32_t)within)] ^=
                (uint8_t)(1 << nnrt_random_below(&random, 8));
        }
        try(put_file(name, copy, size));
    }
    free(copy);
}

// ---- Options of calls

#define TEXT(option, value) {.name = option, .text = value, .number = NAN}
#define NUMBER(option, value) {.name = option, .number = value}
#define TEXTS(option, ...)                                                                         \
    {.name = option,                                                                               \
     .texts = (const char *const[]){__VA_ARGS__},                                                  \
     .number = NAN,                                                                                \
     .count = sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)}
#define NUMBERS(option, ...)                                                                       \
    {.name = option,                                                                               \
     .numbers = (const double[]){__VA_ARGS__},                                                     \
     .number = NAN,                                                                                \
     .count = sizeof((const double[]){__VA_ARGS__}) / sizeof(double)}
#define COUNT(list) ((int64_t)(sizeof(list) / sizeof *(list)))

#endif
