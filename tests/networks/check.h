// Tries one program in this process: front end, code, every number.
#ifndef NNC_TESTS_NETWORKS_CHECK_H
#define NNC_TESTS_NETWORKS_CHECK_H

#include "setup.h"
#include "verdict.h"

// Leaves files in the current folder. May end the process with status 70, or by a signal.
Verdict check_program(const char *text, const Setup *setup);

#endif
