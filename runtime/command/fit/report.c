// What `fit` prints of its results: JSON, profiles.
#include "fit.h"

#include <inttypes.h>
#include <stdio.h>

static void put_values(const nnrt_history *history, int64_t epoch, nnrt_json *json) {
    for (int64_t i = 0; i < history->names.count; i++)
        nnrt_json_number(json, history->names.values[i].name,
                         nnrt_history_value(history, epoch, i));
}

// Of the last epoch, or of the one whose weights were restored.
static void put_final_values(const nnrt_fit *f, nnrt_json *json) {
    const nnrt_history *history = &f->history;
    int64_t epoch = f->best_epoch ? f->best_epoch - 1 : history->count - 1;
    nnrt_json_open(json, "values", '{');
    if (epoch >= nnrt_history_first(history) && epoch < history->count)
        put_values(history, epoch, json);
    nnrt_json_close(json, '}');
}

static void put_epochs(const nnrt_fit *f, nnrt_json *json) {
    const nnrt_history *history = &f->history;
    nnrt_json_open(json, "losses", '[');
    int64_t first = nnrt_history_first(history);
    for (int64_t i = first; i < history->count; i++)
        nnrt_json_number(json, NULL, nnrt_history_value(history, i, 0));
    nnrt_json_close(json, ']');
    nnrt_json_open(json, "metrics", '{'); // of the last epoch
    if (history->count) put_values(history, history->count - 1, json);
    nnrt_json_close(json, '}');
    nnrt_json_open(json, "history", '[');
    for (int64_t i = first; i < history->count; i++) {
        nnrt_json_open(json, NULL, '{');
        put_values(history, i, json);
        nnrt_json_close(json, '}');
    }
    nnrt_json_close(json, ']');
}

static nnrt_status put_profiles(const nnrt_fit *f, nnrt_json *json) {
    const nnrt_program *program = f->session->program;
    nnrt_status status = NNRT_OK;
    nnrt_json_open(json, "profile", '[');
    for (int64_t i = 0; i < program->training_count; i++) {
        const nnrt_training *training = &program->trainings[i];
        nnrt_profile *const *own = nnrt_fit_profiles(f, training);
        for (int64_t k = 0; k < training->step_count && own[k] && !status; k++)
            status =
                nnrt_profile_json(json, own[k], program, k ? training->steps[k].name : "train");
    }
    nnrt_json_close(json, ']');
    return status;
}

static nnrt_status print_training_profiles(const nnrt_fit *f, const nnrt_training *training) {
    const nnrt_program *program = f->session->program;
    nnrt_profile *const *own = nnrt_fit_profiles(f, training);
    nnrt_status status = NNRT_OK;
    char title[128] = "training", step[64] = "";
    for (int64_t i = 0; i < training->step_count && own[i] && !status; i++) {
        if (training->step_count > 1)
            snprintf(step, sizeof step, ", step %s", training->steps[i].name);
        if (program->training_count > 1)
            snprintf(title, sizeof title, "training %" PRId64 " of %" PRId64 "%s",
                     (int64_t)(training - program->trainings) + 1, program->training_count, step);
        else
            snprintf(title, sizeof title, "training%s", step);
        status = nnrt_profile_print(own[i], program, title);
    }
    return status;
}

nnrt_status nnrt_fit_print_profiles(const nnrt_fit *f) {
    const nnrt_program *program = f->session->program;
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < program->training_count && !status; i++)
        status = print_training_profiles(f, &program->trainings[i]);
    return status;
}

static void put_checkpoints(const nnrt_fit *f, nnrt_json *json) {
    nnrt_json_string(json, "checkpoint", f->checkpoint);
    nnrt_json_integer(json, "checkpoints", f->keeping.count);
    // What the training waited for a copy.
    nnrt_json_number(json, "checkpoint_ms", 1e3 * f->keeping.held / (double)f->keeping.count);
    nnrt_json_number(json, "checkpoint_longest_ms", 1e3 * f->keeping.longest);
}

nnrt_status nnrt_fit_make_json(const nnrt_fit *f, nnrt_json *json) {
    nnrt_status status = NNRT_OK;
    char fingerprint[32];
    nnrt_json_open(json, NULL, '{');
    if (f->options->is_one_of_several) put_final_values(f, json);
    if (!f->options->is_one_of_several || f->options->tells_epochs) put_epochs(f, json);
    if (f->test.count) {
        nnrt_json_open(json, "test", '{');
        nnrt_log_json(&f->test, json);
        nnrt_json_close(json, '}');
    }
    nnrt_json_integer(json, "epochs", f->epochs);
    nnrt_json_integer(json, "steps", f->steps);
    nnrt_json_integer(json, "samples", f->samples);
    nnrt_json_number(json, "seconds", f->seconds);
    nnrt_json_number(json, "samples_per_second",
                     f->step_seconds > 0 ? (double)f->samples / f->step_seconds : 0);
    if (nnrt_loader_is_needed(&f->session->data, NNRT_FOR_TRAINING))
        nnrt_json_number(json, "data_share", f->step_seconds > 0 ? f->waited / f->step_seconds : 0);
    nnrt_json_integer(json, "seed", f->call.seed);
    nnrt_json_integer(json, "threads", nnrt_team_size(f->session->team));
    nnrt_json_string(json, "weights", f->steps ? f->save_path : NULL);
    snprintf(fingerprint, sizeof fingerprint, "%016" PRIx64, f->fingerprint);
    nnrt_json_string(json, "fingerprint", f->steps ? fingerprint : NULL);
    nnrt_json_boolean(json, "interrupted", f->was_interrupted);
    nnrt_json_boolean(json, "stopped_early", f->was_stopped != 0);
    if (f->best_epoch) nnrt_json_integer(json, "restored_epoch", f->best_epoch);
    if (f->keeping.count) put_checkpoints(f, json);
    if (f->options->doctor) nnrt_fit_complaints_json(f, json);
    if (f->profiles) status = put_profiles(f, json);
    nnrt_json_close(json, '}');
    return status;
}

nnrt_status nnrt_fit_print_json(const nnrt_fit *f) {
    nnrt_json json = {0};
    nnrt_status status = nnrt_fit_make_json(f, &json);
    if (status)
        nnrt_json_free(&json);
    else
        nnrt_json_print(&json);
    return status;
}
