// Values that are not there: NaN among numbers, -1 among words.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../base/text/number.h"
#include "../stage.h"
#include "../table/learnt.h"
#include "columns.h"

// ---- drop_missing

enum { DROP_COLUMNS };

// Of all columns, or of those that are named.
static int lacks_any(const nnrt_table *table, const uint8_t *counts, uint32_t row) {
    for (int64_t i = 0; i < table->field_count; i++)
        if (counts[i] && nnrt_field_is_missing(&table->fields[i], row)) return 1;
    return 0;
}

static void drop_rows(const nnrt_table *table, nnrt_part *part, const uint8_t *counts) {
    int64_t kept = 0;
    for (int64_t i = 0; i < part->count; i++)
        if (!lacks_any(table, counts, part->rows[i])) part->rows[kept++] = part->rows[i];
    part->count = kept;
}

// Of rows that are predicted targets and weights are not known, nor columns that they can do
// without.
static int must_be_there(const nnrt_table *table, const nnrt_field *field) {
    return !field->is_absent && !(table->is_predicted && field->role != NNRT_FEATURE);
}

static nnrt_status apply_drop(nnrt_table *table, const nnrt_call *call) {
    nnrt_part *const parts[] = {&table->train, &table->validation, &table->test};
    int64_t named;
    uint8_t *counts = nnrt_columns_mark(table, call, DROP_COLUMNS, &named);
    if (!counts) return NNRT_ERROR;
    for (int64_t i = 0; i < table->field_count; i++)
        counts[i] = must_be_there(table, &table->fields[i]) && (!named || counts[i]);
    for (int i = 0; i < 3; i++) drop_rows(table, parts[i], counts);
    free(counts);
    if (table->train.count || table->new_rows) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR, "drop_missing: every row of the training part lacks something");
}

static const ArgDef drop_args[] = {
    [DROP_COLUMNS] = {.name = "columns",
                      .type = ARG_NAMES,
                      .default_text = "none",
                      .variadic = true,
                      .doc = "that must be there; none: all"},
    {0},
};

// ---- fill_missing

enum { FILL_WITH, FILL_COLUMNS };

typedef enum Way { WITH_MEAN, WITH_MEDIAN, WITH_MOST_FREQUENT, WITH_PREVIOUS, WITH_VALUE } Way;

typedef struct Filling {
    nnrt_table *table;
    nnrt_field *field;
    const nnrt_call *call;
    Way way;
    const char *text; // of a value
} Filling;

// What the training part has there, in order of size; `*count` may be 0.
static double *sorted_numbers(const Filling *f, int64_t *count) {
    const nnrt_part *train = &f->table->train;
    double *numbers = malloc((size_t)(train->count + 1) * sizeof *numbers);
    *count = 0;
    nnrt_storage_borrow(f->table->storage, train->count * (int64_t)sizeof *numbers);
    for (int64_t i = 0; numbers && i < train->count; i++)
        if (!nnrt_field_is_missing(f->field, train->rows[i]))
            numbers[(*count)++] = nnrt_field_number(f->field, train->rows[i], 0);
    if (numbers)
        qsort(numbers, (size_t)*count, sizeof *numbers, nnrt_number_compare);
    else
        nnrt_fail_memory("fill_missing", (size_t)train->count * sizeof *numbers);
    return numbers;
}

static double most_frequent(const double *sorted, int64_t count) {
    int64_t best = 0, best_count = 0;
    for (int64_t i = 0, first = 0; i < count; i++) {
        if (sorted[i] != sorted[first]) first = i;
        if (i - first + 1 > best_count) best_count = i - first + 1, best = first;
    }
    return sorted[best];
}

static double mean_of(const double *numbers, int64_t count) {
    long double sum = 0;
    for (int64_t i = 0; i < count; i++) sum += (long double)numbers[i];
    return (double)(sum / (long double)count);
}

static double statistic_of(Way way, const double *sorted, int64_t count) {
    if (way == WITH_MOST_FREQUENT) return most_frequent(sorted, count);
    if (way == WITH_MEAN) return mean_of(sorted, count);
    long double middle = (long double)sorted[(count - 1) / 2] + (long double)sorted[count / 2];
    return (double)(middle / 2); // of two numbers near 1e308, too
}

static nnrt_status fail_way(const Filling *f) {
    return nnrt_fail(NNRT_ERROR,
                     "fill_missing(%s): the column `%s` holds words\n"
                     "name the columns of numbers, or write `fill_missing(most_frequent)`",
                     f->text, f->field->column.name);
}

static void put(nnrt_field *field, uint32_t row, double value) {
    if (field->kind == NNRT_NUMBERS)
        ((double *)field->values)[row] = value;
    else
        ((int32_t *)field->values)[row] = (int32_t)value;
}

static nnrt_status fill_all(const Filling *f, double value) {
    for (int64_t row = 0; row < f->table->row_count; row++)
        if (nnrt_field_is_missing(f->field, (uint32_t)row)) put(f->field, (uint32_t)row, value);
    return nnrt_learnt_put(f->table, f->field->column.name, nnrt_learnt_value(f->field, value));
}

// With the row before, in the order of the file, whatever part it is of. Rows before the first one
// that is there, which have none before them, take that.
static void fill_previous(const Filling *f) {
    int64_t first = 0;
    while (first < f->table->row_count && nnrt_field_is_missing(f->field, (uint32_t)first)) first++;
    for (int64_t row = 0; row < first && first < f->table->row_count; row++)
        put(f->field, (uint32_t)row, nnrt_field_number(f->field, first, 0));
    for (int64_t row = 1; row < f->table->row_count; row++)
        if (nnrt_field_is_missing(f->field, (uint32_t)row) &&
            !nnrt_field_is_missing(f->field, (uint32_t)row - 1))
            put(f->field, (uint32_t)row, nnrt_field_number(f->field, row - 1, 0));
}

static nnrt_status fill_statistic(const Filling *f) {
    int64_t count;
    if (f->field->kind != NNRT_NUMBERS && f->way != WITH_MOST_FREQUENT) return fail_way(f);
    double *sorted = sorted_numbers(f, &count);
    if (!sorted) return NNRT_ERROR;
    double value = count ? statistic_of(f->way, sorted, count) : 0;
    free(sorted);
    if (!count)
        return nnrt_fail(NNRT_ERROR,
                         "fill_missing(%s): the training part has nothing in the column `%s`\n"
                         "add `-> drop(%s)`",
                         f->text, f->field->column.name,
                         nnrt_written_name(f->field->column.name).text);
    return fill_all(f, value);
}

// A word that the column does not have yet takes its place in the order of the others.
static nnrt_status add_word(const Filling *f, const char *word, int32_t *code) {
    nnrt_field *field = f->field;
    int32_t *codes = field->values, place = 0;
    size_t count = (size_t)field->word_count, bytes = (count + 1) * sizeof(char *);
    const char **words = malloc(bytes);
    if (!words) return nnrt_fail_memory("fill_missing", bytes);
    while (place < field->word_count && strcmp(field->words[place], word) < 0) place++;
    for (int32_t i = 0; i < field->word_count; i++) words[i + (i >= place)] = field->words[i];
    words[place] = word;
    field->words = nnrt_table_keep_names(words, ++field->word_count);
    free(words);
    for (int64_t row = 0; row < f->table->row_count; row++) codes[row] += codes[row] >= place;
    *code = place;
    return field->words ? NNRT_OK : NNRT_ERROR;
}

static nnrt_status fill_word(const Filling *f, const char *word) {
    int32_t code = nnrt_field_find_word(f->field, word);
    nnrt_status status = code < 0 ? add_word(f, word, &code) : NNRT_OK;
    return status ? status : fill_all(f, code);
}

static nnrt_status fill_value(const Filling *f) {
    double value;
    if (f->field->kind == NNRT_NUMBERS) {
        if (!nnrt_number_parse(f->text, &value))
            return nnrt_fail(NNRT_ERROR, "fill_missing(%s): the column `%s` holds numbers", f->text,
                             f->field->column.name);
        return fill_all(f, value);
    }
    return fill_word(f, f->text);
}

static nnrt_status fill_field(const Filling *f) {
    if (f->way == WITH_PREVIOUS) {
        fill_previous(f);
        return NNRT_OK;
    }
    const json_t *state = nnrt_learnt_state(f->table, f->field->column.name);
    if (state && !nnrt_learnt_fits(f->field, state))
        return nnrt_learnt_fail_damaged(f->call->name, f->field->column.name);
    if (state && f->field->kind != NNRT_NUMBERS) return fill_word(f, json_string_value(state));
    if (state) return fill_all(f, json_number_value(state));
    return f->way == WITH_VALUE ? fill_value(f) : fill_statistic(f);
}

static Way way_of(const char *text) {
    static const char *const ways[] = {"mean", "median", "most_frequent", "previous"};
    int way = 0;
    while (way < WITH_VALUE && strcmp(ways[way], text) != 0) way++;
    return (Way)way;
}

// Of the columns that are not named: those with gaps that the way can fill; targets keep theirs,
// unless they are named or take the row before.
static int is_filled(const Filling *f) {
    if (f->way == WITH_PREVIOUS) return 1;
    if (f->field->role != NNRT_FEATURE) return 0;
    double number;
    int is_number = f->field->kind == NNRT_NUMBERS;
    if (f->way == WITH_VALUE) return is_number == nnrt_number_parse(f->text, &number);
    return is_number || f->way == WITH_MOST_FREQUENT;
}

static nnrt_status apply_fill(nnrt_table *table, const nnrt_call *call) {
    char number[32];
    const char *text = nnrt_call_text_at(call, FILL_WITH);
    int64_t named;
    uint8_t *is_named = nnrt_columns_mark(table, call, FILL_COLUMNS, &named);
    nnrt_status status = is_named ? NNRT_OK : NNRT_ERROR;
    if (!text) snprintf(number, sizeof number, "%.17g", nnrt_call_number_at(call, FILL_WITH));
    for (int64_t i = 0; i < table->field_count && !status; i++) {
        Filling f = {table, &table->fields[i], call, WITH_VALUE, text ? text : number};
        f.way = way_of(f.text);
        int can_be = f.field->kind != NNRT_TENSORS && !f.field->is_absent;
        if (can_be && (named ? is_named[i] : is_filled(&f))) status = fill_field(&f);
        nnrt_storage_passed(f.field->values);
    }
    free(is_named);
    return status;
}

static const ArgDef fill_args[] = {
    [FILL_WITH] = {.name = "with",
                   .type = ARG_NAME,
                   .keras_name = "strategy method value",
                   .doc =
                       "`mean`, `median` or `most_frequent` of the training part, `previous` (the "
                       "row before), or a value"},
    [FILL_COLUMNS] = {.name = "columns",
                      .type = ARG_NAMES,
                      .default_text = "none",
                      .variadic = true,
                      .doc = "that are filled; none: all inputs that can be"},
    {0},
};

const nnrt_transform nnrt_missing_transforms[] = {
    {.schema = {"drop_missing", "leaves out rows in which a value is missing", drop_args,
                "dropna drop_na"},
     .timing = NNRT_OF_ROWS,
     .touches = NNRT_TOUCHES_GAPS,
     .apply = apply_drop},
    {.schema = {"fill_missing", "puts values where they are missing", fill_args,
                "fillna SimpleImputer fill_na"},
     .timing = NNRT_FITTED,
     .touches = NNRT_TOUCHES_GAPS | NNRT_TOUCHES_NUMBERS,
     .apply = apply_fill},
    {.schema = {0}}};
