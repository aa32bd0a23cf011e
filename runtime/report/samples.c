#include "samples.h"

#include "../formats/array.h"
#include "../formats/encode_png.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SIDE = 4, GAP = 2, MAX_BYTE = 255 }; // pictures in a row, pixels between them

nnrt_status nnrt_samples_open(nnrt_samples *samples, nnrt_session *session,
                              const nnrt_training *training) {
    memset(samples, 0, sizeof *samples);
    samples->session = session;
    if (!training->samples.run) return NNRT_OK;
    const char *path = session->weights_path, *dot = strrchr(path, '.');
    int length = dot ? (int)(dot - path) : (int)strlen(path);
    int size = snprintf(samples->folder, PATH_MAX, "%.*s-samples", length, path);
    if (size >= PATH_MAX) return nnrt_fail(NNRT_USAGE, "`%s` is too long", path);
    if (mkdir(samples->folder, 0777) != 0 && errno != EEXIST)
        return nnrt_fail(NNRT_ERROR, "the folder `%s` cannot be made: %s", samples->folder,
                         strerror(errno));
    samples->function = &training->samples;
    return NNRT_OK;
}

// ---- Running the function.

typedef struct call {
    nnrt_step *run;
    const nnrt_context *context;
} call;

static void run_worker(void *argument, int thread, int threads) {
    const call *c = argument;
    nnrt_context context = *c->context;
    context.thread = thread;
    context.threads = threads;
    c->run(&context);
}

// What it reads of the data: rows of the part that is nearest to a test.
static const nnrt_part *choose_part(const nnrt_data *data) {
    return data->validation.count ? &data->validation
           : data->test.count     ? &data->test
                                  : &data->train;
}

static nnrt_status read_column(const nnrt_samples *samples, int64_t number, int64_t rows,
                               char *values) {
    const nnrt_data *data = &samples->session->data;
    const nnrt_part *part = choose_part(data);
    const nnrt_column *column = &samples->function->columns[number];
    size_t bytes = (size_t)column->size * (size_t)nnrt_dtype_size(column->dtype);
    int source = nnrt_session_source(samples->session, column);
    nnrt_status status = NNRT_OK;
    for (int64_t row = 0; row < rows && !status; row++) {
        char *place = values + (size_t)row * bytes;
        const char *held = data->columns[source];
        if (held)
            memcpy(place, held + (size_t)part->rows[row] * bytes, bytes);
        else
            status = nnrt_data_sample(data, source, part->rows[row], place);
    }
    return status;
}

// Rows of the data one after the other, whether they are in memory or not.
static nnrt_status read_columns(const nnrt_samples *samples, nnrt_context *context, void **own) {
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < samples->function->column_count && !status; i++) {
        const nnrt_column *column = &samples->function->columns[i];
        own[i] = nnrt_array_allocate(column->dtype, column->size * context->rows);
        status = own[i] ? read_column(samples, i, context->rows, own[i]) : NNRT_ERROR;
        context->columns[i] = own[i];
    }
    return status;
}

static nnrt_status run_function(const nnrt_samples *samples, nnrt_context *context) {
    const nnrt_data *data = &samples->session->data;
    void *own[NNRT_MAX_COLUMNS] = {0};
    uint32_t index[NNRT_SAMPLES];
    double loss;
    *context = nnrt_session_context(samples->session, samples->function);
    if (!context->arena) return NNRT_ERROR;
    int64_t most = samples->function->column_count ? choose_part(data)->count : NNRT_SAMPLES;
    context->rows = most < NNRT_SAMPLES ? most : NNRT_SAMPLES;
    for (uint32_t i = 0; i < NNRT_SAMPLES; i++) index[i] = i;
    context->index = index;
    context->loss = &loss;
    context->step = 1;
    context->team = samples->session->team;
    nnrt_status status = read_columns(samples, context, own);
    call c = {samples->function->run, context};
    if (!status) nnrt_team_run(samples->session->team, 1, run_worker, &c);
    for (int i = 0; i < NNRT_MAX_COLUMNS; i++) free(own[i]);
    return status;
}

// ---- The grid.

// As bytes were scaled for the model: (x - offset) / scale; without a scale, 0 to 1.
static uint8_t byte_of(const nnrt_data_info *info, float value) {
    double scale = info->scale != 0 && info->scale != 1 ? info->scale : 1.0 / MAX_BYTE;
    double byte = ((double)value - info->offset) / scale;
    return byte >= MAX_BYTE ? MAX_BYTE : byte > 0 ? (uint8_t)lrint(byte) : 0;
}

static void draw_sample(const nnrt_samples *samples, const float *values, int64_t number,
                        int64_t width, uint8_t *grid) {
    const nnrt_output *output = &samples->function->outputs[0];
    int64_t height = output->shape[0], own = output->shape[1];
    int64_t channels = output->rank == 3 ? output->shape[2] : 1;
    int64_t top = number / SIDE * (height + GAP), left = number % SIDE * (own + GAP);
    for (int64_t y = 0; y < height; y++)
        for (int64_t x = 0; x < own * channels; x++)
            grid[((top + y) * width + left) * channels + x] =
                byte_of(&samples->session->data.info, values[y * own * channels + x]);
}

nnrt_status nnrt_samples_save(const nnrt_samples *samples, int64_t epoch) {
    nnrt_context context;
    char path[PATH_MAX + 32];
    if (!samples->function) return NNRT_OK;
    const nnrt_output *output = &samples->function->outputs[0];
    int64_t height = SIDE * (output->shape[0] + GAP) - GAP;
    int64_t width = SIDE * (output->shape[1] + GAP) - GAP;
    int64_t channels = output->rank == 3 ? output->shape[2] : 1;
    size_t bytes = (size_t)(height * width * channels);
    uint8_t *grid = malloc(bytes);
    if (!grid) return nnrt_fail_memory("the pictures of an epoch", bytes);
    memset(grid, MAX_BYTE, bytes);
    nnrt_status status = run_function(samples, &context);
    for (int64_t i = 0; !status && i < context.rows; i++)
        draw_sample(samples, context.arena + output->offset + i * output->stride, i, width, grid);
    snprintf(path, sizeof path, "%s/epoch-%04" PRId64 ".png", samples->folder, epoch);
    if (!status) status = nnrt_png_write(path, height, width, channels, grid);
    free(grid);
    return status;
}
