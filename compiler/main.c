// The entry: arguments to options, the exit status, and what happens when nnc itself fails.
#include "../runtime/base/status.h"
#include "../runtime/files/file.h"
#include "command/options.h"
#include "driver/driver.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// In handlers only async-signal-safe functions may be called.
static void say(const char *text) {
    ssize_t written = write(STDERR_FILENO, text, strlen(text));
    (void)written;
}

static void remove_temporary_files(void) {
    for (int i = 0; i < DRIVER_TEMPORARY_FILES; i++)
        if (driver_temporary_file(i) && unlink(driver_temporary_file(i)))
            rmdir(driver_temporary_file(i));
}

static void on_crash(int number) {
    (void)number;
    remove_temporary_files();
    say("nnc: internal error in stage `");
    say(driver_current_stage());
    say("`: a crash\nThis is a mistake in nnc, not in your program. Please report it with the program "
        "that shows it and the output of `nnc version`.\n");
    _exit(NNRT_BUG);
}

// Cleans up and dies of the same signal, so that the caller sees it.
static void on_interrupt(int number) {
    remove_temporary_files();
    signal(number, SIG_DFL);
    raise(number);
}

// Leaves ignored signals ignored: `nohup nnc run` hands them on to the program.
static void handle(int number, void (*handler)(int), int flags) {
    struct sigaction before;
    if (!sigaction(number, NULL, &before) && before.sa_handler == SIG_IGN) return;
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
enum { REPORTS_CRASHES = 0 }; // the sanitizer does it better
#else
enum { REPORTS_CRASHES = 1 };
#endif

static void install_handlers(void) {
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    static const int interrupts[] = {SIGINT, SIGTERM, SIGHUP};
    static char stack[64 * 1024]; // the usual one may be what overflowed
    signal(SIGXFSZ, SIG_IGN);     // writing fails with EFBIG instead
    for (size_t i = 0; i < sizeof interrupts / sizeof *interrupts; i++)
        handle(interrupts[i], on_interrupt, (int)SA_RESETHAND);
    if (!REPORTS_CRASHES) return;
    sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
    for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++)
        handle(crashes[i], on_crash, (int)(SA_RESETHAND | SA_ONSTACK));
}

static int show_help(const Options *options, Arena *arena, FILE *out) {
    Text text = text_create(arena);
    options_help(&text, options->command);
    return fputs(text.data, out) < 0 || fflush(out) ? NNRT_ERROR : NNRT_OK;
}

static int run(Arena *arena, int argc, char **argv) {
    Options options;
    if (argc < 2) {
        options = (Options){0};
        show_help(&options, arena, stderr);
        return NNRT_USAGE;
    }
    if (!options_parse(&options, arena, argc, argv)) return NNRT_USAGE;
    if (options.help) return show_help(&options, arena, stdout);
    if (options.version) options.command = command_find("version");
    return options.command->run(&options, arena);
}

int main(int argc, char **argv) {
    nnrt_file_guard_streams();
    install_handlers();
    signal(SIGCHLD, SIG_DFL); // where it is ignored, nobody hears how a process ends
    arena_at_end(remove_temporary_files);
    gen_guard();
    Arena *arena = arena_create();
    int status = run(arena, argc, argv);
    arena_destroy(arena);
    if (fflush(stdout) && status == NNRT_OK) {
        perror("nnc: cannot write standard output");
        status = NNRT_ERROR;
    }
    return status;
}
