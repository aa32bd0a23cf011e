// What samples count: a column that is no input, but their weights in the loss.
#include "../stage.h"
#include "../table/learnt.h"
#include "columns.h"

enum { COLUMN };

static nnrt_status apply_sample_weight(nnrt_table *table, const nnrt_call *call) {
    const char *name = nnrt_call_text_at(call, COLUMN);
    nnrt_field *field = name ? nnrt_columns_find(table, name) : NULL;
    if (!nnrt_columns_are_there(table))
        return nnrt_fail(NNRT_ERROR,
                         "sample_weight(..): arrays have no columns that weigh samples\n"
                         "columns of tables, of `csv` for example, can");
    if (!field) return nnrt_columns_fail(table, call, name ? name : "");
    if (field->role == NNRT_TARGET)
        return nnrt_fail(NNRT_ERROR, "sample_weight(%s): it is the target", name);
    if (field->kind != NNRT_NUMBERS || field->is_indicator)
        return nnrt_fail(NNRT_ERROR, "sample_weight(%s): the column does not hold numbers", name);
    field->role = NNRT_WEIGHT;
    return nnrt_learnt_put_source(table, "weights", name, json_true());
}

static const ArgDef sample_weight_args[] = {
    [COLUMN] = {.name = "column",
                .type = ARG_NAME,
                .doc = "of numbers from 0; it is no input then"},
    {0},
};

const nnrt_transform nnrt_weight_transforms[] = {
    {.schema = {"sample_weight",
                "makes a column the weights of the samples, for `sample_weight = column` of a "
                "`train` block",
                sample_weight_args, NULL},
     .timing = NNRT_OF_VALUES,
     .touches = NNRT_TOUCHES_NUMBERS,
     .apply = apply_sample_weight},
    {.schema = {0}}};
