// Initializers: how parameters start. The rows are what the language knows of them; the numbers are
// made by runtime/session/initialize.c. Names and defaults are those of keras/src/initializers
// (Keras 3).
#include "training.h"

#include <math.h>
#include <string.h>

#define NUMBER(argument, value, text)                                                              \
    {.name = (argument), .type = ARG_FLOAT, .default_text = (value), .doc = (text)}
#define POSITIVE(argument, value, text)                                                            \
    {.name = (argument),                                                                           \
     .type = ARG_FLOAT,                                                                            \
     .default_text = (value),                                                                      \
     .maximum = INFINITY,                                                                          \
     .doc = (text)}

static const ArgDef constant_args[] = {NUMBER("value", "0", "the value of every weight"), {0}};

static const ArgDef uniform_args[] = {
    NUMBER("minval", "-0.05", "lower end"),
    NUMBER("maxval", "0.05", "upper end"),
    {0},
};

static const ArgDef normal_args[] = {
    NUMBER("mean", "0", "mean"),
    POSITIVE("stddev", "0.05", "standard deviation"),
    {0},
};

static const ArgDef variance_scaling_args[] = {
    {.name = "scale",
     .type = ARG_FLOAT,
     .default_text = "1",
     .maximum = INFINITY,
     .minimum_open = true,
     .doc = "variance times the fan"},
    {.name = "mode",
     .type = ARG_WORD,
     .default_text = "fan_in",
     .choices = "fan_in fan_out fan_avg",
     .doc = "which number of connections divides the variance"},
    {.name = "distribution",
     .type = ARG_WORD,
     .default_text = "truncated_normal",
     .choices = "truncated_normal untruncated_normal uniform",
     .doc = "what is drawn from"},
    {0},
};

static const ArgDef gain_args[] = {NUMBER("gain", "1", "factor of the matrix"), {0}};

const Schema initializer_rows[] = {
    {"zeros", "starts with 0", NULL, "Zeros zero"},
    {"ones", "starts with 1", NULL, "Ones one"},
    {"constant", "starts with one number", constant_args, "Constant"},
    {"glorot_uniform", "draws from +-sqrt(6 / (fan_in + fan_out))", NULL,
     "GlorotUniform xavier_uniform xavier"},
    {"glorot_normal", "draws from a truncated normal of variance 2 / (fan_in + fan_out)", NULL,
     "GlorotNormal xavier_normal"},
    {"he_uniform", "draws from +-sqrt(6 / fan_in)", NULL, "HeUniform kaiming_uniform"},
    {"he_normal", "draws from a truncated normal of variance 2 / fan_in", NULL,
     "HeNormal kaiming_normal"},
    {"lecun_uniform", "draws from +-sqrt(3 / fan_in)", NULL, "LecunUniform"},
    {"lecun_normal", "draws from a truncated normal of variance 1 / fan_in", NULL, "LecunNormal"},
    {"random_uniform", "draws evenly from an interval", uniform_args, "RandomUniform uniform"},
    {"random_normal", "draws from a normal distribution", normal_args, "RandomNormal normal"},
    {"truncated_normal", "draws from a normal distribution cut off at two deviations", normal_args,
     "TruncatedNormal"},
    {"variance_scaling", "draws with variance scale / fan", variance_scaling_args,
     "VarianceScaling"},
    {"orthogonal", "starts with orthogonal columns or rows", gain_args, "Orthogonal"},
    {"identity", "starts with the identity matrix", gain_args, "Identity eye"},
    {0},
};

const Schema *initializer_find(const char *name) {
    for (const Schema *row = initializer_rows; row->name; row++)
        if (strcmp(row->name, name) == 0) return row;
    return NULL;
}

bool initializer_needs_matrix(const Schema *initializer) {
    return strcmp(initializer->name, "orthogonal") == 0 ||
           strcmp(initializer->name, "identity") == 0;
}
