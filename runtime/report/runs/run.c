#include "run.h"

#include "../../files/file.h"
#include "../../files/temporary.h"
#include "machine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

// ---- Its files.

static void file_of(const nnrt_run *run, const char *name, char path[PATH_MAX]) {
    snprintf(path, PATH_MAX, "%s/%s", run->folder, name);
}

static nnrt_status write_text(const nnrt_run *run, const char *name, const char *text) {
    char path[PATH_MAX];
    file_of(run, name, path);
    nnrt_file *file = nnrt_file_create(path);
    if (!file) return NNRT_ERROR;
    nnrt_file_write(file, text, strlen(text));
    if (*text && text[strlen(text) - 1] != '\n') nnrt_file_write(file, "\n", 1);
    return nnrt_file_commit(file);
}

static nnrt_status write_about(const nnrt_run *run) {
    char *text = json_dumps(run->about, JSON_INDENT(1));
    if (!text) return nnrt_fail_memory("run.json", 0);
    nnrt_status status = write_text(run, "run.json", text);
    free(text);
    return status;
}

void nnrt_run_tell(nnrt_run *run, const char *name, json_t *value) {
    if (run->about && value)
        json_object_set_new(run->about, name, value);
    else
        json_decref(value);
}

static json_t *now(void) {
    char text[32];
    time_t seconds = time(NULL);
    struct tm utc;
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &utc));
    return json_string(text);
}

// ---- What it is.

static json_t *command_line(const nnrt_options *options) {
    json_t *words = json_array();
    for (int i = 0; i < options->word_count; i++)
        json_array_append_new(words, nnrt_machine_text(options->words[i]));
    return words;
}

// "fashion" of "examples/fashion.nn"; what is no plain letter becomes `_`.
static void name_of(const nnrt_program *program, char name[256]) {
    const char *slash = strrchr(program->source_path, '/');
    snprintf(name, 256, "%.200s", slash ? slash + 1 : program->source_path);
    size_t length = strlen(name);
    if (length > 3 && strcmp(name + length - 3, ".nn") == 0) name[length - 3] = 0;
    for (char *c = name; *c; c++)
        if (*c <= ' ' || *c == 0x7F) *c = '_';
    if (!*name) snprintf(name, 256, "program");
}

static void tell_folder(nnrt_run *run) {
    char folder[PATH_MAX];
    nnrt_run_tell(run, "folder", nnrt_machine_text(getcwd(folder, sizeof folder) ? folder : "?"));
}

static nnrt_status describe(nnrt_run *run, const nnrt_program *program, const nnrt_options *options,
                            const char *name) {
    run->about = json_object();
    nnrt_run_tell(run, "name", nnrt_machine_text(name));
    nnrt_run_tell(run, "status", json_string("running"));
    nnrt_run_tell(run, "program", nnrt_machine_text(program->source_path));
    nnrt_run_tell(run, "command", command_line(options));
    nnrt_run_tell(run, "called", nnrt_machine_text(options->called));
    tell_folder(run);
    nnrt_run_tell(run, "seed", json_integer(options->seed));
    nnrt_run_tell(run, "started", now());
    nnrt_run_tell(run, "compiler", json_string(program->compiler_version));
    nnrt_run_tell(run, "target_cpu", nnrt_machine_text(program->target_cpu));
    if (program->training_count > 0)
        nnrt_run_tell(run, "precision",
                      json_string(program->trainings[program->training_count - 1].precision));
    nnrt_run_tell(run, "machine", nnrt_machine());
    nnrt_status status = write_text(run, "program.nn", program->source_text);
    if (!status) status = write_text(run, "resolved.nn", program->expanded_text);
    return status ? status : write_about(run);
}

// ---- Its beginning.

static const char *word_of(nnrt_status status) {
    switch (status) {
    case NNRT_OK: return "done";
    case NNRT_INTERRUPTED: return "interrupted";
    case NNRT_NOT_FINITE: return "not finite";
    default: return "failed";
    }
}

static nnrt_status lock(nnrt_run *run) {
    run->lock = nnrt_run_place_lock(run->folder);
    if (run->lock >= 0) return NNRT_OK;
    nnrt_status status =
        errno == EWOULDBLOCK
            ? nnrt_fail(NNRT_USAGE, "the run `%s` is at work", run->folder)
            : nnrt_fail(NNRT_ERROR, "cannot open `%s`: %s", run->folder, strerror(errno));
    run->folder[0] = 0; // another's
    return status;
}

// Of a run that could not begin (a full disk) nothing is left.
static void remove_begun(nnrt_run *run) {
    const char *names[] = {"program.nn", "resolved.nn", "run.json"};
    char path[PATH_MAX];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        file_of(run, names[i], path);
        unlink(path);
    }
    rmdir(run->folder);
    json_decref(run->about);
    run->about = NULL;
    run->folder[0] = 0;
}

static nnrt_status begin_new(nnrt_run *run, const nnrt_program *program,
                             const nnrt_options *options, const char *name) {
    if (nnrt_run_place_is(options->run))
        return nnrt_fail(NNRT_USAGE,
                         "`%s` is a run: `--run %s --resume` goes on with it; name the folder that "
                         "it lies in for a new one",
                         options->run, options->run);
    nnrt_status status = nnrt_run_place_new(options->run, name, run->folder);
    if (!status) status = lock(run);
    if (status) return status;
    status = describe(run, program, options, name);
    if (status) remove_begun(run);
    return status;
}

// What another program left stays as it is.
static nnrt_status check_name(nnrt_run *run, const nnrt_options *options, const char *name) {
    const char *other = json_string_value(json_object_get(run->about, "name"));
    if (!other || strcmp(other, name) == 0 || options->changed) return NNRT_OK;
    nnrt_status status = nnrt_fail(NNRT_USAGE,
                                   "`%s` is a run of `%s`, not of `%s`; `--changed` says that this "
                                   "program goes on with it",
                                   run->folder, other, name);
    json_decref(run->about);
    run->about = NULL; // so that its end is not told there
    return status;
}

// The same steps would end in the same way, again and again where a loop asks for it.
static nnrt_status check_end(nnrt_run *run, const nnrt_options *options) {
    const char *ended = json_string_value(json_object_get(run->about, "status"));
    const char *message = json_string_value(json_object_get(run->about, "message"));
    int is_asked = options->changed || options->learning_rate > 0 || options->batch;
    if (is_asked || !ended || strcmp(ended, word_of(NNRT_NOT_FINITE)) != 0) return NNRT_OK;
    nnrt_status status = nnrt_fail(
        NNRT_NOT_FINITE,
        "the run `%s` ended because a value was not finite, and would end so again: %.*s; a smaller "
        "`--learning-rate X`, `--batch N`, or `--changed` with another program go on with it; "
        "without `--resume` a new run begins",
        run->folder, message ? (int)strcspn(message, "\n") : 0, message ? message : "");
    json_decref(run->about);
    run->about = NULL; // so that its end is not told there
    return status;
}

// It keeps what it was begun with, and says how it was called this time.
static nnrt_status go_on(nnrt_run *run, const nnrt_options *options, const char *name) {
    char path[PATH_MAX];
    json_error_t error;
    nnrt_status status = lock(run);
    if (status) return status;
    file_of(run, "run.json", path);
    nnrt_temporary_sweep(path); // of one that was killed
    run->about = json_load_file(path, 0, &error);
    if (!json_is_object(run->about))
        return nnrt_fail(NNRT_ERROR, "`%s` cannot be read: %s", path, error.text);
    status = check_name(run, options, name);
    if (!status) status = check_end(run, options);
    if (status) return status;
    json_t *resumed = json_object_get(run->about, "resumed");
    if (!json_is_array(resumed)) nnrt_run_tell(run, "resumed", resumed = json_array());
    json_array_append_new(resumed,
                          json_pack("{s:o, s:o}", "at", now(), "command", command_line(options)));
    json_object_del(run->about, "message");
    json_object_del(run->about, "ended");
    nnrt_run_tell(run, "status", json_string("running"));
    nnrt_run_tell(run, "machine", nnrt_machine());
    tell_folder(run);
    return write_about(run);
}

static void name_files(nnrt_run *run, nnrt_options *options) {
    file_of(run, "weights.safetensors", run->weights);
    file_of(run, "checkpoint.safetensors", run->checkpoint);
    file_of(run, "log.jsonl", run->log_path);
    file_of(run, "report.html", run->report);
    if (!options->save) options->save = run->weights;
    if (!options->checkpoint) options->checkpoint = run->checkpoint;
}

nnrt_status nnrt_run_begin(nnrt_run *run, const nnrt_program *program, nnrt_options *options) {
    char name[256];
    *run = (nnrt_run){.lock = -1};
    if (!options->run) return NNRT_OK;
    name_of(program, name);
    nnrt_status status = NNRT_OK;
    if (options->resume) status = nnrt_run_place_resumed(options->run, name, run->folder);
    if (!status)
        status =
            run->folder[0] ? go_on(run, options, name) : begin_new(run, program, options, name);
    if (status) return status;
    name_files(run, options);
    return nnrt_journal_open(&run->log, run->log_path, 0);
}

// ---- At work.

nnrt_status nnrt_run_epoch(nnrt_run *run, int64_t epoch, const nnrt_log *log) {
    return run->folder[0] ? nnrt_journal_epoch(&run->log, epoch, log) : NNRT_OK;
}

nnrt_status nnrt_run_result(const nnrt_run *run, const char *json) {
    return write_text(run, "result.json", json);
}

void nnrt_run_state(nnrt_run *run, nnrt_state *state) {
    if (!run->folder[0]) return;
    size_t outside = nnrt_state_enter(state, "run");
    nnrt_journal_state(&run->log, state);
    nnrt_state_leave(state, outside);
}

nnrt_status nnrt_run_restored(nnrt_run *run) {
    return run->folder[0] ? nnrt_journal_restored(&run->log) : NNRT_OK;
}

// ---- Its end.

static nnrt_status say_end(nnrt_run *run, nnrt_status status, const char *message) {
    nnrt_run_tell(run, "status", json_string(word_of(status)));
    nnrt_run_tell(run, "ended", now());
    if (status) nnrt_run_tell(run, "message", nnrt_machine_text(message));
    return write_about(run);
}

nnrt_status nnrt_run_end(nnrt_run *run, nnrt_status status) {
    char message[NNRT_MESSAGE];
    snprintf(message, sizeof message, "%s", nnrt_error());
    nnrt_status told = run->about ? say_end(run, status, message) : NNRT_OK;
    if (run->lock >= 0) close(run->lock);
    nnrt_journal_close(&run->log);
    json_decref(run->about);
    *run = (nnrt_run){.lock = -1};
    if (status) return nnrt_fail(status, "%s", message);
    return told;
}
