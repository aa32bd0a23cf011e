#include "interrupt.h"

#include "clock.h"

#include <math.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { STATUS = 3 }; // NNRT_INTERRUPTED

static const int caught[] = {SIGINT, SIGTERM};
enum { CAUGHT = sizeof caught / sizeof *caught };

static atomic_int interrupted, hung_up;
static _Atomic double first_asked = INFINITY;
static volatile sig_atomic_t may_end = 1;
static char last_words[256];
static nnrt_deadline deadline = {.when = INFINITY};
static nnrt_deadline over = {.when = INFINITY}; // the one that was, when somebody asked

// A second one, whichever it is, does what the system does. It may come to another thread while
// the first one is here.
static void end_at_once(int number) {
    signal(number, SIG_DFL);
    raise(number); // when this returns
}

// timeout(1) asks the process, and then its group with it.
static bool is_the_same(double now) {
    const double together = 0.5; // seconds
    return now - first_asked < together;
}

static void remember(int number) {
    double now = nnrt_seconds();
    if (atomic_exchange(&interrupted, 1)) {
        if (!is_the_same(now)) end_at_once(number);
        return;
    }
    first_asked = now;
    if (may_end) {
        ssize_t written = write(STDERR_FILENO, last_words, strlen(last_words));
        (void)written;
        _exit(STATUS);
    }
}

static void note_hang_up(int number) {
    (void)number;
    hung_up = 1;
}

static void set(int number, void (*handler)(int)) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigaction(number, &action, NULL);
}

void nnrt_interrupt_catch(const char *message) {
    strncpy(last_words, message, sizeof last_words - 1);
    signal(SIGPIPE, SIG_IGN); // what is printed is lost then (print.h), the training is not
    for (size_t i = 0; i < CAUGHT; i++) {
        struct sigaction old;
        if (sigaction(caught[i], NULL, &old) != 0) continue;
        // What is ignored stays ignored (nohup), but for SIGINT: shells ignore it for the
        // background jobs of scripts, and `kill -INT` shall save and stop those trainings, too.
        if (old.sa_handler == SIG_IGN && caught[i] != SIGINT) continue;
        set(caught[i], remember);
    }
    set(SIGHUP, note_hang_up);
}

int nnrt_interrupt_hung_up(void) {
    return hung_up;
}

void nnrt_interrupt_wait(void) {
    may_end = 0;
}

nnrt_deadline nnrt_interrupt_after(double seconds, const char *name) {
    nnrt_deadline before = deadline, own = {.when = nnrt_seconds() + seconds};
    snprintf(own.name, sizeof own.name, "%s", name);
    if (own.when < deadline.when) deadline = own;
    return before;
}

void nnrt_interrupt_at(const nnrt_deadline *when) {
    deadline = *when;
}

int nnrt_interrupted(void) {
    if (!isfinite(over.when) && nnrt_seconds() >= deadline.when) over = deadline;
    return interrupted || isfinite(over.when);
}

const char *nnrt_interrupted_by_time(void) {
    return !interrupted && nnrt_interrupted() ? over.name : NULL;
}

// ---- Processes.

int nnrt_interrupt_follow(pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    return getppid() == parent;
}

const char *nnrt_signal_text(char text[NNRT_SIGNAL_TEXT], int number) {
    snprintf(text, NNRT_SIGNAL_TEXT, "killed by signal %d (%.50s)", number, strsignal(number));
    return text;
}
