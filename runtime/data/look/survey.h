// What a person looks at before training: of each column of a data set the range, mean, deviation,
// missing values and categories; and the rows of other parts that training has, too. Statistics are
// of the training part. Memory of a table and of one number a row beside it.
#ifndef NNRT_SURVEY_H
#define NNRT_SURVEY_H

#include "../../base/status.h"
#include "../data.h"

typedef struct nnrt_category_count {
    const char *name; // NULL: the number is its name
    double value;     // of a category of words its place
    int64_t count;
} nnrt_category_count;

typedef struct nnrt_column_survey {
    nnrt_column column; // as the stages leave it; dtype 3: double
    int is_target, is_weight;
    const char *kind;                        // "numbers", "words", "dates", "tokens", "arrays"
    int64_t count;                           // of numbers that are there
    int64_t missing;                         // rows
    double lowest, highest, mean, deviation; // of numbers; NAN: there are none
    // Of words, dates and class labels, the most frequent first, equally frequent by value; owned.
    nnrt_category_count *categories;
    int64_t category_count;
    // Of texts as tokens: entries of the vocabulary (0: it is none), tokens of a training text, and
    // the share of tokens that the vocabulary lacks, by part; NAN: the part has none.
    int64_t vocabulary;
    double mean_length, unknown[3];
} nnrt_column_survey;

typedef struct nnrt_survey {
    nnrt_column_survey *columns;
    int64_t column_count;
    int64_t train_rows, validation_rows, test_rows;
    int64_t skipped_rows; // of the source: they are empty
    // Rows whose features are those of a training row, bit by bit (told by 64 bits of a hash).
    int64_t validation_duplicates, test_duplicates;
    struct nnrt_table *table; // private
} nnrt_survey;

// Of the table behind `stage_count` stages; 1: as the source gives it. NNRT_ERROR,
// NNRT_DATA_MISSING: nnrt_error() says why; nothing is to be freed then.
nnrt_status nnrt_survey_make(const nnrt_call *stages, int64_t stage_count, const char *folder,
                             nnrt_survey *survey);
void nnrt_survey_free(nnrt_survey *survey);

// Row number `row` of the training part in a column of one value, as text: a word, a number, "" for
// a missing one. It lives as long as the survey, or until the next call.
const char *nnrt_survey_cell(const nnrt_survey *survey, int64_t column, int64_t row);

#endif
