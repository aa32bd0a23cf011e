// Categories: with `one_hot` labels and columns become one value a class, with `embed_index` a
// column becomes a whole number.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../base/memory.h"
#include "../../base/text/list.h"
#include "../../base/text/number.h"
#include "../stage.h"
#include "../table/facts.h"
#include "../table/learnt.h"
#include "../text/vocabulary.h"
#include "columns.h"

// ---- Targets.

static nnrt_status expand_labels(nnrt_table *table, nnrt_field *field, const nnrt_column *column) {
    const int32_t *labels = field->values;
    int64_t classes = column->size, size;
    if (!labels) return NNRT_OK; // the files are missing
    if (__builtin_mul_overflow(table->row_count, classes, &size)) size = INT64_MAX;
    float *values = nnrt_storage_allocate(table->storage, NNRT_F32, size);
    if (!values) return NNRT_ERROR;
    memset(values, 0, (size_t)size * sizeof *values);
    for (int64_t row = 0; row < table->row_count; row++)
        if (labels[row] >= 0) values[row * classes + labels[row]] = 1; // or it is not known
    return nnrt_field_replace(field, column, values);
}

static nnrt_status one_hot_target(nnrt_table *table, nnrt_field *field) {
    nnrt_target_info *target = &field->target;
    nnrt_status settled = nnrt_target_settle(table, field);
    if (settled) return settled;
    if (target->classes == 0)
        return nnrt_fail(NNRT_ERROR, "one_hot(%s): the target is not a class label",
                         field->column.name);
    if (target->one_hot)
        return nnrt_fail(NNRT_ERROR, "one_hot(%s): the target is one-hot already",
                         field->column.name);
    nnrt_column column = nnrt_column_make(field->column.name, NNRT_F32, 1, &target->classes);
    nnrt_status status = expand_labels(table, field, &column);
    field->column = column;
    target->one_hot = 1;
    target->highest.value = target->uneven.value = 1;
    return status;
}

// ---- Columns of samples.

typedef struct Categories {
    double *values; // ascending
    int64_t count;
} Categories;

// Sorted, each once.
static void make_unique(Categories *categories, int64_t count) {
    double *values = categories->values;
    qsort(values, (size_t)count, sizeof *values, nnrt_number_compare);
    categories->count = 0;
    for (int64_t i = 0; i < count; i++)
        if (i == 0 || values[i] != values[categories->count - 1])
            values[categories->count++] = values[i];
}

// The different values of an element in the training part.
static nnrt_status find_categories(const nnrt_table *table, const nnrt_field *field,
                                   int64_t element, Categories *categories) {
    const nnrt_part *train = &table->train;
    long long number = (long long)field->numbers[element];
    double *values = categories->values = malloc((size_t)train->count * sizeof *values);
    if (!values) return nnrt_fail_memory("one_hot", (size_t)train->count * sizeof *values);
    for (int64_t i = 0; i < train->count; i++) {
        int64_t row = train->rows[i];
        values[i] = nnrt_field_number(field, row, element);
        if (values[i] != floor(values[i]))
            return nnrt_fail(NNRT_ERROR,
                             "one_hot(%lld): row %lld (counted from 0) has %g in this column; "
                             "categories are integral numbers",
                             number, (long long)row, values[i]);
    }
    make_unique(categories, train->count);
    if (categories->count <= NNRT_DATA_MAX_CLASSES) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR, "one_hot(%lld): the column has %lld different values", number,
                     (long long)categories->count);
}

static void set_number(void *values, int64_t dtype, int64_t place, int is_on) {
    if (dtype == NNRT_U8)
        ((uint8_t *)values)[place] = (uint8_t)is_on;
    else
        ((float *)values)[place] = (float)is_on;
}

// One row with `element` expanded; a value that the training part does not have becomes all 0.
static void expand_row(const nnrt_field *field, int64_t element, const Categories *categories,
                       int64_t row, void *values) {
    int64_t old_size = field->stored.size, size = old_size - 1 + categories->count;
    size_t bytes = (size_t)nnrt_dtype_size(field->stored.dtype);
    const char *from = (const char *)field->values + (size_t)(row * old_size) * bytes;
    char *to = (char *)values + (size_t)(row * size) * bytes;
    double value = nnrt_field_number(field, row, element);
    memcpy(to, from, (size_t)element * bytes);
    for (int64_t i = 0; i < categories->count; i++)
        set_number(values, field->stored.dtype, row * size + element + i,
                   categories->values[i] == value);
    memcpy(to + (size_t)(element + categories->count) * bytes, from + (size_t)(element + 1) * bytes,
           (size_t)(old_size - element - 1) * bytes);
}

// What the elements are: those of the categories have the number of their column.
static nnrt_status expand_marks(nnrt_field *field, int64_t element, int64_t count) {
    int64_t old_size = field->stored.size, size = old_size - 1 + count;
    int64_t *numbers = malloc((size_t)size * sizeof *numbers);
    uint8_t *is_category = malloc((size_t)size);
    if (!numbers || !is_category) {
        free(numbers);
        free(is_category);
        return nnrt_fail_memory("one_hot", (size_t)size * (1 + sizeof *numbers));
    }
    for (int64_t i = 0; i < size; i++) {
        int is_new = i >= element && i < element + count;
        int64_t old = is_new ? element : i < element ? i : i - count + 1;
        numbers[i] = field->numbers[old];
        is_category[i] = is_new || field->is_category[old];
    }
    free(field->numbers);
    free(field->is_category);
    field->numbers = numbers;
    field->is_category = is_category;
    return NNRT_OK;
}

static nnrt_status expand_column(nnrt_table *table, nnrt_field *field, int64_t element,
                                 const Categories *categories) {
    int64_t size = field->stored.size - 1 + categories->count, count;
    nnrt_column wider = nnrt_column_make(field->column.name, field->column.dtype, 1, &size);
    if (__builtin_mul_overflow(table->row_count, size, &count)) count = INT64_MAX;
    void *values = nnrt_storage_allocate(table->storage, wider.dtype, count);
    if (!values) return NNRT_ERROR;
    for (int64_t row = 0; row < table->row_count; row++)
        expand_row(field, element, categories, row, values);
    nnrt_status status = expand_marks(field, element, categories->count);
    if (status) {
        nnrt_storage_free(values);
        return status;
    }
    field->column = wider;
    return nnrt_field_replace(field, &wider, values);
}

// Before the first column is expanded.
static nnrt_status make_marks(nnrt_field *field) {
    size_t size = (size_t)field->column.size;
    if (field->numbers) return NNRT_OK;
    field->numbers = malloc(size * sizeof *field->numbers);
    field->is_category = calloc(size, 1);
    if (!field->numbers || !field->is_category)
        return nnrt_fail_memory("one_hot", size * (1 + sizeof *field->numbers));
    for (size_t i = 0; i < size; i++) field->numbers[i] = (int64_t)i;
    return NNRT_OK;
}

// How many columns there were before any was expanded.
static int64_t first_size(const nnrt_field *field) {
    return field->numbers ? field->numbers[field->column.size - 1] + 1 : field->column.size;
}

static nnrt_status check_number(const nnrt_table *table, double number) {
    const nnrt_field *field = nnrt_table_feature(table, 0);
    int64_t count = nnrt_table_count(table, NNRT_FEATURE);
    if (count > 1)
        return nnrt_fail(NNRT_ERROR,
                         "one_hot(%g): the data set has %lld inputs; only a single one has columns "
                         "with numbers",
                         number, (long long)count);
    int64_t size = field->column.rank == 1 ? first_size(field) : 0;
    if (number < (double)size && number == floor(number)) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR, "one_hot(%g): samples have %lld columns, 0 to %lld", number,
                     (long long)size, (long long)size - !!size);
}

static nnrt_status one_hot_column(nnrt_table *table, double number) {
    nnrt_field *field = nnrt_table_feature(table, 0);
    Categories categories = {0};
    int64_t element = 0;
    nnrt_status status = check_number(table, number);
    if (!status) status = nnrt_field_read(table, field);
    if (!status) status = make_marks(field);
    if (status) return status;
    while (field->numbers[element] != (int64_t)number) element++;
    if (field->is_category[element])
        return nnrt_fail(NNRT_ERROR, "one_hot(%g): column %g is one-hot already", number, number);
    status = find_categories(table, field, element, &categories);
    if (!status) status = expand_column(table, field, element, &categories);
    free(categories.values);
    return status;
}

// ---- Columns of a table: each category becomes a column.

// The numbers, or the numbers of words, that the training part has.
static nnrt_status find_values(const nnrt_table *table, const nnrt_call *call,
                               const nnrt_field *field, Categories *categories) {
    const nnrt_part *train = &table->train;
    int64_t count = 0;
    double *values = categories->values = malloc((size_t)(train->count + 1) * sizeof *values);
    if (!values) return nnrt_fail_memory(call->name, (size_t)train->count * sizeof *values);
    nnrt_storage_borrow(table->storage, train->count * (int64_t)sizeof *values);
    for (int64_t i = 0; i < train->count; i++) {
        double value = nnrt_field_number(field, train->rows[i], 0);
        if (nnrt_field_is_missing(field, train->rows[i])) continue;
        if (value != floor(value))
            return nnrt_fail(NNRT_ERROR,
                             "%s(%s): %s has %g in this column; categories are words or "
                             "integral numbers",
                             call->name, field->column.name,
                             nnrt_table_row(table, train->rows[i]).text, value);
        values[count++] = value;
    }
    make_unique(categories, count);
    if (categories->count && categories->count <= NNRT_DATA_MAX_CLASSES) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR, "%s(%s): the column has %lld different values", call->name,
                     field->column.name, (long long)categories->count);
}

// The categories of a column, in order, as the weights file has them; NULL with nnrt_error() set.
static json_t *learn_categories(const nnrt_table *table, const nnrt_call *call,
                                const nnrt_field *field) {
    Categories categories = {0};
    json_t *list = find_values(table, call, field, &categories) ? NULL : json_array();
    for (int64_t i = 0; i < categories.count && list; i++)
        json_array_append_new(list, nnrt_learnt_value(field, categories.values[i]));
    free(categories.values);
    return list;
}

// Those of training, if it was before; else those of the training part, which are kept.
static json_t *take_categories(nnrt_table *table, const nnrt_call *call, const nnrt_field *field) {
    const json_t *state = nnrt_learnt_state(table, field->column.name);
    if (state && !nnrt_learnt_is_list(state, field->kind != NNRT_NUMBERS, 1)) {
        nnrt_learnt_fail_damaged(call->name, field->column.name);
        return NULL;
    }
    json_t *list = state ? json_deep_copy(state) : learn_categories(table, call, field);
    if (!list || !nnrt_learnt_put(table, field->column.name, json_incref(list))) return list;
    json_decref(list);
    return NULL;
}

// "origin=2", "job=clerk"
static const char *category_name(const nnrt_field *field, const json_t *category) {
    char text[512];
    const char *name = text, *column = field->column.name;
    if (json_is_string(category))
        snprintf(text, sizeof text, "%s=%s", column, json_string_value(category));
    else
        snprintf(text, sizeof text, "%s=%g", column, json_number_value(category));
    const char *const *kept = nnrt_table_keep_names(&name, 1);
    return kept ? *kept : NULL;
}

// One category as a column behind the one that it is of. Where the category is new, all are 0.
static nnrt_status add_category(nnrt_table *table, int64_t place, int64_t behind,
                                const json_t *category) {
    const char *name = category_name(&table->fields[place], category);
    double value = nnrt_learnt_number(&table->fields[place], category);
    if (!name) return NNRT_ERROR;
    nnrt_field *field = nnrt_table_insert(table, place + behind, NNRT_FEATURE,
                                          nnrt_column_make(name, NNRT_U8, 0, NULL));
    if (!field || nnrt_field_allocate(table, field)) return NNRT_ERROR;
    field->kind = NNRT_NUMBERS;
    field->is_indicator = 1;
    nnrt_facts_inherit(field, &table->fields[place]);
    for (int64_t row = 0; row < table->row_count; row++)
        ((uint8_t *)field->values)[row] = nnrt_field_number(&table->fields[place], row, 0) == value;
    nnrt_storage_passed(field->values);
    return NNRT_OK;
}

// What a value takes: a byte as a column, and 4 in the vector that the columns become.
enum { CATEGORY_BYTES = 5 };

// So many columns are looked at before any is made. Few go to the disk where they are too large;
// many are likely a mistake, unless the program says that nothing stays in memory.
static nnrt_status check_room(const nnrt_table *table, const nnrt_field *field, int64_t count) {
    double bytes = (double)count * (double)table->row_count * CATEGORY_BYTES;
    double free_bytes = (double)nnrt_free_memory();
    nnrt_memory_rule rule = table->storage->rule;
    const char *name = field->column.name;
    if (bytes <= free_bytes || rule == NNRT_MEMORY_NONE) return NNRT_OK;
    if (rule == NNRT_MEMORY_AUTO && count <= NNRT_MANY_CATEGORIES) return NNRT_OK;
    return nnrt_fail(
        NNRT_ERROR,
        "one_hot(%s): %lld categories of %lld rows, %d bytes each, are %.3g GB, and "
        "%.3g GB of memory are free\nwrite `-> embed_index(%s)`, or `-> drop(%s)`; `memory = none` "
        "in the source puts them on the disk",
        name, (long long)count, (long long)table->row_count, CATEGORY_BYTES, bytes / 1e9,
        free_bytes / 1e9, nnrt_written_name(name).text, nnrt_written_name(name).text);
}

static nnrt_status one_hot_field(nnrt_table *table, const nnrt_call *call, nnrt_field *field) {
    int64_t place = field - table->fields;
    json_t *list = take_categories(table, call, field);
    if (!list) return NNRT_ERROR;
    nnrt_status status = check_room(table, field, (int64_t)json_array_size(list));
    if (!status && !table->states)
        status =
            nnrt_facts_add_categories(table, &table->fields[place], (int64_t)json_array_size(list));
    for (size_t i = 0; i < json_array_size(list) && !status; i++)
        status = add_category(table, place, (int64_t)i + 1, json_array_get(list, i));
    json_decref(list);
    if (!status) nnrt_table_remove(table, &table->fields[place]);
    return status;
}

static int is_words(const nnrt_field *field) {
    return field->role == NNRT_FEATURE && field->kind == NNRT_WORDS;
}

static nnrt_status one_hot_words(nnrt_table *table, const nnrt_call *call) {
    int64_t count = 0;
    for (int64_t i = 0; i < table->field_count; i++) {
        if (!is_words(&table->fields[i])) continue;
        nnrt_status status = one_hot_field(table, call, &table->fields[i]);
        if (status) return status;
        i--; // another column is there now, none of words
        count++;
    }
    if (count) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR, "one_hot: no column holds words; name the columns of numbers that "
                                 "are categories: `one_hot(label)`, for example");
}

// ---- Which column.

// The only target is `target`, and `label` where it is one, whatever its name is; NULL: none.
static nnrt_field *find_target(const nnrt_table *table, const char *name) {
    nnrt_field *first = nnrt_table_target(table, 0), *found = nnrt_table_find(table, name);
    if (found && found->role == NNRT_TARGET) return found;
    if (nnrt_table_count(table, NNRT_TARGET) != 1) return NULL;
    int is_label = strcmp(name, "label") == 0 && first->target.classes > 0;
    return is_label || strcmp(name, "target") == 0 ? first : NULL;
}

// "`same`, `digit`"
static const char *target_names(const nnrt_table *table, char *text, size_t size) {
    nnrt_list list = nnrt_list_make(text, size);
    const nnrt_field *target;
    for (int64_t i = 0; (target = nnrt_table_target(table, i)); i++)
        nnrt_list_add(&list, "`%s`", target->column.name);
    return text;
}

static nnrt_status fail_name(const nnrt_table *table, const char *name) {
    const nnrt_field *target = nnrt_table_target(table, 0);
    char names[1024];
    if (nnrt_table_count(table, NNRT_TARGET) > 1)
        return nnrt_fail(NNRT_ERROR, "one_hot(%s): there is no target `%s`; the targets are %s",
                         name, name, target_names(table, names, sizeof names));
    return nnrt_fail(
        NNRT_ERROR,
        "one_hot(%s): there is no column `%s`; one_hot(%s) is possible, and the number "
        "of a column of the samples, from 0",
        name, name, target ? target->column.name : "target");
}

static nnrt_status one_hot(nnrt_table *table, const nnrt_call *call, const char *name) {
    nnrt_field *target = find_target(table, name), *field = nnrt_columns_find(table, name);
    double number;
    if (target) return one_hot_target(table, target);
    if (field && field->role == NNRT_FEATURE && field->kind != NNRT_TENSORS)
        return one_hot_field(table, call, field);
    if (nnrt_number_parse(name, &number)) return one_hot_column(table, number);
    if (field && field->is_index)
        return nnrt_fail(NNRT_ERROR,
                         "one_hot(%s): the column is a number of its category already: `%s -> "
                         "one_hot(DATASET.categories)` stands in the model",
                         name, name);
    return nnrt_columns_are_there(table) ? nnrt_columns_fail(table, call, name)
                                         : fail_name(table, name);
}

enum { COLUMNS };

// Columns of numbers are numbered before any is taken away.
static nnrt_status apply_one_hot(nnrt_table *table, const nnrt_call *call) {
    int64_t count;
    const char *const *names = nnrt_call_texts_at(call, COLUMNS, &count);
    nnrt_status status = NNRT_OK;
    if (!count) return one_hot_words(table, call);
    for (int64_t i = 0; i < count && !status; i++) status = one_hot(table, call, names[i]);
    return status;
}

static const ArgDef one_hot_args[] = {
    [COLUMNS] = {.name = "columns",
                 .type = ARG_NAMES,
                 .default_text = "none",
                 .variadic = true,
                 .doc =
                     "that become one value a class: names, or numbers from 0; none: all columns "
                     "of words"},
    {0},
};

// ---- embed_index: a category as its number, from 1.

enum { OTHERS }; // the number of those that training does not know, and of what is missing

// The value of a column that means a category, and the category's number.
typedef struct Entry {
    double value;
    int32_t number;
} Entry;

typedef struct Entries {
    Entry *items; // by value
    int64_t count;
} Entries;

static int by_value(const void *left, const void *right) {
    return nnrt_number_compare(&((const Entry *)left)->value, &((const Entry *)right)->value);
}

// Categories that no row has are left out.
static nnrt_status make_entries(const nnrt_field *field, const json_t *list, Entries *entries) {
    size_t count = json_array_size(list), bytes = (count + 1) * sizeof *entries->items;
    entries->items = malloc(bytes);
    if (!entries->items) return nnrt_fail_memory("embed_index", bytes);
    for (size_t i = 0; i < count; i++) {
        double value = nnrt_learnt_number(field, json_array_get(list, i));
        if (!isnan(value)) entries->items[entries->count++] = (Entry){value, (int32_t)i + 1};
    }
    qsort(entries->items, (size_t)entries->count, sizeof *entries->items, by_value);
    return NNRT_OK;
}

static int32_t number_of(const Entries *entries, double value) {
    const Entry wanted = {value, OTHERS}, *found = NULL;
    if (!isnan(value))
        found = bsearch(&wanted, entries->items, (size_t)entries->count, sizeof wanted, by_value);
    return found ? found->number : OTHERS;
}

static nnrt_status name_numbers(nnrt_field *field, const json_t *list) {
    int64_t count = 1 + (int64_t)json_array_size(list);
    const char **names = malloc((size_t)count * sizeof *names);
    char(*texts)[32] = malloc((size_t)count * sizeof *texts);
    if (names && texts) {
        names[OTHERS] = NNRT_UNKNOWN_TOKEN;
        for (int64_t i = 1; i < count; i++) {
            const json_t *category = json_array_get(list, (size_t)i - 1);
            snprintf(texts[i], sizeof *texts, "%.15g", json_number_value(category));
            names[i] = json_is_string(category) ? json_string_value(category) : texts[i];
        }
        field->words = nnrt_table_keep_names(names, count);
        field->word_count = count;
    }
    int is_made = names && texts && field->words;
    if (!names || !texts) nnrt_fail_memory("embed_index", (size_t)count * sizeof *texts);
    free(names);
    free(texts);
    return is_made ? NNRT_OK : NNRT_ERROR;
}

static nnrt_status number_rows(nnrt_table *table, nnrt_field *field, const json_t *list) {
    Entries entries = {0};
    const int64_t one = 1;
    nnrt_column column = nnrt_column_make(field->column.name, NNRT_I32, 1, &one);
    nnrt_status status = make_entries(field, list, &entries);
    int32_t *numbers =
        status ? NULL : nnrt_storage_allocate(table->storage, NNRT_I32, table->row_count);
    for (int64_t row = 0; row < table->row_count && numbers; row++)
        numbers[row] = number_of(&entries, nnrt_field_number(field, row, 0));
    free(entries.items);
    if (!numbers) return NNRT_ERROR;
    nnrt_storage_fill(numbers, table->row_count * (int64_t)sizeof *numbers);
    field->column = column;
    field->kind = NNRT_TENSORS;
    field->is_index = 1;
    return nnrt_field_replace(field, &column, numbers);
}

static nnrt_status embed_column(nnrt_table *table, const nnrt_call *call, const char *name) {
    nnrt_field *field = nnrt_columns_find(table, name);
    if (!field) return nnrt_columns_fail(table, call, name);
    if (field->role != NNRT_FEATURE || field->kind == NNRT_TENSORS || field->kind == NNRT_TOKENS)
        return nnrt_fail(NNRT_ERROR, "%s(%s): the column is %s", call->name, name,
                         field->role == NNRT_TARGET    ? "the target"
                         : field->role != NNRT_FEATURE ? "no input"
                         : field->is_index             ? "a number of its category already"
                                                       : "none of words or whole numbers");
    json_t *list = take_categories(table, call, field);
    if (!list) return NNRT_ERROR;
    nnrt_status status = number_rows(table, field, list);
    if (!status) status = name_numbers(field, list);
    json_decref(list);
    return status;
}

static nnrt_status apply_embed_index(nnrt_table *table, const nnrt_call *call) {
    int64_t count;
    const char *const *names = nnrt_call_texts_at(call, COLUMNS, &count);
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < count && !status; i++) status = embed_column(table, call, names[i]);
    return status;
}

static const ArgDef embed_index_args[] = {
    [COLUMNS] = {.name = "columns",
                 .type = ARG_NAMES,
                 .variadic = true,
                 .doc = "of words, dates or whole numbers, by name, or by number from 0"},
    {0},
};

const nnrt_transform nnrt_category_transforms[] = {
    {.schema = {"one_hot", "makes one value a class of columns", one_hot_args,
                "to_categorical get_dummies OneHotEncoder"},
     .timing = NNRT_FITTED,
     .touches = NNRT_TOUCHES_NUMBERS,
     .does = NNRT_ENCODES,
     .apply = apply_one_hot},
    {.schema = {"embed_index",
                "makes a category an input of its own, a whole number: 0 is for those that the "
                "training part does not have",
                embed_index_args,
                "StringLookup IntegerLookup LabelEncoder OrdinalEncoder factorize"},
     .timing = NNRT_FITTED,
     .touches = NNRT_TOUCHES_NUMBERS | NNRT_TOUCHES_GAPS,
     .apply = apply_embed_index},
    {.schema = {0}}};
