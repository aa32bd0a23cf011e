// Transforms of rows: they change the parts, and no values.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../base/numbers/random.h"
#include "../stage.h"
#include "../table/learnt.h"
#include "../table/windows.h"
#include "columns.h"
#include "groups.h"
#include "rows.h"

enum { TAKE_COUNT };

static nnrt_status apply_take(nnrt_table *table, const nnrt_call *call) {
    int64_t count = (int64_t)nnrt_call_number_at(call, TAKE_COUNT);
    if (count > table->train.count)
        return nnrt_fail(NNRT_ERROR, "take(%lld): the training part has %lld rows",
                         (long long)count, (long long)table->train.count);
    table->train.count = count;
    return NNRT_OK;
}

enum { SHUFFLE_SEED };

static nnrt_status apply_shuffle(nnrt_table *table, const nnrt_call *call) {
    uint64_t seed = (uint64_t)nnrt_call_number_at(call, SHUFFLE_SEED);
    nnrt_random random = nnrt_random_make(seed, NNRT_RANDOM_DATA, NNRT_STREAM_SHUFFLE);
    nnrt_random_shuffle(&random, table->train.rows, table->train.count);
    return NNRT_OK;
}

enum { SPLIT_TEST, SPLIT_VALIDATION, SPLIT_SEED, SPLIT_STRATIFY, SPLIT_GROUP };

typedef struct Split {
    nnrt_table *table;
    double fraction;
    int64_t count; // rows that go to the new part
    int has_seed, stratify;
    const nnrt_field *target; // whose classes keep their shares
    const nnrt_field *group;  // whose values stay in one part; NULL: rows are divided
    uint64_t seed;
    uint32_t stream;
} Split;

const nnrt_field *nnrt_rows_class_target(const nnrt_table *table) {
    for (int64_t i = 0; i < table->field_count; i++) {
        const nnrt_field *field = &table->fields[i];
        if (field->role == NNRT_TARGET && field->target.classes > 0 && field->column.rank <= 1)
            return field;
    }
    return NULL;
}

int64_t nnrt_rows_class(const nnrt_field *target, uint32_t row) {
    if (target->stored.dtype == NNRT_I32) return ((const int32_t *)target->values)[row];
    int64_t class = 0;
    while (class + 1 < target->stored.size && nnrt_field_number(target, row, class) == 0) class ++;
    return class;
}

nnrt_status nnrt_rows_settle(nnrt_table *table) {
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < table->field_count && !status; i++)
        if (table->fields[i].role == NNRT_TARGET)
            status = nnrt_target_settle(table, &table->fields[i]);
    return status;
}

// How many rows of each class go to the new part: shares of the running total, rounded down, so
// that their sum is exact and no share is off by 1 or more.
static int64_t *make_quotas(const Split *split) {
    const nnrt_part *train = &split->table->train;
    int64_t classes = split->target->target.classes, before = 0;
    int64_t *quotas = calloc((size_t)classes, sizeof *quotas);
    if (!quotas) return NULL;
    for (int64_t i = 0; i < train->count; i++)
        quotas[nnrt_rows_class(split->target, train->rows[i])]++;
    for (int64_t i = 0; i < classes; i++) {
        uint64_t start = (uint64_t)before, end = start + (uint64_t)quotas[i];
        before = (int64_t)end;
        quotas[i] = (int64_t)(end * (uint64_t)split->count / (uint64_t)train->count) -
                    (int64_t)(start * (uint64_t)split->count / (uint64_t)train->count);
    }
    return quotas;
}

// Moves rows from the end of the training part; of each class its quota, or any (quotas NULL).
static void move_rows(const Split *split, nnrt_part *part, int64_t *quotas) {
    nnrt_part *train = &split->table->train;
    int64_t end = train->count, left = split->count;
    for (int64_t i = train->count - 1; i >= 0; i--) {
        uint32_t row = train->rows[i];
        int64_t *quota = quotas ? &quotas[nnrt_rows_class(split->target, row)] : &left;
        if (left > 0 && *quota > 0) {
            if (quotas) --*quota;
            part->rows[--left] = row;
        } else {
            train->rows[--end] = row;
        }
    }
    memmove(train->rows, train->rows + end, (size_t)(train->count - end) * sizeof *train->rows);
    train->count -= end;
}

static nnrt_status make_part(const Split *split, nnrt_part *part) {
    if (split->group) {
        nnrt_random random = nnrt_random_make(split->seed, NNRT_RANDOM_DATA, split->stream);
        return nnrt_groups_move(split->table, split->group, split->has_seed ? &random : NULL,
                                split->count, part);
    }
    nnrt_part *train = &split->table->train;
    int64_t *quotas = NULL;
    part->rows = malloc((size_t)split->count * sizeof *part->rows);
    if (split->stratify) quotas = make_quotas(split);
    if (!part->rows || (split->stratify && !quotas)) {
        free(quotas);
        return nnrt_fail_memory("the parts of a split", (size_t)split->count * sizeof *part->rows);
    }
    part->count = split->count;
    if (split->has_seed) {
        nnrt_random random = nnrt_random_make(split->seed, NNRT_RANDOM_DATA, split->stream);
        nnrt_random_shuffle(&random, train->rows, train->count);
    }
    move_rows(split, part, quotas);
    free(quotas);
    return NNRT_OK;
}

// A fraction of the whole training part, of `rows`, becomes `part`: as many rows as Keras's
// validation_split takes, n - floor(n * (1 - fraction)).
static nnrt_status split_part(Split *split, int64_t rows, nnrt_part *part, const char *name) {
    if (split->fraction == 0) return NNRT_OK;
    if (part->count > 0)
        return nnrt_fail(NNRT_ERROR,
                         "split(%s = %g): the data have a %s part already, of %lld rows; leave "
                         "`%s` out",
                         name, split->fraction, name, (long long)part->count, name);
    split->count = rows - (int64_t)floor((double)rows * (1 - split->fraction) + 1e-9);
    if (split->count >= split->table->train.count)
        return nnrt_fail(NNRT_ERROR, "split(%s = %g): none of the %lld rows is left for training",
                         name, split->fraction, (long long)rows);
    nnrt_status status = make_part(split, part);
    if (status || split->has_seed) return status;
    nnrt_windows_trim(split->table, part);
    if (split->table->train.count) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR, "split(%s = %g): no window is left that ends before the %s part",
                     name, split->fraction, name);
}

static nnrt_status divide(nnrt_table *table, const nnrt_call *call, const nnrt_field *group) {
    double seed = nnrt_call_number_at(call, SPLIT_SEED); // NAN: none
    Split split = {.table = table,
                   .group = group,
                   .stratify = nnrt_call_is_on(call, SPLIT_STRATIFY),
                   .has_seed = !isnan(seed),
                   .seed = isnan(seed) ? 0 : (uint64_t)seed};
    nnrt_status status = NNRT_OK;
    if (split.stratify && table->windows)
        return nnrt_fail(NNRT_ERROR, "split(stratify = true) does not go with windows: they follow "
                                     "each other in time\nleave `stratify` out");
    if (split.stratify) status = nnrt_rows_settle(table);
    if (status) return status;
    split.target = nnrt_rows_class_target(table);
    if (split.stratify && !split.target)
        return nnrt_fail(NNRT_ERROR, "split(stratify = true): %s",
                         nnrt_table_count(table, NNRT_TARGET) > 1 ? "none of the targets is a class"
                                                                  : "the target is not a class");
    if (split.stratify && !split.target->values)
        split.stratify = 0; // files missing: only the counts matter
    split.fraction = nnrt_call_number_at(call, SPLIT_TEST);
    split.stream = NNRT_STREAM_TEST;
    int64_t rows = table->train.count;
    status = split_part(&split, rows, &table->test, "test");
    if (status) return status;
    split.fraction = nnrt_call_number_at(call, SPLIT_VALIDATION);
    split.stream = NNRT_STREAM_VALIDATION;
    return split_part(&split, rows, &table->validation, "validation");
}

// ---- Rows that belong together.

// The column of `group`; NULL: none is named.
static nnrt_status find_group(const nnrt_table *table, const nnrt_call *call, nnrt_field **group) {
    const nnrt_option *option = &call->options[SPLIT_GROUP];
    char number[32];
    *group = NULL;
    if (!option->text && isnan(option->number)) return NNRT_OK;
    snprintf(number, sizeof number, "%.0f", option->number);
    const char *name = option->text ? option->text : number;
    *group = nnrt_columns_find(table, name);
    if (!*group) return nnrt_columns_fail(table, call, name);
    if ((*group)->role == NNRT_TARGET)
        return nnrt_fail(NNRT_ERROR, "split(group = %s): it is the target", name);
    if ((*group)->kind == NNRT_TENSORS)
        return nnrt_fail(NNRT_ERROR, "split(group = %s): a column of a table is needed", name);
    return NNRT_OK;
}

static nnrt_status check_group(const nnrt_table *table, const nnrt_call *call,
                               const nnrt_field *group) {
    const char *name = group->column.name;
    if (nnrt_call_is_on(call, SPLIT_STRATIFY))
        return nnrt_fail(NNRT_ERROR,
                         "split(group = %s, stratify = true): groups stay together, "
                         "whatever the shares of classes\nleave one of them out",
                         name);
    if (table->windows)
        return nnrt_fail(NNRT_ERROR,
                         "split(group = %s) stands behind windows, which reach over "
                         "groups\nwrite it before `windows`",
                         name);
    for (int64_t i = 0; i < table->train.count; i++)
        if (nnrt_field_is_missing(group, table->train.rows[i]))
            return nnrt_fail(NNRT_ERROR,
                             "split(group = %s): %s has no value there\nadd `-> "
                             "drop_missing(%s)` before it",
                             name, nnrt_table_row(table, table->train.rows[i]).text,
                             nnrt_written_name(name).text);
    return NNRT_OK;
}

// What tells groups apart is not learnt from; new rows may be without it.
static nnrt_status set_aside(nnrt_table *table, nnrt_field *group) {
    group->role = NNRT_GROUP;
    return nnrt_learnt_put_source(table, "dropped", group->column.name, json_true());
}

static nnrt_status apply_split(nnrt_table *table, const nnrt_call *call) {
    nnrt_field *group;
    nnrt_status status = find_group(table, call, &group);
    if (!status && group && !table->new_rows) status = check_group(table, call, group);
    if (!status && !table->new_rows) status = divide(table, call, group);
    return status || !group ? status : set_aside(table, group);
}

static const ArgDef take_args[] = {
    [TAKE_COUNT] = {.name = "n",
                    .type = ARG_INT,
                    .minimum = 1,
                    .maximum = 9007199254740991.0,
                    .doc = "number of training samples to keep"},
    {0},
};

static const ArgDef shuffle_args[] = {[SHUFFLE_SEED] = NNRT_SEED_ARGUMENT, {0}};

static const ArgDef split_args[] = {
    [SPLIT_TEST] = {.name = "test",
                    .type = ARG_FLOAT,
                    .default_text = "0",
                    .maximum = 1,
                    .maximum_open = true,
                    .keras_name = "test_size",
                    .doc = "fraction of the whole training part for the test part"},
    [SPLIT_VALIDATION] = {.name = "validation",
                          .type = ARG_FLOAT,
                          .default_text = "0",
                          .maximum = 1,
                          .maximum_open = true,
                          .keras_name = "validation_split val",
                          .doc = "fraction of the whole training part for the validation part"},
    [SPLIT_SEED] = {.name = "seed",
                    .type = ARG_INT,
                    .default_text = "none",
                    .maximum = 9007199254740991.0,
                    .keras_name = "random_state",
                    .doc = "which random samples; without it the last ones are taken"},
    [SPLIT_STRATIFY] = {.name = "stratify",
                        .type = ARG_BOOL,
                        .default_text = "false",
                        .doc = "keep the shares of the classes"},
    [SPLIT_GROUP] =
        {.name = "group",
         .type = ARG_NAME,
         .default_text = "none",
         .keras_name = "groups",
         .doc = "a column: rows of one value of it come into the same part; it is no input then"},
    {0},
};

const nnrt_transform nnrt_row_transforms[] = {
    {.schema = {"take", "keeps the first training samples", take_args, NULL},
     .timing = NNRT_OF_ROWS,
     .is_of_training = 1,
     .apply = apply_take},
    {.schema = {"shuffle", "puts the training samples into a random order", shuffle_args, NULL},
     .timing = NNRT_OF_ROWS,
     .is_of_training = 1,
     .apply = apply_shuffle},
    {.schema = {"split", "takes parts off for testing and validation", split_args,
                "train_test_split"},
     .timing = NNRT_OF_ROWS,
     .apply = apply_split},
    {.schema = {0}}};
