// The places are listed once and used both for the search and for the message.
#include "locate.h"

#include "../system.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_PLACES = 32, TEXT_SIZE = 3000 };

// Folders to search, in order.
typedef struct Places {
    char folders[MAX_PLACES][PATH_MAX];
    int count;
} Places;

static void add_place(Places *places, const char *folder, size_t size, const char *rest) {
    if (size == 0 || places->count == MAX_PLACES) return;
    int length =
        snprintf(places->folders[places->count], PATH_MAX, "%.*s%s", (int)size, folder, rest);
    if (length < PATH_MAX) places->count++;
}

static void add_search_path(Places *places, const char *list) {
    while (list && *list) {
        size_t size = strcspn(list, ":");
        add_place(places, list, size, "");
        list += size + (list[size] == ':');
    }
}

static Places *find_places(const char *folder) {
    static Places places; // large, and wanted by one thread only
    places.count = 0;
    if (!folder || !*folder) folder = ".";
    add_place(&places, folder, strlen(folder), "");
    add_search_path(&places, getenv("NNC_DATA"));
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (cache && *cache)
        add_place(&places, cache, strlen(cache), "/nnc/data");
    else if (home)
        add_place(&places, home, strlen(home), "/.cache/nnc/data");
    add_search_path(&places, "/usr/local/share/datasets:/usr/share/datasets");
    return &places;
}

void nnrt_locate_places(const char *folder, char *text, int size) {
    const Places *places = find_places(folder);
    int used = 0;
    if (size > 0) text[0] = '\0';
    for (int i = 0; i < places->count && used < size; i++)
        used += snprintf(text + used, (size_t)(size - used), "%s%s", i > 0 ? "\n" : "",
                         places->folders[i]);
}

// "\n  /home/..." for each of the places.
static const char *list_places(const Places *places, char text[TEXT_SIZE]) {
    int used = 0;
    text[0] = '\0';
    for (int i = 0; i < places->count && used < TEXT_SIZE; i++)
        used += snprintf(text + used, (size_t)(TEXT_SIZE - used), "\n  %s", places->folders[i]);
    return text;
}

static int exists(const char *path) {
    return nnrt_system_is_there(path) > 0;
}

// Of a place that answers with an error, the last one that was asked.
static nnrt_status fail_look(const char *path, int error) {
    return nnrt_fail(NNRT_ERROR, "cannot look for `%s`: %s", path, strerror(error));
}

nnrt_status nnrt_locate(const char *folder, const char *name, char path[PATH_MAX]) {
    char text[TEXT_SIZE];
    if (name[0] == '/') {
        int length = snprintf(path, PATH_MAX, "%s", name);
        int is_there = length < PATH_MAX ? nnrt_system_is_there(path) : 0;
        if (is_there < 0) return fail_look(path, errno);
        return is_there ? NNRT_OK : nnrt_fail(NNRT_DATA_MISSING, "`%s` does not exist", name);
    }
    const Places *places = find_places(folder);
    for (int i = 0; i < places->count; i++) {
        int length = snprintf(path, PATH_MAX, "%s/%s", places->folders[i], name);
        int is_there = length < PATH_MAX ? nnrt_system_is_there(path) : 0;
        if (is_there < 0) return fail_look(path, errno);
        if (is_there) return NNRT_OK;
    }
    return nnrt_fail(NNRT_DATA_MISSING,
                     "`%s` not found\nlooked in (paths are relative to the .nn file, then to the "
                     "folders of NNC_DATA, the cache and the system):%s\n"
                     "put it there, or set NNC_DATA to its folder",
                     name, list_places(places, text));
}

// ---- Sets of files

// One file of a set: plain, with ".gz", or with '.' for the first '-' after the kind, as some
// unpackers name it (train-images.idx3-ubyte).
static int find_file(const char *folder, const char *file, char path[PATH_MAX]) {
    static const char *const endings[] = {"", ".gz"};
    const char *kind = strstr(file, "-idx");
    for (int variant = 0; variant < 4; variant++) {
        int length = snprintf(path, PATH_MAX, "%s/%s%s", folder, file, endings[variant % 2]);
        if (length >= PATH_MAX) return 0;
        if (variant >= 2 && kind) path[strlen(folder) + 1 + (size_t)(kind - file)] = '.';
        if (exists(path)) return 1;
    }
    return 0;
}

static int is_named(const char *folder, const char *const *names) {
    size_t size = strlen(folder);
    while (size > 0 && folder[size - 1] == '/') size--;
    for (; *names; names++) {
        size_t length = strlen(*names);
        if (size >= length && memcmp(folder + size - length, *names, length) == 0 &&
            (size == length || folder[size - length - 1] == '/'))
            return 1;
    }
    return 0;
}

// The set's folder in this place: its own, or the place itself unless that is named as another set.
static int find_folder(const char *place, const nnrt_file_set *set, char folder[PATH_MAX]) {
    char path[PATH_MAX];
    for (const char *const *name = set->folders; *name; name++) {
        int length = snprintf(folder, PATH_MAX, "%s/%s", place, *name);
        if (length < PATH_MAX && find_file(folder, set->files[0], path)) return 1;
    }
    snprintf(folder, PATH_MAX, "%s", place);
    return !is_named(place, set->others) && find_file(place, set->files[0], path);
}

static nnrt_status fail_missing_set(const nnrt_file_set *set, const Places *places) {
    char text[TEXT_SIZE];
    return nnrt_fail(NNRT_DATA_MISSING,
                     "the data of `%s` are not installed: %s[.gz] not found\nlooked in (there, or "
                     "in a folder `%s` there):%s\n%s",
                     set->name, set->files[0], set->folders[0], list_places(places, text),
                     set->remedy);
}

nnrt_status nnrt_locate_set(const char *folder, const nnrt_file_set *set, char (*paths)[PATH_MAX]) {
    char found[PATH_MAX];
    const Places *places = find_places(folder);
    int place = 0;
    while (place < places->count && !find_folder(places->folders[place], set, found)) place++;
    if (place == places->count) return fail_missing_set(set, places);
    for (int i = 0; set->files[i]; i++)
        if (!find_file(found, set->files[i], paths[i]))
            return nnrt_fail(NNRT_DATA_MISSING,
                             "the data of `%s` are incomplete: `%s` has %s but not %s[.gz]\n%s",
                             set->name, found, set->files[0], set->files[i], set->remedy);
    return NNRT_OK;
}
