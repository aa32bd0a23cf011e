#include "measured.h"

#include "../driver/output.h"
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
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

json_t *measured_run(Session *session, int handle, char *const *words, const char **problem) {
    Child child;
    int status = 0;
    if (!child_start(&child, handle, words, NULL, NULL)) {
        *problem = strerror(errno);
        return NULL;
    }
    while (waitpid(child.id, &status, 0) < 0 && errno == EINTR) {
    }
    json_t *json = status ? NULL : json_loads(child_output(session->arena, &child), 0, NULL);
    if (!json) *problem = child_reason(session->arena, &child, status);
    child_close(&child);
    return json;
}
