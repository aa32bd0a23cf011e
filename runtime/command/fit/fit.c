// `fit` (and `init`): the training blocks in order, epoch by epoch, with validation, reports, and
// the weights saved at the end or when a signal asks to stop.
#include "fit.h"

#include "../../base/interrupt.h"
#include "../../files/file.h"
#include "../../files/folder.h"
#include "../command.h"
#include "several/several.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

nnrt_status nnrt_fit_start_weights(nnrt_session *session) {
    const nnrt_options *options = session->options;
    if (options->weights) return nnrt_session_load_weights(session, options->weights, NULL);
    if (options->carried) return nnrt_session_load_carried(session, NULL);
    return nnrt_session_initialize(session, (uint64_t)options->seed);
}

static nnrt_status start_profiles(nnrt_fit *f) {
    const nnrt_session *session = f->session;
    if (!f->options->profile) return NNRT_OK;
    size_t count = (size_t)session->program->training_count * NNRT_MAX_TURNS;
    f->profiles = calloc(count, sizeof(nnrt_profile *));
    if (!f->profiles) return nnrt_fail_memory("a profile", count * sizeof(nnrt_profile *));
    f->roof = nnrt_roof_measure(session->program, session->team, nnrt_team_size(session->team));
    return NNRT_OK;
}

static void free_profiles(nnrt_fit *f) {
    int64_t count = f->session->program->training_count * NNRT_MAX_TURNS;
    for (int64_t i = 0; f->profiles && i < count; i++) nnrt_profile_free(f->profiles[i]);
    free(f->profiles);
}

static const char *save_path(const nnrt_session *session) {
    return session->options->save ? session->options->save : session->weights_path;
}

static void catch_interrupts(const nnrt_options *options) {
    const char *slash = strrchr(options->program, '/');
    char message[256];
    snprintf(message, sizeof message,
             "%.100s: interrupted before the first step; there is nothing to save\n",
             slash ? slash + 1 : options->program);
    nnrt_interrupt_catch(message);
    if (options->max_time <= 0) return;
    snprintf(message, sizeof message, "--max-time %.40s", options->max_time_text);
    nnrt_interrupt_after(options->max_time, message);
}

static nnrt_status end(nnrt_fit *f, nnrt_status status) {
    nnrt_keeper_free(f->keeping.keeper);
    if (f->resume.is_open) nnrt_safetensors_close(&f->resume.file);
    nnrt_file_abandon(f->step_log);
    nnrt_history_free(&f->history);
    free_profiles(f);
    free(f->complaints);
    return status;
}

static nnrt_status fit(nnrt_session *session, nnrt_run *run) {
    nnrt_fit f = {.session = session,
                  .options = session->options,
                  .save_path = save_path(session),
                  .run = run};
    f.started = nnrt_weights_now();
    nnrt_status status = nnrt_fit_choose_checkpoint(&f);
    if (!status) status = nnrt_fit_find(&f);
    if (!status && session->options->overfit) return end(&f, nnrt_fit_overfit(&f));
    if (!status && session->options->dry_run) return end(&f, nnrt_fit_dry_run(&f));
    if (!status)
        status = nnrt_session_use_data(session, &session->program->trainings[f.resume.training]);
    if (!status && !f.resume.is_found) status = nnrt_fit_start_weights(session);
    if (!status) {
        status = nnrt_fit_check_outputs(&f);
        if (status) nnrt_folders_remove_made(); // nothing was written there
    }
    if (!status) status = start_profiles(&f);
    if (!status) status = nnrt_fit_finish(&f, nnrt_fit_trainings(&f));
    if (!status) nnrt_fit_report_run(&f);
    return end(&f, status);
}

nnrt_status nnrt_command_fit(nnrt_session *session) {
    const nnrt_options *given = session->options;
    nnrt_options options = *given; // --run fills in others
    nnrt_run run;
    if (!nnrt_session_training(session))
        return nnrt_fail(NNRT_ERROR,
                         "`%s` has no `train` block, so there is nothing to fit; `predict`, "
                         "`bench`, `init` and `info` need none",
                         session->program->source_path);
    catch_interrupts(given);
    if ((given->seeds || given->rates) && !given->is_one_of_several)
        return nnrt_fit_several(session);
    if (given->dry_run || given->overfit) return fit(session, NULL); // nothing is kept
    nnrt_status status = nnrt_run_begin(&run, session->program, &options);
    session->options = &options;
    if (!status) status = fit(session, &run);
    session->options = given;
    return nnrt_run_end(&run, status);
}

nnrt_status nnrt_command_init(nnrt_session *session) {
    const char *path = save_path(session);
    if (!session->options->save && access(path, F_OK) == 0)
        return nnrt_fail(NNRT_USAGE,
                         "`%s` exists and may hold trained weights; say where the initial ones go: "
                         "`init --save FILE`",
                         path);
    nnrt_status status = nnrt_file_probe(path);
    if (!status) status = nnrt_fit_start_weights(session);
    session->info.started = nnrt_weights_now();
    if (!status)
        status = nnrt_weights_save(path, session->program, session->weights.values, &session->info);
    if (!status) printf("initial weights saved to %s\n", path);
    return status;
}
