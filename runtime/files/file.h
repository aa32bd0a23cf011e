// Output files. A file is written beside its final place, synced and renamed, so that readers see
// the old or the new content and a full disk leaves the old. What is no regular file (a pipe, a
// device) is written directly; a symbolic link stays, and where it leads is replaced.
#ifndef NNRT_FILE_H
#define NNRT_FILE_H

#include "../base/status.h"

#include <stddef.h>
#include <stdint.h>

typedef struct nnrt_file nnrt_file;

// Takes the places of standard streams that are closed, so that no file which is opened later gets
// the number of one and with it what is printed. Printing to them goes on failing.
void nnrt_file_guard_streams(void);

// NULL with nnrt_error() set if the file cannot be created. `path` is copied.
nnrt_file *nnrt_file_create(const char *path);

// Likewise, but nothing is written through a link, nor to a device or a pipe: what has the name is
// a regular file or not there.
nnrt_file *nnrt_file_create_here(const char *path);

// Opens what is there, a device or a pipe, to append to it. -1: errno, of which nnrt_file_reason
// knows that ENXIO is a pipe that nobody reads.
int nnrt_file_open_in_place(const char *path);
const char *nnrt_file_reason(int error);

// Appends. Errors are remembered and reported by nnrt_file_commit.
void nnrt_file_write(nnrt_file *file, const void *bytes, size_t size);
void nnrt_file_print(nnrt_file *file, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// The CRC-32 of all that was appended.
uint32_t nnrt_file_checksum(const nnrt_file *file);

// Of what was handed to the system: the bytes, and where they can be read (pread) until the file is
// committed; -1: nowhere, it is a pipe or a device.
int64_t nnrt_file_size(const nnrt_file *file);
int nnrt_file_descriptor(const nnrt_file *file);

// Hands what was appended to the system, and reports a full disk now rather than at the end. What
// could not be written is tried again with what follows, as far as a buffer holds it.
nnrt_status nnrt_file_flush(nnrt_file *file);

// The file that is there, if there is one, becomes `path`~ when the new one takes its place.
void nnrt_file_keep_older(nnrt_file *file);
// That name; beside the file where `path` is a symbolic link. 0: it does not fit.
int nnrt_file_older_name(const char *path, char *name, size_t size);

// Gives the file a second name, under which what was there is gone. 0, or an errno: not all file
// systems can.
int nnrt_file_name_again(const char *path, const char *name);

// Flushes, syncs, renames, syncs the folder, frees. After an error the old file is still there.
nnrt_status nnrt_file_commit(nnrt_file *file);
void nnrt_file_abandon(nnrt_file *file); // NULL is fine

// Whether nnrt_file_create would succeed now; asked before long work. Leaves nothing behind, and
// removes what killed runs left there (temporary.h).
nnrt_status nnrt_file_probe(const char *path);

#endif
