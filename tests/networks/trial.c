#include "trial.h"

#include "../../compiler/base/diagnostics/ice.h"
#include "check.h"

#include <ctype.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

// Of the processor, and by the clock: a busy machine gives a child little of either, and the
// largest networks take nine seconds of a processor of their own. Sanitizers make it slow.
#ifdef __SANITIZE_ADDRESS__
enum { CPU_SECONDS = 120, SECONDS = 480 };
#else
enum { CPU_SECONDS = 40, SECONDS = 240 };
#endif
enum { INTERNAL_STATUS = 70 };

static const char messages[] = "messages";

const char *outcome_name(Outcome outcome) {
    static const char *const names[OUTCOMES] = {"passed",
                                                "refused by the front end",
                                                "too large to compare",
                                                "internal error",
                                                "crash",
                                                "no end",
                                                "wrong numbers",
                                                "threads differ",
                                                "one sample differs",
                                                "padding matters"};
    return names[outcome];
}

static void run_child(const char *text, const Setup *setup, int out) {
    struct rlimit limit = {CPU_SECONDS, CPU_SECONDS + 5};
    setrlimit(RLIMIT_CPU, &limit);
    struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    if (!freopen(messages, "w", stderr)) _exit(1);
    Verdict verdict = check_program(text, setup);
    if (write(out, &verdict, sizeof verdict) != sizeof verdict) _exit(1);
    _exit(0);
}

// The line of the child's messages that says most.
static void read_message(Verdict *verdict) {
    char line[sizeof verdict->what];
    FILE *file = fopen(messages, "r");
    while (file && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        bool says = strstr(line, "internal error") || strstr(line, "ERROR: ") ||
                    strstr(line, "runtime error");
        if (says || !verdict->what[0]) snprintf(verdict->what, sizeof verdict->what, "%s", line);
        if (says) break;
    }
    if (file) fclose(file);
}

static Verdict end_of(int status, bool timed_out) {
    Verdict verdict = {.outcome = CRASHED};
    if (timed_out || (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)) {
        verdict.outcome = HUNG;
        return verdict;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == INTERNAL_STATUS)
        verdict.outcome = INTERNAL_ERROR;
    read_message(&verdict);
    if (WIFSIGNALED(status))
        snprintf(verdict.what, sizeof verdict.what, "%s", strsignal(WTERMSIG(status)));
    else if (!verdict.what[0])
        snprintf(verdict.what, sizeof verdict.what, "status %d", WEXITSTATUS(status));
    return verdict;
}

Verdict trial_run(const char *text, const Setup *setup) {
    int ends[2], status;
    Verdict verdict;
    fflush(NULL);
    if (pipe(ends) != 0) nn_ice("test", "no pipe");
    pid_t child = fork();
    if (child < 0) nn_ice("test", "no process");
    if (child == 0) run_child(text, setup, ends[1]);
    close(ends[1]);
    struct pollfd wanted = {.fd = ends[0], .events = POLLIN};
    bool timed_out = poll(&wanted, 1, SECONDS * 1000) == 0;
    if (timed_out) kill(child, SIGKILL);
    bool has_verdict = !timed_out && read(ends[0], &verdict, sizeof verdict) == sizeof verdict;
    close(ends[0]);
    waitpid(child, &status, 0);
    return has_verdict ? verdict : end_of(status, timed_out);
}

// Letters outside of `quotes` alone.
static void plain_words(const char *text, char *words, size_t size) {
    bool quoted = false;
    size_t length = 0;
    for (; *text && length + 1 < size; text++) {
        if (*text == '`') quoted = !quoted;
        if (!quoted && (isalpha((unsigned char)*text) || *text == ' ')) words[length++] = *text;
    }
    words[length] = 0;
}

bool verdict_equal(const Verdict *a, const Verdict *b) {
    char first[sizeof a->what], second[sizeof a->what];
    if (a->outcome != b->outcome) return false;
    if (a->outcome != INTERNAL_ERROR) return true;
    plain_words(a->what, first, sizeof first);
    plain_words(b->what, second, sizeof second);
    return strcmp(first, second) == 0;
}
