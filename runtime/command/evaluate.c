#include "evaluate.h"

#include "../base/interrupt.h"
#include "../session/models.h"
#include "../session/targets.h"
#include "command.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double chunk_seconds = 0.05;

// ---- The evaluator.

static int64_t largest_part(const nnrt_data *data) {
    int64_t count = data->train.count;
    if (data->validation.count > count) count = data->validation.count;
    return data->test.count > count ? data->test.count : count;
}

static nnrt_status open_confusion(nnrt_evaluator *evaluator, int64_t number) {
    const nnrt_training *training = evaluator->training;
    const nnrt_loss *loss = &training->losses[number];
    const nnrt_output *output = &training->steps[0].evaluate.outputs[loss->output];
    int64_t classes = nnrt_confusion_size(output);
    int64_t found = nnrt_targets_classes(evaluator->session, training, number);
    if (!found || classes < found) return NNRT_OK;
    int64_t vector = output->rank ? output->shape[output->rank - 1] : 1;
    nnrt_confusion *confusion = &evaluator->confusions[number];
    confusion->of_places = output->size > vector;
    confusion->output = loss->label;
    return nnrt_confusion_open(confusion, classes,
                               loss->class_count == classes ? loss->classes : NULL);
}

static nnrt_status open_reports(nnrt_evaluator *evaluator, int with_confusion) {
    const nnrt_training *training = evaluator->training;
    const nnrt_session *session = evaluator->session;
    if (!nnrt_training_loss(training)) return NNRT_OK; // steps of one's own: what they minimize
    nnrt_status status =
        nnrt_output_metrics_open(&evaluator->metrics, session, training,
                                 &training->steps[0].evaluate, nnrt_team_size(session->team));
    for (int64_t i = 0; i < training->loss_count && with_confusion && !status; i++)
        status = open_confusion(evaluator, i);
    return status;
}

static nnrt_status open_loader(nnrt_evaluator *evaluator) {
    const nnrt_session *session = evaluator->session;
    int64_t batch = evaluator->training->batch, samples = largest_part(&session->data);
    if (!nnrt_loader_is_needed(&session->data, NNRT_FOR_EVALUATION)) return NNRT_OK;
    if (batch > samples) batch = samples;
    evaluator->loader = nnrt_loader_create(&session->data, NNRT_FOR_EVALUATION, batch,
                                           nnrt_team_size(session->team), -1);
    return evaluator->loader ? NNRT_OK : NNRT_ERROR;
}

static nnrt_status open_turns(nnrt_evaluator *evaluator) {
    const nnrt_training *training = evaluator->training;
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < training->step_count && !status; i++) {
        const nnrt_train_step *step = &training->steps[i];
        nnrt_turn turn;
        status = nnrt_turn_open(&turn, evaluator->session, &step->evaluate, step->report_count);
        if (!status) nnrt_pass_add(&evaluator->pass, &turn);
    }
    return status;
}

static nnrt_status allocate_losses(nnrt_evaluator *evaluator) {
    int64_t samples = largest_part(&evaluator->session->data);
    size_t size = (size_t)nnrt_step_count(samples, evaluator->training->batch) *
                  (size_t)evaluator->pass.values * sizeof(double);
    evaluator->losses = malloc(size);
    evaluator->order = malloc((size_t)(samples + 1) * sizeof *evaluator->order);
    if (evaluator->losses && evaluator->order) return NNRT_OK;
    return nnrt_fail_memory("the losses of an evaluation", size);
}

static int64_t useful_threads(const nnrt_training *training) {
    int64_t threads = 1;
    for (int64_t i = 0; i < training->step_count; i++)
        if (training->steps[i].evaluate.threads > threads)
            threads = training->steps[i].evaluate.threads;
    return threads;
}

nnrt_status nnrt_evaluator_open(nnrt_evaluator *evaluator, nnrt_session *session,
                                const nnrt_training *training, int with_confusion) {
    memset(evaluator, 0, sizeof *evaluator);
    evaluator->session = session;
    evaluator->training = training;
    int workers = nnrt_team_size(session->team);
    if (workers > useful_threads(training)) workers = (int)useful_threads(training);
    nnrt_pace_start(&evaluator->pace, workers);
    nnrt_status status = open_reports(evaluator, with_confusion);
    if (!status) status = open_turns(evaluator);
    if (!status) status = allocate_losses(evaluator);
    if (!status) status = open_loader(evaluator);
    if (status) nnrt_evaluator_close(evaluator);
    return status;
}

void nnrt_evaluator_close(nnrt_evaluator *evaluator) {
    nnrt_loader_free(evaluator->loader);
    nnrt_output_metrics_free(&evaluator->metrics);
    for (int i = 0; i < NNRT_MAX_COLUMNS; i++) nnrt_confusion_free(&evaluator->confusions[i]);
    free(evaluator->losses);
    free(evaluator->order);
    memset(evaluator, 0, sizeof *evaluator);
}

// Steps count from 1.
static void show_samples(const nnrt_evaluator *evaluator, const nnrt_function *function,
                         const nnrt_context *context) {
    int64_t first, end, batch = evaluator->pass.batch;
    nnrt_own_samples(function, context, &first, &end);
    for (int64_t i = 0; i < evaluator->metrics.count; i++) {
        nnrt_view view = evaluator->metrics.views[i];
        nnrt_view_batch(&view, function, context, &evaluator->training->losses[i]);
        evaluator->observe(evaluator->observer, i, &view,
                           ((int64_t)context->step - 1) * batch + first);
    }
}

static void after_step(void *argument, const nnrt_context *context) {
    nnrt_evaluator *evaluator = argument;
    const nnrt_training *training = evaluator->training;
    const nnrt_function *function = &training->steps[0].evaluate;
    nnrt_output_metrics_update(&evaluator->metrics, function, context);
    if (evaluator->observe) show_samples(evaluator, function, context);
    for (int64_t i = 0; i < training->loss_count; i++) {
        if (!evaluator->confusions[i].classes) continue;
        const nnrt_loss *loss = &training->losses[i];
        nnrt_view view = nnrt_loss_view(evaluator->session, function, loss);
        nnrt_view_batch(&view, function, context, loss);
        nnrt_confusion_update(&evaluator->confusions[i], &view);
    }
}

static int has_confusion(const nnrt_evaluator *evaluator) {
    for (int64_t i = 0; i < evaluator->training->loss_count; i++)
        if (evaluator->confusions[i].classes) return 1;
    return 0;
}

static nnrt_status run_pass(nnrt_evaluator *evaluator) {
    nnrt_pass *pass = &evaluator->pass;
    nnrt_status status = NNRT_OK;
    while (!status && nnrt_pass_advance(pass, chunk_seconds)) {
        if (nnrt_interrupted()) status = nnrt_fail(NNRT_INTERRUPTED, "interrupted");
        if (evaluator->progress) nnrt_progress_look(evaluator->progress, pass->step, pass->steps);
    }
    return status;
}

nnrt_status nnrt_evaluator_run(nnrt_evaluator *evaluator, const nnrt_part *part, const char *prefix,
                               nnrt_log *log) {
    nnrt_pass *pass = &evaluator->pass;
    pass->team = evaluator->session->team;
    pass->pace = &evaluator->pace;
    pass->data = &evaluator->session->data;
    pass->rows = part->rows;
    pass->count = part->count;
    pass->batch = evaluator->training->batch;
    pass->losses = evaluator->losses;
    pass->argument = evaluator;
    if (pass->keeps) {
        nnrt_order_strands(part->rows, part->count, pass->batch, evaluator->order);
        pass->rows = evaluator->order;
    }
    nnrt_pass_forget(pass);
    pass->step = 0;
    pass->steps = nnrt_step_count(pass->count, pass->batch);
    if (evaluator->metrics.has_any || has_confusion(evaluator) || evaluator->observe)
        pass->after = after_step;
    nnrt_output_metrics_reset(&evaluator->metrics);
    nnrt_pass_load(pass, evaluator->loader);
    nnrt_status status = run_pass(evaluator);
    if (!status && evaluator->loader) status = nnrt_loader_status(evaluator->loader);
    if (status) return status;
    nnrt_log_add(log, prefix, evaluator->training, pass, &evaluator->metrics);
    return NNRT_OK;
}

// ---- The command.

const nnrt_part *nnrt_evaluated_part(const nnrt_data *data, const char **name) {
    if (data->test.count) return *name = "test", &data->test;
    if (data->validation.count) return *name = "validation", &data->validation;
    return *name = "train", &data->train;
}

// Of several outputs each stands under its name.
static void put_confusions(const nnrt_evaluator *evaluator, nnrt_json *json) {
    int64_t count = evaluator->training->loss_count;
    int are_several = count > 1 && has_confusion(evaluator);
    if (are_several) nnrt_json_open(json, "outputs", '{');
    for (int64_t i = 0; i < count; i++) {
        const nnrt_confusion *confusion = &evaluator->confusions[i];
        if (!confusion->classes) continue;
        if (are_several) nnrt_json_open(json, confusion->output, '{');
        nnrt_confusion_json(confusion, json);
        if (are_several) nnrt_json_close(json, '}');
    }
    if (are_several) nnrt_json_close(json, '}');
}

// Of predictions in int8: the values in float32, and how far theirs are from them.
static void put_exact(const nnrt_log *log, const nnrt_log *exact, nnrt_json *json) {
    if (!exact->count) return;
    nnrt_json_string(json, "precision", "int8");
    nnrt_json_open(json, "float32", '{');
    nnrt_log_json(exact, json);
    nnrt_json_close(json, '}');
    nnrt_json_open(json, "difference", '{');
    for (int64_t i = 0; i < log->count; i++)
        nnrt_json_number(json, log->values[i].name, log->values[i].value - exact->values[i].value);
    nnrt_json_close(json, '}');
}

static void print_json(const nnrt_evaluator *evaluator, const nnrt_part *part, const char *name,
                       const nnrt_log *log, const nnrt_log *exact) {
    nnrt_json json = {0};
    nnrt_json_open(&json, NULL, '{');
    nnrt_json_string(&json, "part", name);
    nnrt_json_integer(&json, "samples", part->count);
    nnrt_log_json(log, &json);
    put_exact(log, exact, &json);
    put_confusions(evaluator, &json);
    nnrt_json_close(&json, '}');
    nnrt_json_print(&json);
}

// "float32 - loss: 0.2210 (int8 +0.0003) - accuracy: 0.9213 (int8 -0.0004)"
static void print_exact(const nnrt_log *log, const nnrt_log *exact) {
    if (!exact->count) return;
    printf("float32");
    for (int64_t i = 0; i < exact->count; i++)
        printf(" - %s: %.4f (int8 %+.4f)", exact->values[i].name, exact->values[i].value,
               log->values[i].value - exact->values[i].value);
    putchar('\n');
}

static void print_text(const nnrt_evaluator *evaluator, const nnrt_part *part, const char *name,
                       const nnrt_log *log, const nnrt_log *exact) {
    char text[NNRT_LOG_TEXT];
    nnrt_log_text(log, text, sizeof text);
    printf("%s (%" PRId64 " samples)%s%s\n", name, part->count, exact->count ? ", int8" : "", text);
    print_exact(log, exact);
    for (int64_t i = 0; i < evaluator->training->loss_count; i++)
        if (evaluator->confusions[i].classes) nnrt_confusion_print(&evaluator->confusions[i]);
}

// Without a confusion matrix.
static nnrt_status evaluate_exact(nnrt_session *session, const nnrt_part *part, nnrt_log *log) {
    nnrt_evaluator evaluator;
    nnrt_status status =
        nnrt_evaluator_open(&evaluator, session, nnrt_session_training(session), 0);
    if (status) return status;
    status = nnrt_evaluator_run(&evaluator, part, "", log);
    nnrt_evaluator_close(&evaluator);
    return status;
}

int nnrt_evaluates_int8(const nnrt_training *training) {
    return training->step_count == 1 && training->steps[0].quantized.run != NULL;
}

const nnrt_training *nnrt_training_in_int8(const nnrt_training *training,
                                           nnrt_quantized_training *quantized) {
    *quantized = (nnrt_quantized_training){*training, training->steps[0]};
    quantized->step.evaluate = training->steps[0].quantized;
    quantized->step.evaluate_at = -1;
    quantized->training.steps = &quantized->step;
    return &quantized->training;
}

static nnrt_status evaluate(nnrt_session *session) {
    const nnrt_training *training = nnrt_session_training(session);
    nnrt_evaluator evaluator;
    nnrt_log log = {0}, exact = {0};
    const char *name;
    const nnrt_part *part = nnrt_evaluated_part(&session->data, &name);
    nnrt_quantized_training quantized;
    nnrt_status status = NNRT_OK;
    if (nnrt_evaluates_int8(training)) {
        status = evaluate_exact(session, part, &exact);
        training = nnrt_training_in_int8(training, &quantized);
    }
    if (!status) status = nnrt_evaluator_open(&evaluator, session, training, 1);
    if (status) return status;
    if (part != &session->data.test)
        fprintf(stderr, "note: the data set has no test part; this is its %s part\n", name);
    status = nnrt_evaluator_run(&evaluator, part, "", &log);
    if (!status) {
        (session->options->json ? print_json : print_text)(&evaluator, part, name, &log, &exact);
    }
    nnrt_evaluator_close(&evaluator);
    return status;
}

static nnrt_status fail_untrained(const nnrt_session *session) {
    const char *model = session->options->model;
    if (model && session->program->training_count)
        return nnrt_fail(NNRT_ERROR,
                         "`%s` has no `train` block for the model `%s`, so there is "
                         "nothing to evaluate",
                         session->program->source_path, model);
    return nnrt_fail(NNRT_ERROR, "`%s` has no `train` block, so there is nothing to evaluate",
                     session->program->source_path);
}

// Of another file of the same kind: all of its rows are the test part.
static nnrt_status evaluate_rows(nnrt_session *session, const nnrt_model *model) {
    const char *path = session->options->inputs[0];
    const nnrt_dataset *dataset = nnrt_session_dataset(session);
    if (!nnrt_data_takes_rows(&dataset->stages[0]))
        return nnrt_fail(NNRT_USAGE,
                         "`%s`: only a table can be another file, and the data set `%s` "
                         "is none; leave it out to evaluate its own test part",
                         path, dataset->name);
    nnrt_status status = nnrt_session_load_trained(session, model);
    if (!status) status = nnrt_session_load_rows(session, path, 0);
    if (!status && !session->data.test.count)
        status = nnrt_fail(NNRT_ERROR, "`%s`: the stages of the data set `%s` leave no row", path,
                           dataset->name);
    return status ? status : evaluate(session);
}

nnrt_status nnrt_command_evaluate(nnrt_session *session) {
    const nnrt_training *training = nnrt_session_training(session);
    if (!training) return fail_untrained(session);
    // Steps may have other models in their expressions.
    const nnrt_model *model =
        nnrt_training_loss(training) ? &session->program->models[training->model] : NULL;
    session->dataset = training->dataset;
    if (session->options->input_count) return evaluate_rows(session, model);
    nnrt_status status = nnrt_session_load_data(session);
    if (!status) status = nnrt_session_load_trained(session, model);
    return status ? status : evaluate(session);
}
