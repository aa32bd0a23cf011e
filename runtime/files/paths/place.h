// Where paths lead, also those of files that are not there yet.
#ifndef NNRT_PLACE_H
#define NNRT_PLACE_H

#include <limits.h>
#include <sys/stat.h>

// The absolute path without links. What does not exist is taken as it is written, below the last
// folder that does. 0: too long, a link that leads nowhere, or `..` in what does not exist (errno
// is 0), or the system cannot say.
int nnrt_place_resolve(const char *path, char resolved[PATH_MAX]);

// The same file, by name, by link or by hard link. Devices and pipes are nobody's: 0.
int nnrt_place_is_same(const char *a, const char *b);

// Does `path` lead below `folder`? -1: it cannot be known, errno says why.
int nnrt_place_is_below(const char *path, const char *folder);

// How a command line names standard input: `-`.
int nnrt_place_is_standard_input(const char *path);

int nnrt_place_is_same_stat(const struct stat *a, const struct stat *b);

#endif
