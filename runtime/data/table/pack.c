// From the columns of a table to what programs read: one vector of numbers, and targets.
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../base/text/list.h"
#include "../../base/text/number.h"
#include "facts.h"
#include "learnt.h"
#include "table.h"

// ---- Missing values.

static const nnrt_part *part_of(const nnrt_table *table, int number) {
    const nnrt_part *const parts[] = {&table->train, &table->validation, &table->test};
    return parts[number];
}

enum { PARTS = 3 };
#define LARGEST_WEIGHT 1e9 // of a sample: far below what overflows with it

// In how many rows of the parts? `*first`: one of them.
static int64_t count_missing(const nnrt_table *table, const nnrt_field *field, uint32_t *first) {
    const double *numbers =
        field->kind == NNRT_NUMBERS && !field->is_indicator ? field->values : NULL;
    int64_t count = 0;
    for (int p = 0; p < PARTS; p++)
        for (int64_t i = 0; i < part_of(table, p)->count; i++) {
            uint32_t row = part_of(table, p)->rows[i];
            if (numbers ? numbers[row] == numbers[row] : !nnrt_field_is_missing(field, row))
                continue;
            if (!count++ || row < *first) *first = row;
        }
    return count;
}

static nnrt_status check_missing(const nnrt_table *table, const nnrt_field *field) {
    uint32_t first = 0;
    int64_t count = field->is_whole ? 0 : count_missing(table, field, &first);
    if (!count) return NNRT_OK;
    static const char *const kinds[] = {
        [NNRT_FEATURE] = "column", [NNRT_TARGET] = "target", [NNRT_WEIGHT] = "weight"};
    char fill[300] = "";
    const char *name = field->column.name;
    if (field->role == NNRT_FEATURE) snprintf(fill, sizeof fill, ", or `-> fill_missing(..)`");
    if (field->role == NNRT_WEIGHT)
        snprintf(fill, sizeof fill, ", or `-> fill_missing(1, %s)`", nnrt_written_name(name).text);
    return nnrt_fail(NNRT_ERROR,
                     "the %s `%s` is missing in %lld row%s, the first is %s\n"
                     "add `-> drop_missing`%s",
                     kinds[field->role], name, (long long)count, count == 1 ? "" : "s",
                     nnrt_table_row(table, first).text, fill);
}

// ---- Targets that are words.

// The classes that training knows.
typedef struct Classes {
    const char **names; // [count]
    int32_t *labels;    // by word of the field; -1: it is none of them
    int64_t count;
} Classes;

static void free_classes(Classes *classes) {
    free(classes->names);
    free(classes->labels);
}

static nnrt_status make_classes(Classes *classes, const nnrt_field *field, int64_t names) {
    size_t bytes = (size_t)(field->word_count + 1) * sizeof *classes->labels;
    classes->names = malloc((size_t)(names + 1) * sizeof *classes->names);
    classes->labels = malloc(bytes);
    if (!classes->names || !classes->labels) return nnrt_fail_memory("labels", bytes);
    for (int64_t i = 0; i < field->word_count; i++) classes->labels[i] = -1;
    return NNRT_OK;
}

// Labels are the places of the words among those of the training part.
static nnrt_status learn_classes(const nnrt_table *table, const nnrt_field *field,
                                 Classes *classes) {
    const int32_t *codes = field->values;
    nnrt_status status = make_classes(classes, field, field->word_count);
    if (status) return status;
    for (int64_t i = 0; i < table->train.count; i++)
        classes->labels[codes[table->train.rows[i]]] = 0;
    for (int64_t i = 0; i < field->word_count; i++) {
        if (classes->labels[i] < 0) continue;
        classes->labels[i] = (int32_t)classes->count;
        classes->names[classes->count++] = field->words[i];
    }
    return NNRT_OK;
}

static nnrt_status take_classes(const json_t *state, const nnrt_field *field, Classes *classes) {
    int64_t count = (int64_t)json_array_size(state);
    nnrt_status status = make_classes(classes, field, count);
    for (int64_t i = 0; i < count && !status; i++) {
        const json_t *name = json_array_get(state, (size_t)i);
        double word = nnrt_learnt_number(field, name);
        classes->names[classes->count++] = json_string_value(name);
        if (word == word) classes->labels[(int64_t)word] = (int32_t)i;
    }
    return status;
}

static const char *list_names(const Classes *classes, char *text, size_t size) {
    nnrt_list list = nnrt_list_make(text, size);
    for (int64_t i = 0; i < classes->count; i++) nnrt_list_add(&list, "`%s`", classes->names[i]);
    return text;
}

// A label that training does not know.
static nnrt_status fail_word(const nnrt_table *table, const nnrt_field *field, int part,
                             uint32_t row, const Classes *classes) {
    static const char *const parts[] = {"training", "validation", "test"};
    const char *word = field->words[((const int32_t *)field->values)[row]];
    char text[256];
    if (table->states)
        return nnrt_fail(NNRT_ERROR,
                         "the target `%s` is `%s` in %s, but training knew %s only\n"
                         "correct it, or train again with such rows",
                         field->column.name, word, nnrt_table_row(table, row).text,
                         list_names(classes, text, sizeof text));
    return nnrt_fail(NNRT_ERROR,
                     "the target `%s` is `%s` in %s, of the %s part, but the training part has %s "
                     "only\ntake off what differs: `trim = \" .\"`, or keep such rows out",
                     field->column.name, word, nnrt_table_row(table, row).text, parts[part],
                     list_names(classes, text, sizeof text));
}

static nnrt_status check_words(const nnrt_table *table, const nnrt_field *field,
                               const Classes *classes) {
    const int32_t *codes = field->values;
    if (table->is_predicted) return NNRT_OK;
    for (int p = table->states ? 0 : 1; p < PARTS; p++)
        for (int64_t i = 0; i < part_of(table, p)->count; i++) {
            uint32_t row = part_of(table, p)->rows[i];
            if (classes->labels[codes[row]] < 0) return fail_word(table, field, p, row, classes);
        }
    return NNRT_OK;
}

static nnrt_status number_words(nnrt_table *table, nnrt_field *field, const Classes *classes) {
    int32_t *codes = field->values;
    for (int64_t row = 0; row < table->row_count; row++)
        if (codes[row] >= 0) codes[row] = classes->labels[codes[row]];
    field->target.class_names = field->words =
        nnrt_table_keep_names(classes->names, classes->count);
    field->target.classes = field->word_count = classes->count;
    if (!field->words) return NNRT_ERROR;
    return nnrt_learnt_put_source(table, "classes", field->column.name,
                                  nnrt_learnt_words(field->words, classes->count));
}

static nnrt_status fail_classes(const nnrt_field *field) {
    return nnrt_fail(NNRT_ERROR,
                     "the classes of the target `%s` are not in the weights: they are of another "
                     "program, or of data with other columns\ntrain again",
                     field->column.name);
}

static nnrt_status settle_words(nnrt_table *table, nnrt_field *field) {
    Classes classes = {0};
    const json_t *state = nnrt_learnt_source(table, "classes", field->column.name);
    if (table->states && !state) return fail_classes(field);
    if (state && !nnrt_learnt_is_list(state, 1, 1))
        return nnrt_learnt_fail_damaged("csv", field->column.name);
    nnrt_status status =
        state ? take_classes(state, field, &classes) : learn_classes(table, field, &classes);
    if (!status) status = check_words(table, field, &classes);
    if (!status) status = number_words(table, field, &classes);
    free_classes(&classes);
    return status;
}

// ---- Targets that are numbers.

static void survey(const nnrt_table *table, const nnrt_field *field, nnrt_target_info *info,
                   int *all_whole) {
    const double *values = field->values;
    int is_first = 1, any_other = 0, any_fraction = 0;
    *all_whole = 1;
    for (int p = 0; p < PARTS; p++)
        for (int64_t i = 0; i < part_of(table, p)->count; i++) {
            uint32_t row = part_of(table, p)->rows[i];
            nnrt_target_value value = {values[row], row, p == 2};
            if (is_first || value.value < info->lowest.value) info->lowest = value;
            if (is_first || value.value > info->highest.value) info->highest = value;
            is_first = 0;
            *all_whole &= value.value == floor(value.value);
            any_other |= fabs(value.value) != 1;
            any_fraction |= value.value != 0 && value.value != 1;
        }
    info->lowest.row = nnrt_table_row_in_file(table, (uint32_t)info->lowest.row) - 1;
    info->highest.row = nnrt_table_row_in_file(table, (uint32_t)info->highest.row) - 1;
    info->signs = info->lowest.value == -1 && !any_other;
    info->decisions = !any_fraction;
    info->uneven.value = 1;
}

static nnrt_status convert(const nnrt_table *table, nnrt_field *field, int64_t dtype) {
    const double *values = field->values;
    nnrt_column column = nnrt_column_make(field->column.name, dtype, 0, NULL);
    void *converted = nnrt_storage_allocate(table->storage, dtype, table->row_count);
    if (!converted) return NNRT_ERROR;
    for (int64_t row = 0; row < table->row_count; row++) {
        if (dtype == NNRT_F32)
            ((float *)converted)[row] = (float)values[row];
        else
            ((int32_t *)converted)[row] =
                values[row] >= 0 && values[row] < NNRT_DATA_MAX_CLASSES ? (int32_t)values[row] : -1;
    }
    field->column = column;
    return nnrt_field_replace(field, &column, converted);
}

// How many classes the labels show, 0: they are none. What training saw stands in the weights:
// a file of rows shows some of them alone.
static nnrt_status find_labels(const nnrt_table *table, nnrt_field *field, int all_whole) {
    nnrt_target_info *info = &field->target;
    int are_labels =
        all_whole && info->lowest.value >= 0 && info->highest.value < NNRT_DATA_MAX_CLASSES;
    int64_t found = are_labels ? (int64_t)info->highest.value + 1 : 0;
    const json_t *state = nnrt_learnt_source(table, "labels", field->column.name);
    int64_t classes = state ? json_integer_value(state) : found;
    if (state && (!json_is_integer(state) || classes < 0 || classes > NNRT_DATA_MAX_CLASSES))
        return nnrt_learnt_fail_damaged("csv", field->column.name);
    info->classes = classes;
    if (!classes || table->is_predicted || (found && found <= classes)) return NNRT_OK;
    const nnrt_target_value *wrong = info->lowest.value < 0 ? &info->lowest : &info->highest;
    return nnrt_fail(NNRT_ERROR,
                     "the target `%s` goes to %g, in row %lld; training knew the whole numbers 0 "
                     "to %lld\ncorrect it, or train again with such rows",
                     field->column.name, wrong->value, (long long)wrong->row + 1,
                     (long long)classes - 1);
}

static nnrt_status settle_numbers(nnrt_table *table, nnrt_field *field) {
    nnrt_target_info *info = &field->target;
    int all_whole;
    survey(table, field, info, &all_whole);
    nnrt_status status = find_labels(table, field, all_whole);
    info->is_open = 1;
    if (!status && !table->is_predicted &&
        fmax(fabs(info->lowest.value), fabs(info->highest.value)) > FLT_MAX)
        status =
            nnrt_fail(NNRT_ERROR,
                      "the target `%s` has numbers from %g to %g, beyond those of a model, "
                      "which go to 3.4e38\nwrite `standardize(target = true)`, or correct them",
                      field->column.name, info->lowest.value, info->highest.value);
    if (status) return status;
    status =
        nnrt_learnt_put_source(table, "labels", field->column.name, json_integer(info->classes));
    return status ? status : convert(table, field, info->classes ? NNRT_I32 : NNRT_F32);
}

nnrt_status nnrt_target_settle(nnrt_table *table, nnrt_field *field) {
    if (field->kind == NNRT_TENSORS) return NNRT_OK;
    nnrt_status status = table->is_predicted ? NNRT_OK : check_missing(table, field);
    if (status) return status;
    status =
        field->kind == NNRT_NUMBERS ? settle_numbers(table, field) : settle_words(table, field);
    field->kind = NNRT_TENSORS;
    return status;
}

// ---- Weights of samples.

static nnrt_status check_weight(const nnrt_table *table, const nnrt_field *field) {
    const double *values = field->values;
    const char *name = field->column.name;
    double sum = 0;
    nnrt_status status = table->is_predicted ? NNRT_OK : check_missing(table, field);
    for (int p = 0; p < PARTS && !status && !table->is_predicted; p++)
        for (int64_t i = 0; i < part_of(table, p)->count && !status; i++) {
            uint32_t row = part_of(table, p)->rows[i];
            if (p == 0) sum += values[row];
            if (values[row] >= 0 && values[row] <= LARGEST_WEIGHT) continue;
            status = nnrt_fail(NNRT_ERROR,
                               "the weight `%s` is %g in %s\nweights of samples are numbers "
                               "from 0 to 1e9: correct the row, or write `-> clip(0, 1e9, %s)`",
                               name, values[row], nnrt_table_row(table, row).text,
                               nnrt_written_name(name).text);
        }
    if (status || sum > 0 || table->states) return status; // states: nothing is trained
    return nnrt_fail(NNRT_ERROR,
                     "the weight `%s` is 0 in all training rows: nothing would be "
                     "trained",
                     name);
}

static nnrt_status settle_weight(nnrt_table *table, nnrt_field *field) {
    if (field->kind == NNRT_TENSORS) return NNRT_OK;
    if (field->kind != NNRT_NUMBERS)
        return nnrt_fail(NNRT_ERROR, "the weight `%s` does not hold numbers", field->column.name);
    nnrt_status status = check_weight(table, field);
    if (!status) status = convert(table, field, NNRT_F32);
    field->kind = NNRT_TENSORS;
    return status;
}

// ---- The vector.

static int is_input_of_numbers(const nnrt_field *field) {
    return field->role == NNRT_FEATURE && field->kind == NNRT_NUMBERS;
}

static int is_packed(const nnrt_field *field) {
    return is_input_of_numbers(field) && !field->is_separate;
}

// "1,234" and "-1,234,567.5": digits in groups of three.
static int has_thousands(const char *text) {
    int groups = 0;
    text += *text == '-';
    size_t digits = strspn(text, "0123456789");
    if (digits < 1 || digits > 3) return 0;
    for (text += digits; *text == ',' && strspn(text + 1, "0123456789") == 3; text += 4) groups++;
    if (*text == '.') text += 1 + strspn(text + 1, "0123456789");
    return groups && !*text;
}

// Words that stand among numbers are mistakes, or mean something that numbers cannot.
static nnrt_status fail_feature_words(const nnrt_field *field) {
    const char *name = field->column.name, *word = NULL, *thousands = NULL;
    const nnrt_written written = nnrt_written_name(name);
    int any_number = 0;
    if (nnrt_facts_has_commas(field))
        return nnrt_fail(NNRT_ERROR,
                         "the column `%s` holds numbers with a decimal comma, `%s` for example\n"
                         "write `decimal = comma` in the source",
                         name, field->words[0]);
    for (int64_t i = 0; i < field->word_count; i++) {
        const char *text = field->words[i];
        double number;
        int is_number = nnrt_number_parse(text, &number), is_long = has_thousands(text);
        any_number |= is_number;
        if (is_long && !thousands) thousands = text;
        if (!is_number && !is_long && !word) word = text;
    }
    if (thousands && !word)
        return nnrt_fail(NNRT_ERROR,
                         "the column `%s` holds numbers with separators of thousands, `%s` for "
                         "example\ntake them out of the file, or add `-> drop(%s)`",
                         name, thousands, written.text);
    if (any_number && word)
        return nnrt_fail(NNRT_ERROR,
                         "the column `%s` holds words among numbers, `%s` for example\nwrite "
                         "`missing = \"%s\"` if it stands for nothing, or add `-> one_hot(%s)`, or "
                         "`-> drop(%s)`",
                         name, word, word, written.text, written.text);
    return nnrt_fail(NNRT_ERROR,
                     "the column `%s` holds words, `%s` for example\n"
                     "add `-> one_hot(%s)`, or `-> drop(%s)`; if they are texts, `-> tokens(%s)`",
                     name, field->word_count ? field->words[0] : "", written.text, written.text,
                     written.text);
}

static nnrt_status check_feature(const nnrt_table *table, const nnrt_field *field) {
    const char *name = field->column.name;
    const nnrt_written written = nnrt_written_name(name);
    if (field->role != NNRT_FEATURE) return NNRT_OK;
    if (field->kind == NNRT_WORDS) return fail_feature_words(field);
    if (field->kind == NNRT_DATES)
        return nnrt_fail(NNRT_ERROR,
                         "the column `%s` holds dates\nadd `-> drop(%s)`, and before it, for what "
                         "of them matters, `-> compute(month = month(%s))`, for example",
                         name, written.text, written.text);
    if (field->kind == NNRT_TOKENS && !table->windows)
        return nnrt_fail(NNRT_ERROR,
                         "a text is one run of %lld tokens, not samples\n"
                         "say how long they are: add `-> windows(100)`, for example",
                         (long long)table->row_count);
    return is_input_of_numbers(field) ? check_missing(table, field) : NNRT_OK;
}

static int64_t count_packed(const nnrt_table *table) {
    int64_t count = 0;
    for (int64_t i = 0; i < table->field_count; i++) count += is_packed(&table->fields[i]);
    return count;
}

enum { BLOCK = 256 }; // rows that are filled at a time, column by column: those of a cache

// x[i * size] of doubles. Is one of them beyond those of 32 bits?
static int narrow(const double *numbers, int64_t count, float *x, int64_t size) {
    int is_beyond = 0;
    for (int64_t i = 0; i < count; i++) {
        is_beyond |= fabs(numbers[i]) > FLT_MAX;
        x[i * size] = (float)numbers[i];
    }
    return is_beyond;
}

static int fill_column(const nnrt_field *field, int64_t first, int64_t end, float *x,
                       int64_t size) {
    int is_beyond = 0;
    x += first * size;
    if (field->stored.dtype == NNRT_F64)
        return narrow((const double *)field->values + first, end - first, x, size);
    for (int64_t row = first; row < end; row++, x += size) {
        double number = nnrt_field_number(field, row, 0);
        is_beyond |= narrow(&number, 1, x, 1);
    }
    return is_beyond;
}

// Rows that belong to no part do not count. `x`: the numbers of the column, every `size`.
static nnrt_status check_range(const nnrt_table *table, const char *name, const float *x,
                               int64_t size) {
    for (int p = 0; p < PARTS; p++)
        for (int64_t i = 0; i < part_of(table, p)->count; i++) {
            uint32_t row = part_of(table, p)->rows[i];
            if (!isinf(x[row * size])) continue;
            return nnrt_fail(NNRT_ERROR,
                             "the column `%s` has a number in %s that is beyond those of a "
                             "model, which go to 3.4e38\nbring it nearer to 0, with "
                             "`standardize` or `clip` for example, or correct the row",
                             name, nnrt_table_row(table, row).text);
        }
    return NNRT_OK;
}

static nnrt_status check_packed(const nnrt_table *table, const float *x, int64_t size) {
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0, place = 0; i < table->field_count && !status; i++)
        if (is_packed(&table->fields[i]))
            status = check_range(table, table->fields[i].column.name, x + place++, size);
    return status;
}

// A number is read once; the vector and the columns need not be in memory together.
static void let_go(const nnrt_table *table, float *x, int64_t size, int64_t end) {
    nnrt_storage_fill(x, end * size * (int64_t)sizeof *x);
    for (int64_t i = 0; i < table->field_count; i++) {
        const nnrt_field *field = &table->fields[i];
        int64_t bytes = field->stored.size * nnrt_dtype_size(field->stored.dtype);
        if (is_packed(field)) nnrt_storage_discard(field->values, end * bytes);
    }
}

static nnrt_status fill(const nnrt_table *table, float *x, int64_t size) {
    int is_beyond = 0;
    int64_t stretch = nnrt_storage_stretch(table->storage, size * 12), block = BLOCK;
    if (block > stretch) block = stretch;
    for (int64_t first = 0; first < table->row_count; first += block) {
        int64_t end = first + block < table->row_count ? first + block : table->row_count;
        int64_t place = 0;
        for (int64_t i = 0; i < table->field_count; i++) {
            const nnrt_field *field = &table->fields[i];
            if (!is_packed(field)) continue;
            is_beyond |= fill_column(field, first, end, x + place, size);
            place++;
        }
        if (end % stretch == 0 || end == table->row_count) let_go(table, x, size, end);
    }
    return is_beyond ? check_packed(table, x, size) : NNRT_OK;
}

static nnrt_status pack_numbers(nnrt_table *table) {
    int64_t size = count_packed(table), count;
    if (!size) return NNRT_OK;
    if (__builtin_mul_overflow(table->row_count, size, &count)) count = INT64_MAX;
    float *x = nnrt_storage_reserve(table->storage, NNRT_F32, count);
    if (!x) return NNRT_ERROR;
    nnrt_status status = fill(table, x, size);
    if (status) {
        nnrt_storage_free(x);
        return status;
    }
    for (int64_t i = table->field_count - 1; i >= 0; i--)
        if (is_packed(&table->fields[i])) nnrt_table_remove(table, &table->fields[i]);
    nnrt_field *field =
        nnrt_table_add(table, NNRT_FEATURE, nnrt_column_make("x", NNRT_F32, 1, &size));
    if (!field) {
        nnrt_storage_free(x);
        return NNRT_ERROR;
    }
    field->values = x;
    field->is_final = 1;
    return NNRT_OK;
}

// [1] of each sample.
static nnrt_status separate_field(const nnrt_table *table, nnrt_field *field) {
    const int64_t one = 1;
    nnrt_column column = nnrt_column_make(field->column.name, NNRT_F32, 1, &one);
    float *values = nnrt_storage_allocate(table->storage, NNRT_F32, table->row_count);
    if (!values) return NNRT_ERROR;
    int is_beyond = fill_column(field, 0, table->row_count, values, 1);
    nnrt_status status = is_beyond ? check_range(table, column.name, values, 1) : NNRT_OK;
    if (status) {
        nnrt_storage_free(values);
        return status;
    }
    nnrt_storage_fill(values, table->row_count * (int64_t)sizeof *values);
    field->column = column;
    field->kind = NNRT_TENSORS;
    field->is_final = 1;
    return nnrt_field_replace(field, &column, values);
}

static nnrt_status separate_numbers(nnrt_table *table) {
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < table->field_count && !status; i++)
        if (is_input_of_numbers(&table->fields[i]) && table->fields[i].is_separate)
            status = separate_field(table, &table->fields[i]);
    return status;
}

static void remove_groups(nnrt_table *table) {
    for (int64_t i = table->field_count - 1; i >= 0; i--)
        if (table->fields[i].role == NNRT_GROUP) nnrt_table_remove(table, &table->fields[i]);
}

nnrt_status nnrt_table_pack(nnrt_table *table) {
    nnrt_status status = NNRT_OK;
    remove_groups(table);
    for (int64_t i = 0; i < table->field_count && !status; i++)
        if (table->fields[i].role == NNRT_TARGET)
            status = nnrt_target_settle(table, &table->fields[i]);
        else if (table->fields[i].role == NNRT_WEIGHT)
            status = settle_weight(table, &table->fields[i]);
    for (int64_t i = 0; i < table->field_count && !status; i++)
        status = check_feature(table, &table->fields[i]);
    if (!status) status = nnrt_facts_collect(table);
    if (!status) status = separate_numbers(table);
    return status ? status : pack_numbers(table);
}
