// Checkpoints while `fit` works: what they hold, when they are due.
#include "fit.h"

#include "../../base/clock.h"
#include "../../base/interrupt.h"
#include "../../base/numbers/hash.h"
#include "../../files/file.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double default_seconds = 60;

// ---- Where and how often.

static int is_given(const nnrt_every *every) {
    return every->steps || every->epochs || every->seconds > 0;
}

// The program's, which the compiler sees to be one; NULL: it has none.
static const nnrt_call *find_call(const nnrt_program *program, nnrt_every *every) {
    for (int64_t i = 0; i < program->training_count; i++)
        for (int64_t k = 0; k < program->trainings[i].callback_count; k++)
            if (nnrt_callback_every(&program->trainings[i].callbacks[k], every))
                return &program->trainings[i].callbacks[k];
    return NULL;
}

// What the command line says goes before what the program does.
nnrt_status nnrt_fit_choose_checkpoint(nnrt_fit *f) {
    const nnrt_options *options = f->options;
    nnrt_every own;
    const nnrt_call *call = find_call(f->session->program, &own);
    f->checkpoint = options->checkpoint ? options->checkpoint
                    : call              ? nnrt_callback_path(call)
                                        : NULL;
    f->every = is_given(&options->every) || !call ? options->every : own;
    int is_tried = options->dry_run && options->run; // whose folder is not made
    if (f->checkpoint || !(is_given(&options->every) || options->resume)) return NNRT_OK;
    if (is_tried && !options->resume) return NNRT_OK;
    if (is_tried)
        return nnrt_fail(NNRT_USAGE,
                         "`--dry-run` looks into no folder of `--run`: leave `--resume` out, or "
                         "name the `--checkpoint FILE` of the run");
    return nnrt_fail(
        NNRT_USAGE,
        "`%s` needs `--checkpoint FILE` or `--run DIR`, or `checkpoint(\"FILE\", every = 60s)` among "
        "the `callbacks` of the program",
        options->resume ? "--resume" : "--every");
}

// ---- What they hold.

static void add_fit(nnrt_fit *f, nnrt_state *state) {
    nnrt_fit_keeping *keeping = &f->keeping;
    nnrt_state_integer(state, "training", &f->training);
    nnrt_state_integer(state, "epoch", &f->epoch);
    nnrt_state_integer(state, "done/epochs", &f->epochs);
    nnrt_state_integer(state, "done/steps", &f->steps);
    nnrt_state_integer(state, "done/samples", &f->samples);
    nnrt_state_real(state, "done/seconds", &f->seconds);
    nnrt_state_real(state, "done/step_seconds", &f->step_seconds);
    nnrt_state_real(state, "done/waited", &f->waited);
    nnrt_state_integer(state, "call/seed", &f->call.seed);
    nnrt_state_integer(state, "call/shuffle", &f->call.shuffle);
    nnrt_state_integer(state, "call/epochs", &f->call.epochs);
    nnrt_state_integer(state, "call/batch", &f->call.batch);
    nnrt_state_real(state, "call/learning_rate", &f->call.learning_rate);
    nnrt_state_integer(state, "started", &f->started);
    nnrt_state_integer(state, "before/epochs", &f->session->info.epoch);
    nnrt_state_integer(state, "before/steps", &f->session->info.step);
    nnrt_state_integer(state, "data", &f->resume.data);
    nnrt_state_real(state, "value", &keeping->value);
    nnrt_state_real(state, "best", &keeping->best);
    nnrt_state_real(state, "written", &keeping->written);
    nnrt_state_integer(state, "is_max", &keeping->is_max);
    nnrt_state_integer(state, "stopped", &f->was_stopped);
}

static void add_log(nnrt_fit *f, nnrt_state *state) {
    int descriptor = f->step_log ? nnrt_file_descriptor(f->step_log) : -1;
    if (descriptor >= 0) nnrt_state_file(state, "step_log", descriptor, &f->keeping.log_size);
}

// What another program, or another call of this one, may have had or not.
static void add_all(nnrt_fit *f, nnrt_state *state) {
    nnrt_trainer_state(&f->trainer, state);
    add_fit(f, state);
    nnrt_history_state(&f->history, state);
    state->may_be_missing = f->resume.is_changed;
    nnrt_callbacks_state(&f->callbacks, state);
    state->may_be_missing = 1;
    add_log(f, state);
    nnrt_run_state(f->run, state);
}

int64_t nnrt_fit_data_sum(const nnrt_fit *f) {
    const nnrt_data *data = &f->session->data;
    const int64_t counts[] = {data->train.count, data->validation.count, data->test.count};
    uint64_t hash = nnrt_hash_add(NNRT_HASH_START, counts, sizeof counts);
    const char *text = data->info.fingerprint;
    return (int64_t)(nnrt_hash_add(hash, text, (int64_t)strlen(text)) >> 1);
}

static nnrt_status open_keeper(nnrt_fit *f) {
    int is_new = !f->resume.is_found;
    f->keeping.keeper =
        nnrt_keeper_create(f->checkpoint, f->session->program, is_new, !f->resume.is_older);
    return f->keeping.keeper ? NNRT_OK : NNRT_ERROR;
}

nnrt_status nnrt_fit_start_keeping(nnrt_fit *f) {
    nnrt_fit_keeping *keeping = &f->keeping;
    if (!f->checkpoint) return NNRT_OK;
    add_all(f, &keeping->state);
    nnrt_status status = nnrt_state_check(&keeping->state);
    if (!status) status = nnrt_fit_restore(f);
    f->resume.data = nnrt_fit_data_sum(f);
    if (!status) status = nnrt_snapshot_open(&keeping->snapshot, &keeping->state);
    if (!status && !keeping->keeper) status = open_keeper(f);
    keeping->time = nnrt_seconds();
    keeping->steps = f->steps + f->trainer.pass.step;
    keeping->epochs = f->epochs;
    return status;
}

// Nobody reads the snapshot any more.
void nnrt_fit_stop_keeping(nnrt_fit *f) {
    nnrt_fit_keeping *keeping = &f->keeping;
    if (keeping->keeper) nnrt_keeper_wait(keeping->keeper);
    nnrt_snapshot_close(&keeping->snapshot);
    nnrt_state_clear(&keeping->state);
}

// ---- When they are due.

int64_t nnrt_fit_next_pause(const nnrt_fit *f) {
    int64_t every = f->every.steps;
    if (!f->keeping.keeper || !every) return 0;
    return ((f->steps + f->trainer.pass.step) / every + 1) * every - f->steps;
}

static int is_due(const nnrt_fit *f) {
    const nnrt_fit_keeping *keeping = &f->keeping;
    const nnrt_every *every = &f->every;
    int64_t steps = f->steps + f->trainer.pass.step;
    if (every->steps) return steps / every->steps > keeping->steps / every->steps;
    if (every->epochs) return f->epochs - keeping->epochs >= every->epochs;
    double seconds = every->seconds > 0 ? every->seconds : default_seconds;
    return steps > keeping->steps && nnrt_seconds() - keeping->time >= seconds;
}

static void tell_failure(nnrt_fit *f) {
    char message[NNRT_MESSAGE];
    if (!nnrt_keeper_failure(f->keeping.keeper, message, sizeof message)) return;
    f->keeping.has_failed = 1;
    nnrt_progress_break(&f->progress);
    fprintf(stderr, "warning: %s; training goes on\n", message);
}

static int is_better(const nnrt_fit_keeping *keeping, double than) {
    if (isnan(keeping->value)) return 0;
    return isnan(than) || (keeping->is_max ? keeping->value > than : keeping->value < than);
}

// The checkpoint has what the system took.
static void flush_log(nnrt_fit *f) {
    nnrt_fit_keeping *keeping = &f->keeping;
    int has_failed = f->step_log && nnrt_file_flush(f->step_log);
    if (has_failed && !keeping->log_was_told) {
        nnrt_progress_break(&f->progress);
        fprintf(stderr, "warning: %s; training goes on\n", nnrt_error());
    }
    keeping->log_was_told = has_failed;
}

static void take(nnrt_fit *f, int is_final) {
    nnrt_fit_keeping *keeping = &f->keeping;
    nnrt_weights_info info = nnrt_fit_weights_info(f);
    int is_best = is_better(keeping, keeping->written);
    nnrt_trainer_gather(&f->trainer);
    if (is_best) keeping->written = keeping->value;
    flush_log(f);
    if (f->step_log) keeping->log_size = nnrt_file_size(f->step_log);
    f->seconds = nnrt_seconds() - f->begun;
    keeping->time = nnrt_seconds();
    keeping->steps = f->steps + f->trainer.pass.step;
    keeping->epochs = f->epochs;
    info.step += f->trainer.pass.step;
    info.is_unfinished = !is_final || nnrt_interrupted();
    nnrt_snapshot_take(&keeping->snapshot);
    nnrt_keeper_write(keeping->keeper, &keeping->snapshot, &info, is_best);
    keeping->count++;
}

void nnrt_fit_keep(nnrt_fit *f, int is_final) {
    nnrt_fit_keeping *keeping = &f->keeping;
    if (!keeping->keeper || keeping->is_final) return;
    tell_failure(f);
    if (is_final) nnrt_keeper_wait(keeping->keeper);
    if (!is_final && (!is_due(f) || nnrt_keeper_is_busy(keeping->keeper))) return;
    double start = nnrt_seconds();
    take(f, is_final);
    double held = nnrt_seconds() - start;
    keeping->held += held;
    if (held > keeping->longest) keeping->longest = held;
    keeping->is_final = is_final;
    if (!is_final) return;
    keeping->is_kept = nnrt_keeper_wait(keeping->keeper) == NNRT_OK;
    tell_failure(f);
}

// ---- The best one.

// What the first callback that does monitors, if there is such a value; else the loss, of
// validation where there is one.
static const char *monitored(const nnrt_fit *f, const nnrt_log *log, int64_t *is_max) {
    const nnrt_training *training = f->trainer.training;
    *is_max = 0;
    for (int64_t i = 0; i < training->callback_count; i++) {
        const nnrt_call *call = &training->callbacks[i];
        const char *name = nnrt_callback_monitored(call);
        nnrt_every every;
        if (!name && nnrt_callback_every(call, &every))
            name = nnrt_call_text_at(call, nnrt_callback_row_of(call)->monitor);
        if (!name || isnan(nnrt_log_value(log, name))) continue;
        *is_max = nnrt_callback_is_max(call);
        return name;
    }
    return isnan(nnrt_log_value(log, "val_loss")) ? "loss" : "val_loss";
}

void nnrt_fit_judge(nnrt_fit *f, const nnrt_log *log) {
    nnrt_fit_keeping *keeping = &f->keeping;
    const char *name = monitored(f, log, &keeping->is_max);
    snprintf(keeping->monitored, sizeof keeping->monitored, "%s", name);
    keeping->value = nnrt_log_value(log, name);
    if (is_better(keeping, keeping->best)) keeping->best = keeping->value;
}
