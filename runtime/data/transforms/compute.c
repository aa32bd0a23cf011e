// Transforms by formulas over columns: which rows stay, and columns that are computed.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../base/text/suggestion.h"
#include "../formula/formula.h"
#include "../stage.h"
#include "../table/facts.h"

// ---- filter

enum { CONDITION };

static void keep_rows(nnrt_part *part, const double *values) {
    int64_t kept = 0;
    for (int64_t i = 0; i < part->count; i++) {
        double value = values[part->rows[i]];
        if (value < 0 || value > 0) part->rows[kept++] = part->rows[i];
    }
    part->count = kept;
}

// A word that is misspelt is a likely reason.
static nnrt_status fail_empty(const nnrt_table *table, const char *const *texts, int64_t count) {
    const nnrt_field *field;
    nnrt_suggestion near = NNRT_NO_SUGGESTION;
    const char *word = nnrt_formula_absent_word(table, texts, count, &field);
    const char *part = table->new_rows ? table->new_rows : "the training part";
    if (!word) return nnrt_fail(NNRT_ERROR, "filter(..): no row of %s is left", part);
    for (int64_t i = 0; i < field->word_count; i++)
        nnrt_suggestion_consider(&near, word, field->words[i]);
    return nnrt_fail(NNRT_ERROR,
                     "filter(..): no row of %s is left: the column `%s` has no \"%s\"%s%s%s", part,
                     field->column.name, word, near.name ? "\ndid you mean \"" : "",
                     near.name ? near.name : "", near.name ? "\"?" : "");
}

// Rows that are predicted all get a prediction.
static nnrt_status apply_filter(nnrt_table *table, const nnrt_call *call) {
    nnrt_part *const parts[] = {&table->train, &table->validation, &table->test};
    int64_t count;
    if (table->is_predicted) return NNRT_OK;
    const char *const *texts = nnrt_call_texts_at(call, CONDITION, &count);
    double *values = malloc((size_t)(table->row_count + 1) * sizeof *values);
    if (!values) return nnrt_fail_memory("filter", (size_t)table->row_count * sizeof *values);
    nnrt_storage_borrow(table->storage, table->row_count * (int64_t)(1 + sizeof *values));
    nnrt_status status = nnrt_formula_evaluate(table, call, NULL, texts, count, values);
    for (int i = 0; i < 3 && !status; i++) keep_rows(parts[i], values);
    free(values);
    if (status || (table->new_rows ? table->test.count : table->train.count)) return status;
    return fail_empty(table, texts, count);
}

static const ArgDef filter_args[] = {
    [CONDITION] = {.name = "condition",
                   .type = ARG_FORMULA,
                   .doc = "a formula over columns, as in `age > 18 and country == \"Spain\"`"},
    {0},
};

// ---- compute

enum { FORMULAS };

static int is_whole(const nnrt_table *table, const double *values) {
    for (int64_t row = 0; row < table->row_count; row++)
        if (isnan(values[row])) return 0;
    return 1;
}

static nnrt_status add_column(nnrt_table *table, const char *name, double *values) {
    const char *const *kept = nnrt_table_keep_names(&name, 1);
    int64_t place = nnrt_table_count(table, NNRT_FEATURE);
    nnrt_field *field = kept ? nnrt_table_insert(table, place, NNRT_FEATURE,
                                                 nnrt_column_make(*kept, NNRT_F64, 0, NULL))
                             : NULL;
    if (!field) {
        nnrt_storage_free(values);
        return NNRT_ERROR;
    }
    field->kind = NNRT_NUMBERS;
    field->values = values;
    field->is_whole = is_whole(table, values);
    return NNRT_OK;
}

// What the formula of the last column read.
static void mark_computed(nnrt_table *table, const char *name, const char *const *texts,
                          int64_t count) {
    nnrt_field *field = nnrt_table_find(table, name);
    for (int64_t i = 0; i < count; i++) {
        int may_be = texts[i][0] == NNRT_FORMULA_COLUMN || texts[i][0] == NNRT_FORMULA_TEXT;
        const nnrt_field *origin = may_be ? nnrt_table_find(table, texts[i] + 1) : NULL;
        if (origin) nnrt_facts_mark_computed(table, field, origin);
    }
}

static nnrt_status compute_column(nnrt_table *table, const nnrt_call *call, const char *name,
                                  const char *const *texts, int64_t count) {
    if (nnrt_table_find(table, name))
        return nnrt_fail(NNRT_ERROR,
                         "compute(%s = ..): there is a column `%s` already\ngive the new one "
                         "another name, and `-> drop(%s)` the old one if it is not needed",
                         name, name, nnrt_written_name(name).text);
    double *values = nnrt_storage_allocate(table->storage, NNRT_F64, table->row_count);
    if (!values) return NNRT_ERROR;
    nnrt_status status = nnrt_formula_evaluate(table, call, name, texts, count, values);
    if (status)
        nnrt_storage_free(values);
    else
        status = add_column(table, name, values);
    if (!status) mark_computed(table, name, texts, count);
    return status;
}

// One formula after the other: a later one may read what an earlier one computes.
static nnrt_status apply_compute(nnrt_table *table, const nnrt_call *call) {
    int64_t count;
    nnrt_status status = NNRT_OK;
    const char *const *texts = nnrt_call_texts_at(call, FORMULAS, &count);
    for (int64_t i = 0, end; i < count && !status; i = end) {
        for (end = i + 1; end < count && texts[end][0] != NNRT_FORMULA_RESULT;) end++;
        status = compute_column(table, call, texts[i] + 1, texts + i + 1, end - i - 1);
    }
    return status;
}

static const ArgDef compute_args[] = {
    [FORMULAS] = {.name = "columns",
                  .type = ARG_FORMULAS,
                  .doc = "new columns and their formulas, as in `area = width * height`"},
    {0},
};

const nnrt_transform nnrt_formula_transforms[] = {
    {.schema = {"filter", "keeps the rows in which a condition holds", filter_args, "query where"},
     .timing = NNRT_OF_ROWS,
     .touches = NNRT_TOUCHES_GAPS | NNRT_TOUCHES_NUMBERS,
     .apply = apply_filter},
    {.schema = {"compute", "adds columns that are computed from others", compute_args,
                "assign mutate derive eval"},
     .timing = NNRT_OF_VALUES,
     .touches = NNRT_TOUCHES_GAPS | NNRT_TOUCHES_NUMBERS,
     .apply = apply_compute},
    {.schema = {0}}};
