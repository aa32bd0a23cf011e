// What the stages of a table learn from its training part, as JSON that travels in the weights
// file: an array with an object a stage. That of the source has `columns` (what each holds) and
// `classes` (the words of targets, in the order of their labels); that of `one_hot` has the
// categories of each column, in order, that of `fill_missing` the value of each, that of
// `standardize` `mean` and `deviation`. Private to the data modules.
#ifndef NNRT_LEARNT_H
#define NNRT_LEARNT_H

#include <jansson.h>

#include "table.h"

// What the stage that runs learnt of a column before: that is applied, and nothing is learnt. NULL:
// the stage learns. Where a state is due and is not there, the stage fails once it has run.
const json_t *nnrt_learnt_state(nnrt_table *table, const char *column);
// Likewise of the source; NULL also where it says nothing about the column.
const json_t *nnrt_learnt_source(const nnrt_table *table, const char *group, const char *column);
const json_t *nnrt_learnt_group(const nnrt_table *table, const char *group); // of the source, all
// What stands in the field for a value of a state: it, or the code of the word; NaN: it has no such
// word.
double nnrt_learnt_number(const nnrt_field *field, const json_t *value);

// Weights files come from anywhere, and states are believed only where they are what the stage
// writes. A finite number at `key`? A list of at least `least` words, or of finite numbers?
int nnrt_learnt_read(const json_t *state, const char *key, double *number);
int nnrt_learnt_is_list(const json_t *list, int of_words, int64_t least);
// Likewise the value of a field.
int nnrt_learnt_fits(const nnrt_field *field, const json_t *value);
// NNRT_ERROR: what `stage` learnt of a column is not that.
nnrt_status nnrt_learnt_fail_damaged(const char *stage, const char *column);

// States from the JSON of a weights file, to be applied. NNRT_ERROR: it holds none for
// `stage_count` stages.
nnrt_status nnrt_learnt_apply(nnrt_table *table, const char *text, int64_t stage_count);

json_t *nnrt_learnt_value(const nnrt_field *field, double value); // a number, or the word of a code
json_t *nnrt_learnt_words(const char *const *words, int64_t count);

// Where states are applied they stay as they are.
//
// Keeps `value`, which is taken over (NULL: no memory), for a column at the stage that runs.
nnrt_status nnrt_learnt_put(nnrt_table *table, const char *column, json_t *value);
// Likewise at the source, in one of its groups: "columns", "classes".
nnrt_status nnrt_learnt_put_source(nnrt_table *table, const char *group, const char *column,
                                   json_t *value);

#endif
