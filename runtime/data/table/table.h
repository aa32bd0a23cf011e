// A data set while its stages run: named columns of the same rows, and the parts that rows belong
// to. A source makes it, transforms change it in the order in which they are written (data.c).
// Private to the data modules.
//
// Rows of the memory never move: parts are lists of rows, so taking, splitting and dropping cost
// nothing but their lists. A column has two shapes: that in which it is stored, and that which the
// transforms promise; nnrt_table_read makes them the same.
#ifndef NNRT_TABLE_H
#define NNRT_TABLE_H

#include "../../formats/array.h"
#include "../data.h"
#include "storage.h"

typedef struct nnrt_table nnrt_table;
typedef struct nnrt_field nnrt_field;

typedef enum nnrt_kind {
    NNRT_TENSORS, // numbers, [28, 28] of them, say
    NNRT_NUMBERS, // one number a row, as double; NaN: missing
    NNRT_WORDS,   // the number of a word in a list; -1: missing
    NNRT_DATES,   // likewise, of dates as they are written
    NNRT_TOKENS,  // the number of a token of running text, in a vocabulary
} nnrt_kind;

// What a token is.
typedef enum nnrt_unit { NNRT_UNIT_CHAR, NNRT_UNIT_WORD, NNRT_UNIT_BYTE } nnrt_unit;

// What a vocabulary is made by.
typedef struct nnrt_token_rule {
    nnrt_unit unit;
    int has_unknown; // number 0 is for what the training part does not have
    int64_t most;    // entries; 0: no limit
} nnrt_token_rule;

typedef enum nnrt_role {
    NNRT_FEATURE,
    NNRT_TARGET,
    NNRT_WEIGHT, // of the samples in the loss
    NNRT_GROUP,  // says which samples belong together: no input, gone when the stages are done
} nnrt_role;

// Where samples come from that are not in memory.
typedef struct nnrt_origin {
    // All samples into field->values, as field->stored; or leaves them where they are, if `make`
    // can make one at a time. NULL: they are in memory from the beginning.
    nnrt_status (*read)(nnrt_table *table, nnrt_field *field);
    // One sample, as field->column; several threads call it. NULL: it cannot.
    nnrt_status (*make)(const nnrt_field *field, uint32_t row, void *sample);
    const void *state; // of both; the table's source owns it
} nnrt_origin;

// A file that rows come from, in the order of the rows.
typedef struct nnrt_row_file {
    const char *path;
    int64_t end; // behind its last row
} nnrt_row_file;

// What is freed with the table.
typedef struct nnrt_owned {
    void *state;
    void (*free)(void *state);
    struct nnrt_owned *next;
} nnrt_owned;

// A column of the table.
struct nnrt_field {
    nnrt_column column; // of a sample, after the transforms so far
    nnrt_role role;
    nnrt_kind kind;
    const char *const
        *words; // of words and dates, sorted by bytes, and of tokens; they live until the end
    int64_t word_count;
    int is_stated;      // of words: the program says that they are, whatever they look like
    int is_whole;       // none of its values is missing: its source has seen them all
    int is_separate;    // of one number: an input of its own, no element of the vector
    int is_past;        // of a target behind windows; the name stands for the target
    int is_indicator;   // of one number: 1 for one category and 0 for the others
    int is_index;       // a category as a whole number, from 1; 0: training did not know it
    int is_final;       // what `scale` does to pictures was done to its numbers, if at all
    int is_absent;      // new rows do not have it: all of its values are missing
    nnrt_column stored; // as `values` has it
    void *values; // [row_count, stored.size], slack after them, of the storage; NULL: not read
    nnrt_origin origin;
    // Of arrays: the file of its training part, which has the first so many rows, and that of its
    // test part. NULL: the table's files are those of the rows.
    const char *files[2];
    int64_t file_rows;
    int is_resized; // asked for
    // Once one_hot has made more elements of a vector, by element: the number that its column had
    // in the source, and whether it is one of the categories. NULL: none has.
    int64_t *numbers;
    uint8_t *is_category;
    nnrt_token_rule tokens;  // of running text
    int facts;               // bits 1 << nnrt_fact_kind (facts.h)
    const char *source;      // the name that it had when they were found
    int64_t fact_stage;      // that found them
    nnrt_target_info target; // of a target; its column is this one
};

struct nnrt_table {
    const char *folder; // of the .nn file
    nnrt_field *fields; // in the order of the source; features before targets
    int64_t field_count;
    // The source's own validation and test part are at the end, in this order.
    int64_t row_count, own_validation_rows, own_test_rows;
    nnrt_part train, validation, test;
    int64_t skipped_rows; // of the source: they are empty
    double scale, offset; // of the `scale` transforms together: x * scale + offset
    int is_standardized;
    nnrt_augment augment;
    struct nnrt_base *bases; // columns that others look at (row_view.h)
    struct nnrt_row_view *views;
    struct nnrt_windows *windows; // what parts consist of (windows.h); NULL: rows
    int64_t stage;                // that runs, 0: the source
    nnrt_fact facts[NNRT_MAX_FACTS];
    int64_t fact_count;
    struct json_t *learnt;    // by the stages so far (learnt.h); NULL: nothing
    struct json_t *states;    // what is applied instead of learning (learnt.h); NULL: they learn
    const char *lacking;      // column whose state the stage that runs did not find; NULL: none
    int was_asked;            // the stage that runs asked for a state
    const char *new_rows;     // file that is read instead of the source's; NULL: its own are
    nnrt_rows_file rows_file; // of new rows: how to go over it again
    int is_predicted;         // what targets hold does not matter
    // What the source keeps for its fields; freed with the table.
    void *state;
    void (*free_state)(void *state);
    nnrt_owned *owned;    // what transforms keep for fields
    nnrt_row_file *files; // [file_count]; of tables in text files
    int64_t file_count;
    nnrt_value_storage *storage; // of the values of all fields
    uint32_t checksum[2];
    char fingerprint[65];
};

nnrt_table *nnrt_table_create(const char *folder); // NULL with nnrt_error() set: no memory
void nnrt_table_free(nnrt_table *table);           // NULL is fine

// Appends a column; NULL with nnrt_error() set: no memory. Pointers to fields are invalid then.
nnrt_field *nnrt_table_add(nnrt_table *table, nnrt_role role, nnrt_column column);
// Likewise, at `place` among them.
nnrt_field *nnrt_table_insert(nnrt_table *table, int64_t place, nnrt_role role, nnrt_column column);
// Appends the labels of a target that is called "label".
nnrt_field *nnrt_table_add_labels(nnrt_table *table, int64_t classes);
// Frees what a column owns.
void nnrt_field_clear(nnrt_field *field);
// Forgets all columns.
void nnrt_table_clear(nnrt_table *table);

int64_t nnrt_table_count(const nnrt_table *table, nnrt_role role);
nnrt_field *nnrt_table_feature(const nnrt_table *table, int64_t number); // NULL: none
nnrt_field *nnrt_table_target(const nnrt_table *table, int64_t number);
nnrt_field *nnrt_table_weight(const nnrt_table *table, int64_t number);
nnrt_field *nnrt_table_find(const nnrt_table *table, const char *name); // NULL: none

// The rows that a source found become the parts.
nnrt_status nnrt_table_make_parts(nnrt_table *table);
// The rows of each part in ascending order, as the disk has them.
void nnrt_table_sort_rows(nnrt_table *table);

// The number of a row in messages: counted from 1 within its part's file, where the source has a
// file a part.
long long nnrt_table_row_in_file(const nnrt_table *table, uint32_t row);

// The table has rows up to `end` from this file; NNRT_ERROR: no memory.
nnrt_status nnrt_table_add_file(nnrt_table *table, const char *path, int64_t end);
// The file of a row, and its number there, from 1; NULL: the source does not say.
const char *nnrt_table_file(const nnrt_table *table, uint32_t row, int64_t *row_in_file);
// "row 3"; "row 3 of `b.csv`" where the table is of several files.
typedef struct nnrt_row_text {
    char text[1024];
} nnrt_row_text;
nnrt_row_text nnrt_table_row(const nnrt_table *table, uint32_t row);
// "`labels.csv`, row 3"
void nnrt_table_place(const nnrt_table *table, uint32_t row, char *text, size_t size);

// Frees `state` with the table, or at once where there is no memory (NNRT_ERROR).
nnrt_status nnrt_table_own(nnrt_table *table, void *state, void (*free_state)(void *state));

// Room for all rows of field->stored; NNRT_ERROR: too much.
nnrt_status nnrt_field_allocate(const nnrt_table *table, nnrt_field *field);
// Takes over `values` [row_count, column->size] of the storage; NULL: there was no room
// (NNRT_ERROR).
nnrt_status nnrt_field_replace(nnrt_field *field, const nnrt_column *column, void *values);
// Its samples are brought into memory, if they fit, in the shape that was promised.
nnrt_status nnrt_field_read(nnrt_table *table, nnrt_field *field);
// What lies on the disk needs no memory for now.
void nnrt_table_let_go(nnrt_table *table);
// Forgets a column, or all that are marked. Pointers to fields are invalid then.
void nnrt_table_remove(nnrt_table *table, nnrt_field *field);
void nnrt_table_remove_marked(nnrt_table *table, const uint8_t *is_marked);
// An element of a sample that is in memory, as a number.
double nnrt_field_number(const nnrt_field *field, int64_t row, int64_t element);
// The code of a word of a column of words or dates; -1: it has no such word.
int32_t nnrt_field_find_word(const nnrt_field *field, const char *word);
// Has a column of a table no value in this row?
int nnrt_field_is_missing(const nnrt_field *field, uint32_t row);

// The name of a column as programs write it, for remedies: in quotes where it is no single word.
typedef struct nnrt_written {
    char text[256];
} nnrt_written;
nnrt_written nnrt_written_name(const char *name);

// What a table becomes when its stages are done (pack.c): its columns of one number are the
// elements of one vector `x`, targets are labels or numbers. NNRT_ERROR: a column cannot be that.
nnrt_status nnrt_table_pack(nnrt_table *table);
// A target of a single number or word becomes labels, if it can; one that did stays so.
nnrt_status nnrt_target_settle(nnrt_table *table, nnrt_field *field);

// Counts the labels of a target in the training part: target->class_rows (balance.c).
nnrt_status nnrt_table_count_classes(const nnrt_table *table, const nnrt_field *field,
                                     nnrt_target_info *target);

void nnrt_table_fingerprint(nnrt_table *table, const void *bytes, int64_t size);

// A copy of names that lives until the process ends, as class names of a data set do; NULL: no
// memory.
const char *const *nnrt_table_keep_names(const char *const *names, int64_t count);

#endif
