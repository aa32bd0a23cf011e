// The combinations of a sweep.
#ifndef NNC_SWEEP_POINTS_H
#define NNC_SWEEP_POINTS_H

#include "../../driver/driver.h"
#include "axes.h"

typedef enum PointState {
    POINT_CHECKED,
    POINT_COMPILING,
    POINT_COMPILED, // its executable is in the cache
    POINT_WRONG     // it does not compile, or not now, as data that it reads are missing
} PointState;

typedef struct Point {
    const int *choice;   // by axis, the number of its value
    Options options;     // of the compiler: with its params
    const char *source;  // resolved, as runs keep it; NULL: it was wrong from the beginning
    int64_t batch;       // likewise 0; else the largest that its training takes
    const char *written; // where there is no `source`: the file as it stands; NULL: not read
    const char *label;   // "units=64 learning-rate=0.1", of what varies, if anything does
    const char *said;    // the options of `fit` but the seed: "--learning-rate 0.1 --weights w"
    VEC(const char *) arguments; // the same, as words; the first `axis_words` are of the axes
    int axis_words;
    PointState state;
    const char *message; // why it is wrong; NULL: it is not
    bool writes_files;   // callbacks name some in the current folder
} Point;

typedef struct PointCheck PointCheck;

typedef struct Points {
    VEC(Point) items;
    int all;          // combinations that there are, more where some were drawn
    int right;        // programs that can be trained
    PointCheck *told; // whose messages points_tell prints; NULL: it has
} Points;

// Makes the combinations, all or `random` of them (0: all), and checks each. `extra`: further words
// for `fit`, ended by NULL. False: reported, as they are too many, or -o cannot be written.
bool points_make(Points *points, const Axes *axes, const Options *options, char *const *extra,
                 int64_t random, Arena *arena);

// Prints what the compiler says of the first one that can be trained; where there is none, of the
// first: its errors.
void points_tell(Points *points);
void points_free(Points *points); // what was not told

const char *point_value(const Point *point, const Axes *axes, int axis);

#endif
