// System calls: a filter of the kernel (seccomp) turns each of the table's into a signal, wherever
// it stands, in the C library's buffered files too; its handler counts, lets it fail, or makes the
// call. Only what the function here executes passes the filter.
#define _GNU_SOURCE
#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

// ---- The table.

enum { OPENS = 1, ROOM = 2, WAITS = 4, SIZED = 8 };

// ROOM: may need some on the disk. WAITS: may be interrupted. SIZED: gives how much was done.
static const struct {
    long number;
    const char *name;
    int is;
} table[] = {
    {SYS_openat, "openat", OPENS | WAITS},
    {SYS_read, "read", SIZED | WAITS},
    {SYS_pread64, "pread", SIZED | WAITS},
    {SYS_readv, "readv", WAITS},
    {SYS_write, "write", SIZED | WAITS | ROOM},
    {SYS_pwrite64, "pwrite", SIZED | WAITS | ROOM},
    {SYS_writev, "writev", WAITS | ROOM},
    {SYS_fsync, "fsync", WAITS | ROOM},
    {SYS_fdatasync, "fdatasync", WAITS | ROOM},
    {SYS_close, "close", 0},
    {SYS_lseek, "lseek", 0},
    {SYS_newfstatat, "fstatat", 0},
    {SYS_fstat, "fstat", 0},
    {SYS_stat, "stat", 0},
    {SYS_lstat, "lstat", 0},
    {SYS_access, "access", 0},
    {SYS_faccessat, "faccessat", 0},
    {SYS_faccessat2, "faccessat2", 0},
    {SYS_readlink, "readlink", 0},
    {SYS_readlinkat, "readlinkat", 0},
    {SYS_getdents64, "getdents", 0},
    {SYS_getcwd, "getcwd", 0},
    {SYS_rename, "rename", ROOM},
    {SYS_renameat, "renameat", ROOM},
    {SYS_renameat2, "renameat2", ROOM},
    {SYS_link, "link", ROOM},
    {SYS_linkat, "linkat", ROOM},
    {SYS_unlink, "unlink", 0},
    {SYS_unlinkat, "unlinkat", 0},
    {SYS_mkdir, "mkdir", ROOM},
    {SYS_mkdirat, "mkdirat", ROOM},
    {SYS_rmdir, "rmdir", 0},
    {SYS_ftruncate, "ftruncate", WAITS},
    {SYS_fallocate, "fallocate", ROOM | WAITS},
    {SYS_fchmod, "fchmod", 0},
    {SYS_flock, "flock", WAITS},
    {SYS_fcntl, "fcntl", OPENS},
    {SYS_memfd_create, "memfd_create", OPENS},
};
enum { CALLS = sizeof table / sizeof *table };

// Descriptors are made by opening and by two commands of fcntl; room on the disk is taken by
// opening what is not there yet.
static int gives_descriptor(int is, long number, const long a[6]) {
    if (number == SYS_fcntl) return a[1] == F_DUPFD || a[1] == F_DUPFD_CLOEXEC;
    return is & OPENS;
}

static int takes_room(int is, long number, const long a[6]) {
    if (number == SYS_openat) return (a[2] & (O_CREAT | O_TMPFILE)) != 0;
    return is & ROOM;
}

// What the call gives where it fails by the kind that was asked for; 0: it cannot fail so.
static long failure(int is, long number, const long a[6]) {
    if (number == SYS_write && a[0] == STDERR_FILENO) return 0; // messages shall be seen
    if (number == SYS_fcntl && !gives_descriptor(is, number, a)) return 0;
    if (number == SYS_write && a[0] == STDOUT_FILENO && faults_is_kind("EINTR"))
        return 0; // a terminal or a pipe: handlers are set up so that the system goes on there
    if (faults_is_kind("EIO")) return -EIO;
    if (faults_is_kind("EINTR")) return is & WAITS ? -EINTR : 0;
    if (faults_is_kind("EMFILE")) return gives_descriptor(is, number, a) ? -EMFILE : 0;
    if (faults_is_kind("ENOSPC")) return takes_room(is, number, a) ? -ENOSPC : 0;
    if (faults_is_kind("short")) return is & SIZED && a[2] > 1 ? 1 : 0;
    if (faults_is_kind("kill")) return -EIO;
    return 0;
}

// ---- The calls.

__asm__(".text\n"
        ".globl faults_raw\n"
        ".type faults_raw, @function\n"
        "faults_raw:\n" // number, a, b, c, d, e, f: the last one on the stack
        "movq %rdi, %rax\n"
        "movq %rsi, %rdi\n"
        "movq %rdx, %rsi\n"
        "movq %rcx, %rdx\n"
        "movq %r8, %r10\n"
        "movq %r9, %r8\n"
        "movq 8(%rsp), %r9\n"
        "syscall\n"
        ".globl faults_raw_end\n"
        "faults_raw_end:\n"
        "ret\n");
__attribute__((visibility("hidden"))) extern long faults_raw(long number, long a, long b, long c,
                                                             long d, long e, long f);
__attribute__((visibility("hidden"))) extern char faults_raw_end[];

long faults_call(long number, long a, long b, long c, long d, long e, long f) {
    return faults_raw(number, a, b, c, d, e, f);
}

// A short one does half of it.
static long make(int entry, long a[6]) {
    long number = table[entry].number;
    long fault = failure(table[entry].is, number, a);
    if (fault && faults_now(table[entry].name)) {
        // It is closed in any case.
        if (number == SYS_close) faults_call(number, a[0], 0, 0, 0, 0, 0);
        if (fault < 0) return fault;
        a[2] = (a[2] + 1) / 2;
    }
    return faults_call(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static int entry_of(long number) {
    int i = 0;
    while (i < CALLS && table[i].number != number) i++;
    return i;
}

// Some file systems give no file two names.
static int is_refused(const char *name) {
    static const char *refused;
    if (!refused) refused = getenv("FAULTS_REFUSE") ? getenv("FAULTS_REFUSE") : "";
    return strcmp(refused, name) == 0;
}

static void caught(int signal, siginfo_t *info, void *context) {
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    long a[6] = {registers[REG_RDI], registers[REG_RSI], registers[REG_RDX],
                 registers[REG_R10], registers[REG_R8],  registers[REG_R9]};
    int entry = entry_of(info->si_syscall);
    (void)signal;
    registers[REG_RAX] = entry == CALLS                  ? -ENOSYS
                         : is_refused(table[entry].name) ? -EPERM
                                                         : make(entry, a);
    if (entry < CALLS) faults_record(table[entry].number, a, registers[REG_RAX]);
}

// ---- The filter.

enum { HEAD = 7, LENGTH = HEAD + CALLS + 2 };

static void fill(struct sock_filter *filter) {
    const uint64_t own = (uint64_t)(uintptr_t)faults_raw_end;
    const uint32_t at = offsetof(struct seccomp_data, instruction_pointer);
    struct sock_filter head[HEAD] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)own, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at + 4),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(own >> 32), 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_STMT(BPF_MISC | BPF_TAX, 0), // nothing: keeps the places below even
    };
    memcpy(filter, head, sizeof head);
    for (int i = 0; i < CALLS; i++)
        filter[HEAD + i] = (struct sock_filter)BPF_JUMP(
            BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)table[i].number, (unsigned char)(CALLS - i), 0);
    filter[HEAD + CALLS] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    filter[HEAD + CALLS + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP);
}

int faults_watch(void) {
    static struct sock_filter filter[LENGTH];
    struct sock_fprog program = {LENGTH, filter};
    struct sigaction action = {.sa_sigaction = caught, .sa_flags = SA_SIGINFO | SA_NODEFER};
    fill(filter);
    if (sigaction(SIGSYS, &action, NULL) != 0) return 0;
    is_refused(""); // getenv is not for handlers
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return 0;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}
