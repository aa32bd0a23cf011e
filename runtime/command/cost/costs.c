// `cost`: what each training block takes, before its first step.
#include "../../base/text/json.h"
#include "../../session/synthetic.h"
#include "../command.h"
#include "cost.h"

#include <stdio.h>

static void print_line(void *owner, const char *line) {
    (void)owner;
    puts(line);
}

static void put_forecast(nnrt_json *json, const nnrt_forecast *forecast) {
    nnrt_json_open(json, "forecast", '{');
    nnrt_json_string(json, "how", "measured");
    nnrt_json_string(json, "data", forecast->is_made_up ? "made up" : "real");
    nnrt_json_integer(json, "threads", forecast->threads);
    nnrt_json_number(json, "step_seconds", forecast->step);
    if (forecast->epoch > 0) {
        nnrt_json_number(json, "epoch_seconds", forecast->epoch);
        nnrt_json_number(json, "validation_seconds", forecast->validation);
    }
    nnrt_json_number(json, "roof_flops", forecast->roof.flops);
    nnrt_json_number(json, "roof_bytes", forecast->roof.bytes);
    nnrt_json_close(json, '}');
}

static void put_cost(nnrt_json *json, const nnrt_program *program, const nnrt_cost *cost) {
    const nnrt_training *training = cost->training;
    nnrt_json_open(json, NULL, '{');
    nnrt_json_string(json, "model", program->models[training->model].name);
    nnrt_json_integer(json, "batch", cost->batch);
    nnrt_json_integer(json, "epochs", cost->epochs);
    nnrt_json_integer(json, "parameters", cost->parameters);
    nnrt_json_number(json, "step_flops", cost->step.flops);
    nnrt_json_number(json, "step_bytes", cost->step.bytes);
    if (cost->epoch.flops > 0) {
        nnrt_json_number(json, "epoch_flops", cost->epoch.flops);
        nnrt_json_number(json, "epoch_bytes", cost->epoch.bytes);
    }
    if (training->peak_bytes) nnrt_json_integer(json, "peak_bytes", training->peak_bytes);
    put_forecast(json, &cost->forecast);
    nnrt_json_close(json, '}');
}

static nnrt_status find_cost(nnrt_session *session, const nnrt_training *training,
                             nnrt_cost *cost) {
    nnrt_forecast forecast = {0};
    nnrt_status status = nnrt_synthetic_stand_in(session, training, &forecast.is_made_up);
    if (!status) status = nnrt_session_initialize(session, (uint64_t)session->options->seed);
    if (!status)
        status = nnrt_forecast_measure(&forecast, session, training, session->options->batch);
    if (!status) *cost = nnrt_cost_of(session, training, forecast.batch, training->epochs);
    cost->forecast = forecast;
    nnrt_session_drop_arenas(session);
    if (forecast.is_made_up) nnrt_synthetic_free(session);
    return status;
}

nnrt_status nnrt_command_cost(nnrt_session *session) {
    const nnrt_program *program = session->program;
    nnrt_status status = NNRT_OK;
    nnrt_json json = {0};
    if (!program->training_count)
        return nnrt_fail(NNRT_ERROR, "`%s` has no `train` block, so there is nothing to forecast",
                         program->source_path);
    nnrt_json_open(&json, NULL, '{');
    nnrt_json_open(&json, "trainings", '[');
    for (int64_t i = 0; i < program->training_count && !status; i++) {
        nnrt_cost cost;
        status = find_cost(session, &program->trainings[i], &cost);
        if (status) break;
        put_cost(&json, program, &cost);
        if (session->options->json) continue;
        if (program->training_count > 1)
            printf("%straining %d of %d\n", i ? "\n" : "", (int)i + 1,
                   (int)program->training_count);
        nnrt_cost_tell(&cost, print_line, NULL);
    }
    nnrt_json_close(&json, ']');
    nnrt_json_close(&json, '}');
    if (session->options->json && !status)
        nnrt_json_print(&json);
    else
        nnrt_json_free(&json);
    return status;
}
