#include "survey.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../base/numbers/hash.h"
#include "../../base/text/json.h"
#include "../stage.h"
#include "token_survey.h"

// ---- Values of one row, in memory or made.

static const void *row_values(const nnrt_field *field, uint32_t row, void *buffer,
                              nnrt_status *status) {
    int64_t bytes = field->column.size * nnrt_dtype_size(field->column.dtype);
    if (field->values) return (const char *)field->values + row * bytes;
    *status = field->origin.make(field, row, buffer);
    return buffer;
}

static double number_at(const void *values, int64_t dtype, int64_t i) {
    switch (dtype) {
    case NNRT_U8: return ((const uint8_t *)values)[i];
    case NNRT_I32: return ((const int32_t *)values)[i];
    case NNRT_F64: return ((const double *)values)[i];
    default: return (double)((const float *)values)[i];
    }
}

// ---- Mean and deviation, a row at a time: Chan, Golub, LeVeque, "Updating formulae and a pairwise
// algorithm for computing sample variances", 1979. No sum of squares of large numbers is taken.

typedef struct Moments {
    int64_t count;
    double mean, squares, lowest, highest;
} Moments;

static Moments moments_of(const void *values, int64_t dtype, int64_t size) {
    Moments m = {.lowest = INFINITY, .highest = -INFINITY};
    double sum = 0;
    for (int64_t i = 0; i < size; i++) {
        double value = number_at(values, dtype, i);
        if (isnan(value)) continue;
        m.count++;
        sum += value;
        m.lowest = fmin(m.lowest, value);
        m.highest = fmax(m.highest, value);
    }
    m.mean = m.count ? sum / (double)m.count : 0;
    for (int64_t i = 0; i < size; i++) {
        double value = number_at(values, dtype, i);
        if (!isnan(value)) m.squares += (value - m.mean) * (value - m.mean);
    }
    return m;
}

static void add_moments(Moments *all, const Moments *part) {
    if (!part->count) return;
    double count = (double)(all->count + part->count), distance = part->mean - all->mean;
    all->squares +=
        part->squares + distance * distance * (double)all->count * (double)part->count / count;
    all->mean += distance * (double)part->count / count;
    all->count += part->count;
    all->lowest = fmin(all->lowest, part->lowest);
    all->highest = fmax(all->highest, part->highest);
}

static void set_numbers(nnrt_column_survey *survey, const Moments *m) {
    survey->count = m->count;
    survey->lowest = m->count ? m->lowest : NAN;
    survey->highest = m->count ? m->highest : NAN;
    survey->mean = m->count ? m->mean : NAN;
    survey->deviation = m->count ? sqrt(m->squares / (double)m->count) : NAN;
}

// ---- Categories.

// Classes of whole numbers that are counted; so many may be numbered with gaps.
enum { LABELS = 1000, FEW_LABELS = 20 };

static int compare_counts(const void *left, const void *right) {
    const nnrt_category_count *a = left, *b = right;
    if (a->count != b->count) return a->count < b->count ? 1 : -1;
    return (a->value > b->value) - (a->value < b->value);
}

// Values 0 .. size - 1; those that no row of the training part has are left out.
static nnrt_status count_categories(const nnrt_table *table, const nnrt_field *field, int64_t size,
                                    const char *const *names, nnrt_column_survey *survey) {
    nnrt_category_count *counts = calloc((size_t)size + 1, sizeof *counts);
    if (!counts) return nnrt_fail_memory("counts of categories", (size_t)size * sizeof *counts);
    for (int64_t i = 0; i < size; i++) {
        counts[i].name = names ? names[i] : NULL;
        counts[i].value = (double)i;
    }
    for (int64_t i = 0; i < table->train.count; i++) {
        double value = nnrt_field_number(field, table->train.rows[i], 0);
        if (value >= 0 && value < (double)size) counts[(int64_t)value].count++;
    }
    qsort(counts, (size_t)size, sizeof *counts, compare_counts);
    while (survey->category_count < size && counts[survey->category_count].count)
        survey->category_count++;
    survey->categories = counts;
    return NNRT_OK;
}

static int is_label(const nnrt_table *table, const nnrt_field *field,
                    const nnrt_column_survey *survey) {
    if (field->role != NNRT_TARGET || field->column.rank || !field->values) return 0;
    if (!(survey->lowest >= 0) || survey->highest >= LABELS) return 0;
    for (int64_t i = 0; i < table->train.count; i++) {
        double value = nnrt_field_number(field, table->train.rows[i], 0);
        if (!isnan(value) && value != floor(value)) return 0;
    }
    return 1;
}

// Many whole numbers without names, of which some do not occur, are quantities.
static void leave_quantities(nnrt_column_survey *survey, const char *const *names) {
    int64_t count = survey->category_count;
    if (names || count <= FEW_LABELS || (double)count > survey->highest) return;
    free(survey->categories);
    survey->categories = NULL;
    survey->category_count = 0;
}

// ---- Columns.

static nnrt_status survey_numbers(const nnrt_table *table, const nnrt_field *field, void *buffer,
                                  nnrt_column_survey *survey) {
    Moments all = {.lowest = INFINITY, .highest = -INFINITY};
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < table->train.count && !status; i++) {
        const void *values = row_values(field, table->train.rows[i], buffer, &status);
        if (status) break;
        Moments row = moments_of(values, field->column.dtype, field->column.size);
        survey->missing += row.count < field->column.size;
        add_moments(&all, &row);
    }
    set_numbers(survey, &all);
    if (status || !is_label(table, field, survey)) return status;
    const char *const *names = field->target.class_names;
    status = count_categories(table, field, (int64_t)survey->highest + 1, names, survey);
    if (!status) leave_quantities(survey, names);
    return status;
}

static int is_of_words(const nnrt_field *field) {
    return field->kind == NNRT_WORDS || field->kind == NNRT_DATES || field->kind == NNRT_TOKENS;
}

static nnrt_status survey_words(const nnrt_table *table, const nnrt_field *field,
                                nnrt_column_survey *survey) {
    set_numbers(survey, &(Moments){0});
    for (int64_t i = 0; i < table->train.count; i++)
        survey->missing += ((const int32_t *)field->values)[table->train.rows[i]] < 0;
    return count_categories(table, field, field->word_count, field->words, survey);
}

static nnrt_status survey_column(const nnrt_table *table, const nnrt_field *field, void *buffer,
                                 nnrt_column_survey *survey) {
    static const char *const kinds[] = {[NNRT_TENSORS] = "arrays",
                                        [NNRT_NUMBERS] = "numbers",
                                        [NNRT_WORDS] = "words",
                                        [NNRT_DATES] = "dates",
                                        [NNRT_TOKENS] = "tokens"};
    survey->column = field->column;
    survey->is_target = field->role == NNRT_TARGET;
    survey->is_weight = field->role == NNRT_WEIGHT;
    survey->kind = kinds[field->kind];
    int is_index = field->is_index && field->values && field->column.size == 1; // no window of them
    if (is_index) survey->kind = "categories";
    if (is_of_words(field) || is_index) return survey_words(table, field, survey);
    nnrt_status status = survey_numbers(table, field, buffer, survey);
    if (status || !nnrt_token_survey_fits(field)) return status;
    return nnrt_token_survey_make(table, field, survey);
}

static int64_t largest_sample(const nnrt_table *table) {
    int64_t largest = 1;
    for (int64_t i = 0; i < table->field_count; i++) {
        const nnrt_column *column = &table->fields[i].column;
        int64_t bytes = column->size * nnrt_dtype_size(column->dtype);
        if (bytes > largest) largest = bytes;
    }
    return largest;
}

static nnrt_status survey_columns(nnrt_survey *survey, void *buffer) {
    const nnrt_table *table = survey->table;
    size_t bytes = ((size_t)table->field_count + 1) * sizeof *survey->columns;
    nnrt_status status = NNRT_OK;
    survey->columns = calloc(1, bytes);
    if (!survey->columns) return nnrt_fail_memory("a look at the data", bytes);
    survey->column_count = table->field_count;
    for (int64_t i = 0; i < table->field_count && !status; i++)
        status = survey_column(table, &table->fields[i], buffer, &survey->columns[i]);
    return status;
}

// ---- Rows that training has, too.

// Of the bytes of all features.
static nnrt_status hash_row(const nnrt_table *table, uint32_t row, void *buffer, uint64_t *hash) {
    nnrt_status status = NNRT_OK;
    *hash = NNRT_HASH_START;
    for (int64_t i = 0; i < table->field_count && !status; i++) {
        const nnrt_field *field = &table->fields[i];
        if (field->role != NNRT_FEATURE) continue;
        int64_t bytes = field->column.size * nnrt_dtype_size(field->column.dtype);
        const void *values = row_values(field, row, buffer, &status);
        if (!status) *hash = nnrt_hash_add(*hash, values, bytes);
    }
    return status;
}

static int compare_hashes(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

static nnrt_status count_duplicates(const nnrt_table *table, const nnrt_part *part,
                                    const uint64_t *known, void *buffer, int64_t *count) {
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < part->count && !status; i++) {
        uint64_t hash;
        status = hash_row(table, part->rows[i], buffer, &hash);
        *count += !status && bsearch(&hash, known, (size_t)table->train.count, sizeof hash,
                                     compare_hashes) != NULL;
    }
    return status;
}

static nnrt_status find_duplicates(nnrt_survey *survey, void *buffer) {
    const nnrt_table *table = survey->table;
    int is_text = table->field_count && table->fields[0].kind == NNRT_TOKENS;
    if ((!table->validation.count && !table->test.count) || is_text) return NNRT_OK;
    size_t bytes = ((size_t)table->train.count + 1) * sizeof(uint64_t);
    uint64_t *known = malloc(bytes);
    if (!known) return nnrt_fail_memory("a look at the data", bytes);
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < table->train.count && !status; i++)
        status = hash_row(table, table->train.rows[i], buffer, &known[i]);
    if (!status) qsort(known, (size_t)table->train.count, sizeof *known, compare_hashes);
    if (!status)
        status = count_duplicates(table, &table->validation, known, buffer,
                                  &survey->validation_duplicates);
    if (!status)
        status = count_duplicates(table, &table->test, known, buffer, &survey->test_duplicates);
    free(known);
    return status;
}

// ---- All of it.

static nnrt_status survey_table(nnrt_survey *survey) {
    int64_t bytes = largest_sample(survey->table);
    void *buffer = malloc((size_t)bytes);
    if (!buffer) return nnrt_fail_memory("a sample", (size_t)bytes);
    survey->train_rows = survey->table->train.count;
    survey->skipped_rows = survey->table->skipped_rows;
    survey->validation_rows = survey->table->validation.count;
    survey->test_rows = survey->table->test.count;
    nnrt_status status = survey_columns(survey, buffer);
    if (!status) status = find_duplicates(survey, buffer);
    free(buffer);
    return status;
}

nnrt_status nnrt_survey_make(const nnrt_call *stages, int64_t stage_count, const char *folder,
                             nnrt_survey *survey) {
    *survey = (nnrt_survey){.table = nnrt_table_create(folder)};
    if (!survey->table) return NNRT_ERROR;
    nnrt_status status = nnrt_table_run(survey->table, stages, stage_count);
    if (!status) status = survey_table(survey);
    if (status) nnrt_survey_free(survey);
    return status;
}

void nnrt_survey_free(nnrt_survey *survey) {
    for (int64_t i = 0; i < survey->column_count; i++) free(survey->columns[i].categories);
    free(survey->columns);
    nnrt_table_free(survey->table);
    *survey = (nnrt_survey){0};
}

const char *nnrt_survey_cell(const nnrt_survey *survey, int64_t column, int64_t row) {
    static char text[NNRT_JSON_NUMBER];
    const nnrt_field *field = &survey->table->fields[column];
    double value = nnrt_field_number(field, survey->table->train.rows[row], 0);
    if (is_of_words(field)) return value < 0 ? "" : field->words[(int64_t)value];
    if (isnan(value)) return "";
    if (field->column.dtype == NNRT_F32)
        nnrt_float_text(text, (float)value);
    else
        nnrt_number_text(text, value);
    return text;
}
