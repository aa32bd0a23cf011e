// Reads targets, and decides what they are.
#include "target.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct Targets {
    nnrt_table *table;
    nnrt_field *field;
    nnrt_target_info *info;   // the field's
    const char *name;         // NULL: "label" or "target"
    const nnrt_array *arrays; // of the training part, of the test part
    int count;
    int64_t classes; // given; 0: the labels show it
} Targets;

// ---- What a file of integers holds.

typedef struct Survey {
    nnrt_target_value lowest, highest; // by part: the rows are the file's
    int any_other;                     // than -1 and 1
} Survey;

static nnrt_status survey_values(void *state, const nnrt_array *array, int64_t first,
                                 const double *values, int64_t count) {
    Survey *survey = state;
    for (int64_t i = 0; i < count; i++) {
        nnrt_target_value value = {values[i], (first + i) / array->row_size, 0};
        if (value.value < survey->lowest.value) survey->lowest = value;
        if (value.value > survey->highest.value) survey->highest = value;
        survey->any_other |= fabs(value.value) != 1;
    }
    return NNRT_OK;
}

static nnrt_status survey_part(const nnrt_array *array, Survey *survey) {
    survey->lowest.value = INFINITY;
    survey->highest.value = -INFINITY;
    return nnrt_array_each(array, survey_values, survey);
}

// The signs -1 and 1, as `hinge` takes them?
static int are_signs(const Survey *survey) {
    return survey->lowest.value == -1 && !survey->any_other;
}

static void explain(nnrt_target_info *info, const nnrt_target_value *value, const char *part,
                    const char *why) {
    snprintf(info->not_labels, sizeof info->not_labels,
             "row %lld (counted from 0)%s has %.17g: labels are %s", (long long)value->row, part,
             value->value, why);
}

// Whether integers can be labels; why not is noted.
static int fit_labels(nnrt_target_info *info, const Survey *parts, int count) {
    char limit[64];
    snprintf(limit, sizeof limit, "0, 1, 2 ... below %d", NNRT_DATA_MAX_CLASSES);
    for (int i = 0; i < count; i++) {
        const char *part = i ? " of the test part" : "";
        if (parts[i].lowest.value < 0) {
            if (!are_signs(&parts[i])) explain(info, &parts[i].lowest, part, limit);
            return 0;
        }
        if (parts[i].highest.value >= NNRT_DATA_MAX_CLASSES) {
            explain(info, &parts[i].highest, part, limit);
            return 0;
        }
    }
    if (count < 2 || parts[1].highest.value <= parts[0].highest.value) return 1;
    snprintf(limit, sizeof limit, "0 to %g in the training part", parts[0].highest.value);
    explain(info, &parts[1].highest, " of the test part", limit);
    return 0;
}

// How many classes integers show; 0: they are no labels.
static nnrt_status count_classes(const Targets *targets, int64_t *classes) {
    Survey parts[2] = {0};
    *classes = 0;
    for (int i = 0; i < targets->count; i++) {
        if (!nnrt_element_is_integer(targets->arrays[i].element)) return NNRT_OK;
        nnrt_status status = survey_part(&targets->arrays[i], &parts[i]);
        if (status) return status;
    }
    if (fit_labels(targets->info, parts, targets->count))
        *classes = (int64_t)parts[0].highest.value + 1;
    return NNRT_OK;
}

// ---- One label a sample.

// A checked conversion of one file to int32.
typedef struct Labels {
    int32_t *values;
    int64_t limit; // labels are 0..limit-1
} Labels;

static nnrt_status store_labels(void *state, const nnrt_array *array, int64_t first,
                                const double *values, int64_t count) {
    const Labels *labels = state;
    for (int64_t i = 0; i < count; i++) {
        double label = values[i];
        if (!(label >= 0 && label < (double)labels->limit) || label != floor(label))
            return nnrt_fail(NNRT_ERROR,
                             "`%s`: label %.17g in row %lld (counted from 0) is out of range: the "
                             "set has %lld classes, 0 to %lld",
                             array->path, label, (long long)((first + i) / array->row_size),
                             (long long)labels->limit, (long long)labels->limit - 1);
        if (labels->values) labels->values[first + i] = (int32_t)label;
    }
    return NNRT_OK;
}

static nnrt_status allocate(const Targets *targets, nnrt_column column) {
    targets->field->column = targets->field->stored = column;
    return nnrt_field_allocate(targets->table, targets->field);
}

static nnrt_status read_labels(const Targets *targets, int64_t classes) {
    const char *name = targets->name ? targets->name : "label";
    targets->info->classes = classes;
    targets->info->is_open = targets->classes == 0;
    nnrt_status status = allocate(targets, nnrt_column_make(name, NNRT_I32, 0, NULL));
    Labels labels = {targets->field->values, classes};
    for (int i = 0; i < targets->count && !status; i++) {
        status = nnrt_array_each(&targets->arrays[i], store_labels, &labels);
        labels.values += targets->arrays[i].rows;
    }
    return status;
}

// ---- Numbers: one a sample or several, labels of places among them.

// Is every vector all 0 but for a single 1?
static int is_one_hot(const float *values, int64_t count, int64_t size) {
    for (int64_t row = 0; row < count; row++) {
        int64_t ones = 0;
        for (int64_t i = 0; i < size; i++) {
            float value = values[row * size + i];
            if (value != 0 && value != 1) return 0;
            ones += value == 1;
        }
        if (ones != 1) return 0;
    }
    return 1;
}

static nnrt_target_value value_at(const Targets *targets, double value, int64_t row) {
    int64_t first = targets->arrays[0].rows;
    return (nnrt_target_value){value, row < first ? row : row - first, row >= first};
}

// A vector of zeros has no class; it adds nothing to a cross-entropy, and may be meant.
static void note_sum(const Targets *targets, const float *values, int64_t size, int64_t row) {
    nnrt_target_value *uneven = &targets->info->uneven;
    double sum = 0, weight = 0;
    for (int64_t i = 0; i < size; i++) {
        sum += (double)values[i];
        weight += fabs((double)values[i]);
    }
    if (weight > 0 && fabs(sum - 1) > fabs(uneven->value - 1))
        *uneven = value_at(targets, sum, row);
}

static void note_numbers(const Targets *targets, int64_t last) {
    nnrt_target_info *info = targets->info;
    const float *values = targets->field->values;
    int64_t size = targets->field->column.size, count = targets->table->row_count * size;
    int any_other = 0, any_fraction = 0;
    info->lowest = info->highest = value_at(targets, (double)values[0], 0);
    info->uneven.value = 1;
    for (int64_t i = 0; i < count; i++) {
        double value = (double)values[i];
        if (value < info->lowest.value) info->lowest = value_at(targets, value, i / size);
        if (value > info->highest.value) info->highest = value_at(targets, value, i / size);
        any_other |= fabs(value) != 1;
        any_fraction |= value != 0 && value != 1;
        if (i % last == 0 && last > 1) note_sum(targets, values + i, last, i / size);
    }
    info->signs = info->lowest.value == -1 && !any_other;
    info->decisions = !any_fraction;
}

static nnrt_status read_numbers(const Targets *targets, int64_t place_classes) {
    nnrt_target_info *info = targets->info;
    const nnrt_array *first = &targets->arrays[0];
    const char *name = targets->name ? targets->name : "target";
    nnrt_status status =
        allocate(targets, nnrt_column_make(name, NNRT_F32, first->rank - 1, first->shape + 1));
    float *values = targets->field->values;
    int64_t size = targets->field->column.size;
    int64_t last = first->rank > 1 ? first->shape[first->rank - 1] : 1;
    for (int i = 0; i < targets->count && !status; i++)
        status = nnrt_array_read(&targets->arrays[i], NNRT_F32,
                                 i ? values + first->rows * size : values);
    if (status) return status;
    note_numbers(targets, last);
    info->place_classes = place_classes;
    info->is_open = targets->classes == 0;
    if (last < 2 || targets->classes) return NNRT_OK;
    info->one_hot = is_one_hot(values, targets->table->row_count * size / last, last);
    if (info->one_hot) info->classes = last;
    return NNRT_OK;
}

static nnrt_status check_given(const Targets *targets) {
    Labels labels = {NULL, targets->classes};
    nnrt_status status = NNRT_OK;
    for (int i = 0; i < targets->count && !status; i++)
        status = nnrt_array_each(&targets->arrays[i], store_labels, &labels);
    return status;
}

nnrt_status nnrt_target_read(nnrt_table *table, const char *name, const nnrt_array *arrays,
                             int count, int64_t classes) {
    nnrt_field *field =
        nnrt_table_add(table, NNRT_TARGET, nnrt_column_make(name, NNRT_F32, 0, NULL));
    if (!field) return NNRT_ERROR;
    Targets targets = {table, field, &field->target, name, arrays, count, classes};
    int64_t shown = classes;
    int is_single = arrays[0].row_size == 1;
    nnrt_status status = classes ? NNRT_OK : count_classes(&targets, &shown);
    if (!status && classes && !is_single) status = check_given(&targets);
    if (!status)
        status = is_single && shown ? read_labels(&targets, shown) : read_numbers(&targets, shown);
    if (!status)
        nnrt_table_fingerprint(table, field->values, 4 * table->row_count * field->column.size);
    return status;
}
