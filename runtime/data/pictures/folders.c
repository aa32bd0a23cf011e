#include "folders.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int nnrt_folder_is_there(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static int by_name(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_shown(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

// The names in a folder, sorted; -1 with an error.
int nnrt_folder_list(const char *folder, struct dirent ***names) {
    int count = scandir(folder, names, is_shown, by_name);
    if (count < 0)
        nnrt_fail(NNRT_ERROR, "cannot read the folder `%s`: %s", folder, strerror(errno));
    return count;
}

void nnrt_folder_free_names(struct dirent **names, int count) {
    for (int i = 0; i < count; i++) free(names[i]);
    free(names);
}

int nnrt_folder_is_entry(const struct dirent *entry, const char *path) {
    return entry->d_type == DT_DIR || (entry->d_type != DT_REG && nnrt_folder_is_there(path));
}

nnrt_status nnrt_folder_join(char path[PATH_MAX], const char *folder, const char *name) {
    if (snprintf(path, PATH_MAX, "%s/%s", folder, name) < PATH_MAX) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR, "the path of `%s` in `%s` is too long", name, folder);
}

const char *const nnrt_train_folders[] = {"train", "training", NULL};
const char *const nnrt_validation_folders[] = {"validation", "val", "valid", NULL};
const char *const nnrt_test_folders[] = {"test", NULL};

// The first of these folders in `folder`; 0: none is there.
int nnrt_folder_find_part(const char *folder, const char *const *names, char path[PATH_MAX]) {
    for (; *names; names++)
        if (nnrt_folder_join(path, folder, *names) == NNRT_OK && nnrt_folder_is_there(path))
            return 1;
    return 0;
}
