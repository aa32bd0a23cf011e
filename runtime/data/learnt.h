// What the stages of a table learn from its training part, as JSON that travels in the weights
// file: an array with an object a stage. That of the source has `columns` (what each holds) and
// `classes` (the words of targets, in the order of their labels); that of `one_hot` has the
// categories of each column, in order, that of `fill_missing` the value of each, that of
// `standardize` `mean` and `deviation`. Private to the data modules.
#ifndef NNRT_LEARNT_H
#define NNRT_LEARNT_H

#include <jansson.h>

#include "table.h"

json_t *nnrt_learnt_value(const nnrt_field *field, double value); // a number, or the word of a code
json_t *nnrt_learnt_words(const char *const *words, int64_t count);

// Keeps `value`, which is taken over (NULL: no memory), for a column at the stage that runs.
nnrt_status nnrt_learnt_put(nnrt_table *table, const char *column, json_t *value);
// Likewise at the source, in one of its groups: "columns", "classes".
nnrt_status nnrt_learnt_put_source(nnrt_table *table, const char *group, const char *column,
                                   json_t *value);

#endif
