// `lr-find`: trains with a rate that grows from step to step, on weights that nobody keeps, until
// the loss diverges. Where a schedule stands in the source, it is replaced meanwhile; all else of
// the optimizer stays.
#include "../../base/interrupt.h"
#include "../../base/text/list.h"
#include "../../base/text/suggestion.h"
#include "../../files/file.h"
#include "../../report/outputs.h"
#include "../../report/progress/progress.h"
#include "../../train/trainer.h"
#include "../command.h"
#include "../fit/fit.h"
#include "found.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { STEPS = 100, FEWEST_STEPS = 20, MOST_STEPS = 10000 };
static const double first_rate = 1e-7, last_rate = 10, chunk_seconds = 0.025;

typedef struct search {
    nnrt_session *session;
    const nnrt_options *options;
    const nnrt_training *training;
    int64_t turn;  // of the step whose rate grows
    int64_t place; // of its loss among the values of a batch
    nnrt_trainer trainer;
    nnrt_range_test test;
    nnrt_progress progress;
    double now; // the program's rate
    // Several batches may make one update: their losses are one of the test.
    int64_t batches, taken, samples;
    double sum; // of their losses, by samples
} search;

// ---- What is tested.

static nnrt_status choose_training(search *s) {
    const nnrt_program *program = s->session->program;
    int64_t number = s->options->training ? s->options->training : 1;
    if (!program->training_count)
        return nnrt_fail(NNRT_ERROR, "`%s` has no `train` block, so no rate is learnt with",
                         program->source_path);
    if (number > program->training_count)
        return nnrt_fail(NNRT_USAGE,
                         "`--training %" PRId64 "`: the program has %" PRId64 " `train` block%s",
                         number, program->training_count, program->training_count > 1 ? "s" : "");
    s->training = &program->trainings[number - 1];
    if (program->training_count > 1 && !s->options->json)
        printf("of the `train` block %" PRId64 " of %" PRId64 " (--training N)\n", number,
               program->training_count);
    if (number > 1 && !s->options->weights && !s->options->carried)
        fprintf(stderr,
                "warning: `train` block %" PRId64 " goes on from the weights that the one before "
                "leaves: give them with `--weights FILE`\n",
                number);
    return NNRT_OK;
}

static void list_steps(const nnrt_training *training, char *text, size_t size) {
    nnrt_list names = nnrt_list_make(text, size);
    for (int64_t i = 0; i < training->step_count; i++)
        nnrt_list_add(&names, "`%.64s`", training->steps[i].name);
}

static nnrt_status find_step(search *s, const char *name) {
    const nnrt_training *training = s->training;
    nnrt_suggestion near = NNRT_NO_SUGGESTION;
    char names[1024];
    for (s->turn = 0; s->turn < training->step_count; s->turn++) {
        if (strcmp(training->steps[s->turn].name, name) == 0) return NNRT_OK;
        nnrt_suggestion_consider(&near, name, training->steps[s->turn].name);
    }
    list_steps(training, names, sizeof names);
    return nnrt_fail(NNRT_USAGE, "there is no step `%s`%s%s%s; the steps are %s", name,
                     near.name ? "; did you mean `" : "", near.name ? near.name : "",
                     near.name ? "`?" : "", names);
}

// Each step has an optimizer of its own, so that of several one has to be named.
static nnrt_status choose_step(search *s) {
    const nnrt_training *training = s->training;
    char names[1024];
    if (s->options->step && training->loss_count)
        return nnrt_fail(NNRT_USAGE,
                         "`--step` names a step of one's own, and the `train` block has "
                         "`loss = ..`: leave it out");
    if (s->options->step) return find_step(s, s->options->step);
    if (training->step_count == 1) return NNRT_OK;
    list_steps(training, names, sizeof names);
    return nnrt_fail(
        NNRT_USAGE,
        "the steps %s have an optimizer each: `--step NAME` says whose rate grows; the "
        "others keep theirs",
        names);
}

static nnrt_status check_rates(const nnrt_options *options, double *from, double *to,
                               int64_t *steps) {
    *from = options->from > 0 ? options->from : first_rate;
    *to = options->to > 0 ? options->to : last_rate;
    *steps = options->steps ? options->steps : STEPS;
    if (*from >= *to)
        return nnrt_fail(NNRT_USAGE,
                         "the rate grows from `--from`, %g, to `--to`, %g: the former "
                         "has to be less",
                         *from, *to);
    if (*steps < FEWEST_STEPS || *steps > MOST_STEPS)
        return nnrt_fail(NNRT_USAGE, "`--steps` of `lr-find` are %d to %d, not %" PRId64,
                         FEWEST_STEPS, MOST_STEPS, *steps);
    return NNRT_OK;
}

static nnrt_status check_files(const search *s) {
    const char *const names[] = {"--csv", "--output"};
    const char *const given[] = {s->options->curve_csv, s->options->output};
    char path[PATH_MAX], *paths[] = {path};
    nnrt_status status = NNRT_OK;
    for (int i = 0; i < 2 && !status; i++) {
        if (!given[i]) continue;
        if (snprintf(path, sizeof path, "%s", given[i]) >= PATH_MAX)
            return nnrt_fail(NNRT_USAGE, "the name of `%s` is too long", names[i]);
        status = nnrt_outputs_check_files(s->session, names[i], paths, 1);
        if (!status) status = nnrt_file_probe(path);
    }
    if (!status && given[0] && given[1] && strcmp(given[0], given[1]) == 0)
        return nnrt_fail(NNRT_USAGE, "--csv and --output name the same file `%s`", given[0]);
    return status;
}

// ---- The steps.

static double growing(const nnrt_schedule *schedule, double step) {
    int64_t updates = (int64_t)(step / schedule->unit);
    int64_t steps = (int64_t)schedule->length;
    if (updates > steps - 1) updates = steps - 1; // done beside others, after the last one
    return nnrt_range_test_rate(schedule->initial, schedule->end, steps, updates);
}

static void let_grow(search *s) {
    nnrt_trainer *trainer = &s->trainer;
    const nnrt_train_step *step = &s->training->steps[s->turn];
    s->now = nnrt_schedule_rate(&trainer->schedules[s->turn], 0);
    s->batches = (step->accumulate + step->repeat - 1) / step->repeat;
    for (int64_t i = 0; i < s->turn; i++) s->place += trainer->pass.turns[i].values;
    trainer->schedules[s->turn] = (nnrt_schedule){.rate = growing,
                                                  .initial = s->test.from,
                                                  .end = s->test.to,
                                                  .length = (double)s->test.steps,
                                                  .unit = (double)s->batches};
}

// 0: the test is over.
static int take_loss(search *s, int64_t step) {
    const nnrt_pass *pass = &s->trainer.pass;
    int64_t left = pass->count - step * pass->batch, rows = left < pass->batch ? left : pass->batch;
    s->sum += (double)rows * pass->losses[step * pass->values + s->place];
    s->samples += rows;
    if (++s->taken < s->batches) return 1;
    double loss = s->sum / (double)s->samples;
    s->sum = 0;
    s->taken = s->samples = 0;
    return nnrt_range_test_add(&s->test, loss);
}

static void show(search *s) {
    nnrt_log log;
    if (!nnrt_progress_due(&s->progress) || !s->test.count) return;
    log.count = 0; // the rest is large
    nnrt_log_put(&log, "learning_rate", s->test.rates[s->test.count - 1]);
    nnrt_log_put(&log, "loss", s->test.smoothed[s->test.count - 1]);
    nnrt_progress_step(&s->progress, s->test.count, &log);
}

static nnrt_status run_steps(search *s) {
    nnrt_trainer *trainer = &s->trainer;
    nnrt_trainer_start_epoch(trainer, 0, 0);
    for (;;) {
        int64_t from = trainer->pass.step;
        nnrt_pass_advance(&trainer->pass, chunk_seconds);
        nnrt_status status = trainer->loader ? nnrt_loader_status(trainer->loader) : NNRT_OK;
        if (status) return status;
        for (int64_t step = from; step < trainer->pass.step; step++)
            if (!take_loss(s, step)) return NNRT_OK;
        if (nnrt_interrupted())
            return nnrt_fail(NNRT_INTERRUPTED,
                             "interrupted after %" PRId64 " of %" PRId64
                             " steps; nothing was changed",
                             s->test.count, s->test.steps);
        show(s);
        nnrt_trainer_go_round(trainer);
    }
}

static nnrt_status open_trainer(search *s) {
    nnrt_trainer *trainer = &s->trainer;
    nnrt_status status =
        nnrt_trainer_open(trainer, s->session, s->training, s->options->batch, 0, 0);
    if (status) return status;
    trainer->seed = (uint64_t)s->options->seed;
    trainer->shuffle = !s->options->no_shuffle;
    let_grow(s);
    nnrt_progress_open(&s->progress, s->options, 1);
    s->progress.has_lines = s->progress.has_json = 0; // of epochs
    nnrt_progress_epoch(&s->progress, 0, s->test.steps, 0);
    return NNRT_OK;
}

// ---- Its end.

static nnrt_status no_advice(const search *s) {
    const nnrt_range_test *test = &s->test;
    if (!isfinite(test->losses[0]))
        return nnrt_fail(NNRT_NOT_FINITE, "the first loss is not finite, whatever the rate: `fit` "
                                          "says which value is the first one that is not");
    if (test->has_diverged && test->count <= test->steps / 2)
        return nnrt_fail(NNRT_ERROR,
                         "no rate is suggested: the loss diverges after %" PRId64
                         " steps; begin with less, as with `--from %.0e`",
                         test->count, test->from / 1000);
    return nnrt_fail(NNRT_ERROR, "no rate is suggested: the loss falls at none of them; more "
                                 "`--steps`, other bounds (`--from`, `--to`), or see what `fit "
                                 "--doctor` says of the model");
}

static nnrt_status report(const search *s) {
    nnrt_found found = {.session = s->session,
                        .training = s->training,
                        .step = &s->training->steps[s->turn],
                        .test = &s->test,
                        .advice = nnrt_range_test_advise(&s->test),
                        .now = s->now};
    nnrt_status status = NNRT_OK;
    if (s->options->json)
        nnrt_found_print_json(&found);
    else
        status = nnrt_found_print(&found);
    if (!status && s->options->curve_csv)
        status = nnrt_found_write_csv(&found, s->options->curve_csv);
    if (!status && s->options->output) status = nnrt_found_write_svg(&found, s->options->output);
    if (!status && isnan(found.advice.valley)) return no_advice(s);
    return status;
}

static void catch_interrupts(const nnrt_options *options) {
    const char *slash = strrchr(options->program, '/');
    char message[256];
    snprintf(message, sizeof message, "%.100s: interrupted; nothing was changed\n",
             slash ? slash + 1 : options->program);
    nnrt_interrupt_catch(message);
}

nnrt_status nnrt_command_lr_find(nnrt_session *session) {
    search s = {.session = session, .options = session->options};
    double from, to;
    int64_t steps;
    catch_interrupts(s.options);
    nnrt_status status = check_rates(s.options, &from, &to, &steps);
    if (!status) status = choose_training(&s);
    if (!status) status = choose_step(&s);
    if (!status) status = nnrt_session_use_data(session, s.training);
    if (!status) status = check_files(&s); // now all that is read is known
    if (!status) status = nnrt_fit_start_weights(session);
    if (!status) status = nnrt_range_test_open(&s.test, from, to, steps);
    if (!status) status = open_trainer(&s);
    nnrt_interrupt_wait();
    if (!status) status = run_steps(&s);
    nnrt_progress_break(&s.progress);
    if (!status) status = report(&s);
    if (s.trainer.training) nnrt_trainer_close(&s.trainer);
    nnrt_range_test_close(&s.test);
    return status;
}
