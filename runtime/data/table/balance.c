// How many labels of the training part each class has.
#include <stdlib.h>

#include "table.h"

static int64_t classes_of(const nnrt_target_info *target) {
    if (target->classes) return target->classes;
    if (target->place_classes) return target->place_classes;
    return target->decisions ? 2 : 0;
}

typedef struct Counts Counts;

struct Counts {
    Counts *next;
    int64_t rows[];
};

static Counts *kept; // until the process ends, as class names are

static int64_t *keep_counts(int64_t classes) {
    Counts *counts = calloc(1, sizeof *counts + (size_t)classes * sizeof *counts->rows);
    if (!counts) return NULL;
    counts->next = kept;
    kept = counts;
    return counts->rows;
}

nnrt_status nnrt_table_count_classes(const nnrt_table *table, const nnrt_field *field,
                                     nnrt_target_info *target) {
    int64_t classes = classes_of(target), size = field->stored.size;
    if (!classes || target->one_hot || !field->values) return NNRT_OK;
    target->class_rows = keep_counts(classes);
    if (!target->class_rows)
        return nnrt_fail_memory("counts of classes", (size_t)classes * sizeof(int64_t));
    target->counted_classes = classes;
    for (int64_t i = 0; i < table->train.count; i++)
        for (int64_t k = 0; k < size; k++) {
            double label = nnrt_field_number(field, table->train.rows[i], k);
            if (label >= 0 && label < (double)classes) target->class_rows[(int64_t)label]++;
        }
    return NNRT_OK;
}
