// How long a step and an epoch take, as the program itself measures (runtime/command/cost/): it is
// compiled as `nnc run` does it, and stays in the cache.
#include "../cached.h"
#include "../measured.h"
#include "cost.h"

#include "../../../runtime/base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static double number(const json_t *object, const char *name) {
    return json_number_value(json_object_get(object, name));
}

static CostForecast forecast_of(const json_t *json) {
    const char *data = json_string_value(json_object_get(json, "data"));
    return (CostForecast){.is_known = number(json, "step_seconds") > 0,
                          .is_made_up = data && strcmp(data, "real") != 0,
                          .step = number(json, "step_seconds"),
                          .epoch = number(json, "epoch_seconds"),
                          .validation = number(json, "validation_seconds"),
                          .roof_flops = number(json, "roof_flops"),
                          .roof_bytes = number(json, "roof_bytes"),
                          .threads = json_integer_value(json_object_get(json, "threads"))};
}

// What would be too large is not tried. NULL: it will fit.
static const char *too_large(Session *session, const GenCosts *costs) {
    for (int i = 0; i < costs->count; i++) {
        const GenMemory *memory = &costs->items[i].memory;
        if (memory->is_known && memory->peak > nnrt_free_memory())
            return arena_format(session->arena, "%.1f GB are needed, and %.1f GB are free",
                                1e-9 * (double)memory->peak, 1e-9 * (double)nnrt_free_memory());
    }
    return NULL;
}

static json_t *run(Session *session, const char *path, const char **problem) {
    char *const words[] = {"program", "cost", "--json", NULL};
    int handle = open(path, O_RDONLY | O_CLOEXEC);
    if (handle < 0) {
        *problem = strerror(errno);
        return NULL;
    }
    json_t *json = measured_run(session, handle, words, problem);
    close(handle);
    return json;
}

bool cost_forecast(Session *session, const GenCosts *costs, CostForecast *forecasts) {
    if (!costs->count) return true;
    const char *problem = too_large(session, costs);
    const char *path = problem ? NULL : cached_executable(session);
    if (!problem && !path) return false;
    json_t *json = path ? run(session, path, &problem) : NULL;
    const json_t *trainings = json_object_get(json, "trainings");
    for (int i = 0; i < costs->count; i++) {
        const json_t *own = json_object_get(json_array_get(trainings, (size_t)i), "forecast");
        forecasts[i] = forecast_of(own);
        forecasts[i].problem = json ? NULL : problem;
    }
    json_decref(json);
    return true;
}
