// One row a name: what kind of distribution, and how its width follows from the shape.
#include "initialize.h"

#include "../base/call.h"
#include "../base/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// Standard deviation of a normal distribution cut off at +-2 (Keras uses the same number).
static const double truncated_deviation = 0.87962566103423978;

typedef struct fill {
    const nnrt_parameter *parameter;
    const nnrt_call *call;
    nnrt_random random;
    float *values;
    int64_t count;
} fill;

typedef struct initializer {
    const char *name;
    nnrt_status (*run)(fill *f);
} initializer;

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

static nnrt_status fill_constant(fill *f, double value) {
    for (int64_t i = 0; i < f->count; i++) f->values[i] = (float)value;
    return NNRT_OK;
}

static nnrt_status fill_uniform(fill *f, double low, double high) {
    for (int64_t i = 0; i < f->count; i++)
        f->values[i] = (float)(low + (high - low) * nnrt_random_uniform(&f->random));
    return NNRT_OK;
}

static nnrt_status fill_normal(fill *f, double mean, double deviation) {
    for (int64_t i = 0; i < f->count; i++)
        f->values[i] = (float)(mean + deviation * nnrt_random_normal(&f->random));
    return NNRT_OK;
}

static nnrt_status fill_truncated(fill *f, double mean, double deviation) {
    for (int64_t i = 0; i < f->count; i++) {
        double x;
        do x = nnrt_random_normal(&f->random);
        while (fabs(x) > 2);
        f->values[i] = (float)(mean + deviation * x);
    }
    return NNRT_OK;
}

static nnrt_status fill_scaled(fill *f, double scale, const char *mode, const char *distribution) {
    double fan_in, fan_out;
    nnrt_initialize_fans(f->parameter, &fan_in, &fan_out);
    double fan = (fan_in + fan_out) / 2;
    if (strcmp(mode, "fan_in") == 0) fan = fan_in;
    if (strcmp(mode, "fan_out") == 0) fan = fan_out;
    double variance = scale / fmax(1, fan);
    if (strcmp(distribution, "uniform") == 0)
        return fill_uniform(f, -sqrt(3 * variance), sqrt(3 * variance));
    if (strcmp(distribution, "untruncated_normal") == 0) return fill_normal(f, 0, sqrt(variance));
    return fill_truncated(f, 0, sqrt(variance) / truncated_deviation);
}

// ---- Orthogonal: the Q of a Gaussian matrix's QR decomposition whose R has a positive diagonal.
// Gram-Schmidt gives just that one; doing it twice keeps it orthogonal to rounding ("twice is
// enough": Giraud, Langou, Rozloznik 2005).

static double dot(const double *x, const double *y, int64_t n) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += x[i] * y[i];
    return sum;
}

// Makes the `count` vectors of length `n` orthonormal, in order.
static void orthonormalize(double *vectors, int64_t count, int64_t n) {
    for (int64_t i = 0; i < count; i++) {
        double *x = vectors + i * n;
        for (int64_t j = 0; j < 2 * i; j++) {
            const double *y = vectors + j % i * n;
            double part = dot(x, y, n);
            for (int64_t k = 0; k < n; k++) x[k] -= part * y[k];
        }
        double norm = sqrt(dot(x, x, n));
        for (int64_t k = 0; k < n; k++) x[k] /= norm;
    }
}

static nnrt_status fill_orthogonal(fill *f) {
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
    double gain = nnrt_call_number(f->call, "gain", 1);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < columns; c++) {
            int64_t place = rows < columns ? r * length + c : c * length + r;
            f->values[r * columns + c] = (float)(gain * vectors[place]);
        }
    free(vectors);
    return NNRT_OK;
}

// ---- The names.

static nnrt_status run_zeros(fill *f) {
    return fill_constant(f, 0);
}

static nnrt_status run_ones(fill *f) {
    return fill_constant(f, 1);
}

static nnrt_status run_constant(fill *f) {
    return fill_constant(f, nnrt_call_number(f->call, "value", 0));
}

static nnrt_status run_random_uniform(fill *f) {
    return fill_uniform(f, nnrt_call_number(f->call, "minval", -0.05),
                        nnrt_call_number(f->call, "maxval", 0.05));
}

static nnrt_status run_random_normal(fill *f) {
    return fill_normal(f, nnrt_call_number(f->call, "mean", 0),
                       nnrt_call_number(f->call, "stddev", 0.05));
}

static nnrt_status run_truncated_normal(fill *f) {
    return fill_truncated(f, nnrt_call_number(f->call, "mean", 0),
                          nnrt_call_number(f->call, "stddev", 0.05));
}

static nnrt_status run_variance_scaling(fill *f) {
    return fill_scaled(f, nnrt_call_number(f->call, "scale", 1),
                       nnrt_call_text(f->call, "mode", "fan_in"),
                       nnrt_call_text(f->call, "distribution", "truncated_normal"));
}

static nnrt_status run_glorot_uniform(fill *f) {
    return fill_scaled(f, 1, "fan_avg", "uniform");
}

static nnrt_status run_glorot_normal(fill *f) {
    return fill_scaled(f, 1, "fan_avg", "truncated_normal");
}

static nnrt_status run_he_uniform(fill *f) {
    return fill_scaled(f, 2, "fan_in", "uniform");
}

static nnrt_status run_he_normal(fill *f) {
    return fill_scaled(f, 2, "fan_in", "truncated_normal");
}

static nnrt_status run_lecun_uniform(fill *f) {
    return fill_scaled(f, 1, "fan_in", "uniform");
}

static nnrt_status run_lecun_normal(fill *f) {
    return fill_scaled(f, 1, "fan_in", "truncated_normal");
}

static nnrt_status run_identity(fill *f) {
    int64_t columns = f->parameter->rank ? f->parameter->shape[f->parameter->rank - 1] : 1;
    double gain = nnrt_call_number(f->call, "gain", 1);
    for (int64_t i = 0; i < f->count; i++)
        f->values[i] = i / columns == i % columns ? (float)gain : 0;
    return NNRT_OK;
}

static const initializer initializers[] = {
    {"zeros", run_zeros},
    {"ones", run_ones},
    {"constant", run_constant},
    {"random_uniform", run_random_uniform},
    {"random_normal", run_random_normal},
    {"truncated_normal", run_truncated_normal},
    {"variance_scaling", run_variance_scaling},
    {"glorot_uniform", run_glorot_uniform},
    {"glorot_normal", run_glorot_normal},
    {"he_uniform", run_he_uniform},
    {"he_normal", run_he_normal},
    {"lecun_uniform", run_lecun_uniform},
    {"lecun_normal", run_lecun_normal},
    {"orthogonal", fill_orthogonal},
    {"identity", run_identity},
    {NULL, NULL},
};

nnrt_status nnrt_initialize(const nnrt_parameter *parameter, int64_t index, uint64_t seed,
                            float *values) {
    fill f = {parameter, &parameter->initializer,
              nnrt_random_make(seed, NNRT_RANDOM_INITIALIZE, (uint32_t)index), values,
              nnrt_parameter_elements(parameter)};
    for (const initializer *row = initializers; row->name; row++)
        if (nnrt_call_is(f.call, row->name)) return row->run(&f);
    return nnrt_fail(NNRT_BUG, "`%s` asks for the unknown initializer `%s`", parameter->name,
                     f.call->name ? f.call->name : "");
}
