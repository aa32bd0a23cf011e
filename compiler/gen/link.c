// Linking: the system's C compiler driver puts object and runtime together; nobody guesses where
// the C library's start files are. The executable is written under a temporary name and renamed.
#include "../base/locate.h"
#include "gen.h"

#include <errno.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { MAX_ARGUMENTS = 32, MAX_OUTPUT = 4096 };

static bool find_library(const char *name, char *path, size_t size) {
    return locate_installed("../lib/nnc", name, path, size);
}

char *gen_runtime_library(Arena *arena) {
    char path[PATH_MAX];
    return arena_strdup(arena, find_library(NNC_RUNTIME, path, sizeof path) ? path : "");
}

// Runs a program with its output captured; returns its exit status, or -1 with errno set.
static int run_captured(char *const *arguments, char *output, size_t size) {
    int pipe_ends[2];
    if (pipe(pipe_ends) != 0) return -1;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDERR_FILENO);
    posix_spawn_file_actions_addclose(&actions, pipe_ends[0]);
    pid_t child;
    int error = posix_spawnp(&child, arguments[0], &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(pipe_ends[1]);
    size_t used = 0;
    char chunk[512];
    ssize_t got;
    while (error == 0 && (got = read(pipe_ends[0], chunk, sizeof chunk)) != 0) {
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) break;
        size_t room = size - 1 - used, kept = (size_t)got < room ? (size_t)got : room;
        memcpy(output + used, chunk, kept);
        used += kept;
    }
    output[used] = 0;
    close(pipe_ends[0]);
    if (error) {
        errno = error;
        return -1;
    }
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static bool report_failure(const char *compiler, int status, const char *output, DiagSink *sink) {
    if (status < 0 || status == 127) {
        Diag *diag = diag_report(sink, DIAG_E0901, SPAN_NONE, "cannot run the C compiler `%s`: %s",
                                 compiler, status < 0 ? strerror(errno) : "not found");
        diag_help(diag, "install the package `gcc`, or name another one in NNC_CC");
        return false;
    }
    Diag *diag = diag_report(sink, DIAG_E0901, SPAN_NONE, "linking with `%s` failed (status %d)",
                             compiler, status);
    diag_note(diag, "it said: %s", output);
    return false;
}

static bool rename_into_place(const char *from, const char *to, DiagSink *sink) {
    if (rename(from, to) == 0) return true;
    diag_report(sink, DIAG_E0902, SPAN_NONE, "cannot write `%s`: %s", to, strerror(errno));
    unlink(from);
    return false;
}

// Says early, in our words, what the linker would say late in its own.
static bool can_write(const char *executable, const char *temporary, DiagSink *sink) {
    struct stat info;
    if (stat(executable, &info) == 0 && S_ISDIR(info.st_mode)) {
        diag_report(sink, DIAG_E0902, SPAN_NONE, "cannot write `%s`: it is a folder", executable);
        return false;
    }
    FILE *probe = fopen(temporary, "w");
    if (!probe) {
        diag_report(sink, DIAG_E0902, SPAN_NONE, "cannot write `%s`: %s", executable,
                    strerror(errno));
        return false;
    }
    fclose(probe);
    return true;
}

// Cuts the blank-separated words of `text` (modified) into arguments.
static int add_words(const char **arguments, int count, char *text) {
    char *rest = NULL;
    for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        if (count < MAX_ARGUMENTS - 2) arguments[count++] = word;
    return count;
}

bool gen_link(const char *const *objects, const char *executable, const char *temporary,
              bool needs_blas, DiagSink *sink) {
    char runtime[PATH_MAX], blas[PATH_MAX];
    bool found = find_library(NNC_RUNTIME, runtime, sizeof runtime);
    if (found && needs_blas) found = find_library("libnnrt_blas.a", blas, sizeof blas);
    if (!found) {
        diag_report(sink, DIAG_E0901, SPAN_NONE, "the runtime library is missing beside nnc");
        return false;
    }
    if (!can_write(executable, temporary, sink)) return false;
    const char *compiler = getenv("NNC_CC");
    if (!compiler || !*compiler) compiler = NNC_CC;
    const char *arguments[MAX_ARGUMENTS] = {compiler, "-o", temporary, "-Wl,--gc-sections"};
    int count = 4;
    bool carries = objects[1] != NULL;
    while (*objects) arguments[count++] = *objects++;
    if (needs_blas) arguments[count++] = blas;
    arguments[count++] = runtime;
    char libraries[] = NNC_LINK_LIBRARIES " " NNC_LINK_BLAS;
    if (!needs_blas) libraries[sizeof NNC_LINK_LIBRARIES - 1] = 0;
    count = add_words(arguments, count, libraries);
    // gold knows neither sections that are retained nor large ones (carry.c). The last one counts.
    if (carries) arguments[count++] = "-fuse-ld=bfd";
    char output[MAX_OUTPUT];
    int status = run_captured((char *const *)(void *)arguments, output, sizeof output);
    if (status != 0) {
        unlink(temporary);
        return report_failure(compiler, status, output, sink);
    }
    return rename_into_place(temporary, executable, sink);
}
