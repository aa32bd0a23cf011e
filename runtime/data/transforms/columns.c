// Transforms of columns as such: which there are, and what they are called.
#include "columns.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../base/text/list.h"
#include "../../base/text/suggestion.h"
#include "../stage.h"
#include "../table/learnt.h"
#include "../table/windows.h"

nnrt_field *nnrt_columns_find(const nnrt_table *table, const char *name) {
    nnrt_field *field = nnrt_table_find(table, name);
    char *end;
    long number = strtol(name, &end, 10);
    if (field || !isdigit((unsigned char)*name) || *end) return field;
    for (int64_t i = 0; i < table->field_count; i++)
        if (!table->fields[i].is_past && number-- == 0) return &table->fields[i];
    return NULL;
}

nnrt_status nnrt_columns_fail(const nnrt_table *table, const nnrt_call *call, const char *name) {
    char text[2048];
    nnrt_list list = nnrt_list_make(text, sizeof text);
    nnrt_suggestion near = NNRT_NO_SUGGESTION;
    for (int64_t i = 0; i < table->field_count; i++) {
        if (table->fields[i].is_past) continue;
        nnrt_list_add(&list, "`%s`", table->fields[i].column.name);
        nnrt_suggestion_consider(&near, name, table->fields[i].column.name);
    }
    return nnrt_fail(NNRT_ERROR, "%s(%s): there is no column `%s`\nthe columns are %s%s%s%s",
                     call->name, name, name, text, near.name ? "\ndid you mean `" : "",
                     near.name ? near.name : "", near.name ? "`?" : "");
}

// ---- Columns of numbers, one by one.

static int holds_numbers(const nnrt_field *field) {
    return field->kind == NNRT_NUMBERS && !field->is_indicator && field->stored.dtype == NNRT_F64;
}

static int is_input_of_numbers(const nnrt_field *field) {
    return field->role == NNRT_FEATURE && holds_numbers(field);
}

int nnrt_columns_are_there(const nnrt_table *table) {
    for (int64_t i = 0; i < table->field_count; i++)
        if (table->fields[i].kind != NNRT_TENSORS) return 1;
    return 0;
}

int nnrt_columns_hold_numbers(const nnrt_table *table) {
    for (int64_t i = 0; i < table->field_count; i++)
        if (is_input_of_numbers(&table->fields[i])) return 1;
    return 0;
}

nnrt_status nnrt_columns_change_field(nnrt_table *table, const nnrt_call *call, nnrt_field *field,
                                      nnrt_column_change change) {
    const char *name = field->column.name;
    if (!holds_numbers(field))
        return nnrt_fail(NNRT_ERROR, "%s(%s): the column does not hold numbers", call->name, name);
    if (field->target.deviation != 0)
        return nnrt_fail(NNRT_ERROR,
                         "%s(%s): the target is standardized already, and predictions are brought "
                         "back from that alone\nwrite it before `standardize`",
                         call->name, name);
    nnrt_status status = change(&(nnrt_column_work){table, call, field});
    nnrt_storage_passed(field->values);
    return status;
}

static nnrt_status change_named(nnrt_table *table, const nnrt_call *call, const char *name,
                                nnrt_column_change change) {
    nnrt_field *field = nnrt_columns_find(table, name);
    if (!field) return nnrt_columns_fail(table, call, name);
    return nnrt_columns_change_field(table, call, field, change);
}

nnrt_status nnrt_columns_change_inputs(nnrt_table *table, const nnrt_call *call,
                                       nnrt_column_change change) {
    nnrt_status status = nnrt_windows_add_targets(table);
    if (!status && !nnrt_columns_hold_numbers(table))
        return nnrt_fail(NNRT_ERROR,
                         "%s: no column of a table holds numbers\n"
                         "for pictures and arrays there are `scale(1/255)` and `standardize`",
                         call->name);
    for (int64_t i = 0; i < table->field_count && !status; i++)
        if (is_input_of_numbers(&table->fields[i]))
            status = nnrt_columns_change_field(table, call, &table->fields[i], change);
    return status;
}

nnrt_status nnrt_columns_change(nnrt_table *table, const nnrt_call *call, int option,
                                nnrt_column_change change) {
    int64_t named;
    const char *const *names = nnrt_call_texts_at(call, option, &named);
    nnrt_status status = NNRT_OK;
    if (!named) return nnrt_columns_change_inputs(table, call, change);
    for (int64_t i = 0; i < named && !status; i++)
        status = change_named(table, call, names[i], change);
    return status;
}

nnrt_status nnrt_columns_check_finite(const nnrt_column_work *work) {
    const nnrt_table *table = work->table;
    const nnrt_part *const parts[] = {&table->train, &table->validation, &table->test};
    const double *values = work->field->values;
    for (int p = 0; p < 3; p++)
        for (int64_t i = 0; i < parts[p]->count; i++)
            if (isinf(values[parts[p]->rows[i]]))
                return nnrt_fail(NNRT_ERROR,
                                 "%s(..): in %s the column `%s` becomes too large a number\n"
                                 "correct the row, or leave such rows out before: `-> filter(..)`",
                                 work->call->name, nnrt_table_row(table, parts[p]->rows[i]).text,
                                 work->field->column.name);
    return NNRT_OK;
}

nnrt_status nnrt_columns_fail_empty(const nnrt_column_work *work) {
    const char *name = work->field->column.name;
    return nnrt_fail(NNRT_ERROR,
                     "%s(%s): the training part has nothing in this column\nadd `-> drop(%s)`",
                     work->call->name, name, nnrt_written_name(name).text);
}

// ---- drop, keep, rename

enum { NAMES };

uint8_t *nnrt_columns_mark(const nnrt_table *table, const nnrt_call *call, int option,
                           int64_t *named) {
    const char *const *names = nnrt_call_texts_at(call, option, named);
    uint8_t *marks = calloc((size_t)table->field_count + 1, 1);
    if (!marks) nnrt_fail_memory("columns", (size_t)table->field_count);
    for (int64_t i = 0; i < *named && marks; i++) {
        const nnrt_field *field = nnrt_columns_find(table, names[i]);
        if (field) {
            marks[field - table->fields] = 1;
            continue;
        }
        nnrt_columns_fail(table, call, names[i]);
        free(marks);
        marks = NULL;
    }
    return marks;
}

// Numbers are those of the columns before any is taken away.
static nnrt_status remove_columns(nnrt_table *table, const nnrt_call *call, int is_named) {
    int64_t named;
    uint8_t *goes = nnrt_columns_mark(table, call, NAMES, &named);
    nnrt_status status = NNRT_OK;
    if (!goes) return NNRT_ERROR;
    for (int64_t i = 0; i < table->field_count; i++) {
        const nnrt_field *field = &table->fields[i];
        goes[i] = goes[i] == is_named;
        int is_input = field->role == NNRT_FEATURE || field->role == NNRT_GROUP;
        if ((!is_input || field->is_past) && !is_named) goes[i] = 0;
        if (!is_input && goes[i])
            status = nnrt_fail(NNRT_ERROR,
                               field->role == NNRT_TARGET
                                   ? "%s(%s): it is the target"
                                   : "%s(%s): it weighs the samples, and is no input already",
                               call->name, field->column.name);
    }
    for (int64_t i = 0; i < table->field_count && !status; i++)
        if (goes[i])
            status =
                nnrt_learnt_put_source(table, "dropped", table->fields[i].column.name, json_true());
    if (!status) nnrt_table_remove_marked(table, goes);
    free(goes);
    return status;
}

static nnrt_status apply_drop(nnrt_table *table, const nnrt_call *call) {
    return remove_columns(table, call, 1);
}

static nnrt_status apply_keep(nnrt_table *table, const nnrt_call *call) {
    return remove_columns(table, call, 0);
}

static const ArgDef names_args[] = {
    [NAMES] = {.name = "columns",
               .type = ARG_NAMES,
               .variadic = true,
               .doc = "by name, or by number from 0"},
    {0},
};

enum { RENAME_OLD, RENAME_NEW };

static nnrt_status apply_rename(nnrt_table *table, const nnrt_call *call) {
    char number[32];
    const char *old = nnrt_call_text_at(call, RENAME_OLD);
    const char *new = nnrt_call_text_at(call, RENAME_NEW);
    if (!new) return nnrt_fail(NNRT_ERROR, "rename: the new name is a number");
    snprintf(number, sizeof number, "%.0f", nnrt_call_number_at(call, RENAME_OLD));
    if (!old) old = number;
    nnrt_field *field = nnrt_columns_find(table, old);
    if (!field) return nnrt_columns_fail(table, call, old);
    nnrt_field *other = nnrt_table_find(table, new);
    if (other && other != field)
        return nnrt_fail(NNRT_ERROR, "rename(%s, %s): there is a column `%s` already", old, new,
                         new);
    const char *const *kept = nnrt_table_keep_names(&new, 1);
    if (!kept) return NNRT_ERROR;
    field->column.name = *kept;
    return NNRT_OK;
}

static const ArgDef rename_args[] = {
    [RENAME_OLD] = {.name = "old", .type = ARG_NAME, .doc = "what the column is called"},
    [RENAME_NEW] = {.name = "new", .type = ARG_NAME, .doc = "what it is called from then on"},
    {0},
};

enum { SEPARATE_COLUMNS, SEPARATE_MODELS };

// Names that models have for their inputs need not be those of columns.
static nnrt_status apply_separate(nnrt_table *table, const nnrt_call *call) {
    int64_t count;
    const char *const *names = nnrt_call_texts_at(call, SEPARATE_COLUMNS, &count);
    for (int64_t i = 0; i < count; i++) {
        nnrt_field *field = nnrt_columns_find(table, names[i]);
        if (field && field->role == NNRT_FEATURE) field->is_separate = 1;
        if (!field && !nnrt_call_is_on(call, SEPARATE_MODELS))
            return nnrt_columns_fail(table, call, names[i]);
    }
    return NNRT_OK;
}

static const ArgDef separate_args[] = {
    [SEPARATE_COLUMNS] = {.name = "columns",
                          .type = ARG_NAMES,
                          .variadic = true,
                          .doc = "of numbers, by name, or by number from 0"},
    [SEPARATE_MODELS] = {.name = "optional",
                         .type = ARG_BOOL,
                         .default_text = "false",
                         .doc = "pass over names that no column has"},
    {0},
};

const nnrt_transform nnrt_column_transforms[] = {
    {.schema = {"separate", "makes columns inputs of their own, which models name", separate_args,
                NULL},
     .timing = NNRT_OF_VALUES,
     .apply = apply_separate},
    {.schema = {"drop", "takes columns away", names_args, "drop_columns"},
     .timing = NNRT_OF_VALUES,
     .touches = NNRT_TOUCHES_NUMBERS | NNRT_TOUCHES_GAPS,
     .apply = apply_drop},
    {.schema = {"keep", "takes all columns away but these and the target", names_args,
                "select_columns select"},
     .timing = NNRT_OF_VALUES,
     .touches = NNRT_TOUCHES_NUMBERS | NNRT_TOUCHES_GAPS,
     .apply = apply_keep},
    {.schema = {"rename", "gives a column another name", rename_args, "rename_column"},
     .timing = NNRT_OF_VALUES,
     .touches = NNRT_TOUCHES_NUMBERS | NNRT_TOUCHES_GAPS,
     .apply = apply_rename},
    {.schema = {0}}};
