// A record of what changes files and folders, in the order in which it happened: for each call its
// name, its result, the names and numbers that it was given, and what was written. Read by
// crashes.py.
#define _GNU_SOURCE
#include "faults.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { OWN = 900, LINE = 9000 };

static int record = -1;
static atomic_flag is_busy = ATOMIC_FLAG_INIT;

void faults_record_to(const char *path) {
    long flags = O_WRONLY | O_CREAT | O_TRUNC;
    int file = (int)faults_call(SYS_openat, AT_FDCWD, (long)path, flags, 0666, 0, 0);
    if (file < 0) return;
    record = (int)faults_call(SYS_fcntl, file, F_DUPFD_CLOEXEC, OWN, 0, 0, 0);
    faults_call(SYS_close, file, 0, 0, 0, 0, 0);
}

static void put(const void *bytes, size_t size) {
    const char *at = bytes;
    while (size) {
        long done = faults_call(SYS_write, record, (long)at, (long)size, 0, 0, 0);
        if (done <= 0) return;
        at += done;
        size -= (size_t)done;
    }
}

#define TEXT(argument) ((const char *)(argument))

// A line, and behind that of a write as many bytes as its result says.
static int line_of(char line[LINE], long number, const long a[6], long result) {
    switch (number) {
    case SYS_openat:
        return snprintf(line, LINE, "open %ld %ld %s\n", result, a[2] & (O_CREAT | O_TRUNC),
                        TEXT(a[1]));
    case SYS_write:
        return snprintf(line, LINE, "write %ld %ld %ld\n", a[0], result,
                        faults_call(SYS_lseek, a[0], 0, SEEK_CUR, 0, 0, 0) - result);
    case SYS_pwrite64: return snprintf(line, LINE, "write %ld %ld %ld\n", a[0], result, a[3]);
    case SYS_ftruncate: return snprintf(line, LINE, "truncate %ld %ld\n", a[0], a[1]);
    case SYS_fsync: return snprintf(line, LINE, "sync %ld\n", a[0]);
    case SYS_fdatasync: return snprintf(line, LINE, "sync %ld\n", a[0]);
    case SYS_close: return snprintf(line, LINE, "close %ld\n", a[0]);
    case SYS_fcntl:
        return a[1] == F_DUPFD || a[1] == F_DUPFD_CLOEXEC
                   ? snprintf(line, LINE, "dup %ld %ld\n", a[0], result)
                   : 0;
    case SYS_rename: return snprintf(line, LINE, "rename %s\t%s\n", TEXT(a[0]), TEXT(a[1]));
    case SYS_link: return snprintf(line, LINE, "link %s\t%s\n", TEXT(a[0]), TEXT(a[1]));
    case SYS_unlink: return snprintf(line, LINE, "unlink %s\n", TEXT(a[0]));
    case SYS_mkdir: return snprintf(line, LINE, "mkdir %s\n", TEXT(a[0]));
    case SYS_rmdir: return snprintf(line, LINE, "rmdir %s\n", TEXT(a[0]));
    default: return 0;
    }
}

void faults_record(long number, const long a[6], long result) {
    char line[LINE];
    if (record < 0 || result < 0) return;
    while (atomic_flag_test_and_set(&is_busy)) continue;
    int length = line_of(line, number, a, result);
    if (length > 0) put(line, (size_t)length);
    if (length > 0 && (number == SYS_write || number == SYS_pwrite64))
        put(TEXT(a[1]), (size_t)result);
    atomic_flag_clear(&is_busy);
}
