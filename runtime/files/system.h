// System calls that are made again where a signal came meanwhile, and whose errors are told apart
// from an answer.
#ifndef NNRT_SYSTEM_H
#define NNRT_SYSTEM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// open(2), with the rights of new files. -1: errno.
int nnrt_system_open(const char *path, int flags);

// Up to `size` bytes from `place` on: fewer where the file ends. -1: errno.
int64_t nnrt_system_read(int descriptor, void *bytes, size_t size, int64_t place);

// All bytes; those that were written are counted in *done. 0, or an errno.
int nnrt_system_write(int descriptor, const void *bytes, size_t size, size_t *done);

// Hands the file, or with `data_alone` what is needed to read it, to the disk. 0, or an errno;
// pipes and devices, which cannot, are no error.
int nnrt_system_sync(int descriptor, int data_alone);
// The folder that `path` lies in, so that a new name survives a crash. Not all file systems can;
// that is no error.
void nnrt_system_sync_folder(const char *path);

// 1: something has the name, 0: nothing has, -1: it cannot be known, errno says why.
int nnrt_system_is_there(const char *path);
// Whether an errno says that nothing is there, or may be looked at.
int nnrt_system_is_absence(int error);

#endif
