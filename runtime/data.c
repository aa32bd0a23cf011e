// Runs a data set's stages: opens the source, lets the transforms change parts and knowledge, and
// either reports what is known or hands the samples over.
#include "data.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

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
        column.size *= shape[i];
    }
    return column;
}

// ---- The stages

static const nnrt_source *find_source(const char *name) {
    const nnrt_source *const tables[] = {nnrt_file_sources, nnrt_toy_sources};
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
        return nnrt_fail(NNRT_ERROR, "not enough memory for %lld rows", (long long)count);
    part->count = count;
    for (int64_t i = 0; i < count; i++) part->rows[i] = (uint32_t)(first + i);
    return NNRT_OK;
}

static nnrt_status make_parts(nnrt_pipeline *pipeline) {
    int64_t train = pipeline->row_count - pipeline->own_test_rows;
    nnrt_status status = make_rows(&pipeline->train, 0, train);
    if (status || pipeline->own_test_rows == 0) return status;
    return make_rows(&pipeline->test, train, pipeline->own_test_rows);
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
    if (opened && !is_known) return opened;
    nnrt_status status = make_parts(pipeline);
    for (int64_t i = 1; i < stage_count && !status; i++) status = apply(pipeline, &stages[i]);
    if (!status) set_counts(pipeline);
    want_samples = !is_known && (want_samples || pipeline->one_hot_count > 0);
    if (!status && want_samples && !pipeline->input) status = source->read(pipeline);
    if (!status) status = nnrt_transform_finish(pipeline);
    return status ? status : opened;
}

static nnrt_pipeline *make_pipeline(const char *folder) {
    nnrt_pipeline *pipeline = calloc(1, sizeof *pipeline);
    if (!pipeline) {
        nnrt_fail(NNRT_ERROR, "out of memory");
        return NULL;
    }
    pipeline->folder = folder;
    pipeline->info.scale = 1;
    pipeline->checksum[1] = 1; // Adler's start
    return pipeline;
}

static void free_pipeline(nnrt_pipeline *pipeline) {
    free(pipeline->input);
    free(pipeline->target);
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

nnrt_status nnrt_data_load(const nnrt_call *stages, int64_t stage_count, const char *folder,
                           nnrt_data *data) {
    *data = (nnrt_data){0};
    nnrt_pipeline *pipeline = make_pipeline(folder);
    if (!pipeline) return NNRT_ERROR;
    nnrt_status status = run(pipeline, stages, stage_count, 1);
    if (!status && pipeline->info.standardize)
        status = nnrt_transform_statistics(pipeline, &data->mean, &data->deviation);
    data->info = pipeline->info;
    if (status) {
        free_pipeline(pipeline);
        nnrt_data_free(data);
        return status;
    }
    data->input = pipeline->input;
    data->target = pipeline->target;
    data->row_count = pipeline->row_count;
    data->train = pipeline->train;
    data->validation = pipeline->validation;
    data->test = pipeline->test;
    data->owner = pipeline;
    return NNRT_OK;
}

void nnrt_data_free(nnrt_data *data) {
    if (data->owner) free_pipeline(data->owner);
    free(data->mean);
    free(data->deviation);
    nnrt_data_info info = data->info;
    *data = (nnrt_data){.info = info};
}
