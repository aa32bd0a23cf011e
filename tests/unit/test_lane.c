// The vector mathematics of generated code, measured: every lane function is compiled for three
// processors and compared with double precision on millions of arguments over the whole range of
// float32, and on the edges. The bounds are those that compiler/gen/element/lane.c states.
#include "../common/generated.h"

#include "../../compiler/op/primitive/random.h"
#include "../../runtime/workers/team.h"

#include <float.h>

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof *(array)))

typedef Lane UnaryLane(LaneBuilder *b, Lane x);
typedef void UnaryLoop(const float *x, float *y, int64_t count);

// A function of one argument, what it should give, and its largest error in ulp (with and without a
// fused multiply-add).
typedef struct LaneFunction {
    const char *name;
    UnaryLane *lane;
    double (*reference)(double x);
    double bound;
} LaneFunction;

static double sigmoid(double x) {
    return x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x));
}

// Of the fraction of x.
static Lane cosine_lane(LaneBuilder *b, Lane x) {
    return lane_cos_turns(b, lane_subtract(b, x, lane_floor(b, x)));
}

// Like cos(2 pi x), but exact near its zeros.
static double cosine(double x) {
    double fraction = (float)(x - floor(x)); // as float32 has it
    return sin(2 * M_PI * (0.25 - fmin(fraction, 1 - fraction)));
}

static const LaneFunction functions[] = {
    {"exp", lane_exp, exp, 1.1},
    {"expm1", lane_expm1, expm1, 1.7},
    {"log", lane_log, log, 0.9},
    {"log1p", lane_log1p, log1p, 1.6},
    {"sigmoid", lane_sigmoid, sigmoid, 2.8},
    {"tanh", lane_tanh, tanh, 2.6},
    {"erf", lane_erf, erf, 8},
    {"cosine", cosine_lane, cosine, 3.5},
    {"sqrt", lane_sqrt, sqrt, 0.5},
    {"round", lane_round, rint, 0},
    {"floor", lane_floor, floor, 0},
    {"absolute", lane_absolute, fabs, 0},
};

// ---- Compiling.

typedef struct Machinery {
    Arena *arena;
    Target *target;
    Gen gen;
    void *library;
} Machinery;

static LaneBuilder builder_of(Gen *gen, Value function) {
    Value zero = ir_int(gen, 0);
    return (LaneBuilder){.gen = gen,
                         .function = function,
                         .width = gen->target->machine.lanes,
                         .lead = 1,
                         .row_width = 1,
                         .sample = zero,
                         .row = zero,
                         .column = zero};
}

// void name(x, y, count): y[i] = f(x[i]); count is a multiple of every vector's length.
static void emit_unary(Gen *gen, const LaneFunction *f) {
    LlvmType types[] = {gen->pointer, gen->pointer, gen->i64};
    Value function = ir_function(gen, f->name, LLVMFunctionType(gen->void_type, types, 3, 0));
    LLVMSetLinkage(function, LLVMExternalLinkage);
    LaneBuilder b = builder_of(gen, function);
    LlvmType vector = ir_vector(gen, gen->f32, b.width);
    Loop loop =
        ir_loop_begin(gen, ir_int(gen, 0), LLVMGetParam(function, 2), ir_int(gen, b.width), "i");
    Value x = ir_load(gen, vector, ir_offset(gen, gen->f32, LLVMGetParam(function, 0), loop.index));
    Value y = (Value)(void *)f->lane(&b, (Lane)(void *)x);
    ir_store(gen, y, ir_offset(gen, gen->f32, LLVMGetParam(function, 1), loop.index));
    ir_loop_end(gen, &loop);
    LLVMBuildRetVoid(gen->builder);
}

static Machinery begin(const char *cpu) {
    Machinery m = {.arena = arena_create()};
    m.target = target_create(m.arena, cpu, diag_create(m.arena, sources_create(m.arena)));
    assert_non_null(m.target);
    ir_init(&m.gen, m.arena, m.target, "lanes");
    return m;
}

static void finish(Machinery *m) {
    dlclose(m->library);
    ir_dispose(&m->gen);
    target_dispose(m->target);
    arena_destroy(m->arena);
}

static void *symbol(const Machinery *m, const char *name) {
    void *found = dlsym(m->library, name);
    assert_non_null(found);
    return found;
}

// ---- Measuring.

static float from_bits(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

// Below this, results may be zero: what they are made of is denormal, and that is flushed.
static const double SMALLEST = 0x1p-118;

// Distance in units of the last place of the exact result.
static double ulps(float got, double exact) {
    if (isnan(exact)) return isnan(got) ? 0 : INFINITY;
    if (isnan(got)) return INFINITY;
    if (fabs(exact) < SMALLEST) {
        if (got == 0 || fabs(got / exact - 1) < 1e-6) return 0;
        return fabsf(got) <= FLT_MIN ? 0 : INFINITY;
    }
    if (fabs(exact) > FLT_MAX && isinf(got)) return (got < 0) == (exact < 0) ? 0 : INFINITY;
    if (isinf(got) || isinf(exact)) return INFINITY;
    int exponent;
    frexp(exact, &exponent);
    return fabs((double)got - exact) / ldexp(1, exponent - 24);
}

enum { BLOCK = 1 << 14 };

typedef struct Worst {
    double error;
    float x, got;
} Worst;

static void measure_block(const LaneFunction *f, UnaryLoop *loop, const float *x, Worst *worst) {
    static float y[BLOCK];
    loop(x, y, BLOCK);
    for (int i = 0; i < BLOCK; i++) {
        // Denormal arguments count as zero, as they do in training.
        double exact = f->reference(fabsf(x[i]) < FLT_MIN ? copysign(0, x[i]) : x[i]);
        double error = ulps(y[i], exact);
        if (error > worst->error) *worst = (Worst){error, x[i], y[i]};
    }
}

// Every `step`th float32 of the whole range, and random ones in -100 .. 100.
static Worst measure(const LaneFunction *f, UnaryLoop *loop, uint32_t step) {
    static float x[BLOCK];
    Worst worst = {0};
    for (uint64_t bits = 0; bits < (uint64_t)1 << 32; bits += (uint64_t)BLOCK * step) {
        for (int i = 0; i < BLOCK; i++) x[i] = from_bits((uint32_t)(bits + (uint64_t)i * step));
        measure_block(f, loop, x, &worst);
    }
    for (int block = 0; block < 60; block++) {
        double range = block % 3 == 0 ? 100 : block % 3 == 1 ? 4 : 1;
        for (int i = 0; i < BLOCK; i++) x[i] = (float)draw_uniform(-range, range);
        measure_block(f, loop, x, &worst);
    }
    return worst;
}

static void edges(const LaneFunction *f, UnaryLoop *loop) {
    static const float points[] = {0,        -0.0f,     FLT_MIN, -FLT_MIN, 1,       -1,
                                   INFINITY, -INFINITY, FLT_MAX, -FLT_MAX, NAN,     -NAN,
                                   88.72f,   88.73f,    -87.3f,  -87.4f,   -103.9f, 0.5f,
                                   -0.5f,    1e-20f,    -1e-20f, 16777216, 1e30f,   2e30f};
    static float x[BLOCK];
    for (int i = 0; i < BLOCK; i++) x[i] = points[i % COUNT_OF(points)];
    Worst worst = {0};
    measure_block(f, loop, x, &worst);
    if (isinf(worst.error)) fail_msg("%s(%.9g) gives %.9g", f->name, worst.x, worst.got);
}

static void functions_on(const char *cpu) {
    Machinery m = begin(cpu);
    for (int i = 0; i < COUNT_OF(functions); i++) emit_unary(&m.gen, &functions[i]);
    m.library = load_module(&m.gen);
    for (int i = 0; i < COUNT_OF(functions); i++) {
        const LaneFunction *f = &functions[i];
        UnaryLoop *loop;
        *(void **)&loop = symbol(&m, f->name);
        edges(f, loop);
        Worst worst = measure(f, loop, 1021);
        if (getenv("NNC_TEST_VERBOSE"))
            printf("%s: %s %.3f ulp at %.9g (%.9g)\n", cpu, f->name, worst.error, worst.x,
                   worst.got);
        if (worst.error > f->bound)
            fail_msg("%s on %s: %.3f ulp at %.9g", f->name, cpu, worst.error, worst.x);
    }
    finish(&m);
}

// ---- Arithmetic and choices: the same bits as C's.

typedef void TernaryLoop(const float *x, const float *y, const float *z, float *out, int64_t count);

typedef struct Operation {
    const char *name;
    Lane (*lane)(LaneBuilder *b, Lane x, Lane y, Lane z);
    float (*reference)(float x, float y, float z);
} Operation;

#define OPERATION(name, lanes, expression)                                                         \
    static Lane name##_lane(LaneBuilder *b, Lane x, Lane y, Lane z) {                              \
        (void)x, (void)y, (void)z;                                                                 \
        return lanes;                                                                              \
    }                                                                                              \
    static float name##_reference(float x, float y, float z) {                                     \
        (void)x, (void)y, (void)z;                                                                 \
        return expression;                                                                         \
    }
OPERATION(sum, lane_add(b, x, y), x + y)
OPERATION(difference, lane_subtract(b, x, y), x - y)
OPERATION(product, lane_multiply(b, x, y), x *y)
OPERATION(quotient, lane_divide(b, x, y), x / y)
OPERATION(negative, lane_negate(b, x), -x)
OPERATION(smaller, lane_minimum(b, x, y), y < x ? y : x)
OPERATION(larger, lane_maximum(b, x, y), y > x ? y : x)
OPERATION(if_less, lane_select(b, lane_less(b, x, y), z, x), x < y ? z : x)
OPERATION(if_less_equal, lane_select(b, lane_less_equal(b, x, y), z, x), x <= y ? z : x)
OPERATION(if_equal, lane_select(b, lane_equal(b, x, y), z, x), x == y ? z : x)
OPERATION(half, lane_multiply(b, x, lane_constant(b, 0.5)), x * 0.5f)

static const Operation operations[] = {
#define ROW(name) {#name, name##_lane, name##_reference}
    ROW(sum),    ROW(difference), ROW(product),       ROW(quotient), ROW(negative), ROW(smaller),
    ROW(larger), ROW(if_less),    ROW(if_less_equal), ROW(if_equal), ROW(half),
};

static void emit_ternary(Gen *gen, const Operation *o) {
    LlvmType p = gen->pointer, types[] = {p, p, p, p, gen->i64};
    Value function = ir_function(gen, o->name, LLVMFunctionType(gen->void_type, types, 5, 0));
    LLVMSetLinkage(function, LLVMExternalLinkage);
    LaneBuilder b = builder_of(gen, function);
    LlvmType vector = ir_vector(gen, gen->f32, b.width);
    Loop loop =
        ir_loop_begin(gen, ir_int(gen, 0), LLVMGetParam(function, 4), ir_int(gen, b.width), "i");
    Lane in[3];
    for (unsigned i = 0; i < 3; i++)
        in[i] = (Lane)(void *)ir_load(
            gen, vector, ir_offset(gen, gen->f32, LLVMGetParam(function, i), loop.index));
    Value out = (Value)(void *)o->lane(&b, in[0], in[1], in[2]);
    ir_store(gen, out, ir_offset(gen, gen->f32, LLVMGetParam(function, 3), loop.index));
    ir_loop_end(gen, &loop);
    LLVMBuildRetVoid(gen->builder);
}

static bool same_number(float a, float b) {
    if (isnan(a) || isnan(b)) return isnan(a) && isnan(b);
    // Denormals are flushed.
    if (fabsf(a) < FLT_MIN && fabsf(b) < FLT_MIN) return true;
    return memcmp(&a, &b, sizeof a) == 0;
}

static float any_float(void) {
    static const float special[] = {0, -0.0f, 1, -1, INFINITY, -INFINITY, NAN, 2};
    if (draw() % 4 == 0) return special[draw() % 8];
    return draw() % 2 ? from_bits(draw() ^ draw() << 13) : (float)draw_uniform(-3, 3);
}

static void operations_on(const char *cpu) {
    Machinery m = begin(cpu);
    for (int i = 0; i < COUNT_OF(operations); i++) emit_ternary(&m.gen, &operations[i]);
    m.library = load_module(&m.gen);
    static float x[BLOCK], y[BLOCK], z[BLOCK], out[BLOCK];
    for (int i = 0; i < COUNT_OF(operations) * 20; i++) {
        const Operation *o = &operations[i % COUNT_OF(operations)];
        for (int k = 0; k < BLOCK; k++) x[k] = any_float(), y[k] = any_float(), z[k] = any_float();
        TernaryLoop *loop;
        *(void **)&loop = symbol(&m, o->name);
        loop(x, y, z, out, BLOCK);
        for (int k = 0; k < BLOCK; k++) {
            float wanted = o->reference(x[k], y[k], z[k]);
            if (!same_number(out[k], wanted))
                fail_msg("%s(%.9g, %.9g, %.9g) gives %.9g on %s", o->name, x[k], y[k], z[k], out[k],
                         cpu);
        }
    }
    finish(&m);
}

// ---- Positions and random numbers: the same bits as the reference evaluator's.

enum { RANDOM_ROW = 48, RANDOM_SAMPLES = 40, STREAM = 5 };

// arena[sample][column] = what `lanes` gives there; two rows a sample.
static void emit_positions(Gen *gen, const char *name, Lane (*lanes)(LaneBuilder *b)) {
    Value function = ir_function(gen, name, gen->step_type);
    LLVMSetLinkage(function, LLVMExternalLinkage);
    LaneBuilder b = builder_of(gen, function);
    b.lead = 2;
    b.row_width = RANDOM_ROW;
    Value arena = ir_context(gen, function, FIELD_ARENA);
    Value one = ir_int(gen, 1), samples = ir_context(gen, function, FIELD_ROWS);
    Loop outer = ir_loop_begin(gen, ir_int(gen, 0), samples, one, "sample");
    Loop rows = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, b.lead), one, "row");
    Loop loop =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, RANDOM_ROW), ir_int(gen, b.width), "i");
    b.sample = outer.index;
    b.row = rows.index;
    b.column = loop.index;
    Value line = ir_add(gen, ir_multiply(gen, b.sample, ir_int(gen, b.lead)), b.row);
    Value at = ir_add(gen, ir_multiply(gen, line, ir_int(gen, RANDOM_ROW)), b.column);
    ir_store(gen, (Value)(void *)lanes(&b), ir_offset(gen, gen->f32, arena, at));
    ir_loop_end(gen, &loop);
    ir_loop_end(gen, &rows);
    ir_loop_end(gen, &outer);
    LLVMBuildRetVoid(gen->builder);
}

static Lane some_random(LaneBuilder *b) {
    return lane_random(b, STREAM);
}

static void positions_on(const char *cpu) {
    Machinery m = begin(cpu);
    emit_positions(&m.gen, "random_numbers", some_random);
    emit_positions(&m.gen, "columns", lane_column);
    m.library = load_module(&m.gen);
    static float out[RANDOM_SAMPLES * 2 * RANDOM_ROW];
    nnrt_context context = {.arena = out, .rows = RANDOM_SAMPLES};
    nnrt_step *random_numbers, *columns;
    *(void **)&random_numbers = symbol(&m, "random_numbers");
    *(void **)&columns = symbol(&m, "columns");
    columns(&context);
    for (int i = 0; i < COUNT_OF(out); i++) assert_true(out[i] == (float)(i % RANDOM_ROW));
    static const uint64_t keys[] = {0, 1, UINT64_MAX, 0x0123456789abcdef, (uint64_t)1 << 32};
    for (int k = 0; k < COUNT_OF(keys); k++) {
        uint32_t words[2];
        context.key = keys[k];
        random_numbers(&context);
        random_keys(keys[k], STREAM, words);
        for (int i = 0; i < COUNT_OF(out); i++)
            if (out[i] != random_uniform(words, (uint32_t)i))
                fail_msg("number %d of key %d is %.9g on %s", i, k, out[i], cpu);
    }
    finish(&m);
}

// ---- The processors.

typedef void CheckOn(const char *cpu);

static void on_all(CheckOn *check) {
    check("native");
    check("x86-64");
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) check("x86-64-v3");
}

static void errors_in_ulp(void **state) {
    (void)state;
    on_all(functions_on);
}

static void arithmetic(void **state) {
    (void)state;
    on_all(operations_on);
}

static void positions(void **state) {
    (void)state;
    on_all(positions_on);
}

int main(void) {
    nnrt_flush_denormals();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_in_ulp),
        cmocka_unit_test(arithmetic),
        cmocka_unit_test(positions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
