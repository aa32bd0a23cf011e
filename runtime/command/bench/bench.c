// `bench`: training steps and single predictions on data in memory, without metrics or files. The
// training time is cut into slices whose median is reported, as shared machines are noisy.
#include "../../base/clock.h"
#include "../../formats/array.h"
#include "../../report/profile_report.h"
#include "../../session/synthetic.h"
#include "../../session/weights/ranges.h"
#include "../../train/trainer.h"
#include "../command.h"
#include "../evaluate.h"
#include "batches.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Where steps and calls are so long that there is no time for as many, there are fewer.
enum { SLICES = 9, FEW_SLICES = 3, MAX_CALLS = 200000, MIN_CALLS = 100, FEW_CALLS = 3 };
static const double default_seconds = 3, train_share = 0.8, warm_share = 0.1;
static const double chunk_seconds = 0.01;

// Predictions of one sample by a model.
typedef struct prediction {
    const nnrt_model *model;
    // Of columns that are not in memory, or that no data set fills.
    void *samples[NNRT_MAX_COLUMNS];
    int has_sample; // then all predictions are of that one
    int64_t calls;
    double *call_times;    // microseconds, sorted
    int call_workers;      // that were the fastest
    nnrt_profile *profile; // with --profile
    nnrt_batches batches;
} prediction;

typedef struct bench {
    nnrt_session *session;
    const nnrt_training *training; // NULL: the program has none
    int is_synthetic;
    double train[SLICES];                 // samples a second, sorted
    int slices;                           // that there was time for
    double steps[NNRT_MAX_TURNS][SLICES]; // of each step alone, where there are several
    prediction *predictions;              // of the model that is meant, then of the others
    int64_t prediction_count;
    nnrt_roof roof;
    nnrt_profile *train_profiles[NNRT_MAX_TURNS]; // with --profile
    double profiled[SLICES];                      // samples a second
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
        nnrt_trainer_go_round(trainer);
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
    double start = nnrt_seconds();
    for (int i = 0; i < SLICES && (i < FEW_SLICES || nnrt_seconds() - start < seconds); i++) {
        train_for(trainer, length, &samples, &taken);
        b->train[i] = samples / taken;
        b->slices = i + 1;
        if (!b->train_profiles[0]) continue;
        nnrt_trainer_profile(trainer, b->train_profiles);
        train_for(trainer, length, &samples, &taken);
        b->profiled[i] = samples / taken;
        nnrt_trainer_profile(trainer, NULL);
    }
    qsort(b->train, (size_t)b->slices, sizeof *b->train, by_value);
    qsort(b->profiled, (size_t)b->slices, sizeof *b->profiled, by_value);
}

// Opens it and warms it up.
static nnrt_status open_trainer(const bench *b, nnrt_trainer *trainer,
                                const nnrt_training *training, double seconds) {
    const nnrt_options *options = b->session->options;
    nnrt_status status = nnrt_trainer_open(trainer, b->session, training, options->batch, 0, 0);
    if (status) return status;
    trainer->seed = (uint64_t)options->seed;
    trainer->shuffle = 1;
    nnrt_trainer_start_epoch(trainer, 0, 0);
    double samples, taken;
    train_for(trainer, seconds, &samples, &taken);
    return NNRT_OK;
}

// A training of that step alone.
static nnrt_status bench_step(bench *b, int64_t number, double seconds) {
    nnrt_trainer trainer;
    nnrt_training alone = *b->training;
    double samples, taken;
    alone.steps += number;
    alone.step_count = 1;
    nnrt_status status = open_trainer(b, &trainer, &alone, seconds * warm_share);
    if (status) return status;
    for (int i = 0; i < SLICES; i++) {
        train_for(&trainer, seconds * (1 - warm_share) / SLICES, &samples, &taken);
        b->steps[number][i] = samples / taken;
    }
    qsort(b->steps[number], SLICES, sizeof *b->steps[number], by_value);
    nnrt_trainer_close(&trainer);
    return NNRT_OK;
}

static nnrt_status bench_training(bench *b, double seconds) {
    nnrt_trainer trainer;
    nnrt_status status = open_trainer(b, &trainer, b->training, seconds * warm_share);
    if (status) return status;
    for (int64_t i = 0; i < b->training->step_count && !status; i++)
        status = open_profile(b, &b->training->steps[i].train, trainer.pace.workers[0],
                              &b->train_profiles[i]);
    if (!status) train_in_slices(b, &trainer, seconds * (1 - warm_share));
    nnrt_trainer_close(&trainer);
    return status;
}

// All steps in turn, then, where there are several, each alone, in half of the time.
static nnrt_status bench_steps(bench *b, double seconds) {
    int64_t count = b->training->step_count;
    nnrt_status status = bench_training(b, count > 1 ? seconds / 2 : seconds);
    for (int64_t i = 0; i < count && count > 1 && !status; i++)
        status = bench_step(b, i, seconds / 2 / (double)count);
    return status;
}

// ---- Predicting one sample.

typedef struct calls {
    const bench *b;
    const prediction *p;
    double seconds;
    int64_t count;
    double *times;         // NULL: not asked for
    nnrt_profile *profile; // NULL: none
    nnrt_context context;
} calls;

static void run_call(const calls *c, const nnrt_context *context) {
    const nnrt_function *function = &c->p->model->predict_one;
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
            c->p->has_sample ? 0 : session->data.train.rows[call % session->data.train.count];
        context.index = &row;
        context.step = (double)(call + 1);
        double start = nnrt_seconds();
        nnrt_team_meet(session->team, thread, threads); // nobody begins before the clock runs
        run_call(c, &context);
        if (thread == 0) {
            double now = nnrt_seconds();
            if (c->times) c->times[call] = (now - start) * 1e6;
            int is_due = call < FEW_CALLS || now < end + c->seconds;
            if (now < end || (call < MIN_CALLS && is_due)) c->count = call + 1;
        }
        nnrt_team_meet(session->team, thread, threads);
        if (c->count <= call) break;
    }
}

static double percentile(const double *sorted, int64_t count, double share) {
    return sorted[(int64_t)((double)(count - 1) * share)];
}

static nnrt_status profile_prediction(bench *b, prediction *p, double seconds,
                                      nnrt_context context) {
    nnrt_status status = open_profile(b, &p->model->predict_one, p->call_workers, &p->profile);
    if (status || !p->profile) return status;
    calls c = {b, p, seconds, 0, NULL, p->profile, context};
    nnrt_team_run(b->session->team, p->call_workers, run_calls, &c);
    return NNRT_OK;
}

static double median_call(const prediction *p) {
    return percentile(p->call_times, p->calls, 0.5);
}

// Measures with so many workers, and keeps that if it is the fastest.
static nnrt_status try_workers(const bench *b, prediction *p, double seconds, int workers,
                               nnrt_context context) {
    calls c = {b, p, seconds, 0, malloc(sizeof(double) * MAX_CALLS), NULL, context};
    if (!c.times) return nnrt_fail_memory("the times of calls", sizeof(double) * MAX_CALLS);
    nnrt_team_run(b->session->team, workers, run_calls, &c);
    qsort(c.times, (size_t)c.count, sizeof *c.times, by_value);
    if (p->call_times && median_call(p) <= percentile(c.times, c.count, 0.5)) {
        free(c.times);
        return NNRT_OK;
    }
    free(p->call_times);
    p->call_times = c.times;
    p->calls = c.count;
    p->call_workers = workers;
    return NNRT_OK;
}

// One worker, and all of them.
static nnrt_status bench_prediction(bench *b, prediction *p, double seconds) {
    const nnrt_function *function = &p->model->predict_one;
    nnrt_context context = nnrt_session_context(b->session, function);
    if (!context.arena) return NNRT_ERROR;
    for (int64_t i = 0; i < function->column_count; i++)
        if (!context.columns[i]) context.columns[i] = p->samples[i];
    int64_t workers = nnrt_team_size(b->session->team);
    if (workers > function->threads) workers = function->threads;
    int tries = workers > 1 ? 2 : 1;
    nnrt_status status = NNRT_OK;
    for (int i = 0; i < tries && !status; i++)
        status = try_workers(b, p, seconds / tries, i ? (int)workers : 1, context);
    return status ? status : profile_prediction(b, p, seconds, context);
}

// ---- Report.

static int64_t step_count(const bench *b) {
    return b->training ? b->training->step_count : 0;
}

// How much longer profiled steps take.
static double profile_cost(const bench *b) {
    return b->train[b->slices / 2] / b->profiled[b->slices / 2] - 1;
}

static nnrt_status put_profiles(const bench *b, nnrt_json *json) {
    const nnrt_program *program = b->session->program;
    if (b->training) nnrt_json_number(json, "profile_cost", profile_cost(b));
    nnrt_json_open(json, "profile", '[');
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < step_count(b) && !status; i++)
        status = nnrt_profile_json(json, b->train_profiles[i], program,
                                   i ? b->training->steps[i].name : "train");
    if (!status)
        status = nnrt_profile_json(json, b->predictions[0].profile, program, "predict_one");
    nnrt_json_close(json, ']');
    return status;
}

static void put_rates(nnrt_json *json, const double *rates, int count) {
    nnrt_json_number(json, "train_samples_per_second", rates[count / 2]);
    nnrt_json_number(json, "train_samples_per_second_min", rates[0]);
    nnrt_json_number(json, "train_samples_per_second_max", rates[count - 1]);
}

static void put_prediction(nnrt_json *json, const prediction *p) {
    nnrt_json_open(json, "predict1_us", '{');
    nnrt_json_number(json, "median", median_call(p));
    nnrt_json_number(json, "p99", percentile(p->call_times, p->calls, 0.99));
    nnrt_json_close(json, '}');
    nnrt_json_string(json, "predict", p->model->range_count ? "int8" : "float32");
    if (!p->batches.slices) return;
    const double *rates = p->batches.rates;
    nnrt_json_number(json, "predict_samples_per_second", rates[NNRT_BATCH_SLICES / 2]);
    nnrt_json_number(json, "predict_samples_per_second_min", rates[0]);
    nnrt_json_number(json, "predict_samples_per_second_max", rates[NNRT_BATCH_SLICES - 1]);
    nnrt_json_integer(json, "predict_batch", p->batches.batch);
}

static void put_steps(const bench *b, nnrt_json *json) {
    nnrt_json_open(json, "steps", '[');
    for (int64_t i = 0; i < b->training->step_count; i++) {
        nnrt_json_open(json, NULL, '{');
        nnrt_json_string(json, "name", b->training->steps[i].name);
        put_rates(json, b->steps[i], SLICES);
        nnrt_json_close(json, '}');
    }
    nnrt_json_close(json, ']');
}

static void put_models(const bench *b, nnrt_json *json) {
    nnrt_json_open(json, "models", '[');
    for (int64_t i = 0; i < b->prediction_count; i++) {
        nnrt_json_open(json, NULL, '{');
        nnrt_json_string(json, "name", b->predictions[i].model->name);
        put_prediction(json, &b->predictions[i]);
        nnrt_json_close(json, '}');
    }
    nnrt_json_close(json, ']');
}

// NULL: nothing is read.
static const char *data_name(const bench *b) {
    return b->is_synthetic ? "synthetic"
           : b->training   ? nnrt_session_dataset(b->session)->name
                           : NULL;
}

static nnrt_status print_json(const bench *b, int64_t batch) {
    nnrt_status status = NNRT_OK;
    nnrt_json json = {0};
    nnrt_json_open(&json, NULL, '{');
    if (b->training) put_rates(&json, b->train, b->slices);
    put_prediction(&json, b->predictions);
    if (b->training) nnrt_json_integer(&json, "batch", batch);
    nnrt_json_integer(&json, "threads", nnrt_team_size(b->session->team));
    nnrt_json_string(&json, "data", data_name(b));
    if (step_count(b) > 1) put_steps(b, &json);
    if (b->prediction_count > 1) put_models(b, &json);
    if (b->predictions[0].profile) status = put_profiles(b, &json);
    nnrt_json_close(&json, '}');
    if (status)
        nnrt_json_free(&json);
    else
        nnrt_json_print(&json);
    return status;
}

static nnrt_status print_profiles(const bench *b) {
    const nnrt_program *program = b->session->program;
    nnrt_status status = NNRT_OK;
    if (b->training)
        printf("profile     costs %.1f %% of the training steps\n", 100 * profile_cost(b));
    for (int64_t i = 0; i < step_count(b) && !status; i++)
        status = nnrt_profile_print(b->train_profiles[i], program,
                                    step_count(b) > 1 ? b->training->steps[i].name : "training");
    return status ? status
                  : nnrt_profile_print(b->predictions[0].profile, program, "predicting one sample");
}

static void print_rates(const char *title, const double *rates, int count) {
    int digits = rates[count / 2] < 100 ? 2 : 0;
    printf("%-11s %.*f samples/s (median of %d slices, %.*f to %.*f)", title, digits,
           rates[count / 2], count, digits, rates[0], digits, rates[count - 1]);
}

// As soon as it is known: the rest may take its time.
static void print_training(const bench *b, int64_t batch) {
    print_rates("training", b->train, b->slices);
    printf(", batch %" PRId64 "\n", batch);
    for (int64_t i = 0; i < step_count(b) && step_count(b) > 1; i++) {
        print_rates("", b->steps[i], SLICES);
        printf(", step %s alone\n", b->training->steps[i].name);
    }
    fflush(stdout);
}

static nnrt_status print_text(const bench *b) {
    for (int64_t i = 0; i < b->prediction_count; i++) {
        const prediction *p = &b->predictions[i];
        printf("%-11s %.2f us for one sample (median), %.2f us (99th percentile)",
               i ? "" : "prediction", median_call(p), percentile(p->call_times, p->calls, 0.99));
        if (b->prediction_count > 1) printf(", model %s", p->model->name);
        putchar('\n');
        if (!p->batches.slices) continue;
        print_rates("", p->batches.rates, NNRT_BATCH_SLICES);
        printf(", batch %" PRId64 "%s\n", p->batches.batch, p->model->range_count ? ", int8" : "");
    }
    printf("threads     at most %d\n", nnrt_team_size(b->session->team));
    return b->predictions[0].profile ? print_profiles(b) : NNRT_OK;
}

// ---- The command.

// The model that `--model` names; without it all of them, the main one first.
static nnrt_status choose_models(bench *b) {
    const nnrt_session *session = b->session;
    const nnrt_program *program = session->program;
    b->predictions = calloc((size_t)program->model_count, sizeof *b->predictions);
    if (!b->predictions)
        return nnrt_fail_memory("the models",
                                (size_t)program->model_count * sizeof *b->predictions);
    b->predictions[b->prediction_count++].model = nnrt_session_model(session);
    for (int64_t i = 0; i < program->model_count && !session->options->model; i++)
        if (i != session->model) b->predictions[b->prediction_count++].model = &program->models[i];
    return NNRT_OK;
}

static nnrt_status prepare(bench *b) {
    nnrt_session *session = b->session;
    nnrt_status status = choose_models(b);
    if (!status && b->training)
        status = nnrt_synthetic_stand_in(b->session, b->training, &b->is_synthetic);
    if (!status) status = nnrt_session_initialize(session, (uint64_t)session->options->seed);
    if (!status && session->options->profile)
        b->roof = nnrt_roof_measure(session->program, session->team, nnrt_team_size(session->team));
    return status;
}

// What is not in memory, and what no data set fills: zeros.
static nnrt_status read_samples(const bench *b, prediction *p) {
    const nnrt_session *session = b->session;
    const nnrt_data *data = &session->data;
    const nnrt_function *function = &p->model->predict_one;
    nnrt_status status = NNRT_OK;
    p->has_sample = !data->row_count;
    for (int64_t i = 0; i < function->column_count && !status; i++) {
        const nnrt_column *column = &function->columns[i];
        int source = nnrt_session_source(session, column);
        if (source >= 0 && data->columns[source]) continue;
        p->has_sample = 1;
        p->samples[i] = nnrt_array_allocate(column->dtype, column->size);
        if (!p->samples[i])
            status = NNRT_ERROR;
        else if (source >= 0)
            status = nnrt_data_sample(data, source, data->train.rows[0], p->samples[i]);
        else
            memset(p->samples[i], 0, (size_t)column->size * (size_t)nnrt_dtype_size(column->dtype));
    }
    return status;
}

static nnrt_status bench_predictions(bench *b, double seconds) {
    nnrt_status status = NNRT_OK; // with the weights that training left
    if (nnrt_ranges_are_used(b->session->program)) status = nnrt_ranges_measure(b->session);
    for (int64_t i = 0; i < b->prediction_count && !status; i++) {
        status = read_samples(b, &b->predictions[i]);
        double share = seconds / 2 / (double)b->prediction_count;
        if (!status) status = bench_prediction(b, &b->predictions[i], share);
        if (!status)
            status = nnrt_batches_measure(b->session, b->predictions[i].model, share,
                                          &b->predictions[i].batches);
    }
    return status;
}

static void close_bench(bench *b) {
    for (int i = 0; i < NNRT_MAX_TURNS; i++) nnrt_profile_free(b->train_profiles[i]);
    for (int64_t i = 0; i < b->prediction_count; i++) {
        prediction *p = &b->predictions[i];
        nnrt_profile_free(p->profile);
        free(p->call_times);
        for (int k = 0; k < NNRT_MAX_COLUMNS; k++) free(p->samples[k]);
    }
    free(b->predictions);
    if (b->is_synthetic) nnrt_synthetic_free(b->session);
}

nnrt_status nnrt_command_bench(nnrt_session *session) {
    const nnrt_options *options = session->options;
    bench b = {.session = session, .training = nnrt_session_training(session)};
    double seconds = options->seconds > 0 ? options->seconds : default_seconds;
    double share = b.training ? train_share : 0;
    nnrt_status status = prepare(&b);
    int64_t batch = options->batch || !b.training ? options->batch : b.training->batch;
    if (!status && b.training) status = bench_steps(&b, seconds * share);
    if (!status && b.training && !options->json) print_training(&b, batch);
    if (!status) status = bench_predictions(&b, seconds * (1 - share));
    if (!status) status = options->json ? print_json(&b, batch) : print_text(&b);
    close_bench(&b);
    return status;
}
