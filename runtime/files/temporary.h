// Temporary files and folders, beside what they are going to replace. Nothing that is there is
// opened and no link is followed (O_EXCL), nobody can guess the name, and rights come from the
// umask. Their maker holds a lock (flock) on them as long as it lives, which is how those of a
// killed process are told from those in use.
#ifndef NNRT_TEMPORARY_H
#define NNRT_TEMPORARY_H

// An empty file in the folder of `path`, open for writing; *name is to be freed. -1: errno says
// why. The lock ends when the descriptor is closed: rename the file before.
int nnrt_temporary_file(const char *path, char **name);

// Likewise an empty folder that only its owner can enter; the descriptor holds its lock.
int nnrt_temporary_folder(const char *path, char **name);

// Removes what killed processes left in the folder of `path`: entries with our names, owned by this
// user, a file without other links or a folder, that no process has locked. Where locks do not work
// nothing is removed.
void nnrt_temporary_sweep(const char *path);

#endif
