// Pictures are decoded when samples are read: all of them into memory, by one thread a CPU, or,
// where they would take more than half of the free memory, each when its batch is made (loader.h).
#include "pictures.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../base/memory.h"
#include "../../formats/pictures/picture.h"
#include "../../formats/pictures/resize.h"
#include "../../workers/team.h"

enum { LOOKS = 64, READ_AT_ONCE = 16 };

// ---- Lists.

nnrt_pictures *nnrt_pictures_create(void) {
    nnrt_pictures *pictures = calloc(1, sizeof *pictures);
    if (!pictures) nnrt_fail_memory("a list of pictures", sizeof *pictures);
    return pictures;
}

void nnrt_pictures_free(void *state) {
    nnrt_pictures *pictures = state;
    for (int64_t i = 0; i < pictures->count; i++) free(pictures->paths[i]);
    free(pictures->paths);
    free(pictures->labels);
    free(pictures->of_row);
    free(pictures);
}

nnrt_status nnrt_pictures_add(nnrt_pictures *pictures, const char *path, int32_t label) {
    if (pictures->count == pictures->capacity) {
        int64_t capacity = pictures->capacity ? 2 * pictures->capacity : 1024;
        char **paths = realloc(pictures->paths, (size_t)capacity * sizeof *paths);
        if (paths) pictures->paths = paths;
        int32_t *labels = realloc(pictures->labels, (size_t)capacity * sizeof *labels);
        if (labels) pictures->labels = labels;
        if (!paths || !labels) return nnrt_fail_memory("a list of pictures", 0);
        pictures->capacity = capacity;
    }
    char *copy = strdup(path);
    if (!copy) return nnrt_fail_memory("a list of pictures", 0);
    pictures->paths[pictures->count] = copy;
    pictures->labels[pictures->count++] = label;
    return NNRT_OK;
}

nnrt_status nnrt_pictures_keep(nnrt_pictures *pictures, int64_t rows, const uint8_t *is_kept) {
    int64_t kept = 0;
    size_t bytes = (size_t)(pictures->count + 1) * sizeof(int32_t);
    int32_t *places = malloc(bytes);
    if (!places) return nnrt_fail_memory("a list of pictures", bytes);
    for (int64_t i = 0; i < pictures->count; i++) {
        places[i] = is_kept[i] ? (int32_t)kept : -1;
        if (!is_kept[i]) {
            free(pictures->paths[i]);
            continue;
        }
        pictures->paths[kept] = pictures->paths[i];
        pictures->labels[kept++] = pictures->labels[i];
    }
    pictures->count = kept;
    for (int64_t row = 0; row < rows && pictures->of_row; row++)
        if (pictures->of_row[row] >= 0) pictures->of_row[row] = places[pictures->of_row[row]];
    free(places);
    return NNRT_OK;
}

// ---- Sizes.

static nnrt_status make_picture(const nnrt_field *field, uint32_t row, void *values);

static nnrt_status fail_sizes(const nnrt_field *field, const char *path, int64_t height,
                              int64_t width) {
    const nnrt_pictures *pictures = field->origin.state;
    const int64_t *shape = field->stored.shape;
    return nnrt_fail(NNRT_ERROR,
                     "pictures differ in size: `%s` is %lld pixels wide and %lld high, `%s` %lld "
                     "and %lld; add `-> resize(height, width)`",
                     pictures->paths[0], (long long)shape[1], (long long)shape[0], path,
                     (long long)width, (long long)height);
}

// Looks at some pictures all over the set, so that most mistakes are found before anything is read.
static nnrt_status look(const nnrt_field *field) {
    const nnrt_pictures *pictures = field->origin.state;
    int64_t looks = pictures->count < LOOKS ? pictures->count : LOOKS;
    for (int64_t i = 0; i < looks; i++) {
        const char *path = pictures->paths[i * (pictures->count - 1) / (looks > 1 ? looks - 1 : 1)];
        int64_t height, width;
        nnrt_status status = nnrt_picture_size(path, &height, &width);
        if (status) return status;
        if (height != field->stored.shape[0] || width != field->stored.shape[1])
            return fail_sizes(field, path, height, width);
    }
    return NNRT_OK;
}

nnrt_status nnrt_pictures_settle(nnrt_table *table) {
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < table->field_count && !status; i++) {
        const nnrt_field *field = &table->fields[i];
        if (field->origin.make == make_picture && !field->is_resized) status = look(field);
    }
    return status;
}

// ---- Decoding.

static nnrt_status decode(const nnrt_field *field, const char *path, void *values) {
    const int64_t *shape = field->column.shape;
    nnrt_picture picture;
    nnrt_status status = nnrt_picture_read(path, shape[2], &picture);
    if (status) return status;
    if (picture.height == shape[0] && picture.width == shape[1])
        memcpy(values, picture.pixels, (size_t)field->column.size);
    else if (field->is_resized)
        nnrt_resize_bytes(picture.pixels, picture.height, picture.width, shape[2], values, shape[0],
                          shape[1]);
    else
        status = fail_sizes(field, path, picture.height, picture.width);
    nnrt_picture_free(&picture);
    return status;
}

// Which row of which file names the picture.
static nnrt_status fail_row(const nnrt_pictures *pictures, uint32_t row, nnrt_status status) {
    char reason[2048], place[PATH_MAX + 64];
    snprintf(reason, sizeof reason, "%s", nnrt_error());
    nnrt_table_place(pictures->table, row, place, sizeof place);
    return nnrt_fail(status, "%s: %s", place, reason);
}

static nnrt_status make_picture(const nnrt_field *field, uint32_t row, void *values) {
    const nnrt_pictures *pictures = field->origin.state;
    if (!pictures->of_row) return decode(field, pictures->paths[row], values);
    int64_t picture = pictures->of_row[row];
    if (picture < 0) { // the row is in no part
        memset(values, 0, (size_t)field->column.size);
        return NNRT_OK;
    }
    nnrt_status status = decode(field, pictures->paths[picture], values);
    return status ? fail_row(pictures, row, status) : NNRT_OK;
}

typedef struct Reading {
    const nnrt_field *field;
    uint8_t *values;
    int64_t count;
    _Atomic int64_t next;
    pthread_mutex_t lock;
    int64_t failed; // the first picture that failed; count: none did
    nnrt_status status;
    char message[4096];
} Reading;

static void note_failure(Reading *reading, int64_t row, nnrt_status status) {
    pthread_mutex_lock(&reading->lock);
    if (row < reading->failed) {
        reading->failed = row;
        reading->status = status;
        snprintf(reading->message, sizeof reading->message, "%s", nnrt_error());
    }
    pthread_mutex_unlock(&reading->lock);
    atomic_store(&reading->next, reading->count); // the others stop, too
}

static void read_some(void *argument, int thread, int threads) {
    Reading *reading = argument;
    int64_t count = reading->count, size = reading->field->column.size;
    (void)thread, (void)threads;
    for (;;) {
        int64_t first = atomic_fetch_add(&reading->next, READ_AT_ONCE);
        for (int64_t row = first; row < first + READ_AT_ONCE && row < count; row++) {
            nnrt_status status =
                make_picture(reading->field, (uint32_t)row, reading->values + row * size);
            if (status) note_failure(reading, row, status);
            if (status) break;
        }
        if (first >= count) return;
    }
}

static nnrt_status read_all(const nnrt_table *table, nnrt_field *field) {
    nnrt_team *team = nnrt_team_create(nnrt_cpu_count() < 64 ? nnrt_cpu_count() : 64);
    if (!team) return NNRT_ERROR;
    Reading reading = {.field = field,
                       .values = field->values,
                       .count = table->row_count,
                       .failed = table->row_count};
    pthread_mutex_init(&reading.lock, NULL);
    nnrt_team_run(team, nnrt_team_size(team), read_some, &reading);
    pthread_mutex_destroy(&reading.lock);
    nnrt_team_free(team);
    return reading.status ? nnrt_fail(reading.status, "%s", reading.message) : NNRT_OK;
}

static nnrt_status read_pictures(nnrt_table *table, nnrt_field *field) {
    nnrt_memory_rule rule = table->storage->rule;
    int64_t bytes;
    if (__builtin_mul_overflow(table->row_count, field->column.size, &bytes)) bytes = INT64_MAX;
    if (rule == NNRT_MEMORY_NONE || (rule == NNRT_MEMORY_AUTO && bytes > nnrt_free_memory() / 2))
        return NNRT_OK;
    field->stored = field->column;
    nnrt_status status = nnrt_field_allocate(table, field);
    return status ? status : read_all(table, field);
}

nnrt_status nnrt_pictures_show(nnrt_table *table, nnrt_field *field, nnrt_pictures *pictures,
                               int64_t channels) {
    int64_t shape[3] = {0, 0, channels};
    nnrt_status status = nnrt_picture_size(pictures->paths[0], &shape[0], &shape[1]);
    if (status) return status;
    field->column = field->stored = nnrt_column_make(field->column.name, NNRT_U8, 3, shape);
    field->kind = NNRT_TENSORS;
    field->origin = (nnrt_origin){read_pictures, make_picture, pictures};
    nnrt_table_fingerprint(table, shape, sizeof shape);
    return NNRT_OK;
}
