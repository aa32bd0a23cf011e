#include "locate.h"

#include "vec.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool locate_installed(const char *installed, const char *name, char *path, size_t size) {
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length < 0) return false;
    self[length] = 0;
    char *slash = strrchr(self, '/');
    if (!slash) return false;
    *slash = 0;
    const char *const places[] = {installed, "."};
    for (int i = 0; i < 2; i++) {
        int needed = snprintf(path, size, "%s/%s/%s", self, places[i], name);
        if (needed > 0 && (size_t)needed < size && access(path, R_OK) == 0) return true;
    }
    return false;
}

const char *const *locate_sources(Arena *arena, const char *path) {
    const char *slash = strrchr(path, '/');
    int length = slash ? (int)(slash - path) + 1 : 0;
    VEC(const char *) names = {0};
    DIR *folder = opendir(slash ? arena_format(arena, "%.*s", length, path) : ".");
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        size_t size = strlen(entry->d_name);
        if (size > 3 && !strcmp(entry->d_name + size - 3, ".nn"))
            vec_push(arena, &names, arena_format(arena, "%.*s%s", length, path, entry->d_name));
    }
    if (folder) closedir(folder);
    vec_push(arena, &names, NULL);
    return names.items;
}
