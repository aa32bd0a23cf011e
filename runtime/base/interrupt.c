#include "interrupt.h"

#include <signal.h>
#include <string.h>

static volatile sig_atomic_t interrupted;

static void remember(int number) {
    (void)number;
    interrupted = 1;
}

void nnrt_interrupt_catch(void) {
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    signal(SIGPIPE, SIG_IGN); // what is printed is lost then (print.h), the training is not
    for (int i = 0; i < (int)(sizeof signals / sizeof *signals); i++) {
        struct sigaction old, action;
        if (sigaction(signals[i], NULL, &old) != 0) continue;
        // What is ignored stays ignored (nohup), but for SIGINT: shells ignore it for the
        // background jobs of scripts, and `kill -INT` shall save and stop those trainings, too.
        if (old.sa_handler == SIG_IGN && signals[i] != SIGINT) continue;
        memset(&action, 0, sizeof action);
        action.sa_handler = remember;
        action.sa_flags = SA_RESTART | (int)SA_RESETHAND;
        sigaction(signals[i], &action, NULL);
    }
}

int nnrt_interrupted(void) {
    return interrupted;
}
