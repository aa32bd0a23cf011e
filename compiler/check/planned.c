// Names of the language that nnc does not know yet. A row goes when its feature comes.
#include "check.h"

typedef struct Planned {
    const char *noun; // stands in the `what` of the messages about unknown names
    const char *name;
    const char *keras_name; // as in Schema
} Planned;

static const Planned planned_rows[] = {
    {"layer", "abs", NULL},
    {"layer", "add", NULL},
    {"layer", "average_pool", "AveragePooling2D AvgPool2D"},
    {"layer", "batch_norm", "BatchNormalization"},
    {"layer", "concat", "Concatenate"},
    {"layer", "conv1d", NULL},
    {"layer", "conv2d", NULL},
    {"layer", "conv2d_transpose", NULL},
    {"layer", "embedding", NULL},
    {"layer", "global_average_pool", "GlobalAveragePooling2D GlobalAvgPool2D"},
    {"layer", "gru", NULL},
    {"layer", "lstm", NULL},
    {"layer", "max_pool", "MaxPooling2D MaxPool2D"},
    {"layer", "pad", "ZeroPadding2D"},
    {"data source", "cifar10", NULL},
    {"data source", "cifar100", NULL},
    {"data source", "csv", NULL},
    {"data source", "images", NULL},
    {"data source", "text", NULL},
    {"transform", "augment", NULL},
    {"transform", "drop", NULL},
    {"transform", "drop_missing", NULL},
    {"transform", "pairs", NULL},
    {"transform", "resize", "Resizing"},
    {"transform", "windows", NULL},
    {"schedule", "exponential_decay", NULL},
    {"schedule", "piecewise", "PiecewiseConstantDecay"},
    {"schedule", "step_decay", NULL},
    {"entry", "callbacks", "callback"},
    {"entry", "loss_weights", NULL},
    {"entry", "samples", NULL},
    {"entry", "unfreeze", NULL},
    {0},
};

static const Planned *find(const char *what, const char *name) {
    for (const Planned *row = planned_rows; row->name; row++) {
        bool is_named = strcmp(row->name, name) == 0;
        if (!strstr(what, row->noun)) continue;
        if (is_named || names_match_keras(row->keras_name, row->name, name)) return row;
    }
    return NULL;
}

bool planned_report(Checker *c, const char *what, const char *name, Span span) {
    const Planned *row = find(strcmp(what, "value") == 0 ? "layer" : what, name);
    if (!row) return false;
    if (map_get(&c->planned, row->name)) return true;
    map_set(&c->planned, row->name, (void *)row);
    Diag *diag = diag_report(c->sink, DIAG_E0206, span, "`%s` is not supported yet", name);
    diag_label(diag, "this %s cannot be used yet", row->noun);
    return true;
}
