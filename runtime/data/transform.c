// Transforms change parts (lists of rows) and what is known; the values in memory stay as they were
// read, but for one_hot. `scale` and `standardize` are computed by the compiled program.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/random.h"
#include "../formats/resize.h"
#include "augment.h"
#include "source.h"

// ---- scale, standardize, take

static nnrt_status apply_scale(nnrt_pipeline *pipeline, const nnrt_call *call) {
    nnrt_data_info *info = &pipeline->info;
    double scale = nnrt_call_number(call, "a", 1), offset = nnrt_call_number(call, "offset", 0);
    if (isnan(offset)) offset = 0;
    if (!isfinite(scale) || !isfinite(offset))
        return nnrt_fail(NNRT_ERROR, "scale(%g, offset = %g): both must be finite numbers", scale,
                         offset);
    if (info->standardize)
        return nnrt_fail(NNRT_ERROR, "`scale` stands after `standardize`: put it before");
    if (pipeline->one_hot_count > 0)
        return nnrt_fail(NNRT_ERROR, "`scale` stands after `one_hot`, whose columns stay 0 and 1: "
                                     "use `standardize` instead");
    info->scale *= scale;
    info->offset = info->offset * scale + offset;
    return NNRT_OK;
}

static nnrt_status apply_standardize(nnrt_pipeline *pipeline, const nnrt_call *call) {
    (void)call;
    pipeline->info.standardize = 1;
    return NNRT_OK;
}

static nnrt_status apply_take(nnrt_pipeline *pipeline, const nnrt_call *call) {
    int64_t count;
    nnrt_status status = nnrt_source_integer(call, "n", 0, &count);
    if (status) return status;
    if (count < 1 || count > pipeline->train.count)
        return nnrt_fail(NNRT_ERROR, "take(%lld): the training part has %lld rows",
                         (long long)count, (long long)pipeline->train.count);
    pipeline->train.count = count;
    return NNRT_OK;
}

// ---- resize, augment

// All inputs that are pictures go through `resize` and `augment`; one at least must be.
static nnrt_status check_pictures(const nnrt_pipeline *pipeline, const char *name) {
    const nnrt_data_info *info = &pipeline->info;
    for (int64_t i = 0; i < info->input_count; i++)
        if (nnrt_data_is_picture(&info->inputs[i])) return NNRT_OK;
    if (info->input_count > 1)
        return nnrt_fail(NNRT_ERROR,
                         "%s(..): none of the %lld inputs is a picture, [height, width] or "
                         "[height, width, channels]",
                         name, (long long)info->input_count);
    return nnrt_fail(NNRT_ERROR,
                     "%s(..): the samples are no pictures, [height, width] or [height, width, "
                     "channels], but have %lld dimension%s",
                     name, (long long)info->inputs[0].rank, info->inputs[0].rank == 1 ? "" : "s");
}

static nnrt_status resize_column(nnrt_column *input, int64_t height, int64_t width) {
    int64_t shape[] = {height, width, input->shape[2]};
    *input = nnrt_source_column(input->name, input->dtype, input->rank, shape);
    if (input->size <= NNRT_ARRAY_MAX_BYTES / nnrt_dtype_size(input->dtype)) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR, "resize(%lld, %lld): one such picture is larger than any memory",
                     (long long)height, (long long)width);
}

static nnrt_status apply_resize(nnrt_pipeline *pipeline, const nnrt_call *call) {
    int64_t height, width;
    nnrt_data_info *info = &pipeline->info;
    nnrt_status status = nnrt_source_integer(call, "height", 0, &height);
    if (!status) status = nnrt_source_integer(call, "width", 0, &width);
    if (!status) status = check_pictures(pipeline, "resize");
    if (status) return status;
    if (height < 1 || width < 1 || height > INT32_MAX || width > INT32_MAX)
        return nnrt_fail(NNRT_ERROR, "resize(%lld, %lld): pictures have at least one pixel",
                         (long long)height, (long long)width);
    if (pipeline->is_resized) return nnrt_fail(NNRT_ERROR, "resize(..) stands twice");
    pipeline->is_resized = 1;
    for (int64_t i = 0; i < info->input_count && !status; i++)
        if (nnrt_data_is_picture(&info->inputs[i]))
            status = resize_column(&info->inputs[i], height, width);
    return status;
}

static nnrt_status apply_augment(nnrt_pipeline *pipeline, const nnrt_call *call) {
    nnrt_status status = check_pictures(pipeline, "augment");
    return status ? status : nnrt_augment_add(&pipeline->info.augment, call);
}

// ---- split

typedef struct Split {
    nnrt_pipeline *pipeline;
    double fraction;
    int64_t count; // rows that go to the new part
    int has_seed, stratify;
    int64_t target; // whose classes keep their shares
    uint64_t seed;
    uint32_t stream;
} Split;

// The first target that is a class of the sample; -1: none is.
static int64_t class_target(const nnrt_data_info *info) {
    for (int64_t i = 0; i < info->target_count; i++)
        if (info->targets[i].classes > 0 && info->targets[i].column.rank <= 1) return i;
    return -1;
}

// The class of a row, of labels or of a one-hot target.
static int64_t row_class(const Split *split, uint32_t row) {
    const nnrt_column *target = &split->pipeline->info.targets[split->target].column;
    const void *labels = split->pipeline->targets[split->target];
    if (target->dtype == NNRT_I32) return ((const int32_t *)labels)[row];
    const float *values = (const float *)labels + row * target->size;
    int64_t class = 0;
    while (class + 1 < target->size && values[class] == 0) class ++;
    return class;
}

// How many rows of each class go to the new part: shares of the running total, rounded down, so
// that their sum is exact and no share is off by 1 or more.
static int64_t *make_quotas(const Split *split) {
    const nnrt_part *train = &split->pipeline->train;
    int64_t classes = split->pipeline->info.targets[split->target].classes, before = 0;
    int64_t *quotas = calloc((size_t)classes, sizeof *quotas);
    if (!quotas) return NULL;
    for (int64_t i = 0; i < train->count; i++) quotas[row_class(split, train->rows[i])]++;
    for (int64_t i = 0; i < classes; i++) {
        uint64_t start = (uint64_t)before, end = start + (uint64_t)quotas[i];
        before = (int64_t)end;
        quotas[i] = (int64_t)(end * (uint64_t)split->count / (uint64_t)train->count) -
                    (int64_t)(start * (uint64_t)split->count / (uint64_t)train->count);
    }
    return quotas;
}

// Moves rows from the end of the training part; of each class its quota, or any (quotas NULL).
static void move_rows(const Split *split, nnrt_part *part, int64_t *quotas) {
    nnrt_part *train = &split->pipeline->train;
    int64_t end = train->count, left = split->count;
    for (int64_t i = train->count - 1; i >= 0; i--) {
        uint32_t row = train->rows[i];
        int64_t *quota = quotas ? &quotas[row_class(split, row)] : &left;
        if (left > 0 && *quota > 0) {
            if (quotas) --*quota;
            part->rows[--left] = row;
        } else {
            train->rows[--end] = row;
        }
    }
    memmove(train->rows, train->rows + end, (size_t)(train->count - end) * sizeof *train->rows);
    train->count -= end;
}

static nnrt_status make_part(const Split *split, nnrt_part *part) {
    nnrt_part *train = &split->pipeline->train;
    int64_t *quotas = NULL;
    part->rows = malloc((size_t)split->count * sizeof *part->rows);
    if (split->stratify) quotas = make_quotas(split);
    if (!part->rows || (split->stratify && !quotas)) {
        free(quotas);
        return nnrt_fail_memory("the parts of a split", (size_t)split->count * sizeof *part->rows);
    }
    part->count = split->count;
    if (split->has_seed) {
        nnrt_random random = nnrt_random_make(split->seed, NNRT_RANDOM_DATA, split->stream);
        nnrt_random_shuffle(&random, train->rows, train->count);
    }
    move_rows(split, part, quotas);
    free(quotas);
    return NNRT_OK;
}

// A fraction of the whole training part, of `rows`, becomes `part`: as many rows as Keras's
// validation_split takes, n - floor(n * (1 - fraction)).
static nnrt_status split_part(Split *split, int64_t rows, nnrt_part *part, const char *name) {
    if (isnan(split->fraction) || split->fraction == 0) return NNRT_OK;
    if (!(split->fraction > 0 && split->fraction < 1))
        return nnrt_fail(NNRT_ERROR, "split(%s = %g): the fraction is between 0 and 1", name,
                         split->fraction);
    if (part->count > 0)
        return nnrt_fail(NNRT_ERROR,
                         "split(%s = %g): the data have a %s part already, of %lld rows; leave "
                         "`%s` out",
                         name, split->fraction, name, (long long)part->count, name);
    split->count = rows - (int64_t)floor((double)rows * (1 - split->fraction) + 1e-9);
    if (split->count >= split->pipeline->train.count)
        return nnrt_fail(NNRT_ERROR, "split(%s = %g): none of the %lld rows is left for training",
                         name, split->fraction, (long long)rows);
    return make_part(split, part);
}

static nnrt_status apply_split(nnrt_pipeline *pipeline, const nnrt_call *call) {
    int64_t seed;
    Split split = {.pipeline = pipeline, .stratify = nnrt_call_number(call, "stratify", 0) > 0};
    nnrt_status status = nnrt_source_integer(call, "seed", 0, &seed);
    if (status) return status;
    split.has_seed = !isnan(nnrt_call_number(call, "seed", NAN));
    split.seed = (uint64_t)seed;
    split.target = class_target(&pipeline->info);
    if (split.stratify && split.target < 0)
        return nnrt_fail(NNRT_ERROR, "split(stratify = true): %s",
                         pipeline->info.target_count > 1 ? "none of the targets is a class"
                                                         : "the target is not a class");
    if (!split.stratify || !pipeline->targets[split.target])
        split.stratify = 0; // files missing: only the counts matter
    split.fraction = nnrt_call_number(call, "test", NAN);
    split.stream = NNRT_STREAM_TEST;
    int64_t rows = pipeline->train.count;
    status = split_part(&split, rows, &pipeline->test, "test");
    if (status) return status;
    split.fraction = nnrt_call_number(call, "validation", NAN);
    split.stream = NNRT_STREAM_VALIDATION;
    return split_part(&split, rows, &pipeline->validation, "validation");
}

// ---- one_hot

static nnrt_status one_hot_target(nnrt_pipeline *pipeline, int64_t number) {
    const nnrt_target_info *target = &pipeline->info.targets[number];
    if (target->classes == 0)
        return nnrt_fail(NNRT_ERROR, "one_hot(%s): the target is not a class label",
                         target->column.name);
    if (target->one_hot || pipeline->one_hot_targets[number])
        return nnrt_fail(NNRT_ERROR, "one_hot(%s): the target is one-hot already",
                         target->column.name);
    pipeline->one_hot_targets[number] = 1;
    return NNRT_OK;
}

static nnrt_status one_hot_column(nnrt_pipeline *pipeline, double number) {
    const nnrt_column *input = &pipeline->info.inputs[0];
    int64_t column = (int64_t)number, *list = pipeline->one_hot;
    int place = 0;
    if (pipeline->info.input_count > 1)
        return nnrt_fail(NNRT_ERROR,
                         "one_hot(%g): the data set has %lld inputs; only a single one has columns "
                         "with numbers",
                         number, (long long)pipeline->info.input_count);
    if (input->rank != 1 || (double)column != number || column >= input->size)
        return nnrt_fail(NNRT_ERROR, "one_hot(%g): samples have %lld columns, 0 to %lld", number,
                         (long long)(input->rank == 1 ? input->size : 0),
                         (long long)(input->rank == 1 ? input->size - 1 : 0));
    if (pipeline->one_hot_count == NNRT_PIPELINE_MAX_ONE_HOT)
        return nnrt_fail(NNRT_ERROR, "one_hot: at most %d columns", NNRT_PIPELINE_MAX_ONE_HOT);
    while (place < pipeline->one_hot_count && list[place] < column) place++;
    if (place < pipeline->one_hot_count && list[place] == column)
        return nnrt_fail(NNRT_ERROR, "one_hot(%lld): column %lld is one-hot already",
                         (long long)column, (long long)column);
    memmove(list + place + 1, list + place,
            (size_t)(pipeline->one_hot_count - place) * sizeof *list);
    list[place] = column;
    pipeline->one_hot_count++;
    return NNRT_OK;
}

// The only target is `target`, and `label` where it is one, whatever its name is; -1: none.
static int64_t find_target(const nnrt_pipeline *pipeline, const char *name) {
    const nnrt_data_info *info = &pipeline->info;
    for (int64_t i = 0; i < info->target_count; i++)
        if (strcmp(name, info->targets[i].column.name) == 0) return i;
    if (info->target_count != 1) return -1;
    int is_label = strcmp(name, "label") == 0 && info->targets[0].classes > 0;
    return is_label || strcmp(name, "target") == 0 ? 0 : -1;
}

// "`same`, `digit`"
static const char *target_names(const nnrt_pipeline *pipeline, char *text, size_t size) {
    size_t used = 0;
    text[0] = 0;
    for (int64_t i = 0; i < pipeline->info.target_count && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s`%s`", i ? ", " : "",
                                 pipeline->info.targets[i].column.name);
    return text;
}

static nnrt_status apply_one_hot(nnrt_pipeline *pipeline, const nnrt_call *call) {
    const char *name = nnrt_call_text(call, "column", NULL);
    char names[1024];
    if (!name) {
        double number = nnrt_call_number(call, "column", NAN);
        if (number >= 0 && number < INT32_MAX) return one_hot_column(pipeline, number);
        return nnrt_fail(NNRT_ERROR, "one_hot: which column?");
    }
    int64_t number = find_target(pipeline, name);
    if (number >= 0) return one_hot_target(pipeline, number);
    if (pipeline->info.target_count > 1)
        return nnrt_fail(NNRT_ERROR, "one_hot(%s): there is no target `%s`; the targets are %s",
                         name, name, target_names(pipeline, names, sizeof names));
    const char *target = pipeline->info.targets[0].column.name;
    return nnrt_fail(
        NNRT_ERROR,
        "one_hot(%s): there is no column `%s`; one_hot(%s) is possible, and the number "
        "of a column of the samples, from 0",
        name, name, target ? target : "target");
}

const nnrt_transform nnrt_transforms[] = {{"scale", apply_scale},
                                          {"standardize", apply_standardize},
                                          {"take", apply_take},
                                          {"split", apply_split},
                                          {"one_hot", apply_one_hot},
                                          {"resize", apply_resize},
                                          {"augment", apply_augment},
                                          {"flip", apply_augment},
                                          {"crop", apply_augment},
                                          {"rotate", apply_augment},
                                          {"shift", apply_augment},
                                          {"shear", apply_augment},
                                          {"zoom", apply_augment},
                                          {"brightness", apply_augment},
                                          {0}};

// ---- At the end: one_hot of the target

static nnrt_status finish_target(nnrt_pipeline *pipeline, int64_t number) {
    nnrt_target_info *target = &pipeline->info.targets[number];
    int64_t classes = target->classes, shape[1] = {classes}, size;
    target->column = nnrt_source_column(target->column.name, NNRT_F32, 1, shape);
    target->one_hot = 1;
    target->highest.value = target->uneven.value = 1;
    const int32_t *labels = pipeline->targets[number];
    if (!labels) return NNRT_OK;
    if (__builtin_mul_overflow(pipeline->row_count, classes, &size)) size = INT64_MAX;
    float *values = nnrt_array_allocate(NNRT_F32, size);
    if (!values) return NNRT_ERROR;
    memset(values, 0, (size_t)size * sizeof *values);
    for (int64_t row = 0; row < pipeline->row_count; row++) values[row * classes + labels[row]] = 1;
    free(pipeline->targets[number]);
    pipeline->targets[number] = values;
    return NNRT_OK;
}

// ---- At the end: one_hot of columns

static double get_value(const void *values, int64_t dtype, int64_t i) {
    return dtype == NNRT_U8 ? ((const uint8_t *)values)[i] : (double)((const float *)values)[i];
}

static void set_value(void *values, int64_t dtype, int64_t i, double value) {
    if (dtype == NNRT_U8)
        ((uint8_t *)values)[i] = (uint8_t)value;
    else
        ((float *)values)[i] = (float)value;
}

static int compare_numbers(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

typedef struct Categories {
    double *values; // ascending
    int64_t count;
} Categories;

// The different values of a column in the training part.
static nnrt_status find_categories(const nnrt_pipeline *pipeline, int64_t column,
                                   Categories *categories) {
    const nnrt_column *input = &pipeline->samples[0].column;
    const nnrt_part *train = &pipeline->train;
    double *values = categories->values = malloc((size_t)train->count * sizeof *values);
    if (!values) return nnrt_fail_memory("one_hot", (size_t)train->count * sizeof *values);
    for (int64_t i = 0; i < train->count; i++) {
        int64_t row = train->rows[i];
        values[i] =
            get_value(pipeline->samples[0].values, input->dtype, row * input->size + column);
        if (values[i] != floor(values[i]))
            return nnrt_fail(NNRT_ERROR,
                             "one_hot(%lld): row %lld (counted from 0) has %g in this column; "
                             "categories are integral numbers",
                             (long long)column, (long long)row, values[i]);
    }
    qsort(values, (size_t)train->count, sizeof *values, compare_numbers);
    categories->count = 0;
    for (int64_t i = 0; i < train->count; i++)
        if (i == 0 || values[i] != categories->values[categories->count - 1])
            categories->values[categories->count++] = values[i];
    if (categories->count <= NNRT_DATA_MAX_CLASSES) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR, "one_hot(%lld): the column has %lld different values",
                     (long long)column, (long long)categories->count);
}

// Writes one row with the columns of `categories` expanded; a value that the training part does
// not have becomes all 0.
static void expand_row(const nnrt_pipeline *pipeline, const Categories *categories, int64_t row,
                       void *values, int64_t size) {
    const nnrt_column *input = &pipeline->samples[0].column;
    int64_t place = row * size;
    int next = 0;
    for (int64_t column = 0; column < input->size; column++) {
        double value =
            get_value(pipeline->samples[0].values, input->dtype, row * input->size + column);
        if (next < pipeline->one_hot_count && pipeline->one_hot[next] == column) {
            const Categories *list = &categories[next++];
            for (int64_t i = 0; i < list->count; i++)
                set_value(values, input->dtype, place++, list->values[i] == value);
        } else {
            set_value(values, input->dtype, place++, value);
        }
    }
}

static nnrt_status mark_categories(nnrt_pipeline *pipeline, const Categories *categories,
                                   int64_t size) {
    pipeline->is_category = calloc((size_t)size, 1);
    if (!pipeline->is_category) return nnrt_fail_memory("one_hot", (size_t)size);
    int64_t place = 0;
    int next = 0;
    for (int64_t column = 0; column < pipeline->samples[0].column.size; column++) {
        if (next < pipeline->one_hot_count && pipeline->one_hot[next] == column) {
            memset(pipeline->is_category + place, 1, (size_t)categories[next].count);
            place += categories[next++].count;
        } else {
            place++;
        }
    }
    return NNRT_OK;
}

static nnrt_status expand_columns(nnrt_pipeline *pipeline, const Categories *categories) {
    const nnrt_column *input = &pipeline->samples[0].column;
    int64_t size = input->size - pipeline->one_hot_count;
    for (int i = 0; i < pipeline->one_hot_count; i++) size += categories[i].count;
    nnrt_column wider = nnrt_source_column(input->name, input->dtype, 1, &size);
    nnrt_samples samples = nnrt_samples_make(pipeline, &wider);
    for (int64_t row = 0; samples.values && row < pipeline->row_count; row++)
        expand_row(pipeline, categories, row, samples.values, size);
    nnrt_status status = mark_categories(pipeline, categories, size);
    if (status) free(samples.values);
    if (!status) status = nnrt_samples_replace(&pipeline->samples[0], samples);
    pipeline->info.inputs[0] = wider;
    return status;
}

// ---- At the end: resizing

// Pictures from files have their size already, and what is no picture keeps it.
static nnrt_status resize_samples(nnrt_pipeline *pipeline, int64_t input) {
    const nnrt_column *old = &pipeline->samples[input].column;
    const nnrt_column *new = &pipeline->info.inputs[input];
    const char *values = pipeline->samples[input].values;
    if (old->shape[0] == new->shape[0] && old->shape[1] == new->shape[1]) return NNRT_OK;
    nnrt_samples samples = nnrt_samples_make(pipeline, new);
    int64_t old_bytes = old->size * nnrt_dtype_size(old->dtype);
    int64_t new_bytes = new->size *nnrt_dtype_size(new->dtype);
    for (int64_t row = 0; samples.values && row < pipeline->row_count; row++)
        nnrt_resize_sample(old, values + row * old_bytes, new,
                           (char *)samples.values + row * new_bytes);
    return nnrt_samples_replace(&pipeline->samples[input], samples);
}

nnrt_status nnrt_transform_finish(nnrt_pipeline *pipeline) {
    Categories categories[NNRT_PIPELINE_MAX_ONE_HOT] = {{0}};
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < pipeline->info.target_count && !status; i++)
        if (pipeline->one_hot_targets[i]) status = finish_target(pipeline, i);
    if (!pipeline->samples[0].values) return status;
    for (int64_t i = 0; i < pipeline->input_count && pipeline->is_resized && !status; i++)
        status = resize_samples(pipeline, i);
    for (int i = 0; i < pipeline->one_hot_count && !status; i++)
        status = find_categories(pipeline, pipeline->one_hot[i], &categories[i]);
    if (!status && pipeline->one_hot_count > 0) status = expand_columns(pipeline, categories);
    for (int i = 0; i < pipeline->one_hot_count; i++) free(categories[i].values);
    return status;
}

// ---- At the end: statistics

// A training part's rows, from memory or read one after the other into `buffer`.
static nnrt_status read_row(const nnrt_data *data, int64_t input, int64_t i, void *buffer,
                            const void **values) {
    const nnrt_column *column = &data->info.inputs[input];
    const char *held = data->columns[input];
    uint32_t row = data->train.rows[i];
    *values = buffer;
    if (!held) return nnrt_data_sample(data, input, row, buffer);
    *values = held + row * column->size * nnrt_dtype_size(column->dtype);
    return NNRT_OK;
}

// Adds (x - mean)^power of the training part's rows to sums[size]; mean NULL: 0.
static nnrt_status add_rows(const nnrt_data *data, int64_t input, const double *mean, void *buffer,
                            double *sums) {
    const nnrt_column *column = &data->info.inputs[input];
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < data->train.count && !status; i++) {
        const void *values;
        status = read_row(data, input, i, buffer, &values);
        for (int64_t j = 0; j < column->size && !status; j++) {
            double value = get_value(values, column->dtype, j);
            sums[j] += mean ? (value - mean[j]) * (value - mean[j]) : value;
        }
    }
    return status;
}

static void set_statistics(nnrt_data *data, int64_t input, const uint8_t *is_category,
                           const double *mean, const double *squares) {
    const nnrt_data_info *info = &data->info;
    float *means = data->mean[input], *deviations = data->deviation[input];
    for (int64_t i = 0; i < info->inputs[input].size; i++) {
        double deviation = fabs(info->scale) * sqrt(squares[i] / (double)data->train.count);
        int is_kept = is_category && is_category[i];
        means[i] = is_kept ? 0 : (float)(mean[i] * info->scale + info->offset);
        deviations[i] = is_kept || (float)deviation == 0 ? 1 : (float)deviation;
    }
}

nnrt_status nnrt_transform_statistics(nnrt_data *data, int64_t input, const uint8_t *is_category) {
    const nnrt_column *column = &data->info.inputs[input];
    int64_t size = column->size;
    double *sums = calloc((size_t)size * 2, sizeof *sums);
    void *buffer = nnrt_array_allocate(column->dtype, size);
    data->mean[input] = nnrt_array_allocate(NNRT_F32, size);
    data->deviation[input] = nnrt_array_allocate(NNRT_F32, size);
    nnrt_status status = sums && buffer && data->mean[input] && data->deviation[input]
                             ? NNRT_OK
                             : nnrt_fail_memory("standardize", (size_t)size * 2 * sizeof *sums);
    if (!status) status = add_rows(data, input, NULL, buffer, sums);
    for (int64_t i = 0; i < size && !status; i++) sums[i] /= (double)data->train.count;
    if (!status) status = add_rows(data, input, sums, buffer, sums + size);
    if (!status) set_statistics(data, input, is_category, sums, sums + size);
    free(buffer);
    free(sums);
    return status;
}
