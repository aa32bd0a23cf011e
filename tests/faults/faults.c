// Loaded into a program by LD_PRELOAD: counts its system calls or allocations, and lets some fail.
#define _GNU_SOURCE
#include "faults.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_long count, failed;
static long fails_at;
static int fails_forever;
static const char *kind = "", *report_path;
static char first_name[64];

int faults_is_kind(const char *name) {
    return strcmp(kind, name) == 0;
}

int faults_now(const char *name) {
    long number = atomic_fetch_add(&count, 1) + 1;
    if (!fails_at || number < fails_at || (number > fails_at && !fails_forever)) return 0;
    if (atomic_fetch_add(&failed, 1) == 0) snprintf(first_name, sizeof first_name, "%s", name);
    if (faults_is_kind("kill"))
        faults_call(SYS_kill, faults_call(SYS_getpid, 0, 0, 0, 0, 0, 0), SIGKILL, 0, 0, 0, 0);
    return 1;
}

static long number_of(const char *name) {
    const char *text = getenv(name);
    return text ? atol(text) : 0;
}

// Descriptors beyond the standard ones.
static int open_descriptors(void) {
    enum { MOST = 256 };
    int open = 0;
    for (int i = 3; i < MOST; i++) open += faults_call(SYS_fcntl, i, F_GETFD, 0, 0, 0, 0) >= 0;
    return open;
}

static void report(void) {
    char text[256];
    long flags = O_WRONLY | O_CREAT | O_TRUNC;
    long blocks = faults_blocks();
    int descriptors = open_descriptors();
    int file = (int)faults_call(SYS_openat, AT_FDCWD, (long)report_path, flags, 0666, 0, 0);
    int length = snprintf(text, sizeof text, "%ld %ld %ld %d %s\n", (long)count, (long)failed,
                          blocks, descriptors, *first_name ? first_name : "-");
    faults_call(SYS_write, file, (long)text, length, 0, 0, 0);
    faults_tell_blocks(file);
    faults_call(SYS_close, file, 0, 0, 0, 0, 0);
}

__attribute__((constructor)) static void begin(void) {
    const char *record = getenv("FAULTS_RECORD");
    if (getenv("FAULTS_KIND")) kind = getenv("FAULTS_KIND");
    fails_at = number_of("FAULTS_AT");
    fails_forever = number_of("FAULTS_FOREVER") != 0;
    report_path = getenv("FAULTS_REPORT");
    unsetenv("LD_PRELOAD"); // what is started from here is left alone
    if (record) faults_record_to(record);
    faults_count_memory();
    if (!faults_is_kind("memory") && !faults_watch()) _exit(77);
}

__attribute__((destructor)) static void end(void) {
    if (report_path) report();
}
