#include "source.h"

#include "utf8.h"
#include "vec.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// Where the last place was looked up: places are asked for in rising order, and a line may be
// megabytes long.
typedef struct Cursor {
    uint32_t file, offset;
    int line, column;
} Cursor;

struct SourceSet {
    Arena *arena;
    VEC(Source) files;
    Cursor *cursor;
};

SourceSet *sources_create(Arena *arena) {
    SourceSet *set = ARENA_NEW(arena, SourceSet);
    set->arena = arena;
    set->cursor = ARENA_NEW(arena, Cursor);
    return set;
}

int sources_count(const SourceSet *set) {
    return set->files.count;
}

void sources_set_importer(SourceSet *set, uint32_t file, Span importer) {
    set->files.items[file].importer = importer;
}

const Source *sources_get(const SourceSet *set, uint32_t file) {
    return file < (uint32_t)set->files.count ? &set->files.items[file] : NULL;
}

static void find_lines(Arena *arena, Source *source) {
    const char *end = source->text + source->size;
    int count = 1;
    for (const char *at = source->text; (at = memchr(at, '\n', (size_t)(end - at))); at++) count++;
    source->line_starts = ARENA_ARRAY(arena, uint32_t, count);
    source->line_count = 1;
    for (const char *at = source->text; (at = memchr(at, '\n', (size_t)(end - at))); at++)
        source->line_starts[source->line_count++] = (uint32_t)(at + 1 - source->text);
}

// Takes over `text`, which ends with a NUL at text[size].
static int add_owned(SourceSet *set, const char *path, const char *text, size_t size) {
    Source source = {
        .path = arena_strdup(set->arena, path), .text = text, .size = size, .importer = SPAN_NONE};
    if (size > SOURCE_MAX_SIZE) {
        source.text = "";
        source.size = 0;
        source.is_too_large = true;
    }
    find_lines(set->arena, &source);
    vec_push(set->arena, &set->files, source);
    return set->files.count - 1;
}

int sources_add(SourceSet *set, const char *path, const char *text, size_t size) {
    const char *copy = size > SOURCE_MAX_SIZE ? "" : arena_copy(set->arena, text, size);
    return add_owned(set, path, copy, size);
}

// Reads up to the limit and one byte more, which shows that the file is too large; -1 on an error.
// The size that the system states is no help: it is 0 for files under /proc.
static ssize_t read_limited(Arena *arena, int descriptor, size_t stated, char **text) {
    size_t capacity = stated < SOURCE_MAX_SIZE ? stated + 1 : SOURCE_MAX_SIZE + 1, size = 0;
    *text = arena_alloc(arena, capacity + 1);
    for (;;) {
        ssize_t got = read(descriptor, *text + size, capacity - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -1;
        size += (size_t)got;
        if (got == 0 || size > SOURCE_MAX_SIZE) return (ssize_t)size;
        if (size < capacity) continue;
        size_t grown = capacity * 2 < SOURCE_MAX_SIZE ? capacity * 2 : SOURCE_MAX_SIZE + 1;
        char *larger = arena_alloc(arena, grown + 1);
        memcpy(larger, *text, size);
        *text = larger;
        capacity = grown;
    }
}

// What is wrong with this kind of file, or NULL.
static const char *wrong_kind(mode_t mode) {
    if (S_ISREG(mode)) return NULL;
    return S_ISDIR(mode) ? "it is a folder" : "it is not a regular file";
}

static int read_open(SourceSet *set, const char *path, int descriptor, size_t stated,
                     const char **error) {
    char *text;
    ssize_t size = read_limited(set->arena, descriptor, stated, &text);
    if (size >= 0) return add_owned(set, path, text, (size_t)size);
    *error = arena_strdup(set->arena, strerror(errno));
    return -1;
}

static int load_open(SourceSet *set, const char *path, int descriptor, const char **error) {
    struct stat status;
    if (fstat(descriptor, &status) != 0) {
        *error = arena_strdup(set->arena, strerror(errno));
        return -1;
    }
    if ((*error = wrong_kind(status.st_mode))) return -1;
    if (status.st_size > SOURCE_MAX_SIZE) return add_owned(set, path, "", (size_t)status.st_size);
    return read_open(set, path, descriptor, (size_t)status.st_size, error);
}

int sources_read(SourceSet *set, const char *name, int descriptor, const char **error) {
    enum { FIRST_SIZE = 1 << 16 };
    return read_open(set, name, descriptor, FIRST_SIZE, error);
}

int sources_load(SourceSet *set, const char *path, const char **error) {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer.
    int descriptor;
    do descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    while (descriptor < 0 && errno == EINTR);
    if (descriptor < 0) {
        *error = errno == ENOENT ? "no such file" : arena_strdup(set->arena, strerror(errno));
        return -1;
    }
    int file = load_open(set, path, descriptor, error);
    close(descriptor);
    return file;
}

// The line, counted from 0, that holds the offset.
static int line_of(const Source *source, uint32_t offset) {
    int low = 0, high = source->line_count - 1;
    while (low < high) {
        int middle = low + (high - low + 1) / 2;
        if (source->line_starts[middle] <= offset)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

const char *sources_text(const SourceSet *set, Span span) {
    const Source *source = sources_get(set, span.file);
    if (!source || span.hi > source->size || span.lo > span.hi) return "";
    return arena_copy(set->arena, source->text + span.lo, span.hi - span.lo);
}

Place sources_place(const SourceSet *set, uint32_t file, uint32_t offset) {
    const Source *source = sources_get(set, file);
    if (!source) return (Place){"", 0, 0};
    // A byte-order mark has no column.
    bool has_mark = source->size >= 3 && memcmp(source->text, "\xEF\xBB\xBF", 3) == 0;
    if (has_mark && offset < 3) offset = 3;
    if (offset > source->size) offset = (uint32_t)source->size;
    Cursor *cursor = set->cursor;
    int line = line_of(source, offset) + 1;
    if (cursor->file != file || cursor->line != line || cursor->offset > offset) {
        uint32_t start = source->line_starts[line - 1];
        *cursor = (Cursor){file, start == 0 && has_mark ? 3 : start, line, 1};
    }
    for (; cursor->offset < offset; cursor->offset++)
        cursor->column += !utf8_continues(source->text[cursor->offset + 1]);
    return (Place){source->path, line, cursor->column};
}

Span span_join(Span a, Span b) {
    if (a.file != b.file) return a;
    return (Span){a.file, a.lo < b.lo ? a.lo : b.lo, a.hi > b.hi ? a.hi : b.hi};
}
