// Private to the data modules: what a source and the transforms work on until it becomes an
// nnrt_data. Sources and transforms are rows of tables; data.c runs them.
//
// A sample has two shapes: that in which the source stores it and that after the transforms. The
// first travels with the values (nnrt_samples); the second is info.inputs, a promise that is made
// when the transforms are seen and kept by what changes samples in memory.
#ifndef NNRT_SOURCE_H
#define NNRT_SOURCE_H

#include "../base/call.h"
#include "../formats/array.h"
#include "data.h"

enum { NNRT_PIPELINE_MAX_ONE_HOT = 64, NNRT_PIPELINE_MAX_FILES = 2 * NNRT_MAX_COLUMNS };

typedef struct nnrt_pictures nnrt_pictures; // the list of a folder's (images.c)

// Samples in memory and what each of them is: whoever changes one changes both.
typedef struct nnrt_samples {
    nnrt_column column; // of a sample as `values` has it, or as the source has it
    void *values;       // [row_count, column.size], slack after them; NULL: not in memory
} nnrt_samples;

typedef struct nnrt_pipeline {
    const char *folder; // of the .nn file
    nnrt_data_info info;
    nnrt_array files[NNRT_PIPELINE_MAX_FILES]; // of the training part, of the test part
    int file_count;
    nnrt_pictures *pictures;                // NULL: none
    nnrt_samples samples[NNRT_MAX_COLUMNS]; // the inputs as the source stores them, in the end as
                                            // info.inputs says
    int64_t input_count;
    void *targets[NNRT_MAX_COLUMNS]; // [row_count, column.size]; NULL: the files are missing
    // The source's own validation and test part are at the end, in this order.
    int64_t row_count, own_validation_rows, own_test_rows;
    nnrt_part train, validation, test;
    int is_resized;                             // asked for: to the size of info.inputs
    int one_hot_targets[NNRT_MAX_COLUMNS];      // asked for; done at the end
    int64_t one_hot[NNRT_PIPELINE_MAX_ONE_HOT]; // elements of the input, ascending; at the end
    int one_hot_count;
    uint8_t *is_category; // by element of the first input: made by one_hot; NULL: none is
    uint32_t checksum[2];
} nnrt_pipeline;

typedef struct nnrt_source {
    const char *name;
    // Fills the samples' columns, info (but for its inputs), row counts and targets.
    // NNRT_DATA_MISSING: no files; row_count > 0 if the set is known without them.
    nnrt_status (*open)(nnrt_pipeline *pipeline, const nnrt_call *call);
    // Checks what depends on the transforms, which were applied; NULL: nothing does.
    nnrt_status (*settle)(nnrt_pipeline *pipeline);
    // Fills the samples' values, if open did not. Pictures in files get the size of info.inputs as
    // they are read; those that do not fit into memory are left where they are.
    nnrt_status (*read)(nnrt_pipeline *pipeline);
} nnrt_source;

typedef struct nnrt_transform {
    const char *name;
    nnrt_status (*apply)(nnrt_pipeline *pipeline, const nnrt_call *call);
} nnrt_transform;

extern const nnrt_source nnrt_file_sources[], nnrt_cifar_sources[], nnrt_image_sources[],
    nnrt_toy_sources[]; // ended by a row without name
extern const nnrt_transform nnrt_transforms[];

// What must wait until every transform has been seen: one_hot of the target, resizing of samples in
// memory, and one_hot of columns (their categories are those of the training part). Afterwards
// the samples' columns are info.inputs, where there are samples.
nnrt_status nnrt_transform_finish(nnrt_pipeline *pipeline);
// Mean and deviation of an input's elements over the training part; 0 and 1 for categories.
nnrt_status nnrt_transform_statistics(nnrt_data *data, int64_t input, const uint8_t *is_category);

// Streams of random numbers (random.h), so that equal seeds do not make equal choices.
enum { NNRT_STREAM_POINTS = 1, NNRT_STREAM_ORDER, NNRT_STREAM_TEST, NNRT_STREAM_VALIDATION };

// An integral option, or `missing`; out of int64's range or not integral is an error.
nnrt_status nnrt_source_integer(const nnrt_call *call, const char *name, int64_t missing,
                                int64_t *value);
// A copy of names that lives until the process ends, as class names of a data set do; NULL: no
// memory.
const char *const *nnrt_source_keep_names(const char *const *names, int64_t count);

// Memory for all rows of `column`; values NULL with nnrt_error() set: too much.
nnrt_samples nnrt_samples_make(const nnrt_pipeline *pipeline, const nnrt_column *column);
// Frees the old ones; NNRT_ERROR where there are no new ones.
nnrt_status nnrt_samples_replace(nnrt_samples *old, nnrt_samples samples);
// Both: what a source reads an input into.
nnrt_status nnrt_source_allocate(nnrt_pipeline *pipeline, int64_t input, const nnrt_column *column);
// The only input, target: of a source that has no others.
void nnrt_source_set_input(nnrt_pipeline *pipeline, nnrt_column column);
nnrt_target_info *nnrt_source_set_labels(nnrt_pipeline *pipeline, int64_t classes);

void nnrt_source_fingerprint(nnrt_pipeline *pipeline, const void *bytes, int64_t size);
// Its size is INT64_MAX where the product of the shape is more.
nnrt_column nnrt_source_column(const char *name, int64_t dtype, int64_t rank, const int64_t *shape);

#endif
