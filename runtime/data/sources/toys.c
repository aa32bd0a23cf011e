// Points in the plane with labels: circles, moons and blobs as scikit-learn's make_circles,
// make_moons and make_blobs place them (sklearn/datasets/_samples_generator.py), spirals and xor as
// the TensorFlow playground does (playground/src/dataset.ts). `noise` is everywhere the standard
// deviation of a normal shift of each coordinate. The rows are in random order.
#include <math.h>
#include <stdlib.h>

#include "../../base/numbers/random.h"
#include "../stage.h"

enum { MAX_POINTS = 1 << 24, BLOBS = 3 };

// The options; `factor` is one of `circles` alone.
enum { COUNT, NOISE, SEED };
enum { CIRCLES_COUNT, CIRCLES_FACTOR, CIRCLES_NOISE, CIRCLES_SEED };

typedef struct Points Points;
// The place of point `i` before noise; returns its label.
typedef int32_t place_point(Points *points, int64_t i, double point[2]);

struct Points {
    place_point *place;
    int64_t count, classes;
    double noise, factor;
    uint64_t seed;
    nnrt_random random;
    double centers[BLOBS][2];
};

// Two circles around 0: radius 1 (label 0) and `factor` (label 1).
static int32_t place_circle(Points *points, int64_t i, double point[2]) {
    int64_t outer = points->count / 2;
    int32_t label = i >= outer;
    double share =
        label ? (double)(i - outer) / (double)(points->count - outer) : (double)i / (double)outer;
    double radius = label ? points->factor : 1;
    point[0] = radius * cos(2 * M_PI * share);
    point[1] = radius * sin(2 * M_PI * share);
    return label;
}

// Two half circles that reach into each other.
static int32_t place_moon(Points *points, int64_t i, double point[2]) {
    int64_t outer = points->count / 2;
    int32_t label = i >= outer;
    int64_t place = label ? i - outer : i, size = label ? points->count - outer : outer;
    double angle = size > 1 ? M_PI * (double)place / (double)(size - 1) : 0;
    point[0] = label ? 1 - cos(angle) : cos(angle);
    point[1] = label ? 1 - sin(angle) - 0.5 : sin(angle);
    return label;
}

// Two arms of 1.75 turns that end at radius 5.
static int32_t place_spiral(Points *points, int64_t i, double point[2]) {
    int64_t first = points->count / 2;
    int32_t label = i >= first;
    double share =
        label ? (double)(i - first) / (double)(points->count - first) : (double)i / (double)first;
    double angle = 1.75 * share * 2 * M_PI + (label ? M_PI : 0);
    point[0] = 5 * share * sin(angle);
    point[1] = 5 * share * cos(angle);
    return label;
}

// A square from -5 to 5 with a gap of 0.6 along the axes; label 1 where the signs differ.
static int32_t place_xor(Points *points, int64_t i, double point[2]) {
    (void)i;
    for (int axis = 0; axis < 2; axis++) {
        point[axis] = 10 * nnrt_random_uniform(&points->random) - 5;
        point[axis] += point[axis] > 0 ? 0.3 : -0.3;
    }
    return (point[0] > 0) != (point[1] > 0);
}

// Three clusters; the deviation is the noise.
static int32_t place_blob(Points *points, int64_t i, double point[2]) {
    int32_t label = (int32_t)(i % BLOBS);
    point[0] = points->centers[label][0];
    point[1] = points->centers[label][1];
    return label;
}

static void place_all(Points *points, const uint32_t *order, float *input, int32_t *labels) {
    for (int64_t i = 0; i < points->count; i++) {
        double point[2];
        int64_t row = order[i];
        labels[row] = points->place(points, i, point);
        for (int axis = 0; axis < 2; axis++) {
            double shift =
                points->noise > 0 ? points->noise * nnrt_random_normal(&points->random) : 0;
            input[2 * row + axis] = (float)(point[axis] + shift);
        }
    }
}

// The columns of `count` points: [2] and a label.
static nnrt_status add_columns(nnrt_table *table, int64_t classes) {
    static const int64_t shape[1] = {2};
    if (!nnrt_table_add(table, NNRT_FEATURE, nnrt_column_make("x", NNRT_F32, 1, shape)) ||
        !nnrt_table_add_labels(table, classes))
        return NNRT_ERROR;
    nnrt_status status = nnrt_field_allocate(table, nnrt_table_feature(table, 0));
    return status ? status : nnrt_field_allocate(table, nnrt_table_target(table, 0));
}

static nnrt_status make_points(nnrt_table *table, Points *points) {
    uint32_t *order = nnrt_array_allocate(NNRT_I32, points->count);
    if (!order) return NNRT_ERROR;
    for (int64_t i = 0; i < points->count; i++) order[i] = (uint32_t)i;
    nnrt_random random = nnrt_random_make(points->seed, NNRT_RANDOM_DATA, NNRT_STREAM_ORDER);
    nnrt_random_shuffle(&random, order, points->count);
    place_all(points, order, nnrt_table_feature(table, 0)->values,
              nnrt_table_target(table, 0)->values);
    free(order);
    return NNRT_OK;
}

static nnrt_status add_points(nnrt_table *table, Points *points) {
    points->random = nnrt_random_make(points->seed, NNRT_RANDOM_DATA, NNRT_STREAM_POINTS);
    for (int i = 0; i < 2 * BLOBS; i++)
        points->centers[i / 2][i % 2] = 20 * nnrt_random_uniform(&points->random) - 10;
    table->row_count = points->count;
    nnrt_status status = add_columns(table, points->classes);
    if (!status) status = make_points(table, points);
    if (status) return status;
    double numbers[] = {points->noise, points->factor, (double)points->seed};
    nnrt_table_fingerprint(table, numbers, sizeof numbers);
    nnrt_table_fingerprint(table, nnrt_table_target(table, 0)->values, 4 * points->count);
    return NNRT_OK;
}

static nnrt_status open_points(nnrt_table *table, const nnrt_call *call, place_point *place,
                               int64_t classes) {
    Points points = {.place = place,
                     .count = (int64_t)nnrt_call_number_at(call, COUNT),
                     .classes = classes,
                     .noise = nnrt_call_number_at(call, NOISE),
                     .seed = (uint64_t)nnrt_call_number_at(call, SEED)};
    return add_points(table, &points);
}

static nnrt_status open_circles(nnrt_table *table, const nnrt_call *call) {
    Points points = {.place = place_circle,
                     .count = (int64_t)nnrt_call_number_at(call, CIRCLES_COUNT),
                     .classes = 2,
                     .noise = nnrt_call_number_at(call, CIRCLES_NOISE),
                     .factor = nnrt_call_number_at(call, CIRCLES_FACTOR),
                     .seed = (uint64_t)nnrt_call_number_at(call, CIRCLES_SEED)};
    return add_points(table, &points);
}

static nnrt_status open_moons(nnrt_table *table, const nnrt_call *call) {
    return open_points(table, call, place_moon, 2);
}

static nnrt_status open_spirals(nnrt_table *table, const nnrt_call *call) {
    return open_points(table, call, place_spiral, 2);
}

static nnrt_status open_xor(nnrt_table *table, const nnrt_call *call) {
    return open_points(table, call, place_xor, 2);
}

static nnrt_status open_blobs(nnrt_table *table, const nnrt_call *call) {
    return open_points(table, call, place_blob, BLOBS);
}

#define NOISE_ARGUMENT(default_value)                                                              \
    {.name = "noise",                                                                              \
     .type = ARG_FLOAT,                                                                            \
     .default_text = (default_value),                                                              \
     .maximum = 1000,                                                                              \
     .doc = "standard deviation of what is added to each coordinate"}
#define COUNT_ARGUMENT                                                                             \
    {.name = "n",                                                                                  \
     .type = ARG_INT,                                                                              \
     .default_text = "100",                                                                        \
     .minimum = 3,                                                                                 \
     .maximum = MAX_POINTS,                                                                        \
     .keras_name = "n_samples",                                                                    \
     .doc = "number of points"}
static const ArgDef circles_args[] = {
    [CIRCLES_COUNT] = COUNT_ARGUMENT,
    [CIRCLES_FACTOR] = {.name = "factor",
                        .type = ARG_FLOAT,
                        .default_text = "0.8",
                        .maximum = 1,
                        .maximum_open = true,
                        .doc = "radius of the inner circle; the outer one has 1"},
    [CIRCLES_NOISE] = NOISE_ARGUMENT("0"),
    [CIRCLES_SEED] = NNRT_SEED_ARGUMENT,
    {0},
};

static const ArgDef points_args[] = {
    [COUNT] = COUNT_ARGUMENT,
    [NOISE] = NOISE_ARGUMENT("0"),
    [SEED] = NNRT_SEED_ARGUMENT,
    {0},
};

static const ArgDef blobs_args[] = {
    [COUNT] = COUNT_ARGUMENT,
    [NOISE] = NOISE_ARGUMENT("1"),
    [SEED] = NNRT_SEED_ARGUMENT,
    {0},
};

const nnrt_source nnrt_toy_sources[] = {
    {.schema = {"circles", "makes points on two circles", circles_args, "make_circles"},
     .open = open_circles},
    {.schema = {"moons", "makes points on two half circles", points_args, "make_moons"},
     .open = open_moons},
    {.schema = {"spirals", "makes points on two spirals", points_args, "make_spirals"},
     .open = open_spirals},
    {.schema = {"xor", "makes points in four quadrants, opposite ones of one class", points_args,
                NULL},
     .open = open_xor},
    {.schema = {"blobs", "makes points around three centres", blobs_args, "make_blobs"},
     .open = open_blobs},
    {.schema = {0}}};
