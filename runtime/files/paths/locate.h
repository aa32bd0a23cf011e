// Where data files are looked for: the .nn file's folder, each folder of NNC_DATA (separated by
// ':'), ${XDG_CACHE_HOME:-~/.cache}/nnc/data, /usr/local/share/datasets, /usr/share/datasets.
#ifndef NNRT_LOCATE_H
#define NNRT_LOCATE_H

#include <limits.h>

#include "../../base/status.h"

// A set of files known by name, in a folder of its own or in one the user points at.
typedef struct nnrt_file_set {
    const char *name;           // "fashion_mnist"
    const char *const *folders; // names of its own folder; ended by NULL
    const char *const *others;  // folders of other sets with the same file names
    const char *const *files;   // without ".gz"; ended by NULL
    const char *remedy;         // how to get it
} nnrt_file_set;

// The path of a file that the program names. NNRT_DATA_MISSING: nowhere; the message's first line
// says so, the further ones where it was looked for.
nnrt_status nnrt_locate(const char *folder, const char *name, char path[PATH_MAX]);

// The paths of all files of a set (`paths` holds as many), which lie in one folder, each plain or
// with ".gz".
nnrt_status nnrt_locate_set(const char *folder, const nnrt_file_set *set, char (*paths)[PATH_MAX]);

// The folders in the order of search, one a line, for `info`.
void nnrt_locate_places(const char *folder, char *text, int size);

#endif
