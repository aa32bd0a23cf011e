// The commands of compiled programs. Each prints its result to stdout and returns its status, with
// the message in nnrt_error().
#ifndef NNRT_COMMAND_H
#define NNRT_COMMAND_H

#include "../session/session.h"

// Parses the command line, checks the program and the CPU, runs the command, prints its error:
// main() is this with the program's descriptor.
int nnrt_main(const nnrt_program *program, int argc, char **argv);

// The end of main(), and of other processes that work on a command: what was printed is handed
// over, the error printed. Returns the exit status.
int nnrt_command_end(const nnrt_options *options, nnrt_status status);

nnrt_status nnrt_command_fit(nnrt_session *session);
nnrt_status nnrt_command_init(nnrt_session *session);
nnrt_status nnrt_command_calibrate(nnrt_session *session);
nnrt_status nnrt_command_evaluate(nnrt_session *session);
nnrt_status nnrt_command_predict(nnrt_session *session);
nnrt_status nnrt_command_generate(nnrt_session *session);
nnrt_status nnrt_command_bench(nnrt_session *session);
nnrt_status nnrt_command_replay(nnrt_session *session);
nnrt_status nnrt_command_info(nnrt_session *session);
nnrt_status nnrt_command_report(nnrt_session *session);
nnrt_status nnrt_command_lr_find(nnrt_session *session);
nnrt_status nnrt_command_cost(nnrt_session *session);

#endif
