#include "cost.h"

#include "../../base/text/number.h"
#include "../../session/models.h"
#include "../../session/steps.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

// ---- What the compiler says.

static void add(nnrt_work_done *sum, const nnrt_work *work, double runs, double samples) {
    sum->flops += work->step_flops * runs + work->sample_flops * samples;
    sum->bytes += work->step_bytes * runs + work->sample_bytes * samples;
}

// So many batches of so many samples in all.
static void add_training(nnrt_work_done *sum, const nnrt_training *training, double batches,
                         double samples) {
    for (int64_t i = 0; i < training->step_count; i++) {
        const nnrt_train_step *step = &training->steps[i];
        double repeat = (double)step->repeat;
        add(sum, &step->train.work, batches * repeat, samples * repeat);
        add(sum, &step->update.work, batches * repeat / (double)step->accumulate, 0);
    }
}

nnrt_cost nnrt_cost_of(const nnrt_session *session, const nnrt_training *training, int64_t batch,
                       int64_t epochs) {
    const nnrt_data *data = &session->data;
    int64_t count = data->train.count, tested = data->validation.count;
    nnrt_cost cost = {.training = training, .batch = batch, .epochs = epochs};
    cost.parameters = nnrt_model_parameters(&session->program->models[training->model]);
    add_training(&cost.step, training, 1, (double)batch);
    if (!session->has_data) return cost;
    add_training(&cost.epoch, training, (double)nnrt_step_count(count, batch), (double)count);
    for (int64_t i = 0; i < training->step_count && tested; i++)
        add(&cost.epoch, &training->steps[i].evaluate.work,
            (double)nnrt_step_count(tested, training->batch), (double)tested);
    return cost;
}

// ---- As text.

typedef struct teller {
    nnrt_cost_line *line;
    void *owner;
} teller;

__attribute__((format(printf, 2, 3))) static void tell(const teller *t, const char *format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    t->line(t->owner, text);
}

static void tell_amount(const teller *t, const char *name, double step, double epoch) {
    char texts[2][NNRT_GROUPED_NUMBER];
    nnrt_number_grouped((int64_t)step, texts[0]);
    nnrt_number_grouped((int64_t)epoch, texts[1]);
    if (epoch > 0)
        tell(t, "%s: %s a step, %s an epoch", name, texts[0], texts[1]);
    else
        tell(t, "%s: %s a step", name, texts[0]);
}

enum { TIME = 32 };

// "12.3 us", "1.23 ms", "4.56 s", "7.8 min", "9.1 h"
static const char *print_time(char text[TIME], double seconds) {
    if (seconds < 1e-3)
        snprintf(text, TIME, "%.1f us", seconds * 1e6);
    else if (seconds < 1)
        snprintf(text, TIME, "%.2f ms", seconds * 1e3);
    else if (seconds < 100)
        snprintf(text, TIME, "%.2f s", seconds);
    else if (seconds < 6000)
        snprintf(text, TIME, "%.1f min", seconds / 60);
    else
        snprintf(text, TIME, "%.1f h", seconds / 3600);
    return text;
}

// What operations alone would take; what is read and written may lie in caches.
static void tell_roofs(const teller *t, const nnrt_cost *cost) {
    const nnrt_roof *roof = &cost->forecast.roof;
    char least[TIME];
    if (!(roof->flops > 0) || !(roof->bytes > 0)) return;
    print_time(least, cost->step.flops / roof->flops);
    tell(t, "Roofs, measured: %.0f GFLOP/s, %.1f GB/s of memory: a step takes at least %s",
         1e-9 * roof->flops, 1e-9 * roof->bytes, least);
}

static void tell_forecast(const teller *t, const nnrt_cost *cost) {
    const nnrt_forecast *forecast = &cost->forecast;
    char step[TIME], epoch[TIME], all[TIME], rest[3 * TIME] = "";
    if (!(forecast->step > 0)) return;
    tell_roofs(t, cost);
    if (forecast->epoch > 0)
        snprintf(rest, sizeof rest, ", %s an epoch, %s in all", print_time(epoch, forecast->epoch),
                 print_time(all, forecast->epoch * (double)cost->epochs));
    tell(t, "Forecast, measured with %" PRId64 " thread%s%s: %s a step%s", forecast->threads,
         forecast->threads > 1 ? "s" : "", forecast->is_made_up ? " on made-up data" : "",
         print_time(step, forecast->step), rest);
}

void nnrt_cost_tell(const nnrt_cost *cost, nnrt_cost_line *line, void *owner) {
    const teller t = {line, owner};
    char text[NNRT_GROUPED_NUMBER];
    tell(&t, "Parameters: %s", nnrt_number_grouped(cost->parameters, text));
    tell_amount(&t, "FLOP", cost->step.flops, cost->epoch.flops);
    tell_amount(&t, "Bytes moved", cost->step.bytes, cost->epoch.bytes);
    if (cost->training->peak_bytes)
        tell(&t, "Peak memory: %s bytes", nnrt_number_grouped(cost->training->peak_bytes, text));
    tell_forecast(&t, cost);
}
