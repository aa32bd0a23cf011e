// One lock guards who makes what; it is taken once for some 32 KB of samples. A batch is opened
// when its buffer is free, its samples are handed out in portions, and it is complete when all
// portions are done. That much a worker sees without the lock.
#include "loader.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/clock.h"
#include "../formats/array.h"
#include "../workers/team.h"
#include "transforms/pictures/augment.h"

enum { RING = 4, PORTION_BYTES = 32 << 10, MAX_THREADS = 16 };

typedef struct Slot { // the batch of one step
    char *columns[NNRT_MAX_COLUMNS];
    int64_t step, rows;
    int64_t next, done;      // samples that were handed out, that are made
    _Atomic int64_t is_made; // step + 1, when it is complete
} Slot;

typedef struct Pass {
    const uint32_t *rows;
    int64_t count, batch, steps, epoch;
    uint64_t seed;
} Pass;

typedef struct Maker { // a thread of the loader
    nnrt_loader *loader;
    void *sample; // room for one of any input
    pthread_t handle;
} Maker;

struct nnrt_loader {
    const nnrt_data *data;
    int is_augmented;
    int64_t column_count, bytes[NNRT_MAX_COLUMNS]; // of a sample of each column
    int64_t input_bytes;                           // of the largest input
    int64_t portion;                               // samples handed out at a time
    uint32_t *index;                               // 0, 1, 2 ...
    void **samples;                                // room for one, of each worker
    int workers;
    Slot slots[RING];
    Pass pass;
    pthread_mutex_t lock;
    pthread_cond_t work, made; // there is something to do; a batch is complete, or nobody is busy
    int64_t opened, released;  // steps before these are opened, done
    int busy;                  // portions at work
    int is_closing;
    nnrt_status status;
    char message[4096];
    double waited;
    Maker makers[MAX_THREADS];
    int maker_count;
};

int nnrt_loader_is_needed(const nnrt_data *data, nnrt_purpose purpose) {
    return (purpose == NNRT_FOR_TRAINING && data->info.augment.kinds) ||
           (!nnrt_data_is_held(data) && data->row_count > 0);
}

// ---- One sample.

// All pictures of a sample are changed alike: their random numbers are the same.
static nnrt_status make_input(const nnrt_loader *loader, int64_t input, uint32_t row, void *sample,
                              char *to) {
    const nnrt_data *data = loader->data;
    const nnrt_column *column = &data->info.inputs[input];
    const char *held = data->columns[input], *from = sample;
    nnrt_status status = NNRT_OK;
    if (!loader->is_augmented || !nnrt_data_is_picture(column))
        return nnrt_data_sample(data, input, row, to);
    if (held)
        from = held + row * loader->bytes[input];
    else
        status = nnrt_data_sample(data, input, row, sample);
    if (status) return status;
    nnrt_random random = nnrt_augment_random(loader->pass.seed, loader->pass.epoch, row);
    nnrt_augment_sample(&data->info.augment, column, &random, from, to);
    return NNRT_OK;
}

static nnrt_status make_sample(const nnrt_loader *loader, const Slot *slot, int64_t place,
                               uint32_t row, void *sample) {
    const nnrt_data *data = loader->data;
    nnrt_status failed = NNRT_OK;
    for (int64_t i = 0; i < loader->column_count; i++) {
        size_t bytes = (size_t)loader->bytes[i];
        char *to = slot->columns[i] + place * loader->bytes[i];
        nnrt_status status = i < data->info.input_count ? make_input(loader, i, row, sample, to)
                                                        : nnrt_data_sample(data, i, row, to);
        if (!status) continue;
        memset(to, 0, bytes);
        failed = status;
    }
    return failed;
}

// ---- Portions. The lock is held but for the making itself.

static Slot *slot_of(nnrt_loader *loader, int64_t step) {
    return &loader->slots[step % RING];
}

static void open_batches(nnrt_loader *loader) {
    const Pass *pass = &loader->pass;
    for (; loader->opened < pass->steps && loader->opened < loader->released + RING;
         loader->opened++) {
        Slot *slot = slot_of(loader, loader->opened);
        int64_t left = pass->count - loader->opened * pass->batch;
        slot->step = loader->opened;
        slot->rows = left < pass->batch ? left : pass->batch;
        slot->next = slot->done = 0;
        pthread_cond_broadcast(&loader->work);
    }
}

// The first batch, up to that of step `last`, that has samples to be made.
static Slot *find_work(nnrt_loader *loader, int64_t last) {
    for (int64_t step = loader->released; step < loader->opened && step <= last; step++) {
        Slot *slot = slot_of(loader, step);
        if (slot->next < slot->rows) return slot;
    }
    return NULL;
}

static void note_failure(nnrt_loader *loader, nnrt_status status) {
    if (loader->status) return;
    loader->status = status;
    snprintf(loader->message, sizeof loader->message, "%s", nnrt_error());
}

static nnrt_status make_samples(const nnrt_loader *loader, const Slot *slot, int64_t first,
                                int64_t end, void *sample) {
    const uint32_t *rows = loader->pass.rows + slot->step * loader->pass.batch;
    nnrt_status failed = NNRT_OK;
    for (int64_t i = first; i < end; i++) {
        nnrt_status status = make_sample(loader, slot, i, rows[i], sample);
        if (status) failed = status;
    }
    return failed;
}

static void make_portion(nnrt_loader *loader, Slot *slot, void *sample) {
    int64_t first = slot->next, end = first + loader->portion;
    if (end > slot->rows) end = slot->rows;
    slot->next = end;
    loader->busy++;
    pthread_mutex_unlock(&loader->lock);
    nnrt_status status = make_samples(loader, slot, first, end, sample);
    pthread_mutex_lock(&loader->lock);
    loader->busy--;
    if (status) note_failure(loader, status);
    slot->done += end - first;
    if (slot->done == slot->rows)
        atomic_store_explicit(&slot->is_made, slot->step + 1, memory_order_release);
    if (slot->done == slot->rows || !loader->busy) pthread_cond_broadcast(&loader->made);
}

static void *maker_main(void *argument) {
    Maker *maker = argument;
    nnrt_loader *loader = maker->loader;
    nnrt_flush_denormals(); // as the workers do: who makes a sample does not matter
    pthread_mutex_lock(&loader->lock);
    while (!loader->is_closing) {
        Slot *slot = find_work(loader, INT64_MAX);
        if (slot)
            make_portion(loader, slot, maker->sample);
        else
            pthread_cond_wait(&loader->work, &loader->lock);
    }
    pthread_mutex_unlock(&loader->lock);
    return NULL;
}

// ---- Passes.

void nnrt_loader_stop(nnrt_loader *loader) {
    if (!loader) return;
    pthread_mutex_lock(&loader->lock);
    loader->opened = loader->released = loader->pass.steps = 0;
    while (loader->busy) pthread_cond_wait(&loader->made, &loader->lock);
    for (int i = 0; i < RING; i++) atomic_store(&loader->slots[i].is_made, 0);
    pthread_mutex_unlock(&loader->lock);
}

void nnrt_loader_start(nnrt_loader *loader, const uint32_t *rows, int64_t count, int64_t batch,
                       int64_t first, int64_t steps, uint64_t seed, int64_t epoch) {
    nnrt_loader_stop(loader);
    pthread_mutex_lock(&loader->lock);
    loader->pass = (Pass){rows, count, batch, steps, epoch, seed};
    loader->waited = 0;
    loader->opened = loader->released = first;
    open_batches(loader);
    pthread_mutex_unlock(&loader->lock);
}

void nnrt_loader_release(nnrt_loader *loader, int64_t step) {
    if (step <= loader->released) return; // only the caller changes it
    pthread_mutex_lock(&loader->lock);
    loader->released = step;
    open_batches(loader);
    pthread_mutex_unlock(&loader->lock);
}

static int is_made(Slot *slot, int64_t step) {
    return atomic_load_explicit(&slot->is_made, memory_order_acquire) == step + 1;
}

// Makes what is left of the batch, then waits for the last portions of others.
static void complete(nnrt_loader *loader, int64_t step, int worker) {
    Slot *slot = slot_of(loader, step);
    pthread_mutex_lock(&loader->lock);
    while (!is_made(slot, step)) {
        Slot *work = find_work(loader, step);
        if (work)
            make_portion(loader, work, loader->samples[worker]);
        else
            pthread_cond_wait(&loader->made, &loader->lock);
    }
    pthread_mutex_unlock(&loader->lock);
}

nnrt_batch nnrt_loader_take(nnrt_loader *loader, int64_t step, int worker) {
    Slot *slot = slot_of(loader, step);
    if (worker == 0) nnrt_loader_release(loader, step - 1);
    if (!is_made(slot, step)) {
        double start = worker == 0 ? nnrt_seconds() : 0;
        complete(loader, step, worker);
        if (worker == 0) loader->waited += nnrt_seconds() - start;
    }
    nnrt_batch result = {.index = loader->index};
    for (int64_t i = 0; i < loader->column_count; i++) result.columns[i] = slot->columns[i];
    return result;
}

nnrt_status nnrt_loader_status(nnrt_loader *loader) {
    pthread_mutex_lock(&loader->lock);
    nnrt_status status = loader->status;
    if (status) nnrt_fail(status, "%s", loader->message);
    pthread_mutex_unlock(&loader->lock);
    return status;
}

double nnrt_loader_waited(const nnrt_loader *loader) {
    return loader ? loader->waited : 0;
}

// ---- Memory and threads.

// Returns the bytes of a sample in all columns.
static int64_t measure(nnrt_loader *loader) {
    const nnrt_data_info *info = &loader->data->info;
    int64_t sum = 0;
    loader->column_count = nnrt_data_column_count(info);
    for (int64_t i = 0; i < loader->column_count; i++) {
        const nnrt_column *column = nnrt_data_column(info, i);
        int64_t bytes = loader->bytes[i] = column->size * nnrt_dtype_size(column->dtype);
        if (i < info->input_count && bytes > loader->input_bytes) loader->input_bytes = bytes;
        sum += bytes;
    }
    return sum;
}

static int allocate(nnrt_loader *loader, int64_t batch) {
    const nnrt_data_info *info = &loader->data->info;
    loader->index = malloc((size_t)batch * sizeof *loader->index);
    loader->samples = calloc((size_t)loader->workers, sizeof *loader->samples);
    if (!loader->index || !loader->samples) return 0;
    for (int64_t i = 0; i < batch; i++) loader->index[i] = (uint32_t)i;
    for (int64_t i = 0; i < RING * loader->column_count; i++) {
        const nnrt_column *column = nnrt_data_column(info, i / RING);
        char **place = &loader->slots[i % RING].columns[i / RING];
        *place = nnrt_array_allocate(column->dtype, batch * column->size);
        if (!*place) return 0;
    }
    for (int i = 0; i < loader->workers; i++)
        if (!(loader->samples[i] = malloc((size_t)loader->input_bytes))) return 0;
    return 1;
}

// Without any, the workers make everything.
static void start_makers(nnrt_loader *loader, int threads) {
    for (int i = 0; i < threads && i < MAX_THREADS; i++) {
        Maker *maker = &loader->makers[i];
        maker->loader = loader;
        maker->sample = malloc((size_t)loader->input_bytes);
        if (!maker->sample) return;
        if (pthread_create(&maker->handle, NULL, maker_main, maker) != 0) {
            free(maker->sample);
            return;
        }
        loader->maker_count++;
    }
}

nnrt_loader *nnrt_loader_create(const nnrt_data *data, nnrt_purpose purpose, int64_t batch,
                                int workers, int threads) {
    nnrt_loader *loader = calloc(1, sizeof *loader);
    if (!loader) {
        nnrt_fail_memory("making batches", sizeof *loader);
        return NULL;
    }
    loader->data = data;
    loader->workers = workers;
    loader->is_augmented = purpose == NNRT_FOR_TRAINING && data->info.augment.kinds != 0;
    int64_t bytes = measure(loader);
    loader->portion = PORTION_BYTES / loader->input_bytes;
    if (loader->portion < 1 || !nnrt_data_is_in_memory(data)) loader->portion = 1;
    pthread_mutex_init(&loader->lock, NULL);
    pthread_cond_init(&loader->work, NULL);
    pthread_cond_init(&loader->made, NULL);
    if (!allocate(loader, batch)) {
        nnrt_fail_memory("batches that are made ahead", (size_t)(RING * batch * bytes));
        nnrt_loader_free(loader);
        return NULL;
    }
    // One thread augments faster than workers read; files take time and wait for disks.
    if (threads < 0) threads = nnrt_data_is_in_memory(data) ? 1 : nnrt_cpu_count();
    start_makers(loader, threads);
    return loader;
}

static void stop_makers(nnrt_loader *loader) {
    pthread_mutex_lock(&loader->lock);
    loader->is_closing = 1;
    pthread_cond_broadcast(&loader->work);
    pthread_mutex_unlock(&loader->lock);
    for (int i = 0; i < loader->maker_count; i++) {
        pthread_join(loader->makers[i].handle, NULL);
        free(loader->makers[i].sample);
    }
}

void nnrt_loader_free(nnrt_loader *loader) {
    if (!loader) return;
    stop_makers(loader);
    for (int i = 0; i < RING; i++)
        for (int j = 0; j < NNRT_MAX_COLUMNS; j++) free(loader->slots[i].columns[j]);
    for (int i = 0; i < loader->workers && loader->samples; i++) free(loader->samples[i]);
    free(loader->samples);
    free(loader->index);
    pthread_cond_destroy(&loader->made);
    pthread_cond_destroy(&loader->work);
    pthread_mutex_destroy(&loader->lock);
    free(loader);
}
