#include "measured.h"

#include "../driver/output.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

bool measured_fail(Session *session, const char *what) {
    diag_report(session->sink, DIAG_E0901, SPAN_NONE,
                "the program that was built to be measured failed: %s", what);
    return false;
}

int measured_build(Session *session, const char *path) {
    OutputFolder place = {0};
    int handle = -1;
    if (!output_folder(&place, session->arena, path, session->sink)) return -1;
    bool ok = session_build(session, place.file);
    if (ok) handle = open(place.file, O_RDONLY | O_CLOEXEC);
    const char *problem = strerror(errno);
    output_folder_remove(&place);
    if (ok && handle < 0) measured_fail(session, problem);
    return handle;
}

static void become_program(int handle, int output, int errors, double seconds, bool with_profile) {
    char text[32];
    snprintf(text, sizeof text, "%.2f", seconds);
    char *words[] = {
        "program", "bench", "--json", "--seconds", text, with_profile ? "--profile" : NULL, NULL};
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    dup2(output, STDOUT_FILENO);
    dup2(errors, STDERR_FILENO);
    fexecve(handle, words, environ);
    _exit(127);
}

static char *read_back(Arena *arena, int handle) {
    Text text = text_create(arena);
    char bytes[4096];
    lseek(handle, 0, SEEK_SET);
    for (ssize_t count; (count = read(handle, bytes, sizeof bytes)) > 0;)
        text_put_bytes(&text, bytes, (size_t)count);
    return text.data;
}

static const char *first_line(Arena *arena, const char *text, int status) {
    size_t length = strcspn(text, "\n");
    if (length) return arena_copy(arena, text, length);
    if (WIFSIGNALED(status)) return arena_format(arena, "killed by signal %d", WTERMSIG(status));
    return arena_format(arena, "status %d", WEXITSTATUS(status));
}

json_t *measured_run(Session *session, int handle, double seconds, bool with_profile) {
    int output = memfd_create("output", MFD_CLOEXEC);
    int errors = memfd_create("errors", MFD_CLOEXEC);
    pid_t child = output < 0 || errors < 0 ? -1 : fork();
    if (child == 0) become_program(handle, output, errors, seconds, with_profile);
    const char *problem = strerror(errno);
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    json_t *json = NULL;
    if (child > 0 && status == 0) json = json_loads(read_back(session->arena, output), 0, NULL);
    if (child > 0) problem = first_line(session->arena, read_back(session->arena, errors), status);
    if (output >= 0) close(output);
    if (errors >= 0) close(errors);
    if (!json) measured_fail(session, problem);
    return json;
}
