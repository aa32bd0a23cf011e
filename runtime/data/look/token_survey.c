#include "token_survey.h"

#include <math.h>
#include <stdlib.h>

enum { PADDING, UNKNOWN, PARTS = 3 };

int nnrt_token_survey_fits(const nnrt_field *field) {
    return field->kind == NNRT_TENSORS && !field->is_index && field->role == NNRT_FEATURE &&
           field->values && field->column.dtype == NNRT_I32 && field->column.rank == 1 &&
           field->word_count > UNKNOWN;
}

static int by_count(const void *left, const void *right) {
    const nnrt_category_count *a = left, *b = right;
    if (a->count != b->count) return a->count < b->count ? 1 : -1;
    return (a->value > b->value) - (a->value < b->value);
}

// Adds to counts[word_count].
static void count_part(const nnrt_field *field, const nnrt_part *part,
                       nnrt_category_count *counts) {
    const int32_t *numbers = field->values;
    int64_t length = field->column.size;
    for (int64_t i = 0; i < part->count; i++)
        for (int64_t k = 0; k < length; k++) counts[numbers[part->rows[i] * length + k]].count++;
}

// Of all tokens but padding; NAN: there are none.
static double share_unknown(const nnrt_category_count *counts, int64_t count, int64_t *tokens) {
    *tokens = 0;
    for (int64_t i = UNKNOWN; i < count; i++) *tokens += counts[i].count;
    return *tokens ? (double)counts[UNKNOWN].count / (double)*tokens : NAN;
}

nnrt_status nnrt_token_survey_make(const nnrt_table *table, const nnrt_field *field,
                                   nnrt_column_survey *survey) {
    const nnrt_part *const parts[PARTS] = {&table->train, &table->validation, &table->test};
    size_t bytes = (size_t)field->word_count * sizeof(nnrt_category_count);
    int64_t count = field->word_count, tokens;
    nnrt_category_count *counts = NULL;
    for (int p = PARTS - 1; p >= 0; p--) { // the counts of the training part stay
        free(counts);
        counts = calloc(1, bytes);
        if (!counts) return nnrt_fail_memory("counts of tokens", bytes);
        count_part(field, parts[p], counts);
        survey->unknown[p] = share_unknown(counts, count, &tokens);
    }
    survey->kind = "tokens";
    survey->vocabulary = count;
    survey->mean_length = table->train.count ? (double)tokens / (double)table->train.count : 0;
    counts[PADDING].count = 0;
    for (int64_t i = 0; i < count; i++) {
        counts[i].name = field->words[i];
        counts[i].value = (double)i;
    }
    qsort(counts, (size_t)count, sizeof *counts, by_count);
    while (survey->category_count < count && counts[survey->category_count].count)
        survey->category_count++;
    survey->categories = counts;
    return NNRT_OK;
}
