#include "process.h"

#include "../../../base/clock.h"
#include "../../../base/interrupt.h"
#include "../../command.h"
#include "alone.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

// ---- The new process.

static _Noreturn void work(const nnrt_process *process, nnrt_session *shared, int64_t threads) {
    static nnrt_alone alone;
    nnrt_session session;
    nnrt_status status = nnrt_alone_open(&alone, &session, shared, process->run, threads);
    if (!status) status = nnrt_command_fit(&session);
    _exit(nnrt_command_end(shared->options, status));
}

static nnrt_status open_streams(nnrt_process *process, int ends[2]) {
    process->output = memfd_create("nnc-run", MFD_CLOEXEC);
    if (process->output >= 0 && pipe2(ends, O_CLOEXEC) == 0) return NNRT_OK;
    if (process->output >= 0) close(process->output);
    return nnrt_fail(NNRT_ERROR, "cannot begin the run of %s: %s", process->run->name,
                     strerror(errno));
}

nnrt_status nnrt_process_start(nnrt_process *process, nnrt_session *shared, int64_t threads) {
    int ends[2];
    pid_t parent = getpid();
    nnrt_status status = open_streams(process, ends);
    if (status) return status;
    fflush(stdout);
    process->begun = nnrt_seconds();
    process->id = fork();
    if (process->id == 0) {
        if (!nnrt_interrupt_follow(parent)) raise(SIGTERM);
        dup2(ends[1], STDERR_FILENO);
        dup2(process->output, STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        work(process, shared, threads);
    }
    close(ends[1]);
    process->messages = ends[0];
    if (process->id > 0) {
        process->is_begun = 1;
        return NNRT_OK;
    }
    process->id = 0;
    status = nnrt_fail(NNRT_ERROR, "cannot begin the run of %s: %s", process->run->name,
                       strerror(errno));
    close(process->messages);
    close(process->output);
    process->messages = -1;
    return status;
}

// ---- What it says.

static void say(nnrt_process *process) {
    fprintf(stderr, "%s: %.*s\n", process->run->name, (int)process->length, process->line);
    process->length = 0;
}

static void pass_on(nnrt_process *process, const char *text, ssize_t count) {
    for (ssize_t i = 0; i < count; i++) {
        if (text[i] != '\n') process->line[process->length++] = text[i];
        if (text[i] == '\n' || process->length == sizeof process->line) say(process);
    }
}

static json_t *read_result(int output) {
    FILE *file = fdopen(output, "r");
    json_t *result = NULL;
    if (file && fseek(file, 0, SEEK_SET) == 0) result = json_loadf(file, 0, NULL);
    if (file)
        fclose(file);
    else
        close(output);
    return result;
}

static void end(nnrt_process *process) {
    char signal[NNRT_SIGNAL_TEXT];
    int how = 0;
    if (process->length) say(process);
    while (waitpid(process->id, &how, 0) < 0 && errno == EINTR) {
    }
    process->seconds = nnrt_seconds() - process->begun;
    close(process->messages);
    process->messages = -1;
    process->id = 0;
    process->result = read_result(process->output);
    process->status = WIFEXITED(how) ? WEXITSTATUS(how) : NNRT_ERROR;
    if (WIFSIGNALED(how))
        fprintf(stderr, "%s: error: %s\n", process->run->name,
                nnrt_signal_text(signal, WTERMSIG(how)));
}

void nnrt_process_read(nnrt_process *process) {
    char text[4096];
    ssize_t count = read(process->messages, text, sizeof text);
    if (count < 0 && errno == EINTR) return;
    if (count > 0)
        pass_on(process, text, count);
    else
        end(process);
}

void nnrt_process_stop(const nnrt_process *process) {
    if (process->id) kill(process->id, SIGTERM);
}

void nnrt_process_free(nnrt_process *process) {
    json_decref(process->result);
    process->result = NULL;
}
