#include "child.h"

#include "../../runtime/base/interrupt.h"
#include "../../runtime/base/status.h"
#include "../base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

_Noreturn static void become(const Child *child, pid_t parent, int executable, char *const *words,
                             const char *folder, const sigset_t *signals) {
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (!nnrt_interrupt_follow(parent)) _exit(NNRT_INTERRUPTED);
    dup2(nothing, STDIN_FILENO);
    dup2(child->output, STDOUT_FILENO);
    dup2(child->errors, STDERR_FILENO);
    if (signals) sigprocmask(SIG_SETMASK, signals, NULL);
    if (!folder || !chdir(folder)) {
        if (executable >= 0)
            fexecve(executable, words, environ);
        else
            execv("/proc/self/exe", words);
    }
    dprintf(STDERR_FILENO, "error: cannot start: %s\n", strerror(errno));
    _exit(NNRT_ERROR);
}

bool child_start(Child *child, int executable, char *const *words, const char *folder,
                 const sigset_t *signals) {
    pid_t parent = getpid();
    child->output = memfd_create("output", MFD_CLOEXEC);
    child->errors = memfd_create("errors", MFD_CLOEXEC);
    child->id = child->output < 0 || child->errors < 0 ? -1 : fork();
    if (child->id == 0) become(child, parent, executable, words, folder, signals);
    if (child->id > 0) return true;
    int problem = errno;
    child_close(child);
    errno = problem;
    return false;
}

void child_close(Child *child) {
    if (child->output >= 0) close(child->output);
    if (child->errors >= 0) close(child->errors);
    *child = (Child){.output = -1, .errors = -1};
}

static char *read_back(Arena *arena, int handle) {
    Text text = text_create(arena);
    char bytes[4096];
    lseek(handle, 0, SEEK_SET);
    for (ssize_t count; (count = read(handle, bytes, sizeof bytes)) > 0;)
        text_put_bytes(&text, bytes, (size_t)count);
    return text.data;
}

const char *child_output(Arena *arena, const Child *child) {
    return read_back(arena, child->output);
}

const char *child_error(Arena *arena, const char *said) {
    const char *error = strstr(said, "error["); // of the compiler
    const char *plain = error ? NULL : strstr(said, "error: ");
    if (plain) return arena_copy(arena, plain + 7, strcspn(plain + 7, "\n"));
    if (!error) return NULL;
    char *line = arena_copy(arena, error + 6, strcspn(error + 6, "\n")), *end = strchr(line, ']');
    if (end) memmove(end, end + 1, strlen(end));
    return line;
}

const char *child_reason(Arena *arena, const Child *child, int status) {
    char signal[NNRT_SIGNAL_TEXT];
    const char *said = read_back(arena, child->errors);
    const char *error = child_error(arena, said);
    if (error) return error;
    if (WIFSIGNALED(status))
        return arena_format(arena, "%s", nnrt_signal_text(signal, WTERMSIG(status)));
    if (*said) return arena_copy(arena, said, strcspn(said, "\n"));
    return arena_format(arena, "status %d", WEXITSTATUS(status));
}
