#include "command.h"

#include "../base/cpu.h"
#include "../base/print.h"
#include "../files/file.h"
#include "../report/outputs.h"
#include "input.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    nnrt_status (*run)(nnrt_session *session);
} commands[] = {
    {"fit", nnrt_command_fit},           {"init", nnrt_command_init},
    {"evaluate", nnrt_command_evaluate}, {"predict", nnrt_command_predict},
    {"bench", nnrt_command_bench},       {"info", nnrt_command_info},
};

static nnrt_status check_program(const nnrt_program *program, const char *command) {
    if (program->abi != NNRT_ABI)
        return nnrt_fail(NNRT_BUG,
                         "the program was compiled for another runtime (interface %d, this is %d)",
                         (int)program->abi, NNRT_ABI);
    // `info` runs no generated code and tells what is needed.
    return strcmp(command, "info") == 0 ? NNRT_OK : nnrt_cpu_check(program);
}

static nnrt_status run(nnrt_session *session, const char *command) {
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i].name, command) == 0) return commands[i].run(session);
    return nnrt_fail(NNRT_BUG, "the command `%s` is not in the table", command);
}

// What `predict` takes is the program's business.
static void help_inputs(const nnrt_program *program, const nnrt_options *options) {
    const char *topic = options->topic ? options->topic : options->command;
    if (strcmp(topic, "predict") != 0) return;
    printf("\nINPUT is a .npy, .npy.gz or IDX file, a picture (.png, .jpg) of a model of pictures, "
           "or `-`:\nstandard input, with the numbers of a sample a line or a .npy array. Instead, "
           "the numbers of\none sample.\n");
    const nnrt_function *function = &program->models[program->main_model].predict;
    for (int64_t i = 0; i < function->input_count; i++) {
        char text[NNRT_INPUT_TEXT];
        nnrt_input_describe(&function->columns[i], text);
        printf("  %s\n", text);
    }
}

static nnrt_status run_command(const nnrt_program *program, const nnrt_options *options) {
    nnrt_session session;
    if (options->help || strcmp(options->command, "help") == 0) {
        nnrt_options_help(options);
        help_inputs(program, options);
        return NNRT_OK;
    }
    nnrt_status status = check_program(program, options->command);
    if (!status) status = nnrt_session_open(&session, program, options);
    if (status) return status;
    status = nnrt_outputs_check(&session);
    if (!status) status = run(&session, options->command);
    nnrt_session_close(&session);
    return status;
}

static int report(const nnrt_options *options, nnrt_status status) {
    const char *slash = strrchr(options->program, '/');
    const char *name = slash ? slash + 1 : options->program;
    if (status == NNRT_DATA_MISSING) status = NNRT_ERROR;
    if (status == NNRT_INTERRUPTED)
        fprintf(stderr, "%s: %s\n", name, nnrt_error());
    else if (status == NNRT_BUG)
        fprintf(stderr, "%s: internal error: %s; please report it with the program\n", name,
                nnrt_error());
    else if (status)
        fprintf(stderr, "%s: error: %s\n", name, nnrt_error());
    return (int)status;
}

int nnrt_main(const nnrt_program *program, int argc, char **argv) {
    nnrt_options options;
    nnrt_file_guard_streams();
    nnrt_print_start();
    signal(SIGXFSZ, SIG_IGN); // a limit on file sizes shall be an error with a message
    nnrt_status status = nnrt_options_parse(&options, argc, argv);
    if (!status) status = run_command(program, &options);
    if (!status) status = nnrt_print_end();
    if (!status && nnrt_memory_failure())
        status = nnrt_fail(NNRT_ERROR, "%s", nnrt_memory_failure());
    return report(&options, status);
}
