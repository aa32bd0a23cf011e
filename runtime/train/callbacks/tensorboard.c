// tensorboard: files of events in a folder, laid out as Keras's TensorBoard callback does: `train`
// and `validation` in it, so that both are curves of one chart; the steps are epochs, from 1.
#include "row.h"

#include "../../files/paths/place.h"
#include "../../formats/tensorboard/events.h"
#include "../../report/journal.h"
#include "../../report/pictures/sample_files.h"
#include "../../session/weights/initialize.h"
#include "../gradients.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { BOARD_PATH, BOARD_HISTOGRAMS, BOARD_STEPS };

static const ArgDef board_args[] = {
    {.name = "path",
     .type = ARG_STRING,
     .keras_name = "log_dir",
     .doc = "the folder, from the current one"},
    NNRT_CALLBACK_EPOCHS(
        "histogram_freq", "1",
        "epochs from one histogram of each weight and gradient to the next; 0: none"),
    {.name = "update_freq",
     .type = ARG_INT,
     .default_text = "0",
     .maximum = INFINITY,
     .doc = "batches from one value of the loss to the next; 0: those of epochs alone"},
    {0},
};

typedef struct stream { // a file of events
    char path[PATH_MAX];
    nnrt_journal journal;
} stream;

enum { TRAIN, VALIDATION, STREAMS };
static const char *const stream_names[] = {"train", "validation"};

typedef struct board {
    int64_t id; // in the names of its files: when they were begun, in nanoseconds
    int64_t histograms, steps;
    float *values;             // room for a weight; NULL: no histograms
    nnrt_gradients *gradients; // by step
    int64_t gradient_steps;    // that are open
    stream streams[STREAMS];
} board;

// ---- Its files.

// TensorBoard takes files for events that have `tfevents` in their names, in their order.
static nnrt_status name_stream(const char *folder, int64_t id, int number, stream *out) {
    const int64_t second = 1000000000;
    int length = snprintf(out->path, sizeof out->path,
                          "%s/%s/events.out.tfevents.%010" PRId64 ".nnc.%09" PRId64, folder,
                          stream_names[number], id / second, id % second);
    if (length < (int)sizeof out->path) return NNRT_OK;
    return nnrt_fail(NNRT_USAGE, "`%s` is too long for a folder of events", folder);
}

static nnrt_status open_stream(const nnrt_callback *callback, int number) {
    board *own = callback->own;
    stream *out = &own->streams[number];
    const char *folder = nnrt_callback_path(callback->call);
    nnrt_status status = name_stream(folder, own->id, number, out);
    if (!status) status = nnrt_callback_make_folders(out->path);
    if (status) return status;
    int is_below = nnrt_place_is_below(out->path, folder);
    if (is_below < 0)
        return nnrt_fail(NNRT_ERROR, "cannot look for `%s`: %s", out->path, strerror(errno));
    if (!is_below)
        return nnrt_fail(NNRT_USAGE, "`%s/%s` leads out of the folder; remove it", folder,
                         stream_names[number]);
    return nnrt_journal_open(&out->journal, out->path, 0);
}

static nnrt_status allocate_values(board *own, const nnrt_program *program) {
    int64_t most = 1;
    for (int64_t i = 0; i < program->parameter_count; i++) {
        int64_t count = nnrt_parameter_elements(&program->parameters[i]);
        if (count > most) most = count;
    }
    own->values = malloc((size_t)most * sizeof *own->values);
    return own->values ? NNRT_OK
                       : nnrt_fail_memory("histograms", (size_t)most * sizeof *own->values);
}

static nnrt_status open_gradients(board *own, const nnrt_callbacks *all) {
    const nnrt_training *training = all->training;
    nnrt_status status = NNRT_OK;
    size_t size = (size_t)training->step_count * sizeof *own->gradients;
    own->gradients = calloc(1, size);
    if (!own->gradients) return nnrt_fail_memory("histograms", size);
    for (int64_t i = 0; i < training->step_count && !status; i++) {
        if (!training->steps[i].gradients.run) return NNRT_OK; // a program without them
        status = nnrt_gradients_open(&own->gradients[own->gradient_steps++], all->session,
                                     all->trainer, i);
    }
    return status;
}

static nnrt_status open_board(nnrt_callback *callback, const nnrt_callbacks *all) {
    const nnrt_training *training = all->training;
    board *own = callback->own;
    if (!nnrt_events_can()) return nnrt_events_begin(NULL); // which says why
    own->id = nnrt_weights_now();
    own->histograms = (int64_t)nnrt_call_number_at(callback->call, BOARD_HISTOGRAMS);
    own->steps = (int64_t)nnrt_call_number_at(callback->call, BOARD_STEPS);
    nnrt_status status = open_stream(callback, TRAIN);
    if (!status && nnrt_session_has_validation(all->session, training))
        status = open_stream(callback, VALIDATION);
    if (!status && own->histograms) status = allocate_values(own, all->session->program);
    if (!status && own->histograms) status = open_gradients(own, all);
    return status;
}

static void close_board(nnrt_callback *callback) {
    board *own = callback->own;
    for (int i = 0; i < STREAMS; i++) nnrt_journal_close(&own->streams[i].journal);
    for (int64_t i = 0; i < own->gradient_steps; i++) nnrt_gradients_close(&own->gradients[i]);
    free(own->gradients);
    free(own->values);
}

// ---- What is in them.

static nnrt_status put_tagged(FILE *file, int64_t step, const char *name, double value) {
    char tag[NNRT_LOG_NAME + 16];
    if (isnan(value)) return NNRT_OK;
    snprintf(tag, sizeof tag, "epoch_%s", name);
    return nnrt_events_number(file, step, tag, value);
}

static nnrt_status put_values(FILE *file, const nnrt_moment *at, int number) {
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < at->log->count && !status; i++) {
        const char *name = at->log->values[i].name;
        int is_validation = strncmp(name, "val_", 4) == 0;
        if (is_validation == (number == VALIDATION))
            status = put_tagged(file, at->number, name + (is_validation ? 4 : 0),
                                at->log->values[i].value);
    }
    return status;
}

// Of several steps each has a rate of its own.
static nnrt_status put_rates(FILE *file, const nnrt_callbacks *all, const nnrt_moment *at) {
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < all->training->step_count && !status; i++) {
        char name[NNRT_LOG_NAME] = "learning_rate";
        if (i) snprintf(name, sizeof name, "%s_learning_rate", all->training->steps[i].name);
        if (isnan(nnrt_log_value(at->log, name)))
            status = put_tagged(file, at->number, name,
                                nnrt_schedule_rate(&all->schedules[i], all->trainer->steps_done));
    }
    return status;
}

// Steps count on over all blocks, from 1.
static nnrt_status put_steps(FILE *file, const board *own, const nnrt_callbacks *all,
                             const nnrt_moment *at) {
    const nnrt_pass *pass = &all->trainer->pass;
    int64_t before = at->info->step - all->session->info.step - pass->step;
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; own->steps && i < pass->step && !status; i++)
        if ((before + i + 1) % own->steps == 0)
            status = nnrt_events_number(file, before + i + 1, "batch_loss",
                                        nnrt_pass_step_loss(pass, i));
    return status;
}

static nnrt_status put_spread(FILE *file, int64_t number, const char *tag, const board *own,
                              const nnrt_parameter *parameter) {
    nnrt_histogram histogram;
    size_t count = (size_t)nnrt_parameter_elements(parameter);
    if (!nnrt_histogram_of(&histogram, own->values, count)) return NNRT_OK;
    return nnrt_events_histogram(file, number, tag, &histogram);
}

static nnrt_status put_weights(FILE *file, const board *own, const nnrt_callbacks *all,
                               int64_t number) {
    const nnrt_program *program = all->session->program;
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < program->parameter_count && !status; i++) {
        const nnrt_parameter *parameter = &program->parameters[i];
        if (nnrt_weights_is_statistic(parameter)) continue;
        nnrt_weights_get(parameter, all->session->weights.values, own->values);
        status = put_spread(file, number, parameter->name, own, parameter);
    }
    return status;
}

// "dense/kernel/gradient"; of several steps each has its own,
// "judge/dense/kernel/gradient_criticize".
static nnrt_status put_gradients(FILE *file, const board *own, const nnrt_callbacks *all,
                                 int64_t number) {
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < own->gradient_steps && !status; i++) {
        nnrt_gradients *gradients = &own->gradients[i];
        const nnrt_train_step *step = gradients->step;
        int has_others = all->training->step_count > 1;
        status = nnrt_gradients_take(gradients, all->trainer);
        for (int64_t k = 0; k < step->gradient_count && !status; k++) {
            const nnrt_parameter *parameter =
                nnrt_gradients_get(gradients, all->session->program, k, own->values);
            char tag[2048];
            snprintf(tag, sizeof tag, "%s/gradient%s%s", parameter->name, has_others ? "_" : "",
                     has_others ? step->name : "");
            status = put_spread(file, number, tag, own, parameter);
        }
    }
    return status;
}

static nnrt_status put_histograms(FILE *file, const board *own, const nnrt_callbacks *all,
                                  int64_t number) {
    if (!own->values || number % own->histograms != 0) return NNRT_OK;
    nnrt_status status = put_weights(file, own, all, number);
    return status ? status : put_gradients(file, own, all, number);
}

// The pictures of `samples`, as they were just saved. That they could not be was said.
static nnrt_status put_pictures(FILE *file, const nnrt_callbacks *all, int64_t number) {
    char folder[NNRT_SAMPLE_FOLDER], path[PATH_MAX];
    if (!all->training->samples.run || nnrt_sample_files_folder(all->session, folder))
        return NNRT_OK;
    nnrt_sample_files_path(folder, number, path);
    FILE *picture = fopen(path, "rbe");
    struct stat about;
    if (!picture) return NNRT_OK;
    size_t size = fstat(fileno(picture), &about) == 0 ? (size_t)about.st_size : 0;
    char *bytes = malloc(size + 1);
    nnrt_status status = bytes ? NNRT_OK : nnrt_fail_memory("a picture of `samples`", size);
    if (bytes) size = fread(bytes, 1, size, picture);
    fclose(picture);
    if (bytes) status = nnrt_events_picture(file, number, "samples", bytes, size);
    free(bytes);
    return status;
}

static nnrt_status put_epoch(FILE *file, const nnrt_callback *callback, const nnrt_callbacks *all,
                             const nnrt_moment *at, int number) {
    const board *own = callback->own;
    nnrt_status status = NNRT_OK;
    if (nnrt_journal_is_empty(&own->streams[number].journal)) status = nnrt_events_begin(file);
    if (!status) status = put_values(file, at, number);
    if (status || number == VALIDATION) return status;
    status = put_steps(file, own, all, at);
    if (!status) status = put_rates(file, all, at);
    if (!status) status = put_histograms(file, own, all, at->number);
    return status ? status : put_pictures(file, all, at->number);
}

static nnrt_status end_board_epoch(nnrt_callback *callback, nnrt_callbacks *all, nnrt_moment *at) {
    board *own = callback->own;
    nnrt_status status = NNRT_OK;
    for (int i = 0; i < STREAMS && !status; i++) {
        nnrt_journal *journal = &own->streams[i].journal;
        if (!journal->path || !journal->file) continue; // no validation; it failed before
        status = put_epoch(journal->file, callback, all, at, i);
        if (!status) status = nnrt_journal_commit(journal);
    }
    return status;
}

// ---- Going on.

static void add_state(nnrt_callback *callback, const nnrt_callbacks *all, nnrt_state *state) {
    board *own = callback->own;
    (void)all;
    nnrt_state_integer(state, "id", &own->id);
    for (int i = 0; i < STREAMS; i++) {
        size_t outside = nnrt_state_enter(state, "%s", stream_names[i]);
        nnrt_journal_state(&own->streams[i].journal, state);
        nnrt_state_leave(state, outside);
    }
}

static nnrt_status go_on(nnrt_callback *callback) {
    board *own = callback->own;
    nnrt_status status = NNRT_OK;
    for (int i = 0; i < STREAMS && !status; i++) {
        stream *out = &own->streams[i];
        if (!out->journal.path) continue;
        status = name_stream(nnrt_callback_path(callback->call), own->id, i, out);
        if (!status) status = nnrt_journal_restored(&out->journal);
    }
    return status;
}

const nnrt_callback_row nnrt_callback_tensorboard[] = {
    {.schema = {"tensorboard", "writes events that TensorBoard shows", board_args,
                "TensorBoard tensor_board"},
     .writes = NNRT_WRITES_FOLDER,
     .reads_gradients = 1,
     .own_size = sizeof(board),
     .open = open_board,
     .epoch = end_board_epoch,
     .state = add_state,
     .restored = go_on,
     .close = close_board},
    {.schema = {0}},
};
