#include "folder.h"

#include "system.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct made {
    char *path;
    struct made *before;
} made;

static made *last;

// Without memory it is not noted: an empty folder more is left at worst.
static void note(const char *path) {
    made *folder = malloc(sizeof *folder);
    char *copy = strdup(path);
    if (!folder || !copy) {
        free(folder);
        free(copy);
        return;
    }
    *folder = (made){copy, last};
    last = folder;
}

int nnrt_folder_make(const char *path) {
    if (mkdir(path, 0777) == 0) {
        nnrt_system_sync_folder(path); // what is written there survives no crash without it
        note(path);
        return 0;
    }
    return errno;
}

void nnrt_folders_remove_made(void) {
    while (last) {
        made *folder = last;
        last = folder->before;
        rmdir(folder->path);
        free(folder->path);
        free(folder);
    }
}
