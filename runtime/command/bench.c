// `bench`: training steps and single predictions on data in memory, without metrics or files. The
// training time is cut into slices whose median is reported, as shared machines are noisy.
#include "../base/clock.h"
#include "../formats/array.h"
#include "../report/profile_report.h"
#include "../session/synthetic.h"
#include "../train/trainer.h"
#include "command.h"
#include "evaluate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLICES = 9, MAX_CALLS = 200000, MIN_CALLS = 100 };
static const double default_seconds = 3, train_share = 0.8, warm_share = 0.1;
static const double chunk_seconds = 0.01;

typedef struct bench {
    nnrt_session *session;
    const nnrt_training *training;
    int is_synthetic;
    // To predict: of columns that are not in memory, or that no data set fills.
    void *samples[NNRT_MAX_COLUMNS];
    int has_sample;       // then all predictions are of that one
    double train[SLICES]; // samples a second
    int64_t calls;
    double *call_times; // microseconds, sorted
    int call_workers;   // that were the fastest
    nnrt_roof roof;
    nnrt_profile *train_profiles[NNRT_MAX_TURNS], *predict_profile; // with --profile
    double profiled[SLICES];                                        // samples a second
} bench;

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

// ---- Training.

static void train_for(nnrt_trainer *trainer, double seconds, double *samples, double *taken) {
    double start = nnrt_seconds();
    *samples = 0;
    do {
        if (trainer->pass.step >= trainer->pass.steps) {
            nnrt_trainer_end_epoch(trainer);
            nnrt_trainer_start_epoch(trainer, trainer->pass.epoch + 1, 0);
        }
        int64_t before = nnrt_pass_samples(&trainer->pass);
        nnrt_pass_advance(&trainer->pass, chunk_seconds);
        *samples += (double)(nnrt_pass_samples(&trainer->pass) - before);
        *taken = nnrt_seconds() - start;
    } while (*taken < seconds);
}

static nnrt_status open_profile(bench *b, const nnrt_function *function, int workers,
                                nnrt_profile **profile) {
    if (!b->session->options->profile) return NNRT_OK;
    *profile = nnrt_profile_create(function, workers, &b->roof);
    return *profile ? NNRT_OK : NNRT_ERROR;
}

// Slices with and without profile take turns, so that what the profile costs can be told.
static void train_in_slices(bench *b, nnrt_trainer *trainer, double seconds) {
    double samples, taken, length = seconds / SLICES / (b->train_profiles[0] ? 2 : 1);
    for (int i = 0; i < SLICES; i++) {
        train_for(trainer, length, &samples, &taken);
        b->train[i] = samples / taken;
        if (!b->train_profiles[0]) continue;
        nnrt_trainer_profile(trainer, b->train_profiles);
        train_for(trainer, length, &samples, &taken);
        b->profiled[i] = samples / taken;
        nnrt_trainer_profile(trainer, NULL);
    }
    qsort(b->train, SLICES, sizeof *b->train, by_value);
    qsort(b->profiled, SLICES, sizeof *b->profiled, by_value);
}

static nnrt_status bench_training(bench *b, double seconds) {
    const nnrt_options *options = b->session->options;
    nnrt_trainer trainer;
    nnrt_status status = nnrt_trainer_open(&trainer, b->session, b->training, options->batch, 0, 0);
    if (status) return status;
    trainer.seed = (uint64_t)options->seed;
    trainer.shuffle = 1;
    nnrt_trainer_start_epoch(&trainer, 0, 0);
    double samples, taken;
    train_for(&trainer, seconds * warm_share, &samples, &taken);
    for (int64_t i = 0; i < b->training->step_count && !status; i++)
        status = open_profile(b, &b->training->steps[i].train, trainer.pace.workers[0],
                              &b->train_profiles[i]);
    if (!status) train_in_slices(b, &trainer, seconds * (1 - warm_share));
    nnrt_trainer_close(&trainer);
    return status;
}

// ---- Predicting one sample.

typedef struct calls {
    const bench *b;
    double seconds;
    int64_t count;
    double *times;         // NULL: not asked for
    nnrt_profile *profile; // NULL: none
    nnrt_context context;
} calls;

static void run_call(const calls *c, const nnrt_context *context) {
    const nnrt_function *function = &nnrt_session_model(c->b->session)->predict_one;
    if (!c->profile) {
        function->run(context);
        return;
    }
    nnrt_profile_count(context);
    nnrt_profile_skip(context);
    function->run_profiled(context);
}

// Worker 0 decides when to stop; the others hear of it through `count` after the meeting.
static void run_calls(void *argument, int thread, int threads) {
    calls *c = argument;
    const nnrt_session *session = c->b->session;
    nnrt_context context = c->context;
    double loss = 0, end = nnrt_seconds() + c->seconds;
    context.loss = &loss;
    context.rows = 1;
    context.thread = thread;
    context.threads = threads;
    context.team = session->team;
    if (c->profile) context.account = nnrt_profile_account(c->profile, thread);
    for (int64_t call = 0; call < MAX_CALLS; call++) {
        uint32_t row =
            c->b->has_sample ? 0 : session->data.train.rows[call % session->data.train.count];
        context.index = &row;
        double start = nnrt_seconds();
        nnrt_team_meet(session->team, thread, threads); // nobody begins before the clock runs
        run_call(c, &context);
        if (thread == 0) {
            double now = nnrt_seconds();
            if (c->times) c->times[call] = (now - start) * 1e6;
            if (now < end || call < MIN_CALLS) c->count = call + 1;
        }
        nnrt_team_meet(session->team, thread, threads);
        if (c->count <= call) break;
    }
}

static double percentile(const double *sorted, int64_t count, double share) {
    return sorted[(int64_t)((double)(count - 1) * share)];
}

static nnrt_status profile_prediction(bench *b, double seconds, nnrt_context context) {
    const nnrt_function *function = &nnrt_session_model(b->session)->predict_one;
    nnrt_status status = open_profile(b, function, b->call_workers, &b->predict_profile);
    if (status || !b->predict_profile) return status;
    calls c = {b, seconds, 0, NULL, b->predict_profile, context};
    nnrt_team_run(b->session->team, b->call_workers, run_calls, &c);
    return NNRT_OK;
}

// Tries one worker and all of them; the faster counts.
static nnrt_status bench_prediction(bench *b, double seconds) {
    nnrt_session *session = b->session;
    const nnrt_function *function = &nnrt_session_model(session)->predict_one;
    nnrt_context context = nnrt_session_context(session, function);
    if (!context.arena) return NNRT_ERROR;
    for (int64_t i = 0; i < function->column_count; i++)
        if (!context.columns[i]) context.columns[i] = b->samples[i];
    int64_t workers = nnrt_team_size(session->team);
    if (workers > function->threads) workers = function->threads;
    int tries = workers > 1 ? 2 : 1;
    for (int i = 0; i < tries; i++) {
        calls c = {b, seconds / tries, 0, malloc(sizeof(double) * MAX_CALLS), NULL, context};
        int own_workers = i ? (int)workers : 1;
        if (!c.times) return nnrt_fail_memory("the times of calls", sizeof(double) * MAX_CALLS);
        nnrt_team_run(session->team, own_workers, run_calls, &c);
        qsort(c.times, (size_t)c.count, sizeof *c.times, by_value);
        if (b->call_times &&
            percentile(b->call_times, b->calls, 0.5) <= percentile(c.times, c.count, 0.5)) {
            free(c.times);
            continue;
        }
        free(b->call_times);
        b->call_times = c.times;
        b->calls = c.count;
        b->call_workers = own_workers;
    }
    return profile_prediction(b, seconds, context);
}

// ---- Report.

// How much longer profiled steps take.
static double profile_cost(const bench *b) {
    return b->train[SLICES / 2] / b->profiled[SLICES / 2] - 1;
}

static nnrt_status put_profiles(const bench *b, nnrt_json *json) {
    const nnrt_program *program = b->session->program;
    nnrt_json_number(json, "profile_cost", profile_cost(b));
    nnrt_json_open(json, "profile", '[');
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < b->training->step_count && !status; i++)
        status = nnrt_profile_json(json, b->train_profiles[i], program,
                                   i ? b->training->steps[i].name : "train");
    if (!status) status = nnrt_profile_json(json, b->predict_profile, program, "predict_one");
    nnrt_json_close(json, ']');
    return status;
}

static nnrt_status print_json(const bench *b, int64_t batch) {
    nnrt_status status = NNRT_OK;
    nnrt_json json = {0};
    nnrt_json_open(&json, NULL, '{');
    nnrt_json_number(&json, "train_samples_per_second", b->train[SLICES / 2]);
    nnrt_json_number(&json, "train_samples_per_second_min", b->train[0]);
    nnrt_json_number(&json, "train_samples_per_second_max", b->train[SLICES - 1]);
    nnrt_json_open(&json, "predict1_us", '{');
    nnrt_json_number(&json, "median", percentile(b->call_times, b->calls, 0.5));
    nnrt_json_number(&json, "p99", percentile(b->call_times, b->calls, 0.99));
    nnrt_json_close(&json, '}');
    nnrt_json_integer(&json, "batch", batch);
    nnrt_json_integer(&json, "threads", nnrt_team_size(b->session->team));
    nnrt_json_string(&json, "data",
                     b->is_synthetic ? "synthetic" : nnrt_session_dataset(b->session)->name);
    if (b->train_profiles[0]) status = put_profiles(b, &json);
    nnrt_json_close(&json, '}');
    if (status)
        nnrt_json_free(&json);
    else
        nnrt_json_print(&json);
    return status;
}

static nnrt_status print_profiles(const bench *b) {
    const nnrt_program *program = b->session->program;
    printf("profile     costs %.1f %% of the training steps\n", 100 * profile_cost(b));
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < b->training->step_count && !status; i++)
        status = nnrt_profile_print(b->train_profiles[i], program,
                                    b->training->step_count > 1 ? b->training->steps[i].name
                                                                : "training");
    return status ? status
                  : nnrt_profile_print(b->predict_profile, program, "predicting one sample");
}

static nnrt_status print_text(const bench *b, int64_t batch) {
    printf("training    %.0f samples/s (median of %d slices, %.0f to %.0f), batch %" PRId64 "\n",
           b->train[SLICES / 2], SLICES, b->train[0], b->train[SLICES - 1], batch);
    printf("prediction  %.2f us for one sample (median), %.2f us (99th percentile)\n",
           percentile(b->call_times, b->calls, 0.5), percentile(b->call_times, b->calls, 0.99));
    printf("threads     at most %d\n", nnrt_team_size(b->session->team));
    return b->train_profiles[0] ? print_profiles(b) : NNRT_OK;
}

// ---- The command.

static nnrt_status prepare(bench *b) {
    nnrt_session *session = b->session;
    nnrt_status status = nnrt_session_load_data(session);
    if (status == NNRT_DATA_MISSING) {
        fprintf(stderr, "note: %.*s; measuring with made-up data of the same shape\n",
                (int)strcspn(nnrt_error(), "\n"), nnrt_error());
        b->is_synthetic = 1;
        status = nnrt_synthetic_fill(session, b->training);
    }
    return status ? status : nnrt_session_initialize(session, (uint64_t)session->options->seed);
}

// What is not in memory, and what no data set fills: zeros.
static nnrt_status read_samples(bench *b) {
    const nnrt_session *session = b->session;
    const nnrt_data *data = &session->data;
    const nnrt_function *function = &nnrt_session_model(session)->predict_one;
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < function->column_count && !status; i++) {
        const nnrt_column *column = &function->columns[i];
        int source = nnrt_session_source(session, column);
        if (source >= 0 && data->columns[source]) continue;
        b->has_sample = 1;
        b->samples[i] = nnrt_array_allocate(column->dtype, column->size);
        if (!b->samples[i])
            status = NNRT_ERROR;
        else if (source >= 0)
            status = nnrt_data_sample(data, source, data->train.rows[0], b->samples[i]);
        else
            memset(b->samples[i], 0, (size_t)column->size * (size_t)nnrt_dtype_size(column->dtype));
    }
    return status;
}

nnrt_status nnrt_command_bench(nnrt_session *session) {
    const nnrt_options *options = session->options;
    bench b = {.session = session, .training = nnrt_session_training(session)};
    double seconds = options->seconds > 0 ? options->seconds : default_seconds;
    if (!b.training)
        return nnrt_fail(NNRT_ERROR, "`%s` has no `train` block, so there is nothing to measure",
                         session->program->source_path);
    nnrt_status status = prepare(&b);
    if (!status && options->profile)
        b.roof = nnrt_roof_measure(session->program, session->team, nnrt_team_size(session->team));
    if (!status) status = bench_training(&b, seconds * train_share);
    if (!status) status = read_samples(&b);
    if (!status) status = bench_prediction(&b, seconds * (1 - train_share));
    if (!status) {
        int64_t batch = options->batch ? options->batch : b.training->batch;
        status = options->json ? print_json(&b, batch) : print_text(&b, batch);
    }
    for (int i = 0; i < NNRT_MAX_TURNS; i++) nnrt_profile_free(b.train_profiles[i]);
    nnrt_profile_free(b.predict_profile);
    free(b.call_times);
    for (int i = 0; i < NNRT_MAX_COLUMNS; i++) free(b.samples[i]);
    if (b.is_synthetic) nnrt_synthetic_free(session);
    return status;
}
