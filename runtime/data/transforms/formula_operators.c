// What formulas are made of: a row beside the loop of each operator and function.
#include <math.h>
#include <string.h>

#include "formula.h"

// `x` and `y` are the operands in a row.
#define LOOP(name, result)                                                                         \
    static void name(int64_t count, const double *left, const double *right, double *out) {        \
        for (int64_t i = 0; i < count; i++) {                                                      \
            double x = left[i], y = right[i];                                                      \
            (void)y;                                                                               \
            out[i] = (result);                                                                     \
        }                                                                                          \
    }

static double is_true(double x) { // missing is not
    return x < 0 || x > 0;
}

LOOP(apply_add, x + y)
LOOP(apply_subtract, x - y)
LOOP(apply_multiply, x *y)
LOOP(apply_divide, x / y)
LOOP(apply_power, isnan(x) || isnan(y) ? NAN : pow(x, y)) // C's pow(NaN, 0) is 1
LOOP(apply_negate, -x)
LOOP(apply_log, log(x))
LOOP(apply_exp, exp(x))
LOOP(apply_sqrt, sqrt(x))
LOOP(apply_abs, fabs(x))
LOOP(apply_round, nearbyint(x)) // halves to the even number, as in NumPy
LOOP(apply_floor, floor(x))
LOOP(apply_minimum, isnan(x) || x < y ? x : y)
LOOP(apply_maximum, isnan(x) || x > y ? x : y)
LOOP(apply_equal, x == y)
LOOP(apply_not_equal, x<y || x> y)
LOOP(apply_less, x < y)
LOOP(apply_less_equal, x <= y)
LOOP(apply_greater, x > y)
LOOP(apply_greater_equal, x >= y)
LOOP(apply_and, is_true(x) && is_true(y))
LOOP(apply_or, is_true(x) || is_true(y))
LOOP(apply_not, !is_true(x))
LOOP(apply_is_missing, isnan(x))

const nnrt_formula_operator nnrt_formula_operators[] = {
    {"+", 2, 0, NNRT_ARITHMETIC, apply_add},
    {"-", 2, 0, NNRT_ARITHMETIC, apply_subtract},
    {"*", 2, 0, NNRT_ARITHMETIC, apply_multiply},
    {"/", 2, 0, NNRT_ARITHMETIC, apply_divide},
    {"^", 2, 0, NNRT_ARITHMETIC, apply_power},
    {"negate", 1, 0, NNRT_ARITHMETIC, apply_negate},
    {"log", 1, 1, NNRT_ARITHMETIC, apply_log},
    {"exp", 1, 1, NNRT_ARITHMETIC, apply_exp},
    {"sqrt", 1, 1, NNRT_ARITHMETIC, apply_sqrt},
    {"abs", 1, 1, NNRT_ARITHMETIC, apply_abs},
    {"min", 2, 1, NNRT_ARITHMETIC, apply_minimum},
    {"max", 2, 1, NNRT_ARITHMETIC, apply_maximum},
    {"round", 1, 1, NNRT_ARITHMETIC, apply_round},
    {"floor", 1, 1, NNRT_ARITHMETIC, apply_floor},
    {"is_missing", 1, 1, NNRT_IS_MISSING, apply_is_missing},
    {"==", 2, 0, NNRT_COMPARISON, apply_equal},
    {"!=", 2, 0, NNRT_COMPARISON, apply_not_equal},
    {"<", 2, 0, NNRT_COMPARISON, apply_less},
    {"<=", 2, 0, NNRT_COMPARISON, apply_less_equal},
    {">", 2, 0, NNRT_COMPARISON, apply_greater},
    {">=", 2, 0, NNRT_COMPARISON, apply_greater_equal},
    {"and", 2, 0, NNRT_AND, apply_and},
    {"or", 2, 0, NNRT_OR, apply_or},
    {"not", 1, 0, NNRT_NOT, apply_not},
    {0}};

int nnrt_formula_find(const char *name) {
    for (int i = 0; nnrt_formula_operators[i].name; i++)
        if (strcmp(nnrt_formula_operators[i].name, name) == 0) return i;
    return -1;
}
