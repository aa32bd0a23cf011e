#include "vocabulary.h"

#include "../../runtime/data/stage.h"
#include "../../runtime/metrics/row.h"
#include "../../runtime/session/callback.h"
#include "../../runtime/session/schedules/schedule.h"
#include "../../runtime/session/weights/initialize.h"
#include "op.h"
#include "training/training.h"

#include <string.h>

// ---- Operators: rows of one kind, which the language uses in three ways.

static bool is_layer(const Schema *row) {
    const OpDef *op = (const OpDef *)row;
    return op->surface && !op->is_activation && !op->is_loss;
}

static bool is_activation(const Schema *row) {
    return ((const OpDef *)row)->surface && ((const OpDef *)row)->is_activation;
}

static bool is_loss(const Schema *row) {
    return ((const OpDef *)row)->is_loss;
}

// ---- What changes data: likewise.

static bool is_augmentation(const Schema *row) {
    return ((const nnrt_transform *)row)->is_augmentation;
}

static bool is_transform(const Schema *row) {
    return !is_augmentation(row);
}

#define TABLE(rows) .tables = (const void *const[]){(rows), NULL}, .row_size = sizeof *(rows)
#define OPERATORS(which)                                                                           \
    .tables = (const void *const *)op_tables, .row_size = sizeof(OpDef), .has = (which)

#define TRANSFORMS(which)                                                                          \
    .tables = nnrt_transform_tables, .row_size = sizeof(nnrt_transform), .has = (which)

const Family vocabulary[FAMILY_COUNT] = {
    [FAMILY_LAYERS] = {.title = "Layers",
                       .noun = "layer",
                       .example = "a layer",
                       .doc = "in a model: `x -> dense(10)`, with a name: `dense(10, name = "
                              "\"first\")`",
                       .is_part = true,
                       OPERATORS(is_layer)},
    [FAMILY_ACTIVATIONS] = {.title = "Activations",
                            .noun = "activation",
                            .example = "an activation",
                            .doc = "in a model (`-> relu`) and as an argument (`dense(10, relu)`)",
                            OPERATORS(is_activation)},
    [FAMILY_LOSSES] = {.title = "Losses",
                       .noun = "loss",
                       .example = "a loss",
                       .doc = "in a train block: `loss = mse`",
                       OPERATORS(is_loss)},
    [FAMILY_OPTIMIZERS] = {.title = "Optimizers",
                           .noun = "optimizer",
                           .example = "an optimizer",
                           .doc = "in a train block: `optimizer = adam`",
                           TABLE(optimizer_rows)},
    [FAMILY_SCHEDULES] = {.title = "Learning-rate schedules",
                          .noun = "schedule",
                          .example = "a schedule",
                          .doc = "as a learning rate: `sgd(exponential_decay(..))`",
                          .tables = (const void *const *)nnrt_schedule_tables,
                          .row_size = sizeof(nnrt_schedule_row)},
    [FAMILY_REGULARIZERS] = {.title = "Regularizers",
                             .noun = "regularizer",
                             .example = "a regularizer",
                             .doc = "as `regularize = l2(..)` or `kernel_regularizer = ..`",
                             TABLE(regularizer_rows)},
    [FAMILY_CONSTRAINTS] = {.title = "Constraints",
                            .noun = "constraint",
                            .example = "a constraint",
                            .doc = "as `kernel_constraint = max_norm(3)`",
                            TABLE(constraint_rows)},
    [FAMILY_INITIALIZERS] = {.title = "Initializers",
                             .noun = "initializer",
                             .example = "an initializer",
                             .doc = "as `kernel_initializer = ..`",
                             TABLE(nnrt_initializer_rows)},
    [FAMILY_METRICS] = {.title = "Metrics",
                        .noun = "metric",
                        .example = "a metric",
                        .doc = "in a train block: `metrics = [accuracy]`",
                        .entry = "metrics",
                        .tables = (const void *const *)nnrt_metric_tables,
                        .row_size = sizeof(nnrt_metric_row)},
    [FAMILY_CALLBACKS] = {.title = "Callbacks",
                          .noun = "callback",
                          .example = "a callback",
                          .doc = "in a train block: `callbacks = [early_stopping(patience = 3)]`",
                          .entry = "callbacks",
                          .tables = (const void *const *)nnrt_callback_tables,
                          .row_size = sizeof(nnrt_callback_row)},
    [FAMILY_SOURCES] = {.title = "Data sources",
                        .noun = "data source",
                        .example = "a data source",
                        .doc = "at the beginning of a dataset: `dataset d = mnist`",
                        .tables = nnrt_source_tables,
                        .row_size = sizeof(nnrt_source)},
    [FAMILY_TRANSFORMS] = {.title = "Transforms",
                           .noun = "transform",
                           .example = "a transform",
                           .doc = "after a data source: `-> scale(1/255)`",
                           TRANSFORMS(is_transform)},
    [FAMILY_AUGMENTATIONS] = {.title = "Augmentations",
                              .noun = "augmentation",
                              .example = "an augmentation",
                              .doc = "in a transform: `-> augment(flip, crop(pad = 4))`",
                              .is_part = true,
                              TRANSFORMS(is_augmentation)},
};

// ---- Walking.

static const Schema *row_at(const Family *family, int table, int row) {
    const char *rows = family->tables[table];
    return (const Schema *)(const void *)(rows + (size_t)row * family->row_size);
}

const Schema *words_next(Words *words) {
    const Family *family = words->family;
    while (family->tables[words->table]) {
        const Schema *row = row_at(family, words->table, words->row++);
        if (row->name && (!family->has || family->has(row))) return row;
        if (row->name) continue;
        words->table++;
        words->row = 0;
    }
    return NULL;
}

const Schema *family_word(const Family *family, const char *name) {
    const Schema *word;
    for (Words words = {.family = family}; (word = words_next(&words));)
        if (strcmp(word->name, name) == 0) return word;
    return NULL;
}

const Family *family_of_argument(ArgType type) {
    switch (type) {
    case ARG_LAYER: return &vocabulary[FAMILY_LAYERS];
    case ARG_ACTIVATION: return &vocabulary[FAMILY_ACTIVATIONS];
    case ARG_INITIALIZER: return &vocabulary[FAMILY_INITIALIZERS];
    case ARG_REGULARIZER: return &vocabulary[FAMILY_REGULARIZERS];
    case ARG_CONSTRAINT: return &vocabulary[FAMILY_CONSTRAINTS];
    case ARG_RATE: return &vocabulary[FAMILY_SCHEDULES];
    default: return NULL;
    }
}

const Schema *schema_callee(ArgType type, const char *name) {
    const Family *family = family_of_argument(type);
    const Schema *word = family ? family_word(family, name) : NULL;
    if (!word && type == ARG_LAYER) word = schema_callee(ARG_ACTIVATION, name); // is a layer, too
    return word;
}

// Counts over all tables of the family, and the rows that others have, too.
static int find_row(const Family *family, const Schema *word) {
    int number = 0;
    for (int table = 0; family->tables[table]; table++)
        for (int row = 0; row_at(family, table, row)->name; row++, number++)
            if (row_at(family, table, row) == word) return number;
    return -1;
}

int vocabulary_row(const Schema *word) {
    int row = -1;
    for (int i = 0; i < FAMILY_COUNT && row < 0; i++) row = find_row(&vocabulary[i], word);
    return row;
}
