#include "command.h"

#include "../base/cpu.h"
#include "../base/text/print.h"
#include "../files/file.h"
#include "../report/outputs.h"
#include "../session/models.h"
#include "inputs/input.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    nnrt_status (*run)(nnrt_session *session);
} commands[] = {
    {"fit", nnrt_command_fit},           {"init", nnrt_command_init},
    {"evaluate", nnrt_command_evaluate}, {"predict", nnrt_command_predict},
    {"generate", nnrt_command_generate}, {"bench", nnrt_command_bench},
    {"replay", nnrt_command_replay},     {"info", nnrt_command_info},
    {"report", nnrt_command_report},     {"lr-find", nnrt_command_lr_find},
    {"cost", nnrt_command_cost},         {"calibrate", nnrt_command_calibrate},
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

static void help_models(const nnrt_program *program, const nnrt_model *model) {
    char names[NNRT_MODELS_TEXT];
    if (program->model_count == 1) return;
    printf("\nThe program has the models %s. Without `--model`, `predict` and\n`info` mean %s.\n",
           nnrt_models_names(program, names), program->models[program->main_model].name);
    printf("Inputs of %s:\n", model->name);
}

// What `predict` takes is the program's business.
static void help_inputs(const nnrt_program *program, const nnrt_model *model) {
    printf("\nINPUT is a .npy, .npy.gz or IDX file, a picture (.png, .jpg) of a model of pictures, "
           "or `-`:\nstandard input, with the numbers of a sample a line or a .npy array. Instead, "
           "the numbers of\none sample.\n");
    help_models(program, model);
    for (int64_t i = 0; i < model->predict.input_count; i++) {
        char text[NNRT_INPUT_TEXT];
        nnrt_input_describe(&model->predict.columns[i], text);
        printf("  %s\n", text);
    }
}

static nnrt_status help(const nnrt_program *program, const nnrt_options *options) {
    int64_t model;
    nnrt_status status = nnrt_models_choose(program, options, &model);
    if (status) return status;
    nnrt_options_help(options);
    const char *topic = options->topic ? options->topic : options->command;
    if (strcmp(topic, "predict") == 0) help_inputs(program, &program->models[model]);
    return NNRT_OK;
}

static nnrt_status run_command(const nnrt_program *program, const nnrt_options *options) {
    nnrt_session session;
    if (options->help || strcmp(options->command, "help") == 0) return help(program, options);
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

int nnrt_command_end(const nnrt_options *options, nnrt_status status) {
    if (!status) status = nnrt_print_end();
    if (!status && nnrt_memory_failure())
        status = nnrt_fail(NNRT_ERROR, "%s", nnrt_memory_failure());
    return report(options, status);
}

int nnrt_main(const nnrt_program *program, int argc, char **argv) {
    nnrt_options options;
    nnrt_file_guard_streams();
    nnrt_print_start();
    signal(SIGCHLD, SIG_DFL); // where it is ignored, nobody hears how a process ends
    signal(SIGXFSZ, SIG_IGN); // a limit on file sizes shall be an error with a message
    nnrt_status status = nnrt_options_parse(&options, argc, argv);
    if (!status) status = run_command(program, &options);
    return nnrt_command_end(&options, status);
}
