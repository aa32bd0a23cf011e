// The combinations of a sweep.
#ifndef NNC_SWEEP_POINTS_H
#define NNC_SWEEP_POINTS_H

#include "../../driver/driver.h"
#include "axes.h"

typedef enum PointState {
    POINT_CHECKED,
    POINT_COMPILING,
    POINT_COMPILED, // its executable is in the cache
    POINT_WRONG     // it does not compile
} PointState;

typedef struct Point {
    const int *choice;  // by axis, the number of its value
    Options options;    // of the compiler: with its params
    const char *source; // resolved, as runs keep it
    const char *label;  // "units=64 learning-rate=0.1", of what varies, if anything does
    const char *said;   // the options of `fit` but the seed: "--learning-rate 0.1 --weights w"
    VEC(const char *) arguments; // the same, as words; the first `axis_words` are of the axes
    int axis_words;
    PointState state;
    const char *message; // why it is wrong; NULL: it is not
    bool writes_files;   // callbacks name some in the current folder
} Point;

typedef struct Points {
    VEC(Point) items;
    int all; // combinations that there are, more where some were drawn
} Points;

// Makes the combinations, all or `random` of them (0: all), and checks each. `extra`: further words
// for `fit`, ended by NULL. False: reported, as none of them is a program that can be trained.
bool points_make(Points *points, const Axes *axes, const Options *options, char *const *extra,
                 int64_t random, Arena *arena);

const char *point_value(const Point *point, const Axes *axes, int axis);

#endif
