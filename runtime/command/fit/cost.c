// What a training block takes, from what the compiler says of its functions: as `nnc cost`.
#include "fit.h"

#include "../../base/text/number.h"
#include "../../session/models.h"

typedef struct amount {
    double flops, bytes;
} amount;

static void add(amount *sum, const nnrt_work *work, double runs, double samples) {
    sum->flops += work->step_flops * runs + work->sample_flops * samples;
    sum->bytes += work->step_bytes * runs + work->sample_bytes * samples;
}

// So many batches of so many samples in all.
static void add_training(amount *sum, const nnrt_training *training, double batches,
                         double samples) {
    for (int64_t i = 0; i < training->step_count; i++) {
        const nnrt_train_step *step = &training->steps[i];
        double repeat = (double)step->repeat;
        add(sum, &step->train.work, batches * repeat, samples * repeat);
        add(sum, &step->update.work, batches * repeat / (double)step->accumulate, 0);
    }
}

static void tell(const nnrt_fit *f, const char *name, double step, double epoch) {
    char texts[2][NNRT_GROUPED_NUMBER];
    nnrt_progress_note(&f->progress, "%s: %s a step, %s an epoch", name,
                       nnrt_number_grouped((int64_t)step, texts[0]),
                       nnrt_number_grouped((int64_t)epoch, texts[1]));
}

void nnrt_fit_tell_cost(const nnrt_fit *f) {
    const nnrt_training *training = f->trainer.training;
    const nnrt_data *data = &f->session->data;
    int64_t batch = f->trainer.batch, count = data->train.count, tested = data->validation.count;
    int64_t parameters = nnrt_model_parameters(&f->session->program->models[training->model]);
    amount step = {0}, epoch = {0};
    char text[NNRT_GROUPED_NUMBER];
    add_training(&step, training, 1, (double)batch);
    add_training(&epoch, training, (double)nnrt_step_count(count, batch), (double)count);
    for (int64_t i = 0; i < training->step_count && tested; i++)
        add(&epoch, &training->steps[i].evaluate.work,
            (double)nnrt_step_count(tested, training->batch), (double)tested);
    nnrt_progress_note(&f->progress, "Parameters: %s", nnrt_number_grouped(parameters, text));
    tell(f, "FLOP", step.flops, epoch.flops);
    tell(f, "Bytes moved", step.bytes, epoch.bytes);
    if (training->peak_bytes)
        nnrt_progress_note(&f->progress, "Peak memory: %s bytes",
                           nnrt_number_grouped(training->peak_bytes, text));
}
