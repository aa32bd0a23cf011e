#include "samples.h"

#include "../../formats/array.h"
#include "../outputs.h"
#include "pixel.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

nnrt_status nnrt_samples_open(nnrt_samples *samples, nnrt_session *session,
                              const nnrt_training *training) {
    *samples = (nnrt_samples){.session = session};
    if (!training->samples.run) return NNRT_OK;
    samples->training = training;
    nnrt_status status = nnrt_sample_files_folder(session, samples->folder);
    return status ? status : nnrt_sample_files_open(samples->folder);
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
    const nnrt_column *column = &samples->training->samples.columns[number];
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
    for (int64_t i = 0; i < samples->training->samples.column_count && !status; i++) {
        const nnrt_column *column = &samples->training->samples.columns[i];
        own[i] = nnrt_array_allocate(column->dtype, column->size * context->rows);
        status = own[i] ? read_column(samples, i, context->rows, own[i]) : NNRT_ERROR;
        context->columns[i] = own[i];
    }
    return status;
}

static nnrt_status run_function(const nnrt_samples *samples, uint32_t *index,
                                nnrt_context *context) {
    const nnrt_data *data = &samples->session->data;
    void *own[NNRT_MAX_COLUMNS] = {0};
    const nnrt_function *function = &samples->training->samples;
    int64_t count = samples->training->sample_count;
    double loss;
    *context = nnrt_session_context(samples->session, function);
    if (!context->arena) return NNRT_ERROR;
    context->rows = count;
    if (function->column_count && choose_part(data)->count < count)
        context->rows = choose_part(data)->count;
    for (int64_t i = 0; i < count; i++) index[i] = (uint32_t)i;
    context->index = index;
    context->loss = &loss;
    context->step = 1;
    context->team = samples->session->team;
    nnrt_status status = read_columns(samples, context, own);
    call c = {function->run, context};
    if (!status) nnrt_team_run(samples->session->team, 1, run_worker, &c);
    for (int i = 0; i < NNRT_MAX_COLUMNS; i++) free(own[i]);
    return status;
}

// ---- The grid: as many columns as lines, or one more.

static nnrt_status grid_open(nnrt_grid *grid, const nnrt_training *training) {
    const nnrt_output *output = &training->samples.outputs[0];
    int64_t columns = 1, count = training->sample_count;
    while (columns * columns < count) columns++;
    return nnrt_grid_open(grid, columns, (count + columns - 1) / columns, output->shape[0],
                          output->shape[1], output->rank == 3 ? output->shape[2] : 1);
}

static void draw_sample(const nnrt_grid *grid, const nnrt_pixel *pixel, const float *values,
                        int64_t number) {
    int64_t size = grid->width * grid->channels;
    for (int64_t y = 0; y < grid->height; y++) {
        uint8_t *line = nnrt_grid_line(grid, number, y);
        for (int64_t x = 0; x < size; x++) line[x] = nnrt_pixel_byte(pixel, values[y * size + x]);
    }
}

static nnrt_status draw(const nnrt_samples *samples, const nnrt_grid *grid) {
    const nnrt_output *output = &samples->training->samples.outputs[0];
    nnrt_pixel pixel = nnrt_pixel_of(nnrt_session_dataset(samples->session));
    size_t bytes = (size_t)samples->training->sample_count * sizeof(uint32_t);
    uint32_t *index = malloc(bytes);
    if (!index) return nnrt_fail_memory("the pictures of an epoch", bytes);
    nnrt_context context;
    nnrt_status status = run_function(samples, index, &context);
    for (int64_t i = 0; !status && i < context.rows; i++)
        draw_sample(grid, &pixel, context.arena + output->offset + i * output->stride, i);
    free(index);
    return status;
}

// The folder may have become another since the training began.
static nnrt_status write(const nnrt_samples *samples, const nnrt_grid *grid, int64_t epoch) {
    char path[PATH_MAX], *paths[] = {path};
    nnrt_sample_files_path(samples->folder, epoch, path);
    nnrt_status status = nnrt_sample_files_open(samples->folder);
    if (!status) status = nnrt_outputs_check_files(samples->session, "samples", paths, 1);
    if (status) return status;
    return nnrt_grid_write(grid, nnrt_file_create_here(path));
}

nnrt_status nnrt_samples_draw(const nnrt_samples *samples, nnrt_grid *grid) {
    nnrt_status status = grid_open(grid, samples->training);
    return status ? status : draw(samples, grid);
}

nnrt_status nnrt_samples_save(const nnrt_samples *samples, int64_t epoch) {
    nnrt_grid grid = {0};
    if (!samples->training) return NNRT_OK;
    nnrt_status status = nnrt_samples_draw(samples, &grid);
    if (!status) status = write(samples, &grid, epoch);
    nnrt_grid_free(&grid);
    return status;
}
