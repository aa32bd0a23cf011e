// Of groups the step is made, of steps the epoch, and of parts the memory.
#include "cost.h"

#include <string.h>

static void add_work(CostAmount *sum, const nnrt_work *work, double runs, double samples) {
    sum->flops += work->step_flops * runs + work->sample_flops * samples;
    sum->bytes += work->step_bytes * runs + work->sample_bytes * samples;
}

CostAmount cost_of_runs(const nnrt_group *group, double runs, double samples) {
    return (CostAmount){group->step_flops * runs + group->sample_flops * samples,
                        group->step_bytes * runs + group->sample_bytes * samples};
}

// So many batches of so many samples in all.
static void add_training(CostAmount *sum, const GenCost *cost, double batches, double samples) {
    for (int i = 0; i < cost->step_count; i++) {
        const GenStepCost *own = &cost->steps[i];
        double repeat = (double)own->step->repeat;
        add_work(sum, &own->train.work, batches * repeat, samples * repeat);
        add_work(sum, &own->update.work, batches * repeat / (double)own->step->accumulate, 0);
    }
}

static void add_validation(CostAmount *sum, const GenCost *cost, double batches, double samples) {
    for (int i = 0; i < cost->step_count; i++)
        add_work(sum, &cost->steps[i].evaluate.work, batches, samples);
}

CostTotal cost_total(const GenCost *cost) {
    const Training *training = cost->training;
    const nnrt_data_info *info = training->dataset ? &training->dataset->info : NULL;
    CostTotal total = {.batch = training->batch};
    if (cost->memory.is_known) {
        total.samples = info->train_rows;
        if (total.batch > total.samples) total.batch = total.samples;
    }
    add_training(&total.step, cost, 1, (double)total.batch);
    if (!total.samples) return total;
    total.steps = divide_up(total.samples, total.batch);
    add_training(&total.epoch, cost, (double)total.steps, (double)total.samples);
    if (info->validation_rows)
        add_validation(&total.validation, cost,
                       (double)divide_up(info->validation_rows, training->batch),
                       (double)info->validation_rows);
    total.epoch.flops += total.validation.flops;
    total.epoch.bytes += total.validation.bytes;
    return total;
}

void cost_parts(const GenMemory *memory, CostPart parts[COST_PARTS]) {
    const CostPart all[COST_PARTS] = {
        {"data set", "data", memory->data},
        {"window of the data on the disk", "window", memory->window},
        {"order of the samples", "order", memory->order},
        {"weights", "weights", memory->weights},
        {"optimizer state", "optimizer", memory->optimizer},
        {"gradients and activations", "steps", memory->steps},
        {"activations of validation and test", "evaluation", memory->evaluation},
        {"blocks of products", "scratch", memory->scratch},
        {"copy of the state, or a tensor that is written", "copy", memory->copy},
        {"the program itself", "program", memory->program}};
    memcpy(parts, all, sizeof all);
}
