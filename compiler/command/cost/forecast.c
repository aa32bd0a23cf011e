// How long a step and an epoch take, measured: the program is built, and runs steps of its own code
// for a second. Validation is counted by its share of the operations.
#include "../measured.h"
#include "cost.h"

#include "../../driver/cache.h"

#include <unistd.h>

static const double seconds_measured = 2;

static CostForecast forecast_of(const GenCost *cost, const json_t *json) {
    CostTotal total = cost_total(cost);
    double rate = json_number_value(json_object_get(json, "train_samples_per_second"));
    const char *data = json_string_value(json_object_get(json, "data"));
    CostForecast forecast = {.threads = json_integer_value(json_object_get(json, "threads"))};
    if (!(rate > 0)) return forecast;
    double training = total.epoch.flops - total.validation.flops;
    forecast.is_known = true;
    forecast.is_made_up = data && !strcmp(data, "synthetic");
    forecast.step = (double)total.batch / rate;
    forecast.epoch = (double)total.samples / rate;
    forecast.validation = total.validation.flops / training * forecast.epoch;
    if (!total.samples) forecast.validation = 0;
    forecast.epoch += forecast.validation;
    return forecast;
}

// `bench` measures the last training.
bool cost_forecast(Session *session, const GenCosts *costs, CostForecast *forecast) {
    *forecast = (CostForecast){0};
    if (!costs->count) return true;
    char *folder = cache_folder(session->arena, session->sink);
    if (!folder) return false;
    int handle = measured_build(session, arena_format(session->arena, "%s/measured", folder));
    if (handle < 0) return false;
    json_t *json = measured_run(session, handle, seconds_measured, false);
    close(handle);
    if (!json) return false;
    *forecast = forecast_of(&costs->items[costs->count - 1], json);
    json_decref(json);
    return true;
}
