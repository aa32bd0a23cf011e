// One row a name: what kind of distribution, and how its width follows from the shape. Names and
// defaults are those of keras/src/initializers (Keras 3).
#include "initialize.h"

#include "../../base/call.h"
#include "../../base/numbers/random.h"

#include <math.h>
#include <stdlib.h>

// Standard deviation of a normal distribution cut off at +-2 (Keras uses the same number).
static const double truncated_deviation = 0.87962566103423978;

struct nnrt_fill {
    const nnrt_parameter *parameter;
    const nnrt_call *call;
    nnrt_random random;
    float *values;
    int64_t count;
};

int64_t nnrt_parameter_elements(const nnrt_parameter *parameter) {
    int64_t count = 1;
    for (int64_t i = 0; i < parameter->rank; i++) count *= parameter->shape[i];
    return count;
}

void nnrt_initialize_fans(const nnrt_parameter *parameter, double *fan_in, double *fan_out) {
    int64_t rank = parameter->rank;
    *fan_in = *fan_out = 1;
    if (rank == 1) *fan_in = *fan_out = (double)parameter->shape[0];
    if (rank < 2) return;
    double receptive = 1;
    for (int64_t i = 0; i < rank - 2; i++) receptive *= (double)parameter->shape[i];
    *fan_in = receptive * (double)parameter->shape[rank - 2];
    *fan_out = receptive * (double)parameter->shape[rank - 1];
}

// ---- Distributions.

static nnrt_status fill_constant(nnrt_fill *f, double value) {
    for (int64_t i = 0; i < f->count; i++) f->values[i] = (float)value;
    return NNRT_OK;
}

static nnrt_status fill_uniform(nnrt_fill *f, double low, double high) {
    for (int64_t i = 0; i < f->count; i++)
        f->values[i] = (float)(low + (high - low) * nnrt_random_uniform(&f->random));
    return NNRT_OK;
}

static nnrt_status fill_normal(nnrt_fill *f, double mean, double deviation) {
    for (int64_t i = 0; i < f->count; i++)
        f->values[i] = (float)(mean + deviation * nnrt_random_normal(&f->random));
    return NNRT_OK;
}

static nnrt_status fill_truncated(nnrt_fill *f, double mean, double deviation) {
    for (int64_t i = 0; i < f->count; i++) {
        double x;
        do x = nnrt_random_normal(&f->random);
        while (fabs(x) > 2);
        f->values[i] = (float)(mean + deviation * x);
    }
    return NNRT_OK;
}

// The choices of variance_scaling, in their order.
enum { FAN_IN, FAN_OUT, FAN_AVERAGE };
enum { TRUNCATED_NORMAL, UNTRUNCATED_NORMAL, UNIFORM };

static nnrt_status fill_scaled(nnrt_fill *f, double scale, int mode, int distribution) {
    double fan_in, fan_out;
    nnrt_initialize_fans(f->parameter, &fan_in, &fan_out);
    double fan = (fan_in + fan_out) / 2;
    if (mode == FAN_IN) fan = fan_in;
    if (mode == FAN_OUT) fan = fan_out;
    double variance = scale / fmax(1, fan);
    if (distribution == UNIFORM) return fill_uniform(f, -sqrt(3 * variance), sqrt(3 * variance));
    if (distribution == UNTRUNCATED_NORMAL) return fill_normal(f, 0, sqrt(variance));
    return fill_truncated(f, 0, sqrt(variance) / truncated_deviation);
}

// ---- Arguments.

#define NUMBER(argument, value, text)                                                              \
    {.name = (argument), .type = ARG_FLOAT, .default_text = (value), .doc = (text)}

enum { GAIN };

static const ArgDef gain_args[] = {[GAIN] = NUMBER("gain", "1", "factor of the matrix"), {0}};

// ---- Orthogonal: the Q of a Gaussian matrix's QR decomposition whose R has a positive diagonal.
// Gram-Schmidt gives just that one; doing it twice keeps it orthogonal to rounding ("twice is
// enough": Giraud, Langou, Rozloznik 2005).

// Sums beside each other, and vectors in blocks, through which those before them pass from the
// cache.
enum { SUMS = 8, BLOCK = 16 };

static double dot(const double *restrict x, const double *restrict y, int64_t n) {
    double sums[SUMS] = {0}, sum = 0;
    int64_t k = 0;
    for (; k + SUMS <= n; k += SUMS)
        for (int i = 0; i < SUMS; i++) sums[i] += x[k + i] * y[k + i];
    for (int i = 0; i < SUMS; i++) sum += sums[i];
    for (; k < n; k++) sum += x[k] * y[k];
    return sum;
}

// Takes the part along the unit vector y out of x.
static void project(double *restrict x, const double *restrict y, int64_t n) {
    double part = dot(x, y, n);
    int64_t k = 0;
    for (; k + SUMS <= n; k += SUMS)
        for (int i = 0; i < SUMS; i++) x[k + i] -= part * y[k + i];
    for (; k < n; k++) x[k] -= part * y[k];
}

static void normalize(double *x, int64_t n) {
    double norm = sqrt(dot(x, x, n));
    for (int64_t k = 0; k < n; k++) x[k] /= norm;
}

// Makes the `count` vectors of length `n` orthonormal, in order.
static void orthonormalize(double *vectors, int64_t count, int64_t n) {
    for (int64_t first = 0; first < count; first += BLOCK) {
        int64_t end = first + BLOCK < count ? first + BLOCK : count;
        for (int64_t j = 0; j < 2 * first; j++)
            for (int64_t i = first; i < end; i++)
                project(vectors + i * n, vectors + j % first * n, n);
        for (int64_t i = first; i < end; i++) {
            for (int64_t j = 0; j < 2 * (i - first); j++)
                project(vectors + i * n, vectors + (first + j % (i - first)) * n, n);
            normalize(vectors + i * n, n);
        }
    }
}

static nnrt_status fill_orthogonal(nnrt_fill *f) {
    const nnrt_parameter *parameter = f->parameter;
    int64_t columns = parameter->rank ? parameter->shape[parameter->rank - 1] : 1;
    int64_t rows = f->count / columns;
    int64_t count = rows < columns ? rows : columns, length = rows < columns ? columns : rows;
    double *vectors = calloc((size_t)f->count, sizeof *vectors);
    if (!vectors) return nnrt_fail_memory(parameter->name, (size_t)f->count * sizeof *vectors);
    for (int64_t i = 0; i < length; i++) // drawn as Keras does: the tall matrix, row by row
        for (int64_t j = 0; j < count; j++)
            vectors[j * length + i] = nnrt_random_normal(&f->random);
    orthonormalize(vectors, count, length);
    double gain = nnrt_call_number_at(f->call, GAIN);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < columns; c++) {
            int64_t place = rows < columns ? r * length + c : c * length + r;
            f->values[r * columns + c] = (float)(gain * vectors[place]);
        }
    free(vectors);
    return NNRT_OK;
}

// ---- The names.

static nnrt_status run_zeros(nnrt_fill *f) {
    return fill_constant(f, 0);
}

static nnrt_status run_ones(nnrt_fill *f) {
    return fill_constant(f, 1);
}

enum { CONSTANT_VALUE };

static const ArgDef constant_args[] = {
    [CONSTANT_VALUE] = NUMBER("value", "0", "the value of every weight"), {0}};

static nnrt_status run_constant(nnrt_fill *f) {
    return fill_constant(f, nnrt_call_number_at(f->call, CONSTANT_VALUE));
}

enum { UNIFORM_MINIMUM, UNIFORM_MAXIMUM };

static const ArgDef uniform_args[] = {
    [UNIFORM_MINIMUM] = NUMBER("minval", "-0.05", "lower end"),
    [UNIFORM_MAXIMUM] = NUMBER("maxval", "0.05", "upper end"),
    {0},
};

static nnrt_status run_random_uniform(nnrt_fill *f) {
    return fill_uniform(f, nnrt_call_number_at(f->call, UNIFORM_MINIMUM),
                        nnrt_call_number_at(f->call, UNIFORM_MAXIMUM));
}

enum { NORMAL_MEAN, NORMAL_DEVIATION };

static const ArgDef normal_args[] = {
    [NORMAL_MEAN] = NUMBER("mean", "0", "mean"),
    [NORMAL_DEVIATION] = {.name = "stddev",
                          .type = ARG_FLOAT,
                          .default_text = "0.05",
                          .maximum = INFINITY,
                          .doc = "standard deviation"},
    {0},
};

static nnrt_status run_random_normal(nnrt_fill *f) {
    return fill_normal(f, nnrt_call_number_at(f->call, NORMAL_MEAN),
                       nnrt_call_number_at(f->call, NORMAL_DEVIATION));
}

static nnrt_status run_truncated_normal(nnrt_fill *f) {
    return fill_truncated(f, nnrt_call_number_at(f->call, NORMAL_MEAN),
                          nnrt_call_number_at(f->call, NORMAL_DEVIATION));
}

enum { SCALING_SCALE, SCALING_MODE, SCALING_DISTRIBUTION };

static const ArgDef scaling_args[] = {
    [SCALING_SCALE] = {.name = "scale",
                       .type = ARG_FLOAT,
                       .default_text = "1",
                       .maximum = INFINITY,
                       .minimum_open = true,
                       .doc = "variance times the fan"},
    [SCALING_MODE] = {.name = "mode",
                      .type = ARG_WORD,
                      .default_text = "fan_in",
                      .choices = "fan_in fan_out fan_avg",
                      .doc = "which number of connections divides the variance"},
    [SCALING_DISTRIBUTION] = {.name = "distribution",
                              .type = ARG_WORD,
                              .default_text = "truncated_normal",
                              .choices = "truncated_normal untruncated_normal uniform",
                              .doc = "what is drawn from"},
    {0},
};

static nnrt_status run_variance_scaling(nnrt_fill *f) {
    return fill_scaled(f, nnrt_call_number_at(f->call, SCALING_SCALE),
                       nnrt_call_word_at(f->call, scaling_args, SCALING_MODE),
                       nnrt_call_word_at(f->call, scaling_args, SCALING_DISTRIBUTION));
}

static nnrt_status run_glorot_uniform(nnrt_fill *f) {
    return fill_scaled(f, 1, FAN_AVERAGE, UNIFORM);
}

static nnrt_status run_glorot_normal(nnrt_fill *f) {
    return fill_scaled(f, 1, FAN_AVERAGE, TRUNCATED_NORMAL);
}

static nnrt_status run_he_uniform(nnrt_fill *f) {
    return fill_scaled(f, 2, FAN_IN, UNIFORM);
}

static nnrt_status run_he_normal(nnrt_fill *f) {
    return fill_scaled(f, 2, FAN_IN, TRUNCATED_NORMAL);
}

static nnrt_status run_lecun_uniform(nnrt_fill *f) {
    return fill_scaled(f, 1, FAN_IN, UNIFORM);
}

static nnrt_status run_lecun_normal(nnrt_fill *f) {
    return fill_scaled(f, 1, FAN_IN, TRUNCATED_NORMAL);
}

// Of a vector of four gates each.
static nnrt_status run_unit_forget(nnrt_fill *f) {
    for (int64_t i = 0; i < f->count; i++) f->values[i] = i * 4 / f->count == 1;
    return NNRT_OK;
}

static nnrt_status run_identity(nnrt_fill *f) {
    int64_t columns = f->parameter->rank ? f->parameter->shape[f->parameter->rank - 1] : 1;
    double gain = nnrt_call_number_at(f->call, GAIN);
    for (int64_t i = 0; i < f->count; i++)
        f->values[i] = i / columns == i % columns ? (float)gain : 0;
    return NNRT_OK;
}

const nnrt_initializer_row nnrt_initializer_rows[] = {
    {.schema = {"zeros", "starts with 0", NULL, "Zeros zero"}, .run = run_zeros},
    {.schema = {"ones", "starts with 1", NULL, "Ones one"}, .run = run_ones},
    {.schema = {"constant", "starts with one number", constant_args, "Constant"},
     .is_number = 1,
     .run = run_constant},
    {.schema = {"glorot_uniform", "draws from +-sqrt(6 / (fan_in + fan_out))", NULL,
                "GlorotUniform xavier_uniform xavier"},
     .run = run_glorot_uniform},
    {.schema = {"glorot_normal", "draws from a truncated normal of variance 2 / (fan_in + fan_out)",
                NULL, "GlorotNormal xavier_normal"},
     .run = run_glorot_normal},
    {.schema = {"he_uniform", "draws from +-sqrt(6 / fan_in)", NULL, "HeUniform kaiming_uniform"},
     .run = run_he_uniform},
    {.schema = {"he_normal", "draws from a truncated normal of variance 2 / fan_in", NULL,
                "HeNormal kaiming_normal"},
     .run = run_he_normal},
    {.schema = {"lecun_uniform", "draws from +-sqrt(3 / fan_in)", NULL, "LecunUniform"},
     .run = run_lecun_uniform},
    {.schema = {"lecun_normal", "draws from a truncated normal of variance 1 / fan_in", NULL,
                "LecunNormal"},
     .run = run_lecun_normal},
    {.schema = {"random_uniform", "draws evenly from an interval", uniform_args,
                "RandomUniform uniform"},
     .run = run_random_uniform},
    {.schema = {"random_normal", "draws from a normal distribution", normal_args,
                "RandomNormal normal"},
     .run = run_random_normal},
    {.schema = {"truncated_normal", "draws from a normal distribution cut off at two deviations",
                normal_args, "TruncatedNormal"},
     .run = run_truncated_normal},
    {.schema = {"variance_scaling", "draws with variance scale / fan", scaling_args,
                "VarianceScaling"},
     .run = run_variance_scaling},
    {.schema = {"unit_forget", "starts with 1 for an lstm's forget gates, else with 0", NULL, NULL},
     .run = run_unit_forget},
    {.schema = {"orthogonal", "starts with orthogonal columns or rows", gain_args, "Orthogonal"},
     .needs_matrix = 1,
     .run = fill_orthogonal},
    {.schema = {"identity", "starts with the identity matrix", gain_args, "Identity eye"},
     .needs_matrix = 1,
     .is_flat = 1,
     .run = run_identity},
    {.schema = {0}},
};

nnrt_status nnrt_initialize(const nnrt_parameter *parameter, int64_t index, uint64_t seed,
                            float *values) {
    nnrt_fill f = {parameter, &parameter->initializer,
                   nnrt_random_make(seed, NNRT_RANDOM_INITIALIZE, (uint32_t)index), values,
                   nnrt_parameter_elements(parameter)};
    return nnrt_initializer_rows[f.call->row].run(&f);
}
