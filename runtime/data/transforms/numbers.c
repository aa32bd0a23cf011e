// Transforms of numbers. `scale` and `standardize` are marks: the compiled program computes them,
// so that predictions take raw data.
#include <math.h>

#include "../stage.h"

static int any_is_category(const nnrt_table *table) {
    for (int64_t i = 0; i < table->field_count; i++)
        if (table->fields[i].is_category) return 1;
    return 0;
}

static nnrt_status apply_scale(nnrt_table *table, const nnrt_call *call) {
    double scale = nnrt_call_number(call, "a", 1), offset = nnrt_call_number(call, "offset", 0);
    if (isnan(offset)) offset = 0;
    if (!isfinite(scale) || !isfinite(offset))
        return nnrt_fail(NNRT_ERROR, "scale(%g, offset = %g): both must be finite numbers", scale,
                         offset);
    if (table->is_standardized)
        return nnrt_fail(NNRT_ERROR, "`scale` stands after `standardize`: put it before");
    if (any_is_category(table))
        return nnrt_fail(NNRT_ERROR, "`scale` stands after `one_hot`, whose columns stay 0 and 1: "
                                     "use `standardize` instead");
    table->scale *= scale;
    table->offset = table->offset * scale + offset;
    return NNRT_OK;
}

static nnrt_status apply_standardize(nnrt_table *table, const nnrt_call *call) {
    (void)call;
    table->is_standardized = 1;
    return NNRT_OK;
}

static const ArgDef scale_args[] = {
    {.name = "a",
     .type = ARG_FLOAT,
     .keras_name = "scale factor rescale",
     .doc = "what each value is multiplied with"},
    {.name = "offset", .type = ARG_FLOAT, .default_text = "0", .doc = "what is added then"},
    {0},
};

const nnrt_transform nnrt_number_transforms[] = {
    {.schema = {"scale", "multiplies and adds", scale_args, "Rescaling rescale"},
     .timing = NNRT_OF_VALUES,
     .apply = apply_scale},
    {.schema = {"standardize", "subtracts the mean and divides by the deviation", NULL,
                "Normalization StandardScaler"},
     .timing = NNRT_FITTED,
     .apply = apply_standardize},
    {.schema = {0}}};
