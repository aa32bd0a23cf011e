// Vector mathematics as LLVM IR, all in float32. Errors against double precision over the whole
// finite range, with and without a fused multiply-add (tests/unit/test_lane.c measures them): exp
// 1.1 ulp, expm1 1.7, log 0.9, log1p 1.6, sigmoid 2.8, tanh 2.6, erf 8, cos_turns 3.5 ulp. NaN
// stays NaN; denormal arguments count as zero, and results below 2^-118 may be zero.
// Polynomials for exp and log: Moshier, Cephes expf.c and logf.c; for erf: the rational minimax
// form of Eigen and XLA.
#include "places.h"

#include "../../op/primitive/random.h"

#include <math.h>
#include <string.h>

typedef LaneBuilder B;

static Value value(Lane lane) {
    return (Value)(void *)lane;
}

static Lane lane(Value v) {
    return (Lane)(void *)v;
}

#define IR b->gen->builder

static Lane call1(B *b, const char *name, Lane x) {
    Value v = value(x);
    return lane(ir_intrinsic(b->gen, name, LLVMTypeOf(v), &v, 1));
}

Lane lane_constant(B *b, double number) {
    return lane(ir_splat(b->gen, ir_float(b->gen, number), b->width));
}

Lane lane_add(B *b, Lane x, Lane y) {
    return lane(LLVMBuildFAdd(IR, value(x), value(y), ""));
}

Lane lane_subtract(B *b, Lane x, Lane y) {
    return lane(LLVMBuildFSub(IR, value(x), value(y), ""));
}

Lane lane_multiply(B *b, Lane x, Lane y) {
    return lane(LLVMBuildFMul(IR, value(x), value(y), ""));
}

Lane lane_divide(B *b, Lane x, Lane y) {
    return lane(LLVMBuildFDiv(IR, value(x), value(y), ""));
}

Lane lane_fma(B *b, Lane x, Lane y, Lane z) {
    return lane(ir_fma(b->gen, value(x), value(y), value(z)));
}

Lane lane_negate(B *b, Lane x) {
    return lane(LLVMBuildFNeg(IR, value(x), ""));
}

Lane lane_absolute(B *b, Lane x) {
    return call1(b, "llvm.fabs", x);
}

// Written so that a NaN in x comes out; one minps or maxps each.
Lane lane_minimum(B *b, Lane x, Lane y) {
    Value less = LLVMBuildFCmp(IR, LLVMRealOLT, value(y), value(x), "");
    return lane(LLVMBuildSelect(IR, less, value(y), value(x), ""));
}

Lane lane_maximum(B *b, Lane x, Lane y) {
    Value greater = LLVMBuildFCmp(IR, LLVMRealOGT, value(y), value(x), "");
    return lane(LLVMBuildSelect(IR, greater, value(y), value(x), ""));
}

Lane lane_sqrt(B *b, Lane x) {
    return call1(b, "llvm.sqrt", x);
}

Lane lane_round(B *b, Lane x) {
    return call1(b, "llvm.rint", x);
}

Lane lane_floor(B *b, Lane x) {
    return call1(b, "llvm.floor", x);
}

LaneMask lane_less(B *b, Lane x, Lane y) {
    return (LaneMask)(void *)LLVMBuildFCmp(IR, LLVMRealOLT, value(x), value(y), "");
}

LaneMask lane_less_equal(B *b, Lane x, Lane y) {
    return (LaneMask)(void *)LLVMBuildFCmp(IR, LLVMRealOLE, value(x), value(y), "");
}

LaneMask lane_equal(B *b, Lane x, Lane y) {
    return (LaneMask)(void *)LLVMBuildFCmp(IR, LLVMRealOEQ, value(x), value(y), "");
}

Lane lane_select(B *b, LaneMask mask, Lane if_true, Lane if_false) {
    return lane(LLVMBuildSelect(IR, (Value)(void *)mask, value(if_true), value(if_false), ""));
}

// ---- Integer views of float lanes.

static LlvmType integers(B *b) {
    return ir_vector(b->gen, b->gen->i32, b->width);
}

static Value integer_splat(B *b, uint32_t bits) {
    return ir_splat(b->gen, LLVMConstInt(b->gen->i32, bits, 0), b->width);
}

static Value to_bits(B *b, Lane x) {
    return LLVMBuildBitCast(IR, value(x), integers(b), "");
}

static Lane from_bits(B *b, Value bits) {
    return lane(LLVMBuildBitCast(IR, bits, ir_vector(b->gen, b->gen->f32, b->width), ""));
}

static Lane polynomial(B *b, Lane x, const double *coefficients, int count) {
    Lane sum = lane_constant(b, coefficients[0]);
    for (int i = 1; i < count; i++) sum = lane_fma(b, sum, x, lane_constant(b, coefficients[i]));
    return sum;
}

// ---- exp and its family: x = n ln 2 + r, |r| <= ln 2 / 2.

typedef struct Reduced {
    Value n; // integer lanes
    Lane r;
    Lane tail; // exp(r) - 1 - r
} Reduced;

static Reduced reduce_exp(B *b, Lane x) {
    static const double p[] = {1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3,
                               4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1};
    // Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits; unlike a conversion, it
    // is defined for NaN.
    Lane magic = lane_constant(b, 12582912.0);
    Lane shifted = lane_fma(b, x, lane_constant(b, 1.44269504088896341), magic);
    Lane n = lane_subtract(b, shifted, magic);
    Lane r = lane_fma(b, n, lane_constant(b, -0.693359375), x);
    r = lane_fma(b, n, lane_constant(b, 2.12194440054690583e-4), r);
    Lane tail = lane_multiply(b, polynomial(b, r, p, 6), lane_multiply(b, r, r));
    Value integer = LLVMBuildSub(IR, to_bits(b, shifted), integer_splat(b, 0x4b400000u), "");
    return (Reduced){integer, r, tail};
}

static Lane power_of_two(B *b, Value n) {
    Value biased = LLVMBuildAdd(IR, n, integer_splat(b, 127), "");
    return from_bits(b, LLVMBuildShl(IR, biased, integer_splat(b, 23), ""));
}

Lane lane_exp(B *b, Lane x) {
    Lane clamped =
        lane_minimum(b, lane_maximum(b, x, lane_constant(b, -87.3)), lane_constant(b, 88.8));
    Reduced e = reduce_exp(b, clamped);
    Lane one_plus = lane_add(b, lane_add(b, e.tail, e.r), lane_constant(b, 1));
    // 2^128 is not a float: scale by 2^(n-1), then by 2.
    Value less = LLVMBuildSub(IR, e.n, integer_splat(b, 1), "");
    Lane half = lane_multiply(b, one_plus, power_of_two(b, less));
    Lane result = lane_add(b, half, half);
    Lane zero = lane_constant(b, 0);
    return lane_select(b, lane_less(b, x, lane_constant(b, -87.3)), zero, result);
}

Lane lane_expm1(B *b, Lane x) {
    Lane clamped =
        lane_minimum(b, lane_maximum(b, x, lane_constant(b, -30)), lane_constant(b, 88.8));
    Reduced e = reduce_exp(b, clamped);
    Value less = LLVMBuildSub(IR, e.n, integer_splat(b, 1), "");
    Lane scale = power_of_two(b, less);
    Lane half = lane_constant(b, 0.5);
    // 2 * (2^(n-1) (r + tail) + (2^(n-1) - 1/2)): exact where n = 0.
    Lane sum = lane_fma(b, scale, lane_add(b, e.tail, e.r), lane_subtract(b, scale, half));
    return lane_add(b, sum, sum);
}

// x / d for d from 1 to 2. A processor divides sixteen lanes in as long as it multiplies and adds
// thirty times; so there 1 / d is the cubic whose relative error is least, T4(3 - 2 d) / 577 with
// Chebyshev's polynomial, made better by a step of the third order, and the quotient by what it
// leaves: within 0.51 ulp, and within 2 where what it leaves is denormal.
static Lane quotient(B *b, Lane x, Lane d) {
    const MachineModel *machine = &b->gen->target->machine;
    if (machine->lanes < 16 || !machine->fma) return lane_divide(b, x, d);
    Lane one = lane_constant(b, 1), minus = lane_negate(b, d);
    Lane y = lane_fma(b, d, lane_constant(b, -128.0 / 577), lane_constant(b, 768.0 / 577));
    y = lane_fma(b, d, y, lane_constant(b, -1696.0 / 577));
    y = lane_fma(b, d, y, lane_constant(b, 1632.0 / 577));
    Lane error = lane_fma(b, minus, y, one);
    y = lane_fma(b, y, lane_fma(b, error, error, error), y);
    Lane q = lane_multiply(b, x, y);
    return lane_fma(b, lane_fma(b, minus, q, x), y, q);
}

Lane lane_sigmoid(B *b, Lane x) {
    Lane one = lane_constant(b, 1);
    Lane z = lane_exp(b, lane_negate(b, lane_absolute(b, x)));
    Lane inverse = quotient(b, one, lane_add(b, one, z));
    LaneMask negative = lane_less(b, x, lane_constant(b, 0));
    return lane_select(b, negative, lane_multiply(b, z, inverse), inverse);
}

Lane lane_tanh(B *b, Lane x) {
    Lane magnitude = lane_absolute(b, x);
    Lane t = lane_expm1(b, lane_multiply(b, magnitude, lane_constant(b, -2)));
    Lane y = lane_negate(b, quotient(b, t, lane_add(b, t, lane_constant(b, 2))));
    Value both[] = {value(y), value(x)};
    return lane(ir_intrinsic(b->gen, "llvm.copysign", LLVMTypeOf(both[0]), both, 2));
}

// ---- log: x = m 2^e, m in [sqrt(1/2), sqrt(2)).

Lane lane_log(B *b, Lane x) {
    static const double p[] = {7.0376836292e-2,  -1.1514610310e-1, 1.1676998740e-1,
                               -1.2420140846e-1, 1.4249322787e-1,  -1.6668057665e-1,
                               2.0000714765e-1,  -2.4999993993e-1, 3.3333331174e-1};
    Value bits = to_bits(b, x);
    Value offset = LLVMBuildSub(IR, bits, integer_splat(b, 0x3f3504f3u), "");
    Value exponent = LLVMBuildAShr(IR, offset, integer_splat(b, 23), "");
    Value scaled = LLVMBuildSub(IR, bits, LLVMBuildShl(IR, exponent, integer_splat(b, 23), ""), "");
    Lane m = lane_subtract(b, from_bits(b, scaled), lane_constant(b, 1));
    LlvmType floats = ir_vector(b->gen, b->gen->f32, b->width);
    Lane e = lane(LLVMBuildSIToFP(IR, exponent, floats, ""));
    Lane square = lane_multiply(b, m, m);
    Lane y = lane_multiply(b, lane_multiply(b, polynomial(b, m, p, 9), m), square);
    y = lane_fma(b, e, lane_constant(b, -2.12194440e-4), y);
    y = lane_fma(b, square, lane_constant(b, -0.5), y);
    Lane result = lane_fma(b, e, lane_constant(b, 0.693359375), lane_add(b, m, y));
    Lane zero = lane_constant(b, 0), infinity = lane_constant(b, INFINITY);
    result = lane_select(b, lane_equal(b, x, infinity), infinity, result);
    result = lane_select(b, lane_equal(b, x, zero), lane_constant(b, -INFINITY), result);
    Value ordered = LLVMBuildFCmp(IR, LLVMRealUGE, value(x), value(zero), "");
    result = lane(LLVMBuildSelect(IR, ordered, value(result), value(lane_constant(b, NAN)), ""));
    Value is_nan = LLVMBuildFCmp(IR, LLVMRealUNO, value(x), value(x), "");
    return lane(LLVMBuildSelect(IR, is_nan, value(x), value(result), ""));
}

// log(u) corrected for the rounding of u = 1 + x.
Lane lane_log1p(B *b, Lane x) {
    Lane one = lane_constant(b, 1);
    Lane u = lane_add(b, one, x);
    Lane rest = lane_subtract(b, x, lane_subtract(b, u, one));
    Lane result = lane_add(b, lane_log(b, u), lane_divide(b, rest, u));
    LaneMask unbounded = lane_less(b, lane_constant(b, 1e30), x);
    LaneMask is_edge = lane_equal(b, u, lane_constant(b, 0));
    result = lane_select(b, is_edge, lane_constant(b, -INFINITY), result);
    return lane_select(b, unbounded, lane_log(b, x), result);
}

Lane lane_erf(B *b, Lane x) {
    static const double p[] = {-2.72614225801306e-10, 2.77068142495902e-08,  -2.10102402082508e-06,
                               -5.69250639462346e-05, -7.34990630326855e-04, -2.95459980854025e-03,
                               -1.60960333262415e-02};
    static const double q[] = {-1.45660718464996e-05, -2.13374055278905e-04, -1.68282697438203e-03,
                               -7.37332916720468e-03, -1.42647390514189e-02};
    Lane clamped = lane_minimum(b, lane_maximum(b, x, lane_constant(b, -4)), lane_constant(b, 4));
    Lane square = lane_multiply(b, clamped, clamped);
    Lane numerator = lane_multiply(b, clamped, polynomial(b, square, p, 7));
    Lane result = lane_divide(b, numerator, polynomial(b, square, q, 5));
    // Rounding may pass 1 by a few units.
    return lane_minimum(b, lane_maximum(b, result, lane_constant(b, -1)), lane_constant(b, 1));
}

// An odd polynomial, minimax in the relative error (5e-9), so that zeros keep their digits.
Lane lane_sin_turns(B *b, Lane x) {
    static const double p[] = {39.710918036888, -76.574992171788, 81.60223124256, -41.341677478396,
                               6.2831852737908};
    return lane_multiply(b, x, polynomial(b, lane_multiply(b, x, x), p, 5));
}

// The sine of the distance to the nearest quarter turn.
Lane lane_cos_turns(B *b, Lane x) {
    Lane distance = lane_minimum(b, x, lane_subtract(b, lane_constant(b, 1), x));
    return lane_sin_turns(b, lane_subtract(b, lane_constant(b, 0.25), distance));
}

// ---- Positions and random numbers.

static Value lane_numbers(B *b) {
    Value numbers[64];
    for (int i = 0; i < b->width; i++)
        numbers[i] = LLVMConstInt(b->gen->i32, (unsigned long long)i, 0);
    return b->width == 1 ? numbers[0] : LLVMConstVector(numbers, (unsigned)b->width);
}

static Value indices_from(B *b, Value first) {
    Value narrow = LLVMBuildTrunc(IR, first, b->gen->i32, "");
    return LLVMBuildAdd(IR, ir_splat(b->gen, narrow, b->width), lane_numbers(b), "");
}

Lane lane_column(B *b) {
    LlvmType floats = ir_vector(b->gen, b->gen->f32, b->width);
    Value columns =
        b->domain == DOMAIN_STORAGE ? places_of_lanes(b).columns : indices_from(b, b->column);
    return lane(LLVMBuildUIToFP(IR, columns, floats, ""));
}

Lane lane_row(B *b, int64_t places) {
    if (b->domain == DOMAIN_STORAGE) {
        Value rows = places_of_lanes(b).rows;
        rows = LLVMBuildURem(IR, rows, integer_splat(b, (unsigned)places), "");
        return lane(LLVMBuildUIToFP(IR, rows, ir_vector(b->gen, b->gen->f32, b->width), ""));
    }
    Value place = LLVMBuildURem(IR, b->row, ir_int(b->gen, places), "");
    return lane(ir_splat(b->gen, LLVMBuildUIToFP(IR, place, b->gen->f32, ""), b->width));
}

static Value elements_in_batch(B *b) {
    if (b->domain == DOMAIN_STORAGE) {
        LanePlaces places = places_of_lanes(b);
        Value before =
            LLVMBuildMul(IR, places.rows, integer_splat(b, (unsigned)type_last(&b->shape)), "");
        return LLVMBuildAdd(IR, before, places.columns, "");
    }
    int64_t size = b->lead * b->row_width;
    Value in_row =
        ir_add(b->gen, ir_multiply(b->gen, b->row, ir_int(b->gen, b->row_width)), b->column);
    Value first = ir_add(b->gen, ir_multiply(b->gen, b->sample, ir_int(b->gen, size)), in_row);
    return indices_from(b, first);
}

static Value shift_xor(B *b, Value x, unsigned bits) {
    return LLVMBuildXor(IR, x, LLVMBuildLShr(IR, x, integer_splat(b, bits), ""), "");
}

// random_mix of compiler/op/primitive/random.h, on lanes or on one number.
static Value random_mix_lanes(B *b, Value x) {
    x = shift_xor(b, x, 16);
    x = LLVMBuildMul(IR, x, integer_splat(b, 0x7feb352du), "");
    x = shift_xor(b, x, 15);
    x = LLVMBuildMul(IR, x, integer_splat(b, 0x846ca68bu), "");
    return shift_xor(b, x, 16);
}

typedef struct Keys {
    Value first, second;
} Keys;

static Value stream_key(B *b, PlaceKind kind, uint32_t stream, uint32_t key) {
    Value wide = share_number(b->gen, b->function, kind, stream, key);
    return LLVMBuildTrunc(IR, wide, b->gen->i32, "");
}

// random_keys, once a use; loop-invariant, so LLVM hoists it.
static Keys random_key_values(B *b, uint32_t stream) {
    int width = b->width;
    b->width = 1;
    Value key = ir_context(b->gen, b->function, FIELD_KEY);
    Value low = LLVMBuildTrunc(IR, key, b->gen->i32, "");
    Value high = LLVMBuildLShr(IR, key, ir_int(b->gen, 32), "");
    high = LLVMBuildTrunc(IR, high, b->gen->i32, "");
    Value mixed = stream_key(b, PLACE_STREAM_FIRST, stream, random_mix(stream + 1u));
    Value added =
        stream_key(b, PLACE_STREAM_SECOND, stream, (stream + 1u) * (uint32_t)RANDOM_STREAM_FACTOR);
    Keys keys;
    keys.first = random_mix_lanes(b, LLVMBuildXor(IR, low, mixed, ""));
    keys.second = random_mix_lanes(b, LLVMBuildAdd(IR, high, added, ""));
    b->width = width;
    return keys;
}

static Lane random_lanes(B *b, Keys keys) {
    Value element = elements_in_batch(b);
    Value x = LLVMBuildMul(IR, element, integer_splat(b, 0x9E3779B9u), "");
    x = LLVMBuildAdd(IR, x, ir_splat(b->gen, keys.first, b->width), "");
    x = random_mix_lanes(b, x);
    x = LLVMBuildAdd(IR, x, ir_splat(b->gen, keys.second, b->width), "");
    x = random_mix_lanes(b, x);
    x = LLVMBuildLShr(IR, x, integer_splat(b, 8), "");
    LlvmType floats = ir_vector(b->gen, b->gen->f32, b->width);
    Lane uniform = lane(LLVMBuildSIToFP(IR, x, floats, ""));
    return lane_multiply(b, uniform, lane_constant(b, 0x1p-24));
}

Lane lane_random(B *b, uint32_t stream) {
    return random_lanes(b, random_key_values(b, stream));
}

Lane lane_random_seeded(B *b, uint64_t seed, uint32_t stream) {
    uint32_t keys[2];
    random_keys(seed, stream, keys);
    return random_lanes(
        b, (Keys){LLVMConstInt(b->gen->i32, keys[0], 0), LLVMConstInt(b->gen->i32, keys[1], 0)});
}
