// Data sets: a source and transforms, described by nnrt_calls. Used by compiled programs and by the
// compiler (which inspects headers and labels while it checks). Errors: functions return an
// nnrt_status and leave the message (file, place, remedy) in nnrt_error(): its first line stands
// alone; where files are missing, further lines say where they were looked for and how to get them.
//
// Calls and their options (an absent one has text NULL and number NaN, or is not listed):
//   sources     mnist()  fashion_mnist()  cifar10()  cifar100(labels)
//               idx(x, target, test_x, test_target, classes)  npy(the same), each a text or a list
//               of texts, `classes` a list of numbers
//               images(folder, color, memory)
//               circles(n, factor, noise, seed)  moons|spirals|xor|blobs(n, noise, seed)
//   transforms  scale(a, offset)  standardize(columns, target)  one_hot(column)  take(n)
//   resize(height, width)
//               split(test, validation, seed, stratify)
//               augment(fill), then a stage for each of its augmentations (augment.h)
#ifndef NNRT_DATA_H
#define NNRT_DATA_H

#include "../base/status.h"
#include "../formats/text/csv.h"
#include "../nnrt.h"

enum { NNRT_DATA_MAX_CLASSES = 1 << 20 };

// What a transform does that others than the data's reader have to know: its row says so.
typedef enum nnrt_deed {
    NNRT_DOES_NO_MORE,
    NNRT_SCALES,
    NNRT_STANDARDIZES,
    NNRT_ENCODES, // categories, as one value each
    NNRT_LOADS,   // pictures from paths
    NNRT_RESIZES,
    NNRT_MAKES_WINDOWS, // of rows that follow each other
    NNRT_AUGMENTS       // as what stands inside of it says
} nnrt_deed;

// What is done to training samples in each epoch anew (augment.h). All 0: nothing.
typedef struct nnrt_augment {
    int64_t kinds; // bits of those that were asked for
    int64_t fill, flip, pad;
    double rotate, shift_height, shift_width, shear, zoom, brightness;
} nnrt_augment;

// A number of the target, and the row that has it, counted from 0 within its part's file.
typedef struct nnrt_target_value {
    double value;
    int64_t row;
    int64_t is_test;
} nnrt_target_value;

// What is known of one target.
typedef struct nnrt_target_info {
    nnrt_column column; // rank 0: one value a sample
    int64_t classes;    // 0: it is not a class
    int64_t one_hot;    // 1: it is one value a class
    int64_t signs;      // 1: it holds -1 and 1 only, as `hinge` takes them
    int64_t is_open;    // 1: whole numbers of a file of integers, which may be quantities as well
    // Of several whole numbers a sample: the classes they show, read as labels of places; 0: they
    // are none.
    int64_t place_classes;
    // Of numbers in files: the extremes, and the sum over the last dimension that is farthest from
    // 1 (but for vectors of zeros).
    nnrt_target_value lowest, highest, uneven;
    // Of standardized numbers: x * deviation + mean is in the column's units. 0: they are not.
    double mean, deviation;
    int64_t decisions;    // 1: they are 0 and 1 only
    char not_labels[160]; // why whole numbers are no labels; "": they are, or are no whole numbers
    const char *const *class_names; // NULL: none
    // By class: the labels of the training part; counted by nnrt_data_inspect alone, and kept
    // until the process ends. NULL: not counted.
    int64_t *class_rows;
    int64_t counted_classes;
} nnrt_target_info;

// What is doubtful about a column (facts.h).
typedef enum nnrt_fact_kind {
    NNRT_FACT_ONE_VALUE,    // all training rows have the same
    NNRT_FACT_TELLS_TARGET, // it is the target in other words
    NNRT_FACT_FROM_TARGET,  // a formula made it of the target
    NNRT_FACT_COMMAS,       // its words are numbers with a decimal comma
    NNRT_FACT_ID,           // whole numbers that count up, or a word a row
    NNRT_FACT_CATEGORIES,   // more than 1000, `number`, became columns
    NNRT_FACT_UNREADABLE,   // of a picture: it was left out; `column` is its path
    NNRT_FACT_LARGE,        // its numbers are the largest, about `number`
} nnrt_fact_kind;

typedef struct nnrt_fact {
    nnrt_fact_kind kind;
    const char *column; // in the source; lives until the process ends
    double number;
    int64_t stage; // that it is of
} nnrt_fact;

// How the samples of each part follow each other, for networks that keep states.
typedef enum nnrt_order {
    NNRT_IN_ORDER,
    NNRT_MIXED,        // not as the rows of the source do
    NNRT_WINDOWS_APART // windows share rows, or leave some out
} nnrt_order;

enum { NNRT_MAX_FACTS = 24 }; // further ones are not told

// What is known of a data set before its samples are read; shapes are those after the transforms
// that change shapes (one_hot, resize), types are those in memory (uint8 pictures stay uint8).
// Columns are numbered: the inputs, then the targets, then the weights of samples, NNRT_MAX_COLUMNS
// at most.
typedef struct nnrt_data_info {
    nnrt_column inputs[NNRT_MAX_COLUMNS]; // features; names "image", "x" ...; size 0: not known
    int64_t input_count;
    // Of numbers of tables, which `scale` changed in its place, and of whole numbers beside
    // pictures: what it does is not done to them.
    int input_is_final[NNRT_MAX_COLUMNS];
    // Of inputs that are whole numbers, entries of a list: how many there are, and what they are;
    // 0: they are none.
    int64_t input_categories[NNRT_MAX_COLUMNS];
    const char *const *input_words[NNRT_MAX_COLUMNS];
    uint8_t input_is_index[NNRT_MAX_COLUMNS];   // 1: they are categories of a column, no tokens
    nnrt_target_info targets[NNRT_MAX_COLUMNS]; // those that are not there are all zeros
    int64_t target_count;
    nnrt_column weights[NNRT_MAX_COLUMNS]; // float32, one number a sample
    int64_t weight_count;
    int64_t train_rows, validation_rows, test_rows;
    double scale, offset; // of the `scale` transforms together: x * scale + offset
    nnrt_order order;
    int64_t standardize;  // 1: (x - mean) / deviation, by element; x is the scaled one
    nnrt_augment augment; // of training samples
    int64_t stage;        // of an error: the stage that it is of, 0: the source
    // What the samples take: bytes in memory once they are read, and at most until then; bytes of
    // files that hold what does not stay in memory.
    int64_t held_bytes, peak_bytes, disk_bytes;
    nnrt_fact facts[NNRT_MAX_FACTS];
    int64_t fact_count;
    char fingerprint[65]; // of headers, sizes and labels; "" when not inspected
} nnrt_data_info;

// Headers, labels and the arithmetic of transforms. `folder` is the .nn file's. If the files are
// not found the status is NNRT_DATA_MISSING and *info still holds what is known without them
// (built-in sets are known).
nnrt_status nnrt_data_inspect(const nnrt_call *stages, int64_t stage_count, const char *folder,
                              nnrt_data_info *info);

typedef struct nnrt_part {
    uint32_t *rows; // into the columns
    int64_t count;
} nnrt_part;

// A file of new rows, to go over it again.
typedef struct nnrt_rows_file {
    const char *path;
    nnrt_csv_format format;
    int has_header;
    // As the file has them, or as training had them in these places; NULL: it is no table of cells.
    const char *const *columns;
    int64_t column_count, row_count;
} nnrt_rows_file;

typedef struct nnrt_data {
    nnrt_data_info info;
    // [row_count, size] of each column, 64 bytes of slack after. NULL: too large for memory, or
    // rows of another one; nnrt_data_sample reads it.
    void *columns[NNRT_MAX_COLUMNS];
    int64_t row_count;
    nnrt_part train, validation, test;
    // standardize: of each scaled element of each input; NULL: none
    float *mean[NNRT_MAX_COLUMNS], *deviation[NNRT_MAX_COLUMNS];
    nnrt_rows_file new_rows;  // path NULL: none
    int is_on_disk;           // some column is: rows should come in an order of locality.h
    struct nnrt_table *owner; // private
} nnrt_data;

nnrt_status nnrt_data_load(const nnrt_call *stages, int64_t stage_count, const char *folder,
                           nnrt_data *data);
// What a data set knows before its stages run.
typedef struct nnrt_known {
    const char *learnt;   // by them, as nnrt_data_learnt gave it: they apply it. NULL: they learn
    const char *new_rows; // a file that is read instead of the source's: all rows that the stages
                          // keep are the test part, in their order. NULL: the source's own files
    int is_predicted;     // targets may be missing, and what they hold does not matter
} nnrt_known;

// As nnrt_data_load. NNRT_ERROR also: the source reads no new rows, what was learnt does not fit.
nnrt_status nnrt_data_load_known(const nnrt_call *stages, int64_t stage_count, const char *folder,
                                 const nnrt_known *known, nnrt_data *data);
void nnrt_data_free(nnrt_data *data);

// What its stages learnt from the training part, as JSON (learnt.h), to be freed; NULL: nothing.
char *nnrt_data_learnt(const nnrt_data *data);

// Mean and deviation of a column in what was learnt, where a stage standardized it; else both stay
// as they are. NNRT_ERROR: they are no numbers that it learns.
nnrt_status nnrt_learnt_units(const char *learnt, const char *column, double *mean,
                              double *deviation);

// Of new rows: which row of the file a sample is, from 0; of a window, its last one. -1: it is made
// of several.
int64_t nnrt_data_row_in_file(const nnrt_data *data, uint32_t sample);
// Does the source read rows of other files?
int nnrt_data_takes_rows(const nnrt_call *source);

// A column of one row, from memory or its file. May be called by several threads at once.
nnrt_status nnrt_data_sample(const nnrt_data *data, int64_t column, uint32_t row, void *values);
// Where the files have an element of a sample: "`x.npy`, row 3, element 5 (counted from 0)"; rows
// of tables count from 1.
void nnrt_data_place(const nnrt_data *data, int64_t column, uint32_t sample, int64_t element,
                     char *text, size_t size);
// Is its sample a picture, [height, width] or [height, width, channels] of 4 at most?
int nnrt_data_is_picture(const nnrt_column *column);
nnrt_deed nnrt_transform_does(const nnrt_call *transform);
// What it multiplies all inputs with, and adds then; 0: it does not scale.
int nnrt_transform_scales(const nnrt_call *transform, double *factor, double *offset);
// Are all columns in memory?
int nnrt_data_is_held(const nnrt_data *data);

// Are all columns in memory, or made of what is? No file is read for a sample then.
int nnrt_data_is_in_memory(const nnrt_data *data);

// Its size is INT64_MAX where the product of the shape is more.
nnrt_column nnrt_column_make(const char *name, int64_t dtype, int64_t rank, const int64_t *shape);
int64_t nnrt_data_column_count(const nnrt_data_info *info);
const nnrt_column *nnrt_data_column(const nnrt_data_info *info, int64_t column);
// The number of a column; -1: there is none of this name.
int64_t nnrt_data_find_column(const nnrt_data_info *info, const char *name);

#endif
