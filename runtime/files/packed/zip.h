// The members of a ZIP archive, stored or deflated, read by minizip; zip64 too. Names of members
// are only compared and shown: nothing is written under them.
#ifndef NNRT_ZIP_H
#define NNRT_ZIP_H

#include <stddef.h>
#include <stdint.h>

#include "../../base/status.h"

typedef struct nnrt_zip {
    char *path;
    void *file;   // minizip's
    char **names; // [count]
    int64_t count;
} nnrt_zip;

// Reads the list of members. Closing is right after an error, too.
nnrt_status nnrt_zip_open(nnrt_zip *zip, const char *path);
void nnrt_zip_close(nnrt_zip *zip);

// The content of a member, whose checksum is right, as a file without a name on the disk: its
// descriptor is to be closed. `name` is for messages.
nnrt_status nnrt_zip_read(nnrt_zip *zip, int64_t member, const char *name, int *descriptor);

#endif
