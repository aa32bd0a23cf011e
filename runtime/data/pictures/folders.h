// Folders of data: their names in order, and those of parts. Private to the sources.
#ifndef NNRT_FOLDERS_H
#define NNRT_FOLDERS_H

#include <dirent.h>
#include <limits.h>

#include "../../base/status.h"

int nnrt_folder_is_there(const char *path);
// The names in a folder, sorted by bytes, without those that begin with '.'; to be freed. -1 with
// nnrt_error() set: it cannot be read.
int nnrt_folder_list(const char *folder, struct dirent ***names);
void nnrt_folder_free_names(struct dirent **names, int count);
// Is the entry of this path a folder?
int nnrt_folder_is_entry(const struct dirent *entry, const char *path);
// "folder/name"
nnrt_status nnrt_folder_join(char path[PATH_MAX], const char *folder, const char *name);

// What the folders of parts are called; ended by NULL.
extern const char *const nnrt_train_folders[], *const nnrt_validation_folders[],
                                                   *const nnrt_test_folders[];
// The first of these folders in `folder`; 0: none is there.
int nnrt_folder_find_part(const char *folder, const char *const *names, char path[PATH_MAX]);

#endif
