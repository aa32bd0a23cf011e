// What LLVM and the C++ library do where there is no more memory: abort, which would look like a
// mistake of ours. Their handlers are C++ functions, which are asked for by their mangled names, as
// LLVM's interface for C has none for this; where they are missing, nothing is lost but the
// wording.
#include "emit.h"

#include "../base/diagnostics/ice.h"

#include <llvm-c/ErrorHandling.h>

#include <dlfcn.h>

typedef void NewHandler(void);
typedef void AllocationHandler(void *user, const char *reason, bool with_diagnostics);

static void report_fatal(const char *reason) {
    nn_ice("LLVM", "%s", reason);
}

// operator new calls it again and again, so it must not return.
static void report_new(void) {
    arena_exhausted("LLVM, which makes the machine code, needed more");
}

static void report_allocation(void *user, const char *reason, bool with_diagnostics) {
    (void)user, (void)reason, (void)with_diagnostics;
    report_new();
}

void gen_expect(const void *made) {
    if (!made) report_new();
}

void gen_guard(void) {
    static bool is_done;
    NewHandler *(*set_new_handler)(NewHandler *);
    void (*install_handler)(AllocationHandler *, void *user);
    if (is_done) return;
    is_done = true;
    LLVMInstallFatalErrorHandler(report_fatal);
    *(void **)&set_new_handler = dlsym(RTLD_DEFAULT, "_ZSt15set_new_handlerPFvvE");
    if (set_new_handler) set_new_handler(report_new);
    *(void **)&install_handler =
        dlsym(RTLD_DEFAULT, "_ZN4llvm31install_bad_alloc_error_handlerEPFvPvPKcbES0_");
    if (install_handler) install_handler(report_allocation, NULL);
}
