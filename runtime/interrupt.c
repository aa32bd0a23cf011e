#include "interrupt.h"

#include <signal.h>
#include <string.h>

static volatile sig_atomic_t interrupted;

static void remember(int signal) {
    (void)signal;
    interrupted = 1;
}

void nnrt_interrupt_catch(void) {
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    for (int i = 0; i < (int)(sizeof signals / sizeof *signals); i++) {
        struct sigaction old, action;
        // What is ignored stays ignored (nohup, background jobs of a script).
        if (sigaction(signals[i], NULL, &old) != 0 || old.sa_handler == SIG_IGN) continue;
        memset(&action, 0, sizeof action);
        action.sa_handler = remember;
        action.sa_flags = SA_RESTART | (int)SA_RESETHAND;
        sigaction(signals[i], &action, NULL);
    }
}

int nnrt_interrupted(void) {
    return interrupted;
}
