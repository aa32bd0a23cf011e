// What varies in a sweep: lists of values.
#ifndef NNC_SWEEP_AXES_H
#define NNC_SWEEP_AXES_H

#include "../options.h"

// How a value that is no `param` reaches a training: an option of `fit`, and the entry of the
// program that it stands for (best.c).
typedef struct AxisRow {
    const char *name;  // "learning-rate"
    size_t offset;     // of the list in SweepOptions
    bool is_count;     // a whole number from 1 on; else a number above 0
    const char *entry; // of a `train` block; "learning_rate": of its optimizers
} AxisRow;

typedef struct Axis {
    const char *name;   // of the param, or the row's, "--batch" where a param is called so
    const AxisRow *row; // NULL: a param
    VEC(const char *) values;
} Axis;

typedef struct Axes {
    VEC(Axis) items;
    VEC(int64_t) seeds;
} Axes;

// Reads -D, --learning-rate, --batch, --epochs and --seeds. False: reported, wrong usage.
bool axes_read(Axes *axes, const Options *options, Arena *arena);

// "64,[1, 2]" at its commas, but those within brackets and quotes.
typedef VEC(const char *) AxisValues;
AxisValues axis_split(Arena *arena, const char *list);

// A whole number from 1 on, of an option; false: reported.
bool axis_count(const char *option, const char *text, int64_t most, int64_t *out);

#endif
