#include "spool.h"

#include "../base/memory.h"
#include "system.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PIECE = 1 << 16 };

static nnrt_status put(int descriptor, const char *bytes, size_t size, const char *name) {
    size_t done;
    int error = nnrt_system_write(descriptor, bytes, size, &done);
    if (!error) return NNRT_OK;
    return error == ENOSPC || error == ENOMEM
               ? nnrt_fail_memory(name, size - done)
               : nnrt_fail(NNRT_ERROR, "cannot copy %s: %s", name, strerror(error));
}

static nnrt_status copy(FILE *file, const char *name, int descriptor) {
    char bytes[PIECE];
    int64_t left = nnrt_free_memory() / 2;
    nnrt_status status = NNRT_OK;
    for (size_t size = PIECE; size == PIECE && !status; left -= PIECE) {
        size = fread(bytes, 1, sizeof bytes, file);
        status = left > 0 ? put(descriptor, bytes, size, name)
                          : nnrt_fail(NNRT_ERROR, "%s is more than memory can hold", name);
    }
    if (!status && ferror(file))
        return nnrt_fail(NNRT_ERROR, "cannot read %s: %s", name, strerror(errno));
    return status;
}

nnrt_status nnrt_spool(FILE *file, const char *name, int *descriptor) {
    *descriptor = memfd_create("nnc-input", MFD_CLOEXEC);
    if (*descriptor < 0) return nnrt_fail_memory(name, 0);
    nnrt_status status = copy(file, name, *descriptor);
    if (status) close(*descriptor);
    return status;
}

nnrt_status nnrt_spool_standard(int *descriptor) {
    static int kept = -1;
    nnrt_status status = kept < 0 ? nnrt_spool(stdin, "standard input", &kept) : NNRT_OK;
    if (status) kept = -1;
    *descriptor = kept;
    return status;
}
