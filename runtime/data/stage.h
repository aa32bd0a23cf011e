// Private to the data modules: sources and transforms, rows of tables that data.c runs on an
// nnrt_table.
#ifndef NNRT_STAGE_H
#define NNRT_STAGE_H

#include "../base/call.h"
#include "../base/schema.h"
#include "table/table.h"

typedef struct nnrt_source {
    Schema schema;
    // Fills the table's columns, row counts and fingerprint, and the values of targets.
    // NNRT_DATA_MISSING: no files; row_count > 0 if the set is known without them.
    nnrt_status (*open)(nnrt_table *table, const nnrt_call *call);
    // Checks what depends on the transforms, which were applied; NULL: nothing does.
    nnrt_status (*settle)(nnrt_table *table);
    int has_folders;    // of pictures, one a class
    int has_columns;    // of numbers and words, which become one vector
    int takes_new_rows; // reads table->new_rows, all of which are of the test part
    // Of running text: what its tokens are; NULL: it is none.
    nnrt_unit (*unit_of)(const nnrt_call *call);
} nnrt_source;

// What a transform of rows reads of the columns, and others change.
enum { NNRT_TOUCHES_GAPS = 1, NNRT_TOUCHES_NUMBERS = 2 };

typedef enum nnrt_timing {
    NNRT_OF_ROWS,   // changes the parts alone: at once, unless what waits changes what it reads
    NNRT_OF_VALUES, // changes columns: behind those before it that wait
    NNRT_FITTED,    // learns from the training part: waits until all parts are known
} nnrt_timing;

typedef struct nnrt_transform {
    Schema schema;
    int is_augmentation; // stands inside of augment(..)
    nnrt_timing timing;
    int touches;        // bits: of rows, what it reads; of values, what it changes
    int is_of_training; // deals with what is trained on: new rows pass it by
    nnrt_deed does;
    nnrt_status (*apply)(nnrt_table *table, const nnrt_call *call);
} nnrt_transform;

// Tables of rows: each is ended by a row without name, the list of them by NULL. A row is in the
// file of its function.
extern const void *const nnrt_source_tables[];
extern const void *const nnrt_transform_tables[];
extern const nnrt_source nnrt_file_sources[], nnrt_array_sources[], nnrt_npz_sources[],
    nnrt_cifar_sources[], nnrt_image_sources[], nnrt_toy_sources[], nnrt_csv_sources[],
    nnrt_text_sources[], nnrt_texts_sources[];
extern const nnrt_transform nnrt_number_transforms[], nnrt_range_transforms[],
    nnrt_row_transforms[], nnrt_category_transforms[], nnrt_picture_transforms[],
    nnrt_augmentations[], nnrt_column_transforms[], nnrt_missing_transforms[],
    nnrt_formula_transforms[], nnrt_balance_transforms[], nnrt_pair_transforms[],
    nnrt_window_transforms[], nnrt_weight_transforms[], nnrt_token_transforms[],
    nnrt_load_transforms[];

// The rows of a data set's calls: the first is a source, all others are transforms.
const nnrt_source *nnrt_source_of(const nnrt_call *call);
const nnrt_transform *nnrt_transform_of(const nnrt_call *call);

// Fills the table from the source and applies the transforms; the samples are in memory then, where
// they fit. Its columns keep their names: it is not packed (table.h), and the parts of windows are
// the rows that they reach.
nnrt_status nnrt_table_run(nnrt_table *table, const nnrt_call *stages, int64_t stage_count);

// Mean and deviation of an input's elements over the training part; 0 and 1 for categories.
nnrt_status nnrt_statistics_find(nnrt_data *data, int64_t input, const nnrt_field *field);

// Streams of random numbers (random.h), so that equal seeds do not make equal choices.
enum {
    NNRT_STREAM_POINTS = 1,
    NNRT_STREAM_ORDER,
    NNRT_STREAM_TEST,
    NNRT_STREAM_VALIDATION,
    NNRT_STREAM_PAIRS,
    NNRT_STREAM_SHUFFLE,
    NNRT_STREAM_BALANCE
};

// The option that says which random numbers.
#define NNRT_SEED_ARGUMENT                                                                         \
    {.name = "seed",                                                                               \
     .type = ARG_INT,                                                                              \
     .default_text = "0",                                                                          \
     .maximum = 9007199254740991.0,                                                                \
     .keras_name = "random_state",                                                                 \
     .doc = "which random numbers"}

#endif
