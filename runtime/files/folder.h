// Folders that this process makes.
#ifndef NNRT_FOLDER_H
#define NNRT_FOLDER_H

// 0, and it is noted; or an errno, EEXIST where something has its name.
int nnrt_folder_make(const char *path);

// Removes those that are empty again, the last one first: nothing was to be left behind.
void nnrt_folders_remove_made(void);

#endif
