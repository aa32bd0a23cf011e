// Runs a data set's stages: opens the source, lets the transforms change parts and knowledge, and
// either reports what is known or hands the samples over.
#include "data.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "images.h"
#include "source.h"

// ---- What sources share

nnrt_status nnrt_source_integer(const nnrt_call *call, const char *name, int64_t missing,
                                int64_t *value) {
    double number = nnrt_call_number(call, name, NAN);
    *value = missing;
    if (isnan(number)) return NNRT_OK;
    if (fabs(number) > 0x1p53 || number != floor(number))
        return nnrt_fail(NNRT_ERROR, "%s(%s = %g): an integral number is needed", call->name, name,
                         number);
    *value = (int64_t)number;
    return NNRT_OK;
}

void nnrt_source_fingerprint(nnrt_pipeline *pipeline, const void *bytes, int64_t size) {
    pipeline->checksum[0] = (uint32_t)crc32_z(pipeline->checksum[0], bytes, (size_t)size);
    pipeline->checksum[1] = (uint32_t)adler32_z(pipeline->checksum[1], bytes, (size_t)size);
    snprintf(pipeline->info.fingerprint, sizeof pipeline->info.fingerprint, "%08x%08x",
             pipeline->checksum[0], pipeline->checksum[1]);
}

nnrt_column nnrt_source_column(const char *name, int64_t dtype, int64_t rank,
                               const int64_t *shape) {
    nnrt_column column = {.name = name, .dtype = dtype, .rank = rank, .size = 1};
    for (int64_t i = 0; i < rank; i++) {
        column.shape[i] = shape[i];
        if (__builtin_mul_overflow(column.size, shape[i], &column.size)) column.size = INT64_MAX;
    }
    return column;
}

nnrt_samples nnrt_samples_make(const nnrt_pipeline *pipeline, const nnrt_column *column) {
    int64_t count;
    if (__builtin_mul_overflow(pipeline->row_count, column->size, &count)) count = INT64_MAX;
    return (nnrt_samples){*column, nnrt_array_allocate(column->dtype, count)};
}

nnrt_status nnrt_samples_replace(nnrt_samples *old, nnrt_samples samples) {
    if (!samples.values) return NNRT_ERROR;
    free(old->values);
    *old = samples;
    return NNRT_OK;
}

nnrt_status nnrt_source_allocate(nnrt_pipeline *pipeline, int64_t input,
                                 const nnrt_column *column) {
    return nnrt_samples_replace(&pipeline->samples[input], nnrt_samples_make(pipeline, column));
}

void nnrt_source_set_input(nnrt_pipeline *pipeline, nnrt_column column) {
    pipeline->samples[0].column = column;
    pipeline->input_count = 1;
}

nnrt_target_info *nnrt_source_set_labels(nnrt_pipeline *pipeline, int64_t classes) {
    nnrt_target_info *target = &pipeline->info.targets[0];
    pipeline->info.target_count = 1;
    target->column = nnrt_source_column("label", NNRT_I32, 0, NULL);
    target->classes = classes;
    return target;
}

// Blocks of names: {next block, names ..., NULL}.
static void *kept_names;

const char *const *nnrt_source_keep_names(const char *const *names, int64_t count) {
    size_t size = (size_t)(count + 2) * sizeof(char *);
    for (int64_t i = 0; i < count; i++) size += strlen(names[i]) + 1;
    char **block = malloc(size);
    if (!block) {
        nnrt_fail_memory("the names of classes", size);
        return NULL;
    }
    char *text = (char *)(block + count + 2);
    block[0] = kept_names;
    for (int64_t i = 0; i < count; i++) {
        block[i + 1] = text;
        text = stpcpy(text, names[i]) + 1;
    }
    block[count + 1] = NULL;
    kept_names = block;
    return (const char *const *)(block + 1);
}

// ---- The stages

static const nnrt_source *find_source(const char *name) {
    const nnrt_source *const tables[] = {nnrt_file_sources, nnrt_cifar_sources, nnrt_image_sources,
                                         nnrt_toy_sources};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        for (const nnrt_source *row = tables[i]; row->name; row++)
            if (strcmp(row->name, name) == 0) return row;
    return NULL;
}

static nnrt_status apply(nnrt_pipeline *pipeline, const nnrt_call *call) {
    for (const nnrt_transform *row = nnrt_transforms; row->name; row++)
        if (nnrt_call_is(call, row->name)) return row->apply(pipeline, call);
    return nnrt_fail(NNRT_ERROR, "there is no transform `%s`", call->name);
}

static nnrt_status make_rows(nnrt_part *part, int64_t first, int64_t count) {
    part->rows = malloc((size_t)(count + 1) * sizeof *part->rows);
    if (!part->rows)
        return nnrt_fail_memory("the rows of the data", (size_t)count * sizeof(uint32_t));
    part->count = count;
    for (int64_t i = 0; i < count; i++) part->rows[i] = (uint32_t)(first + i);
    return NNRT_OK;
}

static nnrt_status make_parts(nnrt_pipeline *pipeline) {
    int64_t test = pipeline->row_count - pipeline->own_test_rows;
    int64_t train = test - pipeline->own_validation_rows;
    nnrt_status status = make_rows(&pipeline->train, 0, train);
    if (!status && pipeline->own_validation_rows)
        status = make_rows(&pipeline->validation, train, pipeline->own_validation_rows);
    if (!status && pipeline->own_test_rows)
        status = make_rows(&pipeline->test, test, pipeline->own_test_rows);
    return status;
}

// What is known of the inputs, until transforms change it.
static void set_inputs(nnrt_pipeline *pipeline) {
    pipeline->info.input_count = pipeline->input_count;
    for (int64_t i = 0; i < pipeline->input_count; i++)
        pipeline->info.inputs[i] = pipeline->samples[i].column;
}

static void set_counts(nnrt_pipeline *pipeline) {
    pipeline->info.train_rows = pipeline->train.count;
    pipeline->info.validation_rows = pipeline->validation.count;
    pipeline->info.test_rows = pipeline->test.count;
}

// Opens the source and applies the transforms. The samples are read when `want_samples`, or when a
// transform's shape depends on them.
static nnrt_status run(nnrt_pipeline *pipeline, const nnrt_call *stages, int64_t stage_count,
                       int want_samples) {
    const nnrt_source *source = stage_count > 0 ? find_source(stages[0].name) : NULL;
    if (!source)
        return nnrt_fail(NNRT_ERROR, "there is no data source `%s`",
                         stage_count > 0 ? stages[0].name : "");
    nnrt_status opened = source->open(pipeline, &stages[0]);
    int is_known = opened == NNRT_DATA_MISSING && pipeline->row_count > 0;
    set_inputs(pipeline);
    if (opened && !is_known) return opened;
    nnrt_status status = make_parts(pipeline);
    for (int64_t i = 1; i < stage_count && !status; i++) status = apply(pipeline, &stages[i]);
    if (!status) set_counts(pipeline);
    if (!status && !is_known && source->settle) status = source->settle(pipeline);
    want_samples = !is_known && (want_samples || pipeline->one_hot_count > 0);
    if (!status && want_samples && !pipeline->samples[0].values) status = source->read(pipeline);
    if (!status) status = nnrt_transform_finish(pipeline);
    return status ? status : opened;
}

static nnrt_pipeline *make_pipeline(const char *folder) {
    nnrt_pipeline *pipeline = calloc(1, sizeof *pipeline);
    if (!pipeline) {
        nnrt_fail_memory("the data set", sizeof *pipeline);
        return NULL;
    }
    pipeline->folder = folder;
    pipeline->info.scale = 1;
    pipeline->checksum[1] = 1; // Adler's start
    return pipeline;
}

static void free_pipeline(nnrt_pipeline *pipeline) {
    nnrt_images_free(pipeline);
    for (int i = 0; i < NNRT_MAX_COLUMNS; i++) {
        free(pipeline->samples[i].values);
        free(pipeline->targets[i]);
    }
    free(pipeline->is_category);
    free(pipeline->train.rows);
    free(pipeline->validation.rows);
    free(pipeline->test.rows);
    free(pipeline);
}

nnrt_status nnrt_data_inspect(const nnrt_call *stages, int64_t stage_count, const char *folder,
                              nnrt_data_info *info) {
    *info = (nnrt_data_info){.scale = 1};
    nnrt_pipeline *pipeline = make_pipeline(folder);
    if (!pipeline) return NNRT_ERROR;
    nnrt_status status = run(pipeline, stages, stage_count, 0);
    *info = pipeline->info;
    free_pipeline(pipeline);
    return status;
}

static void hand_over(const nnrt_pipeline *pipeline, nnrt_data *data) {
    int64_t inputs = pipeline->info.input_count;
    data->info = pipeline->info;
    for (int64_t i = 0; i < inputs; i++) data->columns[i] = pipeline->samples[i].values;
    for (int64_t i = 0; i < pipeline->info.target_count; i++)
        data->columns[inputs + i] = pipeline->targets[i];
    data->row_count = pipeline->row_count;
    data->train = pipeline->train;
    data->validation = pipeline->validation;
    data->test = pipeline->test;
}

static nnrt_status find_statistics(const nnrt_pipeline *pipeline, nnrt_data *data) {
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < data->info.input_count && data->info.standardize && !status; i++)
        status = nnrt_transform_statistics(data, i, i ? NULL : pipeline->is_category);
    return status;
}

nnrt_status nnrt_data_load(const nnrt_call *stages, int64_t stage_count, const char *folder,
                           nnrt_data *data) {
    *data = (nnrt_data){0};
    nnrt_pipeline *pipeline = make_pipeline(folder);
    if (!pipeline) return NNRT_ERROR;
    nnrt_status status = run(pipeline, stages, stage_count, 1);
    hand_over(pipeline, data);
    data->owner = pipeline;
    if (!status) status = find_statistics(pipeline, data);
    if (status) nnrt_data_free(data);
    return status;
}

nnrt_status nnrt_data_sample(const nnrt_data *data, int64_t input, uint32_t row, void *values) {
    const nnrt_column *column = &data->info.inputs[input];
    const char *held = data->columns[input];
    int64_t bytes = column->size * nnrt_dtype_size(column->dtype);
    if (!held) return nnrt_images_sample(data->owner, row, values);
    memcpy(values, held + row * bytes, (size_t)bytes);
    return NNRT_OK;
}

int nnrt_data_is_picture(const nnrt_column *column) {
    return column->rank == 2 || (column->rank == 3 && column->shape[2] <= 4);
}

int nnrt_data_is_held(const nnrt_data *data) {
    for (int64_t i = 0; i < data->info.input_count; i++)
        if (!data->columns[i]) return 0;
    return 1;
}

int64_t nnrt_data_column_count(const nnrt_data_info *info) {
    return info->input_count + info->target_count;
}

const nnrt_column *nnrt_data_column(const nnrt_data_info *info, int64_t column) {
    return column < info->input_count ? &info->inputs[column]
                                      : &info->targets[column - info->input_count].column;
}

int64_t nnrt_data_find_column(const nnrt_data_info *info, const char *name) {
    for (int64_t i = 0; i < nnrt_data_column_count(info); i++)
        if (strcmp(nnrt_data_column(info, i)->name, name) == 0) return i;
    return -1;
}

void nnrt_data_free(nnrt_data *data) {
    if (data->owner) free_pipeline(data->owner);
    for (int i = 0; i < NNRT_MAX_COLUMNS; i++) {
        free(data->mean[i]);
        free(data->deviation[i]);
    }
    nnrt_data_info info = data->info;
    *data = (nnrt_data){.info = info};
}
